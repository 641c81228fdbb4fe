"""Expressions written anew from their tree, of a small language whose every word is known; any other is refused.

A printer of sqlglot's own would rewrite what the author wrote. This one writes each node in one way, with parentheses
around it, and refuses a node that has a part it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from leadmart.features.literals import quoted

if TYPE_CHECKING:
    from sqlglot import exp

Column = Callable[["exp.Column"], str]
"""Writes a column, or refuses it."""

Call = Callable[["exp.Expr"], str | None]
"""Writes an aggregate; None for what is none."""

_NUMBER = re.compile(r"^\d{1,18}(\.\d{1,9})?$")
_UNITS = {"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
_TYPES = {"BIGINT", "INT", "DOUBLE", "DATE", "BOOLEAN", "VARCHAR"}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}
_COMPARED = {"EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<="}
_JOINED = {"And": "AND", "Or": "OR"}
_ONE = {"Lower": "LOWER", "Upper": "UPPER", "Trim": "TRIM", "Abs": "ABS"}
_SEVERAL = {"Coalesce": "COALESCE", "Greatest": "GREATEST", "Least": "LEAST"}


class RefusedError(Exception):
    """Why a view is not of the shape; its message is read by people."""


def given(node: exp.Expr) -> set[str]:
    """The names of the parts that a node has."""
    return {name for name, value in node.args.items() if value not in (None, False, [])}


def demand(node: exp.Expr, *names: str) -> None:
    """Raises RefusedError where a node has other parts than these."""
    if given(node) - set(names):
        raise RefusedError(f"{_shown(node)} is not among what it knows")


def written(node: exp.Expr, column: Column, call: Call = lambda _: None) -> str:
    """An expression as SQL, in parentheses. Raises RefusedError for anything it does not know."""
    if (found := call(node)) is not None:
        return found

    def inner(part: exp.Expr) -> str:
        return written(part, column, call)

    kind = type(node).__name__
    if kind == "Column":
        return column(node)  # type: ignore[arg-type]
    if kind in ("Literal", "Neg", "Boolean", "Null"):
        return _constant(node)
    if kind == "Paren":
        demand(node, "this")
        return inner(node.this)
    if kind in _ARITHMETIC:
        demand(node, "this", "expression")
        return f"({inner(node.this)} {_ARITHMETIC[kind]} {inner(node.expression)})"
    if kind in _COMPARED:
        demand(node, "this", "expression")
        _not_compared(node.this, node.expression)
        return f"({inner(node.this)} {_COMPARED[kind]} {inner(node.expression)})"
    if kind in _JOINED:
        demand(node, "this", "expression")
        return f"({inner(node.this)} {_JOINED[kind]} {inner(node.expression)})"
    return _function(node, kind, inner)


def _function(node: exp.Expr, kind: str, inner: Callable[[exp.Expr], str]) -> str:
    if kind == "Not":
        demand(node, "this")
        return f"(NOT {inner(node.this)})"
    if kind == "Is":
        demand(node, "this", "expression")
        _not_compared(node.this)
        if type(node.expression).__name__ not in ("Null", "Boolean"):
            raise RefusedError(f"{_shown(node)} is not among what it knows")
        return f"({inner(node.this)} IS {_constant(node.expression)})"
    if kind == "In":
        demand(node, "this", "expressions")
        _not_compared(node.this)
        return f"({inner(node.this)} IN ({', '.join(_constant(each) for each in node.expressions)}))"
    if kind in _ONE:
        demand(node, "this")
        return f"{_ONE[kind]}({inner(node.this)})"
    if kind in _SEVERAL:
        demand(node, "this", "expressions", "ignore_nulls")
        return f"{_SEVERAL[kind]}({', '.join(inner(each) for each in (node.this, *node.expressions))})"
    if kind == "Nullif":
        demand(node, "this", "expression")
        return f"NULLIF({inner(node.this)}, {inner(node.expression)})"
    if kind == "Round":
        demand(node, "this", "decimals")
        decimals = f", {_constant(node.args['decimals'])}" if node.args.get("decimals") is not None else ""
        return f"ROUND({inner(node.this)}{decimals})"
    if kind in ("Cast", "TryCast"):
        demand(node, "this", "to", "safe")
        name = node.args["to"].this.value
        if name not in _TYPES or node.args["to"].expressions:
            raise RefusedError(f"a cast to {name} is not among what it knows")
        return f"{'CAST' if kind == 'Cast' else 'TRY_CAST'}({inner(node.this)} AS {name})"
    if kind == "DateDiff":
        demand(node, "this", "expression", "unit", "date_part_boundary")
        unit = node.text("unit").upper()
        if unit not in _UNITS:
            raise RefusedError(f"{_shown(node)} is not among what it knows")
        return f"DATE_DIFF({quoted(unit.lower())}, {inner(node.expression)}, {inner(node.this)})"
    if kind == "Case":
        demand(node, "ifs", "default")
        parts = []
        for branch in node.args["ifs"]:
            demand(branch, "this", "true")
            parts.append(f"WHEN {inner(branch.this)} THEN {inner(branch.args['true'])}")
        default = node.args.get("default")
        return f"CASE {' '.join(parts)}{f' ELSE {inner(default)}' if default is not None else ''} END"
    raise RefusedError(f"{_shown(node)} is not among what it knows")


def _constant(node: exp.Expr) -> str:
    kind = type(node).__name__
    if kind == "Null":
        return "NULL"
    if kind == "Boolean":
        return "TRUE" if node.this else "FALSE"
    if kind == "Neg" and type(node.this).__name__ == "Literal" and not node.this.is_string:
        return f"(-{_constant(node.this)})"
    if kind == "Literal" and node.is_string:
        return quoted(node.this)
    if kind == "Literal" and _NUMBER.match(node.this):
        return str(node.this)
    raise RefusedError(f"{_shown(node)} is not among what it knows")


def _not_compared(*nodes: exp.Expr) -> None:
    """Raises RefusedError for `a = b = c` and its like, which engines read in more than one way."""
    for node in nodes:
        if type(node).__name__ in {*_COMPARED, *_JOINED, "Not", "Is", "In"}:
            raise RefusedError(f"{_shown(node)} is compared without parentheses")


def _shown(node: exp.Expr) -> str:
    words = " ".join(node.sql(dialect="duckdb").split())
    return words if len(words) <= 60 else f"{words[:57]}..."
