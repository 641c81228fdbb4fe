"""Which moments may carry a landmark."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from leadmart.features.project import TrainSection
from leadmart.scoring.training_frame import landmark_window

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
