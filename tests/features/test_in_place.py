"""Raw read in place while its loader writes: a session reads one state, or says that there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.holder import Patience
from leadmart.features.project import Project
from leadmart.features.raw.load import load
from leadmart.features.raw.snapshot import snapshot
from leadmart.features.raw.tables import newest_load, raw_attached, raw_versions
from leadmart.features.registry import Registry
from leadmart.features.sources.stage import stage
from leadmart.features.warehouse import Warehouse, open_for_writing

MakeProject = Callable[..., Project]

SOURCE = """-- key: id
-- rows: appended
--
-- Calls.
SELECT c.id, CAST(c.called_at AS TIMESTAMP) AS occurred_at, CAST(c.called_at AS TIMESTAMP) AS ingested_at
FROM raw.calls AS c
"""
ENGINE = '[engine]\nthreads = 2\nmemory_limit = "1GB"\n[sources]\nconnectors = ["mine"]\n'
ROW = "SELECT {} AS id, TIMESTAMP '2026-01-01' AS called_at"


def rows(*numbers: int) -> str:
    return " UNION ALL ".join(ROW.format(number) for number in numbers)


def write(file: Path, *numbers: int) -> None:
    duckdb.execute(f"COPY ({rows(*numbers)}) TO '{file}' (FORMAT parquet)")


def staged(warehouse: Warehouse) -> set[int]:
    stage(warehouse, Registry(warehouse.project), ["calls"], frozenset({"calls"}))
    return {row[0] for row in warehouse.rows("SELECT id FROM staging.calls")}


@pytest.fixture
def folder(make_project: MakeProject) -> Project:
    project = make_project({"sql/sources/mine/calls.sql": SOURCE}, ENGINE + '[raw]\nparquet = "exports"\n')
    (project.root / "exports" / "calls").mkdir(parents=True)
    write(project.root / "exports" / "calls" / "1.parquet", 1)
    write(project.root / "exports" / "calls" / "2.parquet", 2)
    return project


@pytest.fixture
def file(make_project: MakeProject) -> Project:
    project = make_project({"sql/sources/mine/calls.sql": SOURCE}, ENGINE + '[raw]\nduckdb = "raw.duckdb"\n')
    with duckdb.connect(str(project.root / "raw.duckdb")) as loader:
        loader.execute(f"CREATE TABLE calls AS {rows(1, 2)}")
    return project


def test_files_are_never_newer_than_the_clock_that_counts(folder: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is told what time it is takes its as_of by that time, not by the machine's."""
    for told, expected in (("2026-01-05T06:00:00", datetime(2026, 1, 5, 6)), ("2126-01-05", None)):
        monkeypatch.setenv("LEADMART_NOW", told)
        with open_for_writing(folder, "run") as warehouse:
            newest = newest_load(warehouse)
        written = max(file.stat().st_mtime for file in (folder.root / "exports").rglob("*.parquet"))
        assert newest == (expected or datetime.fromtimestamp(int(written), UTC).replace(tzinfo=None))


def test_a_file_that_appears_later_is_for_the_next_session(folder: Project) -> None:
    with open_for_writing(folder) as warehouse:
        before, moment = raw_versions(warehouse), newest_load(warehouse)
        write(folder.root / "exports" / "calls" / "3.parquet", 3)
        assert staged(warehouse) == {1, 2}
        assert (raw_versions(warehouse), newest_load(warehouse)) == (before, moment)
    with open_for_writing(folder) as warehouse:
        assert raw_versions(warehouse) != before
        assert staged(warehouse) == {1, 2, 3}


def replaced(calls: Path) -> None:
    write(calls / "new", 9)
    os.replace(calls / "new", calls / "2.parquet")


def rewritten_with_its_old_time(calls: Path) -> None:
    stat = (calls / "2.parquet").stat()
    content = bytearray((calls / "2.parquet").read_bytes())
    (calls / "2.parquet").write_bytes(content)
    os.utime(calls / "2.parquet", ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda calls: write(calls / "2.parquet", 9, 10),
        replaced,
        rewritten_with_its_old_time,
        lambda calls: (calls / "2.parquet").unlink(),
        lambda calls: (calls / "2.parquet").write_bytes(b"PAR1"),
    ],
    ids=["rewritten", "replaced", "rewritten with its old time", "gone", "half written"],
)
def test_a_file_that_is_another_one_now_is_refused(change: Callable[[Path], object], folder: Project) -> None:
    with open_for_writing(folder) as warehouse:
        raw_versions(warehouse)
        change(folder.root / "exports" / "calls")
        with pytest.raises(LeadmartError) as refused:
            staged(warehouse)
    assert refused.value.code == "raw_changed"
    assert str(refused.value.place).endswith("2.parquet")
    with open_for_writing(folder) as warehouse:
        raw_versions(warehouse)  # a new session takes what stands there now


