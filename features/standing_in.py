"""Drafts, and versions that no run has used, standing in for the versions that the project reads."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.plan import Selection, select
from leadmart.features.registry import Registry
from leadmart.features.waiting import Step, next_version, project_naming, steps


@dataclass(frozen=True)
class StandIn:
    """A text under the name and version of the definition it stands in for; `name` is `email_engagement@draft`.

    One that reads the version before it is itself the next version. `readers` are then texts of others that read it
    and read `before`: of a link all do, of a view, whose columns are others, none but leadmart.toml.
    """

    name: str
    before: Definition
    definition: Definition
    readers: tuple[Definition, ...] = ()

    @property
    def is_next(self) -> bool:
        """Whether it stands beside the version before it."""
        return self.definition.version != self.before.version


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
    waiting = {(step.after.kind, step.after.name): step for step in steps(registry, published)}  # a draft is the last
    found, unread = [], []
    for key, step in sorted(waiting.items()):
        before = read.get(key)
        if before is None:
            unread.append(step.name)
        elif before.path != step.after.path:
            each = _in_place_of(registry, before, step)
            is_named = before.kind == "link" or project_naming(registry.project, each.definition) != registry.project
            if each.is_next and not is_named:
                unread.append(step.name)
            else:
                found.append(each)
    return StandIns(tuple(found), tuple(unread))


def _in_place_of(registry: Registry, before: Definition, step: Step) -> StandIn:
    following = step.after if step.after.version else next_version(registry, step.after)
    following = replace(following, remembered={})
    try:
        below = {d.relation for d in registry.with_others([following]).dependencies(following)}
    except LeadmartError:
        below = set()  # `check` says what is wrong with it
    if before.relation not in below:
        return StandIn(step.name, before, replace(following, version=before.version))
    schema, _, former = before.relation.partition(".")
    readers = [
        replace(
            d, text=re.sub(rf"\b{former}\b", following.relation.partition(".")[2], d.text, flags=re.I), remembered={}
        )
        for d in registry.all()
        if before.kind == "link"
        and d.relation not in below
        and (schema, former) in {(r.schema, r.name) for r in d.reads}
    ]
    return StandIn(step.name, before, following, tuple(readers))


def selection_with(registry: Registry, pending: StandIns, present: frozenset[str]) -> tuple[Registry, Selection]:
    """The project's registry and selection with the stand-ins in their places, proved; nothing of it is kept.

    Raises LeadmartError for what `check` refuses in them, or in what reads them.
    """
    from leadmart.features.model_inputs import refuse_inputs
    from leadmart.features.proof.lint import check_all
    from leadmart.features.remembered import is_proven

    changed = registry.with_others(d for each in pending.standing_in for d in (*each.readers, each.definition))
    for each in pending.standing_in:
        if each.is_next:
            changed.project = project_naming(changed.project, each.definition)
    # proved before anything else reads them: what is found later would be told in other words
    if problems := check_all([each.definition for each in pending.standing_in], changed):
        raise all_as_one(problems)
    selection = select(changed, present, prove=False)
    if problems := check_all([d for d in selection.definitions if not is_proven(d)], changed):
        raise all_as_one(problems)
    refuse_inputs(selection.views, changed, selection.columns)
    return changed, selection
