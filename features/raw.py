"""Raw tables: which there are, what version each has, and reading those that stand in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.errors import LeadmartError, Place, first_line, near_names
from leadmart.features.fingerprint import digest
from leadmart.features.literals import quoted, quoted_file, without_wildcards
from leadmart.features.project import Project
from leadmart.features.warehouse import Warehouse

CHANGES = "__changes"
"""What the name of a table's change rows has behind the table's own: `raw.contacts__changes`."""


CHANGE_COLUMNS = ("_changed_at", "_loaded_at", "_deleted")
"""What a change row has beside the table's own columns: when it changed, since when that is known, if it is gone."""


def raw_tables(warehouse: Warehouse) -> dict[str, str]:
    """Every raw table and the SQL relation that reads it; a loaded table goes before one read in place.

    A loaded table's relation has a column `_loaded_at`, when the row's batch was first loaded. A table that snapshots
    were taken of has its change rows beside it, as `<table>__changes`.
    """
    if warehouse.raw is not None:
        return dict(warehouse.raw)
    found = {}
    for name, relation in _in_place(warehouse.project).items():
        found[name] = relation
    for name, batches in loaded_batches(warehouse).items():
        found[name] = loaded_relation(warehouse, batches)
    for name, changes in _change_files(warehouse, "file").items():
        found[name + CHANGES] = batches_relation(warehouse, changes)
    return found


@dataclass(frozen=True)
class LoadedBatch:
    """One file that `load` brought in; `loaded_at` is when its content was first loaded."""

    file: str
    sha256: str
    loaded_at: datetime

    @property
    def key(self) -> str:
        """Names the batch's rows: its content, and when it was first loaded, which some sources read."""
        return f"{self.sha256}@{self.loaded_at.isoformat()}"


def loaded_batches(warehouse: Warehouse) -> dict[str, list[LoadedBatch]]:
    """The batches that count of each loaded table, oldest first."""
    found: dict[str, list[LoadedBatch]] = {}
    for name, file, sha256, loaded_at in warehouse.rows(
        "SELECT table_name, file, sha256, loaded_at FROM store.meta.loads WHERE replaced_at IS NULL ORDER BY "
        "table_name, loaded_at, sha256"
    ):
        found.setdefault(name, []).append(LoadedBatch(file, sha256, loaded_at))
    return found


def loaded_relation(warehouse: Warehouse, batches: Sequence[LoadedBatch]) -> str:
    """The relation that reads batches as one table, each row with the `_loaded_at` of its batch."""
    paths = [quoted(warehouse.project.warehouse / each.file) for each in batches]
    stamps = ", ".join(f"({path}, {sql_literal(each.loaded_at)})" for path, each in zip(paths, batches, strict=True))
    return (
        f"(SELECT batch_rows.* EXCLUDE (_file), batch._loaded_at "
        f"FROM read_parquet([{', '.join(paths)}], union_by_name = true, filename = '_file') AS batch_rows "
        f"JOIN (VALUES {stamps}) AS batch (_file, _loaded_at) ON batch._file = batch_rows._file)"
    )


def batches_relation(warehouse: Warehouse, files: Sequence[str]) -> str:
    """The relation that reads immutable files of the warehouse as one table."""
    paths = ", ".join(quoted(warehouse.project.warehouse / file) for file in files)
    return f"read_parquet([{paths}], union_by_name = true)"


def _change_files(warehouse: Warehouse, column: str) -> dict[str, list[str]]:
    """Per table with change rows, their files' paths or hashes, in the order they were seen."""
    if not warehouse.rows(
        "SELECT 1 FROM duckdb_tables() WHERE (database_name, schema_name, table_name) = ('store', 'meta', 'snapshots')"
    ):
        return {}  # a catalogue of an earlier release
    return dict(
        warehouse.rows(
            f"SELECT table_name, LIST({column} ORDER BY observed_at) FROM store.meta.snapshots WHERE file IS NOT NULL "
            "GROUP BY table_name"
        )
    )


def raw_versions(warehouse: Warehouse) -> dict[str, str]:
    """Each raw table's identity: a hash of its batches' contents, or of the file read in place, its size and time."""
    found = {}
    settings = warehouse.project.settings.raw
    for name, relation in _in_place(warehouse.project).items():
        places = [p for p in (settings.duckdb, settings.parquet) if p]
        stamps = [_stamp(path) for place in places for path in _stamped_files(warehouse.project.root / place)]
        found[name] = digest(relation, stamps)
    for name, contents in warehouse.rows(
        "SELECT table_name, LIST(sha256 ORDER BY sha256) FROM store.meta.loads WHERE replaced_at IS NULL GROUP BY "
        "table_name"
    ):
        found[name] = digest(contents)
    for name, hashes in _change_files(warehouse, "sha256").items():
        found[name + CHANGES] = digest(hashes)
    return found


def emptied_tables(warehouse: Warehouse) -> set[str]:
    """Loaded tables, in lower case, that had rows once and have none now."""
    return {
        name.lower()
        for (name,) in warehouse.rows(
            "SELECT table_name FROM store.meta.loads GROUP BY table_name HAVING SUM(row_count) > 0 "
            "AND COALESCE(SUM(row_count) FILTER (WHERE replaced_at IS NULL), 0) = 0"
        )
    }


