"""The model: a LightGBM booster with all it needs to score alike for ever, as one frozen value and one text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.errors import LeadmartError, all_as_one, near_names
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.models.calibration import Calibration
from leadmart.scoring.models.matrix import OTHER, ModelColumn, category_positions, fit_columns, to_matrix, unseen_levels

if TYPE_CHECKING:
    import lightgbm

Tier = Literal["rules", "hybrid", "ml"]
Floats = NDArray[np.float64]
Value = float | int | str | bool | None

RULES_FLOOR, ML_FLOOR = 100, 500
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

_GRID = 1001  # stored quantiles of the reference distribution: steps of a tenth of a percentile
_LIBRARIES = ("lightgbm", "numpy", "polars", "scikit-learn")


@dataclass(frozen=True)
class Model:
    """All that scoring needs, and where it came from. `booster` is LightGBM's own text, without its thread count.

    `reference` are quantiles of p_raw over the rows before the embargo; a rank is a position in it, never among the
    rows scored. `weight` is the model's share of the composite before the policy's ceiling. `metrics` and `training`
    describe; they are no part of `model_version`.
    """

    booster: str
    columns: tuple[ModelColumn, ...]
    calibration: Calibration
    reference: tuple[float, ...]
    weight: float
    tier: Tier
    rounds: int
    params: tuple[tuple[str, Value], ...]
    feature_set_version: str
    label: str
    label_version: str
    horizon_days: float
    spine_hash: str
    libraries: tuple[tuple[str, str], ...]
    metrics: str = "{}"
    training: str = "{}"

    @cached_property
    def model_version(self) -> str:
        """`m_` and 12 hex digits of everything but `metrics` and `training`."""
        content = {name: value for name, value in self._content().items() if name not in ("metrics", "training")}
        return "m_" + hashlib.sha256(_canonical(content).encode()).hexdigest()[:12]

    def to_text(self) -> str:
        """The model as JSON; `Model.from_text` gives an equal one."""
        return _canonical(self._content())

    def _content(self) -> dict[str, Any]:
        return asdict(self) | {"calibration": self.calibration.as_json()}

    @classmethod
    def from_text(cls, text: str) -> Model:
        """The model of a `to_text` text. Raises LeadmartError `bad_model` for any other."""
        try:
            given = json.loads(text)
            given["columns"] = tuple(ModelColumn(**{**c, "levels": tuple(c["levels"])}) for c in given["columns"])
            given["calibration"] = Calibration.from_json(given["calibration"])
            given["reference"] = tuple(given["reference"])
            for name in ("params", "libraries"):
                given[name] = tuple((key, value) for key, value in given[name])
            return cls(**{f.name: given[f.name] for f in fields(cls)})
        except (ValueError, KeyError, TypeError) as cause:
            raise LeadmartError(
                f"the stored model cannot be read: {cause}",
                code="bad_model",
                hint="train again, or restore meta.models",
            ) from cause

    def effective_weight(self, max_weight: float) -> float:
        """w of the composite: the model's weight under the policy's ceiling."""
        return min(self.weight, max_weight)


@dataclass(frozen=True)
class Predictions:
    """`rows`: p_raw, p_cal, p_low, p_high and rank (Float64) in the order of the frame given; p_low and p_high are NULL
    where the calibration gives no interval. `warnings` counts levels unknown at fit.
    """

    rows: pl.DataFrame
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class FittedBooster:
    """A booster before calibration: its text, the columns it reads, its rounds and how they were chosen."""

    booster: str
    columns: tuple[ModelColumn, ...]
    rounds: int
    params: tuple[tuple[str, Value], ...]
    stopped_early: bool


def weight_of(n: int) -> float:
    """clip((n - 100) / 400, 0, 1), n being the smaller of matured positive and negative leads (G1)."""
    return float(np.clip((n - RULES_FLOOR) / (ML_FLOOR - RULES_FLOOR), 0.0, 1.0))


def tier_of(n: int) -> Tier:
    """rules below 100, hybrid below 500, else ml (G1)."""
    return "rules" if n < RULES_FLOOR else "hybrid" if n < ML_FLOOR else "ml"


def library_versions() -> tuple[tuple[str, str], ...]:
    """(name, version) of the libraries that decide a model's bytes."""
    return tuple((name, version(name)) for name in _LIBRARIES)


def fit_booster(
    train: pl.DataFrame,
    validation: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    *,
    tier: Literal["hybrid", "ml"],
    seed: int,
    threads: int,
    may_stop_early: bool,
) -> FittedBooster:
    """Fits on `train`, stops by `validation` where that is allowed, then refits on both with that many rounds.

    The frames hold lead_id, as_of, y and the features. Rows are sorted by (as_of, lead_id) first, so their order, like
    `threads`, changes no byte. Level lists come from `train` alone while stopping, and from both for the refit.
    """
    params = _ALWAYS | (_ML if tier == "ml" else _HYBRID) | {"seed": seed}
    rounds = _FIXED_ROUNDS[tier]
    if may_stop_early:
        rounds = _best_rounds(train, validation, columns, params, _MOST_ROUNDS[tier], threads)
    rows = _sorted(pl.concat([train, validation]))
    fitted = fit_columns(rows, columns)
    booster = _train(_lightgbm_set(rows, fitted, params), params, rounds, threads)
    text = _without_threads(booster.model_to_string(num_iteration=-1))
    stored = tuple(sorted((params | {"num_iterations": rounds}).items()))
    return FittedBooster(text, fitted, rounds, stored, may_stop_early)


