"""L1 to L3 and T4: who is labelled, when a label is complete, and the split with one embargo."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.learning.dataset import SplitSettings, label_rows, outcome_leads, spine_hash, split

H = timedelta(days=90)
LAG = timedelta(days=1)
US = timedelta(microseconds=1)
T = datetime(2024, 3, 1)


def frame(*rows: tuple[str, datetime, datetime | None]) -> pl.DataFrame:
    schema = {"lead_id": pl.String, "as_of": pl.Datetime("us"), "outcome_at": pl.Datetime("us")}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def label(rows: pl.DataFrame, cut_off: datetime = datetime(2030, 1, 1), lag: timedelta = LAG, **more: object):
    return label_rows(rows, horizon=H, ingest_lag=lag, cut_off=cut_off, **more)


def test_l1_the_window_is_open_at_t_and_closed_at_t_plus_h_to_the_microsecond():
    found = label(
        frame(
            ("at t", T, T),
            ("just after t", T, T + US),
            ("at the end", T, T + H),
            ("just after the end", T, T + H + US),
            ("never", T, None),
            ("before t", T, T - US),
        )
    )
    y = dict(found.rows.select("lead_id", "y").iter_rows())
    assert y == {"just after t": 1, "at the end": 1, "just after the end": 0, "never": 0}
    assert [(e.code, e.rows, e.leads) for e in found.excluded] == [("converted_already", 2, 2), ("immature", 0, 0)]


def test_l2_a_label_is_complete_when_its_window_and_the_lag_have_passed_inclusive():
    rows = frame(("just closed", T, None), ("still open", T + US, None))
    found = label(rows, cut_off=T + H + LAG)
    assert found.rows["lead_id"].to_list() == ["just closed"]
    assert [(e.code, e.rows) for e in found.excluded if e.rows] == [("immature", 1)]


def test_l3_an_early_positive_of_an_open_window_is_left_out_too():
    found = label(frame(("early", T + US, T + timedelta(days=2)), ("closed", T, None)), cut_off=T + H + LAG)
    assert found.rows["lead_id"].to_list() == ["closed"]


@pytest.mark.parametrize("immature_share", [0.0, 0.25, 0.5])
def test_l3_a_constant_rate_is_estimated_without_bias_however_much_is_immature(world, immature_share):
    positives = count = 0
    for seed in range(5):
        made = world(leads=4000, strength=0.0, ages=(1,), seed=seed)
        cut_off = made.rows["as_of"].quantile(1 - immature_share) + H if immature_share else made.cut_off
        known = made.rows.filter(pl.col("as_of") <= cut_off).with_columns(
            pl.when(pl.col("outcome_at") <= cut_off).then(pl.col("outcome_at")).alias("outcome_at")
        )
        found = label(known, cut_off=cut_off)
        assert sum(e.rows for e in found.excluded) + found.rows.height == known.height
        positives, count, truth = positives + found.rows["y"].sum(), count + found.rows.height, made.rows["p_true"][0]
    assert abs(positives / count - truth) < 2 * (truth * (1 - truth) / count) ** 0.5


def test_the_training_window_leaves_out_older_landmarks_and_says_so():
    found = label(frame(("old", T - US, None), ("new", T, None)), not_before=T)
    assert found.rows["lead_id"].to_list() == ["new"]
    assert (found.excluded[0].code, found.excluded[0].rows) == ("before_window", 1)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (frame(("a", T, None), ("a", T, None)), "1 rows repeat"),
        (frame(("a", T, None)).drop("outcome_at"), "outcome_at is missing"),
        (frame(("a", T, None)).with_columns(pl.lit(None, dtype=pl.Datetime("us")).alias("as_of")), "as_of is NULL"),
        (
            frame(("a", T, None)).with_columns(pl.col("as_of").dt.replace_time_zone("Europe/Berlin")),
            "not a TIMESTAMP in UTC",
        ),
        (frame(("a", T, T)).with_columns(pl.col("outcome_at").dt.date()), "not a TIMESTAMP in UTC"),
    ],
    ids=["repeated", "no outcome", "null", "zone", "date"],
)
def test_rows_that_cannot_be_labelled_are_refused(rows, complaint):
    with pytest.raises(LeadmartError, match=complaint) as caught:
        label(rows)
    assert caught.value.code == "bad_training_rows"


def test_t4_every_label_outside_test_is_complete_before_the_test_and_leads_are_disjoint(world):
    made = world(leads=4000)
    parts = split(label(made.rows, cut_off=made.cut_off), SplitSettings())
    blocks = parts.blocks()
    assert all(block.height for block in blocks.values())
    assert parts.outside_test()["as_of"].max() + H + LAG <= parts.test["as_of"].min()
    assert parts.train["as_of"].max() < parts.validation["as_of"].min()
    assert parts.validation["as_of"].max() < parts.calibration["as_of"].min()
    leads = [set(block["lead_id"]) for block in blocks.values()]
    assert sum(map(len, leads)) == len(set.union(*leads))
    assert parts.test["as_of"].max() == label(made.rows, cut_off=made.cut_off).rows["as_of"].max()
    assert parts.notes == ()


def test_t4_every_row_is_in_a_block_or_counted_as_left_out(world):
    made = world(leads=3000)
    labelled = label(made.rows, cut_off=made.cut_off)
    parts = split(labelled, SplitSettings())
    assert sum(b.height for b in parts.blocks().values()) + sum(e.rows for e in parts.left_out) == labelled.rows.height
    assert sum(e.rows for e in labelled.excluded) + labelled.rows.height == made.rows.height


def test_t4_keeping_a_lead_where_it_began_does_not_bend_the_base_rate(world):
    made = world(leads=20_000, strength=0.0, seed=11)
    parts = split(label(made.rows, cut_off=made.cut_off), SplitSettings())
    truth = made.rows["p_true"][0]
    for name, block in parts.blocks().items():
        # a lead's first row: a row taken at random would favour converters, who have fewer of them (T3)
        rate = block.sort("as_of").unique("lead_id", keep="first", maintain_order=True)["y"]
        assert abs(rate.mean() - truth) < 3 * (truth * (1 - truth) / len(rate)) ** 0.5, name


def test_t4_too_short_gives_up_calibration_first_then_validation(world):
    made = world(leads=4000, base=-3.2)
    few = label(made.rows.filter(pl.col("lead_id") < "L02400"), cut_off=made.cut_off)
    fewer = label(made.rows.filter(pl.col("lead_id") < "L01100"), cut_off=made.cut_off)
    settings = SplitSettings(validation_days=30, calibration_days=90)
    no_calibration, only_train = split(few, settings), split(fewer, settings)
    assert (no_calibration.calibration.height, no_calibration.validation.height > 0) == (0, True)
    assert "there is no calibration block" in no_calibration.notes[0]
    assert (only_train.calibration.height, only_train.validation.height) == (0, 0)
    assert "no calibration and no validation block" in only_train.notes[0]


def test_t4_given_dates_may_just_hold_the_embargo():
    rows = frame(
        *((f"train {day}", datetime(2018, 1, 1) + timedelta(days=day), None) for day in range(40)),
        *((f"test {day}", datetime(2018, 5, 1) + timedelta(days=day), None) for day in range(40)),
    )
    dates = {"test_start": datetime(2018, 5, 2), "test_end": datetime(2018, 6, 1)}
    labelled = label(rows, lag=timedelta(0))
    parts = split(labelled, SplitSettings(train_until=datetime(2018, 2, 1), **dates))
    assert (parts.train["as_of"].max(), parts.train.height) == (datetime(2018, 2, 1), 32)
    assert (parts.test["as_of"].min(), parts.test["as_of"].max()) == (dates["test_start"], dates["test_end"])
    assert {e.code: e.rows for e in parts.left_out} == {"embargo": 9, "after_test": 8, "other_block": 0}
    with pytest.raises(LeadmartError, match="complete only at 2018-05-03") as caught:
        split(labelled, SplitSettings(train_until=datetime(2018, 2, 2), **dates))
    assert caught.value.code == "embargo_broken"
    assert "set train_until to 2018-02-01" in caught.value.hint


def test_a_history_shorter_than_the_horizon_leaves_nothing_to_learn_from(world):
    made = world(leads=300, days=120)
    parts = split(label(made.rows, cut_off=made.cut_off), SplitSettings())
    assert parts.outside_test().is_empty()
    assert "nothing to learn from" in parts.notes[0]
    nothing = split(label(made.rows, cut_off=datetime(2024, 2, 1)), SplitSettings())
    assert nothing.notes == ("no row has a complete label",)


def test_a_test_block_without_rows_is_an_error_that_tells_what_there_is():
    labelled = label(frame(("a", T, None)))
    with pytest.raises(LeadmartError, match="no labelled landmark") as caught:
        split(labelled, SplitSettings(test_start=datetime(2025, 1, 1), test_end=datetime(2025, 2, 1)))
    assert "2024-03-01" in caught.value.hint


def test_outcome_leads_counts_a_lead_once():
    labelled = label(frame(("a", T, None), ("a", T + timedelta(days=30), T + timedelta(days=100)), ("b", T, None)))
    assert outcome_leads(labelled.rows) == (1, 1)


def test_the_spine_hash_does_not_see_the_order_of_rows():
    rows = label(frame(("a", T, None), ("b", T, None), ("c", T, T + US))).rows
    assert spine_hash(rows) == spine_hash(rows.reverse())
    assert spine_hash(rows) != spine_hash(rows.head(2))
