"""Few positives: the tier that follows from them, and figures only where they exist."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from leadmart.scoring.learning.dataset import SplitSettings, label_rows, split


@pytest.fixture(scope="module")
def many(world: Any) -> Any:
    return world(leads=9000, base=-1.0, ages=(1,), seed=6)


def with_positives(made: Any, wanted: int) -> pl.DataFrame:
    """The rows with so many leads of the outcome before the test block, and as large a share in it."""
    settings = {"horizon": timedelta(days=90), "ingest_lag": timedelta(days=1), "cut_off": made.cut_off}
    parts = split(label_rows(made.rows, **settings), SplitSettings())
    kept = []
    for block in (parts.outside_test(), parts.test):
        had = block.filter(pl.col("y") == 1).sort("as_of", "lead_id")["lead_id"]
        count = round(wanted * block.height / parts.outside_test().height)
        kept.append(had.sample(min(count, len(had)), seed=1))
    chosen = pl.concat(kept)
    known = pl.when(pl.col("lead_id").is_in(chosen.implode())).then(pl.col("outcome_at")).alias("outcome_at")
    return made.rows.with_columns(known)


@pytest.mark.parametrize(
    ("positives", "tier"), [(0, "rules"), (1, "rules"), (20, "rules"), (150, "hybrid"), (1000, "ml")]
)
def test_the_tier_follows_from_the_positives_before_the_test(
    many: Any, fit_world: Any, positives: int, tier: str
) -> None:
    """G1, E2: 0, 1 and 20 positives keep the rules, 150 are hybrid, 1,000 are ml; a figure that does not
    exist has a reason and no number.
    """
    found = fit_world(many, with_positives(many, positives))
    assert found.positive_leads == positives
    assert found.tier == tier
    assert (found.model is None) == (tier == "rules")
    if tier == "rules":
        assert any(f"{100 - found.positive_leads} more positive leads" in note for note in found.notes)
    assert "roc_auc" not in found.metrics or tier != "rules"
    for name, metric in found.metrics.items():
        assert metric.value is not None or metric.reason, name
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
