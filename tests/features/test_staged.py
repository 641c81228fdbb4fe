"""Kept sources: grown load by load they hold what staging at once gives, and are read as if they were whole."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.features.definition import Definition
from leadmart.features.lookup import compute_at
from leadmart.features.plan import select
from leadmart.features.project import Project, Settings, find_project
from leadmart.features.raw.load import load
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources import growth
from leadmart.features.sources.reach import bounds_of, reach_of
from leadmart.features.sources.stage import stage
from leadmart.features.sources.staged import Bounds, current, first_known, known_at, row_hash
from leadmart.features.warehouse import Warehouse, open_for_writing

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "reach.yaml").read_text(encoding="utf-8"))
PACKAGED = Registry(Project(HERE, Settings()))
CALLS = """-- key:  id
-- rows: appended
--
-- Calls.
SELECT c.id, c.said, CAST(c.day AS VARCHAR) AS day, c.occurred_at, c.ingested_at FROM raw.calls AS c
"""
SETTINGS = "[sources]\nconnectors = ['mine']\n[engine]\nthreads = 2\nmemory_limit = '1GB'\n"
BEGIN = datetime(2026, 1, 1)


@pytest.fixture
def calls(make_project: Callable[..., Project]) -> Callable[[str], Project]:
    return lambda name: make_project({"sql/sources/mine/calls.sql": CALLS}, SETTINGS, name=name)


def batch(draw: random.Random, keys: int) -> str:
    """Rows of a load: few keys, so that they come back; some without a key or a clock."""

    def moment() -> str:
        if draw.random() < 0.05:
            return "NULL"
        return f"TIMESTAMP '{BEGIN + timedelta(hours=draw.randrange(300), microseconds=draw.randrange(2))}'"

    def key() -> str:
        return draw.choice(["NULL", *map(str, range(keys))])

    rows = [
        f"({key()}, '{draw.choice('abc')}', {draw.randrange(3)}, {moment()}, {moment()})"
        for _ in range(draw.randrange(1, 40))
    ]
    return f"SELECT * FROM (VALUES {', '.join(rows)}) AS v (id, said, day, occurred_at, ingested_at)"


def write(file: Path, sql: str) -> Path:
    duckdb.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet)")
    return file


def staged(warehouse: Warehouse) -> tuple[list[Any], list[Any], int]:
    """The source's rows, its days, and how many rows without a clock are kept."""
    registry = Registry(warehouse.project)
    stage(warehouse, registry, ["calls"], frozenset({"calls"}))
    kept = current(warehouse, registry, ["calls"], frozenset({"calls"}))["calls"]
    days = warehouse.rows("SELECT known_by, row_count, hash, since FROM store.meta.staged_days ORDER BY known_by")
    return warehouse.rows("SELECT * FROM staging.calls ORDER BY ALL"), days, kept.row_count


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("small_file", [0, 100_000])
def test_grown_load_by_load_it_holds_what_staging_all_at_once_gives(
    seed: int, small_file: int, calls: Callable[[str], Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "_SMALL_FILE", small_file)
    draw = random.Random(seed)
    files = [write(tmp_path / f"{n}.parquet", batch(draw, keys=25)) for n in range(draw.randrange(2, 7))]
    added = []
    with open_for_writing(calls("grown")) as warehouse:
        registry = Registry(warehouse.project)
        for number, file in enumerate(files):
            load(warehouse, registry, "calls", [file], loaded_at=BEGIN + timedelta(days=number))
            added += stage(warehouse, registry, ["calls"], frozenset({"calls"}))
        grown = staged(warehouse)
    with open_for_writing(calls("whole")) as warehouse:
        for number, file in enumerate(files):
            load(warehouse, Registry(warehouse.project), "calls", [file], loaded_at=BEGIN + timedelta(days=number))
        whole = staged(warehouse)
    assert [each.is_whole for each in added] == [True] + [False] * (len(files) - 1)
    assert grown[0] == whole[0]
    assert {day[0]: day for day in grown[1]} == {day[0]: day for day in whole[1]}
    firsts: dict[Any, Any] = {}
    for file in files:
        for row in duckdb.execute(
            f"SELECT id, said, CAST(day AS VARCHAR), occurred_at, ingested_at FROM '{file}'"
        ).fetchall():
            if row[3] is None or row[4] is None:
                continue
            rank = (max(row[3] + timedelta(microseconds=1), row[4]), *((value is not None, value) for value in row))
            if row[0] not in firsts or rank < firsts[row[0]][0]:
                firsts[row[0]] = (rank, row)
    assert sorted(map(str, grown[0])) == sorted(str(row) for _, row in firsts.values())


def test_a_batch_that_changes_a_columns_type_is_staged_with_all_others(
    calls: Callable[[str], Project], tmp_path: Path
) -> None:
    clocks = f"TIMESTAMP '{BEGIN}' AS occurred_at, TIMESTAMP '{BEGIN}' AS ingested_at"
    first = write(tmp_path / "1.parquet", f"SELECT 1 AS id, 'a' AS said, 5 AS day, {clocks}")
    second = write(tmp_path / "2.parquet", f"SELECT 2 AS id, 'b' AS said, 5.5::DOUBLE AS day, {clocks}")
    with open_for_writing(calls("typed")) as warehouse:
        registry = Registry(warehouse.project)
        for file in (first, second):
            load(warehouse, registry, "calls", [file], loaded_at=BEGIN)
            grown = stage(warehouse, registry, ["calls"], frozenset({"calls"}))
            assert [each.is_whole for each in grown] == [True]
        assert warehouse.rows("SELECT day FROM staging.calls ORDER BY id") == [("5.0",), ("5.5",)]


@pytest.mark.parametrize("value", ["1::HUGEINT", "{'a': [1::HUGEINT]}", "INTERVAL 1 MICROSECOND", "[1, 2]::INTEGER[2]"])
def test_a_type_that_a_file_would_change_is_staged_in_memory(
    value: str, make_project: Callable[..., Project], tmp_path: Path
) -> None:
    text = CALLS.replace("CAST(c.day AS VARCHAR) AS day", f"{value} AS day")
    with open_for_writing(make_project({"sql/sources/mine/calls.sql": text}, SETTINGS)) as warehouse:
        registry = Registry(warehouse.project)
        load(warehouse, registry, "calls", [write(tmp_path / "1.parquet", batch(random.Random(1), 9))], loaded_at=BEGIN)
        assert stage(warehouse, registry, ["calls"], frozenset({"calls"})) == []
        assert current(warehouse, registry, ["calls"], frozenset({"calls"})) == {}
        ((kind,),) = warehouse.rows("SELECT DISTINCT TYPEOF(day) FROM staging.calls")
        assert kind == duckdb.execute(f"SELECT TYPEOF({value})").fetchall()[0][0]


@pytest.mark.parametrize("fault", ["missing", "truncated"])
def test_a_kept_file_that_is_gone_or_cut_is_made_anew(
    fault: str, calls: Callable[[str], Project], tmp_path: Path
) -> None:
    with open_for_writing(calls("cut")) as warehouse:
        registry = Registry(warehouse.project)
        load(warehouse, registry, "calls", [write(tmp_path / "1.parquet", batch(random.Random(1), 9))], loaded_at=BEGIN)
        before = staged(warehouse)
        (file,) = (warehouse.project.warehouse / "staged" / "calls").iterdir()
        if fault == "missing":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:-20])
        assert len(stage(warehouse, registry, ["calls"], frozenset({"calls"}))) == 1
        assert staged(warehouse) == before


