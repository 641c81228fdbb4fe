"""Raw tables: which there are, what version each has, and reading those that stand in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.erasure.guard import erased_digest
from leadmart.features.errors import LeadmartError, Place, first_line, near_names
from leadmart.features.fingerprint import digest
from leadmart.features.literals import quoted, quoted_file
from leadmart.features.raw.in_place import in_place
from leadmart.features.raw.in_place import raw_attached as raw_attached
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
    found = dict(in_place(warehouse).relations)
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
    paths = [warehouse.project.warehouse / each.file for each in batches]
    stamps = ", ".join(
        f"({quoted(path)}, {sql_literal(each.loaded_at)})" for path, each in zip(paths, batches, strict=True)
    )
    return (
        f"(SELECT batch_rows.* EXCLUDE (_file), batch._loaded_at "
        f"FROM read_parquet([{', '.join(map(quoted_file, paths))}], union_by_name = true, filename = '_file') "
        f"AS batch_rows "
        f"JOIN (VALUES {stamps}) AS batch (_file, _loaded_at) ON batch._file = batch_rows._file)"
    )


def batches_relation(warehouse: Warehouse, files: Sequence[str]) -> str:
    """The relation that reads immutable files of the warehouse as one table."""
    paths = ", ".join(quoted_file(warehouse.project.warehouse / file) for file in files)
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
    found = dict(in_place(warehouse).versions)
    if found and (erased := erased_digest(warehouse)):
        found = {name: digest(version, erased) for name, version in found.items()}
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
    if written := in_place(warehouse).moment:
        moments.append(written)
    return max(moments, default=None)


def refuse_unequal_files(warehouse: Warehouse, table: str, columns: set[str]) -> None:
    """Raises LeadmartError `missing_column` where a Parquet file read in place lacks columns that a source reads.

    Read as one table, the file's rows would be NULL there and nobody would know. `unreadable_file` for a broken one.
    """
    for file in in_place(warehouse).files.get(table, ()):
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
