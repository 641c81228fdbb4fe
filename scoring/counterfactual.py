"""What would change a lead's tier: the score once more with one thing otherwise and all else as it is."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from leadmart.features.gate_rule import GateRule
from leadmart.scoring.policy import Policy

if TYPE_CHECKING:
    from leadmart.scoring.models.model import Model

Row = Mapping[str, Any]
Change = dict[str, Any]
_TIERS = ("cold", "warm", "hot")


def tier_changes(row: Row, policy: Policy, model: Model | None, lost: tuple[str, float] | None = None) -> list[Change]:
    """What would lift a stored score row to another tier, or let it fall; every sentence is a score computed anew.

    `policy` and `model` are those the row was scored with. `lost` is the reason group that costs the most, and its
    contribution in log odds. Each change says `change`, `words`, and the `composite` and `tier` there would be. Gates
    come first; `points`, `rank` and `recency` follow where they alone reach the next tier, `group` where the model
    weighs in.
    """
    fired = {rule.name for rule in policy.gates if rule.name in row["gates"]}
    found = _without_gates(row, policy, fired)
    target = _next_tier(row, policy, fired)
    if target is not None:
        found += _towards(row, policy, fired, *target)
    found += _recency(row, policy, fired)
    if lost is not None and model is not None and row["p_raw"] is not None:
        found += _without_loss(row, policy, model, fired, *lost)
    return found


def rescored(row: Row, policy: Policy, gates: Collection[str], **parts: float) -> tuple[float, str]:
    """(composite, tier) of a score row with these gates firing and some parts replaced, as scoring computes them."""
    import polars as pl

    from leadmart.scoring.composite import best_tier, cap, composite, tier, tier_limits

    by, hot, warm = tier_limits(policy.tiers, has_model=row["rank"] is not None)
    named = {name: row[name] for name in ("w", "rank", "rules_score", "boost")} | parts
    frame = (
        pl.DataFrame({name: [value] for name, value in named.items()}, schema=dict.fromkeys(named, pl.Float64))
        .with_columns(pl.lit(rule.name in gates).alias(rule.name) for rule in policy.gates)
        .with_columns(cap(policy.gates).alias("cap"))
        .with_columns(
            composite().alias("composite"),
            best_tier(policy.tiers, policy.gates).alias("best_tier"),
            pl.lit(by).alias("tier_by"),
            pl.lit(hot).alias("hot_from"),
            pl.lit(warm).alias("warm_from"),
        )
        .with_columns(tier().alias("tier"))
    )
    return float(frame["composite"][0]), str(frame["tier"][0])


def _without_gates(row: Row, policy: Policy, fired: Collection[str]) -> list[Change]:
    """Each rule that blocks or caps switched off alone, and all of them together."""
    holding = [rule for rule in policy.gates if rule.name in fired and rule.cap is not None]
    found = [_gate_off(row, policy, fired, [rule]) for rule in holding]
    if len(holding) > 1:
        found.append(_gate_off(row, policy, fired, holding))
    return found


def _gate_off(row: Row, policy: Policy, fired: Collection[str], off: list[GateRule]) -> Change:
    names = {rule.name for rule in off}
    composite, tier = rescored(row, policy, set(fired) - names)
    without = " and ".join(f'"{rule.reason}"' for rule in off)
    return _change("gate", f"without {without}", row, composite, tier, rules=sorted(names))


def _next_tier(row: Row, policy: Policy, fired: Collection[str]) -> tuple[str, float] | None:
    """The tier above the row's and its limit, where no gate stands before it."""
    if row["tier"] not in _TIERS[:2]:
        return None
    target = _TIERS[_TIERS.index(row["tier"]) + 1]
    reachable = rescored(row, policy, fired, rules_score=100.0, boost=100.0, rank=1.0)[1]
    if reachable not in _TIERS or _TIERS.index(reachable) < _TIERS.index(target):
        return None
    from leadmart.scoring.composite import tier_limits

    _, hot, warm = tier_limits(policy.tiers, has_model=row["rank"] is not None)
    return target, hot if target == "hot" else warm


