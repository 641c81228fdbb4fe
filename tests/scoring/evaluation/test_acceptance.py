"""C6: what the acceptance tests reject, and what they let stand."""

from __future__ import annotations

import numpy as np
import pytest

from leadmart.scoring.evaluation.acceptance import BINS, accept
from leadmart.scoring.evaluation.calibration_report import calibration_section, calibration_text
from leadmart.scoring.evaluation.figures import evaluate
from leadmart.scoring.models.calibration import Calibration, sigmoid

TESTS = ("ece", "spiegelhalter", "ratio")


def world(seed: int, leads: int, ages: tuple[int, ...], slope: float = 1.0, shift: float = 0.0):
    """Landmarks of leads with a constant hazard each, at risk until they convert; the model says the true chance of
    the next 90 days, or log odds slope * x + shift.
    """
    draw = np.random.default_rng(seed)
    x = draw.normal(-2.2, 1.0, leads)
    outcome = draw.exponential(1.0, leads) * 90 / -np.log1p(-sigmoid(x))
    lead, age = np.repeat(np.arange(leads), len(ages)), np.tile(np.array(ages, dtype=float), leads)
    at_risk = outcome[lead] > age
    lead, age = lead[at_risk], age[at_risk]
    return (outcome[lead] <= age + 90).astype(np.int8), sigmoid(slope * x[lead] + shift), lead


def rejections(count: int = 200, **given) -> dict[str, int]:
    found = dict.fromkeys(TESTS, 0)
    for seed in range(count):
        for name in accept(*world(seed, **given), replicates=250).rejected:
            found[name] += 1
    return found


def test_c6_a_calibrated_world_is_rejected_in_no_more_than_five_per_cent_of_200_seeds():
    """C6, issue 6 point 5: 450 leads, landmarks at five ages; each test rejects 10 of 200 at most."""
    found = rejections(leads=450, ages=(1, 7, 14, 30, 60))
    assert max(found.values()) <= 10, found


def test_c6_with_one_row_a_lead_the_tests_have_their_stated_share():
    """C6: 5 %, neither more (99 % of draws are at 17 or fewer) nor none at all: they can reject."""
    found = rejections(leads=600, ages=(1,))
    assert all(2 <= count <= 17 for count in found.values()), found


def test_c6_an_independent_null_would_reject_too_often():
    """C6: why the rows of a lead are drawn together: counted as leads of their own, a perfect model fails."""
    found = dict.fromkeys(TESTS, 0)
    for seed in range(100):
        y, p, _ = world(seed, leads=300, ages=(1, 3, 7, 14, 21))
        for name in accept(y, p, np.arange(len(y)), replicates=200).rejected:
            found[name] += 1
    assert min(found["spiegelhalter"], found["ratio"]) > 20, found


@pytest.mark.parametrize(
    ("given", "names", "least"),
    [
        ({"slope": 1.6}, TESTS, 18),
        ({"slope": 0.6}, TESTS, 18),
        ({"shift": 0.5}, ("spiegelhalter", "ratio"), 14),
        ({"shift": -0.5}, ("spiegelhalter", "ratio"), 14),
    ],
)
def test_c6_a_model_that_is_off_is_rejected(given, names, least):
    """C6: the power, at 450 leads with five landmarks: over 20 seeds."""
    found = rejections(20, leads=450, ages=(1, 7, 14, 30, 60), **given)
    assert all(found[name] >= least for name in names), found


def test_c6_figures_agree_with_their_definitions():
    """C6: ECE, Spiegelhalter's Z and mean(p)/base the plain way."""
    y, p, leads = world(1, leads=500, ages=(1, 30))
    tests = {test.name: test for test in accept(y, p, leads).tests}
    order = np.argsort(p, kind="stable")
    bins = (2 * np.arange(len(p)) * BINS) // (2 * len(p))
    ece = sum(abs(y[order][bins == b].mean() - p[order][bins == b].mean()) * (bins == b).mean() for b in range(BINS))
    assert tests["ece"].value == pytest.approx(ece, abs=0.01)
    z = ((y - p) * (1 - 2 * p)).sum() / np.sqrt(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    assert tests["spiegelhalter"].value == pytest.approx(z)
    assert tests["ratio"].value == pytest.approx(p.mean() / y.mean())


def test_c6_ties_and_the_order_of_rows_change_nothing():
    """C6, P3: rows of one p lie in one bin, whatever their order; the null is drawn by lead."""
    y, p, leads = world(3, leads=400, ages=(1, 7, 30))
    p = np.round(p, 2)
    order = np.random.default_rng(2).permutation(len(y))
    found = accept(y, p, leads)
    assert accept(y[order], p[order], leads[order]) == found
    assert sum(each.rows for each in found.bins) == len(y)


def test_c6_bins_hold_rows_of_equal_mass_and_their_null_band():
    """C6: the reliability chart: 15 bins, observed within the null band mostly, the interval around it."""
    y, p, leads = world(4, leads=2000, ages=(1, 30))
    bins = accept(y, p, leads).bins
    assert len(bins) == BINS
    assert max(b.rows for b in bins) - min(b.rows for b in bins) <= 4
    assert all(b.low <= b.observed <= b.high and b.null_low <= b.mean_p <= b.null_high for b in bins)
    assert sum(b.null_low <= b.observed <= b.null_high for b in bins) >= 12


def test_c6_without_an_outcome_nothing_is_judged():
    """C6: NULL with a reason, never 0."""
    y, p, leads = world(5, leads=50, ages=(1,))
    for outcome in (np.zeros_like(y), y[:0]):
        tests = accept(outcome, p[: len(outcome)], leads[: len(outcome)]).tests
        assert [(t.value, t.rejected) for t in tests] == [(None, None)] * 3
        assert all(t.reason for t in tests)


def test_c6_fixed_bands_are_warnings_only():
    """C6: slope, intercept, ratio and Brier skill are said; `accepted` rests on the three tests."""
    y, p, leads = world(12, leads=120, ages=(1,))
    wide = np.full(len(p), float(y.mean()) * 1.2)
    metrics = evaluate(y, wide, leads, replicates=20)
    found = calibration_section(Calibration("none", why="by hand"), wide, y, leads, metrics, seed=1)
    assert found["accepted"] is True
    assert any("mean p / base rate 1.20 is outside" in words for words in found["warnings"])
    assert any("Brier skill" in words for words in found["warnings"])
    lines = calibration_text({"calibration": found})
    assert any("not rejected" in line for line in lines)
    assert calibration_text({"calibration": {}}) == []
