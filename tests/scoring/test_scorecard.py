"""Points: the default weights of requirement 56, what NULLs and ceilings do, and the errors of a bad file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.reason_templates import read_templates
from leadmart.scoring.scorecard import points, read_scorecard

CASES = Path(__file__).parent / "cases"
BAD_FILES = sorted([*(CASES / "scorecard").glob("*.csv"), *(CASES / "reasons").glob("*.csv")])
FEATURES = {
    "seniority": pl.String, "employees": pl.Int64, "sessions_30d": pl.Int64, "emails_clicked_30d": pl.Int64,
    "email_replies_90d": pl.Int64, "budget_stated": pl.Boolean,
}  # fmt: skip


def rows(*values: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(values), schema=FEATURES, orient="row")


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_bad_file_is_named_with_its_line(path):
    text = path.read_text(encoding="utf-8")
    asked = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    read = read_scorecard if path.parent.name == "scorecard" else read_templates
    with pytest.raises(LeadmartError) as caught:
        read(text, "my.csv")
    assert asked["complaint"] in caught.value.message
    assert str(caught.value.place) == f"my.csv:{asked['line']}"


def test_all_problems_of_a_file_are_told_at_once():
    header = "code,column,rule,low,high,value,points,max_points,label\n"
    with pytest.raises(LeadmartError) as caught:
        read_scorecard(header + "a,x,rnge,1,2,,5,,l\na,x,range,1,2,,,,l\n")
    assert [str(caught.value.place), *(str(other.place) for other in caught.value.others)] == [
        "scorecard.csv:2",
        "scorecard.csv:3",
    ]


def test_requirement_56_the_default_weights(scorecard):
    found = points(
        rows(
            ("founder", 10, 0, 0, 0, False),
            ("director", 11, 1, 1, 0, True),
            ("manager", 51, 6, 0, 2, None),
            ("other", 200, 7, 3, 1, True),
            ("student", 201, 100, 1, 1, True),
        ),
        scorecard,
    )
    assert found["rules_score"].to_list() == [
        25 + 5,
        20 + 15 + 3 + 15 + 20,
        10 + 25 + 18 + 15,
        2 + 25 + 20 + 15 + 20,
        0 + 10 + 20 + 15 + 20,
    ]


def test_a_click_and_a_reply_share_the_points_of_their_code(scorecard):
    found = points(rows((None, None, 0, 1, 1, None)), scorecard)
    assert found.select("rules_score", "points:emails_clicked_30d", "points:email_replies_90d").row(0) == (
        15.0,
        15.0,
        0.0,
    )


def test_nulls_give_no_points(scorecard):
    found = points(rows((None, None, None, None, None, None)), scorecard)
    assert set(found.row(0)) == {0.0}


def test_the_sum_is_clipped_at_100_and_the_parts_are_not(scorecard):
    richer = read_scorecard(
        "code,column,rule,low,high,value,points,max_points,label\n"
        "a,sessions_30d,each,,,,7,,visits\nb,budget_stated,is_true,,,,90,,budget\n"
    )
    found = points(rows((None, None, 2, 0, 0, True), (None, None, 1, 0, 0, False)), richer)
    assert found.rows() == [(100.0, 14.0, 90.0), (7.0, 7.0, 0.0)]


def test_points_add_up_to_the_score_below_100(scorecard):
    draw = np.random.default_rng(5)
    count = 500
    frame = pl.DataFrame(
        {
            "seniority": draw.choice(["founder", "director", "x"], count),
            "employees": draw.integers(1, 400, count),
            "sessions_30d": draw.integers(0, 12, count),
            "emails_clicked_30d": draw.integers(0, 3, count),
            "email_replies_90d": draw.integers(0, 3, count),
            "budget_stated": draw.random(count) < 0.5,
        }
    )
    found = points(frame, scorecard)
    total = found.select(pl.sum_horizontal(pl.exclude("rules_score")).clip(0, 100)).to_series()
    assert total.to_list() == found["rules_score"].to_list()


def test_a_column_that_no_view_has_is_named_with_its_near_name(scorecard):
    frame = rows((None, None, 0, 0, 0, None)).rename({"sessions_30d": "sessions_31d"})
    with pytest.raises(LeadmartError, match="sessions_30d") as caught:
        points(frame, scorecard)
    assert (caught.value.code, caught.value.hint) == ("unknown_column", "did you mean sessions_31d?")
    assert str(caught.value.place) == "scorecard.csv:10"


def test_a_rule_that_does_not_fit_the_type_is_refused(scorecard):
    frame = rows((None, None, 0, 0, 0, None)).with_columns(pl.lit("many").alias("sessions_30d"))
    with pytest.raises(LeadmartError, match="each does not fit sessions_30d"):
        points(frame, scorecard)


def test_an_empty_scorecard_scores_zero():
    empty = read_scorecard("code,column,rule,low,high,value,points,max_points,label\n")
    assert points(rows((None, None, 1, 0, 0, None)), empty)["rules_score"].to_list() == [0.0]
