"""Which moments may carry a landmark."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from leadmart.features.plan import select
from leadmart.features.project import TrainSection, find_project
from leadmart.features.raw.tables import newest_load
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import open_for_writing
from leadmart.scoring.champion import load_policy
from leadmart.scoring.learning.landmarks import landmark_window, training_frame

LOADED = datetime(2026, 3, 2, 6)


def test_the_window_runs_back_from_the_newest_load() -> None:
    first, last = landmark_window(TrainSection(months=12), LOADED)
    assert last == LOADED
    assert last - first == timedelta(days=365)


@pytest.mark.parametrize(
    ("test_end", "last"),
    [(date(2018, 6, 1), datetime(2018, 6, 1)), (date(2026, 3, 2), datetime(2026, 3, 2)), (date(2030, 1, 1), LOADED)],
)
def test_a_given_test_end_ends_the_window_unless_the_data_ends_before(test_end: date, last: datetime) -> None:
    dates = {"train_until": date(2018, 2, 1), "test_start": date(2018, 5, 2), "test_end": test_end}
    first, found = landmark_window(TrainSection(months=24, **dates), LOADED)
    assert found == last
    assert last - first == timedelta(days=730)


@pytest.mark.slow
def test_of_many_landmarks_a_part_of_the_leads_is_drawn_and_each_comes_whole(copy_of: Any) -> None:
    project = find_project(copy_of("loaded"))
    with open_for_writing(project) as warehouse:
        registry = Registry(project)
        session = Session(warehouse, registry)
        selection = select(registry, session.present)
        label, spine = registry.get("label", "opportunity"), registry.get("spine", "training_landmarks")
        rules = load_policy(registry, selection).gates
        cut_off = newest_load(warehouse)
        assert cut_off
        whole = training_frame(session, selection, label, spine, rules, cut_off)
        assert [each.code for each in whole.left_out] == ["blocked"]
        settings = project.settings.train.model_copy(update={"most_landmarks": whole.landmarks // 3})
        project = replace(project, settings=project.settings.model_copy(update={"train": settings}))
        registry.project = project
        part = training_frame(session, selection, label, spine, rules, cut_off)
    drawn, every = set(part.rows["lead_id"]), set(whole.rows["lead_id"])
    assert drawn < every
    assert 0.2 < part.landmarks / whole.landmarks < 0.47
    sampled_out = part.left_out[0]
    assert (sampled_out.code, sampled_out.rows) == ("sampled out", whole.landmarks - part.landmarks)
    key = ["as_of", "lead_id"]
    same = whole.rows.filter(pl.col("lead_id").is_in(drawn)).sort(key)
    assert part.rows.sort(key).equals(same)
