"""The form of an expression: commuted AND, OR and `=`, flipped comparisons, `NOT a = b` for `a <> b`, COUNT(1) for
COUNT(*) and needless parentheses make no difference.

Everything else does. What is left out is left out where the unparenthesised text parses the same in DuckDB as here;
around `->` and whatever binds in ways of its own, the parentheses stay.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from leadmart.features.equivalence.forms import Form, Forms
from leadmart.features.equivalence.parsing import WRITTEN
from leadmart.features.equivalence.scopes import Relation, Scope
from leadmart.features.proof.functions import BLIND, INEXACT, LISTS, PICKS, RANKS, SCALARS, SUMS, listed

QueryForm = Callable[[exp.Query, Scope], Form]

ATOMS = (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Anonymous, exp.Cast, exp.Case, exp.Subquery, exp.Filter)
_COMPARED: dict[type[exp.Expr], str] = {exp.LT: "less", exp.GT: "less", exp.LTE: "at most", exp.GTE: "at most"}
_EQUAL: dict[type[exp.Expr], str] = {exp.EQ: "equal", exp.NEQ: "unequal"}
_PREDICATES = (*_COMPARED, *_EQUAL, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Exists)
_LOOSE = (exp.JSONExtract, exp.JSONExtractScalar, exp.Lambda, exp.PropertyEQ, exp.Kwarg)

ORDERED = LISTS | frozenset(INEXACT) | RANKS
"""Functions whose value may hang on the order in which rows come."""

KNOWN_AGGREGATES = SUMS | BLIND | PICKS | LISTS | frozenset(INEXACT)
ROW_MAKING = listed("unnest flatten generate_subscripts columns")
PLAIN = (SCALARS | listed("regexp_matches try")) - ROW_MAKING - KNOWN_AGGREGATES
"""Calls that give one value for each row, whatever stands around them."""

WINDOWED = KNOWN_AGGREGATES | RANKS
"""Calls that may stand before OVER, and give one value for each row there."""

_TYPES = {
    **dict.fromkeys(("INT", "INTEGER", "INT4", "SIGNED"), "INTEGER"),
    **dict.fromkeys(("BIGINT", "INT8", "LONG"), "BIGINT"),
    **dict.fromkeys(("VARCHAR", "TEXT", "STRING", "CHAR", "BPCHAR"), "VARCHAR"),
    **dict.fromkeys(("DOUBLE", "FLOAT8"), "DOUBLE"),
    **dict.fromkeys(("FLOAT", "FLOAT4", "REAL"), "FLOAT"),
    **dict.fromkeys(("BOOLEAN", "BOOL", "LOGICAL"), "BOOLEAN"),
    **dict.fromkeys(("TIMESTAMP", "DATETIME"), "TIMESTAMP"),
}


def type_words(kind: exp.Expr) -> str:
    """A type as written, synonyms of DuckDB's under one name."""
    written = str(kind.meta.get(WRITTEN) or kind.sql("duckdb")).upper()
    return _TYPES.get(written, written)


