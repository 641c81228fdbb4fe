"""E4 and E8: what a week's capacity finds is counted within each week, and thresholds follow from it."""

from __future__ import annotations

import numpy as np
import pytest

from leadmart.scoring.evaluation.capacity import capacities, capacity, capacity_text, last_of_week
from leadmart.scoring.evaluation.figures import Bootstrap
from leadmart.scoring.evaluation.thresholds import thresholds, thresholds_text
from leadmart.scoring.models.calibration import sigmoid


def weekly(leads_by_week, seed):
    draw = np.random.default_rng(seed)
    weeks = np.repeat(np.arange(len(leads_by_week)), leads_by_week)
    pull = draw.normal(-1.5, 1.2, len(weeks))
    y = (draw.random(len(weeks)) < sigmoid(pull)).astype(np.int8)
    return y, sigmoid(pull), weeks, draw.permutation(len(weeks))


def at(found, order, count):
    return next(t for t in found.curve if (t.order, t.leads_per_week) == (order, count))


def test_e4_precision_is_of_the_first_of_each_week_as_a_plain_loop_finds_it():
    y, p, weeks, ties = weekly([50, 80, 20, 60], seed=1)
    draws = Bootstrap(np.arange(len(y)), 1, 50)
    found = at(capacity(y, {"model": p}, weeks, ties, draws, leads_per_week=30), "model", 30)
    hits = taken = 0
    chance = 0.0
    for week in range(4):
        inside = weeks == week
        best = np.argsort(-p[inside])[:30]
        hits, taken = hits + y[inside][best].sum(), taken + len(best)
        chance += len(best) * y[inside].mean()
    assert (found.taken, found.precision.value) == (taken, pytest.approx(hits / taken))
    assert found.recall.value == pytest.approx(hits / y.sum())
    assert found.lift.value == pytest.approx(hits / chance)
    assert found.precision.low < found.precision.value < found.precision.high


def test_e4_a_score_that_knows_only_the_week_lifts_nothing_though_pooled_it_would():
    draw = np.random.default_rng(2)
    weeks = np.repeat(np.arange(10), 200)
    good = weeks % 2 == 0
    y = (draw.random(2000) < np.where(good, 0.4, 0.05)).astype(np.int8)
    score, ties = good.astype(float), draw.permutation(2000)
    found = capacity(y, {"week": score}, weeks, ties, Bootstrap(np.arange(2000), 1, 200), leads_per_week=50)
    pooled = y[np.argsort(-score, kind="stable")[:500]].mean() / y.mean()
    lift = at(found, "week", 50).lift
    assert pooled > 1.5
    assert lift.low < 1 < lift.high


def test_e4_a_week_with_fewer_leads_gives_all_it_has_and_is_counted():
    y, p, weeks, ties = weekly([5, 100], seed=3)
    found = capacity(y, {"model": p}, weeks, ties, Bootstrap(np.arange(105), 1, 20), leads_per_week=40)
    assert (found.short_weeks, at(found, "model", 40).taken) == (1, 45)
    assert "1 of them have fewer than 40" in capacity_text(found.as_json())[0]


def test_e4_each_lead_counts_once_a_week_by_its_last_row():
    leads = np.array([0, 0, 0, 1, 1, 2])
    weeks = np.array([0, 0, 1, 1, 1, 0])
    assert last_of_week(leads, weeks).tolist() == [1, 2, 4, 5]
    assert len(last_of_week(leads[:0], weeks[:0])) == 0


def test_e4_ties_follow_the_hash_so_the_order_of_rows_changes_nothing():
    y, _, weeks, ties = weekly([60, 60], seed=4)
    leads, same = np.arange(120), np.full(120, 0.5)
    straight = capacity(y, {"model": same}, weeks, ties, Bootstrap(leads, 1, 20), leads_per_week=20)
    mixed = np.random.default_rng(0).permutation(120)
    shuffled = capacity(
        y[mixed], {"model": same}, weeks[mixed], ties[mixed], Bootstrap(leads, 1, 20), leads_per_week=20
    )
    values = [[t.precision.value for t in found.curve] for found in (straight, shuffled)]
    assert values[0] == values[1]
    assert "hash of lead_id" in straight.as_json()["ties"]


def test_e4_the_curve_has_points_around_the_capacity_and_none_without_a_conversion():
    assert capacities(100) == [25, 50, 100, 200, 400]
    assert capacities(1) == [1, 2, 4]
    _, p, weeks, ties = weekly([30], seed=5)
    nothing = capacity(
        np.zeros(30, dtype=np.int8), {"model": p}, weeks, ties, Bootstrap(np.arange(30), 1, 20), leads_per_week=10
    )
    assert (nothing.curve, nothing.as_json()["reason"]) == ((), "no row is positive")


def test_e8_the_lowest_score_for_a_precision_and_for_a_capacity_are_those_a_search_finds():
    y, p, weeks, _ = weekly([150, 150, 150], seed=6)
    score = np.round(100 * p)
    draws = Bootstrap(np.arange(450), 1, 50)
    found = thresholds(y, score, weeks, draws, leads_per_week=40, precision_target=0.4)
    precise = [s for s in np.unique(score) if (score >= s).sum() >= 50 and y[score >= s].mean() >= 0.4]
    fitting = [s for s in np.unique(score) if (score >= s).sum() <= 120]
    assert found.for_precision
    assert found.for_capacity
    assert found.for_precision.score == min(precise)
    assert found.for_precision.precision.value == pytest.approx(y[score >= min(precise)].mean())
    assert found.for_capacity.score == min(fitting)
    assert found.for_capacity.per_week <= 40
    for each in found.curve:
        assert each.rows == (score >= each.score).sum()
        assert each.recall.value == pytest.approx(y[score >= each.score].sum() / y.sum())


def test_e8_a_precision_that_no_score_reaches_has_no_threshold_and_says_the_best():
    y, p, weeks, _ = weekly([200], seed=7)
    found = thresholds(y, p * 100, weeks, Bootstrap(np.arange(200), 1, 20), leads_per_week=40, precision_target=0.99)
    assert found.for_precision is None
    assert found.as_json()["for_precision"]["score"] is None
    assert "at best" in found.as_json()["for_precision"]["reason"]
    same = thresholds(
        y, np.full(200, 70.0), weeks, Bootstrap(np.arange(200), 1, 20), leads_per_week=40, precision_target=0.99
    )
    assert same.as_json()["for_capacity"]["reason"] == "more than 40 a week share the highest score"
    assert len(thresholds_text(same.as_json())) == 2
