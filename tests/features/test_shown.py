"""The log of what was shown: numbers rise, days follow one another, and what nobody saw is not shown yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest

from leadmart.features.shown import is_in_force, record_showing, stamp_showings, versions_in_force
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
    assert versions_in_force(warehouse, DAY) is None
    show(warehouse, OLD)
    show(warehouse, NEW)
    show(warehouse, OLD, is_hot=True)
    assert versions_in_force(warehouse, DAY) == NEW
    assert (is_in_force(warehouse, DAY, NEW), is_in_force(warehouse, DAY, OLD)) == (True, False)
    assert warehouse.rows("SELECT showing_number FROM store.meta.showings ORDER BY ALL") == [(1,), (2,), (3,)]


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