class Reader:
    """Makes forms of expressions; `query` makes those of the queries inside them.

    `proven`: no value hangs on the order of rows.
    """

    def __init__(self, forms: Forms, query: QueryForm, proven: bool = False) -> None:
        self.forms = forms
        self.query = query
        self.proven = proven

    def condition(self, node: exp.Expr, scope: Scope) -> Form:
        """The form of what only counts as TRUE or not: of WHERE, ON, HAVING, QUALIFY and FILTER."""
        parts = self.conjuncts(node, scope)
        return parts[0] if len(parts) == 1 else self.forms.set_of("and", parts)

    def conjuncts(self, node: exp.Expr, scope: Scope) -> list[Form]:
        """The forms of a condition's parts that must all hold, each once, in no order that means anything."""
        if is_loose(node):
            return [self.form(node, scope)]
        found = {self.form(part, scope) for part in flat(node, exp.And) if not _is_true(part)}
        return sorted(found)

    def form(self, node: exp.Expr, scope: Scope) -> Form:
        """The form of an expression in a scope."""
        node = without_parens(node)
        if isinstance(node, exp.Query):
            return self._of_query(node, scope)
        if isinstance(node, exp.Column):
            return self._of_column(node, scope)
        if isinstance(node, exp.Identifier):
            return self.forms.of("name", self.forms.word(node.name.lower()))
        if isinstance(node, exp.Literal):
            return self.forms.of("string" if node.is_string else "number", self.forms.word(str(node.this)))
        if isinstance(node, exp.And | exp.Or):
            return self._of_connector(node, scope)
        if type(node) in _COMPARED or type(node) in _EQUAL:
            return self._of_comparison(node, scope)
        if isinstance(node, exp.Not) and (negated := self._of_unequal(node, scope)) is not None:
            return negated
        if isinstance(node, exp.DataType):
            return self.forms.of("type", self.forms.word(type_words(node)))
        if isinstance(node, exp.Interval):
            return self._of_interval(node, scope)
        if isinstance(node, exp.Where):
            return self.forms.of("where", self.condition(node.this, scope))
        if isinstance(node, exp.In):
            return self._of_in(node, scope)
        if isinstance(node, exp.Anonymous):
            return self._of_call(node, scope)
        if isinstance(node, exp.Star) and not is_count(node.parent):
            return self.forms.of("star", self._generic(node, scope), scope.everything(self.forms))
        form = self._generic(node, scope)
        if isinstance(node, exp.PositionalColumn) or (isinstance(node, exp.Window) and not self.proven):
            return self.forms.of("in order", form, scope.everything(self.forms))
        return form

    def _generic(self, node: exp.Expr, scope: Scope, leave: tuple[str, ...] = ()) -> Form:
        """A node with all that the tree says of it, and the words it keeps none of."""
        parts = []
        for name in sorted(node.args):
            value = node.args[name]
            if value is None or value is False or value == [] or name in leave:
                continue
            values = value if isinstance(value, list) else [value]
            forms = [
                self._operand(node, name, v, scope) if isinstance(v, exp.Expr) else self.forms.word(v) for v in values
            ]
            parts.append(self.forms.of(f".{name}", *forms))
        if WRITTEN in node.meta and not isinstance(node, exp.DataType):
            parts.append(self.forms.of(".words", self.forms.word(node.meta[WRITTEN])))
        return self.forms.of(node.key, *parts)

    def _operand(self, parent: exp.Expr, name: str, node: exp.Expr, scope: Scope) -> Form:
        """An argument of a node; parentheses around it go only where they are known to say nothing."""
        if isinstance(node, exp.Paren) and not _says_nothing(parent, name, node):
            return self.forms.of("paren", self.form(node.this, scope))
        return self.form(node, scope)

    def _of_query(self, node: exp.Query, scope: Scope) -> Form:
        inner: exp.Expr = node
        while isinstance(inner, exp.Subquery):
            if any(value for name, value in inner.args.items() if name != "this"):
                return self._generic(inner, scope)
            inner = inner.this
        assert isinstance(inner, exp.Query)
        return self.query(inner, scope)

    def _of_column(self, node: exp.Column, scope: Scope) -> Form:
        name = node.name.lower()
        whole = self.forms.of("column", *(self.forms.word(part.name.lower()) for part in node.parts))
        if isinstance(node.this, exp.Star) or node.args.get("catalog"):
            return self.forms.of("in doubt", whole, scope.everything(self.forms))
        if not node.table:
            if scope.find(name) is not None:  # a relation's name stands for its row
                return self.forms.of("a row", whole, self._in_doubt(name, whole, scope))
            relation = scope.of_name(name)
            if relation is not None:
                return self.reference(relation, 0, name)
            return self._in_doubt(name, whole, scope)
        found = scope.find(node.table.lower())
        if found is None or (node.db and found[1].name != f"{node.db}.{node.table}".lower()):
            return self.forms.of("in doubt", whole, scope.everything(self.forms))
        return self.reference(found[1], found[0], name)

    def reference(self, relation: Relation, distance: int, name: str) -> Form:
        """A column of a relation that stands so many SELECTs outwards."""
        value = relation.column(name, self.forms)
        away = self.forms.word(distance)
        if relation.lookup is not None:
            return self.forms.of("looked up", away, relation.lookup, value)
        assert relation.place is not None
        return self.forms.of("read", away, relation.place, value)

    def _in_doubt(self, name: str, whole: Form, scope: Scope) -> Form:
        """A name that may mean several things: all of them."""
        parts = [whole, scope.everything(self.forms)]
        at: Scope | None = scope
        while at is not None:
            item = at.items.get(name)
            if item is not None and name not in at.reading:
                at.reading.add(name)
                parts.append(self.form(item.this if isinstance(item, exp.Alias) else item, at))
                at.reading.discard(name)
            at = at.outer
        return self.forms.of("in doubt", *parts)

    def _of_connector(self, node: exp.Expr, scope: Scope) -> Form:
        kind = type(node)
        if is_loose(node):
            return self._generic(node, scope)
        parts = [self.form(part, scope) for part in flat(node, kind) if not (kind is exp.And and _is_true(part))]
        return self.forms.set_of("and" if kind is exp.And else "or", parts)

    def _of_comparison(self, node: exp.Expr, scope: Scope) -> Form:
        sides = (node.args["this"], node.args["expression"])
        if not all(_is_tight(side) for side in sides):
            return self._generic(node, scope)
        left, right = (self.form(side, scope) for side in sides)
        if type(node) in _EQUAL:
            return self.forms.of(_EQUAL[type(node)], *sorted((left, right)))
        pair = (left, right) if isinstance(node, exp.LT | exp.LTE) else (right, left)
        return self.forms.of(_COMPARED[type(node)], *pair)

    def _of_unequal(self, node: exp.Not, scope: Scope) -> Form | None:
        """The form of `NOT a = b`, which is `a <> b` also where one is NULL, and turned round; None of another NOT."""
        inner = without_parens(node.this)
        if type(inner) not in _EQUAL or not all(_is_tight(inner.args[side]) for side in ("this", "expression")):
            return None
        opposite = exp.NEQ if type(inner) is exp.EQ else exp.EQ
        sides = [self.form(inner.args[side], scope) for side in ("this", "expression")]
        return self.forms.of(_EQUAL[opposite], *sorted(sides))

    def _of_interval(self, node: exp.Interval, scope: Scope) -> Form:
        unit, amount = node.args.get("unit"), node.this
        if isinstance(amount, exp.Literal) and str(amount.this).isdigit() and isinstance(unit, exp.Var):
            return self.forms.of(
                "interval", self.forms.word(int(str(amount.this))), self.forms.word(unit.name.upper().removesuffix("S"))
            )
        if isinstance(amount, exp.Literal):
            return self.forms.of("interval", self.forms.word(node.meta.get(WRITTEN, node.sql("duckdb"))))
        return self._generic(node, scope)

    def _of_in(self, node: exp.In, scope: Scope) -> Form:
        listed_ = node.expressions
        if listed_ and all(isinstance(item, exp.Literal) and item.is_string for item in listed_):
            items = self.forms.set_of("strings", [self.form(item, scope) for item in listed_])
            return self.forms.of("in", self._operand(node, "this", node.this, scope), items)
        return self._generic(node, scope)

    def _of_call(self, node: exp.Anonymous, scope: Scope) -> Form:
        name = node.name.lower()
        if _counts_rows(node):
            return self.forms.of("call count")
        arguments = [self._operand(node, "expressions", argument, scope) for argument in node.expressions]
        rest = [key for key, value in node.args.items() if value and key not in ("this", "expressions")]
        if rest:
            return self._generic(node, scope)
        form = self.forms.of(f"call {name}", *arguments)
        if (name in ORDERED or name not in PLAIN | WINDOWED) and not self.proven:
            # what hangs on the order of rows hangs on every relation that may change it
            return self.forms.of("in order", form, scope.everything(self.forms))
        return form


