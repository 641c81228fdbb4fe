"""GROUP BY, DISTINCT, LIMIT and the facts of a SELECT, and the relation that comes out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadmart.features.proof import readings
from leadmart.features.proof.functions import MULTIPLICITY_BLIND
from leadmart.features.proof.orderings import check_limit, group_columns, positional
from leadmart.features.proof.relation import AS_OF, Fact, Relation
from leadmart.features.proof.scope import Bound, Col, Resolved, Scope
from leadmart.features.tree import conjuncts, direct, words_of

if TYPE_CHECKING:
    from sqlglot import exp

    from leadmart.features.proof.select import Proof


def check_clauses(proof: Proof, scope: Scope, use: str) -> None:
    """Judges what a SELECT does to its rows as a whole."""
    _check_group(proof, scope)
    _check_distinct(proof, scope)
    _check_limit(proof, scope)
    _check_facts(proof, scope)


def aggregates_of(proof: Proof, scope: Scope) -> list[exp.Func]:
    """The aggregate calls of a SELECT itself, those over a window left out."""
    from sqlglot import exp

    found = []
    for clause in readings.expressions_of(scope.select):
        for node in direct(clause):
            holder = node.parent
            while isinstance(holder, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
                holder = holder.parent
            if not isinstance(node, exp.Func) or not readings.aggregate_of(proof, node):
                continue
            if not isinstance(holder, exp.Window) or not any(n is node for n in holder.this.walk()):
                found.append(node)
    return found


def _check_group(proof: Proof, scope: Scope) -> None:
    from sqlglot import exp

    group = scope.select.args.get("group")
    key = proof.definition.key if proof.definition.kind in ("feature", "gate") else "the key"
    if group is not None:
        odd = next((name for name in ("rollup", "cube", "grouping_sets", "all", "totals") if group.args.get(name)), "")
        odd = odd or next(
            (e.key for e in group.expressions if isinstance(e, exp.Rollup | exp.Cube | exp.GroupingSets)), ""
        )
        if not odd and any(
            isinstance(e, exp.Column) and not e.table and e.name.lower() == "all" for e in group.expressions
        ):
            odd = "all"
        if odd:
            proof.refuse(
                group,
                f"GROUP BY {odd.replace('_', ' ').upper().replace('GROUPINGSETS', 'GROUPING SETS')} "
                + ("does not say its columns" if odd == "all" else "adds rows over all moments and all keys"),
                "refused_construct",
                f"write `GROUP BY {scope.first_as_of()}, …` with every column by its name",
            )
            return
    if group is None and not aggregates_of(proof, scope):
        return
    have = group_columns(scope)
    node = group or scope.select
    if scope.timed and not scope.anchored and not have & set(scope.live(AS_OF)):
        proof.refuse(
            node,
            "GROUP BY does not hold as_of: rows of other moments would count"
            if group
            else "an aggregate without GROUP BY counts the rows of all moments together",
            "group_without_as_of",
            f"write `GROUP BY {scope.first_as_of()}, …`",
        )
    elif scope.asked and not scope.key_anchored and not have & set(scope.live("key")):
        proof.refuse(
            node,
            f"GROUP BY does not hold {key} of spine: the value would change with who else is asked for",
            "group_without_key",
            f"write `GROUP BY spine.{key}, spine.as_of`; to count over everyone, begin with `FROM known.…`",
        )


def _check_distinct(proof: Proof, scope: Scope) -> None:
    distinct = scope.select.args.get("distinct")
    if distinct is None:
        return
    on = distinct.args.get("on")
    items = (on.expressions or [on]) if on is not None else scope.select.expressions
    have = {scope.own(item.this if item.key == "alias" else item) for item in items}
    words = "DISTINCT ON" if on is not None else "DISTINCT"
    if scope.timed and not scope.anchored and not have & set(scope.live(AS_OF)):
        proof.refuse(
            scope.select.expressions[0],
            f"{words} does not hold as_of: a row of another moment would stand for it",
            "distinct_without_as_of",
            f"select `{scope.first_as_of()}` too" if on is None else f"write `DISTINCT ON ({scope.first_as_of()}, …)`",
        )
    elif scope.asked and not scope.key_anchored and not have & set(scope.live("key")):
        key = proof.definition.key
        proof.refuse(
            scope.select.expressions[0],
            f"{words} does not hold {key} of spine: the value would change with who else is asked for",
            "distinct_without_key",
            f"select `spine.{key}` too" if on is None else f"write `DISTINCT ON (spine.{key}, spine.as_of, …)`",
        )
    if on is not None:
        order = scope.select.args.get("order")
        ordered = {scope.own(o.this) for o in order.expressions} if order else set()
        if scope.is_whole and not scope.tells_apart({c for c in have | ordered if c}):
            proof.refuse(
                scope.select.expressions[0],
                "DISTINCT ON keeps one row of several, and its ORDER BY leaves ties",
                "order_without_key",
                "end ORDER BY in the source's key",
            )


def _check_limit(proof: Proof, scope: Scope) -> None:
    limit = scope.select.args.get("limit") or scope.select.args.get("offset")
    if limit is None:
        return
    if (scope.timed or scope.asked) and not scope.anchored:
        proof.refuse(
            limit,
            "LIMIT counts the rows of all moments together",
            "limit_without_as_of",
            f"number them instead: `QUALIFY ROW_NUMBER() OVER (PARTITION BY {scope.first_as_of()}, … ORDER BY …) = 1`",
        )
    check_limit(proof, scope)


def _check_facts(proof: Proof, scope: Scope) -> None:
    """One fact to a SELECT: two multiply each other's rows."""
    if not scope.is_whole:
        return
    fans = [b for b in scope.bounds.values() if b.fans_out]
    grouped = scope.select.args.get("group") is not None or bool(aggregates_of(proof, scope))
    group = group_columns(scope)
    root = next(iter(scope.bounds.values()), None)
    if grouped and root and not root.fans_out and not _covers(scope, root, group):
        fans = [root, *fans]
    if len(fans) < 2 or _is_one_to_one(scope, fans, group if grouped else set()):
        return
    facts = [b for b in fans if b.relation and (b.relation.timed or b.relation.fixed)]
    names = [readings.aggregate_of(proof, node) for node in aggregates_of(proof, scope)]
    blind = grouped and all(
        name in MULTIPLICITY_BLIND or (name == "count" and node.this is not None and node.this.key == "distinct")
        for name, node in zip(names, aggregates_of(proof, scope), strict=True)
    )
    if len(facts) < 2 and blind:
        return
    second = fans[1]
    proof.refuse(
        second.node,
        f"{words_of(second.node)} multiplies the rows of {words_of(fans[0].node)}: each of its rows would count "
        "several times",
        "two_facts",
        f"GROUP BY {second.alias} in a CTE that carries the key, or join it on its full key"
        + (f" ({', '.join(sorted(second.relation.keys[0]))})" if second.relation and second.relation.keys else ""),
    )


