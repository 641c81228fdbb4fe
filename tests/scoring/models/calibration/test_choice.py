"""C2 and C3: which calibrations the size of the block allows, and which of them is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from leadmart.scoring.models.calibration import fit_calibration, sigmoid
from leadmart.scoring.models.calibration.choice import FLOORS, FOLDS, PLATT_FLOOR, folds_of
from leadmart.scoring.models.calibration.fits import FITS, Unfit


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
    found = fit_calibration(*block(20_000, seed=5, slope=0.6, shift=0.4))
    assert found.method == "platt"
    assert (found.slope, found.intercept) == (pytest.approx(0.6, abs=0.05), pytest.approx(0.4, abs=0.1))


def test_c3_the_floor_counts_positive_leads():
    y, p, leads = block(3000, seed=6, per_lead=10)
    assert y.sum() > PLATT_FLOOR
    assert fit_calibration(y, p, leads).positives == len(np.unique(leads[y == 1])) < PLATT_FLOOR


def test_a_model_that_ranks_the_wrong_way_round_is_not_turned_over():
    y, p, leads = block(5000, seed=7, slope=-1.0, shift=-4.0)
    found = fit_calibration(y, p, leads)
    assert "wrong way round" in found.why
    assert "platt" not in {candidate.method for candidate in found.weighed}
    assert (np.diff(found.apply(np.sort(p))) >= 0).all()


@pytest.mark.parametrize("positives", [60, 220, 520])
def test_c3_the_number_of_positive_leads_decides_the_candidates(positives):
    """C3: floors of 50, 200 and 500 positive leads; C2: `none` is always among them."""
    y, p, leads = block(positives * 12, seed=9)
    last = np.nonzero(np.cumsum(y) == positives)[0][0] + 1
    found = fit_calibration(y[:last], p[:last], leads[:last])
    assert found.positives == positives
    assert [c.method for c in found.weighed] == [m for m, floor in FLOORS.items() if floor <= positives]
    assert found.weighed[0].method == "none"


def test_c2_a_calibrated_block_is_left_alone_and_a_distorted_one_is_not():
    """C2: the simplest within one standard error of the best: calibrating needs evidence."""
    honest = [fit_calibration(*block(1500, seed)).method for seed in range(8)]
    assert honest.count("none") >= 6
    steep = [fit_calibration(*block(1500, seed, slope=0.5, shift=-0.5)).method for seed in range(6)]
    assert steep.count("none") == 0
    assert steep.count("platt") >= 4


def test_c2_the_chosen_method_is_the_simplest_within_one_standard_error():
    """C2: recomputed from the losses that the report shows."""
    for seed in range(3):
        found = fit_calibration(*block(6000, seed, slope=0.8))
        best = min(c.log_loss for c in found.weighed)
        assert found.method == next(c.method for c in found.weighed if c.log_loss - best <= c.standard_error)


def test_c2_folds_keep_leads_whole_and_spread_outcomes():
    """C2: a lead's rows are never on both sides; its name or place decides nothing but its fold."""
    y, _, leads = block(3000, seed=2, per_lead=5)
    fold = folds_of(y, leads)
    assert all(len(np.unique(fold[leads == lead])) == 1 for lead in range(600))
    by_fold = np.bincount(fold, weights=y)
    assert by_fold.max() - by_fold.min() <= 5
    assert len(by_fold) == FOLDS


def test_c2_the_order_of_rows_changes_no_digit():
    """C2, P3: rows are sorted before anything is added up."""
    y, p, leads = block(4000, seed=3, slope=0.7, per_lead=2)
    order = np.random.default_rng(1).permutation(len(y))
    shuffled, plain = fit_calibration(y[order], p[order], leads[order]), fit_calibration(y, p, leads)
    assert shuffled == plain
    assert shuffled.weighed == plain.weighed


def bent(count: int, seed: int):
    """Over-confident, and more so below: about 11 % positive, each row a lead, with the truth."""
    draw = np.random.default_rng(seed)
    u = draw.normal(0, 1.05, count)
    truth = sigmoid(u - 2.5)
    return (draw.random(count) < truth).astype(np.int8), sigmoid(1.15 * u - 2.25 - 0.12 * np.exp(-u)), truth


@pytest.mark.slow
def test_c3_small_blocks_want_few_parameters():
    """C3: the shape of its table, on made-up rows; the expected log-loss over 40,000 rows of known truth, 10 seeds."""
    _, raw, truth = bent(40_000, seed=10**6)

    def loss(p):
        return float(-(truth * np.log(p) + (1 - truth) * np.log1p(-p)).mean())

    uncalibrated, table = loss(raw), {}
    for count in (100, 500, 2000):
        lost: dict[str, list[float]] = {method: [] for method in (*FITS, "chosen")}
        for seed in range(10):
            y, p, _ = bent(count, seed)
            for method, fit in FITS.items():
                try:
                    lost[method].append(loss(fit(y, p, np.arange(count)).apply(raw)))
                except Unfit:
                    lost[method].append(uncalibrated)
            lost["chosen"].append(loss(fit_calibration(y, p, np.arange(count)).apply(raw)))
        table[count] = {method: float(np.mean(values)) for method, values in lost.items()}
    few, some, many = table[100], table[500], table[2000]
    assert uncalibrated < min(few["platt"], few["beta"], few["venn_abers"])
    assert few["intercept"] < few["platt"] < few["beta"]
    assert max(few, key=few.get) == max(some, key=some.get) == max(many, key=many.get) == "isotonic"
    assert some["platt"] < uncalibrated
    assert some["platt"] < min(some["intercept"], some["beta"], some["venn_abers"])
    assert max(many["platt"], many["beta"], many["venn_abers"]) < uncalibrated
    assert few["chosen"] < few["platt"]
    assert some["chosen"] < uncalibrated
    assert many["chosen"] < many["platt"] + 0.001
