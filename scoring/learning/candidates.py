"""The candidates that a backtest compares, from the constant rate to boosted trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.errors import LeadmartError, all_as_one, near_names
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.models.booster import fit_booster
from leadmart.scoring.models.estimator import Fitted, Monotone
from leadmart.scoring.models.logistic import fit_logistic, fit_single
from leadmart.scoring.models.matrix import to_matrix
from leadmart.scoring.scorecard import Scorecard, points

Floats = NDArray[np.float64]
Predict = Callable[[pl.DataFrame], Floats]

WORDS: Mapping[str, str] = {
    "constant": "the base rate for every lead",
    "rules": "the scorecard's points, as one column of a logistic regression",
    "single": "a logistic regression on the single best column",
    "logistic": "a logistic regression on all columns",
    "lightgbm": "boosted trees",
}
MODELS = ("single", "logistic", "lightgbm")
"""Those that may be chosen, the simpler first; the others are what a model has to beat."""
FREE = "_free"
"""Ends the name of a model that is fitted without the declared directions, to learn what these cost."""


@dataclass(frozen=True)
class Candidate:
    """`fit` learns from rows (lead_id, as_of, y and the features) and gives what predicts others; whatever it needs
    to know (medians, levels, the best column) it learns from these rows alone (K8).
    """

    name: str
    words: str
    fit: Callable[[pl.DataFrame], Predict]


def candidates(
    columns: Sequence[FeatureColumn],
    scorecard: Scorecard,
    *,
    tier: Literal["hybrid", "ml"],
    seed: int,
    threads: int,
    monotone: Monotone,
) -> tuple[Candidate, ...]:
    """The constant, the rules where there is a scorecard, and the three models; those that declared directions bind
    also come without them.
    """

    def model(name: str, bound: Monotone) -> Callable[[pl.DataFrame], Predict]:
        def fit(rows: pl.DataFrame) -> Predict:
            return _predictor(
                fit_model(name, rows, rows.clear(), columns, tier, seed, threads, monotone=bound, may_stop_early=False)
            )

        return fit

    found: dict[str, Callable[[pl.DataFrame], Predict]] = {"constant": _constant}
    if scorecard.rows:
        found["rules"] = _rules(scorecard, tier)
    for name in MODELS if columns else ():
        found[name] = model(name, monotone)
        if monotone and name != "single":
            found[name + FREE] = model(name, {})
    return tuple(Candidate(name, WORDS[name.removesuffix(FREE)], fit) for name, fit in found.items())


def fit_model(
    name: str,
    train: pl.DataFrame,
    validation: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    tier: Literal["hybrid", "ml"],
    seed: int,
    threads: int,
    *,
    monotone: Monotone,
    may_stop_early: bool,
) -> Fitted:
    """The model of that name, fitted on both frames. Only trees have a use for a validation block of its own."""
    if name == "lightgbm":
        return fit_booster(
            train, validation, columns, tier=tier, seed=seed, threads=threads, may_stop_early=may_stop_early,
            monotone=monotone,
        )  # fmt: skip
    rows = pl.concat([train, validation])
    if name == "single":
        return fit_single(rows, columns, tier=tier)
    return fit_logistic(rows, columns, tier=tier, monotone=monotone)


def refuse_unfit_directions(monotone: Monotone, columns: Sequence[FeatureColumn], rows: pl.DataFrame) -> None:
    """Raises LeadmartError, all at once: `unknown_column` for a direction of a column that no view has,
    `bad_monotone` for one of a text, whose levels have no order.
    """
    names = [column.name for column in columns]
    problems = [
        LeadmartError(
            f"[train.monotone] names {name}, and no view has such a column",
            code="unknown_column",
            hint=near_names(name, names) or f"columns: {', '.join(names)}",
        )
        for name in monotone
        if name not in names
    ]
    problems += [
        LeadmartError(
            f"[train.monotone] names {name}, which is {rows.schema[name]}: its values have no order",
            code="bad_monotone",
            hint="leave the line out",
        )
        for name in monotone
        if name in names and not (rows.schema[name].is_numeric() or rows.schema[name] in (pl.Boolean, pl.Null))
    ]
    if problems:
        raise all_as_one(problems)


def _predictor(fitted: Fitted) -> Predict:
    return lambda rows: fitted.estimator.probability(to_matrix(rows, fitted.columns))


def _constant(rows: pl.DataFrame) -> Predict:
    rate = float(rows["y"].to_numpy().mean())
    return lambda others: np.full(others.height, rate)


def _rules(scorecard: Scorecard, tier: Literal["hybrid", "ml"]) -> Callable[[pl.DataFrame], Predict]:
    column = FeatureColumn("rules_score", "scorecard", "Float64")

    def scored(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select("lead_id", "as_of", "y").with_columns(points(rows, scorecard)["rules_score"])

    def fit(rows: pl.DataFrame) -> Predict:
        predict = _predictor(fit_logistic(scored(rows), [column], tier=tier))
        return lambda others: predict(scored(others))

    return fit
