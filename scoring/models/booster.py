"""Boosted trees: LightGBM in its deterministic mode, kept as its own text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.models.estimator import Fitted, Monotone, Value
from leadmart.scoring.models.matrix import ModelColumn, category_positions, fit_columns, to_matrix

if TYPE_CHECKING:
    import lightgbm

Floats = NDArray[np.float64]

# T5: with fewer positive leads than this in all, a validation block decides by chance; the rounds are fixed instead.
EARLY_STOPPING_FLOOR = 200
# ... and a validation block with fewer than this says nothing about when to stop.
VALIDATION_FLOOR = 20
PATIENCE = 30

# G2. A hundred rows a leaf, since some ten landmarks of a lead are one fate: with 15 leaves of 40 rows the made-up
# worlds of the tests lost .03 of the reachable AUC, with these .02. No scale_pos_weight and no resampling: they ruin
# the probability (G3).
_ML: dict[str, Value] = {
    "learning_rate": 0.04, "num_leaves": 7, "min_data_in_leaf": 100, "lambda_l2": 5.0,
    "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1,
}  # fmt: skip
_HYBRID: dict[str, Value] = {
    "learning_rate": 0.03, "num_leaves": 4, "min_data_in_leaf": 40, "lambda_l2": 20.0,
    "feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1,
}  # fmt: skip
_ALWAYS: dict[str, Value] = {
    "objective": "binary", "metric": "binary_logloss", "boosting": "gbdt",
    "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
_MOST_ROUNDS = {"ml": 300, "hybrid": 100}
_FIXED_ROUNDS = {"ml": 120, "hybrid": 100}
_SIGNS = {"up": 1, "down": -1}


@dataclass(frozen=True)
class Booster:
    """A LightGBM booster as its own text, without its thread count."""

    text: str
    name = "lightgbm"

    def document(self) -> dict[str, Any]:
        return {"booster": self.text}

    def probability(self, matrix: Floats) -> Floats:
        if not len(matrix):
            return np.empty(0)
        return np.asarray(_load(self.text).predict(matrix), dtype=np.float64)

    def margin(self, matrix: Floats) -> Floats:
        if not len(matrix):
            return np.empty(0)
        return np.asarray(_load(self.text).predict(matrix, raw_score=True), dtype=np.float64)

    def contributions(self, matrix: Floats) -> tuple[Floats, Floats]:
        """TreeSHAP. About 1,200 to 10,000 rows a second, by the size of the trees: ask for the rows whose reasons are
        read.
        """
        if not len(matrix):
            return np.empty((0, matrix.shape[1])), np.empty(0)
        both = np.asarray(_load(self.text).predict(matrix, pred_contrib=True), dtype=np.float64)
        return both[:, :-1], both[:, -1]

    def shares(self, columns: int) -> Floats:
        """Each column's share of the total gain."""
        gain = np.asarray(_load(self.text).feature_importance("gain"), dtype=np.float64)
        total = float(gain.sum())
        found: Floats = gain / total if total > 0 else gain
        return found


def fit_booster(
    train: pl.DataFrame,
    validation: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    *,
    tier: Literal["hybrid", "ml"],
    seed: int,
    threads: int,
    may_stop_early: bool,
    monotone: Monotone | None = None,
) -> Fitted:
    """Fits on `train`, stops by `validation` where that is allowed, then refits on both with that many rounds.

    The frames hold lead_id, as_of, y and the features. Rows are sorted by (as_of, lead_id) first, so their order, like
    `threads`, changes no byte. Level lists come from `train` alone while stopping, and from both for the refit.
    """
    signs = [_SIGNS[monotone[c.name]] if c.name in monotone else 0 for c in columns] if monotone else []
    params = _ALWAYS | (_ML if tier == "ml" else _HYBRID) | {"seed": seed}
    if any(signs):
        params |= {"monotone_constraints": ",".join(map(str, signs)), "monotone_constraints_method": "intermediate"}
    rounds = _FIXED_ROUNDS[tier]
    if may_stop_early:
        rounds = _best_rounds(train, validation, columns, params, _MOST_ROUNDS[tier], threads)
    rows = _sorted(pl.concat([train, validation]))
    fitted = fit_columns(rows, columns)
    booster = _train(_lightgbm_set(rows, fitted, params), params, rounds, threads)
    text = _without_threads(booster.model_to_string(num_iteration=-1))
    stored = tuple(sorted((params | {"num_iterations": rounds}).items()))
    how = "stopped by the validation block, then refitted on train and validation"
    return Fitted(Booster(text), fitted, rounds, stored, f"{rounds} rounds, {how if may_stop_early else 'fixed'}")


def _best_rounds(
    train: pl.DataFrame,
    validation: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    params: dict[str, Value],
    most: int,
    threads: int,
) -> int:
    import lightgbm

    rows, later = _sorted(train), _sorted(validation)
    fitted = fit_columns(rows, columns)
    learned = _lightgbm_set(rows, fitted, params)
    judged = lightgbm.Dataset(to_matrix(later, fitted), label=later["y"].to_numpy(), reference=learned)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    booster = lightgbm.train(
        {**params, "num_threads": threads}, learned, num_boost_round=most, valid_sets=[judged], callbacks=[stop]
    )
    return max(1, booster.best_iteration)


def _lightgbm_set(rows: pl.DataFrame, columns: Sequence[ModelColumn], params: dict[str, Value]) -> lightgbm.Dataset:
    import lightgbm

    return lightgbm.Dataset(
        to_matrix(rows, columns),
        label=rows["y"].to_numpy(),
        feature_name=[f"f{position}" for position in range(len(columns))],  # LightGBM refuses some characters in names
        categorical_feature=category_positions(columns),
        params=dict(params),
    )


def _train(learned: lightgbm.Dataset, params: dict[str, Value], rounds: int, threads: int) -> lightgbm.Booster:
    import lightgbm

    return lightgbm.train({**params, "num_threads": threads}, learned, num_boost_round=rounds)


@lru_cache(maxsize=8)
def _load(text: str) -> lightgbm.Booster:
    import lightgbm

    return lightgbm.Booster(model_str=text)


def _without_threads(text: str) -> str:
    """The booster's text with one fixed thread count in its list of parameters: it decides no value."""
    return re.sub(r"^\[num_threads: -?\d+\]$", "[num_threads: 0]", text, flags=re.MULTILINE)


def _sorted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("as_of", "lead_id")
