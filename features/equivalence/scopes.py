"""The relations that one SELECT sees, and what its column names mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from leadmart.features.equivalence.forms import Form, Forms

Key = frozenset[str]
"""Columns of a relation that tell its rows apart."""


@dataclass(frozen=True)
class Known:
    """What a project knows of a relation that a text reads: its columns with their types, and its keys.

    Two relations of one `identity` count as one; without it, it is the name. `marks` are found again in the forms of
    whatever reads a column, that of '' in whatever the relation's rows shape.
    """

    types: Mapping[str, str]
    keys: tuple[Key, ...] = ()
    identity: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)


Schema = Mapping[str, Known]
"""By the relation's name: `spine`, `known.web_events`."""


@dataclass(frozen=True)
class Meaning:
    """What a query means: `rows` is the form of its rows apart from their values, `columns` the name and form of each.

    `open` where a star hides which columns there are. `whole` holds all of it, to the last relation read. `types` are
    of columns whose type is known.
    """

    rows: Form
    columns: tuple[tuple[str, Form], ...]
    whole: Form
    open: bool = False
    keys: tuple[Key, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)

    def renamed(self, names: list[str], forms: Forms) -> Meaning:
        """The same with the first columns under other names, as `AS a (x, y)` gives them."""
        if not names:
            return self
        old = [name for name, _ in self.columns]
        new = [*names, *old[len(names) :]][: len(old)]
        if self.open or len(set(old)) < len(old):
            renamed = forms.of("renamed", self.whole, *(forms.word(name) for name in names))
            return Meaning(forms.of("rows", renamed), (), renamed, open=True)
        by = dict(zip(old, new, strict=True))
        return Meaning(
            self.rows,
            tuple((by[name], form) for name, form in self.columns),
            forms.of("renamed", self.whole, *(forms.word(name) for name in names)),
            False,
            tuple(frozenset(by[name] for name in key) for key in self.keys),
            {by[name]: kind for name, kind in self.types.items()},
        )


@dataclass
class Relation:
    """A relation in a FROM.

    `place` counts those that shape the rows. A relation that is looked up, one row at most for each row, has none, and
    `lookup` says how instead. `columns` are None where they are not known; not `complete`, some are.
    """

    alias: str
    meaning: Meaning
    name: str = ""
    columns: Mapping[str, Form] | None = None
    complete: bool = True
    place: Form | None = None
    lookup: Form | None = None

    def column(self, name: str, forms: Forms) -> Form:
        if self.columns is not None and name in self.columns:
            return self.columns[name]
        if self.meaning.open and self.name == "":
            return forms.of("of a star", forms.word(name), self.meaning.whole)
        return forms.of("name", forms.word(name))


@dataclass
class Scope:
    """The names one SELECT sees; `outer` is the SELECT around a subquery.

    `items` are its own output names with their expressions; `reading` those whose form is being made.
    """

    relations: list[Relation] = field(default_factory=list)
    outer: Scope | None = None
    items: dict[str, exp.Expr] = field(default_factory=dict)
    reading: set[str] = field(default_factory=set)
    shaped_by_names: bool = False

    def find(self, alias: str) -> tuple[int, Relation] | None:
        """The relation of an alias and how many SELECTs outwards it stands."""
        scope: Scope | None = self
        distance = 0
        while scope:
            hits = [r for r in scope.relations if r.alias == alias]
            if hits:
                return (distance, hits[0]) if len(hits) == 1 else None
            scope, distance = scope.outer, distance + 1
        return None

    def of_name(self, name: str) -> Relation | None:
        """The one relation that an unqualified name can mean, None where that is not certain."""
        if name in self.items and not is_own_column(self.items[name], name):
            return None
        having = [r for r in self.relations if r.columns is not None and name in r.columns]
        open_ones = [r for r in self.relations if r.columns is None or (not r.complete and name not in r.columns)]
        if self.shaped_by_names or len(having) + len(open_ones) != 1:
            return None
        if open_ones and self.outer is not None:
            return None
        return (having or open_ones)[0]

    def everything(self, forms: Forms) -> Form:
        """All that any name here can mean: every relation whole, with its alias, inside out."""
        parts, scope = [], self
        while True:
            parts += [forms.of("seen", r.meaning.whole, r.lookup or forms.of("none")) for r in scope.relations]
            if scope.outer is None:
                return forms.of("everything", *parts)
            parts.append(forms.of("outside"))
            scope = scope.outer


def is_own_column(item: exp.Expr, name: str) -> bool:
    """Whether an output is the bare column of its own name, so that both readings of the name are one."""
    inner = item.this if isinstance(item, exp.Alias) else item
    return isinstance(inner, exp.Column) and inner.name.lower() == name
