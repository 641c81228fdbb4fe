"""`compare`, `promote` and `rollback`: from the warehouse to a comparison, or to another champion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leadmart.features import catalogue
from leadmart.features.clock import now
from leadmart.features.definition import horizon_days
from leadmart.features.errors import LeadmartError
from leadmart.features.holder import AT_ONCE, Patience
from leadmart.features.plan import newest_moment, select
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, new_run_id, open_for_writing
from leadmart.scoring.champion import RULES, load_policy
from leadmart.scoring.learning.blocks import block_of
from leadmart.scoring.life.decision import Decision, decide, decision_of
from leadmart.scoring.life.jump import jump
from leadmart.scoring.life.kept import Kept, champion, kept_model
from leadmart.scoring.life.looks import record_look
from leadmart.scoring.life.pointer import champion_before, move_to, moves
from leadmart.scoring.life.promotion import LEAST_POSITIVES
from leadmart.scoring.life.trial import Comparison, Trial, read_before, when_comparable
from leadmart.scoring.record import record_command
from leadmart.scoring.tables import refuse_bad_tables

Say = Callable[[str], None]

_TO_RECORD = timedelta(hours=1)
"""How long what was found waits for the store to be recorded."""


@dataclass
class Sitting:
    """One command about models: the trial it computes with, and what to record at its end."""

    trial: Trial
    command: str
    run_id: str
    patience: Patience
    cut_off: datetime
    started: float
    started_at: datetime

    @property
    def warehouse(self) -> Warehouse:
        return self.trial.session.warehouse

    @contextmanager
    def recording(self, version: str) -> Iterator[None]:
        """Holds the store again, and records the command and the new catalogue when all is written."""
        self.warehouse.hold(self.patience.at_least(_TO_RECORD), self.command)
        self.warehouse.name_run(self.run_id)
        with self.warehouse.transaction():
            yield
            seconds = round(time.perf_counter() - self.started, 3)
            record_command(self.warehouse, self.command, self.run_id, version, self.started_at, seconds)
        registry = Registry(self.trial.project)
        selection = select(registry, present_sources(self.warehouse, registry))
        catalogue.publish(self.warehouse, registry, selection)


@contextmanager
def sitting(
    project: Project, command: str, names: Sequence[str], run_id: str | None, patience: Patience
) -> Iterator[Sitting]:
    """Stages what today's features, the champion and the models named read, and lets the store go meanwhile.

    Raises LeadmartError `unknown_model`.
    """
    started, started_at = time.perf_counter(), now()
    run_id = run_id or new_run_id()
    with open_for_writing(project, command, patience) as warehouse:
        warehouse.name_run(run_id)
        registry = Registry(project)
        session = Session(warehouse, registry)
        cut_off = newest_moment(warehouse)
        refuse_bad_tables(registry)
        selection = select(registry, session.present)
        settings = project.settings.train
        read = [registry.get("label", settings.label), registry.get("spine", settings.spine), *selection.definitions]
        trial = Trial(session, selection, load_policy(registry, selection))
        models = [kept_model(warehouse, name) for name in names if name != RULES]
        session.stage_whole(sorted({*registry.sources_of(read), *read_before(trial, models)}))
        warehouse.let_go()
        yield Sitting(trial, command, run_id, patience, cut_off, started, started_at)


def compare(
    project: Project,
    a: str,
    b: str,
    say: Say = lambda _: None,
    *,
    run_id: str | None = None,
    patience: Patience = AT_ONCE,
) -> dict[str, Any]:
    """Two kept models, or one and `rules`, on identical rows newer than both tests; or why not, and when.

    Each look is recorded, so that a second one at the same rows is known as such. Raises LeadmartError
    `unknown_model`, `same_model`, `feature_mismatch`.
    """
    if a == b:
        raise LeadmartError(f"{a} is compared with itself", code="same_model", hint="`leadmart models` lists models")
    with sitting(project, "compare", (a, b), run_id, patience) as court:
        models = [None if name == RULES else kept_model(court.warehouse, name) for name in (a, b)]
        seen = [kept for kept in models if kept]
        say("features at past landmarks")
        rows = court.trial.unseen_rows(seen, court.cut_off)
        block = block_of(rows)
        document: dict[str, Any] = {
            "a": a,
            "b": b,
            "comparable": False,
            "why": "",
            "looks": {},
            "notes": _notes(seen, court),
        }
        if block is None or not 0 < block.positives < block.rows:
            found = "no row" if block is None else f"{block.rows:,} rows of one outcome"
            label = court.trial.session.registry.get("label", project.settings.train.label)
            lag = project.settings.train.ingest_lag_days
            why = f"{found} newer than both tests; {when_comparable(seen, horizon_days(label), lag, court.cut_off)}"
            return {**document, **Comparison(a, b, block, 0, 0, {}).as_json(), "why": why}
        say("comparing")
        comparison = court.trial.compare(models[0], models[1], rows)
        with court.recording(a):
            looks = {
                kept.model_version: record_look(court.warehouse, kept.model_version, block, "comparison", court.run_id)
                for kept in seen
            }
    document |= {"comparable": True, "looks": looks}
    if comparison.positive_leads < LEAST_POSITIVES:
        few = f"only {comparison.positive_leads} leads with the outcome: promotion wants {LEAST_POSITIVES}"
        document["notes"] = [*document["notes"], few]
    return {**document, **comparison.as_json()}


def _notes(seen: list[Kept], court: Sitting) -> list[str]:
    """What makes two models hard to compare: another label than today's."""
    registry = court.trial.session.registry
    label = registry.get("label", court.trial.project.settings.train.label)
    today = registry.fingerprint(label, court.trial.session.present)
    return [
        f"{kept.model_version} learned {kept.label} {kept.label_version}, and is measured by {label.name} {today}"
        for kept in seen
        if kept.label_version != today
    ]