def test_a_change_while_rows_are_read_is_noticed_at_their_end(folder: Project, file: Project) -> None:
    for project, name in ((folder, "exports/calls/1.parquet"), (file, "raw.duckdb")):
        path = project.root / name
        with open_for_writing(project) as warehouse:
            raw_versions(warehouse)
            with pytest.raises(LeadmartError) as refused, raw_attached(warehouse):
                path.write_bytes(path.read_bytes())
        assert refused.value.code == "raw_changed", name


def test_two_states_of_a_duckdb_file_do_not_meet(file: Project) -> None:
    with open_for_writing(file) as warehouse:
        assert staged(warehouse) == {1, 2}
        with duckdb.connect(str(file.root / "raw.duckdb")) as loader:
            loader.execute(f"INSERT INTO calls {rows(3)}")
        assert staged(warehouse) == {1, 2}  # read once, and no more
        with pytest.raises(LeadmartError) as refused, raw_attached(warehouse):
            warehouse.rows("FROM raw_file.main.calls")
    assert refused.value.code == "raw_changed"
    with open_for_writing(file) as warehouse:
        assert staged(warehouse) == {1, 2, 3}


def test_rows_that_a_killed_loader_left_in_its_log_are_another_version(file: Project) -> None:
    with open_for_writing(file) as warehouse:
        before = raw_versions(warehouse)
    path = file.root / "raw.duckdb"
    code = f"import duckdb, os\nc = duckdb.connect({str(path)!r})\nc.execute({'INSERT INTO calls ' + rows(3)!r})\n"
    subprocess.run([sys.executable, "-c", code + "os.kill(os.getpid(), 9)"], check=False)
    assert path.with_name("raw.duckdb.wal").is_file()
    with open_for_writing(file) as warehouse:
        assert raw_versions(warehouse) != before
        assert staged(warehouse) == {1, 2, 3}


def test_change_rows_of_two_states_are_not_listed(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ENGINE + '[raw]\nparquet = "exports"\n[snapshot.calls]\nkey = "id"\n'
    project = make_project({"sql/sources/mine/calls.sql": SOURCE}, settings)
    (project.root / "exports").mkdir()
    path = project.root / "exports" / "calls.parquet"
    write(path, 1, 2)
    written = Warehouse.write_parquet

    def and_the_loader(self: Warehouse, sql: str, target: Path) -> int:
        write(path, 1, 2, 3)
        return written(self, sql, target)

    monkeypatch.setattr(Warehouse, "write_parquet", and_the_loader)
    with open_for_writing(project) as warehouse:
        with pytest.raises(LeadmartError) as refused:
            snapshot(warehouse)
        assert refused.value.code == "raw_changed"
        assert warehouse.rows("SELECT * FROM store.meta.snapshots") == []


def test_a_file_that_is_still_being_written_is_not_loaded(
    folder: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = tmp_path / "calls.csv"
    export.write_text("id,called_at\n1,2026-01-01\n")
    written = Warehouse.write_parquet

    def and_the_exporter(self: Warehouse, sql: str, target: Path) -> int:
        with export.open("a") as more:
            more.write("2,2026-01-02\n")
        return written(self, sql, target)

    monkeypatch.setattr(Warehouse, "write_parquet", and_the_exporter)
    with open_for_writing(folder) as warehouse:
        with pytest.raises(LeadmartError) as refused:
            load(warehouse, Registry(folder), "calls", [export], loaded_at=datetime(2026, 1, 3))
        assert refused.value.code == "file_changed"
        assert warehouse.rows("SELECT * FROM store.meta.loads") == []


def test_a_loader_that_holds_the_file_is_named_and_waited_for(file: Project) -> None:
    path = str(file.root / "raw.duckdb")
    code = "import duckdb, sys\nc = duckdb.connect(sys.argv[1])\nprint('held', flush=True)\nsys.stdin.readline()\n"
    code += f"c.execute({'INSERT INTO calls ' + rows(3)!r})\n"
    loader = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert loader.stdout
    assert loader.stdin
    assert loader.stdout.readline() == "held\n"
    with open_for_writing(file) as warehouse, pytest.raises(LeadmartError) as refused:
        newest_load(warehouse)
    assert refused.value.code == "raw_busy"
    assert refused.value.message.startswith(f"process {loader.pid} (")
    told = []

    def let_it_end(words: str) -> None:
        told.append(words)
        loader.communicate("\n")

    with open_for_writing(file, patience=Patience(timedelta(minutes=5), let_it_end)) as warehouse:
        assert staged(warehouse) == {1, 2, 3}
    assert len(told) == 1
    assert told[0].startswith("waiting up to 5m: process ")
