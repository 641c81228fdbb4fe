"""`prune`: retention lets go of slices, files go last, and a kill in between is made up for."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.house.doctor import examine
from leadmart.features.house.prune import Pruned, prune
from leadmart.features.project import Project, find_project
from leadmart.features.warehouse import open_for_writing

NEWEST = datetime(2026, 5, 31)
MONTH = [datetime(2026, 5, day) for day in (12, 17, 22, 24, 26, 28, 29, 30, 31)]
RETENTION = '[retention]\nslices = "4 days"\nsuperseded = "1 day"\n'
TOMORROW = "2026-06-03T12:00:00"


@pytest.fixture
def filled(month: Project) -> Project:
    """Four weeks of slices, published, and the settings to keep four days of them."""
    return settle(month, RETENTION)


def settle(project: Project, text: str) -> Project:
    """The project with another [retention]."""
    file = project.root / "leadmart.toml"
    file.write_text(file.read_text().partition("[retention]")[0] + text)
    return find_project(project.root)


def listed(project: Project, of: Callable[[Project], Path] = lambda p: p.store) -> set[tuple[datetime, str]]:
    with duckdb.connect(str(of(project)), read_only=True) as connection:
        return set(connection.execute("SELECT as_of, file FROM meta.slices").fetchall())


def kept(project: Project) -> list[str]:
    return sorted({f"{as_of:%m-%d}" for as_of, _ in listed(project)})


def standing(project: Project) -> set[str]:
    return {p.relative_to(project.warehouse).as_posix() for p in (project.warehouse / "slices").rglob("*.parquet")}


def test_the_days_of_slices_and_the_newest_of_each_week_stay(filled: Project) -> None:
    before = standing(filled)
    done = prune(filled)
    # the weeks end on 05-17, 05-24 and 05-31, the newest
    assert kept(filled) == ["05-17", "05-24", "05-28", "05-29", "05-30", "05-31"]
    assert {(g.why, g.listed) for g in done.groups} == {("past retention", 3)}
    assert standing(filled) == before, "files stand for a day"
    assert listed(filled, lambda p: p.catalogue) == listed(filled)
    assert done.waiting == done.unlisted
    assert prune(filled).groups == ()


def test_scores_that_go_hold_no_slices_and_a_second_prune_finds_nothing(month: Project) -> None:
    with open_for_writing(month) as warehouse:
        for day, model in ((12, "m_1"), (31, "m_2")):
            staged = warehouse.staging_file()
            at = f"TIMESTAMP '2026-05-{day}'"
            warehouse.write_parquet(f"SELECT 'l1' AS lead_id, {at} AS as_of, {day} AS publish_number", staged)
            file, _, _ = warehouse.keep_file(staged, Path("scores"))
            warehouse.execute("INSERT INTO store.meta.score_files VALUES (?, ?, 1, 'r')", [day, file])
            warehouse.execute(
                f"INSERT INTO store.meta.scorings VALUES ({at}, 'open_leads', 'f', ?, 'p', 'h', 0, 'r')", [model]
            )
    project = settle(month, '[retention]\nslices = "4 days"\nweekly = "0 days"\n')
    prune(project)
    assert "05-12" in kept(project), "its scores are kept, and so is what they were made of"
    project = settle(month, '[retention]\nslices = "4 days"\nweekly = "0 days"\nscores = "1 day"\n')
    told = prune(project, dry_run=True).groups
    assert {group.view for group in told} > {"scores.lead_scores", "features.web_engagement__v1"}
    assert prune(project).groups == told
    assert "05-12" not in kept(project)
    assert prune(project, dry_run=True).groups == prune(project).groups == ()


def test_files_go_when_their_grace_is_over_and_the_kept_ones_stay(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prune(filled)
    monkeypatch.setenv("LEADMART_NOW", TOMORROW)
    again = prune(filled)
    assert again.unlinked == first.unlisted
    assert again.unlinked.number == 18
    assert standing(filled) == {file for _, file in listed(filled)}
    assert examine(filled) == []
    # an older catalogue is not needed any more; the one of today reads
    with duckdb.connect(str(filled.catalogue), read_only=True) as analyst:
        assert analyst.execute("SELECT COUNT(DISTINCT as_of) FROM features.web_engagement__v1").fetchone() == (6,)


def test_who_has_an_older_catalogue_open_reads_on(filled: Project) -> None:
    with duckdb.connect(str(filled.catalogue), read_only=True) as analyst:
        count = "SELECT COUNT(DISTINCT as_of) FROM features.web_engagement__v1"
        assert analyst.execute(count).fetchone() == (9,)
        assert prune(filled).unlisted.number
        assert analyst.execute(count).fetchone() == (9,)


def test_a_dry_run_says_the_same_and_changes_nothing(filled: Project) -> None:
    def files() -> dict[Path, bytes]:
        # what was learned of definitions is kept by whoever reads them
        return {p: p.read_bytes() for p in filled.warehouse.rglob("*") if p.is_file() and p.name != "remembered.json"}

    before = files()
    said = prune(filled, dry_run=True)
    assert files() == before
    done = prune(filled)
    assert (said.groups, said.unlisted, said.waiting) == (done.groups, done.unlisted, done.waiting)
    assert sum(group.bytes for group in done.groups) == pytest.approx(done.unlisted.bytes, abs=len(done.groups))


def test_forever_keeps_everything(filled: Project) -> None:
    assert prune(settle(filled, '[retention]\nslices = "forever"\nold_versions = "forever"\n')).groups == ()


def test_no_grace_removes_at_once_and_weekly_has_an_end(filled: Project) -> None:
    done = prune(settle(filled, '[retention]\nslices = "1 day"\nweekly = "10 days"\ngrace = "0 hours"\n'))
    assert kept(filled) == ["05-24", "05-30", "05-31"]
    assert done.unlinked == done.unlisted
    assert done.waiting.number == 0
    assert standing(filled) == {file for _, file in listed(filled)}


def test_what_was_pruned_can_be_filled_again_with_the_same_bytes(world_at: Any, filled: Project) -> None:
    before = listed(filled)
    prune(settle(filled, RETENTION + 'grace = "0 days"\n'))
    assert listed(filled) < before
    with world_at(filled) as again:
        again.fill(*MONTH)
        again.publish()
    assert listed(filled) == before
    assert standing(filled) >= {file for _, file in before}


def test_a_file_that_is_listed_again_before_its_grace_is_over_stays(
    world_at: Any, filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listed(filled)
    prune(filled)
    with world_at(filled) as again:
        again.fill(*MONTH)
        again.publish()
    monkeypatch.setenv("LEADMART_NOW", TOMORROW)
    done = prune(settle(filled, '[retention]\nslices = "forever"\n'))
    assert done.groups == ()
    assert {file for _, file in before} <= standing(filled)
    assert examine(filled) == []


def test_old_versions_go_but_not_while_nothing_replaces_them(world_at: Any, filled: Project) -> None:
    toml = filled.root / "leadmart.toml"
    toml.write_text(toml.read_text().replace('"web_engagement@v1", ', ""))
    settle(filled, '[retention]\nslices = "forever"\nold_versions = "2 days"\n')
    done = prune(find_project(filled.root))
    assert {(g.view, g.why) for g in done.groups} == {("features.web_engagement__v1", "old version")}
    # the spine of today is another, and not filled: yesterday's are all there is
    spine = filled.root / "sql" / "spines" / "open_leads.sql"
    spine.parent.mkdir(parents=True)
    from leadmart.features.registry import PACKAGE

    spine.write_text((PACKAGE / "sql" / "spines" / "open_leads.sql").read_text().replace("180", "179"))
    assert prune(find_project(filled.root)).groups == ()
    with world_at(filled) as again:
        again.fill(NEWEST)
        again.publish()
    views = {g.view for g in prune(find_project(filled.root)).groups}
    assert "spines.open_leads" in views
    assert "features.lead_profile__v1" in views


def test_a_catalogue_that_cannot_be_made_keeps_the_files(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = min(file for as_of, file in listed(filled) if as_of == NEWEST)
    (filled.warehouse / newest).unlink()
    with pytest.raises(LeadmartError) as refused:
        prune(settle(filled, RETENTION + 'grace = "0 days"\n'))
    assert refused.value.code == "file_missing"
    in_catalogue = {file for _, file in listed(filled, lambda p: p.catalogue)}
    assert in_catalogue - standing(filled) == {newest}, "what the catalogue reads still stands"


KILLS = {
    "unlisting begun": "DELETE FROM store.meta.slices ",
    "unlisted, not committed": "DELETE FROM store.meta.slice_inputs",
    "new catalogue begun": "CREATE SCHEMA catalogue.meta",
    "before the swap": "swap",
    "some files gone": "unlink 5",
    "all files gone, still noted": "unlink -1",
    "noted as gone": "DELETE FROM store.meta.unlisted_files",
}
PROGRAM = """
import os, signal, sys
from pathlib import Path
from leadmart.cli import main
from leadmart.features.house import prune
from leadmart.features.warehouse import Warehouse

