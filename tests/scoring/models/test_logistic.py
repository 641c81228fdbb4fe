"""G3, G4, G5, G6, K8, P3 and X1 of the logistic regression, and directions of both models."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.learning.dataset import label_rows
from leadmart.scoring.models.booster import fit_booster
from leadmart.scoring.models.calibration import Calibration
from leadmart.scoring.models.logistic import PENALTY, Logistic, fit_logistic, fit_single
from leadmart.scoring.models.matrix import to_matrix
from leadmart.scoring.models.model import (
    Model,
    contributions,
    library_versions,
    predict,
    raw_margin,
    reference_of,
)


@pytest.fixture(scope="module")
def rows(world) -> pl.DataFrame:
    made = world(leads=1200)
    return label_rows(made.rows, horizon=timedelta(days=90), ingest_lag=timedelta(days=1), cut_off=made.cut_off).rows


@pytest.fixture(scope="module")
def fitted(rows, columns):
    return fit_logistic(rows, columns, tier="ml")


@pytest.fixture(scope="module")
def model(fitted, rows) -> Model:
    p = fitted.estimator.probability(to_matrix(rows, fitted.columns))
    return Model(
        fitted.estimator, fitted.columns, Calibration("platt", 0.9, -0.1, "by hand"), reference_of(p), 0.75, "ml",
        fitted.rounds, fitted.params, "f_1", "opportunity", "l_1", 90.0, "s_1", library_versions(),
    )  # fmt: skip


def odd(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with what training did not show: unknown levels, NULL everywhere, values beyond any seen."""
    return rows.head(4).with_columns(
        pl.Series("seniority", ["astronaut", None, "founder", "other"]),
        pl.Series("sessions_30d", [10_000, None, -5, 2]),
        pl.Series("employees", [None, None, 10**9, 1]),
        pl.Series("budget_stated", [None, True, False, None]),
    )


def test_it_is_the_regression_that_scikit_learns_own_steps_give(rows, columns, fitted):
    """G6: median and indicator for what is missing; a term a level; standardised; penalised."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows = rows.sort("as_of", "lead_id")
    design = []
    for column in columns:
        given = rows[column.name]
        if given.dtype == pl.String:
            design += [(given == level).cast(pl.Float64).to_numpy() for level in sorted(given.drop_nulls().unique())]
            continue
        number = given.cast(pl.Float64)
        low, high = np.quantile(number.drop_nulls().to_numpy(), (0.005, 0.995))
        low, high = (low, high) if low < high else (number.min(), number.max())
        design.append(number.fill_null(number.median()).clip(low, high).to_numpy())
        if number.null_count():
            design.append(number.is_null().cast(pl.Float64).to_numpy())
    standard = StandardScaler().fit_transform(np.column_stack(design))
    oracle = LogisticRegression(C=PENALTY["ml"], solver="lbfgs", tol=1e-10, max_iter=2000)
    oracle.fit(standard, rows["y"].to_numpy())
    found = fitted.estimator.margin(to_matrix(rows, fitted.columns))
    assert np.abs(found - oracle.decision_function(standard)).max() < 1e-4


def test_x1_contributions_and_bias_add_up_to_the_margin(model, rows):
    """X1: coefficient * (x - mean), a column's terms in one figure."""
    for given in (rows, odd(rows)):
        parts, bias = contributions(model, given)
        assert parts.shape == (given.height, len(model.columns))
        assert np.abs(parts.sum(axis=1) + bias - raw_margin(model, given)).max() < 1e-6
    over_training = contributions(model, rows)[0].mean(axis=0)
    assert np.abs(over_training).max() < 1e-9
    assert model.estimator.shares(len(model.columns)).sum() == pytest.approx(1.0)


def test_p3_order_of_rows_changes_no_byte_and_no_row_depends_on_another(model, rows, columns, fitted):
    """P3: the document's text, and a row's bits alone as among all."""
    again = fit_logistic(rows.sample(fraction=1.0, shuffle=True, seed=5), columns, tier="ml")
    assert json.dumps(again.estimator.document()) == json.dumps(fitted.estimator.document())
    everyone = predict(model, rows, columns, "f_1").rows
    assert predict(model, rows.tail(7), columns, "f_1").rows.equals(everyone.tail(7))
    assert predict(model, rows.tail(1), columns, "f_1").rows.equals(everyone.tail(1))


