"""Figures of a model on rows it has not seen, each with a cluster-bootstrap interval over leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.models.calibration import logit, sigmoid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Weights (replicates, rows) to figures (figures, replicates).
Figures = Callable[[Floats], Floats]

_CELLS = 500_000  # of one chunk of bootstrap weights: 4 MB stays in the cache
_NEWTON_STEPS = 25
_SEPARATES = "the fit does not converge: p separates the outcomes"
_INFLATED = "no interval: rows drawn twice lie further from their p, so that the draws lie above the value itself"
_ECE_BINS = 15
_CLOSE = 1e-5  # the last step taken: Newton's error after it is of the order of its square


@dataclass(frozen=True)
class Metric:
    """A figure with its 95 % interval. `value` is None where it is undefined, and `reason` says why; never 0 in its
    place.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def as_json(self) -> dict[str, float | str | None]:
        """`{"value", "low", "high"}`, and `reason` where something is undefined."""
        document: dict[str, float | str | None] = {"value": self.value, "low": self.low, "high": self.high}
        return document | ({"reason": self.reason} if self.reason else {})


def evaluate(
    y: NDArray[np.int8],
    p: Floats,
    leads: Ints,
    *,
    rivals: Mapping[str, Floats] | None = None,
    ranked_by: Floats | None = None,
    seed: int = 1,
    replicates: int = 500,
) -> dict[str, Metric]:
    """base_rate, roc_auc, pr_auc, log_loss, brier, brier_skill, ece, calibration_slope, calibration_intercept,
    lift_top_decile of p against y.

    `leads` numbers each row's lead; the bootstrap draws leads, since a lead's rows share its fate. `rivals` are other
    scores of the same rows, each giving its ROC-AUC under its name. lift_top_decile is the share of positives among
    the highest tenth of p over the base rate, rows tied at the edge counted in part. The intercept is fitted with the
    slope held at 1. brier_skill is 1 - brier / (base rate * (1 - base rate)): over a constant that knows the block's
    own rate, so that a p without skill is at most 0. ece is the mean distance of observed rate and mean p over 15 bins
    of as many rows; it is above 0 for a perfect p too, so it is judged against its own null elsewhere (C6) and has no
    interval: drawing again inflates it once more. `ranked_by` gives the order where p has ties that scoring does not:
    p_raw of a p_cal in steps (C4).
    """
    rivals = rivals or {}
    names = [
        "base_rate", "roc_auc", "pr_auc", "log_loss", "brier", "brier_skill", "ece", "calibration_slope",
        "calibration_intercept", "lift_top_decile",
    ]  # fmt: skip
    if len(y) == 0:
        return {name: Metric(None, reason="there are no rows") for name in [*names, *rivals]}
    # One order of rows for every caller: sums of doubles depend on it.
    ranked = p if ranked_by is None else ranked_by
    keys: list[NDArray[Any]] = [*rivals.values(), leads, y, -ranked, -p]
    order = np.lexsort(keys)
    y, p, leads = y[order], p[order], leads[order]
    truth = y.astype(np.float64)
    weights = Bootstrap(leads, seed, replicates)
    both = bool(0 < y.sum() < len(y))
    one_outcome = f"every row is {'positive' if y[0] == 1 else 'negative'}"

    inside = np.clip(p, 1e-15, 1 - 1e-15)
    loss = -(truth * np.log(inside) + (1 - truth) * np.log1p(-inside))
    ranking, line = Ranking(truth, ranked[order]), Line(truth, logit(p))
    apart = _Distance(truth, p)

    def means(w: Floats) -> Floats:
        base, brier = mean(w, truth), mean(w, (p - truth) ** 2)
        return np.stack([base, mean(w, loss), brier, 1 - brier / (base * (1 - base)), apart.figure(w)])

    values = weights.measure(means)
    ranks = weights.measure(lambda w: np.stack(ranking.figures(w)))
    lines = weights.measure(lambda w: np.stack(line.figures(w)))
    found = {
        "base_rate": values[0],
        "log_loss": values[1],
        "brier": values[2],
        "brier_skill": values[3] if both else Metric(None, reason=one_outcome),
        "ece": Metric(values[4].value, reason=_INFLATED),
        "roc_auc": ranks[0] if both else Metric(None, reason=one_outcome),
        "pr_auc": ranks[1] if y.any() else Metric(None, reason=one_outcome),
        "lift_top_decile": ranks[2] if y.any() else Metric(None, reason=one_outcome),
        "calibration_slope": lines[0] if both else Metric(None, reason=one_outcome),
        "calibration_intercept": lines[1] if both else Metric(None, reason=one_outcome),
    }
    if both and np.ptp(p) == 0:
        found["calibration_slope"] = Metric(None, reason="p is the same for every row")
    for name, score in rivals.items():
        given = score[order]
        if not both or not np.isfinite(given).all():
            found[name] = Metric(None, reason="some rows have no such score" if both else one_outcome)
        else:
            rival = Ranking(truth, given)
            found[name] = weights.measure(lambda w, rival=rival: rival.figures(w)[0][None])[0]  # type: ignore[misc]
    return {name: found[name] for name in [*names, *rivals]}


