"""Whatever goes wrong has a name, an exit code and one shape; nobody sees a traceback."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import rewrite_catalogue

AS_TEXT = ("code", "message", "place", "hint")


def refused(answer: Any, code: str, exit_code: int = 1) -> dict[str, Any]:
    """The one error document on stdout; nothing else is there."""
    assert answer.code == exit_code, answer
    assert list(answer.document) == ["error"]
    error: dict[str, Any] = answer.document["error"]
    assert set(AS_TEXT) <= set(error) <= {*AS_TEXT, "others"}
    assert error["code"] == code
    assert error["message"]
    return error


@pytest.fixture
def empty(here: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    assert here("init", folder).code == 0
    return folder


@pytest.fixture(scope="module")
def unscored(company: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loaded company that nothing was run on, for commands that are refused and so change nothing."""
    folder = Path(shutil.copytree(company("loaded"), tmp_path_factory.mktemp("unscored") / "project"))
    rewrite_catalogue(folder)
    return folder


NEEDS_PROJECT = {
    "eject": ("scorecard",),
    "load": ("leads", "leads.csv"),
    "check": (),
    "render": ("web_engagement",),
    "plan": (),
    "run": (),
    "backfill": ("--start", "2026-01-01", "--end", "2026-01-02"),
    "validate": (),
    "verify": (),
    "features": ("--spine", "pairs.csv", "--out", "out.parquet"),
    "train": (),
    "models": (),
    "compare": ("m_1", "m_2"),
    "promote": ("m_1",),
    "rollback": (),
    "score": (),
    "show": ("scores",),
    "explain": ("L1",),
    "sql": ("SELECT 1",),
}


@pytest.mark.parametrize("command", NEEDS_PROJECT)
def test_without_a_project(command: str, here: Any, tmp_path: Path) -> None:
    words = NEEDS_PROJECT[command]
    plain = here(command, *words, cwd=tmp_path)
    assert (plain.code, plain.out) == (1, "")
    assert plain.err.startswith("error: no leadmart.toml in ")
    assert "  hint: " in plain.err
    if command != "eject":
        refused(here(command, *words, "--json", cwd=tmp_path), "no_project")


NOTHING_LOADED = {
    "run": ((), "nothing_loaded"),
    "backfill": (("--start", "2026-01-01", "--end", "2026-01-02"), "nothing_published"),
    "validate": ((), "nothing_loaded"),
    "verify": ((), "nothing_published"),
    "train": ((), "nothing_loaded"),
    "compare": (("m_1", "m_2"), "nothing_loaded"),
    "promote": (("m_1",), "nothing_loaded"),
    "rollback": ((), "nothing_loaded"),
    "score": ((), "nothing_loaded"),
    "plan": ((), "nothing_published"),
    "features": (("--spine", "pairs.csv", "--out", "out.parquet"), "nothing_published"),
    "models": ((), "nothing_published"),
    "show": (("scores",), "nothing_published"),
    "explain": (("L1",), "nothing_published"),
    "sql": (("SELECT 1",), "nothing_published"),
}


@pytest.mark.parametrize("command", NOTHING_LOADED)
def test_with_nothing_loaded(command: str, here: Any, empty: Path) -> None:
    words, code = NOTHING_LOADED[command]
    error = refused(here(command, *words, "--project", empty, "--json"), code)
    assert "leadmart" in error["hint"]


NOTHING_SCORED: list[tuple[tuple[str, ...], str]] = [
    (("show", "scores"), "nothing_published"),
    (("show", "fit"), "nothing_published"),
    (("show", "features"), "nothing_published"),
    (("sql", "SELECT COUNT(*) FROM scores.latest"), "nothing_published"),
    (("sql", "SELECT COUNT(*) FROM features.lead_features"), "nothing_published"),
    (("sql", "SELECT * FROM marts.targets"), "bad_query"),
    (("explain", "L0000001"), "nothing_published"),
    (("brief", "L0000001"), "nothing_published"),
    (("export", "scores", "--to", "never.csv"), "nothing_published"),
    (("score",), "slice_missing"),
]


@pytest.mark.parametrize(("words", "code"), NOTHING_SCORED, ids=lambda value: " ".join(value) if value else "")
def test_with_nothing_scored(words: tuple[str, ...], code: str, here: Any, unscored: Path) -> None:
    error = refused(here(*words, "--project", unscored, "--json"), code)
    assert "leadmart run" in error["hint"] or "a run" in error["hint"]
    assert "Catalog Error" not in error["message"] or code == "bad_query"


