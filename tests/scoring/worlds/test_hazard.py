"""Worlds of one hazard: the same for all, moving with time, or seen while cohorts are young."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

HORIZON = timedelta(days=90)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_no_column_matters_the_rules_are_kept(world: Any, fit_world: Any, seed: int) -> None:
    """T7: everybody has the same chance, so no model loses less than the constant, and none is kept."""
    found = fit_world(world(leads=2500, strength=0.0, base=-1.5, seed=seed))
    assert found.model is None
    assert found.positive_leads >= 100  # there was enough to learn from
    assert found.suspects == ()


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_young_cohorts_do_not_bend_the_base_rate(world: Any, fit_world: Any, share: float) -> None:
    """L3: with 0, 25 and 50 % of the leads too young, what is learned from has the true rate, within 2 errors."""
    positives = rows = 0
    truth = None
    for seed in range(12):
        made = world(leads=600, strength=0.0, ages=(1,), seed=seed)
        ends = made.rows["as_of"].quantile(1 - share) + HORIZON if share else made.cut_off
        known = made.rows.filter(pl.col("as_of") <= ends).with_columns(
            pl.when(pl.col("outcome_at") <= ends).then(pl.col("outcome_at")).alias("outcome_at")
        )
        found = fit_world(made, known, cut_off=ends, replicates=20)
        out = {each.code: each.rows for each in found.excluded}
        assert (out["immature"] > 0.15 * known.height) or not share
        positives, rows, truth = positives + found.positives, rows + found.rows, made.rows["p_true"][0]
    assert truth is not None
    assert abs(positives / rows - truth) < 2 * (truth * (1 - truth) / rows) ** 0.5


def drifting(made: Any, low: float = 0.35) -> pl.DataFrame:
    """The world with a rate that rises in a straight line from `low` to all of it; `month_number` tells the time."""
    begin, end = made.rows["created_at"].min(), made.rows["created_at"].max()
    at = (pl.col("created_at") - begin).dt.total_days() / (end - begin).days
    ids = made.rows["lead_id"].unique().sort()
    lucks = pl.DataFrame({"lead_id": ids, "luck": np.random.default_rng(7).random(len(ids))})
    luck = pl.col("luck")
    return made.rows.join(lucks, on="lead_id").with_columns(
        pl.when(luck < low + (1 - low) * at).then(pl.col("outcome_at")).alias("outcome_at"),
        ((pl.col("as_of") - begin).dt.total_days()).alias("leads_so_far"),
    )


@pytest.mark.slow
def test_a_hazard_that_drifts_is_said_by_the_calibration(world: Any, fit_world: Any) -> None:
    """C6, T6: chances learned from the past are too low where the rate rose, and the figures show it; a column that
    tells the time looks able across periods and is not within them.
    """
    made = world(leads=5000, strength=0.3, base=-1.6, seed=21)
    found = fit_world(made, drifting(made), {"leads_so_far": "BIGINT"})
    steady = fit_world(made)
    assert [suspect.code for suspect in found.suspects if suspect.stops] == []
    if found.model is not None:
        assert found.metrics["calibration_intercept"].low > 0
    if steady.model is not None:
        assert steady.metrics["calibration_intercept"].low < 0 < steady.metrics["calibration_intercept"].high
