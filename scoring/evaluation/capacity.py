"""What sales finds when it works so many leads a week, the highest first: within each week, never pooled (E4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.evaluation.deciles import TIES
from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Ints, Metric


@dataclass(frozen=True)
class Taken:
    """What `leads_per_week` leads a week hold, by one order. `taken` is how many that are over all weeks."""

    order: str
    leads_per_week: int
    taken: int
    precision: Metric
    recall: Metric
    lift: Metric


@dataclass(frozen=True)
class Capacity:
    """`weeks` and `leads`: one row a lead and week, its last. `curve` has every order at every capacity; it is empty
    where nothing can be taken, and `reason` says why.
    """

    leads_per_week: int
    weeks: int
    leads: int
    short_weeks: int
    base_rate: float | None
    curve: tuple[Taken, ...]
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields by name; `curve` is a list of `{"order", "leads_per_week", "taken", "precision", …}`."""
        document: dict[str, Any] = {
            "leads_per_week": self.leads_per_week,
            "weeks": self.weeks,
            "leads": self.leads,
            "short_weeks": self.short_weeks,
            "base_rate": self.base_rate,
            "curve": [
                {
                    "order": t.order,
                    "leads_per_week": t.leads_per_week,
                    "taken": t.taken,
                    "precision": t.precision.as_json(),
                    "recall": t.recall.as_json(),
                    "lift": t.lift.as_json(),
                }
                for t in self.curve
            ],
            "ties": TIES,
        }
        return document | ({"reason": self.reason} if self.reason else {})


def last_of_week(leads: Ints, weeks: Ints) -> Ints:
    """The places of each lead's last row of each week, where rows stand by lead and then by time."""
    if not len(leads):
        return np.empty(0, dtype=np.int64)
    ends = np.append((leads[1:] != leads[:-1]) | (weeks[1:] != weeks[:-1]), True)
    return np.nonzero(ends)[0]


class Queue:
    """Rows in the order they would be worked: week by week, within it the highest score first, then by `ties`."""

    def __init__(self, score: Floats, weeks: Ints, ties: Ints) -> None:
        self.order = np.lexsort((ties, -score, weeks))
        ordered = weeks[self.order]
        self.starts = np.append(0, np.nonzero(ordered[1:] != ordered[:-1])[0] + 1)
        self.sizes = np.diff(np.append(self.starts, len(weeks)))

    def taken(self, ordered: Floats, capacity: int) -> Floats:
        """Of weights in this order, (replicates, rows), the part within the first `capacity` of each week."""
        before = np.cumsum(ordered, axis=1) - ordered
        begun = np.repeat(before[:, self.starts], self.sizes, axis=1)
        found: Floats = np.clip(capacity - (before - begun), 0.0, ordered)
        return found

    def by_chance(self, ordered: Floats, taken: Floats, value: Floats) -> Floats:
        """The sum of `value` (in this order) that as many rows of each week, drawn at random, would hold on average."""
        count = np.add.reduceat(taken, self.starts, axis=1)
        total, held = (np.add.reduceat(each, self.starts, axis=1) for each in (ordered, ordered * value))
        found: Floats = np.divide(count * held, total, out=np.zeros_like(total), where=total > 0).sum(axis=1)
        return found


def capacity(
    y: NDArray[np.int8],
    scores: Mapping[str, Floats],
    weeks: Ints,
    ties: Ints,
    draws: Bootstrap,
    *,
    leads_per_week: int,
) -> Capacity:
    """Precision, recall and lift of the first K leads of every week, for K around `leads_per_week`, by each score.

    Rows are one a lead and week (`last_of_week`). Lift is over as many leads of the same weeks drawn at random, so
    that a week with many conversions lifts nothing. A week with fewer leads than K gives all it has, and counts in
    `short_weeks`.
    """
    queues = {name: Queue(score, weeks, ties) for name, score in scores.items()}
    some = next(iter(queues.values()))
    short = int((some.sizes < leads_per_week).sum())
    if not y.any():
        return Capacity(leads_per_week, len(some.sizes), len(y), short, 0.0, (), "no row is positive")
    curve = []
    for name, queue in queues.items():
        truth = y[queue.order].astype(np.float64)
        asked = capacities(leads_per_week)

        def figures(weights: Floats, queue: Queue = queue, truth: Floats = truth) -> Floats:
            ordered = weights[:, queue.order]
            found = []
            for count in capacities(leads_per_week):
                taken = queue.taken(ordered, count)
                hits = (taken * truth).sum(axis=1)
                chance = queue.by_chance(ordered, taken, truth)
                found += [hits / taken.sum(axis=1), hits / (ordered * truth).sum(axis=1), hits / chance]
            return np.stack(found)

        found = draws.measure(figures, "no row is positive")
        for place, count in enumerate(asked):
            taken_rows = int(np.minimum(queue.sizes, count).sum())
            curve.append(Taken(name, count, taken_rows, *found[3 * place : 3 * place + 3]))
    return Capacity(leads_per_week, len(some.sizes), len(y), short, float(y.mean()), tuple(curve))


def capacities(leads_per_week: int) -> Sequence[int]:
    """The points of the curve: a quarter, a half, one, two and four times the capacity, without repeats."""
    return sorted({max(1, round(leads_per_week * part)) for part in (0.25, 0.5, 1, 2, 4)})


def capacity_text(document: Mapping[str, Any]) -> list[str]:
    """The curve as a table, one order after the other, from `Capacity.as_json`."""
    if not document["curve"]:
        return [f"  leads a week: nothing to say, {document['reason']}"]
    short = f"; {document['short_weeks']} of them have fewer than {document['leads_per_week']:,}"
    lines = [
        f"  worked within each week: {document['weeks']} weeks, {document['leads']:,} leads in all"
        f"{short if document['short_weeks'] else ''}",
        "  order        leads a week   precision   95 % interval   of all conversions   lift",
    ]
    for each in document["curve"]:
        precision = each["precision"]
        span = f"{precision['low']:.3f} to {precision['high']:.3f}" if precision["low"] is not None else ""
        lines.append(
            f"  {each['order']:<12}{each['leads_per_week']:>13,}{precision['value']:>12.3f}   {span:<16}"
            f"{each['recall']['value']:>18.1%}{each['lift']['value']:>7.2f}"
        )
    return lines
