"""The one shape of view that is computed at many as_of in one pass: read from the tree, refused where in doubt.

    SELECT spine.k, spine.as_of, <expressions over aggregates of e, spine.as_of and constants> AS …
    FROM spine LEFT JOIN known.s AS e
        ON e.k = spine.k AND e.as_of = spine.as_of [AND e.occurred_at >= spine.as_of - INTERVAL n DAY] [AND <e alone>]
    GROUP BY spine.k, spine.as_of

An aggregate is COUNT, COUNT(DISTINCT …), SUM, MIN, MAX, BOOL_OR, BOOL_AND, ARG_MAX or ARG_MAX_NULL in order of
occurred_at, of a column of e, with a FILTER of windows of e.occurred_at before as_of and of what e alone says. A row
therefore counts from one moment on and up to another, and nothing else of as_of matters to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition
from leadmart.features.literals import quoted_name
from leadmart.features.onepass.printed import RefusedError, demand, given, written
from leadmart.features.tree import conjuncts

if TYPE_CHECKING:
    from sqlglot import exp

MICROSECONDS = {
    "MICROSECOND": 1, "MILLISECOND": 10**3, "SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6,
    "DAY": 86400 * 10**6, "WEEK": 7 * 86400 * 10**6,
}  # fmt: skip
"""Units whose length is always the same; a month before as_of is not."""

CLOCK = 'e."occurred_at"'

DIFFERENCES = ("count", "sum", "distinct", "any", "every")
"""Kinds that are kept by what each row adds and takes away."""
NEWEST = ("newest", "last", "last or null")
"""Kinds that the latest row known decides alone: as it leaves a window, all before it have left."""
EXTREMES = ("min", "max")
"""Kinds that are computed anew wherever a row comes or leaves."""


@dataclass(frozen=True)
class Span:
    """When a row counts: from `enters` microseconds after it occurred, once it is known, up to `leaves` after it.

    `leaves` is None where it counts for ever.
    """

    enters: int = 1
    leaves: int | None = None

    def within(self, other: Span) -> Span:
        """The span in which both hold."""
        ends = [each for each in (self.leaves, other.leaves) if each is not None]
        return Span(max(self.enters, other.enters), min(ends) if ends else None)


@dataclass(frozen=True)
class Aggregate:
    """An aggregate over the rows `e`: its kind, its argument, for the last value its ordering, and which rows count."""

    kind: str
    value: str
    order: str
    rows: tuple[str, ...]
    span: Span

    @property
    def sql(self) -> str:
        """The aggregate without its FILTER, as DuckDB reads it."""
        call = {
            "count": "COUNT", "distinct": "COUNT", "any": "BOOL_OR", "every": "BOOL_AND", "newest": "MAX",
            "last": "ARG_MAX", "last or null": "ARG_MAX_NULL",
        }.get(self.kind, self.kind.upper())  # fmt: skip
        order = f", {self.order}" if self.order else ""
        return f"{call}({'DISTINCT ' if self.kind == 'distinct' else ''}{self.value}{order})"


@dataclass(frozen=True)
class Shape:
    """A view of the shape. `items` are its columns after key and as_of, with places where aggregates stand."""

    source: str
    key: str
    joined: str
    rows: tuple[str, ...]
    aggregates: tuple[Aggregate, ...]
    items: tuple[tuple[str, str], ...]


def place_of(number: int) -> str:
    """What stands for the n-th aggregate in an item: no SQL text has a NUL in it."""
    return f"\0{number}\0"


def shape_of(definition: Definition) -> Shape:
    """The shape of a view. Raises RefusedError, which says why, for any other."""
    from sqlglot import exp

    select = definition.tree
    if definition.kind != "feature" or not isinstance(select, exp.Select):
        raise RefusedError("it is no single SELECT")
    if given(select) & {"with_", "with"}:
        raise RefusedError("it has CTEs")
    if given(select) - {"expressions", "from_", "joins", "group"}:
        named = sorted(name.removesuffix("_").upper() for name in given(select) - {"expressions", "from_", "joins"})
        raise RefusedError(f"it has more than joins and a GROUP BY: {', '.join(named)}")
    alias, source, on = _joined(select)
    reader = _Reader(alias, definition.key)
    reader.group(select.args.get("group"))
    joined, rows, span = reader.conditions(on)
    return reader.shape(select.expressions, Shape(source, definition.key, joined, rows, (), ()), span)


def _joined(select: exp.Select) -> tuple[str, str, exp.Expr]:
    """The alias, the name and the condition of the one source joined to the spine."""
    from sqlglot import exp

    root, joins = select.args["from_"].this, select.args.get("joins") or []
    if not _is_plain_table(root, "") or root.name.lower() != "spine" or root.alias not in ("", "spine"):
        raise RefusedError("it does not start FROM spine")
    if len(joins) != 1 or root.args.get("joins"):
        raise RefusedError(f"it joins {len(joins) or 'no'} relations, not one")
    (join,) = joins
    table = join.this
    if not isinstance(table, exp.Table) or not _is_plain_table(table, "known"):
        raise RefusedError("what it joins is no source as known at as_of")
    if join.side != "LEFT" or given(join) - {"this", "side", "on", "kind"} or join.kind not in ("", "OUTER"):
        raise RefusedError("its source is not joined by LEFT JOIN … ON")
    if not table.alias or table.alias.lower() == "spine" or join.args.get("on") is None:
        raise RefusedError("its source has no name of its own")
    return table.alias.lower(), table.name.lower(), join.args["on"]


def _is_plain_table(table: exp.Expr, schema: str) -> bool:
    from sqlglot import exp

    return (
        isinstance(table, exp.Table)
        and isinstance(table.this, exp.Identifier)
        and not given(table) - {"this", "db", "alias"}
        and table.db.lower() == schema
        and not (table.args.get("alias") and given(table.args["alias"]) - {"this"})
    )


class _Reader:
    """Reads the parts of one view; `e` is what its source is called here, whatever it is called there."""

    def __init__(self, alias: str, key: str) -> None:
        self.alias = alias
        self.key = key.lower()
        self.found: dict[Aggregate, int] = {}

    def group(self, group: exp.Expr | None) -> None:
        from sqlglot import exp

        if group is None or given(group) - {"expressions"}:
            raise RefusedError("it is not grouped by the spine's key and as_of alone")
        names = sorted(self._of_spine(each) if isinstance(each, exp.Column) else "" for each in group.expressions)
        if names != sorted(["as_of", self.key]):
            raise RefusedError("it is not grouped by the spine's key and as_of alone")

    def conditions(self, on: exp.Expr) -> tuple[str, tuple[str, ...], Span]:
        """The column joined to the key, what a row must be beside that, and when it counts."""
        keys: list[str] = []
        moments = 0
        rest: list[exp.Expr] = []
        for part in conjuncts(on):
            pair = self._equated(part)
            if pair == ("as_of", "as_of"):
                moments += 1
            elif pair and pair[0] == self.key and pair[1] != "as_of":
                keys.append(pair[1])
            else:
                rest.append(part)
        if len(keys) != 1 or moments != 1:
            raise RefusedError("its source is not joined on key and as_of, each once")
        rows, span = self._rows(rest)
        return f"e.{quoted_name(keys[0])}", rows, span

    def shape(self, expressions: Sequence[exp.Expr], shape: Shape, span: Span) -> Shape:
        from sqlglot import exp

        names: list[str] = []
        items: list[tuple[str, str]] = []
        for item in expressions:
            if isinstance(item, exp.Column):
                names.append(self._of_spine(item))
                continue
            if not isinstance(item, exp.Alias) or len(names) < 2:
                raise RefusedError("its first columns are not spine's key and as_of")
            items.append((item.alias, written(item.this, self._outer, partial(self._aggregate, span))))
        if names != [self.key, "as_of"]:
            raise RefusedError("its first columns are not spine's key and as_of")
        if not self.found:
            raise RefusedError("it aggregates nothing")
        return replace(shape, aggregates=tuple(self.found), items=tuple(items))

    def _rows(self, parts: Sequence[exp.Expr]) -> tuple[tuple[str, ...], Span]:
        rows: list[str] = []
        span = Span()
        for part in parts:
            window = self._window(part)
            if window is None:
                rows.append(written(part, self._own))
            else:
                span = span.within(window)
        return tuple(sorted(rows)), span

    def _aggregate(self, span: Span, node: exp.Expr) -> str | None:
        from sqlglot import exp

        call, parts = node, []
        if isinstance(node, exp.Filter):
            demand(node, "this", "expression")
            demand(node.expression, "this")
            call, parts = node.this, list(conjuncts(node.expression.this))
        read = _CALLS.get(type(call).__name__)
        if read is None:
            if isinstance(node, exp.Filter):
                raise RefusedError(f"{call.sql(dialect='duckdb')} is an aggregate it does not know")
            return None
        kind, value, order = read(call, self._own)
        if kind == "max" and value == CLOCK:
            kind = "newest"
        rows, own = self._rows(parts)
        aggregate = Aggregate(kind, value, order, rows, own.within(span))
        return place_of(self.found.setdefault(aggregate, len(self.found)))

    def _window(self, part: exp.Expr) -> Span | None:
        """When a row counts by a condition on its clock and spine.as_of; None for a condition without spine."""
        from sqlglot import exp

        if not any(c.table.lower() == "spine" for c in part.find_all(exp.Column)):
            return None
        sides = {"GTE": "LTE", "GT": "LT", "LTE": "GTE", "LT": "GT"}
        kind = type(part).__name__
        if kind in sides:
            demand(part, "this", "expression")
            clock, bound = part.this, part.expression
            if not self._is_clock(clock):
                clock, bound, kind = bound, clock, sides[kind]
            length = self._before_as_of(bound)
            if self._is_clock(clock) and length is not None:
                is_open = kind in ("GTE", "LT")
                return Span(leaves=length + is_open) if kind in ("GTE", "GT") else Span(enters=length + is_open)
        raise RefusedError("a condition on spine is no window of occurred_at before as_of, of fixed length")

    def _before_as_of(self, node: exp.Expr) -> int | None:
        """The microseconds between a moment before as_of, as written, and as_of; None for anything else."""
        from sqlglot import exp

        while isinstance(node, exp.Paren):
            node = node.this
        if not (
            isinstance(node, exp.Sub) and isinstance(node.left, exp.Column) and given(node) == {"this", "expression"}
        ):
            return None
        if not isinstance(node.right, exp.Interval) or given(node.right) != {"this", "unit"}:
            return None
        count, unit = node.right.this, node.right.text("unit").upper().removesuffix("S")
        is_number = isinstance(count, exp.Literal) and count.name.isdigit() and len(count.name) <= 6
        if not is_number or unit not in MICROSECONDS or self._of_spine(node.left) != "as_of":
            return None
        return int(count.name) * MICROSECONDS[unit]

    def _is_clock(self, node: exp.Expr) -> bool:
        from sqlglot import exp

        return isinstance(node, exp.Column) and self._own(node).lower() == CLOCK

    def _equated(self, part: exp.Expr) -> tuple[str, str] | None:
        """The columns of spine and of the source that `=` equates, in this order; None for anything else."""
        from sqlglot import exp

        if not isinstance(part, exp.EQ) or given(part) != {"this", "expression"}:
            return None
        left, right = part.this, part.expression
        if not (isinstance(left, exp.Column) and isinstance(right, exp.Column)):
            return None
        if left.table.lower() != "spine":
            left, right = right, left
        if left.table.lower() != "spine" or right.table.lower() != self.alias:
            return None
        return self._of_spine(left), right.name.lower()

    def _own(self, column: exp.Column) -> str:
        if given(column) != {"this", "table"} or column.table.lower() != self.alias:
            raise RefusedError(f"{column.sql(dialect='duckdb')} is no column of its source")
        if column.name.lower() == "as_of":
            raise RefusedError("it reads its source's as_of elsewhere than in the join")
        return f"e.{quoted_name(column.name.lower())}"

    def _outer(self, column: exp.Column) -> str:
        return f"spine.{quoted_name(self._of_spine(column))}"

    def _of_spine(self, column: exp.Column) -> str:
        if given(column) != {"this", "table"} or column.table.lower() != "spine":
            raise RefusedError(f"{column.sql(dialect='duckdb')} stands outside an aggregate")
        name = column.name.lower()
        if name not in (self.key, "as_of"):
            raise RefusedError(f"spine.{name} is neither key nor as_of")
        return name


Own = Callable[["exp.Column"], str]


def _argument(node: exp.Expr, own: Own) -> str:
    """What is aggregated: NULL for a spine row without a row of the source, as no other expression need be."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return own(node)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Column) and node.args["to"].this.value == "DATE":
        return written(node, own)
    raise RefusedError(f"{node.sql(dialect='duckdb')} is aggregated, which is no column")


