"""`load` and raw tables in place. The cases of `load` are in loads.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.features.errors import LeadmartError
from leadmart.features.project import Project
from leadmart.features.raw.load import load
from leadmart.features.raw.tables import newest_load, raw_attached, raw_tables, raw_versions
from leadmart.features.registry import Registry
from leadmart.features.sources.stage import stage
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_writing

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "loads.yaml").read_text(encoding="utf-8"))
CALLS = (HERE / "sources" / "calls.sql").read_text(encoding="utf-8")
SETTINGS = '[sources]\nconnectors = ["mine"]\n[engine]\nthreads = 2\nmemory_limit = "1GB"\n'

MakeProject = Callable[..., Project]
WriteFile = Callable[[str, Any], Path]


@pytest.fixture
def mine(make_project: MakeProject) -> Project:
    return make_project({"sql/sources/mine/calls.sql": CALLS}, SETTINGS)


@pytest.fixture
def opened(mine: Project) -> Iterator[Warehouse]:
    with open_for_writing(mine) as warehouse:
        yield warehouse


def rows_of(warehouse: Warehouse, table: str = "calls") -> dict[str, dict[str, Any]]:
    relation = raw_tables(warehouse).get(table)
    if relation is None:
        return {}
    names = [name for name, _ in warehouse.columns(f"SELECT * FROM {relation}")]
    rows = [dict(zip(names, row, strict=True)) for row in warehouse.rows(f"SELECT * FROM {relation}")]
    return {
        str(row.get("id", row.get("ID"))): {k.lower() if k != "_loaded_at" else k: v for k, v in row.items()}
        for row in rows
    }


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_load(case: dict[str, Any], opened: Warehouse, write_file: WriteFile, tmp_path: Path) -> None:
    registry = Registry(opened.project)
    *before, last = case["steps"]

    def do(step: dict[str, Any]) -> None:
        for name, text in step["files"].items():
            write_file(name, text)
        paths = [tmp_path / name for name in step.get("load", step["files"])]
        at = step.get("at", datetime(2026, 2, 1))
        load(opened, registry, "calls", paths, loaded_at=at, replace=step.get("replace", False))

    for step in before:
        do(step)
    if {"error", "code"} & case.keys():
        with pytest.raises(LeadmartError) as refused:
            do(last)
        error = refused.value
        assert error.code == case.get("code", error.code), error.render()
        if "error" in case:
            assert error.render().replace(str(tmp_path), "FOLDER") == case["error"].rstrip()
        if "line" in case:
            assert error.place
            assert error.place.line == case["line"], error.render()
    else:
        do(last)
    rows = rows_of(opened)
    assert len(rows) == case["count"]
    listed = opened.rows("SELECT COALESCE(SUM(row_count), 0) FROM store.meta.loads WHERE replaced_at IS NULL")
    assert listed == [(case["count"],)]
    for key, columns in case.get("rows", {}).items():
        assert {name: rows[key][name] for name in columns} == columns
    if "staged" in case:
        stage(opened, registry, ["calls"], present_sources(opened, registry))
    for key, columns in case.get("staged", {}).items():
        (found,) = opened.rows(f"SELECT {', '.join(columns)} FROM staging.calls WHERE call_id = ?", [key])
        assert dict(zip(columns, found, strict=True)) == columns


def test_a_batch_is_a_file_named_by_its_content(opened: Warehouse, write_file: WriteFile) -> None:
    from leadmart.features.fingerprint import file_digest

    file = write_file("a.csv", "id,lead_id,called_at,synced_at,minutes,score,note\n1,L1,2026-01-01,2026-01-01,,,\n")
    (batch,) = load(opened, Registry(opened.project), "calls", [file], loaded_at=datetime(2026, 2, 1))
    assert (batch.rows, batch.is_new) == (1, True)
    ((name, sha256, size),) = opened.rows("SELECT file, sha256, bytes FROM store.meta.loads")
    kept = opened.project.warehouse / name
    assert kept.stem == sha256[:32] == file_digest(kept)[:32]
    assert kept.stat().st_size == size
    assert not list((opened.project.warehouse / "tmp").glob("*.parquet"))
    (again,) = load(opened, Registry(opened.project), "calls", [file], loaded_at=datetime(2026, 2, 2))
    assert not again.is_new


def test_a_parquet_file_is_loaded_with_its_types(opened: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "calls.parquet"
    opened.execute(
        "COPY (SELECT 1 AS id, 'L1' AS lead_id, DATE '2026-01-01' AS called_at, '2026-01-02' AS synced_at, "
        f"3 AS minutes, 'x' AS score, NULL AS note) TO '{file}' (FORMAT parquet)"
    )
    load(opened, Registry(opened.project), "calls", [file], loaded_at=datetime(2026, 2, 1))
    row = rows_of(opened)["1"]
    assert row["minutes"] == 3
    # a clock that is a day, typed or written, is that day's last microsecond
    assert row["called_at"] == datetime(2026, 1, 1, 23, 59, 59, 999999)
    assert row["synced_at"] == datetime(2026, 1, 2, 23, 59, 59, 999999)


def test_batches_with_other_types_and_more_columns_stand_together(opened: Warehouse, write_file: WriteFile) -> None:
    registry = Registry(opened.project)
    first = write_file("a.csv", "id,lead_id,called_at,synced_at,minutes,score,note\n007,L1,2026-01-01,2026-01-01,,,\n")
    row = {"id": 8, "lead_id": "L1", "called_at": "2026-01-02", "synced_at": "2026-01-02"}
    row |= {"minutes": 1, "score": 1, "note": "x", "owner": "Eve"}
    second = write_file("b.jsonl", [row])
    load(opened, registry, "calls", [first, second], loaded_at=datetime(2026, 2, 1))
    stage(opened, registry, ["calls"], present_sources(opened, registry))
    assert opened.rows("SELECT call_id, occurred_at FROM staging.calls ORDER BY call_id") == [
        ("007", datetime(2026, 1, 1, 23, 59, 59, 999999)),
        ("8", datetime(2026, 1, 2, 23, 59, 59, 999999)),
    ]


@pytest.mark.parametrize("name", ["", "a b", "x;DROP", "../x", "1st"])
def test_a_table_has_a_plain_name(name: str, opened: Warehouse, write_file: WriteFile) -> None:
    with pytest.raises(LeadmartError) as refused:
        load(opened, Registry(opened.project), name, [write_file("a.csv", "x\n1\n")], loaded_at=datetime(2026, 2, 1))
    assert refused.value.code == "bad_table_name"


def test_a_table_that_no_source_reads_is_loaded_as_it_is(opened: Warehouse, write_file: WriteFile) -> None:
    load(
        opened,
        Registry(opened.project),
        "other",
        [write_file("a.csv", "id,when\n1,soon\n")],
        loaded_at=datetime(2026, 2, 1),
    )
    assert rows_of(opened, "other")["1"]["when"] == "soon"


def test_a_quote_in_a_path_is_a_quote(opened: Warehouse, write_file: WriteFile) -> None:
    file = write_file("it's here/a.csv", "id,x\n1,2\n")
    load(opened, Registry(opened.project), "other", [file], loaded_at=datetime(2026, 2, 1))
    assert rows_of(opened, "other")["1"]["x"] == "2"


# --- in place ---


def in_place(make_project: MakeProject, raw: str, write: Callable[[Path], None]) -> Project:
    project = make_project({"sql/sources/mine/calls.sql": CALLS}, f"{SETTINGS}[raw]\n{raw}\n")
    write(project.root)
    return project


HEAD = "id,lead_id,called_at,synced_at,minutes,score,note\n"
ROW = (
    "1 AS id, 'L1' AS lead_id, TIMESTAMP '2026-01-01' AS called_at, TIMESTAMP '2026-01-02' AS synced_at, "
    "3 AS minutes, 1.5 AS score, 'x' AS note"
)


def write_duckdb(root: Path) -> None:
    with duckdb.connect(str(root / "dbt.duckdb")) as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.execute(f"CREATE TABLE marts.calls AS SELECT {ROW}")


def write_parquet(root: Path) -> None:
    (root / "exports" / "calls").mkdir(parents=True)
    for number in (1, 2):
        path = root / "exports" / "calls" / f"{number}.parquet"
        duckdb.execute(f"COPY (SELECT {ROW.replace('1 AS id', f'{number} AS id')}) TO '{path}' (FORMAT parquet)")
    duckdb.execute(f"COPY (SELECT 1 AS id) TO '{root / 'exports' / 'single.parquet'}' (FORMAT parquet)")


def test_a_duckdb_file_is_read_in_place_and_not_held(make_project: MakeProject) -> None:
    project = in_place(make_project, 'duckdb = "dbt.duckdb"\nschema = "marts"', write_duckdb)
    registry = Registry(project)
    with open_for_writing(project) as warehouse:
        present = present_sources(warehouse, registry)
        assert present == {"calls"}
        stage(warehouse, registry, ["calls"], present)
        assert warehouse.rows("SELECT call_id, occurred_at FROM staging.calls") == [("1", datetime(2026, 1, 1))]
        before = raw_versions(warehouse)
        assert newest_load(warehouse)
        # its loader can write while the session is open
        with duckdb.connect(str(project.root / "dbt.duckdb")) as loader:
            loader.execute(f"INSERT INTO marts.calls SELECT {ROW.replace('1 AS id', '2 AS id')}")
            loader.execute("CHECKPOINT")
    with open_for_writing(project) as warehouse:
        assert raw_versions(warehouse) != before


def test_a_parquet_folder_is_read_in_place(make_project: MakeProject) -> None:
    project = in_place(make_project, 'parquet = "exports"', write_parquet)
    with open_for_writing(project) as warehouse:
        assert set(raw_tables(warehouse)) == {"calls", "single"}
        with raw_attached(warehouse):  # nothing to attach
            stage(warehouse, Registry(project), ["calls"], frozenset({"calls"}))
        assert warehouse.rows("SELECT COUNT(*) FROM staging.calls") == [(2,)]


def test_text_with_an_offset_read_in_place_is_utc(make_project: MakeProject) -> None:
    text = "-- key: id\n-- rows: appended\n--\n-- Calls.\nSELECT c.id, CAST(c.called_at AS TIMESTAMP) AS occurred_at, "
    text += "TRY_CAST(c.synced_at AS TIMESTAMP) AS ingested_at FROM raw.calls AS c\n"
    project = make_project({"sql/sources/mine/calls.sql": text}, SETTINGS + '[raw]\nparquet = "dump"\n')
    (project.root / "dump").mkdir()
    rows = (
        "('a', '2026-05-31 02:00:00+02:00', '2026-05-31T00:30:00Z'), ('b', '2026-05-31', ''), ('c', '2026-06-01', 'x')"
    )
    duckdb.execute(
        f"COPY (SELECT * FROM (VALUES {rows}) AS t (id, called_at, synced_at)) "
        f"TO '{project.root / 'dump' / 'calls.parquet'}' (FORMAT parquet)"
    )
    with open_for_writing(project) as warehouse:
        registry = Registry(project)
        stage(warehouse, registry, ["calls"], present_sources(warehouse, registry))
        found = warehouse.rows("SELECT id, occurred_at, ingested_at FROM staging.calls ORDER BY id")
    assert found == [("a", datetime(2026, 5, 31), datetime(2026, 5, 31, 0, 30))]


def test_an_old_batch_that_replaces_a_newer_one_is_the_newest_load(opened: Warehouse, write_file: WriteFile) -> None:
    registry = Registry(opened.project)
    old, new = (write_file(f"{n}.csv", HEAD + f"{n},L1,2026-01-01,2026-01-01,,,\n") for n in "ab")
    for day, file in enumerate((old, new, old), 2):
        load(opened, registry, "calls", [file], loaded_at=datetime(2026, 1, day), replace=True)
        assert newest_load(opened) == datetime(2026, 1, day)
    assert set(rows_of(opened)) == {"a"}


def test_a_loaded_table_goes_before_one_in_place(make_project: MakeProject, write_file: WriteFile) -> None:
    project = in_place(make_project, 'parquet = "exports"', write_parquet)
    with open_for_writing(project) as warehouse:
        file = write_file("a.csv", "id,lead_id,called_at,synced_at,minutes,score,note\n9,L1,2026-01-01,2026-01-01,,,\n")
        load(warehouse, Registry(project), "calls", [file], loaded_at=datetime(2026, 2, 1))
        assert set(rows_of(warehouse)) == {"9"}


@pytest.mark.parametrize("raw", ['duckdb = "gone.duckdb"', 'parquet = "gone"'])
def test_raw_that_is_not_there_is_named(raw: str, make_project: MakeProject) -> None:
    project = in_place(make_project, raw, lambda _: None)
    with open_for_writing(project) as warehouse, pytest.raises(LeadmartError) as refused:
        raw_tables(warehouse)
    assert refused.value.code == "raw_missing"
    assert "gone" in refused.value.message
    with open_for_writing(project) as warehouse, pytest.raises(LeadmartError) as refused:
        newest_load(warehouse)
    assert refused.value.code == "raw_missing"


def test_a_schema_without_tables_is_named_and_not_read_as_empty(make_project: MakeProject) -> None:
    project = in_place(make_project, 'duckdb = "dbt.duckdb"\nschema = "mart"', write_duckdb)
    with open_for_writing(project) as warehouse, pytest.raises(LeadmartError) as refused:
        raw_tables(warehouse)
    assert (refused.value.code, refused.value.message.split()[-1]) == ("raw_missing", "mart")


@pytest.mark.parametrize(
    ("column", "code"), [("calld_at", "missing_column"), ("", "unreadable_file")], ids=["renamed", "broken"]
)
def test_one_file_of_a_folder_that_differs_is_named(column: str, code: str, make_project: MakeProject) -> None:
    project = in_place(make_project, 'parquet = "exports"', write_parquet)
    odd = project.root / "exports" / "calls" / "3.parquet"
    duckdb.execute(f"COPY (SELECT {ROW.replace('AS called_at', 'AS ' + (column or 'x'))}) TO '{odd}' (FORMAT parquet)")
    if not column:
        odd.write_bytes(b"PAR1 and no more")
    with open_for_writing(project) as warehouse, pytest.raises(LeadmartError) as refused:
        stage(warehouse, Registry(project), ["calls"], frozenset({"calls"}))
    assert refused.value.code == code
    assert str(refused.value.place) == str(odd)


def test_brackets_in_a_folder_are_no_pattern(make_project: MakeProject) -> None:
    project = in_place(make_project, 'parquet = "exports [1]"', write_parquet)
    (project.root / "exports").rename(project.root / "exports [1]")
    with open_for_writing(project) as warehouse:
        assert set(rows_of(warehouse)) == {"1", "2"}


def test_a_source_the_project_says_it_has_must_be_loaded(make_project: MakeProject) -> None:
    settings = SETTINGS.replace('["mine"]', '["mine"]\nhave = ["calls"]')
    project = make_project({"sql/sources/mine/calls.sql": CALLS}, settings)
    with open_for_writing(project) as warehouse, pytest.raises(LeadmartError) as refused:
        present_sources(warehouse, Registry(project))
    assert refused.value.code == "raw_missing"
    assert refused.value.hint.startswith("`leadmart load calls FILE`")
