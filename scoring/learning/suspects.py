"""Suspects: columns that tell the outcome better than a lead's behaviour can, and models that are too good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.errors import LeadmartError, all_as_one, near_names
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.clusters import cluster_numbers
from leadmart.scoring.evaluation.figures import Metric, roc_auc
from leadmart.scoring.learning.removal import Removal, removals
from leadmart.scoring.models.matrix import ModelColumn, fit_columns, to_matrix

Floats = NDArray[np.float64]
Outcomes = NDArray[np.int8]

MODEL = "(the model)"
"""Stands in `column` for a suspect that no single column is to blame for."""

TOO_GOOD_AUC = 0.95
TOO_TELLING_AUC = 0.90
TOO_TELLING_MISSINGNESS = 0.70
TOO_MUCH_GAIN = 0.50
TOO_DEAR_A_LOSS = 0.05
# A column that costs more than `TOO_DEAR_A_LOSS` is an alarm only where leads are told apart this well with it. On five
# clean worlds the best honest column cost .05 to .10, at an AUC of .66 to .71; a stage column cost .22, at .88.
ALARMING_AUC = 0.80
# Behaviour fills columns too, before an outcome: a leak fills them for nearly all, and for hardly anybody else.
TOO_STEEP_A_JUMP = 0.50
NEAR, FAR = timedelta(days=7), timedelta(days=30)
# A value with fewer leads than this, or an AUC from fewer rows of an outcome, is chance.
_LEAST_LEADS = 20
_LEAST_ROWS = 20
# Of numbers with more values than this only the ends are looked at.
_MOST_VALUES = 50
# Rates of an honest value reach this by chance only: twenty leads of one in two do so once in a million.
_ONLY = 0.995


@dataclass(frozen=True)
class Suspect:
    """A column, the figure that makes it suspect, and the words for people.

    `stops` says whether training ends there; `waived` is the reason leadmart.toml gives why it may go on.
    """

    column: str
    code: str
    value: float
    why: str
    stops: bool = True
    waived: str = ""

    def as_json(self) -> dict[str, object]:
        """`{"column", "code", "value", "why", "stops", "waived"}`; `waived` is null without a reason."""
        return {
            "column": self.column,
            "code": self.code,
            "value": self.value,
            "why": self.why,
            "stops": self.stops,
            "waived": self.waived or None,
        }


def find_suspects(rows: pl.DataFrame, columns: Sequence[FeatureColumn], *, with_models: bool) -> tuple[Suspect, ...]:
    """Columns whose values, or whose being missing, or whose part in the model give the outcome away. Looks at
    training rows: lead_id, as_of, outcome_at, y and the features.

    By itself a column is suspect that ranks outcomes above .90 (or below .10), whose being missing does so above .70,
    which is filled for more than half of the leads in the last 7 days before their outcome and for few others, or with
    a value that only positive leads have. A category is judged by the outcome rate of its levels.

    `with_models`: within small models, fitted for the purpose whatever model was chosen, a column is suspect whose
    removal costs more than .05 of ROC-AUC, twice its standard error taken off, and one that has more than half of the
    gain *and* costs more than .05. Half of the gain alone says nothing: of few columns one has to have it, and where
    two say the same, either may go at no cost. Neither figure tells a leak from the best honest column, which costs as
    much where little else is known; so these two stop training only where leads are told apart better than .80, and
    are shown otherwise.
    """
    rows = rows.sort("as_of", "lead_id")
    y = rows["y"].to_numpy()
    fitted_columns = fit_columns(rows, columns)
    matrix = to_matrix(rows, fitted_columns)
    lead = cluster_numbers(rows)
    nearness = _Nearness.of(rows, y)
    found: list[Suspect] = []
    for position, column in enumerate(fitted_columns):
        values = matrix[:, position]
        known = ~np.isnan(values)
        found += _telling(column, values, known, y)
        found += nearness.jump(column.name, known, lead)
        found += _only_positive(column, values, known, y, lead)
    if with_models:
        found += [each for name, costs in removals(rows, columns).items() for each in _dear(name, costs)]
    return tuple(found)


def too_good(metrics: Mapping[str, Metric]) -> tuple[Suspect, ...]:
    """The model itself, where its test ROC-AUC is above .95: better than leads can be told apart."""
    auc = metrics["roc_auc"].value if "roc_auc" in metrics else None
    if auc is None or auc <= TOO_GOOD_AUC:
        return ()
    why = f"a ROC-AUC of {auc:.3f} on the test rows is better than leads can be told apart"
    return (Suspect(MODEL, "test_roc_auc", auc, why),)


def judged(
    suspects: Sequence[Suspect], waive: Mapping[str, str], waive_leak: str, columns: Sequence[str]
) -> tuple[Suspect, ...]:
    """The suspects with the reasons that `[train]` of leadmart.toml gives: `waive` by column, `waive_leak` for the
    model as a whole.

    Raises LeadmartError `suspects`, one for each that stops training and has no reason; `unknown_column` for a reason
    given to a column that no view has.
    """
    if unknown := [name for name in waive if name not in columns]:
        raise all_as_one(
            [
                LeadmartError(
                    f"[train.waive] names {name}, and no view has such a column",
                    code="unknown_column",
                    hint=near_names(name, columns) or f"columns: {', '.join(columns)}",
                )
                for name in unknown
            ]
        )
    reasons = {MODEL: waive_leak, **waive}
    found = tuple(replace(each, waived=reasons.get(each.column, "")) for each in suspects)
    by_column: dict[str, list[str]] = {}
    for each in found:
        if each.stops and not each.waived:
            by_column.setdefault(each.column, []).append(each.why)
    if by_column:
        raise all_as_one([_refusal(name, "; ".join(whys), found) for name, whys in by_column.items()])
    return found


def _refusal(name: str, why: str, found: Sequence[Suspect]) -> LeadmartError:
    if name == MODEL:
        columns = ", ".join(dict.fromkeys(s.column for s in found if s.column != MODEL)) or "what its best columns read"
        return LeadmartError(
            f"leak suspected: {why}",
            code="suspects",
            hint=f'look at {columns}; if it is honest, say why: waive_leak = "…" in [train] of leadmart.toml',
        )
    return LeadmartError(
        f"{name} seems to know the outcome: {why}",
        code="suspects",
        hint=f'look at what it reads; if it is honest, say why: {name} = "…" in [train.waive] of leadmart.toml',
    )


def _telling(column: ModelColumn, values: Floats, known: NDArray[np.bool_], y: Outcomes) -> list[Suspect]:
    found = []
    score = _rates(values, y) if column.kind == "category" else values
    auc = _auc(y[known], score[known])
    if auc is not None and not 1 - TOO_TELLING_AUC <= auc <= TOO_TELLING_AUC:
        found.append(Suspect(column.name, "univariate_auc", auc, f"alone it has a ROC-AUC of {auc:.3f}"))
    missing = _auc(y, (~known).astype(np.float64))
    if missing is not None and max(missing, 1 - missing) > TOO_TELLING_MISSINGNESS:
        filled = f"filled in {known[y == 1].mean():.0%} of positive rows and {known[y == 0].mean():.0%} of the others"
        why = f"whether it is missing has a ROC-AUC of {missing:.3f} ({filled})"
        found.append(Suspect(column.name, "missingness_auc", missing, why))
    return found


def _only_positive(
    column: ModelColumn, values: Floats, known: NDArray[np.bool_], y: Outcomes, lead: NDArray[np.int64]
) -> list[Suspect]:
    """A value, or an end of a number's range, that many positive leads have and no other row has."""
    levels = np.unique(values[known])
    if len(levels) <= _MOST_VALUES:
        for level in levels:
            has = known & (values == level)
            leads = len(np.unique(lead[has]))
            if leads >= _LEAST_LEADS and y[has].mean() >= _ONLY and y.mean() < 0.5:
                words = column.levels[int(level)] if column.kind == "category" and level < len(column.levels) else level
                words = f"{words:g}" if isinstance(words, float) else words
                why = f"{words!r} occurs with the outcome only: {leads} leads"
                return [Suspect(column.name, "only_with_outcome", float(leads), why)]
        return []
    others = values[known & (y == 0)]
    if not len(others):
        return []
    positives = len(np.unique(lead[y == 1]))
    for has, words in (
        (known & (values > others.max()), f"values above {others.max():g} occur"),
        (known & (values < others.min()), f"values below {others.min():g} occur"),
    ):
        leads = len(np.unique(lead[has]))
        if leads >= max(_LEAST_LEADS, positives / 10):
            why = f"{words} with the outcome only: {leads} of {positives} positive leads"
            return [Suspect(column.name, "only_with_outcome", float(leads), why)]
    return []