needle, folder = sys.argv[1:]
execute, replace, unlink, gone = Warehouse.execute, os.replace, Path.unlink, 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def watched_execute(self, sql, params=()):
    if needle == "unlink -1" and "DELETE FROM store.meta.unlisted_files" in sql:
        die()
    execute(self, sql, params)
    if needle in sql:
        die()

def watched_replace(source, target):
    if needle == "swap":
        die()
    replace(source, target)

def watched_unlink(self, missing_ok=False):
    global gone
    unlink(self, missing_ok)
    gone += self.suffix == ".parquet"
    if needle == f"unlink {gone}":
        die()

Warehouse.execute, os.replace, Path.unlink = watched_execute, watched_replace, watched_unlink
sys.argv = ["leadmart", "prune", "--project", folder]
main()
"""


@pytest.mark.slow
def test_a_kill_at_every_step_is_made_up_for_by_the_next_prune(filled: Project, tmp_path: Path) -> None:
    settle(filled, RETENTION + 'grace = "0 days"\n')

    def copied(name: str) -> Project:
        shutil.copytree(filled.root, tmp_path / name)
        return find_project(tmp_path / name)

    whole = copied("undisturbed")
    prune(whole)

    def killed(name: str) -> tuple[str, int]:
        project = copied(name.replace(" ", "-"))
        command = [sys.executable, "-c", PROGRAM, KILLS[name], str(project.root)]
        done = subprocess.run(command, capture_output=True, text=True)
        shutil.copytree(project.warehouse, looked := tmp_path / f"looked-{name}")
        with duckdb.connect(str(looked / "leadmart.duckdb")) as store:  # its log is replayed
            slices = {file for (file,) in store.execute("SELECT file FROM meta.slices").fetchall()}
        assert slices <= standing(project), "a listed slice has its file"
        assert done.returncode == -signal.SIGKILL, done.stderr
        prune(project)
        assert listed(project) == listed(whole)
        assert standing(project) == standing(whole)
        assert listed(project, lambda p: p.catalogue) == listed(whole)
        assert examine(project) == []
        return name, len(standing(project))

    with ThreadPoolExecutor(2) as two:
        outcomes = dict(two.map(killed, KILLS))
    assert outcomes == dict.fromkeys(KILLS, len(standing(whole)))


def test_the_text_says_what_goes_and_when(filled: Project, golden: Any, here: Any) -> None:
    def told(*words: str) -> str:
        answer = here("prune", *words, "--project", filled.root)
        assert answer.code == 0, answer.err
        return re.sub(r" +\d[\d.,]* k?B", " SIZE", answer.out)

    golden(told("--dry-run") + told() + told(), "prune.txt")


def test_superseded_slices_go_by_when_they_were_replaced(
    world_at: Any, filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world_at(filled) as again:
        again.warehouse.execute(
            "INSERT INTO store.meta.superseded_slices SELECT s.* REPLACE ('slices/x/other.parquet' AS file), "
            "TIMESTAMP '2026-06-02', 'r' FROM store.meta.slices AS s WHERE kind = 'spine' LIMIT 1"
        )
    settle(filled, '[retention]\nslices = "forever"\nsuperseded = "1 day"\n')

    def gone() -> Pruned:
        return prune(find_project(filled.root))

    assert gone().groups == ()
    monkeypatch.setenv("LEADMART_NOW", TOMORROW)
    assert [(g.view, g.why) for g in gone().groups] == [("spines.open_leads", "superseded")]
