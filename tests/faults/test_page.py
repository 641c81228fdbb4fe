"""docs/faults.md and the tests of this folder say the same."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parent.parent / "docs" / "faults.md").read_text(encoding="utf-8")


def test_every_fault_on_the_page_is_a_test_and_every_test_is_on_the_page() -> None:
    told = re.findall(r"\| (test_\w+\.py::test_\w+) \|$", PAGE, re.MULTILINE)
    assert len(told) == len([line for line in PAGE.splitlines() if line.startswith("| ")]) - 4  # four headers
    written = [
        f"{file.name}::{name}"
        for file in sorted(HERE.glob("test_*.py"))
        if file.name != Path(__file__).name
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert sorted(set(told)) == sorted(written)


def test_the_errors_that_the_page_names_exist() -> None:
    root = HERE.parent.parent
    rooms = ("features", "expectations", "scoring", "commands")
    code = "\n".join(f.read_text(encoding="utf-8") for room in rooms for f in (root / room).rglob("*.py"))
    second = [line.split(" | ")[1] for line in PAGE.splitlines() if line.startswith("| ") and "::" in line]
    named = {name for cell in second for name in re.findall(r"`([a-z]+_[a-z_0-9]+)`", cell)}
    assert {"disk_full", "file_altered"} <= named
    assert {name for name in named if f'"{name}"' not in code} == set()
