"""Training: from labelled rows to a model with its figures, or to the rules with what is missing said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.calibration_report import calibration_section
from leadmart.scoring.evaluation.clusters import cluster_numbers
from leadmart.scoring.evaluation.figures import Metric, evaluate
from leadmart.scoring.evaluation.section import Asked, evaluation_section
from leadmart.scoring.learning.backtest import backtest, rolling_folds
from leadmart.scoring.learning.blocks import tested
from leadmart.scoring.learning.candidates import candidates, fit_model, refuse_unfit_directions
from leadmart.scoring.learning.choice import Choice, choose
from leadmart.scoring.learning.dataset import (
    Exclusion,
    Split,
    SplitSettings,
    label_rows,
    outcome_leads,
    spine_hash,
    split,
)
from leadmart.scoring.learning.suspects import Suspect, find_suspects, judged, too_good
from leadmart.scoring.models.booster import EARLY_STOPPING_FLOOR, VALIDATION_FLOOR
from leadmart.scoring.models.calibration import fit_calibration
from leadmart.scoring.models.estimator import Fitted, Monotone
from leadmart.scoring.models.model import (
    RULES_FLOOR,
    Model,
    Tier,
    library_versions,
    predict_raw,
    reference_of,
    tier_of,
    weight_of,
    with_metrics,
)
from leadmart.scoring.scorecard import Scorecard, points

ASSOCIATION = (
    "the chances are those of leads as they are worked today, high scores perhaps first: association, not uplift, and "
    "only a random holdout could tell them apart"
)
"""K8: outcomes of leads that sales chose by a score cannot say what the score's columns do by themselves."""


@dataclass(frozen=True)
class Label:
    """The outcome learned: its name, the version of its definition, and the horizon."""

    name: str
    version: str
    horizon: timedelta


@dataclass(frozen=True)
class TrainSettings:
    """What `[train]` says. `cut_off` is the newest completed load; `not_before` the first landmark of the training
    window. `waived_leak` and `waived`, by column, are reasons why suspects do not stop training. `monotone` declares
    directions, by column. `clocks` and `clock_notes` go into the report: what is unknown, what is assumed,
    and the sections of the training frame.
    """

    cut_off: datetime
    ingest_lag: timedelta = timedelta(days=1)
    not_before: datetime | None = None
    split: SplitSettings = field(default_factory=SplitSettings)
    seed: int = 1
    threads: int = 1
    replicates: int = 500
    waived_leak: str = ""
    waived: Mapping[str, str] = field(default_factory=dict)
    monotone: Monotone = field(default_factory=dict)
    clocks: Mapping[str, object] = field(default_factory=dict)
    clock_notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BlockSummary:
    """One block of the split; a block given up has 0 rows and no dates."""

    name: str
    rows: int
    leads: int
    positive_leads: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class TrainingResult:
    """What `train` prints and stores. `model` is None in tier `rules`; then `metrics` are those of the rules score
    alone. `rows` and `positives` are the landmarks learned from: train, validation and calibration. `test` is
    the test block itself.
    """

    model: Model | None
    tier: Tier
    label: Label
    feature_set_version: str
    rows: int
    positives: int
    positive_leads: int
    negative_leads: int
    excluded: tuple[Exclusion, ...]
    blocks: tuple[BlockSummary, ...]
    metrics: Mapping[str, Metric]
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
    cut_off: datetime
    ingest_lag: timedelta
    clocks: Mapping[str, object] = field(default_factory=dict)
    evaluation: Mapping[str, object] = field(default_factory=dict)
    test: pl.DataFrame = field(default_factory=pl.DataFrame, compare=False, repr=False)
    calibration: Mapping[str, object] = field(default_factory=dict)
    candidates: Sequence[Mapping[str, object]] = ()
    importance: Sequence[Mapping[str, object]] = ()

    def as_json(self) -> dict[str, object]:
        """The document of `train --json`, without `role`."""
        return {
            "model_version": self.model.model_version if self.model else "rules",
            "tier": self.tier,
            "feature_set_version": self.feature_set_version,
            "label": self.label.name,
            "rows": self.rows,
            "positives": self.positives,
            "metrics": {name: metric.as_json() for name, metric in self.metrics.items()},
            "suspects": [suspect.as_json() for suspect in self.suspects],
            **self.sections(),
        }

    def sections(self) -> dict[str, object]:
        """What stands around the figures: who is in, who is out and why, the blocks with their dates, and remarks."""
        return {
            "label_version": self.label.version,
            "horizon_days": self.label.horizon / timedelta(days=1),
            "cut_off": self.cut_off.isoformat(),
            "ingest_lag_days": self.ingest_lag / timedelta(days=1),
            "positive_leads": self.positive_leads,
            "negative_leads": self.negative_leads,
            "excluded": [{"code": e.code, "words": e.words, "rows": e.rows, "leads": e.leads} for e in self.excluded],
            "blocks": [
                {
                    "name": b.name,
                    "rows": b.rows,
                    "leads": b.leads,
                    "positive_leads": b.positive_leads,
                    "first": b.first.isoformat() if b.first else None,
                    "last": b.last.isoformat() if b.last else None,
                }
                for b in self.blocks
            ],
            "notes": list(self.notes),
            "evaluation": dict(self.evaluation),
            "test": tested(self.test),
            "calibration": dict(self.calibration),
            "candidates": list(self.candidates),
            **({"importance": list(self.importance)} if self.importance else {}),
            **self.clocks,
        }


