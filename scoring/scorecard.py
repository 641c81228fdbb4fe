"""The scorecard: points by rule, summed to a rules score of 0 to 100."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Literal, cast, get_args

from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names
from leadmart.scoring.csv_rows import CsvRow, read_rows

if TYPE_CHECKING:
    import polars as pl

Rule = Literal["range", "equals", "each", "at_least", "is_true"]
COLUMNS = ("code", "column", "rule", "low", "high", "value", "points", "max_points", "label")
POINTS_PREFIX = "points:"


@dataclass(frozen=True)
class ScorecardRow:
    """One rule. `range` is low <= x <= high, `at_least` x >= low, `equals` x = value, `each` points per unit of x,
    `is_true` x.

    Rows of one code share its `max_points`: together they never give more. A NULL gives no points.
    """

    code: str
    column: str
    rule: Rule
    low: float | None
    high: float | None
    value: str | None
    points: float
    max_points: float | None
    label: str
    place: Place = field(default=Place("scorecard.csv"), compare=False)


@dataclass(frozen=True)
class Scorecard:
    """The rules in the order of the file."""

    rows: tuple[ScorecardRow, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The feature columns that give points, each once, in the order of the file."""
        return tuple(dict.fromkeys(row.column for row in self.rows))


def read_scorecard(text: str, file: str = "scorecard.csv") -> Scorecard:
    """The scorecard of a CSV text with the columns `COLUMNS`.

    Raises LeadmartError `bad_scorecard` with file and line for every bad row at once.
    """
    return scorecard_of(read_rows(text, file, COLUMNS, "bad_scorecard"))


def scorecard_of(given: Sequence[CsvRow]) -> Scorecard:
    """The scorecard of rows that have the columns `COLUMNS`, and maybe others. Raises as `read_scorecard` does."""
    rows: list[ScorecardRow] = []
    problems: list[LeadmartError] = []
    for cells in given:
        try:
            row = _parse(cells)
            _refuse_clash(row, rows)
        except LeadmartError as problem:
            problems.append(problem)
        else:
            rows.append(row)
    if problems:
        raise all_as_one(problems)
    return Scorecard(tuple(rows))


def points(frame: pl.DataFrame, scorecard: Scorecard) -> pl.DataFrame:
    """One row per row of `frame`, in its order: `rules_score`, and `points:<column>` for each column of the scorecard.

    rules_score is the sum of the columns' points, clipped to 0..100; the points columns are not clipped by that, only
    by `max_points` of their code, which is used up in the order of the file. All are Float64, never NULL.
    Raises LeadmartError `unknown_column` for a rule about a column that the frame lacks, `bad_scorecard` where types
    do not fit.
    """
    import polars as pl

    by_row = row_points(frame, scorecard)
    if not scorecard.rows:
        return pl.DataFrame({"rules_score": pl.Series([0.0] * frame.height, dtype=pl.Float64)})
    parts: dict[str, pl.Expr] = {}
    for i, row in enumerate(scorecard.rows):
        part = pl.col(str(i))
        parts[row.column] = parts[row.column] + part if row.column in parts else part
    by_column = by_row.select(part.alias(POINTS_PREFIX + column) for column, part in parts.items())
    total = reduce(add, [pl.col(name) for name in by_column.columns])
    return by_column.select(total.clip(0.0, 100.0).alias("rules_score"), pl.all())


def row_points(frame: pl.DataFrame, scorecard: Scorecard) -> pl.DataFrame:
    """The points that each rule gives each row of `frame`, after `max_points`: columns `0`, `1`, … in the order of the
    rules, Float64, never NULL. Raises as `points` does.
    """
    import polars as pl

    _refuse_unfit(frame, scorecard)
    by_row = frame.select(_row_points(row).alias(str(i)) for i, row in enumerate(scorecard.rows))
    capped: list[pl.Expr] = []
    used: dict[str, pl.Expr] = {}
    for i, row in enumerate(scorecard.rows):
        part = pl.col(str(i))
        if row.max_points is not None:
            so_far = used.get(row.code, pl.lit(0.0))
            part = pl.min_horizontal(part, pl.lit(row.max_points) - so_far)
            used[row.code] = so_far + part
        capped.append(part.alias(str(i)))
    return by_row.select(capped)


