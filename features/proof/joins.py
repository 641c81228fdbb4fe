"""Joins and correlations: each relation that carries as_of equates it, each that hangs on the spine its key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from leadmart.features.definition import Read
from leadmart.features.errors import LeadmartError
from leadmart.features.proof.functions import listed
from leadmart.features.proof.relation import AS_OF, Relation
from leadmart.features.proof.scope import Bound, Col, Resolved, Scope
from leadmart.features.tree import conjuncts, direct, words_of

if TYPE_CHECKING:
    from sqlglot import exp

    from leadmart.features.proof.select import Proof

_JOIN = listed(
    """
    this side kind on using method
    """
)


def check_join(proof: Proof, scope: Scope, bound: Bound) -> None:
    """Judges one join of a FROM, notes what it equates and whether it may multiply rows."""
    join = bound.join
    assert join is not None
    if not _is_readable(proof, bound, join):
        bound.relation = None
        return
    relation = bound.relation
    pairs = list(_equalities(scope, bound, join))
    for left, right in pairs:
        scope.equate(left, right, only=bound.alias if bound.nullable else "")
    if relation is None:
        return
    if relation.timed and not relation.fixed and not _joins_as_of(scope, bound, pairs):
        bound.refused = "join_without_as_of" not in proof.waived
        _refuse_as_of(proof, scope, bound)
    if relation.asked and not relation.fixed:
        _check_key(proof, scope, bound, pairs)
    if relation.words.startswith("links."):
        _mark_linked(scope, bound, pairs)
    pinned = {
        own[1]
        for left, right in pairs
        for one, other in ((left, right), (right, left))
        if (own := scope.own(one)) and own[0] == bound.alias and not _reads(scope, other, bound.alias)
    }
    bound.fans_out = not any(key <= pinned for key in relation.keys)


def check_anchor(proof: Proof, scope: Scope, use: str) -> None:
    """Of a subquery or a LATERAL: its as_of, and where it hangs on the spine its key, are equated to the outer ones."""
    where = scope.select.args.get("where")
    pairs = list(_equal_parts(where.this if where else None))
    for left, right in pairs:
        scope.equate(left, right)
    for column in _nulls(scope, where.this if where else None):
        _note_anti_join(scope, column)
    if use not in ("lateral", "expression") or scope.outer is None:
        return
    for bound in scope.bounds.values():
        if bound.join is not None and not bound.nullable:
            pairs += _equal_parts(bound.join.args.get("on"))
    first = _loose(scope, pairs, AS_OF)
    if first:
        proof.refuse(
            first.node,
            f"{words_of(first.node)} is read in a subquery without as_of: rows of other moments would count",
            "join_without_as_of",
            f"add `AND {first.alias}.as_of = {scope.outer.first_as_of()}`, the outer as_of by its relation's name",
        )
    asked = _loose(scope, pairs, "key")
    if asked:
        key = proof.definition.key
        proof.refuse(
            asked.node,
            f"{words_of(asked.node)} is read in a subquery without {key}: the value would change with who else is "
            "asked for",
            "join_without_key",
            f"add `AND {asked.alias}.{key} = spine.{key}`, or read `known.…`, which holds everyone",
        )
    scope.anchored = scope.key_anchored = True


def _nulls(scope: Scope, condition: exp.Expr | None) -> Iterator[Col]:
    """The columns that a condition wants to be NULL."""
    from sqlglot import exp

    for part in conjuncts(condition):
        if isinstance(part, exp.Is) and isinstance(part.expression, exp.Null) and (own := scope.own(part.this)):
            yield own


def _note_anti_join(scope: Scope, column: Col) -> None:
    """`LEFT JOIN x … WHERE x.key IS NULL` keeps each row before it once at most."""
    bound = scope.bounds[column[0]]
    if bound.nullable and bound.relation and bound.join is not None:
        equated = {
            own
            for left, right in _equalities(scope, bound, bound.join)
            for own in (scope.own(left), scope.own(right))
            if own
        }
        if column in equated or frozenset({column[1]}) in bound.relation.keys:
            bound.fans_out = False


def _loose(scope: Scope, pairs: list[tuple[exp.Expr, exp.Expr]], role: str) -> Bound | None:
    """The first relation of a subquery whose column of a role is tied to the outer one in no way."""
    bearers = [
        b
        for b in scope.bounds.values()
        if b.relation and not b.nullable and (b.relation.timed if role == AS_OF else b.relation.asked)
    ]
    tied: set[str] = set()
    for _ in bearers:
        for left, right in pairs:
            for one, other in ((left, right), (right, left)):
                inner, outer = _resolved(scope, one), _resolved(scope, other)
                if not (inner and outer and inner.scope is scope and inner.is_live(role) and outer.is_live(role)):
                    continue
                if outer.scope is not scope or outer.bound.alias in tied:
                    tied.add(inner.bound.alias)
    return next((b for b in bearers if b.alias not in tied), None)


def _is_readable(proof: Proof, bound: Bound, join: exp.Join) -> bool:
    from sqlglot import exp

    method, side, kind = (str(join.args.get(name) or "").upper() for name in ("method", "side", "kind"))
    words = words_of(bound.node)
    told: tuple[str, str] | None = None
    if method or [name for name, value in join.args.items() if value and name not in _JOIN]:
        told = f"{method or 'this'} JOIN", f"write `LEFT JOIN {words} AS {bound.alias} ON …` and name every column"
    elif side not in ("", "LEFT"):
        told = f"{side} JOIN", "begin with the relation whose rows all count, and LEFT JOIN the other"
    elif kind in ("SEMI", "ANTI"):
        told = f"{kind} JOIN", "write EXISTS, or LEFT JOIN it in a CTE and keep the rows WHERE its key IS NULL"
    elif (kind == "CROSS" or not (join.args.get("on") or join.args.get("using"))) and not (
        isinstance(bound.node, exp.Lateral | exp.Unnest)
        or (bound.relation and (bound.relation.timed or bound.relation.asked))
    ):
        told = "a join without ON", f"write `JOIN {words} AS {bound.alias} ON …`; `ON TRUE` where every row is meant"
    if told:
        proof.refuse(bound.node, f"{told[0]} is not read by the proof", "refused_construct", told[1])
    return not told


def _equalities(scope: Scope, bound: Bound, join: exp.Join) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """The pairs that a join equates, USING written out."""
    from sqlglot import exp

    yield from _equal_parts(join.args.get("on"))
    for identifier in join.args.get("using") or ():
        name = identifier.name.lower()
        for other in scope.bounds.values():
            if other is not bound and other.relation and name in other.relation.columns:
                yield exp.column(name, table=bound.alias), exp.column(name, table=other.alias)
                break


def _equal_parts(condition: exp.Expr | None) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    from sqlglot import exp

    for part in conjuncts(condition):
        if isinstance(part, exp.EQ):
            yield part.left, part.right


def _resolved(scope: Scope, node: exp.Expr) -> Resolved | None:
    from sqlglot import exp

    if not isinstance(node, exp.Column) or not node.table:
        return None
    found = scope.resolve(node)
    return found if isinstance(found, Resolved) else None


def _reads(scope: Scope, node: exp.Expr, alias: str) -> bool:
    return any(column[0] == alias for column in scope.columns_in(node)) or any(
        n.key in ("select", "union") for n in direct(node)
    )


def _partner(scope: Scope, bound: Bound, pairs: list[tuple[exp.Expr, exp.Expr]], own_role: str) -> list[Resolved]:
    """What the join equates the relation's own column of a role with."""
    found = []
    for left, right in pairs:
        for one, other in ((left, right), (right, left)):
            inner, outer = _resolved(scope, one), _resolved(scope, other)
            if not (inner and outer and inner.scope is scope and inner.bound is bound):
                continue
            if inner.fact.role == own_role and outer.bound is not bound:
                found.append(outer)
    return found


