"""Moments and the cadence: the cases are in moments.yaml."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmart.features import clock
from leadmart.features.errors import LeadmartError
from leadmart.features.plan import latest_tick, ticks
from leadmart.features.project import ClockSection

CASES = yaml.safe_load((Path(__file__).parent / "moments.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["moments"], ids=lambda c: repr(c["text"]))
def test_a_moment_is_read_as_naive_utc(case: dict[str, Any]) -> None:
    if "moment" not in case:
        with pytest.raises(LeadmartError) as refused:
            clock.parse_moment(case["text"])
        assert refused.value.code == "bad_time"
    else:
        assert clock.parse_moment(case["text"]) == case["moment"]


@pytest.mark.parametrize("case", CASES["latest"], ids=lambda c: f"{c['every']} {c['at']} {c['moment']}")
def test_the_latest_tick_is_not_later_than_the_moment(case: dict[str, Any]) -> None:
    assert latest_tick(ClockSection(every=case["every"], at=case["at"]), case["moment"]) == case["tick"]


@pytest.mark.parametrize("case", CASES["ticks"], ids=lambda c: f"{c['every']} {c['at']} {c['start']}")
def test_ticks_are_half_open(case: dict[str, Any]) -> None:
    assert ticks(ClockSection(every=case["every"], at=case["at"]), case["start"], case["end"]) == case["ticks"]


def test_now_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADMART_NOW", "2026-03-01T08:00:00+02:00")
    assert clock.now() == datetime(2026, 3, 1, 6)
    monkeypatch.delenv("LEADMART_NOW")
    assert clock.now().tzinfo is None


def test_a_moment_keeps_its_microseconds_in_sql() -> None:
    assert clock.sql_literal(datetime(2026, 3, 1, 6, 0, 0, 1)) == "TIMESTAMP '2026-03-01 06:00:00.000001'"