ASKED_WRONGLY: list[tuple[tuple[str, ...], str, str]] = [
    (("explain", "L9999999"), "unknown_lead", "leadmart show scores"),
    (("explain", "L0000900", "--as-of", "2025-01-01"), "unknown_lead", "2026-03-02"),
    (("explain", "L0000900", "--as-of", "tomorrow"), "bad_time", "2026-03-01"),
    (("run", "--as-of", "2026-13-01"), "bad_time", "2026-03-01"),
    (("plan", "--as-of", "yesterday"), "bad_time", "2026-03-01"),
    (("run", "--as-of", "2026-03-02T00:00:01"), "not_loaded_yet", "2026-03-02T00:00:00"),
    (("run", "--as-of", "2030-01-01"), "not_loaded_yet", "2026-03-02T00:00:00"),
    (("backfill", "--start", "2026-03-03", "--end", "2026-03-05"), "no_moments", "2026-03-02T00:00:00"),
    (("backfill", "--start", "2026-03-02", "--end", "2026-03-01"), "no_moments", "--end is not"),
    (("backfill", "--start", "1.3.2026", "--end", "2026-03-01"), "bad_time", "2026-03-01"),
    (("sql", "DROP TABLE meta.runs"), "not_a_select", "for reading"),
    (("sql", "SELECT 1; SELECT 2"), "not_a_select", "for reading"),
    (("sql", ""), "not_a_select", "for reading"),
    (("sql", "SELEC 1"), "bad_query", ""),
    (("sql", "SELECT * FROM scores.newest"), "bad_query", ""),
    (("sql", "SELECT lead FROM scores.latest"), "bad_query", ""),
    (("sql", "SELECT * FROM read_csv('/etc/hostname')"), "bad_query", ""),
    (("show", "score"), "unknown_view", "scores"),
    (("show", "models"), "unknown_view", "scores"),
    (("show", "view", "web_engagment"), "unknown_view", "web_engagement"),
    (("render", "web_engagment"), "unknown_definition", "web_engagement"),
    (("backfill", "--start", "2026-03-01", "--end", "2026-03-02", "--view", "nothing"), "unknown_definition", ""),
    (("load", "leads", "nowhere.csv"), "no_such_file", ""),
    (("load", "my-leads", "leadmart.toml"), "bad_table_name", ""),
    (("load", "leads", "leadmart.toml"), "unreadable_file", "csv"),
    (("check", "nowhere.sql"), "no_such_file", ""),
    (("compare", "m_1", "m_1"), "same_model", "leadmart models"),
    (("compare", "m_1", "rules"), "unknown_model", "leadmart train"),
    (("promote", "m_1"), "unknown_model", "leadmart train"),
    (("rollback",), "no_champion_before", "leadmart models"),
    (("features", "--spine", "nowhere.csv", "--out", "out.parquet"), "no_such_file", ""),
    (("features", "--spine", "leadmart.toml", "--out", "out.parquet"), "bad_pairs", ""),
]


