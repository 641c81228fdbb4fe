"""A calibration as a frozen value: six methods that differ in their numbers, applied with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np

from leadmart.scoring.models.calibration.odds import Floats, inside, logit, sigmoid

Method = Literal["none", "intercept", "platt", "beta", "venn_abers", "isotonic"]

_Z95 = 1.959963984540054
_ALWAYS_WRITTEN = ("method", "slope", "intercept", "why", "rows", "positives")


@dataclass(frozen=True)
class CandidateLoss:
    """A method's mean log-loss on the folds it was not fitted on, and the standard error of what it loses against the
    best, clustered by lead.
    """

    method: Method
    log_loss: float
    standard_error: float

    def as_json(self) -> dict[str, object]:
        """`{"method", "log_loss", "standard_error"}`."""
        return {"method": self.method, "log_loss": self.log_loss, "standard_error": self.standard_error}


@dataclass(frozen=True)
class Calibration:
    """What turns p_raw into p_cal, never turning an order over. `why` says how the method was chosen; `rows` and
    `positives` (leads) are those of the block it was fitted on.

    none        p_raw itself
    intercept   sigmoid(logit(p_raw) + intercept)
    platt       sigmoid(slope * logit(p_raw) + intercept)
    beta        sigmoid(slope * ln(p_raw) - upper_slope * ln(1 - p_raw) + intercept), Kull et al. 2017
    venn_abers  p1 / (1 - p0 + p1), Vovk et al. 2015; p0 and p1 are step functions of p_raw
    isotonic    straight lines between knots, kept off 0 and 1

    `covariance` is that of the parameters (slope, upper_slope, intercept, as far as the method has them), row by row,
    clustered by lead. `curves` are (knots, p0, knots, p1) or (knots, p). `shift` is added to the log odds after all
    else: what a later month's base rate asks for (C7), with its variance. `weighed` is what it was chosen among, empty
    where the block was too small to choose: no part of the value nor of its text.
    """

    method: Method
    slope: float = 1.0
    intercept: float = 0.0
    why: str = ""
    rows: int = 0
    positives: int = 0
    upper_slope: float = 0.0
    covariance: tuple[float, ...] = ()
    curves: tuple[tuple[float, ...], ...] = ()
    shift: float = 0.0
    shift_variance: float = 0.0
    weighed: tuple[CandidateLoss, ...] = field(default=(), compare=False, repr=False)

    def apply(self, p_raw: Floats) -> Floats:
        """Calibrated probabilities, nowhere falling where p_raw rises. Venn-Abers and isotonic make ties: order by
        p_raw (C4).
        """
        return self._shifted(self._unshifted(p_raw))

    def interval(self, p_raw: Floats) -> tuple[Floats, Floats]:
        """Lower and upper end around each p_cal (C5); NaN where the method gives none.

        Venn-Abers: p0 and p1. intercept, platt, beta: 95 % from the covariance of the parameters, by the delta method
        on the log odds. They tell how well the calibration is known; not how much leads of one p_raw differ.
        """
        if self.method == "venn_abers":
            low, high = self._venn_abers(p_raw)
            return self._shifted(low), self._shifted(high)
        if self.method in ("none", "isotonic") or not self.covariance:
            unknown = np.full(len(p_raw), np.nan)
            return unknown, unknown.copy()
        terms = design(self.method, p_raw)
        matrix = np.asarray(self.covariance).reshape(terms.shape[1], -1)
        variance = np.einsum("ni,ij,nj->n", terms, matrix, terms, optimize=False) + self.shift_variance
        half = _Z95 * np.sqrt(np.maximum(variance, 0.0))
        odds = self._log_odds(p_raw) + self.shift
        return sigmoid(odds - half), sigmoid(odds + half)

    def as_json(self) -> dict[str, Any]:
        """All that decides a value; numbers a method does not have are left out."""
        kept = [f for f in fields(self) if f.compare]
        written = [f.name for f in kept if f.name in _ALWAYS_WRITTEN or getattr(self, f.name) != f.default]
        return {name: getattr(self, name) for name in written}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Calibration:
        """The calibration of an `as_json` document. Raises ValueError or TypeError for any other."""
        given = dict(document)
        if given.get("method") not in get_args(Method):
            raise ValueError(f"no calibration method is called {given.get('method')}")
        given["covariance"] = tuple(given.get("covariance", ()))
        given["curves"] = tuple(tuple(curve) for curve in given.get("curves", ()))
        return cls(**given)

    def _unshifted(self, p_raw: Floats) -> Floats:
        if self.method == "none":
            return p_raw
        if self.method == "isotonic":
            knots, values = self.curves
            p: Floats = np.interp(p_raw, knots, values)
            return p
        if self.method == "venn_abers":
            low, high = self._venn_abers(p_raw)
            both: Floats = high / (1 - low + high)
            return both
        return sigmoid(self._log_odds(p_raw))

    def _log_odds(self, p_raw: Floats) -> Floats:
        if self.method == "beta":
            kept = inside(p_raw)
            odds: Floats = self.slope * np.log(kept) - self.upper_slope * np.log1p(-kept) + self.intercept
            return odds
        return self.slope * logit(p_raw) + self.intercept

    def _venn_abers(self, p_raw: Floats) -> tuple[Floats, Floats]:
        low_at, low, high_at, high = (np.asarray(curve) for curve in self.curves)
        return low[np.searchsorted(low_at, p_raw, "right")], high[np.searchsorted(high_at, p_raw, "left")]

    def _shifted(self, p: Floats) -> Floats:
        return p if self.shift == 0.0 else sigmoid(logit(p) + self.shift)


def design(method: Method, p_raw: Floats) -> Floats:
    """(rows, parameters): what each parameter of intercept, platt or beta is multiplied by."""
    one = np.ones(len(p_raw))
    if method == "intercept":
        return one[:, None]
    if method == "platt":
        return np.stack([logit(p_raw), one], axis=1)
    kept = inside(p_raw)
    return np.stack([np.log(kept), -np.log1p(-kept), one], axis=1)
