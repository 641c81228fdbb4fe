"""The watermark: up to where every lead is scored, under which versions, and from which rows of each source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from leadmart.features.clock import now, sql_literal
from leadmart.features.fingerprint import digest
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.staged import current
from leadmart.features.sources.staging import source_inputs
from leadmart.features.stale import stale_slices
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.overrides import override_sources
from leadmart.scoring.scorer import Scorer, label_of

if TYPE_CHECKING:
    from leadmart.scoring.run import Run


@dataclass(frozen=True)
class State:
    """A source as it was: its identity with its raw rows, and the staged files it stood in; None where none is kept."""

    identity: str
    files: tuple[str, ...] | None


@dataclass(frozen=True)
class Mark:
    """Every lead is scored under these versions with all that was known at `as_of` of sources in these states."""

    as_of: datetime
    feature_set_version: str
    model_version: str
    policy_version: str
    setting: str
    sources: dict[str, State]

    def other_than(self, scorer: Scorer) -> str | None:
        """What decides about score rows otherwise by now, in words; None where nothing does."""
        if self.feature_set_version != scorer.selection.feature_set_version:
            return "the features have changed"
        if self.model_version != scorer.model_version:
            return "the champion has changed"
        if self.policy_version != scorer.policy.policy_version:
            return "the policy has changed"
        return "the label or a setting has changed" if self.setting != setting_of(scorer) else None


def sources_read(selection: Selection, registry: Registry) -> tuple[str, ...]:
    """Every source that score rows depend on: of features, gates, links, the spine, the label, and overrides."""
    read = registry.sources_of([*selection.definitions, label_of(registry)])
    return tuple(sorted({*read, *override_sources(registry)}))


def setting_of(scorer: Scorer) -> str:
    """A hash of what decides about score rows and is in none of their versions."""
    registry = scorer.session.registry
    scoring = registry.project.settings.scoring
    label = registry.token_hash(label_of(registry))
    return digest(scorer.selection.spine.name, label, scoring.reasons_for, scoring.overrides)


def states_of(session: Session, names: Sequence[str]) -> dict[str, State]:
    """The sources as they are now."""
    warehouse, registry = session.warehouse, session.registry
    identities = source_inputs(warehouse, registry, names)
    kept = current(warehouse, registry, names, session.present)
    return {name: State(identities[name], kept[name].files if name in kept else None) for name in names}


def mark_at(scorer: Scorer, as_of: datetime) -> Mark:
    """The mark of who has just scored everyone at an as_of, or everyone touched until then."""
    session, selection = scorer.session, scorer.selection
    return Mark(
        as_of,
        selection.feature_set_version,
        scorer.model_version,
        scorer.policy.policy_version,
        setting_of(scorer),
        states_of(session, sources_read(selection, session.registry)),
    )


def read_mark(warehouse: Warehouse) -> Mark | None:
    """The mark that counts; None before the first."""
    found = warehouse.rows(
        "SELECT as_of, feature_set_version, model_version, policy_version, setting, sources FROM store.meta.hot_marks "
        "ORDER BY marked_at DESC LIMIT 1"
    )
    if not found:
        return None
    as_of, feature_set, model, policy, setting, sources = found[0]
    states = {
        name: State(each["identity"], None if each["files"] is None else tuple(each["files"]))
        for name, each in json.loads(sources).items()
    }
    return Mark(as_of, feature_set, model, policy, setting, states)


def write_mark(warehouse: Warehouse, mark: Mark, run_id: str) -> None:
    """Puts a mark in the place of the one before, inside the caller's transaction."""
    sources = {
        name: {"identity": state.identity, "files": None if state.files is None else list(state.files)}
        for name, state in mark.sources.items()
    }
    warehouse.execute("DELETE FROM store.meta.hot_marks")
    warehouse.execute(
        f"INSERT INTO store.meta.hot_marks VALUES ({sql_literal(mark.as_of)}, ?, ?, ?, ?, ?, ?, {sql_literal(now())})",
        [mark.feature_set_version, mark.model_version, mark.policy_version, mark.setting, json.dumps(sources), run_id],
    )


def remember(run: Run) -> None:
    """Marks that a full run has scored everyone, where its as_of is the newest and its slices are of today's rows.

    Where a hot run has come further under the same versions, its mark stays: everyone it did not touch is the same. Not
    where a hot run found everyone due: then it is the mark that was of no use.
    """
    if run.status == "blocked" or run.held or run.only is not None:
        return
    warehouse, as_of = run.warehouse, run.moments[-1]
    ((newest,),) = warehouse.rows("SELECT MAX(as_of) FROM store.meta.scorings")
    if newest is None or as_of < newest:
        return
    scorer = Scorer.of(run.session, run.selection)
    before = read_mark(warehouse)
    is_further = before is not None and before.as_of >= as_of and before.other_than(scorer) is None
    if is_further and not (run.hot and run.hot.everyone):
        return
    if any(each.slice.as_of == as_of for each in stale_slices(run.session, run.selection)):
        return
    mark = mark_at(scorer, as_of)
    with warehouse.transaction():
        write_mark(warehouse, mark, run.run_id)
        warehouse.execute(f"DELETE FROM store.meta.hot_gone WHERE as_of < {sql_literal(as_of)}")
