"""`plan --impact`: what it foretells is what a run then does; and `plan` says what slices are to cost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
AT = ("--as-of", "2026-03-01")
THIRTY = "FILTER (WHERE w.occurred_at >= spine.as_of - INTERVAL 30 DAY)\n        AS sessions_30d"


def packaged(kind: str, name: str) -> str:
    return (REPOSITORY / "sql" / kind / name / "v1.sql").read_text(encoding="utf-8")


def write(folder: Path, kind: str, name: str, text: str, file: str = "draft") -> Path:
    path = folder / "sql" / kind / name / f"{file}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def edited(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def longer_window() -> str:
    return edited(packaged("features", "web_engagement"), (THIRTY, THIRTY.replace("30 DAY", "60 DAY")))


def weighed(here: Any, folder: Path, *words: object) -> Any:
    answer = here("plan", "--impact", *AT, "--json", "--project", folder, *words)
    assert answer.code == 0, answer.err
    return answer.document["impact"]


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of writing of every file of the warehouse, but for what is remembered of proofs."""
    files = [f for f in (folder / "warehouse").rglob("*") if f.is_file() and f.name != "remembered.json"]
    return {str(f): (f.stat().st_size, f.stat().st_mtime_ns) for f in files}


def test_what_is_foretold_of_a_draft_and_an_edited_policy_is_what_a_run_does(
    here: Any, copy_of: Any, published: Any
) -> None:
    """8.2: a view, a gate and thresholds at once; every tier and every mover's score. A draft nobody reads is named."""
    folder = copy_of("town")
    shown = "SELECT lead_id, composite, tier, reasons FROM scores.shown WHERE as_of = TIMESTAMP '2026-03-01'"
    before = {row[0]: row[1:] for row in published(folder, shown)}
    free = "COALESCE(ad.is_free, FALSE)\n        AS is_free_mail"
    gate = edited(packaged("gates", "icp"), (free, f"NOT {free}"), ("cap 60: Free", "cap 25: Not free"))
    drafts = {("features", "web_engagement"): longer_window(), ("gates", "icp"): gate}
    for (kind, name), text in drafts.items():
        write(folder, kind, name, text)
    write(folder, "features", "product_usage", packaged("features", "product_usage"))
    settings = folder / "leadmart.toml"
    settings.write_text(edited(settings.read_text(), ("\nhot = 80", "\nhot = 55"), ("\nwarm = 50", "\nwarm = 40")))
    files = contents(folder)
    told = weighed(here, folder)
    assert contents(folder) == files, "nothing is written"
    assert told["unread"] == ["product_usage@draft"]
    assert any("product_usage@draft" in note for note in told["notes"])

    for (kind, name), text in drafts.items():
        write(folder, kind, name, text, "v2")
        (folder / "sql" / kind / name / "draft.sql").unlink()
    moved = edited(settings.read_text(), ("web_engagement@v1", "web_engagement@v2"), ("icp@v1", "icp@v2"))
    settings.write_text(moved)
    once_more = weighed(here, folder)  # versions that no run has used are told as drafts are
    assert [once_more[name] for name in ("tiers", "psi", "movers")] == [
        told[name] for name in ("tiers", "psi", "movers")
    ]
    ran = here("run", *AT, "--project", folder)
    assert ran.code == 0, ran.err
    after = {row[0]: row[1:] for row in published(folder, shown)}

    changes = Counter((before[lead][1], after[lead][1]) for lead in before if before[lead][1] != after[lead][1])
    assert {(each["before"], each["after"]): each["leads"] for each in told["tiers"]} == changes
    assert len(changes) > 1, "the edits are to move leads to several tiers"
    assert (told["leads"], told["changed_tier"]) == (len(after), changes.total())
    assert told["moved"] == sum(before[lead][0] != after[lead][0] for lead in before)
    assert told["limits"] == {"hot_from": [80.0, 55.0], "warm_from": [50.0, 40.0]}
    assert len(told["movers"]) == 10
    for each in told["movers"]:
        lead = each["lead_id"]
        assert (each["before"], each["tier_before"]) == before[lead][:2]
        if before[lead][2] is not None:
            assert each["reasons_before"] == before[lead][2]
        assert (each["after"], each["tier_after"]) == after[lead][:2]
        if after[lead][2] is not None:
            assert each["reasons_after"] == after[lead][2]
    differing = {(each["view"], each["column"]): each["differing"] for each in told["columns"]}
    assert set(differing) == {("web_engagement@draft", "sessions_30d"), ("icp@draft", "is_free_mail")}
    assert told["after"]["policy_version"] != told["before"]["policy_version"]


