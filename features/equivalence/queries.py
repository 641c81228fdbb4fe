"""The meaning of a query: of its rows, apart from their values, and of each of its columns.

Two queries whose `rows` are equal have the same rows for any data; a column of equal form has the same values in them.
What shapes rows (FROM, joins, WHERE, GROUP BY, DISTINCT, QUALIFY, LIMIT) stands in `rows`; a relation that a LEFT JOIN
looks up by its whole key shapes none and stands in the columns that read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from leadmart.features.equivalence.expressions import (
    KNOWN_AGGREGATES,
    PLAIN,
    WINDOWED,
    Reader,
    flat,
    is_count,
    is_loose,
    type_words,
)
from leadmart.features.equivalence.forms import Form, Forms
from leadmart.features.equivalence.parsing import Unprovable
from leadmart.features.equivalence.scopes import Key, Meaning, Relation, Schema, Scope, is_own_column
from leadmart.features.tree import direct

Environment = Mapping[str, Meaning]
"""The CTEs that a query may read."""

_HANDLED = {
    "expressions", "from_", "joins", "where", "group", "having", "qualify", "distinct", "order", "limit", "offset",
    "with_", "windows",
}  # fmt: skip


@dataclass
class Queries:
    """Reads queries into one set of forms; `schema` is what is known of the relations outside the text."""

    forms: Forms
    schema: Schema

    def meaning(
        self,
        query: exp.Query,
        environment: Environment | None = None,
        outer: Scope | None = None,
        *,
        last: bool = False,
    ) -> Meaning:
        """What a query means. `last` where it is the whole text, whose order of rows is nobody's business."""
        environment = self._with_ctes(query, dict(environment or {}), outer)
        if isinstance(query, exp.Subquery):
            if any(value for name, value in query.args.items() if name not in ("this", "with_", "alias")):
                raise Unprovable("a query in parentheses has clauses of its own")
            return self.meaning(query.this, environment, outer, last=last)
        if isinstance(query, exp.SetOperation):
            return self._of_set(query, environment, outer)
        if isinstance(query, exp.Select):
            return _OneSelect(self, query, environment, outer).meaning(last)
        raise Unprovable(f"it is a {query.key}")

    def _with_ctes(self, query: exp.Query, environment: dict[str, Meaning], outer: Scope | None) -> dict[str, Meaning]:
        clause = query.args.get("with_")
        for cte in clause.expressions if clause else ():
            if not isinstance(cte.this, exp.Query):
                raise Unprovable("a CTE is no SELECT")
            names = [name.name.lower() for name in cte.args["alias"].args.get("columns") or ()]
            found = self.meaning(cte.this, environment, outer)
            environment[cte.alias.lower()] = found.renamed(names, self.forms)
        return environment

    def _of_set(self, query: exp.SetOperation, environment: Environment, outer: Scope | None) -> Meaning:
        """UNION ALL keeps its columns apart; every other set operation compares whole rows."""
        forms = self.forms
        sides = [self.meaning(side, environment, outer) for side in (query.args["this"], query.args["expression"])]
        left, right = sides
        shape = [
            forms.of(f".{name}", forms.word(str(value)))
            for name, value in sorted(query.args.items())
            if name not in ("this", "expression", "with_", "order") and value
        ]
        kind = forms.of(query.key, *shape)
        order = query.args.get("order")
        limited = bool(query.args.get("limit") or query.args.get("offset") or order)
        whole = forms.of("set", kind, left.whole, right.whole)
        if order is not None:
            whole = forms.of("ordered", whole, forms.word(order.sql("duckdb").lower()))
        is_all = isinstance(query, exp.Union) and query.args.get("distinct") is False
        fits = len(left.columns) == len(right.columns) and not (left.open or right.open)
        if not fits or not is_all or limited or query.args.get("by_name"):
            names = () if left.open or query.args.get("by_name") else tuple(n for n, _ in left.columns)
            columns = tuple((n, forms.of("in set", forms.word(number))) for number, n in enumerate(names))
            distinct = isinstance(query, exp.Union) and not is_all and bool(names)
            return Meaning(whole, columns, whole, not names, (frozenset(names),) if distinct else ())
        rows = forms.of("rows", forms.of("union all", left.rows, right.rows))
        columns = tuple(
            (name, forms.of("of either", one, other))
            for (name, one), (_, other) in zip(left.columns, right.columns, strict=True)
        )
        kinds = zip(left.columns, right.columns, strict=True)
        types = {
            one: left.types[one]
            for (one, _), (other, _) in kinds
            if one in left.types and left.types[one] == right.types.get(other)
        }
        return Meaning(rows, columns, whole, types=types)