def roc_auc(y: NDArray[np.int8], score: Floats) -> float | None:
    """The chance that a positive row scores above a negative one, ties counting half; None with one outcome only."""
    if not 0 < y.sum() < len(y):
        return None
    return float(Ranking(y.astype(np.float64), score).figures(np.ones((1, len(y))))[0][0])


class Bootstrap:
    """Weights by which leads are drawn with replacement: chunks of (replicates, rows), the same for the same seed.

    At least one row; rows of one lead are drawn together.
    """

    def __init__(self, leads: Ints, seed: int, replicates: int) -> None:
        _, self._code = np.unique(leads, return_inverse=True)
        self.clusters = int(self._code.max()) + 1
        self._seed, self._replicates = seed, replicates
        self._step = max(1, _CELLS // len(leads))

    def measure(self, figures: Figures, undefined: str = _SEPARATES) -> list[Metric]:
        """Each figure of the block itself, with the interval between the 2.5 and 97.5 percentiles of its replicates.

        `undefined` is the reason given where a figure of the block itself is no number.
        """
        values, found = self.replicates(figures)
        return [self._metric(float(value), row, undefined) for value, row in zip(values, found, strict=True)]

    def count(self, places: Ints) -> int:
        """How many leads the rows at these places are of."""
        return len(np.unique(self._code[places]))

    def replicates(self, figures: Figures) -> tuple[Floats, Floats]:
        """The figures of the block itself, (figures,), and of each draw of its leads, (figures, replicates)."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values = figures(np.ones((1, len(self._code))))[:, 0]
            return values, np.concatenate([figures(weights) for weights in self._draws()], axis=1)

    def _draws(self) -> Iterator[Floats]:
        draws = np.random.Generator(np.random.PCG64(self._seed))
        for start in range(0, self._replicates, self._step):
            count = min(self._step, self._replicates - start)
            picked = draws.integers(0, self.clusters, size=(count, self.clusters))
            picked += np.arange(count)[:, None] * self.clusters
            drawn = np.bincount(picked.ravel(), minlength=count * self.clusters).reshape(count, self.clusters)
            yield drawn[:, self._code].astype(np.float64)

    def _metric(self, value: float, replicates: Floats, undefined: str) -> Metric:
        if not np.isfinite(value):
            return Metric(None, reason=undefined)
        defined = replicates[np.isfinite(replicates)]
        if self.clusters < 2 or len(defined) < 0.9 * len(replicates):
            return Metric(value, reason="too few leads for an interval")
        low, high = np.percentile(defined, [2.5, 97.5])
        return Metric(value, float(low), float(high))


class Ranking:
    """Figures that depend on the order of a score only. Rows are sorted once; ties form one step."""

    def __init__(self, truth: Floats, score: Floats) -> None:
        self._order = np.argsort(-score, kind="stable")
        self._truth = truth[self._order]
        ordered = score[self._order]
        self._ends = np.append(np.nonzero(ordered[1:] != ordered[:-1])[0], len(ordered) - 1)

    def figures(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """ROC-AUC, average precision and lift of the top tenth, for each replicate."""
        w = weights[:, self._order]
        hits = np.cumsum(w * self._truth, axis=1)[:, self._ends]
        seen = np.cumsum(w, axis=1)[:, self._ends]
        misses = seen - hits
        new_hits, new_misses = np.diff(hits, axis=1, prepend=0.0), np.diff(misses, axis=1, prepend=0.0)
        below = misses[:, -1:] - misses + new_misses / 2
        roc = (new_hits * below).sum(axis=1) / (hits[:, -1] * misses[:, -1])
        precision = hits / np.maximum(seen, 1e-300)
        average = (new_hits * precision).sum(axis=1) / hits[:, -1]
        return roc, average, self._lift(hits, seen)

    @staticmethod
    def _lift(hits: Floats, seen: Floats) -> Floats:
        tenth = seen[:, -1] / 10
        step = (seen < tenth[:, None]).sum(axis=1)
        row = np.arange(len(step))
        before = np.maximum(step - 1, 0)
        seen_before = np.where(step > 0, seen[row, before], 0.0)
        hits_before = np.where(step > 0, hits[row, before], 0.0)
        share = (tenth - seen_before) / (seen[row, step] - seen_before)
        captured = hits_before + share * (hits[row, step] - hits_before)
        lift: Floats = captured / tenth / (hits[:, -1] / seen[:, -1])
        return lift


class _Distance:
    """The expected calibration error: bins of as many rows by p, rows tied in p all in one bin."""

    def __init__(self, truth: Floats, p: Floats) -> None:
        self._order = np.argsort(p, kind="stable")
        ordered = p[self._order]
        _, first, count = np.unique(ordered, return_index=True, return_counts=True)
        middle = np.repeat(first + count / 2, count)
        self._starts = np.unique((middle * _ECE_BINS / len(p)).astype(np.int64), return_index=True)[1]
        self._gap = truth[self._order] - ordered

    def figure(self, weights: Floats) -> Floats:
        """Sum over bins of |sum of w * (y - p)|, over the sum of w."""
        gaps = np.add.reduceat(weights[:, self._order] * self._gap, self._starts, axis=1)
        found: Floats = np.abs(gaps).sum(axis=1) / weights.sum(axis=1)
        return found


class Line:
    """logit(P(y)) = slope * x + intercept by weighted maximum likelihood: one Newton iteration for all replicates at
    once. `slope` and `intercept` are those of the rows themselves, 1 and 0 where their fit does not converge.
    """

    def __init__(self, truth: Floats, x: Floats) -> None:
        self._truth, self._x = truth, x
        whole = np.ones((1, len(x)))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            starts = [float(start[0]) for start in (*self._fit(whole, 1.0, 0.0), self._shift(whole, 0.0))]
        # Replicates begin at the fit of the whole block: two or three steps are left.
        self.slope, self.intercept, self._start = starts if np.isfinite(starts).all() else (1.0, 0.0, 0.0)

    def figures(self, weights: Floats) -> tuple[Floats, Floats]:
        """The slope, and the intercept with the slope held at 1, for each replicate; NaN where the fit does not
        converge.
        """
        return self._fit(weights, self.slope, self.intercept)[0], self._shift(weights, self._start)

    def _shift(self, weights: Floats, start: float) -> Floats:
        shift: Floats = np.full(len(weights), start)
        for _ in range(_NEWTON_STEPS):
            p = sigmoid(self._x + shift[:, None])
            wp = weights * p
            step = ((weights * self._truth).sum(axis=1) - wp.sum(axis=1)) / (wp - wp * p).sum(axis=1)
            shift = shift + np.clip(step, -2.0, 2.0)
            if np.nanmax(np.abs(step), initial=0.0) < _CLOSE:
                return shift
        shift[~(np.abs(step) < _CLOSE)] = np.nan
        return shift

    def _fit(self, weights: Floats, slope: float, intercept: float) -> tuple[Floats, Floats]:
        x = self._x
        a, b = np.full(len(weights), slope), np.full(len(weights), intercept)
        for _ in range(_NEWTON_STEPS):
            p = sigmoid(a[:, None] * x + b[:, None])
            residual = weights * (self._truth - p)
            curve = weights * p * (1 - p)
            curve_x = curve * x
            g_a, g_b = (residual * x).sum(axis=1), residual.sum(axis=1)
            h_aa, h_ab, h_bb = (curve_x * x).sum(axis=1), curve_x.sum(axis=1), curve.sum(axis=1)
            area = h_aa * h_bb - h_ab**2
            step_a, step_b = (h_bb * g_a - h_ab * g_b) / area, (h_aa * g_b - h_ab * g_a) / area
            a, b = a + np.clip(step_a, -2.0, 2.0), b + np.clip(step_b, -5.0, 5.0)
            if max(np.nanmax(np.abs(step_a), initial=0.0), np.nanmax(np.abs(step_b), initial=0.0)) < _CLOSE:
                return a, b
        a[~((np.abs(step_a) < _CLOSE) & (np.abs(step_b) < _CLOSE))] = np.nan
        return a, b


def mean(weights: Floats, values: Floats) -> Floats:
    """The weighted mean of values, (rows,), for each replicate."""
    means: Floats = (weights * values).sum(axis=1) / weights.sum(axis=1)
    return means
