"""The rules of promotion (D5): what a challenger has to show before its scores are the ones that people see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadmart.scoring.evaluation.paired import Difference

LEAST_POSITIVES = 50
"""Leads with the outcome among the rows compared, below which a difference says more about chance than about models."""

MARGIN = 0.005
"""By how much of the champion's log-loss a refit may be worse, at the upper 90 % bound of the paired difference."""

SURE = 0.9
"""The share of paired draws in which the log-loss of a new kind of model has to be lower than the champion's."""


@dataclass(frozen=True)
class Rule:
    """One rule of promotion: whether it held, its figure and the bound, and a sentence with both."""

    name: str
    passed: bool
    words: str
    value: float | None = None
    bound: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "passed": self.passed, "value": self.value, "bound": self.bound, "words": self.words
        }  # fmt: skip


def enough_rows(positive_leads: int, named: str, least: int = LEAST_POSITIVES) -> Rule:
    """Whether unseen rows hold enough outcomes to compare by; `named` says which rows are meant."""
    words = f"{positive_leads:,} leads with the outcome {named}; {least} are wanted"
    return Rule("unseen_rows", positive_leads >= least, words, positive_leads, least)


def not_worse(log_loss: Difference) -> Rule:
    """Of a refit: the upper 90 % bound of its log-loss minus the champion's is below the margin."""
    if log_loss.bound_90 is None or log_loss.b is None:
        return Rule("not_worse", False, f"the log-loss cannot be compared: {log_loss.reason}")
    bound = MARGIN * log_loss.b
    words = (
        f"log-loss {log_loss.a:.4f} against the champion's {log_loss.b:.4f}: the upper 90 % bound of the difference is "
        f"{log_loss.bound_90:+.4f}, and a refit has to stay below {bound:+.4f}, {MARGIN:.1%} of the champion's"
    )
    return Rule("not_worse", log_loss.bound_90 < bound, words, log_loss.bound_90, bound)


def surely_better(log_loss: Difference) -> Rule:
    """Of other features, label or settings: the log-loss is lower in nine of ten paired draws."""
    if log_loss.better is None:
        return Rule("better", False, f"the log-loss cannot be compared: {log_loss.reason}")
    words = (
        f"log-loss {log_loss.a:.4f} against the champion's {log_loss.b:.4f}: lower in {log_loss.better:.1%} of the "
        f"draws, and {SURE:.0%} are wanted of a model with another specification"
    )
    return Rule("better", log_loss.better >= SURE, words, log_loss.better, SURE)


def is_calibrated(report: Mapping[str, Any]) -> Rule:
    """Calibration is not rejected on the test block (C6); where it was not tested, it is not rejected either."""
    tests = (report.get("calibration") or {}).get("acceptance") or []
    rejected = [test for test in tests if test.get("rejected")]
    if not tests:
        return Rule("calibration", True, "calibration was not tested")
    if not rejected:
        return Rule("calibration", True, f"calibration is not rejected by {', '.join(t['name'] for t in tests)}")
    return Rule("calibration", False, f"calibration is rejected by {', '.join(map(_outside, rejected))}")


def _outside(test: Mapping[str, Any]) -> str:
    value, low, high = (test.get(name) for name in ("value", "null_low", "null_high"))
    edge = f"above {high:.3f}" if high is not None and (low is None or (value or 0) > high) else f"below {low:.3f}"
    return f"{test['name']} ({value:.3f}, {edge})"


def has_words(lacking: Sequence[str]) -> Rule:
    """Every feature has a template for its reason (X3)."""
    if not lacking:
        return Rule("reasons", True, "every feature has words for its reason", 0, 0)
    words = f"no template in reasons.csv for {', '.join(lacking)}"
    return Rule("reasons", False, words, len(lacking), 0)


def beats_points(report: Mapping[str, Any]) -> Rule:
    """Ranks its own test block better than the points do: asked where no champion can score any more."""
    metrics = report.get("metrics") or {}
    own, points = (metrics.get(name, {}).get("value") for name in ("roc_auc", "rules_roc_auc"))
    if own is None or points is None:
        return Rule("better_than_rules", points is None, "there are no points to compare with on the test block")
    words = f"ROC-AUC {own:.3f} on its test block, where the points have {points:.3f}"
    return Rule("better_than_rules", own > points, words, own, points)


def is_as_fair(report: Mapping[str, Any], champion: Mapping[str, Any]) -> Rule:
    """No group's ratio to the reference is lower than the champion's by more than its own interval (F1).

    Compared are the groups that both reports have a figure for; without one, fairness is not worse.
    """
    ours, theirs = _ratios(report), _ratios(champion)
    shared = sorted(ours.keys() & theirs.keys())
    worse = [
        (name, ours[name], theirs[name])
        for name in shared
        if _distance(theirs[name][0]) < min(map(_distance, ours[name]))
    ]
    if not worse:
        told = f"in {len(shared)} groups" if shared else "no group is audited in both reports"
        return Rule("fairness", True, f"not worse {told}" if shared else told)
    named = "; ".join(
        f"{name[0]} {name[1]}, chosen at {own[0]:.2f} times the reference's rate ({own[1]:.2f} to {own[2]:.2f}) "
        f"against {its[0]:.2f}"
        for name, own, its in worse
    )
    return Rule("fairness", False, f"worse beyond its interval for {named}", len(worse), 0)


def _distance(ratio: float) -> float:
    """How far a ratio lies below 1; more than the reference is no harm."""
    return max(0.0, 1.0 - ratio)


def _ratios(report: Mapping[str, Any]) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Of each (column, group) with figures the selection rate's ratio to the reference: value, low, high."""
    found = {}
    for each in (report.get("evaluation") or {}).get("fairness") or ():
        ratio = each.get("ratio") or {}
        if ratio.get("value") is not None and ratio.get("low") is not None and not each.get("is_reference"):
            found[each["column"], each["group"]] = (ratio["value"], ratio["low"], ratio["high"])
    return found