def predict_raw(booster: str, columns: Sequence[ModelColumn], rows: pl.DataFrame) -> Floats:
    """The booster's own probability for each row."""
    if rows.is_empty():
        return np.empty(0)
    p: Floats = np.asarray(_load(booster).predict(to_matrix(rows, columns)), dtype=np.float64)
    return p


def predict(
    model: Model, rows: pl.DataFrame, columns: Sequence[FeatureColumn], feature_set_version: str
) -> Predictions:
    """p_raw, p_cal with its interval, and rank for each row, in order.

    `columns` is what the rows' table has, in its order. Raises LeadmartError `feature_mismatch` where that or the
    feature set version is not what the model was trained on: a swapped column would score without a sound.
    """
    refuse_other_features(model, columns, feature_set_version)
    p_raw = predict_raw(model.booster, model.columns, rows)
    low, high = model.calibration.interval(p_raw)
    frame = pl.DataFrame(
        {
            "p_raw": p_raw,
            "p_cal": model.calibration.apply(p_raw),
            "p_low": low,
            "p_high": high,
            "rank": rank_in(model.reference, p_raw),
        }
    ).with_columns(pl.col("p_low", "p_high").fill_nan(None))
    return Predictions(frame, level_warnings(model, rows))


def level_warnings(model: Model, rows: pl.DataFrame) -> tuple[str, ...]:
    """One sentence a column whose rows hold levels that the model never met, with their number."""
    warnings = []
    for name, count in unseen_levels(rows, model.columns).items():
        column = next(c for c in model.columns if c.name == name)
        as_what = f"counted as {OTHER}" if column.has_other else "counted as missing"
        warnings.append(f"{name}: {count} rows hold a level that has no code of its own in the model; {as_what}")
    return tuple(warnings)


def contributions(model: Model, rows: pl.DataFrame) -> tuple[Floats, Floats]:
    """TreeSHAP in log odds of the raw model: (rows, columns) contributions, and (rows,) bias. Their sum is the raw
    margin.

    About 1,200 to 10,000 rows a second, by the size of the trees: ask for the rows whose reasons are read.
    """
    if rows.is_empty():
        return np.empty((0, len(model.columns))), np.empty(0)
    both = np.asarray(_load(model.booster).predict(to_matrix(rows, model.columns), pred_contrib=True), dtype=np.float64)
    return both[:, :-1], both[:, -1]


def raw_margin(model: Model, rows: pl.DataFrame) -> Floats:
    """The raw model's log odds for each row."""
    margin: Floats = np.asarray(
        _load(model.booster).predict(to_matrix(rows, model.columns), raw_score=True), dtype=np.float64
    )
    return margin


def gain_shares(booster: str) -> Floats:
    """Each column's share of the booster's total gain; zeros where no tree splits."""
    gain = np.asarray(_load(booster).feature_importance("gain"), dtype=np.float64)
    total = float(gain.sum())
    shares: Floats = gain / total if total > 0 else gain
    return shares


def reference_of(p_raw: Floats) -> tuple[float, ...]:
    """The stored quantile grid of p_raw: 1,001 values at even shares, each one that occurs."""
    grid = np.quantile(p_raw, np.linspace(0.0, 1.0, _GRID), method="inverted_cdf")
    return tuple(float(value) for value in grid)


def rank_in(reference: Sequence[float], p_raw: Floats) -> Floats:
    """The percentile, 0 to 1, of each p_raw in the stored grid: rising in p_raw, between grid values by a straight
    line.

    A value that fills several grid points has the middle of their shares; below the grid is 0's neighbour, above it
    1's.
    """
    values, first, count = np.unique(np.asarray(reference), return_index=True, return_counts=True)
    shares = (first + (count - 1) / 2) / max(1, len(reference) - 1)
    rank: Floats = np.interp(p_raw, values, shares)
    return rank


def refuse_other_features(model: Model, columns: Sequence[FeatureColumn], feature_set_version: str) -> None:
    """Raises LeadmartError `feature_mismatch`, naming every difference, unless version, names, types and order
    agree.
    """
    given, wanted = [c.name for c in columns], [c.name for c in model.columns]
    found: list[tuple[str, str]] = []
    found += [(f"column {name} is missing", near_names(name, given)) for name in wanted if name not in given]
    found += [(f"column {name} is none of the model's", "") for name in given if name not in wanted]
    types = {c.name: c.type for c in model.columns}
    found += [
        (f"column {c.name} is {c.type}, and was {types[c.name]} in training", "")
        for c in columns
        if c.name in types and types[c.name] != c.type
    ]
    if not found and given != wanted:
        found.append((f"the columns stand in another order: {', '.join(given)}", f"trained on {', '.join(wanted)}"))
    if feature_set_version != model.feature_set_version:
        found.append(
            (
                f"the features are {feature_set_version}; {model.model_version} knows {model.feature_set_version}",
                "",
            )
        )
    if found:
        way_out = "train again, or name in leadmart.toml the views the model was trained on"
        raise all_as_one(
            [
                LeadmartError(words, code="feature_mismatch", hint=f"{hint}; {way_out}" if hint else way_out)
                for words, hint in found
            ]
        )


def with_metrics(model: Model, metrics: Mapping[str, object], training: Mapping[str, object]) -> Model:
    """The same model, same version, with what was measured on it."""
    return replace(model, metrics=_canonical(metrics), training=_canonical(training))


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
def _load(booster: str) -> lightgbm.Booster:
    import lightgbm

    return lightgbm.Booster(model_str=booster)


def _without_threads(text: str) -> str:
    """The booster's text with one fixed thread count in its list of parameters: it decides no value."""
    return re.sub(r"^\[num_threads: -?\d+\]$", "[num_threads: 0]", text, flags=re.MULTILINE)


def _sorted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("as_of", "lead_id")


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
