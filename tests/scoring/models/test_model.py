"""G2, G3, G5, G6, G7, P1, P3 and P6: one fit, one text, one score, whatever the machine does."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.learning.dataset import label_rows
from leadmart.scoring.models.booster import Booster, fit_booster
from leadmart.scoring.models.calibration import Calibration
from leadmart.scoring.models.matrix import OTHER, fit_columns, to_matrix, unseen_levels
from leadmart.scoring.models.model import (
    Model,
    library_versions,
    predict,
    predict_raw,
    rank_in,
    reference_of,
    tier_of,
    weight_of,
)

FEATURES = "f_1"


@pytest.fixture(scope="module")
def rows(world) -> pl.DataFrame:
    made = world(leads=1200)
    return label_rows(made.rows, horizon=timedelta(days=90), ingest_lag=timedelta(days=1), cut_off=made.cut_off).rows


def fit(rows: pl.DataFrame, columns, threads: int = 1, seed: int = 1):
    halves = rows.filter(pl.col("lead_id") < "L00800"), rows.filter(pl.col("lead_id") >= "L00800")
    return fit_booster(*halves, columns, tier="ml", seed=seed, threads=threads, may_stop_early=True)


@pytest.fixture(scope="module")
def model(rows, columns) -> Model:
    fitted = fit(rows, columns)
    return Model(
        estimator=fitted.estimator,
        columns=fitted.columns,
        calibration=Calibration("platt", 0.9, -0.1, "by hand"),
        reference=reference_of(predict_raw(fitted.estimator, fitted.columns, rows)),
        weight=0.75,
        tier="ml",
        rounds=fitted.rounds,
        params=fitted.params,
        feature_set_version=FEATURES,
        label="opportunity",
        label_version="l_1",
        horizon_days=90.0,
        spine_hash="s_1",
        libraries=library_versions(),
    )


@pytest.mark.parametrize(
    ("n", "tier", "weight"),
    [
        (0, "rules", 0.0),
        (99, "rules", 0.0),
        (100, "hybrid", 0.0),
        (300, "hybrid", 0.5),
        (499, "hybrid", 0.9975),
        (500, "ml", 1.0),
        (5000, "ml", 1.0),
    ],
)
def test_g1_tier_and_weight_follow_from_n(n, tier, weight):
    assert (tier_of(n), weight_of(n)) == (tier, pytest.approx(weight))


@pytest.mark.slow
def test_p3_row_order_and_threads_change_no_byte(rows, columns):
    plain = fit(rows, columns)
    for other in (rows.reverse(), rows.sample(fraction=1.0, shuffle=True, seed=3)):
        assert fit(other, columns) == plain
    assert fit(rows, columns, threads=2) == plain
    assert fit(rows, columns, seed=2) != plain


@pytest.mark.slow
def test_p3_eight_threads_change_no_byte_even_on_few_cores(rows, columns):
    few = rows.filter(pl.col("lead_id") < "L00400")
    none = few.clear()
    settings = {"tier": "hybrid", "seed": 1, "may_stop_early": False}
    assert fit_booster(few, none, columns, threads=8, **settings) == fit_booster(
        few, none, columns, threads=1, **settings
    )


@pytest.mark.slow
def test_p3_threads_and_another_process_change_no_score(model, rows, columns, tmp_path):
    rows.head(60).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "model.json").write_text(model.to_text(), encoding="utf-8")
    script = (
        "import sys, polars as pl\nfrom leadmart.scoring.models.model import Model, predict_raw\n"
        "model = Model.from_text(open(sys.argv[1] + '/model.json').read())\n"
        "p = predict_raw(model.estimator, model.columns, pl.read_parquet(sys.argv[1] + '/rows.parquet'))\n"
        "print(model.model_version, p.tobytes().hex())"
    )
    here = predict_raw(model.estimator, model.columns, rows.head(60)).tobytes().hex()
    for threads in ("1", "8"):
        shown = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            check=True, capture_output=True, text=True, env={"OMP_NUM_THREADS": threads, "PATH": ""},
        ).stdout  # fmt: skip
        assert shown.split() == [model.model_version, here]


def test_g2_parameters_are_the_deterministic_ones(model):
    params = dict(model.params)
    assert (params["deterministic"], params["force_row_wise"]) == (True, True)
    assert "scale_pos_weight" not in params
    assert "is_unbalance" not in params
    assert "num_threads" not in params


def test_the_text_gives_the_same_model_again(model, rows, columns):
    again = Model.from_text(model.to_text())
    assert again == model
    assert again.model_version == model.model_version
    assert predict(again, rows, columns, FEATURES).rows.equals(predict(model, rows, columns, FEATURES).rows)
    with pytest.raises(LeadmartError, match="cannot be read"):
        Model.from_text('{"booster": "tree"}')


def test_p1_the_version_changes_with_what_decides_a_score(model):
    others = [
        replace(model, estimator=Booster(model.estimator.text + " ")),
        replace(model, feature_set_version="f_2"),
        replace(model, label_version="l_2"),
        replace(model, spine_hash="s_2"),
        replace(model, params=(*model.params, ("x", 1))),
        replace(model, libraries=(("lightgbm", "0"),)),
        replace(model, calibration=Calibration("none")),
        replace(model, weight=0.5),
        replace(model, reference=model.reference[1:]),
    ]
    assert len({m.model_version for m in (model, *others)}) == 1 + len(others)
    assert replace(model, metrics='{"roc_auc":1}').model_version == model.model_version


def test_p6_other_features_are_refused_with_every_difference(model, rows, columns):
    swapped = (columns[1], columns[0], *columns[2:])
    cases = {
        "another order": (swapped, FEATURES),
        "column seniority is missing": (columns[1:], FEATURES),
        "column extra is none": ((*columns, FeatureColumn("extra", "v@v1", "BIGINT")), FEATURES),
        "and was VARCHAR in training": ((replace(columns[0], type="BIGINT"), *columns[1:]), FEATURES),
        "the features are f_2": (columns, "f_2"),
    }
    for complaint, (given, version) in cases.items():
        with pytest.raises(LeadmartError) as caught:
            predict(model, rows, given, version)
        assert caught.value.code == "feature_mismatch"
        assert complaint in caught.value.render()
    with pytest.raises(LeadmartError) as caught:
        predict(model, rows, columns[2:], "f_2")
    assert len(caught.value.others) == 2


def test_g5_rare_levels_are_merged_at_fit_and_counted_by_lead():
    many_rows_of_two_leads = pl.DataFrame(
        {
            "lead_id": [f"a{i}" for i in range(30)] + ["b1", "b2"] * 40,
            "source": ["web"] * 30 + ["fair"] * 80,
        }
    )
    (column,) = fit_columns(many_rows_of_two_leads, [FeatureColumn("source", "v@v1", "VARCHAR")])
    assert (column.levels, column.has_other) == (("web",), True)


def test_g5_a_new_level_gives_a_finite_score_and_a_counted_warning(model, rows, columns):
    given = rows.head(5).with_columns(pl.Series("seniority", ["astronaut", "founder", None, "astronaut", "other"]))
    found = predict(model, given, columns, FEATURES)
    assert np.isfinite(found.rows.select("p_raw", "p_cal", "rank").to_numpy()).all()
    assert found.warnings == (
        "seniority: 2 rows hold a level that has no code of its own in the model; counted as missing",
    )
    assert predict(model, rows, columns, FEATURES).warnings == ()


def test_g5_unseen_is_other_where_levels_were_merged_else_missing():
    seen = pl.DataFrame({"lead_id": range(45), "source": ["web"] * 22 + ["mail"] * 22 + ["rare"]})
    columns = [FeatureColumn("source", "v@v1", "VARCHAR")]
    merged, whole = fit_columns(seen, columns), fit_columns(seen.head(44), columns)
    given = pl.DataFrame({"source": ["mail", "web", "new", None, OTHER]})
    assert to_matrix(given, merged)[:3, 0].tolist() == [0.0, 1.0, 2.0]
    assert math.isnan(to_matrix(given, merged)[3, 0])
    assert to_matrix(given, whole)[:2, 0].tolist() == [0.0, 1.0]
    assert np.isnan(to_matrix(given, whole)[2:, 0]).all()
    assert unseen_levels(given, merged) == {"source": 2}


def test_g5_a_column_of_identifiers_keeps_a_bounded_number_of_levels():
    frame = pl.DataFrame({"lead_id": range(3000), "domain": [f"d{i % 100}" for i in range(3000)]})
    (column,) = fit_columns(frame, [FeatureColumn("domain", "v@v1", "VARCHAR")])
    assert (len(column.levels), column.has_other) == (64, True)


def test_g6_null_stays_missing_and_is_no_zero(model, rows, columns):
    given = pl.DataFrame({"lead_id": ["a", "b", "c"], "x": [None, 0, 5], "b": [None, False, True]})
    fitted = fit_columns(given, [FeatureColumn("x", "v@v1", "BIGINT"), FeatureColumn("b", "v@v1", "BOOLEAN")])
    matrix = to_matrix(given, fitted)
    assert np.isnan(matrix[0]).all()
    assert matrix[1:].tolist() == [[0.0, 0.0], [5.0, 1.0]]


def test_a_type_no_model_reads_is_a_named_error_not_an_abort():
    frame = pl.DataFrame({"lead_id": ["a"], "day": [None]}, schema={"lead_id": pl.String, "day": pl.Date})
    with pytest.raises(LeadmartError, match="day of v@v1 is Date") as caught:
        fit_columns(frame, [FeatureColumn("day", "v@v1", "DATE")])
    assert caught.value.code == "unfit_column"


def test_g7_the_rank_is_the_share_of_the_reference_below():
    p = np.sort(np.random.default_rng(1).random(5000))
    reference = reference_of(p)
    ranks = rank_in(reference, p)
    assert np.abs(ranks - np.arange(5000) / 4999).max() < 0.002
    assert (np.diff(ranks) >= 0).all()
    assert rank_in(reference, np.array([-1.0, 2.0])).tolist() == [0.0, 1.0]


def test_g7_tied_reference_values_take_the_middle_of_their_shares():
    reference = reference_of(np.array([0.1] * 50 + [0.3] * 50))
    low, between, high = rank_in(reference, np.array([0.1, 0.2, 0.3]))
    assert (low, between, high) == (
        pytest.approx(0.25, abs=0.01),
        pytest.approx(0.5, abs=0.01),
        pytest.approx(0.75, abs=0.01),
    )
    assert rank_in(reference_of(np.array([0.2, 0.2])), np.array([0.2])).tolist() == [0.5]


def test_g7_a_rank_does_not_depend_on_the_other_rows(model, rows, columns):
    everyone = predict(model, rows, columns, FEATURES).rows
    few = predict(model, rows.tail(7), columns, FEATURES).rows
    assert few.equals(everyone.tail(7))


def test_g3_the_mean_probability_is_near_the_base_rate_on_an_exchangeable_split(world, columns):
    made = world(leads=8000, seed=9)
    rows = label_rows(made.rows, horizon=timedelta(days=90), ingest_lag=timedelta(days=1), cut_off=made.cut_off).rows
    is_learned = pl.col("lead_id").str.slice(1).cast(pl.Int64) % 2 == 0
    learned, other = rows.filter(is_learned), rows.filter(~is_learned)
    for tier in ("hybrid", "ml"):
        fitted = fit_booster(learned, learned.clear(), columns, tier=tier, seed=1, threads=1, may_stop_early=False)
        p = predict_raw(fitted.estimator, fitted.columns, other)
        assert p.mean() == pytest.approx(other["y"].mean(), rel=0.1), tier