def test_old_reasons_are_told_of_cold_leads_too(here: Any, copy_of: Any, edit: Any) -> None:
    """They were not stored: they come from the slices and the policy that the scores went by."""
    folder = copy_of("town")
    edit(folder / "sql" / "reference" / "scorecard.csv", "employees,range,51,200,,25", "employees,range,51,200,,1")
    write(folder, "features", "web_engagement", longer_window())
    told = weighed(here, folder, "--sample", 60)
    assert told["leads"] == 60
    assert told["standing_in"] == [{"view": "web_engagement@draft", "for": "web_engagement@v1"}]
    assert {each["tier_before"] for each in told["movers"]} >= {"cold"}
    assert all(each["reasons_before"] is not None for each in told["movers"])
    assert any("sessions_30d" in each["values"] for each in told["movers"])
    assert any(each["parts"] and not each["values"] for each in told["movers"]), "whom the points alone move"
    text = here("plan", "--impact", *AT, "--project", folder).out
    assert "impact on 1" in text
    assert "web_engagement@draft.sessions_30d changed: " in text
    comment = here("plan", *AT, "--markdown", "--project", folder)
    assert comment.out.startswith("### leadmart plan at 2026-03-01 00:00\n")
    assert "| web_engagement@draft | sessions_30d | changed |" in comment.out


def test_without_a_draft_or_an_edit_nothing_moves(here: Any, company: Any) -> None:
    told = weighed(here, company("town"))
    assert weighed(here, company("town")) == told
    assert (told["changed_tier"], told["moved"], told["columns"], told["movers"]) == (0, 0, [], [])
    assert told["before"] == told["after"]
    assert told["rank_correlation"] == pytest.approx(1.0)
    assert "no draft" in told["notes"][0]


def test_a_draft_that_check_refuses_is_named_with_its_line(here: Any, copy_of: Any) -> None:
    folder = copy_of("town")
    blind = edited(packaged("features", "web_engagement"), ("    AND w.as_of = spine.as_of\n", ""))
    write(folder, "features", "web_engagement", blind)
    refused = here("plan", "--impact", *AT, "--project", folder)
    assert refused.code == 1
    assert "web_engagement/draft.sql:" in refused.err
    write(folder, "features", "web_engagement", "SELECT nothing FROM")
    assert "draft.sql" in here("plan", "--impact", *AT, "--project", folder).err


def test_before_the_first_run_there_is_nothing_to_compare_with(here: Any, company: Any) -> None:
    answer = here("plan", "--impact", "--json", "--project", company("loaded"))
    assert answer.code == 0
    assert "`leadmart run` comes first" in answer.document["impact"]["reason"]
    assert answer.document["impact"]["leads"] is None
    assert {each["rows"] for each in answer.document["slices"]} == {None}
    assert answer.document["costs"]["rows"] is None


