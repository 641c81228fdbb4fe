"""The model: an estimator with all it needs to score alike for ever, as one frozen value and one text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.errors import LeadmartError, all_as_one, near_names
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.models.booster import Booster
from leadmart.scoring.models.calibration import Calibration
from leadmart.scoring.models.estimator import Estimator, Value
from leadmart.scoring.models.logistic import Logistic
from leadmart.scoring.models.matrix import OTHER, ModelColumn, to_matrix, unseen_levels

Tier = Literal["rules", "hybrid", "ml"]
Floats = NDArray[np.float64]

RULES_FLOOR, ML_FLOOR = 100, 500
_GRID = 1001  # stored quantiles of the reference distribution: steps of a tenth of a percentile
_NESTED = ("estimator", "columns", "calibration", "serving")
_LIBRARIES = ("lightgbm", "numpy", "polars", "scikit-learn")


@dataclass(frozen=True)
class Model:
    """All that scoring needs, and where it came from.

    `reference` are quantiles of p_raw over the rows before the embargo; a rank is a position in it, never among the
    rows scored. `weight` is the model's share of the composite before the policy's ceiling. `metrics` and `training`
    describe; they are no part of `model_version`. `serving` is another feature set version that the model may score,
    since what it reads means the same there; it is not kept.
    """

    estimator: Estimator
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
    serving: str = ""

    @cached_property
    def model_version(self) -> str:
        """`m_` and 12 hex digits of everything but `metrics` and `training`."""
        content = {name: value for name, value in self._document().items() if name not in ("metrics", "training")}
        return "m_" + hashlib.sha256(_canonical(content).encode()).hexdigest()[:12]

    def to_text(self) -> str:
        """The model as JSON; `Model.from_text` gives an equal one."""
        return _canonical(self._document())

    @classmethod
    def from_text(cls, text: str) -> Model:
        """The model of a `to_text` text. Raises LeadmartError `bad_model` for any other."""
        try:
            given = json.loads(text)
            given["columns"] = tuple(ModelColumn(**{**c, "levels": tuple(c["levels"])}) for c in given["columns"])
            given["calibration"] = Calibration.from_json(given["calibration"])
            given["estimator"] = _estimator(given)
            given["reference"] = tuple(given["reference"])
            for name in ("params", "libraries"):
                given[name] = tuple((key, value) for key, value in given[name])
            return cls(**{f.name: given[f.name] for f in fields(cls) if f.name != "serving"})
        except (ValueError, KeyError, TypeError) as cause:
            raise LeadmartError(
                f"the stored model cannot be read: {cause}",
                code="bad_model",
                hint="train again, or restore meta.models",
            ) from cause

    def _document(self) -> dict[str, Any]:
        """Every field as JSON can hold it. The estimator stands under its own key, as trees did before there were
        others: so versions of models of then stay what they were.
        """
        held = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _NESTED}
        return {
            **held,
            **self.estimator.document(),
            "columns": [asdict(column) for column in self.columns],
            "calibration": self.calibration.as_json(),
        }

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


def _estimator(given: Mapping[str, Any]) -> Estimator:
    return Booster(given["booster"]) if "booster" in given else Logistic.from_document(given["logistic"])


def weight_of(n: int) -> float:
    """clip((n - 100) / 400, 0, 1), n being the smaller of matured positive and negative leads (G1)."""
    return float(np.clip((n - RULES_FLOOR) / (ML_FLOOR - RULES_FLOOR), 0.0, 1.0))


def tier_of(n: int) -> Tier:
    """rules below 100, hybrid below 500, else ml (G1)."""
    return "rules" if n < RULES_FLOOR else "hybrid" if n < ML_FLOOR else "ml"


def library_versions() -> tuple[tuple[str, str], ...]:
    """(name, version) of the libraries that decide a model's bytes."""
    return tuple((name, version(name)) for name in _LIBRARIES)


def predict_raw(estimator: Estimator, columns: Sequence[ModelColumn], rows: pl.DataFrame) -> Floats:
    """The estimator's own probability for each row."""
    return estimator.probability(to_matrix(rows, columns))


def predict(
    model: Model, rows: pl.DataFrame, columns: Sequence[FeatureColumn], feature_set_version: str
) -> Predictions:
    """p_raw, p_cal with its interval, and rank for each row, in order.

    `columns` is what the rows' table has, in its order. Raises LeadmartError `feature_mismatch` where that or the
    feature set version is not what the model was trained on: a swapped column would score without a sound.
    """
    refuse_other_features(model, columns, feature_set_version)
    p_raw = predict_raw(model.estimator, model.columns, rows)
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
    """Shares of the raw model's log odds: (rows, columns) contributions, and (rows,) bias. Their sum is the raw margin.

    TreeSHAP for trees, at about 1,200 to 10,000 rows a second: ask for the rows whose reasons are read. Coefficient *
    (x - mean) for a logistic regression, a column's terms added up.
    """
    return model.estimator.contributions(to_matrix(rows, model.columns))


def raw_margin(model: Model, rows: pl.DataFrame) -> Floats:
    """The raw model's log odds for each row."""
    return model.estimator.margin(to_matrix(rows, model.columns))


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


def columns_met(model: Model, columns: Sequence[FeatureColumn]) -> list[FeatureColumn]:
    """Those of the columns that the model reads, in its own order: a later version of a view may have others beside."""
    place = {column.name: number for number, column in enumerate(model.columns)}
    return sorted((c for c in columns if c.in_model and c.name in place), key=lambda c: place[c.name])


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
    if feature_set_version not in (model.feature_set_version, model.serving):
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


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
