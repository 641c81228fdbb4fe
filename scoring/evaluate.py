"""Figures of a model on rows it has not seen, each with a cluster-bootstrap interval over leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.calibration import logit, sigmoid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Rows of weights (replicates) by rows of the block → one figure per replicate.
_Figure = Callable[[Floats], Floats]

_CELLS = 500_000  # of one chunk of bootstrap weights: 4 MB stays in the cache
_NEWTON_STEPS = 25


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
    seed: int = 1,
    replicates: int = 500,
) -> dict[str, Metric]:
    """base_rate, roc_auc, pr_auc, log_loss, brier, calibration_slope, calibration_intercept, lift_top_decile of p
    against y.

    `leads` numbers each row's lead; the bootstrap draws leads, since a lead's rows share its fate. `rivals` are other
    scores of the same rows, each giving its ROC-AUC under its name. lift_top_decile is the share of positives among
    the highest tenth of p over the base rate, rows tied at the edge counted in part. The intercept is fitted with the
    slope held at 1.
    """
    rivals = rivals or {}
    names = [
        "base_rate", "roc_auc", "pr_auc", "log_loss", "brier", "calibration_slope", "calibration_intercept",
        "lift_top_decile",
    ]  # fmt: skip
    if len(y) == 0:
        return {name: Metric(None, reason="there are no rows") for name in [*names, *rivals]}
    # One order of rows for every caller: sums of doubles depend on it.
    keys: list[NDArray[Any]] = [*rivals.values(), leads, y, -p]
    order = np.lexsort(keys)
    y, p, leads = y[order], p[order], leads[order]
    truth = y.astype(np.float64)
    weights = _Bootstrap(leads, seed, replicates)
    both = bool(0 < y.sum() < len(y))
    one_outcome = f"every row is {'positive' if y[0] == 1 else 'negative'}"

    inside = np.clip(p, 1e-15, 1 - 1e-15)
    loss = -(truth * np.log(inside) + (1 - truth) * np.log1p(-inside))
    ranking = _Ranking(truth, p)
    figures: dict[str, tuple[_Figure, str]] = {
        "base_rate": (lambda w: _mean(w, truth), ""),
        "roc_auc": (ranking.roc_auc, "" if both else one_outcome),
        "pr_auc": (ranking.pr_auc, "" if y.any() else one_outcome),
        "log_loss": (lambda w: _mean(w, loss), ""),
        "brier": (lambda w: _mean(w, (p - truth) ** 2), ""),
        "lift_top_decile": (ranking.lift_top_decile, "" if y.any() else one_outcome),
    }
    constant = "" if both else one_outcome
    line = _Line(truth, logit(p))
    figures["calibration_slope"] = (line.slope, constant or ("" if np.ptp(p) > 0 else "p is the same for every row"))
    figures["calibration_intercept"] = (line.intercept, constant)
    for name, score in rivals.items():
        given = score[order]
        why = constant or ("" if np.isfinite(given).all() else "some rows have no such score")
        figures[name] = (_Ranking(truth, given).roc_auc, why)
    return {name: _metric(*figures[name], weights) for name in [*names, *rivals]}


def roc_auc(y: NDArray[np.int8], score: Floats) -> float | None:
    """The chance that a positive row scores above a negative one, ties counting half; None with one outcome only."""
    if not 0 < y.sum() < len(y):
        return None
    value = _Ranking(y.astype(np.float64), score).roc_auc(np.ones((1, len(y))))[0]
    return float(value)


class _Bootstrap:
    """Weights by which leads are drawn with replacement: chunks of (replicates, rows), the same for the same seed."""

    def __init__(self, leads: Ints, seed: int, replicates: int) -> None:
        _, self._code = np.unique(leads, return_inverse=True)
        self.clusters = int(self._code.max()) + 1
        self._seed, self._replicates = seed, replicates
        self._step = max(1, _CELLS // len(leads))

    def figures(self, figure: _Figure) -> Floats:
        draws = np.random.Generator(np.random.PCG64(self._seed))
        found = []
        left = self._replicates
        while left > 0:
            count = min(self._step, left)
            picked = draws.integers(0, self.clusters, size=(count, self.clusters))
            picked += np.arange(count)[:, None] * self.clusters
            drawn = np.bincount(picked.ravel(), minlength=count * self.clusters).reshape(count, self.clusters)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                found.append(figure(drawn[:, self._code].astype(np.float64)))
            left -= count
        return np.concatenate(found) if found else np.empty(0)

    def rows(self) -> int:
        return len(self._code)


def _metric(figure: _Figure, why_not: str, weights: _Bootstrap) -> Metric:
    if why_not:
        return Metric(None, reason=why_not)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        value = float(figure(np.ones((1, weights.rows())))[0])
    if not np.isfinite(value):
        return Metric(None, reason="the fit does not converge: p separates the outcomes")
    found = weights.figures(figure)
    defined = found[np.isfinite(found)]
    if weights.clusters < 2 or len(defined) < 0.9 * max(1, len(found)):
        return Metric(value, reason="too few leads for an interval")
    low, high = np.percentile(defined, [2.5, 97.5])
    return Metric(value, float(low), float(high))


class _Ranking:
    """Figures that depend on the order of a score only. Rows are sorted once; ties form one step."""

    def __init__(self, truth: Floats, score: Floats) -> None:
        self._order = np.argsort(-score, kind="stable")
        self._truth = truth[self._order]
        ordered = score[self._order]
        self._ends = np.append(np.nonzero(ordered[1:] != ordered[:-1])[0], len(ordered) - 1)

    def _steps(self, weights: Floats) -> tuple[Floats, Floats]:
        """Cumulated positives and negatives at the end of each step: (replicates, steps)."""
        w = weights[:, self._order]
        hits = np.cumsum(w * self._truth, axis=1)[:, self._ends]
        return hits, np.cumsum(w, axis=1)[:, self._ends] - hits

    def roc_auc(self, weights: Floats) -> Floats:
        hits, misses = self._steps(weights)
        new_hits, new_misses = np.diff(hits, axis=1, prepend=0.0), np.diff(misses, axis=1, prepend=0.0)
        below = misses[:, -1:] - misses + new_misses / 2
        area: Floats = (new_hits * below).sum(axis=1) / (hits[:, -1] * misses[:, -1])
        return area

    def pr_auc(self, weights: Floats) -> Floats:
        """Average precision: precision at each step, weighted by the positives it adds."""
        hits, misses = self._steps(weights)
        precision = hits / np.maximum(hits + misses, 1e-300)
        area: Floats = (np.diff(hits, axis=1, prepend=0.0) * precision).sum(axis=1) / hits[:, -1]
        return area

    def lift_top_decile(self, weights: Floats) -> Floats:
        hits, misses = self._steps(weights)
        seen = hits + misses
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


class _Line:
    """logit(P(y)) = slope * x + intercept by weighted maximum likelihood, a Newton iteration for all replicates at
    once.
    """

    def __init__(self, truth: Floats, x: Floats) -> None:
        self._truth, self._x = truth, x
        self._start: tuple[float, float] | None = None

    def slope(self, weights: Floats) -> Floats:
        if self._start is None:  # replicates begin at the fit of the whole block, from which few steps are left
            slope, intercept = self._fit(np.ones((1, len(self._x))), 1.0, 0.0)
            self._start = (float(slope[0]), float(intercept[0])) if np.isfinite(slope[0]) else (1.0, 0.0)
        return self._fit(weights, *self._start)[0]

    def intercept(self, weights: Floats) -> Floats:
        shift: Floats = np.zeros(len(weights))
        for _ in range(_NEWTON_STEPS):
            p = sigmoid(self._x + shift[:, None])
            residual = (weights * (self._truth - p)).sum(axis=1)
            step = residual / (weights * p * (1 - p)).sum(axis=1)
            shift = shift + np.clip(step, -2.0, 2.0)
            if np.nanmax(np.abs(step), initial=0.0) < 1e-9:
                return shift
        shift[~(np.abs(step) < 1e-6)] = np.nan
        return shift

    def _fit(self, weights: Floats, slope: float, intercept: float) -> tuple[Floats, Floats]:
        x = self._x
        a, b = np.full(len(weights), slope), np.full(len(weights), intercept)
        for _ in range(_NEWTON_STEPS):
            p = sigmoid(a[:, None] * x + b[:, None])
            residual = weights * (self._truth - p)
            curve = weights * p * (1 - p)
            g_a, g_b = (residual * x).sum(axis=1), residual.sum(axis=1)
            h_aa, h_ab, h_bb = (curve * x * x).sum(axis=1), (curve * x).sum(axis=1), curve.sum(axis=1)
            area = h_aa * h_bb - h_ab**2
            step_a, step_b = (h_bb * g_a - h_ab * g_b) / area, (h_aa * g_b - h_ab * g_a) / area
            a, b = a + np.clip(step_a, -2.0, 2.0), b + np.clip(step_b, -5.0, 5.0)
            if np.nanmax(np.abs(step_a), initial=0.0) < 1e-8 and np.nanmax(np.abs(step_b), initial=0.0) < 1e-8:
                return a, b
        off = ~((np.abs(step_a) < 1e-5) & (np.abs(step_b) < 1e-5))
        a[off] = np.nan
        return a, b


def _mean(weights: Floats, values: Floats) -> Floats:
    mean: Floats = (weights * values).sum(axis=1) / weights.sum(axis=1)
    return mean
