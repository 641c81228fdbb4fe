"""A world that misbehaves: clocks that go back, sources that go empty or swell, values and names meant to break SQL."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

IDS = (
    "'; DROP TABLE leads; --", 'a"b', "[1]", "{x}", "%s", "$1", "😀👩‍👩‍👧", "a\0b",
    "x" * 100_000, "line\nbreak", "NaN", "-inf",
    "  spaced  ", "NULL", "007", "a\\b", "it's", "<b>&amp;", "\u202eabc",
)  # fmt: skip
WEB = ["event_id", "lead_id", "occurred_at", "synced_at", "event_type", "url", "anonymous_id", "session_id", "dwell_s"]
LEADS = ["lead_id", "created_at", "synced_at", "email", "full_name", "company_name", "title", "country"]
LEADS += ["lead_source", "utm_medium", "utm_campaign", "consent"]


def write(file: Path, header: list[str], rows: list[list[object]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([header, *rows])
    return file


def web(rows: int, prefix: str = "N") -> list[list[object]]:
    day = "2026-02-25 10:00:00"
    return [[f"{prefix}{n}", "L0000150", day, day, "page_view", "/pricing", "a", f"s{n}", 5] for n in range(rows)]


@pytest.mark.slow
def test_ids_and_values_meant_to_break_sql_are_scored_to_the_letter(
    copy_town: Any, here: Any, published: Any, tmp_path: Path
) -> None:
    folder = copy_town()
    now = {"LEADMART_NOW": "2026-03-02T01:00:00"}
    day = "2026-02-20 00:00:00"
    leads = [[x, day, day, f"u{n}@example.com", x, x, x, "US", x, x, x, "granted"] for n, x in enumerate(IDS)]
    visits = [[f"N{x}", x, day, day, "page_view", f"/pricing?{x}", x, x, 5] for x in IDS]
    assert here("load", "leads", write(tmp_path / "l.csv", LEADS, leads), "--project", folder, **now).code == 0
    assert here("load", "web_events", write(tmp_path / "w.csv", WEB, visits), "--project", folder, **now).code == 0
    assert here("run", "--project", folder, **now).code == 0
    listed = ", ".join("'" + x.replace("'", "''") + "'" for x in IDS)
    rows = published(folder, f"SELECT lead_id FROM scores.latest WHERE lead_id IN ({listed}) ORDER BY ALL")
    assert [row[0] for row in rows] == sorted(IDS, key=lambda x: x.encode())
    seen = f"SELECT COUNT(*) FROM features.lead_features WHERE lead_id IN ({listed}) AND days_since_last_visit = 10"
    assert published(folder, seen) == [(len(IDS),)]
    for lead in ("'; DROP TABLE leads; --", 'a"b', "a\\b", "line\nbreak"):
        assert here("explain", lead, "--project", folder, "--json").document["lead_id"] == lead


@pytest.mark.slow
def test_what_a_clock_that_went_back_says_comes_after_what_was_known(
    copy_town: Any, here: Any, published: Any, tmp_path: Path
) -> None:
    folder = copy_town()
    newest = "SELECT MAX(loaded_at) FROM meta.loads"
    before = published(folder, newest)
    early = {"LEADMART_NOW": "2026-01-01"}
    few = write(tmp_path / "w.csv", WEB, web(2))
    answer = here("load", "web_events", few, "--project", folder, "--json", **early)
    assert (answer.code, published(folder, newest)) == (0, before)
    assert "the clock says 2026-01-01T00:00:00, before the newest load" in answer.document["warnings"][0]
    settings = (folder / "leadmart.toml").read_text()
    (folder / "leadmart.toml").write_text(settings.replace("hot = 80 ", "hot = 70 "))
    runs = [here("run", "--project", folder, "--json", **now).document["run_id"] for now in ({}, early)]
    (folder / "leadmart.toml").write_text(settings.replace("hot = 80 ", "hot = 60 "))
    assert here("run", "--project", folder, **early).code == 0
    order = [row[0] for row in published(folder, "SELECT run_id FROM meta.runs ORDER BY started_at")]
    assert order[-3:-1] == runs
    # what is shown is what the last run published, whatever the clock said then
    shown = "SELECT COUNT(*) FROM scores.latest WHERE (tier = 'hot') <> (composite >= 60 AND tier <> 'disqualified')"
    assert published(folder, "SELECT COUNT(DISTINCT policy_version) FROM scores.latest") == [(1,)]
    assert published(folder, shown) == [(0,)]


def test_a_source_that_goes_empty_holds_back_what_reads_it(
    copy_town: Any, here: Any, published: Any, tmp_path: Path
) -> None:
    folder = copy_town()
    scores = "FROM scores.latest ORDER BY lead_id"
    before = published(folder, scores)
    empty = write(tmp_path / "w.csv", WEB, [])
    answer = here("load", "web_events", empty, "--replace", "--project", folder, "--json")
    assert answer.code == 0
    assert "raw.web_events is empty now" in answer.document["warnings"][0]
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["status"]) == (3, "blocked")
    assert done.document["failed_sources"] == ["web_events"]
    assert done.document["emptied"] == ["web_events"]
    assert published(folder, scores) == before
    found = here("status", "--project", folder, "--json").document
    assert found["emptied"] == ["web_events"]
    assert [each["source"] for each in found["held_back"]] == ["web_events"]
    assert "features.web_engagement__v1" in found["held_back"][0]["views"]
    assert found["last_run"]["message"].startswith("web_events went empty (")
    assert "quality of" not in found["last_run"]["message"]
    text = here("status", "--project", folder).out
    assert "quality  went empty: web_events" in text
    assert "held     web_events holds back features.account_engagement__v1, " in text
    text = here("run", "--project", folder).out
    assert "1 source went empty\n    web_events had rows and has none now: what reads it is held back" in text


def test_ten_times_the_rows_overnight_are_said_and_loaded(
    copy_town: Any, here: Any, published: Any, tmp_path: Path
) -> None:
    folder = copy_town()
    ((usual,),) = published(folder, "SELECT SUM(row_count) FROM meta.loads WHERE table_name = 'web_events'")
    usual = int(usual)
    usually = write(tmp_path / "usual.csv", WEB, web(usual * 2, "U"))
    tenfold = write(tmp_path / "tenfold.csv", WEB, web(usual * 16, "T"))
    found = here("load", "web_events", usually, "--project", folder, "--json").document
    assert not [words for words in found["warnings"] if "times" in words]
    found = here("load", "web_events", tenfold, "--project", folder, "--json").document
    assert found["rows"] == usual * 16
    assert found["warnings"][0] == (
        f"raw.web_events: {usual * 16:,} rows came, more than ten times as many as in a load before "
        f"({usual * 3 // 2:,} on average); all are loaded"
    )
