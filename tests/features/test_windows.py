"""How far back columns read, by the cases of windows.yaml; and what is stored where a history does not reach."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmart.features.definition import Definition
from leadmart.features.project import Project, Settings
from leadmart.features.registry import Registry
from leadmart.features.windows import windows_of

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "windows.yaml").read_text(encoding="utf-8"))
PACKAGED = Registry(Project(HERE, Settings()))
HEADER = "-- entity: lead (lead_id)\n--\n-- A case.\n"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_a_column_reads_as_far_back_as_its_sql_says(case: dict[str, Any]) -> None:
    definition = Definition("feature", "case", 1, "", HERE / "case.sql", HEADER + case["sql"], False)
    found = {
        column: {source: window and window.words for source, window in reads.items()}
        for column, reads in windows_of(definition, PACKAGED).items()
    }
    assert found == case["expected"]


@pytest.mark.parametrize("definition", PACKAGED.all("feature"), ids=lambda d: d.ref)
def test_a_packaged_column_reads_as_far_back_as_its_name_says(definition: Definition) -> None:
    for column, reads in windows_of(definition, PACKAGED).items():
        days = {window.seconds / 86400 for window in reads.values() if window}
        assert reads
        if column.endswith("d") and column.rpartition("_")[2][:-1].isdigit():
            assert days == {int(column.rpartition("_")[2][:-1])}


@pytest.mark.parametrize(
    ("as_of", "pages", "sessions", "has"),
    [
        (datetime(2026, 1, 31, 12), 0, None, False),  # thirty days after the first page, to the microsecond
        (datetime(2026, 1, 31, 11, 59, 59, 999999), None, None, False),
        (datetime(2026, 4, 1, 12), 0, 0, True),
        (datetime(2026, 4, 1, 11, 59, 59, 999999), 0, None, False),
    ],
)
def test_a_count_is_null_before_its_window_is_known_and_zero_after(
    as_of: datetime, pages: int | None, sessions: int | None, has: bool, world: Any
) -> None:
    from leadmart.features.pairs import features_for_pairs

    session, _ = world.again()
    pairs = world.write("pairs.csv", f"lead_id,as_of\nnobody,{as_of.isoformat()}\n")
    out = world.project.root / "out.parquet"
    features_for_pairs(session, pairs, out)
    found = world.warehouse.rows(f"SELECT pricing_views_30d, sessions_90d, has_web_events, has_leads FROM '{out}'")
    assert found == [(pages, sessions, has, False)]


def test_a_page_that_arrives_late_does_not_lengthen_the_past(world: Any, load_rows: Any) -> None:
    """The first page counts from when it was known: before that, the past was shorter."""
    from leadmart.features.pairs import features_for_pairs

    early = {"event_id": "e", "lead_id": "L9", "occurred_at": "2020-01-01", "synced_at": "2026-03-01 00:00:00"}
    load_rows(world.warehouse, {"web_events": [early]})
    session, _ = world.again()
    pairs = world.write("pairs.csv", "lead_id,as_of\nnobody,2026-02-28\nnobody,2026-03-01\n")
    out = world.project.root / "out.parquet"
    features_for_pairs(session, pairs, out)
    found = world.warehouse.rows(f"SELECT has_web_events, sessions_90d FROM '{out}'")
    assert found == [(False, None), (True, 0)]
