"""What all tests share: golden files, the Olist folder, and a made-up company with the command to ask it.

Fixtures of one room stand in that room's conftest.
"""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from leadmart.features import catalogue
from leadmart.features.project import find_project
from leadmart.features.registry import Registry
from leadmart.features.warehouse import open_for_writing
from tests.samples import IS_ALL

REPOSITORY = Path(__file__).resolve().parent.parent

# Two workers with two threads each on two cores: threads that wait must not spin. Read when libgomp is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what is found into the golden files")


LONG = (
    *("test_pages", "test_mutants", "test_kill", "test_kills", "test_two_at_once", "test_life", "test_hot", "test_run"),
    *("test_seeds", "test_same_bytes", "test_restate", "test_shown_on", "test_end_to_end", "test_signals_engine"),
)
"""Files with tests of fifteen seconds and more: begun first, since workers take over from each other's end."""


class RootIsNoTestPackage:
    """Keeps pytest from importing the repository's own __init__.py under the name of the folder it was cloned into.

    A plugin of its own, because the hooks of a conftest are not asked about the folders above it.
    """

    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return pytest.Dir.from_parent(parent, path=path) if path == REPOSITORY else None


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RootIsNoTestPackage())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what reads Olist, leaves out what only `make test-all` does, and puts files with slow tests first.

    So no worker is left alone with one.
    """
    if not IS_ALL:
        items[:] = [item for item in items if not item.get_closest_marker("in_test_all")]
    for item in items:
        if "olist_folder" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.olist)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, item.path.stem not in LONG))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(text, "plan/empty.txt")` compares text with golden/plan/empty.txt beside the test's file.

    Line by line, so the last line's newline does not count. With --update-golden the file is written instead:
    read the change with `git diff` before committing it. Moments, folders and run ids are to be taken out of
    the text first; a golden file that differs per machine proves nothing.
    """
    folder = request.path.parent / "golden"
    is_update = bool(request.config.getoption("--update-golden"))

    def compare(text: str, name: str) -> None:
        path = folder / name
        found = text.splitlines()
        expected = path.read_text(encoding="utf-8").splitlines() if path.is_file() else None
        if found == expected:
            return
        if is_update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(found) + "\n", encoding="utf-8")
            return
        shown = path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path
        diff = "\n".join(difflib.unified_diff(expected or [], found, str(shown), "found", lineterm=""))
        state = "there is no such golden file" if expected is None else "the text differs from its golden file"
        pytest.fail(f"{shown}: {state}\n{diff}\nhint: if it is meant, `pytest --update-golden`", pytrace=False)

    return compare


@pytest.fixture(scope="session")
def olist_folder() -> Path:
    """The folder with the Olist files: LEADMART_DATA/olist, by default ../shared/data/olist seen from the repository.

    The package does not ship them, so a test that asks for them skips where they are absent. With CI=true it fails:
    there, a missing file would be a hole in the proof that nobody sees.
    """
    folder = Path(REPOSITORY, os.environ.get("LEADMART_DATA") or "../shared/data").resolve() / "olist"
    if folder.is_dir():
        return folder
    told = f"no Olist files in {folder}: set LEADMART_DATA to the folder that holds olist/"
    if os.environ.get("CI") == "true":
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


@pytest.fixture(scope="session", autouse=True)
def spared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A worker's commands ask once about the same suite and bytes, and the same definitions: see spared.py."""
    from tests.spared import answered_once

    with answered_once(tmp_path_factory.mktemp("spared")):
        yield


# --- a made-up company ---

UNTIL = datetime(2026, 3, 2)
"""When the company's only load was completed, and so the as_of of a run."""

COMPANY = ("--demo", "--leads", "1500", "--days", "400", "--seed", "3", "--until", f"{UNTIL:%Y-%m-%d}")
TOWN = ("--demo", "--leads", "200", "--days", "120", "--until", f"{UNTIL:%Y-%m-%d}")
TOWN_VIEWS = ("lead_profile@v1", "web_engagement@v1", "email_engagement@v1", "account_engagement@v1")
TOWN_LACKS = ("budget_stated",)
"""A company of a few leads and views, for what is killed or broken again and again, with yesterday's run."""
STAGES: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "loaded": ("", (("init", *COMPANY),)),
    "scored": ("loaded", (("run",),)),
    "trained": ("scored", (("train",), ("run",))),
    "town": ("", (("init", *TOWN), ("run", "--as-of", "2026-03-01"))),
}
"""What the company has been through: the stage before, and the commands from there on. The town is another one."""


