"""Verdicts, by the real Great Expectations on Parquet files."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.expectations.deferred import deferred
from leadmart.expectations.quality import Verdict, check, is_reusable, read_suite
from leadmart.features.errors import LeadmartError

HERE = Path(__file__).parent


def write_parquet(path: Path, query: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.sql(query).write_parquet(str(path))
    return path


def judge(folder: Path, expectations: list[dict[str, Any]], *files: Path) -> Verdict:
    meta = {"leadmart": {"stage": "source", "table": "leads"}}
    path = folder / "suite.json"
    path.write_text(json.dumps({"name": "case", "meta": meta, "expectations": expectations}))
    return check(read_suite(path), "leads", files, "abc")


@pytest.mark.parametrize("path", sorted((HERE / "verdicts").glob("*.yaml")), ids=lambda path: path.stem)
def test_verdict(path: Path, tmp_path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    verdict = judge(tmp_path, case["expectations"], write_parquet(tmp_path / "rows.parquet", case["rows"]))
    found = verdict.as_json()
    assert {key: found[key] for key in case["verdict"]} == case["verdict"], found
    # a case names what it is about; keys it leaves out are not compared
    shown = [
        {key: detail[key] for key in wanted} for detail, wanted in zip(found["details"], case["details"], strict=True)
    ]
    assert shown == case["details"]
    assert json.loads(json.dumps(found)) == found
    assert is_reusable(verdict) is (found["errored"] == 0)
    assert (verdict.suite, verdict.subject, verdict.input_hash) == ("case", "leads", "abc")


def test_what_is_imported_late_is_there_for_a_suite_that_asks_for_it(tmp_path: Path) -> None:
    shares = {"partition_object": {"values": ["a", "b"], "weights": [0.5, 0.5]}, "column": "kind"}
    alike = {"type": "expect_column_kl_divergence_to_be_less_than", "kwargs": {**shares, "threshold": 0.1}}
    for rows, holds in (("'a', 'b'", True), ("'a', 'a', 'a', 'a', 'a', 'b'", False)):
        file = write_parquet(tmp_path / "rows.parquet", f"SELECT UNNEST([{rows}]) AS kind")
        verdict = judge(tmp_path, [alike], file)
        assert (verdict.success, verdict.errored) == (holds, 0), verdict


def test_a_stand_in_is_for_the_time_of_an_import_only() -> None:
    assert "this" not in sys.modules
    with deferred("this", "json"):
        stand_in = importlib.import_module("this")
        assert not hasattr(stand_in, "__path__")
        assert importlib.import_module("json") is json
    assert "this" not in sys.modules
    assert stand_in.d["A"] == "N"
    assert sys.modules["this"] is not stand_in


ROWS_10 = [{"type": "expect_table_row_count_to_equal", "kwargs": {"value": 10}}]


def test_all_files_are_judged_together(tmp_path: Path) -> None:
    files = [write_parquet(tmp_path / f"{n}.parquet", "SELECT i AS id FROM range(5) AS t(i)") for n in range(2)]
    assert judge(tmp_path, ROWS_10, *files).success
    unique = [{"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}}]
    assert judge(tmp_path, unique, *files).critical_failures == 1
    assert judge(tmp_path, unique, files[0]).success


def test_two_verdicts_after_one_another_see_their_own_files(tmp_path: Path) -> None:
    ten = write_parquet(tmp_path / "ten.parquet", "SELECT i AS id FROM range(10) AS t(i)")
    five = write_parquet(tmp_path / "five.parquet", "SELECT i AS other FROM range(5) AS t(i)")
    assert [judge(tmp_path, ROWS_10, file).success for file in (ten, five, ten)] == [True, False, True]


def test_folder_names_are_neither_patterns_nor_columns(tmp_path: Path) -> None:
    rows = "SELECT i AS id FROM range(10) AS t(i)"
    file = write_parquet(tmp_path / "as_of=2026-01-01" / "it's [odd] *?" / "rows.parquet", rows)
    assert judge(tmp_path, ROWS_10, file).success
    columns = [{"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": ["id"]}}]
    assert judge(tmp_path, columns, file).success


def test_unreadable_files_are_a_named_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 but not really")
    for files in ([], [tmp_path / "none.parquet"], [broken]):
        with pytest.raises(LeadmartError) as caught:
            judge(tmp_path, ROWS_10, *files)
        assert caught.value.code == "unreadable_input"


@pytest.mark.slow
def test_nothing_is_written_anywhere_not_even_at_exit(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "rows.parquet", "SELECT i AS id, 'a' AS kind FROM range(10) AS t(i)")
    home = tmp_path / "home"
    home.mkdir()
    program = f"""
import json
from pathlib import Path
import duckdb
from leadmart.expectations.deferred import deferred
from leadmart.expectations.quality import check, read_suite
path = Path({str(tmp_path / "suite.json")!r})
held = duckdb.connect({str(tmp_path / "held.duckdb")!r})  # a caller's own, open at exit
frame = held.sql("SELECT 1 AS a").pl()
path.write_text(json.dumps({{
    "name": "quiet",
    "meta": {{"leadmart": {{"stage": "source", "table": "leads"}}}},
    "expectations": [
        {{"type": "expect_column_values_to_not_be_null", "kwargs": {{"column": "id"}}}},
        {{"type": "expect_column_values_to_be_between", "kwargs": {{"column": "id", "max_value": 3}}}},
        {{"type": "expect_column_values_to_match_regex", "kwargs": {{"column": "kind", "regex": "a"}}}},
        {{"type": "unexpected_rows_expectation", "kwargs": {{"unexpected_rows_query": "SELECT {{batch}}"}}}},
    ],
}}))
verdict = check(read_suite(path), "leads", [Path({str(file)!r})], "abc")
assert (verdict.critical_failures, verdict.errored) == (1, 2), verdict
"""
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=home, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.rglob("*")) == []