def fit(
    frame: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    scorecard: Scorecard,
    label: Label,
    settings: TrainSettings,
    *,
    feature_set_version: str,
    true_probability: str | None = None,
    asked: Asked | None = None,
) -> TrainingResult:
    """Trains on `frame`: lead_id, as_of, the feature columns, outcome_at; other columns are left alone.

    The tier follows from n, the smaller of positive and negative leads outside the test block: below 100 there is no
    model and `notes` say how much is missing. Above, a backtest before the test block chooses the model, or keeps the
    rules where no model is better than the base rate; the tier is `rules` then too. Figures are of the test block,
    seen by nothing before.
    `true_probability` names a column of a made-up world's own probabilities: its AUC on the same rows is the best
    reachable one (`reachable_roc_auc`). `asked` says what the report's section `evaluation` is asked for; its policy
    makes the tiers.
    Raises LeadmartError `suspects` where a column, or the test ROC-AUC, tells the outcome better than behaviour can
    and `settings` give no reason for it. The rules alone learn nothing, so there suspects are only shown.
    """
    labelled = label_rows(
        frame,
        horizon=label.horizon,
        ingest_lag=settings.ingest_lag,
        cut_off=settings.cut_off,
        not_before=settings.not_before,
    )
    parts = split(labelled, settings.split)
    positive, negative = outcome_leads(parts.outside_test())
    tier = tier_of(min(positive, negative))
    notes = [*settings.clock_notes, *parts.notes]
    model: Model | None = None
    choice: Choice | None = None
    if tier == "rules":
        notes.append(_what_is_missing(positive, negative))
    else:
        choice = _choose(parts, columns, scorecard, label, tier, settings)
        notes += choice.notes
        if choice.name is None:
            tier = "rules"
        else:
            fitted = _fit(choice.name, parts, columns, tier, settings, choice.monotone)
            notes.append(fitted.how)
            model = _model(fitted, parts, label, tier, min(positive, negative), feature_set_version)
            notes.append(f"calibration: {model.calibration.method} ({model.calibration.why})")
            notes.append(ASSOCIATION)
    metrics = metrics_of(parts.test, model, scorecard, settings, true_probability)
    learned = parts.outside_test()
    suspects = find_suspects(learned, columns, with_models=model is not None) if learned.height else ()
    if model is not None:
        names = [column.name for column in columns]
        suspects = judged((*too_good(metrics), *suspects), settings.waived, settings.waived_leak, names)
    result = TrainingResult(
        model=model,
        tier=tier,
        label=label,
        feature_set_version=feature_set_version,
        rows=learned.height,
        positives=int(learned["y"].sum()),
        positive_leads=positive,
        negative_leads=negative,
        excluded=(*labelled.excluded, *parts.left_out),
        blocks=tuple(summary_of(name, block) for name, block in parts.blocks().items()),
        metrics=metrics,
        suspects=suspects,
        notes=tuple(notes),
        cut_off=settings.cut_off,
        ingest_lag=settings.ingest_lag,
        clocks=settings.clocks,
        evaluation=evaluation_section(
            parts.test,
            parts.outside_test(),
            columns,
            model,
            scorecard,
            asked or Asked(),
            seed=settings.seed,
            replicates=settings.replicates,
        ),
        test=parts.test,
        calibration=calibration_of(model, parts.test, metrics, settings.seed) if model else {},
        candidates=choice.document if choice else (),
    )
    return with_figures(result) if model else result


def _choose(
    parts: Split, columns: Sequence[FeatureColumn], scorecard: Scorecard, label: Label, tier: Tier,
    settings: TrainSettings,
) -> Choice:  # fmt: skip
    """What a backtest on the rows before the test block says of the candidates."""
    assert tier != "rules"
    refuse_unfit_directions(settings.monotone, columns, parts.reference)
    found = backtest(
        rolling_folds(parts.reference, label.horizon + settings.ingest_lag, settings.seed),
        candidates(
            columns, scorecard, tier=tier, seed=settings.seed, threads=settings.threads, monotone=settings.monotone
        ),
    )
    return choose(found, tier, settings.monotone)


