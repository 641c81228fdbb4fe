"""How far scores move when another model becomes champion (D7): computed, shown and recorded, never written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from leadmart.features.clock import iso
from leadmart.features.lookup import told_columns
from leadmart.scoring.champion import RULES, load_model, typed_columns
from leadmart.scoring.life.trial import Trial
from leadmart.scoring.scorer import Scorer

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.models.model import Model

MOST_MOVERS = 10


def jump(trial: Trial, before: str, after: str, model: Model | None = None) -> dict[str, Any]:
    """The newest filled as_of scored by two versions (`rules` is one): rank correlation, tiers, top movers.

    `model` is the one of `after` where it is not kept yet. Where the two cannot be laid beside each other, `reason`
    says why and the figures are None.
    """
    empty: dict[str, Any] = {
        "before": before, "after": after, "as_of": None, "leads": 0, "rank_correlation": None, "changed_tier": None,
        "tiers": [], "movers": [],
    }  # fmt: skip
    as_of = newest_filled(trial)
    if as_of is None:
        return {**empty, "reason": "no as_of has all its slices filled"}
    models = {
        version: model if version == after and model else load_model(trial.session.warehouse, version)
        for version in (before, after)
    }
    if any(each and each.feature_set_version != trial.selection.feature_set_version for each in models.values()):
        return {**empty, "reason": f"the features that {before} learned on are not those of today"}
    frame = Scorer(trial.session, trial.selection, trial.policy, RULES).frame(as_of)
    if frame.is_empty():
        return {**empty, "as_of": iso(as_of), "reason": "there is no lead to score"}
    both = _beside(trial, frame, models[before], models[after])
    return {**empty, "as_of": iso(as_of), "leads": both.height, **_figures(trial, frame, both, models[after])}


def newest_filled(trial: Trial) -> datetime | None:
    """The newest as_of at which every slice of today's selection is filled."""
    prints = sorted({trial.selection.fingerprints[d.relation] for d in trial.selection.definitions})
    listed = ", ".join(f"'{each}'" for each in prints)
    found = trial.session.warehouse.rows(
        f"SELECT as_of FROM store.meta.slices WHERE fingerprint IN ({listed}) GROUP BY as_of "
        "HAVING COUNT(DISTINCT fingerprint) = ? ORDER BY as_of DESC LIMIT 1",
        [len(prints)],
    )
    return found[0][0] if found else None


def _scored(
    trial: Trial, frame: pl.DataFrame, model: Model | None, reasons_for: Literal["none", "all"]
) -> pl.DataFrame:
    from leadmart.scoring.assess import score_rows

    return score_rows(
        frame,
        typed_columns(told_columns(trial.selection), frame),
        trial.policy,
        model,
        feature_set_version=trial.selection.feature_set_version,
        reasons_for=reasons_for,
    ).rows


def _beside(trial: Trial, frame: pl.DataFrame, before: Model | None, after: Model | None) -> pl.DataFrame:
    """One row per lead: composite and tier before and after, and the move, the farthest first."""
    import polars as pl

    kept = ("lead_id", "composite", "tier")
    old = _scored(trial, frame, before, "none").select(kept)
    new = _scored(trial, frame, after, "none").select(kept)
    return (
        old.join(new, on="lead_id", suffix="_after")
        .with_columns((pl.col("composite_after") - pl.col("composite")).alias("move"))
        .sort(-pl.col("move").abs(), "lead_id")
    )


def _figures(trial: Trial, frame: pl.DataFrame, both: pl.DataFrame, after: Model | None) -> dict[str, Any]:
    import polars as pl

    correlation = both.select(pl.corr("composite", "composite_after", method="spearman")).item()
    is_known = correlation is not None and correlation == correlation
    changed = both.filter(pl.col("tier") != pl.col("tier_after"))
    tiers = changed.group_by("tier", "tier_after").len("leads").sort("tier", "tier_after")
    movers = both.filter(pl.col("move") != 0).head(MOST_MOVERS)
    reasons: dict[str, Sequence[str]] = {}
    if movers.height:
        told = _scored(trial, frame.join(movers.select("lead_id"), on="lead_id", how="semi"), after, "all")
        reasons = dict(zip(told["lead_id"].to_list(), told["reasons"].to_list(), strict=True))
    return {
        "rank_correlation": float(correlation) if is_known else None,
        "changed_tier": changed.height / both.height,
        "tiers": [
            {"before": old, "after": new, "leads": leads} for old, new, leads in tiers.iter_rows()
        ],
        "movers": [
            {
                "lead_id": row["lead_id"], "before": row["composite"], "after": row["composite_after"],
                "tier_before": row["tier"], "tier_after": row["tier_after"],
                "reasons": list(reasons.get(row["lead_id"]) or ()),
            }
            for row in movers.iter_rows(named=True)
        ],
        "reason": "" if is_known else "the scores of one of them are all the same",
    }  # fmt: skip
