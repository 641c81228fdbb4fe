"""docs/concurrency.md: its commands run, its message is the one printed, and pools see what its table says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "concurrency.md").read_text(encoding="utf-8")
OLD, NEW = "2026-03-01", "2026-03-02"
NEWEST = "SELECT CAST(CAST(MAX(as_of) AS DATE) AS VARCHAR) FROM scores.latest"

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_the_message_is_the_one_that_is_printed() -> None:
    (message,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    printed = (REPOSITORY / "tests" / "cli" / "golden" / "busy.txt").read_text(encoding="utf-8")
    assert message in printed


@pytest.fixture(scope="module")
def folder(here: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page's commands were run."""
    folder = tmp_path_factory.mktemp("page")
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = step.splitlines()
        program, *words = shlex.split(command)
        done = here(*words, cwd=folder)
        assert (program, done.code) == ("leadmart", 0), f"$ {command}\n{done.err}"
        if shown != ["..."]:
            assert [line.rstrip() for line in done.out.splitlines()] == shown
    return folder


@pytest.fixture(scope="module")
def two_publishes(folder: Path, here: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The catalogue's path, a copy of the one that is there, and one of a later run."""
    catalogue = folder / "shop" / "warehouse" / "published" / "leadmart.duckdb"
    kept = tmp_path_factory.mktemp("kept")
    (kept / "old").write_bytes(catalogue.read_bytes())
    assert here("run", "--project", folder / "shop").code == 0
    (kept / "new").write_bytes(catalogue.read_bytes())
    return catalogue, kept / "old", kept / "new"


@pytest.fixture
def publish(two_publishes: tuple[Path, Path, Path]) -> Iterator[Any]:
    """`publish(NEW)` renames that run's catalogue into place, as a run does; before, the old one stands there."""
    catalogue, old, new = two_publishes

    def swap(which: str) -> None:
        staged = catalogue.with_name("staged.new")
        staged.write_bytes((new if which == NEW else old).read_bytes())
        os.replace(staged, catalogue)

    swap(OLD)
    yield swap
    swap(NEW)


def newest(engine: Any) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text(NEWEST)).scalar())


def engine_on(catalogue: Path, **settings: Any) -> Any:
    return create_engine(f"duckdb:///{catalogue}", connect_args={"read_only": True}, **settings)


def test_an_open_connection_keeps_its_catalogue(publish: Any, two_publishes: tuple[Path, Path, Path]) -> None:
    catalogue = two_publishes[0]
    with duckdb.connect(str(catalogue), read_only=True) as first:
        count = "SELECT COUNT(*) FROM scores.history"
        before = first.execute(NEWEST).fetchall(), first.execute(count).fetchall()
        publish(NEW)
        assert (first.execute(NEWEST).fetchall(), first.execute(count).fetchall()) == before
        # one database a process and path: a new connection beside an open one sees the old catalogue
        with duckdb.connect(str(catalogue), read_only=True) as second:
            assert second.execute(NEWEST).fetchall() == [(OLD,)]
        # another process, or a session in memory, sees the new one
        code = f"import duckdb; print(duckdb.connect({str(catalogue)!r}, read_only=True).sql({NEWEST!r}).fetchall())"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert NEW in done.stdout
    with duckdb.connect(str(catalogue), read_only=True) as third:
        assert third.execute(NEWEST).fetchall() == [(NEW,)]


def test_a_pool_that_keeps_connections_keeps_the_catalogue(
    publish: Any, two_publishes: tuple[Path, Path, Path]
) -> None:
    engine = engine_on(two_publishes[0])
    assert newest(engine) == OLD
    publish(NEW)
    assert newest(engine) == OLD
    engine.dispose()
    assert newest(engine) == NEW
    engine.dispose()


def test_recycling_helps_a_pool_of_one(publish: Any, two_publishes: tuple[Path, Path, Path]) -> None:
    one = engine_on(two_publishes[0], pool_recycle=0, pool_size=1, max_overflow=0)
    assert newest(one) == OLD
    publish(NEW)
    assert newest(one) == NEW
    one.dispose()
    publish(OLD)
    two = engine_on(two_publishes[0], pool_recycle=0)
    with two.connect() as first, two.connect() as second:
        assert first.execute(text(NEWEST)).scalar() == second.execute(text(NEWEST)).scalar() == OLD
    publish(NEW)
    assert newest(two) == OLD
    two.dispose()


def test_without_a_pool_the_next_query_alone_sees_it(publish: Any, two_publishes: tuple[Path, Path, Path]) -> None:
    engine = engine_on(two_publishes[0], poolclass=NullPool)
    assert newest(engine) == OLD
    publish(NEW)
    assert newest(engine) == NEW
    publish(OLD)
    with engine.connect() as running:
        assert running.execute(text(NEWEST)).scalar() == OLD
        publish(NEW)
        assert newest(engine) == OLD
    assert newest(engine) == NEW


def test_the_recommended_engine_always_sees_it(
    publish: Any, two_publishes: tuple[Path, Path, Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    monkeypatch.chdir(folder)
    exec(compile(code, "concurrency.md", "exec"), names)
    engine, pooled = names["engine"], engine_on(two_publishes[0])
    assert isinstance(names["hot"], list)
    assert newest(pooled) == newest(engine) == OLD
    with engine.connect() as running:
        assert running.execute(text(NEWEST)).scalar() == OLD
        publish(NEW)
        assert newest(engine) == NEW
        # what is running keeps its one state
        assert running.execute(text(NEWEST)).scalar() == OLD
    pooled.dispose()
    with pytest.raises(Exception, match="read-only"), engine.connect() as connection:
        connection.execute(text("CREATE TABLE scores.mine (a INTEGER)"))