def _fit(
    name: str, parts: Split, columns: Sequence[FeatureColumn], tier: Tier, settings: TrainSettings, monotone: Monotone
) -> Fitted:
    """The chosen model on train and validation. Trees stop by the validation block where there is enough to stop by
    (T5).
    """
    assert tier != "rules"
    in_all = outcome_leads(parts.outside_test())[0]
    in_validation = outcome_leads(parts.validation)[0]
    may_stop = in_all >= EARLY_STOPPING_FLOOR and in_validation >= VALIDATION_FLOOR
    fitted = fit_model(
        name, parts.train, parts.validation, columns, tier, settings.seed, settings.threads, monotone=monotone,
        may_stop_early=may_stop,
    )  # fmt: skip
    if may_stop or not fitted.rounds:
        return fitted
    why = (
        f"{in_all} positive leads in all, fewer than {EARLY_STOPPING_FLOOR}"
        if in_all < EARLY_STOPPING_FLOOR
        else f"{in_validation} positive leads in validation, fewer than {VALIDATION_FLOOR}"
    )
    return replace(fitted, how=f"{fitted.how}, with no early stopping: {why}")


def _model(fitted: Fitted, parts: Split, label: Label, tier: Tier, n: int, feature_set_version: str) -> Model:
    later = parts.calibration
    calibration = fit_calibration(
        later["y"].to_numpy(), predict_raw(fitted.estimator, fitted.columns, later), cluster_numbers(later)
    )
    return Model(
        estimator=fitted.estimator,
        columns=fitted.columns,
        calibration=calibration,
        reference=reference_of(predict_raw(fitted.estimator, fitted.columns, parts.reference)),
        weight=weight_of(n),
        tier=tier,
        rounds=fitted.rounds,
        params=fitted.params,
        feature_set_version=feature_set_version,
        label=label.name,
        label_version=label.version,
        horizon_days=label.horizon / timedelta(days=1),
        spine_hash=spine_hash(parts.outside_test()),
        libraries=library_versions(),
    )


def metrics_of(
    test: pl.DataFrame, model: Model | None, scorecard: Scorecard, settings: TrainSettings, true_probability: str | None
) -> dict[str, Metric]:
    """The figures of a test block; without a model those that need no probability."""
    test = test.sort("as_of", "lead_id")
    rivals: dict[str, NDArray[np.float64]] = {}
    if scorecard.rows:
        rivals["rules_roc_auc"] = points(test, scorecard)["rules_score"].to_numpy()
    if true_probability is not None:
        rivals["reachable_roc_auc"] = test[true_probability].cast(pl.Float64).fill_null(np.nan).to_numpy()
    y, leads = test["y"].to_numpy(), cluster_numbers(test)
    if model is not None:
        p_raw = predict_raw(model.estimator, model.columns, test)
        p = model.calibration.apply(p_raw)
        return evaluate(
            y, p, leads, rivals=rivals, ranked_by=p_raw, seed=settings.seed, replicates=settings.replicates
        )  # fmt: skip
    # No probability exists, so nothing that needs one is measured.
    found = evaluate(y, np.zeros(len(y)), leads, rivals=rivals, seed=settings.seed, replicates=settings.replicates)
    return {name: found[name] for name in ("base_rate", *rivals)}


def calibration_of(model: Model, test: pl.DataFrame, metrics: Mapping[str, Metric], seed: int) -> dict[str, object]:
    """The report's section `calibration`, judged on the test block."""
    p_raw = predict_raw(model.estimator, model.columns, test)
    return calibration_section(model.calibration, p_raw, test["y"].to_numpy(), cluster_numbers(test), metrics, seed)


def _what_is_missing(positive: int, negative: int) -> str:
    short = [
        f"{RULES_FLOOR - count} more {name} leads"
        for name, count in (("positive", positive), ("negative", negative))
        if count < RULES_FLOOR
    ]
    return (
        f"the rules alone score: {positive} positive and {negative} negative matured leads before the test block; "
        f"a model wants {RULES_FLOOR} of each, that is {' and '.join(short)}"
    )


def summary_of(name: str, block: pl.DataFrame) -> BlockSummary:
    """A block in figures."""
    if block.is_empty():
        return BlockSummary(name, 0, 0, 0, None, None)
    first, last = block["as_of"].min(), block["as_of"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return BlockSummary(name, block.height, block.n_unique("lead_id"), outcome_leads(block)[0], first, last)


def with_figures(result: TrainingResult) -> TrainingResult:
    """The result whose model carries its own report."""
    assert result.model is not None
    figures = {name: metric.as_json() for name, metric in result.metrics.items()}
    training: dict[str, object] = {
        "rows": result.rows,
        "positives": result.positives,
        "suspects": [suspect.as_json() for suspect in result.suspects],
        **result.sections(),
    }
    return replace(result, model=with_metrics(result.model, figures, training))
