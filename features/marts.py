"""Marts: views over scores, outcomes and features in the catalogue, for people who ask in SQL.

No definition reads them. Beside `features`, `scores`, `links`, `gates` and `meta` a mart may read `staging.<source>`
(without columns that name people), `reference.<table>`, `labels.outcomes` (the project's label: lead, outcome_at) and
`labels.settings` (one row: the horizon, when the data end, the capacity).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition, horizon_days
from leadmart.features.errors import LeadmartError
from leadmart.features.literals import quoted, quoted_name
from leadmart.features.plan import newest_moment
from leadmart.features.registry import Registry
from leadmart.features.relations import reference_select
from leadmart.features.sources.staged import kept_sources
from leadmart.features.sources.staging import staging_select
from leadmart.features.warehouse import Warehouse


@dataclass(frozen=True)
class Mart:
    """A mart's statements: its view, and what is said of it and of its columns."""

    name: str
    statements: tuple[str, ...]


def chosen_marts(registry: Registry) -> tuple[Definition, ...]:
    """The marts that the project builds, by name. Raises LeadmartError `unknown_definition`."""
    wanted = registry.project.settings.marts.build
    if "all" in wanted:
        return registry.all("mart")
    return tuple(registry.get("mart", name) for name in sorted(set(wanted)))


def mart_sources(registry: Registry) -> tuple[str, ...]:
    """The sources whose rows the project's marts read, the label's among them; none where it builds no mart."""
    marts = chosen_marts(registry)
    if not marts:
        return ()
    read = {read.name for mart in marts for read in mart.reads if read.schema == "staging"}
    known = {d.name for d in registry.all("source")}
    return tuple(sorted((read & known) | set(registry.sources_of([_label(registry)]))))


def below_marts(warehouse: Warehouse, registry: Registry) -> list[str]:
    """The statements of what marts read beside the catalogue's own views; none where the project builds no mart."""
    marts = chosen_marts(registry)
    if not marts:
        return []
    made = [f"CREATE SCHEMA {schema}" for schema in ("staging", "reference", "labels", "marts")]
    kept = kept_sources(warehouse)
    for name in mart_sources(registry):
        definitions = registry.source(name)
        personal = {each.strip() for d in definitions for each in d.header.get("pii", "").split(",")}
        if name in kept:
            rows = f"({kept[name].select(warehouse)})"
            columns = [column for column, _ in warehouse.columns(f"SELECT * FROM {rows}")]
            items = ", ".join(quoted_name(column) for column in columns if column not in personal)
            made.append(f"CREATE VIEW staging.{name} AS SELECT {items} FROM {rows}")
        else:
            _, select = staging_select(warehouse, registry, name, {})
            empty = ", ".join(
                f"CAST(NULL AS {kind}) AS {quoted_name(column)}"
                for column, kind in warehouse.columns(select)
                if column not in personal
            )
            made.append(f"CREATE VIEW staging.{name} AS SELECT {empty} WHERE FALSE")
        made.append(f"COMMENT ON VIEW staging.{name} IS {quoted(definitions[0].description)}")
    tables = {read.name for mart in marts for read in mart.reads if read.schema == "reference"}
    for table in registry.references():
        if table.name in tables:
            # the content's hash makes the catalogue another one when the file is
            made.append(f"CREATE TABLE reference.{table.name} AS {reference_select(table)} -- {table.content_hash}")
    return [*made, *_label_statements(warehouse, registry)]


def mart_views(registry: Registry) -> list[Mart]:
    """The marts' own statements."""
    made = []
    for mart in chosen_marts(registry):
        grain = f" Grain: {mart.header['grain']}." if "grain" in mart.header else ""
        words = [f"COMMENT ON VIEW marts.{mart.name} IS {quoted(mart.description + grain)}"]
        words += [
            f"COMMENT ON COLUMN marts.{mart.name}.{quoted_name(column.name)} IS {quoted(column.comment)}"
            for column in mart.columns
            if column.comment and column.name
        ]
        made.append(Mart(mart.name, (f"CREATE VIEW marts.{mart.name} AS\n{mart.statement}", *words)))
    return made


def _label(registry: Registry) -> Definition:
    return registry.get("label", registry.project.settings.train.label)


def _label_statements(warehouse: Warehouse, registry: Registry) -> Sequence[str]:
    label = _label(registry)
    settings = registry.project.settings
    try:
        ends = sql_literal(newest_moment(warehouse))
    except LeadmartError:
        ends = "CAST(NULL AS TIMESTAMP)"
    tiers = settings.scoring.tiers
    return [
        f"CREATE VIEW labels.outcomes AS SELECT {label.key}, outcome_at FROM ({label.statement}\n) "
        "WHERE outcome_at IS NOT NULL",
        f"COMMENT ON VIEW labels.outcomes IS {quoted(label.description)}",
        f"CREATE VIEW labels.settings AS SELECT {quoted(label.name)} AS label, {horizon_days(label)} AS horizon_days, "
        f"{settings.train.ingest_lag_days} AS ingest_lag_days, {ends} AS data_end_at, "
        f"{settings.scoring.capacity.leads_per_week} AS leads_per_week, CAST({tiers.hot} AS DOUBLE) AS hot_from, "
        f"CAST({tiers.warm} AS DOUBLE) AS warm_from",
        "COMMENT ON VIEW labels.settings IS 'What the project says of its outcome and its capacity: one row.'",
    ]
