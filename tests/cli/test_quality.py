"""What quality refuses is not published, what it has nothing to say about is, and what was published before stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

LATEST = "SELECT * FROM scores.latest ORDER BY lead_id"


def broken_suite(folder: Path, name: str, expectation: dict[str, Any]) -> None:
    """Adds an expectation to a packaged suite in the project's `suites/`."""
    packaged = Path(__file__).resolve().parents[2] / "expectations" / "suites" / f"{name}.json"
    document = json.loads(packaged.read_text(encoding="utf-8"))
    document["expectations"].append(expectation)
    (folder / "suites" / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


NO_PRICING = {
    "type": "expect_column_values_to_not_be_in_set",
    "kwargs": {"column": "page_type", "value_set": ["pricing"]},
    "severity": "critical",
    "description": "nobody looks at prices",
}
NOT_HALF = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "composite", "max_value": 1},
    "severity": "critical",
    "description": "nobody has points",
}
UNASKABLE = {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "page_type", "regex": "p"}}


@pytest.fixture
def seen(published: Any, score_bytes: Any) -> Any:
    """All that an analyst could have read before: files by their bytes, and rows."""
    return lambda folder: (score_bytes(folder), published(folder, LATEST))


def test_a_failed_source_holds_back_its_views_and_all_scores(
    here: Any, copy_of: Any, seen: Any, published: Any, stored: Any
) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    broken_suite(folder, "source.web_events", NO_PRICING)
    done = here("run", "--project", folder, "--as-of", "2026-03-01", "--json")
    assert done.code == 3
    document = done.document
    assert document["status"] == "blocked"
    assert document["failed_sources"] == ["web_events"]
    held = ["features.account_engagement__v1", "features.web_engagement__v1", "gates.icp__v1"]
    assert document["held_back"] == held
    assert document["scores"] == {"inserted": 0, "updated": 0, "unchanged": 0}
    failed = [verdict for verdict in document["verdicts"] if not verdict["success"]]
    assert [(v["suite"], v["critical_failures"]) for v in failed] == [("source.web_events", 1)]
    # views that do not read it are filled and listed
    filled = stored(folder, "SELECT name FROM meta.slices WHERE as_of = TIMESTAMP '2026-03-01' ORDER BY 1")
    names = ["email_engagement", "form_activity", "lead_account", "lead_profile", "open_leads", "product_usage"]
    assert [name for (name,) in filled] == names
    assert document["slices"] == {"computed": 6, "skipped": 0}
    days = "SELECT COUNT(DISTINCT as_of) FROM {}"
    assert published(folder, days.format("features.email_engagement__v1")) == [(2,)]
    assert published(folder, days.format("features.web_engagement__v1")) == [(1,)]
    assert published(folder, days.format("features.lead_features")) == [(1,)]
    assert seen(folder) == before
    newest = "SELECT status, message FROM meta.runs ORDER BY started_at DESC LIMIT 1"
    ((status, message),) = stored(folder, newest)
    assert (status, published(folder, newest)) == ("blocked", [(status, message)])
    assert message.startswith("quality of web_events failed; held back: features.account_engagement__v1")
    # a person is told what was found, and by which expectation
    told = here("run", "--project", folder, "--as-of", "2026-03-01")
    assert told.code == 3
    assert "source.web_events on staging.web_events" in told.out
    assert "critical: nobody looks at prices" in told.out
    # mended, the next run fills the rest and publishes
    (folder / "suites" / "source.web_events.json").unlink()
    mended = here("run", "--project", folder, "--as-of", "2026-03-01", "--json")
    assert (mended.code, mended.document["slices"]) == (0, {"computed": 3, "skipped": 6})
    assert mended.document["scores"]["inserted"] > 500


def test_a_failed_source_blocks_also_where_every_slice_is_filled(here: Any, copy_of: Any, seen: Any) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    broken_suite(folder, "source.web_events", NO_PRICING)
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["status"]) == (3, "blocked")
    assert seen(folder) == before


def test_a_failed_label_source_holds_back_scores_and_no_view(here: Any, copy_of: Any, seen: Any) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    none = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 0}, "severity": "critical"}
    broken_suite(folder, "source.opportunities", none)
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["status"], done.document["held_back"]) == (3, "blocked", [])
    assert done.document["failed_sources"] == ["opportunities"]
    assert seen(folder) == before


def test_failed_rows_of_a_view_are_not_listed(here: Any, copy_of: Any, seen: Any, stored: Any) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    none = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 1}, "severity": "critical"}
    broken_suite(folder, "feature.web_engagement", none)
    done = here("run", "--project", folder, "--as-of", "2026-03-01", "--json")
    assert (done.code, done.document["held_back"]) == (3, ["features.web_engagement__v1"])
    assert done.document["slices"]["computed"] == 8
    filled = stored(folder, "SELECT name FROM meta.slices WHERE as_of = TIMESTAMP '2026-03-01'")
    assert ("web_engagement",) not in filled
    assert seen(folder) == before
    assert list((folder / "warehouse" / "tmp").glob("*.parquet")) == []


