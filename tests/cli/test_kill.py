"""`kill -9` anywhere in a run: readers keep what they had, and the next run ends where an undisturbed one ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.faults.killing import take_verdicts
from tests.samples import IS_ALL, first

KILL_AT = Path(__file__).parent / "processes" / "kill_at.py"
KILLS = len(first(3, range(10)))
SLICES = 7
"""Of a run in the town: four views, and what they need."""
SCORES = "SELECT * EXCLUDE (run_id, written_at) FROM scores.latest ORDER BY lead_id"
DAY = "TIMESTAMP '2026-03-02'"

pytestmark = pytest.mark.slow


@pytest.fixture
def yesterday(copy_of: Any) -> Any:
    """A project whose run of the day before is published; the run that is killed is today's."""
    return copy_of("town", "yesterday")


def state(folder: Path, published: Any) -> str:
    """How far today's run had come when it was killed, as the store says; the store itself is left as it was."""
    looked_at = folder / "looked_at"
    looked_at.mkdir()
    for file in (folder / "warehouse").glob("leadmart.duckdb*"):
        shutil.copy(file, looked_at)
    with duckdb.connect(str(looked_at / "leadmart.duckdb")) as store:
        runs = store.execute("SELECT status FROM meta.runs ORDER BY started_at").fetchall()
        ((slices,),) = store.execute(f"SELECT COUNT(*) FROM meta.slices WHERE as_of = {DAY}").fetchall()
        ((scored,),) = store.execute(f"SELECT COUNT(*) FROM scores.lead_scores WHERE as_of = {DAY}").fetchall()
        ((listed,),) = store.execute(f"SELECT COUNT(*) FROM meta.scorings WHERE as_of = {DAY}").fetchall()
    shutil.rmtree(looked_at)
    assert slices in (0, SLICES)
    assert (scored > 0) == (listed == 1)
    shown = published(folder, f"SELECT COUNT(*) FROM meta.scorings WHERE as_of = {DAY}") == [(1,)]
    staged = len(list((folder / "warehouse" / "tmp").glob("*.parquet")))
    if shown:
        return "published"
    if scored:
        return "scores merged, catalogue not swapped"
    if slices:
        return "slices listed, nothing scored"
    if len(runs) == 1:
        return "not begun"
    return "run recorded, slices being written" if staged else "run recorded, no file staged"


def prove_recovery(folder: Path, undisturbed: Path, before: Any, here: Any, published: Any, difference: Any) -> str:
    """What the kill left; proves that it could be read meanwhile and that the next run makes up for it."""
    left = state(folder, published)
    after = published(undisturbed, SCORES)
    assert published(folder, SCORES) == (after if left == "published" else before)
    assert here("run", "--project", folder).code == 0
    assert difference(folder, undisturbed) == {}
    killed = published(folder, "SELECT COUNT(*) FROM meta.runs WHERE status = 'running'")
    assert killed == [(0,)]
    for unfinished in ("warehouse/tmp/*.parquet", "warehouse/published/*.new", "warehouse/published/*.wal"):
        assert list(folder.glob(unfinished)) == []
    return left


def test_kills_spread_over_a_run(
    yesterday: Path, here: Any, leadmart: Any, tmp_path: Path, published: Any, difference: Any, capsys: Any
) -> None:
    program = str(Path(sys.executable).parent / "leadmart")
    before = published(yesterday, SCORES)

    def copied(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(yesterday, folder)
        return folder

    def killed(number: int) -> tuple[float, str]:
        folder = copied(f"killed-{number}")
        moment = length * (number + 0.5) / KILLS
        begun = subprocess.Popen(
            [program, "run", "--project", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moment)
        os.kill(begun.pid, signal.SIGKILL)
        begun.wait()
        left = prove_recovery(folder, whole, before, here, published, difference)
        shutil.rmtree(folder)
        return moment, left

    twin = copied("twin")
    assert here("run", "--project", twin).code == 0
    take_verdicts(yesterday, twin)
    whole, started = copied("undisturbed"), time.monotonic()
    assert leadmart("run", "--project", whole).code == 0
    length = time.monotonic() - started
    assert difference(whole, twin) == {}
    outcomes = [killed(number) for number in range(KILLS)]
    with capsys.disabled():
        print(f"\n{KILLS} kills over {length:.1f} s")
        for moment, left in outcomes:
            print(f"  {moment:5.2f} s  {left}")
    # the spread reached more than the imports: several kills fell into the work itself
    reached = Counter(left for _, left in outcomes)
    assert len(reached) >= 2, reached


POINTS = {
    "run recorded": ("after", "INSERT INTO store.meta.runs", "run recorded, no file staged"),
    "some slices written": ("third file", "", "run recorded, slices being written"),
    "slices half listed": ("third", "INTO store.meta.slices ", "run recorded, no file staged"),
    "slices listed": ("committed", "INTO store.meta.slice_inputs", "slices listed, nothing scored"),
    "before the merge": ("before", "MERGE INTO store.scores.lead_scores", "slices listed, nothing scored"),
    "merged, not committed": ("after", "MERGE INTO store.scores.lead_scores", "slices listed, nothing scored"),
    "file listed, not committed": ("after", "INSERT INTO store.meta.score_files", "slices listed, nothing scored"),
    "before the commit": ("after", "INTO store.meta.showings", "slices listed, nothing scored"),
    "committed": ("committed", "INTO store.meta.showings", "scores merged, catalogue not swapped"),
    "said to be shown": ("after", "UPDATE store.meta.showings", "scores merged, catalogue not swapped"),
    "new catalogue half full": ("after", "CREATE TABLE catalogue.meta.slices", "scores merged, catalogue not swapped"),
    "before the swap": ("before swap", "", "scores merged, catalogue not swapped"),
    "after the swap": ("after swap", "", "published"),
}
SOME = ("some slices written", "merged, not committed", "new catalogue half full", "after the swap")
"""What `make test` kills at: one point for each state that a kill leaves; the others leave one of these."""


def test_a_kill_at_every_step_of_publishing(
    yesterday: Path, here: Any, tmp_path: Path, published: Any, difference: Any
) -> None:
    before = published(yesterday, SCORES)
    whole = tmp_path / "undisturbed"
    shutil.copytree(yesterday, whole)
    assert here("run", "--project", whole).code == 0
    take_verdicts(yesterday, whole)
    points = {name: POINTS[name] for name in (POINTS if IS_ALL else SOME)}
    folders = {name: tmp_path / name.replace(" ", "-") for name in points}
    for folder in folders.values():
        shutil.copytree(yesterday, folder)
    asked = [(*points[name][:2], str(folder)) for name, folder in folders.items()]
    done = subprocess.run([sys.executable, KILL_AT], input=json.dumps(asked), stdout=subprocess.PIPE, text=True)
    codes = dict(zip(points, json.loads(done.stdout), strict=True))
    outcomes = [
        (name, codes[name], prove_recovery(folder, whole, before, here, published, difference))
        for name, folder in folders.items()
    ]
    assert outcomes == [(name, -signal.SIGKILL, left) for name, (_, _, left) in points.items()]
