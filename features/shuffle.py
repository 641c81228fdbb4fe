"""The future-shuffle: raw as it could have gone on after as_of, with nothing altered that was known by then.

Rows known only later are deleted, changed, and joined by new ones; columns of a table updated in place that no source
calls frozen change in every row. Whatever is computed at as_of must come out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.literals import quoted_name
from leadmart.features.raw.clock import clock_columns
from leadmart.features.raw.use import Use, all_uses, deciding_uses, overwritten_columns, uses_of
from leadmart.features.registry import Registry
from leadmart.features.sources.stage import stage
from leadmart.features.sources.staging import bad_source, joined_first, raw_rows, with_clocks
from leadmart.features.warehouse import Warehouse

WAYS = ("deleted", "changed", "added")
"""What may happen to rows that are known only later."""

ROW = "_shuffle_row"
"""The column of a copied raw table that numbers its rows from 1."""

_MOST_ADDED = 200_000
_UNKEYED = 20_000


@dataclass(frozen=True)
class Alteration:
    """How many rows of a raw table were altered; `overwritten` are columns changed in every row."""

    table: str
    deleted: int
    changed: int
    added: int
    overwritten: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "table": self.table,
            "deleted": self.deleted,
            "changed": self.changed,
            "added": self.added,
            "overwritten": list(self.overwritten),
        }


def copy_raw(
    scratch: Warehouse, registry: Registry, names: Sequence[str], raw: Mapping[str, str], sample: tuple[str, str] | None
) -> dict[str, str]:
    """Copies the raw tables that sources read into `original.<table>`, rows numbered; raw table -> relation.

    `sample` is a column and a relation of its values: of sources that return the column only their rows are copied, of
    others at most some twenty thousand. Fewer rows are a smaller world of its own, in which the same must hold.
    """
    uses = all_uses(registry, names)
    tables = [table for table in dict.fromkeys(use.table for use in uses) if table in raw]
    scratch.execute("CREATE SCHEMA IF NOT EXISTS original")
    numbered = {}
    for table in tables:
        numbered[table] = f"(SELECT *, ROW_NUMBER() OVER () AS {ROW} FROM {raw[table]})"
    by_table = {table: [use for use in uses if use.table == table] for table in tables}
    asked = {table: _asked_rows(by_table[table], raw[table], sample) for table in tables}
    if sample is not None and not all(asked.values()):
        _read_raw(scratch, registry, names, numbered)
    for table in tables:
        rows = asked[table] or numbered[table]
        if sample is not None and not asked[table]:
            wanted = [_sampled(scratch, use, sample, tables) for use in by_table[table]]
            union = " UNION ".join(part for part in wanted if part)
            rows = f"(SELECT * FROM {rows} WHERE {ROW} IN ({union}))" if union else rows
        scratch.execute(
            f'CREATE OR REPLACE TABLE original."{table}" AS '
            f"SELECT * REPLACE (ROW_NUMBER() OVER () AS {ROW}) FROM {rows}"
        )
    return {table: f'original."{table}"' for table in tables}


def alter_raw(
    scratch: Warehouse,
    registry: Registry,
    names: Sequence[str],
    as_of: datetime,
    *,
    seed: int,
    ways: Collection[str] = WAYS,
    overwrite: bool = True,
) -> tuple[dict[str, str], list[Alteration]]:
    """Makes `altered.<table>` of every `original.<table>`: (raw table -> relation, what was altered in each).

    A row is known at as_of if its source's own clocks say so; a row that no source reads is left alone. Where one raw
    table feeds several sources, a row known to one of them keeps the columns which that one reads.
    Raises LeadmartError `bad_source` where a source does not run row by row.
    """
    uses = all_uses(registry, names)
    tables = [row[0] for row in scratch.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'original'")]
    scratch.execute("CREATE SCHEMA IF NOT EXISTS altered")
    _read_raw(scratch, registry, names, {table: f'original."{table}"' for table in tables})
    by_table = {table: deciding_uses([use for use in uses if use.table == table]) for table in tables}
    for table, deciding in by_table.items():
        _mark_known(scratch, table, deciding, as_of, tables)
    counts = {}
    for table in tables:
        every = [use for use in uses if use.table == table]
        counts[table] = _alter(scratch, table, every, by_table[table], as_of, seed, ways, overwrite)
    _read_raw(scratch, registry, names, {table: f'altered."{table}"' for table in tables})
    found = []
    for table, deciding in by_table.items():
        rows, overwritten = counts[table]
        _forget_known_additions(scratch, table, deciding, as_of, rows, tables)
        ((added,),) = scratch.rows(f'SELECT COUNT(*) FROM altered."{table}" WHERE {ROW} > {rows}')
        ((deleted, changed),) = scratch.rows(
            f"SELECT COUNT(*) FILTER (WHERE way = 'deleted'), COUNT(*) FILTER (WHERE way = 'changed') "
            f'FROM original."{table} known"'
        )
        scratch.execute(f'DROP TABLE original."{table} known"')
        found.append(Alteration(table, deleted, changed, added, overwritten))
    return {table: f'altered."{table}"' for table in tables}, found


def _read_raw(scratch: Warehouse, registry: Registry, names: Sequence[str], relations: Mapping[str, str]) -> None:
    """Lets the sources' SELECTs read these relations as raw, and stages over them the logs that sources join."""
    uses = all_uses(registry, names)
    for table, relation in relations.items():
        clocks = {c: cast for use in uses if use.table == table for c, cast in clock_columns(use.source).items()}
        scratch.execute(f'CREATE OR REPLACE VIEW raw."{table}" AS {raw_rows(scratch, relation, clocks)}')
    joined = {j for name in names for definition in registry.source(name) for j in definition.joined}
    for (staged,) in scratch.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'staging'"):
        scratch.execute(f"DROP TABLE staging.{staged} CASCADE")
    if joined:
        scratch.raw = relations
        stage(scratch, registry, sorted(joined), frozenset(joined_first(registry, names)))


