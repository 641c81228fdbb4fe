"""One program by two names: `leadmart` and `python -m leadmart`, from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import leadmart as package


@pytest.mark.parametrize("words", [("--version",), ("run", "--help"), ("rum",), ()])
def test_python_m_leadmart_is_the_command(words: tuple[str, ...], leadmart: Any, tmp_path: Path) -> None:
    plain = os.environ | {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "leadmart", *words]
    done = subprocess.run(command, cwd=tmp_path, env=plain, capture_output=True, text=True)
    answer = leadmart(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (answer.code, answer.out, answer.err)


def test_the_version_is_that_of_the_package(here: Any) -> None:
    assert here("--version").out == f"leadmart {package.__version__}\n"