def _joins_as_of(scope: Scope, bound: Bound, pairs: list[tuple[exp.Expr, exp.Expr]]) -> bool:
    earlier = [b for b in scope.bounds.values() if b is not bound and b.relation is not None]
    if any(b.relation is None for b in scope.bounds.values()):
        return True  # what it should be joined to was refused
    if not any(b.relation and b.relation.timed for b in earlier) and not bound.nullable:
        return True  # the first that carries as_of
    return any(other.is_live(AS_OF) for other in _partner(scope, bound, pairs, AS_OF))


def _refuse_as_of(proof: Proof, scope: Scope, bound: Bound) -> None:
    names = [alias for alias, _ in scope.live(AS_OF) if alias != bound.alias]
    partner = "spine" if "spine" in names else next(iter(names), "spine")
    proof.refuse(
        bound.node,
        f"{words_of(bound.node)} is joined without as_of: rows of other moments would count",
        "join_without_as_of",
        f"add `AND {bound.alias}.as_of = {partner}.as_of`",
    )


def _check_key(proof: Proof, scope: Scope, bound: Bound, pairs: list[tuple[exp.Expr, exp.Expr]]) -> None:
    relation, key = bound.relation, proof.definition.key
    assert relation is not None
    partners = _partner(scope, bound, pairs, "key")
    if relation.lookup:
        _check_lookup(proof, bound, relation, partners)
        return
    earlier = [b for b in scope.bounds.values() if b is not bound and b.relation and b.relation.asked]
    if earlier and any(other.is_live("key") for other in partners):
        return
    if not earlier and not bound.nullable:
        return
    own = next((name for name, fact in relation.columns.items() if fact.role == "key"), key)
    proof.refuse(
        bound.node,
        f"{words_of(bound.node)} holds who is asked for and is joined without {key}: the value would change with who "
        "else is",
        "join_without_key",
        f"add `AND {bound.alias}.{own} = spine.{key}`" if earlier else "begin with `FROM spine` and LEFT JOIN the rest",
    )


