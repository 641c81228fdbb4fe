"""How far a distribution has moved: the population stability index."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

BINS = 10
"""Bins of a number, at the deciles of what it was before; of a text its most frequent values."""

LITTLE, LARGE = 0.1, 0.25
"""Below the first a shift counts as small, from the second as large (Siddiqi, Credit Risk Scorecards, 2006)."""


def shift(before: pl.Series, after: pl.Series) -> float | None:
    """The population stability index of two columns: the sum over bins of (a - b) * ln(a / b), a and b being shares.

    0 where nothing moved. NULL is a bin of its own, and so is all that is rare in a text. Half a row is added to every
    bin, so that an empty one counts and is not infinite. None where one of the two has no rows.
    """
    import numpy as np
    import polars as pl

    if not len(before) or not len(after):
        return None
    is_after = [False] * len(before) + [True] * len(after)
    both = pl.DataFrame({"bin": pl.concat(_binned(before, after)), "is_after": is_after})
    counts = both.group_by("bin").agg((~pl.col("is_after")).sum().alias("b"), pl.col("is_after").sum().alias("a"))
    b, a = (counts[name].cast(pl.Float64).to_numpy() + 0.5 for name in ("b", "a"))
    b, a = b / b.sum(), a / a.sum()
    # sorted, so that the sum has the same bits whatever order the bins came in
    return float(np.sort((a - b) * np.log(a / b)).sum())


def shift_words(figure: float | None) -> str:
    """`PSI 0.012, small`."""
    if figure is None:
        return "PSI unknown"
    size = "small" if figure < LITTLE else "large" if figure >= LARGE else "some"
    return f"PSI {figure:.3f}, {size}"


def _binned(before: pl.Series, after: pl.Series) -> list[pl.Series]:
    """Both columns as the names of their bins, Strings; NULL stays NULL."""
    import polars as pl

    if all(s.dtype.is_numeric() or s.dtype == pl.Null for s in (before, after)):
        numbers = [s.cast(pl.Float64).fill_nan(None) for s in (before, after)]
        known = numbers[0].drop_nulls()
        if known.n_unique() > BINS:
            deciles = [known.quantile(n / BINS, interpolation="lower") for n in range(BINS)]
            return [_place(s, sorted({edge for edge in deciles if edge is not None})) for s in numbers]
        return _frequent(*(s.cast(pl.String) for s in numbers))
    return _frequent(*(s.cast(pl.String, strict=False) for s in (before, after)))


def _place(numbers: pl.Series, edges: list[float]) -> pl.Series:
    """The number of edges at or below each value, as a String."""
    import polars as pl

    places = pl.Series(edges, dtype=pl.Float64).search_sorted(numbers.fill_null(0.0), side="right")
    return places.cast(pl.String).set(numbers.is_null(), None)


def _frequent(before: pl.Series, after: pl.Series) -> list[pl.Series]:
    import polars as pl

    counts = pl.concat([before, after]).drop_nulls().alias("value").value_counts(name="n")
    kept = counts.sort(["n", "value"], descending=[True, False]).head(2 * BINS)["value"]
    return [s.set(s.is_not_null() & ~s.is_in(kept.implode()), "other values") for s in (before, after)]
