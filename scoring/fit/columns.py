"""The columns of fit, intent and timing in a score row, and what each point was given for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Final

import numpy as np
import polars as pl

from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.scoring.fit.table import WHOLE_OF, FitPart, FitTable, Whole
from leadmart.scoring.reasons import filled
from leadmart.scoring.scorecard import row_points

NUMBERS: Final = ("fit", "fit_known", "company_fit", "role_fit", "tech_fit", "intent", "intent_known",
                  "first_party_intent", "third_party_intent", "relationship_intent", "timing")  # fmt: skip
TOLD: Final = ("fit_parts", "fit_codes", "fit_points", "fit_labels")
"""Lists side by side: of each rule that gave points its part, its code, the points and the words."""

FIT_COLUMNS: Final = (*NUMBERS, *TOLD)

_TYPES = dict.fromkeys(NUMBERS, pl.Float64()) | {
    "fit_parts": pl.List(pl.String),
    "fit_codes": pl.List(pl.String),
    "fit_points": pl.List(pl.Float64),
    "fit_labels": pl.List(pl.String),
}


def subscores(frame: pl.DataFrame, table: FitTable | None) -> pl.DataFrame:
    """`FIT_COLUMNS` of each row of `frame`, in its order; all NULL without a table.

    A part is the sum of its rules' points, clipped to 0..100, and NULL where none of the columns it reads is known. A
    whole is the mean of its known parts by weight, and `fit_known` and `intent_known` the share of the weight that is
    known; timing is its only part. Raises LeadmartError `unknown_column`, and `bad_fit` where types do not fit.
    """
    if table is None:
        nothing = [pl.repeat(None, pl.len(), dtype=kind).alias(name) for name, kind in _TYPES.items()]
        return frame.select(nothing)
    given = [
        _row_points(frame, part).select(
            pl.col(str(number)).alias(f"{part.name} {number}") for number in range(len(part.scorecard.rows))
        )
        for part in table.parts
    ]
    rows = pl.concat([frame, *given], how="horizontal")
    rows = rows.with_columns(_part(part).alias(part.name) for part in table.parts)
    absent = [name for name in WHOLE_OF if name not in {part.name for part in table.parts}]
    rows = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in absent)
    wholes = []
    of: tuple[Whole, ...] = ("fit", "intent")
    for whole in of:
        mean, known = _whole(table.parts_of(whole), rows)
        wholes += [mean.alias(whole), known.alias(f"{whole}_known")]
    return rows.with_columns(*wholes).with_columns(_told(table, rows)).select(FIT_COLUMNS)


def _row_points(frame: pl.DataFrame, part: FitPart) -> pl.DataFrame:
    try:
        return row_points(frame, part.scorecard)
    except LeadmartError as error:
        problems = [
            LeadmartError(
                e.message, code="bad_fit" if e.code == "bad_scorecard" else e.code, place=e.place, hint=e.hint
            )
            for e in (error, *error.others)
        ]
        raise all_as_one(problems) from None


def _part(part: FitPart) -> pl.Expr:
    total = reduce(add, [pl.col(f"{part.name} {number}") for number in range(len(part.scorecard.rows))])
    is_known = pl.any_horizontal(pl.col(column).is_not_null() for column in part.scorecard.columns)
    return pl.when(is_known).then(total.clip(0.0, 100.0))


def _whole(parts: Sequence[FitPart], rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """The mean of the known parts by weight, NULL where they weigh nothing, and the share of the weight known.

    In NumPy, since Polars may multiply by the inverse where it is to divide, a last bit apart from what SQL gives.
    """
    total, known = np.zeros(rows.height), np.zeros(rows.height)
    for part in parts:
        is_known = rows[part.name].is_not_null().to_numpy()
        total += rows[part.name].fill_null(0.0).to_numpy() * part.weight
        known += np.where(is_known, part.weight, 0.0)
    if not parts:
        nothing = pl.Series([None] * rows.height, dtype=pl.Float64)
        return nothing, nothing
    has_weight = known > 0
    mean = pl.Series(total / np.where(has_weight, known, 1.0)).set(pl.Series(~has_weight), None)
    return mean, pl.Series(known / sum(part.weight for part in parts))


def _told(table: FitTable, rows: pl.DataFrame) -> list[pl.Expr]:
    """The lists of `TOLD`, in the order of the parts and of their rules; empty where no rule gave points."""
    found: dict[str, list[pl.Expr]] = {name: [] for name in TOLD}
    for part in table.parts:
        for number, row in enumerate(part.scorecard.rows):
            points = pl.col(f"{part.name} {number}")
            gives = pl.when(points != 0)
            found["fit_parts"].append(gives.then(pl.lit(part.name)))
            found["fit_codes"].append(gives.then(pl.lit(row.code)))
            found["fit_points"].append(gives.then(points))
            found["fit_labels"].append(gives.then(filled(row.label, row.column, rows.schema[row.column])))
    return [pl.concat_list(found[name]).list.drop_nulls().alias(name) for name in TOLD]
