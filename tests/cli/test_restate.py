"""`restate`: rows that were loaded later than their clocks say, and the slices and scores that would have had them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.samples import IS_ALL

DAY, NOON = "2026-03-02", "2026-03-02T12:00:00"


def late_pages(folder: Path, lead: str, file: Path) -> Path:
    """Eight pages of a lead that say they came on March 1st: the newest pages there are, under new names."""
    raw = folder / "warehouse" / "raw" / "web_events" / "*.parquet"
    duckdb.execute(
        "COPY (SELECT * REPLACE ('late-' || ROW_NUMBER() OVER () AS event_id, ? AS lead_id, "
        "'/pricing' AS url, TIMESTAMP '2026-03-01 08:00' AS occurred_at, TIMESTAMP '2026-03-01 09:00' AS synced_at) "
        f"FROM read_parquet('{raw}') LIMIT 8) TO '{file}' (FORMAT parquet)",
        [lead],
    )
    return file


RESTATE = ("restate", "--source", "web_events", "--project")


def killed_and_restated(
    late: Path, folder: Path, moment: float, here: Any, stored: Any, difference: Any, undisturbed: Path, in_time: Path
) -> None:
    """`kill -9` in a restatement leaves all of it or nothing, and the next one ends where an undisturbed one ends."""
    shutil.copytree(late, folder)
    program = str(Path(sys.executable).parent / "leadmart")
    begun = subprocess.Popen([program, *RESTATE, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(moment)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    assert here(*RESTATE, folder).code == 0
    slices, scored = (
        stored(folder, f"SELECT COUNT(*) FROM {table}") for table in ("meta.superseded_slices", "scores.superseded")
    )
    assert slices[0][0] == stored(undisturbed, "SELECT COUNT(*) FROM meta.superseded_slices")[0][0]
    assert scored[0][0] == stored(undisturbed, "SELECT COUNT(*) FROM scores.superseded")[0][0]
    assert difference(folder, in_time) == {}


@pytest.mark.slow
def test_restated_is_what_a_run_would_have_written_with_the_late_rows(
    here: Any, leadmart: Any, copy_of: Any, stored: Any, published: Any, difference: Any, tmp_path: Path
) -> None:
    late, in_time = copy_of("town", "late"), copy_of("town", "in_time")
    assert here("run", "--project", late).code == 0
    ((lead,),) = published(late, "SELECT MIN(lead_id) FROM scores.latest WHERE tier = 'cold'")
    pages = late_pages(late, lead, tmp_path / "pages.parquet")
    for folder in (late, in_time):
        loaded = here("load", "web_events", pages, "--project", folder, LEADMART_NOW=NOON)
        assert loaded.code == 0, loaded.err
    assert here("run", "--project", in_time, "--as-of", DAY).code == 0

    planned = here("plan", "--project", late, "--json").document
    assert planned["slices"] == []
    assert {(s["view"], s["source"]) for s in planned["stale"]} == {
        ("features.web_engagement__v1", "web_events"),
        ("features.account_engagement__v1", "web_events"),
        ("gates.icp__v1", "web_events"),
    }
    assert {s["rows_now"] - s["rows_then"] for s in planned["stale"]} == {8}
    assert "leadmart restate --source web_events" in here("plan", "--project", late).out
    # a run leaves them alone, as does a restatement of another source
    assert here("run", "--project", late, "--json").document["slices"]["computed"] == 0
    other = here("restate", "--source", "leads", "--project", late, "--json").document
    assert (other["slices"]["computed"], other["scores"]["updated"]) == (0, 0)

    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(late, undisturbed)
    started = time.monotonic()
    assert leadmart(*RESTATE, undisturbed).code == 0
    length = time.monotonic() - started
    for share in (0.6, 0.9) if IS_ALL else (0.7,):
        folder = tmp_path / f"killed {share}"
        killed_and_restated(late, folder, length * share, here, stored, difference, undisturbed, in_time)

    before = stored(late, f"SELECT name, file FROM meta.slices WHERE name = 'web_engagement' AND as_of = '{DAY}'")
    done = here("restate", "--source", "web_events", "--project", late, "--json").document
    assert (done["status"], done["slices"]["computed"]) == ("done", 3)
    assert done["scores"]["updated"] >= 1
    assert difference(late, in_time) == {}
    # what was read and shown before is not lost
    assert before[0] in stored(late, "SELECT name, file FROM meta.superseded_slices")
    assert (late / "warehouse" / before[0][1]).is_file()
    shown = stored(late, "SELECT DISTINCT lead_id FROM scores.superseded")
    assert (lead,) in shown

    assert here("plan", "--project", late, "--json").document["stale"] == []
    again = here("restate", "--source", "web_events", "--project", late, "--json").document
    assert (again["slices"]["computed"], again["scores"]["updated"]) == (0, 0)


def test_a_source_that_is_not_there_is_named(here: Any, copy_of: Any) -> None:
    refused = here("restate", "--source", "web_event", "--project", copy_of("loaded"), "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "unknown_source")
    assert "web_events" in refused.document["error"]["hint"]
