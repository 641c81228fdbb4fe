"""`-- changes-of:` and the two ways to the state of a table: the CRM's field history, and snapshots of its rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.project import Project
from leadmart.features.raw.load import load
from leadmart.features.raw.snapshot import snapshot
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.changes import changes_only
from leadmart.features.sources.stage import stage
from leadmart.features.warehouse import Warehouse, open_for_writing

MakeProject = Callable[..., Project]
START = datetime(2026, 3, 1)
STAGES = """-- key:  deal, occurred_at
-- rows: appended{changes}
--
-- One row per stage.
SELECT
    CAST(s.deal AS VARCHAR) AS deal,                        -- the deal
    CAST(s.occurred_at AS TIMESTAMP) AS occurred_at,        -- when
    CAST(s.ingested_at AS TIMESTAMP) AS ingested_at,        -- when it arrived
    CAST(s.stage AS VARCHAR) AS stage                       -- the stage
FROM raw.stages AS s
"""
SETTINGS = '[sources]\nconnectors = ["mine"]\n[engine]\nthreads = 2\nmemory_limit = "1GB"\n'

Row = tuple[str, datetime, datetime, str | None]


def known(row: Row) -> datetime:
    return max(row[1] + timedelta(microseconds=1), row[2])


def visible_from(row: Row, rows: list[Row]) -> datetime | None:
    """The plain rule: the first moment from the row's arrival on at which the row before it says something else."""
    before = [p for p in rows if p[0] == row[0] and p[1] < row[1]]
    for moment in sorted({known(row), *(known(p) for p in before if known(p) > known(row))}):
        then = [p for p in before if known(p) <= moment]
        if not then or max(then, key=lambda p: p[1])[3] != row[3]:
            return moment
    return None


@pytest.mark.parametrize("seed", range(6))
def test_a_change_is_judged_by_what_was_known_then(seed: int, make_project: MakeProject, tmp_path: Path) -> None:
    chance = random.Random(seed)
    rows: list[Row] = []
    for deal in ("a", "b", "c"):
        for day in chance.sample(range(20), 9):
            at = START + timedelta(days=day)
            late = timedelta(hours=chance.choice([0, 1, 30, 200, 300]))
            rows.append((deal, at, at + late, chance.choice(["open", "lost", None])))
    project = make_project({"sql/sources/mine/stages.sql": STAGES.format(changes="\n-- changes-of: stage")}, SETTINGS)
    with open_for_writing(project) as warehouse:
        chance.shuffle(rows)
        put(warehouse, tmp_path, "stages", ("deal", "occurred_at", "ingested_at", "stage"), rows, START)
        stage(warehouse, Registry(project), ["stages"], frozenset({"stages"}))
        found = {
            (deal, at): max(at + timedelta(microseconds=1), arrived)
            for deal, at, arrived in warehouse.rows("SELECT deal, occurred_at, ingested_at FROM staging.stages")
        }
        expected = {(r[0], r[1]): moment for r in rows if (moment := visible_from(r, rows)) is not None}
        assert found == expected
        assert len(found) < len(rows)
        # and the state at any moment is that of all rows
        for moment in {known(r) for r in rows}:
            states = {}
            for row in sorted((r for r in rows if known(r) <= moment), key=lambda r: r[1]):
                states[row[0]] = row[3]
            shown = warehouse.rows(
                "SELECT deal, ARG_MAX_NULL(stage, (occurred_at, ingested_at)) FROM staging.stages "
                "WHERE occurred_at < ? AND ingested_at <= ? GROUP BY deal",
                [moment, moment],
            )
            assert dict(shown) == states, moment


@pytest.mark.parametrize(
    ("key", "changes_of"), [("deal, occurred_at", "nothing"), ("deal", "stage"), ("occurred_at", "stage")]
)
def test_changes_of_what_is_to_be_said(key: str, changes_of: str) -> None:
    text = STAGES.format(changes=f"\n-- changes-of: {changes_of}").replace("deal, occurred_at", key, 1)
    definition = Definition("source", "stages", None, "mine", Path("stages.sql"), text, False)
    with pytest.raises(LeadmartError) as refused:
        changes_only(definition, "SELECT 1")
    assert refused.value.code == "bad_header"


