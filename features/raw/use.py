"""How sources read raw tables: which columns, and which of them decide what rows there are and when they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leadmart.features.clock import sql_literal
from leadmart.features.definition import CLOCKS, Definition
from leadmart.features.literals import quoted_name
from leadmart.features.registry import Registry
from leadmart.features.sources.staged import WHOLE, Bounds
from leadmart.features.warehouse import Warehouse


@dataclass(frozen=True)
class Use:
    """How one source reads one raw table; the columns are the raw table's, in lower case.

    `steering` are those that clocks, keys, filters and joins are made of: they decide which rows there are.
    """

    source: Definition
    table: str
    alias: str
    is_root: bool
    read: frozenset[str]
    key: frozenset[str]
    occurred: frozenset[str]
    ingested: frozenset[str]
    steering: frozenset[str]


def uses_of(definition: Definition) -> tuple[Use, ...]:
    """The raw tables a source reads, its first one as the root, and which of their columns decide what."""
    from sqlglot import exp

    tables = [t for t in definition.find_all(exp.Table) if t.db.lower() == "raw"]
    aliases = {t.alias_or_name.lower(): t.name.lower() for t in tables}
    by_alias: dict[str, dict[str, set[str]]] = {alias: {} for alias in aliases}
    selected: dict[int, str] = {}
    for item in definition.select.expressions:
        for column in item.find_all(exp.Column):
            selected[id(column)] = item.alias_or_name.lower()
    keys = {name.lower() for name in definition.source_key}
    for column in definition.find_all(exp.Column):
        alias = column.table.lower() or next(iter(aliases), "")
        if alias not in by_alias:
            continue
        name, output = column.name.lower(), selected.get(id(column))
        roles = by_alias[alias]
        roles.setdefault("read", set()).add(name)
        if output is not None and output in CLOCKS:
            roles.setdefault(output, set()).add(name)
        elif output in keys:
            roles.setdefault("key", set()).add(name)
        if output is None or output in CLOCKS or output in keys:
            roles.setdefault("steering", set()).add(name)
    return tuple(
        Use(
            definition, table, alias, number == 0,
            frozenset(by_alias[alias].get("read", ())),
            frozenset(by_alias[alias].get("key", ())),
            frozenset(by_alias[alias].get("occurred_at", ())),
            frozenset(by_alias[alias].get("ingested_at", ())),
            frozenset(by_alias[alias].get("steering", ())),
        )
        for number, (alias, table) in enumerate(aliases.items())
    )  # fmt: skip


def all_uses(registry: Registry, names: Sequence[str]) -> list[Use]:
    """Every use that the sources of the names make of raw tables."""
    return [use for name in names for source in registry.source(name) for use in uses_of(source)]


def deciding_uses(uses: Sequence[Use]) -> list[Use]:
    """The uses whose clocks are the table's own: where it is only joined, another log's clock would speak for it."""
    return [use for use in uses if use.is_root] or list(uses)


def overwritten_columns(uses: Sequence[Use], columns: Iterable[str]) -> list[str]:
    """The columns of a table updated in place that no source calls frozen; none where a source says `appended`."""
    if not uses or any("frozen" not in use.source.header for use in uses):
        return []
    frozen = {name.strip().lower() for use in uses for name in use.source.header["frozen"].replace(";", ",").split(",")}
    return [c for c in columns if c.lower() not in frozen and not c.startswith("_")]


def recent_rows(
    warehouse: Warehouse, uses: Sequence[Use], raw: Mapping[str, str], bounds: Mapping[str, Bounds], more_than: int
) -> dict[str, str]:
    """Raw tables of more loaded rows than `more_than`, without those that happened long before anything is read.

    A table is cut where each use takes `occurred_at` from one timestamp of it and reads its source no further back than
    a bound; twice the bounded time stays, so that a history that reaches still does. `raw` maps tables to relations.
    """
    sizes = dict(
        warehouse.rows(
            "SELECT LOWER(table_name), SUM(row_count) FROM store.meta.loads WHERE replaced_at IS NULL GROUP BY 1"
        )
    )
    found = dict(raw)
    for table, relation in raw.items():
        own = [use for use in uses if use.table == table]
        if sizes.get(table, 0) <= more_than or not own:
            continue
        types = {c.lower(): kind for c, kind in warehouse.columns(f"SELECT * FROM {relation}")}
        kept = []
        for use in own:
            reach = bounds.get(use.source.name, WHOLE)
            if len(use.occurred) == 1 and types.get(min(use.occurred)) == "TIMESTAMP" and reach.since and reach.until:
                first = reach.since - (reach.until - reach.since)
                kept.append(f"{quoted_name(min(use.occurred))} >= {sql_literal(first)}")
        if len(kept) == len(own):
            found[table] = f"(SELECT * FROM {relation} WHERE {' OR '.join(kept)})"
    return found
