"""Which calibration: candidates by the size of the block, the choice among them by cross-validation within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leadmart.scoring.models.calibration.fits import FITS, Unfit, fit_intercept, shift_z
from leadmart.scoring.models.calibration.odds import Floats, Ints, Outcomes, losses
from leadmart.scoring.models.calibration.value import Calibration, CandidateLoss, Method

# Positive leads of the block from which a method is a candidate (C3, measured): leads, since landmarks of one lead are
# one fate. A method stays one where more are.
FLOORS: dict[Method, int] = {"none": 0, "intercept": 50, "platt": 50, "beta": 200, "venn_abers": 200, "isotonic": 500}
PLATT_FLOOR = FLOORS["platt"]
FOLDS = 5
# |z| beyond which the block's base rate is said to have shifted: two-sided 5 %.
SHIFT_Z = 1.96


def fit_calibration(y: Outcomes, p_raw: Floats, leads: Ints) -> Calibration:
    """The calibration fitted on one block: rows the model has not seen, none of the test (C1).

    `leads` numbers each row's lead. Below 50 positive leads: none, or the intercept alone if the base rate shifted
    (observed less expected positives against a standard error clustered by lead). From there on the `FLOORS` say which
    methods are candidates; each is fitted on four fifths of the leads and judged on the last, five times, and the
    simplest is taken that is within one standard error of the best (C2). The order of the rows changes nothing.
    """
    order = np.lexsort((y, p_raw, leads))
    y, p_raw, leads = y[order], p_raw[order], leads[order]
    rows, positives = len(y), len(np.unique(leads[y == 1]))
    if rows == 0:
        return Calibration("none", why="there is no calibration block")
    if positives == 0 or int(y.sum()) == rows:
        why = "the calibration block has one outcome only"
        return Calibration("none", why=why, rows=rows, positives=positives)
    if positives < PLATT_FLOOR:
        found, why = _small(y, p_raw, leads, positives)
        return replace(found, why=why, rows=rows, positives=positives)
    methods = [method for method, floor in FLOORS.items() if positives >= floor]
    fitted: dict[Method, Calibration] = {}
    unfit = []
    kept: dict[Method, Floats] = {}
    for method in methods:
        try:
            fitted[method] = FITS[method](y, p_raw, leads)
            kept[method] = _held_out(method, y, p_raw, leads)
        except Unfit as cause:
            unfit.append(str(cause))
    judged = _judged(kept, leads)
    best = min(candidate.log_loss for candidate in judged)
    chosen = next(c for c in judged if c.log_loss - best <= c.standard_error)
    why = f"{positives} positive leads; {_words(judged, chosen, best)}"
    why = "; ".join([why, *unfit[:1]])
    return replace(fitted[chosen.method], why=why, rows=rows, positives=positives, weighed=judged)


def folds_of(y: Outcomes, leads: Ints, folds: int = FOLDS) -> Ints:
    """Each row's fold, 0 to folds - 1: a lead's rows together, leads with an outcome spread evenly."""
    names, code = np.unique(leads, return_inverse=True)
    is_positive = np.bincount(code, weights=y) > 0
    draw = np.random.Generator(np.random.PCG64(1)).permutation(len(names))
    dealt = np.empty(len(names), dtype=np.int64)
    dealt[np.lexsort((draw, ~is_positive))] = np.arange(len(names)) % folds
    found: Ints = dealt[code]
    return found


def _small(y: Outcomes, p_raw: Floats, leads: Ints, positives: int) -> tuple[Calibration, str]:
    found = f"{positives} positive leads, fewer than {PLATT_FLOOR}"
    z = shift_z(y, p_raw, leads)
    if abs(z) <= SHIFT_Z:
        return Calibration("none"), f"{found}; base rate as expected (z {z:.2f})"
    return fit_intercept(y, p_raw, leads), f"{found}; base rate shifted (z {z:.2f})"


def _held_out(method: Method, y: Outcomes, p_raw: Floats, leads: Ints) -> Floats:
    """Each row's log-loss under the method fitted on the other folds."""
    loss = np.empty(len(y))
    fold = folds_of(y, leads)
    for number in range(FOLDS):
        out = fold == number
        fitted = FITS[method](y[~out], p_raw[~out], leads[~out])
        loss[out] = losses(y[out], fitted.apply(p_raw[out]))
    return loss


def _judged(kept: dict[Method, Floats], leads: Ints) -> tuple[CandidateLoss, ...]:
    _, code = np.unique(leads, return_inverse=True)
    best = kept[min(kept, key=lambda method: float(kept[method].mean()))]
    judged = []
    for method, loss in kept.items():
        excess = loss - best
        by_lead = np.bincount(code, weights=excess - excess.mean())
        error = float(np.sqrt((by_lead**2).sum())) / len(loss)
        judged.append(CandidateLoss(method, float(loss.mean()), error))
    return tuple(judged)


def _words(judged: Sequence[CandidateLoss], chosen: CandidateLoss, best: float) -> str:
    loss = f"log-loss {chosen.log_loss:.4f} on held-out leads"
    if chosen.log_loss == best:
        return f"{loss}, the lowest of {len(judged)}"
    lowest = next(c for c in judged if c.log_loss == best)
    return f"{loss}, within one standard error of {lowest.method} ({best:.4f})"