def _covers(scope: Scope, bound: Bound, have: set[Col]) -> bool:
    """Whether columns fix one row of a relation at most."""
    closed = scope.closure(have)
    assert bound.relation is not None
    return any({(bound.alias, name) for name in key} <= closed for key in bound.relation.keys)


def _is_one_to_one(scope: Scope, fans: list[Bound], group: set[Col]) -> bool:
    """Whether each joined row is one row of one relation: the others are joined on their full key from its side."""
    for bound in fans:
        if bound.relation is None or bound.nullable:
            continue
        own = {(bound.alias, name) for name in bound.relation.columns}
        if scope.tells_apart(own | group):
            return True
    return False


def output(proof: Proof, scope: Scope, use: str) -> Relation | None:
    """The relation that a SELECT gives: its columns' lineage, and what is unique in it."""
    from sqlglot import exp

    columns: dict[str, Fact] = {}
    origin: dict[Col, str] = {}
    inner = use in ("lateral", "expression")
    for number, item in enumerate(scope.select.expressions):
        name = (item.alias_or_name or f"column {number}").lower()
        node = item.this if isinstance(item, exp.Alias) else item
        own = scope.own(node)
        if own is not None:
            fact, bound = scope.fact(own), scope.bounds[own[0]]
            keeps = (fact.role != AS_OF or name == AS_OF) and not (
                bound.nullable and not fact.role.startswith("links.")
            )
            columns[name] = Fact(fact.role if keeps and not inner else "", fact.type, fact.hindsight)
            origin.setdefault(own, name)
        else:
            columns[name] = Fact("", readings.kind_of(proof, scope, node), _hindsight(proof, scope, node))
    if not scope.is_whole or any(item.is_star for item in scope.select.expressions):
        return None
    marks = {b.relation.hindsight for b in scope.bounds.values() if b.relation and b.relation.hindsight}
    return Relation(
        "a subquery",
        columns,
        tuple(_keys(proof, scope, origin, columns)),
        timed=scope.timed and not inner,
        fixed=inner,
        asked=scope.asked and not inner,
        hindsight=", ".join(sorted(marks)),
    )


