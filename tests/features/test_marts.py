"""The packaged marts, run as they are written over a few made-up rows, and in the catalogue of a project."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

SQL = Path(__file__).resolve().parents[2] / "sql"
MARTS = sorted(path.stem for path in (SQL / "marts").glob("*.sql"))

JAN, FEB, MAR = datetime(2026, 1, 5), datetime(2026, 2, 2), datetime(2026, 3, 2)
# lead, as_of, tier, composite, p_cal, gates
SCORES = [
    ("L1", JAN, "hot", 90.0, 0.8, []),
    ("L2", JAN, "hot", 85.0, 0.6, []),
    ("L3", JAN, "warm", 60.0, 0.3, []),
    ("L4", JAN, "cold", 20.0, 0.1, []),
    ("L5", JAN, "disqualified", 20.0, 0.2, ["is_student"]),
    ("L2", FEB, "warm", 70.0, 0.5, []),
    ("L6", FEB, "hot", 88.0, 0.7, []),
    ("L6", MAR, "hot", 89.0, 0.7, []),
    ("L7", MAR, "warm", 55.0, 0.4, []),
    ("L8", MAR, "warm", 52.0, 0.5, []),
    ("L9", MAR, "disqualified", 20.0, 0.9, ["is_competitor"]),
]


@pytest.fixture
def catalogue() -> duckdb.DuckDBPyConnection:
    """A catalogue with what marts read: the horizon is 20 days, the data end on March 2nd."""
    con = duckdb.connect()
    for schema in ("scores", "staging", "labels", "reference", "links", "features", "meta"):
        con.execute(f"CREATE SCHEMA {schema}")
    con.execute(
        "CREATE TABLE scores.history (lead_id VARCHAR, as_of TIMESTAMP, tier VARCHAR, composite DOUBLE, p_cal DOUBLE, "
        "gates VARCHAR[], p_raw DOUBLE, role VARCHAR, qualification_status VARCHAR, data_grade VARCHAR, "
        "reasons VARCHAR[], against VARCHAR[], cap_reason VARCHAR, machine_tier VARCHAR, override_by VARCHAR, "
        "override_until TIMESTAMP, model_version VARCHAR, policy_version VARCHAR, written_at TIMESTAMP, "
        "urgency VARCHAR, playbook VARCHAR, playbook_words VARCHAR[], talking_points VARCHAR[])"
    )
    for lead, as_of, tier, composite, p_cal, gates in SCORES:
        con.execute(
            "INSERT INTO scores.history VALUES (?, ?, ?, ?, ?, ?, ?, 'champion', 'nurture', 'A', ['one', 'two'], [], "
            "NULL, NULL, NULL, NULL, 'm', 'p', CAST(? AS TIMESTAMP) + INTERVAL 30 MINUTE, NULL, NULL, NULL, NULL)",
            [lead, as_of, tier, composite, p_cal, gates, p_cal, as_of],
        )
    numbers = [
        "company_fit",
        "role_fit",
        "tech_fit",
        "first_party_intent",
        "third_party_intent",
        "relationship_intent",
        "timing",
    ]
    for name in numbers:
        con.execute(f"ALTER TABLE scores.history ADD COLUMN {name} DOUBLE")
    for name, kind in (("parts", "VARCHAR"), ("codes", "VARCHAR"), ("points", "DOUBLE"), ("labels", "VARCHAR")):
        con.execute(f"ALTER TABLE scores.history ADD COLUMN fit_{name} {kind}[]")
    con.execute(
        "UPDATE scores.history SET company_fit = 42, timing = 30, "
        "fit_parts = ['company_fit', 'timing', 'company_fit'], fit_codes = ['size', 'budget', 'region'], "
        "fit_points = [30, 30, 12], "
        "fit_labels = ['Company of 11-50 people', 'Stated a budget', 'Headquarters in europe'] WHERE lead_id = 'L7'"
    )
    con.execute("CREATE VIEW scores.shown AS SELECT * FROM scores.history")
    con.execute("CREATE VIEW scores.latest AS SELECT * FROM scores.history WHERE as_of = '2026-03-02'")
    con.execute(
        "CREATE TABLE labels.settings AS SELECT 'won' AS label, 20 AS horizon_days, 1 AS ingest_lag_days, "
        "TIMESTAMP '2026-03-02' AS data_end_at, 10 AS leads_per_week, 80.0 AS hot_from, 50.0 AS warm_from"
    )
    con.execute(
        "CREATE TABLE labels.outcomes AS SELECT * FROM (VALUES ('L1', TIMESTAMP '2026-01-15'), "
        "('L2', TIMESTAMP '2026-01-25 00:00:00.000001'), ('L3', TIMESTAMP '2026-01-25'), "
        "('L5', TIMESTAMP '2026-02-20'), ('L6', TIMESTAMP '2026-02-10')) AS o (lead_id, outcome_at)"
    )
    con.execute(
        "CREATE TABLE staging.leads AS SELECT * FROM (VALUES ('L1', TIMESTAMP '2026-01-04', TIMESTAMP '2026-01-04', "
        "NULL), ('L6', TIMESTAMP '2026-02-01', TIMESTAMP '2026-02-02', NULL), ('L7', TIMESTAMP '2026-03-01', "
        "TIMESTAMP '2026-03-01 12:00:00', 'Chief Executive Officer'), "
        "('L10', TIMESTAMP '2026-03-01', TIMESTAMP '2026-03-01', NULL)) "
        "AS l (lead_id, occurred_at, ingested_at, title)"
    )
    con.execute(
        "CREATE TABLE staging.opportunities AS SELECT 'o1' AS opportunity_id, 'L1' AS lead_id, "
        "TIMESTAMP '2026-01-14' AS occurred_at"
    )
    con.execute(
        "CREATE TABLE staging.opportunity_closings AS SELECT 'o1' AS opportunity_id, TRUE AS is_won, "
        "CAST(500 AS DECIMAL(18, 2)) AS amount, TIMESTAMP '2026-01-20' AS occurred_at"
    )
    con.execute(
        "CREATE TABLE staging.lead_feedback AS SELECT * FROM (VALUES "
        "('f1', 'L1', 'rejected', TIMESTAMP '2026-01-05'), ('f2', 'L1', 'accepted', TIMESTAMP '2026-01-06'), "
        "('f3', 'L2', 'accepted', TIMESTAMP '2026-01-06'), ('f4', 'L3', 'bad_fit', TIMESTAMP '2026-01-06'), "
        "('f5', 'L6', 'rejected', TIMESTAMP '2026-02-03'), ('f6', 'L7', 'override', TIMESTAMP '2026-03-02'), "
        "('f7', 'L4', 'accepted', TIMESTAMP '2026-01-04')) AS f (feedback_id, lead_id, kind, occurred_at)"
    )
    con.execute(
        "CREATE TABLE links.lead_account__v1 AS SELECT * FROM (VALUES ('L6', 'A1', TIMESTAMP '2026-03-02'), "
        "('L7', 'A2', TIMESTAMP '2026-03-02'), ('L8', 'A2', TIMESTAMP '2026-03-02'), "
        "('L9', 'A3', TIMESTAMP '2026-03-02')) AS l (lead_id, account_id, as_of)"
    )
    con.execute(
        "CREATE TABLE features.lead_features AS SELECT * FROM (VALUES ('L6', TIMESTAMP '2026-03-02', 1, NULL), "
        "('L7', TIMESTAMP '2026-03-02', 2, 'x')) AS f (lead_id, as_of, visits, country)"
    )
    con.execute(
        "CREATE TABLE staging.accounts AS SELECT 'A' || n AS account_id, 'a' || n || '.example' AS domain, "
        "TIMESTAMP '2025-01-01' AS occurred_at, TIMESTAMP '2025-01-01' AS ingested_at FROM range(1, 4) AS r (n)"
    )
    con.execute(
        "CREATE TABLE staging.ext_technographics AS SELECT * FROM (VALUES "
        "('a2.example', 'Leadworks', 'seen', TIMESTAMP '2026-02-01', TIMESTAMP '2026-02-01'), "
        "('a3.example', 'Leadworks', 'seen', TIMESTAMP '2026-02-01', TIMESTAMP '2026-03-03')) "
        "AS x (account_domain, product, status, occurred_at, ingested_at)"
    )
    con.execute(
        "CREATE TABLE staging.web_events AS SELECT * FROM (VALUES "
        "('L7', TIMESTAMP '2026-03-01', TIMESTAMP '2026-03-01'), "
        "('L7', TIMESTAMP '2026-02-26', TIMESTAMP '2026-03-01'), "
        "('L7', TIMESTAMP '2026-02-01', TIMESTAMP '2026-02-01'), "
        "('L7', TIMESTAMP '2026-03-01', TIMESTAMP '2026-03-03'), "
        "('L9', TIMESTAMP '2026-03-01', TIMESTAMP '2026-03-01')) AS w (lead_id, occurred_at, ingested_at)"
    )
    con.execute(
        "CREATE TABLE staging.form_submissions AS SELECT 'L8' AS lead_id, TIMESTAMP '2026-02-20' AS occurred_at, "
        "TIMESTAMP '2026-02-20' AS ingested_at"
    )
    con.execute(
        "CREATE TABLE staging.email_events AS SELECT 'L8' AS lead_id, 'open' AS event_type, "
        "TIMESTAMP '2026-02-20' AS occurred_at, TIMESTAMP '2026-02-20' AS ingested_at"
    )
    con.execute(
        "CREATE TABLE meta.assignments AS SELECT * FROM (VALUES "
        "(1, 'L6', TIMESTAMP '2026-02-02', 'rep.ana', 'drawn', 'europe', 'In Europe'), "
        "(2, 'L2', TIMESTAMP '2026-02-02', 'rep.ana', 'owner', 'europe', 'Owns the account'), "
        "(3, 'L7', TIMESTAMP '2026-03-02', CAST(NULL AS VARCHAR), 'waits', 'europe', 'no room'), "
        "(4, 'L6', TIMESTAMP '2026-03-02', 'rep.bo', 'drawn', 'europe', 'rep.ana is out of service')) "
        "AS a (number, lead_id, as_of, rep, how, rule, why)"
    )
    for path in (SQL / "reference").glob("*.csv"):
        con.execute(f"CREATE TABLE reference.{path.stem} AS SELECT * FROM read_csv('{path}', header = true)")
    return con


def rows(con: duckdb.DuckDBPyConnection, mart: str, columns: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
    text = (SQL / "marts" / f"{mart}.sql").read_text(encoding="utf-8")
    return con.execute(f"SELECT {columns} FROM ({text}\n) WHERE {where} ORDER BY ALL").fetchall()


def test_conversions_by_tier_count_mature_leads_within_the_horizon_only(catalogue: Any) -> None:
    """#102, #103: L3 converts at the last moment of its window, L2 a microsecond after it."""
    found = rows(catalogue, "conversions_by_tier", "month, tier, leads, mature, converted, share_of_conversions")
    assert found == [
        (date(2026, 1, 1), "cold", 1, 1, 0, 0.0),
        (date(2026, 1, 1), "disqualified", 1, 1, 0, 0.0),
        (date(2026, 1, 1), "hot", 2, 2, 1, 0.5),
        (date(2026, 1, 1), "warm", 1, 1, 1, 0.5),
        (date(2026, 2, 1), "hot", 1, 1, 1, 1.0),
        (date(2026, 2, 1), "warm", 1, 1, 0, 0.0),
        (date(2026, 3, 1), "disqualified", 1, 0, 0, None),
        (date(2026, 3, 1), "hot", 1, 0, 0, None),
        (date(2026, 3, 1), "warm", 2, 0, 0, None),
    ]


