"""`leadmart.feature_frame`: a frame, an Arrow table or a file of pairs; the same rows in however many parts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import leadmart
from leadmart.features import pairs as pairs_module
from leadmart.features.errors import LeadmartError

MAY_31 = datetime(2026, 5, 31)


@pytest.fixture
def published(world: Any) -> Any:
    world.fill(MAY_31)
    world.publish()
    return world


def some_pairs() -> pl.DataFrame:
    """Leads known and unknown at changing moments, in no order, some twice."""
    leads = ["L3", "007", "nobody", "L2", None]
    rows = [(leads[n % 5], MAY_31 + timedelta(hours=24 - 7 * (n * 37 % 40))) for n in range(60)]
    return pl.DataFrame([*rows, ("007", None)], schema=["lead_id", "as_of"], orient="row")


def test_a_frame_keeps_the_order_and_the_duplicates_of_its_pairs(published: Any) -> None:
    given = some_pairs()
    found = leadmart.feature_frame(published.project, given)
    assert_frame_equal(found.select("lead_id", "as_of"), given)
    assert {"sessions_7d", "industry", "has_web_events"} < set(found.columns)
    # the page of L2 arrived on May 30th, which is its last microsecond
    pages = found.filter(pl.col("lead_id") == "L2").select("as_of", "pricing_views_7d").unique().sort("as_of")
    assert pages["pricing_views_7d"].to_list() == [int(moment >= MAY_31) for moment in pages["as_of"]]
    assert 0 < pages["pricing_views_7d"].sum() < pages.height
    nobody = found.filter(pl.col("lead_id") == "nobody").unique(["lead_id", "as_of"])
    assert nobody["sessions_7d"].to_list() == [0] * nobody.height
    assert found.filter(pl.col("lead_id").is_null() | pl.col("as_of").is_null())["has_leads"].null_count() == 13


def test_pairs_may_be_a_frame_an_arrow_table_or_a_file(published: Any) -> None:
    given = some_pairs().drop_nulls()
    expected = leadmart.feature_frame(published.project, given)
    file = published.project.root / "pairs.parquet"
    given.write_parquet(file)
    for same in (given.to_arrow(), file, str(file), given.select(pl.col("as_of").cast(pl.String), "lead_id")):
        assert_frame_equal(leadmart.feature_frame(published.project.root, same), expected)


def test_parts_give_what_one_part_gives(published: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given = some_pairs()
    whole = leadmart.feature_frame(published.project, given)
    for bound, most in (("MOST_MOMENTS", 3), ("MOST_PAIRS", 7), ("MOST_LINKED", 10)):
        with monkeypatch.context() as patch:
            patch.setattr(pairs_module, bound, most)
            assert_frame_equal(leadmart.feature_frame(published.project, given), whole)
    assert not list((published.project.warehouse / "tmp").glob("*.parquet"))


def test_no_pairs_give_no_rows(published: Any) -> None:
    found = leadmart.feature_frame(
        published.project, pl.DataFrame(schema={"lead_id": pl.String, "as_of": pl.Datetime("us")})
    )
    assert (found.height, "sessions_7d" in found.columns) == (0, True)


def test_a_frame_that_knows_more_is_refused(published: Any) -> None:
    with pytest.raises(LeadmartError) as refused:
        leadmart.feature_frame(
            published.project, pl.DataFrame({"lead_id": ["007"], "as_of": [date(2026, 5, 31)], "won": [1]})
        )
    assert (refused.value.code, refused.value.message) == (
        "bad_pairs",
        "the frame of pairs has the columns lead_id, as_of, won",
    )