def _row_points(row: ScorecardRow) -> pl.Expr:
    import polars as pl

    column = pl.col(row.column)
    full = pl.lit(row.points)
    if row.rule == "each":
        given = column.cast(pl.Float64) * full
        given = given.clip(0.0, row.max_points) if row.max_points is not None else given
        return given.fill_nan(0.0).fill_null(0.0)
    if row.rule in ("range", "at_least"):
        column = column.cast(pl.Float64).fill_nan(None)  # NaN compares as the greatest number
    if row.rule == "range":
        fits = (column >= (row.low if row.low is not None else -math.inf)) & (
            column <= (row.high if row.high is not None else math.inf)
        )
    elif row.rule == "at_least":
        fits = column >= row.low
    elif row.rule == "equals":
        fits = column.cast(pl.String) == row.value
    else:
        fits = column
    return pl.when(fits.fill_null(False)).then(full).otherwise(pl.lit(0.0))


def _refuse_unfit(frame: pl.DataFrame, scorecard: Scorecard) -> None:
    import polars as pl

    problems = []
    for row in scorecard.rows:
        if row.column not in frame.columns:
            problems.append(
                LeadmartError(
                    f"the scorecard gives points for {row.column}, which no feature view has",
                    code="unknown_column",
                    place=row.place,
                    hint=near_names(row.column, frame.columns),
                )
            )
            continue
        dtype = frame.schema[row.column]
        is_unknown = dtype == pl.Null
        fits = (
            is_unknown
            or (row.rule in ("range", "at_least", "each") and dtype.is_numeric())
            or (row.rule == "is_true" and dtype == pl.Boolean)
            or (row.rule == "equals" and (dtype == pl.String or dtype.is_integer()))
        )
        if not fits:
            problems.append(_bad(f"{row.rule} does not fit {row.column}, which is {dtype}", row.place))
    if problems:
        raise all_as_one(problems)


def _parse(source: CsvRow) -> ScorecardRow:
    cells, place = source.cells, source.place
    for name in ("code", "column", "rule", "points", "label"):
        if not cells[name]:
            raise _bad(f"{name} is empty", place)
    rule = cells["rule"]
    if rule not in get_args(Rule):
        raise _bad(
            f"unknown rule {rule!r}", place, near_names(rule, get_args(Rule)) or f"one of {', '.join(get_args(Rule))}"
        )
    low, high = _number(cells, "low", place), _number(cells, "high", place)
    points_given, max_points = _number(cells, "points", place), _number(cells, "max_points", place)
    wanted = {"range": ("low", "high"), "at_least": ("low",), "equals": ("value",), "each": (), "is_true": ()}[rule]
    spare = [name for name in ("low", "high", "value") if cells[name] and name not in wanted]
    if spare:
        raise _bad(f"{rule} takes no {' and no '.join(spare)}", place)
    if wanted and not any(cells[name] for name in wanted):
        raise _bad(f"{rule} wants {' or '.join(wanted)}", place)
    if low is not None and high is not None and low > high:
        raise _bad(f"low {cells['low']} is above high {cells['high']}", place)
    if max_points is not None and (max_points <= 0 or (points_given or 0) < 0):
        raise _bad("max_points wants points and max_points above 0", place)
    return ScorecardRow(
        code=cells["code"],
        column=cells["column"],
        rule=cast(Rule, rule),
        low=low,
        high=high,
        value=cells["value"] or None,
        points=points_given or 0.0,
        max_points=max_points,
        label=cells["label"],
        place=place,
    )


def _refuse_clash(row: ScorecardRow, earlier: Sequence[ScorecardRow]) -> None:
    for other in earlier:
        if other.code != row.code:
            continue
        if other.max_points != row.max_points:
            raise _bad(
                f"code {row.code} has another max_points in line {other.place.line}",
                row.place,
                "rows of one code share it",
            )
        if (other.column, other.rule, other.value) == (row.column, row.rule, row.value) and _overlap(row, other):
            raise _bad(
                f"code {row.code} covers values of line {other.place.line} again", row.place, "make the ranges disjoint"
            )


def _overlap(a: ScorecardRow, b: ScorecardRow) -> bool:
    if a.rule == "at_least":
        return a.low == b.low  # steps that add up are meant
    low = max(_or(a.low, -math.inf), _or(b.low, -math.inf))
    return low <= min(_or(a.high, math.inf), _or(b.high, math.inf))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _number(cells: dict[str, str], name: str, place: Place) -> float | None:
    if not cells[name]:
        return None
    try:
        number = float(cells[name])
    except ValueError:
        raise _bad(f"{name} {cells[name]!r} is no number", place) from None
    if not math.isfinite(number):
        raise _bad(f"{name} {cells[name]!r} is not finite", place, "leave it empty for no bound")
    return number


def _bad(message: str, place: Place, hint: str = "") -> LeadmartError:
    return LeadmartError(message, code="bad_scorecard", place=place, hint=hint)
