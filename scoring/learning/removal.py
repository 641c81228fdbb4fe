"""What the ranking loses without a column: small models with it and without it, judged on leads they did not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.clusters import cluster_numbers, cluster_of
from leadmart.scoring.evaluation.within import auc_within, months
from leadmart.scoring.models.matrix import ModelColumn, category_positions, fit_columns, to_matrix

Floats = NDArray[np.float64]

# Enough for an error of some .01 in the loss; above it only the time grows.
_MOST_ROWS = 12_000
_FOLDS = 2
_ROUNDS = 60
_PARAMS: dict[str, object] = {
    "objective": "binary", "verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1, "seed": 1,
    "learning_rate": 0.1, "num_leaves": 8, "min_data_in_leaf": 30, "lambda_l2": 5.0,
}  # fmt: skip
# A column with less of the gain than this cannot cost .05 of the AUC when it goes.
_LEAST_GAIN = 0.03
_MOST_COLUMNS = 8
# Groups of leads for the jackknife.
_GROUPS = 20


@dataclass(frozen=True)
class Removal:
    """A column's share of the small models' gain, the AUC of a small model with all columns, what that loses without
    the column, and the standard error of the loss. The AUC is that of leads of one month among themselves.
    """

    gain: float
    auc: float
    loss: float
    error: float


def removals(rows: pl.DataFrame, columns: Sequence[FeatureColumn]) -> Mapping[str, Removal]:
    """For the columns that carry such a model, at most eight, what their removal costs in ROC-AUC.

    The models are small (60 rounds of 8 leaves, one thread) and see at most 12,000 rows, whole leads of them drawn by
    a fixed seed; each is fitted on one half of the leads and judged on the other, both ways. A lead's rows share its
    fate, so the error is a jackknife over groups of leads. Landmarks are compared within their month: over all months
    together, a base rate that moved makes any column that tells the time look able (.78 instead of .63 on Olist's
    funnel). Empty where no month has both outcomes.
    """
    sample = _sample(rows)
    y, lead = sample["y"].to_numpy(), cluster_numbers(sample) + 1
    group = np.random.default_rng(1).permutation(int(lead.max(initial=0)) + 1)[lead] % _GROUPS
    known = fit_columns(sample, columns)
    matrix = to_matrix(sample, known)
    month = months(sample)
    whole, gain = _predictions(matrix, known, y, group)
    shares = dict(zip((column.name for column in known), gain, strict=True))
    asked = sorted((n for n in shares if shares[n] >= _LEAST_GAIN), key=lambda n: (-shares[n], n))[:_MOST_COLUMNS]
    auc = auc_within(month, y, whole)
    if auc is None or not asked:
        return {}
    found = {}
    for name in asked:
        kept = [position for position, column in enumerate(known) if column.name != name]
        without, _ = _predictions(matrix[:, kept], [known[position] for position in kept], y, group)
        loss, error = _loss(month, y, whole, without, group)
        found[name] = Removal(float(shares[name]), auc, loss, error)
    return found


def _sample(rows: pl.DataFrame) -> pl.DataFrame:
    """Whole leads, drawn by a fixed seed, until there are `_MOST_ROWS`; sorted."""
    if rows.height > _MOST_ROWS:
        leads = rows[cluster_of(rows)].unique().sort()
        wanted = int(leads.len() * _MOST_ROWS / rows.height)
        rows = rows.join(leads.sample(wanted, seed=1).to_frame(), on=cluster_of(rows), how="semi")
    return rows.sort("as_of", "lead_id")


def _predictions(
    matrix: Floats, columns: Sequence[ModelColumn], y: NDArray[np.int8], group: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Each row's score by the model of the other leads, the same for all where no column is left; and each column's
    share of the two models' gain.
    """
    import lightgbm

    p, gain = np.zeros(len(y)), np.zeros(len(columns))
    if not columns:
        return p, gain
    for fold in range(_FOLDS):
        held = group % _FOLDS == fold
        learned = lightgbm.Dataset(
            matrix[~held], y[~held], categorical_feature=category_positions(columns), params=dict(_PARAMS)
        )
        booster = lightgbm.train(dict(_PARAMS), learned, num_boost_round=_ROUNDS)
        p[held] = booster.predict(matrix[held])
        gain += booster.feature_importance("gain")
    total = float(gain.sum())
    return p, gain / total if total > 0 else gain


def _loss(
    month: NDArray[np.int64], y: NDArray[np.int8], whole: Floats, without: Floats, group: NDArray[np.int64]
) -> tuple[float, float]:
    def difference(kept: NDArray[np.bool_]) -> float | None:
        one = auc_within(month[kept], y[kept], whole[kept])
        other = auc_within(month[kept], y[kept], without[kept])
        return None if one is None or other is None else one - other

    loss = difference(np.ones(len(y), dtype=bool))
    left_out = [difference(group != number) for number in range(_GROUPS)]
    values = np.array([value for value in left_out if value is not None])
    assert loss is not None
    spread = float(np.sqrt((len(values) - 1) / len(values) * np.sum((values - values.mean()) ** 2)))
    return loss, spread
