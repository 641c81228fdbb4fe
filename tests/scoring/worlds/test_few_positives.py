"""Few positives: the tier that follows from them, and figures only where they exist."""

from __future__ import annotations

import json
import math
from typing import Any

import polars as pl
import pytest


@pytest.fixture(scope="module")
def many(world: Any) -> Any:
    return world(leads=9000, base=-1.0, ages=(1,), seed=6)


def with_positives(made: Any, wanted: int) -> pl.DataFrame:
    """The rows with so many leads of the outcome, evenly over time, and the others without."""
    had = made.rows.filter(pl.col("outcome_at").is_not_null()).sort("as_of", "lead_id")["lead_id"]
    chosen = had.gather_every(max(1, len(had) // max(wanted, 1))).head(wanted)
    known = pl.when(pl.col("lead_id").is_in(chosen.implode())).then(pl.col("outcome_at")).alias("outcome_at")
    return made.rows.with_columns(known)


@pytest.mark.parametrize(
    ("positives", "tier"), [(0, "rules"), (1, "rules"), (20, "rules"), (250, "hybrid"), (1000, "ml")]
)
def test_the_tier_follows_from_the_positives_before_the_test(
    many: Any, fit_world: Any, positives: int, tier: str
) -> None:
    """G1, E2: 0, 1 and 20 positives keep the rules, some 150 before the test are hybrid, 700 are ml; a figure that
    does not exist has a reason and no number.
    """
    found = fit_world(many, with_positives(many, positives))
    assert found.positive_leads <= positives
    assert found.tier == tier
    assert (found.model is None) == (tier == "rules")
    if tier == "rules":
        assert any(f"{100 - found.positive_leads} more positive leads" in note for note in found.notes)
    assert "roc_auc" not in found.metrics or tier != "rules"
    for name, metric in found.metrics.items():
        assert (metric.value is None) == bool(metric.reason), name
        assert metric.value is None or math.isfinite(metric.value), name
    document = json.loads(json.dumps(found.as_json(), allow_nan=False))
    if positives == 0:
        assert document["metrics"]["rules_roc_auc"]["value"] is None
    assert document["model_version"] == "rules" or tier != "rules"


def test_rules_are_kept_where_nobody_has_no_outcome(many: Any, fit_world: Any) -> None:
    """G1: everybody converts: nothing can be learned of who does not, and the other outcome is what is missing."""
    rows = many.rows.head(3000).with_columns((pl.col("as_of") + pl.duration(days=3)).alias("outcome_at"))
    found = fit_world(many, rows)
    assert (found.tier, found.model, found.negative_leads) == ("rules", None, 0)
    assert any("100 more negative leads" in note for note in found.notes)
    assert found.metrics["rules_roc_auc"].value is None
