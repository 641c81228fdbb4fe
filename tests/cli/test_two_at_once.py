"""Two processes at one warehouse, in every pairing: afterwards it is as if they had come one after the other."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytestmark = pytest.mark.slow

PROGRAM = str(Path(sys.executable).parent / "leadmart")
DAY = "2026-03-02"
NOW = {"LEADMART_NOW": "2026-03-02T06:00:00", "COLUMNS": "100", "NO_COLOR": "1"}
HERE = Path(__file__).parent / "processes"
HOLD, HOLD_BY_HAND, ANALYST, TRAIN, PARQUET_LOADER, DUCKDB_LOADER = (
    (HERE / f"{name}.py").read_text(encoding="utf-8")
    for name in ("hold", "hold_by_hand", "analyst", "train", "parquet_loader", "duckdb_loader")
)


def begin(*words: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | NOW | environment,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate()
    assert "Traceback" not in err, err
    return process.returncode, out, err


def until(is_so: Callable[[], object], process: subprocess.Popen[str]) -> None:
    while not is_so():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@contextlib.contextmanager
def script(code: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A process of Python's that has said its first line; it ends with its stdin, or is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | NOW,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline()
    try:
        yield process
    finally:
        if process.poll() is None:
            assert process.stdin
            with contextlib.suppress(OSError, ValueError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
        process.wait()


@pytest.fixture
def yesterday(company: Any) -> Path:
    """A small company, scored as of the day before its last load."""
    town: Path = company("town")
    return town


@pytest.fixture
def project(copy_of: Any) -> Callable[[str], Path]:
    return lambda name: copy_of("town", name)


def test_runs_a_backfill_and_analysts(project: Any, here: Any, difference: Any, published: Any) -> None:
    together, apart = project("together"), project("apart")
    past = ("backfill", "--start", "2026-02-28", "--end", "2026-03-01")
    enough = together / "enough"
    with script(ANALYST, together / "warehouse" / "published" / "leadmart.duckdb", enough) as analyst:
        first = begin("run", "--project", together, "--json")
        holder = together / "warehouse" / "holder.json"
        until(holder.is_file, first)
        others = [
            begin("run", "--project", together, "--json", "--wait", "10m"),
            begin(*past, "--project", together, "--json", "--wait", "10m"),
        ]
        refused = here("run", "--project", together, "--json")
        assert refused.document["error"]["code"] == "warehouse_busy"
        lead = published(together, "SELECT MIN(lead_id) FROM scores.latest")[0][0]
        while any(each.poll() is None for each in (first, *others)):
            assert here("show", "scores", "--project", together, "--json").code == 0
            assert here("explain", lead, "--project", together, "--json").code == 0
            assert here("sql", "SELECT COUNT(*) FROM features.lead_features", "--project", together).code == 0
            time.sleep(3)
        answers = [ended(each) for each in (first, *others)]
        enough.touch()
        assert analyst.stdout
        looks, seen = json.loads(analyst.stdout.readline())
    for code, out, err in answers:
        assert code == 0, err
        assert json.loads(out)["status"] == "done"
    for _, _, err in answers[1:]:
        assert err.count("waiting up to 10m: process ") == 1
    assert not holder.exists()
    for words in (("run",), past):
        assert here(*words, "--project", apart).code == 0
    assert difference(together, apart) == {}
    # yesterday's rows or today's, each lead once, all by one run
    assert looks >= 2
    assert {row[3] for row in seen} <= {"2026-03-01 00:00:00", "2026-03-02 00:00:00"}
    assert len(seen) <= 2
    for rows, leads, runs, low, high in seen:
        assert (rows, runs, low) == (leads, 1, high)


def test_a_load_and_a_run_while_a_model_is_learned(
    company: Any, copy_of: Any, here: Any, published: Any, tmp_path: Path
) -> None:
    folder = copy_of("scored")
    with script(TRAIN, folder) as learning:
        more = more_events(folder, tmp_path, 1)
        assert here("load", "web_events", more, "--project", folder, **NOW).code == 0
        assert here("run", "--project", folder, "--as-of", "2026-03-01").code == 0
        assert published(folder, "SELECT * FROM meta.models") == []
        assert learning.poll() is None
        out, _ = learning.communicate("go on\n")
        assert learning.returncode == 0
    # learned from what there was when it began, to the bit; nothing of load and run is lost by what it published
    kept = "SELECT model_version, role FROM meta.models"
    assert published(folder, kept) == published(company("trained"), kept)
    assert published(folder, kept) == [(json.loads(out)["model_version"], "champion")]
    assert len(published(folder, "FROM meta.loads WHERE table_name = 'web_events'")) == 2
    assert published(folder, "SELECT DISTINCT as_of::DATE::VARCHAR, model_version FROM scores.shown ORDER BY 1") == [
        ("2026-03-01", "rules"), (DAY, "rules"),
    ]  # fmt: skip


def more_events(project: Path, folder: Path, number: int) -> Path:
    """A file of events like those that the project has loaded, under other ids."""
    (raw,) = (project / "warehouse" / "raw" / "web_events").glob("*.parquet")
    file = folder / f"{number}.parquet"
    duckdb.execute(
        f"COPY (SELECT * REPLACE (event_id || '-{number}' AS event_id) FROM '{raw}' ORDER BY event_id LIMIT 50) "
        f"TO '{file}' (FORMAT parquet)"
    )
    return file


def test_a_run_between_loads(project: Any, here: Any, difference: Any, stored: Any, tmp_path: Path) -> None:
    together, apart = project("together"), project("apart")
    files = [more_events(together, tmp_path, number) for number in range(2)]
    every = [begin("load", "web_events", file, "--project", together, "--wait", "10m") for file in files]
    every.append(begin("run", "--project", together, "--as-of", DAY, "--wait", "10m"))
    for code, _, err in map(ended, every):
        assert code == 0, err
    # every slice of the run knew the same loads
    of_the_day = f"source = 'web_events' AND as_of = TIMESTAMP '{DAY}'"
    known = stored(together, f"SELECT DISTINCT input_hash, known_rows FROM meta.slice_inputs WHERE {of_the_day}")
    assert len(known) == 1
    assert here("load", "web_events", *files, "--project", apart, **NOW).code == 0
    assert here("run", "--project", apart, "--as-of", DAY).code == 0
    for folder in (together, apart):  # the day before knew nothing of rows that say they came by then
        assert here("restate", "--source", "web_events", "--project", folder).code == 0
    rows = "SELECT input_sha256, row_count FROM meta.loads WHERE table_name = 'web_events' ORDER BY ALL"
    assert stored(together, rows) == stored(apart, rows)
    found = difference(together, apart)  # which rows the first scores of the day knew depends on who came first
    assert {name: rows for name, rows in found.items() if name != "scores.lead_scores, catalogue"} == {}


def in_place(source: Path, folder: Path, settings: str) -> Path:
    """A project beside another one's raw tables, in place: as a folder of Parquet, or as a DuckDB file."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("warehouse"))
    toml = folder / "leadmart.toml"
    toml.write_text(f"{toml.read_text()}\n[raw]\n{settings}\n")
    for table in (source / "warehouse" / "raw").iterdir():
        (file,) = table.glob("*.parquet")
        if "parquet" in settings:
            (folder / "exports" / table.name).mkdir(parents=True)
            shutil.copy(file, folder / "exports" / table.name / "0.parquet")
        else:
            with duckdb.connect(str(folder / "raw.duckdb")) as raw:
                raw.execute(f"CREATE TABLE {table.name} AS FROM '{file}'")
    return folder