class _OneSelect:
    """One SELECT being read: its scope first, then what shapes its rows, then its columns."""

    def __init__(self, queries: Queries, select: exp.Select, environment: Environment, outer: Scope | None) -> None:
        self.queries = queries
        self.forms = queries.forms
        self.select = select
        self.environment = environment
        self.scope = Scope(outer=outer)
        self.reader = Reader(self.forms, self._inner)
        self.joins: list[Form] = []
        self.looked_up: list[Form] = []
        self.types: dict[int, Mapping[str, str]] = {}

    def _inner(self, query: exp.Query, scope: Scope) -> Form:
        found = self.queries.meaning(query, self.environment, scope)
        return self.forms.of(
            "query", found.rows, *(form for _, form in found.columns), found.whole if found.open else found.rows
        )

    def meaning(self, last: bool) -> Meaning:
        forms, select, scope = self.forms, self.select, self.scope
        for name, value in select.args.items():
            if name not in _HANDLED and value:
                raise Unprovable(f"nothing is proven of {name.rstrip('_').upper()}")
        for item in select.expressions:
            name = _name(item)
            if name not in scope.items or is_own_column(scope.items[name], name):
                scope.items[name] = item
        self._read_relations()
        columns, is_open = self._columns()
        rows = [*self.joins]
        if where := self._conditions("where", select.args.get("where")):
            rows.append(where)
        keys = self._keys_of_groups(columns)
        if group := select.args.get("group"):
            rows.append(self._group(group, columns))
        elif aggregated := self._aggregated():
            rows.append(aggregated)
        for clause in ("having", "qualify"):
            if condition := self._conditions(clause, select.args.get(clause)):
                rows.append(condition)
        rows += self._shaping_items()
        if select.args.get("windows"):
            whole_windows = [self.reader.form(window, scope) for window in select.args["windows"]]
            rows.append(forms.of("window", *whole_windows))
        if distinct := select.args.get("distinct"):
            on = distinct.args.get("on")
            every = [form for _, form in columns]
            rows.append(
                forms.of("distinct", self.reader.form(on, scope), scope.everything(forms), self._order(columns))
                if on is not None
                else forms.of("distinct", *every)
            )
            keys = keys if on is not None else (*keys, frozenset(name for name, _ in columns))
        if select.args.get("limit") or select.args.get("offset"):
            parts = [self.reader.form(select.args[c], scope) for c in ("limit", "offset") if select.args.get(c)]
            rows.append(forms.of("limit", *parts, self._order(columns), scope.everything(forms)))
        order = forms.of("none") if last else self._order(columns)
        shaped = forms.of("rows", *rows)
        named = [forms.of("named", forms.word(name), form) for name, form in columns]
        whole = forms.of("whole", shaped, order, *named, *self.looked_up, scope.everything(forms))
        names = [name for name, _ in columns]
        twice = len(set(names)) < len(names)
        return Meaning(
            shaped if last or not select.args.get("order") else forms.of("rows", *rows, forms.of("order", order)),
            tuple(columns),
            whole,
            is_open or twice,
            () if is_open or twice or self._shaping_items() else keys,
            self._types_of_items(),
        )

    # --- FROM ---

    def _read_relations(self) -> None:
        select = self.select
        root = select.args.get("from_")
        if root is None:
            self.joins.append(self.forms.of("from"))
            return
        joins = [*(root.this.args.get("joins") or ()), *(select.args.get("joins") or ())]
        plain = all(
            (j.side or "").upper() in ("", "LEFT") and not j.args.get("using") and not j.args.get("method")
            for j in joins
        )
        self.scope.shaped_by_names = any(j.args.get("using") or j.args.get("method") for j in joins)
        first = self._relation(root.this)
        first.place = self.forms.word(0)
        self.scope.relations.append(first)
        self.joins.append(self.forms.of("from", first.meaning.rows))
        for join in joins:
            self._join(join, may_look_up=plain)
        if self.scope.shaped_by_names:
            self.joins.append(self.forms.of("by names", self.scope.everything(self.forms)))

    def _join(self, join: exp.Join, may_look_up: bool) -> None:
        forms = self.forms
        if join.this.args.get("joins"):
            raise Unprovable("joins are nested")
        relation = self._relation(join.this)
        on = join.args.get("on")
        kind = [
            forms.of(f".{name}", *(self._said(v) for v in _listed(value)))
            for name, value in sorted(join.args.items())
            if name not in ("this", "on", "kind") and value
        ]
        if (join.kind or "").upper() not in ("", "INNER", "OUTER"):
            kind.append(forms.of(".kind", forms.word(join.kind.upper())))
        elif on is None and not join.args.get("using"):
            kind.append(forms.of(".kind", forms.word("EVERY")))
        number = len([r for r in self.scope.relations if r.place is not None])
        relation.place = forms.of("itself")
        self.scope.relations.append(relation)
        is_left = (join.side or "").upper() == "LEFT" and (join.kind or "").upper() in ("", "OUTER")
        if may_look_up and is_left and on is not None and self._is_looked_up(relation, on):
            condition = forms.of("on", *self.reader.conjuncts(on, self.scope))
            relation.lookup = forms.of("lookup", relation.meaning.rows, condition)
            relation.place = None
            self.looked_up.append(relation.lookup)
            return
        relation.place = forms.word(number)
        conditions = self.reader.conjuncts(on, self.scope) if on is not None else []
        self.joins.append(forms.of("join", relation.meaning.rows, *kind, forms.of("on", *conditions)))

    def _said(self, value: object) -> Form:
        """What a join says beside its kind and condition."""
        if isinstance(value, exp.Identifier):
            return self.forms.word(value.name.lower())
        return (
            self.reader.form(value, self.scope) if isinstance(value, exp.Expr) else self.forms.word(str(value).upper())
        )

    def _relation(self, node: exp.Expr) -> Relation:
        """A relation of a FROM as what it means."""
        forms = self.forms
        alias = node.args.get("alias")
        names = [name.name.lower() for name in (alias.args.get("columns") or ())] if alias is not None else []
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            node = node.this
        if isinstance(node, exp.Subquery) and not _others(node, "this", "alias", "joins"):
            outer = self.scope if self.scope.relations else self.scope.outer
            found = self.queries.meaning(node.this, self.environment, outer).renamed(names, forms)
            label = alias.name.lower() if alias is not None else ""
            return Relation(label, found, columns=None if found.open else dict(found.columns))
        if (
            isinstance(node, exp.Table)
            and isinstance(node.this, exp.Identifier)
            and not _others(node, "this", "db", "alias", "joins")
        ):
            return self._table(node, names)
        label = alias.name.lower() if alias is not None else ""
        form = forms.of(
            "relation", self.reader._generic(node, self.scope, ("alias", "joins")), self.scope.everything(forms)
        )
        columns = {name: forms.of("at", forms.word(number)) for number, name in enumerate(names)}
        return Relation(
            label, Meaning(form, (), forms.of("as", form, *(forms.word(n) for n in names))), "?", columns, False
        )

    def _table(self, node: exp.Table, names: list[str]) -> Relation:
        forms = self.forms
        label = (node.alias or node.name).lower()
        name = f"{node.db}.{node.name}".lower() if node.db else node.name.lower()
        if not node.db and name in self.environment:
            found = self.environment[name].renamed(names, forms)
            return Relation(label, found, columns=None if found.open else dict(found.columns))
        form = forms.of("table", forms.word(name))
        known = self.queries.schema.get(name)
        if names:
            form = forms.of("table as", form, *(forms.word(n) for n in names))
            return Relation(label, Meaning(form, (), form), name)
        if known is None:
            return Relation(label, Meaning(form, (), form), name)
        columns = {column: forms.of("name", forms.word(column)) for column in known.types}
        found = Meaning(form, tuple(columns.items()), form, False, known.keys, known.types)
        return Relation(label, found, name, columns)

    def _is_looked_up(self, relation: Relation, on: exp.Expr) -> bool:
        """Whether a LEFT JOIN finds one row at most: ON equates a key of the relation with values of the same types."""
        if is_loose(on):
            return False
        equated: set[str] = set()
        for part in flat(on, exp.And):
            if not isinstance(part, exp.EQ):
                continue
            for own, other in ((part.this, part.expression), (part.expression, part.this)):
                if not isinstance(own, exp.Column) or own.table.lower() != relation.alias:
                    continue
                if not isinstance(other, exp.Column) or not other.table or other.table.lower() == relation.alias:
                    continue
                kinds = {self._type(own), self._type(other)}
                if len(kinds) == 1 and None not in kinds:
                    equated.add(own.name.lower())
        return not relation.meaning.open and any(key <= equated for key in relation.meaning.keys)

    # --- what shapes rows ---

    def _conditions(self, clause: str, node: exp.Expr | None) -> Form | None:
        parts = self.reader.conjuncts(node.this, self.scope) if node is not None else []
        return self.forms.of(clause, *parts) if parts else None

    def _group(self, group: exp.Group, columns: list[tuple[str, Form]]) -> Form:
        """GROUP BY, its keys in no order; numbers stand for outputs, ALL and grouping sets for everything."""
        if _others(group, "expressions"):
            every = [form for _, form in columns]
            return self.forms.of("group by", self.reader._generic(group, self.scope), *every)
        return self.forms.set_of("group by", self._group_keys(group, columns))

    def _group_keys(self, group: exp.Group, columns: list[tuple[str, Form]]) -> list[Form]:
        return [self._or_output(key, columns) for key in group.expressions]

    def _or_output(self, node: exp.Expr, columns: list[tuple[str, Form]]) -> Form:
        """An expression; a number is the output in that place."""
        if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit():
            number = int(str(node.this)) - 1
            items = self.select.expressions
            if len(items) == len(columns) and 0 <= number < len(columns):
                return columns[number][1]
            return self.forms.of("output", self.forms.word(number), *(form for _, form in columns))
        return self.reader.form(node, self.scope)

    def _order(self, columns: list[tuple[str, Form]]) -> Form:
        order = self.select.args.get("order")
        if order is None:
            return self.forms.of("none")
        parts = []
        for item in order.expressions:
            rest = self.reader._generic(item, self.scope, ("this",))
            parts.append(self.forms.of("by", self._or_output(item.this, columns), rest))
            if not isinstance(item.this, exp.Column | exp.Literal):
                parts += [form for _, form in columns]
        return self.forms.of("order", *parts)

    def _aggregated(self) -> Form | None:
        """Without GROUP BY, whether there is one row: where an aggregate is called, as far as calls are known."""
        unknown: set[str] = set()
        clauses = [self.select.args.get(name) for name in ("having", "qualify", "order")]
        for node in (*self.select.expressions, *(c for c in clauses if c is not None)):
            for call in node.find_all(exp.Anonymous):
                name = call.name.lower()
                if call.find_ancestor(exp.Query) is not self.select:
                    if name in KNOWN_AGGREGATES and not _reads_own(call):
                        unknown.add(f"{name} of a query inside")
                elif name in PLAIN or (_is_windowed(call) and name in WINDOWED):
                    continue
                elif name in KNOWN_AGGREGATES and call.find_ancestor(exp.Window, exp.Query) in (None, self.select):
                    return self.forms.of("one row")
                else:
                    unknown.add(name)
        if self.select.args.get("having") is not None:
            return self.forms.of("one row")
        return self.forms.set_of("one row?", [self.forms.word(name) for name in unknown]) if unknown else None

    def _shaping_items(self) -> list[Form]:
        """Outputs that may make several rows of one: UNNEST, and what is not known."""
        found = []
        for item in self.select.expressions:
            calls = [n for n in direct(item) if isinstance(n, exp.Anonymous)]
            if any(call.name.lower() not in PLAIN | WINDOWED for call in calls) or any(
                isinstance(n, exp.Unnest | exp.Explode) for n in direct(item)
            ):
                found.append(self.forms.of("makes rows", self.reader.form(_value(item), self.scope)))
        return found

    # --- columns ---

    def _columns(self) -> tuple[list[tuple[str, Form]], bool]:
        """Every output with its form, and whether a star hides some."""
        found: list[tuple[str, Form]] = []
        is_open = False
        for item in self.select.expressions:
            if _hides(item):
                star = _star(item)
                seen = self._of_star(star) if star is not None else None
                is_open = is_open or seen is None
                found += seen if seen is not None else [(_name(item), self.reader.form(_value(item), self.scope))]
                continue
            found.append((_name(item), self.reader.form(_value(item), self.scope)))
        return found, is_open

    def _of_star(self, table: str) -> list[tuple[str, Form]] | None:
        """The columns of `*` or `x.*`; None where they are not known."""
        if self.scope.shaped_by_names:
            return None
        chosen = [r for r in self.scope.relations if not table or r.alias == table]
        if not chosen or any(r.columns is None or r.name == "?" for r in chosen):
            return None
        return [
            (name, self.reader.reference(relation, 0, name)) for relation in chosen for name in relation.columns or ()
        ]

    def _type(self, node: exp.Expr) -> str | None:
        """The type of an expression, where it is known; of a table's column that is not, where it comes from."""
        while isinstance(node, exp.Paren | exp.Alias):
            node = node.this
        if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
            return type_words(node.to)
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return None
        name = node.name.lower()
        found = self.scope.find(node.table.lower()) if node.table else None
        relation = (found[1] if found else None) if node.table else self.scope.of_name(name)
        if relation is None:
            return None
        if relation.name and relation.name != "?":
            return relation.meaning.types.get(name) or f"of {relation.name}.{name}"
        return relation.meaning.types.get(name)

    def _types_of_items(self) -> dict[str, str]:
        found = {}
        for item in self.select.expressions:
            kind = self._type(item) if not _hides(item) else None
            if kind is not None:
                found[_name(item)] = kind
        return found

    def _keys_of_groups(self, columns: list[tuple[str, Form]]) -> tuple[Key, ...]:
        """Outputs that tell the rows apart: the keys of GROUP BY, of a row picked by number, or of the one relation."""
        select = self.select
        by_form = {form: name for name, form in reversed(columns)}
        group = select.args.get("group")
        if group is not None:
            if _others(group, "expressions"):
                return ()
            keys = self._group_keys(group, columns)
            return (frozenset(by_form[k] for k in keys),) if all(k in by_form for k in keys) else ()
        if self._aggregated() is not None:
            return (frozenset(),) if self._aggregated() == self.forms.of("one row") else ()
        found: list[Key] = []
        qualify = select.args.get("qualify")
        for part in flat(qualify.this, exp.And) if qualify is not None and not is_loose(qualify.this) else ():
            partition = _one_of_each(part)
            forms = [self.reader.form(node, self.scope) for node in partition or ()]
            if partition is not None and all(form in by_form for form in forms):
                found.append(frozenset(by_form[form] for form in forms))
        shaping = [r for r in self.scope.relations if r.place is not None]
        if len(shaping) == 1:
            for key in shaping[0].meaning.keys:
                wanted = {name: self.reader.reference(shaping[0], 0, name) for name in key}
                if all(form in by_form for form in wanted.values()):
                    found.append(frozenset(by_form[form] for form in wanted.values()))
        return tuple(found)


