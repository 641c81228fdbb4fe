"""Staging: the cases are in staged.yaml."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.features.errors import LeadmartError
from leadmart.features.project import Project
from leadmart.features.raw.load import load
from leadmart.features.registry import Registry
from leadmart.features.sources.stage import stage
from leadmart.features.sources.staging import present_sources, source_inputs
from leadmart.features.warehouse import open_for_writing

CASES = yaml.safe_load((Path(__file__).parent / "staged.yaml").read_text(encoding="utf-8"))
SETTINGS = "[sources]\nconnectors = [{}]\n[engine]\nthreads = 2\nmemory_limit = '1GB'\n"


def made(case: dict[str, Any], make_project: Callable[..., Project]) -> Project:
    connectors = ", ".join(f'"{c}"' for c in sorted({name.partition("/")[0] for name in case["sources"]}))
    files = {f"sql/sources/{name}.sql": text for name, text in case["sources"].items()}
    return make_project(files, SETTINGS.format(connectors))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_raw_rows_become_staging_rows(
    case: dict[str, Any], make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = made(case, make_project)
    registry = Registry(project)
    with open_for_writing(project) as warehouse:
        for table, sql in case["raw"].items():
            file = tmp_path / f"{table}.parquet"
            duckdb.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet)")
            load(warehouse, registry, table, [file], loaded_at=datetime(2026, 2, 1))
        name = list(case["sources"])[-1].partition("/")[2]

        def rows() -> list[dict[str, Any]]:
            stage(warehouse, registry, [name], present_sources(warehouse, registry))
            columns = [column for column, _ in warehouse.columns(f"SELECT * FROM staging.{name}")]
            found = warehouse.rows(f"SELECT * FROM staging.{name} ORDER BY id")
            return [dict(zip(columns, row, strict=True)) for row in found]

        if "expected" not in case:
            with pytest.raises(LeadmartError) as refused:
                rows()
            shown = refused.value.render().replace(f"{project.root}/", "")
            assert refused.value.code == case.get("code", refused.value.code)
            assert shown == case.get("error", shown).rstrip()
            return
        found = rows()
        expected = case["expected"]
        assert [{c: row[c] for c in wanted} for row, wanted in zip(found, expected, strict=True)] == expected
        assert all(row["occurred_at"] and row["ingested_at"] for row in found)


def test_a_sources_input_changes_with_its_rows_and_its_text(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    case = next(c for c in CASES if c["name"] == "two connectors feed one table")
    project = made(case, make_project)
    with open_for_writing(project) as warehouse:

        def inputs() -> str:
            return source_inputs(warehouse, Registry(project), ["calls"])["calls"]

        empty = inputs()
        file = tmp_path / "phone.parquet"
        duckdb.execute(f"COPY ({case['raw']['phone']}) TO '{file}' (FORMAT parquet)")
        load(warehouse, Registry(project), "phone", [file], loaded_at=datetime(2026, 2, 1))
        loaded = inputs()
        path = project.root / "sql" / "sources" / "mine" / "calls.sql"
        path.write_text(path.read_text().replace("-- Calls.", "-- Every call."))
        assert inputs() == loaded != empty
        path.write_text(path.read_text().replace("c.note", "UPPER(c.note) AS note"))
        assert inputs() != loaded
