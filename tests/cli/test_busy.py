"""While one process writes, others look, and a second writer is told who is at it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

HOLD = """
import sys
from pathlib import Path
from leadmart.features.project import find_project
from leadmart.features.warehouse import open_for_writing
with open_for_writing(find_project(Path(sys.argv[1]))) as warehouse:
    warehouse.execute("CREATE TABLE store.main.held AS SELECT 1 AS a")
    print("held", flush=True)
    sys.stdin.read()
"""
LOOKING: list[tuple[str, ...]] = [
    ("show", "scores"),
    ("show", "features"),
    ("show", "runs"),
    ("show", "verdicts"),
    ("show", "view", "web_engagement"),
    ("explain", "LEAD"),
    ("sql", "SELECT COUNT(*) AS leads FROM scores.latest"),
    ("plan",),
    ("plan", "--as-of", "2026-03-01"),
    ("models",),
    ("status",),
    ("prune", "--dry-run"),
    ("check",),
    ("render", "web_engagement"),
    ("backfill", "--start", "2026-03-01", "--end", "2026-03-02", "--dry-run"),
]
WRITING: list[tuple[str, ...]] = [
    ("run",),
    ("score",),
    ("train",),
    ("validate",),
    ("prune",),
    ("doctor",),
    ("backfill", "--start", "2026-03-01", "--end", "2026-03-02"),
    ("load", "leads", "leads.csv"),
]


def test_others_look_while_a_process_holds_the_store(here: Any, copy_of: Any, published: Any, tmp_path: Path) -> None:
    folder = copy_of("trained")
    (tmp_path / "leads.csv").write_text("lead_id\n1\n")
    ((lead,),) = published(folder, "SELECT lead_id FROM scores.latest ORDER BY composite DESC, lead_id LIMIT 1")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        for words in LOOKING:
            asked = [lead if word == "LEAD" else word for word in words]
            answer = here(*asked, "--project", folder, "--json")
            assert answer.code == 0, (words, answer)
            assert answer.document is not None
        for words in WRITING:
            answer = here(*words, "--project", folder, "--json", cwd=tmp_path)
            assert answer.code == 1, (words, answer)
            error = answer.document["error"]
            assert error["code"] == "warehouse_busy"
            assert error["message"].startswith(f"process {holder.pid} is writing to ")
            assert "`show`" in error["hint"]
    finally:
        holder.communicate()
    assert here("run", "--project", folder).code == 0


def wait_until_open(process: subprocess.Popen[bytes], file: Path) -> None:
    """Return once the process has the file open: looking by connecting could take the lock from it."""
    handles = Path(f"/proc/{process.pid}/fd")
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if any(handle.resolve() == file.resolve() for handle in handles.iterdir()):
                return
        time.sleep(0.01)


@pytest.mark.slow
def test_others_look_while_a_run_is_on(here: Any, copy_of: Any) -> None:
    folder = copy_of("loaded")
    store = folder / "warehouse" / "leadmart.duckdb"
    before = here("run", "--project", folder, "--as-of", "2026-03-01", "--json")
    assert before.code == 0
    counted = ("sql", "SELECT MAX(as_of) AS as_of, COUNT(*) AS leads FROM scores.latest", "--project", folder, "--json")
    program = str(Path(sys.executable).parent / "leadmart")
    run = subprocess.Popen([program, "run", "--project", str(folder)], stdout=subprocess.DEVNULL)
    wait_until_open(run, store)
    seen, refused = [], 0
    while run.poll() is None:
        answer = here(*counted)
        assert answer.code == 0, answer
        seen += answer.document
        assert here("show", "scores", "--project", folder).code == 0
        second = here("run", "--project", folder, "--json")
        if run.poll() is None:
            refused += second.document.get("error", {}).get("code") == "warehouse_busy"
    assert run.returncode == 0
    old = {"as_of": "2026-03-01 00:00:00", "leads": before.document["scores"]["inserted"]}
    assert len(seen) >= 2
    assert seen[0] == old
    # the old scores until the swap, the new ones after it, nothing between
    new = here(*counted).document[0]
    assert new["as_of"] == "2026-03-02 00:00:00"
    assert {str(row) for row in seen} <= {str(old), str(new)}
    assert refused >= 1
