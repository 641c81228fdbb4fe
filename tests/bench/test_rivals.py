"""Rivals compute the same: the script by hand on a whole company, dbt's SELECTs on single rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from bench import hand
from bench.__main__ import main
from bench.company import delivered, restore
from bench.dbt_project import singular, with_refs, write_project
from bench.record import read
from bench.refresh import compared, out_folder
from bench.timing import FailedError

ROWS = "(VALUES (1, 'a', 10), (2, 'b', NULL), (2, 'b', 300)) AS t (lead_id, kind, share)"
CASES = [
    ("expect_column_values_to_not_be_null", {"column": "lead_id"}, 0),
    ("expect_column_values_to_not_be_null", {"column": "share"}, 1),
    ("expect_column_values_to_not_be_null", {"column": "share", "mostly": 0.5}, 0),
    ("expect_column_values_to_not_be_null", {"column": "share", "mostly": 0.9}, 1),
    ("expect_column_values_to_be_between", {"column": "share", "min_value": 0, "max_value": 300}, 0),
    ("expect_column_values_to_be_between", {"column": "share", "min_value": 0, "max_value": 100}, 1),
    ("expect_column_values_to_be_between", {"column": "share", "min_value": 10, "strict_min": True}, 1),
    ("expect_column_values_to_be_in_set", {"column": "kind", "value_set": ["a", "b"]}, 0),
    ("expect_column_values_to_be_in_set", {"column": "kind", "value_set": ["a"]}, 2),
    ("expect_column_values_to_be_in_set", {"column": "kind", "value_set": ["b"], "mostly": 0.6}, 0),
    ("expect_compound_columns_to_be_unique", {"column_list": ["lead_id", "share"]}, 0),
    ("expect_compound_columns_to_be_unique", {"column_list": ["lead_id", "kind"]}, 1),
    ("expect_table_row_count_to_be_between", {"min_value": 1}, 0),
    ("expect_table_row_count_to_be_between", {"min_value": 4}, 1),
    ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT share FROM {batch} WHERE share > 100"}, 1),
]


@pytest.mark.parametrize(("kind", "kwargs", "rows"), CASES)
def test_a_check_as_a_dbt_test_gives_the_rows_that_fail_it(kind: str, kwargs: dict[str, object], rows: int) -> None:
    sql = singular(kind, kwargs, "m").replace("{{ ref('m') }}", "rows")
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE rows AS SELECT * FROM {ROWS}")
        assert len(con.execute(sql).fetchall()) == rows


def test_relations_become_references_and_the_spine_keeps_its_name() -> None:
    sql = (
        "SELECT spine.lead_id FROM spine\nLEFT JOIN staging.web_events AS w ON w.lead_id = spine.lead_id -- of known.x"
    )
    assert with_refs(sql, "lead") == (
        "SELECT spine.lead_id FROM {{ ref('spine_lead') }} AS spine\n"
        "LEFT JOIN {{ ref('staging_web_events') }} AS w ON w.lead_id = spine.lead_id -- of known.x"
    )


def test_the_script_by_hand_computes_what_a_run_does(company: Callable[[str], Path], tmp_path: Path) -> None:
    of = delivered(company("scored"), tmp_path)
    of.work.symlink_to(company("scored"))
    script = hand.Hand.of(of.work)
    statements = hand.session("2GB", 2, tmp_path / "spill")
    for source in script.sources(with_gates=True):
        statements += script.staging(source, [of.file(source, "base"), of.file(source, "day")], hand.before(of.until))
    statements += [hand.one_moment(of.until), *script.known(), *script.refresh(out_folder(of))]
    hand.main(str(hand.write(out_folder(of) / "script.sql", statements)))
    assert re.fullmatch(r"equal: [\d,]{4,} rows in 9 tables", compared(of))

    written = out_folder(of) / "features.web_engagement__v1.parquet"
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE rows AS SELECT * REPLACE (sessions_7d + 1 AS sessions_7d) FROM '{written}'")
        con.execute(f"COPY rows TO '{written}' (FORMAT parquet)")
    with pytest.raises(FailedError, match=r"features\.web_engagement__v1 differs"):
        compared(of)


def test_the_dbt_project_has_a_model_a_definition_and_a_test_a_check(
    company: Callable[[str], Path], tmp_path: Path
) -> None:
    script = hand.Hand.of(company("scored"))
    sources = [*script.sources(with_gates=True), "opportunities"]
    files = {source: [tmp_path / f"{source}.parquet"] for source in sources}
    made = write_project(script, tmp_path / "dbt", datetime(2026, 3, 2), files, 2, "2GB")
    models = {path.stem: path.read_text() for path in (tmp_path / "dbt" / "models").glob("*.sql")}
    assert {f"staging_{source}" for source in sources} <= models.keys()
    assert {d.relation.replace(".", "_") for d in script.selection.read} <= models.keys()
    referred = {name for text in models.values() for name in re.findall(r"ref\('(\w+)'\)", text)}
    assert referred <= models.keys()
    assert made.tests > 150


def test_what_is_immutable_is_linked_and_the_rest_is_copied(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    (saved / "warehouse").mkdir(parents=True)
    (saved / "warehouse" / "slice.parquet").write_text("rows")
    (saved / "warehouse" / "store.duckdb").write_text("state")
    work = tmp_path / "work"
    for _ in range(2):
        restore(saved, work)
        assert (work / "warehouse" / "slice.parquet").samefile(saved / "warehouse" / "slice.parquet")
        (work / "warehouse" / "store.duckdb").write_text("another state")
        assert (saved / "warehouse" / "store.duckdb").read_text() == "state"


@pytest.mark.slow
def test_a_comparison_is_measured_once_and_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, page = tmp_path / "results.jsonl", tmp_path / "page.md"
    words = ["loading", "--rows", "2000", "--repetitions", "1", "--data", str(tmp_path / "data")]
    assert main([*words, "--results", str(results), "--write", str(page)]) == 0
    (found,) = read(results)
    assert found.equal == "equal: 2,000 rows"
    assert len(found.seconds) == len(found.rival_seconds) == 1
    assert f"| {found.case} | 2,000 rows |" in page.read_text()
    assert main([*words, "--results", str(results), "--write", str(page)]) == 0
    assert "measured already" in capsys.readouterr().out
    assert len(results.read_text().splitlines()) == 1
