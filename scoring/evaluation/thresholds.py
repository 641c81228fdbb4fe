"""What each threshold of the score would give, and the thresholds that a capacity or a precision asks for (E8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Ints, Metric

_STEP = 5
LEAST_ROWS = 50  # above a threshold that is proposed: the precision of fewer is chance


@dataclass(frozen=True)
class Threshold:
    """The rows with at least this score. `per_week` is their mean number a week."""

    score: float
    rows: int
    per_week: float
    precision: Metric
    recall: Metric


@dataclass(frozen=True)
class Thresholds:
    """`curve` at every fifth point of the score. `for_capacity` is the lowest score that at most `leads_per_week` reach
    on average, `for_precision` the lowest one above which `precision_target` convert; None with a reason where no
    score does.
    """

    curve: tuple[Threshold, ...]
    leads_per_week: int
    precision_target: float
    for_capacity: Threshold | None
    for_precision: Threshold | None
    capacity_reason: str = ""
    precision_reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """`{"curve", "for_capacity", "for_precision"}`."""
        return {
            "curve": [_threshold_json(each) for each in self.curve],
            "for_capacity": {
                "leads_per_week": self.leads_per_week,
                **_asked_json(self.for_capacity, self.capacity_reason),
            },
            "for_precision": {
                "target": self.precision_target,
                **_asked_json(self.for_precision, self.precision_reason),
            },
        }


def _threshold_json(each: Threshold) -> dict[str, Any]:
    return {
        "score": each.score,
        "rows": each.rows,
        "per_week": each.per_week,
        "precision": each.precision.as_json(),
        "recall": each.recall.as_json(),
    }


def _asked_json(each: Threshold | None, reason: str) -> dict[str, Any]:
    return _threshold_json(each) if each else {"score": None, "reason": reason}


def thresholds(
    y: NDArray[np.int8],
    score: Floats,
    weeks: Ints,
    draws: Bootstrap,
    *,
    leads_per_week: int,
    precision_target: float,
) -> Thresholds:
    """Rows are one a lead and week; `score` is the composite, 0 to 100.

    The lowest score for a precision is the lowest one at which all rows with at least that score reach it together;
    at least 50 rows have to stand above it.
    """
    order = np.argsort(-score, kind="stable")
    ordered, truth = score[order], y[order].astype(np.float64)
    ends = np.append(np.nonzero(ordered[1:] != ordered[:-1])[0], len(ordered) - 1)
    count_weeks = len(np.unique(weeks))
    above, hits = ends + 1, np.cumsum(truth)[ends]
    fits = np.nonzero(above / count_weeks <= leads_per_week)[0]
    precise = np.nonzero((hits / above >= precision_target) & (above >= LEAST_ROWS))[0]
    rounds = [float(at) for at in range(0, 101, _STEP) if ordered[-1] <= at <= ordered[0]]
    asked = [float(ordered[ends[found[-1]]]) for found in (fits, precise) if len(found)]
    scores = [*rounds, *asked]
    counts = [int((score >= at).sum()) for at in scores]

    def figures(weights: Floats) -> Floats:
        w = weights[:, order]
        seen, found = (np.cumsum(each, axis=1)[:, [c - 1 for c in counts]] for each in (w, w * truth))
        return np.concatenate([(found / seen).T, (found / (w * truth).sum(axis=1)[:, None]).T])

    measured = draws.measure(figures, "no row is positive") if scores else []
    every = [
        Threshold(at, counts[i], counts[i] / count_weeks, measured[i], measured[len(scores) + i])
        for i, at in enumerate(scores)
    ]
    wanted = every[len(rounds) :]
    best = float((hits / above)[above >= LEAST_ROWS].max()) if (above >= LEAST_ROWS).any() else None
    return Thresholds(
        tuple(every[: len(rounds)]),
        leads_per_week,
        precision_target,
        wanted[0] if len(fits) else None,
        wanted[-1] if len(precise) else None,
        "" if len(fits) else f"more than {leads_per_week} a week share the highest score",
        ""
        if len(precise)
        else f"fewer than {LEAST_ROWS} rows"
        if best is None
        else f"no score is as precise; at best {best:.3f} convert above one, of {LEAST_ROWS} rows and more",
    )


def thresholds_text(document: Mapping[str, Any]) -> list[str]:
    """Two lines: the threshold for the capacity, and the one for the precision."""
    lines = []
    for name, words in (
        ("for_capacity", f"{document['for_capacity']['leads_per_week']:,} leads a week"),
        ("for_precision", f"a precision of {document['for_precision']['target']:.2f}"),
    ):
        each = document[name]
        if each["score"] is None:
            lines.append(f"  threshold for {words}: none, {each['reason']}")
        else:
            lines.append(
                f"  threshold for {words}: {each['score']:.1f} ({each['per_week']:.1f} leads a week, precision "
                f"{each['precision']['value']:.3f}, {_share(each['recall'])} of all conversions)"
            )
    return lines


def _share(metric: Mapping[str, Any]) -> str:
    return f"{metric['value']:.1%}" if metric["value"] is not None else "an unknown share"
