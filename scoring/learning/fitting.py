"""Training: from labelled rows to a model with its figures, or to the rules with what is missing said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.clusters import cluster_numbers
from leadmart.scoring.evaluation.section import Asked
from leadmart.scoring.learning.backtest import backtest, rolling_folds
from leadmart.scoring.learning.candidates import candidates, fit_model, refuse_unfit_directions
from leadmart.scoring.learning.choice import Choice, choose
from leadmart.scoring.learning.dataset import (
    Split,
    label_rows,
    outcome_leads,
    spine_hash,
    split,
)
from leadmart.scoring.learning.result import TrainingResult, metrics_of, result_of, summary_of
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.learning.suspects import find_suspects, judged, too_good
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
)
from leadmart.scoring.scorecard import Scorecard

ASSOCIATION = (
    "the chances are those of leads as they are worked today, high scores perhaps first: association, not uplift, and "
    "only a random holdout could tell them apart"
)
"""K8: outcomes of leads that sales chose by a score cannot say what the score's columns do by themselves."""


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
    return result_of(
        model,
        learned,
        parts.test,
        columns,
        scorecard,
        label,
        settings,
        tier=tier,
        feature_set_version=feature_set_version,
        excluded=(*labelled.excluded, *parts.left_out),
        blocks=tuple(summary_of(name, block) for name, block in parts.blocks().items()),
        metrics=metrics,
        suspects=suspects,
        notes=tuple(notes),
        asked=asked,
        candidates=choice.document if choice else (),
    )


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
