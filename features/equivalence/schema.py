"""What a project knows of the relations that a text reads: their columns, the types of some, and their keys."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from leadmart.features.definition import CLOCKS, Definition
from leadmart.features.equivalence.expressions import type_words
from leadmart.features.equivalence.parsing import parsed
from leadmart.features.equivalence.scopes import Known, Schema
from leadmart.features.errors import LeadmartError
from leadmart.features.registry import Registry


def schema_of(registry: Registry, texts: Iterable[str], key: str = "lead_id") -> Schema:
    """What is known of every relation the texts name; `key` is that of the spine's entity."""
    found: dict[str, Known] = {}
    for text in texts:
        for table in parsed(text).find_all(exp.Table):
            name = f"{table.db}.{table.name}".lower() if table.db else table.name.lower()
            if name not in found and (known := _known(registry, name, key)):
                found[name] = known
    return found


def _known(registry: Registry, name: str, key: str) -> Known | None:
    schema, _, own = name.rpartition(".")
    try:
        if name == "spine":
            return Known({key: _key_type(registry, key), "as_of": "TIMESTAMP"}, (frozenset({key, "as_of"}),))
        if schema in ("known", "staging"):
            return _of_source(registry, own, with_as_of=schema == "known")
        if schema in ("features", "links") and (definition := _at(registry, schema, own)):
            return _stored(registry, definition)
    except LeadmartError:
        pass  # a relation that no definition makes, or one that cannot be read: nothing is known of it
    return None


def _of_source(registry: Registry, name: str, *, with_as_of: bool) -> Known | None:
    """A source's columns; a type is known where every connector casts to the same."""
    definitions = registry.source(name)
    if not definitions:
        return None
    found: dict[str, str] = {}
    for number, definition in enumerate(definitions):
        own = _cast_types(definition)
        for column in own if number == 0 else set(own) | set(found):
            agreed = number == 0 or found.get(column) == own.get(column)
            found[column] = own.get(column, "") if agreed else ""
    found |= dict.fromkeys((*CLOCKS, "as_of") if with_as_of else CLOCKS, "TIMESTAMP")
    return Known(found)


def _cast_types(definition: Definition) -> dict[str, str]:
    items = {item.alias_or_name.lower(): item for item in parsed(definition.text).selects}
    found = {}
    for name, item in items.items():
        value = item.this if isinstance(item, exp.Alias) else item
        is_cast = isinstance(value, exp.Cast) and not isinstance(value, exp.TryCast)
        found[name] = type_words(value.args["to"]) if is_cast else ""
    return found


def _key_type(registry: Registry, key: str) -> str:
    """The type of the spine's key: that of the spine's own column, by its source."""
    spine = registry.get("spine", registry.project.settings.features.spine)
    if spine.key != key:
        return ""
    for item in spine.select.expressions:
        value = item.this if isinstance(item, exp.Alias) else item
        if item.alias_or_name.lower() == key and isinstance(value, exp.Column):
            tables = {t.alias_or_name.lower(): t for t in spine.find_all(exp.Table)}
            table = tables.get(value.table.lower())
            if table is not None and table.db.lower() == "known":
                source = _of_source(registry, table.name.lower(), with_as_of=True)
                return source.types.get(value.name.lower(), "") if source else ""
    return ""


def _at(registry: Registry, schema: str, own: str) -> Definition | None:
    kind = {"features": "feature", "links": "link"}[schema]
    name, _, version = own.rpartition("__")
    return registry.get(kind, f"{name}@{version}") if name else None


def _stored(registry: Registry, definition: Definition) -> Known:
    """A stored view has one row for each key at each as_of; so has a link where it says its key."""
    names = [column.name.lower() for column in definition.columns]
    types = dict.fromkeys(names, "") | {"as_of": "TIMESTAMP"}
    if definition.kind == "feature":
        types[definition.key] = _key_type(registry, definition.key)
        return Known(types, (frozenset({definition.key, "as_of"}),))
    return Known(types)