def test_conversions_by_decile_say_lift_and_what_was_won(catalogue: Any) -> None:
    """#104, #105: five leads of January, one in each of five tenths."""
    columns = "decile, leads, converted, lift, won, won_per_100_leads"
    found = rows(catalogue, "conversions_by_decile", columns, "month = '2026-01-01'")
    assert found[:3] == [(1, 1, 1, 2.5, 1, 50000), (2, 1, 0, 0.0, 0, None), (3, 1, 1, 2.5, 0, None)]
    assert [row[1] for row in found] == [1] * 5


def test_the_funnel_has_every_lead_and_its_hours(catalogue: Any) -> None:
    """#19, #105: NULL where a step was not reached."""
    columns = "lead_id, hours_to_score, days_to_opportunity, days_to_close, is_won"
    assert rows(catalogue, "funnel_speed", columns) == [
        ("L1", 24.5, 10.0, 6.0, True),
        ("L10", None, None, None, None),
        ("L6", 0.5, None, None, None),
        ("L7", 12.5, None, None, None),
    ]
    weeks = rows(catalogue, "time_to_qualification", "week, leads, scored, share_within_1h, median_hours")
    assert weeks == [(date(2026, 2, 2), 1, 1, 1.0, 0.5), (date(2026, 2, 23), 2, 1, 0.0, 12.5)]


