"""Staging: every source as one deduplicated log with two clocks, made from raw by the connectors' SELECTs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from leadmart.features.definition import CLOCKS, Definition, positions
from leadmart.features.errors import LeadmartError
from leadmart.features.fingerprint import digest
from leadmart.features.raw import attach_raw_file, detach_raw_file, raw_columns_read, raw_tables, raw_versions
from leadmart.features.registry import Registry
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
    tables = {name.lower() for name in raw_tables(warehouse)}
    fed = {d.name for d in registry.all("source") if _raw_names(d) <= tables}
    have = registry.project.settings.sources.have
    if have is None:
        return frozenset(fed)
    for name in have:
        definitions = registry.source(name)
        if name not in fed:
            wanted = sorted({name for d in definitions for name in _raw_names(d)} - tables)
            raise LeadmartError(
                f"the project says it has {name}, and raw.{', raw.'.join(wanted)} is not loaded",
                code="raw_missing",
                hint=f"`leadmart load {wanted[0]} FILE`, or take {name} out of [sources] have",
            )
    return frozenset(have)


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


def stage(warehouse: Warehouse, registry: Registry, names: Iterable[str], present: frozenset[str]) -> None:
    """Makes `staging.<name>` for each source that the session does not have yet; an absent one is empty.

    Of rows with one key the first known counts. Rows with a NULL clock can never be known and are left out.
    Raises LeadmartError `bad_source` where a connector's SELECT does not run.
    """
    made = {
        row[0]
        for row in warehouse.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'staging' AND database_name = 'memory'"
        )
    }
    wanted = [name for name in joined_first(registry, names) if name not in made]
    if not wanted:
        return
    raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
    attach_raw_file(warehouse)
    try:
        for name in wanted:
            _stage_one(warehouse, registry, name, raw if name in present else {})
    finally:
        detach_raw_file(warehouse)


def stage_joined(warehouse: Warehouse, registry: Registry, names: Iterable[str]) -> None:
    """Makes the staging tables that sources join, so that their SELECTs can run."""
    joined = {j for name in names for definition in registry.source(name) for j in definition.joined}
    if joined:
        stage(warehouse, registry, sorted(joined), present_sources(warehouse, registry))


def _raw_names(source: Definition) -> set[str]:
    """The raw tables a source reads."""
    return {read.name for read in source.reads if read.schema != "staging"}


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


def _stage_one(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]) -> None:
    _, select = staging_select(warehouse, registry, name, raw)
    try:
        warehouse.execute(f"CREATE TABLE staging.{name} AS {select}")
    except duckdb.Error as error:
        raise bad_source(registry.source(name)[0], error) from None


def staging_select(
    warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]
) -> tuple[list[str], str]:
    """The `CREATE VIEW raw.…` statements a source needs, already run, and the SELECT that gives its staging rows.

    `raw` maps raw tables to relations; where none of the source's connectors is fed, its raw tables are empty.
    """
    views, union = _every_row(warehouse, registry, name, raw)
    key = ", ".join(registry.source(name)[0].source_key)
    everything = ", ".join(f'"{c}"' for c, _ in warehouse.columns(union))
    return views, (
        f"SELECT * FROM ({union}) WHERE occurred_at IS NOT NULL AND ingested_at IS NOT NULL "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} "
        f"ORDER BY GREATEST(occurred_at + INTERVAL 1 MICROSECOND, ingested_at), {everything}) = 1"
    )


@dataclass(frozen=True)
class Remark:
    """What `load` says of a source after its raw table grew: rows that will not count as one may expect."""

    source: str
    changed_keys: int
    rows_without_clock: int

    def words(self) -> list[str]:
        """One sentence for each count that is not 0."""
        found = []
        if self.changed_keys:
            found.append(
                f"{self.source}: {self.changed_keys:,} keys come back with other values, though its rows are said "
                "to be appended; the row first known counts"
            )
        if self.rows_without_clock:
            found.append(f"{self.source}: {self.rows_without_clock:,} rows have no clock and can never be known")
        return found


def remarks_on(warehouse: Warehouse, registry: Registry, table: str) -> list[Remark]:
    """Remarks on the sources that read a raw table: keys that come back changed in a log, rows without a clock."""
    raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
    names = {d.name for d in registry.all("source") if table.lower() in _raw_names(d)}
    stage_joined(warehouse, registry, names)
    found = []
    attach_raw_file(warehouse)
    try:
        for name in sorted(names):
            definition = registry.source(name)[0]
            _, union = _every_row(warehouse, registry, name, raw)
            key = ", ".join(definition.source_key)
            changed = 0
            if definition.header.get("rows") == "appended":
                ((changed,),) = warehouse.rows(
                    f"SELECT COUNT(*) FROM (SELECT {key} FROM (SELECT DISTINCT * EXCLUDE (ingested_at) FROM ({union})) "
                    f"GROUP BY {key} HAVING COUNT(*) > 1)"
                )
            ((clockless,),) = warehouse.rows(
                f"SELECT COUNT(*) FROM ({union}) WHERE occurred_at IS NULL OR ingested_at IS NULL"
            )
            found.append(Remark(name, changed, clockless))
    finally:
        detach_raw_file(warehouse)
    return found


def _every_row(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]) -> tuple[list[str], str]:
    """The raw views of a source, already made, and the union of its connectors' rows, no key told apart yet."""
    definitions = registry.source(name)
    fed = [d for d in definitions if _raw_names(d) <= raw.keys()]
    parts, views = [], []
    for definition in fed or definitions[:1]:
        for table, columns in raw_columns_read(definition).items():
            empty = ", ".join(f'CAST(NULL AS VARCHAR) AS "{c}"' for c in sorted(columns))
            relation = raw.get(table.lower()) if fed else None
            rows = f"SELECT * FROM {relation}" if relation else f"SELECT {empty} WHERE FALSE"
            views.append(f'CREATE OR REPLACE VIEW raw."{table}" AS {rows}')
            warehouse.execute(views[-1])
        try:
            parts.append(with_clocks(warehouse, definition))
        except duckdb.Error as error:
            raise bad_source(definition, error) from None
    return views, " UNION ALL BY NAME ".join(parts)


