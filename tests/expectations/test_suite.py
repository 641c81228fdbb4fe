"""Suite files: what is read, what wins, and how a broken one is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leadmart.expectations.quality import Suite, read_suite, suites
from leadmart.features.errors import LeadmartError

HERE = Path(__file__).parent
ROWS = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}


def write_suite(folder: Path, file: str, name: str, expectations: list[dict[str, object]] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    meta = {"leadmart": {"stage": "source", "table": "leads"}}
    path = folder / file
    path.write_text(json.dumps({"name": name, "meta": meta, "expectations": expectations or [ROWS]}))
    return path


def by_name(found: tuple[Suite, ...]) -> dict[str, Suite]:
    return {suite.name: suite for suite in found}


@pytest.mark.parametrize("path", sorted((HERE / "broken").glob("*.json")), ids=lambda path: path.stem)
def test_a_broken_suite_is_named_with_its_line(path: Path, golden: Callable[[str, str], None]) -> None:
    with pytest.raises(LeadmartError) as caught:
        read_suite(path)
    golden(caught.value.render().replace(str(HERE / "broken"), "<suites>"), f"broken/{path.stem}.txt")


def test_a_project_suite_wins_by_its_name_and_others_stay(tmp_path: Path) -> None:
    packaged = by_name(suites(None))
    own = write_suite(tmp_path / "suites", "ours.json", "source.leads")
    found = by_name(suites(tmp_path))
    assert found["source.leads"].path == own
    assert found.keys() == packaged.keys()
    assert found["source.accounts"] == packaged["source.accounts"]


def test_a_project_without_suites_has_the_packaged_ones(tmp_path: Path) -> None:
    assert suites(tmp_path) == suites(None)


def test_two_files_with_one_suite_are_refused(tmp_path: Path) -> None:
    write_suite(tmp_path / "suites", "a.json", "mine")
    write_suite(tmp_path / "suites", "b.json", "mine")
    with pytest.raises(LeadmartError) as caught:
        suites(tmp_path)
    assert caught.value.code == "duplicate_suite"
    assert "a.json and b.json" in caught.value.message
    assert caught.value.place is not None
    assert caught.value.place.line == 1


def test_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write_suite(tmp_path / "suites", "good.json", "good")
    (tmp_path / "suites" / "a.json").write_text("{")
    (tmp_path / "suites" / "b.json").write_text("[]")
    with pytest.raises(LeadmartError) as caught:
        suites(tmp_path)
    assert [problem.place and Path(problem.place.file).name for problem in (caught.value, *caught.value.others)] == [
        "a.json",
        "b.json",
    ]


def test_the_hash_is_blind_to_layout_and_sees_every_bound(tmp_path: Path) -> None:
    path = write_suite(tmp_path, "a.json", "a")
    first = read_suite(path).suite_hash
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4, sort_keys=True))
    assert read_suite(path).suite_hash == first
    path.write_text(path.read_text().replace('"min_value": 1', '"min_value": 2'))
    assert read_suite(path).suite_hash != first


def test_reading_suites_imports_neither_great_expectations_nor_sqlalchemy(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from leadmart.expectations import quality\n"
        "assert quality.suites(None)\n"
        "print(*sorted({'great_expectations', 'sqlalchemy', 'duckdb', 'pandas', 'sqlglot'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == []
