"""Staged sources, kept between commands: what a load brings is added to them, and a session reads what it needs.

A kept source is its deduplicated rows in immutable Parquet files, sorted by when each row was first known, so that a
session over one as_of skips what lies before its windows and after its moment. Per day on which rows were first known
their number, a hash and their first `occurred_at` are kept too: what was known at any midnight follows without reading
a row. All of it can be made anew from raw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.fingerprint import digest
from leadmart.features.intact import is_intact
from leadmart.features.literals import quoted, quoted_file, quoted_name
from leadmart.features.raw.tables import LoadedBatch, loaded_batches, raw_versions
from leadmart.features.registry import Registry
from leadmart.features.sources.staging import AssumedRows
from leadmart.features.warehouse import Warehouse

FIRST_KNOWN = "_first_known_at"
KEY_HASH = "_key_hash"
OWN_COLUMNS = (FIRST_KNOWN, KEY_HASH)
"""Columns of a kept file that are no columns of the source."""

LAYOUT = "sorted by first known, 2"
"""How kept files are laid out; those of another layout are made anew."""

_MOST_PARTS = 3


@dataclass(frozen=True)
class Bounds:
    """Which rows of a source a session reads: none that occurred before `since`, none first known after `until`."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, other: Bounds) -> bool:
        """Whether all that `other` reads is read by this too."""
        return (self.since is None or (other.since is not None and self.since <= other.since)) and (
            self.until is None or (other.until is not None and self.until >= other.until)
        )

    def widened(self, other: Bounds) -> Bounds:
        """The bounds that hold both."""
        since = min(self.since, other.since) if self.since and other.since else None
        until = max(self.until, other.until) if self.until and other.until else None
        return Bounds(since, until)


WHOLE = Bounds()


@dataclass(frozen=True)
class Kept:
    """A source as the warehouse keeps it: its files' paths, and what they were made of."""

    source: str
    identity: str
    shape: str
    batches: tuple[str, ...]
    files: tuple[str, ...]
    row_count: int
    clockless: int
    assumed: AssumedRows

    def relation(self, warehouse: Warehouse) -> str:
        """The relation of all its rows, those without a clock and leadmart's own columns included."""
        return files_relation(warehouse, self.files)

    def select(self, warehouse: Warehouse, bounds: Bounds = WHOLE) -> str:
        """The SELECT of the source's rows within bounds."""
        wanted = [f"{FIRST_KNOWN} IS NOT NULL"]
        if bounds.since is not None:
            wanted.append(f"occurred_at >= {sql_literal(bounds.since)}")
        if bounds.until is not None:
            wanted.append(f"{FIRST_KNOWN} <= {sql_literal(bounds.until)}")
        columns = ", ".join(OWN_COLUMNS)
        return f"SELECT * EXCLUDE ({columns}) FROM {self.relation(warehouse)} WHERE {' AND '.join(wanted)}"


@dataclass(frozen=True)
class Wanted:
    """What a source should have been staged from: `batches` are raw batches that rows can be added from, one by one.

    `batches` is None where rows depend on one another: where logs are joined, changes are kept, or raw is read in
    place. `tables` maps the raw table of each batch.
    """

    identity: str
    batches: dict[str, str] | None


def first_known(alias: str = "") -> str:
    """The first as_of at which a row of a source is known."""
    prefix = f"{alias}." if alias else ""
    return f"GREATEST({prefix}occurred_at + INTERVAL 1 MICROSECOND, {prefix}ingested_at)"


def key_hash(definition: Definition) -> str:
    """Four bytes that are equal where a source's keys are; few other keys share them."""
    return f"CAST(HASH({', '.join(map(quoted_name, definition.source_key))}) % 4294967296 AS UINTEGER)"


def row_hash(columns: Iterable[str]) -> str:
    """The hash of a row, DuckDB's own."""
    packed = ", ".join(f"{quoted_name(c)} := {quoted_name(c)}" for c in columns)
    return f"HASH(STRUCT_PACK({packed}))"


def wanted_states(warehouse: Warehouse, registry: Registry, names: Sequence[str]) -> dict[str, Wanted]:
    """What each source should have been staged from, by today's definitions and raw."""
    versions = {name.lower(): version for name, version in raw_versions(warehouse).items()}
    batches = {
        name.lower(): {batch_key(name, each): name.lower() for each in listed}
        for name, listed in loaded_batches(warehouse).items()
    }
    found: dict[str, Wanted] = {}
    for name in names:
        definitions = registry.source(name)
        inputs = []
        addable: dict[str, str] | None = {}
        for d in definitions:
            tables = [r.name.lower() for r in d.reads if r.schema == "raw"]
            rows = [sorted(batches[t]) if t in batches else versions.get(t) for t in tables]
            joined = {j: wanted_states(warehouse, registry, [j])[j].identity for j in d.joined}
            inputs.append((d.connector, registry.token_hash(d), rows, joined))
            fed = [t for t in tables if t in batches or t in versions]
            is_plain = len(tables) == 1 and not d.joined and "changes-of" not in d.header
            if addable is not None and (not fed or (is_plain and tables[0] in batches)):
                addable |= batches[tables[0]] if fed else {}
            else:
                addable = None
        found[name] = Wanted(digest(duckdb.__version__, LAYOUT, inputs), addable)
    return found


