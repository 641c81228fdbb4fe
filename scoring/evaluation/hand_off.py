"""How long a new lead waits for its first score (E9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.evaluation.figures import Metric

_Z = 1.959963984540054


@dataclass(frozen=True)
class HandOff:
    """Hours from a lead's creation until its first score row was written. `leads` have one; `waiting` have none yet.

    `within_an_hour` is their share below one hour. With a `reason` the figures are undefined.
    """

    leads: int
    waiting: int
    within_an_hour: Metric
    median_hours: float | None = None
    p90_hours: float | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        document: dict[str, Any] = {
            "leads": self.leads,
            "waiting": self.waiting,
            "within_an_hour": self.within_an_hour.as_json(),
            "median_hours": self.median_hours,
            "p90_hours": self.p90_hours,
        }
        return document | ({"reason": self.reason} if self.reason else {})


def hand_off(hours: NDArray[np.float64], waiting: int = 0) -> HandOff:
    """From the hours that leads waited; each lead counts once, so the interval is Wilson's.

    `hours` hold only leads created since the first scoring: those before could not be scored sooner.
    """
    if not len(hours):
        reason = "no lead that came since the first scoring is scored yet"
        return HandOff(0, waiting, Metric(None, reason=reason), reason=reason)
    low, high = wilson(int((hours < 1).sum()), len(hours))
    share = Metric(float((hours < 1).mean()), low, high)
    median, p90 = np.percentile(hours, [50, 90])
    return HandOff(len(hours), waiting, share, float(median), float(p90))


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); `count` is at least 1."""
    share, spread = hits / count, _Z * _Z / count
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * sqrt(share * (1 - share) / count + spread / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def hand_off_text(document: Mapping[str, Any]) -> list[str]:
    """One line from `HandOff.as_json`."""
    if document.get("reason"):
        return [f"  hand-off: undefined, {document['reason']}"]
    share = document["within_an_hour"]
    return [
        f"  hand-off: {share['value']:.1%} ({share['low']:.1%} to {share['high']:.1%}) of {document['leads']:,} new "
        f"leads had a score within an hour, half of them within {document['median_hours']:.1f} hours, nine in ten "
        f"within {document['p90_hours']:.1f}; {document['waiting']:,} wait"
    ]