def newest_load(warehouse: Warehouse) -> datetime | None:
    """When the newest load was completed; for tables read in place, when their files were last written.

    None without raw.
    """
    moments = [
        row[0] for row in warehouse.rows("SELECT MAX(GREATEST(loaded_at, replaced_at)) FROM store.meta.loads") if row[0]
    ]
    if in_place := in_place_moment(warehouse.project):
        moments.append(in_place)
    return max(moments, default=None)


def in_place_moment(project: Project) -> datetime | None:
    """When the files read in place were last written, to the second; None where there are none."""
    places = [place for place in (_raw_folder(project), _raw_file(project)) if place]
    stamps = [int(path.stat().st_mtime) for place in places for path in _stamped_files(place)]
    return datetime.fromtimestamp(max(stamps), tz=UTC).replace(tzinfo=None) if stamps else None


def _in_place(project: Project) -> dict[str, str]:
    """Tables of the DuckDB file or Parquet folder that leadmart.toml names as raw, and the relation that reads each."""
    settings = project.settings.raw
    found: dict[str, str] = {}
    if folder := _raw_folder(project):
        for path in sorted(folder.iterdir()):
            if path.is_dir() and any(path.glob("*.parquet")):
                found[path.name] = (
                    f"read_parquet({quoted(without_wildcards(path) + '/*.parquet')}, union_by_name = true)"
                )
            elif path.suffix == ".parquet":
                found[path.stem] = f"read_parquet({quoted_file(path)})"
    if file := _raw_file(project):
        try:
            with duckdb.connect(str(file), read_only=True) as connection:
                names = connection.execute(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name",
                    [settings.duckdb_schema],
                ).fetchall()
        except duckdb.Error as error:
            raise LeadmartError(
                f"raw.duckdb names {file}, which cannot be opened: {first_line(error)}", code="raw_missing",
                hint="is its loader writing just now? try again when it is done",
            ) from None  # fmt: skip
        if not names:
            raise LeadmartError(
                f"{file} has no table in schema {settings.duckdb_schema}",
                code="raw_missing",
                place=project.place_of(settings.duckdb_schema),
                hint='name the schema that holds the raw tables: `schema = "main"` below [raw]',
            )
        for (name,) in names:
            found[name] = f'raw_file."{settings.duckdb_schema}"."{name}"'
    return found


def _raw_folder(project: Project) -> Path | None:
    """The folder of Parquet read in place, if the project has one. Raises LeadmartError `raw_missing`."""
    place = project.settings.raw.parquet
    if place and not (project.root / place).is_dir():
        raise LeadmartError(
            f"raw.parquet names {project.root / place}, which is no folder",
            code="raw_missing",
            place=project.place_of(place),
        )
    return project.root / place if place else None


def _raw_file(project: Project) -> Path | None:
    """The DuckDB file read in place, if the project has one. Raises LeadmartError `raw_missing`."""
    place = project.settings.raw.duckdb
    if place and not (project.root / place).is_file():
        raise LeadmartError(
            f"raw.duckdb names {project.root / place}, which does not exist",
            code="raw_missing",
            place=project.place_of(place),
        )
    return project.root / place if place else None


def refuse_unequal_files(warehouse: Warehouse, table: str, columns: set[str]) -> None:
    """Raises LeadmartError `missing_column` where a Parquet file read in place lacks columns that a source reads.

    Read as one table, the file's rows would be NULL there and nobody would know. `unreadable_file` for a broken one.
    """
    folder = _raw_folder(warehouse.project)
    if folder is None or not (folder / table).is_dir():
        return
    for file in sorted((folder / table).glob("*.parquet")):
        try:
            names = warehouse.rows(f"SELECT name FROM parquet_schema({quoted_file(file)})")
        except duckdb.Error as error:
            raise LeadmartError(
                f"{file.name} cannot be read: {first_line(error)}",
                code="unreadable_file",
                place=Place(str(file)),
                hint="mend it or take it out of the folder; nothing is computed meanwhile",
            ) from None
        found = sorted(name.lower() for (name,) in names)
        missing = sorted(c for c in columns if c.lower() not in found and c != "_loaded_at")
        if missing:
            raise LeadmartError(
                f"{file.name} has no column {', '.join(missing)}, which a source reads",
                code="missing_column",
                place=Place(str(file)),
                hint="; ".join(filter(None, (near_names(c, found) for c in missing))) or f"it has {', '.join(found)}",
            )


@contextmanager
def raw_attached(warehouse: Warehouse) -> Iterator[None]:
    """While it lasts, the DuckDB file named as raw is attached read-only as `raw_file`, if the project has one."""
    place = warehouse.project.settings.raw.duckdb
    if place:
        warehouse.execute(f"ATTACH IF NOT EXISTS {quoted(warehouse.project.root / place)} AS raw_file (READ_ONLY)")
    try:
        yield
    finally:
        if place:
            warehouse.execute("DETACH DATABASE IF EXISTS raw_file")


def _stamped_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.parquet")) if path.is_dir() else [path]


def _stamp(path: Path) -> tuple[str, int, int]:
    stat = path.stat()
    return path.name, stat.st_size, stat.st_mtime_ns