def with_clocks(warehouse: Warehouse, definition: Definition) -> str:
    """The definition's SELECT with both clocks as UTC timestamps: a DATE is its day's end, guesses applied."""
    text, others = _with_joined_clocks(definition)
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
    if assumed := definition.header.get("assumed"):
        clocks["ingested_at"] = _assumed_clock(definition, assumed, clocks)
    for clock in CLOCKS if others else ():  # GREATEST alone skips NULLs: a clock that is not known makes none
        both = [clocks[clock], *(f"{other}_{clock}" for other in others)]
        known = " AND ".join(f"{each} IS NOT NULL" for each in both)
        clocks[clock] = f"CASE WHEN {known} THEN GREATEST({', '.join(both)}) END"
    replaced = ", ".join(f"{sql} AS {clock}" for clock, sql in clocks.items())
    left_out = ", ".join(f"{other}_{clock}" for other in others for clock in CLOCKS)
    rest = f"* EXCLUDE ({left_out})" if others else "*"
    return f"(SELECT {rest} REPLACE ({replaced}) FROM ({text}\n))"


def _with_joined_clocks(definition: Definition) -> tuple[str, list[str]]:
    """A source's text with the clocks of the logs it joins as further columns, and the prefixes of their names."""
    from sqlglot import exp
    from sqlglot.dialects.duckdb import DuckDB

    aliases = [t.alias_or_name for t in definition.tree.find_all(exp.Table) if t.db.lower() == "staging"]
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


def _assumed_clock(definition: Definition, words: str, clocks: Mapping[str, str]) -> str:
    """`ingested_at is occurred_at + INTERVAL 1 HOUR before 2026-01-15` as SQL: older stamps become the guess."""
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
    if not matched["before"]:
        return guess
    stamp = clocks["ingested_at"]
    return f"CASE WHEN {stamp} < TIMESTAMP '{matched['before']}' THEN {guess} ELSE {stamp} END"


def bad_source(definition: Definition, error: duckdb.Error) -> LeadmartError:
    words = [line.strip() for line in str(error).splitlines() if line.strip()]
    return LeadmartError(
        f"source {definition.name} does not run: {words[0]}",
        code="bad_source",
        place=definition.place(),
        hint='compare the columns it reads with `leadmart sql "DESCRIBE …"`' if "Binder" in words[0] else "",
    )
