"""The shipped suites: each can be asked, on the columns that the packaged SQL gives, and holds on honest rows."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import expressions

from leadmart.expectations.quality import Suite, Verdict, check, suites

SQL = Path(__file__).parents[2] / "sql"
PACKAGED = {suite.name: suite for suite in suites(None)}

WORDS = {
    "lead_source", "country", "seniority", "job_function", "email_kind", "industry", "lead_id", "account_id",
    "buying_role", "channel", "first_medium", "first_campaign", "last_source_90d", "last_campaign_90d",
    "last_keyword_90d", "content_stage_90d", "size_band", "hq_country", "hq_region", "funding_stage",
    "crm_in_use", "marketing_automation_in_use", "cloud_in_use",
}  # fmt: skip
SCORE = "scores.lead_scores"


def source_columns(table: str) -> dict[str, str]:
    """Column → type. Every column of a packaged source is `CAST(… AS type) AS name`, or text."""
    select = sqlglot.parse_one((SQL / "sources" / "plain" / f"{table}.sql").read_text(), read="duckdb")
    assert isinstance(select, expressions.Select)
    casts = {column.alias: column.this for column in select.expressions}
    return {
        name: cast.to.sql("duckdb") if isinstance(cast, expressions.Cast) else "TEXT" for name, cast in casts.items()
    }


def view_columns(ref: str) -> dict[str, str]:
    """Column → type of a packaged view or gate; the type by its name, as this test does not run it."""
    name, version = ref.split("@")
    room = "gates" if (SQL / "gates" / name).is_dir() else "features"
    select = sqlglot.parse_one((SQL / room / name / f"{version}.sql").read_text(), read="duckdb")
    assert isinstance(select, expressions.Select)
    is_boolean = re.compile(r"^(is|lacks|has|shows|wants|asked)_|_stated$")
    return {
        column: "TIMESTAMP"
        if column == "as_of"
        else "TEXT"
        if column in WORDS
        else "BOOLEAN"
        if is_boolean.search(column)
        else "BIGINT"
        for column in select.named_selects
    }


def score_columns() -> dict[str, str]:
    """Column → type of scores.lead_scores, out of the migrations."""
    text = "".join(path.read_text() for path in sorted((SQL / "migrations").glob("*.sql")))
    body = re.search(rf"CREATE TABLE {re.escape(SCORE)} \((.*?)\n\);", text, re.S)
    assert body
    later = re.findall(rf"^ALTER TABLE {re.escape(SCORE)} ADD COLUMN (\w+) ([A-Z]+(?:\[\])?)", text, re.M)
    return dict([*re.findall(r"^\s+([a-z_]+)\s+([A-Z]+(?:\[\])?)", body.group(1), re.M), *later])


def columns(suite: Suite) -> dict[str, str]:
    if suite.stage == "source":
        return source_columns(suite.table)
    return score_columns() if suite.stage == "score" else view_columns(suite.table)


def judge(suite: Suite, folder: Path, given: list[dict[str, str]]) -> Verdict:
    """The verdict on rows given as SQL expressions by column; what is not given is NULL."""
    shape = columns(suite)
    for row in given:
        assert row.keys() <= shape.keys(), row.keys() - shape.keys()
    selects = [
        ", ".join(f"CAST({row.get(name, 'NULL')} AS {type_}) AS {name}" for name, type_ in shape.items())
        for row in given
    ]
    rows = " UNION ALL ".join(f"SELECT {select}" for select in selects)
    if not given:
        rows = (
            "SELECT " + ", ".join(f"CAST(NULL AS {type_}) AS {name}" for name, type_ in shape.items()) + " WHERE FALSE"
        )
    with duckdb.connect() as connection:
        connection.sql(rows).write_parquet(str(folder / "rows.parquet"))
    return check(suite, suite.table, [folder / "rows.parquet"], "abc")


def test_every_packaged_definition_has_a_suite() -> None:
    tables = {(suite.stage, suite.table) for suite in PACKAGED.values()}
    wanted = {("source", path.stem) for path in (SQL / "sources" / "plain").glob("*.sql")}
    for room in ("features", "gates"):
        wanted |= {("feature", f"{path.parent.name}@{path.stem}") for path in (SQL / room).glob("*/v*.sql")}
    assert tables == wanted | {("score", "lead_scores")}


def test_suites_are_named_by_stage_and_table() -> None:
    for suite in PACKAGED.values():
        assert suite.name == f"{suite.stage}.{suite.table.partition('@')[0]}" == suite.path.stem


@pytest.mark.parametrize("name", sorted(PACKAGED))
def test_an_empty_table_lacks_no_column_and_only_leads_may_not_be_empty(name: str, tmp_path: Path) -> None:
    verdict = judge(PACKAGED[name], tmp_path, [])
    assert verdict.errored == 0, verdict.details
    assert [detail["message"] for detail in verdict.details] == ["there are rows: found 0"]
    assert verdict.success is (name != "source.leads")


@pytest.mark.parametrize("name", sorted(name for name in PACKAGED if name.startswith("feature.")))
def test_counts_may_be_unknown_where_history_does_not_reach(name: str, tmp_path: Path) -> None:
    shape = columns(PACKAGED[name])
    known = {column: "FALSE" for column, type_ in shape.items() if type_ == "BOOLEAN"}
    key = "account_id" if "account_id" in shape else "lead_id"
    rows = [{key: f"'{number}'", "as_of": "'2026-01-01'", **known} for number in range(3)]
    verdict = judge(PACKAGED[name], tmp_path, rows)
    assert verdict.critical_failures == verdict.errored == 0, verdict.details


LEAD = {
    "lead_id": "'L1'",
    "occurred_at": "'2026-01-01 09:00'",
    "ingested_at": "'2026-01-01 10:00'",
    "email": "'ada@example.com'",
    "lead_source": "'ads'",
}
MAIL = {
    "event_id": "'E1'",
    "lead_id": "'L1'",
    "occurred_at": "'2026-01-01 09:00'",
    "ingested_at": "'2026-01-01 10:00'",
    "event_type": "'open'",
}
WEB = {"lead_id": "'L1'", "as_of": "'2026-01-01'", "sessions_7d": "1", "sessions_30d": "2", "sessions_90d": "3"}
GATES = {name: "FALSE" for name in view_columns("icp@v1") if name not in ("lead_id", "as_of")}
GATES |= {"lead_id": "'L1'", "as_of": "'2026-01-01'"}
HOT = {
    "lead_id": "'L1'",
    "as_of": "'2026-01-01'",
    "feature_set_version": "'f'",
    "model_version": "'rules'",
    "policy_version": "'p'",
    "role": "'champion'",
    "w": "0",
    "rules_score": "80",
    "boost": "5",
    "cap": "100",
    "composite": "85",
    "tier": "'hot'",
    "qualification_status": "'sales_ready'",
    "gates": "[]",
    "reason_codes": "['visits']",
    "reasons": "['Visited 4 times']",
}
FIT = {
    "fit": "90.5",
    "fit_known": "0.8",
    "company_fit": "92",
    "role_fit": "88",
    "fit_parts": "['role_fit']",
    "fit_codes": "['seniority']",
    "fit_points": "[88.0]",
    "fit_labels": "['Seniority: founder']",
}
LIMITS = {"best_tier": "'hot'", "tier_by": "'composite'", "hot_from": "80", "warm_from": "50", "data_grade": "'B'"}
BLENDED = HOT | {"p_raw": "0.4", "p_cal": "0.3", "rank": "0.9", "w": "0.5", "composite": "90"}
OUT = HOT | {
    "cap": "0",
    "composite": "0",
    "tier": "'disqualified'",
    "qualification_status": "'disqualified'",
    "gates": "['is_student']",
    "reason_codes": "['is_student']",
    "reasons": "['Student or academic']",
}
COLD = HOT | {"rules_score": "10", "composite": "15", "tier": "'cold'", "qualification_status": "'nurture'"}
COLD |= {"reasons": "NULL", "reason_codes": "NULL"}


@pytest.mark.parametrize(
    ("name", "row", "change", "complaint"),
    [
        ("source.leads", LEAD, {}, None),
        ("source.leads", LEAD, {"consent": "'granted'"}, None),
        ("source.leads", LEAD, {"consent": "'DENIED'"}, "consent is granted, denied or NULL"),
        ("source.leads", LEAD, {"lead_id": "NULL"}, "lead_id is never NULL"),
        ("source.leads", LEAD, {"occurred_at": "'1970-01-01'"}, "nine in ten occurred_at are after 1994"),
        ("source.leads", LEAD, {"ingested_at": "NULL"}, "ingested_at is known for half the rows"),
        ("source.email_events", MAIL, {}, None),
        ("source.email_events", MAIL, {"event_type": "'OPEN'"}, "nine in ten event_type are ones that features know"),
        ("feature.web_engagement", WEB, {}, None),
        ("feature.web_engagement", WEB, {"pricing_views_7d": "-1"}, "pricing_views_7d is at least 0"),
        ("feature.web_engagement", WEB, {"sessions_30d": "0"}, "a longer window holds the shorter"),
        ("feature.icp", GATES, {}, None),
        ("feature.icp", GATES, {"is_student": "NULL"}, "is_student is never NULL"),
        ("score.lead_scores", HOT, {}, None),
        ("score.lead_scores", BLENDED, {}, None),
        ("score.lead_scores", OUT, {}, None),
        ("score.lead_scores", COLD, {}, None),
        ("score.lead_scores", HOT, {"composite": "84"}, "the stored parts add up"),
        ("score.lead_scores", HOT, {"composite": "'nan'"}, "composite is from 0 to 100"),
        ("score.lead_scores", BLENDED, {"p_cal": "1.01"}, "p_cal is from 0 to 1"),
        ("score.lead_scores", BLENDED, {"p_cal": "NULL"}, "where the model weighs in"),
        ("score.lead_scores", OUT, {"composite": "10"}, "composite is at most the cap"),
        ("score.lead_scores", OUT, {"reasons": "[]", "reason_codes": "[]"}, "whoever is disqualified has"),
        ("score.lead_scores", HOT, {"tier": "'warmish'"}, "tier holds known values"),
        ("score.lead_scores", HOT | LIMITS, {}, None),
        ("score.lead_scores", BLENDED | LIMITS, {"p_low": "0.2", "p_high": "0.5", "against": "[]"}, None),
        ("score.lead_scores", HOT | LIMITS, {"hot_from": "90"}, "tier follows from the row's own limits"),
        ("score.lead_scores", HOT | LIMITS, {"best_tier": "'warm'"}, "tier follows from the row's own limits"),
        ("score.lead_scores", BLENDED | LIMITS, {"p_low": "0.4", "p_high": "0.5"}, "p_cal stands within its interval"),
        ("score.lead_scores", HOT | LIMITS, {"data_grade": "'E'"}, "data_grade holds known values"),
        ("score.lead_scores", HOT, {"reason_groups": "['a', 'b']"}, "every reason has a group"),
        ("score.lead_scores", HOT, {"reasons": "['']"}, "every reason has a code and words"),
        ("score.lead_scores", HOT | FIT, {}, None),
        ("score.lead_scores", HOT | FIT, {"role_fit": "101"}, "fit, intent, timing and their parts are from 0 to 100"),
        ("score.lead_scores", HOT | FIT, {"fit": "93"}, "fit and intent lie between their parts"),
        ("score.lead_scores", HOT | FIT, {"fit_labels": "['']"}, "every point of fit, intent and timing has a rule"),
    ],
)
def test_a_suite_holds_on_honest_rows_and_fails_on_the_changed_one(
    name: str, row: dict[str, str], change: dict[str, str], complaint: str | None, tmp_path: Path
) -> None:
    verdict = judge(PACKAGED[name], tmp_path, [row | change])
    assert verdict.errored == 0, verdict.details
    critical = [detail["message"] for detail in verdict.details if detail["severity"] == "critical"]
    assert verdict.success is (complaint is None), critical
    assert complaint is None or any(message.startswith(complaint) for message in critical), critical


def test_a_key_that_comes_twice_is_critical(tmp_path: Path) -> None:
    verdict = judge(PACKAGED["score.lead_scores"], tmp_path, [HOT, HOT])
    assert [detail["message"].partition(":")[0] for detail in verdict.details] == [
        "one row per lead_id, as_of, feature_set_version, model_version, policy_version"
    ]
