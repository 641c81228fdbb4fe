"""`--log-format`: each step is one line on stderr, with its run, and nothing else is there."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leadmart.commands.log import named_format

PAGE = Path(__file__).resolve().parents[2] / "docs" / "logs.md"
HEAD = ["at", "level", "run_id", "command", "message"]
MORE = {"done", "of", "code", "place", "hint", "exit_code", "seconds", "by", "traceback"}


def lines_of(text: str) -> list[dict[str, Any]]:
    """The lines of a JSON log; each must be one, with the fields that were promised."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert list(line)[:5] == HEAD
        assert set(line) <= {*HEAD, *MORE}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["at"])
        assert line["level"] in ("info", "warning", "error")
    return lines


def masked(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "AT", text)
    text = re.sub(r"\d{8}T\d{6}-[0-9a-f]{6}", "RUN", text)
    text = re.sub(r"[\d,]+ of [\d,]+ rows break it \([\d.]+%\)", "SOME of ALL rows break it", text)
    return re.sub(r"\d+\.\d s\b|(?<=seconds=)[\d.]+|(?<=\"seconds\": )[\d.]+", "SECONDS", text)


@pytest.mark.slow
def test_every_long_command_tells_its_steps(here: Any, copy_of: Any, stored: Any, edit: Any, tmp_path: Path) -> None:
    folder = copy_of("scored")
    edit(folder / "leadmart.toml", "months = 24 ", "months = 9 ")  # too few to learn from: the rules are kept
    (tmp_path / "more.csv").write_text("account_id,name\nA1,One\n")
    asked: list[tuple[tuple[str, ...], str | None]] = [
        (("load", "companies", str(tmp_path / "more.csv")), "more.csv"),
        (("snapshot",), None),
        (("run", "--as-of", "2026-03-02"), "quality of sources"),
        (("score", "--as-of", "2026-03-02"), "scores at 2026-03-02T00:00:00"),
        (("backfill", "--start", "2026-03-02", "--end", "2026-03-03"), "quality of sources"),
        (("restate", "--source", "leads"), "quality of sources"),
        (("train",), "learning"),
    ]
    for words, step in asked:
        moment = {"LEADMART_NOW": "2026-11-21T12:00:00"} if words[0] == "load" else {}
        answer = here(*words, "--project", folder, "--json", "--log-format", "json", **moment)
        assert answer.code == 0, answer
        lines = lines_of(answer.err)
        told = [line["message"] for line in lines]
        assert {line["command"] for line in lines} == {words[0]}
        assert "begins" in told
        assert step is None or step in told
        assert (told[-1], lines[-1]["exit_code"]) == ("ends with exit code 0", 0)
        (run,) = {line["run_id"] for line in lines}
        if words[0] in ("load", "snapshot"):
            assert run is None
        else:
            assert run == answer.document["run_id"]
        if words[0] not in ("load", "snapshot", "train"):
            listed = stored(folder, f"SELECT command, status FROM meta.runs WHERE run_id = '{run}'")
            assert listed == [(words[0], "done")]


def test_the_log_of_a_run_with_nothing_due(here: Any, copy_of: Any, golden: Any) -> None:
    folder = copy_of("scored")
    answer = here("run", "--project", folder, "--log-format", "json")
    assert answer.code == 0
    lines_of(answer.err)
    golden(masked(answer.err), "log/run.jsonl")


def test_the_log_of_a_blocked_run_says_what_failed(here: Any, copy_of: Any, golden: Any) -> None:
    folder = copy_of("scored")
    packaged = Path(__file__).resolve().parents[2] / "expectations" / "suites" / "source.web_events.json"
    suite = json.loads(packaged.read_text(encoding="utf-8"))
    suite["expectations"].append(
        {
            "type": "expect_column_values_to_not_be_in_set",
            "kwargs": {"column": "page_type", "value_set": ["pricing"]},
            "severity": "critical",
            "description": "nobody looks at prices",
        }
    )
    (folder / "suites" / packaged.name).write_text(json.dumps(suite), encoding="utf-8")
    answer = here("run", "--project", folder, LEADMART_LOG_FORMAT="json")
    assert answer.code == 3
    lines_of(answer.err)
    golden(masked(answer.err), "log/blocked.jsonl")


