"""C1 and the report's section: what a calibration is fitted on when a model is trained."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from leadmart.scoring.evaluation.clusters import cluster_numbers
from leadmart.scoring.learning.dataset import label_rows, split
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.models.calibration import fit_calibration
from leadmart.scoring.models.model import predict

LABEL = Label("opportunity", "l_1", timedelta(days=90))


@pytest.fixture(scope="module")
def made(world):
    return world(leads=4000)


@pytest.fixture(scope="module")
def trained(made, columns, scorecard):
    return fit(
        made.rows, columns, scorecard, LABEL, TrainSettings(made.cut_off, replicates=50), feature_set_version="f_1"
    )


@pytest.fixture(scope="module")
def parts(made):
    rows = label_rows(made.rows, horizon=LABEL.horizon, ingest_lag=timedelta(days=1), cut_off=made.cut_off)
    return split(rows, TrainSettings(made.cut_off).split)


def test_c1_calibration_is_fitted_on_its_own_block(trained, parts, columns):
    """C1: on the block after train and validation, and on nothing else: its rows give the same to the last digit."""
    block = parts.calibration
    assert parts.train["as_of"].max() < parts.validation["as_of"].max() < block["as_of"].min()
    assert block["as_of"].max() < parts.test["as_of"].min()
    others = pl.concat([parts.train, parts.validation, parts.test])["lead_id"].unique()
    assert block.filter(pl.col("lead_id").is_in(others.implode())).height == 0
    p_raw = predict(trained.model, block, columns, "f_1").rows["p_raw"].to_numpy()
    again = fit_calibration(block["y"].to_numpy(), p_raw, cluster_numbers(block))
    assert trained.model.calibration == again
    assert (again.rows, again.positives > 50) == (block.height, True)


def test_c1_outcomes_of_the_test_block_change_no_calibration(made, trained, parts, columns, scorecard):
    """C1: with other outcomes in the test block the model and its calibration are the same, the figures are not."""
    first = parts.test["as_of"].min()
    flipped = made.rows.with_columns(
        pl.when((pl.col("as_of") >= first) & (pl.col("lead_id").str.slice(1).cast(pl.Int64) % 7 == 0))
        .then(pl.col("as_of") + timedelta(hours=5))
        .otherwise(pl.col("outcome_at"))
        .alias("outcome_at")
    )
    found = fit(
        flipped, columns, scorecard, LABEL, TrainSettings(made.cut_off, replicates=50), feature_set_version="f_1"
    )
    assert found.model
    assert found.model == replace(trained.model, metrics=found.model.metrics, training=found.model.training)
    assert found.metrics["log_loss"] != trained.metrics["log_loss"]


def test_c2_the_report_says_how_the_calibration_was_chosen_and_judged(trained):
    """C2, C6: the section `calibration`, in the document and in the model's own text."""
    section = trained.as_json()["calibration"]
    assert section["method"] == trained.model.calibration.method
    assert section["candidates"][0]["method"] == "none"
    assert [test["name"] for test in section["acceptance"]] == ["ece", "spiegelhalter", "ratio"]
    assert section["accepted"] is True
    assert sum(each["rows"] for each in section["bins"]) == trained.blocks[-1].rows


def test_c5_a_prediction_has_its_interval(trained, made, columns):
    """C5: p_low <= p_cal <= p_high, or NULL where the method gives none; never NaN."""
    rows = predict(trained.model, made.rows.head(500), columns, "f_1").rows
    known = rows.filter(pl.col("p_low").is_not_null())
    assert known.height in (0, 500)
    assert (known.height == 500) == (trained.model.calibration.method not in ("none", "isotonic"))
    assert known.filter((pl.col("p_low") > pl.col("p_cal")) | (pl.col("p_cal") > pl.col("p_high"))).height == 0
    assert rows.select(pl.col("p_low", "p_high").is_nan().any()).row(0) in ((False, False), (None, None))
