"""Suspects: columns that tell the outcome better than a lead's behaviour can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluate import roc_auc
from leadmart.scoring.matrix import fit_columns, to_matrix
from leadmart.scoring.model import FittedBooster, gain_shares

# K5, with its numbers.
TOO_TELLING_AUC = 0.90
TOO_TELLING_MISSINGNESS = 0.70
TOO_MUCH_GAIN = 0.50
# Fewer rows of an outcome than this and an extreme AUC is chance.
_LEAST_ROWS = 20


@dataclass(frozen=True)
class Suspect:
    """A column, the figure that makes it suspect, and the words for people."""

    column: str
    code: str
    value: float
    why: str

    def as_json(self) -> dict[str, object]:
        """`{"column", "code", "value", "why"}`."""
        return {"column": self.column, "code": self.code, "value": self.value, "why": self.why}


def find_suspects(
    rows: pl.DataFrame, columns: Sequence[FeatureColumn], fitted: FittedBooster | None
) -> tuple[Suspect, ...]:
    """Columns whose values, or whose being missing, or whose part in the model give the outcome away. Looks at
    training rows.

    A category is judged by the outcome rate of its levels. Suspects are listed, not refused: an honest column may be
    strong.
    """
    rows = rows.sort("as_of", "lead_id")
    y = rows["y"].to_numpy()
    fitted_columns = fit_columns(rows, columns)
    matrix = to_matrix(rows, fitted_columns)
    found: list[Suspect] = []
    for position, column in enumerate(fitted_columns):
        values = matrix[:, position]
        is_known = ~np.isnan(values)
        score = _rates(values, y) if column.kind == "category" else values
        auc = _auc(y[is_known], score[is_known])
        if auc is not None and not 1 - TOO_TELLING_AUC <= auc <= TOO_TELLING_AUC:
            found.append(Suspect(column.name, "univariate_auc", auc, f"alone it has a ROC-AUC of {auc:.3f}"))
        missing = _auc(y, (~is_known).astype(np.float64))
        if missing is not None and max(missing, 1 - missing) > TOO_TELLING_MISSINGNESS:
            why = f"whether it is missing has a ROC-AUC of {missing:.3f}"
            found.append(Suspect(column.name, "missingness_auc", missing, why))
    if fitted is not None:
        for model_column, share in zip(fitted.columns, gain_shares(fitted.booster), strict=True):
            if share > TOO_MUCH_GAIN:
                why = f"it has {share:.0%} of the model's gain"
                found.append(Suspect(model_column.name, "gain_share", float(share), why))
    return tuple(found)


def _auc(y: NDArray[np.int8], score: NDArray[np.float64]) -> float | None:
    positives = int(y.sum())
    if min(positives, len(y) - positives) < _LEAST_ROWS:
        return None
    return roc_auc(y, score)


def _rates(codes: NDArray[np.float64], y: NDArray[np.int8]) -> NDArray[np.float64]:
    """Each row's level replaced by that level's share of positives."""
    known = ~np.isnan(codes)
    rates = np.full(len(codes), np.nan)
    index = codes[known].astype(np.int64)
    rows = np.maximum(np.bincount(index), 1)
    rates[known] = (np.bincount(index, weights=y[known]) / rows)[index]
    return rates
