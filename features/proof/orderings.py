"""Orderings: whatever picks or numbers rows ends in a key, so that no tie is left to chance; windows hold as_of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadmart.features.proof.functions import LISTS, RANKS
from leadmart.features.proof.relation import AS_OF
from leadmart.features.proof.scope import Col, Scope
from leadmart.features.tree import function_name, text_of

if TYPE_CHECKING:
    from sqlglot import exp

    from leadmart.features.proof.select import Proof


def group_columns(scope: Scope) -> set[Col]:
    """The bare columns of a SELECT's GROUP BY."""
    group = scope.select.args.get("group")
    found = {scope.own(positional(scope, e)) for e in (group.expressions if group else ())}
    return {column for column in found if column}


def positional(scope: Scope, node: exp.Expr) -> exp.Expr:
    """`GROUP BY 1` as the output expression it means."""
    from sqlglot import exp

    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit():
        number = int(node.this)
        if 1 <= number <= len(scope.select.expressions):
            item: exp.Expr = scope.select.expressions[number - 1]
            inner: exp.Expr = item.this if isinstance(item, exp.Alias) else item
            return inner
    return node


def check_ties(proof: Proof, scope: Scope, node: exp.Func, value: exp.Expr, ordering: list[exp.Expr]) -> None:
    """An ordering that leaves ties lets chance pick: it ends in the key of what it picks from."""
    from sqlglot import exp

    if not scope.is_whole:
        return
    bare = value.expressions[0] if isinstance(value, exp.Distinct) and value.expressions else value
    if bare in ordering:
        return
    have = {column for column in (scope.own(part) for part in ordering) if column} | group_columns(scope)
    loose = [column for column in scope.columns_in(bare) if not scope.is_determined(column, have)]
    if loose:
        _refuse_ties(proof, scope, node, loose[0][0])


def _refuse_ties(proof: Proof, scope: Scope, node: exp.Expr, alias: str) -> None:
    from sqlglot import exp

    relation = scope.bounds[alias].relation
    assert relation is not None
    words = f"in {function_name(proof.definition, node).upper()}" if isinstance(node, exp.Func) else "here"
    keys = sorted(relation.keys, key=len)
    told = ", ".join(f"{alias}.{name}" for name in sorted(keys[0])) if keys and keys[0] else ""
    proof.refuse(
        node,
        f"the ordering {words} leaves ties: chance would decide between rows of {relation.words}",
        "order_without_key",
        f"end the ordering in the key: `(…, {told})`"
        if told
        else f"{relation.words} has no known key: GROUP BY one in the CTE, and end the ordering in it",
    )


def check_window(proof: Proof, scope: Scope, node: exp.Window) -> None:
    from sqlglot import exp

    if node.args.get("alias") is not None or not node.args.get("over"):
        proof.refuse(
            node, "a named WINDOW is not read by the proof", "refused_construct", "write the window behind OVER"
        )
        return
    partition = [scope.own(e) for e in node.args.get("partition_by") or ()]
    have = {column for column in partition if column}
    words = text_of(proof.definition, node.this)
    if scope.timed and not scope.anchored and not have & set(scope.live(AS_OF)):
        proof.refuse(
            node,
            f"the window of {words} is not partitioned by as_of: rows of other moments would count",
            "window_without_as_of",
            f"write `PARTITION BY {scope.first_as_of()}, …`",
        )
    if scope.asked and not scope.key_anchored and not have & set(scope.live("key")):
        key = proof.definition.key
        proof.refuse(
            node,
            f"the window of {words} is not partitioned by {key}: the value would change with who else is asked for",
            "window_without_key",
            f"write `PARTITION BY spine.{key}, spine.as_of, …`, or rank over `known.…`, which holds everyone",
        )
    inner = node.this.this if isinstance(node.this, exp.IgnoreNulls | exp.RespectNulls | exp.Filter) else node.this
    name = function_name(proof.definition, inner) if isinstance(inner, exp.Func) else ""
    order = node.args.get("order")
    if order is None and name in RANKS | LISTS:
        proof.refuse(
            node,
            f"{name.upper()} takes the rows in the order they come",
            "unordered",
            "write `OVER (PARTITION BY … ORDER BY …, <the source's key>)`",
        )
    if order is None and node.args.get("spec") is not None:
        proof.refuse(
            node,
            f"{words} over a frame takes the rows in the order they come",
            "unordered",
            "write `OVER (PARTITION BY … ORDER BY …, <the source's key> ROWS …)`",
        )
    if order is None or not scope.is_whole:
        return
    have |= {column for column in (scope.own(o.this) for o in order.expressions) if column}
    if not _tells_rows(scope, have):
        loose = [b.alias for b in scope.bounds.values() if b.join is None or b.fans_out]
        _refuse_ties(proof, scope, node, loose[-1] if loose else next(iter(scope.bounds)))


def _tells_rows(scope: Scope, have: set[Col]) -> bool:
    """Whether columns tell the rows that a window or a LIMIT sees apart: the groups of a grouped SELECT."""
    if scope.select.args.get("group"):
        return group_columns(scope) - set(scope.live(AS_OF)) <= scope.closure(have)
    return scope.tells_apart(have)


def check_limit(proof: Proof, scope: Scope) -> None:
    """LIMIT picks by its ORDER BY: that ends in the key too."""
    order = scope.select.args.get("order")
    limit = scope.select.args.get("limit") or scope.select.args.get("offset")
    if order is None:
        proof.refuse(
            limit,
            "LIMIT takes the rows in the order they come",
            "unordered",
            "write `ORDER BY …, <the source's key>` before it",
        )
        return
    have = {column for column in (scope.own(o.this) for o in order.expressions) if column}
    if scope.is_whole and not _tells_rows(scope, have):
        loose = [b.alias for b in scope.bounds.values() if b.join is None or b.fans_out]
        _refuse_ties(proof, scope, order, loose[-1] if loose else next(iter(scope.bounds)))
