"""E11: two scores are compared on identical rows, by one draw of leads for both."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from leadmart.scoring.evaluation.paired import paired
from leadmart.scoring.models.calibration import sigmoid


def rows(count, seed, noise=1.0, per_lead=1):
    draw = np.random.default_rng(seed)
    pull = draw.normal(-1.5, 1, count)
    y = (draw.random(count) < sigmoid(pull)).astype(np.int8)
    return y, sigmoid(pull), sigmoid(pull + draw.normal(0, noise, count)), np.arange(count) // per_lead


def test_e11_differences_are_those_of_scikit_learn_figures():
    y, good, noisy, leads = rows(3000, seed=1)
    found = paired(y, good, noisy, leads, replicates=50)
    assert found["log_loss"].difference == pytest.approx(log_loss(y, good) - log_loss(y, noisy), abs=1e-12)
    assert found["brier"].difference == pytest.approx(brier_score_loss(y, good) - brier_score_loss(y, noisy), abs=1e-12)
    assert found["roc_auc"].difference == pytest.approx(roc_auc_score(y, good) - roc_auc_score(y, noisy), abs=1e-12)
    gap = average_precision_score(y, good) - average_precision_score(y, noisy)
    assert found["pr_auc"].difference == pytest.approx(gap, abs=1e-12)


def test_e11_the_better_score_is_better_in_nearly_every_draw_whichever_comes_first():
    y, good, noisy, leads = rows(3000, seed=2)
    forth, back = paired(y, good, noisy, leads), paired(y, noisy, good, leads)
    for name in ("log_loss", "brier", "roc_auc", "pr_auc"):
        assert forth[name].better > 0.99
        assert back[name].better == pytest.approx(1 - forth[name].better, abs=0.01)
        assert back[name].difference == pytest.approx(-forth[name].difference, abs=1e-12)
    assert forth["log_loss"].high < 0 < back["log_loss"].low


def test_e11_a_score_against_itself_differs_by_nothing_and_is_better_half_of_the_time():
    y, good, _, leads = rows(500, seed=3)
    for found in paired(y, good, good, leads, replicates=100).values():
        assert (found.difference, found.low, found.high, found.bound_90, found.better) == (0, 0, 0, 0, 0.5)


def test_e11_pairing_narrows_the_interval_and_repeated_rows_of_a_lead_do_not():
    y, good, noisy, leads = rows(800, seed=4, noise=0.3)
    once = paired(y, good, noisy, leads)["log_loss"]
    tenfold = paired(*(np.repeat(each, 10) for each in (y, good, noisy, leads)))["log_loss"]
    assert (tenfold.low, tenfold.high) == (pytest.approx(once.low, abs=1e-9), pytest.approx(once.high, abs=1e-9))
    loss = -np.where(y == 1, np.log(good), np.log1p(-good))
    assert once.high - once.low < 0.5 * 3.92 * loss.std() / np.sqrt(len(loss))


@pytest.mark.slow
def test_d5_the_bound_of_two_equally_good_scores_lies_above_zero_nine_times_in_ten():
    """Both add the same amount of noise to the truth, so that a minus b is 0 in the long run."""
    above = 0
    for seed in range(100):
        draw = np.random.default_rng(100 + seed)
        pull = draw.normal(-1.5, 1, 600)
        y = (draw.random(600) < sigmoid(pull)).astype(np.int8)
        a, b = (sigmoid(pull + draw.normal(0, 0.5, 600)) for _ in range(2))
        above += paired(y, a, b, np.arange(600), replicates=200)["log_loss"].bound_90 > 0
    assert 81 <= above <= 98  # 90 expected, three standard errors either way


def test_e11_the_order_of_rows_changes_no_difference():
    y, good, noisy, leads = rows(1000, seed=5, per_lead=3)
    good, noisy = np.round(good, 2), np.round(noisy, 2)
    mixed = np.random.default_rng(0).permutation(1000)
    straight = paired(y, good, noisy, leads, replicates=50)
    assert paired(y[mixed], good[mixed], noisy[mixed], leads[mixed], replicates=50) == straight


def test_e11_points_have_no_log_loss_and_one_outcome_has_no_difference():
    y, good, _, leads = rows(300, seed=6)
    points = paired(y, good, np.round(good * 100), leads, replicates=50, are_probabilities=False)
    assert points["log_loss"].difference is None
    assert points["log_loss"].reason == "one of the scores is no probability"
    assert points["roc_auc"].low is not None
    none = paired(np.zeros(300, dtype=np.int8), good, good, leads)
    assert {(each.difference, each.reason) for each in none.values()} == {(None, "every row is negative")}
    nothing = np.empty(0)
    empty = paired(nothing.astype(np.int8), nothing, nothing, nothing.astype(np.int64))
    assert empty["roc_auc"].as_json()["reason"] == "there are no rows"