def test_files_stay_few_however_many_loads(calls: Callable[[str], Project], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(growth, "_SMALL_FILE", 0)
    with open_for_writing(calls("many")) as warehouse:
        registry = Registry(warehouse.project)
        for number in range(24):
            rows = f"SELECT {number} * 10 + range AS id, 'a' AS said, 1 AS day, TIMESTAMP '{BEGIN}' AS occurred_at, "
            sql = f"{rows} TIMESTAMP '{BEGIN}' AS ingested_at FROM RANGE({10 if number else 1000})"
            load(warehouse, registry, "calls", [write(tmp_path / f"{number}.parquet", sql)], loaded_at=BEGIN)
            stage(warehouse, registry, ["calls"], frozenset({"calls"}))
        kept = current(warehouse, registry, ["calls"], frozenset({"calls"}))["calls"]
        assert len(kept.files) <= 6
        unread = warehouse.rows("SELECT file FROM store.meta.staged_files WHERE unlisted_at IS NOT NULL")
        assert all((warehouse.project.warehouse / file).is_file() for (file,) in unread)
        monkeypatch.setenv("LEADMART_NOW", "2099-01-01")
        load(warehouse, registry, "calls", [write(tmp_path / "z.parquet", batch(random.Random(2), 9))], loaded_at=BEGIN)
        stage(warehouse, registry, ["calls"], frozenset({"calls"}))
        assert not any((warehouse.project.warehouse / file).is_file() for (file,) in unread)


@pytest.mark.parametrize("seed", range(4))
def test_what_was_known_follows_from_the_days(seed: int, calls: Callable[[str], Project], tmp_path: Path) -> None:
    draw = random.Random(seed)
    with open_for_writing(calls("days")) as warehouse:
        registry = Registry(warehouse.project)
        load(warehouse, registry, "calls", [write(tmp_path / "1.parquet", batch(draw, 99))], loaded_at=BEGIN)
        stage(warehouse, registry, ["calls"], frozenset({"calls"}))
        kept = current(warehouse, registry, ["calls"], frozenset({"calls"}))["calls"]
        moments = [BEGIN + timedelta(days=day) for day in range(14)]
        moments += [BEGIN + timedelta(hours=draw.randrange(300), microseconds=draw.randrange(2)) for _ in range(3)]
        columns = ["id", "said", "day", "occurred_at", "ingested_at"]
        for moment in sorted(set(moments)):
            odd = known_at(warehouse, kept, [moment])
            assert odd is not None
            expected = warehouse.rows(
                f"SELECT COUNT(*), COALESCE(SUM(CAST({row_hash(columns)} AS HUGEINT)), 0), MIN(occurred_at) "
                f"FROM staging.calls WHERE {first_known()} <= ?",
                [moment],
            )
            assert warehouse.rows(f"SELECT row_count, hash, since FROM ({odd})") == expected
        together = known_at(warehouse, kept, sorted(set(moments)))
        assert together is not None
        assert len(warehouse.rows(together)) == len(set(moments))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_a_definition_reads_as_far_back_as_its_joins_demand(case: dict[str, Any]) -> None:
    text = f"-- entity: lead (lead_id)\n--\n-- A case.\n{case['sql']}"
    definition = Definition("feature", "case", 1, "", HERE / "case.sql", text, False)
    found = {name: sorted(str(w and w.words) for w in windows) for name, windows in reach_of(definition).items()}
    assert found == {name: sorted(map(str, windows)) for name, windows in case["expected"].items()}


def test_the_bounds_of_several_moments_hold_each_ones(project: Project, warehouse: Warehouse) -> None:
    moments = [BEGIN + timedelta(days=day) for day in (0, 3, 40)]
    views = PACKAGED.all("feature")
    together = bounds_of(warehouse, views, moments)
    for moment in moments:
        for name, bounds in bounds_of(warehouse, views, [moment]).items():
            assert together[name].holds(bounds)
    assert together["web_events"] == Bounds(BEGIN - timedelta(days=180), moments[-1])
    assert bounds_of(warehouse, [PACKAGED.get("label", "opportunity")], moments)["opportunities"] == Bounds()


@pytest.mark.parametrize(
    ("windows", "moments", "since"),
    [
        # a February is shorter than 30 days, and than what a month counts for
        (("1 MONTH", "30 DAY"), [datetime(2026, 3, 1)], datetime(2026, 1, 30)),
        (("1 MONTH",), [datetime(2026, 3, 30, 12), datetime(2026, 3, 31)], datetime(2026, 2, 28)),
        (("3000 YEAR",), [datetime(2026, 3, 1)], None),
    ],
)
def test_bounds_hold_every_window_at_every_moment(
    windows: tuple[str, ...], moments: list[datetime], since: datetime | None, warehouse: Warehouse
) -> None:
    joins = "\n".join(
        f"LEFT JOIN known.web_events AS w{n} ON w{n}.lead_id = spine.lead_id AND w{n}.as_of = spine.as_of "
        f"AND w{n}.occurred_at >= spine.as_of - INTERVAL {window}"
        for n, window in enumerate(windows)
    )
    text = f"-- entity: lead (lead_id)\n--\n-- A case.\nSELECT spine.lead_id, spine.as_of, 1 AS a FROM spine {joins}"
    definition = Definition("feature", "case", 1, "", HERE / "case.sql", text, False)
    assert bounds_of(warehouse, [definition], moments)["web_events"] == Bounds(since, max(moments))


@pytest.mark.parametrize(
    ("before", "after"),
    [("c.said,", "UPPER(c.said) AS said,"), ("raw.calls AS c", "raw.calls AS c WHERE c.said <> 'a'")],
)
def test_a_source_that_changed_is_staged_whole_by_its_next_load(
    before: str, after: str, make_project: Callable[..., Project], tmp_path: Path
) -> None:
    changed = CALLS.replace(before, after)
    files = [write(tmp_path / f"{n}.parquet", batch(random.Random(n), keys=25)) for n in range(2)]
    found = []
    for name, texts in (("edited", (CALLS, changed)), ("whole", (changed, changed))):
        project = make_project({"sql/sources/mine/calls.sql": texts[0]}, SETTINGS, name=name)
        for text, file in zip(texts, files, strict=True):
            (project.root / "sql" / "sources" / "mine" / "calls.sql").write_text(text, encoding="utf-8")
            with open_for_writing(project) as warehouse:
                load(warehouse, Registry(project), "calls", [file], loaded_at=BEGIN)
                found.append(staged(warehouse))
    assert found[1] == found[3]
    assert found[0] != found[2]


def test_rows_without_a_clock_that_come_again_are_kept_once(calls: Callable[[str], Project], tmp_path: Path) -> None:
    with open_for_writing(calls("clockless")) as warehouse:
        registry = Registry(warehouse.project)
        for number in range(3):
            rows = "(1, 'a', 1, NULL, NULL), " + f"({10 + number}, 'b', 1, TIMESTAMP '{BEGIN}', TIMESTAMP '{BEGIN}')"
            sql = f"SELECT * FROM (VALUES {rows}) AS v (id, said, day, occurred_at, ingested_at)"
            file = write(tmp_path / f"{number}.parquet", sql.replace("NULL", "NULL::TIMESTAMP"))
            load(warehouse, registry, "calls", [file], loaded_at=BEGIN + timedelta(days=number))
            rows_kept = staged(warehouse)[2]
        assert rows_kept == 4


@pytest.mark.parametrize("name", ["place", "h", "_file", "_key_hash", "_place", "known_by"])
def test_a_column_may_have_any_name(name: str, make_project: Callable[..., Project], tmp_path: Path) -> None:
    text = CALLS.replace("CAST(c.day AS VARCHAR) AS day", f'c.day AS "{name}"')
    with open_for_writing(make_project({"sql/sources/mine/calls.sql": text}, SETTINGS)) as warehouse:
        registry = Registry(warehouse.project)
        for number in range(3):
            file = write(tmp_path / f"{number}.parquet", batch(random.Random(number), 9))
            load(warehouse, registry, "calls", [file], loaded_at=BEGIN + timedelta(days=number))
            stage(warehouse, registry, ["calls"], frozenset({"calls"}))
        ((rows, keys),) = warehouse.rows("SELECT COUNT(*), COUNT(DISTINCT COALESCE(id, -1)) FROM staging.calls")
        assert rows == keys > 5


@pytest.mark.slow
def test_features_are_the_same_read_within_bounds_and_whole(copy_of: Callable[..., Path]) -> None:
    project = find_project(copy_of("loaded"))
    draw = random.Random(5)
    with open_for_writing(project) as warehouse:
        registry = Registry(project)
        found = []
        for keeps in (True, False):
            warehouse.keeps_staged = keeps
            if not keeps:
                warehouse.execute("DELETE FROM store.meta.staged")
                for (name,) in warehouse.rows("SELECT view_name FROM duckdb_views() WHERE schema_name = 'staging'"):
                    warehouse.execute(f"DROP VIEW staging.{name} CASCADE")
            session = Session(warehouse, registry)
            selection = select(registry, session.present)
            session.want([BEGIN])
            session.prepare([selection.spine])
            if keeps:
                ((last,),) = warehouse.rows("SELECT MAX(loaded_at) FROM store.meta.loads")
                moments = [last - timedelta(days=draw.randrange(150), seconds=draw.randrange(2)) for _ in range(6)]
            session.want(moments)
            session.prepare([selection.spine])
            session.compute(selection.spine)
            found.append(warehouse.rows(f"SELECT * FROM ({compute_at(session, selection)}) ORDER BY ALL"))
            kinds = warehouse.rows("SELECT COUNT(*) FROM duckdb_views() WHERE schema_name = 'staging'")
            assert (kinds[0][0] > 0) == keeps
        assert len(found[0]) > 100
        assert found[0] == found[1]
