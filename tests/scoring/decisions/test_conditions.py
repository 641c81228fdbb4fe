"""Conditions of tables that people edit: what they may say, what they mean, and what is refused."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError, Place, each_of
from leadmart.scoring.decisions.conditions import Condition, refuse_unfit

SCHEMA = pl.Schema(
    {"views": pl.Int64, "score": pl.Float64, "country": pl.String, "is_open": pl.Boolean, "seen_at": pl.Datetime("us")}
)


def condition(text: str) -> Condition:
    return Condition(text, Place("playbook.csv", line=3), "bad_playbook")


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """300 rows, a quarter of each column NULL."""
    random = np.random.default_rng(7)

    def with_gaps(values: list[object]) -> list[object]:
        return [None if random.random() < 0.25 else value for value in values]

    return pl.DataFrame(
        {
            "views": with_gaps(random.integers(0, 6, 300).tolist()),
            "score": with_gaps((random.random(300) * 100).round(1).tolist()),
            "country": with_gaps(random.choice(["DE", "FR", "US"], 300).tolist()),
            "is_open": with_gaps((random.random(300) < 0.5).tolist()),
        },
        schema={name: SCHEMA[name] for name in ("views", "score", "country", "is_open")},
    )


@pytest.mark.parametrize(
    "text",
    [
        "score >= 80 AND views > 0",
        "score >= 80 OR views = 5 OR is_open",
        "NOT (views > 2 AND is_open)",
        "country IN ('DE', 'FR') AND score BETWEEN 20 AND 60.5",
        "country NOT IN ('DE', 'FR')",
        "country IS NULL OR country <> 'US'",
        "is_open IS NOT TRUE AND views IS NOT NULL",
        "COALESCE(views, 0) * 10 + score - 5 < 40",
        "is_open = FALSE",
        "views > -1",
        "TRUE",
        "NULL",
        "views IN (1, NULL)",
        "NOT country = 'DE' AND COALESCE(is_open, score > 50)",
    ],
)
def test_a_condition_means_what_it_means_in_duckdb(text: str, frame: pl.DataFrame) -> None:
    """#66: NULL is not known, and what is not known does not hold."""
    ours = frame.select(condition(text).holds(frame.schema).alias("holds"))
    with duckdb.connect() as con:
        con.register("frame", frame.with_row_index("n").to_arrow())
        theirs = con.sql(f"SELECT COALESCE({text}, FALSE) AS holds FROM frame ORDER BY n").pl()
    if ours.height == 1:  # a condition without a column
        ours = pl.DataFrame({"holds": [ours["holds"][0]] * frame.height})
    assert ours["holds"].to_list() == theirs["holds"].to_list()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("views > (SELECT 1)", "cannot stand in a condition"),
        ("EXISTS (SELECT 1 FROM leads)", "cannot stand in a condition"),
        ("views IN (SELECT 1)", "cannot stand in a condition"),
        ("country IN country", "cannot stand in a condition"),
        ("views BETWEEN SYMMETRIC 3 AND 1", "cannot stand in a condition"),
        ("random() > 0.5", "cannot stand in a condition"),
        ("CURRENT_DATE > '2026-01-01'", "cannot stand in a condition"),
        ("score / 0 > 1", "cannot stand in a condition"),
        ("regexp_matches(country, 'D')", "cannot stand in a condition"),
        ("country LIKE 'D%'", "cannot stand in a condition"),
        ("leads.score > 1", "names a table"),
        ("score >= ", "cannot be read"),
        ("score > 1; DROP TABLE leads", "cannot be read"),
        ("SELECT 1", "cannot stand in a condition"),
        ("views + 1", "neither true nor false"),
        ("country > 5", "compares a number with a text"),
        ("is_open > 1", "compares a boolean with a number"),
        ("views AND is_open", "is a number where a boolean is meant"),
        ("seen_at > seen_at", "compares moments"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(LeadmartError) as refused:
        condition(text).holds(SCHEMA)
    assert refused.value.code == "bad_playbook"
    assert words in refused.value.message
    assert str(refused.value.place) == "playbook.csv:3"


def test_all_conditions_that_do_not_fit_are_told_at_once_and_of_unknown_types_nothing() -> None:
    asked = [
        condition(text) for text in ("views = 'many'", "views > 1", "is_open + 1 > 2", "later > 1 AND later = 'x'")
    ]
    with pytest.raises(LeadmartError) as refused:
        refuse_unfit(asked, {**SCHEMA, "later": pl.Null()})
    assert [each.message for each in each_of(refused.value)] == [
        "views = 'many' compares a number with a text",
        "is_open is a boolean where a number is meant",
    ]


def test_an_unknown_column_is_named_with_near_ones() -> None:
    with pytest.raises(LeadmartError) as refused:
        condition("vews > 1 AND score > 2").refuse_unknown(SCHEMA)
    assert refused.value.code == "unknown_column"
    assert "vews" in refused.value.message
    assert "views" in (refused.value.hint or "")
    assert condition("vews > 1 AND score > 2 OR vews = 0").columns() == ("vews", "score")
