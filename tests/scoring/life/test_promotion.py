"""The rules of promotion, each on both sides of its bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leadmart.scoring.evaluation.paired import Difference, paired
from leadmart.scoring.life.promotion import (
    LEAST_POSITIVES,
    MARGIN,
    beats_points,
    enough_rows,
    has_words,
    is_as_fair,
    is_calibrated,
    not_worse,
    surely_better,
)


def log_loss(bound_90: float, better: float = 0.5) -> Difference:
    """A challenger at .302 against a champion at .300."""
    return Difference(0.302, 0.300, 0.002, -0.01, 0.01, bound_90, better)


def test_a_refit_may_be_worse_by_less_than_half_a_percent() -> None:
    """D5: the upper 90 % bound of the difference is below .5 % of the champion's log-loss, .0015 of .3."""
    assert not_worse(log_loss(0.00149)).passed
    refused = not_worse(log_loss(0.00151))
    assert not refused.passed
    assert (refused.value, refused.bound) == (0.00151, pytest.approx(MARGIN * 0.300))
    assert "+0.0015" in refused.words
    assert "0.5%" in refused.words
    assert not not_worse(Difference(None, None, None, reason="every row is negative")).passed


def test_another_specification_has_to_be_better_in_nine_of_ten_draws() -> None:
    """D5: P >= .9, the bound included."""
    assert surely_better(log_loss(0.0, better=0.9)).passed
    refused = surely_better(log_loss(0.0, better=0.899))
    assert not refused.passed
    assert "89.9%" in refused.words
    assert not surely_better(Difference(0.3, 0.3, 0.0, reason="too few leads for an interval")).passed


def test_a_rejected_calibration_is_named_with_its_bound() -> None:
    """D5: calibration not rejected, by the tests of C6; one that was not tested is not rejected."""
    tests = [
        {"name": "ece", "value": 0.031, "null_low": None, "null_high": 0.025, "rejected": True},
        {"name": "spiegelhalter", "value": 0.4, "null_low": -1.6, "null_high": 1.6, "rejected": False},
        {"name": "ratio", "value": 0.7, "null_low": 0.8, "null_high": 1.2, "rejected": True},
    ]
    refused = is_calibrated({"calibration": {"acceptance": tests}})
    assert not refused.passed
    assert "ece (0.031, above 0.025)" in refused.words
    assert "ratio (0.700, below 0.800)" in refused.words
    assert "spiegelhalter" not in refused.words
    assert is_calibrated({"calibration": {"acceptance": tests[1:2]}}).passed
    assert is_calibrated({}).passed


def test_a_feature_without_words_is_named() -> None:
    """D5: reasons coverage, every feature has a template (X3)."""
    assert has_words(()).passed
    refused = has_words(("visits_30d", "age_days"))
    assert not refused.passed
    assert "visits_30d, age_days" in refused.words


def audited(value: float, low: float, high: float, column: str = "region") -> dict[str, Any]:
    ratio = {"value": value, "low": low, "high": high}
    return {"evaluation": {"fairness": [{"column": column, "group": "south", "is_reference": False, "ratio": ratio}]}}


def test_fairness_is_worse_only_beyond_its_own_interval() -> None:
    """D5: a group's ratio may fall by chance, not by more than the interval says."""
    champion = audited(0.95, 0.85, 1.05)
    assert is_as_fair(audited(0.90, 0.80, 1.00), champion).passed
    refused = is_as_fair(audited(0.80, 0.70, 0.90), champion)
    assert not refused.passed
    assert "region south" in refused.words
    # more than the reference's rate is no harm, and groups that one report lacks are not compared
    assert is_as_fair(audited(1.30, 1.20, 1.40), champion).passed
    assert is_as_fair(audited(0.10, 0.05, 0.15, column="size"), champion).passed
    assert is_as_fair(audited(0.10, 0.05, 0.15), {}).passed


def test_rows_with_few_outcomes_decide_nothing() -> None:
    """T8: fewer than fifty leads with the outcome are too few to compare by."""
    assert enough_rows(LEAST_POSITIVES, "newer").passed
    assert not enough_rows(LEAST_POSITIVES - 1, "newer").passed


def test_where_no_champion_can_score_a_model_has_to_beat_the_points() -> None:
    """E11: on its own test block, by rank."""
    metrics = {"roc_auc": {"value": 0.71}, "rules_roc_auc": {"value": 0.70}}
    assert beats_points({"metrics": metrics}).passed
    assert not beats_points({"metrics": {**metrics, "roc_auc": {"value": 0.69}}}).passed
    assert beats_points({"metrics": {"roc_auc": {"value": 0.51}}}).passed


def test_over_many_worlds_an_equal_refit_mostly_passes_and_a_worse_one_hardly_does() -> None:
    """D5: forty worlds of 3,000 leads; the refit is the truth blurred as the champion is, or blurred twice as much."""
    verdicts = {"equal": 0, "worse": 0, "better, new": 0, "equal, new": 0}
    for seed in range(40):
        draw = np.random.default_rng(seed)
        line = draw.normal(-1.8, 1.0, 3000)
        y = (draw.random(3000) < 1 / (1 + np.exp(-line))).astype(np.int8)

        def blurred(by: float, line: Any = line, draw: Any = draw) -> Any:
            return 1 / (1 + np.exp(-(line + draw.normal(0, by, 3000))))

        champion, leads = blurred(0.3), np.arange(3000)
        pairs = {"equal": 0.3, "worse": 0.8, "better, new": 0.0, "equal, new": 0.3}
        for name, by in pairs.items():
            found = paired(y, blurred(by), champion, leads, seed=1, replicates=200)["log_loss"]
            verdicts[name] += (surely_better if "new" in name else not_worse)(found).passed
    assert verdicts["worse"] == 0
    assert verdicts["equal, new"] <= 10  # a tenth of the draws, plus what forty worlds leave to chance
    assert verdicts["better, new"] >= 36
    assert verdicts["equal"] > verdicts["worse"]
