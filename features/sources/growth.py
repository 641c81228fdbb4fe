"""How a kept source grows: its rows staged anew, or only those that a load brought added to what is there.

Of rows with one key the first known counts, whenever it was loaded. So an added row is dropped where its key is kept
already, unless it was known earlier; then it takes the other's place, and that one's file is written again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from leadmart.features.clock import now, sql_literal
from leadmart.features.definition import Definition, raw_columns_read
from leadmart.features.fingerprint import digest
from leadmart.features.literals import quoted, quoted_file, quoted_name
from leadmart.features.raw.in_place import refuse_changed
from leadmart.features.raw.tables import loaded_batches, loaded_relation
from leadmart.features.registry import Registry
from leadmart.features.sources.changes import changes_only
from leadmart.features.sources.staged import (
    FIRST_KNOWN,
    KEY_HASH,
    LAYOUT,
    OWN_COLUMNS,
    Kept,
    Wanted,
    batch_key,
    fed_by,
    files_relation,
    first_known,
    key_hash,
    row_hash,
)
from leadmart.features.sources.staging import AssumedRows, assumed_rows, every_row, fed_definitions
from leadmart.features.warehouse import Warehouse

_SMALL_FILE = 100_000
_UNLISTED_FOR = timedelta(days=1)
"""How long a file that is read no more stays: a catalogue that is still open may list it."""

_HAS_CLOCKS = "occurred_at IS NOT NULL AND ingested_at IS NOT NULL"


@dataclass(frozen=True)
class Growth:
    """What bringing a source up to date did: rows added, and keys that came with other values than they had."""

    kept: Kept
    added: int
    changed_keys: int
    clockless: int
    is_whole: bool


def bring_up(
    warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str], before: Kept | None, wanted: Wanted
) -> Growth | None:
    """Stages a source into files and lists them; None where a column's type cannot be kept in one.

    `raw` maps raw tables to relations, `before` is what is kept of the source now. Raises LeadmartError `bad_source`.
    """
    _, union = every_row(warehouse, registry, name, raw)
    columns = warehouse.columns(union)
    if not _comes_back(warehouse, union, columns):
        return None
    definitions = fed_definitions(registry, name, raw)
    if {name.lower() for name, _ in columns} & {*OWN_COLUMNS, "_file", "_place"}:
        return None
    texts = [(d.connector, registry.token_hash(d), _raw_columns(warehouse, d, raw)) for d in definitions]
    shape = digest(duckdb.__version__, LAYOUT, columns, texts)
    source = _Source(warehouse, name, definitions[0], [c for c, _ in columns])
    fresh = _fresh_tables(warehouse, registry, name, raw, before, wanted, shape)
    if fresh is not None:
        _, union = every_row(warehouse, registry, name, fresh)
        if warehouse.columns(union) == columns:
            assert before is not None
            assumed = before.assumed + assumed_rows(warehouse, registry, name, fresh)
            _, union = every_row(warehouse, registry, name, fresh)
            with _scratch(warehouse):
                return _add(source, union, before, wanted, assumed)
    assumed = assumed_rows(warehouse, registry, name, raw)
    _, union = every_row(warehouse, registry, name, raw)
    with _scratch(warehouse):
        return _make(source, union, wanted, shape, assumed)


@dataclass(frozen=True)
class _Source:
    warehouse: Warehouse
    name: str
    definition: Definition
    columns: Sequence[str]

    @property
    def key(self) -> str:
        return ", ".join(quoted_name(c) for c in self.definition.source_key)

    @property
    def own(self) -> str:
        """The expressions of a kept file's own columns."""
        known = f"CASE WHEN {_HAS_CLOCKS} THEN {first_known()} END AS {FIRST_KNOWN}"
        return f"{known}, {key_hash(self.definition)} AS {KEY_HASH}"

    @property
    def listed(self) -> str:
        return ", ".join(quoted_name(c) for c in self.columns)

    @property
    def every(self) -> str:
        return f"{self.listed}, {', '.join(OWN_COLUMNS)}"

    @property
    def first(self) -> str:
        """The order among rows with one key: the first counts."""
        return f"{FIRST_KNOWN}, {self.listed}"

    def write(self, select: str) -> tuple[str, str, int, int]:
        """Writes rows in the order of a kept file: (path below the warehouse, sha256, rows, bytes)."""
        staged = self.warehouse.staging_file()
        rows = self.warehouse.write_parquet(f"{select} ORDER BY {FIRST_KNOWN}, {self.key}", staged)
        file, sha256, size = self.warehouse.keep_file(staged, Path("staged") / self.name)
        return file, sha256, rows, size

    def days(self, relation: str) -> str:
        """The SELECT of `meta.staged_days`' rows for a relation of kept rows."""
        day = f"DATE_TRUNC('day', {FIRST_KNOWN})"
        return (
            f"SELECT {quoted(self.name)} AS source, CASE WHEN {day} = {FIRST_KNOWN} THEN {day} ELSE {day} + "
            f"INTERVAL 1 DAY END AS known_by, COUNT(*) AS row_count, SUM(CAST({row_hash(self.columns)} AS HUGEINT)) "
            f"AS hash, MIN(occurred_at) AS since FROM {relation} WHERE {FIRST_KNOWN} IS NOT NULL GROUP BY ALL"
        )