def test_the_page_shows_the_log_as_it_is(copy_of: Any) -> None:
    folder = copy_of("scored")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for step in block.split("$ ")[1:]:
        command, _, shown = step.partition("\n")
        done = subprocess.run(
            command, shell=True, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        pattern = re.escape(masked(shown)).replace(re.escape("...\n"), r"(?s:.*)")
        assert re.fullmatch(pattern, masked(done.stdout)), done.stdout


def test_errors_are_lines_too(here: Any, tmp_path: Path) -> None:
    (line,) = lines_of(here("show", "scores", cwd=tmp_path, LEADMART_LOG_FORMAT="json").err)
    assert (line["level"], line["command"], line["code"]) == ("error", "show", "no_project")
    assert line["hint"]
    both = here("run", "--json", "--log-format=json", cwd=tmp_path)
    assert both.document["error"]["code"] == "no_project"
    assert [line["level"] for line in lines_of(both.err)] == ["info", "error", "error"]
    for words in (("rum",), ("run", "--as-of"), ("run", "--log-format", "json", "--foo")):
        answer = here(*words, cwd=tmp_path, LEADMART_LOG_FORMAT="json")
        (line,) = lines_of(answer.err)
        assert (answer.code, line["code"], line["level"]) == (2, "usage", "error")
        assert line["message"]


def test_each_of_several_errors_has_its_line(here: Any, tmp_path: Path) -> None:
    (tmp_path / "leadmart.toml").write_text("[clock]\nevry = '1 day'\n[scoring.tiers]\nhot = 150\n")
    lines = lines_of(here("show", "scores", cwd=tmp_path, LEADMART_LOG_FORMAT="json").err)
    assert [line["code"] for line in lines] == ["bad_settings", "bad_settings"]
    assert [line["place"].rpartition(":")[2] for line in lines] == ["2", "4"]


def test_a_format_that_there_is_not_is_refused(here: Any, tmp_path: Path) -> None:
    for words, environment in ((("run", "--log-format", "xml"), {}), (("run",), {"LEADMART_LOG_FORMAT": "xml"})):
        answer = here(*words, cwd=tmp_path, **environment)
        assert answer.code == 2
        assert "'xml' is not one of 'text', 'json'" in answer.err


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ("run", "", None),
        ("run", "json", "json"),
        ("run --log-format text", "json", "text"),
        ("run --log-format=json", "", "json"),
        ("run --log-format", "json", None),
        ("run --log-format JSON", "", None),
        ("load leads -- --log-format json", "", None),
    ],
)
def test_the_option_wins_over_the_environment(words: str, environment: str, expected: str | None) -> None:
    assert named_format(words.split(), {"LEADMART_LOG_FORMAT": environment}) == expected


PROGRAM = """
import logging, sys, warnings
from leadmart import cli

@cli.app.command()
def burst() -> None:
    warnings.warn("soon gone", FutureWarning)
    logging.getLogger("a.library").error("cannot\\nsee")
    raise ValueError("nobody thought of this")

cli.main()
"""


def test_what_libraries_say_and_what_nobody_foresaw_are_lines_too() -> None:
    command = [sys.executable, "-c", PROGRAM, "burst"]
    done = subprocess.run(command, env=os.environ | {"LEADMART_LOG_FORMAT": "json"}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    warned, logged, crashed = lines_of(done.stderr)
    assert (warned["level"], warned["message"]) == ("warning", "FutureWarning: soon gone")
    assert (logged["level"], logged["message"], logged["by"]) == ("error", "cannot\nsee", "a.library")
    assert (crashed["level"], crashed["code"]) == ("error", "unexpected")
    assert crashed["message"] == "ValueError: nobody thought of this"
    assert "burst" in crashed["traceback"]
    plain = subprocess.run(command, env=os.environ | {"LEADMART_LOG_FORMAT": ""}, capture_output=True, text=True)
    assert plain.returncode == 1
    assert "Traceback" in plain.stderr


def test_a_terminal_shows_lines_instead_of_a_bar_when_asked(copy_of: Any) -> None:
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).parent / "leadmart"), "run", "--log-format", "json"]
    done = subprocess.run([*command, "--project", str(copy_of("scored"))], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    told = b""
    try:
        while part := os.read(ours, 65536):
            told += part
    except OSError:  # how Linux says that nobody holds the other end
        pass
    os.close(ours)
    assert done.returncode == 0
    assert [line["message"] for line in lines_of(told.decode())][:2] == ["begins", "quality of sources"]