def _towards(row: Row, policy: Policy, fired: Collection[str], target: str, limit: float) -> list[Change]:
    """What is missing to the next tier, and which rank, or which points, would reach it."""
    from leadmart.scoring.composite import tier_limits

    by, _, _ = tier_limits(policy.tiers, has_model=row["rank"] is not None)
    found: list[Change] = []
    w, rank, rules, boost = row["w"], row["rank"], row["rules_score"], row["boost"]
    if by == "rank":
        missing, enough = limit - rank, limit
        words = f"a rank of {enough:.3f} in place of {rank:.3f} is {target}"
        composite, tier = rescored(row, policy, fired, rank=enough)
        return [_change("rank", words, row, composite, tier, to_tier=target, missing=missing, rank=enough)]
    missing = limit - row["composite"]
    short = f"{math.ceil(10 * missing) / 10:g} points are missing to {target}, which begins at {limit:g}"
    found.append({"change": "missing", "words": short, "to_tier": target, "missing": missing, "composite": None,
                  "tier": None, "changes_tier": False})  # fmt: skip
    if rank is not None and w > 0:
        enough = math.ceil(1000 * (limit - (1 - w) * rules - boost) / (100 * w)) / 1000
        composite, tier = rescored(row, policy, fired, rank=enough)
        if enough <= 1 and tier == target:
            words = f"a rank of {enough:.3f} in place of {rank:.3f} would do"
            found.append(_change("rank", words, row, composite, tier, to_tier=target, rank=enough))
    if w < 1:
        enough = math.ceil((limit - 100 * w * (rank or 0.0) - boost) / (1 - w))
        composite, tier = rescored(row, policy, fired, rules_score=float(enough))
        if enough <= 100 and tier == target:
            words = f"{enough} points by the scorecard in place of {rules:g} would do"
            found.append(_change("points", words, row, composite, tier, to_tier=target, rules_score=enough))
    return found


def _recency(row: Row, policy: Policy, fired: Collection[str]) -> list[Change]:
    """The boost at its highest and gone, each where it alone changes the tier."""
    if policy.boost is None or policy.boost.max <= 0:
        return []
    found = []
    has_score = row["rank"] is not None or row["rules_score"] > 0
    if has_score and row["boost"] < policy.boost.max:
        composite, tier = rescored(row, policy, fired, boost=float(policy.boost.max))
        words = f"a boost of {policy.boost.max:g} for activity today, in place of {row['boost']:.1f}"
        found.append(_change("recency", words, row, composite, tier, boost=float(policy.boost.max)))
    if row["boost"] > 0:
        composite, tier = rescored(row, policy, fired, boost=0.0)
        words = f"once the boost of {row['boost']:.1f} for recent activity is gone"
        found.append(_change("recency", words, row, composite, tier, boost=0.0))
    return [each for each in found if each["changes_tier"]]


def _without_loss(
    row: Row, policy: Policy, model: Model, fired: Collection[str], group: str, contribution: float
) -> list[Change]:
    """The score where the group that costs the most said nothing: contributions add up in log odds."""
    import numpy as np

    from leadmart.scoring.models.calibration.odds import logit, sigmoid
    from leadmart.scoring.models.model import rank_in

    p_raw = sigmoid(logit(np.array([row["p_raw"]])) - contribution)
    rank = float(rank_in(model.reference, p_raw)[0])
    composite, tier = rescored(row, policy, fired, rank=rank)
    words = f"if {group}, which costs the most, said nothing: a rank of {rank:.3f} in place of {row['rank']:.3f}"
    return [_change("group", words, row, composite, tier, group=group, rank=rank, contribution=contribution)]


def _change(kind: str, words: str, row: Row, composite: float, tier: str, **more: Any) -> Change:
    is_other = tier != row["tier"]
    then = f"the score would be {composite:.1f}, tier {tier}" if is_other else f"{composite:.1f}, still {tier}"
    words = f"{words}: {then}"
    return {"change": kind, "words": words, "composite": composite, "tier": tier, "changes_tier": is_other, **more}
