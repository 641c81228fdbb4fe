"""Outcomes that depend on how leads were worked, on what is missing, and columns that know too much."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.scorecard import points

IS_POSITIVE = (pl.col("outcome_at") <= pl.col("as_of") + timedelta(days=90)).fill_null(False)


def test_an_outcome_column_under_an_innocent_name_stops_training(world: Any, fit_world: Any) -> None:
    """K5: `region_code` says nothing by its name and everything by its values."""
    made = world(leads=1500)
    draw = np.random.default_rng(3)
    told = pl.when(IS_POSITIVE).then(pl.lit(7)).otherwise(pl.Series(draw.integers(0, 12, made.rows.height)))
    rows = made.rows.with_columns(told.cast(pl.Int64).alias("region_code"))
    with pytest.raises(LeadmartError) as caught:
        fit_world(made, rows, {"region_code": "BIGINT"})
    assert caught.value.code == "suspects"
    assert "region_code" in " ".join(each.message for each in (caught.value, *caught.value.others))


@pytest.mark.parametrize(
    ("filled", "otherwise", "stops"), [(0.95, 0.3, True), (0.75, 0.55, False)], ids=["tells all", "tells little"]
)
def test_missingness_that_depends_on_the_outcome_is_suspect(
    world: Any, fit_world: Any, filled: float, otherwise: float, stops: bool
) -> None:
    """K5: a company size that sales fills in for whom it wins; the values themselves are noise."""
    made = world(leads=1500)
    draw = np.random.default_rng(3)
    chance, size = pl.Series(draw.random(made.rows.height)), pl.Series(draw.integers(1, 500, made.rows.height))
    is_filled = chance < pl.when(IS_POSITIVE).then(filled).otherwise(otherwise)
    rows = made.rows.with_columns(pl.when(is_filled).then(size).alias("size_checked"))
    if not stops:
        found = fit_world(made, rows, {"size_checked": "BIGINT"})
        assert [s.code for s in found.suspects if s.column == "size_checked" and s.code == "missingness_auc"] == []
        return
    with pytest.raises(LeadmartError, match="size_checked seems to know the outcome: whether it is missing") as caught:
        fit_world(made, rows, {"size_checked": "BIGINT"})
    assert caught.value.code == "suspects"
    waived = fit_world(made, rows, {"size_checked": "BIGINT"}, waived={"size_checked": "a test"}, waived_leak="a test")
    assert "missingness_auc" in {suspect.code for suspect in waived.suspects}


def test_where_reps_work_high_scorers_first_the_model_says_association(
    world: Any, fit_world: Any, scorecard: Any
) -> None:
    """K8: everybody has the same chance by nature, and those whom the scorecard puts on top are worked, which triples
    it. The data cannot tell that from columns that matter, so the rules rank well above chance although the truth is a
    coin, and a model has to say that it speaks of leads as they are worked.
    """
    made = world(leads=2500, strength=0.0, base=-1.5, seed=9)
    score = points(made.rows, scorecard)["rules_score"]
    top = made.rows.with_columns(score.alias("s")).group_by("lead_id").agg(pl.col("s").max()).sort("s", "lead_id")
    worked = top.tail(top.height // 4)["lead_id"]
    draw = np.random.default_rng(4)
    ids = made.rows["lead_id"].unique().sort()
    unlucky = ids.filter(pl.Series(draw.random(len(ids)) < 2 / 3))
    is_lost = pl.col("lead_id").is_in(unlucky.implode()) & ~pl.col("lead_id").is_in(worked.implode())
    rows = made.rows.with_columns(pl.when(~is_lost).then(pl.col("outcome_at")).alias("outcome_at"))
    found = fit_world(made, rows)
    auc = found.metrics["rules_roc_auc"].value
    assert auc is not None
    assert auc > 0.6
    assert found.model is None or any("association, not uplift" in note for note in found.notes)
