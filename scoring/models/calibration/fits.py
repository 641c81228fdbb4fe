"""The fit of each calibration method on one block."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np

from leadmart.scoring.models.calibration.odds import Floats, Ints, Outcomes, logit, sigmoid
from leadmart.scoring.models.calibration.value import Calibration, Method, design

Fit = Callable[[Outcomes, Floats, Ints], Calibration]


class Unfit(Exception):
    """A block that a method cannot be fitted on; the message says why."""


def fit_none(y: Outcomes, p_raw: Floats, leads: Ints) -> Calibration:
    """p_raw as it is."""
    return Calibration("none")


def fit_intercept(y: Outcomes, p_raw: Floats, leads: Ints) -> Calibration:
    """The shift of the log odds at which expected and observed positives agree."""
    shift, _ = shift_of(y, p_raw, leads)
    found = Calibration("intercept", 1.0, shift)
    return _with_covariance(found, y, p_raw, leads, np.array([True]))


def fit_platt(y: Outcomes, p_raw: Floats, leads: Ints) -> Calibration:
    """Slope and intercept of the log odds, by maximum likelihood. Raises Unfit for a slope of 0 or less."""
    slope, intercept = _logistic(design("platt", p_raw)[:, :1], y)
    if not slope > 0:
        raise Unfit(f"Platt's slope is {slope:.2f}: in this block the model ranks the wrong way round")
    found = Calibration("platt", slope, intercept)
    return _with_covariance(found, y, p_raw, leads, np.array([True, True]))


def fit_beta(y: Outcomes, p_raw: Floats, leads: Ints) -> Calibration:
    """Slopes of ln(p) and -ln(1-p), and an intercept; a slope below 0 is held at 0, as its authors do (Kull et al.
    2017). Raises Unfit where none is above 0.
    """
    terms = design("beta", p_raw)[:, :2]
    used = np.array([True, True])
    while used.any():
        *slopes, intercept = _logistic(terms[:, used], y)
        if min(slopes) > 0:
            break
        used[np.nonzero(used)[0][int(np.argmin(slopes))]] = False
    else:
        raise Unfit("both of beta's slopes are below 0: in this block the model ranks the wrong way round")
    both = np.zeros(2)
    both[used] = slopes
    found = Calibration("beta", float(both[0]), intercept, upper_slope=float(both[1]))
    return _with_covariance(found, y, p_raw, leads, np.append(used, True))


def fit_venn_abers(y: Outcomes, p_raw: Floats, leads: Ints) -> Calibration:
    """Inductive Venn-Abers: the isotonic fits with the new lead counted as negative (p0) and as positive (p1).

    The width between them shrinks with the number of examples, and a lead's landmarks are one example: so many
    neighbours by p_raw are taken as one as a lead has rows in the mean.
    """
    with np.errstate():  # its import sets numpy's error state for the whole process
        from venn_abers import calc_p0p1  # type: ignore[import-untyped]

    order = np.lexsort((y, p_raw))
    starts = np.arange(0, len(y), max(1, round(len(y) / len(np.unique(leads)))))
    counts = np.diff(np.append(starts, len(y)))
    score = np.add.reduceat(p_raw[order], starts) / counts
    share = np.add.reduceat(y[order].astype(np.float64), starts) / counts
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it divides by the width of nothing, and skips the NaN
        low, high, knots = calc_p0p1(np.stack([1 - score, score], axis=1), share)
    lower = np.maximum.accumulate(np.clip(low[:, 1], 0.0, 1.0))
    upper = np.maximum(np.maximum.accumulate(np.clip(high[:, 1], 0.0, 1.0)), lower)
    return Calibration("venn_abers", curves=(*_steps(knots, lower), *_steps(knots, upper)))


def fit_isotonic(y: Outcomes, p_raw: Floats, leads: Ints) -> Calibration:
    """The best rising curve, clipped to [1/(n+2), 1-1/(n+2)] with n leads: at the ends it says 0 or 1 otherwise."""
    from sklearn.isotonic import IsotonicRegression

    edge = 1 / (len(np.unique(leads)) + 2)
    fit = IsotonicRegression(y_min=edge, y_max=1 - edge, increasing=True, out_of_bounds="clip")
    order = np.lexsort((y, p_raw))
    fit.fit(p_raw[order], y[order].astype(np.float64))
    return Calibration("isotonic", curves=(_plain(fit.X_thresholds_), _plain(fit.y_thresholds_)))


FITS: Mapping[Method, Fit] = {
    "none": fit_none,
    "intercept": fit_intercept,
    "platt": fit_platt,
    "beta": fit_beta,
    "venn_abers": fit_venn_abers,
    "isotonic": fit_isotonic,
}
"""By method, the simplest first."""


def shift_of(y: Outcomes, p: Floats, leads: Ints) -> tuple[float, float]:
    """The shift of p's log odds at which expected and observed positives agree, and its variance clustered by lead
    (Newton; the function is convex). Both outcomes must occur.
    """
    x, shift, observed = logit(p), 0.0, float(y.sum())
    for _ in range(100):
        now = sigmoid(x + shift)
        step = (observed - float(now.sum())) / float((now * (1 - now)).sum())
        shift += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-12:
            break
    matrix = _covariance(np.ones((len(y), 1)), y, sigmoid(x + shift), leads)
    return shift, float(matrix[0, 0])


def shift_z(y: Outcomes, p: Floats, leads: Ints) -> float:
    """Observed less expected positives over their standard error, clustered by lead: normal where p is calibrated."""
    _, code = np.unique(leads, return_inverse=True)
    residual_by_lead = np.bincount(code, weights=y - p)
    spread = float(np.sqrt(np.sum(residual_by_lead**2)))
    return float(np.sum(residual_by_lead)) / spread if spread > 0 else 0.0


def _logistic(terms: Floats, y: Outcomes) -> list[float]:
    """The coefficients of each term, then the intercept, without a penalty."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):  # a sum split over threads rounds otherwise
        fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=200)
        fit.fit(terms, y)
    return [*map(float, fit.coef_[0]), float(fit.intercept_[0])]


