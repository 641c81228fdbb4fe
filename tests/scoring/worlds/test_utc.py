"""Zones, clocks that are put forward and back, and leap days."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

CREATED = {
    "leap": datetime(2024, 2, 28, 23, 30),
    "on the leap day": datetime(2024, 2, 29, 0, 30),
    "before summer": datetime(2025, 3, 30, 0, 59),
    "no such hour in Berlin": datetime(2025, 3, 30, 2, 30),
    "twice in New York": datetime(2025, 11, 2, 1, 30),
    "at midnight": datetime(2025, 11, 2),
}
AS_OF = (datetime(2024, 2, 29), datetime(2024, 3, 1), datetime(2025, 3, 31), datetime(2025, 11, 3))


def test_ages_are_counted_in_utc_on_whatever_machine(raw_project: Any, leadmart: Any, tmp_path: Path) -> None:
    """P4: the machine's zone changes no byte; a day is a midnight in UTC, on a leap day and where clocks jump; a lead
    created at as_of itself is not known yet.
    """
    folder = raw_project([{"lead_id": name, "country": "US", "created_at": at} for name, at in CREATED.items()])
    pairs = [(name, as_of) for name in CREATED for as_of in (*AS_OF, datetime(2025, 11, 2))]
    asked = tmp_path / "pairs.csv"
    asked.write_text("lead_id,as_of\n" + "".join(f"{name},{as_of}\n" for name, as_of in pairs), encoding="utf-8")
    answers = []
    for zone in ("UTC", "America/New_York", "Europe/Berlin"):
        out = tmp_path / f"{zone.replace('/', '_')}.parquet"
        done = leadmart("features", "--spine", asked, "--out", out, "--project", folder, TZ=zone)
        assert done.code == 0, done.err
        answers.append(out.read_bytes())
    assert answers[0] == answers[1] == answers[2]
    ages = {(row["lead_id"], row["as_of"]): row["lead_age_days"] for row in pl.read_parquet(out).iter_rows(named=True)}
    assert ages == {
        (name, as_of): (as_of.date() - CREATED[name].date()).days if CREATED[name] < as_of else None
        for name, as_of in pairs
    }
    assert ages["leap", datetime(2024, 3, 1)] == 2
    assert ages["at midnight", datetime(2025, 11, 2)] is None