def files_relation(warehouse: Warehouse, files: Sequence[str]) -> str:
    """The relation that reads kept files as one table."""
    paths = ", ".join(quoted_file(warehouse.project.warehouse / file) for file in files)
    return f"read_parquet([{paths}], hive_partitioning = false)"


def batch_key(table: str, batch: LoadedBatch) -> str:
    """Names a batch's rows: their table, their content, and when they were first loaded, which some sources read."""
    return f"{table.lower()}/{batch.sha256}@{batch.loaded_at.isoformat()}"


def kept_sources(warehouse: Warehouse) -> dict[str, Kept]:
    """The sources that the warehouse keeps, whatever they were staged from; none in a session on altered raw."""
    if warehouse.raw is not None or not warehouse.rows(
        "SELECT 1 FROM duckdb_tables() WHERE (database_name, schema_name, table_name) = ('store', 'meta', 'staged')"
    ):
        return {}
    found = {}
    for source, identity, shape, batches, rows, clockless, assumed, late, files, sizes in warehouse.rows(
        "SELECT s.source, s.identity, s.shape, s.batches, s.row_count, s.clockless, s.assumed, s.late, "
        "LIST(f.file ORDER BY f.file), LIST(f.bytes ORDER BY f.file) FROM store.meta.staged AS s "
        "JOIN store.meta.staged_files AS f ON f.source = s.source AND f.unlisted_at IS NULL GROUP BY ALL"
    ):
        if _is_whole(warehouse, files, sizes):
            counts = AssumedRows(assumed, late)
            found[source] = Kept(source, identity, shape, tuple(batches), tuple(files), rows, clockless, counts)
    return found


def current(warehouse: Warehouse, registry: Registry, names: Iterable[str], present: frozenset[str]) -> dict[str, Kept]:
    """The kept sources, of those named and present, that were staged from today's definitions and raw."""
    kept = kept_sources(warehouse)
    named = [name for name in sorted(set(names) & set(kept)) if is_keepable(registry, name, present)]
    wanted = wanted_states(warehouse, registry, named) if named else {}
    return {name: kept[name] for name in named if kept[name].identity == wanted[name].identity}


def is_keepable(registry: Registry, name: str, present: frozenset[str]) -> bool:
    """Whether a source may be kept: what it joins must be present, and no word of it may mean another moment later."""
    moving = any("moving_function" in definition.header.get("waive", "") for definition in registry.source(name))
    return name in present and set(registry.joined_by(name)) <= present and not moving


def _is_whole(warehouse: Warehouse, files: Sequence[str], sizes: Sequence[int]) -> bool:
    """Whether every file has the content it is named by; a source with one that is not is staged anew."""
    paths = [warehouse.project.warehouse / file for file in files]
    return all(is_intact(path, size) for path, size in zip(paths, sizes, strict=True))


def known_at(warehouse: Warehouse, kept: Kept, moments: Sequence[datetime]) -> str | None:
    """The SELECT (as_of, row_count, hash, since) of what was known of a kept source at each moment.

    `hash` is the sum of the rows' hashes, `since` the first `occurred_at`; 0, 0 and NULL where nothing was known. None
    where too many of the moments are no midnights: reading the rows once is cheaper then.
    """
    odd = [m for m in moments if m != _midnight(m)]
    if len(odd) > _MOST_PARTS:
        return None
    listed = ", ".join(f"({sql_literal(m)})" for m in moments)
    parts = ["SELECT NULL::TIMESTAMP AS as_of, 0::BIGINT AS row_count, 0::HUGEINT AS hash, NULL::TIMESTAMP AS since"]
    if odd:
        columns = [c for c, _ in warehouse.columns(f"SELECT * FROM {kept.relation(warehouse)}") if c not in OWN_COLUMNS]
    for moment in odd:
        parts.append(
            f"SELECT {sql_literal(moment)}, COUNT(*), COALESCE(SUM(CAST({row_hash(columns)} AS HUGEINT)), 0), "
            f"MIN(occurred_at) FROM {kept.relation(warehouse)} "
            f"WHERE {FIRST_KNOWN} > {sql_literal(_midnight(moment))} AND {FIRST_KNOWN} <= {sql_literal(moment)}"
        )
    return f"""
WITH w AS (SELECT * FROM (VALUES {listed}) AS v (as_of)),
days AS (
    SELECT d.known_by, SUM(d.row_count) OVER before AS row_count, SUM(d.hash) OVER before AS hash,
        MIN(d.since) OVER before AS since
    FROM store.meta.staged_days AS d WHERE d.source = {quoted(kept.source)} WINDOW before AS (ORDER BY d.known_by)
), rest AS ({" UNION ALL ".join(parts)})
SELECT w.as_of, COALESCE(d.row_count, 0) + COALESCE(r.row_count, 0) AS row_count,
    COALESCE(d.hash, 0) + COALESCE(r.hash, 0) AS hash, LEAST(d.since, r.since) AS since
FROM w ASOF LEFT JOIN days AS d ON d.known_by <= w.as_of LEFT JOIN rest AS r ON r.as_of = w.as_of"""


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def fed_by(definitions: Sequence[Definition], tables: Mapping[str, str]) -> list[Definition]:
    """The definitions whose one raw table is among `tables`."""
    return [d for d in definitions if {r.name.lower() for r in d.reads if r.schema == "raw"} <= set(tables)]
