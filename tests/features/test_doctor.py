"""`doctor`: each fault is found and named, `--fix` mends it, and no only copy is lost."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.house.doctor import doctor, examine
from leadmart.features.house.prune import prune
from leadmart.features.project import Project, find_project
from leadmart.features.warehouse import seal

DAY = datetime(2026, 5, 29)


def in_store(project: Project, sql: str) -> Any:
    with duckdb.connect(str(project.store)) as store:
        return store.execute(sql).fetchall()


def a_file(project: Project, folder: str, number: int = 0) -> Path:
    return sorted((project.warehouse / folder).rglob("*.parquet"))[number]


def codes(project: Project, **options: bool) -> list[tuple[str, bool]]:
    return [(each.code, each.is_fixed) for each in doctor(project, **options)]


def contents(project: Project) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in project.root.rglob("*") if p.is_file()}


def test_a_sound_warehouse_has_no_finding_and_is_only_read(month: Project) -> None:
    before = contents(month)
    assert examine(month, deep=True) == []
    assert contents(month) == before


def altered_bytes(project: Project) -> None:
    file = a_file(project, "slices/web_engagement")
    content = bytearray(file.read_bytes())
    content[10] ^= 1
    file.write_bytes(bytes(content))


FAULTS: dict[str, tuple[Callable[[Project], object], list[str]]] = {
    "an earlier release's tables": (
        lambda p: in_store(p, "DROP TABLE meta.unlisted_files; DELETE FROM main.migrations WHERE number = 5"),
        ["not_migrated"],
    ),
    "a slice's file is gone": (lambda p: a_file(p, "slices/web_engagement").unlink(), ["file_missing"]),
    "a slice is truncated": (lambda p: os.truncate(a_file(p, "slices/web_engagement"), 90), ["file_altered"]),
    "a slice is another file": (
        lambda p: shutil.copy(a_file(p, "slices/icp"), a_file(p, "slices/web_engagement")),
        ["file_altered"],
    ),
    "a byte of a slice is another": (altered_bytes, ["file_altered"]),
    "a slice is empty": (lambda p: os.truncate(a_file(p, "slices/open_leads", 3), 0), ["file_altered"]),
    "a slice that nothing lists": (
        lambda p: shutil.copy(a_file(p, "slices/icp"), p.warehouse / "slices" / "icp" / "0.parquet"),
        ["file_unlisted"],
    ),
    "a staged file is gone": (lambda p: a_file(p, "staged").unlink(), ["file_missing"]),
    "a staged file is truncated": (lambda p: os.truncate(a_file(p, "staged"), 30), ["file_altered"]),
    "a raw file that nothing lists": (
        lambda p: shutil.copy(a_file(p, "raw/leads"), p.warehouse / "raw" / "leads" / "0.parquet"),
        ["file_unlisted"],
    ),
    "a run was killed": (
        lambda p: in_store(
            p,
            "INSERT INTO meta.runs (run_id, command, status, started_at) VALUES ('r1', 'run', 'running', '2026-06-01')",
        ),
        ["run_unfinished", "unpublished"],
    ),
    "files of killed processes": (
        lambda p: [
            (p.warehouse / each).write_bytes(b"x") for each in ("tmp/999999999-a.parquet", "published/999999999-b.new")
        ],
        ["left_behind"],
    ),
    "no catalogue": (lambda p: p.catalogue.unlink(), ["catalogue_missing"]),
    "a broken catalogue": (lambda p: p.catalogue.write_bytes(b"no database"), ["catalogue_unreadable"]),
    "the store went on": (
        lambda p: in_store(p, "UPDATE meta.slices SET seconds = seconds + 1"),
        ["unpublished"],
    ),
    "a scoring without rows": (
        lambda p: in_store(
            p, "INSERT INTO meta.scorings VALUES ('2026-05-31', 'open_leads', 'f', 'rules', 'p', 'h', 3, 'r')"
        ),
        ["scores_missing", "unpublished"],
    ),
    "inputs of no slice": (
        lambda p: in_store(p, "UPDATE meta.slice_inputs SET fingerprint = 'x' WHERE name = 'icp'"),
        ["inputs_without_slice", "unpublished"],
    ),
    "two champions": (
        lambda p: in_store(
            p,
            "INSERT INTO meta.models SELECT m, 'champion', 'ml', 'f', 'l', 'v', 1, 1, '{}', '{}', 'r', trained FROM "
            "(VALUES ('m_1', TIMESTAMP '2026-05-01'), ('m_2', TIMESTAMP '2026-05-02')) AS t (m, trained)",
        ),
        ["two_champions", "unpublished"],
    ),
}


def test_every_fault_is_found_and_mended_and_raw_stays(month: Project) -> None:
    raw = {p.read_bytes() for p in (month.warehouse / "raw").rglob("*.parquet")}
    found: dict[str, list[str]] = {}
    for fault, (harm, _) in FAULTS.items():
        harm(month)
        mended = codes(month, fix=True)
        found[fault] = [code for code, is_fixed in mended if is_fixed]
        assert len(found[fault]) == len(mended), (fault, mended)
    assert found == {fault: expected for fault, (_, expected) in FAULTS.items()}
    assert examine(month) == []
    assert {p.read_bytes() for p in month.warehouse.rglob("raw/**/*.parquet")} == raw
    prune(settle(month))
    assert examine(month) == []
    assert list(month.warehouse.rglob("slices/icp/0.parquet")) == []


def settle(project: Project) -> Project:
    file = project.root / "leadmart.toml"
    file.write_text(file.read_text() + '[retention]\ngrace = "0 days"\n')
    return find_project(project.root)


def test_an_unlisted_slice_is_computed_anew_with_the_same_bytes(month: Project, world_at: Any) -> None:
    before = contents(month)
    altered_bytes(month)
    seal(a_file(month, "slices/web_engagement"))
    assert codes(month) == [], "only its content tells"
    assert contents(month).keys() == before.keys(), "looking changes nothing"
    os.truncate(a_file(month, "slices/icp"), 10)
    a_file(month, "slices/open_leads").unlink()
    doctor(month, fix=True, deep=True)
    moments = [at for (at,) in in_store(month, "SELECT DISTINCT as_of FROM meta.slices ORDER BY 1")]
    with world_at(month) as world:
        assert len(world.fill(*moments)) == 3
        world.publish()
    assert examine(month, deep=True) == []
    slices = {p: c for p, c in before.items() if "slices" in p.parts}
    assert {p: p.read_bytes() for p in slices} == slices


def test_a_source_whose_staged_file_is_lost_is_staged_anew(month: Project, world_at: Any) -> None:
    rows = "SELECT source, row_count FROM meta.staged ORDER BY ALL"
    before = in_store(month, rows)
    (file, source), *_ = in_store(month, "SELECT file, source FROM meta.staged_files WHERE unlisted_at IS NULL")
    content = (month.warehouse / file).read_bytes()
    (month.warehouse / file).unlink()
    doctor(month, fix=True)
    assert in_store(month, rows) == [row for row in before if row[0] != source]
    with world_at(month) as world:
        world.fill(datetime(2026, 5, 25))
        world.publish()
    assert in_store(month, rows) == before
    assert (month.warehouse / file).read_bytes() == content
    assert examine(month) == []


@pytest.mark.parametrize("harm", [Path.unlink, lambda file: os.truncate(file, 50)], ids=["gone", "truncated"])
def test_raw_cannot_be_made_again_and_is_restored_by_the_same_file(
    harm: Any, month: Project, built: Path, here: Any
) -> None:
    file = a_file(month, "raw/leads")
    before = file.read_bytes()
    rows = "SELECT * FROM meta.loads WHERE table_name = 'leads'"
    loads = in_store(month, rows)
    harm(file)
    found = doctor(month, fix=True)
    assert [(each.remedy, each.is_fixed) for each in found] == [(None, False)]
    assert "backup" in found[0].fix
    file.unlink(missing_ok=True)
    assert here("load", "leads", next(built.parent.glob("leads-*.csv")), "--project", month.root).code == 0
    assert in_store(month, rows) == loads, "it keeps when it was first loaded"
    assert file.read_bytes() == before
    assert examine(month) == []


def test_what_cannot_be_published_says_why(month: Project) -> None:
    in_store(month, "UPDATE meta.slices SET seconds = seconds + 1")
    a_file(month, "raw/leads").unlink()
    for fix in (False, True):
        lost, unpublished = doctor(month, fix=fix)
        assert (lost.code, unpublished.code) == ("file_missing", "unpublished")
        assert unpublished.fix.startswith("publishing is refused until this is mended: ")
        assert "has no file" in unpublished.fix or "is gone" in unpublished.fix
        assert not unpublished.is_fixed


def test_other_settings_are_no_fault_of_the_warehouse(month: Project) -> None:
    file = month.root / "leadmart.toml"
    file.write_text(file.read_text().replace('"web_engagement@v1", ', ""))
    assert examine(find_project(month.root)) == []


def test_a_moved_project_is_published_anew(month: Project, here: Any) -> None:
    shutil.move(month.root, moved := month.root.parent / "somebody's")
    project = find_project(moved)
    count = ("sql", "SELECT COUNT(*) AS n FROM features.web_engagement__v1", "--project", moved, "--json")
    refused = here(*count)
    assert (refused.code, refused.document["error"]["code"]) == (1, "catalogue_moved")
    assert codes(project) == [("catalogue_moved", False)]
    assert codes(project, fix=True) == [("catalogue_moved", True)]
    assert here(*count).document[0]["n"] > 0
    assert examine(project) == []


def test_a_store_that_is_gone_is_not_made_anew(month: Project) -> None:
    month.store.unlink()
    assert codes(month, fix=True) == [("store_missing", False)]
    assert not month.store.exists()


def test_a_broken_store_is_left_alone(month: Project) -> None:
    month.store.write_bytes(b"no database")
    assert codes(month, fix=True) == [("warehouse_unreadable", False)]
    assert month.store.read_bytes() == b"no database"


def test_nothing_at_all_is_no_fault(make_project: Any) -> None:
    project = make_project()
    assert doctor(project, fix=True) == []
    assert not project.warehouse.exists()


def test_a_store_of_a_newer_release_is_refused_and_not_touched(month: Project) -> None:
    in_store(month, "INSERT INTO main.migrations VALUES (9000, '9000_from_the_future', '2027-01-01')")
    before = contents(month)
    for fix in (False, True):
        with pytest.raises(LeadmartError) as refused:
            doctor(month, fix=fix)
        assert refused.value.code == "warehouse_newer"
    assert contents(month) == before


def test_files_of_a_living_process_are_no_leftovers(month: Project) -> None:
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (month.warehouse / "tmp" / f"{living.pid}-a.parquet").write_bytes(b"x")
        assert codes(month) == []
    finally:
        living.communicate()
    assert codes(month) == [("left_behind", False)]


def test_the_text_and_the_exit_code(month: Project, here: Any, golden: Any) -> None:
    def told(*words: str) -> str:
        answer = here("doctor", *words, "--project", month.root)
        shown = re.sub(r"\b[0-9a-f]{32}\b", "CONTENT", answer.out.replace(str(month.root), "PROJECT"))
        return f"$ leadmart doctor {' '.join(words)}\n{shown}exit code {answer.code}\n"

    text = told()
    a_file(month, "slices/web_engagement").unlink()
    in_store(month, "INSERT INTO meta.runs (run_id, command, status, started_at) VALUES ('r1','run','running', NOW())")
    text += told() + told("--fix") + told()
    a_file(month, "raw/leads").unlink()
    golden(text + told("--fix"), "doctor.txt")
    document = here("doctor", "--json", "--project", month.root).document
    assert [(each["code"], each["can_fix"], each["fixed"]) for each in document] == [("file_missing", False, False)]
