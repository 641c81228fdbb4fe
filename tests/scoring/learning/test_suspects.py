"""Leaks planted into a world whose truth is known, each with the figure that finds it; and clean worlds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.figures import roc_auc
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.result import TrainingResult
from leadmart.scoring.learning.settings import Label, TrainSettings
from tests.samples import first

LABEL = Label("opportunity", "l_1", timedelta(days=90))

IS_POSITIVE = (pl.col("outcome_at") <= pl.col("as_of") + LABEL.horizon).fill_null(False)
IS_NEAR = (pl.col("outcome_at") <= pl.col("as_of") + timedelta(days=7)).fill_null(False)
NAME = "planted"


@pytest.fixture(scope="module")
def made(world: Any) -> Any:
    return world(leads=1500)


def plant(rows: pl.DataFrame, leak: str) -> pl.DataFrame:
    """The rows with a column `planted`, which knows the outcome in one way."""
    draw = np.random.default_rng(4)

    def chance(share: float) -> pl.Series:
        return pl.Series(draw.random(rows.height) < share)

    def normal(spread: float) -> pl.Series:
        return pl.Series(draw.normal(0, spread, rows.height))

    def whole(low: int, high: int) -> pl.Series:
        return pl.Series(draw.integers(low, high, rows.height))

    number = IS_POSITIVE.cast(pl.Float64)
    is_big = pl.col("employees").fill_null(0) > 30
    expressions = {
        "amount": number + normal(0.2),
        "stage": number + normal(0.62),
        "stage in words": pl.when(IS_POSITIVE & chance(0.8) | chance(0.08))
        .then(pl.lit("negotiation"))
        .otherwise(pl.lit("new")),
        "next step, counted from creation": pl.col("lead_age_days")
        + pl.when(IS_POSITIVE).then(whole(-10, -2)).otherwise(whole(-60, 60)),
        "turned round by company size": pl.when(is_big == IS_POSITIVE).then(1.0).otherwise(-1.0) + normal(0.6),
        "owner": pl.when(IS_POSITIVE & chance(0.6) | chance(0.05)).then(5),
        "owner in the last week": pl.when(IS_NEAR & chance(0.9) | chance(0.2)).then(5),
        "type": pl.when(IS_POSITIVE & chance(0.2)).then(pl.lit("customer")).otherwise(pl.lit("prospect")),
    }
    return rows.with_columns(expressions[leak].alias(NAME))


def train(made: Any, columns: Any, scorecard: Any, rows: pl.DataFrame | None = None, **settings: Any) -> TrainingResult:
    chosen = replace(TrainSettings(made.cut_off, replicates=20), **settings)
    rows = made.rows if rows is None else rows
    if NAME in rows.columns:
        columns = (*columns, FeatureColumn(NAME, "leaky@v1"))
    return fit(rows, columns, scorecard, LABEL, chosen, feature_set_version="f_1")


@pytest.mark.parametrize(
    ("leak", "code"),
    [
        ("amount", "univariate_auc"),
        ("stage", "gain_share"),
        ("stage in words", "gain_share"),
        ("next step, counted from creation", "removal_loss"),
        ("turned round by company size", "removal_loss"),
        ("owner", "missingness_auc"),
        ("owner in the last week", "filled_near_outcome"),
        ("type", "only_with_outcome"),
    ],
)
def test_a_planted_leak_stops_training_and_is_named(
    made: Any, columns: Any, scorecard: Any, leak: str, code: str
) -> None:
    """K5: each leak by the figure that finds it."""
    rows = plant(made.rows, leak)
    with pytest.raises(LeadmartError) as caught:
        train(made, columns, scorecard, rows)
    assert caught.value.code == "suspects"
    refused = [caught.value, *caught.value.others]
    (about,) = [each for each in refused if each.message.startswith(f"{NAME} seems to know the outcome")]
    assert "[train.waive]" in about.hint
    everything = {column.name: "a test" for column in columns} | {NAME: "a test"}
    waived = train(made, columns, scorecard, rows, waived=everything, waived_leak="a test")
    assert code in {suspect.code for suspect in waived.suspects if suspect.column == NAME}


@pytest.mark.parametrize(
    ("leak", "low", "high"),
    [
        ("stage", 0.84, 0.90),
        ("next step, counted from creation", 0.50, 0.59),
        ("turned round by company size", 0.44, 0.56),
    ],
)
def test_some_of_the_planted_leaks_say_little_alone(made: Any, leak: str, low: float, high: float) -> None:
    rows = plant(made.rows, leak).with_columns(IS_POSITIVE.cast(pl.Int8).alias("y"))
    auc = roc_auc(rows["y"].to_numpy(), rows[NAME].cast(pl.Float64).to_numpy())
    assert auc is not None
    assert low < auc < high


@pytest.mark.parametrize("seed", first(3, [1, 2, 3, 4, 5]))
def test_no_column_of_a_clean_world_stops_training(world: Any, columns: Any, scorecard: Any, seed: int) -> None:
    made = world(leads=1500, seed=seed)
    for kept in (columns, columns[:4], columns[3:4]):  # of few columns, one has most of the gain
        found = train(made, kept, scorecard)
        assert found.tier == "hybrid"
        assert [suspect for suspect in found.suspects if suspect.stops] == []


def test_of_few_columns_the_best_is_shown_with_its_figures_and_does_not_stop(
    made: Any, columns: Any, scorecard: Any
) -> None:
    (suspect,) = train(made, columns[3:4], scorecard).suspects
    assert (suspect.column, suspect.code, suspect.stops) == ("pricing_views_30d", "gain_share", False)
    assert suspect.value == 1.0
    assert "100% of the model's gain, and without it the ROC-AUC falls by 0." in suspect.why


def test_a_model_too_good_to_be_true_is_refused_unless_waived(made: Any, columns: Any, scorecard: Any) -> None:
    """K6: a ROC-AUC above .95 on the test rows."""
    rows = plant(made.rows, "amount")
    with pytest.raises(LeadmartError, match=r"leak suspected: a ROC-AUC of (0\.9|1\.0)") as caught:
        train(made, columns, scorecard, rows, waived={NAME: "a test"})
    assert caught.value.code == "suspects"
    assert NAME in caught.value.hint
    assert "waive_leak" in caught.value.hint
    assert caught.value.others == ()
    waived = train(made, columns, scorecard, rows, waived={NAME: "so it is"}, waived_leak="a test of the waiver")
    reasons = {(suspect.column, suspect.waived) for suspect in waived.suspects}
    assert reasons == {("(the model)", "a test of the waiver"), (NAME, "so it is")}


def test_a_waived_suspect_stands_in_the_document_and_in_the_stored_model(
    made: Any, columns: Any, scorecard: Any
) -> None:
    rows = plant(made.rows, "owner in the last week")
    found = train(made, columns, scorecard, rows, waived={NAME: "the day's list of calls"})
    told: Any = found.as_json()["suspects"]
    (told,) = told
    assert (told["column"], told["code"], told["waived"]) == (NAME, "filled_near_outcome", "the day's list of calls")
    assert found.model is not None
    assert json.loads(found.model.training)["suspects"] == [told]


def test_a_reason_for_a_column_that_no_view_has_is_refused(made: Any, columns: Any, scorecard: Any) -> None:
    with pytest.raises(LeadmartError, match=r"\[train.waive\] names pricing_views_30") as caught:
        train(made, columns, scorecard, waived={"pricing_views_30": "a typo"})
    assert caught.value.code == "unknown_column"
    assert "pricing_views_30d" in caught.value.hint


def test_the_rules_alone_show_a_suspect_and_go_on(world: Any, columns: Any, scorecard: Any) -> None:
    small = world(leads=400)
    found = train(small, columns, scorecard, plant(small.rows, "amount"))
    assert found.tier == "rules"
    assert "univariate_auc" in {suspect.code for suspect in found.suspects if suspect.column == NAME}


@pytest.mark.slow
def test_order_of_rows_and_threads_change_no_figure_of_a_suspect(made: Any, columns: Any, scorecard: Any) -> None:
    rows = plant(made.rows, "stage")
    everything = {"waived": {NAME: "a test"}, "waived_leak": "a test"}
    one = train(made, columns, scorecard, rows, **everything)
    other = train(made, columns, scorecard, rows.sample(fraction=1.0, shuffle=True, seed=2), threads=2, **everything)
    assert one.suspects == other.suspects != ()
