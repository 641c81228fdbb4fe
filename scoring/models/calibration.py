"""Calibration: from the model's raw probability to one that means a share of leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["none", "intercept", "platt"]
Floats = NDArray[np.float64]

# Positive leads of the calibration block from which Platt's two parameters pay for themselves (requirements C3,
# measured).
PLATT_FLOOR = 50
# |z| beyond which the block's base rate is said to have shifted: two-sided 5 %.
_SHIFT_Z = 1.96
# Probabilities are kept this far from 0 and 1, so that log odds are finite.
_EPS = 1e-12


@dataclass(frozen=True)
class Calibration:
    """p_cal = sigmoid(slope * logit(p_raw) + intercept); for `none`, p_raw itself. `why` says how the method was
    chosen.
    """

    method: Method
    slope: float = 1.0
    intercept: float = 0.0
    why: str = ""
    rows: int = 0
    positives: int = 0

    def apply(self, p_raw: Floats) -> Floats:
        """Calibrated probabilities; strictly rising in p_raw up to rounding, since a slope is never negative."""
        if self.method == "none":
            return p_raw
        return sigmoid(self.slope * logit(p_raw) + self.intercept)

    def interval(self, p_raw: Floats) -> tuple[Floats, Floats]:
        """(low, high) of the calibrated probabilities; NaN where the method gives none."""
        unknown: Floats = np.full(len(p_raw), np.nan)
        return unknown, unknown


def fit_calibration(y: NDArray[np.int8], p_raw: Floats, leads: NDArray[np.int64]) -> Calibration:
    """The calibration that the size of the block allows, fitted on it alone: rows the model has not seen, none of the
    test.

    `leads` numbers each row's lead. Below `PLATT_FLOOR` positive leads: none, or the intercept alone if the base rate
    shifted (observed less expected positives against a standard error clustered by lead); else Platt's slope and
    intercept.
    """
    rows, positives = len(y), len(np.unique(leads[y == 1]))
    if rows == 0:
        return Calibration("none", why="there is no calibration block")
    if positives == 0 or int(y.sum()) == rows:
        return Calibration("none", why="the calibration block has one outcome only", rows=rows, positives=positives)
    if positives < PLATT_FLOOR:
        found = f"{positives} positive leads, fewer than {PLATT_FLOOR}"
        z = _shift(y, p_raw, leads)
        if abs(z) <= _SHIFT_Z:
            return Calibration(
                "none", why=f"{found}; base rate as expected (z {z:.2f})", rows=rows, positives=positives
            )
        intercept = _fit_intercept(y, p_raw)
        return Calibration("intercept", 1.0, intercept, f"{found}; base rate shifted (z {z:.2f})", rows, positives)
    slope, intercept = _fit_platt(y, p_raw)
    if slope <= 0:
        why = f"Platt's slope is {slope:.2f}: in this block the model ranks the wrong way round"
        return Calibration("none", why=why, rows=rows, positives=positives)
    return Calibration("platt", slope, intercept, f"{positives} positive leads", rows, positives)


def logit(p: Floats) -> Floats:
    """Log odds, with p kept off 0 and 1 by 1e-12."""
    inside = np.clip(p, _EPS, 1 - _EPS)
    odds: Floats = np.log(inside) - np.log1p(-inside)
    return odds


def sigmoid(x: Floats) -> Floats:
    """The inverse of `logit`."""
    p: Floats = 1.0 / (1.0 + np.exp(-x))
    return p


def _shift(y: NDArray[np.int8], p_raw: Floats, leads: NDArray[np.int64]) -> float:
    _, code = np.unique(leads, return_inverse=True)
    residual_by_lead = np.bincount(code, weights=y - p_raw)
    spread = float(np.sqrt(np.sum(residual_by_lead**2)))
    return float(np.sum(residual_by_lead)) / spread if spread > 0 else 0.0


def _fit_intercept(y: NDArray[np.int8], p_raw: Floats) -> float:
    """The shift of the log odds at which expected and observed positives agree (Newton; the function is convex)."""
    x, shift, observed = logit(p_raw), 0.0, float(y.sum())
    for _ in range(100):
        p = sigmoid(x + shift)
        step = (observed - float(p.sum())) / float((p * (1 - p)).sum())
        shift += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-12:
            break
    return shift


def _fit_platt(y: NDArray[np.int8], p_raw: Floats) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):  # a sum split over threads rounds otherwise
        fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=200)
        fit.fit(logit(p_raw).reshape(-1, 1), y)
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])
