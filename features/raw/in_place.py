"""Raw tables read in place: one state of them for a whole session, and a refusal where that state is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from leadmart.features.clock import now
from leadmart.features.errors import LeadmartError, Place, first_line
from leadmart.features.fingerprint import Stamp, digest, file_stamp
from leadmart.features.holder import is_locked, process_of, waiting_for
from leadmart.features.literals import quoted, quoted_file, without_wildcards
from leadmart.features.project import Project

if TYPE_CHECKING:
    from leadmart.features.warehouse import Warehouse

_TICK = 20_000_000
"""Nanoseconds by which a file's stamp may lag: two writes within them can leave one stamp."""


@dataclass(frozen=True)
class InPlace:
    """The tables read in place as a session first saw them.

    `relations` read the very files that stood there: one that appears later is not read. `versions` are the tables'
    identities, `files` those of the tables that are folders, `moment` when the newest was written, to the second and
    never after the present.
    """

    relations: dict[str, str]
    versions: dict[str, str]
    files: dict[str, tuple[Path, ...]]
    stamps: dict[Path, Stamp | None]
    moment: datetime | None


def in_place(warehouse: Warehouse) -> InPlace:
    """What stands in place, looked at once a session: it reads one state, whatever its loader does meanwhile.

    Raises LeadmartError `raw_missing`, and `raw_busy` where a loader holds the DuckDB file.
    """
    if warehouse.in_place is None:
        file = _raw_file(warehouse.project)
        warehouse.in_place = waiting_for(
            lambda: _look(warehouse.project, file), lambda error: _unopened(file, error), warehouse.patience
        )
    return warehouse.in_place


def refuse_changed(warehouse: Warehouse) -> None:
    """Raises LeadmartError `raw_changed` where a file read in place is not the one that this session first saw.

    To be called after reading and before what was read is published: until then rows of two states may have met.
    """
    if warehouse.in_place is None:
        return
    for path, stamp in warehouse.in_place.stamps.items():
        if file_stamp(path) != stamp:
            raise _changed(path)


@contextmanager
def raw_attached(warehouse: Warehouse) -> Iterator[None]:
    """While it lasts, the DuckDB file named as raw is attached read-only as `raw_file`, if the project has one.

    Whatever reads raw does so in here: at its end LeadmartError `raw_changed` tells that the rows are of no one state.
    """
    file = _raw_file(warehouse.project)
    if file and warehouse.rows("SELECT 1 FROM duckdb_databases() WHERE database_name = 'raw_file'"):
        yield  # whoever attached it looks at its end, and detaches it
        return
    if file:
        try:
            warehouse.execute(f"ATTACH {quoted(file)} AS raw_file (READ_ONLY)")
        except duckdb.Error as error:
            raise _unopened(file, error) from None
    try:
        yield
    except (LeadmartError, duckdb.Error):
        refuse_changed(warehouse)  # then this is why it failed
        raise
    else:
        refuse_changed(warehouse)
    finally:
        if file:
            warehouse.execute("DETACH DATABASE IF EXISTS raw_file")


def _look(project: Project, file: Path | None) -> InPlace:
    folder = _raw_folder(project)
    found = sorted(path for path in folder.rglob("*.parquet") if path.is_file()) if folder else []
    places = [*([file, file.with_name(f"{file.name}.wal")] if file else []), *found]
    stamps = _settled_stamps(places)
    found = [path for path in found if stamps[path]]  # one taken away since it was listed was never there
    marks = [(str(path), stamp[1], stamp[2]) for path, stamp in stamps.items() if stamp]
    relations: dict[str, str] = {}
    versions: dict[str, str] = {}
    files: dict[str, tuple[Path, ...]] = {}
    for path in sorted(folder.iterdir()) if folder else ():
        inside = tuple(each for each in found if each.parent == path)
        if inside:
            files[path.name] = inside
            listed = ", ".join(quoted_file(each) for each in inside)
            relations[path.name] = f"read_parquet([{listed}], union_by_name = true)"
            every = f"read_parquet({quoted(without_wildcards(path) + '/*.parquet')}, union_by_name = true)"
            versions[path.name] = digest(every, marks)
        elif path in found:
            relations[path.stem] = f"read_parquet({quoted_file(path)})"
            versions[path.stem] = digest(relations[path.stem], marks)
    for name in _tables_of(project, file) if file else ():
        relations[name] = f'raw_file."{project.settings.raw.duckdb_schema}"."{name}"'
        versions[name] = digest(relations[name], marks)
    written = max((stamp[2] for stamp in stamps.values() if stamp), default=None)
    # a file's stamp is of the machine's clock, and the project goes by one: nothing was written after its present
    moment = min(datetime.fromtimestamp(written // 1_000_000_000, UTC).replace(tzinfo=None), now()) if written else None
    return InPlace(relations, versions, files, stamps, moment)


def _tables_of(project: Project, file: Path) -> list[str]:
    schema = project.settings.raw.duckdb_schema
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name", [schema]
        ).fetchall()
    found = [name for (name,) in rows]
    if not found:
        raise LeadmartError(
            f"{file} has no table in schema {schema}",
            code="raw_missing",
            place=project.place_of(schema),
            hint='name the schema that holds the raw tables: `schema = "main"` below [raw]',
        )
    return found


def _unopened(file: Path | None, error: duckdb.Error) -> LeadmartError:
    if is_locked(error):
        return LeadmartError(
            f"{process_of(error)} has {file} open, which raw.duckdb names",
            code="raw_busy",
            hint="its loader is writing: try again when it is done; commands that write wait for it with `--wait 10m`",
        )
    return LeadmartError(
        f"raw.duckdb names {file}, which cannot be opened: {first_line(error)}",
        code="raw_missing",
        hint="name a file that DuckDB made",
    )


def _raw_folder(project: Project) -> Path | None:
    """The folder of Parquet read in place, if the project has one. Raises LeadmartError `raw_missing`."""
    return _place(project, project.settings.raw.parquet, Path.is_dir, "raw.parquet names {}, which is no folder")


def _raw_file(project: Project) -> Path | None:
    """The DuckDB file read in place, if the project has one. Raises LeadmartError `raw_missing`."""
    return _place(project, project.settings.raw.duckdb, Path.is_file, "raw.duckdb names {}, which does not exist")


def _place(project: Project, place: str | None, is_there: Callable[[Path], bool], words: str) -> Path | None:
    if place and not is_there(project.root / place):
        raise LeadmartError(words.format(project.root / place), code="raw_missing", place=project.place_of(place))
    return project.root / place if place else None


def _settled_stamps(paths: Sequence[Path]) -> dict[Path, Stamp | None]:
    """The files' stamps, taken when none was written so lately that the next write could leave the same stamp."""
    deadline = time.monotonic() + 1
    while True:
        stamps = {path: file_stamp(path) for path in paths}
        newest = max((max(stamp[2:]) for stamp in stamps.values() if stamp), default=0)
        if not 0 <= time.time_ns() - newest < _TICK:
            return stamps
        if time.monotonic() > deadline:
            path = next(path for path, stamp in stamps.items() if stamp and max(stamp[2:]) == newest)
            raise _changed(path)
        time.sleep(_TICK / 1e9)


def _changed(path: Path) -> LeadmartError:
    return LeadmartError(
        f"{path} {'changed' if path.exists() else 'was taken away'} while it was being read: rows of two states would "
        "have met",
        code="raw_changed",
        place=Place(str(path)),
        hint="nothing of it was published; run again when its loader is done. Parquet files that are written elsewhere "
        "and renamed into the folder disturb nobody, and `leadmart load` keeps copies that nobody changes",
    )