@pytest.fixture(scope="module")
def asked(company: Any, here: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that is only asked, and asked wrongly: nothing of it may change."""
    folder: Path = tmp_path_factory.mktemp("asked") / "project"
    shutil.copytree(company("scored"), folder)
    assert here("snapshot", "--project", folder).code == 0  # its catalogue names files by their whole path
    return folder


@pytest.mark.parametrize(("words", "code", "hint"), ASKED_WRONGLY, ids=lambda value: str(value)[:60])
def test_asked_wrongly(words: tuple[str, ...], code: str, hint: str, here: Any, asked: Path, stored: Any) -> None:
    runs = stored(asked, "SELECT COUNT(*) FROM meta.runs")
    error = refused(here(*words, "--json", cwd=asked), code)
    assert hint in (error["hint"] or "")
    assert stored(asked, "SELECT COUNT(*) FROM meta.runs") == runs
    assert sorted(path.name for path in asked.iterdir()) == [
        ".gitignore",
        "leadmart.toml",
        "sql",
        "suites",
        "warehouse",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--foo"),
        ("rum",),
        ("run", "--as-of"),
        ("explain",),
        ("show", "scores", "--limit", "many"),
        ("init", "x", "--leads", "-5"),
        ("backfill", "--start", "2026-03-01"),
    ],
    ids=lambda words: " ".join(words),
)
def test_usage_errors_exit_2(words: tuple[str, ...], here: Any, tmp_path: Path) -> None:
    answer = here(*words, cwd=tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert "Usage: leadmart" in answer.err or "requires an argument" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [("[clock\nevery = 1", 1), ("[clock]\nevry = '1 day'\n", 2), ("[scoring.tiers]\nhot = 150\n", 2)],
)
@pytest.mark.parametrize("words", [("check",), ("run",), ("show", "scores"), ("load", "leads", "leads.csv")])
def test_a_broken_leadmart_toml_names_its_line(
    text: str, line: int, words: tuple[str, ...], here: Any, empty: Path
) -> None:
    (empty / "leadmart.toml").write_text(text)
    error = refused(here(*words, "--json", cwd=empty), "bad_settings")
    assert error["place"].endswith(f"leadmart.toml:{line}")


def test_names_in_leadmart_toml_that_mean_nothing_are_found_before_anything_runs(here: Any, empty: Path) -> None:
    text = "[features]\nviews = ['web_engagment@v1']\nspine = 'leads'\n[scoring]\nscorecard = 'points'\n"
    (empty / "leadmart.toml").write_text(text)
    answer = here("check", "--json", cwd=empty)
    assert answer.code == 1
    assert [(Path(found["file"]).name, found["code"]) for found in answer.document] == [
        ("leadmart.toml", "unknown_definition"),
        ("leadmart.toml", "unknown_definition"),
        ("leadmart.toml", "unknown_reference"),
    ]
    assert "did you mean web_engagement@v1" in answer.document[0]["hint"]


def test_init_refuses_a_folder_with_something_in_it(here: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for words in ((), ("--demo", "--leads", "10", "--days", "10", "--until", "2026-03-02")):
        error = refused(here("init", tmp_path, *words, "--json"), "folder_not_empty")
        assert error["hint"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("option", ["--seed", "--leads", "--days", "--until"])
def test_options_of_the_demo_without_it_are_usage(option: str, here: Any, tmp_path: Path) -> None:
    value = "2026-03-02" if option == "--until" else "3"
    answer = here("init", tmp_path / "new", option, value)
    assert answer.code == 2
    assert not (tmp_path / "new").exists()


def test_a_lost_slice_file_is_a_named_error(here: Any, copy_of: Any) -> None:
    folder = copy_of("scored")
    shutil.rmtree(folder / "warehouse" / "slices" / "web_engagement")
    edited = (folder / "leadmart.toml").read_text().replace("hot = 80 ", "hot = 70 ")
    (folder / "leadmart.toml").write_text(edited)
    error = refused(here("run", "--project", folder, "--json"), "file_missing")
    assert "web_engagement@v1" in error["message"]
    # also where no stage needs it: it is listed, and analysts would miss it
    (folder / "leadmart.toml").write_text(edited.replace("hot = 70 ", "hot = 80 "))
    refused(here("run", "--as-of", "2026-03-01", "--project", folder, "--json"), "file_missing")
    assert here("show", "runs", "--project", folder).code == 0


@pytest.mark.parametrize("content", [b"", b"no database", b"lock, stock and barrel " * 1000])
def test_a_broken_catalogue_is_named_and_made_anew(content: bytes, here: Any, copy_of: Any) -> None:
    folder = copy_of("scored")
    catalogue = folder / "warehouse" / "published" / "leadmart.duckdb"
    catalogue.write_bytes(content)
    for words in (("show", "scores"), ("sql", "SELECT 1"), ("plan",), ("explain", "L0000900")):
        answer = here(*words, "--project", folder, "--json")
        if content:
            refused(answer, "catalogue_unreadable")
    assert here("run", "--project", folder).code == 0
    assert here("show", "scores", "--project", folder).code == 0


def test_a_broken_store_is_a_named_error(here: Any, copy_of: Any) -> None:
    folder = copy_of("scored")
    (folder / "warehouse" / "leadmart.duckdb").write_bytes(b"lock, stock and barrel " * 1000)
    refused(here("run", "--project", folder, "--json"), "warehouse_unreadable")
    assert here("show", "scores", "--project", folder).code == 0


def test_an_interrupted_run_ends_without_a_traceback(copy_of: Any, here: Any) -> None:
    folder = copy_of("loaded")
    command = [str(Path(sys.executable).parent / "leadmart"), "run", "--project", str(folder)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if list((folder / "warehouse" / "tmp").glob("*.parquet")):
            break
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate()
    assert (run.returncode, out) == (130, "")
    assert err == "stopped; what was published stays, the next run goes on from there\n"
    assert here("show", "runs", "--project", folder, "--json").document[0]["status"] == "failed"
