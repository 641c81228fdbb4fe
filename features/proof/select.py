"""The proof that a definition's rows at an as_of hang on what was known at that as_of, and on nothing else.

as_of is a partition key: every relation that carries it is joined on it by `=`, every GROUP BY, PARTITION BY, DISTINCT
and set operation holds it, every subquery equates it to the outer one. So the rows at an as_of are a function of the
rows known at it, and one as_of or a thousand give the same. The entity key likewise, for whatever comes from the spine.

Relations are walked from the tables up: each gets its columns' lineage (`Fact`), its keys, and whether it carries
as_of. What is not understood is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from leadmart.features.definition import Definition, Read
from leadmart.features.errors import LeadmartError
from leadmart.features.proof import clauses, joins, readings
from leadmart.features.proof.functions import listed
from leadmart.features.proof.relation import AS_OF, Fact, Relation, known_relation, reference_relation, spine_relation
from leadmart.features.proof.scope import Bound, Scope
from leadmart.features.registry import Registry
from leadmart.features.tree import refusal, tables_of, words_of
from leadmart.features.waivers import waivers

if TYPE_CHECKING:
    from sqlglot import exp

_SELECT = listed(
    """
    expressions from_ joins where group having qualify order limit offset distinct with_ hint
    """
)
_TABLE = listed("this db alias")
_SUBQUERY = listed(
    """
    this alias joins with_
    """
)
_SET = listed(
    """
    this expression distinct with_ order limit offset
    """
)
_PROVEN: WeakKeyDictionary[Registry, dict[str, Relation]] = WeakKeyDictionary()


@dataclass
class Cte:
    """One WITH entry: its query, the entries it may read, and its relation once it was walked."""

    node: exp.CTE
    before: dict[str, Cte]
    recursive: bool
    relation: Relation | None = None
    walked: bool = False


@dataclass
class Proof:
    """One definition's walk; `problems` are what it found."""

    definition: Definition
    registry: Registry
    problems: list[LeadmartError] = field(default_factory=list)
    path: tuple[str, ...] = ()
    waived: frozenset[str] = frozenset()
    final: Scope | None = None
    result: Relation | None = None

    def refuse(self, node: exp.Expr | None, message: str, code: str, hint: str) -> None:
        """Notes a problem at a node."""
        self.problems.append(refusal(self.definition, node, message, code, hint, self.path))

    def walk(self) -> Relation | None:
        """Walks the definition from its final SELECT."""
        self.result = self.query(self.definition.tree, {}, None, "final")
        return self.result

    def query(self, node: exp.Expr, ctes: dict[str, Cte], outer: Scope | None, use: str) -> Relation | None:
        """The relation of a SELECT or a set operation, with its WITH; `use` is final, table, lateral or expression."""
        from sqlglot import exp

        before = self._weighty()
        wanted = dict(ctes)
        entries = node.args.get("with_")
        made = []
        for cte in entries.expressions if entries else ():
            name = cte.alias.lower()
            if name == "spine":
                self.refuse(cte.args["alias"], "a CTE hides spine", "unknown_relation", "give the CTE another name")
            wanted[name] = Cte(cte, dict(wanted), bool(entries and entries.args.get("recursive")))
            made.append(wanted[name])
        if isinstance(node, exp.Select):
            found = self._select(node, wanted, outer, use)
        elif isinstance(node, exp.SetOperation):
            found = self._set_operation(node, wanted, outer, use)
        elif isinstance(node, exp.Subquery):
            self._only(node, _SUBQUERY)
            found = self.query(node.this, wanted, outer, use)
        else:
            self.refuse(
                node, f"{node.key.upper()} is no SELECT", "refused_construct", "write SELECT … FROM … in its place"
            )
            found = None
        for entry in made:
            self._cte_relation(entry)
        if use == "table" and found and self._weighty() == before:
            self._refuse_lost(node, found)
        return found if use == "final" or self._weighty() == before else None

    def _weighty(self) -> int:
        """How many problems no waiver answers: what has one is read no further, so that it is told once."""
        return sum(problem.code not in self.waived for problem in self.problems)

    def _refuse_lost(self, node: exp.Expr, found: Relation) -> None:
        name = self.path[-1] if self.path else "a derived table"
        if found.timed and AS_OF not in {fact.role for fact in found.columns.values()}:
            self.refuse(
                node,
                f"{name} does not return as_of, bare and never NULL: what reads it could not be held to its moment",
                "as_of_lost",
                "select the as_of of the relation in FROM, as it is: `spine.as_of`",
            )
        elif found.asked and "key" not in {fact.role for fact in found.columns.values()}:
            key = self.definition.key
            self.refuse(
                node,
                f"{name} does not return {key} of spine: what reads it would mix the rows of all that are asked for",
                "key_lost",
                f"select `spine.{key}`",
            )

    def _cte_relation(self, entry: Cte) -> Relation | None:
        from sqlglot import exp

        if entry.walked:
            return entry.relation
        entry.walked = True
        name, inner = entry.node.alias, entry.node.this
        before, self.path = self.path, (*self.path, name)
        self._only(
            entry.node,
            listed(
                """
    this alias materialized
    """
            ),
        )
        names = [column.name for column in entry.node.args["alias"].args.get("columns") or ()]
        reads_itself = any(t.name.lower() == name.lower() and not t.db for t in inner.find_all(exp.Table))
        if entry.recursive and reads_itself and isinstance(inner, exp.SetOperation):
            found = self._recursive(entry, inner, names)
        else:
            found = self.query(inner, entry.before, None, "table")
        self.path = before
        entry.relation = self._named(found, name, names)
        return entry.relation

    def _recursive(self, entry: Cte, node: exp.SetOperation, names: Sequence[str]) -> Relation | None:
        self._only(node, _SET)
        base = self.query(node.left, entry.before, None, "table")
        if base is None:
            return None
        base = replace(base, keys=())
        told = len(self.problems)
        while True:  # a role holds if both parts give it; each turn drops one at least
            entry.relation = self._named(base, entry.node.alias, names)
            step = self.query(node.right, {**entry.before, entry.node.alias.lower(): entry}, None, "table")
            if step is None:
                return None
            facts = zip(base.columns.items(), step.columns.values(), strict=False)
            kept = {n: replace(one, role=one.role if one.role == two.role else "") for (n, one), two in facts}
            if kept == base.columns:
                break
            base = replace(base, columns=kept, asked=base.asked or step.asked, timed=base.timed or step.timed)
            del self.problems[told:]
        self._refuse_lost(node.right, base)
        return base

    def _named(self, found: Relation | None, name: str, names: Sequence[str]) -> Relation | None:
        """A relation under its alias and with the column names that the alias lists; a renamed as_of is none."""
        if found is None:
            return None
        renamed = dict(zip(found.columns, [n.lower() for n in names], strict=False))
        columns = {}
        for column, fact in found.columns.items():
            new = renamed.get(column, column)
            columns[new] = replace(fact, role="") if fact.role == AS_OF and new != AS_OF else fact
        keys = tuple(frozenset(renamed.get(c, c) for c in key) for key in found.keys)
        return replace(found, words=name, columns=columns, keys=keys)

    def _set_operation(
        self, node: exp.SetOperation, ctes: dict[str, Cte], outer: Scope | None, use: str
    ) -> Relation | None:
        self._only(node, _SET)
        inner = "part" if use in ("table", "final") else use
        left, right = (self.query(side, ctes, outer, inner) for side in (node.left, node.right))
        if node.args.get("limit") or node.args.get("offset"):
            self.refuse(
                node.args.get("limit") or node.args.get("offset"),
                "LIMIT counts the rows of all moments together",
                "limit_without_as_of",
                "number them instead: QUALIFY ROW_NUMBER() OVER (PARTITION BY …as_of, … ORDER BY …) = 1",
            )
        if not left or not right:
            return None
        columns: dict[str, Fact] = {}
        for (name, one), other in zip(left.columns.items(), right.columns.values(), strict=False):
            columns[name] = Fact(
                one.role if one.role == other.role else "",
                one.type if one.type == other.type else "",
                one.hindsight | other.hindsight,
            )
        roles = {fact.role for fact in columns.values()}
        kept, timed, asked = not node.args.get("distinct"), left.timed or right.timed, left.asked or right.asked
        words = type(node).__name__.upper()
        if outer is None and timed and AS_OF not in roles:
            self.refuse(
                node,
                f"{words} does not hold as_of, bare and at the same place in both parts",
                "set_without_as_of",
                "select the as_of of each part's relation, under the name as_of, at the same place",
            )
            return None
        if outer is None and asked and "key" not in roles:
            self.refuse(
                node,
                f"{words} does not hold the key of spine at the same place in both parts",
                "set_without_key",
                f"begin both parts with `FROM spine` and select `spine.{self.definition.key}`",
            )
            return None
        keys = () if kept else (frozenset(columns) - {AS_OF},)
        return replace(left, columns=columns, keys=keys, timed=timed, asked=asked)

    def _select(self, node: exp.Select, ctes: dict[str, Cte], outer: Scope | None, use: str) -> Relation | None:
        self._only(node, _SELECT)
        scope = Scope(node, outer)
        scope.aliases = {item.alias.lower(): item.this for item in node.expressions if item.key == "alias"}
        if use == "final":
            self.final = scope
        for _, table, join in tables_of(node):
            alias = (table.alias_or_name or f"unnamed {len(scope.bounds)}").lower()
            if alias in scope.bounds:
                self.refuse(table, f"{alias} is named twice in one FROM", "unknown_relation", "give one another alias")
            relation = self._relation(table, ctes, scope, join)
            if relation and relation.lookup and join is None:
                self.refuse(
                    table,
                    f"{relation.words} holds only the rows asked for: read by itself it would mix leads",
                    "join_without_key",
                    "begin with `FROM spine` and LEFT JOIN it on its full key",
                )
                relation = None
            bound = Bound(alias, relation, table, join, nullable=bool(join and join.side == "LEFT"))
            scope.bounds[alias] = bound
            if join is not None:
                joins.check_join(self, scope, bound)
        joins.check_anchor(self, scope, use)
        for expression in readings.expressions_of(node):
            readings.check(self, scope, expression, ctes)
        clauses.check_clauses(self, scope, use)
        return clauses.output(self, scope, use)

    def _relation(self, table: exp.Expr, ctes: dict[str, Cte], scope: Scope, join: exp.Join | None) -> Relation | None:
        from sqlglot import exp

        alias = table.args.get("alias")
        names = [column.name for column in (alias.args.get("columns") or () if alias else ())]
        if isinstance(table, exp.Table):
            if not self._only(table, _TABLE):
                return None
            if names:
                self.refuse(
                    table, "columns renamed behind an alias are not read", "refused_construct", "rename them in SELECT"
                )
                return None
            return self._named(self._table(table, ctes), words_of(table), [])
        if isinstance(table, exp.Subquery):
            if isinstance(table.this, exp.Table) or table.args.get("joins"):
                self.refuse(
                    table, "joins in parentheses are not read", "refused_construct", "put the inner join into a CTE"
                )
                return None
            before, self.path = self.path, (*self.path, table.alias or "a derived table")
            found = self.query(table, ctes, None, "table")
            self.path = before
            return self._named(found, table.alias, names)
        if isinstance(table, exp.Lateral) and isinstance(table.this, exp.Subquery):
            before, self.path = self.path, (*self.path, table.alias or "a derived table")
            found = self.query(table.this, ctes, scope, "lateral")
            self.path = before
            return self._named(found, table.alias, names)
        if isinstance(table, exp.Unnest):
            for expression in table.expressions:
                readings.check(self, scope, expression, ctes)
            columns = {name.lower(): Fact() for name in names or ["unnest"]}
            return Relation(table.alias, columns, (), timed=False, fixed=True)
        self.refuse(
            table,
            f"{table.key.upper()} in FROM is not readable here",
            "unreadable",
            "put fixed rows into sql/reference/<name>.csv; load others as raw and write a source",
        )
        return None

    def _table(self, table: exp.Table, ctes: dict[str, Cte]) -> Relation | None:
        from sqlglot import exp

        if not isinstance(table.this, exp.Identifier):
            return None  # a table function, refused as one
        schema, name = table.db.lower(), table.name.lower()
        if not schema and name in ctes:
            return self._cte_relation(ctes[name])
        try:
            return self._readable(schema, name)
        except LeadmartError:
            return None  # refused where the relations are

    def _readable(self, schema: str, name: str) -> Relation | None:
        definition, registry = self.definition, self.registry
        if schema == "known" and definition.kind != "label":
            return known_relation(name, registry)
        if schema == "staging" and definition.kind == "label":
            return known_relation(name, registry, timed=False)
        if schema == "reference":
            return reference_relation(registry.reference(name))
        if not schema and name == "spine" and definition.kind in ("feature", "gate"):
            return spine_relation(definition)
        if schema == "links" or (schema == "features" and definition.kind in ("feature", "gate")):
            resolved = registry.resolve(Read(schema, name, 0), definition)
            if isinstance(resolved, tuple):
                return relation_of(resolved[0], registry)
        return None

    def _only(self, node: exp.Expr, known: frozenset[str]) -> bool:
        """Whether a clause holds nothing beyond what is understood; refuses the rest."""
        before = len(self.problems)
        for name, value in node.args.items():
            if value in (None, False, [], "") or name in known:
                continue
            words = {"pivots": "PIVOT", "sample": "SAMPLE", "windows": "a named WINDOW", "by_name": "BY NAME"}
            self.refuse(
                value[0] if isinstance(value, list) else value if not isinstance(value, str | bool) else node,
                f"{words.get(name, name.upper().strip('_'))} is not read by the proof",
                "refused_construct",
                {
                    "pivots": "write one COUNT(…) FILTER (WHERE …) a column",
                    "windows": "write the window behind OVER",
                    "by_name": "select the columns in the same order in both parts",
                }.get(name, "write it with joins, GROUP BY and windows"),
            )
        return len(self.problems) == before


