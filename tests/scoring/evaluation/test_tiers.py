"""E7: the tiers' confusion by the words of 1.Z; misses of worked leads are association, a random review tells them."""

from __future__ import annotations

import numpy as np
import pytest

from leadmart.scoring.evaluation.figures import Bootstrap
from leadmart.scoring.evaluation.tiers import tiers, tiers_text


def test_e7_counts_and_shares_are_those_of_the_rows():
    tier = ["hot"] * 4 + ["warm"] * 3 + ["cold"] * 3
    y = np.array([1, 1, 0, 0, 1, 0, 0, 1, 0, 0], dtype=np.int8)
    rejected = np.array([0, np.nan, 1, 1, 1, np.nan, np.nan, np.nan, np.nan, np.nan])
    found = tiers(y, tier, Bootstrap(np.arange(10), 1, 200), rejected=rejected).as_json()
    confusion = found["confusion"]
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    assert [confusion[name] for name in names] == [2, 2, 2, 4]
    assert confusion["accuracy"]["value"] == 0.5
    assert confusion["missed"]["value"] == 0.5
    assert confusion["rejected"]["value"] == pytest.approx(2 / 3)  # of the three hot that sales spoke about
    assert confusion["hot_over_cold"]["value"] == pytest.approx(1.5)
    assert confusion["missed_from"].startswith("every row: an association")
    assert {t["tier"]: t["rows"] for t in found["tiers"]} == {"hot": 4, "warm": 3, "cold": 3, "disqualified": 0}


def test_e7_a_random_review_finds_what_selection_hides():
    """Nobody works cold leads, so that their conversions never happen; a tenth of them is worked at random."""
    draw = np.random.default_rng(1)
    count = 20_000
    would, hot = draw.random(count) < 0.1, draw.random(count) < 0.3
    would |= hot & (draw.random(count) < 0.2)
    reviewed = ~hot & (draw.random(count) < 0.1)
    y = (would & (hot | reviewed)).astype(np.int8)
    tier = np.where(hot, "hot", "cold").tolist()
    draws = Bootstrap(np.arange(count), 1, 200)
    truth = would[~hot].sum() / would.sum()
    naive = tiers(y, tier, draws).confusion
    honest = tiers(y, tier, draws, reviewed=reviewed).confusion
    assert naive.missed.high < truth
    assert honest.missed.low < truth < honest.missed.high
    assert "random review" in honest.missed_from


def test_e7_a_review_that_skips_a_tier_is_no_review_of_it():
    tier = ["hot", "hot", "warm", "warm", "cold", "cold"]
    y = np.array([1, 0, 1, 0, 0, 0], dtype=np.int8)
    reviewed = np.array([False, False, False, False, True, True])
    found = tiers(y, tier, Bootstrap(np.arange(6), 1, 20), reviewed=reviewed).confusion
    assert found.missed_from.startswith("every row")


def test_e7_undefined_shares_have_no_value_and_a_reason():
    y = np.array([0, 0, 1], dtype=np.int8)
    none_hot = tiers(y, ["cold", "warm", "warm"], Bootstrap(np.arange(3), 1, 20)).as_json()["confusion"]
    assert (none_hot["accuracy"]["value"], none_hot["accuracy"]["reason"]) == (None, "no row is hot")
    assert none_hot["hot_over_cold"]["reason"] == "no row is hot"
    assert none_hot["rejected"]["reason"] == "no source says what sales accepted or rejected"
    nothing = tiers(y * 0, ["hot", "cold", "cold"], Bootstrap(np.arange(3), 1, 20))
    assert nothing.confusion.missed.reason == "no row is positive"
    assert nothing.confusion.hot_over_cold.reason == "no cold row is positive"
    assert any("undefined, no row is positive" in line for line in tiers_text(nothing.as_json()))