def _numbered_rows(scratch: Warehouse, use: Use, tables: Collection[str]) -> str:
    """The source's SELECT with its clocks as staging has them and the number of the raw row, `_shuffle_row`."""
    absent = [other.table for other in uses_of(use.source) if other.table not in tables]
    if absent:
        return ""
    depth, spot = 0, 0
    for token in use.source.tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and token.text.upper() == "SELECT":
            spot = token.end + 1
    text = use.source.text
    spliced = replace(use.source, text=f"{text[:spot]} {use.alias}.{ROW},{text[spot:]}")
    try:
        return with_clocks(scratch, spliced)
    except duckdb.Error as error:
        raise bad_source(use.source, error) from None


def _asked_rows(uses: Sequence[Use], relation: str, sample: tuple[str, str] | None) -> str:
    """The rows of a raw table that belong to a sample, found by its column alone; empty where a source must be asked.

    That is where each source reads the table alone and returns a column of it, cast or not, as the sample's.
    """
    from sqlglot import exp

    if sample is None:
        return ""
    column, drawn = sample
    conditions = []
    for use in uses:
        items = [item.unalias() for item in use.source.select.expressions if item.alias_or_name == column]
        value = items[0].this if items and isinstance(items[0], exp.Cast) else (items or [None])[0]
        if not isinstance(value, exp.Column) or len(uses_of(use.source)) > 1 or use.source.joined:
            return ""
        conditions.append(
            f"CAST({quoted_name(value.name)} AS VARCHAR) IN (SELECT CAST({column} AS VARCHAR) FROM {drawn})"
        )
    return f"(SELECT *, 0 AS {ROW} FROM {relation} WHERE {' OR '.join(conditions)})" if conditions else ""


def _sampled(scratch: Warehouse, use: Use, sample: tuple[str, str], tables: Collection[str]) -> str:
    rows = _numbered_rows(scratch, use, tables)
    column, relation = sample
    if not rows:
        return ""
    if column in {c.name for c in use.source.columns}:
        return f"SELECT {ROW} FROM {rows} WHERE {column} IN (SELECT {column} FROM {relation})"
    return f"SELECT * FROM (SELECT {ROW} FROM {rows} ORDER BY HASH({use.source.source_key[0]}) LIMIT {_UNKEYED})"


def _is_known(as_of: datetime) -> str:
    return f"BOOL_OR(COALESCE(occurred_at < {sql_literal(as_of)} AND ingested_at <= {sql_literal(as_of)}, FALSE))"


