"""`backfill` in the town: from either end the rows of single runs, and nothing that people were shown is replaced."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

SPAN = ("--start", "2026-02-27", "--end", "2026-03-01")
pytestmark = pytest.mark.slow


def late_visits(folder: Path, seed: int = 8) -> Path:
    """Visits of random leads at random moments of the last days, each known some hours later; a CSV to load."""
    draws = random.Random(seed)
    lines = ["event_id,anonymous_id,lead_id,session_id,event_type,url,dwell_s,occurred_at,synced_at"]
    for number in range(400):
        at = datetime(2026, 2, 24) + timedelta(seconds=draws.randrange(5 * 86400))
        known = at + timedelta(seconds=draws.randrange(3 * 86400))
        lines.append(
            f"X{number},,L{draws.randrange(1, 200):07},S{number},page_view,/pricing,{draws.randrange(90)},{at},{known}"
        )
    file = folder / "late.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def visited(copy_of: Any, here: Any) -> Any:
    """`visited(name)` is a copy of the town with the same random visits."""

    def made(name: str) -> Path:
        folder: Path = copy_of("town", name)
        loaded = here("load", "web_events", late_visits(folder), "--project", folder)
        assert loaded.code == 0, loaded.err
        return folder

    return made


def test_from_the_newest_backwards_the_rows_are_those_of_single_runs(
    visited: Any, here: Any, difference: Any, stored: Any
) -> None:
    """P5: on random late rows; each step says what is left, and a second backfill has nothing to do."""
    filled, walked = visited("filled"), visited("walked")
    dry = here("backfill", *SPAN, "--order", "newest", "--dry-run", "--json", "--project", filled).document
    assert dry["as_of"] == ["2026-02-28T00:00:00", "2026-02-27T00:00:00"]
    assert (dry["slices"], dry["scores"], dry["fits"]) == ({"missing": 14, "filled": 0}, 2, True)
    assert dry["needed_bytes"] == 2 * (dry["bytes"] + dry["score_bytes"]) > 0 == dry["lacking_bytes"]
    back = here("backfill", *SPAN, "--order", "newest", "--log-format", "json", "--json", "--project", filled)
    assert back.code == 0, back.err
    told = [json.loads(line)["message"] for line in back.err.splitlines()]
    order = [
        words.split(" at ")[1].partition(",")[0]
        for words in told
        if words.startswith(("web_engagement@v1 at", "scores at"))
    ]
    newest, oldest = dry["as_of"]
    assert order == [f"{newest} to {oldest}", newest, oldest]  # slices of both as_of are computed together
    assert all(" left" in words for words in told if words.startswith(("web_engagement@v1 at", "scores at")))
    for day in ("2026-02-27", "2026-02-28"):
        assert here("run", "--as-of", day, "--project", walked).code == 0
    assert difference(filled, walked) == {}
    assert stored(filled, "SELECT COUNT(DISTINCT as_of) FROM scores.lead_scores") == [(3,)]
    again = here("backfill", *SPAN, "--json", "--project", filled).document
    assert (again["slices"]["computed"], again["scores"]["inserted"], again["scores"]["updated"]) == (0, 0, 0)


def test_what_was_shown_stays_where_a_backfill_scores_by_another_policy(
    copy_of: Any, here: Any, edit: Any, published: Any
) -> None:
    folder = copy_of("town")
    shown = "SELECT * FROM scores.shown ORDER BY ALL"
    before, latest = published(folder, shown), published(folder, "SELECT * FROM scores.latest ORDER BY ALL")
    edit(folder / "leadmart.toml", "hot = 80", "hot = 60")
    words = ("backfill", "--start", "2026-03-01", "--end", "2026-03-02", "--json", "--project", folder)
    done = here(*words).document
    assert done["scores"]["inserted"] == len(before) > 0
    assert published(folder, shown) == before
    assert published(folder, "SELECT * FROM scores.latest ORDER BY ALL") == latest
    after = published(folder, "SELECT DISTINCT hot_from FROM scores.afterwards")
    assert after == [(60.0,)]
    assert published(folder, "SELECT COUNT(DISTINCT policy_version) FROM scores.lead_scores") == [(2,)]
    assert here(*words).document["scores"]["unchanged"] == len(before)
    # who wants them in force says so
    assert here("run", "--as-of", "2026-03-01", "--project", folder).code == 0
    assert published(folder, "SELECT DISTINCT hot_from FROM scores.shown") == [(60.0,)]


def test_past_scores_are_made_and_set_against_what_followed(
    copy_of: Any, here: Any, edit: Any, published: Any, stored: Any
) -> None:
    """`--scores` fills no slice, replaces nothing that was shown, and reports only where outcomes are certain."""
    folder = copy_of("town")
    edit(folder / "leadmart.toml", "ingest_lag_days = 1 ", "ingest_lag_days = 0 ")
    label = folder / "sql" / "labels" / "opportunity.sql"
    assert here("eject", "opportunity", "--project", folder).code == 0
    text = label.read_text(encoding="utf-8")
    label.write_text(text.replace("horizon: 90 days", "horizon: 1 day"), encoding="utf-8")
    edit(folder / "leadmart.toml", "hot = 80", "hot = 60")
    words = ("backfill", "--start", "2026-02-28", "--end", "2026-03-03", "--scores", "--project", folder)
    slices, shown = (
        stored(folder, "SELECT COUNT(*) FROM meta.slices"),
        published(folder, "FROM scores.shown ORDER BY ALL"),
    )
    dry = here(*words, "--dry-run", "--json").document
    assert (dry["as_of"], dry["slices"]["missing"], dry["scores"]) == (["2026-03-01T00:00:00"], 0, 1)
    done = here(*words, "--json")
    assert done.code == 0, done.err
    past = done.document["past"]
    assert past["not_filled"] == ["2026-02-28T00:00:00", "2026-03-02T00:00:00"]
    assert [(each["was_shown"], each["saw_outcomes"], each["is_new"]) for each in past["reports"]] in (
        [(True, False, True), (False, False, True)],
        [(False, False, True), (True, False, True)],
    )
    for each in past["reports"]:
        assert each["rows"] == sum(tier["leads"] for tier in each["tiers"]) == done.document["scores"]["inserted"]
        assert each["positives"] == sum(tier["positives"] for tier in each["tiers"])
    assert (
        stored(folder, "SELECT COUNT(*) FROM meta.slices"),
        published(folder, "FROM scores.shown ORDER BY ALL"),
    ) == (
        slices,
        shown,
    )
    # looked at again, nothing is new, and nothing is written twice
    again = here(*words)
    assert again.code == 0
    assert again.out.count("  report   2026-03-01 rules p_") == 2
    assert published(folder, "SELECT COUNT(*) FROM meta.score_reports") == [(2,)]


def test_scores_of_what_is_not_filled_are_refused(copy_of: Any, here: Any) -> None:
    folder = copy_of("town")
    words = ("backfill", "--start", "2026-02-20", "--end", "2026-02-22", "--scores", "--project", folder)
    assert here(*words, "--json").document["error"]["code"] == "nothing_filled"
    assert here(*words, "--view", "lead_profile").code == 2
