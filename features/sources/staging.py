"""Staging: every source as one deduplicated log with two clocks, made from raw by the connectors' SELECTs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.definition import CLOCKS, Definition, positions, raw_columns_read, raw_names
from leadmart.features.erasure.guard import belongs_to_erased, erased_digest
from leadmart.features.erasure.marks import entity_key
from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.fingerprint import digest
from leadmart.features.raw.clock import clock_columns, clock_sql
from leadmart.features.raw.tables import loaded_batches, raw_tables, raw_versions, refuse_unequal_files
from leadmart.features.registry import Registry
from leadmart.features.sources.changes import changes_only
from leadmart.features.warehouse import Warehouse

_ASSUMED = re.compile(
    r"^ingested_at is occurred_at(?: \+ INTERVAL (?P<count>\d+) (?P<unit>MICROSECOND|SECOND|MINUTE|HOUR|DAY)S?)?"
    r"(?: before (?P<before>\d{4}-\d{2}-\d{2}))?$",
    re.IGNORECASE,
)


def present_sources(warehouse: Warehouse, registry: Registry) -> frozenset[str]:
    """The sources that have raw rows to read, of those the project says it has.

    Raises LeadmartError `raw_missing` where `[sources] have` names one that no loaded table feeds.
    """
    fed = fed_sources(warehouse, registry)
    have = registry.project.settings.sources.have
    if have is None:
        return fed
    tables = {name.lower() for name in raw_tables(warehouse)}
    for name in have:
        definitions = registry.source(name)
        if name not in fed:
            wanted = sorted({name for d in definitions for name in raw_names(d)} - tables)
            raise LeadmartError(
                f"the project says it has {name}, and raw.{', raw.'.join(wanted)} is not loaded",
                code="raw_missing",
                place=registry.project.place_of(name),
                hint=f"`leadmart load {wanted[0]} FILE`, or take {name} out of [sources] have",
            )
    return frozenset(have)


def fed_sources(warehouse: Warehouse, registry: Registry) -> frozenset[str]:
    """The sources whose raw tables are there, whatever the project says it has."""
    tables = {name.lower() for name in raw_tables(warehouse)}
    return frozenset(d.name for d in registry.all("source") if raw_names(d) <= tables)


def source_inputs(warehouse: Warehouse, registry: Registry, names: Iterable[str]) -> dict[str, str]:
    """Each source's identity with its rows: tokens of its definitions and the contents of the raw tables they read."""
    versions = {name.lower(): version for name, version in raw_versions(warehouse).items()}
    return {
        name: digest(
            [
                (
                    d.connector,
                    registry.token_hash(d),
                    [versions.get(r.name) for r in d.reads if r.schema != "staging"],
                    *([source_inputs(warehouse, registry, d.joined)] if d.joined else []),
                )
                for d in registry.source(name)
            ]
        )
        for name in names
    }


def joined_first(registry: Registry, names: Iterable[str], path: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Sources, each after those it joins. Raises LeadmartError `circular_read` where two join each other."""
    found: dict[str, None] = {}
    for name in names:
        if name in path:
            raise LeadmartError(
                f"source {name} joins itself through {' -> '.join(path)}",
                code="circular_read",
                place=registry.source(name)[0].place(line=1),
            )
        joined = [j for definition in registry.source(name) for j in definition.joined]
        found.update(dict.fromkeys(joined_first(registry, joined, (*path, name))))
        found[name] = None
    return tuple(found)


def staging_select(
    warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]
) -> tuple[list[str], str]:
    """The `CREATE VIEW raw.…` statements a source needs, already run, and the SELECT that gives its staging rows.

    `raw` maps raw tables to relations; where none of the source's connectors is fed, its raw tables are empty.
    """
    views, union = every_row(warehouse, registry, name, raw)
    definition = fed_definitions(registry, name, raw)[0]
    key = ", ".join(definition.source_key)
    everything = ", ".join(f'"{c}"' for c, _ in warehouse.columns(union))
    return views, changes_only(
        definition,
        f"SELECT * FROM ({union}) WHERE occurred_at IS NOT NULL AND ingested_at IS NOT NULL "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} "
        f"ORDER BY GREATEST(occurred_at + INTERVAL 1 MICROSECOND, ingested_at), {everything}) = 1",
    )


_STAMPS = {"_changed_at": "TIMESTAMP", "_loaded_at": "TIMESTAMP", "_deleted": "BOOLEAN"}
"""The columns that leadmart itself adds to raw rows."""


def fed_definitions(registry: Registry, name: str, raw: Mapping[str, str]) -> Sequence[Definition]:
    """The source's definitions whose raw tables are there; where none is fed, the first, which then reads as empty."""
    definitions = registry.source(name)
    return [d for d in definitions if raw_names(d) <= raw.keys()] or definitions[:1]


def every_row(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]) -> tuple[list[str], str]:
    """The raw views of a source, already made, and the union of its connectors' rows, no key told apart yet."""
    parts, views = [], []
    clocks = {column: cast for d in fed_definitions(registry, name, raw) for column, cast in clock_columns(d).items()}
    for definition in fed_definitions(registry, name, raw):
        fed = raw_names(definition) <= raw.keys()
        for table, columns in raw_columns_read(definition).items():
            empty = ", ".join(f'CAST(NULL AS {_STAMPS.get(c, "VARCHAR")}) AS "{c}"' for c in sorted(columns))
            relation = raw.get(table.lower()) if fed else None
            if relation and relation.startswith("read_parquet"):
                refuse_unequal_files(warehouse, table, columns)
            rows = raw_rows(warehouse, relation, clocks) if relation else f"SELECT {empty} WHERE FALSE"
            views.append(f'CREATE OR REPLACE VIEW raw."{table}" AS {rows}')
            warehouse.execute(views[-1])
        try:
            parts.append(_without_erased(warehouse, registry, definition, with_clocks(warehouse, definition)))
        except duckdb.Error as error:
            raise bad_source(definition, error) from None
    return views, " UNION ALL BY NAME ".join(parts)


