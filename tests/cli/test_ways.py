"""`plan` says which way each view goes over many as_of, and why."""

from __future__ import annotations

from typing import Any


def test_plan_says_which_views_a_backfill_computes_in_one_pass(copy_of: Any, here: Any) -> None:
    folder = copy_of("loaded")
    document = here("plan", "--project", folder, "--json").document
    ways = {each["view"]: (each["way"], each["why"]) for each in document["ways"]}
    assert ways["features.web_engagement__v1"][0] == "one pass"
    assert ways["features.lead_profile__v1"] == ("as written", "it has CTEs")
    for each in document["slices"]:
        assert each["way"] == ways.get(each["view"], ("as written", ""))[0]
    told = here("plan", "--project", folder).out
    assert "  a backfill computes " in told
    assert "in one pass: one source, of which each row counts from one moment to another" in told
