"""How far back each column of a view reads each source, from its SQL alone.

A column reads the sources that its value is computed from, through CTEs, links and other views, and those that decide
on the rows it is computed from: inner joins and WHERE. Its window of a source is the INTERVAL below as_of that bounds
the source's `occurred_at` in a join or WHERE, narrowed by FILTER or by a CASE without another branch; of several
the longest, since all must be known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition
from leadmart.features.registry import Registry
from leadmart.features.tree import conjuncts, tables_of

if TYPE_CHECKING:
    from sqlglot import exp

_SECONDS = {
    "MICROSECOND": 1e-6, "MILLISECOND": 1e-3, "SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 604800,
    "MONTH": 2629800, "QUARTER": 7889400, "YEAR": 31557600,
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Window:
    """A length of time before as_of, as DuckDB writes it; ordered by length, a month counting 30.4 days."""

    seconds: float
    count: int
    unit: str

    @property
    def sql(self) -> str:
        return f"INTERVAL {self.count} {self.unit}"

    @property
    def words(self) -> str:
        return f"{self.count} {self.unit.lower()}{'' if self.count == 1 else 's'}"


Reads = Mapping[str, Window | None]
"""Per source the window read of it; None where there is no bound."""

Windows = Mapping[str, Reads]
"""Per column what it reads."""


def windows_of(definition: Definition, registry: Registry) -> dict[str, Reads]:
    """Per column of a view, its key and as_of aside, the sources it reads and how far back; {} where it reads none."""
    if "windows" in definition.remembered:
        return dict(definition.remembered["windows"])
    found = _Reader(registry).query(definition, definition.tree, {}, None)
    own = [c.name for c in definition.columns if c.name not in (definition.key, "as_of")]
    return {name: dict(sorted(found.reads_of(name.lower()).items())) for name in own}


def longest_windows(windows: Windows) -> dict[str, Window | None]:
    """Per source the longest window that any of the columns reads of it; None where none has a window."""
    return dict(sorted(_union(windows.values()).items()))


@dataclass
class _Relation:
    """What stands behind an alias. `other` is what a column that is not listed reads; `rows` decides on its rows."""

    columns: dict[str, Reads] = field(default_factory=dict)
    other: Reads = field(default_factory=dict)
    rows: Reads = field(default_factory=dict)
    clocks: set[str] = field(default_factory=set)

    def reads_of(self, name: str) -> Reads:
        return self.columns.get(name, _union([self.other, self.rows]))


@dataclass
class _Scope:
    """The relations of one SELECT, each with the bound on its clock; `outer` is the SELECT around a subquery."""

    relations: dict[str, _Relation]
    limits: dict[str, Window]
    ctes: Mapping[str, _Relation]
    outer: _Scope | None
    joined_on: dict[str, Reads] = field(default_factory=dict)
    own_columns: dict[str, Reads] = field(default_factory=dict)


class _Reader:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.definition: Definition | None = None

    def query(
        self, definition: Definition, query: exp.Expr, ctes: Mapping[str, _Relation], outer: _Scope | None
    ) -> _Relation:
        """What a SELECT or set operation returns, as a relation."""
        from sqlglot import exp

        self.definition = definition
        known = dict(ctes)
        clause = query.args.get("with_") or query.args.get("with")
        for cte in clause.expressions if clause else ():
            known[cte.alias.lower()] = _Relation()  # a recursive CTE reads itself
            known[cte.alias.lower()] = _renamed(self.query(definition, cte.this, known, outer), cte)
        if isinstance(query, exp.Subquery):
            return self.query(definition, query.this, known, outer)
        if isinstance(query, exp.SetOperation):
            left = self.query(definition, query.left, known, outer)
            right = self.query(definition, query.right, known, outer)
            return _side_by_side(left, right)
        assert isinstance(query, exp.Select), query
        return self._select(query, known, outer)

    def _select(self, select: exp.Select, ctes: Mapping[str, _Relation], outer: _Scope | None) -> _Relation:
        from sqlglot import exp

        scope = _Scope({}, {}, ctes, outer)
        deciding: list[str] = []
        for alias, table, join in tables_of(select):
            name = alias.lower()
            scope.relations[name] = self._relation(table, scope)
            is_left = join is not None and join.side == "LEFT"
            for part in conjuncts(join.args.get("on")) if join is not None else ():
                self._narrow(part, scope, scope.limits, {name} if is_left else None)
            if not is_left:
                deciding.append(name)
        filters = [select.args[key].this for key in ("where", "having", "qualify") if select.args.get(key)]
        where = select.args.get("where")
        for part in conjuncts(where.this) if where else ():
            self._narrow(part, scope, scope.limits, None)
        for alias, _, join in tables_of(select):
            if join is not None:
                others = list(join.args["on"].find_all(exp.Column)) if join.args.get("on") else []
                scope.joined_on[alias.lower()] = _union(
                    self._column(c, scope, scope.limits)
                    for c in others
                    if c.table.lower() != alias.lower() and c.name.lower() != "as_of"
                )
        rows = _union(
            [
                *(_limited(scope.relations[name].rows, scope.limits.get(name)) for name in deciding),
                *(scope.joined_on.get(name, {}) for name in deciding),
                *(self._reads(condition, scope, scope.limits) for condition in filters),
            ]
        )
        clocks = set()
        for item in select.expressions:
            name, value = item.alias_or_name.lower(), item.unalias()
            scope.own_columns[name] = _union([rows, self._reads(value, scope, scope.limits)])
            if isinstance(value, exp.Column) and self._clock_of(value, scope):
                clocks.add(name)
        everything = _union(scope.own_columns.values()) if select.is_star else {}
        return _Relation(dict(scope.own_columns), everything, rows, clocks)

    def _relation(self, table: exp.Expr, scope: _Scope) -> _Relation:
        from sqlglot import exp

        assert self.definition
        definition = self.definition
        if isinstance(table, exp.Lateral | exp.Subquery):
            inner = table.this
            if isinstance(inner, exp.Query):
                return _renamed(self.query(definition, inner, scope.ctes, scope), table)
        if isinstance(table, exp.Table) and isinstance(table.this, exp.Identifier):
            schema, name = table.db.lower(), table.name.lower()
            if not schema and name in scope.ctes:
                return scope.ctes[name]
            if schema in ("known", "staging"):
                return _Relation(other={name: None}, rows={name: None}, clocks={"occurred_at"})
            read = next((r for r in definition.reads if (r.schema, r.name) == (schema, name)), None)
            resolved = self.registry.resolve(read, definition) if read and schema else None
            if isinstance(resolved, tuple):
                inner_relation = _Reader(self.registry).query(resolved[0], resolved[0].tree, {}, None)
                # a view has a row for every row of its spine, whatever is known
                return inner_relation if resolved[0].kind == "link" else _without_rows(inner_relation)
            return _Relation()
        reads = self._reads(table, scope, scope.limits)  # UNNEST and other functions in FROM
        return _Relation(other=reads, rows=reads)

    def _reads(self, node: exp.Expr, scope: _Scope, limits: Mapping[str, Window]) -> Reads:
        from sqlglot import exp

        if isinstance(node, exp.Column):
            return self._column(node, scope, limits)
        if isinstance(node, exp.Query):
            assert self.definition
            inner = self.query(self.definition, node, scope.ctes, scope)
            return _union([inner.rows, *inner.columns.values()])
        if isinstance(node, exp.Filter):
            narrowed = self._narrowed(node.expression.this, scope, limits)
            return _union(self._reads(part, scope, narrowed) for part in (node.this, node.expression.this))
        if isinstance(node, exp.Case) and len(node.args["ifs"]) == 1 and _is_nothing(node.args.get("default")):
            (branch,) = node.args["ifs"]
            narrowed = self._narrowed(branch.this, scope, limits)
            return _union(self._reads(part, scope, narrowed) for part in (branch.this, branch.args["true"]))
        if isinstance(node, exp.Star):
            return _union(_limited(r.rows, limits.get(name)) for name, r in scope.relations.items())
        return _union(self._reads(child, scope, limits) for child in node.iter_expressions())

    def _column(self, column: exp.Column, scope: _Scope, limits: Mapping[str, Window]) -> Reads:
        name, alias = column.name.lower(), column.table.lower()
        if not alias and name in scope.own_columns:
            return scope.own_columns[name]
        at: _Scope | None = scope
        while at is not None:
            bounds = limits if at is scope else at.limits
            if alias in at.relations:
                return self._of(at, alias, name, bounds)
            if not alias and at.relations:
                listed = [a for a, r in at.relations.items() if name in r.columns]
                return _union(self._of(at, a, name, bounds) for a in listed or at.relations)
            at = at.outer
        return {}

    def _of(self, scope: _Scope, alias: str, name: str, limits: Mapping[str, Window]) -> Reads:
        if name == "as_of":
            return {}  # the moment, not a fact
        own = _limited(scope.relations[alias].reads_of(name), limits.get(alias))
        return _union([own, scope.joined_on.get(alias, {})])

    def _clock_of(self, column: exp.Expr, scope: _Scope) -> str | None:
        """The alias whose `occurred_at` a column is."""
        from sqlglot import exp

        if not isinstance(column, exp.Column):
            return None
        fitting = [
            alias
            for alias, relation in scope.relations.items()
            if column.name.lower() in relation.clocks and column.table.lower() in ("", alias)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _narrowed(self, condition: exp.Expr, scope: _Scope, limits: Mapping[str, Window]) -> dict[str, Window]:
        found = dict(limits)
        for part in conjuncts(condition):
            self._narrow(part, scope, found, None)
        return found

    def _narrow(self, part: exp.Expr, scope: _Scope, limits: dict[str, Window], only: set[str] | None) -> None:
        """Takes `e.occurred_at >= spine.as_of - INTERVAL 30 DAY`, or its like, into the limits."""
        for column, window in lower_bounds(part):
            alias = self._clock_of(column, scope)
            if alias is not None and (only is None or alias in only):
                limits[alias] = min(window, limits.get(alias, window))


def lower_bounds(part: exp.Expr) -> Iterator[tuple[exp.Expr, Window]]:
    """The expressions that a condition keeps within a window before as_of, each with it."""
    from sqlglot import exp

    if isinstance(part, exp.LTE | exp.LT):
        low, high = part.left, part.right
    elif isinstance(part, exp.GTE | exp.GT):
        low, high = part.right, part.left
    elif isinstance(part, exp.Between):
        low, high = part.args["low"], part.this
    else:
        return
    if window := _before_as_of(low):
        yield high, window
    # midnights between: a day more than the number says
    upper = part.args["high"] if isinstance(part, exp.Between) else high
    counted = part.this if isinstance(part, exp.Between) else low
    is_days = isinstance(counted, exp.DateDiff) and counted.text("unit").upper() in ("DAY", "DAYS")
    is_number = isinstance(upper, exp.Literal) and not upper.is_string and upper.name.isdigit()
    if is_days and is_number and _is_as_of(counted.this):
        yield counted.expression, _window(int(upper.name) + 1, "DAY")


def _before_as_of(node: exp.Expr) -> Window | None:
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        return _before_as_of(node.this)
    if not (isinstance(node, exp.Sub) and _is_as_of(node.left) and isinstance(node.right, exp.Interval)):
        return None
    count, unit = node.right.this, node.right.text("unit").upper().removesuffix("S")
    if not isinstance(count, exp.Literal) or not count.name.isdigit() or unit not in _SECONDS:
        return None
    return _window(int(count.name), unit)


def _window(count: int, unit: str) -> Window:
    return Window(count * _SECONDS[unit], count, unit)


def _is_as_of(node: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Column) and node.name.lower() == "as_of"


def _is_nothing(default: exp.Expr | None) -> bool:
    """Whether an ELSE adds nothing of its own: absent, or a constant."""
    from sqlglot import exp

    return default is None or isinstance(default, exp.Null | exp.Literal | exp.Boolean)


def _limited(reads: Reads, limit: Window | None) -> Reads:
    if limit is None:
        return reads
    return {source: limit if window is None else min(window, limit) for source, window in reads.items()}


def _union(parts: Iterable[Reads]) -> dict[str, Window | None]:
    found: dict[str, Window | None] = {}
    for reads in parts:
        for source, window in reads.items():
            before = found.get(source)
            found[source] = before if window is None else window if before is None else max(before, window)
    return found


def _without_rows(relation: _Relation) -> _Relation:
    return _Relation(relation.columns, relation.other, {}, relation.clocks)


def _renamed(relation: _Relation, owner: exp.Expr) -> _Relation:
    """The relation with the column names that `AS name (a, b)` gives it."""
    alias = owner.args.get("alias")
    names: Sequence[str] = [c.name.lower() for c in alias.args.get("columns") or ()] if alias else ()
    if not names:
        return relation
    before = list(relation.columns)
    new = dict(zip(before, names, strict=False))
    columns = {new.get(name, name): reads for name, reads in relation.columns.items()}
    return _Relation(columns, relation.other, relation.rows, {new.get(name, name) for name in relation.clocks})


def _side_by_side(left: _Relation, right: _Relation) -> _Relation:
    """The rows of both; columns stand at the same place, or under the same name."""
    columns: dict[str, Reads] = {
        name: _union([reads, right.columns.get(name, {}), at_place])
        for (name, reads), at_place in zip(
            left.columns.items(), [*right.columns.values(), *([{}] * len(left.columns))], strict=False
        )
    }
    return _Relation(
        columns, _union([left.other, right.other]), _union([left.rows, right.rows]), left.clocks & right.clocks
    )