def _one_of_each(node: exp.Expr) -> list[exp.Expr] | None:
    """What `ROW_NUMBER() OVER (PARTITION BY …) = 1` keeps one row of each of; None for any other condition."""
    if not isinstance(node, exp.EQ):
        return None
    for window, one in ((node.this, node.expression), (node.expression, node.this)):
        if (
            isinstance(window, exp.Window)
            and isinstance(window.this, exp.Anonymous)
            and window.this.name.lower() == "row_number"
            and not window.args.get("alias")
            and isinstance(one, exp.Literal)
            and not one.is_string
            and str(one.this) == "1"
        ):
            return list(window.args.get("partition_by") or [])
    return None


def _is_windowed(call: exp.Expr) -> bool:
    """Whether a call is that of a window: `SUM(x) FILTER (…) OVER (…)`."""
    while isinstance(call.parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        call = call.parent
    return isinstance(call.parent, exp.Window) and call.arg_key == "this"


def _reads_own(call: exp.Expr) -> bool:
    """Whether an aggregate of a query inside reads a relation of that query, so that it surely belongs there."""
    query = call.find_ancestor(exp.Query)
    if not isinstance(query, exp.Select) or query.args.get("from_") is None:
        return False
    root = query.args["from_"].this
    own = {root.alias_or_name.lower(), *(j.this.alias_or_name.lower() for j in query.args.get("joins") or ())}
    columns = list(call.find_all(exp.Column))
    return not columns or any(c.table.lower() in own for c in columns)


def _value(item: exp.Expr) -> exp.Expr:
    return item.this if isinstance(item, exp.Alias) else item


def _name(item: exp.Expr) -> str:
    """The name of an output; of an expression without one, its words."""
    if isinstance(item, exp.Alias):
        return item.alias.lower()
    if isinstance(item, exp.Column):
        return item.name.lower()
    return " ".join(item.sql("duckdb").lower().split())


def _star(item: exp.Expr) -> str | None:
    """The relation of `x.*`, '' of `*` alone; None for anything else, and for a star with EXCLUDE or REPLACE."""
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        return item.table.lower() if not _others(item.this) and not item.db else None
    return "" if isinstance(item, exp.Star) and not _others(item) else None


def _hides(item: exp.Expr) -> bool:
    """Whether an output may be several columns: a star, or COLUMNS."""
    return any(
        (isinstance(n, exp.Star) and not is_count(n.parent))
        or (isinstance(n, exp.Anonymous) and n.name.lower() == "columns")
        for n in direct(item)
    )


def _others(node: exp.Expr, *names: str) -> bool:
    """Whether a node has arguments beside these."""
    return any(value for name, value in node.args.items() if name not in names)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
