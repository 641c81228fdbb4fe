"""Stale slices, and clocks that are assumed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.raw.load import load
from leadmart.features.registry import Registry
from leadmart.features.sources.assumed import Assumed, assumed_arrivals
from leadmart.features.stale import stale_slices
from leadmart.features.warehouse import open_for_writing

MAY_20, MAY_31, JUNE_1 = datetime(2026, 5, 20), datetime(2026, 5, 31), datetime(2026, 6, 1)
PAGE = {"event_id": "w9", "lead_id": "L2", "session_id": "s9", "url": "/pricing", "dwell_s": 1}
READ_PAGES = {"web_engagement@v1", "account_engagement@v1", "icp@v1"}

Load = Callable[..., None]


def stale(world: Any) -> dict[datetime, set[str]]:
    session, selection = world.again()
    found: dict[datetime, set[str]] = {}
    for each in stale_slices(session, selection):
        found.setdefault(each.slice.as_of, set()).add(each.slice.definition.ref)
    return found


def test_a_page_that_happens_later_makes_nothing_stale(world: Any, load_rows: Load) -> None:
    world.fill(MAY_20, MAY_31)
    load_rows(world.warehouse, {"web_events": [{**PAGE, "occurred_at": MAY_31}]}, JUNE_1)
    assert stale(world) == {}


def test_a_page_that_says_it_came_earlier_than_it_was_loaded_makes_slices_stale(world: Any, load_rows: Load) -> None:
    world.fill(MAY_20, MAY_31)
    load_rows(world.warehouse, {"web_events": [{**PAGE, "occurred_at": MAY_20}]}, JUNE_1)
    assert stale(world) == {MAY_31: READ_PAGES}
    session, selection = world.again()
    (found,) = [s for s in stale_slices(session, selection, "web_events") if s.slice.definition.kind == "gate"]
    assert (found.source, found.rows_then, found.rows_now) == ("web_events", 4, 5)
    assert stale_slices(session, selection, "leads") == []


def test_the_same_rows_in_another_file_make_nothing_stale(world: Any, load_rows: Load) -> None:
    row = {**PAGE, "occurred_at": datetime(2026, 5, 15)}
    load_rows(world.warehouse, {"web_events": [row]}, JUNE_1)
    world.fill(MAY_31)
    load_rows(world.warehouse, {"web_events": [row, {**PAGE, "event_id": "w10", "occurred_at": MAY_31}]}, JUNE_1)
    assert stale(world) == {}


def test_rewritten_rows_make_slices_stale_though_their_number_is_the_same(world: Any, tmp_path: Path) -> None:
    world.fill(MAY_20, MAY_31)
    (old,) = sorted(tmp_path.glob("web_events-*.csv"))
    new = tmp_path / "rewritten.csv"
    new.write_text(old.read_text().replace("2026-05-28 12:00:00", "2026-05-27 12:00:00"))
    load(world.warehouse, Registry(world.project), "web_events", [new], loaded_at=JUNE_1, replace=True)
    assert stale(world) == {MAY_31: READ_PAGES}


def test_a_lead_that_comes_late_makes_every_slice_of_its_spine_stale(world: Any, load_rows: Load) -> None:
    world.fill(MAY_31)
    load_rows(world.warehouse, {"leads": [{"lead_id": "L8", "email": "x@y.z", "created_at": MAY_20}]}, JUNE_1)
    assert stale(world) == {MAY_31: {"open_leads", "lead_account@v1", "lead_profile@v1", *READ_PAGES}}


ASSUMING = """\
-- key: id
-- rows: appended
-- assumed: ingested_at is occurred_at + INTERVAL 1 HOUR{}
--
-- Calls.
SELECT c.id, c.called_at AS occurred_at, {} AS ingested_at FROM raw.calls AS c
"""
MINE = "[sources]\nconnectors = ['mine']\n[engine]\nthreads = 2\nmemory_limit = '1GB'\n"


@pytest.mark.parametrize(
    ("before", "arrival", "rows", "late"),
    [("", "c._loaded_at", 5, 2), (" before 2026-02-15", "c._loaded_at", 4, 1), ("", "c.came_at", 5, 1)],
)
def test_rows_that_came_later_than_assumed_are_counted(
    before: str, arrival: str, rows: int, late: int, make_project: Any, tmp_path: Path
) -> None:
    import duckdb

    text = ASSUMING.format(before, arrival).replace("c.called_at", "CAST(c.called_at AS TIMESTAMP)")
    project = make_project({"sql/sources/mine/calls.sql": text}, MINE)
    called, evening, lag = datetime(2026, 1, 10), datetime(2026, 2, 9, 23, 30), timedelta(minutes=5)
    loads = [
        # what the first load holds is what is assumed of: two months old, or of yesterday
        (datetime(2026, 2, 1), [("a", called, called), ("b", datetime(2026, 1, 31), datetime(2026, 2, 1))]),
        (
            datetime(2026, 2, 10),
            [("c", evening, evening + lag), ("d", called, called)],
        ),
        (datetime(2026, 3, 1), [("e", called, datetime(2026, 3, 1))]),
    ]
    with open_for_writing(project) as warehouse:
        for number, (loaded_at, calls) in enumerate(loads):
            file = tmp_path / f"{number}.parquet"
            values = ", ".join(f"('{i}', TIMESTAMP '{c}', TIMESTAMP '{a}')" for i, c, a in calls)
            duckdb.execute(
                f"COPY (SELECT * FROM (VALUES {values}) AS v (id, called_at, came_at)) TO '{file}' (FORMAT parquet)"
            )
            load(warehouse, Registry(project), "calls", [file], loaded_at=loaded_at)
        (found,) = assumed_arrivals(warehouse, Registry(project), ["calls"], frozenset({"calls"}))
    assert found == Assumed("calls", f"ingested_at is occurred_at + INTERVAL 1 HOUR{before}", rows, late)
