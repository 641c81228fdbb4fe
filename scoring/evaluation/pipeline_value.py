"""What the leads are worth: the pipeline that the chances promise, and what came of it (E5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.evaluation.capacity import Queue
from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Ints, Metric, mean

LEAST_KNOWN = 0.5
WITHIN = 0.20
_NONE = Metric(None)


@dataclass(frozen=True)
class PipelineValue:
    """Money per 100 rows. `amount_hat` is the mean won amount before the test, from `deals` deals.

    `expected` is 100 * mean(p * amount_hat), `realised` 100 * mean of what the positive rows' deals were worth at
    closing, won or lost, and `ratio` the one over the other, which should lie within 20 % of 1. `unknown` positive rows
    whose deal is still open count with the mean of the others. With a `reason` everything is undefined.
    """

    amount_hat: float | None = None
    deals: int = 0
    unknown: int = 0
    expected: Metric = _NONE
    realised: Metric = _NONE
    ratio: Metric = _NONE
    at_capacity: tuple[tuple[str, Metric], ...] = ()
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields by name, or `{"reason"}` where everything is undefined."""
        if self.reason:
            return {"expected": None, "realised": None, "reason": self.reason}
        ratio = self.ratio.value
        return {
            "amount_hat": self.amount_hat,
            "deals": self.deals,
            "unknown": self.unknown,
            "expected": self.expected.as_json(),
            "realised": self.realised.as_json(),
            "ratio": self.ratio.as_json(),
            "within_20_percent": None if ratio is None else abs(ratio - 1) <= WITHIN,
            "at_capacity": [{"order": name, "realised": metric.as_json()} for name, metric in self.at_capacity],
        }


@dataclass(frozen=True)
class Deals:
    """`amounts` of each row's deal in doubles, NaN where none is known; `amount_hat` the mean won amount before the
    test, from `count` deals. `reason` says why there are none to speak of.
    """

    amounts: Floats
    amount_hat: float | None
    count: int
    reason: str = ""

    def at(self, places: Ints) -> Deals:
        """The same for some of the rows."""
        return replace(self, amounts=self.amounts[places])


def pipeline_value(y: NDArray[np.int8], p: Floats | None, deals: Deals, draws: Bootstrap) -> PipelineValue:
    """Expected and realised pipeline of rows, per 100 of them, without the orders at a capacity."""
    if reason := _undefined(y, p, deals):
        return PipelineValue(reason=reason)
    worth, unknown = _worth(y, deals.amounts)
    assert p is not None
    assert deals.amount_hat is not None
    promised = p * deals.amount_hat

    def figures(weights: Floats) -> Floats:
        expected, realised = 100 * mean(weights, promised), 100 * mean(weights, worth)
        return np.stack([expected, realised, expected / realised])

    expected, realised, ratio = draws.measure(figures, "nothing was realised")
    return PipelineValue(deals.amount_hat, deals.count, unknown, expected, realised, ratio)


def value_at_capacity(
    y: NDArray[np.int8],
    deals: Deals,
    scores: Mapping[str, Floats],
    weeks: Ints,
    ties: Ints,
    draws: Bootstrap,
    *,
    leads_per_week: int,
) -> tuple[tuple[str, Metric], ...]:
    """Realised pipeline per 100 leads worked, by each order and at random, at a capacity within each week.

    Rows are one a lead and week. Empty where no amount is known.
    """
    if _undefined(y, np.zeros(len(y)), deals):
        return ()
    worth, _ = _worth(y, deals.amounts)
    found = []
    for name, score in scores.items():
        queue = Queue(score, weeks, ties)
        value = worth[queue.order]

        def figures(weights: Floats, queue: Queue = queue, value: Floats = value) -> Floats:
            ordered = weights[:, queue.order]
            taken = queue.taken(ordered, leads_per_week)
            count = taken.sum(axis=1)
            return 100 * np.stack([(taken * value).sum(axis=1) / count, queue.by_chance(ordered, taken, value) / count])

        of_order, at_random = draws.measure(figures)
        found.append((name, of_order))
    return (*found, ("random", at_random))


def _undefined(y: NDArray[np.int8], p: Floats | None, deals: Deals) -> str:
    if deals.reason:
        return deals.reason
    if p is None:
        return "there is no probability"
    if deals.amount_hat is None:
        return "no deal was won before the test block"
    if not y.any():
        return "no row is positive"
    known = float(np.isfinite(deals.amounts[y == 1]).mean())
    if known < LEAST_KNOWN:
        return f"only {known:.0%} of the conversions have a closed deal with an amount"
    return ""


def _worth(y: NDArray[np.int8], amounts: Floats) -> tuple[Floats, int]:
    """What each row's conversion was worth, 0 without one; and how many positive rows have no amount of their own."""
    positive, known = y == 1, np.isfinite(amounts)
    filled = np.where(known, amounts, amounts[positive & known].mean())
    return np.where(positive, filled, 0.0), int((positive & ~known).sum())


def pipeline_value_text(document: Mapping[str, Any]) -> list[str]:
    """A few lines from `PipelineValue.as_json`."""
    if "reason" in document:
        return [f"  pipeline value: undefined, {document['reason']}"]
    ratio = document["ratio"]
    span = f" ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio["low"] is not None else ""
    kept = "" if document["within_20_percent"] else ", more than 20 % off"
    lines = [
        f"  pipeline per 100 leads: {document['expected']['value']:,.0f} expected (chance times the mean won amount, "
        f"{document['amount_hat']:,.0f} of {document['deals']:,} deals), {document['realised']['value']:,.0f} "
        f"realised: expected is {ratio['value']:.2f} of realised{span}{kept}"
    ]
    if document["unknown"]:
        lines.append(
            f"    {document['unknown']:,} conversions have no closed deal yet and count with the mean of the rest"
        )
    by = [f"{each['order']} {each['realised']['value']:,.0f}" for each in document["at_capacity"]]
    return lines + ([f"    realised per 100 leads worked at capacity: {', '.join(by)}"] if by else [])