def known_rows(folder: Path, stored: Any) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for source, rows in stored(folder, "SELECT DISTINCT source, known_rows FROM meta.slice_inputs"):
        found.setdefault(source, set()).add(rows)
    return found


def test_a_run_while_files_appear_in_its_folder(
    yesterday: Path, here: Any, difference: Any, stored: Any, tmp_path: Path
) -> None:
    together = in_place(yesterday, tmp_path / "together", 'parquet = "exports"')
    with script(PARQUET_LOADER, together / "exports") as loader:
        done = here("run", "--project", together, "--as-of", DAY, "--json")
        assert loader.poll() is None
        loader.kill()
    assert done.code == 0, done
    known = known_rows(together, stored)
    apart = in_place(yesterday, tmp_path / "apart", 'parquet = "exports"')
    taken = {}
    for table in ("web_events", "email_events"):
        (rows,) = known[table]
        taken[table] = files_with(rows, together / "exports" / table)
        for file in taken[table]:
            shutil.copy(file, apart / "exports" / table)
    # one state of the folder: the loader writes one table after the other
    assert len(taken["web_events"]) - len(taken["email_events"]) in (0, 1)
    assert here("run", "--project", apart, "--as-of", DAY).code == 0
    assert difference(together, apart) == {}


def files_with(rows: int, folder: Path) -> list[str]:
    """The files of a folder, in the order of their numbers, up to the one with which so many rows are known."""
    files: list[str] = []
    for number in range(len(list(folder.glob("*.parquet")))):
        files.append(str(folder / f"{number}.parquet"))
        ((count,),) = duckdb.execute(
            f"SELECT COUNT(DISTINCT event_id) FROM read_parquet({files}) WHERE occurred_at < TIMESTAMP '{DAY}' "
            f"AND synced_at <= TIMESTAMP '{DAY}'"
        ).fetchall()
        if count == rows:
            return files
    raise AssertionError(f"no first files of {folder} have {rows} known rows")


