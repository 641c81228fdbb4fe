"""Files of the warehouse that are gone, cut or altered: named before anything is published from them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.intact import is_intact
from tests.conftest import rewrite_catalogue
from tests.faults.killing import shown, state


def removed(file: Path) -> None:
    file.unlink()


def cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def altered(file: Path) -> None:
    """A byte of the rows is another one; size, begin and footer are as they were."""
    content = bytearray(file.read_bytes())
    content[len(content) // 8] ^= 1
    file.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "gone": (removed, "file_missing"),
    "cut": (cut, "file_altered"),
    "emptied": (emptied, "file_altered"),
    "altered": (altered, "file_altered"),
}
PLACES = {
    "raw": ("raw/web_events", "the batch web_events.parquet of raw.web_events"),
    "slice": ("slices/lead_profile", "the slice of lead_profile@v1 at 2026-03-01T00:00:00"),
    "scores": ("scores", "the score file 1"),
}


@pytest.fixture(scope="module")
def broken(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town that is broken and mended again and again."""
    folder = Path(shutil.copytree(town, tmp_path_factory.mktemp("broken") / "project"))
    rewrite_catalogue(folder)
    return folder


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("place", PLACES)
def test_a_damaged_file_is_named_and_nothing_is_published(place: str, damage: str, broken: Path, here: Any) -> None:
    (do, code), (folder, subject) = DAMAGES[damage], PLACES[place]
    file = next((broken / "warehouse" / folder).glob("*.parquet"))
    kept, before = file.read_bytes(), state(broken)
    do(file)
    answer = here("run", "--project", broken, "--json")
    error = answer.document["error"]
    assert (answer.code, error["code"]) == (1, code)
    assert error["message"].startswith(f"{subject} is listed, and its file ")
    assert file.name in error["message"]
    file.write_bytes(kept)
    assert state(broken) == before


