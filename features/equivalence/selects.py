"""The meaning of one SELECT: its scope first, then what shapes its rows, then its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from leadmart.features.equivalence.expressions import (
    KNOWN_AGGREGATES,
    PLAIN,
    WINDOWED,
    Reader,
    flat,
    is_loose,
    type_words,
    without_parens,
)
from leadmart.features.equivalence.forms import MARK, Form
from leadmart.features.equivalence.items import (
    as_list,
    has_others,
    is_windowed,
    may_hide,
    name_of,
    one_of_each,
    reads_own,
    star_of,
    value_of,
)
from leadmart.features.equivalence.parsing import Unprovable
from leadmart.features.equivalence.scopes import Key, Meaning, Relation, Scope, is_own_column
from leadmart.features.tree import direct

if TYPE_CHECKING:
    from leadmart.features.equivalence.queries import Environment, Queries

_HANDLED = {
    "expressions", "from_", "joins", "where", "group", "having", "qualify", "distinct", "order", "limit", "offset",
    "with_", "windows",
}  # fmt: skip


class OneSelect:
    """One SELECT being read: its scope first, then what shapes its rows, then its columns."""

    def __init__(self, queries: Queries, select: exp.Select, environment: Environment, outer: Scope | None) -> None:
        self.queries = queries
        self.forms = queries.forms
        self.select = select
        self.environment = environment
        self.scope = Scope(outer=outer)
        self.reader = Reader(self.forms, self._inner, queries.proven)
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
            name = name_of(item)
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
            forms.of(f".{name}", *(self._said(v) for v in as_list(value)))
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
        if isinstance(node, exp.Subquery) and not has_others(node, "this", "alias", "joins"):
            outer = self.scope if self.scope.relations else self.scope.outer
            found = self.queries.meaning(node.this, self.environment, outer).renamed(names, forms)
            label = alias.name.lower() if alias is not None else ""
            return Relation(label, found, columns=None if found.open else dict(found.columns))
        if (
            isinstance(node, exp.Table)
            and isinstance(node.this, exp.Identifier)
            and not has_others(node, "this", "db", "alias", "joins")
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
        if "." in node.name or "." in node.db:
            raise Unprovable("a table's name holds a dot")
        label = (node.alias or node.name).lower()
        name = f"{node.db}.{node.name}".lower() if node.db else node.name.lower()
        if not node.db and name in self.environment:
            found = self.environment[name].renamed(names, forms)
            return Relation(label, found, columns=None if found.open else dict(found.columns))
        known = self.queries.schema.get(name)
        marks = known.marks if known is not None else {}
        own = {column: [forms.of(f"{MARK}{marks[column]}")] if column in marks else [] for column in ("", *marks)}
        form = forms.of("table", forms.word(known.identity if known and known.identity else name), *own[""])
        whole = forms.of("marked", form, *(mark for each in own.values() for mark in each)) if marks else form
        if names:
            form = forms.of("table as", whole, *(forms.word(n) for n in names))
            return Relation(label, Meaning(form, (), form), name)
        if known is None:
            return Relation(label, Meaning(form, (), form), name)
        columns = {column: forms.of("name", forms.word(column), *own.get(column, ())) for column in known.types}
        found = Meaning(form, tuple(columns.items()), whole, False, known.keys, known.types)
        return Relation(label, found, name, columns or None)

    def _is_looked_up(self, relation: Relation, on: exp.Expr) -> bool:
        """Whether a LEFT JOIN finds one row at most: ON equates a key of the relation with values of the same types."""
        if is_loose(on):
            return False
        equated: set[str] = set()
        for part in flat(on, exp.And):
            if not isinstance(part, exp.EQ):
                continue
            sides = (without_parens(part.this), without_parens(part.expression))
            for own, other in (sides, sides[::-1]):
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
        if has_others(group, "expressions"):
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
                    if name in KNOWN_AGGREGATES and not reads_own(call):
                        unknown.add(f"{name} of a query inside")
                elif name in PLAIN or (is_windowed(call) and name in WINDOWED):
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
                found.append(self.forms.of("makes rows", self.reader.form(value_of(item), self.scope)))
        return found

    # --- columns ---

    def _columns(self) -> tuple[list[tuple[str, Form]], bool]:
        """Every output with its form, and whether a star hides some."""
        found: list[tuple[str, Form]] = []
        is_open = False
        for item in self.select.expressions:
            if may_hide(item):
                star = star_of(item)
                seen = self._of_star(star) if star is not None else None
                is_open = is_open or seen is None
                found += seen if seen is not None else [(name_of(item), self.reader.form(value_of(item), self.scope))]
                continue
            found.append((name_of(item), self.reader.form(value_of(item), self.scope)))
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
            kind = self._type(item) if not may_hide(item) else None
            if kind is not None:
                found[name_of(item)] = kind
        return found

    def _keys_of_groups(self, columns: list[tuple[str, Form]]) -> tuple[Key, ...]:
        """Outputs that tell the rows apart: the keys of GROUP BY, of a row picked by number, or of the one relation."""
        select = self.select
        by_form = {form: name for name, form in reversed(columns)}
        group = select.args.get("group")
        if group is not None:
            if has_others(group, "expressions"):
                return ()
            keys = self._group_keys(group, columns)
            return (frozenset(by_form[k] for k in keys),) if all(k in by_form for k in keys) else ()
        if self._aggregated() is not None:
            return (frozenset(),) if self._aggregated() == self.forms.of("one row") else ()
        found: list[Key] = []
        qualify = select.args.get("qualify")
        for part in flat(qualify.this, exp.And) if qualify is not None and not is_loose(qualify.this) else ():
            partition = one_of_each(part)
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
