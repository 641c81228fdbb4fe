"""X1 to X5: reasons are true, come in the order of what they moved, and stay behind the gates."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.policy import Boost
from leadmart.scoring.reason_templates import read_templates
from leadmart.scoring.reasons import reasons_of

NAMES = ["pricing_7d", "pricing_30d", "sessions", "budget", "level", "share"]
TEMPLATES = read_templates(
    "code,column,group,template,missing_template\n"
    "pricing_7,pricing_7d,pricing,Viewed pricing {value} times in 7 days,No web activity recorded\n"
    "pricing_30,pricing_30d,pricing,Viewed pricing {value} times in 30 days,No web activity recorded\n"
    "sessions,sessions,web,Visited {value} times,No web activity recorded\n"
    "budget,budget,budget,Stated a budget in a form,\n"
    "level,level,person,Level: {value},\n"
)


def frame(**values: object) -> pl.DataFrame:
    plain = {"pricing_7d": 1, "pricing_30d": 3, "sessions": 8, "budget": True, "level": "founder", "share": 0.25}
    return pl.DataFrame({name: [value] for name, value in (plain | values).items()})


def reasons(rows: pl.DataFrame, *contributions: float, **more: object) -> list[str]:
    found = reasons_of(rows, NAMES, np.array([contributions]), templates=TEMPLATES, **more)
    codes, words = found.row(0)
    assert len(codes) == len(words)
    return words


def test_x2_windows_of_one_group_are_added_up_before_ranking():
    assert reasons(frame(), 0.3, 0.4, 0.5, 0.0, 0.0, 0.0) == ["Viewed pricing 3 times in 30 days", "Visited 8 times"]
    assert reasons(frame(), 0.6, -0.5, 0.5, 0.0, 0.0, 0.0) == ["Visited 8 times", "Viewed pricing 1 times in 7 days"]


def test_x2_at_most_three_and_ties_by_code():
    assert reasons(frame(), 0, 0.5, 0.5, 0.5, 0.5, 0) == [
        "Stated a budget in a form",
        "Level: founder",
        "Viewed pricing 3 times in 30 days",
    ]


def test_x3_the_words_hold_the_real_value():
    assert reasons(frame(pricing_30d=17), 0, 1.0, 0, 0, 0, 0) == ["Viewed pricing 17 times in 30 days"]


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.25, "0.25"), (3.0, "3"), (1234567.891, "1234567.89"), (0.0004567, "0.000457"), (-2.5, "-2.5"), (0.0, "0")],
)
def test_x3_numbers_are_written_in_no_country_s_way(value, words):
    assert reasons(frame(share=value), 0, 0, 0, 0, 0, 1.0, comments={"share": "share of mail opened"}) == [
        f"share of mail opened: {words}"
    ]


def test_x3_a_missing_value_has_its_own_words():
    rows = frame(sessions=None).cast({"sessions": pl.Int64})
    assert reasons(rows, 0, 0, 1.0, 0, 0, 0) == ["No web activity recorded"]
    assert reasons(frame(level=None).cast({"level": pl.String}), 0, 0, 0, 0, 1.0, 0) == []


def test_x3_a_claim_is_only_made_where_it_is_true():
    assert reasons(frame(budget=False), 0, 0, 0, 1.0, 0.2, 0) == ["Level: founder"]


def test_x3_a_column_without_template_gets_its_comment_and_value():
    assert TEMPLATES.lacking(NAMES) == ("share",)
    assert reasons(frame(), 0, 0, 0, 0, 0, 1.0) == ["share: 0.25"]


def test_x5_what_moved_less_than_a_twentieth_is_no_reason():
    assert reasons(frame(), 0, 1.0, 0.06, 0.04, 0, 0) == ["Viewed pricing 3 times in 30 days", "Visited 8 times"]


def test_x5_what_pulled_down_is_no_reason():
    assert reasons(frame(), 0, -1.0, 0.5, -0.5, -0.1, 0) == ["Visited 8 times"]
    assert reasons(frame(), 0, -1.0, 0, 0, 0, 0) == []


def test_x4_gates_come_before_the_boost_and_the_boost_before_the_model(rules, gated):
    boost = Boost("sessions", max=10.0)
    rows = gated(frame(boost=8.0), is_competitor=[True], was_rejected=[True])
    assert reasons(rows, 0, 1.0, 0.4, 0, 0, 0, rules=rules, boost=boost) == [
        "works for a competitor",
        "rejected by sales before",
        "Visited 8 times",
    ]
    plain = gated(frame(boost=8.0))
    assert reasons(plain, 0, 1.0, 0.4, 0, 0, 0, rules=rules, boost=boost) == [
        "Visited 8 times",
        "Viewed pricing 3 times in 30 days",
    ]
    faint = gated(frame(boost=4.9))
    assert reasons(faint, 0, 1.0, 0.4, 0, 0, 0, rules=rules, boost=boost)[0] == "Viewed pricing 3 times in 30 days"


def test_rows_keep_their_places():
    rows = pl.concat([frame(sessions=n) for n in range(50)])
    shares = np.zeros((50, len(NAMES)))
    shares[::2, 2] = 1.0
    found = reasons_of(rows, NAMES, shares, templates=TEMPLATES)
    assert found["reasons"].to_list() == [[f"Visited {n} times"] if n % 2 == 0 else [] for n in range(50)]
    assert found["reason_codes"].to_list() == [["sessions"] if n % 2 == 0 else [] for n in range(50)]


def test_no_rows_and_no_columns_give_empty_lists():
    assert reasons_of(frame().clear(), NAMES, np.empty((0, 6)), templates=TEMPLATES).height == 0
    nothing = reasons_of(frame(), [], np.empty((1, 0)), templates=TEMPLATES)
    assert nothing.rows() == [([], [])]
    assert nothing.schema["reasons"] == pl.List(pl.String)
