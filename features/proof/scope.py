"""One SELECT's names: the relations of its FROM, what equals what in it, and what tells its rows apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

from leadmart.features.proof.relation import AS_OF, Fact, Relation
from leadmart.features.tree import direct

if TYPE_CHECKING:
    from sqlglot import exp

Col = tuple[str, str]
"""A column of a SELECT's own relations: (alias, name), in lower case."""


@dataclass
class Bound:
    """A relation in a FROM. `nullable` where a LEFT JOIN may fill it with NULLs; `fans_out` where several of its rows
    may meet one row of those before it. `relation` is None where it was refused already, `refused`
    says that its join was.
    """

    alias: str
    relation: Relation | None
    node: exp.Expr
    join: exp.Join | None
    nullable: bool = False
    fans_out: bool = False
    refused: bool = False


@dataclass
class Resolved:
    """What a column name means: the SELECT it was found in, its relation there, and what is known of it."""

    scope: Scope
    bound: Bound
    name: str
    fact: Fact

    def is_live(self, role: str) -> bool:
        """Whether it bears a role that no LEFT JOIN can empty."""
        return self.fact.role == role and not self.bound.nullable


@dataclass
class Scope:
    """The names one SELECT sees; `outer` is the SELECT around a subquery that may name its columns.

    `determines` maps a column to those it fixes (by equality; through a LEFT JOIN from the outer side only); `fixed`
    are columns equal to a constant or to a column outside. `anchored` says that as_of is the outer's.
    """

    select: exp.Select
    outer: Scope | None = None
    bounds: dict[str, Bound] = field(default_factory=dict)
    determines: dict[Col, set[Col]] = field(default_factory=dict)
    fixed: set[Col] = field(default_factory=set)
    anchored: bool = False
    key_anchored: bool = False
    aliases: dict[str, exp.Expr] = field(default_factory=dict)

    @property
    def timed(self) -> bool:
        """Whether any relation carries as_of."""
        return any(b.relation.timed for b in self.bounds.values() if b.relation)

    @property
    def asked(self) -> bool:
        """Whether the rows hang on which entities are asked for."""
        return any(b.relation.asked for b in self.bounds.values() if b.relation)

    @property
    def root_words(self) -> str:
        """The relation that FROM begins with, as its author names it."""
        root = next(iter(self.bounds.values()), None)
        return root.relation.words if root and root.relation else ""

    @property
    def is_whole(self) -> bool:
        """Whether every relation is known; with a refused one nothing more can be told."""
        return all(b.relation for b in self.bounds.values())

    def resolve(self, column: exp.Column) -> Resolved | str:
        """What a column means, or the complaint: `unknown`, `ambiguous`, `outer`, `alias`, `refused`."""
        name, table, schema = column.name.lower(), column.table.lower(), column.db.lower()
        if column.args.get("catalog"):
            return "unknown"
        scope: Scope | None = self
        if not table:
            return self._unqualified(name)
        while scope:
            bound = scope.bounds.get(table)
            if bound and (not schema or schema == bound.node.text("db").lower()):
                if bound.relation is None:
                    return "refused"
                fact = bound.relation.columns.get(name)
                return Resolved(scope, bound, name, fact) if fact else "unknown"
            if any(b.relation is None for b in scope.bounds.values()):
                return "refused"
            scope = scope.outer
        return "unknown"

    def _unqualified(self, name: str) -> Resolved | str:
        hits = [b for b in self.bounds.values() if b.relation and name in b.relation.columns]
        if any(b.relation is None for b in self.bounds.values()):
            return "refused"
        if len(hits) == 1 and hits[0].relation:
            alias = self.aliases.get(name)
            same = alias is None or (alias.key == "column" and alias.name.lower() == name)
            return Resolved(self, hits[0], name, hits[0].relation.columns[name]) if same else "ambiguous"
        if hits:
            return "ambiguous"
        if name in self.aliases:
            return "alias"
        outer = self.outer
        while outer:
            if any(b.relation and name in b.relation.columns for b in outer.bounds.values()):
                return "outer"
            outer = outer.outer
        return "unknown"

    def own(self, node: exp.Expr | None) -> Col | None:
        """The column of this SELECT that a node is, bare; None for anything else."""
        from sqlglot import exp

        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.Column):
            return None
        found = self.resolve(node)
        if found == "alias":
            return self.own(self.aliases[node.name.lower()])
        return (found.bound.alias, found.name) if isinstance(found, Resolved) and found.scope is self else None

    def columns_in(self, node: exp.Expr | None) -> set[Col]:
        """This SELECT's columns that an expression reads."""
        from sqlglot import exp

        found = {self.own(n) for n in direct(node) if isinstance(n, exp.Column)}
        return {column for column in found if column}

    def fact(self, column: Col) -> Fact:
        relation = self.bounds[column[0]].relation
        return relation.columns[column[1]] if relation else Fact()

    def live(self, role: str) -> list[Col]:
        """Columns that bear a role and that no LEFT JOIN can empty."""
        return [
            (b.alias, name)
            for b in self.bounds.values()
            if b.relation and not b.nullable
            for name, fact in b.relation.columns.items()
            if fact.role == role
        ]

    def equate(self, left: exp.Expr, right: exp.Expr, only: str = "") -> None:
        """Notes an equality; of a LEFT JOIN (`only` its alias) in the direction that unmatched rows keep."""
        pair = (self.own(left), self.own(right))
        for one, other, node in ((*pair, right), (*pair[::-1], left)):
            if one is None or (only and one[0] != only):
                continue
            if other is not None and other[0] != one[0]:
                self.determines.setdefault(other, set()).add(one)
            elif other is None and not self.columns_in(node) and not any(n.key == "select" for n in direct(node)):
                self.fixed.add(one)

    def closure(self, have: Iterable[Col]) -> set[Col]:
        """All columns that the given ones fix: by equality, and whole rows by their keys (a LATERAL's hold per row)."""
        found = set(have) | self.fixed
        grown = True
        while grown:
            before = len(found)
            for column in list(found):
                found |= self.determines.get(column, set())
            for bound in self.bounds.values():
                if bound.relation and not (bound.nullable or bound.relation.fixed) and self._has_key(bound, found):
                    found |= {(bound.alias, name) for name in bound.relation.columns}
            grown = len(found) > before
        return found

    def _has_key(self, bound: Bound, found: set[Col]) -> bool:
        return bound.relation is not None and any(
            {(bound.alias, name) for name in key} <= found for key in bound.relation.keys
        )

    def identities(self) -> Iterator[set[Col]]:
        """Sets of columns that tell this SELECT's joined rows apart at one as_of; none where that is unknown."""
        choices = []
        for bound in self.bounds.values():
            if bound.relation is None:
                return
            if bound.join is None or bound.fans_out:
                choices.append([{(bound.alias, name) for name in key} for key in bound.relation.keys])
        for number, picked in enumerate(product(*choices)):
            if number > 32:
                return
            yield set().union(*picked)

    def tells_apart(self, have: Iterable[Col]) -> bool:
        """Whether the columns tell every joined row from every other."""
        closed = self.closure(have)
        return any(identity <= closed for identity in self.identities())

    def is_determined(self, column: Col, have: set[Col]) -> bool:
        """Whether rows that agree in `have` agree in the column."""
        closed = self.closure(have)
        if column in closed and not self.bounds[column[0]].nullable:
            return True
        if column in have or self.tells_apart(have):
            return True
        if self._hangs_on_root(column[0], closed):
            return True
        bound = self.bounds[column[0]]
        direct_own = any(alias == bound.alias for alias, _ in have)
        return bound.relation is not None and (
            (self._has_key(bound, closed) and (not bound.nullable or direct_own))
            or (not bound.relation.timed and {(bound.alias, name) for name in bound.relation.columns} <= closed)
        )

    def _hangs_on_root(self, alias: str, closed: set[Col]) -> bool:
        """Whether a relation is looked up, row by row, for a root whose row is fixed."""
        for name, bound in self.bounds.items():
            if bound.fans_out or (bound.join is None and not self._has_key(bound, closed)):
                return False
            if name == alias:
                return True
        return False

    def first_as_of(self) -> str:
        """The as_of a hint may name: spine's, else the first relation's that carries one, here or outside."""
        scope: Scope | None = self
        while scope:
            for alias, name in sorted(scope.live(AS_OF), key=lambda column: column[0] != "spine"):
                return f"{alias}.{name}"
            scope = scope.outer
        return "spine.as_of"
