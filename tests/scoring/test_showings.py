"""Scorings of the past and shown ones: under one key they stand for the same rows, and what is shown is noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from leadmart.features.shown import VERSIONS, last_shown
from leadmart.features.warehouse import Warehouse
from leadmart.scoring import restate, upsert
from leadmart.scoring.shown_on import told_of
from leadmart.scoring.upsert import Scoring

DAY = datetime(2026, 3, 1)
SHOWN = Scoring(DAY, "open_leads", "f_1", "rules", "p_1", "input 1")
PAST = replace(SHOWN, is_past=True)
ANOTHER = replace(SHOWN, policy_version="p_2")


def listed(store: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """The inputs that scorings are listed with, by policy, and by whom."""
    columns = "policy_version, input_hash, run_id"
    return {
        name: store.rows(f"SELECT {columns} FROM store.meta.{name} ORDER BY ALL")
        for name in ("scorings", "past_scorings")
    }


def test_rows_that_the_past_overwrote_are_listed_as_shown_no_more(store: Warehouse) -> None:
    SHOWN.record(store, 5, "r_1")
    ANOTHER.record(store, 5, "r_2")
    later = replace(PAST, input_hash="input 2")
    later.record(store, 5, "r_3")
    assert listed(store) == {
        "scorings": [("p_2", "input 1", "r_2")],
        "past_scorings": [("p_1", "input 2", "r_3")],
    }
    assert PAST.is_done(store) is None, "its rows are those of another input now"
    assert (later.is_done(store), later.has_rows(store), SHOWN.has_rows(store)) == (5, True, True)
    assert last_shown(store, DAY) == ANOTHER.versions


@pytest.mark.parametrize("of_past", ["input 1", "input 2"])
def test_rows_of_the_past_that_are_shown_are_no_more_of_the_past(store: Warehouse, of_past: str) -> None:
    replace(PAST, input_hash=of_past).record(store, 5, "r_1")
    assert last_shown(store, DAY) is None
    SHOWN.record(store, 5, "r_2")
    assert listed(store) == {"scorings": [("p_1", "input 1", "r_2")], "past_scorings": []}
    assert last_shown(store, DAY) == SHOWN.versions


def test_a_kill_between_listing_and_showing_loses_no_showing(store: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    SHOWN.record(store, 5, "r_1")
    ANOTHER.record(store, 5, "r_2")
    before = listed(store)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(upsert, "record_showing", killed)
        with pytest.raises(KeyboardInterrupt):
            SHOWN.put_in_force(store, "r_3")
    assert (listed(store), last_shown(store, DAY)) == (before, ANOTHER.versions)
    SHOWN.put_in_force(store, "r_4")
    assert last_shown(store, DAY) == SHOWN.versions
    showings = store.rows("SELECT run_id, row_count FROM store.meta.showings ORDER BY showing_number")
    assert showings == [("r_1", 5), ("r_2", 5), ("r_4", 5)]


@pytest.mark.parametrize(("versions", "is_past"), [(ANOTHER, False), (SHOWN, True)])
def test_restated_scores_are_of_the_past_where_others_were_shown_last(
    store: Warehouse, monkeypatch: pytest.MonkeyPatch, versions: Scoring, is_past: bool
) -> None:
    """Also where they were shown before those: nobody goes by them any more."""
    SHOWN.record(store, 5, "r_1")
    ANOTHER.record(store, 5, "r_2")
    asked: list[Scoring] = []

    def no(_run: Any, scoring: Scoring, _scored: Any) -> bool:
        asked.append(scoring)
        return False

    monkeypatch.setattr(restate, "approves_scores", no)
    stale = replace(versions, input_hash="input 2")
    scorer: Any = SimpleNamespace(
        model_version="rules",
        scoring=lambda as_of: replace(stale, as_of=as_of),
        score=lambda _: (pl.DataFrame({"lead_id": ["L1"]}), []),
    )
    run: Any = SimpleNamespace(warehouse=store, moments=[DAY, datetime(2026, 3, 2)], progress=lambda *_: None)
    assert restate._scores(run, scorer) == []
    assert asked == [replace(stale, is_past=is_past)], "of the second day there are no scores to make anew"


def test_a_score_is_shown_since_its_versions_came_back(store: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrote its row: a run that finds it done, or writes some of its leads anew, begins nothing."""
    for number, (scoring, shown_on) in enumerate([(SHOWN, 2), (ANOTHER, 3), (SHOWN, 4), (SHOWN, 5), (ANOTHER, 9)]):
        scoring.record(store, 5, f"r_{number}")
        store.execute(
            "UPDATE store.meta.showings SET shown_at = ? WHERE shown_at IS NULL", [datetime(2026, 3, shown_on, 6)]
        )
    row = {"as_of": DAY, "run_id": "r_0", **dict(zip(VERSIONS, SHOWN.versions.values(), strict=True))}

    def since(day: int) -> str | None:
        return told_of(store, row, date(2026, 3, day))["shown_at"]

    assert [since(day) for day in (2, 4, 6)] == ["2026-03-02T06:00:00", "2026-03-04T06:00:00", "2026-03-04T06:00:00"]