def test_who_was_disqualified_and_converted_all_the_same_is_found(catalogue: Any) -> None:
    """#99: beyond the horizon too, with where it was to go."""
    found = rows(catalogue, "disqualified_who_converted", "lead_id, disqualified_at, gates, route, days_until")
    assert found == [("L5", JAN, ["is_student"], "community", 46)]


def test_the_review_sample_is_a_share_drawn_by_a_hash(catalogue: Any) -> None:
    """#99: of 20,000 disqualified about the share, the same whoever else is scored; nobody of other tiers."""
    catalogue.execute(
        "INSERT INTO scores.history BY NAME SELECT 'N' || range AS lead_id, TIMESTAMP '2026-03-02' AS as_of, "
        "CASE WHEN range % 2 = 0 THEN 'disqualified' ELSE 'warm' END AS tier, ['is_student'] AS gates FROM range(40000)"
    )
    drawn = {row[0] for row in rows(catalogue, "review_sample", "lead_id")}
    assert 900 < len(drawn) < 1100
    assert {row[0] for row in rows(catalogue, "review_sample", "DISTINCT tier")} == {"disqualified"}
    catalogue.execute("DELETE FROM scores.history WHERE lead_id LIKE 'N1%'")
    left = {row[0] for row in rows(catalogue, "review_sample", "lead_id")}
    assert left == {lead for lead in drawn if not lead.startswith("N1")}


