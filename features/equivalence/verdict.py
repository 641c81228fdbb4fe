"""The verdict per output column: `same`, `changed`, `added` or `removed`, and why in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from leadmart.features.equivalence.forms import Form, Forms
from leadmart.features.equivalence.parsing import Unprovable, parsed, refuse_unprovable, words_of
from leadmart.features.equivalence.queries import Queries
from leadmart.features.equivalence.scopes import Meaning, Schema

Class = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True)
class Change:
    """What became of an output column, and why one says so."""

    kind: Class
    why: str

    def as_json(self) -> dict[str, str]:
        """`{"class", "why"}`, the contract of `diff --json`."""
        return {"class": self.kind, "why": self.why}


_CLAUSES = {
    "from": "FROM",
    "join": "a join",
    "on": "the condition of a join",
    "where": "WHERE",
    "group by": "GROUP BY",
    "one row": "whether it aggregates",
    "one row?": "whether it aggregates",
    "having": "HAVING",
    "qualify": "QUALIFY",
    "distinct": "DISTINCT",
    "limit": "LIMIT",
    "order": "ORDER BY",
    "window": "WINDOW",
    "makes rows": "a column that makes rows",
    "by names": "what is joined by name",
    "union all": "UNION ALL",
    "set": "a set operation",
    "table": "a table",
}


def changes(
    before: str, after: str, schema: Schema | None = None, schema_after: Schema | None = None
) -> dict[str, Change]:
    """The class of every output column of two SELECTs, those of the first text first, then the added ones.

    `schema` is what is known of the relations they read; without it less can be proven. `schema_after` where the second
    text reads others under their names. In doubt a column is `changed`. Raises LeadmartError `bad_sql`.
    """
    trees = (parsed(before), parsed(after))
    schemas = (schema or {}, (schema or {}) if schema_after is None else schema_after)
    is_same_text = words_of(before) == words_of(after) and schemas[0] == schemas[1]
    forms = Forms()
    try:
        for tree in trees:
            refuse_unprovable(tree)
        old, new = (Queries(forms, known).meaning(tree, last=True) for tree, known in zip(trees, schemas, strict=True))
    except (Unprovable, RecursionError) as error:
        why = error.why if isinstance(error, Unprovable) else "it is nested too deep"
        names = [[_output(item.alias_or_name) for item in tree.selects] for tree in trees]
        return _as_texts(is_same_text, f"nothing can be proven: {why}", *names)
    if is_same_text:
        return {name: Change("same", "the words are the same") for name in _names(old)}
    return _compared(forms, old, new)


def _output(name: str) -> str:
    return name.lower() or "?"


def _as_texts(is_same: bool, why: str, before: list[str], after: list[str]) -> dict[str, Change]:
    both = Change("same", "the words are the same") if is_same else Change("changed", why)
    found = {name: both if name in after else Change("removed", "it is not returned any more") for name in before}
    return found | {name: Change("added", "it was not returned before") for name in after if name not in found}


def _names(meaning: Meaning) -> list[str]:
    return list(dict.fromkeys(name for name, _ in meaning.columns))


def _compared(forms: Forms, old: Meaning, new: Meaning) -> dict[str, Change]:
    rows = None if old.rows == new.rows else _difference(forms, old.rows, new.rows)
    found: dict[str, Change] = {}
    for name in _names(old):
        own, other = _of(old, name), _of(new, name)
        if not other:
            hidden = Change("changed", "a star may still return it")
            found[name] = hidden if new.open and _has_star(new) else Change("removed", "it is not returned any more")
        elif rows is not None:
            found[name] = Change("changed", f"every column: {rows}")
        elif own == other:
            found[name] = Change("same", "its expression and its rows mean the same")
        else:
            words = _difference(forms, own[0], other[0]) if len(own) == len(other) == 1 else "it is returned twice"
            found[name] = Change("changed", words)
    for name in _names(new):
        if name not in found:
            hidden = Change("changed", "a star may have returned it before")
            found[name] = hidden if old.open and _has_star(old) else Change("added", "it was not returned before")
    return found


def _of(meaning: Meaning, name: str) -> tuple[Form, ...]:
    return tuple(form for own, form in meaning.columns if own == name)


def _has_star(meaning: Meaning) -> bool:
    return any("*" in name for name, _ in meaning.columns) or not meaning.columns


def _difference(forms: Forms, one: Form, other: Form) -> str:
    """Where two forms differ first, in words."""
    path: list[str] = []
    while forms.tag(one) == forms.tag(other):
        path.append(forms.tag(one))
        left, right = _unlike(forms, forms.parts(one), forms.parts(other))
        if left is None or right is None:
            only = left if left is not None else right
            if path[-1] in ("rows",) and only is not None:
                path.append(forms.tag(only))
            break
        one, other = left, right
    else:
        path += [tag for tag in (forms.tag(one), forms.tag(other)) if tag in _CLAUSES][:1]
    clause = next((_CLAUSES[tag] for tag in reversed(path) if tag in _CLAUSES), "")
    if "lookup" in path:
        return f"what it looks up changed{': ' + clause if clause else ''}"
    if path and path[0] in ("rows", "set"):
        deep = path.count("rows") > 1
        return f"{clause or 'its rows'} changed" + (" in a query below" if deep else "")
    if "filter" in path:
        return "its FILTER changed"
    if "in doubt" in path:
        return "it names a column without its relation, and what that can mean changed"
    if "in order" in path:
        return "its value may hang on the order of rows, and what gives that changed"
    return "its expression changed" + (f": {clause} of a query in it" if clause else "")


def _unlike(forms: Forms, one: Iterable[Form], other: Iterable[Form]) -> tuple[Form | None, Form | None]:
    """The first part of each that the other lacks; of the same tag where there are such."""
    mine, yours = list(one), list(other)
    left = [form for form in mine if form not in yours]
    right = [form for form in yours if form not in mine]
    for form in left:
        for twin in right:
            if forms.tag(form) == forms.tag(twin):
                return form, twin
    return (left[0] if left else None), (right[0] if right else None)
