"""The composite 0 to 100 from its stored parts, its tier, and the status people act on."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leadmart.features.gate_rule import NO_CAP, GateRule
from leadmart.scoring.gates import by_severity, is_blocked
from leadmart.scoring.policy import Boost, TierBy, Tiers

# The same operations in the same order as `composite()`: on the stored columns it gives the stored composite to the
# last bit.
COMPOSITE_SQL = "LEAST(GREATEST(100 * w * COALESCE(rank, 0) + (1 - w) * rules_score + boost, 0), cap)"
# ... and these give the stored tier and status.
_MEASURE_SQL = "CASE tier_by WHEN 'rank' THEN rank ELSE composite END"
TIER_SQL = (
    "CASE WHEN best_tier = 'disqualified' THEN 'disqualified' "
    f"WHEN best_tier = 'hot' AND {_MEASURE_SQL} >= hot_from THEN 'hot' "
    f"WHEN best_tier IN ('hot', 'warm') AND {_MEASURE_SQL} >= warm_from THEN 'warm' ELSE 'cold' END"
)
# A person's word goes before the limits.
SHOWN_TIER_SQL = f"COALESCE(override_tier, {TIER_SQL})"
STATUS_SQL = "CASE tier WHEN 'hot' THEN 'sales_ready' WHEN 'disqualified' THEN 'disqualified' ELSE 'nurture' END"


def boost(settings: Boost | None) -> pl.Expr:
    """Float64 points for recent activity: max * 0.5 ^ (days / half_life_days), 0 for NULL days.

    A lead with neither a rank nor a single rules point gets none: a boost lifts a score, it is none. Reads `rank`,
    `rules_score` and the settings' column.
    """
    if settings is None:
        return pl.lit(0.0)
    days = pl.col(settings.column).cast(pl.Float64).clip(lower_bound=0.0)
    # times the inverse: Polars divides many rows by a literal in this way and one row in another, a last bit apart
    halvings = days * pl.lit(1.0 / float(settings.half_life_days))
    points = pl.lit(float(settings.max)) * pl.lit(0.5).pow(halvings)
    has_score = pl.col("rank").is_not_null() | (pl.col("rules_score") > 0)
    return pl.when(has_score).then(points.fill_null(0.0)).otherwise(0.0)


def cap(rules: Sequence[GateRule]) -> pl.Expr:
    """Float64: the lowest cap of the rules that fire, 100 where none does."""
    fired = [pl.when(pl.col(rule.name)).then(pl.lit(float(rule.cap))) for rule in rules if rule.cap is not None]
    return pl.min_horizontal(pl.lit(NO_CAP), *fired)


def cap_reason(rules: Sequence[GateRule]) -> pl.Expr:
    """String: the words of the rule that sets the cap, a block's before those of a cap as low; NULL where none
    fires.
    """
    capping = sorted((rule for rule in by_severity(rules) if rule.cap is not None), key=lambda rule: rule.cap or 0.0)
    words = [pl.when(pl.col(rule.name)).then(pl.lit(rule.reason)) for rule in capping]
    return pl.coalesce(*words) if words else pl.lit(None, dtype=pl.String)


def composite() -> pl.Expr:
    """clip(100*w*rank + (1-w)*rules_score + boost, 0, cap), of columns of these names; a NULL rank counts 0 (then w
    is 0).
    """
    w = pl.col("w")
    blend = pl.lit(100.0) * w * pl.col("rank").fill_null(0.0) + (pl.lit(1.0) - w) * pl.col("rules_score")
    return pl.min_horizontal(pl.max_horizontal(blend + pl.col("boost"), pl.lit(0.0)), pl.col("cap"))


def best_tier(tiers: Tiers, rules: Sequence[GateRule]) -> pl.Expr:
    """String: the highest tier that the gates leave open: a `cap` below `hot` leaves warm, one below `warm` cold.

    It holds whatever the tier goes by: a lead capped at 60 is not hot for its rank.
    """
    return (
        pl.when(is_blocked(rules))
        .then(pl.lit("disqualified"))
        .when(pl.col("cap") >= float(tiers.hot))
        .then(pl.lit("hot"))
        .when(pl.col("cap") >= float(tiers.warm))
        .then(pl.lit("warm"))
        .otherwise(pl.lit("cold"))
    )


def tier_limits(tiers: Tiers, *, has_model: bool) -> tuple[TierBy, float, float]:
    """What the tier goes by, and where hot and warm begin in it; without a model there is no rank to go by."""
    if tiers.by == "rank" and has_model:
        return "rank", 1.0 - tiers.hot_share, 1.0 - (tiers.hot_share + tiers.warm_share)
    return "composite", float(tiers.hot), float(tiers.warm)


def tier() -> pl.Expr:
    """String: disqualified where a block fires; else hot, warm or cold by `composite` or `rank`, no higher than
    `best_tier`.

    Reads best_tier, tier_by, hot_from, warm_from and the two measures.
    """
    measure = pl.when(pl.col("tier_by") == "rank").then(pl.col("rank")).otherwise(pl.col("composite"))
    best = pl.col("best_tier")
    return (
        pl.when(best == "disqualified")
        .then(pl.lit("disqualified"))
        .when((best == "hot") & (measure >= pl.col("hot_from")))
        .then(pl.lit("hot"))
        .when(best.is_in(["hot", "warm"]) & (measure >= pl.col("warm_from")))
        .then(pl.lit("warm"))
        .otherwise(pl.lit("cold"))
    )


def qualification_status() -> pl.Expr:
    """String from `tier`: hot is sales_ready, disqualified stays so, warm and cold are nurture."""
    return (
        pl.when(pl.col("tier") == "hot")
        .then(pl.lit("sales_ready"))
        .when(pl.col("tier") == "disqualified")
        .then(pl.lit("disqualified"))
        .otherwise(pl.lit("nurture"))
    )
