"""What a person is told who would otherwise wonder: what is due, who is left out, which name means nothing."""

from __future__ import annotations

import json
from typing import Any

NO_ROWS = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 0}, "severity": "critical"}
V1 = "sql/features/web_engagement/v1.sql"


def test_plan_tells_of_scores_that_a_changed_policy_makes_due(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("scored")
    assert here("plan", "--json", "--project", folder).document["scores"] == []
    edit(folder / "leadmart.toml", "hot = 80 ", "hot = 55 ")
    due = here("plan", "--json", "--exit-code", "--project", folder)
    assert (due.code, due.document["slices"], due.document["scores"]) == (4, [], ["2026-03-02T00:00:00"])
    assert here("run", "--project", folder).code == 0
    assert here("plan", "--exit-code", "--project", folder).code == 0


def test_plan_refuses_what_a_run_would_refuse(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("scored")
    assert here("eject", "web_engagement", "--project", folder).code == 0
    edit(folder / V1, "INTERVAL 7 DAY)\n        AS sessions_7d", "INTERVAL 8 DAY)\n        AS sessions_7d")
    changed = here("plan", "--json", "--project", folder)
    assert (changed.code, changed.document["error"]["code"]) == (1, "published_changed")
    (folder / V1).unlink()
    (folder / "suites" / "mine.json").write_text('{"name": "mine",\n "expectations": [}')
    broken = here("plan", "--json", "--project", folder)
    assert (broken.code, broken.document["error"]["place"].rpartition("/")[2]) == (1, "mine.json:2")


def test_leads_whose_outcome_is_known_are_counted_and_explained(here: Any, company: Any, published: Any) -> None:
    folder = company("scored")
    left = published(
        folder,
        "SELECT f.lead_id FROM features.lead_features AS f ANTI JOIN scores.latest AS s ON s.lead_id = f.lead_id "
        "WHERE f.as_of = TIMESTAMP '2026-03-02' ORDER BY 1",
    )
    assert len(left) > 20
    told = here("explain", left[0][0], "--project", folder, "--json")
    assert told.code == 1
    assert told.document["error"]["hint"].startswith("its outcome was known by then")


def test_a_run_counts_the_leads_left_out(here: Any, copy_of: Any, published: Any) -> None:
    folder = copy_of("scored")
    done = here("run", "--project", folder, "--json").document
    asked = published(folder, "SELECT COUNT(*) FROM features.lead_features WHERE as_of = TIMESTAMP '2026-03-02'")
    assert done["left_out"] == asked[0][0] - done["scores"]["unchanged"] > 20


def test_a_boost_over_a_column_that_is_not_there_is_refused_at_its_line(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("scored")
    edit(folder / "leadmart.toml", 'column = "days_since_last_visit"', 'column = "days_since_visit"')
    done = here("run", "--project", folder, "--json")
    error = done.document["error"]
    assert (done.code, error["code"]) == (1, "unknown_column")
    assert "days_since_last_visit" in error["hint"]
    line = (folder / "leadmart.toml").read_text().split("days_since_visit")[0].count("\n") + 1
    assert error["place"].endswith(f"leadmart.toml:{line}")


def test_an_unknown_connector_is_refused_at_its_line(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("loaded")
    edit(folder / "leadmart.toml", 'connectors = ["plain"]', 'connectors = ["plian"]')
    for words in (("check",), ("plan",), ("run",)):
        error = here(*words, "--project", folder, "--json").document["error"]
        assert (error["code"], error["hint"]) == ("unknown_connector", "did you mean plain?")
        assert ":" in error["place"]


def test_training_without_the_outcomes_table_is_refused(here: Any, copy_of: Any, stored: Any) -> None:
    folder = copy_of("loaded")
    with_leads = here("init", folder.parent / "small")
    assert with_leads.code == 0
    (raw,) = (folder / "warehouse" / "raw" / "leads").glob("*.parquet")
    small = ("--project", folder.parent / "small")
    assert here("load", "leads", raw, *small, LEADMART_NOW="2026-03-02").code == 0
    error = here("train", *small, "--json").document["error"]
    assert error["code"] == "nothing_to_learn"
    assert "opportunities is not loaded" in error["message"]


def test_a_backfill_without_anything_to_judge_by_forecasts_nothing(here: Any, copy_of: Any) -> None:
    folder = copy_of("loaded")
    words = ("backfill", "--start", "2026-03-01", "--end", "2026-03-02", "--dry-run", "--project", folder)
    document = here(*words, "--json").document
    assert (document["rows"], document["bytes"], document["seconds"]) == (None, None, None)
    assert "no past slices to judge its size by" in here(*words).out


def test_plan_compares_with_what_the_scores_went_by(here: Any, copy_of: Any, edit: Any) -> None:
    """A list counts by its rows, not by its layout; and a run that fails after it used other rows changes no answer."""
    folder = copy_of("scored")
    own = folder / "sql/reference/competitor_domains.csv"
    assert here("eject", "competitor_domains", "--project", folder).code == 0
    packaged = own.read_text(encoding="utf-8")
    own.write_bytes(b"\xef\xbb\xbf" + packaged.replace("\n", "\r\n").encode())
    planned = here("plan", "--json", "--project", folder).document
    assert planned["changes"] == []
    assert [each["added"] for each in planned["rules"]["tables"]] == [[]]
    own.write_text(f"{packaged}rival.example,new\n", encoding="utf-8")
    assert "\n  reference.competitor_domains changed: the table has other rows" in here("plan", "--project", folder).out
    document = {"name": "score.lead_scores", "expectations": [NO_ROWS]}
    suite = folder / "suites" / "score.lead_scores.json"
    suite.write_text(json.dumps(document), encoding="utf-8")
    assert here("run", "--project", folder).code != 0
    suite.unlink()
    assert here("plan", "--json", "--project", folder).document["changes"] != []
    own.write_text(packaged, encoding="utf-8")
    assert here("plan", "--json", "--project", folder).document["changes"] == []


def test_plan_names_the_setting_that_lets_people_override(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("scored")
    edit(folder / "leadmart.toml", 'gates = ["icp@v1"]', 'gates = ["icp@v1"]\noverrides = true\n#')
    told = here("plan", "--project", folder).out
    assert "    [scoring] overrides false is now true\n    rules that no override lifts: lacks_consent is new" in told