def _dear(name: str, costs: Removal) -> list[Suspect]:
    stops = costs.auc > ALARMING_AUC
    figures = f"without it the ROC-AUC falls by {costs.loss:.3f} (error {costs.error:.3f}) from {costs.auc:.3f}"
    found = []
    if costs.gain > TOO_MUCH_GAIN and costs.loss > TOO_DEAR_A_LOSS:
        why = f"it has {costs.gain:.0%} of the model's gain, and {figures}"
        found.append(Suspect(name, "gain_share", costs.gain, why, stops))
    elif costs.loss - 2 * costs.error > TOO_DEAR_A_LOSS:
        found.append(Suspect(name, "removal_loss", costs.loss, figures, stops))
    return found


@dataclass(frozen=True)
class _Nearness:
    """Which rows are shortly before their lead's outcome, which long before it, and which have none within the
    horizon.
    """

    near: NDArray[np.bool_]
    far: NDArray[np.bool_]
    none: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: pl.DataFrame, y: Outcomes) -> _Nearness:
        wait = pl.col("outcome_at") - pl.col("as_of")

        def mask(condition: pl.Expr) -> NDArray[np.bool_]:
            found: NDArray[np.bool_] = rows.select(condition.fill_null(False)).to_series().to_numpy()
            return found

        return cls(mask(wait <= pl.lit(NEAR)), mask(wait > pl.lit(FAR)), y == 0)

    def jump(self, name: str, known: NDArray[np.bool_], lead: NDArray[np.int64]) -> list[Suspect]:
        """The column, where it is filled shortly before outcomes and neither long before them nor without one."""
        if min(len(np.unique(lead[self.near])), len(np.unique(lead[self.far]))) < _LEAST_LEADS or not self.none.any():
            return []
        near, far, none = (float(known[rows].mean()) for rows in (self.near, self.far, self.none))
        if near - max(far, none) <= TOO_STEEP_A_JUMP:
            return []
        why = (
            f"it is filled in {near:.0%} of rows in the last {NEAR.days} days before the outcome, in {far:.0%} of "
            f"those more than {FAR.days} days before, and in {none:.0%} of the others"
        )
        return [Suspect(name, "filled_near_outcome", near - max(far, none), why)]


def _auc(y: Outcomes, score: Floats) -> float | None:
    positives = int(y.sum())
    if min(positives, len(y) - positives) < _LEAST_ROWS:
        return None
    return roc_auc(y, score)


def _rates(codes: Floats, y: Outcomes) -> Floats:
    """Each row's level replaced by that level's share of positives."""
    known = ~np.isnan(codes)
    rates = np.full(len(codes), np.nan)
    index = codes[known].astype(np.int64)
    rows = np.maximum(np.bincount(index), 1)
    rates[known] = (np.bincount(index, weights=y[known]) / rows)[index]
    return rates
