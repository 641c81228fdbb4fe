"""G7: the composite recomputes to the last bit from its stored parts, in SQL."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pytest

from leadmart.scoring.composite import (
    COMPOSITE_SQL,
    STATUS_SQL,
    TIER_SQL,
    best_tier,
    boost,
    cap,
    composite,
    qualification_status,
    tier,
    tier_limits,
)
from leadmart.scoring.policy import Boost, Tiers


def parts(count: int, seed: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "w": draw.choice([0.0, 0.1025, 0.5, 1 / 3, 1.0], count),
            "rank": pl.Series(draw.random(count)).set(pl.Series(draw.random(count) < 0.2), None),
            "rules_score": draw.choice([0.0, 17.0, 43.5, 100.0, 33.3], count),
            "boost": draw.random(count) * 10,
            "cap": draw.choice([20.0, 40.0, 60.0, 100.0], count),
        }
    )


def test_g7_stored_parts_recompute_the_composite_exactly_in_duckdb():
    frame = parts(100_000, seed=3).with_columns(composite().alias("composite"))
    connection = duckdb.connect()
    connection.register("scores", frame.to_arrow())
    differing = connection.sql(f"SELECT COUNT(*) FROM scores WHERE composite <> {COMPOSITE_SQL} OR composite IS NULL")
    assert differing.fetchall() == [(0,)]
    assert frame["composite"].is_between(0, 100).all()
    assert (frame["composite"] <= frame["cap"]).all()


@pytest.mark.parametrize(
    ("days", "expected"), [(0, 10.0), (7, 5.0), (14, 2.5), (None, 0.0), (-3, 10.0)], ids=lambda value: str(value)
)
def test_g7_the_boost_halves_with_its_half_life(days, expected):
    frame = pl.DataFrame(
        {"days_since_last_visit": [days], "rank": [0.5], "rules_score": [0.0]},
        schema={"days_since_last_visit": pl.Int64, "rank": pl.Float64, "rules_score": pl.Float64},
    )
    assert frame.select(boost(Boost("days_since_last_visit"))).item() == expected


def test_a_lead_alone_gets_the_boost_it_gets_among_others():
    frame = pl.DataFrame({"days": list(range(91)), "rank": [0.5] * 91, "rules_score": [0.0] * 91})
    together = frame.select(boost(Boost("days"))).to_series().to_list()
    alone = [row.select(boost(Boost("days"))).item() for row in frame.iter_slices(1)]
    assert alone == together
    assert together == pytest.approx([10 * 0.5 ** (days / 7) for days in range(91)], rel=1e-14)


def test_a_lead_without_rank_and_points_is_not_boosted():
    frame = pl.DataFrame(
        {"days": [0, 0], "rank": [None, None], "rules_score": [0.0, 3.0]}, schema_overrides={"rank": pl.Float64}
    )
    assert frame.select(boost(Boost("days"))).to_series().to_list() == [0.0, 10.0]
    assert frame.select(boost(None)).item() == 0.0


def tiers_of(rows: pl.DataFrame, tiers: Tiers, rules, *, has_model: bool) -> pl.DataFrame:
    by, hot, warm = tier_limits(tiers, has_model=has_model)
    given = rows.with_columns(
        cap(rules).alias("cap"),
        pl.lit(by).alias("tier_by"),
        pl.lit(hot).alias("hot_from"),
        pl.lit(warm).alias("warm_from"),
    ).with_columns(best_tier(tiers, rules).alias("best_tier"))
    return given.with_columns(tier().alias("tier")).with_columns(qualification_status().alias("qualification_status"))


def test_g7_a_block_disqualifies_whatever_the_composite(rules, gated):
    composites = [79.999, 80.0, 50.0, 49.9, 99.0]
    frame = pl.DataFrame({"composite": composites, "rank": [None] * 5}, schema_overrides={"rank": pl.Float64})
    rows = gated(frame, is_competitor=[False, False, False, False, True])
    found = tiers_of(rows, Tiers(), rules, has_model=False)
    assert found["tier"].to_list() == ["warm", "hot", "warm", "cold", "disqualified"]
    assert found["qualification_status"].to_list() == ["nurture", "sales_ready", "nurture", "nurture", "disqualified"]


def test_g8_tiers_by_rank_are_shares_of_the_reference_and_gates_still_hold(rules, gated):
    """G8: hot and warm are the shares of the stored reference that rank highest; a cap or a block holds a lead back."""
    draw = np.random.default_rng(5)
    frame = pl.DataFrame({"composite": draw.random(10_000) * 100, "rank": draw.random(10_000)})
    by_rank = Tiers(by="rank", hot_share=0.05, warm_share=0.25)
    counts = dict(tiers_of(gated(frame), by_rank, rules, has_model=True)["tier"].value_counts().rows())
    assert counts["hot"] == pytest.approx(500, abs=70)
    assert counts["warm"] == pytest.approx(2500, abs=140)
    top = pl.DataFrame({"composite": [10.0] * 4, "rank": [0.99] * 4})
    gates = {
        "is_competitor": [False, False, False, True],
        "is_free_mail": [False, True, False, False],
        "lacks_required_fields": [False, False, True, False],
    }
    found = tiers_of(gated(top, **gates), by_rank, rules, has_model=True)
    assert found["tier"].to_list() == ["hot", "warm", "cold", "disqualified"]
    # without a model nobody has a rank: the composite decides
    assert tiers_of(gated(top, **gates), by_rank, rules, has_model=False)["tier"].to_list()[:3] == ["cold"] * 3


@pytest.mark.parametrize("by", ["composite", "rank"])
def test_g7_the_stored_limits_recompute_tier_and_status_in_duckdb(rules, gated, by):
    """G7, G8: the tier and the status follow from the row's own columns, in SQL."""
    draw = np.random.default_rng(6)
    frame = pl.DataFrame({"composite": draw.random(5000) * 100, "rank": draw.random(5000)})
    fired = {
        name: (draw.random(5000) < 0.2).tolist() for name in ("is_competitor", "is_free_mail", "lacks_required_fields")
    }
    found = tiers_of(gated(frame, **fired), Tiers(by=by), rules, has_model=True)
    assert set(found["tier"]) == {"hot", "warm", "cold", "disqualified"}
    connection = duckdb.connect()
    connection.register("scores", found.to_arrow())
    bad = f"SELECT COUNT(*) FROM scores WHERE tier <> {TIER_SQL} OR qualification_status <> {STATUS_SQL}"
    assert connection.sql(bad).fetchall() == [(0,)]
