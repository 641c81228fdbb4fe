"""C4 and C5: what each calibration does to a probability, how sure it is, and its text."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.composite import composite
from leadmart.scoring.evaluation.figures import evaluate
from leadmart.scoring.models.calibration import Calibration, logit, sigmoid
from leadmart.scoring.models.calibration.fits import FITS, fit_isotonic, fit_platt, fit_venn_abers
from leadmart.scoring.models.model import rank_in, reference_of

SWEEP = np.concatenate([[0.0, 1.0], np.random.default_rng(0).random(2000), np.geomspace(1e-9, 0.1, 200)])


def block(count: int, seed: int, per_lead: int = 1):
    """Rows whose true log odds are .7 of what the model says; a lead's rows are one fate at one p."""
    draw = np.random.default_rng(seed)
    x = draw.normal(-2, 1, count // per_lead)
    y = (draw.random(count // per_lead) < sigmoid(0.7 * x)).astype(np.int8)
    return np.repeat(y, per_lead), sigmoid(np.repeat(x, per_lead)), np.repeat(np.arange(count // per_lead), per_lead)


@pytest.fixture(scope="module")
def fitted():
    return {method: fit(*block(4000, seed=5, per_lead=2)) for method, fit in FITS.items()}


@pytest.mark.parametrize("method", FITS)
def test_c4_calibration_never_turns_an_order_over(fitted, method):
    """C4: p_cal nowhere falls where p_raw rises, and stays a probability at 0 and 1."""
    p = fitted[method].apply(np.sort(SWEEP))
    assert (np.diff(p) >= -1e-15).all()
    assert np.isfinite(p).all()
    assert p.min() >= 0
    assert p.max() <= 1


@pytest.mark.parametrize("method", ["venn_abers", "isotonic"])
def test_c4_ties_of_p_cal_are_ordered_by_p_raw(fitted, method):
    """C4: within leads of one p_cal the composite rises with p_raw, since its rank is that of p_raw."""
    _, p_raw, _ = block(4000, seed=5, per_lead=2)
    frame = pl.DataFrame(
        {
            "p_raw": p_raw,
            "p_cal": fitted[method].apply(p_raw),
            "rank": rank_in(reference_of(p_raw), p_raw),
            "w": 1.0,
            "rules_score": 0.0,
            "boost": 0.0,
            "cap": 100.0,
        }
    ).with_columns(composite().alias("composite"))
    tied = frame.filter(pl.len().over("p_cal") > 1)
    assert tied["p_raw"].n_unique() > 20 * tied["p_cal"].n_unique()
    inside = tied.sort("p_cal", "p_raw").with_columns(pl.col("composite").diff().over("p_cal").alias("step"))
    assert inside["step"].drop_nulls().min() >= 0
    assert frame.sort("p_raw")["composite"].is_sorted()


def test_c4_ties_cost_the_figures_no_ranking(fitted):
    """C4: ROC-AUC, PR-AUC and lift are those of p_raw, by which leads are ranked; chances are p_cal's."""
    y, p_raw, leads = block(3000, seed=6)
    p = fitted["isotonic"].apply(p_raw)
    with_ties = evaluate(y, p, leads, replicates=20)
    found, raw = evaluate(y, p, leads, ranked_by=p_raw, replicates=20), evaluate(y, p_raw, leads, replicates=20)
    for name in ("roc_auc", "pr_auc", "lift_top_decile"):
        assert found[name].value == pytest.approx(raw[name].value, rel=1e-12), name
        assert found[name].value != with_ties[name].value, name
    for name in ("log_loss", "brier", "calibration_slope"):
        assert found[name].value == pytest.approx(with_ties[name].value, rel=1e-9), name


def test_c4_isotonic_is_kept_off_0_and_1(fitted):
    """C3: clipped to [1/(n+2), 1-1/(n+2)], n being the block's leads."""
    p = fitted["isotonic"].apply(SWEEP)
    assert p.min() == 1 / 2002
    assert p.max() <= 1 - 1 / 2002
    sure = fit_isotonic(np.array([0, 0, 1, 1], dtype=np.int8), np.array([0.1, 0.2, 0.8, 0.9]), np.arange(4))
    assert sure.apply(np.array([0.0, 0.15, 0.85, 1.0])) == pytest.approx([1 / 6, 1 / 6, 5 / 6, 5 / 6])


@pytest.mark.parametrize("method", FITS)
def test_the_text_gives_the_same_values_in_another_process(fitted, method):
    """C5, P2: numbers as plain JSON, applied with numpy alone."""
    text = json.dumps(fitted[method].as_json())
    assert Calibration.from_json(json.loads(text)) == fitted[method]
    if method != "venn_abers":
        return
    script = (
        "import json, sys, numpy as np\nfrom leadmart.scoring.models.calibration import Calibration\n"
        "found = Calibration.from_json(json.loads(sys.argv[1]))\np = np.linspace(0, 1, 500)\n"
        "print(found.apply(p).tobytes().hex(), *(m for m in ('sklearn', 'scipy', 'pandas') if m in sys.modules))"
    )
    there = subprocess.run([sys.executable, "-c", script, text], check=True, capture_output=True, text=True).stdout
    assert there.split() == [fitted[method].apply(np.linspace(0, 1, 500)).tobytes().hex()]


def test_a_text_of_before_reads_as_it_did():
    """P2: a model stored before there were other methods keeps its calibration, and with it its version."""
    before = {"method": "platt", "slope": 0.9, "intercept": -0.1, "why": "by hand", "rows": 3, "positives": 1}
    found = Calibration.from_json(before)
    assert found.as_json() == before
    assert found.apply(np.array([0.3]))[0] == sigmoid(0.9 * logit(np.array([0.3])) - 0.1)[0]
    with pytest.raises(ValueError, match="no calibration method is called magic"):
        Calibration.from_json({"method": "magic"})


def test_platt_and_beta_have_the_coefficients_of_their_likelihood(fitted):
    """C2: at the fit the scores of every parameter are 0; with both slopes alike beta is Platt."""
    y, p, _ = block(4000, seed=5, per_lead=2)
    for method in ("intercept", "platt", "beta"):
        rest = y - fitted[method].apply(p)
        assert rest.sum() == pytest.approx(0, abs=1e-5), method
    assert (rest * np.log(p)).sum() == pytest.approx(0, abs=1e-4)
    alike = Calibration("beta", 0.8, 0.1, upper_slope=0.8)
    assert alike.apply(p) == pytest.approx(Calibration("platt", 0.8, 0.1).apply(p), rel=1e-12)
    assert min(fitted["beta"].slope, fitted["beta"].upper_slope) >= 0


def test_c5_venn_abers_gives_two_probabilities_around_p_cal(fitted):
    """C5: p0 <= p_cal <= p1 everywhere, p_cal = p1 / (1 - p0 + p1)."""
    low, high = fitted["venn_abers"].interval(SWEEP)
    p = fitted["venn_abers"].apply(SWEEP)
    assert (low <= p).all()
    assert (p <= high).all()
    assert p == pytest.approx(high / (1 - low + high))


def test_c5_venn_abers_agrees_with_counting_the_new_lead_in_both_ways():
    """C5: p0 and p1 are the isotonic fits with the new row as negative and as positive, refitted the slow way."""
    from sklearn.isotonic import IsotonicRegression

    y, p, leads = block(120, seed=3)
    found = fit_venn_abers(y, p, leads)
    for each in (0.02, 0.11, 0.3, float(p[7])):
        pair = []
        for outcome in (0, 1):
            both, outcomes = np.append(p, each), np.append(y, outcome)
            pair.append(IsotonicRegression().fit(both, outcomes).predict([each])[0])
        low, high = found.interval(np.array([each]))
        assert (low[0], high[0]) == (pytest.approx(pair[0]), pytest.approx(pair[1]))


def test_c5_landmarks_of_one_lead_make_no_interval_narrower():
    """C5: five copies of every row tell nothing more, and no width says so."""
    y, p, leads = block(1500, seed=4)
    for fit in (fit_platt, fit_venn_abers):
        once = fit(y, p, leads).interval(SWEEP)
        five = fit(np.repeat(y, 5), np.repeat(p, 5), np.repeat(leads, 5)).interval(SWEEP)
        assert five == pytest.approx(np.stack(once), abs=1e-6), fit


def test_c5_platt_covers_the_truth_about_as_often_as_it_says():
    """C5: 95 % intervals over 100 blocks of leads with three rows each; with rows taken for leads they cover less."""
    at = np.array([0.03, 0.12, 0.4])
    truth = sigmoid(0.7 * logit(at))
    covered = {"leads": 0, "rows": 0}
    for seed in range(100):
        y, p, leads = block(1500, seed, per_lead=3)
        for name, clusters in (("leads", leads), ("rows", np.arange(len(y)))):
            low, high = fit_platt(y, p, clusters).interval(at)
            covered[name] += int(((low <= truth) & (truth <= high)).sum())
    assert covered["leads"] / 300 == pytest.approx(0.95, abs=0.04)
    assert covered["rows"] / 300 < 0.85


def test_c5_none_and_isotonic_say_that_they_do_not_know(fitted):
    """C5: NaN, not a width of 0."""
    for method in ("none", "isotonic"):
        assert np.isnan(fitted[method].interval(SWEEP)).all()
