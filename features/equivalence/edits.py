"""What edits of definitions without versions change: sources, the spine, the label, tables without time; and whom they
reach.
"""

from __future__ import annotations

from collections.abc import Sequence

from leadmart.features.definition import Definition
from leadmart.features.equivalence.lineage import reached, read_as
from leadmart.features.equivalence.pending import ColumnChange
from leadmart.features.equivalence.readers import Readers, shown_name
from leadmart.features.equivalence.verdict import Change, changes
from leadmart.features.errors import LeadmartError
from leadmart.features.feature_sets import FeatureSet, Said, name_of
from leadmart.features.registry import Registry


def edited(
    registry: Registry, definitions: Sequence[Definition], before: FeatureSet, now: FeatureSet
) -> list[ColumnChange]:
    """The columns of each source, spine and label of definitions that say something else than before, and the tables
    without time that do; nobody is named yet as their reader.

    A source that another connector feeds, or one less, is one whose rows changed; one that nobody read before is not.
    """
    found: list[ColumnChange] = []
    read_then = {name for kind, name, _, _ in before if kind == "source"}
    others = [d for d in definitions if d.kind in ("spine", "label")]
    sources = [d for name in registry.sources_of(definitions) for d in registry.source(name)]
    for definition in (*sources, *others):
        called = shown_name(definition) if definition.kind == "label" else read_as(definition)[-1]
        then, today = before.get(name_of(definition)), now.get(name_of(definition))
        if today is None or then == today or (definition.kind == "source" and definition.name not in read_then):
            continue
        for column, change in _verdict(definition, then, today).items():
            if change.kind != "same":
                found.append(ColumnChange(called, column, change.kind, change.why))
    left = {name for name in before if name[0] == "source"} - {name_of(d) for d in sources}
    found += [
        ColumnChange(f"known.{name}", "", "changed", f"{connector} does not feed it any more")
        for _, name, _, connector in sorted(left)
        if any(d.name == name for d in sources)
    ]
    for name, said in now.items():
        then = before.get(name)
        if name[0] == "reference" and then is not None and then != said:
            found.append(ColumnChange(f"reference.{name[1]}", "", "changed", "the table has other rows"))
    return found


def edited_changes(
    registry: Registry, readers: Readers, definitions: Sequence[Definition], before: FeatureSet, now: FeatureSet
) -> list[ColumnChange]:
    """What was edited since the definitions were last used, each with its readers, then the columns it reaches.

    Those are in the order in which they are computed anew.
    """
    found = []
    own = edited(registry, definitions, before, now)
    for each in own:
        reach = reached(registry, readers.definitions, marks_of(registry, [each]))
        found.append(ColumnChange(each.view, each.column, each.kind, each.why, readers.of_columns(registry, reach)))
    carried = reached(registry, definitions, marks_of(registry, own)) if own else {}
    for definition in definitions:
        if definition.kind == "spine":
            continue
        for column, why in carried.get(definition.relation, {}).items():
            by_name = tuple(sorted(readers.of_name(definition.name, column))) if definition.kind == "feature" else ()
            found.append(ColumnChange(shown_name(definition), column, "changed", why, by_name))
    return found


def marks_of(registry: Registry, own: Sequence[ColumnChange]) -> dict[str, str]:
    """What edited columns are called where they are read, with the words for those who do."""
    marks: dict[str, str] = {}
    for each in own:
        mark = f"{each.view}.{each.column}" if each.column else each.view
        marks[mark] = f"{mark} changed"
        schema, _, name = each.view.partition(".")
        if schema != "known":
            continue
        marks[mark.replace("known.", "staging.", 1)] = marks[mark]
        keys = {key.lower() for source in registry.source(name) for key in source.source_key}
        if not each.column or each.column in {*keys, "occurred_at", "ingested_at"}:
            marks |= dict.fromkeys((each.view, f"staging.{name}"), marks[mark])
    return marks


def _verdict(definition: Definition, then: Said | None, today: Said) -> dict[str, Change]:
    names = [column.name.lower() for column in definition.columns]
    if then is None or then.text is None:
        return {"": Change("changed", f"{definition.connector or definition.name} was not read before")}
    if then.is_present != today.is_present:
        is_there = "its raw table is there now" if today.is_present else "its raw table is not there any more"
        return {"": Change("changed", is_there)}
    former = Definition(definition.kind, definition.name, None, definition.connector, definition.path, then.text, False)
    try:
        found = changes(then.text, definition.text)
        other_header = _meant(former) != _meant(definition)
    except LeadmartError:
        return dict.fromkeys(names, Change("changed", "its former text cannot be read any more"))
    if other_header:
        return found | dict.fromkeys(names, Change("changed", "its header says something else of its rows"))
    return found


def _meant(definition: Definition) -> dict[str, str]:
    from leadmart.features.fingerprint import MEANT_IN_HEADER

    return {key: value for key, value in definition.header.items() if key in MEANT_IN_HEADER}
