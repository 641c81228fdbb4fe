"""E5 and E9: the pipeline expected and realised, by each order at capacity; and how long a lead waits for a score."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.evaluation.figures import Bootstrap
from leadmart.scoring.evaluation.hand_off import hand_off, hand_off_text, wilson
from leadmart.scoring.evaluation.observed import Observed, deals_of, verdicts_of
from leadmart.scoring.evaluation.pipeline_value import Deals, pipeline_value, pipeline_value_text, value_at_capacity
from leadmart.scoring.models.calibration import sigmoid

BEGIN = datetime(2025, 1, 1)


def test_e5_a_calibrated_model_expects_what_is_realised_and_half_the_chances_half_of_it():
    draw = np.random.default_rng(1)
    p = sigmoid(draw.normal(-1.5, 1, 8000))
    y = (draw.random(8000) < p).astype(np.int8)
    amounts = np.where(y == 1, draw.gamma(4, 250, 8000), np.nan)
    deals = Deals(amounts, 1000.0, 400)
    draws = Bootstrap(np.arange(8000), 1, 200)
    right, half = pipeline_value(y, p, deals, draws), pipeline_value(y, p / 2, deals, draws)
    assert right.expected.value == pytest.approx(100 * (p * 1000).mean())
    assert right.realised.value == pytest.approx(100 * np.nansum(amounts) / 8000)
    assert right.ratio.low < 1 < right.ratio.high
    assert right.as_json()["within_20_percent"] is True
    assert half.as_json()["within_20_percent"] is False
    assert "more than 20 % off" in pipeline_value_text(half.as_json())[0]


def test_e5_open_deals_count_with_the_mean_of_the_rest_and_too_many_leave_it_undefined():
    y = np.array([1, 1, 1, 0], dtype=np.int8)
    p = np.full(4, 0.5)
    draws = Bootstrap(np.arange(4), 1, 20)
    found = pipeline_value(y, p, Deals(np.array([100.0, 300.0, np.nan, np.nan]), 200.0, 5), draws)
    assert (found.realised.value, found.unknown) == (pytest.approx(100 * 600 / 4), 1)
    mostly = pipeline_value(y, p, Deals(np.array([100.0, np.nan, np.nan, np.nan]), 200.0, 5), draws)
    assert mostly.as_json() == {
        "expected": None,
        "realised": None,
        "reason": "only 33% of the conversions have a closed deal with an amount",
    }
    assert pipeline_value(y, p, Deals(p, None, 0), draws).reason == "no deal was won before the test block"
    assert pipeline_value(y, None, Deals(p, 1.0, 1), draws).reason == "there is no probability"


def test_e5_at_capacity_the_better_order_finds_more_money_than_the_worse_and_both_than_chance():
    draw = np.random.default_rng(2)
    pull = draw.normal(-1.5, 1.5, 4000)
    y = (draw.random(4000) < sigmoid(pull)).astype(np.int8)
    deals = Deals(np.where(y == 1, 1000.0, np.nan), 1000.0, 9)
    weeks, ties = np.repeat(np.arange(8), 500), draw.permutation(4000)
    scores = {"model": pull, "rules": pull + draw.normal(0, 2, 4000)}
    found = dict(value_at_capacity(y, deals, scores, weeks, ties, Bootstrap(np.arange(4000), 1, 50), leads_per_week=50))
    assert found["model"].value > found["rules"].value > found["random"].value
    assert found["random"].value == pytest.approx(100 * 1000 * y.mean())


def test_e5_the_amount_is_of_the_first_deal_after_as_of_and_the_mean_of_what_was_known_before_the_test():
    day = timedelta(days=1)
    rows = [
        ("a", 5, 9, True, 100.0), ("a", 20, 25, True, 999.0), ("b", 3, 4, False, 50.0), ("c", 12, None, None, None),
        ("t", -90, -60, True, 40.0), ("t", -50, -10, True, 60.0), ("t", -40, -10, False, 1e6), ("u", -9, 2, True, 1e6),
    ]  # fmt: skip
    deals = pl.DataFrame(
        [(k, BEGIN + c * day, None if d is None else BEGIN + d * day, w, m, "USD") for k, c, d, w, m in rows],
        schema={
            "lead_id": pl.String, "created_at": pl.Datetime("us"), "known_at": pl.Datetime("us"), "is_won": pl.Boolean,
            "amount": pl.Float64, "currency": pl.String,
        },
        orient="row",
    )  # fmt: skip
    test = pl.DataFrame({"lead_id": ["a", "a", "b", "c"], "as_of": [BEGIN, BEGIN + 10 * day, BEGIN, BEGIN]})
    training = pl.DataFrame({"lead_id": ["t", "t", "u"]})
    found = deals_of(Observed(deals), test, training)
    assert found.amounts[:3].tolist() == [100.0, 999.0, 50.0]
    assert np.isnan(found.amounts[3])
    assert (found.amount_hat, found.count) == (50.0, 2)
    mixed = deals.with_columns(pl.Series("currency", ["USD"] * 7 + ["EUR"]))
    assert deals_of(Observed(mixed), test, training).reason == "amounts are in several currencies: EUR, USD"
    assert deals_of(Observed(), test, training).reason == "no source of closed opportunities with amounts is loaded"


def test_e7_a_verdict_counts_for_90_days_after_as_of():
    verdicts = pl.DataFrame(
        {
            "lead_id": ["a", "b"],
            "given_at": [BEGIN + timedelta(days=3), BEGIN + timedelta(days=91)],
            "rejected": [1.0, 0.0],
        }
    ).with_columns(pl.col("given_at").cast(pl.Datetime("us")))
    rows = pl.DataFrame({"lead_id": ["b", "a", "c"], "as_of": [BEGIN] * 3})
    found = verdicts_of(Observed(None, verdicts), rows)
    assert found is not None
    assert found[1] == 1.0
    assert np.isnan(found[[0, 2]]).all()
    assert verdicts_of(Observed(), rows) is None


def test_e9_the_share_within_an_hour_has_wilsons_interval_and_nothing_scored_has_no_figure():
    found = hand_off(np.array([0.2, 0.5, 0.999, 1.0, 30.0]), waiting=2)
    assert found.within_an_hour.value == 0.6
    assert (found.within_an_hour.low, found.within_an_hour.high) == pytest.approx((0.2307, 0.8824), abs=1e-4)
    assert (found.median_hours, found.waiting) == (0.999, 2)
    assert wilson(0, 10)[0] == 0.0
    nothing = hand_off(np.empty(0))
    assert nothing.as_json()["within_an_hour"]["value"] is None
    assert "undefined" in hand_off_text(nothing.as_json())[0]
