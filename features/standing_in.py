"""Drafts, and versions that no run has used, standing in for the versions that the project reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from leadmart.features.definition import Definition
from leadmart.features.errors import all_as_one
from leadmart.features.plan import Selection, select
from leadmart.features.registry import Registry
from leadmart.features.waiting import steps


@dataclass(frozen=True)
class StandIn:
    """A text under the name and version of the definition it stands in for; `name` is `email_engagement@draft`."""

    name: str
    before: Definition
    definition: Definition


@dataclass(frozen=True)
class Pending:
    """The stand-ins of a project, and the drafts and versions of definitions that it does not read."""

    standing_in: tuple[StandIn, ...]
    unread: tuple[str, ...]


def stand_ins(registry: Registry, selection: Selection, published: Collection[tuple[str, str, int]]) -> Pending:
    """What stands in: of each view, link and gate that the project reads its draft, else its newest version if no run
    has used it. It takes the place of the newest version that is read.
    """
    read: dict[tuple[str, str], Definition] = {}
    for definition in selection.definitions:
        key = (definition.kind, definition.name)
        if key not in read or (read[key].version or 0) < (definition.version or 0):
            read[key] = definition
    waiting = {(step.after.kind, step.after.name): step for step in steps(registry, published)}  # a draft is the last
    found, unread = [], []
    for key, step in sorted(waiting.items()):
        before = read.get(key)
        if before is None:
            unread.append(step.name)
        elif before.path != step.after.path:
            found.append(StandIn(step.name, before, replace(step.after, version=before.version, remembered={})))
    return Pending(tuple(found), tuple(unread))


def selection_with(registry: Registry, pending: Pending, present: frozenset[str]) -> tuple[Registry, Selection]:
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
