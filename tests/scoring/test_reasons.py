"""X1 to X5: reasons are true, come in the order of what they moved, and stay behind the gates."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from leadmart.features.protected import is_unspoken
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
    row = found.row(0, named=True)
    assert len(row["reason_codes"]) == len(row["reason_groups"]) == len(row["reasons"])
    return row["reasons"]


def against(rows: pl.DataFrame, *contributions: float, **more: object) -> list[tuple[str, str, str]]:
    """(code, group, words) of what speaks against."""
    row = reasons_of(rows, NAMES, np.array([contributions]), templates=TEMPLATES, **more).row(0, named=True)
    return list(zip(row["against_codes"], row["against_groups"], row["against"], strict=True))


def test_x2_windows_of_one_group_are_added_up_before_ranking():
    assert reasons(frame(), 0.3, 0.4, 0.5, 0.0, 0.0, 0.0) == ["Viewed pricing 3 times in 30 days", "Visited 8 times"]
    assert reasons(frame(), 0.6, -0.5, 0.5, 0.0, 0.0, 0.0) == ["Visited 8 times", "Viewed pricing 1 times in 7 days"]


def test_x2_at_most_three_and_ties_by_code():
    assert reasons(frame(), 0, 0.5, 0.5, 0.5, 0.5, 0) == [
        "Stated a budget in a form",
        "Level: founder",
        "Viewed pricing 3 times in 30 days",
    ]


def test_x2_what_pulled_down_is_said_apart_three_at_most_in_the_same_way():
    """X2, X5: groups are summed first, the largest loss leads, ties by code, nothing below 5 %."""
    found = against(frame(), -0.3, -0.4, -0.5, 0.0, 2.0, -0.04)
    assert found == [
        ("pricing_30", "pricing", "Viewed pricing 3 times in 30 days"),
        ("sessions", "web", "Visited 8 times"),
    ]
    assert against(frame(), 0.6, -0.5, 0.5, 0.0, 0.0, 0.0) == []
    tied = against(frame(), 0, -0.5, -0.5, -0.5, -0.5, 0)
    assert [code for code, _, _ in tied] == ["budget", "level", "pricing_30"]
    assert against(frame(budget=False), 0, 0, 0, -1.0, 0, 0) == []  # "Stated a budget" is not true of this lead


@pytest.mark.parametrize("seed", range(20))
def test_x2_for_and_against_are_what_plain_python_finds(seed: int):
    """X2, X4, X5: on random contributions, against the rule written out row by row."""
    draw = np.random.default_rng(seed)
    # sums of these are exact in any order, and ties happen
    shares = draw.choice([-2.0, -0.5, -0.0625, 0.0, 0.0625, 0.5, 2.0], (30, len(NAMES)))
    rows = pl.concat([frame(sessions=int(n)) for n in range(30)])
    found = reasons_of(rows, NAMES, shares, templates=TEMPLATES)
    groups = {"pricing": [0, 1], "web": [2], "budget": [3], "person": [4], "share": [5]}
    codes = ["pricing_7", "pricing_30", "sessions", "budget", "level", "share"]
    for number, row in enumerate(found.iter_rows(named=True)):
        sums = {group: sum(shares[number, at] for at in members) for group, members in groups.items()}
        total = sum(abs(each) for each in sums.values())
        for sign, told, kind in (
            (1, row["reason_codes"], "reason_groups"),
            (-1, row["against_codes"], "against_groups"),
        ):
            strong = [g for g, value in sums.items() if sign * value > 0 and sign * value >= 0.05 * total]
            strong.sort(key=lambda g: (-sign * sums[g], min(codes[at] for at in groups[g])))
            speakers = [codes[max(groups[g], key=lambda at: sign * shares[number, at])] for g in strong]
            assert told == speakers[:3]
            assert row[kind] == strong[:3]


def test_x3_protected_and_consent_columns_are_never_named():
    """X3: by a word of the column's name, or because the policy says so; they count, and another reason may follow."""
    rows = frame().rename({"share": "email_consent"})
    names = [*NAMES[:5], "email_consent"]
    found = reasons_of(rows, names, np.array([[0, 0, 0.4, 0, 0, 2.0]]), templates=TEMPLATES)
    assert found.row(0, named=True)["reasons"] == ["Visited 8 times"]
    assert reasons(frame(), 0, 0, 0.05, 0, 0, 2.0, unspoken=("share",)) == []
    assert reasons(frame(), 0, 0, 0.4, 0, 0, 2.0, unspoken=("share",)) == ["Visited 8 times"]
    assert against(frame(), 0, 0, -0.4, 0, 0, -2.0, unspoken=("share",)) == [("sessions", "web", "Visited 8 times")]
    birth_and_belief = ("gender", "applicant_sex", "birth_year", "birthDate", "Ethnicity", "gender_2")
    for column in (*birth_and_belief, "home_postcode", "plz", "has_consented"):
        assert is_unspoken(column)
    for column in ("lead_age_days", "country", "sessions_30d", "essex_visits", "traceability"):
        assert not is_unspoken(column)


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
    front = reasons_of(rows, NAMES, np.array([[0, 1.0, 0.4, 0, 0, 0]]), templates=TEMPLATES, rules=rules, boost=boost)
    assert front["reason_groups"].to_list() == [["gate", "gate", "web"]]
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
    assert found["reason_groups"].to_list() == [["web"] if n % 2 == 0 else [] for n in range(50)]
    assert found["reason_codes"].to_list() == [["sessions"] if n % 2 == 0 else [] for n in range(50)]


def test_no_rows_and_no_columns_give_empty_lists():
    assert reasons_of(frame().clear(), NAMES, np.empty((0, 6)), templates=TEMPLATES).height == 0
    nothing = reasons_of(frame(), [], np.empty((1, 0)), templates=TEMPLATES)
    assert nothing.rows() == [([],) * 6]
    assert set(nothing.schema.values()) == {pl.List(pl.String)}
