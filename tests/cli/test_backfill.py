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
    order = [words.split(" at ")[1][:10] for words in told if words.startswith(("web_engagement@v1 at", "scores at"))]
    assert order == ["2026-02-28", "2026-02-27"] * 2
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