def relation_of(definition: Definition, registry: Registry) -> Relation:
    """A view or a link as others read it, its columns' lineage followed through its own SELECT."""
    proven = _PROVEN.setdefault(registry, {})
    if definition.relation not in proven:
        names = [column.name.lower() for column in definition.columns]
        proven[definition.relation] = Relation(definition.relation, {name: Fact() for name in names})  # ends a circle
        result = Proof(definition, registry).walk()
        found = result.columns if result else {}
        is_link = definition.kind == "link"
        columns = {name: replace(found.get(name, Fact()), role=AS_OF if name == AS_OF else "") for name in names}
        if not is_link:
            columns[definition.key] = replace(columns.get(definition.key, Fact()), role="key")
        proven[definition.relation] = Relation(
            definition.relation,
            columns,
            (frozenset(key_of(definition)),),
            asked=not is_link,
            lookup="" if is_link else definition.relation,
            hindsight=result.hindsight if result else "",
            entity=definition.entity,
        )
    return proven[definition.relation]


def key_of(definition: Definition) -> tuple[str, ...]:
    """What tells a link's or view's rows apart at one as_of: its entity's key, or its header's `key`."""
    said = tuple(part.strip().lower() for part in definition.header.get("key", "").split(",") if part.strip())
    return tuple(name for name in said if name != AS_OF) or (definition.key,)


def proven(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """What the proof has against a definition, its output included."""
    from leadmart.features.proof.shape import output_problems

    waived = frozenset(waiver.code for waiver in waivers(definition))
    proof = Proof(definition, registry, waived=waived)
    proof.walk()
    yield from proof.problems
    yield from output_problems(proof)
