"""A backfill in one pass: the files of single runs, as_of by as_of, wherever it is stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.features import materialize
from leadmart.features.compute import Written
from leadmart.features.errors import LeadmartError
from leadmart.features.materialize import fill
from leadmart.features.plan import missing_slices
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import Warehouse

WORLD = Path(__file__).parent.parent / "world.yaml"
DAYS = [datetime(2026, 5, 20) + timedelta(days=n) for n in range(6)]
SETTINGS = """
[features]
views = ["web_engagement@v1", "form_depth@v1", "lead_profile@v1"]
[scoring]
gates = []
[engine]
memory_limit = "1GB"
threads = 2
"""
Files = dict[tuple[str, datetime], str]


@pytest.fixture
def session(make_project: Any, load_rows: Any, world_at: Any) -> Any:
    project = make_project(settings=SETTINGS)
    with world_at(project) as world:
        load_rows(world.warehouse, yaml.safe_load(WORLD.read_text(encoding="utf-8")))
        yield world


def files(warehouse: Warehouse) -> Files:
    """The content of every listed slice, and nothing is listed twice."""
    rows = warehouse.rows("SELECT name, as_of, sha256 FROM store.meta.slices")
    found = {(name, as_of): sha256 for name, as_of, sha256 in rows}
    assert len(found) == len(rows)
    return found


def filled(world: Any, moments: list[datetime], **words: Any) -> list[str]:
    """Fills what is missing at the moments; the views that were laid from one pass."""
    one_pass: list[str] = []

    class Watched(Session):
        def laid(self, definition: Any) -> Any:
            found = super().laid(definition)
            one_pass.extend([definition.name] * len(found or {}))
            return found

    _, selection = world.again()
    session = Watched(world.warehouse, Registry(world.project))
    fill(session, selection, missing_slices(world.warehouse, selection, moments), run_id="r", **words)
    return one_pass


def forget(world: Any) -> None:
    world.warehouse.execute("DELETE FROM store.meta.slices")
    world.warehouse.execute("DELETE FROM store.meta.slice_inputs")


def test_a_backfill_in_one_pass_writes_the_files_of_single_runs(session: Any) -> None:
    """P5: n days in one pass are n single runs, to the byte, and so are what they were computed from."""
    told: list[str] = []
    assert sorted(filled(session, DAYS, say=told.append)) == sorted(["web_engagement", "form_depth"] * len(DAYS))
    assert told == ["2 views over 6 as_of in one pass"]
    found, inputs = files(session.warehouse), session.warehouse.rows("FROM store.meta.slice_inputs ORDER BY ALL")
    assert len(found) == 4 * len(DAYS)
    forget(session)
    for day in DAYS:
        assert filled(session, [day]) == []
    assert files(session.warehouse) == found
    assert session.warehouse.rows("FROM store.meta.slice_inputs ORDER BY ALL") == inputs
    assert not session.warehouse.rows("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'onepass'")


@pytest.mark.parametrize("stopped_at", [1, 4])
def test_a_backfill_goes_on_from_the_last_as_of_listed(
    session: Any, stopped_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P5: stopped inside a pass, at its end or in the next, newest first."""
    monkeypatch.setattr(materialize, "PASS_UP_TO", 4)
    monkeypatch.setattr(materialize, "STAGED_TOGETHER", 2)
    monkeypatch.setattr(materialize, "MOST_TOGETHER", 2)
    day_before = DAYS[0] - timedelta(days=1)
    filled(session, [day_before])
    before = files(session.warehouse)
    order = DAYS[::-1]

    class Killed(Exception):
        pass

    def kill(written: Written) -> bool:
        if (written.slice.definition.name, written.slice.as_of) == ("form_depth", order[stopped_at]):
            raise Killed
        return True

    def newest_first(approve: Callable[[Written], bool]) -> None:
        again, selection = session.again()
        missing = missing_slices(session.warehouse, selection, DAYS)
        missing = sorted(missing, key=lambda each: order.index(each.as_of))
        fill(again, selection, missing, run_id="r", approve=approve)

    with pytest.raises(Killed):
        newest_first(kill)
    # two as_of are computed together, and nothing of them is listed where the process ends in between
    assert sorted({as_of for _, as_of in files(session.warehouse).keys() - before.keys()}) == sorted(
        order[: stopped_at // 2 * 2]
    )
    newest_first(lambda _: True)
    found = files(session.warehouse)
    forget(session)
    monkeypatch.setattr(materialize, "PASS_FROM", 1000)
    assert filled(session, [day_before, *DAYS]) == []
    assert files(session.warehouse) == found


def test_as_of_that_are_missing_here_and_there(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there = DAYS[2:5:2]
    assert filled(session, there) == []
    assert filled(session, DAYS).count("web_engagement") == len(DAYS) - len(there)
    found = files(session.warehouse)
    forget(session)
    monkeypatch.setattr(materialize, "PASS_FROM", 1000)
    filled(session, DAYS)
    assert files(session.warehouse) == found


def test_what_is_held_is_not_computed_in_one_pass(session: Any) -> None:
    told: list[str] = []
    filled(session, DAYS[:4], held=frozenset({"features.web_engagement__v1"}), say=told.append)
    assert told == ["1 views over 4 as_of in one pass"]
    assert {name for name, _ in files(session.warehouse)} == {"open_leads", "form_depth", "lead_profile"}


LAST = """\
-- entity: lead (lead_id)
--
-- A number, until the page w3 is known.
SELECT
    spine.lead_id,
    spine.as_of,
    CAST(CASE WHEN ARG_MAX(w.event_id, (w.occurred_at, w.event_id)) = 'w3' THEN 'x' ELSE '1' END AS BIGINT)
        AS last_page                                    -- 1
FROM spine
LEFT JOIN known.web_events AS w
    ON  w.lead_id = spine.lead_id
    AND w.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
"""


def test_a_value_that_fails_at_one_as_of_lets_those_before_be_filled(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SETTINGS.replace('"web_engagement@v1", "form_depth@v1", ', '"last@v1", ')
    (session.project.root / "leadmart.toml").write_text(settings)
    session.write("sql/features/last/v1.sql", LAST)
    days = [datetime(2026, 5, 26) + timedelta(days=n) for n in range(6)]
    found = []
    for pass_from in (4, 1000):
        monkeypatch.setattr(materialize, "PASS_FROM", pass_from)
        filled(session, [datetime(2020, 1, 1)])
        with pytest.raises(LeadmartError) as refused:
            filled(session, days)
        assert refused.value.message.endswith(f"(at {days[5].isoformat()})")
        found.append((refused.value.code, sorted(as_of for name, as_of in files(session.warehouse) if name == "last")))
        forget(session)
    assert found == [("definition_failed", [datetime(2020, 1, 1), *days[:5]])] * 2


def test_what_writes_files_reads_clocks_in_utc(make_project: Any) -> None:
    """Wherever the machine stands: a zone is a setting of each connection."""
    asked = (
        "import sys; from pathlib import Path; from leadmart.features.project import find_project; "
        "from leadmart.features.warehouse import open_for_writing; "
        "opened = open_for_writing(find_project(Path(sys.argv[1]))); "
        "opened.write_parquets({Path(sys.argv[2]): \"SELECT current_setting('TimeZone') AS zone\"})"
    )
    project = make_project(settings=SETTINGS)
    file = project.root / "zone.parquet"
    subprocess.run(
        [sys.executable, "-c", asked, str(project.root), str(file)],
        env={**os.environ, "TZ": "America/New_York"}, check=True,
    )  # fmt: skip
    with duckdb.connect() as con:
        assert con.execute(f"SELECT zone FROM '{file}'").fetchall() == [("UTC",)]
