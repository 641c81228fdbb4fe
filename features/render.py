"""`render --preamble`: the CREATE VIEW lines after which a definition runs as pasted, in any DuckDB console."""

from __future__ import annotations

from datetime import datetime

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.inline import executed_sql
from leadmart.features.literals import quoted
from leadmart.features.plan import default_as_of
from leadmart.features.project import Project
from leadmart.features.raw.tables import raw_attached, raw_tables
from leadmart.features.registry import Registry
from leadmart.features.relations import (
    known_select,
    known_since_select,
    linked_spine_select,
    reference_select,
    stored_select,
)
from leadmart.features.session import link_to
from leadmart.features.sources.stage import stage_joined
from leadmart.features.sources.staging import joined_first, present_sources, staging_select
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.features.windows import windows_of


def preamble_sql(project: Project, registry: Registry, definition: Definition, as_of: datetime | None = None) -> str:
    """Statements that define `spine`, `known.*` and all else a definition reads, at an as_of (default: the latest due).

    They name the raw files of today; run them in an empty database.
    """
    with open_for_reading(project) as warehouse:
        moment = as_of or default_as_of(warehouse)
        return ";\n".join(relations_sql(warehouse, registry, definition, moment)) + ";"


def relations_sql(warehouse: Warehouse, registry: Registry, definition: Definition, as_of: datetime) -> list[str]:
    """The statements that define `spine`, `known.*` and all else a definition reads, at an as_of."""
    spine = registry.get("spine", registry.project.settings.features.spine)
    inner = list(registry.dependencies(definition))
    has_spine = definition.kind in ("feature", "gate")
    through = link_to(definition, spine, registry)
    if through and through not in inner:
        inner.append(through)
    every = [*([spine] if has_spine else []), *inner, definition]
    made = ["SET TimeZone = 'UTC'"]
    made += [
        f"CREATE SCHEMA IF NOT EXISTS {schema}"
        for schema in ("raw", "staging", "known", "known_since", "features", "links", "reference")
    ]
    made += _sources(warehouse, registry, registry.sources_of(every))
    made.append(f"CREATE OR REPLACE VIEW wanted AS SELECT {sql_literal(as_of)} AS as_of")
    for name in registry.sources_of(every):
        made.append(f"CREATE OR REPLACE VIEW known.{name} AS {known_select(name)}")
        made.append(f"CREATE OR REPLACE VIEW known_since.{name} AS {known_since_select(name)}")
    for table in registry.references_of(every):
        made.append(f"CREATE OR REPLACE VIEW reference.{table.name} AS {reference_select(table)}")
    links = [d for d in inner if d.kind == "link"]
    made += [f"CREATE OR REPLACE VIEW {d.relation} AS\n{d.statement}" for d in links]
    if has_spine:
        made.append(f"CREATE OR REPLACE VIEW spine_{spine.entity[0]} AS\n{spine.statement}")
        if through:
            entity, key = definition.entity
            made.append(f"CREATE OR REPLACE VIEW spine_{entity} AS {linked_spine_select(key, through)}")
        made.append(f"CREATE OR REPLACE VIEW spine AS SELECT * FROM spine_{definition.entity[0]}")
    made += [f"CREATE OR REPLACE VIEW {d.relation} AS\n{stored_sql(d, registry)}" for d in inner if d.kind != "link"]
    return made


def _sources(warehouse: Warehouse, registry: Registry, names: tuple[str, ...]) -> list[str]:
    present = present_sources(warehouse, registry)
    raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
    made: list[str] = []
    if place := registry.project.settings.raw.duckdb:
        made.append(f"ATTACH IF NOT EXISTS {quoted(registry.project.root / place)} AS raw_file (READ_ONLY)")
    stage_joined(warehouse, registry, names)
    with raw_attached(warehouse):
        for name in joined_first(registry, names):
            views, select = staging_select(warehouse, registry, name, raw if name in present else {})
            made += [*views, f"CREATE OR REPLACE VIEW staging.{name} AS {select}"]
    return made


def stored_sql(definition: Definition, registry: Registry, view: str = "") -> str:
    """The SQL of the rows that are stored of a definition, as written; `view` names a relation that holds its rows.

    Of a feature view that is its text and the engine's last step; links, gates and spines are stored as they are.
    """
    if definition.kind != "feature":
        return definition.statement
    columns = [column.name for column in definition.columns]
    return stored_select(view or f"({definition.statement}\n)", columns, windows_of(definition, registry))


def to_paste(definition: Definition, registry: Registry) -> str:
    """What to paste behind the preamble: the text; a feature view as a view of its own, then what is stored of it."""
    if definition.kind != "feature":
        return definition.text.rstrip()
    return (
        f"CREATE OR REPLACE VIEW as_written AS\n{definition.statement};\n\n"
        f"-- what is stored: NULL where a source's history does not reach as far back as the column reads\n"
        f"{stored_sql(definition, registry, 'as_written')};"
    )


def executed_text(definition: Definition, registry: Registry) -> str:
    """The SQL a run executes for a definition, the engine's last step included."""
    text = executed_sql(definition)
    if definition.kind != "feature":
        return text
    columns = [column.name for column in definition.columns]
    return stored_select(f"({text}\n)", columns, windows_of(definition, registry))