@pytest.mark.slow
def test_the_champion_scores_changed_columns_as_they_come(here: Any, copy_of: Any) -> None:
    """What it has learned of stays, what is gone is unknown to it, and what is new waits for `train`."""
    folder = copy_of("trained")
    renamed = edited(
        longer_window(),
        ("AS sessions_90d,", "AS visits_90d,"),
        ("AS pricing_views_7d,", "IS NULL AS pricing_views_7d,"),
    )
    write(folder, "features", "web_engagement", renamed)
    answer = here("plan", "--impact", "--json", "--sample", "300", "--project", folder)
    told = answer.document["impact"]
    assert told["leads"] == 300
    assert told["before"]["model_version"] == told["after"]["model_version"] != "rules"
    assert any("rank" in each["parts"] for each in told["movers"])
    kinds = {each["column"]: each["class"] for each in told["columns"]}
    assert (kinds["sessions_90d"], kinds["visits_90d"]) == ("removed", "added")
    notes = " ".join(told["notes"])
    assert "sessions_90d is gone" in notes
    assert "visits_90d: new to the model" in notes
    assert "after `train`" in notes
    # as a version that leadmart.toml names it asks for `train`, and its impact is told all the same
    kept = edited(longer_window(), ("AS pricing_views_7d,", "IS NULL AS pricing_views_7d,"))
    write(folder, "features", "web_engagement", kept, "v2")
    (folder / "sql" / "features" / "web_engagement" / "draft.sql").unlink()
    settings = folder / "leadmart.toml"
    settings.write_text(edited(settings.read_text(), ("web_engagement@v1", "web_engagement@v2")))
    answer = here("plan", "--impact", "--json", "--sample", "300", "--project", folder)
    assert answer.code == 0, answer.err
    assert answer.document["outdated"]["model"] == told["after"]["model_version"]
    assert answer.document["impact"]["moved"] > 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--markdown", "--json"), "--markdown"),
        (("--sample", "5"), "--impact"),
        (("--impact", "--sample", "0"), "--sample"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(here: Any, company: Any, words: Any, told: str) -> None:
    answer = here("plan", *words, "--project", company("town"))
    assert answer.code == 2
    assert told in answer.err + answer.out


def test_slices_cost_what_the_newest_of_their_view_took(here: Any, copy_of: Any, stored: Any) -> None:
    """8.2: a new version costs what the version before it did; a draft's past is that of the version it follows."""
    folder = copy_of("town")
    write(folder, "features", "web_engagement", longer_window(), "v2")
    write(folder, "features", "email_engagement", packaged("features", "email_engagement").replace("7 DAY", "6 DAY"))
    settings = folder / "leadmart.toml"
    settings.write_text(edited(settings.read_text(), ("web_engagement@v1", "web_engagement@v2")))
    spent = {
        row[0]: dict(zip(("rows", "bytes", "seconds"), row[1:], strict=True))
        for row in stored(folder, "SELECT name, row_count, bytes, seconds FROM meta.slices")
    }
    answer = here("plan", "--as-of", "2026-03-02", "--json", "--project", folder)
    assert answer.code == 0, answer.err
    plan = answer.document
    for each in plan["slices"]:
        name = each["view"].partition(".")[2].partition("__")[0]
        assert {key: each[key] for key in ("rows", "bytes", "seconds")} == spent[name]
    costs = plan["costs"]
    assert costs["slices"] == costs["known"] == len(plan["slices"]) > 4
    assert costs["rows"] == sum(each["rows"] for each in plan["slices"])
    past = {each["view"]: each for each in plan["backfills"]}
    assert past["email_engagement@draft"]["rows"] == spent["email_engagement"]["rows"]
    assert past["web_engagement@v2"]["slices"] == 1
    now = here("plan", *AT, "--json", "--project", folder).document
    assert [each["view"] for each in now["backfills"]] == ["email_engagement@draft"], "v2 is to be filled anyway"
    text = here("plan", "--as-of", "2026-03-02", "--project", folder).out
    assert f"{costs['slices']} slices, some {costs['rows']:,} rows, " in text
    assert "impact" not in plan


def test_what_waits_is_the_same_for_plan_and_impact_where_a_version_is_left_out(here: Any, copy_of: Any) -> None:
    """8.2: v3 follows v1; with a v2 that no run has used between, a v3 in use is held against v1 all the same."""
    folder = copy_of("town")
    sixty = write(folder, "features", "web_engagement", longer_window(), "v3")

    def told() -> tuple[Any, Any, Any]:
        plan = here("plan", "--impact", "--sample", 30, *AT, "--json", "--project", folder).document
        changes = [(each["view"], each["column"]) for each in plan["changes"]]
        return changes, [each["view"] for each in plan["backfills"]], plan["impact"]["standing_in"]

    v3 = ("web_engagement@v3", "sessions_30d")
    stands = [{"view": "web_engagement@v3", "for": "web_engagement@v1"}]
    assert told() == ([v3], ["web_engagement@v3"], stands)
    sixty.with_name("v2.sql").write_text(sixty.read_text().replace("INTERVAL 7 DAY", "INTERVAL 6 DAY", 1))
    changes, _, standing_in = told()
    assert standing_in == stands
    assert {view for view, _ in changes} == {"web_engagement@v2", "web_engagement@v3"}
    settings = folder / "leadmart.toml"
    settings.write_text(edited(settings.read_text(), ("web_engagement@v1", "web_engagement@v3")))
    changes, _, standing_in = told()
    assert standing_in == []
    assert [change for change in changes if change[0] == v3[0]] == [v3]
    assert here("run", *AT, "--project", folder).code == 0
    assert told() == ([], [], []), "v2 was overtaken"


def test_columns_are_held_against_the_very_slices_that_were_scored(here: Any, copy_of: Any, stored: Any) -> None:
    """8.2: not those of a version computed meanwhile for no score; a slice that is gone is named."""
    folder = copy_of("town")
    write(folder, "features", "web_engagement", longer_window(), "v2")
    settings = folder / "leadmart.toml"
    v1 = settings.read_text()
    settings.write_text(edited(v1, ("web_engagement@v1", "web_engagement@v2")))
    fill = here(
        "backfill", "--start", "2026-03-01", "--end", "2026-03-02", "--view", "web_engagement", "--project", folder
    )
    assert fill.code == 0, fill.err
    settings.write_text(v1)
    assert here("run", *AT, "--project", folder).code == 0
    assert weighed(here, folder, "--sample", 30)["columns"] == [], "v2 was computed last, and scored nothing"

    found = stored(folder, "SELECT file FROM meta.slices WHERE name = 'web_engagement' AND version = 1 LIMIT 1")
    assert (
        stored(folder, "SELECT COUNT(*) FROM meta.scoring_slices")[0]
        == stored(folder, "SELECT COUNT(*) FROM meta.slices WHERE version <> 2")[0]
    )
    (folder / "warehouse" / found[0][0]).unlink()
    settings.write_text(edited(v1, ("web_engagement@v1", "web_engagement@v2")))
    told = weighed(here, folder, "--sample", 30)
    assert told["columns"] == []
    assert any("web_engagement@v1" in note and "not kept any more" in note for note in told["notes"])


LATER = """-- entity: lead (lead_id)
-- owner:  growth
--
-- Visits before the last week.
SELECT
    spine.lead_id,
    spine.as_of,
    e.sessions_30d - e.sessions_7d
        AS earlier_sessions      -- sessions from 30 to 7 days ago
FROM spine
LEFT JOIN features.web_engagement__v1 AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
"""
ODD = """-- entity: lead (lead_id)
-- owner:  growth
--
-- Accounts of leads whose id ends in an odd digit.
SELECT
    l.lead_id,        -- the lead
    l.account_id,     -- its account
    l.as_of           -- the moment
FROM links.lead_account__v1 AS l
WHERE RIGHT(l.lead_id, 1) IN ('1', '3', '5', '7', '9')
"""


def test_a_draft_may_read_the_version_that_it_follows(here: Any, copy_of: Any) -> None:
    """8.2: a view adds to what it was; a link is read in its place by all who read it, but for itself."""
    folder = copy_of("town")
    draft = write(folder, "features", "web_engagement", LATER)
    plan = here("plan", "--impact", "--sample", 30, *AT, "--json", "--project", folder).document
    assert [(each["column"], each["class"]) for each in plan["changes"]] == [("earlier_sessions", "added")]
    plain = plan["impact"]
    assert plain["standing_in"] == [{"view": "web_engagement@draft", "for": "web_engagement@v1"}]
    assert [(each["column"], each["class"]) for each in plain["columns"]] == [("earlier_sessions", "added")]
    draft.rename(draft.with_name("v2.sql"))
    settings = folder / "leadmart.toml"
    settings.write_text(edited(settings.read_text(), ("web_engagement@v1", "web_engagement@v2")))
    used = weighed(here, folder, "--sample", 30)
    assert [each["view"] for each in used["columns"]] == ["web_engagement@v2"]
    assert used["after"] == plain["after"], "the same that leadmart.toml names then"
    write(folder, "links", "lead_account", ODD)
    told = weighed(here, folder)
    changed = {each["column"]: each["view"] for each in told["columns"] if each["class"] == "changed"}
    assert "account_engagement@v1" in changed.values()
    assert told["moved"] > 0
