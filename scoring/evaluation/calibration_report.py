"""The section `calibration` of a report: how the method was chosen, whether it is accepted, and its lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadmart.scoring.evaluation.acceptance import Floats, Ints, Outcomes, accept
from leadmart.scoring.evaluation.figures import Metric
from leadmart.scoring.models.calibration import Calibration

# C6: bands that are shown and decide nothing, since a perfect model is outside of them in 46, 25 and 9 % of cases at
# 100, 200 and 500 positives.
_BANDS = {"calibration_slope": (0.8, 1.25), "calibration_intercept": (-0.25, 0.25), "ratio": (0.85, 1.15)}
_WORDS = {"ece": "ECE", "spiegelhalter": "Spiegelhalter's Z", "ratio": "mean p / base rate"}


def calibration_section(
    calibration: Calibration, p_raw: Floats, y: Outcomes, leads: Ints, metrics: Mapping[str, Metric], seed: int
) -> dict[str, Any]:
    """The document: the method and what it was chosen among, the tests of C6 on the test block (`p_raw`, `y`, `leads`
    are its rows), the bins of the reliability chart, and warnings. `accepted` is None where nothing could be judged.
    """
    found = accept(y, calibration.apply(p_raw), leads, seed=seed)
    judged = [test for test in found.tests if test.rejected is not None]
    figures = {name: metric.value for name, metric in metrics.items() if name in _BANDS}
    figures["ratio"] = next(test.value for test in found.tests if test.name == "ratio")
    return {
        "method": calibration.method,
        "why": calibration.why,
        "shift": calibration.shift,
        "rows": calibration.rows,
        "positives": calibration.positives,
        "candidates": [candidate.as_json() for candidate in calibration.weighed],
        "accepted": not found.rejected if judged else None,
        "acceptance": [test.as_json() for test in found.tests],
        "bins": [each.as_json() for each in found.bins],
        "warnings": [*_outside(figures), *_without_skill(metrics)],
    }


def calibration_text(document: Mapping[str, Any]) -> list[str]:
    """The section in some lines, an empty one first; none where there is no model."""
    section = document.get("calibration")
    if not section:
        return []
    moved = f", log odds moved by {section['shift']:+.2f}" if section["shift"] else ""
    lines = ["", f"  calibration: {section['method']}{moved}"]
    if section["candidates"]:
        weighed = ", ".join(f"{c['method']} {c['log_loss']:.4f}" for c in section["candidates"])
        lines.append(f"    log-loss on held-out leads of its block: {weighed}")
    for test in section["acceptance"]:
        name = _WORDS[test["name"]]
        if test["value"] is None:
            lines.append(f"    {name} undefined: {test['reason']}")
            continue
        verdict = "rejected" if test["rejected"] else "not rejected"
        lines.append(
            f"    {name} {test['value']:.3f}: {verdict}; a perfect model's lies within {test['null_low']:.3f} and "
            f"{test['null_high']:.3f} in 95 % of cases"
        )
    return [*lines, *(f"    {words}" for words in section["warnings"])]


def _outside(figures: Mapping[str, float | None]) -> list[str]:
    return [
        f"{_WORDS.get(name, name)} {value:.2f} is outside {low:g} to {high:g}: shown only, with few outcomes a perfect "
        "model's is too"
        for name, (low, high) in _BANDS.items()
        if (value := figures.get(name)) is not None and not low <= value <= high
    ]


def _without_skill(metrics: Mapping[str, Metric]) -> list[str]:
    brier, base = (metrics[name].value if name in metrics else None for name in ("brier", "base_rate"))
    if brier is None or base is None or not 0 < base < 1:
        return []
    skill = 1 - brier / (base * (1 - base))
    return [] if skill > 0 else [f"Brier skill {skill:.3f}: the base rate alone would do as well"]