def _make(source: _Source, union: str, wanted: Wanted, shape: str, assumed: AssumedRows) -> Growth:
    """Stages a source from all of raw: only keys that come twice are sorted by who was first."""
    warehouse = source.warehouse
    warehouse.execute(
        f"CREATE TABLE scratch.twice AS SELECT h FROM (SELECT {key_hash(source.definition)} AS h FROM ({union}) "
        f"WHERE {_HAS_CLOCKS}) GROUP BY h HAVING COUNT(*) > 1"
    )
    rows = f"(SELECT {source.listed}, {source.own} FROM ({union}))"
    warehouse.execute(
        f"CREATE TABLE scratch.repeated AS SELECT {source.every} FROM {rows} "
        f"WHERE {FIRST_KNOWN} IS NOT NULL AND {KEY_HASH} IN (SELECT h FROM scratch.twice)"
    )
    changed = _changed_keys(source, "scratch.repeated")
    once = changes_only(
        source.definition,
        f"SELECT {source.listed} FROM (SELECT {source.every} FROM {rows} WHERE {FIRST_KNOWN} IS NOT NULL "
        f"AND {KEY_HASH} NOT IN (SELECT h FROM scratch.twice) UNION ALL {_firsts(source, 'scratch.repeated')})",
    )
    clockless = f"SELECT DISTINCT {source.listed} FROM ({union}) WHERE NOT ({_HAS_CLOCKS})"
    written = source.write(f"SELECT {source.listed}, {source.own} FROM ({once} UNION ALL BY NAME {clockless})")
    ((without,),) = warehouse.rows(
        f"SELECT COUNT(*) FROM {files_relation(warehouse, [written[0]])} WHERE {FIRST_KNOWN} IS NULL"
    )
    kept = Kept(
        source.name,
        wanted.identity,
        shape,
        tuple(wanted.batches or ()),
        (written[0],),
        written[2],
        int(without),
        assumed,
    )
    _list(source, kept, [written], source.days(files_relation(warehouse, kept.files)), anew=True)
    return Growth(kept, written[2], changed, int(without), True)