def test_accounts_have_a_priority_from_their_leads(catalogue: Any) -> None:
    """#92: a hot lead or two warm ones are high; disqualified leads alone are low, whatever their chance."""
    columns = "account_id, leads, hot, warm, best_lead, chance_of_any, priority"
    assert rows(catalogue, "account_board", columns) == [
        ("A1", 1, 1, 0, "L6", pytest.approx(0.7), "high"),
        ("A2", 2, 0, 2, "L7", pytest.approx(0.7), "high"),
        ("A3", 1, 0, 0, "L9", None, "low"),
    ]


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_an_account_s_chance_is_the_same_to_the_last_bit_in_any_order_of_its_leads(catalogue: Any, order: str) -> None:
    """A product of doubles hangs on the order of its factors: it is that of lead_id, whatever the rows' order."""
    chances = [(n * 37 % 97 + 1) / 1317 for n in range(12)]
    catalogue.execute("DELETE FROM links.lead_account__v1")
    listed = ", ".join(f"('N{n:02}', {chance!r})" for n, chance in enumerate(chances))
    catalogue.execute(
        "CREATE TABLE more AS SELECT col0 AS lead_id, TIMESTAMP '2026-03-02' AS as_of, 'warm' AS tier, "
        f"50.0 AS composite, CAST(col1 AS DOUBLE) AS p_cal FROM (VALUES {listed}) ORDER BY lead_id {order}"
    )
    catalogue.execute("INSERT INTO scores.history BY NAME SELECT * FROM more")
    catalogue.execute("INSERT INTO links.lead_account__v1 SELECT lead_id, 'A1', as_of FROM more")
    none = 1.0
    for chance in chances:
        none *= 1 - chance
    assert rows(catalogue, "account_board", "chance_of_any") == [(1 - none,)]


def test_accounts_have_points_for_what_their_people_do(catalogue: Any) -> None:
    """#92: engagement, coverage, deciders, functions, surge, displacement; what was not known then counts not."""
    columns = (
        "account_id, touches_30d, engaged_people_30d, engaged_deciders_30d, engaged_functions_30d, surge_ratio, "
        "competing_products, account_score"
    )
    # A2: 4 touches of 20, 2 people of 4, 1 decider of 2, 1 function of 3, 2 touches of the week to 2 before, a rival
    points = 30 * 4 / 20 + 20 * 2 / 4 + 15 * 1 / 2 + 10 * 1 / 3 + 15 * 1 / 4 + 10
    assert rows(catalogue, "account_board", columns) == [
        ("A1", 0, 0, 0, 0, 0.0, 0, 0.0),
        ("A2", 4, 2, 1, 1, 1.0, 1, pytest.approx(points, abs=0.05)),
        ("A3", 0, 0, 0, 0, 0.0, 0, 0.0),
    ]
    catalogue.execute("UPDATE scores.history SET tier = 'cold' WHERE as_of = '2026-03-02' AND lead_id <> 'L9'")
    assert rows(catalogue, "account_board", "account_id, priority") == [("A1", "low"), ("A2", "medium"), ("A3", "low")]
    catalogue.execute("UPDATE reference.account_priorities SET least_points = 40 WHERE priority = 'high'")
    assert rows(catalogue, "account_board", "account_id, priority", "priority = 'high'") == [("A2", "high")]


