"""G7: the composite recomputes to the last bit from its stored parts, in SQL."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pytest

from leadmart.scoring.composite import COMPOSITE_SQL, boost, composite, qualification_status, tier
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


def test_g7_a_block_disqualifies_whatever_the_composite(rules, gated):
    composites = [79.999, 80.0, 50.0, 49.9, 99.0]
    rows = gated(pl.DataFrame({"composite": composites}), is_competitor=[False, False, False, False, True])
    found = rows.with_columns(tier(Tiers(), rules).alias("tier")).with_columns(qualification_status().alias("status"))
    assert found["tier"].to_list() == ["warm", "hot", "warm", "cold", "disqualified"]
    assert found["status"].to_list() == ["nurture", "sales_ready", "nurture", "nurture", "disqualified"]
