"""`kill -9` at every write step: readers see the rows of before or of after, and the same command again mends it.

`run` is killed in tests/cli/test_kill.py, at moments too. The steps are found by running the command; see killing.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.samples import IS_ALL

KILLING = Path(__file__).parent / "killing.py"
MOMENTS = "file named by its content,before a commit,after a commit"
EVERY = "all" if IS_ALL else f"{MOMENTS},after the swap"
AROUND = "before a commit,after a commit" if IS_ALL else "last after a commit"
COMMANDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "load": (EVERY, (), ("load", "web_events", "late.csv")),
    "load --replace": (
        MOMENTS if IS_ALL else "last after a commit",
        (),
        ("load", "lead_feedback", "feedback.csv", "--replace"),
    ),
    "snapshot": (MOMENTS, ("load", "plans", "plans.csv"), ("snapshot",)),
    "backfill": (
        "after a commit" if IS_ALL else "last after a commit",
        (),
        ("backfill", "--start", "2026-02-27", "--end", "2026-03-01", "--view", "lead_profile"),
    ),
    "restate": (
        AROUND,
        ("load", "web_events", "late.csv"),
        ("restate", "--source", "web_events"),
    ),
    "run --hot": (
        AROUND,
        ("load", "web_events", "late.csv"),
        ("run", "--hot"),
    ),
    "erase": (
        "after a commit,before the swap,after the store's swap",
        (),
        ("erase", "L0000150"),
    ),
    "train": ("after a commit" if IS_ALL else "last after a commit", (), ("train",)),
    "publish": ("the draft moved,after a commit,before the swap", (), ("publish", "web_engagement")),
}
"""By name: the kinds of steps to be killed at, what is done before, and the command."""
FILES = {
    "feedback.csv": "feedback_id,given_at,synced_at,lead_id,actor,kind,value,reason,expires_at\n"
    "F1,2026-02-20,2026-02-20,L0000150,me,accepted,,,\n",
    "plans.csv": "id,name\n1,small\n2,large\n",
    "leadmart.toml": '\n[snapshot.plans]\nkey = "id"\n',
}

DRAFT = Path("sql", "features", "web_engagement", "draft.sql")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", COMMANDS)
def test_a_kill_at_every_write_step(name: str, copy_town: Any, copy_of: Any, here: Any, tmp_path: Path) -> None:
    kinds, before, words = COMMANDS[name]
    # the town is too small to learn from
    folder = copy_of("scored", "template") if name == "train" else copy_town("template")
    for file, text in FILES.items():
        with (folder / file).open("a") as handle:
            handle.write(text)
    if name == "publish":
        v1 = (Path(__file__).resolve().parents[2] / DRAFT).with_name("v1.sql").read_text(encoding="utf-8")
        (folder / DRAFT).parent.mkdir(parents=True)
        (folder / DRAFT).write_text(v1.replace("INTERVAL 7 DAY", "INTERVAL 6 DAY"), encoding="utf-8")
    words = tuple(str(folder / word) if word.endswith(".csv") else word for word in words)
    now = {"LEADMART_NOW": "2026-03-02T01:00:00"}
    if before:
        first = [str(folder / word) if word.endswith(".csv") else word for word in before]
        assert here(*first, "--project", folder, **now).code == 0
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, str(KILLING), str(folder), str(tmp_path / "work"), kinds, *words],
        capture_output=True, text=True, env=os.environ | now,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"before a commit", "after a commit", "before the swap"} <= set(found["steps"]), found["steps"]
    assert found["kills"]
    for kill in found["kills"]:
        assert (kill["code"], kill["again"]) == (-signal.SIGKILL, 0), kill
        assert (kill["meanwhile"] in ("before", "after"), kill["differs"], kill["left"]) == (True, [], []), kill
    if kinds == EVERY:
        assert {kill["meanwhile"] for kill in found["kills"]} == {"before", "after"}