@pytest.mark.parametrize("place", ["slice", "scores"])
def test_the_doctor_finds_what_a_run_refuses_and_mends_what_can_be_computed(
    place: str, copy_town: Any, here: Any
) -> None:
    folder = copy_town()
    rewrite_catalogue(folder)
    before = shown(folder)["latest"]
    file = next((folder / "warehouse" / PLACES[place][0]).glob("*.parquet"))
    altered(file)
    refused = here("run", "--project", folder, "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "file_altered")
    assert "`leadmart doctor --fix`" in refused.document["error"]["hint"]
    found = here("doctor", "--project", folder, "--json")
    assert (found.code, [(e["code"], e["can_fix"]) for e in found.document]) == (1, [("file_altered", True)])
    assert here("doctor", "--fix", "--project", folder).code == 0
    assert here("doctor", "--deep", "--project", folder).code == 0
    assert here("run", "--as-of", "2026-03-01", "--project", folder).code == 0
    assert shown(folder)["latest"] == before


def test_the_doctor_says_which_lost_slices_would_know_rows_that_came_later(copy_town: Any, here: Any) -> None:
    folder = copy_town()
    rewrite_catalogue(folder)
    files = [next((folder / "warehouse" / "slices" / v).glob("*.parquet")) for v in ("lead_profile", "web_engagement")]
    unlists = "unlists them: the next run or backfill computes what it needs anew"
    files[0].rename(files[0].with_suffix(".away"))
    (found,) = here("doctor", "--project", folder, "--json").document
    assert found["fix"] == unlists
    files[0].with_suffix(".away").rename(files[0])
    assert here("load", "web_events", folder / "late.csv", "--project", folder).code == 0
    for file in files:
        file.unlink()
    (found,) = here("doctor", "--project", folder, "--json").document
    assert found["fix"] == (
        unlists
        + "; 1 slice at 2026-03-01T00:00:00 with rows of web_events that came after they were filled, as `leadmart "
        "restate` does: scores there may change, unless the files come back from a backup"
    )


LOOKS = {
    "slice": ("slices/lead_profile", (("explain", "L0000150"), ("show", "features"))),
    "scores": (
        "scores",
        (("explain", "L0000150"), ("show", "scores"), ("sql", "SELECT COUNT(reasons) FROM scores.latest")),
    ),
    "raw": ("raw/web_events", (("audit", "web_events"), ("verify", "--sample", "5"))),
}


@pytest.mark.parametrize("damage", ["gone", "cut"])
@pytest.mark.parametrize("place", LOOKS)
def test_a_damaged_file_is_named_by_what_only_looks(place: str, damage: str, broken: Path, here: Any) -> None:
    (do, code), (folder, looks) = DAMAGES[damage], LOOKS[place]
    file = next((broken / "warehouse" / folder).glob("*.parquet"))
    kept = file.read_bytes()
    do(file)
    for words in looks:
        answer = here(*words, "--project", broken, "--json")
        assert (answer.code, answer.document["error"]["code"]) == (1, code), words
        assert file.name in answer.document["error"]["message"], words
        assert "leadmart" in answer.document["error"]["hint"], words
    file.write_bytes(kept)


def test_plan_says_of_a_slice_that_is_gone_what_run_says(broken: Path, here: Any) -> None:
    file = next((broken / "warehouse" / "slices" / "lead_profile").glob("*.parquet"))
    kept = file.read_bytes()
    file.unlink()
    plan, run = (here(word, "--as-of", "2026-03-01", "--project", broken, "--json") for word in ("plan", "run"))
    assert plan.document["error"] == run.document["error"]
    file.write_bytes(kept)


def test_a_damaged_raw_file_comes_back_by_loading_it_again(copy_town: Any, here: Any, tmp_path: Path) -> None:
    folder = copy_town()
    source = tmp_path / "plans.csv"
    source.write_text("id,name\n1,small\n")
    words = ("load", "plans", source, "--project", folder, "--json")
    assert here(*words).document["rows"] == 1
    whole = state(folder)
    (file,) = (folder / "warehouse" / "raw" / "plans").glob("*.parquet")
    cut(file)
    again = here(*words).document
    assert again["batches"] == [{"file": "plans.csv", "rows": 1, "loaded": True}]
    assert [told for told in again["warnings"] if "count from the next as_of" in told] == []
    assert state(folder) == whole


def test_a_copied_warehouse_is_hashed_once(copy_town: Any) -> None:
    folder = copy_town()
    file = next((folder / "warehouse" / "slices" / "lead_profile").glob("*.parquet"))
    os.utime(file)
    moved = file.stat().st_mtime_ns
    assert is_intact(file)
    assert file.stat().st_mtime_ns != moved
    assert not is_intact(file, file.stat().st_size + 1)


def test_a_deleted_catalogue_is_made_anew(copy_town: Any, here: Any) -> None:
    folder = copy_town()
    before = shown(folder)
    (folder / "warehouse" / "published" / "leadmart.duckdb").unlink()
    answer = here("show", "scores", "--project", folder, "--json")
    assert (answer.code, answer.document["error"]["code"]) == (1, "nothing_published")
    assert here("run", "--as-of", "2026-03-01", "--project", folder).code == 0
    after = shown(folder)
    assert {name: after[name] for name in ("latest", "features", "loads", "slices")} == {
        name: before[name] for name in ("latest", "features", "loads", "slices")
    }


def test_a_lost_store_is_not_replaced_by_an_empty_one(copy_town: Any, here: Any) -> None:
    folder = copy_town()
    before = shown(folder)
    (folder / "warehouse" / "leadmart.duckdb").unlink()
    for words in (("run",), ("load", "web_events", folder / "late.csv"), ("train",), ("snapshot",)):
        answer = here(*words, "--project", folder, "--json")
        assert (answer.code, answer.document["error"]["code"]) == (1, "store_missing")
    assert shown(folder) == before


def test_a_lost_store_and_catalogue_are_not_begun_anew_over_files(copy_town: Any, here: Any) -> None:
    folder = copy_town()
    (folder / "warehouse" / "leadmart.duckdb").unlink()
    (folder / "warehouse" / "published" / "leadmart.duckdb").unlink()
    files = sorted(folder.rglob("*.parquet"))
    for words in (("load", "web_events", folder / "late.csv"), ("run",)):
        answer = here(*words, "--project", folder, "--json")
        assert (answer.code, answer.document["error"]["code"]) == (1, "store_missing")
    found = here("doctor", "--fix", "--project", folder, "--json")
    assert (found.code, [each["code"] for each in found.document]) == (1, ["store_missing"])
    assert sorted(folder.rglob("*.parquet")) == files


def test_a_cut_store_is_named_and_not_written_to(copy_town: Any, here: Any) -> None:
    folder = copy_town()
    store = folder / "warehouse" / "leadmart.duckdb"
    os.truncate(store, store.stat().st_size - 500_000)
    content = store.read_bytes()
    for words in (("run",), ("load", "web_events", folder / "late.csv"), ("train",)):
        answer = here(*words, "--project", folder, "--json")
        assert (answer.code, answer.document["error"]["code"]) == (1, "warehouse_unreadable"), words
        assert "backup" in answer.document["error"]["hint"]
    for options in ((), ("--fix",)):
        answer = here("doctor", *options, "--project", folder, "--json")
        assert (answer.code, [each["code"] for each in answer.document]) == (1, ["warehouse_unreadable"])
    assert store.read_bytes() == content


def test_a_warehouse_of_a_newer_release_is_left_alone(copy_town: Any, here: Any) -> None:
    folder = copy_town()
    with duckdb.connect(str(folder / "warehouse" / "leadmart.duckdb")) as store:
        store.execute("INSERT INTO migrations VALUES (9999, 'of tomorrow', TIMESTAMP '2030-01-01')")
    before = state(folder)
    for words in (("run",), ("load", "web_events", folder / "late.csv"), ("train",)):
        answer = here(*words, "--project", folder, "--json")
        assert (answer.code, answer.document["error"]["code"]) == (1, "warehouse_newer")
    assert state(folder) == before


def test_an_altered_model_does_not_score(copy_of: Any, here: Any) -> None:
    folder = copy_of("trained")
    before = shown(folder)
    with duckdb.connect(str(folder / "warehouse" / "leadmart.duckdb")) as store:
        store.execute("UPDATE meta.models SET artefact = REPLACE(artefact, 'horizon_days\":90', 'horizon_days\":91')")
    answer = here("run", "--as-of", "2026-03-01", "--project", folder, "--json")
    assert (answer.code, answer.document["error"]["code"]) == (1, "bad_model")
    assert shown(folder)["latest"] == before["latest"]


@pytest.fixture
def read_only(copy_town: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A town that may only be read, and how to start a process that is held to it; root may write wherever it can."""
    folder = copy_town()
    if os.geteuid() != 0:
        subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
        yield folder, {}
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
        return
    bound = subprocess.run(["mount", "--bind", "-r", str(folder), str(folder)], capture_output=True).returncode == 0
    if bound:
        yield folder, {}
        subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    for above in (folder, *folder.parents):
        if above.stat().st_uid == os.geteuid():
            above.chmod(0o755)
    yield folder, {"user": 65534, "group": 65534}


def test_a_folder_that_may_only_be_read_is_shown_and_not_run(
    read_only: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, how = read_only
    program = str(Path(sys.executable).parent / "leadmart")
    outcomes = {}
    (out := tmp_path / "out").mkdir()
    out.chmod(0o777)
    (out / "pairs.csv").write_text("lead_id,as_of\nL0000150,2026-03-01\n")
    pairs = ("features", "--spine", str(out / "pairs.csv"), "--out", str(out / "features.parquet"))
    for words in (("run",), ("load", "web_events", "late.csv"), ("train",), ("show", "runs"), pairs):
        done = subprocess.run(
            [program, *words, "--json"], cwd=folder, capture_output=True, text=True, env=os.environ, **how
        )
        assert "Traceback" not in done.stderr, done.stderr
        outcomes[words[0]] = (done.returncode, '"code": "not_writable"' in done.stdout)
    assert outcomes == {
        "run": (1, True),
        "load": (1, True),
        "train": (1, True),
        "show": (0, False),
        "features": (0, False),
    }
