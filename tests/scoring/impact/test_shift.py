"""The population stability index: 0 where nothing moves, more the farther it goes, the same whatever the row order."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.impact.shift import BINS, shift, shift_words

NORMAL = pl.Series(np.random.default_rng(1).normal(size=2000))


def test_nothing_moved_is_zero() -> None:
    for column in (NORMAL, pl.Series(["a", "b", None] * 50), pl.Series([True, False, None]), pl.Series([1, 1, 2])):
        assert shift(column, column) == pytest.approx(0.0, abs=1e-15)


def test_a_larger_move_is_a_larger_figure() -> None:
    figures = [shift(NORMAL, NORMAL + by) or 0.0 for by in (0.0, 0.1, 0.5, 1.0)]
    assert figures == sorted(figures)
    assert figures[1] < 0.1 < 0.25 < figures[3]


def test_two_halves_of_a_text_are_computed_by_hand() -> None:
    """Shares of two bins with half a row added to each: 50 and 50 of 100 become 80 and 20."""
    before, after = pl.Series(["a"] * 50 + ["b"] * 50), pl.Series(["a"] * 80 + ["b"] * 20)
    shares = [((50.5 / 101), (80.5 / 101)), ((50.5 / 101), (20.5 / 101))]
    assert shift(before, after) == pytest.approx(sum((a - b) * math.log(a / b) for b, a in shares))


def test_null_is_a_bin_of_its_own_and_an_empty_bin_is_not_infinite() -> None:
    gone = pl.Series([None] * 2000, dtype=pl.Float64)
    assert 1 < (shift(NORMAL, gone) or 0.0) < 100
    assert (shift(pl.Series([None, None]), pl.Series([1.0, 2.0])) or 0.0) > 0
    assert shift(pl.Series([], dtype=pl.Float64), NORMAL) is None


def test_the_order_of_rows_and_the_width_of_a_number_do_not_count() -> None:
    counts = pl.Series(np.random.default_rng(2).poisson(20, 2000))
    later = counts + 2
    assert counts.n_unique() > BINS
    assert shift(counts, later) == shift(counts.shuffle(seed=1), later.cast(pl.Float64).shuffle(seed=2))


def test_rare_texts_are_one_bin() -> None:
    before, after = (pl.Series([f"{side}{n}" for n in range(500)] + ["home"] * 500) for side in "xy")
    assert (shift(before, after) or 0.0) < 1
    assert shift_words(0.05) == "PSI 0.050, small"
    assert shift_words(0.1) == "PSI 0.100, some"
    assert shift_words(0.25) == "PSI 0.250, large"
