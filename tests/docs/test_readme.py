"""The console blocks of README and of pages in docs/ are run, and must print what they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "docs/housekeeping.md"]
# the moment at which a page's commands are typed, where what they print hangs on it
MOMENT = {"docs/housekeeping.md": {"LEADMART_NOW": "2026-03-02T09:00:00"}}
# what differs from run to run, and nothing else
CHANGING = [(r"\bm_[0-9a-f]{12}\b", "MODEL"), (r"\b\d{8}T\d{6}-[0-9a-f]{6}\b", "RUN"), (r"\b\d+(\.\d)? s\b", "SECONDS")]
CHANGING += [(r" *\b[\d.]+ [kM]?B\b", " SIZE")]


def console_blocks(page: str) -> list[list[tuple[str, list[str]]]]:
    """The page's ```console blocks: each a list of (command, the lines it is shown to print)."""
    blocks = []
    for block in re.findall(r"^```console\n(.*?)^```", (REPOSITORY / page).read_text(), re.MULTILINE | re.DOTALL):
        steps: list[tuple[str, list[str]]] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
        blocks.append(steps)
    return blocks


def plain(line: str) -> str:
    for pattern, word in CHANGING:
        line = re.sub(pattern, word, line)
    return line.rstrip()


def assert_prints(shown: list[str], printed: list[str]) -> None:
    """The shown lines stand in the output in their order; only where `...` is shown may others stand between."""
    position, may_skip = 0, False
    for line in shown:
        if line == "...":
            may_skip = True
            continue
        if may_skip:
            assert line in printed[position:], f"{line!r} is shown and not printed"
            position = printed.index(line, position)
        assert printed[position : position + 1] == [line]
        position, may_skip = position + 1, False
    assert may_skip or position == len(printed), f"printed and not shown: {printed[position:]}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_console_blocks_print_what_they_show(page: str, tmp_path: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= MOMENT.get(page, {})
    blocks = console_blocks(page)
    assert blocks
    for block in blocks:
        for command, shown in block:
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"$ {command}\n{done.stderr}"
            assert_prints([plain(line) for line in shown], [plain(line) for line in done.stdout.splitlines()])


def test_every_linked_page_exists() -> None:
    for page in REPOSITORY.glob("**/*.md"):
        if ".venv" in page.parts:
            continue
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(REPOSITORY)} links to {target}"
