"""Whether immutable files are what their names say.

A file is named by its content, so its name tells whether a byte of it was altered; to hash every file on every run
would cost what the run costs. So a file that is kept gets one fixed time of writing, as files of the Nix store do:
whoever writes to it moves that time, and a file with another time, or another size than is recorded, is hashed before
anything is published from it. What alters bytes and leaves size and time as they were (a failing disk) is found by
`doctor --deep`, which hashes all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from leadmart.features.clock import iso
from leadmart.features.errors import LeadmartError
from leadmart.features.fingerprint import file_digest
from leadmart.features.project import Project
from leadmart.features.warehouse import SEALED_AT, Warehouse, open_for_reading, seal

_RAW_HINT = "`leadmart load {table} FILE` with the file it was loaded from brings it back; or restore it from a backup"
SLICE_HINT = "`leadmart doctor --fix` unlists it, and a run computes it anew; or restore it from a backup"
_SCORES_HINT = "`leadmart doctor --fix` writes it anew from the store; or restore it from a backup"
_OF_THE_QUERY = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException)
"""What DuckDB says of a query and not of files."""

_HINT = "restore warehouse/ from a backup, or see `leadmart doctor`"


def refuse_altered_files(warehouse: Warehouse, *, only_raw: bool = False) -> None:
    """Raises LeadmartError `file_missing` or `file_altered` for listed files that are not what they were when listed.

    Files that were copied, and so have another time of writing, are hashed once and get the fixed one back. `only_raw`
    leaves out what is computed from raw, for commands that read nothing else.
    """
    missing, altered = [], []
    for subject, file, size, hint in _listed_raw(warehouse) if only_raw else _listed(warehouse):
        path = warehouse.project.warehouse / file
        if not path.is_file():
            missing.append((subject, file, hint))
        elif not is_intact(path, size):
            altered.append((subject, file, hint))
    for found, code, words in (
        (missing, "file_missing", "is gone"),
        (altered, "file_altered", "has other bytes than its name says"),
    ):
        if found:
            subject, file, hint = found[0]
            more = f", and so with {len(found) - 1} more" if len(found) > 1 else ""
            raise LeadmartError(f"{subject} is listed, and its file {file} {words}{more}", code=code, hint=hint)


def damage_behind(project: Project, error: BaseException) -> LeadmartError | None:
    """The damaged file of the warehouse for which DuckDB may have failed: `file_missing` or `file_altered`, else None.

    Commands that only look do not ask of every file before whether it is intact: they ask once one cannot be read.
    """
    if not isinstance(error, duckdb.Error) or isinstance(error, _OF_THE_QUERY):
        return None
    try:
        with open_for_reading(project) as warehouse:
            refuse_altered_files(warehouse)
    except LeadmartError as found:
        return found if found.code in ("file_missing", "file_altered") else None
    except duckdb.Error:
        return None
    return None


def is_intact(path: Path, size: int | None = None, *, only_look: bool = False) -> bool:
    """Whether a file named by its content has it still; `size` is the one that is recorded.

    One that had to be hashed gets the fixed time back, so that it is not hashed again, unless one may `only_look`.
    """
    try:
        stat = path.stat()
    except OSError:
        return False
    if size is not None and stat.st_size != size:
        return False
    if stat.st_mtime_ns == SEALED_AT:
        return True
    if not file_digest(path).startswith(path.stem):
        return False
    if only_look:
        return True
    with suppress(OSError):  # a folder that may not be written to: it is hashed again the next time
        seal(path)
    return True


def _listed(warehouse: Warehouse) -> Iterator[tuple[str, str, int | None, str]]:
    """What is listed, its file, the file's size where that is recorded, and the way back."""
    for name, version, as_of, file, size in warehouse.rows(
        "SELECT name, version, as_of, file, bytes FROM store.meta.slices ORDER BY as_of, name"
    ):
        ref = f"{name}@v{version}" if version else name
        yield f"the slice of {ref} at {iso(as_of)}", file, size, SLICE_HINT
    yield from _listed_raw(warehouse)
    for number, file in warehouse.rows("SELECT publish_number, file FROM store.meta.score_files ORDER BY ALL"):
        yield f"the score file {number}", file, None, _SCORES_HINT


def _listed_raw(warehouse: Warehouse) -> Iterator[tuple[str, str, int | None, str]]:
    """What cannot be computed: the batches that stand, and change rows."""
    for table, name, file, size in warehouse.rows(
        "SELECT table_name, input_name, file, bytes FROM store.meta.loads WHERE replaced_at IS NULL ORDER BY ALL"
    ):
        yield f"the batch {name} of raw.{table}", file, size, _RAW_HINT.format(table=table)
    for table, file, size in warehouse.rows(
        "SELECT table_name, file, bytes FROM store.meta.snapshots WHERE file IS NOT NULL ORDER BY ALL"
    ):
        yield f"change rows of raw.{table}", file, size, _HINT


def listed_inputs(warehouse: Warehouse, table: str) -> set[str]:
    """Hashes of the input files whose batches of a raw table stand, whatever became of their files."""
    return {
        sha256
        for (sha256,) in warehouse.rows(
            "SELECT input_sha256 FROM store.meta.loads WHERE table_name = ? AND replaced_at IS NULL", [table]
        )
    }


def intact_inputs(warehouse: Warehouse, table: str) -> set[str]:
    """Hashes of the input files whose batches of a raw table stand and are intact: they need not be loaded again."""
    listed: Sequence[tuple[str, str, int]] = warehouse.rows(
        "SELECT input_sha256, file, bytes FROM store.meta.loads WHERE table_name = ? AND replaced_at IS NULL", [table]
    )
    return {sha256 for sha256, file, size in listed if is_intact(warehouse.project.warehouse / file, size)}
