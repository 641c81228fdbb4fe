"""`render --preamble`: what is printed runs in an empty DuckDB and gives the rows that a run stores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest

from leadmart.features.filled import slice_file
from leadmart.features.registry import Registry
from leadmart.features.render import preamble_sql, to_paste

MAY_31 = datetime(2026, 5, 31)


@pytest.fixture
def filled(world: Any) -> Any:
    world.fill(MAY_31)
    world.publish()
    return world


@pytest.mark.parametrize(
    ("kind", "ref"),
    [
        ("spine", "open_leads"),
        ("link", "lead_account@v1"),
        ("feature", "lead_profile@v1"),
        ("feature", "web_engagement@v1"),
        ("feature", "account_engagement@v1"),
        ("gate", "icp@v1"),
    ],
)
def test_the_pasted_text_gives_the_rows_of_the_slice(kind: str, ref: str, filled: Any) -> None:
    _, selection = filled.again()
    registry = Registry(filled.project)
    definition = registry.get(kind, ref)
    path = slice_file(filled.warehouse, selection.slice_of(definition, MAY_31))
    assert path
    with duckdb.connect() as console:
        console.execute("SET TimeZone = 'America/New_York'")
        console.execute(preamble_sql(filled.project, registry, definition, MAY_31))
        *before, last = console.extract_statements(to_paste(definition, registry))
        for statement in before:
            console.execute(statement)
        console.execute(f"CREATE TABLE pasted AS {last.query}")
        for one, other in (("pasted", f"'{path}'"), (f"'{path}'", "pasted")):
            assert console.execute(f"SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other}").fetchall() == []
        assert console.execute("SELECT COUNT(*) FROM pasted").fetchall()[0][0] > 0


def test_without_a_moment_the_latest_due_is_taken(filled: Any) -> None:
    registry = Registry(filled.project)
    text = preamble_sql(filled.project, registry, registry.get("feature", "web_engagement@v1"))
    assert "TIMESTAMP '2026-06-01 00:00:00'" in text
    assert "known.web_events" in text
    assert "known.email_events" not in text