def _add(source: _Source, union: str, before: Kept, wanted: Wanted, assumed: AssumedRows) -> Growth:
    """Adds the rows of fresh batches to what is kept."""
    warehouse = source.warehouse
    warehouse.execute(
        f"CREATE TABLE scratch.fresh AS SELECT {source.listed}, {source.own}, NULL AS _file FROM ({union}) "
        f"WHERE {_HAS_CLOCKS}"
    )
    kept_rows = f"{before.relation(warehouse)[:-1]}, filename = '_file')"
    warehouse.execute(
        f"CREATE TABLE scratch.twice AS SELECT {KEY_HASH} AS h FROM scratch.fresh GROUP BY {KEY_HASH} HAVING "
        f"COUNT(*) > 1 UNION SELECT {KEY_HASH} FROM {before.relation(warehouse)} "
        f"WHERE {FIRST_KNOWN} IS NOT NULL AND {KEY_HASH} IN (SELECT {KEY_HASH} FROM scratch.fresh)"
    )
    in_twice = f"{FIRST_KNOWN} IS NOT NULL AND {KEY_HASH} IN (SELECT h FROM scratch.twice)"
    warehouse.execute(
        f"CREATE TABLE scratch.repeated AS SELECT {source.every}, CAST(_file AS VARCHAR) AS _file FROM scratch.fresh "
        f"WHERE {in_twice} UNION ALL SELECT {source.every}, _file FROM {kept_rows} WHERE {in_twice}"
    )
    changed = _changed_keys(source, "scratch.repeated")
    warehouse.execute(
        "CREATE TABLE scratch.placed AS SELECT *, ROW_NUMBER() OVER "
        f"(PARTITION BY {source.key} ORDER BY {source.first}, _file NULLS LAST) AS _place FROM scratch.repeated"
    )
    warehouse.execute(
        f"CREATE TABLE scratch.added AS SELECT {source.every} FROM scratch.fresh WHERE NOT ({in_twice}) UNION ALL "
        f"SELECT {source.every} FROM scratch.placed WHERE _place = 1 AND _file IS NULL UNION ALL "
        f"SELECT {source.listed}, {source.own} FROM (SELECT {source.listed} FROM ({union}) WHERE NOT ({_HAS_CLOCKS}) "
        f"EXCEPT SELECT {source.listed} FROM {before.relation(warehouse)} WHERE {FIRST_KNOWN} IS NULL)"
    )
    warehouse.execute(
        "CREATE VIEW scratch.outdone AS SELECT * FROM scratch.placed WHERE _place > 1 AND _file IS NOT NULL"
    )
    outdone = [row[0] for row in warehouse.rows("SELECT DISTINCT _file FROM scratch.outdone")]
    ((added, without),) = warehouse.rows(
        f"SELECT COUNT(*), COUNT(*) FILTER (WHERE {FIRST_KNOWN} IS NULL) FROM scratch.added"
    )
    sizes = dict(warehouse.rows("SELECT file, row_count FROM store.meta.staged_files WHERE source = ?", [source.name]))
    absorbed = _to_absorb(before.files, sizes, added)
    if unknown := set(outdone) - {str(warehouse.project.warehouse / f) for f in before.files}:
        raise AssertionError(f"DuckDB names files of its own: {sorted(unknown)}")
    rewritten = [f for f in before.files if str(warehouse.project.warehouse / f) in outdone and f not in absorbed]
    left = [f for f in before.files if f not in rewritten and f not in absorbed]
    same = " AND ".join(f"l.{c} IS NOT DISTINCT FROM k.{c}" for c in map(quoted_name, source.definition.source_key))
    losers = f"ANTI JOIN scratch.outdone AS l ON {same} AND k.{FIRST_KNOWN} IS NOT NULL" if outdone else ""
    written = [
        source.write(f"SELECT {source.every} FROM {files_relation(warehouse, [f])} AS k {losers}") for f in rewritten
    ]
    if added or absorbed:
        parts = ["SELECT * FROM scratch.added"]
        if absorbed:
            parts.append(f"SELECT {source.every} FROM {files_relation(warehouse, absorbed)} AS k {losers}")
        written.append(source.write(f"SELECT * FROM ({' UNION ALL BY NAME '.join(parts)})"))
    files = [*left, *(w[0] for w in written)]
    rows = sum(sizes[f] for f in left) + sum(w[2] for w in written)
    kept = Kept(
        source.name,
        wanted.identity,
        before.shape,
        tuple(wanted.batches or ()),
        tuple(files),
        rows,
        before.clockless + without,
        assumed,
    )
    changed_files = [w for w in written if w[0] not in left]
    days = source.days(files_relation(warehouse, files) if outdone else "scratch.added")
    _list(source, kept, changed_files, days, anew=bool(outdone))
    return Growth(kept, int(added), changed, int(without), False)


def _to_absorb(files: Sequence[str], sizes: Mapping[str, int], added: int) -> list[str]:
    """The files, smallest first, that are written together with added rows, so that files stay few."""
    found, total = [], added
    for file in sorted(files, key=lambda f: sizes[f]):
        if not added or sizes[file] > max(2 * total, _SMALL_FILE):
            break
        found.append(file)
        total += sizes[file]
    return found


def _firsts(source: _Source, relation: str) -> str:
    return (
        f"SELECT {source.every} FROM {relation} "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {source.key} ORDER BY {source.first}) = 1"
    )


def _changed_keys(source: _Source, relation: str) -> int:
    """The keys that come with different values, arrival aside."""
    others = ", ".join(quoted_name(c) for c in source.columns if c != "ingested_at")
    ((found,),) = source.warehouse.rows(
        f"SELECT COUNT(*) FROM (SELECT {source.key} FROM (SELECT DISTINCT {others} FROM {relation}) "
        f"GROUP BY {source.key} HAVING COUNT(*) > 1)"
    )
    return int(found)


def _comes_back(warehouse: Warehouse, union: str, columns: Sequence[tuple[str, str]]) -> bool:
    """Whether a Parquet file gives rows back in the types they have: a HUGEINT comes back as a DOUBLE."""
    # an interval is cut to milliseconds and a time loses its zone, each under its own name
    if any("INTERVAL" in kind or "TIME WITH" in kind.replace("TIMESTAMP WITH", "") for _, kind in columns):
        return False
    file = warehouse.staging_file()
    warehouse.write_parquet(f"SELECT * FROM ({union}) LIMIT 0", file)
    try:
        return (
            warehouse.columns(f"SELECT * FROM read_parquet({quoted_file(file)}, hive_partitioning = false)") == columns
        )
    finally:
        file.unlink(missing_ok=True)


