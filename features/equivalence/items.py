"""Of a parsed SELECT: the names of its outputs, the stars among them, and which calls are a window's or its own."""

from __future__ import annotations

from sqlglot import exp

from leadmart.features.equivalence.expressions import is_count
from leadmart.features.tree import direct


def value_of(item: exp.Expr) -> exp.Expr:
    return item.this if isinstance(item, exp.Alias) else item


def name_of(item: exp.Expr) -> str:
    """The name of an output; of an expression without one, its words."""
    if isinstance(item, exp.Alias):
        return item.alias.lower()
    if isinstance(item, exp.Column):
        return item.name.lower()
    return " ".join(item.sql("duckdb").lower().split())


def star_of(item: exp.Expr) -> str | None:
    """The relation of `x.*`, '' of `*` alone; None for anything else, and for a star with EXCLUDE or REPLACE."""
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        return item.table.lower() if not has_others(item.this) and not item.db else None
    return "" if isinstance(item, exp.Star) and not has_others(item) else None


def may_hide(item: exp.Expr) -> bool:
    """Whether an output may be several columns: a star, or COLUMNS."""
    return any(
        (isinstance(n, exp.Star) and not is_count(n.parent))
        or (isinstance(n, exp.Anonymous) and n.name.lower() == "columns")
        for n in direct(item)
    )


def has_others(node: exp.Expr, *names: str) -> bool:
    """Whether a node has arguments beside these."""
    return any(value for name, value in node.args.items() if name not in names)


def as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def one_of_each(node: exp.Expr) -> list[exp.Expr] | None:
    """What `ROW_NUMBER() OVER (PARTITION BY …) = 1` keeps one row of each of; None for any other condition."""
    if not isinstance(node, exp.EQ):
        return None
    for window, one in ((node.this, node.expression), (node.expression, node.this)):
        if (
            isinstance(window, exp.Window)
            and isinstance(window.this, exp.Anonymous)
            and window.this.name.lower() == "row_number"
            and not window.args.get("alias")
            and isinstance(one, exp.Literal)
            and not one.is_string
            and str(one.this) == "1"
        ):
            return list(window.args.get("partition_by") or [])
    return None


def is_windowed(call: exp.Expr) -> bool:
    """Whether a call is that of a window: `SUM(x) FILTER (…) OVER (…)`."""
    while isinstance(call.parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        call = call.parent
    return isinstance(call.parent, exp.Window) and call.arg_key == "this"


def reads_own(call: exp.Expr) -> bool:
    """Whether an aggregate of a query inside reads a relation of that query, so that it surely belongs there."""
    query = call.find_ancestor(exp.Query)
    if not isinstance(query, exp.Select) or query.args.get("from_") is None:
        return False
    root = query.args["from_"].this
    own = {root.alias_or_name.lower(), *(j.this.alias_or_name.lower() for j in query.args.get("joins") or ())}
    columns = list(call.find_all(exp.Column))
    return not columns or any(c.table.lower() in own for c in columns)