def test_a_trigger_that_begins_is_told_once_of_leads_that_were_left_alone(catalogue: Any) -> None:
    """#93 to #96: not at the first score, not while it goes on, not of a lead that was hot."""
    gates = "['is_returning', 'is_free_mail', 'has_new_colleague']"
    catalogue.execute(
        "INSERT INTO scores.history BY NAME SELECT * FROM (VALUES "
        "('R1', TIMESTAMP '2026-01-05', 'cold', 10.0, ['is_free_mail']), "
        f"('R1', TIMESTAMP '2026-02-02', 'warm', 60.0, {gates}), "
        f"('R1', TIMESTAMP '2026-03-02', 'warm', 60.0, {gates}), "
        f"('R2', TIMESTAMP '2026-03-02', 'warm', 60.0, {gates}), "
        "('R3', TIMESTAMP '2026-02-02', 'hot', 90.0, []), "
        "('R3', TIMESTAMP '2026-03-02', 'hot', 90.0, ['is_returning']), "
        "('R4', TIMESTAMP '2026-02-02', 'disqualified', 20.0, ['is_student']), "
        "('R4', TIMESTAMP '2026-03-02', 'disqualified', 20.0, ['is_student', 'is_objection_over'])) "
        "AS s (lead_id, as_of, tier, composite, gates)"
    )
    found = rows(catalogue, "requalified", "lead_id, as_of, triggers, tier_before, tier, score_before, score")
    assert found == [
        ("R1", FEB, ["has_new_colleague", "is_returning"], "cold", "warm", 10.0, 60.0),
        ("R4", MAR, ["is_objection_over"], "disqualified", "disqualified", 20.0, 20.0),
    ]
    words = rows(catalogue, "requalified", "why", "lead_id = 'R4'")
    assert words == [(["Asked for later, and that time has come"],)]


def test_leads_that_were_open_once_and_are_cold_can_be_recycled(catalogue: Any) -> None:
    """#87: neither converted nor disqualified nor ever cold; a trigger goes first, then the best score there was."""
    catalogue.execute(
        "INSERT INTO scores.history BY NAME SELECT * FROM (VALUES "
        "('R1', TIMESTAMP '2026-01-05', 'hot', 90.0, []), ('R1', TIMESTAMP '2026-03-02', 'cold', 30.0, []), "
        "('R2', TIMESTAMP '2026-01-05', 'warm', 60.0, []), "
        "('R2', TIMESTAMP '2026-02-02', 'cold', 30.0, ['is_free_mail', 'is_returning']), "
        "('R3', TIMESTAMP '2026-01-05', 'warm', 60.0, []), ('R3', TIMESTAMP '2026-02-02', 'disqualified', 20.0, []), "
        "('R4', TIMESTAMP '2026-01-05', 'cold', 10.0, []), ('L3', TIMESTAMP '2026-02-02', 'cold', 10.0, [])) "
        "AS s (lead_id, as_of, tier, composite, gates)"
    )
    found = rows(catalogue, "recycle", "place, lead_id, best_tier, best_score, days_cold, triggers")
    assert found == [(1, "R2", "warm", 60.0, 28, ["is_returning"]), (2, "R1", "hot", 90.0, 56, [])]


def test_the_newest_assignment_of_a_lead_counts(catalogue: Any) -> None:
    """#83: who has it and why; whoever is not scored any more is held by nobody."""
    found = rows(catalogue, "routed_leads", "lead_id, rep, how, why, since")
    assert found == [("L6", "rep.bo", "drawn", "rep.ana is out of service", MAR), ("L7", None, "waits", "no room", MAR)]
    assert rows(catalogue, "rep_load", "rep, given, given_7d, held, held_hot") == [
        ("rep.ana", 2, 0, 0, 0),
        ("rep.bo", 1, 1, 1, 1),
    ]


