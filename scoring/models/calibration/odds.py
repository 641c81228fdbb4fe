"""Log odds and back, finite at 0 and 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Outcomes = NDArray[np.int8]

# Probabilities are kept this far from 0 and 1, so that log odds are finite.
_EPS = 1e-12


def inside(p: Floats) -> Floats:
    """p kept off 0 and 1 by 1e-12."""
    kept: Floats = np.clip(p, _EPS, 1 - _EPS)
    return kept


def logit(p: Floats) -> Floats:
    """Log odds, with p kept off 0 and 1 by 1e-12."""
    kept = inside(p)
    odds: Floats = np.log(kept) - np.log1p(-kept)
    return odds


def sigmoid(x: Floats) -> Floats:
    """The inverse of `logit`."""
    p: Floats = 1.0 / (1.0 + np.exp(-x))
    return p


def losses(y: Outcomes, p: Floats) -> Floats:
    """Each row's log-loss, with p kept off 0 and 1 by 1e-15."""
    kept = np.clip(p, 1e-15, 1 - 1e-15)
    loss: Floats = -np.where(y == 1, np.log(kept), np.log1p(-kept))
    return loss
