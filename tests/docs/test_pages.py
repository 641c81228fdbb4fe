"""The pages that tell a story are followed to the letter, and must print what they show.

A page's blocks are done in their order: commands of ```console blocks in a shell; a block below a line that ends in a
path and a colon is written there; ```python blocks run within this process, and the ```text below is what they print.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = ["docs/tutorial.md", "docs/python.md", "docs/first-feature.md"]
"""Done in this order, each from the same folder, so that later pages use what earlier ones made."""

# the moments at which commands are typed, after the made-up companies' last days
TUTORIAL_NOW, HOUSEKEEPING_NOW = "2026-11-03T09:00:00", "2026-03-02T09:00:00"

# what differs from run to run, and nothing else
CHANGING = [
    (r"\b([mfp])_[0-9a-f]{12}\b", r"\1_HASH"),
    (r"\b\d{8}T\d{6}-[0-9a-f]{6}\b", "RUN"),
    (r"\b\d+(\.\d+)? s\b", "SECONDS"),
    (r" *\b[\d.]+ [kMG]?B\b", " SIZE"),
]
LOOP = re.compile(r"for (\w+) in ([\w ]+); do (leadmart [^;|&<>]*); done")
BLOCK = re.compile(r"(?:`([\w./@-]+)`:\n\n)?^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass
class Reader:
    """Someone who follows the pages: where they stand, what they typed and saw.

    With `here`, a plain `leadmart` command, or a loop of one, runs within this process, which saves its imports; all
    else is the shell's.
    """

    start: Path
    here: Any = None
    folder: Path = field(init=False)
    typed: list[tuple[str, list[str]]] = field(default_factory=list)
    code: int = 0

    def follow(self, page: str) -> None:
        self.folder = self.start
        blocks = BLOCK.findall((REPOSITORY / page).read_text(encoding="utf-8"))
        names: dict[str, Any] = {}
        printed = ""
        for number, (path, language, text) in enumerate(blocks):
            if path:
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / path).write_text(text, encoding="utf-8")
            elif language == "console":
                for command, shown in steps(text):
                    assert_prints(command, shown, self.type(command))
                assert self.code == 0, f"{page}: the block ends with exit code {self.code}\n{text}"
            elif language == "python" and page == "docs/python.md":
                printed = self.execute(text, names)
            elif language == "text" and blocks[number - 1][1] == "python":
                assert printed == text

    def type(self, command: str) -> list[str]:
        """The lines that a command prints on stdout, and where it fails on stderr; `echo $?` asks for its code."""
        if command != "echo $?":
            assert self.code == 0, f"the command before `{command}` failed, and the page does not say so"
            if self.here and (loop := LOOP.fullmatch(command)):
                name, every, each = loop.groups()
                return [line for word in every.split() for line in self.type(each.replace(f"${name}", word))]
            if self.here and re.fullmatch(r"leadmart ([^$;|&<>\"]|\"[^$\"]*\")*", command):
                answer = self.here(*shlex.split(command)[1:], cwd=self.folder)
                return self.see(command, answer.code, answer.out, answer.err)
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            done = subprocess.run(
                f'{command}\ncode=$?; pwd > "$HERE"; exit $code',
                shell=True,
                executable="/bin/bash",
                cwd=self.folder,
                env=os.environ | {"PATH": path, "HERE": str(self.start / ".here"), "COLUMNS": "100"},
                capture_output=True,
                text=True,
                check=False,
            )
            self.folder = Path((self.start / ".here").read_text().strip())
            return self.see(command, done.returncode, done.stdout, done.stderr)
        return self.see(command, 0, str(self.code), "")

    def see(self, command: str, code: int, out: str, err: str) -> list[str]:
        self.code = code
        lines = (out + (err if code else "")).splitlines()
        self.typed.append((command, lines))
        return lines

    def execute(self, code: str, names: dict[str, Any]) -> str:
        out = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out):
            exec(compile(code, "page", "exec"), names)
        return out.getvalue()


def steps(block: str) -> list[tuple[str, list[str]]]:
    """A ```console block as (command, the lines it is shown to print)."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def plain(line: str) -> str:
    for pattern, word in CHANGING:
        line = re.sub(pattern, word, line)
    return line.rstrip()


def assert_prints(command: str, shown: list[str], printed: list[str]) -> None:
    """The shown lines stand in the output in their order; only where `...` is shown may others stand between."""
    shown, printed = [plain(line) for line in shown], [plain(line) for line in printed]
    position, may_skip = 0, False
    for line in shown:
        if line == "...":
            may_skip = True
            continue
        if may_skip:
            assert line in printed[position:], f"$ {command}\n{line!r} is shown and not printed"
            position = printed.index(line, position)
        assert printed[position : position + 1] == [line], f"$ {command}"
        position, may_skip = position + 1, False
    assert may_skip or position == len(printed), f"$ {command}\nprinted and not shown: {printed[position:]}"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_whoever_follows_the_tutorial_sees_what_it_shows(
    tmp_path: Path, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADMART_NOW", TUTORIAL_NOW)
    reader = Reader(tmp_path, here)
    for page in TUTORIAL:
        reader.follow(page)
    # the README is the beginning of the tutorial, so that it needs no company of its own
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    beginning = [step for _, language, text in BLOCK.findall(readme) if language == "console" for step in steps(text)]
    assert len(beginning) >= 4
    for (command, shown), (typed, printed) in zip(beginning, reader.typed, strict=False):
        assert command == typed
        assert_prints(command, shown, printed)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_whoever_keeps_house_sees_what_the_page_shows(
    tmp_path: Path, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADMART_NOW", HOUSEKEEPING_NOW)
    Reader(tmp_path, here).follow("docs/housekeeping.md")


@pytest.mark.slow
def test_whoever_releases_a_change_sees_what_the_page_shows(
    copy_of: Any, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8.2: draft, plan, publish, and the version in use."""
    monkeypatch.setenv("LEADMART_NOW", HOUSEKEEPING_NOW)
    folder = copy_of("town")
    assert here("run", "--project", folder).code == 0
    Reader(folder, here).follow("docs/releasing.md")