def _without_erased(warehouse: Warehouse, registry: Registry, definition: Definition, rows: str) -> str:
    """A source's rows without those of erased people, where raw may still have them.

    What `load` keeps has none; a table read in place may, and logs that are joined may tell it only together.
    """
    if erased_digest(warehouse) is None:
        return rows
    kept = {table.lower() for table in loaded_batches(warehouse)} if warehouse.raw is None else set()
    if not definition.joined and raw_names(definition) <= kept:
        return rows
    belongs = belongs_to_erased(warehouse, definition, entity_key(registry))
    return f"(SELECT * FROM {rows} WHERE NOT {belongs})" if belongs else rows


def raw_rows(warehouse: Warehouse, relation: str, clocks: Mapping[str, str]) -> str:
    """The rows of a raw table, its clocks as the UTC timestamps that they mean."""
    columns = warehouse.columns(f"SELECT * FROM {relation}")
    read = {name: clock_sql(name, kind, clocks[name.lower()]) for name, kind in columns if name.lower() in clocks}
    replaced = ", ".join(f'{sql} AS "{name}"' for name, sql in read.items() if sql)
    return f"SELECT * REPLACE ({replaced}) FROM {relation}" if replaced else f"SELECT * FROM {relation}"


def with_clocks(warehouse: Warehouse, definition: Definition) -> str:
    """The definition's SELECT with both clocks as UTC timestamps: a DATE is its day's end, guesses applied."""
    text, others = _with_joined_clocks(definition)
    clocks = _utc_clocks(warehouse, definition, text)
    if assumption := _assumption(definition, clocks):
        guess, is_guessed = assumption
        clocks["ingested_at"] = f"CASE WHEN {is_guessed} THEN {guess} ELSE {clocks['ingested_at']} END"
    for clock in CLOCKS if others else ():  # GREATEST alone skips NULLs: a clock that is not known makes none
        both = [clocks[clock], *(f"{other}_{clock}" for other in others)]
        known = " AND ".join(f"{each} IS NOT NULL" for each in both)
        clocks[clock] = f"CASE WHEN {known} THEN GREATEST({', '.join(both)}) END"
    replaced = ", ".join(f"{sql} AS {clock}" for clock, sql in clocks.items())
    left_out = ", ".join(f"{other}_{clock}" for other in others for clock in CLOCKS)
    rest = f"* EXCLUDE ({left_out})" if others else "*"
    return f"(SELECT {rest} REPLACE ({replaced}) FROM ({text}\n))"


def _utc_clocks(warehouse: Warehouse, definition: Definition, text: str) -> dict[str, str]:
    """Both clocks of a source's SELECT as SQL that gives UTC timestamps. Raises LeadmartError `bad_source`."""
    types = dict(warehouse.columns(text))
    clocks = {}
    for clock in CLOCKS:
        kind = types.get(clock, "")
        if kind == "DATE":
            clocks[clock] = f"CAST({clock} AS TIMESTAMP) + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND"
        elif kind.startswith("TIMESTAMP"):
            clocks[clock] = f"CAST({clock} AS TIMESTAMP)"
        else:
            raise LeadmartError(
                f"{clock} of source {definition.name} is {kind or 'missing'}, not a timestamp",
                code="bad_source",
                place=next(
                    (definition.place_at(c.start, len(c.name)) for c in definition.columns if c.name == clock),
                    definition.place(),
                ),
                hint=f"select `CAST(… AS TIMESTAMP) AS {clock}`",
            )
    return clocks