def test_a_suite_that_grew_is_asked_about_what_is_filled_already(
    here: Any, copy_of: Any, seen: Any, edit: Any, stored: Any
) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    none = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 1}, "severity": "critical"}
    broken_suite(folder, "feature.web_engagement", none)
    edit(folder / "leadmart.toml", "hot = 80 ", "hot = 55 ")
    rows = stored(folder, "SELECT COUNT(*) FROM scores.lead_scores")
    for _ in range(2):
        done = here("run", "--project", folder, "--json")
        assert (done.code, done.document["status"]) == (3, "blocked")
        assert done.document["held_back"] == ["features.web_engagement__v1"]
        assert stored(folder, "SELECT COUNT(*) FROM scores.lead_scores") == rows
        assert seen(folder) == before
    scored = here("score", "--project", folder, "--json")
    assert (scored.code, scored.document["status"]) == (3, "blocked")


def test_a_score_suite_that_grew_is_asked_about_published_rows(here: Any, copy_of: Any, seen: Any) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    broken_suite(folder, "score.lead_scores", NOT_HALF)
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["status"]) == (3, "blocked")
    assert seen(folder) == before
    assert list((folder / "warehouse" / "tmp").glob("*.parquet")) == []


def test_failed_score_rows_are_not_published(here: Any, copy_of: Any, seen: Any, edit: Any, stored: Any) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    rows = stored(folder, "SELECT * FROM scores.lead_scores ORDER BY ALL")
    edit(folder / "leadmart.toml", "hot = 80 ", "hot = 55 ")
    broken_suite(folder, "score.lead_scores", NOT_HALF)
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["status"]) == (3, "blocked")
    assert seen(folder) == before
    assert stored(folder, "SELECT * FROM scores.lead_scores ORDER BY ALL") == rows


def test_an_expectation_that_errors_stops_the_run(here: Any, copy_of: Any, seen: Any, stored: Any) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    broken_suite(folder, "source.web_events", UNASKABLE)
    done = here("run", "--project", folder, "--as-of", "2026-03-01", "--json")
    assert done.code == 1
    assert done.document["error"]["code"] == "quality_errored"
    assert "suite source.web_events" in done.document["error"]["message"]
    assert stored(folder, "SELECT COUNT(*) FROM meta.slices WHERE as_of = TIMESTAMP '2026-03-01'") == [(0,)]
    assert stored(folder, "SELECT status FROM meta.runs ORDER BY started_at DESC LIMIT 1") == [("failed",)]
    assert seen(folder) == before
    # what errored is asked again, never taken from memory
    again = here("run", "--project", folder, "--json")
    assert (again.code, again.document["error"]["code"]) == (1, "quality_errored")


def test_a_broken_suite_file_is_a_named_error(here: Any, copy_of: Any) -> None:
    folder = copy_of("loaded")
    (folder / "suites" / "mine.json").write_text('{"name": "mine",\n "expectations": [}')
    done = here("run", "--project", folder, "--json")
    assert done.code == 1
    assert done.document["error"]["place"].endswith("mine.json:2")


def test_a_warning_lets_everything_through(here: Any, copy_of: Any) -> None:
    folder = copy_of("scored")
    broken_suite(folder, "source.web_events", {**NO_PRICING, "severity": "warning"})
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["status"]) == (0, "done")
    assert sum(verdict["warnings"] for verdict in done.document["verdicts"]) == 1


def test_validate_computes_and_publishes_nothing(here: Any, copy_of: Any, seen: Any, stored: Any) -> None:
    folder = copy_of("scored")
    before = seen(folder)
    done = here("validate", "--project", folder, "--json")
    assert (done.code, done.document["status"]) == (0, "done")
    suites = {verdict["suite"] for verdict in done.document["verdicts"]}
    assert {"source.leads", "feature.web_engagement", "score.lead_scores"} <= suites
    broken_suite(folder, "source.web_events", NO_PRICING)
    refused = here("validate", "--project", folder, "--json")
    assert (refused.code, refused.document["status"]) == (3, "blocked")
    assert stored(folder, "SELECT COUNT(*) FROM meta.slices") == [(9,)]
    assert seen(folder) == before


def test_train_learns_nothing_from_a_failed_source(here: Any, copy_of: Any, stored: Any) -> None:
    folder = copy_of("scored")
    broken_suite(folder, "source.web_events", NO_PRICING)
    done = here("train", "--project", folder, "--json")
    assert (done.code, done.document["error"]["code"]) == (3, "quality_failed")
    assert stored(folder, "SELECT COUNT(*) FROM meta.models") == [(0,)]


def test_a_backfill_leaves_out_the_as_of_alone_at_which_a_slice_is_refused(
    here: Any, copy_of: Any, stored: Any
) -> None:
    folder = copy_of("town")
    bad = "SELECT lead_id FROM {batch} WHERE as_of = TIMESTAMP '2026-02-27'"
    broken_suite(
        folder, "feature.web_engagement",
        {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": bad}, "severity": "critical"},
    )  # fmt: skip
    done = here("backfill", "--start", "2026-02-26", "--end", "2026-03-01", "--json", "--project", folder)
    assert (done.code, done.document["status"]) == (3, "blocked")
    assert done.document["held_back"] == ["features.web_engagement__v1"]
    assert done.document["scores"]["inserted"] > 0
    days = [as_of.day for (as_of,) in stored(folder, "SELECT DISTINCT as_of FROM scores.lead_scores ORDER BY ALL")]
    assert (26 in days, 27 in days, 28 in days) == (True, False, True)
