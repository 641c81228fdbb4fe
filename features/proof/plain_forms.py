"""Forms of SQL that would hide something from the proof: they are refused wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.registry import Registry
from leadmart.features.tree import refusal


def columns_named_once(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Every SELECT inside names each of its columns, and each once: of two alike DuckDB takes the first for both."""
    from sqlglot import exp

    named = (exp.Alias, exp.Column)
    final = definition.select
    for select in definition.find_all(exp.Select):
        names = [item.alias_or_name.lower() if isinstance(item, named) else "" for item in select.expressions]
        told = [item.alias_or_name.lower() for item in select.expressions]
        for number, item in enumerate(select.expressions):
            name = names[number]
            # one without a name is told apart by its place
            if not name and (names.count("") > 1 or told.count(told[number]) > 1) and select is not final:
                yield refusal(
                    definition,
                    item,
                    "columns of an inner SELECT have no names: what reads one could take another for it",
                    "column_without_name",
                    "name it: `… AS name`",
                )
            elif name and name in names[:number] and select is not final:
                yield refusal(
                    definition,
                    item,
                    f"column {name} is returned twice by one SELECT",
                    "column_twice",
                    "give one another name",
                )
    for alias in definition.find_all(exp.TableAlias):
        listed = [column.name.lower() for column in alias.args.get("columns") or ()]
        for number, name in enumerate(listed):
            if name in listed[:number]:
                yield refusal(
                    definition,
                    (alias.args["columns"])[number],
                    f"column {name} is named twice",
                    "column_twice",
                    "give one another name",
                )


def joins_in_parentheses(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """No join stands within parentheses of its own, of however many."""
    from sqlglot import exp

    for node in definition.find_all(exp.Subquery):
        if node.args.get("joins"):
            yield refusal(
                definition,
                node.args["joins"][0],
                "joins in parentheses are not read",
                "refused_construct",
                "put the inner join into a CTE",
            )
