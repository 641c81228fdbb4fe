"""What waits to be released: drafts, versions not used yet, edits since the newest scores, an outdated champion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from leadmart.features.definition import Definition
from leadmart.features.equivalence.pending import ColumnChange, pending_changes, refusal, steps_taken
from leadmart.features.errors import LeadmartError, all_as_one, each_of
from leadmart.features.feature_sets import Said, name_of, said_today
from leadmart.features.materialize import published_versions
from leadmart.features.plan import STORED_AS, Selection
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.waiting import drafts, next_version, steps
from leadmart.scoring.life.kept import champion
from leadmart.scoring.policy_record import said_when_scored
from leadmart.scoring.release.valid import moved_since, moved_words
from leadmart.scoring.scorer import label_of

if TYPE_CHECKING:
    from leadmart.features.equivalence.readers import Readers


@dataclass(frozen=True)
class Outdated:
    """The champion, where it cannot score today's features: its columns that mean something else, with why.

    `columns` are None where nobody recorded what they meant.
    """

    model: str
    columns: dict[str, str] | None

    @property
    def words(self) -> str:
        why = "; ".join(moved_words(self.columns)) if self.columns else "its features are others"
        return f"the champion {self.model} cannot score these features: {why}; `leadmart train` learns them"

    def as_json(self) -> dict[str, Any]:
        return {"model": self.model, "columns": self.columns}


@dataclass(frozen=True)
class RefusedDraft:
    """A draft that `publish` would refuse, and what is wrong with its text: of its changes nothing is told."""

    name: str
    error: LeadmartError

    def as_json(self) -> dict[str, Any]:
        return {"draft": self.name, "problems": [problem.as_json() for problem in each_of(self.error)]}

    @property
    def words(self) -> str:
        first, *more = each_of(self.error)
        place = f" ({first.place.file}:{first.place.line})" if first.place and first.place.line else ""
        others = f", and {len(more)} more" if more else ""
        return f"{self.name} will not be published: {first.message}{place}{others}; `leadmart publish` tells all"


@dataclass(frozen=True)
class Release:
    """What a project's files change of what was published and scored by last. `drafts` are no work for `run`."""

    changes: tuple[ColumnChange, ...]
    drafts: tuple[str, ...]
    outdated: Outdated | None
    refused: tuple[RefusedDraft, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The keys of `plan --json`."""
        return {
            "changes": [change.as_json() for change in self.changes],
            "drafts": list(self.drafts),
            "refused": [each.as_json() for each in self.refused],
            "outdated": self.outdated.as_json() if self.outdated else None,
        }

    def words(self, *, with_changes: bool = True) -> list[str]:
        """What is to be told, each in one sentence, but for the champion; the changes may stand elsewhere."""
        found = [change.words for change in self.changes] if with_changes else []
        for each in self.changes:
            if each.lost:
                found.append(f"{each.view} will not be published while {', '.join(each.lost)} read {each.column}")
        found += [each.words for each in self.refused]
        if fit := [name for name in self.drafts if name not in {each.name for each in self.refused}]:
            which = ", ".join(fit)
            found.append(f"no work yet: {which}; `leadmart publish NAME` makes a draft the next version")
        return found


def release_of(session: Session, selection: Selection) -> Release:
    """What waits in a project.

    Raises LeadmartError `column_in_use` where a version that leadmart.toml names lacks a column that somebody cannot do
    without; a draft that does is only told.
    """
    warehouse, registry = session.warehouse, session.registry
    published = published_versions(warehouse)
    label, shown = label_of(registry), champion(warehouse)
    now = said_today(registry, selection.definitions, session.present, STORED_AS)
    before = said_when_scored(warehouse, registry, selection, now)
    if before and any(kind == "label" for kind, *_ in before):
        now[name_of(label)] = Said(registry.token_hash(label), label.text)
    waiting = {step.name: step for step in steps(registry, published)}
    # a version in use is held against the one that was used last, whatever lies between
    waiting |= {step.name: step for step in steps_taken(selection.definitions, before or {})}
    every = drafts(registry)
    refused = tuple(_refused(registry, every))
    for each in refused:
        waiting.pop(each.name, None)
    changes: list[ColumnChange] = []
    readers: Readers | None = None
    if waiting or (before is not None and before != now):
        from leadmart.scoring.release.readers import readers_of_project  # it parses, and most plans need not

        readers = readers_of_project(warehouse, registry, selection)
    if waiting and readers:
        changes += pending_changes(registry, readers, waiting.values())
        used = {step.name: step.after for step in waiting.values() if step.after in selection.definitions}
        lost = [each for each in changes if each.lost and each.view in used]
        if lost:
            raise refusal(lost, used[lost[0].view].place(line=1))
    if before is not None and before != now and readers:
        from leadmart.features.equivalence.edits import edited_changes
        from leadmart.features.equivalence.readers import shown_name

        found = edited_changes(registry, readers, (*selection.definitions, label), before, now)
        learned = (shown.model_version,) if shown and shown.label == label.name else ()
        changes += [
            replace(each, breaks=(*each.breaks, *learned)) if each.view == shown_name(label) else each for each in found
        ]
    moved = moved_since(warehouse, registry, selection, session.present, shown.model_version) if shown else {}
    outdated = Outdated(shown.model_version, moved) if shown and moved != {} else None
    return Release(tuple(changes), tuple(f"{draft.name}@draft" for draft in every), outdated, refused)


def _refused(registry: Registry, waiting: Sequence[Definition]) -> Iterator[RefusedDraft]:
    """The drafts whose text `check` would refuse as the next version."""
    if not waiting:
        return
    from leadmart.features.proof.lint import check_all

    for draft in waiting:
        following = next_version(registry, draft)
        try:
            problems = check_all([following], registry.with_others([following]))
        except LeadmartError as error:
            problems = [error]
        if problems:
            yield RefusedDraft(f"{draft.name}@draft", all_as_one(problems))