def _with_joined_clocks(definition: Definition) -> tuple[str, list[str]]:
    """A source's text with the clocks of the logs it joins as further columns, and the prefixes of their names."""
    from sqlglot import exp
    from sqlglot.dialects.duckdb import DuckDB

    aliases = [t.alias_or_name for t in definition.find_all(exp.Table) if t.db.lower() == "staging"]
    if not definition.joined or not aliases:
        return definition.statement, []
    root = min(positions(definition.select.args["from_"]))
    start = max(t.start for t in DuckDB().tokenize(definition.text[:root]) if t.text.upper() == "FROM")
    prefixes = [f"joined_{number}" for number in range(len(aliases))]
    columns = [
        f'"{alias}".{clock} AS {prefix}_{clock}'
        for alias, prefix in zip(aliases, prefixes, strict=True)
        for clock in CLOCKS
    ]
    text = definition.statement
    return f"{text[:start]}, {', '.join(columns)}\n{text[start:]}", prefixes


@dataclass(frozen=True)
class AssumedRows:
    """Raw rows of a source whose arrival is assumed, and those of them that came later than that."""

    rows: int = 0
    late: int = 0

    def __add__(self, other: AssumedRows) -> AssumedRows:
        return AssumedRows(self.rows + other.rows, self.late + other.late)


def assumed_rows(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]) -> AssumedRows:
    """Counts the raw rows of a source whose arrival is assumed; `raw` as in `staging_select`.

    A table's first load is what the guess is made for: when its rows came is not known, so they are never late.
    """
    if not any("assumed" in d.header for d in fed_definitions(registry, name, raw)):
        return AssumedRows()
    firsts = dict(
        warehouse.rows("SELECT LOWER(table_name), MIN(loaded_at) FROM store.meta.loads GROUP BY LOWER(table_name)")
    )
    later = {
        table: f"(SELECT * FROM {relation} WHERE _loaded_at > {sql_literal(firsts[table])})"
        if table in firsts
        else relation
        for table, relation in raw.items()
    }
    ((rows,),) = warehouse.rows(f"SELECT COUNT(*) FROM ({_assumed_select(warehouse, registry, name, raw)})")
    select = _assumed_select(warehouse, registry, name, later)
    ((late,),) = warehouse.rows(f"SELECT COUNT(*) FILTER (WHERE is_late) FROM ({select})")
    return AssumedRows(int(rows), int(late))


def _assumed_select(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]) -> str:
    """A SELECT with a row for each raw row whose arrival is assumed: `is_late` where it came later than that.

    `raw` as in `staging_select`; rows of connectors that assume nothing are not there.
    """
    every_row(warehouse, registry, name, raw)
    parts = []
    for definition in fed_definitions(registry, name, raw):
        if "assumed" not in definition.header:
            continue
        clocks = _utc_clocks(warehouse, definition, definition.statement)
        guess, is_guessed = _assumption(definition, clocks) or ("", "")
        late = f"{clocks['ingested_at']} > {guess}"
        parts.append(f"SELECT {late} AS is_late FROM ({definition.statement}\n) WHERE {is_guessed}")
    return " UNION ALL ".join(parts) or "SELECT FALSE AS is_late WHERE FALSE"


def _assumption(definition: Definition, clocks: Mapping[str, str]) -> tuple[str, str] | None:
    """`ingested_at is occurred_at + INTERVAL 1 HOUR before 2026-01-15` as SQL: the guess, and where it counts.

    None where the source assumes nothing.
    """
    words = definition.header.get("assumed")
    if not words:
        return None
    matched = _ASSUMED.match(words)
    if not matched:
        raise LeadmartError(
            f"source {definition.name} assumes something that cannot be read: {words}",
            code="bad_header",
            place=definition.place(line=1),
            hint="write `-- assumed: ingested_at is occurred_at + INTERVAL 1 HOUR before 2026-01-15`",
        )
    guess = clocks["occurred_at"]
    if matched["count"]:
        guess = f"{guess} + INTERVAL {matched['count']} {matched['unit'].upper()}"
    return guess, f"{clocks['ingested_at']} < TIMESTAMP '{matched['before']}'" if matched["before"] else "TRUE"


def bad_source(definition: Definition, error: duckdb.Error) -> LeadmartError:
    words = first_line(error)
    return LeadmartError(
        f"source {definition.name} does not run: {words}",
        code="bad_source",
        place=definition.place(),
        hint="`leadmart audit` lists the raw tables and their columns" if "Binder" in words else "",
    )