def _mark_known(
    scratch: Warehouse, table: str, deciding: Sequence[Use], as_of: datetime, tables: Collection[str]
) -> None:
    """Makes `original."<table> known"`: for every raw row, which use knows it at as_of, and whether any reads it."""
    items, joins = [f"o.{ROW}"], []
    reads = ["FALSE"]
    for number, use in enumerate(deciding):
        rows = _numbered_rows(scratch, use, tables)
        if not rows:
            items.append(f"FALSE AS known_{number}")
            continue
        items.append(f"COALESCE(u{number}.known, FALSE) AS known_{number}")
        reads.append(f"u{number}.{ROW} IS NOT NULL")
        joins.append(
            f"LEFT JOIN (SELECT {ROW}, {_is_known(as_of)} AS known FROM {rows} GROUP BY {ROW}) AS u{number} "
            f"ON u{number}.{ROW} = o.{ROW}"
        )
    scratch.execute(
        f'CREATE OR REPLACE TABLE original."{table} known" AS SELECT {", ".join(items)}, ({" OR ".join(reads)}) AS '
        f'is_read, CAST(NULL AS VARCHAR) AS way FROM original."{table}" AS o {" ".join(joins)}'
    )


def _alter(
    scratch: Warehouse,
    table: str,
    uses: Sequence[Use],
    deciding: Sequence[Use],
    as_of: datetime,
    seed: int,
    ways: Collection[str],
    overwrite: bool,
) -> tuple[int, tuple[str, ...]]:
    """Makes `altered.<table>`; the number of rows it began with, and the columns overwritten in every row."""
    columns = {c: kind for c, kind in scratch.columns(f'SELECT * FROM original."{table}"') if c != ROW}
    ((rows,),) = scratch.rows(f'SELECT COUNT(*) FROM original."{table}"')
    known = " OR ".join(f"known_{n}" for n in range(len(deciding)))
    picks = {frozenset({"deleted"}): "'deleted'", frozenset({"changed"}): "'changed'"}
    chance = f"HASH({ROW}, {seed}) % 3"
    pick = picks.get(
        frozenset(ways) & {"deleted", "changed"},
        f"CASE {chance} WHEN 0 THEN 'deleted' WHEN 1 THEN 'changed' END"
        if {"deleted", "changed"} <= set(ways)
        else "NULL",
    )
    # a row that one of several sources knows stays; what only the others read of it may change
    partly = pick if "'deleted'" not in pick else ("'changed'" if "changed" in ways else "NULL")
    everyone = " AND ".join(f"known_{n}" for n in range(len(deciding)))
    scratch.execute(
        f'UPDATE original."{table} known" SET way = CASE WHEN NOT is_read OR ({everyone}) THEN NULL '
        f"WHEN {known} THEN {partly} ELSE {pick} END"
    )
    steering = frozenset().union(*(use.steering for use in uses))
    overwritten = tuple(c for c in overwritten_columns(uses, columns) if overwrite)
    changed = {}
    for column, kind in columns.items():
        name = column.lower()
        readers = [n for n, use in enumerate(deciding) if name in use.read]
        if column in overwritten:
            changed[column] = _perturbed(column, kind)
        elif readers and name not in steering:
            unknown = " OR ".join(f"k.known_{n}" for n in readers)
            changed[column] = (
                f"CASE WHEN k.way = 'changed' AND NOT ({unknown}) THEN {_perturbed(column, kind)} "
                f'ELSE o."{column}" END'
            )
    donor = f"1 + HASH(o.{ROW}, {seed}, 'donor') % {max(rows, 1)}"
    source = (
        f'FROM original."{table}" AS o JOIN original."{table} known" AS k ON k.{ROW} = o.{ROW} '
        f'JOIN original."{table}" AS d ON d.{ROW} = {donor}'
    )
    items = ", ".join(f'{changed[c]} AS "{c}"' if c in changed else f'o."{c}"' for c in columns)
    scratch.execute(
        f'CREATE OR REPLACE TABLE altered."{table}" AS SELECT {items}, o.{ROW} {source} '
        f"WHERE k.way IS DISTINCT FROM 'deleted' ORDER BY o.{ROW}"
    )
    if "added" in ways:
        _add(scratch, table, uses, columns, source, rows, as_of, seed)
    return rows, overwritten


