"""E1 and E2: the figures agree with scikit-learn, their intervals hold the truth, and undefined ones say why."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from leadmart.scoring.evaluation.figures import evaluate, roc_auc
from leadmart.scoring.models.calibration import logit, sigmoid


def block(count: int, seed: int, per_lead: int = 1, ties: bool = False):
    draw = np.random.default_rng(seed)
    leads = np.arange(count) // per_lead
    pull = draw.normal(-2, 1, count)
    p = sigmoid(np.round(pull, 1) if ties else pull)
    return (draw.random(count) < p).astype(np.int8), p, leads


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "tied"])
def test_e2_figures_equal_those_of_scikit_learn(ties):
    y, p, leads = block(4000, seed=1, ties=ties)
    found = {name: metric.value for name, metric in evaluate(y, p, leads, replicates=20).items()}
    line = LogisticRegression(C=np.inf, tol=1e-10, solver="newton-cholesky").fit(logit(p).reshape(-1, 1), y)
    assert found["roc_auc"] == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert found["pr_auc"] == pytest.approx(average_precision_score(y, p), abs=1e-12)
    assert found["log_loss"] == pytest.approx(log_loss(y, p), abs=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert found["calibration_slope"] == pytest.approx(line.coef_[0, 0], abs=1e-6)
    assert sigmoid(logit(p) + found["calibration_intercept"]).sum() == pytest.approx(y.sum(), abs=1e-6)
    assert found["base_rate"] == y.mean()


def test_e2_lift_of_the_top_decile_is_its_rate_over_the_base_rate():
    y, p, leads = block(1000, seed=2)
    top = y[np.argsort(-p)][:100]
    assert evaluate(y, p, leads, replicates=20)["lift_top_decile"].value == pytest.approx(
        top.mean() / y.mean(), abs=1e-12
    )


def test_e2_lift_counts_ties_at_the_edge_in_part():
    y = np.array([1, 0] * 10, dtype=np.int8)
    assert evaluate(y, np.full(20, 0.5), np.arange(20), replicates=20)["lift_top_decile"].value == pytest.approx(1.0)


@pytest.mark.slow
def test_the_interval_of_a_calibrated_model_holds_the_truth_about_as_often_as_it_says():
    hits = 0
    for seed in range(40):
        y, p, leads = block(800, seed=100 + seed)
        found = evaluate(y, p, leads, replicates=200, seed=seed)
        slope = found["calibration_slope"]
        hits += slope.low <= 1.0 <= slope.high
    assert hits >= 34  # 38 expected of 40 at 95 %; fewer than 34 has a chance of 3 in 1,000


def test_the_bootstrap_draws_leads_so_repeated_rows_do_not_narrow_it():
    y, p, leads = block(500, seed=3)
    once = evaluate(y, p, leads)["roc_auc"]
    tenfold = evaluate(np.repeat(y, 10), np.repeat(p, 10), np.repeat(leads, 10))["roc_auc"]
    assert (tenfold.low, tenfold.high) == (pytest.approx(once.low, abs=1e-9), pytest.approx(once.high, abs=1e-9))


def test_the_order_of_rows_changes_no_figure():
    y, p, leads = block(2000, seed=4, per_lead=4, ties=True)
    shuffled = np.random.default_rng(0).permutation(2000)
    rival = np.round(p, 1)
    straight = evaluate(y, p, leads, rivals={"rules_roc_auc": rival}, replicates=50)
    mixed = evaluate(
        y[shuffled], p[shuffled], leads[shuffled], rivals={"rules_roc_auc": rival[shuffled]}, replicates=50
    )
    assert straight == mixed


def test_e2_a_figure_that_is_undefined_has_no_value_and_a_reason():
    p, leads = np.linspace(0.1, 0.2, 30), np.arange(30)
    none_positive = evaluate(np.zeros(30, dtype=np.int8), p, leads, rivals={"rules_roc_auc": p})
    for name in ("roc_auc", "pr_auc", "calibration_slope", "calibration_intercept", "lift_top_decile", "rules_roc_auc"):
        assert (none_positive[name].value, none_positive[name].reason) == (None, "every row is negative"), name
    assert none_positive["log_loss"].value is not None
    assert evaluate(np.ones(30, dtype=np.int8), p, leads)["roc_auc"].reason == "every row is positive"
    empty = evaluate(np.empty(0, dtype=np.int8), np.empty(0), np.empty(0, dtype=np.int64))
    assert {(m.value, m.reason) for m in empty.values()} == {(None, "there are no rows")}
    assert empty["roc_auc"].as_json() == {"value": None, "low": None, "high": None, "reason": "there are no rows"}


def test_e2_a_constant_or_separating_p_has_no_slope():
    y = np.array([0, 1] * 20, dtype=np.int8)
    assert "the same for every row" in evaluate(y, np.full(40, 0.3), np.arange(40))["calibration_slope"].reason
    parted = np.where(y == 1, 0.9, 0.1)
    assert "separates" in evaluate(y, parted, np.arange(40))["calibration_slope"].reason


def test_roc_auc_of_one_outcome_is_none():
    assert roc_auc(np.zeros(3, dtype=np.int8), np.arange(3.0)) is None
    assert roc_auc(np.array([0, 1], dtype=np.int8), np.array([1.0, 1.0])) == 0.5


@pytest.mark.slow
def test_twenty_thousand_rows_are_measured_in_bounded_memory():
    y, p, leads = block(20_000, seed=5, per_lead=5)
    found = evaluate(y, p, leads, rivals={"rules_roc_auc": np.round(p, 1)})
    assert all(metric.low <= metric.value <= metric.high for name, metric in found.items() if name != "ece")


def test_e2_brier_skill_is_over_a_constant_that_knows_the_base_rate():
    y, p, leads = block(4000, seed=6)
    found = evaluate(y, p, leads, replicates=50)
    constant = brier_score_loss(y, np.full(4000, y.mean()))
    assert found["brier_skill"].value == pytest.approx(1 - brier_score_loss(y, p) / constant, abs=1e-12)
    assert found["brier_skill"].low > 0
    assert evaluate(y, np.full(4000, y.mean()), leads, replicates=20)["brier_skill"].value == pytest.approx(
        0, abs=1e-12
    )
    assert evaluate(y * 0, p, leads, replicates=20)["brier_skill"].reason == "every row is negative"


def test_e2_ece_is_the_mean_gap_of_fifteen_bins_and_ties_stay_in_one():
    y, p, leads = block(3000, seed=7)
    order = np.argsort(p)
    gaps = [abs((y[part] - p[part]).sum()) for part in np.split(order, 15)]
    assert evaluate(y, p, leads, replicates=20)["ece"].value == pytest.approx(sum(gaps) / 3000, abs=1e-12)
    same = evaluate(y, np.full(3000, 0.3), leads, replicates=20)["ece"]
    assert same.value == pytest.approx(abs(y.mean() - 0.3), abs=1e-12)
    assert (same.low, same.reason[:11]) == (None, "no interval")
