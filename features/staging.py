"""Staging: every source as one deduplicated log with two clocks, made from raw by the connectors' SELECTs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import duckdb

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.fingerprint import digest
from leadmart.features.lint import CLOCKS
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
    fed = {d.name for d in registry.all("source") if {r.name for r in d.reads} <= tables}
    have = registry.project.settings.sources.have
    if have is None:
        return frozenset(fed)
    for name in have:
        definitions = registry.source(name)
        if name not in fed:
            wanted = sorted({r.name for d in definitions for r in d.reads} - tables)
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
                (d.connector, registry.token_hash(d), [versions.get(r.name) for r in d.reads])
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
    wanted = [name for name in dict.fromkeys(names) if name not in made]
    if not wanted:
        return
    raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
    attach_raw_file(warehouse)
    try:
        for name in wanted:
            _stage_one(warehouse, registry, name, raw if name in present else {})
    finally:
        detach_raw_file(warehouse)


def _stage_one(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]) -> None:
    _, select = staging_select(warehouse, registry, name, raw)
    try:
        warehouse.execute(f"CREATE TABLE staging.{name} AS {select}")
    except duckdb.Error as error:
        raise _bad_source(registry.source(name)[0], error) from None


def staging_select(
    warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]
) -> tuple[list[str], str]:
    """The `CREATE VIEW raw.…` statements a source needs, already run, and the SELECT that gives its staging rows.

    `raw` maps raw tables to relations; where none of the source's connectors is fed, its raw tables are empty.
    """
    views, union = every_row(warehouse, registry, name, raw)
    key = ", ".join(registry.source(name)[0].source_key)
    everything = ", ".join(f'"{c}"' for c, _ in warehouse.columns(union))
    return views, (
        f"SELECT * FROM ({union}) WHERE occurred_at IS NOT NULL AND ingested_at IS NOT NULL "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} "
        f"ORDER BY GREATEST(occurred_at + INTERVAL 1 MICROSECOND, ingested_at), {everything}) = 1"
    )


def every_row(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]) -> tuple[list[str], str]:
    """The raw views of a source, already made, and the union of its connectors' rows, no key told apart yet."""
    definitions = registry.source(name)
    fed = [d for d in definitions if {r.name for r in d.reads} <= raw.keys()]
    parts, views = [], []
    for definition in fed or definitions[:1]:
        for table, columns in raw_columns_read(definition).items():
            empty = ", ".join(f'CAST(NULL AS VARCHAR) AS "{c}"' for c in sorted(columns))
            relation = raw.get(table.lower()) if fed else None
            rows = _utc_rows(warehouse, relation, definition, table) if relation else f"SELECT {empty} WHERE FALSE"
            views.append(f'CREATE OR REPLACE VIEW raw."{table}" AS {rows}')
            warehouse.execute(views[-1])
        try:
            parts.append(_with_clocks(warehouse, definition))
        except duckdb.Error as error:
            raise _bad_source(definition, error) from None
    return views, " UNION ALL BY NAME ".join(parts)


def _utc_rows(warehouse: Warehouse, relation: str, definition: Definition, table: str) -> str:
    """The rows of a raw relation, text that the source only casts to TIMESTAMP as UTC timestamps already.

    DuckDB's cast of text to TIMESTAMP drops the offset: 02:00+02:00 would be 02:00. Text that `load` brought in is UTC
    by then; this is for files and tables read in place.
    """
    from sqlglot import exp

    aliases = {t.alias_or_name: t.name for t in definition.tree.find_all(exp.Table)}
    casts: dict[str, set[str]] = {}
    for column in definition.tree.find_all(exp.Column):
        if aliases.get(column.table, table) == table:
            above = column.parent
            is_stamp = isinstance(above, exp.Cast) and above.to.sql("duckdb") == "TIMESTAMP"
            kind = ("TRY_CAST" if isinstance(above, exp.TryCast) else "CAST") if is_stamp else ""
            casts.setdefault(column.name.lower(), set()).add(kind)
    stamps = {name: kinds.pop() for name, kinds in casts.items() if len(kinds) == 1 and "" not in kinds}
    if not stamps:
        return f"SELECT * FROM {relation}"
    texts = [name for name, kind in warehouse.columns(f"SELECT * FROM {relation}") if kind == "VARCHAR"]
    replaced = ", ".join(
        f"""CAST({stamps[name.lower()]}(NULLIF("{name}", '') AS TIMESTAMPTZ) AS TIMESTAMP) AS "{name}\""""
        for name in texts
        if name.lower() in stamps
    )
    return f"SELECT * REPLACE ({replaced}) FROM {relation}" if replaced else f"SELECT * FROM {relation}"


def _with_clocks(warehouse: Warehouse, definition: Definition) -> str:
    """The definition's SELECT with both clocks as UTC timestamps: a DATE is its day's end, guesses applied."""
    clocks = _utc_clocks(warehouse, definition)
    if assumption := _assumption(definition, clocks):
        guess, is_guessed = assumption
        clocks["ingested_at"] = f"CASE WHEN {is_guessed} THEN {guess} ELSE {clocks['ingested_at']} END"
    replaced = ", ".join(f"{sql} AS {clock}" for clock, sql in clocks.items())
    return f"(SELECT * REPLACE ({replaced}) FROM ({definition.statement}\n))"


def _utc_clocks(warehouse: Warehouse, definition: Definition) -> dict[str, str]:
    """Both clocks of a source's SELECT as SQL that gives UTC timestamps. Raises LeadmartError `bad_source`."""
    types = dict(warehouse.columns(definition.statement))
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


def assumed_select(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str]) -> str:
    """A SELECT with a row for each raw row whose arrival is assumed: `is_late` where it came later than that.

    `raw` as in `staging_select`; rows of connectors that assume nothing are not there.
    """
    every_row(warehouse, registry, name, raw)
    parts = []
    for definition in registry.source(name):
        if "assumed" not in definition.header or not {r.name for r in definition.reads} <= raw.keys():
            continue
        clocks = _utc_clocks(warehouse, definition)
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


def _bad_source(definition: Definition, error: duckdb.Error) -> LeadmartError:
    words = [line.strip() for line in str(error).splitlines() if line.strip()]
    return LeadmartError(
        f"source {definition.name} does not run: {words[0]}",
        code="bad_source",
        place=definition.place(),
        hint='compare the columns it reads with `leadmart sql "DESCRIBE …"`' if "Binder" in words[0] else "",
    )