def _fresh_tables(
    warehouse: Warehouse,
    registry: Registry,
    name: str,
    raw: Mapping[str, str],
    before: Kept | None,
    wanted: Wanted,
    shape: str,
) -> dict[str, str] | None:
    """The raw tables that have batches which are not in yet, read as those alone; None where all is staged anew.

    Read alone, a batch must have the very columns that it has among the others: 5 beside 5.5 would be another text.
    """
    if before is None or not before.batches or not wanted.batches or before.shape != shape:
        return None
    have = set(before.batches)
    if not have < set(wanted.batches):
        return None
    grown = {wanted.batches[key] for key in wanted.batches if key not in have}
    fresh = {
        table.lower(): loaded_relation(warehouse, [b for b in batches if batch_key(table, b) not in have])
        for table, batches in loaded_batches(warehouse).items()
        if table.lower() in grown
    }
    fed = fed_by(registry.source(name), fresh)
    alike = all(_raw_columns(warehouse, d, fresh) == _raw_columns(warehouse, d, raw) for d in fed)
    return fresh if alike else None


def _raw_columns(warehouse: Warehouse, definition: Definition, raw: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and types of the raw columns that a source reads."""
    found = []
    for table, read in sorted(raw_columns_read(definition).items()):
        relation = raw.get(table.lower())
        wanted = {c.lower() for c in read}
        found += (
            [c for c in warehouse.columns(f"SELECT * FROM {relation}") if c[0].lower() in wanted] if relation else []
        )
    return found


def _list(source: _Source, kept: Kept, written: Sequence[tuple[str, str, int, int]], days: str, *, anew: bool) -> None:
    """Lists what is kept in one transaction, and forgets files that nobody reads any more."""
    warehouse, named = source.warehouse, quoted(source.name)
    warehouse.execute(f"CREATE TABLE scratch.days AS {days}")
    moment = sql_literal(now())
    gone = [
        row[0]
        for row in warehouse.rows(
            f"SELECT file FROM store.meta.staged_files WHERE unlisted_at < {sql_literal(now() - _UNLISTED_FOR)}"
        )
        if row[0] not in kept.files
    ]
    refuse_changed(warehouse)
    with warehouse.transaction():
        warehouse.execute(
            f"INSERT OR REPLACE INTO store.meta.staged VALUES (?, ?, ?, ?, ?, ?, ?, ?, {moment})",
            [
                kept.source,
                kept.identity,
                kept.shape,
                list(kept.batches),
                kept.row_count,
                kept.clockless,
                kept.assumed.rows,
                kept.assumed.late,
            ],
        )
        listed = ", ".join(quoted(f) for f in kept.files)
        warehouse.execute(
            f"UPDATE store.meta.staged_files SET unlisted_at = {moment} WHERE source = {named} AND unlisted_at IS NULL "
            f"AND file NOT IN ({listed})"
        )
        for file, sha256, rows, size in written:
            warehouse.execute(
                "INSERT INTO store.meta.staged_files VALUES (?, ?, ?, ?, ?, NULL) "
                "ON CONFLICT (file) DO UPDATE SET unlisted_at = NULL",
                [kept.source, file, sha256, rows, size],
            )
        if anew:
            warehouse.execute(f"DELETE FROM store.meta.staged_days WHERE source = {named}")
        warehouse.execute(
            "MERGE INTO store.meta.staged_days AS h USING scratch.days AS n "
            "ON h.source = n.source AND h.known_by = n.known_by "
            "WHEN MATCHED THEN UPDATE SET row_count = h.row_count + n.row_count, hash = h.hash + n.hash, "
            "since = LEAST(h.since, n.since) WHEN NOT MATCHED THEN INSERT VALUES "
            "(n.source, n.known_by, n.row_count, n.hash, n.since)"
        )
        for file in gone:
            warehouse.execute("DELETE FROM store.meta.staged_files WHERE file = ?", [file])
    for file in gone:
        (warehouse.project.warehouse / file).unlink(missing_ok=True)


@contextmanager
def _scratch(warehouse: Warehouse) -> Iterator[None]:
    """A schema for what is made on the way."""
    warehouse.execute("CREATE SCHEMA scratch")
    try:
        yield
    finally:
        warehouse.execute("DROP SCHEMA scratch CASCADE")
