"""L4: how long outcomes take, against plain computations, worlds with a known answer, and Olist's funnel."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.learning.horizon import horizon_section, horizon_text, incidence

BEGIN = datetime(2024, 1, 1)
DAY = timedelta(days=1)
H = timedelta(days=90)


def leads(waits: list[float | None], ended: list[float | None] | None = None, created: list[int] | None = None) -> Any:
    """Leads created on the given days since `BEGIN`, with their days to the outcome."""
    days = created or [0] * len(waits)
    since = [BEGIN + day * DAY for day in days]

    def after(waited: list[float | None]) -> pl.Series:
        found = [b + w * DAY if w is not None else None for b, w in zip(since, waited, strict=True)]
        return pl.Series(found, dtype=pl.Datetime("us"))

    columns = {"created_at": pl.Series(since, dtype=pl.Datetime("us")), "outcome_at": after(waits)}
    return pl.DataFrame(columns | ({"ended_at": after(ended)} if ended else {}))


def world(count: int, days: int, mean: float, share: float, seed: int, lost: float = 0.0) -> pl.DataFrame:
    """Leads created evenly over `days`; a share of them converts, after an exponential wait of this mean."""
    draw = np.random.default_rng(seed)
    wait = np.where(draw.random(count) < share, draw.exponential(mean, count), np.nan)
    ended = draw.exponential(lost, count).tolist() if lost else None
    return leads(
        [None if np.isnan(w) else float(w) for w in wait], ended, [int(d) for d in draw.integers(0, days, count)]
    )


def test_without_censoring_the_curve_counts_leads() -> None:
    """L4: with everybody followed to the end, the share by a day is a plain count."""
    found = incidence(leads([1, 3, 3, 10, *[None] * 6]), BEGIN + 1000 * DAY)
    assert (found.outcomes, found.leads) == (4, 10)
    assert [found.by(day) for day in (0, 1, 2, 3, 10)] == pytest.approx([0, 0.1, 0.1, 0.3, 0.4])
    assert (found.quantile(0.5), found.quantile(0.75), found.quantile(0.9)) == (3, 3, 10)


def test_a_lead_counts_as_long_as_it_is_followed() -> None:
    """L4: Kaplan and Meier's numbers, worked out by hand: at day 5 three of four leads are still followed."""
    # the third was created three days ago, so it says nothing about day 5
    found = incidence(leads([1, 5, None, None], created=[0, 0, 97, 0]), BEGIN + 100 * DAY)
    assert found.by(1) == pytest.approx(1 / 4)
    assert found.by(5) == pytest.approx(1 / 4 + 3 / 4 * 1 / 2)


def test_an_outcome_after_the_data_end_is_not_known_yet_and_one_before_creation_was_never_waited_for() -> None:
    """L4: what the data cannot know changes nothing."""
    told = incidence(leads([1, 200, None, -4]), BEGIN + 100 * DAY)
    assert (told.outcomes, told.leads) == (1, 3)
    assert told.by(200) == pytest.approx(1 / 3)


def test_a_lost_lead_is_a_competing_end_and_no_open_one() -> None:
    """L4: taken for open, the leads that were lost on day 2 would raise what is to come from 2 of 6 to 3 of 6."""
    waits, ended = [1.0, 5.0, None, None, None, None], [None, None, 2.0, 2.0, 2.0, 9.0]
    found = incidence(leads(waits, ended), BEGIN + 100 * DAY)
    assert (found.outcomes, found.ended) == (2, 4)
    assert [found.by(day) for day in (1, 5)] == pytest.approx([1 / 6, 2 / 6])
    assert horizon_section(leads(waits * 20, ended * 20), horizon=H, followed_until=BEGIN + 100 * DAY)["ended_leads"]


def test_an_end_after_the_outcome_is_no_end() -> None:
    """L4: a won deal that is closed a year later has converted all the same."""
    found = incidence(leads([10.0, None], [50.0, 60.0]), BEGIN + 100 * DAY)
    assert (found.outcomes, found.ended) == (1, 1)