def test_p1_the_text_gives_the_same_model_and_a_coefficient_decides_the_version(model, rows, columns):
    again = Model.from_text(model.to_text())
    assert again == model
    assert again.model_version == model.model_version
    assert predict(again, rows, columns, "f_1").rows.equals(predict(model, rows, columns, "f_1").rows)
    logistic = model.estimator
    assert isinstance(logistic, Logistic)
    first = replace(logistic.terms[0], weight=logistic.terms[0].weight + 1e-9)
    other = replace(model, estimator=replace(logistic, terms=(first, *logistic.terms[1:])))
    assert other.model_version != model.model_version


def test_g5_a_new_level_gives_a_finite_score_and_a_counted_warning(model, rows, columns):
    """G5: also where every other value is missing or beyond what was seen."""
    given = odd(rows)
    found = predict(model, given, columns, "f_1")
    assert np.isfinite(found.rows.select("p_raw", "p_cal", "rank").to_numpy()).all()
    assert found.rows["p_raw"].is_between(0, 1).all()
    assert found.warnings == (
        "seniority: 1 rows hold a level that has no code of its own in the model; counted as missing",
    )


def test_g3_the_mean_probability_is_near_the_base_rate_on_an_exchangeable_split(world, columns):
    """G3: within 10 % before calibration, on leads drawn by chance."""
    made = world(leads=8000, seed=9)
    rows = label_rows(made.rows, horizon=timedelta(days=90), ingest_lag=timedelta(days=1), cut_off=made.cut_off).rows
    is_learned = pl.col("lead_id").str.slice(1).cast(pl.Int64) % 2 == 0
    learned, other = rows.filter(is_learned), rows.filter(~is_learned)
    for fit in (fit_logistic, fit_single):
        for tier in ("hybrid", "ml"):
            found = fit(learned, columns, tier=tier)
            p = found.estimator.probability(to_matrix(other, found.columns))
            assert p.mean() == pytest.approx(other["y"].mean(), rel=0.1), (fit.__name__, tier)


def test_k8_the_single_best_column_is_the_one_that_tells_most_of_other_leads(rows, columns):
    """K8: a column that only numbers its leads tells nothing of others, however well it fits its own."""
    best = fit_single(rows, columns, tier="ml")
    assert dict(best.params)["column"] == "pricing_views_30d"
    assert isinstance(best.estimator, Logistic)
    assert {term.column for term in best.estimator.terms} == {[c.name for c in columns].index("pricing_views_30d")}
    number = rows["lead_id"].str.slice(1).cast(pl.Int64)
    told = rows.with_columns((number % 37).cast(pl.String).alias("owner"))
    named = fit_single(told, (*columns, FeatureColumn("owner", "v@v1", "String")), tier="ml")
    assert dict(named.params)["column"] == "pricing_views_30d"


def test_without_a_column_or_with_one_outcome_it_is_the_base_rate(rows, columns):
    for given, used in ((rows, ()), (rows.filter(pl.col("y") == 0), columns)):
        found = fit_logistic(given, used, tier="hybrid")
        p = found.estimator.probability(to_matrix(given, found.columns))
        assert np.ptp(p) == 0
        assert p[0] == pytest.approx(given["y"].mean(), abs=0.01)


DIRECTIONS = {"sessions_30d": "up", "pricing_views_30d": "down", "days_since_last_visit": "down", "employees": "up"}


def sweep(estimator, matrix: np.ndarray, position: int, over: np.ndarray) -> np.ndarray:
    """(rows, values) margins of each row with the column set to each value."""
    found = []
    for value in over:
        changed = matrix.copy()
        changed[:, position] = value
        found.append(estimator.margin(changed))
    return np.stack(found, axis=1)


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_g4_a_sweep_of_a_declared_column_never_turns_round(rows, columns, kind):
    """G4: on 100 rows, and for a direction that the data contradicts (more pricing views do lift the chance)."""

    def fit(monotone):
        if kind == "logistic":
            return fit_logistic(rows, columns, tier="ml", monotone=monotone)
        return fit_booster(
            rows, rows.clear(), columns, tier="ml", seed=1, threads=1, may_stop_early=False, monotone=monotone
        )

    bound, free = fit(DIRECTIONS), fit({})
    matrix = to_matrix(rows.sample(100, seed=1), bound.columns)
    names = [column.name for column in columns]
    over = np.concatenate([np.arange(0, 40), [60, 90, 200, 1000, 1e5]])
    for name, direction in DIRECTIONS.items():
        steps = np.diff(sweep(bound.estimator, matrix, names.index(name), over), axis=1)
        assert (steps >= -1e-12).all() if direction == "up" else (steps <= 1e-12).all(), name
    rising = np.diff(sweep(free.estimator, matrix, names.index("pricing_views_30d"), over), axis=1)
    assert (rising > 0).any()
