"""Two scores of the same rows: the differences of their figures, from leads drawn once for both (E11, D5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Ints, Ranking, mean

_LOWER_IS_BETTER = ("log_loss", "brier")
_NAMES = ("log_loss", "brier", "roc_auc", "pr_auc", "lift_top_decile")


@dataclass(frozen=True)
class Difference:
    """A figure of a, of b, and a minus b with the 95 % interval of the paired bootstrap.

    `bound_90` is the 90th percentile of a minus b: with log_loss, the bound that a refit has to keep below a margin
    (D5). `better` is the share of draws in which a is better, ties counting half; lower is better for log_loss and
    brier, higher elsewhere. All are None where one is undefined, and `reason` says why.
    """

    a: float | None
    b: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None
    bound_90: float | None = None
    better: float | None = None
    reason: str = ""

    def as_json(self) -> dict[str, float | str | None]:
        """The fields by name, and `reason` where something is undefined."""
        names = ("a", "b", "difference", "low", "high", "bound_90", "better")
        document: dict[str, float | str | None] = {name: getattr(self, name) for name in names}
        return document | ({"reason": self.reason} if self.reason else {})


def paired(
    y: NDArray[np.int8],
    p_a: Floats,
    p_b: Floats,
    leads: Ints,
    *,
    seed: int = 1,
    replicates: int = 500,
    are_probabilities: bool = True,
) -> dict[str, Difference]:
    """log_loss, brier, roc_auc, pr_auc and lift_top_decile of two scores of the same rows, a minus b.

    Every draw of leads serves both scores, so that what makes the rows hard falls out of the difference. With
    `are_probabilities` False (points, ranks) log_loss and brier are undefined.
    """
    if reason := _undefined(y, p_a, p_b):
        return dict.fromkeys(_NAMES, Difference(None, None, None, reason=reason))
    keys: list[NDArray[Any]] = [p_b, p_a, y, leads]
    order = np.lexsort(keys)  # one order of rows for every caller: sums of doubles depend on it
    truth, leads = y[order].astype(np.float64), leads[order]
    draws = Bootstrap(leads, seed, replicates)
    values, found = draws.replicates(
        lambda w: np.stack([f for p in (p_a, p_b) for f in _figures(w, truth, p[order], are_probabilities)])
    )
    differences = {}
    for place, name in enumerate(_NAMES):
        a, b = values[place], values[place + len(_NAMES)]
        gap = found[place] - found[place + len(_NAMES)]
        differences[name] = _difference(name, float(a), float(b), gap[np.isfinite(gap)], replicates, draws.clusters)
    if not are_probabilities:
        for name in _LOWER_IS_BETTER:
            differences[name] = Difference(None, None, None, reason="one of the scores is no probability")
    return differences


def _undefined(y: NDArray[np.int8], p_a: Floats, p_b: Floats) -> str:
    if not len(y):
        return "there are no rows"
    if not (np.isfinite(p_a).all() and np.isfinite(p_b).all()):
        return "some rows have no such score"
    if not 0 < y.sum() < len(y):
        return f"every row is {'positive' if y[0] == 1 else 'negative'}"
    return ""


def _figures(weights: Floats, truth: Floats, p: Floats, are_probabilities: bool) -> tuple[Floats, ...]:
    ranks = Ranking(truth, p).figures(weights)
    if not are_probabilities:
        nothing = np.full(len(weights), np.nan)
        return nothing, nothing, *ranks
    inside = np.clip(p, 1e-15, 1 - 1e-15)
    loss = -(truth * np.log(inside) + (1 - truth) * np.log1p(-inside))
    return mean(weights, loss), mean(weights, (p - truth) ** 2), *ranks


def _difference(name: str, a: float, b: float, gaps: Floats, replicates: int, clusters: int) -> Difference:
    if clusters < 2 or len(gaps) < 0.9 * replicates:
        return Difference(a, b, a - b, reason="too few leads for an interval")
    low, bound, high = np.percentile(gaps, [2.5, 90, 97.5])
    side = gaps if name in _LOWER_IS_BETTER else -gaps
    better = float(np.mean((side < 0) + (side == 0) / 2))
    return Difference(a, b, a - b, float(low), float(high), float(bound), better)
