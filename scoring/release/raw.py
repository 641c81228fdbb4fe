"""Raw columns that sources read and raw tables do not have any more, found before a run does."""

from __future__ import annotations

from collections.abc import Iterator

from leadmart.features.checking import Finding
from leadmart.features.definition import Definition, raw_columns_read
from leadmart.features.equivalence.lineage import reached
from leadmart.features.equivalence.readers import Readers
from leadmart.features.errors import LeadmartError, all_as_one, near_names
from leadmart.features.plan import select
from leadmart.features.project import Project
from leadmart.features.raw.tables import raw_attached, raw_tables, refuse_unequal_files
from leadmart.features.registry import Registry
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.scoring.release.readers import readers_of_project


def lost_raw_columns(project: Project) -> list[Finding]:
    """One finding for each column that a source in use reads and its raw table lacks, with everyone who hangs on it.

    A table that is not there at all is no finding: its sources read as empty, and `plan` says so.
    """
    if not project.catalogue.is_file():
        return []
    with open_for_reading(project) as warehouse:
        return list(_findings(warehouse, Registry(project)))


def lost_columns_or(error: LeadmartError, warehouse: Warehouse, registry: Registry) -> LeadmartError:
    """All that `check` finds lost, where a source does not run and something is; else what its running said."""
    lost = [finding.error for finding in _findings(warehouse, registry)]
    return all_as_one(lost) if lost else error


def _findings(warehouse: Warehouse, registry: Registry) -> Iterator[Finding]:
    try:
        present = present_sources(warehouse, registry)
        readers = readers_of_project(warehouse, registry, select(registry, present, prove=False))
    except LeadmartError:
        return  # what is wrong there is found by the definitions' own rules
    names = registry.sources_of([d for d in readers.definitions if d.kind != "mart"])
    with raw_attached(warehouse):
        for source in [source for name in names if name in present for source in registry.source(name)]:
            for error in _lost(warehouse, registry, readers, source):
                yield Finding(str(error.place.file) if error.place else str(source.path), error)


def _lost(warehouse: Warehouse, registry: Registry, readers: Readers, source: Definition) -> Iterator[LeadmartError]:
    tables = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
    made = {column.name.lower() for column in source.columns}
    for table, columns in sorted(raw_columns_read(source).items()):
        if table.lower() not in tables:
            continue
        known = {name.lower() for name, _ in warehouse.columns(f"SELECT * FROM {tables[table.lower()]}")}
        for column in sorted(columns):
            if column.lower() not in known and not _is_own(source, column, made):
                yield _error(registry, readers, source, table, column, known)
        try:
            refuse_unequal_files(warehouse, table.lower(), columns)
        except LeadmartError as error:
            yield error


def _is_own(source: Definition, column: str, made: set[str]) -> bool:
    """Whether a name may be that of an output, which DuckDB lets other expressions read."""
    from sqlglot import exp

    uses = [c for c in source.tree.find_all(exp.Column) if c.name == column]
    return column.lower() in made and all(not c.table for c in uses)


def _error(
    registry: Registry, readers: Readers, source: Definition, table: str, column: str, known: set[str]
) -> LeadmartError:
    from sqlglot import exp

    mark = f"raw.{table}.{column}".lower()
    found = reached(registry, readers.definitions, {mark: f"{mark} is gone"})
    columns = [
        f"{each.ref}.{name}"
        for each in readers.definitions
        if each.kind in ("feature", "gate", "label")
        for name in found.get(each.relation, {})
        if name not in (each.key, "as_of")
    ]
    kinds = {d.ref for d in readers.definitions}
    others = [who for who in readers.of_columns(registry, found) if who not in kinds]
    hang = f"; {', '.join([*columns, *others])} hang on it" if columns or others else "; nobody in use hangs on it"
    used = next(c for c in source.tree.find_all(exp.Column) if c.name == column)
    return LeadmartError(
        f"raw.{table} has no column {column}, which the source {source.name} reads{hang}",
        code="missing_raw_column",
        place=source.place_at(used.this.meta.get("start", 0), len(column)),
        hint=near_names(column, known) or f"it has {', '.join(sorted(known))}",
    )
