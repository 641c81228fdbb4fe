"""Whether the columns that a model learned on still mean the same, over versions and edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadmart.features.equivalence.since import moved_columns
from leadmart.features.feature_sets import FeatureSet, Said, said_today
from leadmart.features.plan import Selection, select
from leadmart.features.registry import Registry

PRESENT = frozenset(["leads", "accounts", "web_events", "invoice_payments", "email_events"])
VIEWS = '"lead_profile@v1", "web_engagement@v1", "account_engagement@v1"'
SETTINGS = f"[features]\nviews = [{VIEWS}]\n"
LEARNED = ["seniority", "sessions_7d", "pricing_views_30d", "dwell_seconds_30d", "account_pricing_views_30d"]
HISTORY = "has_web_events"

Moved = Callable[..., dict[str, str]]


def state(registry: Registry) -> tuple[Selection, FeatureSet]:
    selection = select(registry, PRESENT, prove=False)
    return selection, said_today(registry, selection.definitions, PRESENT, "NULL")


@pytest.fixture
def moved(make_project: Any) -> Moved:
    """`moved(files, views)`: which of the learned columns do not mean what they did before files and views changed."""
    _, before = state(Registry(make_project(settings=SETTINGS, name="before")))

    def after(files: dict[str, str], views: str = VIEWS) -> dict[str, str]:
        registry = Registry(make_project(files, SETTINGS.replace(VIEWS, views)))
        selection, now = state(registry)
        former = [ref.strip(' "') for ref in VIEWS.split(",")]
        return moved_columns(registry, selection, before, now, former, [*LEARNED, HISTORY])

    return after


def text_of(make_project: Any, ref: str, kind: str = "feature") -> str:
    return Registry(make_project(settings=SETTINGS, name="texts")).get(kind, ref).text


V2 = "sql/features/web_engagement/v2.sql"
ON_V2 = VIEWS.replace("web_engagement@v1", "web_engagement@v2")
NEW = "    COUNT(w.event_id)\n        AS pages_90d, -- pages\n"


def test_nothing_moved_where_nothing_changed(moved: Moved) -> None:
    assert moved({}) == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("AS w\n", "AS w  -- pages\n", set()),
        ("w.page_type = 'pricing' AND", "'pricing' = w.page_type AND", set()),
        ("    DATE_DIFF('day', MAX", f"{NEW}    DATE_DIFF('day', MAX", set()),
        ("w.page_type = 'pricing' AND", "w.page_type = 'docs' AND", {"pricing_views_30d"}),
        ("INTERVAL 7 DAY)\n        AS sessions_7d", "INTERVAL 8 DAY)\n        AS sessions_7d", {"sessions_7d"}),
        ("AS dwell_seconds_30d", "AS dwell_seconds", {"dwell_seconds_30d"}),
        ("w.event_id) FILTER (WHERE w.page_type = 'docs' AND", "w.url) FILTER (WHERE w.page_type = 'docs' AND", set()),
    ],
)
def test_a_version_moves_the_columns_that_changed(
    make_project: Any, moved: Moved, old: str, new: str, expected: set[str]
) -> None:
    """8.2: a model outlives a version whose columns mean the same, also with others beside them."""
    text = text_of(make_project, "web_engagement@v1")
    assert old in text
    assert moved({V2: text.replace(old, new)}, ON_V2).keys() == expected


def test_a_longer_join_moves_every_column_and_the_history_that_it_needs(make_project: Any, moved: Moved) -> None:
    """8.2: rows that reach further back are known later."""
    text = text_of(make_project, "web_engagement@v1").replace("INTERVAL 90 DAY\nGROUP", "INTERVAL 91 DAY\nGROUP")
    own = {"sessions_7d", "pricing_views_30d", "dwell_seconds_30d"}
    assert moved({V2: text}, ON_V2).keys() == {*own, HISTORY}


def test_an_edited_source_moves_those_who_read_the_column(make_project: Any, moved: Moved) -> None:
    """8.5: also of accounts, which read it through the link."""
    (source,) = Registry(make_project(settings=SETTINGS, name="texts")).source("web_events")
    edited = source.text.replace("'pricing'", "'prices'")
    found = moved({"sql/sources/plain/web_events.sql": edited})
    assert found.keys() == {"pricing_views_30d", "account_pricing_views_30d"}
    assert moved({"sql/sources/plain/web_events.sql": source.text + "\n-- done\n"}) == {}


def test_another_link_moves_what_is_read_of_accounts(make_project: Any, moved: Moved) -> None:
    """8.5: who is linked decides what a lead is told of its account."""
    text = text_of(make_project, "lead_account@v1", "link")
    link = "sql/links/lead_account/v1.sql"
    assert moved({link: text.replace("MIN(ve.account_id)", "MAX(ve.account_id)")}).keys() == {
        "account_pricing_views_30d"
    }
    assert moved({link: text.replace("owners", "holders")}) == {}


def test_a_view_that_is_left_out_and_another_spine_move_all_that_hangs_on_them(make_project: Any, moved: Moved) -> None:
    """8.2: the population a model learned on is no column, and counts for all of them."""
    assert moved({}, '"web_engagement@v1", "account_engagement@v1"').keys() == {"seniority"}
    spine = text_of(make_project, "open_leads", "spine")
    other = moved({"sql/spines/open_leads.sql": spine.replace("INTERVAL 180 DAY", "INTERVAL 90 DAY")})
    assert other.keys() == {*LEARNED, HISTORY}
    assert moved({"sql/spines/open_leads.sql": spine + "\n-- the same\n"}) == {}


def test_a_release_that_stores_otherwise_moves_everything(make_project: Any) -> None:
    registry = Registry(make_project(settings=SETTINGS))
    selection, now = state(registry)
    before = now | {("engine", "stored as", 0, ""): Said("unknown is 0", None)}
    assert moved_columns(registry, selection, before, now, [], LEARNED).keys() == set(LEARNED)


def test_a_source_that_had_no_rows_then_counts_as_changed(make_project: Any) -> None:
    registry = Registry(make_project(settings=SETTINGS))
    selection, now = state(registry)
    without = said_today(registry, selection.definitions, PRESENT - {"web_events"}, "NULL")
    found = moved_columns(registry, selection, without, now, [], LEARNED)
    assert found.keys() == set(LEARNED) - {"seniority"}
