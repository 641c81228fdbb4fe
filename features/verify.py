"""Whether what is computed at an as_of changes once the raw rows known only later do: an experiment, not a proof."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leadmart.features.clock import iso, sql_literal
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import lookup_sql
from leadmart.features.plan import Selection
from leadmart.features.raw.tables import raw_attached, raw_tables
from leadmart.features.raw.use import all_uses, recent_rows
from leadmart.features.registry import Registry
from leadmart.features.session import Session, link_for, relation_of
from leadmart.features.shuffle import Alteration, alter_raw, copy_raw
from leadmart.features.sources.reach import bounds_of
from leadmart.features.sources.staging import joined_first
from leadmart.features.warehouse import SCHEMAS, Warehouse, open_scratch


@dataclass(frozen=True)
class Difference:
    """A column of a definition whose values at as_of depend on what was known only later, and one row of them.

    `column` is empty where whole rows appear or vanish.
    """

    relation: str
    column: str
    rows: int
    of: int
    key: str
    before: str
    after: str


@dataclass(frozen=True)
class Experiment:
    """What was altered, what was compared, and where it differed."""

    as_of: datetime
    altered: tuple[Alteration, ...]
    views: int
    columns: int
    rows: int
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "as_of": self.as_of.isoformat(),
            "altered": [each.as_json() for each in self.altered],
            "compared": {"views": self.views, "columns": self.columns, "rows": self.rows},
            "differences": [vars(each) for each in self.differences],
        }


_LATER = tuple(timedelta(days=days) for days in (1, 7, 30, 90, 400))
"""Further moments, by which definitions in the habit of windows could be off; the last is after every altered clock."""

Further = Callable[[Session, str], Mapping[str, Any]]
"""Computes more in a session, given the SELECT of the scoring frame: name -> SELECT of rows with the spine's key."""


def experiment(
    warehouse: Warehouse,
    registry: Registry,
    selection: Selection,
    present: frozenset[str],
    as_of: datetime,
    *,
    sample: int | None = None,
    seed: int = 0,
    held: Collection[str] = (),
    more_sources: Collection[str] = (),
    whole_up_to: int | None = None,
    further: Further = lambda _session, _frame: {},
) -> Experiment:
    """Computes a selection at as_of twice, on raw and on raw with another future, and compares every value.

    With `sample`, over that many leads drawn by `seed`, on the raw rows that are theirs; with `whole_up_to`, of raw
    tables of more rows than that only on those that are recent enough to be read. `held` names relations that
    cannot be computed. The warehouse is only read; everything is made in a session in memory.
    Raises LeadmartError where a definition does not run.
    """
    wanted = [d for d in selection.definitions if d.relation not in held]
    read = joined_first(registry, [*registry.sources_of(wanted), *sorted(more_sources)])
    names = [name for name in read if name in present]
    with open_scratch(warehouse.project) as scratch:
        raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
        if whole_up_to is not None:
            read_back = bounds_of(warehouse, wanted, [as_of])
            raw = recent_rows(warehouse, all_uses(registry, names), raw, read_back, whole_up_to)
        scratch.in_place = warehouse.in_place
        with raw_attached(scratch):
            drawn = None
            if sample is not None:
                scratch.raw = raw
                drawn = (selection.spine.key, _draw(scratch, registry, selection, present, as_of, sample, seed))
            scratch.raw = copy_raw(scratch, registry, names, raw, drawn)
        asked = f"SELECT * FROM {drawn[1]}" if drawn else None
        _compute(scratch, registry, wanted, selection, present, as_of, asked, "before", further)
        altered_tables, altered = alter_raw(scratch, registry, names, as_of, seed=seed)
        scratch.raw = altered_tables
        kept = "SELECT * FROM before.spine"
        _compute(scratch, registry, wanted, selection, present, as_of, kept, "after", further)
        return _compared(scratch, selection, as_of, altered)


def findings(found: Experiment, registry: Registry) -> list[LeadmartError]:
    """A named error, `future_leak`, for every column that differed."""
    by_relation = {d.relation: d for d in registry.all() if d.kind != "source"}
    return [_finding(each, by_relation.get(each.relation), found.as_of) for each in found.differences]


def _finding(each: Difference, definition: Definition | None, as_of: datetime) -> LeadmartError:
    what = f"{definition.kind} {definition.ref}" if definition else each.relation
    place = None
    if definition:
        column = next((c for c in definition.columns if c.name == each.column), None)
        place = definition.place_at(column.start, len(column.name)) if column else definition.place(line=1)
    differs = f"{each.column} differs" if each.column else "rows come and go"
    return LeadmartError(
        f"{what} sees the future: {differs} in {each.rows:,} of {each.of:,} rows at {iso(as_of)} once raw rows known "
        "only later are others",
        code="future_leak",
        place=place,
        hint=f"{each.key} has {each.before} as raw is, and {each.after} with another future: look for what the view, "
        "or a view, link or source it reads, takes from rows that were not known at as_of",
    )


def _draw(
    scratch: Warehouse,
    registry: Registry,
    selection: Selection,
    present: frozenset[str],
    as_of: datetime,
    sample: int,
    seed: int,
) -> str:
    """The table of a sample of the spine at as_of."""
    session = Session(scratch, registry)
    session.present = present
    session.want([as_of])
    for definition in (*registry.dependencies(selection.spine), selection.spine):
        session.prepare([definition])
        session.compute(definition)
    key = selection.spine.key
    scratch.execute(
        f"CREATE TABLE drawn AS SELECT {key}, as_of FROM {relation_of(selection.spine)} "
        f"ORDER BY HASH({key}, {seed}), {key} LIMIT {sample}"
    )
    _forget(scratch)
    return "drawn"