def _check_lookup(proof: Proof, bound: Bound, relation: Relation, partners: list[Resolved]) -> None:
    own = relation.entity == proof.definition.entity
    wanted = "key" if own else f"{_link_to(proof, relation)} {relation.entity[1]}"
    if any(other.fact.role == wanted and (not own or not other.bound.nullable) for other in partners):
        return
    name = relation.entity[1]
    proof.refuse(
        bound.node,
        f"{relation.words} holds only the rows asked for: joined on anything but its full key it would mix leads",
        "join_without_key",
        f"add `AND {bound.alias}.{name} = spine.{name}`"
        if own
        else f"LEFT JOIN `links.…` on `spine.{proof.definition.key}` first, and equate `{bound.alias}.{name}` with its "
        f"{name}",
    )


def _link_to(proof: Proof, relation: Relation) -> str:
    """The link by which the engine reaches a view's entity from the leads asked for; '' where there is none."""
    from leadmart.features.session import link_for

    resolved = proof.registry.resolve(Read("features", relation.lookup.partition(".")[2], 0), proof.definition)
    try:
        return link_for(resolved[0], proof.registry).relation if isinstance(resolved, tuple) else ""
    except LeadmartError:
        return ""


def _mark_linked(scope: Scope, bound: Bound, pairs: list[tuple[exp.Expr, exp.Expr]]) -> None:
    """A link joined on the spine's key gives the keys of other entities that the engine computes for it."""
    relation = bound.relation
    assert relation is not None
    tied = {
        inner.name
        for left, right in pairs
        for one, other in ((left, right), (right, left))
        if (inner := _resolved(scope, one)) and (outer := _resolved(scope, other))
        if inner.bound is bound and inner.scope is scope and outer.is_live("key")
    }
    if relation.entity[1] in tied:
        columns = {
            name: replace(fact, role=f"{relation.words} {name}")
            if not fact.role and name != relation.entity[1]
            else fact
            for name, fact in relation.columns.items()
        }
        bound.relation = replace(relation, columns=columns)
