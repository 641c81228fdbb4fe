"""Two scorings beside each other: who changes tier, who moves, and what of the score moved."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from leadmart.scoring.impact.figures import beside, column_shifts, mover, movers_of, score_figures, values_of
from leadmart.scoring.impact.recorded import KEPT

PLAIN = {
    "rank": None, "w": 0.0, "rules_score": 0.0, "boost": 0.0, "cap": 100.0, "cap_reason": None, "hot_from": 80.0,
    "warm_from": 50.0, "reasons": None,
}  # fmt: skip


def scores(*rows: tuple[str, str, float], **others: Any) -> pl.DataFrame:
    """Score rows of (lead, tier, composite)."""
    listed = [{"lead_id": lead, "tier": tier, "composite": score, **PLAIN, **others} for lead, tier, score in rows]
    kinds = {"rank": pl.Float64, "cap_reason": pl.String, "reasons": pl.List(pl.String)}
    return pl.DataFrame(listed, schema_overrides=kinds).select("lead_id", *KEPT)


def test_tier_changes_are_counted_from_and_to() -> None:
    before = scores(("a", "cold", 10), ("b", "cold", 20), ("c", "warm", 60), ("d", "hot", 90))
    after = scores(("a", "warm", 55), ("b", "warm", 56), ("c", "cold", 40), ("d", "hot", 91))
    found = score_figures(beside(before, after))
    assert found["tiers"] == [
        {"before": "cold", "after": "warm", "leads": 2},
        {"before": "warm", "after": "cold", "leads": 1},
    ]
    assert (found["leads"], found["changed_tier"], found["moved"]) == (4, 3, 4)
    assert found["mean"] == {"before": 45.0, "after": 60.5}
    assert found["rank_correlation"] == pytest.approx(
        pl.Series([1, 2, 3, 4])
        .to_frame("x")
        .with_columns(pl.Series("y", [2, 3, 1, 4]))
        .select(pl.corr("x", "y", method="spearman"))
        .item()
    )


def test_a_lead_that_came_or_went_has_no_tier_on_the_other_side() -> None:
    found = score_figures(
        beside(scores(("a", "cold", 10), ("b", "hot", 90)), scores(("b", "hot", 90), ("c", "warm", 60)))
    )
    assert {"before": "cold", "after": None, "leads": 1} in found["tiers"]
    assert {"before": None, "after": "warm", "leads": 1} in found["tiers"]
    assert (found["leads"], found["moved"]) == (3, 0)


def test_scores_that_are_all_the_same_have_no_correlation() -> None:
    found = score_figures(
        beside(scores(("a", "cold", 10), ("b", "cold", 10)), scores(("a", "cold", 10), ("b", "cold", 20)))
    )
    assert found["rank_correlation"] is None
    assert score_figures(beside(scores(("a", "cold", 10)).clear(), scores(("a", "cold", 10)).clear()))["psi"] is None


def test_who_moves_farthest_comes_first_and_a_mere_change_of_tier_last() -> None:
    before = scores(("a", "cold", 10), ("b", "hot", 85), ("c", "warm", 60), ("d", "cold", 30), ("e", "cold", 5))
    after = scores(("a", "cold", 12), ("b", "warm", 85), ("c", "cold", 40), ("d", "warm", 50), ("e", "cold", 5))
    both = beside(before, after)
    assert movers_of(both)["lead_id"].to_list() == ["c", "d", "a", "b"]
    assert movers_of(both, 2)["lead_id"].to_list() == ["c", "d"]


def test_a_mover_tells_the_parts_that_are_others_and_limits_are_told_once() -> None:
    before = scores(("a", "cold", 10.0), rules_score=10.0, cap=60.0)
    after = scores(("a", "warm", 52.0), rules_score=52.0, cap=60.0, warm_from=40.0, reasons=["Visits: 3"])
    both = beside(before, after)
    (row,) = movers_of(both).iter_rows(named=True)
    told = mover(row, {"sessions_30d": (0, 3)})
    assert told["parts"] == {"rules_score": [10.0, 52.0]}
    assert told["values"] == {"sessions_30d": [0, 3]}
    assert (told["reasons_before"], told["reasons_after"]) == (None, ["Visits: 3"])
    assert score_figures(both)["limits"] == {"warm_from": [50.0, 40.0]}


def test_columns_that_differ_are_counted_null_and_type_included() -> None:
    frame = pl.DataFrame(
        {
            "key": ["a", "b", "c"],
            "same": [1, 2, None], "same after": [1.0, 2.0, None],
            "null": [1, 2, 3], "null after": [1, None, 3],
            "text": [1, 2, 3], "text after": ["1", "2", "x"],
            "list": [["a"], ["b"], ["c"]], "list after": [["a"], ["b"], ["d"]],
        }
    )  # fmt: skip
    found = {each.name: each.differing for each in column_shifts("v@draft", frame.drop("list", "list after"))}
    assert found == {"null": 1, "text": 1}
    assert values_of(frame, "b") == {"null": (2, None)}
    assert values_of(frame, "nobody") == {}
