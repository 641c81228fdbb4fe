"""While one process writes, others look, and a second writer is told who is at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

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
            assert "since 20" in error["message"]
            assert "`show`" in error["hint"]
    finally:
        holder.communicate()
    assert here("run", "--project", folder).code == 0
