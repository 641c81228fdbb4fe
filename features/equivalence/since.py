"""What became of the columns that a model learned on, now that definitions say something else or are other versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from leadmart.features.definition import Definition
from leadmart.features.equivalence.edits import edited, marks_of
from leadmart.features.equivalence.lineage import reached
from leadmart.features.equivalence.schema import schema_of
from leadmart.features.equivalence.scopes import Known
from leadmart.features.equivalence.verdict import Change, changes
from leadmart.features.errors import LeadmartError
from leadmart.features.feature_sets import FeatureSet
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.relations import has_column
from leadmart.features.windows import Window, longest_windows, windows_of

Moved = dict[str, str]
"""Columns that do not mean any more what they meant, with why in words."""

_VERSION = re.compile(r"__v\d+$")


def moved_columns(
    registry: Registry,
    selection: Selection,
    before: FeatureSet,
    now: FeatureSet,
    former_views: Sequence[str],
    columns: Iterable[str],
) -> Moved:
    """Those of the columns that are not the `same` in today's selection as in the one that `before` recorded.

    `former_views` are the views that were named then. Columns that today's views have beside them say nothing.
    """
    if before.get(("engine", "stored as", 0, "")) != now.get(("engine", "stored as", 0, "")):
        return dict.fromkeys(columns, "this release stores features in another way")
    own = edited(registry, selection.definitions, before, now)
    if spine := [each for each in own if each.view.startswith("spine.")]:
        return dict.fromkeys(columns, f"the spine {selection.spine.name} changed: {spine[0].why}")
    former = registry.with_others(_definitions(before))
    marks, stepped = marks_of(registry, own), dict[str, dict[str, Change]]()
    for definition in (*selection.links, *selection.views):
        stepped[definition.relation] = _step(registry, former, definition, before)
        marks |= {
            f"{definition.relation}.{name}": change.why
            for name, change in stepped[definition.relation].items()
            if change.kind != "same"
        }
    changed = reached(registry, (*selection.links, *selection.views), marks) if marks else {}
    views = {
        column.name: view for view in selection.views for column in view.columns if selection.reaches_model(column.name)
    }
    histories = _histories(selection.views, registry)
    found: Moved = {}
    for name in columns:
        if name in views:
            view = views[name]
            if why := changed.get(view.relation, {}).get(name.lower()):
                found[name] = f"{view.ref}.{name}: {why}"
        elif name not in histories:
            found[name] = "no view gives it to the model any more"
        elif histories[name] != _former_histories(former, former_views).get(name):
            found[name] = "how far back its source is read is another"
    return found


def _definitions(before: FeatureSet) -> list[Definition]:
    return [
        Definition(
            kind, name, version or None, connector, Path(kind, connector, name, f"v{version}.sql"), said.text, False
        )
        for (kind, name, version, connector), said in before.items()
        if said.text is not None
    ]


def _step(registry: Registry, former: Registry, after: Definition, before: FeatureSet) -> dict[str, Change]:
    """The class of each column of a view or link against the version of it that was used before."""
    versions = [number for kind, name, number, _ in before if (kind, name) == (after.kind, after.name)]
    names = [column.name.lower() for column in after.columns]
    if not versions:
        return dict.fromkeys(names, Change("added", f"{after.name} was not read before"))
    ref = f"{after.name}@v{max(versions, key=lambda number: (number == after.version, number))}"
    old = former.get(after.kind, ref)
    try:
        if registry.token_hash(after) == former.token_hash(old) and after.version == old.version:
            return {}
        found = changes(old.text, after.text, *(_unversioned(r, d) for r, d in ((former, old), (registry, after))))
        windows = [windows_of(d, r) if d.kind == "feature" else {} for r, d in ((former, old), (registry, after))]
    except LeadmartError as error:
        return dict.fromkeys(names, Change("changed", f"it cannot be compared with {ref}: {error.message}"))
    then, today = ({name.lower(): reads for name, reads in each.items()} for each in windows)
    other = Change("changed", "the history it needs of a source is another, and with it where it is NULL")
    return {
        name: other if change.kind == "same" and then.get(name) != today.get(name) else change
        for name, change in found.items()
    }


def _unversioned(registry: Registry, definition: Definition) -> Mapping[str, Known]:
    """What is known of the relations that a text reads; versions of one view or link count as one, since what became
    of their columns is asked apart.
    """
    found = schema_of(registry, (definition.text,), definition.key)
    return {
        name: replace(known, identity=_VERSION.sub("", name)) if name.startswith(("features.", "links.")) else known
        for name, known in found.items()
    }


def _histories(views: Iterable[Definition], registry: Registry) -> dict[str, dict[str, Window | None]]:
    """Per `has_<source>` how far back views of each entity read the source; None where no window bounds it."""
    found: dict[str, dict[str, Window | None]] = {}
    for view in views:
        for source, window in longest_windows(windows_of(view, registry)).items():
            by_entity = found.setdefault(has_column(source), {})
            known = by_entity.get(view.entity[0])
            by_entity[view.entity[0]] = max((w for w in (known, window) if w is not None), default=None)
    return found


def _former_histories(former: Registry, refs: Sequence[str]) -> dict[str, dict[str, Window | None]]:
    views: dict[str, Definition] = {}
    try:
        for ref in refs:
            view = former.get("feature", ref)
            views |= {d.relation: d for d in (*former.dependencies(view), view) if d.kind == "feature"}
        return _histories(views.values(), former)
    except LeadmartError:
        return {}
