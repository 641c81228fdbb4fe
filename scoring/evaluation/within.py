"""Ranking within a period: what is left of a ROC-AUC when no base rate that moved can help it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.scoring.evaluation.figures import roc_auc

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def months(rows: pl.DataFrame) -> Ints:
    """A number for the calendar month of each row's as_of, (rows,)."""
    return rows["as_of"].dt.truncate("1mo").dt.epoch("d").to_numpy().astype(np.int64)


def auc_within(period: Ints, y: NDArray[np.int8], score: Floats) -> float | None:
    """The ROC-AUC of pairs from one period (T6); None where no period has both outcomes.

    The mean of the periods' own, weighted by their pairs of a positive and a negative row.
    """
    pairs, won = 0.0, 0.0
    for each in np.unique(period):
        rows = period == each
        auc = roc_auc(y[rows], score[rows])
        if auc is not None:
            here = float(y[rows].sum()) * float((1 - y[rows]).sum())
            pairs, won = pairs + here, won + here * auc
    return won / pairs if pairs else None
