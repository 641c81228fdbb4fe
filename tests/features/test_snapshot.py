"""Change rows of tables updated in place: snapshots/cases.yaml, and random states against a plain ledger."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.features.errors import LeadmartError
from leadmart.features.project import Project, find_project
from leadmart.features.raw.load import load
from leadmart.features.raw.snapshot import snapshot, unobserved
from leadmart.features.raw.tables import newest_load, raw_tables
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.stage import stage
from leadmart.features.warehouse import Warehouse, open_for_writing
from tests.samples import IS_ALL

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "snapshots" / "cases.yaml").read_text(encoding="utf-8"))
ENGINE = '[sources]\nconnectors = ["mine"]\n[engine]\nthreads = 2\nmemory_limit = "1GB"\n'
PEOPLE = """-- key:  id, occurred_at
-- rows: appended
--
-- One row per change of a person.
SELECT
    CAST(p.id AS VARCHAR) AS id,                            -- the person
    p._changed_at AS occurred_at,                           -- when the change was made
    p._loaded_at AS ingested_at,                            -- when it was seen
    CAST(p.title AS VARCHAR) AS title,                      -- title
    p._deleted AS is_deleted                                -- TRUE on the row that deletes
FROM raw.people__changes AS p
"""

MakeProject = Callable[..., Project]
Ledger = dict[Any, dict[str, Any]]


def people(make_project: MakeProject, settings: dict[str, Any]) -> Project:
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    text = "[snapshot.people]\n" + "\n".join(lines) + "\n" + ENGINE
    return make_project({"sql/sources/mine/people.sql": PEOPLE}, text)


def put(warehouse: Warehouse, folder: Path, at: datetime, rows: list[dict[str, Any]], replace: bool = True) -> None:
    """Loads the whole table as it is at a moment."""
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["id", "title"]
    text = ",".join(names) + "\n"
    for row in rows:
        text += ",".join("" if row.get(name) is None else str(row[name]) for name in names) + "\n"
    file = folder / f"people-{at:%Y%m%d%H%M%S%f}.csv"
    file.write_text(text, encoding="utf-8")
    load(warehouse, Registry(warehouse.project), "people", [file], loaded_at=at, replace=replace)


def state(warehouse: Warehouse, as_of: datetime) -> dict[str, Any]:
    """The people and their titles as the documented query gives them at an as_of."""
    session = Session(warehouse, Registry(warehouse.project))
    stage(warehouse, session.registry, ["people"], frozenset({"people"}) & session.present)
    rows = warehouse.rows(
        "SELECT id, ARG_MAX_NULL(title, (occurred_at, ingested_at, id)), "
        "ARG_MAX_NULL(is_deleted, (occurred_at, ingested_at, id)) FROM staging.people "
        "WHERE occurred_at < ? AND ingested_at <= ? GROUP BY id",
        [as_of, as_of],
    )
    return {key: title for key, title, deleted in rows if not deleted}


def moment(text: Any) -> datetime:
    words = str(text)
    found = datetime.fromisoformat(words.removesuffix("+"))
    return found + timedelta(microseconds=1) if words.endswith("+") else found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_snapshot(
    case: dict[str, Any], make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "now" in case:
        monkeypatch.setenv("LEADMART_NOW", str(case["now"]))
    with open_for_writing(people(make_project, case["settings"])) as warehouse:
        looks = []

        def look() -> None:
            looks.extend(snapshot(warehouse, allow_shrink=case.get("allow_shrink", False)))

        def walk() -> None:
            for step in case["loads"]:
                put(warehouse, tmp_path, moment(step["at"]), step["rows"], not case.get("append"))
                if not case.get("look_once"):
                    look()
            look()

        if "refused" in case:
            with pytest.raises(LeadmartError) as refused:
                walk()
            assert refused.value.code == case["refused"], refused.value.render()
        else:
            walk()
        kinds = ("added", "changed", "deleted", "returned", "unstamped", "without_key")
        if "looks" in case:
            found = [{kind: getattr(each, kind) for kind in kinds if getattr(each, kind)} for each in looks]
            assert found == case["looks"]
        changes = raw_tables(warehouse).get("people__changes")
        if "rows" in case:
            rows = warehouse.rows(
                f"SELECT id, title, _changed_at, _loaded_at, _deleted FROM {changes} ORDER BY 1, 3, 4"
            )
            assert [list(map(plain, row)) for row in rows] == [list(map(plain, row)) for row in case["rows"]]
        if "files" in case:
            folder = warehouse.project.warehouse / "raw" / "people__changes"
            assert len(list(folder.iterdir())) == case["files"]
        for as_of, expected in case.get("state", {}).items():
            assert state(warehouse, moment(as_of)) == {str(k): v for k, v in expected.items()}, as_of
        # what was seen does not make the newest load newer: two runs after one load are the same run
        ((newest,),) = warehouse.rows("SELECT MAX(GREATEST(loaded_at, replaced_at)) FROM store.meta.loads")
        assert newest_load(warehouse) == newest
        assert list((warehouse.project.warehouse / "tmp").glob("*.parquet")) == []


def plain(value: Any) -> str:
    return "" if value is None else str(value).replace("T", " ")


@pytest.mark.parametrize("strategy", ["check", "timestamp"])
@pytest.mark.parametrize("seed", range(4))
def test_random_states_are_what_a_plain_ledger_says(
    seed: int, strategy: str, make_project: MakeProject, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    settings = {
        "key": "id",
        "strategy": strategy,
        "columns": ["title"],
        **({"updated_at": "changed"} if strategy == "timestamp" else {}),
    }
    with open_for_writing(people(make_project, settings)) as warehouse:
        world: Ledger = {}
        seen: list[tuple[datetime, dict[str, Any]]] = []
        at = datetime(2026, 3, 1)
        for _ in range(10):
            at += timedelta(minutes=chance.randint(1, 3000), microseconds=chance.choice([0, 1]))
            for key in chance.sample(range(8), 4):
                event = chance.random()
                if event < 0.3:
                    world.pop(key, None)
                else:
                    before = at - timedelta(seconds=chance.randint(1, 50))
                    world[key] = {"id": key, "title": chance.choice(["A", "B", None]), "changed": before}
            rows = list(world.values())
            rows.sort(key=lambda row: (row["id"] + at.microsecond + len(seen)) % 8)
            rows = [{**row, "look": len(seen)} for row in rows]  # no file comes twice
            put(warehouse, tmp_path, at, rows or [{"id": None, "title": None, "changed": None}])
            if chance.random() < 0.6:
                snapshot(warehouse, allow_shrink=True)
            seen.append((at, {str(key): row["title"] for key, row in world.items()}))
        snapshot(warehouse, allow_shrink=True)
        assert snapshot(warehouse) == []
        for number, (moment_seen, expected) in enumerate(seen):
            just_after = moment_seen + timedelta(microseconds=1)
            assert state(warehouse, just_after) == expected, number
            if number + 1 < len(seen):
                # and until the next look, nothing of it is known
                assert state(warehouse, seen[number + 1][0] - timedelta(microseconds=1)) == expected, number
        assert state(warehouse, seen[0][0] - timedelta(microseconds=1)) == {}


def test_a_file_read_in_place_is_looked_at_when_it_changes(make_project: MakeProject, tmp_path: Path) -> None:
    text = '[snapshot.people]\nkey = "id"\n[raw]\nduckdb = "crm.duckdb"\n' + ENGINE
    project = make_project({"sql/sources/mine/people.sql": PEOPLE}, text)

    def write(sql: str) -> None:
        with duckdb.connect(str(project.root / "crm.duckdb")) as crm:
            crm.execute(sql)

    write("CREATE TABLE people AS SELECT 1 AS id, 'Buyer' AS title")
    with open_for_writing(project) as warehouse:
        (first,) = snapshot(warehouse)
        assert first.added == 1
        assert first.observed_at == newest_load(warehouse)
        assert snapshot(warehouse) == []
    write("UPDATE people SET title = NULL")
    with open_for_writing(project) as warehouse:
        (second,) = snapshot(warehouse)
        assert (second.changed, second.observed_at > first.observed_at) == (1, True)
        assert state(warehouse, second.observed_at + timedelta(microseconds=1)) == {"1": None}


def test_a_table_that_changes_its_types_is_compared_by_value(make_project: MakeProject, tmp_path: Path) -> None:
    with open_for_writing(people(make_project, {"key": "id"})) as warehouse:
        put(warehouse, tmp_path, datetime(2026, 3, 1), [{"id": 1, "title": "7"}])
        snapshot(warehouse)
        file = tmp_path / "typed.parquet"
        warehouse.write_parquet("SELECT 1 AS id, 7 AS title", file)
        load(warehouse, Registry(warehouse.project), "people", [file], loaded_at=datetime(2026, 3, 2), replace=True)
        (look,) = snapshot(warehouse)
        assert look.changes == 0


def test_a_table_without_settings_is_named(make_project: MakeProject) -> None:
    with open_for_writing(people(make_project, {"key": "id"})) as warehouse:
        with pytest.raises(LeadmartError) as refused:
            snapshot(warehouse, ["peple"])
        assert (refused.value.code, refused.value.hint) == ("unknown_table", "did you mean people?")
        assert snapshot(warehouse) == []  # configured, and not loaded yet


def test_pairs_before_the_first_look_are_counted(make_project: MakeProject, tmp_path: Path) -> None:
    with open_for_writing(people(make_project, {"key": "id"})) as warehouse:
        put(warehouse, tmp_path, datetime(2026, 3, 2), [{"id": 1, "title": "A"}])
        snapshot(warehouse)
        registry = Registry(warehouse.project)
        pairs = "SELECT * FROM (VALUES (TIMESTAMP '2026-03-01'), (TIMESTAMP '2026-03-02'), (NULL)) AS p (as_of)"
        assert unobserved(warehouse, registry, ["people"], pairs) == {"people": 1}


@pytest.mark.slow
def test_killed_at_any_moment_a_snapshot_ends_where_an_undisturbed_one_does(
    make_project: MakeProject, tmp_path: Path
) -> None:
    """The command is killed again and again, later each time, until one gets through."""
    project = people(make_project, {"key": "id"})
    with open_for_writing(project) as warehouse:
        for day in range(1, 5):
            rows = [{"id": n, "title": chr(65 + (n + day) % 7)} for n in range(day, 3000)]
            put(warehouse, tmp_path, datetime(2026, 3, day), rows)
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(project.root, undisturbed)
    command = [str(Path(sys.executable).parent / "leadmart"), "snapshot", "--project"]
    subprocess.run([*command, str(undisturbed)], check=True, capture_output=True)
    kills = 0
    for wait in range(0, 12, 1 if IS_ALL else 2):
        started = subprocess.Popen([*command, str(project.root)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            started.wait(timeout=0.25 + wait * 0.1)
        except subprocess.TimeoutExpired:
            started.send_signal(signal.SIGKILL)
            started.wait()
            kills += 1
    subprocess.run([*command, str(project.root)], check=True, capture_output=True)
    assert kills > 0

    def taken(root: Path) -> list[Any]:
        with open_for_writing(find_project(root)) as warehouse:
            listed = warehouse.rows("SELECT * EXCLUDE (taken_at) FROM store.meta.snapshots ORDER BY observed_at")
            changes = raw_tables(warehouse)["people__changes"]
            return [listed, warehouse.rows(f"SELECT * FROM {changes} ORDER BY ALL")]

    assert taken(project.root) == taken(undisturbed)
    assert list((project.warehouse / "tmp").glob("*.parquet")) == []
