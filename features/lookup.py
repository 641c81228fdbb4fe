"""Feature rows looked up at a spine: one row per (lead, as_of), every view's columns beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leadmart.features.clock import iso
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.filled import slice_file
from leadmart.features.literals import quoted_file
from leadmart.features.plan import Selection, Slice
from leadmart.features.registry import Registry
from leadmart.features.relations import has_column
from leadmart.features.session import Session, link_to
from leadmart.features.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl


Files = Mapping[Slice, Path]
"""Slices that are computed and not listed yet."""


@dataclass(frozen=True)
class FeatureColumn:
    """A column of the looked-up frame: its view or gate, its comment, and its type, empty until there is a frame.

    `is_history` marks `has_<source>`, which speaks of the warehouse and not of the lead. `in_model` is FALSE where
    rules and words may read it, and the model does not. `is_done_without` where it reads a source that the project does
    without: it is NULL of everyone, and no lead is known the less for it.
    """

    name: str
    view: str
    type: str = ""
    comment: str = ""
    is_history: bool = False
    in_model: bool = True
    is_done_without: bool = False

    @property
    def is_graded(self) -> bool:
        """Whether it counts for how much is known of a lead: the model reads it, and the project has its sources."""
        return self.in_model and not self.is_done_without


def feature_columns(selection: Selection, kind: str | None = None) -> tuple[FeatureColumn, ...]:
    """The columns in frame order; `kind` 'feature' or 'gate' picks one sort. Views that only gates read are of neither
    sort: their columns come with the gates, in a frame of all.
    """
    picked = {"feature": selection.views, "gate": selection.gates, None: selection.read}[kind]
    found = [
        FeatureColumn(
            column.name,
            definition.ref,
            comment=column.comment,
            in_model=definition in selection.views and selection.reaches_model(column.name),
            is_done_without=not selection.done_without.isdisjoint(
                selection.windows.get(definition.relation, {}).get(column.name, ())
            ),
        )
        for definition in picked
        for column in definition.columns
        if column.name not in (definition.key, "as_of")
    ]
    return (*found, *(history_columns(selection) if kind != "gate" else ()))


def told_columns(selection: Selection) -> tuple[FeatureColumn, ...]:
    """The columns of the scoring frame but for the gates' own: points, boost and words may read them all."""
    rules = {gate.ref for gate in selection.gates}
    return tuple(column for column in feature_columns(selection) if column.view not in rules)


def model_columns(selection: Selection) -> tuple[FeatureColumn, ...]:
    """The columns that the model reads, in frame order."""
    return tuple(column for column in feature_columns(selection, "feature") if column.in_model)


def history_columns(selection: Selection, view: Definition | None = None) -> list[FeatureColumn]:
    """The columns `has_<source>`, one for each source that a view reads; of one view, or of the whole frame."""
    refs = {view.relation: view.ref for view in selection.views}
    in_model = {
        view.relation
        for view in selection.views
        if any(selection.reaches_model(c.name) for c in view.columns if c.name not in (view.key, "as_of"))
    }
    return [
        FeatureColumn(
            has_column(source),
            ", ".join(refs[relation] for relation in relations),
            comment=f"TRUE where the history of {source} reaches as far back as its columns read it",
            is_history=True,
            in_model=not in_model.isdisjoint(relations),
            is_done_without=source in selection.done_without,
        )
        for source, relations in selection.histories.items()
        if view is None or view.relation in relations
    ]


