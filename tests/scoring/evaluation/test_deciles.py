"""E3: the decile table holds what a plain count holds, says where it rises, and enforces nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from leadmart.scoring.evaluation.deciles import deciles, deciles_text
from leadmart.scoring.evaluation.figures import Bootstrap
from leadmart.scoring.models.calibration import sigmoid


def made(count, seed, strength=1.0):
    draw = np.random.default_rng(seed)
    pull = draw.normal(-2, strength, count)
    y = (draw.random(count) < sigmoid(pull)).astype(np.int8)
    return y, sigmoid(pull), draw.permutation(count)


def test_e3_the_table_is_what_a_plain_count_gives():
    y, p, ties = made(1003, seed=1)
    found = deciles(y, p, p, ties, Bootstrap(np.arange(1003), 1, 50))
    frame = pl.DataFrame({"y": y, "p": p}).sort("p", descending=True).with_row_index("place")
    plain = (
        frame.group_by(pl.col("place") * 10 // 1003)
        .agg(pl.len(), pl.col("y").cast(pl.Int64).sum(), pl.col("p").mean())
        .sort("place")
    )
    assert [d.rows for d in found.rows] == plain["len"].to_list()
    assert [d.positives for d in found.rows] == plain["y"].to_list()
    assert [d.mean_p for d in found.rows] == pytest.approx(plain["p"].to_list(), abs=1e-12)
    assert [d.rate.value for d in found.rows] == pytest.approx((plain["y"] / plain["len"]).to_list())
    assert [d.lift.value for d in found.rows] == pytest.approx((plain["y"] / plain["len"] / y.mean()).to_list())
    assert [d.capture.value for d in found.rows] == pytest.approx((plain["y"].cum_sum() / y.sum()).to_list())
    assert all(d.rate.low <= d.rate.value <= d.rate.high for d in found.rows)


def test_e3_rows_that_tie_follow_the_hash_and_not_the_order_they_come_in():
    y, _, ties = made(500, seed=2)
    same = np.full(500, 0.2)
    mixed = np.random.default_rng(0).permutation(500)
    leads = np.arange(500)
    straight = deciles(y, same, same, ties, Bootstrap(leads, 1, 20))
    shuffled = deciles(y[mixed], same, same, ties[mixed], Bootstrap(leads, 1, 20))
    assert [d.positives for d in straight.rows] == [d.positives for d in shuffled.rows]


def test_e3_a_score_turned_around_rises_beyond_chance_and_meets_no_check():
    y, p, ties = made(5000, seed=3, strength=1.5)
    right, wrong = (deciles(y, p, s, ties, Bootstrap(np.arange(5000), 1, 100)) for s in (p, -p))
    assert not any(rise.beyond_chance for rise in right.rises)
    assert any(rise.beyond_chance for rise in wrong.rises)
    assert [check.met for check in right.health] == [True, True]
    assert [check.met for check in wrong.health] == [False, False]
    assert wrong.as_json()["monotone"] is False


def test_e3_the_share_that_holds_60_percent_is_the_smallest_that_does():
    y, p, ties = made(2000, seed=4)
    share = deciles(y, p, p, ties, Bootstrap(np.arange(2000), 1, 20)).health[0].figure.value
    captured = np.cumsum(y[np.argsort(-p)]) / y.sum()
    assert captured[round(share * 2000) - 1] >= 0.6 > captured[round(share * 2000) - 2]


def test_e3_a_decile_without_a_conversion_may_still_have_a_rate_and_counts_leads_not_rows():
    y, p, ties = np.zeros(400, dtype=np.int8), np.linspace(1, 0, 400), np.arange(400)
    y[:40] = 1
    two_rows_a_lead = Bootstrap(np.arange(400) // 2, 1, 50)
    first, *_, last = deciles(y, p, p, ties, two_rows_a_lead).rows
    exact = binomtest(0, 20).proportion_ci(method="exact")
    assert (last.rate.value, last.rate.low, last.rate.high) == pytest.approx((0, exact.low, exact.high))
    assert (first.rate.value, first.rate.low, first.rate.high) == pytest.approx((1, 1 - exact.high, 1))


def test_e3_undefined_figures_have_no_value_and_a_reason():
    _, p, ties = made(100, seed=5)
    draws = Bootstrap(np.arange(100), 1, 20)
    nothing = deciles(np.zeros(100, dtype=np.int8), p, p, ties, draws).as_json()
    assert {row["rate"]["value"] for row in nothing["rows"]} == {0.0}
    assert {(row["lift"]["value"], row["lift"]["reason"]) for row in nothing["rows"]} == {(None, "no row is positive")}
    assert {check["met"] for check in nothing["health"]} == {None}
    few = deciles(np.ones(9, dtype=np.int8), p[:9], p[:9], ties[:9], Bootstrap(np.arange(9), 1, 20))
    assert few.as_json()["reason"] == "9 rows are fewer than 10"
    assert deciles_text(few.as_json()) == ["  deciles    none: 9 rows are fewer than 10"]
    assert deciles_text(nothing)[0].startswith("  decile")