def _counted(call: exp.Expr, own: Own) -> tuple[str, str, str]:
    from sqlglot import exp

    demand(call, "this", "big_int")
    if isinstance(call.this, exp.Distinct):
        demand(call.this, "expressions")
        if len(call.this.expressions) != 1:
            raise RefusedError("it counts different pairs")
        return "distinct", _argument(call.this.expressions[0], own), ""
    if isinstance(call.this, exp.Star):
        raise RefusedError("COUNT(*) counts a lead without rows as one")
    return "count", _argument(call.this, own), ""


def _simple(kind: str) -> Callable[[exp.Expr, Own], tuple[str, str, str]]:
    def read(call: exp.Expr, own: Own) -> tuple[str, str, str]:
        demand(call, "this")
        return kind, _argument(call.this, own), ""

    return read


def _last(call: exp.Expr, own: Own) -> tuple[str, str, str]:
    demand(call, "this", "expression")
    return "last", _argument(call.this, own), _ordering(call.expression, own)


def _anonymous(call: exp.Expr, own: Own) -> tuple[str, str, str]:
    demand(call, "this", "expressions")
    if str(call.this).upper() != "ARG_MAX_NULL" or len(call.expressions) != 2:
        raise RefusedError(f"{call.this} is not among what it knows")
    value, order = call.expressions
    return "last or null", _argument(value, own), _ordering(order, own)


def _ordering(node: exp.Expr, own: Own) -> str:
    from sqlglot import exp

    parts = node.expressions if isinstance(node, exp.Tuple) else [node]
    if not all(isinstance(each, exp.Column) for each in parts):
        raise RefusedError("its last value is not in order of columns")
    columns = [own(each) for each in parts if isinstance(each, exp.Column)]
    if columns[0] != CLOCK:
        raise RefusedError("its last value is not in order of occurred_at")
    return f"({', '.join(columns)})" if isinstance(node, exp.Tuple) else columns[0]


_CALLS: dict[str, Callable[[exp.Expr, Own], tuple[str, str, str]]] = {
    "Count": _counted,
    "Sum": _simple("sum"),
    "Min": _simple("min"),
    "Max": _simple("max"),
    "LogicalOr": _simple("any"),
    "LogicalAnd": _simple("every"),
    "ArgMax": _last,
    "Anonymous": _anonymous,
}
