"""What all tests share: golden files and the Olist folder. Fixtures of one room stand in that room's conftest."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what is found into the golden files")


class RootIsNoTestPackage:
    """Keeps pytest from importing the repository's own __init__.py under the name of the folder it was cloned into.

    A plugin of its own, because the hooks of a conftest are not asked about the folders above it.
    """

    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return pytest.Dir.from_parent(parent, path=path) if path == REPOSITORY else None


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RootIsNoTestPackage())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "olist_folder" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.olist)


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
