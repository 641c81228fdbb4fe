"""What a command does not import: the seconds that a person does not wait."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = ("duckdb", "polars", "pyarrow", "pydantic", "sqlglot", "numpy", "lightgbm", "sklearn", "great_expectations")
PROGRAM = """
import json, sys
from leadmart.cli import main
try:
    main()
except SystemExit as stop:
    code = stop.code
print(json.dumps({"code": code, "modules": sorted({name.partition(".")[0] for name in sys.modules})}), file=sys.stderr)
"""


def imported(*words: object) -> set[str]:
    """The top-level modules in a process that has run a command to its end."""
    command = [sys.executable, "-c", PROGRAM, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"})
    told = json.loads(done.stderr.strip().splitlines()[-1])
    assert told["code"] == 0, done.stderr
    return set(told["modules"])


@pytest.mark.parametrize("words", [("--help",), ("--version",)])
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    assert imported(*words) & set(HEAVY) == set()


def test_a_run_with_nothing_due_imports_neither_quality_nor_model(copy_of: Any) -> None:
    folder: Path = copy_of("trained")
    modules = imported("run", "--project", folder)
    assert "duckdb" in modules
    assert modules & {"great_expectations", "lightgbm", "numpy", "polars", "pyarrow", "sklearn", "sqlalchemy"} == set()


def test_definitions_that_were_proven_once_are_not_parsed_again(copy_of: Any) -> None:
    folder: Path = copy_of("trained")
    (folder / "warehouse" / "remembered.json").unlink(missing_ok=True)
    assert "sqlglot" in imported("run", "--project", folder)
    for words in (("run",), ("status",), ("plan",)):
        assert "sqlglot" not in imported(*words, "--project", folder)


def test_looking_imports_neither_quality_nor_model(copy_of: Any) -> None:
    folder: Path = copy_of("trained")
    modules = imported("show", "scores", "--project", folder)
    assert modules & {"great_expectations", "lightgbm", "sklearn", "sqlglot", "polars"} == set()
    modules = imported("status", "--project", folder)
    assert modules & {"great_expectations", "lightgbm", "sklearn", "sqlalchemy", "polars", "pyarrow", "numpy"} == set()
