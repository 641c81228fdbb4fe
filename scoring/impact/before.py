"""The reasons of scores that are published: those that were not stored, computed from what was kept of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from leadmart.features.errors import LeadmartError
from leadmart.features.gate_rule import GateRule
from leadmart.features.house.kinds import has_table
from leadmart.features.lookup import scoring_frame, told_columns
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import load_model, load_policy, typed_columns
from leadmart.scoring.impact.after import as_learned
from leadmart.scoring.impact.recorded import Recorded
from leadmart.scoring.policy import Boost, Policy, Tiers
from leadmart.scoring.reason_templates import ReasonTemplate, ReasonTemplates
from leadmart.scoring.scorecard import Scorecard, ScorecardRow

if TYPE_CHECKING:
    import polars as pl

_CLOSE = 1e-9
"""How far a score computed anew may be from the stored one and count as the same."""


def reasons_before(
    warehouse: Warehouse, registry: Registry, selection: Selection, recorded: Recorded, movers: pl.DataFrame
) -> pl.DataFrame | None:
    """The reasons (lead_id, reasons) of the movers whose published score is met again; None where it cannot be tried.

    From the slices, the policy and the model of then. Without them those reasons are left that were stored: of notable
    leads. `movers` have lead_id and `composite`, the published score.
    """
    import polars as pl

    from leadmart.scoring.assess import score_rows

    policy = _policy(warehouse, registry, selection, recorded)
    if policy is None or recorded.feature_set_version != selection.feature_set_version:
        return None
    try:
        frame = scoring_frame(warehouse, registry, selection, recorded.as_of)
        model = load_model(warehouse, recorded.model_version)
    except LeadmartError:
        return None  # a slice is gone, and `plan` lists it
    frame = frame.filter(pl.col(selection.spine.key).cast(pl.String).is_in(movers["lead_id"].implode()))
    frame, columns, _ = as_learned(frame, typed_columns(told_columns(selection), frame), model)
    if frame.is_empty():
        return None
    found = score_rows(
        frame,
        columns,
        policy,
        model,
        feature_set_version=model.feature_set_version if model else selection.feature_set_version,
        reasons_for="all",
    ).rows.select(pl.col("lead_id").cast(pl.String), "composite", "reasons")
    both = found.join(movers.select("lead_id", pl.col("composite").alias("published")), on="lead_id")
    return both.filter((pl.col("composite") - pl.col("published")).abs() <= _CLOSE).select("lead_id", "reasons")


def _policy(warehouse: Warehouse, registry: Registry, selection: Selection, recorded: Recorded) -> Policy | None:
    """The policy that the scores went by, as it was kept; today's where it is the same; else None.

    None as well where the gates' SQL was another: what fires cannot be told from today's slices.
    """
    today = load_policy(registry, selection)
    if today.policy_version == recorded.policy_version:
        return today
    if not has_table(warehouse, "policies"):
        return None
    kept = warehouse.rows(
        "SELECT content FROM store.meta.policies WHERE feature_set_version = ? AND policy_version = ?",
        [recorded.feature_set_version, recorded.policy_version],
    )
    content = json.loads(kept[0][0]) if kept else None
    same_gates = content and content["gate_fingerprints"] == [list(each) for each in sorted(today.gate_fingerprints)]
    return policy_of(content) if content and same_gates else None


def policy_of(content: dict[str, Any]) -> Policy:
    """The policy of a `Policy.content_text`, but for fit and decision rules, which no reason speaks of."""
    return Policy(
        gates=tuple(GateRule(**rule) for rule in content["gates"]),
        gate_fingerprints=tuple((ref, found) for ref, found in content["gate_fingerprints"]),
        scorecard=Scorecard(tuple(ScorecardRow(**row) for row in content["scorecard"])),
        templates=ReasonTemplates(tuple(ReasonTemplate(**row) for row in content["templates"])),
        tiers=Tiers(**content["tiers"]),
        boost=Boost(**content["boost"]) if content["boost"] else None,
        max_weight=content["max_weight"],
        unspoken=tuple(content.get("unspoken", ())),
        binding=tuple(content.get("binding", ())),
    )
