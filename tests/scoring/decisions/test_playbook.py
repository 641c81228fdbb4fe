"""Playbooks and talking points: which rule of the table speaks, and what is refused of a table."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.decisions.playbook import read_playbook, read_talking_points
from leadmart.scoring.decisions.routing import read_reps, read_routing, refuse_unserved
from leadmart.scoring.decisions.rules import NO_RULES, DecisionRules, decided

REFERENCE = Path(__file__).resolve().parents[3] / "sql" / "reference"
COLUMNS = ["playbook", "urgency", "playbook_rules", "playbook_words", "talking_points", "routing_rule"]

# columns that the packaged tables read, of one lead each
LEADS = pl.DataFrame(
    {
        "lead_id": ["fast", "slow", "demo", "blocked", "unknown"],
        "tier": ["hot", "hot", "warm", "disqualified", "cold"],
        "composite": [80.0, 79.9, 55.0, 20.0, 0.0],
        "pricing_views_30d": [1, 1, 0, 3, None],
        "trials_started_90d": [1, 1, 0, 1, None],
        "demo_requests_30d": [0, 0, 1, 1, None],
        "invites_sent_30d": [0, 1, 0, 0, None],
        "budget_stated": [True, False, False, True, None],
        "active_people_30d": [1, 1, 4, 1, None],
        "account_pricing_views_30d": [1, 1, 2, 1, None],
        "integrations_attempted_30d": [0, 0, 0, 0, None],
        "docs_views_30d": [0, 0, 0, 0, None],
        "downloads_90d": [0, 0, 0, 0, None],
        "employees": [5000, 50, 50, 50, None],
        "country": ["DE", "DE", "US", "US", None],
    }
)


def packaged() -> DecisionRules:
    return DecisionRules(
        read_playbook((REFERENCE / "playbook.csv").read_text(encoding="utf-8")),
        read_talking_points((REFERENCE / "talking_points.csv").read_text(encoding="utf-8")),
        read_routing((REFERENCE / "routing.csv").read_text(encoding="utf-8")),
    )


def test_the_first_rule_that_holds_gives_the_playbook_and_all_are_named() -> None:
    """#74, #81, #82: fast lane from a score of 80 with prices read and a trial started, and not a tenth below."""
    found = decided(LEADS, packaged()).select("lead_id", *COLUMNS[:3], "routing_rule").rows()
    assert found == [
        ("fast", "call_at_once", "now", ["fast_lane", "budget"], "large"),
        ("slow", "help_the_trial", "today", ["trial_with_colleagues"], "europe"),
        ("demo", "book_the_demo", "today", ["demo_request", "several_people"], "americas"),
        ("blocked", None, None, [], None),
        ("unknown", None, None, [], "everywhere"),
    ]
    points = decided(LEADS, packaged())["talking_points"].to_list()
    assert points[0] == [
        "Stated a budget: for when is it planned?",
        "Has read prices: speak of plans and of when to start",
        "Started a trial: what has worked so far and what has not?",
    ]
    assert points[3] == points[4] == []


def test_a_row_depends_on_no_other_row() -> None:
    whole = decided(LEADS, packaged())
    turned = decided(LEADS.reverse(), packaged()).reverse()
    assert turned.equals(whole)
    alone = pl.concat([decided(LEADS.slice(n, 1), packaged()) for n in range(LEADS.height)])
    assert alone.equals(whole)


def test_without_tables_nothing_is_said_and_without_leads_nothing_breaks() -> None:
    assert decided(LEADS, NO_RULES).select(COLUMNS).null_count().row(0) == (5,) * 6
    assert decided(LEADS.clear(), packaged()).height == 0
    assert NO_RULES.content() == {}


def test_every_packaged_rule_is_served_by_somebody() -> None:
    reps = read_reps((REFERENCE / "reps.csv").read_text(encoding="utf-8"))
    refuse_unserved(read_routing((REFERENCE / "routing.csv").read_text(encoding="utf-8")), reps)


def test_every_bad_row_of_a_table_is_named_at_once() -> None:
    text = (
        "rule,condition,playbook,urgency,words\n"
        "one,score > 1,call,now,Words\n"
        "one,score > 1,call,now,Words\n"
        "two,score >,call,soon,Words\n"
        "three,score > (SELECT 1),call,now,Words\n"
        "four,score > 1,,now,\n"
    )
    with pytest.raises(LeadmartError) as refused:
        read_playbook(text)
    told = [refused.value, *refused.value.others]
    assert [(error.code, error.place.line if error.place else None) for error in told] == [
        ("bad_playbook", 3),
        ("bad_playbook", 4),
        ("bad_playbook", 5),
        ("bad_playbook", 6),
    ]
    assert "stands twice" in told[0].message
    assert "soon" in told[1].message
    assert "playbook, words is empty" in told[3].message


def test_a_table_of_representatives_is_read_and_refused_by_line() -> None:
    head = "rep,territories,skills,leads_per_week,weight,from,until\n"
    reps = read_reps(head + "ana, europe; americas ,,10,,2026-01-01,\nbo,,large,,2,,\n")
    assert reps.rows[0].territories == ("americas", "europe")
    assert reps.rows[0].leads_per_week == 10
    assert reps.rows[1].leads_per_week is None
    turned = read_reps(head + "bo,,large,,2.0,,\nana,americas;europe,,10,1,2026-01-01,\n")
    assert turned.version == reps.version
    with pytest.raises(LeadmartError) as refused:
        read_reps(
            head
            + "ana,,,many,,,\nbo,,,,0,,\nchi,,,,,2026-02-30,\ndee,,,,,2026-02-02,2026-02-02\n,,,,,,\neve,,,1.5,,,\n"
        )
    told = [error.message for error in (refused.value, *refused.value.others)]
    assert len(told) == 5
    assert "leads_per_week 'many' is no number" in told[0]
    with pytest.raises(LeadmartError) as refused:
        refuse_unserved(read_routing("rule,condition,territory,skill,words\na,TRUE,asia,large,Words\n"), reps)
    assert "nobody fits the rule a: territory asia and skill large" in refused.value.message