def promote(
    project: Project,
    version: str,
    waive: str | None = None,
    say: Say = lambda _: None,
    *,
    run_id: str | None = None,
    patience: Patience = AT_ONCE,
) -> dict[str, Any]:
    """Makes a kept model the champion where the rules of promotion let it pass, or `waive` says why it may.

    Rows newer than both tests count; without enough of them, what `train` found against this very champion. Raises
    LeadmartError `unknown_model`, `promotion_refused` (nothing has changed then), and `feature_mismatch`, which no
    reason waives: its scores would stop the next run.
    """
    with sitting(project, "promote", (version,), run_id, patience) as court:
        kept = kept_model(court.warehouse, version)
        standing = champion(court.warehouse)
        before = standing.model_version if standing else RULES
        if before == version:
            return _moved(before, version, None, None, None)
        _refuse_other_features(court.trial, kept)
        decision = _decision(court, standing, kept, say)
        if not decision.promoted and not waive:
            raise LeadmartError(
                f"{version} is not promoted over {before}: {decision.why}",
                code="promotion_refused",
                hint=f"nothing was changed; `leadmart promote {version} --waive REASON` does it and records why",
            )
        say("the jump of scores")
        moved = jump(court.trial, before, version)
        waived = waive if not decision.promoted else None
        with court.recording(version):
            _refuse_moved(court.warehouse, before)
            if decision.comparison and decision.comparison.block:
                for each in (version, before):
                    record_look(court.warehouse, each, decision.comparison.block, "comparison", court.run_id)
            rules = [rule.as_json() for rule in decision.rules]
            move_to(
                court.warehouse, version, command="promote", run_id=court.run_id, rules=rules, waived=waived, jump=moved
            )
    return _moved(before, version, decision, waived, moved)


def _decision(court: Sitting, standing: Kept | None, kept: Kept, say: Say) -> Decision:
    """By rows newer than both tests; else by what `train` found against the same champion."""
    if standing is None:
        return Decision(True, "first", RULES, "no model stands: the rules score")
    say("features at past landmarks")
    rows = court.trial.unseen_rows([standing, kept], court.cut_off)
    say("comparing with the champion")
    decision = decide(court.trial, standing, kept, rows)
    stored = decision_of(kept.report)
    if decision.comparison is None and stored and stored.champion == standing.model_version and len(stored.rules) > 1:
        return stored
    return decision


def rollback(project: Project, *, run_id: str | None = None, patience: Patience = AT_ONCE) -> dict[str, Any]:
    """Makes the champion before the champion again: a pointer moves, nothing is learned and nothing deleted.

    Raises LeadmartError `no_champion_before`, and `feature_mismatch` where that one could not score.
    """
    with sitting(project, "rollback", (), run_id, patience) as court:
        standing = champion(court.warehouse)
        before = champion_before(moves(court.warehouse))
        if standing is None or before is None:
            raise LeadmartError(
                "there is no champion to go back from: no model was promoted yet, or all were rolled back",
                code="no_champion_before",
                hint="`leadmart models` lists what is kept; `leadmart promote M` makes one champion",
            )
        if before != RULES:
            _refuse_other_features(court.trial, kept_model(court.warehouse, before))
        moved = jump(court.trial, standing.model_version, before)
        with court.recording(before):
            _refuse_moved(court.warehouse, standing.model_version)
            move_to(court.warehouse, before, command="rollback", run_id=court.run_id, jump=moved)
    return _moved(standing.model_version, before, None, None, moved)


def _refuse_other_features(trial: Trial, kept: Kept) -> None:
    if kept.feature_set_version == trial.selection.feature_set_version:
        return
    named = ", ".join((kept.report.get("features") or {}).get("views", ()))
    learned = f" ({named})" if named else ""
    raise LeadmartError(
        f"{kept.model_version} learned on the features {kept.feature_set_version}{learned}, and the project's are now "
        f"{trial.selection.feature_set_version}: it could not score the next run",
        code="feature_mismatch",
        hint="restore the definitions it learned on first, or `leadmart train` on those of today",
    )


def _refuse_moved(warehouse: Warehouse, expected: str) -> None:
    """Nobody may have made another model champion while this one was judged."""
    standing = champion(warehouse)
    found = standing.model_version if standing else RULES
    if found != expected:
        raise LeadmartError(
            f"{found} became champion meanwhile, and {expected} was the one compared with",
            code="promotion_refused",
            hint="try again: nothing was changed",
        )


def _moved(
    before: str, after: str, decision: Decision | None, waived: str | None, jumped: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "from": before, "to": after, "promotion": decision.as_json() if decision else None, "waived": waived,
        "jump": jumped,
    }  # fmt: skip
