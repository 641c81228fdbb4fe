"""Mends that nothing held: presence of sources, moved files, bounds that are too narrow, odd names of folders."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

import duckdb
import pytest

from leadmart.features.house.doctor import examine
from leadmart.features.project import Project
from leadmart.features.raw.tables import raw_versions
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.stage import stage
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_writing
from leadmart.scoring.judge import Judge

DAY = datetime(2026, 5, 31)
JOINED = {
    "sql/sources/mine/people.sql": """-- key: visitor
-- rows: appended
--
-- Who a visitor is.
SELECT p.visitor, p.lead AS lead_id, CAST(p.at AS TIMESTAMP) AS occurred_at, CAST(p.at AS TIMESTAMP) AS ingested_at
FROM raw.people AS p
""",
    "sql/sources/mine/visits.sql": """-- key: visit_id
-- rows: appended
-- joins: people
--
-- Visits of known visitors.
SELECT v.visit_id, p.lead_id, CAST(v.at AS TIMESTAMP) AS occurred_at, CAST(v.at AS TIMESTAMP) AS ingested_at
FROM raw.visits AS v
JOIN staging.people AS p ON p.visitor = v.visitor
""",
}


@pytest.mark.parametrize(("have", "visits"), [('["people", "visits"]', 1), ('["visits"]', 0), ('["people"]', 0)])
def test_a_source_left_out_of_have_is_empty_also_where_it_is_joined(
    have: str, visits: int, make_project: Any, load_rows: Any
) -> None:
    everything = '[sources]\nconnectors = ["mine"]\n'
    with open_for_writing(make_project(JOINED, everything)) as warehouse:
        load_rows(warehouse, {"people": [{"visitor": "a", "lead": "L1", "at": "2026-05-01", "synced_at": None}]})
        load_rows(warehouse, {"visits": [{"visit_id": "v", "visitor": "a", "at": "2026-05-02", "synced_at": None}]})
        assert rows_of(warehouse, "visits") == 1  # and are kept from here on
    with open_for_writing(make_project(JOINED, f"{everything}have = {have}\n")) as warehouse:
        assert rows_of(warehouse, "visits") == visits


def rows_of(warehouse: Warehouse, source: str) -> int:
    registry = Registry(warehouse.project)
    stage(warehouse, registry, [source], present_sources(warehouse, registry))
    ((found,),) = warehouse.rows(f"SELECT COUNT(*) FROM staging.{source}")
    return int(found)


def test_a_raw_file_that_moved_to_another_folder_is_another_version_of_both(make_project: Any) -> None:
    project: Project = make_project(settings='[raw]\nparquet = "lake"\n')
    for table, name in (("web_events", "1"), ("web_events", "2"), ("leads", "1")):
        (project.root / "lake" / table).mkdir(parents=True, exist_ok=True)
        file = project.root / "lake" / table / f"{name}.parquet"
        duckdb.execute(f"COPY (SELECT 1 AS id) TO '{file}'")
    before = versions(project)
    moved = project.root / "lake" / "web_events" / "2.parquet"
    stamp = moved.stat()
    moved.rename(project.root / "lake" / "leads" / "2.parquet")
    os.utime(project.root / "lake" / "leads" / "2.parquet", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    after = versions(project)
    assert {name for name in before if before[name] == after[name]} == set()


def versions(project: Project) -> dict[str, str]:
    with open_for_writing(project) as warehouse:
        return raw_versions(warehouse)


LATELY = """-- entity: lead (lead_id)
-- owner:  growth
--
-- Visits of the last {days} days.
SELECT spine.lead_id, spine.as_of, COUNT(w.event_id) AS visits_{days}d -- page views
FROM spine
LEFT JOIN known.web_events AS w
    ON w.lead_id = spine.lead_id AND w.as_of = spine.as_of AND w.occurred_at >= spine.as_of - INTERVAL {days} DAY
GROUP BY spine.lead_id, spine.as_of
"""


def test_a_definition_that_was_not_prepared_gets_all_rows_that_it_reads(make_project: Any, load_rows: Any) -> None:
    """`_widen_for`: what others staged within their bounds is staged wider, and what nobody staged is staged."""
    names = {f"visits_{days}": LATELY.format(days=days) for days in (5, 60)}
    project = make_project({f"sql/features/{name}/v1.sql": text for name, text in names.items()}, "")
    days = ("2025-01-01", "2026-05-01", "2026-05-10", "2026-05-30")
    visits = [{"event_id": f"w{day}", "lead_id": "L1", "url": "/", "occurred_at": day} for day in days]
    with open_for_writing(project) as warehouse:
        load_rows(warehouse, {"web_events": visits})
        registry = Registry(project)
        short, long = (registry.get("feature", f"visits_{days}@v1") for days in (5, 60))
        for prepared in ([short], []):
            session = Session(warehouse, registry)
            session.want([DAY])
            session.set_spine("lead", f"SELECT 'L1' AS lead_id, TIMESTAMP '{DAY}' AS as_of")
            session.prepare(prepared)
            session.compute(long)
            assert warehouse.rows("SELECT visits_60d FROM features.visits_60__v1") == [(3,)]


@pytest.mark.slow
def test_of_rows_without_a_clock_those_that_came_since_are_judged(make_project: Any, load_rows: Any) -> None:
    """A source that is read from a moment on is not refused for clockless rows that arrived before it."""
    lost = [{"event_id": f"x{n}", "lead_id": "L1", "url": "/", "synced_at": "2026-01-05"} for n in range(5)]
    sound = [{"event_id": f"w{n}", "lead_id": "L1", "url": "/", "occurred_at": "2026-05-02"} for n in range(3)]
    with open_for_writing(make_project(settings="")) as warehouse:
        load_rows(warehouse, {"web_events": [*lost, *sound]})
        registry = Registry(warehouse.project)
        judge = Judge(warehouse, registry, "r")
        session = Session(warehouse, registry)
        assert judge.failed_sources(session, {"web_events": datetime(2026, 3, 1)}) == frozenset()
        assert judge.failed_sources(session, {"web_events": datetime(2026, 1, 1)}) == {"web_events"}


@pytest.mark.parametrize("name", ["sh[o]p", "sh*p", "it's"])
def test_a_project_may_stand_in_a_folder_with_any_name(
    name: str, make_project: Any, load_rows: Any, world_at: Any
) -> None:
    """DuckDB's readers take `[` and `*` in a path for patterns."""
    project: Project = make_project(settings='[features]\nviews = ["web_engagement@v1"]\n', name=name)
    with world_at(project) as world:
        lead = {"lead_id": "L1", "email": "a@b.example", "created_at": "2026-05-01"}
        days = ("2025-01-01", "2026-05-30")
        visits = [{"event_id": day, "lead_id": "L1", "session_id": day, "url": "/", "occurred_at": day} for day in days]
        load_rows(world.warehouse, {"leads": [lead], "web_events": visits})
        world.fill(DAY)
        world.publish()
    with duckdb.connect(str(project.catalogue), read_only=True) as connection:
        shown = connection.execute("SELECT lead_id, sessions_7d FROM features.lead_features").fetchall()
    assert shown == [("L1", 1)]
    assert examine(project, deep=True) == []
