"""Thresholds from own conversions against a capacity, beside the slow plain way."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.tune import LEAST_ABOVE, LEAST_CONVERTED, Tuning, tuned

BEGIN = datetime(2026, 1, 5)


def world(leads: int, seed: int = 1, rate: float = 0.4) -> pl.DataFrame:
    """Three rows a lead, a week apart; the chance of the outcome rises with the score."""
    draw = np.random.default_rng(seed)
    lead = np.repeat(np.arange(leads), 3)
    start = np.repeat(draw.integers(0, 140, leads), 3)
    score = draw.random(3 * leads) * 100
    return pl.DataFrame(
        {
            "lead_id": [f"L{n:05}" for n in lead],
            "as_of": [BEGIN + timedelta(days=int(d)) for d in start + np.tile([0, 7, 14], leads)],
            "score": score,
            "y": (draw.random(3 * leads) < rate * score / 100).astype(np.int8),
        }
    )


def test_each_threshold_is_what_counting_by_hand_gives() -> None:
    """#78, #79: a lead is handed over once, when it first reaches the score."""
    rows = world(300)
    found = tuned(rows.sample(fraction=1, shuffle=True, seed=3), leads_per_week=6)
    by_lead: dict[str, list[tuple[datetime, float, int]]] = {}
    for lead, as_of, score, y in rows.iter_rows():
        by_lead.setdefault(lead, []).append((as_of, score, y))
    assert found.converted == sum(any(y for *_, y in each) for each in by_lead.values())
    begin = min(as_of for each in by_lead.values() for as_of, *_ in each)
    for each in found.curve:
        handed = [next((row for row in sorted(of) if row[1] >= each.score), None) for of in by_lead.values()]
        reached = [row for row in handed if row]
        assert each.leads == len(reached)
        if not reached:
            assert each.precision is None
            continue
        assert each.precision == pytest.approx(sum(y for *_, y in reached) / len(reached))
        assert each.recall == pytest.approx(sum(y for *_, y in reached) / found.converted)
        weeks = [sum((as_of - begin).days // 7 == week for as_of, *_ in reached) for week in range(found.weeks)]
        assert each.per_week == pytest.approx(sum(weeks) / len(weeks))
        assert each.per_day == pytest.approx(each.per_week / 5)
        assert each.busiest_week == max(weeks)
        waiting, most = 0.0, 0.0
        for arrived in weeks:
            waiting += arrived
            most = max(most, waiting)
            waiting = max(0.0, waiting - 6)
        assert each.longest_wait_days == pytest.approx(7 * most / 6)


def test_hot_is_the_lowest_score_within_capacity_and_wait_and_warm_holds_most_conversions() -> None:
    """#79, #80: half of the capacity asks for a higher score, and so does a shorter wait."""
    rows = world(2000)
    scores = {}
    for capacity in (40, 80):
        found = tuned(rows, leads_per_week=capacity)
        assert found.hot is not None
        assert found.warm is not None
        by_score = {each.score: each for each in found.curve}
        assert by_score[found.hot].per_week <= capacity < by_score[found.hot - 5].per_week
        assert by_score[found.warm].recall >= 0.8 * found.curve[0].recall
        assert found.warm < found.hot
        scores[capacity] = found.hot
    assert scores[40] > scores[80]
    quick = tuned(rows, leads_per_week=80, response_days=6)
    assert quick.hot is not None
    assert quick.hot > scores[80]
    assert {each.score: each for each in quick.curve}[quick.hot].longest_wait_days <= 6
    # where only every second lead was drawn, twice as many stand behind them
    assert tuned(rows, leads_per_week=80, scale=2).hot == scores[40]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (tuned(world(60, rate=0.2), leads_per_week=5), "leads with the outcome: from 50 on"),
        (tuned(world(2000), leads_per_week=10**6), "every lead"),
        (tuned(world(200), leads_per_week=1), f"no score that {LEAST_ABOVE} leads or more reach"),
        (tuned(world(1).clear(), leads_per_week=5), "only 0 leads"),
    ],
)
def test_what_cannot_be_told_keeps_what_is_set(found: Tuning, words: str) -> None:
    """#78: with too few conversions no number is made up."""
    assert (found.hot, found.warm) == (None, None)
    assert words in found.why
    assert LEAST_CONVERTED == 50
    assert len(found.curve) == (21 if found.leads else 0)