def is_count(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "count"


def _counts_rows(node: exp.Anonymous) -> bool:
    """Whether a call counts every row: COUNT(*), or COUNT of what is written out and is not NULL."""
    if not is_count(node) or any(value for key, value in node.args.items() if key not in ("this", "expressions")):
        return False
    match node.expressions:
        case [exp.Star() as star]:
            return not any(star.args.values())
        case [exp.Literal() | exp.Boolean()] | []:
            return True
    return False


def flat(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The operands of nested ANDs or ORs, without their parentheses."""
    node = without_parens(node)
    if not isinstance(node, kind):
        return [node]
    return [*flat(node.args["this"], kind), *flat(node.args["expression"], kind)]


def without_parens(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren) and not is_loose(node.this):
        node = node.this
    return node


def _is_true(node: exp.Expr) -> bool:
    """Whether a condition says nothing: TRUE, or a literal that equals itself."""
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    sides = (node.args.get("this"), node.args.get("expression"))
    return isinstance(node, exp.EQ) and all(isinstance(side, exp.Literal) for side in sides) and sides[0] == sides[1]


def is_loose(node: exp.Expr) -> bool:
    """Whether an operator stands in the open that binds in a way of its own: `->` binds after AND in some places."""
    if isinstance(node, _LOOSE):
        return True
    if isinstance(node, exp.Paren | exp.Anonymous | exp.Query | exp.Case | exp.Filter | exp.Window | exp.Tuple):
        return False
    return any(is_loose(child) for child in node.iter_expressions())


_TIGHTER = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.DPipe)
"""Operators that bind before any comparison, there and here."""


def _is_tight(node: exp.Expr) -> bool:
    """Whether an operand of a comparison holds together without parentheses, in DuckDB's grammar as in sqlglot's."""
    if isinstance(node, exp.Paren):
        return True
    if isinstance(node, _TIGHTER):
        return _is_tight(node.args["this"]) and _is_tight(node.args["expression"])
    if isinstance(node, exp.Neg | exp.Bracket):
        return _is_tight(node.this) and not is_loose(node)
    return isinstance(node, (*ATOMS, exp.Interval, exp.Window)) and not is_loose(node)


_SUMS_LEFT = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Interval, *ATOMS)
_SUMS_RIGHT = (exp.Mul, exp.Div, exp.Interval, *ATOMS)


def _says_nothing(parent: exp.Expr, name: str, node: exp.Paren) -> bool:
    """Whether an argument's parentheses may go: the text without them parses to the same tree in DuckDB."""
    inner = without_parens(node)
    if isinstance(inner, exp.Paren) or is_loose(inner):
        return False
    if isinstance(parent, exp.Add | exp.Sub):
        return isinstance(inner, _SUMS_LEFT if name == "this" else _SUMS_RIGHT)
    if isinstance(parent, exp.Mul | exp.Div):
        return isinstance(inner, (exp.Mul, exp.Div, *ATOMS) if name == "this" else ATOMS)
    if type(parent) in _COMPARED or type(parent) in _EQUAL:
        return isinstance(inner, _SUMS_LEFT)
    if isinstance(parent, exp.Is | exp.In | exp.Between | exp.Like | exp.ILike):
        return isinstance(inner, _SUMS_LEFT) or (isinstance(parent, exp.In) and name == "expressions")
    if isinstance(parent, exp.Not):
        return isinstance(inner, (*_PREDICATES, *ATOMS))
    return isinstance(
        parent, exp.Cast | exp.Anonymous | exp.Case | exp.If | exp.Tuple | exp.Ordered | exp.Alias | exp.Paren
    )