def _compute(
    scratch: Warehouse,
    registry: Registry,
    wanted: Sequence[Definition],
    selection: Selection,
    present: frozenset[str],
    as_of: datetime,
    spine: str | None,
    schema: str,
    further: Further,
) -> None:
    """Computes the definitions and keeps each one's rows as a table of `schema`; `spine` replaces the spine's rows.

    `known` also runs over moments when the future is known: what mixes moments up then reads what was altered.
    """
    _forget(scratch)
    session = Session(scratch, registry)
    session.present = present
    session.want([as_of, *(as_of + each for each in _LATER)])
    session.prepare(wanted)
    scratch.execute(f"CREATE SCHEMA {schema}")
    then = f"WHERE as_of = {sql_literal(as_of)}"
    for definition in wanted:
        if definition.kind == "feature" and definition.entity != selection.spine.entity:
            session.account_spine(definition, link_for(definition, registry))
        session.compute(definition)
        kept = "found_spine" if definition.kind == "spine" else definition.relation
        scratch.execute(f'CREATE TABLE {schema}."{kept}" AS SELECT * FROM {relation_of(definition)} {then}')
        if definition.kind == "spine" and definition is selection.spine:
            # the views of both worlds are asked for the same leads, so that each one's own fault is told
            scratch.execute(
                f"CREATE TABLE {schema}.spine AS {spine or f'SELECT * FROM {relation_of(definition)} {then}'}"
            )
            session.set_spine(definition.entity[0], f"SELECT * FROM {schema}.spine")
    if len(wanted) == len(selection.definitions):
        relations = {d.relation: relation_of(d) for d in wanted}
        for name, select in further(session, lookup_sql(selection, registry, relations, with_beside=True)).items():
            scratch.execute(f'CREATE TABLE {schema}."{name}" AS {select}')


def _forget(scratch: Warehouse) -> None:
    for schema in SCHEMAS:
        scratch.execute(f"DROP SCHEMA {schema} CASCADE")
        scratch.execute(f"CREATE SCHEMA {schema}")


def _compared(scratch: Warehouse, selection: Selection, as_of: datetime, altered: Sequence[Alteration]) -> Experiment:
    tables = [
        row[0]
        for row in scratch.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'before' AND table_name <> 'spine' "
            "ORDER BY table_oid"
        )
    ]
    differences: list[Difference] = []
    compared_columns = compared_rows = 0
    by_relation = {d.relation: d for d in selection.definitions}
    for table in tables:
        relation = selection.spine.relation if table == "found_spine" else table
        definition = by_relation.get(relation)
        key = definition.key if definition else selection.spine.key
        columns = scratch.columns(f'SELECT * FROM before."{table}"')
        rows, found = _differences(scratch, table, relation, key, columns)
        differences += found
        compared_columns += len([c for c, _ in columns if c not in (key, "as_of")])
        compared_rows += rows
    return Experiment(as_of, tuple(altered), len(tables), compared_columns, compared_rows, tuple(differences))


def _differences(
    scratch: Warehouse, table: str, relation: str, key: str, columns: Sequence[tuple[str, str]]
) -> tuple[int, list[Difference]]:
    """Rows compared, and the columns of a table that are not bit-equal before and after."""
    every = ", ".join(f'"{column}"' for column, _ in columns)
    one, other = (
        f'(SELECT *, ROW_NUMBER() OVER (PARTITION BY {key}, as_of ORDER BY {every}) AS _copy FROM {schema}."{table}")'
        for schema in ("before", "after")
    )
    both = (
        f"{one} AS b FULL JOIN {other} AS a ON a.{key} IS NOT DISTINCT FROM b.{key} AND a.as_of = b.as_of "
        "AND a._copy = b._copy"
    )
    tests = {"": "a._copy IS NULL OR b._copy IS NULL"}
    for column, kind in columns:
        if column not in (key, "as_of"):
            sides = [f'{side}."{column}"' for side in "ba"]
            if kind in ("DOUBLE", "FLOAT"):  # -0.0 equals 0.0, and is another value
                sides = [f"CAST({side} AS VARCHAR)" for side in sides]
            tests[column] = f"a._copy = b._copy AND {sides[0]} IS DISTINCT FROM {sides[1]}"
    counts = ", ".join(f"COUNT(*) FILTER (WHERE {test})" for test in tests.values())
    ((rows, *found),) = scratch.rows(f"SELECT COUNT(*), {counts} FROM {both}")
    differences = []
    for (column, test), count in zip(tests.items(), found, strict=True):
        if count:
            shown = [
                f'CAST({side}."{column}" AS VARCHAR)'
                if column
                else f"CASE WHEN {side}._copy IS NULL THEN 'no row' ELSE 'a row' END"
                for side in "ba"
            ]
            ((example, before, after),) = scratch.rows(
                f"SELECT CAST(COALESCE(b.{key}, a.{key}) AS VARCHAR), {', '.join(shown)} FROM {both} WHERE {test} "
                f"ORDER BY 1, 2, 3 LIMIT 1"
            )
            told = [words if words is not None else "NULL" for words in (before, after)]
            differences.append(Difference(relation, column, count, rows, f"{key} {example}", told[0], told[1]))
    return rows, differences
