"""Recalibration: a champion kept as it is, its chances moved to the base rate of the latest matured month."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import FeatureColumn
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import load_model
from leadmart.scoring.evaluation.clusters import cluster_numbers
from leadmart.scoring.evaluation.section import Asked
from leadmart.scoring.learning.dataset import Exclusion, Labelled, label_rows, outcome_leads
from leadmart.scoring.learning.result import TrainingResult, metrics_of, result_of, summary_of
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.models.calibration import Calibration
from leadmart.scoring.models.calibration.choice import SHIFT_Z, folds_of
from leadmart.scoring.models.calibration.fits import shift_of, shift_z
from leadmart.scoring.models.calibration.odds import Floats, Ints, Outcomes
from leadmart.scoring.models.model import Model, columns_met, predict_raw, refuse_other_features
from leadmart.scoring.scorecard import Scorecard

MONTH = timedelta(days=30)
# Positive leads in each half of the month; with fewer, a base rate moves by a third by chance.
LEAST_POSITIVES = 20


def shifted(calibration: Calibration, y: Outcomes, p_raw: Floats, leads: Ints) -> Calibration:
    """The calibration with its log odds moved to where expected and observed positives of a later month agree (C7).

    The same one where the base rate is as expected: |z| of observed less expected positives, clustered by lead, is
    1.96 at most. Order, slope and width stay; an interval from a covariance widens by the shift's own variance.
    """
    p = calibration.apply(p_raw)
    z = shift_z(y, p, leads)
    if abs(z) <= SHIFT_Z:
        return calibration
    by, variance = shift_of(y, p, leads)
    why = f"{calibration.why}; log odds moved by {by:+.2f} to the base rate of a later month (z {z:.2f})"
    return replace(
        calibration, shift=calibration.shift + by, shift_variance=calibration.shift_variance + variance, why=why
    )


@dataclass(frozen=True)
class Standing:
    """The champion, the last landmark that it learned from, and the last of its test."""

    model: Model
    learned_until: datetime
    tested_until: datetime


def standing_champion(warehouse: Warehouse, version: str, feature_set_version: str) -> Standing:
    """The champion of a version that may score today's features (`release.valid.serving_version`), as it is kept.

    Raises LeadmartError `nothing_to_recalibrate` where there is none.
    """
    model = load_model(warehouse, version, feature_set_version)
    last: dict[str, datetime] = {}
    if model is not None:
        blocks = json.loads(model.training).get("blocks", ())
        last = {block["name"]: datetime.fromisoformat(block["last"]) for block in blocks if block["last"]}
    learned = [moment for name, moment in last.items() if name != "test"]
    if model is None or not learned or "test" not in last:
        raise LeadmartError(
            "there is no champion whose calibration could be moved",
            code="nothing_to_recalibrate",
            hint="`leadmart train` makes one",
        )
    return Standing(model, max(learned), last["test"])


def recalibrate(
    standing: Standing,
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
    """The champion with the intercept of the latest matured month, as a model of its own; the champion itself where
    its base rate has not moved.

    Of the month's landmarks count those after the champion's test block, of leads whose first landmark is later than
    what it learned from. Their leads are dealt into halves: one gives the shift, the other is the test, whose figures
    are the new model's. `frame` is what `fit` reads; columns that the champion never met may stand in it. The new
    model is one of today's features: what it reads of them means what the champion learned on.
    Raises LeadmartError `nothing_to_recalibrate` where the month is not there yet or holds too few outcomes,
    `feature_mismatch` where the features are no longer the champion's.
    """
    champion = standing.model
    refuse_other_features(champion, columns_met(champion, columns), feature_set_version)
    if champion.label_version != label.version:
        raise LeadmartError(
            f"{champion.model_version} learned {champion.label} {champion.label_version}, and the label is now "
            f"{label.version}: outcomes of two definitions are never mixed",
            code="nothing_to_recalibrate",
            hint="`leadmart train` learns the new one",
        )
    labelled = label_rows(frame, horizon=label.horizon, ingest_lag=settings.ingest_lag, cut_off=settings.cut_off)
    month = _latest_month(labelled, standing)
    # Dealt blindly: halves with as many outcomes each would agree by their making.
    halves = folds_of(np.zeros(month.height, dtype=np.int8), cluster_numbers(month), folds=2)
    fitting, test = (month.filter(pl.Series(halves == half)) for half in (0, 1))
    _refuse_too_few(fitting, test, standing.tested_until)
    y, leads = fitting["y"].to_numpy(), cluster_numbers(fitting)
    p_raw = predict_raw(champion.estimator, champion.columns, fitting)
    calibration = shifted(champion.calibration, y, p_raw, leads)
    is_moved = calibration != champion.calibration
    if not is_moved:
        z = shift_z(y, calibration.apply(p_raw), leads)
        words = f"the base rate is as expected (z {z:.2f}): the champion stays as it is"
    else:
        calibration = replace(calibration, rows=fitting.height, positives=outcome_leads(fitting)[0])
        words = f"calibration: {calibration.method} ({calibration.why})"
    model = replace(
        champion,
        calibration=calibration,
        feature_set_version=feature_set_version if is_moved else champion.feature_set_version,
    )
    metrics = metrics_of(test, model, scorecard, settings, true_probability)
    return result_of(
        model,
        fitting,
        test,
        columns,
        scorecard,
        label,
        settings,
        tier=champion.tier,
        feature_set_version=model.feature_set_version,
        excluded=(*labelled.excluded, _not_in(labelled, month)),
        blocks=(summary_of("calibration", fitting), summary_of("test", test)),
        metrics=metrics,
        suspects=(),
        notes=(*settings.clock_notes, f"recalibrated from {champion.model_version}", words),
        asked=asked,
    )


def _latest_month(labelled: Labelled, standing: Standing) -> pl.DataFrame:
    rows = labelled.rows
    if rows.is_empty():
        return rows
    last = rows["as_of"].max()
    assert isinstance(last, datetime)
    first = pl.col("as_of").min().over("lead_id")
    begin = max(last - MONTH, standing.tested_until)
    return rows.filter(
        first > pl.lit(standing.learned_until, dtype=pl.Datetime("us")),
        pl.col("as_of") > pl.lit(begin, dtype=pl.Datetime("us")),
    )


def _refuse_too_few(fitting: pl.DataFrame, test: pl.DataFrame, tested_until: datetime) -> None:
    found = [min(outcome_leads(half)) if half.height else 0 for half in (fitting, test)]
    if min(found) < LEAST_POSITIVES:
        raise LeadmartError(
            f"the latest matured month after {tested_until:%Y-%m-%d}, where the champion's test ended, has "
            f"{sum(found)} leads of the rarer outcome; {2 * LEAST_POSITIVES} are wanted",
            code="nothing_to_recalibrate",
            hint="wait until more windows have closed, or `leadmart train`",
        )


def _not_in(labelled: Labelled, month: pl.DataFrame) -> Exclusion:
    key = ["lead_id", "as_of"]
    out = labelled.rows.select(key).join(month.select(key), on=key, how="anti")
    words = "the landmark is not of the latest matured month, or the champion learned from the lead"
    return Exclusion("not_latest_month", words, out.height, out.n_unique("lead_id") if out.height else 0)
