"""The arithmetic of a comparison: spreads, ratios, growth. Pure; seconds in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum of what was measured."""

    low: float
    middle: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """The spread of measured values; raises ValueError where there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(min(values), median(values), max(values))


def ratio(subject: Sequence[float], rival: Sequence[float]) -> Spread:
    """Subject over rival: the ratio of the medians between the least and the greatest ratio of a pair.

    A pair are two measurements made one after the other, so that a slow minute of the machine is in both.
    """
    if len(subject) != len(rival):
        raise ValueError(f"{len(subject)} measurements of the subject, {len(rival)} of the rival: no pairs")
    pairs = [a / b for a, b in zip(subject, rival, strict=True)]
    # the ratio of medians can lie outside the pairs' ratios where the machine was uneven; then it bounds them
    middle = median(subject) / median(rival)
    return Spread(min(*pairs, middle), middle, max(*pairs, middle))


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """The slope of log(seconds) over log(size): 1 where twice the size takes twice the time; None for one size."""
    xs = [math.log(size) for size, _ in points]
    ys = [math.log(seconds) for _, seconds in points]
    if len(set(xs)) < 2:
        return None
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return above / sum((x - mean_x) ** 2 for x in xs)
