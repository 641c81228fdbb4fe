"""The version in force at each of many moments: a row's span of moments, found once, instead of a GROUP BY at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadmart.features.literals import quoted_name
from leadmart.features.sources.staged import first_known

if TYPE_CHECKING:
    from sqlglot import exp

Splice = tuple[int, int, str]
"""Where a piece of text begins and ends, and what stands there instead."""

_UNTIL = quoted_name("in force until")


def in_force(select: exp.Select) -> Splice | None:
    """What stands for the items, FROM and GROUP BY of a SELECT that takes the newest version of each key; else None.

    Read is this shape and no other, all names without quotes:

        SELECT a.k, a.as_of, ARG_MAX_NULL(a.x, (a.occurred_at, a.ingested_at, a.k)) AS x, …
        FROM known.s AS a GROUP BY a.k, a.as_of

    A row is in force from the moment on at which it is known, until a later one of its key is known: later by both
    clocks, in this order. Rows that tie in both are one fact, which the proof demands of this ordering.
    """
    from sqlglot import exp

    given = {name for name, value in select.args.items() if value}
    if given != {"expressions", "from_", "group"}:
        return None
    table, group = select.args["from_"].this, select.args["group"]
    if not isinstance(table, exp.Table) or table.db.lower() != "known" or table.args.get("joins"):
        return None
    alias = table.alias
    if {name for name, value in group.args.items() if value} != {"expressions"}:
        return None
    grouped = [_column(each, alias) for each in group.expressions]
    if "as_of" not in grouped or len(set(grouped)) < 2 or not all(grouped):
        return None
    keys = sorted({name for name in grouped if name != "as_of"})
    items = [_item(each, alias, grouped) for each in select.expressions]
    first = select.expressions[0]
    if not alias or not all(items) or not isinstance(first, exp.Column) or not _is_plain(table):
        return None
    ends = [each.this.meta["end"] + 1 for each in group.expressions]
    until = (
        f"COALESCE(MIN({first_known()}) OVER (PARTITION BY {', '.join(keys)} ORDER BY occurred_at, ingested_at "
        f"ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), TIMESTAMP 'infinity') AS {_UNTIL}"
    )
    rows = (
        f"SELECT s.*, w.as_of FROM (SELECT *, {until} FROM staging.{table.name} "
        "WHERE occurred_at IS NOT NULL AND ingested_at IS NOT NULL) AS s "
        f"JOIN wanted AS w ON s.occurred_at < w.as_of AND s.ingested_at <= w.as_of AND s.{_UNTIL} > w.as_of"
    )
    start: int = first.args["table"].meta["start"]
    return start, max(ends), f"{', '.join(filter(None, items))} FROM ({rows}) AS {alias}"


def _item(node: exp.Expr, alias: str, grouped: list[str]) -> str:
    """An item without its aggregate; '' for one that is neither a key nor the newest version's value."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        own = _column(node, alias)
        return f"{alias}.{own}" if own in grouped else ""
    if not isinstance(node, exp.Alias) or not _is_plain(node):
        return ""
    call = node.this
    if not isinstance(call, exp.Anonymous) or call.name.upper() != "ARG_MAX_NULL" or len(call.expressions) != 2:
        return ""
    value, ordering = call.expressions
    by = [_column(each, alias) for each in ordering.expressions] if isinstance(ordering, exp.Tuple) else []
    if by[:2] != ["occurred_at", "ingested_at"] or not set(by[2:]) <= set(grouped):
        return ""
    own = _column(value, alias)
    return f"{alias}.{own} AS {node.alias}" if own else ""


def _column(node: exp.Expr, alias: str) -> str:
    """The name of a bare column of the one relation, in small letters; '' for anything else."""
    from sqlglot import exp

    is_own = isinstance(node, exp.Column) and node.table.lower() == alias.lower() and not node.db and _is_plain(node)
    return node.name.lower() if is_own else ""


def _is_plain(node: exp.Expr) -> bool:
    from sqlglot import exp

    return not any(identifier.args.get("quoted") for identifier in node.find_all(exp.Identifier))
