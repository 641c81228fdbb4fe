"""What a score row carries: its number, tier and status follow from its own columns; `explain` takes it apart."""

from __future__ import annotations

from typing import Any

import pytest

from leadmart.scoring.composite import COMPOSITE_SQL, STATUS_SQL, TIER_SQL

WRONG = (
    f"composite IS DISTINCT FROM {COMPOSITE_SQL} OR tier IS DISTINCT FROM {TIER_SQL} "
    f"OR qualification_status IS DISTINCT FROM {STATUS_SQL}"
)


def test_g7_every_row_of_a_project_recomputes_from_its_own_columns_in_sql(company: Any, published: Any) -> None:
    """G7: composite, tier and status, by the rules and by a model, gated, capped and boosted rows among them."""
    folder = company("trained")
    ((rows, wrong, versions, blocked, capped, boosted, gated),) = published(
        folder,
        f"SELECT COUNT(*), COUNT(*) FILTER (WHERE {WRONG}), COUNT(DISTINCT model_version), "
        "COUNT(*) FILTER (WHERE tier = 'disqualified' AND composite = 20), "
        "COUNT(*) FILTER (WHERE cap IN (40, 60) AND composite = cap), COUNT(*) FILTER (WHERE boost > 0), "
        "COUNT(*) FILTER (WHERE LEN(gates) > 0) FROM scores.history",
    )
    assert rows > 1000
    assert wrong == 0
    assert versions == 2
    assert min(blocked, boosted, gated) > 50
    assert capped > 0


def test_g7_no_gated_row_is_above_its_cap_or_in_a_tier_its_gates_forbid(company: Any, published: Any) -> None:
    """G7: a block disqualifies and caps, whatever the probability."""
    found = published(
        company("trained"),
        "SELECT COUNT(*) FROM scores.history WHERE composite > cap OR (tier = 'disqualified') <> (best_tier = "
        "'disqualified') OR (best_tier = 'disqualified' AND composite > 20) OR (cap < hot_from AND tier = 'hot')",
    )
    assert found == [(0,)]


def test_g8_tiers_by_rank_are_cut_in_the_model_s_reference(here: Any, copy_of: Any, published: Any, edit: Any) -> None:
    """G8: the setting is part of the policy's version, and a few leads get the tier that all of them get."""
    folder = copy_of("trained")
    before = published(folder, "SELECT DISTINCT policy_version FROM scores.latest")
    edit(folder / "leadmart.toml", "hot = 80 ", 'by = "rank"\nhot_share = 0.05\nwarm_share = 0.15\nhot = 80 ')
    assert here("run", "--project", folder).code == 0
    rows = published(
        folder,
        "SELECT rank, tier, best_tier, tier_by, hot_from, warm_from FROM scores.latest WHERE best_tier = 'hot'",
    )
    assert published(folder, "SELECT DISTINCT policy_version FROM scores.latest") != before
    assert {row[3:] for row in rows} == {("rank", 0.95, 0.8)}
    for rank, tier, *_ in rows:
        assert tier == ("hot" if rank >= 0.95 else "warm" if rank >= 0.8 else "cold")
    assert {"hot", "warm", "cold"} == {tier for _, tier, *_ in rows}
    assert published(folder, f"SELECT COUNT(*) FROM scores.latest WHERE {WRONG}") == [(0,)]
    assert not [1 for row in published(folder, "SELECT tier, cap FROM scores.latest") if row == ("hot", 60.0)]


# what the first release printed, and what it was taken apart into since
FIELDS = {
    "lead_id", "as_of", "qualification_status", "tier", "composite", "parts", "cap_reason", "gates", "reasons",
    "reasons_from", "values", "note", "versions", "run_id", "written_at",
    "against", "data", "sections", "tier_changes", "notes",
}  # fmt: skip


@pytest.mark.parametrize("tier", ["warm", "cold", "disqualified"])
def test_91_explain_is_one_object_that_takes_a_score_apart(here: Any, company: Any, published: Any, tier: str) -> None:
    """X2, X4, X6: (and #91) gates first, values behind each reason, headings, grade, and what would change the tier."""
    folder = company("trained")
    order = "ORDER BY composite DESC, lead_id LIMIT 1"
    ((lead, stored),) = published(folder, f"SELECT lead_id, reasons FROM scores.latest WHERE tier = '{tier}' {order}")
    found = here("explain", lead, "--project", folder, "--json").document
    assert set(found) >= FIELDS
    assert [reason["words"] for reason in found["reasons"]] == (stored or [r["words"] for r in found["reasons"]])
    assert found["reasons_from"] == ("stored with the score" if stored is not None else
                                     "computed now from the stored model and input row")  # fmt: skip
    assert (stored is None) == (tier == "cold")
    for reason in (*found["reasons"], *found["against"]):
        assert set(reason) == {"code", "group", "words", "values"}
        assert reason["values"]
    if tier == "disqualified":
        assert found["reasons"][0]["group"] == "gate"
        assert found["reasons"][0]["words"] == found["gates"][0]["reason"]
        assert found["tier_changes"][0]["change"] == "gate"
    else:
        assert found["tier_changes"][0]["change"] == "missing"
    assert set(found["sections"]) == {"fit", "behaviour", "intent", "predictive", "status", "action"}
    every = [entry for name in ("fit", "behaviour", "intent") for entry in found["sections"][name]]
    groups = [entry["group"] for entry in every]
    assert len(groups) == len(set(groups)) > 10
    assert found["sections"]["predictive"]["p_cal"] == found["parts"]["p_cal"]
    assert found["data"]["grade"] in "ABCD"
    assert 0 < found["data"]["known"] <= found["data"]["of"] == 34


def test_x3_no_reason_of_a_project_names_consent_or_a_protected_group(company: Any, published: Any) -> None:
    """X3: neither the words nor the codes of any stored reason, for or against."""
    found = published(
        company("trained"),
        "SELECT DISTINCT UNNEST(reason_codes || against_codes), LOWER(UNNEST(reasons || against)) FROM scores.history "
        "WHERE against IS NOT NULL",
    )
    assert len(found) > 20
    assert not [row for row in found for word in ("consent", "gender", "ethnic", "religio", "age of") if word in row[1]]