PEOPLE = """-- key:  id, occurred_at
-- rows: appended
--
-- Snapshots.
SELECT
    CAST(p.id AS VARCHAR) AS id,                            -- the person
    p._changed_at AS occurred_at,                           -- when the change was made
    p._loaded_at AS ingested_at,                            -- when it was seen
    NULLIF(CAST(p.title AS VARCHAR), '') AS title,          -- title
    NULLIF(CAST(p.city AS VARCHAR), '') AS city             -- city
FROM raw.people__changes AS p
"""
HISTORY = """-- key:        id, field, occurred_at
-- rows:       appended
-- changes-of: value
--
-- The CRM's own history.
SELECT
    CAST(h.id AS VARCHAR) AS id,                            -- the person
    CAST(h.field AS VARCHAR) AS field,                      -- the field
    CAST(h.changed_at AS TIMESTAMP) AS occurred_at,         -- when it changed
    CAST(h.synced_at AS TIMESTAMP) AS ingested_at,          -- when it arrived
    NULLIF(CAST(h.new_value AS VARCHAR), '') AS value       -- the new value
FROM raw.crm_field_history AS h
"""


@pytest.mark.parametrize("strategy", ["check", "timestamp"])
@pytest.mark.parametrize("seed", range(3))
def test_field_history_and_snapshots_of_the_same_facts_give_the_same_state(
    seed: int, strategy: str, make_project: MakeProject, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    stamped = 'strategy = "timestamp"\nupdated_at = "changed"\n' if strategy == "timestamp" else ""
    project = make_project(
        {"sql/sources/mine/people.sql": PEOPLE, "sql/sources/mine/crm_field_history.sql": HISTORY},
        f'[snapshot.people]\nkey = "id"\ncolumns = ["title", "city"]\n{stamped}{SETTINGS}',
    )
    with open_for_writing(project) as warehouse:
        table: dict[int, dict[str, Any]] = {}
        history: list[tuple[Any, ...]] = []
        syncs = [START + timedelta(days=day) for day in range(8)]
        for number, sync in enumerate(syncs):
            for key in chance.sample(range(5), 3):
                row = table.setdefault(key, {"id": key, "title": "", "city": "", "changed": sync})
                for field in chance.sample(["title", "city"], chance.choice([1, 2])):
                    value = chance.choice(["A", "B", ""])
                    at = sync - timedelta(seconds=chance.randint(1, 80000))
                    if all((key, field, at) != (h[0], h[1], h[4]) for h in history):
                        history.append((key, field, row[field], value, at, sync))
                        last = max((h for h in history if h[:2] == (key, field)), key=lambda h: h[4])
                        row[field] = last[3]
                row["changed"] = max(h[4] for h in history if h[0] == key)
            rows = [(r["id"], r["title"], r["city"], r["changed"], number) for r in table.values()]
            put(warehouse, tmp_path, "people", ("id", "title", "city", "changed", "look"), rows, sync)
        snapshot(warehouse, allow_shrink=True)
        names = ("id", "field", "old_value", "new_value", "changed_at", "synced_at")
        put(warehouse, tmp_path, "crm_field_history", names, history, syncs[-1])
        session = Session(warehouse, Registry(project))
        stage(warehouse, session.registry, ["people", "crm_field_history"], session.present)
        compared = 0
        for sync in syncs:
            # a look of `check` knows no other time of a change than its own, which is before the next microsecond
            for as_of in (sync - timedelta(hours=1), sync + timedelta(microseconds=1), sync + timedelta(hours=1)):
                bounds = "WHERE occurred_at < ? AND ingested_at <= ? GROUP BY id"
                newest = "ARG_MAX_NULL({}, (occurred_at, ingested_at, id))"
                snapshots = warehouse.rows(
                    f"SELECT id, {newest.format('title')}, {newest.format('city')} FROM staging.people {bounds}",
                    [as_of, as_of],
                )
                fields = warehouse.rows(
                    f"SELECT id, {newest.format('value')} FILTER (WHERE field = 'title'), {newest.format('value')} "
                    f"FILTER (WHERE field = 'city') FROM staging.crm_field_history {bounds}",
                    [as_of, as_of],
                )
                assert sorted(snapshots, key=str) == sorted(fields, key=str), as_of
                compared += len(fields)
        assert compared > 50


def put(warehouse: Warehouse, folder: Path, table: str, names: tuple[str, ...], rows: list[Any], at: datetime) -> None:
    """Loads rows as the whole table."""
    lines = [",".join(names)] + [",".join("" if v is None else str(v) for v in row) for row in rows]
    file = folder / f"{table}-{at:%Y%m%d%H%M%S}.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    load(warehouse, Registry(warehouse.project), table, [file], loaded_at=at, replace=True)