def _add(
    scratch: Warehouse,
    table: str,
    uses: Sequence[Use],
    columns: Mapping[str, str],
    source: str,
    rows: int,
    as_of: datetime,
    seed: int,
) -> None:
    """Adds later rows, half of them under new keys and half under old: just at as_of, arriving late, or later."""
    keys = frozenset().union(*(use.key for use in uses))
    occurred = frozenset().union(*(use.occurred for use in uses))
    clocks = occurred | frozenset().union(*(use.ingested for use in uses))
    read = frozenset().union(*(use.read for use in uses))
    is_new = f"HASH(o.{ROW}, {seed}, 'key') % 2 = 0"
    how = f"HASH(o.{ROW}, {seed}, 'clock') % 4"
    days = f"TO_DAYS(CAST(1 + HASH(o.{ROW}, {seed}, 'days') % 300 AS INTEGER))"
    moment = sql_literal(as_of)
    one = "INTERVAL 1 MICROSECOND"
    items = []
    for column, kind in columns.items():
        name = column.lower()
        own = f'o."{column}"'
        if name in clocks:
            late = [f"{moment} + {one}", f"{moment} + {days}"]
            first, second = (own, own) if name in occurred and clocks - occurred else map(_as(kind, own), late)
            at = _as(kind, own)
            items.append(
                f"CASE {how} WHEN 0 THEN {at(moment)} WHEN 1 THEN {first} WHEN 2 THEN {second} "
                f"ELSE {at(f'{moment} + {days}')} END"
            )
        elif name in keys:
            items.append(f"CASE WHEN {is_new} THEN {_another(own, kind)} ELSE {own} END")
        elif name in read:
            items.append(
                f"CASE WHEN HASH(o.{ROW}, {seed}, 'value') % 2 = 0 THEN {own} ELSE {_perturbed(column, kind)} END"
            )
        else:
            items.append(own)
    named = ", ".join(f'{item} AS "{c}"' for item, c in zip(items, columns, strict=True))
    scratch.execute(
        f'INSERT INTO altered."{table}" BY NAME SELECT {named}, o.{ROW} + {rows} AS {ROW} {source} '
        f"WHERE k.is_read ORDER BY HASH(o.{ROW}, {seed}, 'add') LIMIT {_MOST_ADDED}"
    )


def _forget_known_additions(
    scratch: Warehouse, table: str, deciding: Sequence[Use], as_of: datetime, rows: int, tables: Collection[str]
) -> None:
    """Takes back added rows that are known at as_of after all: an assumed clock may move an arrival."""
    for use in deciding:
        numbered = _numbered_rows(scratch, use, tables)
        if numbered:
            scratch.execute(
                f'DELETE FROM altered."{table}" WHERE {ROW} > {rows} AND {ROW} IN '
                f"(SELECT {ROW} FROM {numbered} GROUP BY {ROW} HAVING {_is_known(as_of)})"
            )


def _perturbed(column: str, kind: str) -> str:
    """Another row's value, moved a little where the type allows, so that equal values differ too."""
    own, other = f'o."{column}"', f'd."{column}"'
    if kind == "BOOLEAN":
        return f"COALESCE(NOT {own}, {other})"
    if _is_integer(kind) or kind.startswith("DECIMAL") or kind in ("DOUBLE", "FLOAT"):
        return f"TRY_CAST(COALESCE({other}, {own}) + 1 + HASH(o.{ROW}, 'n') % 7 AS {kind})"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"CAST(COALESCE({other}, {own}) + INTERVAL 1 DAY AS {kind})"
    if kind == "VARCHAR":
        return f"CASE WHEN {other} IS DISTINCT FROM {own} THEN {other} ELSE {own} || '~' END"
    return other


def _another(own: str, kind: str) -> str:
    if _is_integer(kind):
        return f"TRY_CAST({own} + 1000000007 AS {kind})"
    return f"{own} || '~new'" if kind == "VARCHAR" else own


def _as(kind: str, own: str) -> Callable[[str], str]:
    """A function that writes a moment as a column holds it: text, day, or seconds since 1970."""

    def written(moment: str) -> str:
        if _is_integer(kind) or kind in ("DOUBLE", "FLOAT"):
            unit = f"CASE WHEN {own} > 100000000000 THEN 1000 ELSE 1 END"
            return f"TRY_CAST(CEIL(EPOCH({moment})) * {unit} AS {kind})"
        return f"TRY_CAST({moment} AS {kind})"

    return written


def _is_integer(kind: str) -> bool:
    return kind in (
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
    )
