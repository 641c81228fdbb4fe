"""#50 to #54: points of fit, intent and timing, what is not known of them, and the errors of bad tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.assess import score_rows
from leadmart.scoring.fit.columns import FIT_COLUMNS, subscores
from leadmart.scoring.fit.table import WHOLE_OF, FitTable, read_fit
from leadmart.scoring.policy import Policy

CASES = Path(__file__).parent / "cases" / "fit"
REFERENCE = Path(__file__).resolve().parents[2] / "sql" / "reference"
HEADER = "part,view,code,column,rule,low,high,value,points,max_points,label\n"
POINTS = HEADER + (
    "company_fit,firmographics,size,size_band,equals,,,51-200,60,,Company of {value} people\n"
    "company_fit,account_engagement,trade,industry,equals,,,Software,50,,Industry: {value}\n"
    "role_fit,lead_profile,seniority,seniority,equals,,,founder,40,,Founder\n"
    "tech_fit,technographics,complementary,complementary_products,each,,,,25,75,Products that go with ours: {value}\n"
    "tech_fit,technographics,competing,competing_products,at_least,1,,,-30,,Products that compete: {value}\n"
)
WEIGHTS = "part,weight,label\ncompany_fit,50,company\nrole_fit,30,role\ntech_fit,20,technology\n"
SCHEMA = {
    "size_band": pl.String, "industry": pl.String, "seniority": pl.String,
    "complementary_products": pl.Int64, "competing_products": pl.Int64,
}  # fmt: skip


def packaged() -> FitTable:
    texts = [(REFERENCE / f"{name}.csv").read_text(encoding="utf-8") for name in ("fit_points", "fit_weights")]
    return read_fit(*texts)


def frame(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def test_50_the_example_of_92_88_and_85_by_the_packaged_tables() -> None:
    """#50: a company of 92, a role of 88 and technology of 85 are a fit of 89.4, and every point has its words."""
    known: dict[str, Any] = {
        "size_band": "51-200", "industry": "Software", "hq_region": "europe", "employee_growth": 0.02,
        "funding_stage": "series_b", "buying_role": "decision_maker", "seniority": "director",
        "job_function": "operations", "complementary_products": 3, "products_in_use": 8, "competing_products": 0,
    }  # fmt: skip
    table = packaged()
    lead = pl.DataFrame({column: [known.get(column)] for column in table.columns})
    found = subscores(lead, table).row(0, named=True)
    assert (found["company_fit"], found["role_fit"], found["tech_fit"]) == (92.0, 88.0, 85.0)
    assert (found["fit"], found["fit_known"]) == (pytest.approx(89.4), 1.0)
    assert found["fit_labels"] == [
        "Company of 51-200 people",
        "Industry: Software",
        "Headquarters in europe",
        "Stage of funding: series_b",
        "Decides on purchases by its title",
        "Seniority: director",
        "Works in operations",
        "Products in use that go with ours: 3",
        "Products in use: 8",
    ]
    assert found["fit_points"] == [45.0, 30.0, 12.0, 5.0, 50.0, 18.0, 20.0, 75.0, 10.0]
    # nothing is known of its intent and timing, which is not 0
    assert [found[name] for name in ("intent", "intent_known", "timing")] == [None, 0.0, None]


def test_52_a_surge_of_340_percent_and_reports_on_rivals_by_the_packaged_tables() -> None:
    table = packaged()
    known: dict[str, Any] = {"intent_surge_30d": 3.4, "intent_topics_30d": 2, "rival_topics_90d": 1, "job_posts_90d": 0}
    lead = pl.DataFrame({column: [known.get(column)] for column in table.columns})
    found = subscores(lead, table).row(0, named=True)
    assert found["third_party_intent"] == 25 + 25 + 10 + 25
    assert found["intent"] == found["third_party_intent"]
    assert found["intent_known"] == pytest.approx(0.25)
    assert "Interest elsewhere against the usual, in 30 days: 3.4" in found["fit_labels"]


def test_every_part_of_the_packaged_tables_can_reach_its_bounds() -> None:
    """A part whose highest points are far from 100 would weigh less than its weight says."""
    table = packaged()
    assert [part.name for part in table.parts] == list(WHOLE_OF)
    for part in table.parts:
        best: dict[tuple[str, str], float] = {}
        for row in part.scorecard.rows:
            kind = row.code if row.rule in ("at_least", "each") else ""
            key = (row.column, kind)
            best[key] = max(best.get(key, 0.0), row.max_points or row.points)
        assert sum(best.values()) >= 100, part.name


def test_a_part_of_which_nothing_is_known_is_null_and_the_whole_is_over_the_others() -> None:
    """#50: the share known stands beside it; what is partly known counts what is known."""
    found = subscores(
        frame(
            ("51-200", "Software", "founder", 4, 1),
            ("51-200", None, None, None, None),
            (None, None, None, 0, 2),
            (None, None, None, None, None),
        ),
        read_fit(POINTS, WEIGHTS),
    )
    assert found.columns == list(FIT_COLUMNS)
    assert found.select("company_fit", "role_fit", "tech_fit").rows() == [
        (100.0, 40.0, 45.0),  # 110 are clipped, and four products give no more than three
        (60.0, None, None),
        (None, None, 0.0),  # -30 are clipped
        (None, None, None),
    ]
    assert found["fit"].to_list() == [(100.0 * 50 + 40.0 * 30 + 45.0 * 20) / 100, 60.0, 0.0, None]
    assert found["fit_known"].to_list() == [1.0, 0.5, pytest.approx(0.2), 0.0]
    assert found["fit_codes"].to_list() == [
        ["size", "trade", "seniority", "complementary", "competing"],
        ["size"],
        ["competing"],
        [],
    ]
    assert found["fit_labels"][0].to_list()[3:] == ["Products that go with ours: 4", "Products that compete: 1"]
    assert found["timing"].null_count() == 4