@dataclass(frozen=True)
class Answer:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Leadmart = Callable[..., Answer]


def ask(*words: object, cwd: Path | None = None, **environment: str) -> Answer:
    """Runs the command in a process of its own; a traceback fails the test whatever the test goes on to compare."""
    command = [str(Path(sys.executable).parent / "leadmart"), *map(str, words)]
    plain = {**os.environ, "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", **environment}
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=plain)
    answer = Answer(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in answer.err, answer.err
    return answer


@pytest.fixture(scope="session")
def leadmart() -> Leadmart:
    return ask


def ask_here(*words: object, cwd: Path | None = None, **environment: str) -> Answer:
    """Runs the command within this process; an exception that is no named error fails the test."""
    from leadmart import cli

    written = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(each, "utf-8", newline="", write_through=True) for each in written)
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["leadmart", *map(str, words)])
        for name, value in {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", **environment}.items():
            patch.setenv(name, value)
        if cwd:
            patch.chdir(cwd)
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    assert isinstance(stopped.value.code, int)
    return Answer(stopped.value.code, *(each.getvalue().decode() for each in written))


@pytest.fixture(scope="session")
def here() -> Leadmart:
    """The command within this process: sooner than a process of its own by all its imports, some four seconds a run."""
    return ask_here


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The made-up company's folder at a stage of `STAGES`: `loaded`, `scored` by the rules, `trained`; or the `town`.

    Made once for all workers, and never to be written to: `copy_of` gives a folder to change.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "company"
    shared.mkdir(exist_ok=True)

    def at(stage: str) -> Path:
        folder = shared / stage
        before, commands = STAGES[stage]
        start = at(before) if before else None
        with (shared / f"{stage}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder
            building = shared / f"{stage}-building"
            shutil.rmtree(building, ignore_errors=True)
            if start is not None:
                shutil.copytree(start, building)
            for command, *words in commands:
                place = (building,) if command == "init" else ("--project", building)
                done = ask_here(command, *place, *words)
                assert done.code == 0, done.err
                if stage == "town" and command == "init":
                    make_town(building)
            building.rename(folder)
            rewrite_catalogue(folder)
        return folder

    return at


def make_town(folder: Path) -> None:
    """Has a new project read the town's views only, and with them fewer sources: a run of it costs half as much."""
    settings = folder / "leadmart.toml"
    text = settings.read_text(encoding="utf-8")
    (shown,) = re.findall(r"^views = \[.*?^\]", text, re.DOTALL | re.MULTILINE)
    settings.write_text(text.replace(shown, f"views = {json.dumps(TOWN_VIEWS)}"), encoding="utf-8")
    card = REPOSITORY / "sql" / "reference" / "scorecard.csv"
    lines = [line for line in card.read_text(encoding="utf-8").splitlines() if line.split(",")[1] not in TOWN_LACKS]
    own = folder / "sql" / "reference" / "scorecard.csv"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def copy_of(company: Callable[[str], Path], tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """`copy_of("scored")` is a copy of the company at that stage, with its catalogue; `name` tells several apart."""
    made: list[Path] = []

    def copied(stage: str, name: str = "project") -> Path:
        made.append(tmp_path / name)
        shutil.copytree(company(stage), made[-1])
        rewrite_catalogue(made[-1])
        return made[-1]

    yield copied
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


def rewrite_catalogue(folder: Path) -> None:
    """Writes the catalogue of a project that was copied or moved: it names files by their whole path."""
    from leadmart.features.plan import select
    from leadmart.features.sources.staging import present_sources

    with open_for_writing(find_project(folder)) as warehouse:
        registry = Registry(warehouse.project)
        catalogue.publish(warehouse, registry, select(registry, present_sources(warehouse, registry)))