def test_leads_that_are_young_do_not_shorten_the_time_that_outcomes_take() -> None:
    """L4: half of the leads are younger than the wait; counting outcomes alone says 30 days, the truth is 42."""
    made = world(20_000, 180, mean=60, share=0.3, seed=1)
    until = BEGIN + 180 * DAY
    known = made.filter(pl.col("outcome_at") <= until)
    naive = (known["outcome_at"] - known["created_at"]).dt.total_days().median()
    whole = incidence(made, BEGIN + 2000 * DAY)
    found = incidence(made, until)
    assert naive is not None
    assert naive < 34
    assert whole.quantile(0.5) == pytest.approx(60 * np.log(2), abs=2)
    for day in (10, 30, 60, 90, 120):
        assert found.by(day) == pytest.approx(whole.by(day), abs=0.015)


@pytest.mark.parametrize(
    ("mean", "warns", "words"),
    [
        (30, False, "90 days catches 96% of them; 48 days"),
        (70, False, "is the shortest that catches 80%"),
        (150, True, "fewer than 60%: 2"),
    ],
)
def test_the_advice_follows_from_the_share_that_the_horizon_catches(mean: float, warns: bool, words: str) -> None:
    """L4: the smallest horizon with 80 % is named, and below 60 % `train` warns."""
    found = horizon_section(world(4000, 900, mean, 0.5, seed=2), horizon=H, followed_until=BEGIN + 2000 * DAY)
    truth = 1 - np.exp(-90 / mean)
    assert found["share_captured"] == pytest.approx(truth, abs=0.03)
    assert found["p80_days"] == pytest.approx(-mean * np.log(0.2), rel=0.08)
    assert found["warns"] is warns
    assert words in found["advice"]
    lines = horizon_text({"horizon": found})
    assert ("warning" in lines[1]) is warns
    assert found["curve"][-1][1] == 1.0
    assert len(found["curve"]) <= 50


@pytest.mark.parametrize(("outcomes", "followed"), [(0, 500), (1, 500), (19, 500), (100, 60)])
def test_what_cannot_be_known_has_no_figure_and_a_reason(outcomes: int, followed: int) -> None:
    """L4: too few outcomes, or nobody followed as long as the horizon: no number stands in."""
    made = leads([1.0] * outcomes + [None] * 200)
    found = horizon_section(made, horizon=H, followed_until=BEGIN + followed * DAY)
    figures = ("share_captured", "median_days", "p75_days", "p80_days", "p90_days")
    assert [found[name] for name in figures] == [None] * 5
    assert found["reason"]
    assert horizon_text({"horizon": found}) == [f"  {found['advice']}"]
    nobody = horizon_section(made.clear(), horizon=H, followed_until=BEGIN)
    assert (nobody["at_risk_leads"], nobody["share_captured"]) == (0, None)


def test_olist_is_won_in_14_days_half_of_the_time_and_90_days_catch_82_percent(olist_folder: Path) -> None:
    """L4: the published days to win; taken with the day of the last deal as the data's end, waiting is longer."""
    won = pl.read_csv(olist_folder / "olist_closed_deals_dataset.csv", infer_schema=False)
    first = pl.read_csv(olist_folder / "olist_marketing_qualified_leads_dataset.csv", infer_schema=False)
    made = first.join(won, on="mql_id", how="left").select(
        pl.col("first_contact_date").str.to_datetime("%Y-%m-%d", time_unit="us").alias("created_at"),
        pl.col("won_date").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us").alias("outcome_at"),
    )
    found = horizon_section(made, horizon=H, followed_until=datetime(2026, 1, 1))
    days = [found[f"{name}_days"] for name in ("median", "p75", "p80", "p90")]
    assert days == [14, 55, 79, 162]
    assert incidence(made, datetime(2026, 1, 1)).quantile(1) == 427
    assert found["share_captured"] == pytest.approx(0.82, abs=0.005)
    assert (found["converted_leads"], found["warns"]) == (841, False)  # one was won two days before its first contact
    until_the_last_deal = horizon_section(made, horizon=H, followed_until=datetime(2018, 11, 14))
    assert until_the_last_deal["share_captured"] == pytest.approx(0.745, abs=0.005)
