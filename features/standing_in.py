"""Drafts, and versions that no run has used, standing in for the versions that the project reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from leadmart.features.definition import VERSIONED, Definition
from leadmart.features.errors import all_as_one, read_text
from leadmart.features.plan import Selection, select
from leadmart.features.registry import FOLDERS, Registry


@dataclass(frozen=True)
class StandIn:
    """A text under the name and version of the definition it stands in for; `name` is `email_engagement@draft`."""

    name: str
    before: Definition
    definition: Definition


@dataclass(frozen=True)
class StandIns:
    """The stand-ins of a project, and the drafts and versions of definitions that it does not read."""

    standing_in: tuple[StandIn, ...]
    unread: tuple[str, ...]


def stand_ins(registry: Registry, selection: Selection, published: Collection[tuple[str, str, int]]) -> StandIns:
    """What stands in: of each view, link and gate that the project reads its draft, else its newest version if no run
    has used it. It takes the place of the newest version that is read.
    """
    read: dict[tuple[str, str], Definition] = {}
    for definition in selection.definitions:
        key = (definition.kind, definition.name)
        if key not in read or (read[key].version or 0) < (definition.version or 0):
            read[key] = definition
    found, unread = [], []
    for (kind, name), (label, waiting) in sorted(_waiting(registry, published).items()):
        before = read.get((kind, name))
        if before is None:
            unread.append(label)
        elif before.path != waiting.path:
            found.append(StandIn(label, before, replace(waiting, version=before.version, remembered={})))
    return StandIns(tuple(found), tuple(unread))


def selection_with(registry: Registry, pending: StandIns, present: frozenset[str]) -> tuple[Registry, Selection]:
    """The project's registry and selection with the stand-ins in their places, proved; nothing of it is kept.

    Raises LeadmartError for what `check` refuses in them, or in what reads them.
    """
    from leadmart.features.model_inputs import refuse_inputs
    from leadmart.features.proof.lint import check_all
    from leadmart.features.remembered import is_proven

    changed = registry.with_others(each.definition for each in pending.standing_in)
    # proved before anything else reads them: what is found later would be told in other words
    if problems := check_all([each.definition for each in pending.standing_in], changed):
        raise all_as_one(problems)
    selection = select(changed, present, prove=False)
    if problems := check_all([d for d in selection.definitions if not is_proven(d)], changed):
        raise all_as_one(problems)
    refuse_inputs(selection.views, changed, selection.columns)
    return changed, selection


def _waiting(
    registry: Registry, published: Collection[tuple[str, str, int]]
) -> dict[tuple[str, str], tuple[str, Definition]]:
    """By kind and name the text that waits to be used, and what it is called."""
    newest: dict[tuple[str, str], Definition] = {}
    for definition in registry.all():
        if definition.kind in VERSIONED:
            newest[definition.kind, definition.name] = definition
    found = {
        key: (d.ref, d)
        for key, d in newest.items()
        if not d.packaged and (d.version or 0) > 1 and (d.kind, d.name, d.version or 0) not in published
    }
    for folder, kind in FOLDERS.items():
        for path in sorted((registry.project.root / "sql" / folder).glob("*/draft.sql")) if kind in VERSIONED else ():
            name = path.parent.name
            if (kind, name) in newest:
                draft = Definition(kind, name, newest[kind, name].version, "", path, read_text(path), False)
                found[kind, name] = (f"{name}@draft", draft)
    return found