def test_a_row_has_the_same_points_alone_and_among_others() -> None:
    """Nothing about a lead's row depends on which others are scored with it."""
    leads = frame(*[("51-200", "Software", "founder" if n % 2 else None, n % 5, n % 3) for n in range(97)])
    table = read_fit(POINTS, WEIGHTS.replace("30,", "7,").replace("20,", "3,"))
    together = subscores(leads, table)
    alone = pl.concat([subscores(leads.slice(n, 1), table) for n in range(leads.height)])
    assert together.equals(alone)


def test_55_fit_stands_beside_the_score_and_enters_no_part_of_it(
    world: Any, gated: Any, policy: Policy, columns: Any
) -> None:
    """#55: with the tables another policy, the same composite, tier and status."""
    rows = gated(world(leads=200, base=-1.8).rows.drop("outcome_at", "created_at", "p_true"))
    points = HEADER + "timing,form_activity,budget,budget_stated,is_true,,,,30,,Stated a budget\n"
    fit = read_fit(points, "part,weight,label\ntiming,1,now\n")
    bare = score_rows(rows, columns, policy, None, feature_set_version="f_1").rows
    given = score_rows(rows, columns, with_fit(policy, fit), None, feature_set_version="f_1").rows
    beside = [*FIT_COLUMNS, "policy_version"]
    assert given.drop(beside).equals(bare.drop(beside))
    assert bare.select(pl.col(FIT_COLUMNS).is_null().all()).row(0) == (True,) * len(FIT_COLUMNS)
    assert set(given["timing"].drop_nulls().to_list()) == {0.0, 30.0}


def with_fit(policy: Policy, fit: FitTable) -> Policy:
    from dataclasses import replace

    return replace(policy, fit=fit)


def test_whatever_the_tables_say_is_in_the_policy_version(policy: Policy) -> None:
    """Points, words, weights, and the views behind them; not comments, nor where a row stands in the file."""
    versions = [policy.policy_version]
    for points, weights in (
        (POINTS, WEIGHTS),
        (POINTS.replace(",60,", ",61,"), WEIGHTS),
        (POINTS.replace("Founder", "Founded it"), WEIGHTS),
        (POINTS, WEIGHTS.replace("50", "49")),
        (POINTS, WEIGHTS.replace("technology", "stack")),
    ):
        versions.append(with_fit(policy, read_fit(points, weights)).policy_version)
    table = read_fit(POINTS, WEIGHTS)
    versions.append(with_fit(policy, FitTable(table.parts, (("firmographics@v1", "abc"),))).policy_version)
    assert len(set(versions)) == len(versions)
    commented = read_fit("# ours\n\n" + POINTS, WEIGHTS)
    assert with_fit(policy, commented).policy_version == versions[1]


@pytest.mark.parametrize("path", sorted(CASES.glob("*.csv")), ids=lambda path: path.stem)
def test_a_bad_table_is_named_with_its_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    asked = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    with pytest.raises(LeadmartError) as caught:
        read_fit(text, WEIGHTS, "my.csv")
    assert caught.value.code == "bad_fit"
    assert asked["complaint"] in caught.value.message
    assert str(caught.value.place) == f"my.csv:{asked['line']}"


@pytest.mark.parametrize(
    ("weights", "complaint", "place"),
    [
        (WEIGHTS + "roles,1,x\n", "unknown part 'roles'", "fit_weights.csv:5"),
        (WEIGHTS + "role_fit,1,x\n", "role_fit has its weight already", "fit_weights.csv:5"),
        (WEIGHTS.replace("50", "-1"), "company_fit wants a weight from 0", "fit_weights.csv:2"),
        (WEIGHTS.replace("role_fit,30,role\n", ""), "role_fit has points and no weight", "fit_points.csv:4"),
        (WEIGHTS.replace("50", "0").replace("30", "0").replace("20", "0"), "every part of fit weighs 0", None),
    ],
)
def test_a_bad_weight_is_named_with_its_line(weights: str, complaint: str, place: str | None) -> None:
    with pytest.raises(LeadmartError) as caught:
        read_fit(POINTS, weights)
    assert (caught.value.code, complaint in caught.value.message) == ("bad_fit", True)
    assert place is None or str(caught.value.place) == place


def test_all_that_is_wrong_is_told_at_once() -> None:
    bad = POINTS.replace("role_fit,", "roll_fit,").replace(",60,", ",sixty,")
    with pytest.raises(LeadmartError) as caught:
        read_fit(bad, WEIGHTS + "x,1,x\n")
    places = {str(each.place) for each in (caught.value, *caught.value.others)}
    assert places == {"fit_weights.csv:5", "fit_points.csv:4", "fit_points.csv:2"}
