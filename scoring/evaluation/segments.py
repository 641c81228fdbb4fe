"""The figures of each segment that has enough conversions to tell (E6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Metric, Ranking

LEAST_POSITIVES = 50
INSUFFICIENT = "insufficient"
UNKNOWN, OTHER = "unknown", "other"
_MOST_LEVELS = 12
_AGES = (7, 30, 90)
_NUMERIC_PARTS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Segment:
    """One level of a segmenting column. The figures are undefined, with a reason that begins `insufficient`, below 50
    positives.
    """

    column: str
    level: str
    rows: int
    positives: int
    rate: Metric
    mean_p: float | None
    observed_over_expected: Metric
    roc_auc: Metric

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return {
            "column": self.column,
            "level": self.level,
            "rows": self.rows,
            "positives": self.positives,
            "rate": self.rate.as_json(),
            "mean_p": self.mean_p,
            "observed_over_expected": self.observed_over_expected.as_json(),
            "roc_auc": self.roc_auc.as_json(),
        }


def levels_of(values: pl.Series) -> list[str]:
    """The level of each row as words: a category's value, TRUE and FALSE, or a range of a number.

    Ages (`*_age_days`) are cut at 7, 30 and 90 days, other numbers at their quartiles. NULL is `unknown`, and beyond
    twelve levels the rarest are `other`.
    """
    if values.dtype.is_numeric():
        return _ranges(values)
    words = values.cast(pl.String).fill_null(UNKNOWN)
    counts = words.value_counts().sort([pl.col("count"), pl.col(words.name)], descending=[True, False])
    if counts.height <= _MOST_LEVELS:
        return words.to_list()
    kept = counts[words.name].head(_MOST_LEVELS - 1)
    return pl.select(pl.when(words.is_in(kept.implode())).then(words).otherwise(pl.lit(OTHER))).to_series().to_list()


def _ranges(values: pl.Series) -> list[str]:
    known = values.cast(pl.Float64).fill_nan(None)
    if known.null_count() == len(known):
        return [UNKNOWN] * len(known)
    if values.name.endswith("age_days"):
        edges = [float(age) for age in _AGES]
    else:
        found = [known.quantile(part, interpolation="lower") for part in _NUMERIC_PARTS]
        edges = sorted({edge for edge in found if edge is not None})
    labels = [f"up to {edges[0]:g}"]
    labels += [f"above {low:g} to {high:g}" for low, high in pairwise(edges)]
    labels.append(f"above {edges[-1]:g}")
    numbers = known.to_numpy()
    place = np.searchsorted(edges, np.nan_to_num(numbers), side="left")
    words: list[str] = np.where(np.isnan(numbers), UNKNOWN, np.asarray(labels)[place]).tolist()
    return words


def segments(
    y: NDArray[np.int8],
    p: Floats | None,
    score: Floats,
    levels: Mapping[str, Sequence[str]],
    draws: Bootstrap,
    *,
    least: int = LEAST_POSITIVES,
) -> tuple[Segment, ...]:
    """The segments of each column, the largest first. `levels` has a level for each row, by column.

    Without probabilities (`p` None) there is no mean and no ratio.
    """
    truth = y.astype(np.float64)
    members: list[tuple[str, str, NDArray[np.bool_]]] = []
    for column, given in levels.items():
        names, code, count = np.unique(np.asarray(given), return_inverse=True, return_counts=True)
        for place in np.lexsort((np.arange(len(names)), -count)):
            members.append((column, str(names[place]), code == place))
    told = [place for place, (_, _, member) in enumerate(members) if y[member].sum() >= least]
    rankings = {place: Ranking(truth[members[place][2]], score[members[place][2]]) for place in told}

    def figures(weights: Floats) -> Floats:
        found = []
        for place in told:
            member = members[place][2]
            inside = weights[:, member]
            hits = (inside * truth[member]).sum(axis=1)
            expected = (inside * p[member]).sum(axis=1) if p is not None else np.full(len(weights), np.nan)
            found += [hits / inside.sum(axis=1), hits / expected, rankings[place].figures(inside)[0]]
        return np.stack(found)

    undefined = "there is no probability" if p is None else "every row is positive"
    measured = draws.measure(figures, undefined) if told else []
    by_place = {place: measured[3 * number : 3 * number + 3] for number, place in enumerate(told)}
    rows = []
    for place, (column, level, member) in enumerate(members):
        positives = int(y[member].sum())
        too_few = Metric(None, reason=f"{INSUFFICIENT}: {positives} conversions, fewer than {least}")
        rate, ratio, auc = by_place.get(place, [too_few, too_few, too_few])
        mean_p = float(p[member].mean()) if p is not None else None
        rows.append(Segment(column, level, int(member.sum()), positives, rate, mean_p, ratio, auc))
    return tuple(rows)


def segments_text(document: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line a segment, from the list of `Segment.as_json`; those with too few conversions are counted, not listed."""
    if not document:
        return []
    lines = ["  segment                                  rows  conversions   rate   mean p   observed / expected   AUC"]
    few: dict[str, list[str]] = {}
    for each in document:
        if each["rate"]["value"] is None:
            few.setdefault(each["column"], []).append(each["level"])
            continue
        ratio, auc = each["observed_over_expected"], each["roc_auc"]
        told = f"{ratio['value']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio["low"] is not None else ""
        mean_p = f"{each['mean_p']:.3f}" if each["mean_p"] is not None else ""
        name = f"{each['column']}: {each['level']}"
        lines.append(
            f"  {name[:38]:<38}{each['rows']:>7,}{each['positives']:>13,}{each['rate']['value']:>7.3f}{mean_p:>9}   "
            f"{told:<21}" + (f"{auc['value']:>4.2f}" if auc["value"] is not None else "")
        )
    lines = [line.rstrip() for line in lines]
    least = LEAST_POSITIVES
    return lines + [
        f"    {column}: insufficient (fewer than {least} conversions) for {', '.join(levels)}"
        for column, levels in few.items()
    ]
