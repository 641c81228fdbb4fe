"""C3: which calibration the size of the block allows; what each does to a known distortion."""

from __future__ import annotations

import numpy as np
import pytest

from leadmart.scoring.models.calibration import fit_calibration, logit, sigmoid
from leadmart.scoring.models.calibration.choice import PLATT_FLOOR


def block(count: int, seed: int, slope: float = 1.0, shift: float = 0.0, per_lead: int = 1):
    """y of true log odds slope * x + shift, where the model says x."""
    draw = np.random.default_rng(seed)
    x = np.repeat(draw.normal(-2, 1, count // per_lead), per_lead)
    y = np.repeat((draw.random(count // per_lead) < sigmoid(slope * x[::per_lead] + shift)).astype(np.int8), per_lead)
    return y, sigmoid(x), np.arange(count) // per_lead


def test_c3_no_block_means_no_calibration():
    found = fit_calibration(np.empty(0, dtype=np.int8), np.empty(0), np.empty(0, dtype=np.int64))
    assert (found.method, found.why) == ("none", "there is no calibration block")


def test_c3_one_outcome_means_no_calibration():
    y, p, leads = block(300, seed=1)
    assert fit_calibration(np.zeros_like(y), p, leads).method == "none"
    assert fit_calibration(np.ones_like(y), p, leads).method == "none"


def test_c3_below_the_floor_nothing_is_done_unless_the_base_rate_shifted():
    as_it_was, shifted = block(150, seed=2), block(120, seed=3, shift=1.0)
    found = fit_calibration(*as_it_was)
    assert (found.method, found.positives < PLATT_FLOOR) == ("none", True)
    assert np.array_equal(found.apply(as_it_was[1]), as_it_was[1])
    y, p, leads = shifted
    found = fit_calibration(y, p, leads)
    assert (found.method, found.slope) == ("intercept", 1.0)
    assert found.apply(p).sum() == pytest.approx(y.sum(), abs=1e-6)


def test_c3_the_test_of_a_shift_counts_leads_not_rows():
    y, p, leads = block(100, seed=4, shift=0.6)
    assert (
        fit_calibration(y, p, leads).why == fit_calibration(np.repeat(y, 5), np.repeat(p, 5), np.repeat(leads, 5)).why
    )


def test_c3_with_enough_positives_platt_undoes_a_known_distortion():
    found = fit_calibration(*block(40_000, seed=5, slope=0.6, shift=0.4))
    assert found.method == "platt"
    assert (found.slope, found.intercept) == (pytest.approx(0.6, abs=0.04), pytest.approx(0.4, abs=0.08))


def test_c3_the_floor_counts_positive_leads():
    y, p, leads = block(3000, seed=6, per_lead=10)
    assert y.sum() > PLATT_FLOOR
    assert fit_calibration(y, p, leads).positives == len(np.unique(leads[y == 1])) < PLATT_FLOOR


def test_a_model_that_ranks_the_wrong_way_round_is_not_turned_over():
    y, p, leads = block(5000, seed=7, slope=-1.0, shift=-4.0)
    found = fit_calibration(y, p, leads)
    assert (found.method, "wrong way round" in found.why) == ("none", True)


def test_c4_calibration_keeps_the_order_of_p_raw():
    found = fit_calibration(*block(5000, seed=8, slope=0.7))
    p = np.sort(np.random.default_rng(0).random(1000))
    assert (np.diff(found.apply(p)) > 0).all()
    assert np.isfinite(found.apply(np.array([0.0, 1.0]))).all()
    assert logit(np.array([0.5]))[0] == 0.0
