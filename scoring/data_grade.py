"""The data grade, A to D: how much is known of a lead, whatever that makes of its score."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leadmart.features.lookup import FeatureColumn

GRADES = ("A", "B", "C", "D")

A_FROM, B_FROM, C_FROM = 0.9, 0.8, 0.7
"""The shares of a lead's features that are known from which a grade is given; below the last it is D."""


def data_grade(columns: Sequence[FeatureColumn], *, has_model: bool) -> pl.Expr:
    """String: the grade of each row, of its own values alone.

    It starts from the share of the model's features that are not NULL (`has_<source>` speaks of the warehouse and is
    none) and is one grade lower where no model took part, and one where the history of a source does not reach. What
    the project does without counts for nothing.
    """
    counted = [c for c in columns if c.is_graded]
    told = [pl.col(c.name).is_not_null() for c in counted if not c.is_history]
    reached = [pl.col(c.name).fill_null(True) for c in counted if c.is_history]
    if not told:
        return pl.lit(GRADES[-1])
    # whole numbers are compared: a mean of shares would round
    known = pl.sum_horizontal(*(each.cast(pl.Int64) for each in told))
    limits = [pl.lit(share * len(told)) for share in (A_FROM, B_FROM, C_FROM)]
    steps = pl.sum_horizontal(*((known.cast(pl.Float64) < limit).cast(pl.Int64) for limit in limits))
    steps = steps + (0 if has_model else 1)
    if reached:
        steps = steps + (~pl.all_horizontal(*reached)).cast(pl.Int64)
    grade = pl.lit(GRADES[-1])
    for number in reversed(range(len(GRADES) - 1)):
        grade = pl.when(steps <= number).then(pl.lit(GRADES[number])).otherwise(grade)
    return grade