def lookup_sql(
    selection: Selection,
    registry: Registry,
    relations: Mapping[str, str],
    *,
    with_gates: bool = True,
    with_beside: bool = False,
) -> str:
    """The SELECT that joins every view of a selection to its spine; `relations` says what each definition's name reads.

    A view of another entity is reached through its link; without one its columns are NULL. The entity's key stays in
    the frame. `has_<source>` stand last. Without gates, the views that only these read are left out too.
    """
    spine = selection.spine
    key = spine.key
    items = [f"s.{key}", "s.as_of"]
    joins = []
    linked: dict[str, str] = {}
    aliases: dict[str, str] = {}
    beside = selection.beside if with_beside else ()
    for number, definition in enumerate((*(selection.read if with_gates else selection.views), *beside)):
        alias = aliases[definition.relation] = f"v{number}"
        items += [f'{alias}."{c.name}"' for c in definition.columns if c.name not in (definition.key, "as_of")]
        link = link_to(definition, spine, registry)
        if link is None:
            left = f"s.{key}"
        else:
            if link.relation not in linked:
                linked[link.relation] = f"l{len(linked)}"
                other = linked[link.relation]
                joins.append(
                    f"LEFT JOIN {relations[link.relation]} AS {other} ON {other}.{key} = s.{key} AND {other}.as_of = "
                    "s.as_of"
                )
            left = f"{linked[link.relation]}.{definition.key}"
        joins.append(
            f"LEFT JOIN {relations[definition.relation]} AS {alias} ON {alias}.{definition.key} = {left} AND "
            f"{alias}.as_of = s.as_of"
        )
    for source, readers in selection.histories.items():
        found = [f"{aliases[relation]}.{has_column(source)}" for relation in readers]
        # LEAST of booleans is their AND, blind to NULL: a lead without an account has no row in the account's views
        items.append(f"LEAST({', '.join(found)}) AS {has_column(source)}" if len(found) > 1 else found[0])
    lines = [f"SELECT\n    {', '.join(items)}", f"FROM {relations[spine.relation]} AS s", *joins]
    return "\n".join(lines)


def slice_relations(
    warehouse: Warehouse, selection: Selection, as_of: datetime, computed: Files | None = None
) -> dict[str, str]:
    """For each definition of a selection the relation over its filled slice; `computed` ones count before those.

    Raises LeadmartError `slice_missing`.
    """
    found = {}
    for definition in selection.definitions:
        wanted = selection.slice_of(definition, as_of)
        path = (computed or {}).get(wanted) or slice_file(warehouse, wanted)
        if path is None:
            raise LeadmartError(
                f"{definition.ref} is not filled at {iso(as_of)}",
                code="slice_missing",
                hint=f"`leadmart run --as-of {iso(as_of)}` fills it",
            )
        found[definition.relation] = f"read_parquet({quoted_file(path)})"
    return found


def scoring_frame(
    warehouse: Warehouse, registry: Registry, selection: Selection, as_of: datetime, computed: Files | None = None
) -> pl.DataFrame:
    """The frame scoring reads at an as_of, ordered by the entity's key: features, gates and the views beside the
    model, decimals as doubles.
    """
    sql = lookup_sql(selection, registry, slice_relations(warehouse, selection, as_of, computed), with_beside=True)
    return plain_types(warehouse.frame(f"{sql}\nORDER BY s.{selection.spine.key}, s.as_of"))


def compute_at(session: Session, selection: Selection, *, with_gates: bool = True, with_beside: bool = False) -> str:
    """Computes a selection at the session's lead spine and gives the SELECT that looks it up.

    The spine must be set and the moments wanted before. Same definitions as a run's, with another spine.
    """
    beside = selection.beside if with_beside else ()
    read = selection.read if with_gates else selection.views
    definitions: Sequence[Definition] = (*selection.links, *read, *beside)
    session.prepare(definitions)
    for definition in definitions:
        if link := link_to(definition, selection.spine, session.registry):
            session.account_spine(definition, link)
        session.compute(definition)
    relations = {d.relation: d.relation for d in definitions}
    relations[selection.spine.relation] = f"spine_{selection.spine.entity[0]}"
    return lookup_sql(selection, session.registry, relations, with_gates=with_gates, with_beside=with_beside)


def plain_types(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with decimals as Float64 and all integers as Int64: what models and rules compute with."""
    import polars as pl
    import polars.selectors as cs

    return frame.with_columns(cs.decimal().cast(pl.Float64), cs.integer().cast(pl.Int64), cs.float().cast(pl.Float64))