def _hindsight(proof: Proof, scope: Scope, node: exp.Expr) -> frozenset[str]:
    from sqlglot import exp

    found: frozenset[str] = frozenset()
    for column in node.find_all(exp.Column):
        resolved = scope.resolve(column)
        if isinstance(resolved, Resolved):
            found |= resolved.fact.hindsight
    return found


def _keys(proof: Proof, scope: Scope, origin: dict[Col, str], columns: dict[str, Fact]) -> list[frozenset[str]]:
    """Sets of output columns that are unique at one as_of."""
    from sqlglot import exp

    select = scope.select
    if any(isinstance(n, exp.Explode | exp.Unnest) for e in select.expressions for n in direct(e)):
        return []
    group = select.args.get("group")
    found: list[frozenset[str]] = []
    limit = select.args.get("limit")
    if limit is not None and scope.anchored and limit.expression == exp.Literal.number(1):
        return [frozenset()]
    if group is None and aggregates_of(proof, scope):
        return [frozenset()]
    if not scope.bounds:
        return [frozenset()]
    if group is not None:
        wanted: list[str | None] = []
        every = group_columns(scope)
        for expression in group.expressions:
            node = positional(scope, expression)
            own = scope.own(node)
            if own in scope.fixed or (own is not None and scope.fact(own).role == AS_OF):
                continue
            if own is not None and scope.is_determined(own, every - {own}):
                every.discard(own)
                continue
            wanted.append(origin.get(own) or _name_of(scope, origin, own) if own else _alias_of(scope, node))
        if None not in wanted:
            found.append(frozenset(name for name in wanted if name))
    else:
        for identity in scope.identities():
            wanted = [_name_of(scope, origin, column) for column in identity if column not in scope.fixed]
            if None not in wanted:
                found.append(frozenset(name for name in wanted if name))
    found += [f for f in [_numbered(scope, origin)] if f is not None]
    distinct = select.args.get("distinct")
    if distinct is not None:
        on = distinct.args.get("on")
        names = (
            [_name_of(scope, origin, scope.own(e)) for e in (on.expressions or [on])] if on is not None else [*columns]
        )
        if None not in names:
            found.append(frozenset(name for name in names if name and name != AS_OF))
    return found


def _name_of(scope: Scope, origin: dict[Col, str], column: Col | None) -> str | None:
    """The output column that is, or fixes, a column."""
    if column is None:
        return None
    if column in origin:
        return origin[column]
    for other, name in origin.items():
        if column in scope.determines.get(other, ()):
            return name
    return None


def _alias_of(scope: Scope, node: exp.Expr) -> str | None:
    if node.key == "column" and node.name.lower() in scope.aliases:
        return str(node.name.lower())
    return next((alias for alias, inner in scope.aliases.items() if inner == node), None)


def _numbered(scope: Scope, origin: dict[Col, str]) -> frozenset[str] | None:
    """The PARTITION BY of `QUALIFY ROW_NUMBER() OVER (…) = 1`: one row each."""
    from sqlglot import exp

    qualify = scope.select.args.get("qualify")
    window: exp.Expr | None = None
    for part in conjuncts(qualify.this if qualify is not None else None):
        if isinstance(part, exp.EQ) and part.right == exp.Literal.number(1):
            left = part.left
            if isinstance(left, exp.Column) and scope.resolve(left) == "alias":
                left = scope.aliases[left.name.lower()]
            if isinstance(left, exp.Window) and isinstance(left.this, exp.RowNumber):
                window = left
    if window is None:
        return None
    names = []
    for expression in window.args.get("partition_by") or ():
        own = scope.own(expression)
        if own is not None and scope.fact(own).role == AS_OF:
            continue
        names.append(_name_of(scope, origin, own))
    return None if None in names else frozenset(name for name in names if name)
