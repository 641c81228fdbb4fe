"""What a backfill says of a disk that has no room for it."""

from __future__ import annotations

from datetime import datetime

from leadmart.scoring.forecast import Forecast


def test_a_small_lack_of_room_is_told_in_small_units() -> None:
    asked = Forecast((datetime(2026, 3, 1),), 9, 0, 100, 4_100_000, 60.0, free=5_200_000, score_bytes=8_000_000)
    assert not asked.fits
    assert "wants 24.2 MB free with scores and a margin, and 5.2 MB are: 19.0 MB are missing" in asked.words()