def test_a_run_while_a_loader_writes_the_duckdb_file(
    yesterday: Path, here: Any, difference: Any, stored: Any, tmp_path: Path
) -> None:
    together = in_place(yesterday, tmp_path / "together", 'duckdb = "raw.duckdb"')
    enough = tmp_path / "enough"
    with script(DUCKDB_LOADER, together / "raw.duckdb", enough) as loader:
        done = here("run", "--project", together, "--as-of", DAY, "--json", "--wait", "10m")
        assert loader.poll() is None
        enough.touch()
        loader.wait()
    if done.code:
        assert done.document["error"]["code"] in ("raw_changed", "raw_busy")
    for rows in known_rows(together, stored).values():
        assert len(rows) == 1
    assert here("run", "--project", together, "--as-of", DAY).code == 0
    for source in {each["source"] for each in here("plan", "--project", together, "--json").document["stale"]}:
        assert here("restate", "--source", source, "--project", together).code == 0
    apart = in_place(yesterday, tmp_path / "apart", 'duckdb = "raw.duckdb"')
    shutil.copy(together / "raw.duckdb", apart / "raw.duckdb")
    assert here("run", "--project", apart, "--as-of", DAY).code == 0
    assert difference(together, apart) == {}


def plain(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "PROJECT")
    text = re.sub(r"process \d+", "process 4711", text)
    text = re.sub(r"`kill \d+`", "`kill 4711`", text)
    return re.sub(r"\(/\S*python\S*\)", "(/usr/bin/python3)", text)


def test_who_comes_second_is_told_who_is_first(project: Any, golden: Any, here: Any) -> None:
    folder = project("held")
    store = folder / "warehouse" / "leadmart.duckdb"
    told = []

    def second(*words: str) -> None:
        answer = here(*words, "--project", folder)
        assert answer.code == 1
        told.extend([f"$ leadmart {' '.join(words)}", plain(answer.err, folder)])

    with script(HOLD, folder):
        second("run")
        second("train", "--wait", "1s")
    with script(HOLD_BY_HAND, store, "reads"):
        second("validate")
    # the file of a process that is gone, under the number of one that is not its writer
    with script(HOLD_BY_HAND, store, "writes") as other:
        said = {"pid": other.pid, "born": "1", "command": "run", "run_id": None, "since": "2026-03-02T06:00:00"}
        (folder / "warehouse" / "holder.json").write_text(json.dumps(said))
        second("snapshot")
    golden("\n".join(told), "busy.txt")
    answer = here("run", "--project", folder, "--wait", "soon")
    assert answer.code == 2
    assert "such as 30s, 10m or 2h" in answer.err


def test_a_killed_holder_holds_nothing(project: Any, here: Any, tmp_path: Path) -> None:
    folder = project("killed")
    with script(HOLD, folder) as holder:
        waiting = begin("snapshot", "--project", folder, "--wait", "10m")
        assert waiting.stderr
        assert waiting.stderr.readline().startswith("waiting up to 10m: process ")
        holder.kill()
        holder.wait()
        assert (folder / "warehouse" / "holder.json").is_file()
        assert ended(waiting)[0] == 0
    assert not (folder / "warehouse" / "holder.json").exists()


def test_ctrl_c_ends_the_waiting(project: Any) -> None:
    folder = project("waiting")
    with script(HOLD, folder):
        waiting = begin("run", "--project", folder, "--wait", "2h")
        assert waiting.stderr
        assert waiting.stderr.readline().startswith("waiting up to 2h: process ")
        waiting.send_signal(signal.SIGINT)
        code, _, err = ended(waiting)
    assert code == 130
    assert "stopped" in err
