"""The sorts of immutable files in a warehouse, and the tables that list them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from leadmart.features.project import Project
from leadmart.features.warehouse import Warehouse


@dataclass(frozen=True)
class Listing:
    """A table of `meta` whose column `file` lists files; `rows` and `bytes` are its columns that say their size.

    `going` is SQL to run before files of the table `gone` are taken out of a listing: what makes no sense without them.
    """

    table: str
    rows: str | None = None
    bytes: str | None = None
    going: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A sort of immutable file: its folder below the warehouse, and what lists it.

    `is_derived` says that raw rows can make the file again; of others there is one copy.
    """

    name: str
    folder: str
    listings: tuple[Listing, ...]
    is_derived: bool


SLICE_KEY = ("kind", "name", "version", "spine", "as_of", "fingerprint")
_GONE = "SELECT g.file FROM gone AS g"
_INPUTS_GO = (
    f"DELETE FROM store.meta.slice_inputs AS i USING store.meta.slices AS s WHERE s.file IN ({_GONE}) AND "
    + " AND ".join(f"i.{c} = s.{c}" for c in SLICE_KEY)
)
_LACKING = f"SELECT f.source FROM store.meta.staged_files AS f WHERE f.unlisted_at IS NULL AND f.file IN ({_GONE})"
_SOURCE_GOES = (
    f"DELETE FROM store.meta.staged WHERE source IN ({_LACKING})",
    f"DELETE FROM store.meta.staged_days WHERE source IN ({_LACKING})",
    "UPDATE store.meta.staged_files SET unlisted_at = (SELECT MAX(g.at) FROM gone AS g) WHERE unlisted_at IS NULL "
    f"AND source IN ({_LACKING})",
)
KINDS = (
    Kind("raw file", "raw", (Listing("loads", "row_count", "bytes"), Listing("snapshots", None, "bytes")), False),
    Kind("staged file", "staged", (Listing("staged_files", "row_count", "bytes", _SOURCE_GOES),), True),
    Kind(
        "slice",
        "slices",
        (Listing("slices", "row_count", "bytes", (_INPUTS_GO,)), Listing("superseded_slices", "row_count", "bytes")),
        True,
    ),
    Kind("score file", "scores", (Listing("score_files", "row_count"),), False),
)
"""Every sort of file whose name is its content's. A new sort is one more line."""


@dataclass(frozen=True)
class Listed:
    """A listed file, and what its listing says of it; None where it says nothing."""

    kind: Kind
    table: str
    file: str
    rows: int | None
    bytes: int | None


def has_table(warehouse: Warehouse, name: str) -> bool:
    """Whether the attached store or catalogue has `meta.<name>`; one of an earlier release may lack it."""
    return bool(
        warehouse.rows(
            "SELECT 1 FROM duckdb_tables() WHERE (database_name, schema_name, table_name) = ('store', 'meta', ?)",
            [name],
        )
    )


def listed_files(warehouse: Warehouse, kinds: Sequence[Kind] = KINDS) -> list[Listed]:
    """Every file that a listing names, once for each listing, in the order of their names."""
    found = []
    for kind in kinds:
        for listing in kind.listings:
            if has_table(warehouse, listing.table):
                found += [
                    Listed(kind, listing.table, file, rows, size)
                    for file, rows, size in warehouse.rows(
                        f"SELECT DISTINCT file, {listing.rows or 'NULL'}, {listing.bytes or 'NULL'} "
                        f"FROM store.meta.{listing.table} WHERE file IS NOT NULL ORDER BY ALL"
                    )
                ]
    return found


def every_listing_sql(warehouse: Warehouse) -> str:
    """A SELECT of what every listing names: `table_name`, `row` (its rowid there) and `file`."""
    return " UNION ALL ".join(
        f"SELECT '{table}' AS table_name, rowid AS row, file FROM store.meta.{table} WHERE file IS NOT NULL"
        for table in listing_tables(warehouse)
    )


def listing_tables(warehouse: Warehouse) -> list[str]:
    """The tables of `meta` that list files, of those that there are."""
    return [each.table for kind in KINDS for each in kind.listings if has_table(warehouse, each.table)]


def standing_files(project: Project, kind: Kind) -> Iterator[tuple[str, Path]]:
    """The Parquet files that stand in a kind's folder: path below the warehouse, and the whole path."""
    for path in sorted((project.warehouse / kind.folder).rglob("*.parquet")):
        yield path.relative_to(project.warehouse).as_posix(), path
