"""Feature rows as the numeric matrix that the model reads: levels become codes, NULL becomes NaN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.lookup import FeatureColumn

Kind = Literal["number", "boolean", "category"]

OTHER = "__other__"
# A level wants this many leads at fit to stand for itself: ten rows of two leads teach nothing.
RARE_LEADS = 20
# Of a column with very many levels the most frequent stay (ties: alphabetical); a raw identifier ends as OTHER.
MAX_LEVELS = 64


@dataclass(frozen=True)
class ModelColumn:
    """A column as the model knows it. `levels` of a category are its codes 0, 1, …; the code after the last is `OTHER`.

    `has_other` says whether rare levels were merged at fit: only then does a level never seen become OTHER, else
    missing.
    """

    name: str
    type: str
    kind: Kind
    levels: tuple[str, ...] = ()
    has_other: bool = False


def fit_columns(rows: pl.DataFrame, columns: Sequence[FeatureColumn]) -> tuple[ModelColumn, ...]:
    """The columns with the level lists that `rows` (lead_id and features) hold; pass training rows only.

    Raises LeadmartError `unfit_column` for types a model cannot read (dates, timestamps, lists), all at once.
    """
    fitted: list[ModelColumn] = []
    problems: list[LeadmartError] = []
    for column in columns:
        dtype = rows.schema[column.name]
        kind = _kind(dtype)
        if kind is None:
            problems.append(
                LeadmartError(
                    f"{column.name} of {column.view} is {dtype}, which no model reads",
                    code="unfit_column",
                    hint="give an age in days, a count, a number, a boolean or a text with few values",
                )
            )
        elif kind == "category":
            leads_by_level = (
                rows.filter(pl.col(column.name).is_not_null())
                .group_by(pl.col(column.name).cast(pl.String).alias("level"))
                .agg(pl.col("lead_id").n_unique().alias("leads"))
                .sort(["leads", "level"], descending=[True, False])
            )
            kept = leads_by_level.filter((pl.col("leads") >= RARE_LEADS) & (pl.col("level") != OTHER)).head(MAX_LEVELS)
            levels = tuple(sorted(kept["level"]))
            fitted.append(ModelColumn(column.name, column.type, kind, levels, leads_by_level.height > len(levels)))
        else:
            fitted.append(ModelColumn(column.name, column.type, kind))
    if problems:
        raise all_as_one(problems)
    return tuple(fitted)


def to_matrix(rows: pl.DataFrame, columns: Sequence[ModelColumn]) -> NDArray[np.float64]:
    """(rows, columns) float64: NULL is NaN, booleans 0 and 1, categories their codes.

    It lies in memory column by column, as the frame does: turning it costs as much again as filling it.
    """
    if not columns:
        return np.empty((rows.height, 0))
    matrix = rows.select(_codes(column) for column in columns).to_numpy(order="fortran")
    return np.asfortranarray(matrix, dtype=np.float64)


def unseen_levels(rows: pl.DataFrame, columns: Sequence[ModelColumn]) -> dict[str, int]:
    """Rows by column that hold a level the model never met at fit on its own; columns with none are absent.

    Where rare levels were merged at fit, a merged level counts here too: which ones they were is not kept.
    """
    counts = {}
    for column in columns:
        if column.kind == "category":
            level = pl.col(column.name).cast(pl.String)
            is_unseen = level.is_not_null() & ~level.is_in(list(column.levels))
            if count := int(rows.select(is_unseen.sum()).item()):
                counts[column.name] = count
    return counts


def category_positions(columns: Sequence[ModelColumn]) -> list[int]:
    """Positions of the category columns, for LightGBM."""
    return [position for position, column in enumerate(columns) if column.kind == "category"]


def _kind(dtype: pl.DataType) -> Kind | None:
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_numeric() or dtype == pl.Null:
        return "number"
    if dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        return "category"
    return None


def _codes(column: ModelColumn) -> pl.Expr:
    given = pl.col(column.name)
    if column.kind != "category":
        return given.cast(pl.Float64)
    codes = {level: float(code) for code, level in enumerate(column.levels)}
    unseen = float(len(column.levels)) if column.has_other else None
    level = given.cast(pl.String)
    known = (
        level.replace_strict(codes, default=unseen, return_dtype=pl.Float64)
        if codes
        else pl.lit(unseen, dtype=pl.Float64)
    )
    return pl.when(level.is_not_null()).then(known).alias(column.name)
