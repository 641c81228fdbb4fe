"""What `check` refuses before anything runs. Every refusal names the place and the SQL to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.proof.calls import moving_calls, unknown_calls
from leadmart.features.proof.plain_forms import columns_named_once, joins_in_parentheses
from leadmart.features.proof.select import proven
from leadmart.features.proof.shape import column_comments, label_columns, returned_columns, starts_from_spine
from leadmart.features.proof.sources import (
    availability,
    frozen_columns,
    honest_clocks,
    joined_logs,
    row_local,
    source_rows,
)
from leadmart.features.registry import Registry
from leadmart.features.tree import refusal, text_of, words_of
from leadmart.features.waivers import waivers

Rule = Callable[[Definition, Registry], Iterator[LeadmartError]]

READABLE = {
    "source": ("raw",),
    "label": ("staging", "reference"),
    "spine": ("known", "links", "reference"),
    "link": ("known", "links", "reference"),
    "mart": ("features", "scores", "meta", "links", "gates", "staging", "reference", "labels"),
    "feature": ("known", "links", "features", "reference", ""),
    "gate": ("known", "links", "features", "reference", ""),
}
"""Schemas that a kind may read; the empty one is `spine`."""


def problems_of(definition: Definition, registry: Registry) -> list[LeadmartError]:
    """Everything `check` has against a definition, in the order of its text; empty when all is proven or waived."""
    try:
        _ = definition.header
        _ = definition.tree
        _ = definition.columns
        waived = {waiver.code for waiver in waivers(definition)}
    except LeadmartError as error:
        return [error]
    found: list[LeadmartError] = []
    for rule in RULES[definition.kind]:
        try:
            found.extend(rule(definition, registry))
        except LeadmartError as error:
            found.append(error)
    found = list({(e.code, e.message, str(e.place)): e for e in reversed(found)}.values())[::-1]
    found = [e for e in found if e.code not in waived]
    return sorted(found, key=lambda e: (e.place.line or 0, e.place.column or 0) if e.place else (0, 0))


def check_all(definitions: Sequence[Definition], registry: Registry) -> list[LeadmartError]:
    """The problems of many definitions, one file after the other."""
    return [problem for definition in definitions for problem in problems_of(definition, registry)]


def _stars(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    from sqlglot import exp

    for select in definition.find_all(exp.Select):
        if any(item.is_star for item in select.expressions):
            yield refusal(
                definition,
                select,
                "SELECT * changes when its source does",
                "select_star",
                "name the columns one by one",
            )


def _relations(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    from sqlglot import exp

    readable = READABLE[definition.kind]
    for table in definition.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            yield refusal(
                definition,
                table,
                "a table function is not readable here",
                "unreadable",
                "load the rows as raw and write a source",
            )
        elif table.args.get("catalog"):
            yield refusal(
                definition, table, f"{words_of(table)} is of another database", "unreadable", "load it as raw"
            )
    for read in definition.reads:
        if not read.name:
            continue  # a table function
        if read.schema == "staging" and definition.kind not in ("label", "source", "mart"):
            yield LeadmartError(
                f"{read} holds rows of every moment: they would leak into the past",
                code="staging_in_view",
                place=definition.place_at(read.start - len("staging."), len(str(read))),
                hint=f"read `known.{read.name}` and join it on `as_of`",
            )
        elif definition.kind == "source" and read.schema == "staging" and read.name in definition.joined:
            try:
                registry.resolve(read, definition)
            except LeadmartError as error:
                yield error
        elif read.schema not in readable:
            yield LeadmartError(
                f"{read} is not readable from a {definition.kind}",
                code="unknown_relation",
                place=definition.place_at(read.start, len(read.name)),
                hint=f"readable here: {', '.join(f'{s}.*' if s else 'spine' for s in readable)}",
            )
        elif definition.kind not in ("source", "mart"):
            try:
                registry.resolve(read, definition)
            except LeadmartError as error:
                yield error


def _hindsight_relations(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Sources whose rows are there by a salesperson's work or the outcome only, read by what a lead model reads."""
    from leadmart.features.proof.relation import known_relation
    from leadmart.features.proof.select import relation_of

    for read in definition.reads:
        try:
            if read.schema == "known":
                mark = known_relation(read.name, registry).hindsight
            elif read.schema in ("links", "features"):
                resolved = registry.resolve(read, definition)
                mark = relation_of(resolved[0], registry).hindsight if isinstance(resolved, tuple) else ""
            else:
                continue
        except LeadmartError:
            continue  # refused where the relations are
        if mark:
            yield LeadmartError(
                f"the rows of {read} are there by {mark} only: that there is one tells what comes out",
                code="hindsight_column",
                place=definition.place_at(read.start, len(read.name)),
                hint="leave it to gates, spines and labels: a model of leads may not read it",
            )
    yield from _hindsight_conditions(definition, registry)


def _hindsight_conditions(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Columns that selling or the outcome writes, in conditions and inner queries too: there they choose the rows."""
    from sqlglot import exp

    from leadmart.features.proof.relation import known_relation

    marked: dict[str, dict[str, str]] = {}
    for table in definition.find_all(exp.Table):
        if table.text("db").lower() != "known":
            continue
        try:
            relation = known_relation(table.name.lower(), registry)
        except LeadmartError:
            continue  # refused where the relations are
        doubts = {name: min(fact.hindsight) for name, fact in relation.columns.items() if fact.hindsight}
        marked.setdefault(table.alias_or_name.lower(), {}).update(doubts)
    everywhere = {name: words for doubts in marked.values() for name, words in doubts.items()}
    for column in definition.find_all(exp.Column):
        doubts = marked.get(column.table.lower(), {}) if column.table else everywhere
        if words := doubts.get(column.name.lower()):
            yield refusal(
                definition,
                column,
                f"{text_of(definition, column)} is known by hindsight: {words}",
                "hindsight_column",
                "leave it to gates and labels: a model of leads may not read what selling or the outcome writes",
            )


_ANY: tuple[Rule, ...] = (moving_calls, _stars, _relations)
_PROVEN: tuple[Rule, ...] = (*_ANY, unknown_calls, columns_named_once, joins_in_parentheses, proven)
_VIEW: tuple[Rule, ...] = (*_PROVEN, returned_columns, starts_from_spine, column_comments)

RULES: dict[str, tuple[Rule, ...]] = {
    "feature": (*_VIEW, _hindsight_relations),
    "gate": _VIEW,
    "link": (*_PROVEN, returned_columns, _hindsight_relations),
    "spine": (*_PROVEN, returned_columns),
    "label": (*_PROVEN, label_columns),
    "source": (*_ANY, unknown_calls, source_rows, row_local, honest_clocks, joined_logs, frozen_columns, availability),
    "mart": _ANY,
}
"""The rules of each kind of definition."""