def _with_covariance(found: Calibration, y: Outcomes, p_raw: Floats, leads: Ints, used: np.ndarray) -> Calibration:
    """The calibration with its parameters' covariance; a slope held at 0 has none."""
    terms = design(found.method, p_raw)
    whole = np.zeros((len(used), len(used)))
    try:
        whole[np.ix_(used, used)] = _covariance(terms[:, used], y, found.apply(p_raw), leads)
    except np.linalg.LinAlgError:  # p_raw has one value only
        raise Unfit("p_raw does not vary enough in this block") from None
    return Calibration(
        found.method,
        found.slope,
        found.intercept,
        upper_slope=found.upper_slope,
        covariance=_plain(whole.ravel()),
    )


def _covariance(terms: Floats, y: Outcomes, p: Floats, leads: Ints) -> Floats:
    """The sandwich of the maximum likelihood fit, scores added up by lead first (Liang & Zeger 1986)."""
    _, code = np.unique(leads, return_inverse=True)
    curve = np.einsum("ni,n,nj->ij", terms, p * (1 - p), terms, optimize=False)
    by_lead = np.stack([np.bincount(code, weights=column * (y - p)) for column in terms.T], axis=1)
    clusters = len(by_lead)
    meat = np.einsum("gi,gj->ij", by_lead, by_lead, optimize=False) * clusters / max(1, clusters - 1)
    bread = np.linalg.inv(curve)
    found: Floats = bread @ meat @ bread
    return found


def _steps(knots: Floats, values: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """A step function with the knots left out at which it does not rise."""
    rises = np.nonzero(np.diff(values) > 0)[0]
    return _plain(knots[rises]), _plain(values[np.append(0, rises + 1)])


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
