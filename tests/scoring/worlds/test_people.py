"""Duplicates of a person, and segments that differ."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.learning.dataset import SplitSettings, label_rows, split


def twins(made: Any, apart: int = 200) -> pl.DataFrame:
    """Every lead once more, under another id and an address that is the same, up to so many days later: the same
    person fills in a form again. The outcome is the person's, at the same wait.
    """
    draw = np.random.default_rng(8)
    ids = made.rows["lead_id"].unique().sort()
    later = pl.DataFrame({"lead_id": ids, "later": draw.integers(0, apart, len(ids))})
    shift = pl.duration(days=pl.col("later"))
    again = (
        made.rows.join(later, on="lead_id")
        .with_columns(
            pl.col("lead_id").alias("cluster"), pl.col("as_of") + shift, pl.col("outcome_at") + shift,
            (pl.lit("T") + pl.col("lead_id")).alias("lead_id"),
        )
        .filter(pl.col("as_of") <= made.cut_off)
        .drop("later")
    )  # fmt: skip
    first = made.rows.with_columns(pl.col("lead_id").alias("cluster")).select(again.columns)
    return pl.concat([first, again])


def test_duplicates_of_a_person_are_never_in_two_blocks(world: Any) -> None:
    """K8, T4: leads of one person share its block; without the person, three in ten would stand in two."""
    made = world(leads=3000)
    rows = twins(made)
    settings = {"horizon": timedelta(days=90), "ingest_lag": timedelta(days=1), "cut_off": made.cut_off}
    parts = split(label_rows(rows, **settings), SplitSettings())
    people = [set(block["cluster"]) for block in parts.blocks().values()]
    assert all(people)
    assert sum(map(len, people)) == len(set.union(*people))
    # both leads of a person are there, so nothing was thrown away beyond the later blocks
    assert parts.train["lead_id"].n_unique() > 1.3 * parts.train["cluster"].n_unique()
    labelled = label_rows(rows.drop("cluster"), **settings)
    alone = [
        set(block["lead_id"].str.strip_prefix("T")) for block in split(labelled, SplitSettings()).blocks().values()
    ]
    assert sum(map(len, alone)) > 1.2 * len(set.union(*alone))
    counted = sum(b.height for b in parts.blocks().values()) + sum(e.rows for e in parts.left_out)
    assert counted == label_rows(rows, **settings).rows.height


def test_duplicates_do_not_make_a_figure_surer(world: Any, fit_world: Any) -> None:
    """K8: intervals draw persons, so a world in which everybody stands twice is no surer than the plain one."""
    made = world(leads=500)  # too few for a model, so this costs no fit
    rows = twins(made, apart=1)  # the same day
    plain = fit_world(made, replicates=300)
    persons = fit_world(made, rows, replicates=300)
    leads = fit_world(made, rows.drop("cluster"), replicates=300)

    def width(found: Any) -> float:
        metric = found.metrics["base_rate"]
        return float(metric.high - metric.low)

    assert width(persons) == pytest.approx(width(plain), rel=0.15)
    assert width(leads) < 0.8 * width(plain)


def test_duplicates_are_no_leak(world: Any, fit_world: Any) -> None:
    """K8, K5: what is judged on one of two twins and was learned from the other looks too able (ROC-AUC .81 instead
    of .73) and stopped training; persons are kept together, so nothing stops.
    """
    made = world(leads=1500)
    found = fit_world(made, twins(made, apart=1))
    assert found.model is not None
    assert [suspect.code for suspect in found.suspects if suspect.stops] == []


def test_a_segment_with_another_base_rate_is_no_suspect(world: Any, fit_world: Any) -> None:
    """A region where leads convert at a third of the rate is honest knowledge: the model may use it, nothing stops,
    and the segments' figures show the two rates.
    """
    made = world(leads=2500, seed=12)
    draw = np.random.default_rng(2)
    ids = made.rows["lead_id"].unique().sort()
    regions = pl.DataFrame({"lead_id": ids, "region": draw.choice(["north", "south"], len(ids))})
    unlucky = pl.Series(draw.random(len(ids)) < 0.67)
    lost = regions.filter(unlucky & (pl.col("region") == "south"))["lead_id"]
    rows = made.rows.join(regions, on="lead_id").with_columns(
        pl.when(~pl.col("lead_id").is_in(lost.implode())).then(pl.col("outcome_at")).alias("outcome_at")
    )
    found = fit_world(made, rows, {"region": "VARCHAR"})
    assert found.model is not None
    assert [suspect.code for suspect in found.suspects if suspect.stops] == []
    evaluation: Any = found.as_json()["evaluation"]
    south, north = (
        next(each for each in evaluation["segments"] if (each["column"], each["level"]) == ("region", name))
        for name in ("south", "north")
    )
    assert south["rate"]["high"] < north["rate"]["low"]
    for level in (south, north):
        assert level["observed_over_expected"]["low"] < 1 < level["observed_over_expected"]["high"]
