"""Which views go in one pass: those of one shape, and none that differs from it in a way that could count."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadmart.features.definition import Definition
from leadmart.features.onepass.shape import Span, shape_of
from leadmart.features.onepass.way import way_of, way_words, ways_of
from leadmart.features.project import Project, Settings
from leadmart.features.registry import Registry

TEXT = """\
-- entity: lead (lead_id)
-- owner:  growth
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) FILTER (WHERE e.event_type = 'open' AND e.occurred_at >= spine.as_of - INTERVAL 7 DAY) AS opens,
    DATE_DIFF('day', MAX(e.occurred_at), spine.as_of) AS age
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
    AND e.occurred_at >= spine.as_of - INTERVAL 90 DAY
GROUP BY spine.lead_id, spine.as_of
"""
DAY = 86_400_000_000


def definition(text: str, kind: str = "feature") -> Definition:
    return Definition(kind, "opens", 1, "", Path("v1.sql"), text, False)


def test_a_row_counts_from_after_it_occurred_until_it_leaves_its_windows() -> None:
    shape = shape_of(definition(TEXT))
    assert (shape.source, shape.key, shape.joined) == ("email_events", "lead_id", 'e."lead_id"')
    opens, newest = shape.aggregates
    assert (opens.kind, opens.rows, opens.span) == ("count", ("(e.\"event_type\" = 'open')",), Span(1, 7 * DAY + 1))
    assert (newest.kind, newest.span) == ("newest", Span(1, 90 * DAY + 1))


MUTANTS = [
    ("LEFT JOIN", "JOIN"),
    ("known.email_events AS e", "staging.email_events AS e"),
    ("known.email_events", "links.email_events"),
    ("FROM spine", "FROM spine AS s"),
    ("e.as_of = spine.as_of", "e.as_of <= spine.as_of"),
    ("e.as_of = spine.as_of\n", "(e.as_of = spine.as_of OR e.event_id = 'x')\n"),
    ("    AND e.as_of = spine.as_of\n", ""),
    ("e.lead_id = spine.lead_id", "e.lead_id >= spine.lead_id"),
    ("ON  e.lead_id = spine.lead_id\n    AND", "ON "),
    ("ON  e.lead_id", "ON  e.event_id = spine.lead_id AND e.lead_id"),
    ("INTERVAL 90 DAY", "INTERVAL 3 MONTH"),
    ("INTERVAL 7 DAY", "INTERVAL (7 + 1) DAY"),
    ("spine.as_of - INTERVAL 7", "e.ingested_at - INTERVAL 7"),
    ("e.occurred_at >= spine.as_of - INTERVAL 7", "e.ingested_at >= spine.as_of - INTERVAL 7"),
    ("AND e.occurred_at >= spine.as_of - INTERVAL 7", "OR e.occurred_at >= spine.as_of - INTERVAL 7"),
    ("e.event_type = 'open'", "NOT e.occurred_at >= spine.as_of - INTERVAL 1 DAY"),
    ("= 'open'", "= spine.lead_id"),
    ("e.event_type =", "event_type ="),
    ("e.event_type = 'open'", "e.event_type SIMILAR TO 'open'"),
    ("'open' AND", "e'open' AND"),
    ("COUNT(e.event_id)", "COUNT(*)"),
    ("COUNT(e.event_id) ", "COUNT(COALESCE(e.event_id, 'x')) "),
    ("COUNT(e", "COUNT(DISTINCT e.campaign_id, e"),
    ("COUNT(e.event_id)", "SUM(DISTINCT e.event_id)"),
    ("COUNT(e.event_id) ", "AVG(e.event_id) "),
    ("COUNT(e.event_id) ", "MAX(e.event_id, 2) "),
    ("COUNT(e.event_id) ", "ARG_MAX(e.event_id, (e.ingested_at, e.occurred_at)) "),
    ("COUNT(e.event_id) ", "ARG_MAX(e.event_id, (e.occurred_at, e.event_id), 2) "),
    ("COUNT(e.event_id) ", "ARG_MIN(e.event_id, e.occurred_at) "),
    ("COUNT(e.event_id) ", "LIST(e.event_id ORDER BY e.occurred_at, e.event_id) "),
    ("COUNT(e.event_id) ", "COUNT(e.as_of) "),
    ("MAX(e.occurred_at),", "MAX(e.occurred_at) OVER (),"),
    ("MAX(e.occurred_at),", "e.occurred_at,"),
    ("DATE_DIFF('day', MAX", "DATE_SUB('day', MAX"),
    (", spine.as_of) AS age", ", spine.as_of + INTERVAL 1 DAY) AS age"),
    (", spine.as_of) AS age", ", spine.created_at) AS age"),
    ("AS age", "AS age, opens + 1 AS more"),
    ("AS age", "AS age, RANDOM() AS more"),
    ("AS age", "AS age, (SELECT 1) AS more"),
    ("    spine.as_of,\n", ""),
    ("    spine.lead_id,\n    spine.as_of", "    spine.as_of,\n    spine.lead_id"),
    ("GROUP BY spine.lead_id, spine.as_of", "GROUP BY spine.lead_id, spine.as_of, e.campaign_id"),
    ("GROUP BY spine.lead_id, spine.as_of", "GROUP BY spine.as_of"),
    ("GROUP BY spine.lead_id, spine.as_of", "GROUP BY ALL"),
    ("GROUP BY spine.lead_id, spine.as_of", "GROUP BY CUBE (spine.lead_id, spine.as_of)"),
    ("GROUP BY", "WHERE e.event_type = 'open' GROUP BY"),
    (", spine.as_of\n", ", spine.as_of HAVING COUNT(e.event_id) > 1\n"),
    ("SELECT\n", "SELECT DISTINCT\n"),
    ("SELECT\n", "WITH x AS (SELECT 1) SELECT\n"),
    ("GROUP BY", "LEFT JOIN known.leads AS l ON l.lead_id = spine.lead_id AND l.as_of = spine.as_of GROUP BY"),
    ("AS e\n", "AS e TABLESAMPLE 10%\n"),
    ("-- owner:  growth\n", "-- owner:  growth\nSELECT 1 AS lead_id UNION ALL\n"),
]


@pytest.mark.parametrize(("before", "after"), MUTANTS)
def test_what_differs_from_the_shape_goes_as_written(before: str, after: str) -> None:
    text = TEXT.replace(before, after)
    assert text != TEXT
    way = way_of(definition(text))
    assert (way.words, way.shape) == ("as written", None)
    assert way.why


def test_only_a_view_is_of_the_shape() -> None:
    assert way_of(definition(TEXT, "gate")).words == "as written"


def test_a_view_says_which_way_it_goes_and_why() -> None:
    packaged = Registry(Project(Path(__file__).parent, Settings()))
    ways = ways_of([packaged.get("feature", ref) for ref in ("email_engagement@v1", "lead_profile@v1", "person@v1")])
    assert [each["way"] for each in ways] == ["one pass", "as written", "as written"]
    assert way_words(ways) == [
        "a backfill computes lead_profile__v1 as written, since it has CTEs",
        "a backfill computes person__v1 as written, since it joins 4 relations, not one",
        "a backfill computes email_engagement__v1 in one pass: one source, of which each row counts from one moment to "
        "another",
    ]


def test_seven_of_the_packaged_views_go_in_one_pass() -> None:
    packaged = Registry(Project(Path(__file__).parent, Settings())).all("feature")
    assert [d.ref for d in packaged if way_of(d).shape] == [
        "conversation@v1", "email_engagement@v1", "form_activity@v1", "form_depth@v1", "product_usage@v1",
        "trial_depth@v1", "web_engagement@v1",
    ]  # fmt: skip
