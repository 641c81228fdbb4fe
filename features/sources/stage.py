"""Makes `staging.<name>` in a session: from the files the warehouse keeps, or from raw where it keeps none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from leadmart.features.raw.tables import raw_attached, raw_tables
from leadmart.features.registry import Registry
from leadmart.features.sources.growth import Growth, bring_up
from leadmart.features.sources.staged import WHOLE, Bounds, Kept, current, is_keepable, kept_sources, wanted_states
from leadmart.features.sources.staging import bad_source, joined_first, present_sources, staging_select
from leadmart.features.warehouse import Warehouse


def stage(
    warehouse: Warehouse,
    registry: Registry,
    names: Iterable[str],
    present: frozenset[str],
    bounds: Mapping[str, Bounds] | None = None,
) -> list[Growth]:
    """Makes `staging.<name>` for each source, an absent one empty; what was staged anew, and added to the warehouse.

    Of rows with one key the first known counts. Rows with a NULL clock can never be known and are left out. A source
    that is kept is read within its bounds, whole without any; one that is not is there whole, as a table.
    Raises LeadmartError `bad_source` where a connector's SELECT does not run.
    """
    order = joined_first(registry, names)
    kept = current(warehouse, registry, order, present)
    in_memory = _tables(warehouse)
    left = [name for name in order if name not in kept and name not in in_memory]
    grown: list[Growth] = []
    if left:
        raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
        with raw_attached(warehouse):
            for name in left:
                _read(warehouse, {n: k for n, k in kept.items() if n in registry.joined_by(name)}, {})
                growth = _bring_up(warehouse, registry, name, raw, present)
                if growth is not None:
                    grown.append(growth)
                    kept[name] = growth.kept
                    continue
                _, select = staging_select(warehouse, registry, name, raw if name in present else {})
                try:
                    warehouse.execute(f"DROP VIEW IF EXISTS staging.{name}")
                    warehouse.execute(f"CREATE TABLE staging.{name} AS {select}")
                except duckdb.Error as error:
                    raise bad_source(registry.source(name)[0], error) from None
    _read(warehouse, kept, bounds or {})
    return grown


def stage_joined(warehouse: Warehouse, registry: Registry, names: Iterable[str]) -> None:
    """Makes the staging tables that sources join, so that their SELECTs can run."""
    joined = {joined for name in names for joined in registry.joined_by(name)}
    if joined:
        stage(warehouse, registry, sorted(joined), present_sources(warehouse, registry))


def _bring_up(
    warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str], present: frozenset[str]
) -> Growth | None:
    if not warehouse.keeps_staged or warehouse.raw is not None or not is_keepable(registry, name, present):
        return None
    before = kept_sources(warehouse).get(name)
    try:
        return bring_up(warehouse, registry, name, raw, before, wanted_states(warehouse, registry, [name])[name])
    except duckdb.Error as error:
        raise bad_source(registry.source(name)[0], error) from None


def _read(warehouse: Warehouse, kept: Mapping[str, Kept], bounds: Mapping[str, Bounds]) -> None:
    for name, each in kept.items():
        select = each.select(warehouse, bounds.get(name, WHOLE))
        warehouse.execute(f"CREATE OR REPLACE VIEW staging.{name} AS {select}")


def _tables(warehouse: Warehouse) -> set[str]:
    return {
        row[0]
        for row in warehouse.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'staging' AND database_name = 'memory'"
        )
    }
