"""Two scorings of the same leads laid beside each other: tiers, shift, rank correlation, and who moves most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadmart.scoring.impact.shift import shift

if TYPE_CHECKING:
    import polars as pl

MOST_MOVERS = 10

PARTS = ("rank", "rules_score", "boost", "cap")
"""What a lead's score is made of, beside the gates."""

LIMITS = ("w", "hot_from", "warm_from")
"""What is one for all leads: the model's weight, and where tiers begin."""


@dataclass(frozen=True)
class ColumnShift:
    """A column of a view or gate whose values change: in how many of the rows compared, and how far it shifts.

    `kind` is changed, added or removed; of the last two there are no figures.
    """

    view: str
    name: str
    kind: str
    differing: int | None = None
    rows: int | None = None
    psi: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "view": self.view, "column": self.name, "class": self.kind, "differing": self.differing,
            "rows": self.rows, "psi": self.psi,
        }  # fmt: skip


def beside(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """One row per lead of either: `lead_id`, the columns before, those after as `… after`, and `move`, NULL where one
    of the two has no score of it; who moves farthest first.
    """
    import polars as pl

    renamed = after.rename({name: f"{name} after" for name in after.columns if name != "lead_id"})
    return (
        before.join(renamed, on="lead_id", how="full", coalesce=True)
        .with_columns((pl.col("composite after") - pl.col("composite")).alias("move"))
        .sort(-pl.col("move").abs(), pl.col("tier") == pl.col("tier after"), "lead_id", nulls_last=True)
    )


def score_figures(both: pl.DataFrame) -> dict[str, Any]:
    """Leads, tier changes by from and to, the shift of the score, Spearman's rank correlation, and limits that changed.

    A tier is None where a lead has no score; only leads with both count for shift and correlation, which are None
    where there is nothing to tell.
    """
    import polars as pl

    scored = both.filter(pl.col("move").is_not_null())
    correlation = scored.select(pl.corr("composite", "composite after", method="spearman")).item()
    changed = both.filter(pl.col("tier").ne_missing(pl.col("tier after")))
    tiers = changed.group_by("tier", "tier after").len("leads").sort("tier", "tier after", nulls_last=True)
    is_known = correlation is not None and correlation == correlation
    return {
        "leads": both.height,
        "changed_tier": changed.height,
        "tiers": [{"before": old, "after": new, "leads": leads} for old, new, leads in tiers.iter_rows()],
        "moved": scored.filter(pl.col("move") != 0).height,
        "mean": {"before": scored["composite"].mean(), "after": scored["composite after"].mean()},
        "psi": shift(scored["composite"], scored["composite after"]),
        "rank_correlation": float(correlation) if is_known else None,
        "limits": _limits(scored),
    }


def _limits(scored: pl.DataFrame) -> dict[str, list[Any]]:
    """What is one for all leads and another now, before and after."""
    if scored.is_empty():
        return {}
    pairs = {name: [scored[name][0], scored[f"{name} after"][0]] for name in LIMITS}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def movers_of(both: pl.DataFrame, most: int = MOST_MOVERS) -> pl.DataFrame:
    """The rows of those who move most; one whose tier changes and whose score does not comes after all that move."""
    import polars as pl

    moved = (pl.col("move") != 0) | ((pl.col("move") == 0) & (pl.col("tier") != pl.col("tier after")))
    return both.filter(moved).head(most)


def mover(row: Mapping[str, Any], values: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """One who moves: scores and tiers, the parts of the score and the column values that are others now, and reasons.

    A list of reasons is None where it was not computed.
    """
    parts = {n: [row[n], row[f"{n} after"]] for n in PARTS if row[n] != row[f"{n} after"]}
    return {
        "lead_id": row["lead_id"],
        "before": row["composite"],
        "after": row["composite after"],
        "tier_before": row["tier"],
        "tier_after": row["tier after"],
        "parts": parts,
        "values": {name: list(pair) for name, pair in values.items()},
        "reasons_before": row["reasons"],
        "reasons_after": row["reasons after"],
    }


def column_shifts(view: str, frame: pl.DataFrame) -> list[ColumnShift]:
    """The columns of a frame of `changed_values` that have other values in some row."""
    import polars as pl

    found = []
    for name in [n for n in frame.columns if f"{n} after" in frame.columns]:
        before, after = frame[name], frame[f"{name} after"]
        differing = int(_differs(before, after).sum())
        if differing:
            plain = [s.cast(pl.String) if s.dtype.is_nested() else s for s in (before, after)]
            found.append(ColumnShift(view, name, "changed", differing, frame.height, shift(*plain)))
    return found


def values_of(frame: pl.DataFrame, lead: str) -> dict[str, tuple[Any, Any]]:
    """Of one key the columns whose values are others now, with both."""
    import polars as pl

    row = frame.filter(pl.col("key") == lead)
    names = [n for n in frame.columns if f"{n} after" in frame.columns]
    return {
        n: (row[n][0], row[f"{n} after"][0])
        for n in names
        if row.height and bool(_differs(row[n], row[f"{n} after"])[0])
    }


def _differs(before: pl.Series, after: pl.Series) -> pl.Series:
    import polars as pl

    same_kind = before.dtype == after.dtype or (before.dtype.is_numeric() and after.dtype.is_numeric())
    one, other = (before, after) if same_kind else (before.cast(pl.String), after.cast(pl.String))
    return one.ne_missing(other)
