"""Conditions that people write into tables: parsed, held to the columns there are, and turned into expressions.

A condition is what may stand after WHERE: comparisons, AND, OR, NOT, IN, BETWEEN, IS NULL, + - * and COALESCE over
columns and constants. No function but COALESCE, no subquery, no other table: it reads the row it is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names

if TYPE_CHECKING:
    import polars as pl
    from sqlglot import exp

Kind = Literal["number", "text", "boolean", "moment", "nothing"]

_ALLOWED = "comparisons, AND, OR, NOT, IN, BETWEEN, IS NULL, + - * and COALESCE over columns and constants"


@dataclass(frozen=True)
class Condition:
    """One condition as it was written, and where."""

    text: str
    place: Place
    code: str

    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, each once. Raises LeadmartError `code` for what is no condition."""
        from sqlglot import exp

        tree = self._tree()
        for node in tree.walk():
            other_in = isinstance(node, exp.In) and not node.expressions  # `a IN b` looks into a list
            if not isinstance(node, _nodes()) or other_in or node.args.get("symmetric"):
                raise self._bad(f"{node.sql(dialect='duckdb')[:60]} cannot stand in a condition")
            if isinstance(node, exp.Column) and node.table:
                raise self._bad(f"{node.sql(dialect='duckdb')} names a table; a condition reads one row")
        return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Raises LeadmartError `unknown_column` for a column that is not among the known ones."""
        for name in self.columns():
            if name not in known:
                raise LeadmartError(
                    f"the condition {self.text!r} reads {name}, which no view, gate or part of the score has",
                    code="unknown_column",
                    place=self.place,
                    hint=near_names(name, known) or "`leadmart features` lists the project's columns",
                )

    def holds(self, schema: Mapping[str, pl.DataType]) -> pl.Expr:
        """Boolean, never NULL: whether it holds; one that is not known does not. Raises LeadmartError `code`."""
        import polars as pl

        self.refuse_unknown(schema)
        made, kind = self._made(self._tree(), schema)
        if kind not in ("boolean", "nothing"):
            raise self._bad(f"{self.text!r} is a {kind}, and neither true nor false")
        return pl.coalesce(made.cast(pl.Boolean), pl.lit(False))

    def _tree(self) -> exp.Expr:
        import sqlglot
        from sqlglot.errors import SqlglotError

        try:
            found = [tree for tree in sqlglot.parse(self.text, read="duckdb") if tree is not None]
        except SqlglotError:
            found = []
        if len(found) != 1:
            raise self._bad(f"{self.text!r} cannot be read")
        return found[0]

    def _made(self, node: exp.Expr, schema: Mapping[str, pl.DataType]) -> tuple[pl.Expr, Kind]:
        """The expression of a node and what it is."""
        import polars as pl
        from sqlglot import exp

        if isinstance(node, exp.Paren):
            return self._made(node.this, schema)
        if isinstance(node, exp.Column):
            return pl.col(node.name), _kind(schema[node.name])
        if isinstance(node, exp.Null):
            return pl.lit(None), "nothing"
        if isinstance(node, exp.Boolean):
            return pl.lit(bool(node.this)), "boolean"
        if isinstance(node, exp.Literal):
            return (pl.lit(node.this), "text") if node.is_string else (pl.lit(float(node.this)), "number")
        if isinstance(node, exp.Neg):
            value = self._of("number", node.this, schema)
            return -value, "number"
        if isinstance(node, exp.Not):
            return ~self._of("boolean", node.this, schema), "boolean"
        if isinstance(node, exp.Is):
            asked, _ = self._made(node.this, schema)
            if isinstance(node.expression, exp.Null):
                return asked.is_null(), "boolean"
            wanted = self._of("boolean", node.expression, schema)
            return self._of("boolean", node.this, schema).eq_missing(wanted), "boolean"
        if isinstance(node, exp.And | exp.Or):
            left, right = self._of("boolean", node.this, schema), self._of("boolean", node.expression, schema)
            return (left & right if isinstance(node, exp.And) else left | right), "boolean"
        if isinstance(node, exp.Add | exp.Sub | exp.Mul):
            left, right = self._of("number", node.this, schema), self._of("number", node.expression, schema)
            made = left + right if isinstance(node, exp.Add) else left - right
            return (left * right if isinstance(node, exp.Mul) else made), "number"
        if isinstance(node, exp.Coalesce):
            parts = [self._made(part, schema) for part in (node.this, *node.expressions)]
            kind = self._same(node, *(kind for _, kind in parts))
            return pl.coalesce(part for part, _ in parts), kind
        if isinstance(node, exp.Between):
            (value, one), (low, two), (high, three) = (
                self._made(part, schema) for part in (node.this, node.args["low"], node.args["high"])
            )
            self._same(node, one, two, three)
            return (value >= low) & (value <= high), "boolean"
        if isinstance(node, exp.In):
            value, kind = self._made(node.this, schema)
            among = [self._made(part, schema) for part in node.expressions]
            self._same(node, kind, *(other for _, other in among))
            found = pl.lit(False)
            for each, _ in among:
                found = found | (value == each)
            return found, "boolean"
        return self._compared(node, schema)

    def _compared(self, node: exp.Expr, schema: Mapping[str, pl.DataType]) -> tuple[pl.Expr, Kind]:
        from sqlglot import exp

        left, one = self._made(node.this, schema)
        right, other = self._made(node.expression, schema)
        if self._same(node, one, other) == "moment":
            raise self._bad(f"{node.sql(dialect='duckdb')} compares moments; compare an age in days")
        made: dict[type[exp.Expr], pl.Expr] = {
            exp.EQ: left == right,
            exp.NEQ: left != right,
            exp.GT: left > right,
            exp.GTE: left >= right,
            exp.LT: left < right,
            exp.LTE: left <= right,
        }
        return made[type(node)], "boolean"

    def _of(self, wanted: Kind, node: exp.Expr, schema: Mapping[str, pl.DataType]) -> pl.Expr:
        made, kind = self._made(node, schema)
        if kind not in (wanted, "nothing"):
            raise self._bad(f"{node.sql(dialect='duckdb')} is a {kind} where a {wanted} is meant")
        return made

    def _same(self, node: exp.Expr, *kinds: Kind) -> Kind:
        """The one kind of all of them; what is nothing fits any."""
        found = {kind for kind in kinds if kind != "nothing"}
        if len(found) > 1:
            raise self._bad(f"{node.sql(dialect='duckdb')} compares a {' with a '.join(sorted(found))}")
        return found.pop() if found else "nothing"

    def _bad(self, message: str) -> LeadmartError:
        return LeadmartError(message, code=self.code, place=self.place, hint=f"a condition is {_ALLOWED}")


def refuse_unknown(conditions: Sequence[Condition], known: Collection[str]) -> None:
    """Raises LeadmartError `unknown_column` for every condition that reads a column nobody has, all at once."""
    _refuse_all(conditions, lambda condition: condition.refuse_unknown(known))


def refuse_unfit(conditions: Sequence[Condition], schema: Mapping[str, pl.DataType]) -> None:
    """Raises LeadmartError, its others beside it, for every condition that does not fit the types of its columns.

    A column of type Null fits any: of one that has no rows yet nothing is known.
    """
    _refuse_all(conditions, lambda condition: condition.holds(schema))


def _refuse_all(conditions: Sequence[Condition], held: Callable[[Condition], object]) -> None:
    """Raises what `held` raises of each condition, as one error."""
    problems = []
    for condition in conditions:
        try:
            held(condition)
        except LeadmartError as problem:
            problems.append(problem)
    if problems:
        raise all_as_one(problems)


def first_of(held: Sequence[tuple[pl.Expr, str]]) -> pl.Expr:
    """String: the words of the first that holds, else NULL."""
    import polars as pl

    return pl.coalesce(pl.lit(None, dtype=pl.String), *(pl.when(holds).then(pl.lit(words)) for holds, words in held))


def all_of(held: Sequence[tuple[pl.Expr, str]]) -> pl.Expr:
    """List(String): the words of all that hold, in their order; empty where none does."""
    import polars as pl

    if not held:
        return pl.lit([], dtype=pl.List(pl.String))
    return pl.concat_list([pl.when(holds).then(pl.lit(words)) for holds, words in held]).list.drop_nulls()


def _nodes() -> tuple[type[exp.Expr], ...]:
    from sqlglot import exp

    return (
        exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.And, exp.Or, exp.Not, exp.Neg,
        exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Is, exp.Add, exp.Sub, exp.Mul,
        exp.Coalesce,
    )  # fmt: skip


def _kind(dtype: pl.DataType) -> Kind:
    import polars as pl

    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype == pl.Null:
        return "nothing"
    return "moment" if dtype.is_temporal() else "text"
