"""The log of what was shown: numbers rise, days follow one another, and what nobody saw is not shown yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest

from leadmart.features.clock import sql_literal
from leadmart.features.shown import in_force_sql, is_last_shown, last_shown, record_showing, stamp_showings
from leadmart.features.warehouse import open_for_writing

DAY = datetime(2026, 3, 1)
OLD, NEW = (
    {"feature_set_version": "f_1", "model_version": "rules", "policy_version": policy} for policy in ("p_1", "p_2")
)
TIMES = "SELECT shown_at::VARCHAR FROM store.meta.showings ORDER BY showing_number"


@pytest.fixture
def warehouse(make_project: Any) -> Any:
    with open_for_writing(make_project()) as opened:
        yield opened


def show(warehouse: Any, versions: dict[str, str], is_hot: bool = False) -> None:
    record_showing(warehouse, DAY, versions, is_hot=is_hot, rows=5, run_id="r")


def stamp(warehouse: Any, at: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("LEADMART_NOW", at)
    stamp_showings(warehouse, warehouse.project.catalogue)
    return [time for (time,) in warehouse.rows(TIMES)]


def swap(warehouse: Any) -> None:
    """A catalogue with the showings of now."""
    rows = warehouse.rows("SELECT showing_number FROM store.meta.showings")
    target = warehouse.project.catalogue
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with duckdb.connect(str(target)) as catalogue:
        catalogue.execute("CREATE SCHEMA meta; CREATE TABLE meta.showings (showing_number BIGINT)")
        catalogue.executemany("INSERT INTO meta.showings VALUES (?)", rows)


def test_the_last_to_be_put_in_force_is_and_a_hot_run_changes_nothing_of_that(warehouse: Any) -> None:
    assert last_shown(warehouse, DAY) is None
    show(warehouse, OLD)
    show(warehouse, NEW)
    show(warehouse, OLD, is_hot=True)
    assert last_shown(warehouse, DAY) == NEW
    assert (is_last_shown(warehouse, DAY, NEW), is_last_shown(warehouse, DAY, OLD)) == (True, False)
    assert warehouse.rows("SELECT showing_number FROM store.meta.showings ORDER BY ALL") == [(1,), (2,), (3,)]


def test_what_is_past_retention_is_in_force_no_more_and_was_shown_all_the_same(warehouse: Any) -> None:
    show(warehouse, OLD)
    listed = f"({sql_literal(DAY)}, 'open_leads', 'f_1', 'rules', 'p_1', 'h', 5, 'r')"
    warehouse.execute(f"INSERT INTO store.meta.scorings VALUES {listed}")
    warehouse.execute(
        "INSERT INTO store.meta.runs (run_id, command, status, started_at) "
        f"VALUES ('r', 'run', 'done', {sql_literal(DAY)})"
    )
    assert warehouse.rows(f"SELECT policy_version FROM ({in_force_sql()})") == [("p_1",)]
    warehouse.execute("DELETE FROM store.meta.scorings")  # as prune does
    assert warehouse.rows(in_force_sql()) == []
    assert last_shown(warehouse, DAY) == OLD


def test_what_a_killed_run_was_about_to_show_is_shown_when_the_next_catalogue_is(
    warehouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(warehouse, OLD)
    assert stamp(warehouse, "2026-03-02", monkeypatch) == ["2026-03-02 00:00:00"]
    swap(warehouse)
    show(warehouse, NEW)
    # killed between the stamp and the swap: the catalogue in place does not have it
    assert stamp(warehouse, "2026-03-03", monkeypatch)[1] == "2026-03-03 00:00:00"
    assert stamp(warehouse, "2026-03-05", monkeypatch) == ["2026-03-02 00:00:00", "2026-03-05 00:00:00"]
    swap(warehouse)
    assert stamp(warehouse, "2026-03-09", monkeypatch) == ["2026-03-02 00:00:00", "2026-03-05 00:00:00"]


def test_days_follow_one_another_where_the_clock_goes_back(warehouse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    show(warehouse, OLD)
    stamp(warehouse, "2026-03-05", monkeypatch)
    swap(warehouse)
    show(warehouse, NEW)
    assert stamp(warehouse, "2026-03-01", monkeypatch) == ["2026-03-05 00:00:00"] * 2


def test_a_catalogue_that_is_gone_or_broken_moves_no_day(warehouse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    show(warehouse, OLD)
    stamp(warehouse, "2026-03-02", monkeypatch)
    for text in (None, "no catalogue"):
        if text:
            warehouse.project.catalogue.parent.mkdir(parents=True, exist_ok=True)
            warehouse.project.catalogue.write_text(text)
        assert stamp(warehouse, "2026-03-04", monkeypatch) == ["2026-03-02 00:00:00"]
