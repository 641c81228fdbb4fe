"""`train`: from the warehouse to a model in `meta.models`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from typing import TYPE_CHECKING, Any

from leadmart.features import catalogue
from leadmart.features.clock import now
from leadmart.features.definition import Definition, horizon_days
from leadmart.features.errors import LeadmartError
from leadmart.features.holder import AT_ONCE, Patience
from leadmart.features.intact import refuse_altered_files
from leadmart.features.lookup import feature_columns, model_columns
from leadmart.features.materialize import publish_views
from leadmart.features.model_columns import width_words
from leadmart.features.plan import Selection, select, usable_selection
from leadmart.features.project import Project, TrainSection
from leadmart.features.raw.snapshot import unobserved
from leadmart.features.raw.tables import newest_load
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.assumed import Assumed, assumed_arrivals
from leadmart.features.unknown import Unknown
from leadmart.features.waivers import waivers_of
from leadmart.features.warehouse import Warehouse, new_run_id, open_for_writing
from leadmart.scoring.champion import load_policy, typed_columns
from leadmart.scoring.evaluation.observed import SOURCES
from leadmart.scoring.judge import Judge
from leadmart.scoring.learning.asking import asked_of, hindsight, with_audit_columns
from leadmart.scoring.learning.dataset import SplitSettings
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.importance import importance_section
from leadmart.scoring.learning.landmarks import TrainingFrame, training_frame, with_true_probability
from leadmart.scoring.learning.recalibration import LEAST_POSITIVES as LEAST_TO_RECALIBRATE
from leadmart.scoring.learning.recalibration import Standing, recalibrate, standing_champion
from leadmart.scoring.learning.result import TrainingResult
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.life.promotion import LEAST_POSITIVES
from leadmart.scoring.life.trained import identity, judge_trained, keep_trained, nothing_kept
from leadmart.scoring.life.trial import Trial, read_before
from leadmart.scoring.record import record_command
from leadmart.scoring.release.valid import serving_version
from leadmart.scoring.tables import refuse_bad_tables

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Trained:
    """What `train` prints: the result, the model's role and how it came to it, and how long it took.

    `report` is the document that is stored with the model.
    """

    result: TrainingResult
    role: str
    run_id: str
    seconds: float
    report: Mapping[str, Any]
    jump: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            **self.report, "role": self.role, "jump": self.jump, "run_id": self.run_id, "seconds": self.seconds
        }  # fmt: skip


_TO_KEEP_A_MODEL = timedelta(hours=1)
"""How long a trained model waits for the store in any case: it took longer to learn than most runs take."""


def train(
    project: Project,
    progress: Callable[[str], None] = lambda _: None,
    *,
    run_id: str | None = None,
    patience: Patience = AT_ONCE,
    may_promote: bool = True,
    intercept_only: bool = False,
) -> Trained:
    """Trains on what is loaded and keeps the model; with too few outcomes the rules stay.

    The first model becomes champion; later ones where they pass the rules of promotion against it and `may_promote`,
    else they are kept as challengers. `intercept_only` learns nothing anew: the champion's chances are moved to the
    latest matured month's base rate. The store is held to judge the sources and to keep the model. While it learns
    others may load and run: what it learns from is the state that it judged.
    Raises LeadmartError `nothing_loaded`, `nothing_to_learn`, `quality_failed`, `suspects` and what `check`
    refuses.
    """
    started, started_at = time.perf_counter(), now()
    run_id = run_id or new_run_id()
    with open_for_writing(project, "train", patience) as warehouse:
        warehouse.name_run(run_id)
        refuse_altered_files(warehouse)
        registry = Registry(project)
        session = Session(warehouse, registry)
        cut_off = newest_load(warehouse)
        if cut_off is None:
            raise LeadmartError(
                "nothing is loaded: there is nothing to learn from",
                code="nothing_loaded",
                hint="`leadmart load TABLE FILE`",
            )
        label = registry.get("label", project.settings.train.label)
        _refuse_absent_outcomes(session, label)
        spine = registry.get("spine", project.settings.train.spine)
        refuse_bad_tables(registry)
        selection = select(registry, session.present)
        publish_views(warehouse, session, selection, run_id)
        progress("quality of sources")
        judge = Judge(warehouse, registry, run_id)
        read = registry.sources_of([label, spine, *selection.definitions])
        if failed := judge.failed_sources(session, dict.fromkeys(read)):
            raise LeadmartError(
                f"quality of {', '.join(sorted(failed))} failed: nothing is learned from rows that quality refused",
                code="quality_failed", exit_code=3, hint="`leadmart show verdicts` tells what was found",
            )  # fmt: skip
        policy = load_policy(registry, selection)
        trial = Trial(session, selection, policy)
        standing = _standing(session, selection) if intercept_only else None
        wanted = {*read, *read_before(trial), *(name for name in SOURCES if name in session.present)}
        session.stage_whole(sorted(wanted))
        seen = hindsight(session, spine.key)
        warehouse.let_go()  # from here on raw is not read
        progress("features at past landmarks")
        frame = training_frame(session, selection, label, spine, policy.gates, cut_off)
        horizon = horizon_days(label)
        rows = with_true_probability(session, frame.rows, horizon)
        rows, audited = with_audit_columns(session, rows)
        assumed = assumed_arrivals(warehouse, registry, read, session.present)
        progress("learning")
        settings = project.settings.train
        result = (partial(recalibrate, standing) if standing else fit)(
            rows,
            typed_columns(model_columns(selection), rows),
            policy.scorecard,
            Label(label.name, registry.fingerprint(label, session.present), timedelta(days=horizon)),
            _settings(settings, cut_off, frame, assumed, project.settings.engine.threads, selection),
            feature_set_version=selection.feature_set_version,
            true_probability="true_probability" if project.is_demo else None,
            asked=asked_of(session, selection, policy, frame, audited, seen, cut_off, timedelta(days=horizon)),
        )
        waived = [waiver.words() for waiver in waivers_of(registry, [label, spine, *selection.definitions])]
        unknown = _unknown_states(session, selection, frame.rows)
        notes = (*result.notes, *width_words(selection), *dict.fromkeys(waived), *unknown)
        result = replace(result, excluded=(*frame.left_out, *result.excluded), notes=notes)
        result = replace(result, importance=importance_section(frame.rows, policy, result.model))
        report = {**result.as_json(), **identity(result, project, policy.policy_version)}
        least = LEAST_TO_RECALIBRATE if intercept_only else LEAST_POSITIVES
        outcome = (
            judge_trained(trial, result, report, frame.rows, may_promote, progress, least) if result.model else None
        )
        report |= {"promotion": outcome.decision.as_json() if outcome else nothing_kept(warehouse)}
        warehouse.hold(patience.at_least(_TO_KEEP_A_MODEL), "train")
        warehouse.name_run(run_id)
        leads = frame.rows[label.key].to_list()
        before = standing.model.model_version if standing else None
        role = keep_trained(warehouse, result, report, outcome, run_id, leads, before) if outcome else "rules"
        seconds = round(time.perf_counter() - started, 3)
        record_command(warehouse, "train", run_id, str(report["model_version"]), started_at, seconds)
        _publish(warehouse, selection)
    jump = outcome.jump if outcome and role == "champion" else None
    return Trained(result, role, run_id, round(time.perf_counter() - started, 3), report, jump)


def _standing(session: Session, selection: Selection) -> Standing:
    return standing_champion(session.warehouse, serving_version(session, selection), selection.feature_set_version)


def _publish(warehouse: Warehouse, learned_from: Selection) -> None:
    """Swaps the catalogue, by the definitions of now: a run may have published others while the model was learned."""
    registry = Registry(warehouse.project)
    catalogue.publish(warehouse, registry, usable_selection(warehouse, registry) or learned_from)


def _unknown_states(session: Session, selection: Selection, landmarks: pl.DataFrame) -> tuple[str, ...]:
    """A note on each source made of change rows, where landmarks lie before its first: its state is NULL there."""
    session.warehouse.register("landmarks", landmarks.select("as_of"))
    names = session.registry.sources_of(selection.definitions)
    counted = unobserved(session.warehouse, session.registry, names, "SELECT as_of FROM landmarks")
    return tuple(
        f"{rows:,} of {landmarks.height:,} landmarks lie before the first snapshot that {name} is made of: what it "
        "says is unknown there, NULL"
        for name, rows in counted.items()
    )


def _refuse_absent_outcomes(session: Session, label: Definition) -> None:
    absent = sorted(set(session.registry.sources_of([label])) - session.present)
    if absent:
        raise LeadmartError(
            f"{', '.join(absent)} is not loaded, and label {label.name} reads it: every lead would count as one "
            "without the outcome",
            code="nothing_to_learn",
            place=label.place(),
            hint="`leadmart load` brings it in; until then `leadmart run` scores by the rules",
        )


def _settings(
    section: TrainSection, cut_off: datetime, frame: TrainingFrame, assumed: Sequence[Assumed], threads: int | None,
    selection: Selection,
) -> TrainSettings:  # fmt: skip
    left_out = {column.name for column in feature_columns(selection, "feature") if not column.in_model}

    def midnight(day: Any) -> datetime | None:
        return datetime.combine(day, time_of_day()) if day else None

    return TrainSettings(
        cut_off=cut_off,
        ingest_lag=timedelta(days=section.ingest_lag_days),
        not_before=frame.not_before,
        split=SplitSettings(
            test_days=section.test_days,
            calibration_days=section.calibration_days,
            validation_days=section.validation_days,
            train_until=midnight(section.train_until),
            test_start=midnight(section.test_start),
            test_end=midnight(section.test_end),
        ),
        seed=section.seed,
        threads=threads or 1,
        waived_leak=section.waive_leak,
        waived=section.waive,
        monotone={name: way for name, way in section.monotone.items() if name not in left_out},
        clocks={
            "unknown": [{"column": u.column, "sources": list(u.sources), "rows": u.rows} for u in frame.unknown],
            "assumed": [each.as_json() for each in assumed],
            **frame.sections,
        },
        clock_notes=(*(each.words for each in assumed), *_unknown_notes(frame)),
    )


def _unknown_notes(frame: TrainingFrame) -> list[str]:
    """How many landmarks lie before a source's history reaches, with the columns that are NULL there."""
    by_sources: dict[tuple[str, ...], list[Unknown]] = {}
    for each in frame.unknown:
        by_sources.setdefault(each.sources, []).append(each)
    return [
        f"unknown, since the history of {' and '.join(sources)} does not reach as far back: "
        f"{', '.join(f'{u.column} at {u.rows:,}' for u in columns)} of {frame.landmarks:,} landmarks"
        for sources, columns in by_sources.items()
    ]