def test_acceptance_is_by_the_tier_there_was_when_the_word_was_given(catalogue: Any) -> None:
    """#100, #107: the last word of a month counts; a word before the first score is of no tier."""
    found = rows(catalogue, "rep_acceptance", "month, tier, reviewed, accepted, rejected, bad_fit, acceptance")
    assert found == [
        (date(2026, 1, 1), "hot", 2, 2, 0, 0, 1.0),
        (date(2026, 1, 1), "not scored", 1, 1, 0, 0, 1.0),
        (date(2026, 1, 1), "warm", 1, 0, 0, 1, 0.0),
        (date(2026, 2, 1), "hot", 1, 0, 1, 0, 0.0),
    ]


def test_targets_pass_fail_or_say_why_they_cannot_be_told(catalogue: Any) -> None:
    """#106: accuracy, false positives and false negatives by their definitions, each against its bound."""
    found = {row[0]: row[1:] for row in rows(catalogue, "targets", "target, value, leads, passes, why_not")}
    assert len(found) == 10
    # three hot leads at first are mature (L1, L2, L6), of which L1 and L6 converted in time
    assert found["accuracy"] == (pytest.approx(2 / 3), 3, True, None)
    # of all converted (L1, L3, L6) L3 was never hot
    assert found["false_negatives"] == (pytest.approx(1 / 3), 3, False, None)
    # sales spoke of L1, L2 and L6 while hot, and rejected L6
    assert found["acceptance"][:3] == (pytest.approx(2 / 3), 3, False)
    assert found["false_positives"][:3] == (pytest.approx(1 / 3), 3, False)
    assert found["time_to_qualify"][:3] == (pytest.approx(6.5), 2, False)
    assert found["cost_per_qualified_lead"][2:] == (None, "leadmart has no such figure: measure it outside")
    assert found["lift"][0] == pytest.approx((2 / 3) / (3 / 6) - 1)
    # expected of the mature: .8 + .6 + .3 + .1 + .2 + .7
    assert found["prediction"] == (pytest.approx(abs(2.7 / 3 - 1)), 3, True, None)


def test_signals_are_counted_by_feature(catalogue: Any) -> None:
    """#107: the share of leads for which a feature is known."""
    found = rows(catalogue, "signal_availability", "feature, leads, known, share_known")
    assert found == [("country", 2, 1, 0.5), ("visits", 2, 2, 1.0)]


def test_the_board_has_one_row_a_lead_the_best_first(catalogue: Any) -> None:
    """#90: score, reasons and versions travel together."""
    found = rows(catalogue, "scored_leads", "place, lead_id, reason_1, reason_3, model_version")
    assert [row[1] for row in found] == ["L6", "L7", "L8", "L9"]
    assert found[0] == (1, "L6", "one", None, "m")


def test_parts_of_fit_have_the_words_of_their_own_points(catalogue: Any) -> None:
    """#50 to #54: a part that is not known is NULL, and one without points says so; leads without fit are not there."""
    found = rows(catalogue, "fit_parts", "part, whole, points, codes, given, words", "lead_id = 'L7'")
    assert found[0] == (
        "company_fit", "fit", 42.0, ["size", "region"], [30.0, 12.0],
        ["Company of 11-50 people", "Headquarters in europe"],
    )  # fmt: skip
    assert found[4] == ("tech_fit", "fit", None, [], [], [])
    assert len(found) == 7
    assert rows(catalogue, "fit_parts", "DISTINCT lead_id") == [("L7",)]


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_says_its_grain_and_holds_it(mart: str, catalogue: Any) -> None:
    """Each header names the key; rows do not repeat it, and every column has words."""
    from leadmart.features.definition import Definition

    path = SQL / "marts" / f"{mart}.sql"
    definition = Definition("mart", mart, None, "", path, path.read_text(encoding="utf-8"), True)
    assert definition.header["grain"].startswith("one row per")
    assert definition.description
    assert [column.name for column in definition.columns if not column.comment] == []
    keys = {
        "account_board": "account_id", "conversions_by_decile": "month, decile", "conversions_by_tier": "month, tier",
        "fit_parts": "lead_id, part", "rep_acceptance": "month, tier", "signal_availability": "as_of, feature",
        "targets": "target", "time_to_qualification": "week", "requalified": "lead_id, as_of", "rep_load": "rep",
    }  # fmt: skip
    key = keys.get(mart, "lead_id")
    found = rows(catalogue, mart, key)
    assert found or mart in ("review_sample", "requalified", "recycle")
    assert len(found) == len(set(found))
