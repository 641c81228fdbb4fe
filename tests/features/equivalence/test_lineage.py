"""Which columns hang on which: from raw columns to the views, links, gates and marts that read them."""

from __future__ import annotations

from typing import Any

import pytest

from leadmart.features.equivalence.edits import edited_changes
from leadmart.features.equivalence.lineage import lineage_of, raw_lineage, reached
from leadmart.features.equivalence.readers import readers_in, readers_of
from leadmart.features.feature_sets import FeatureSet, said_today
from leadmart.features.plan import select
from leadmart.features.registry import Registry

PRESENT = frozenset(["leads", "accounts", "web_events", "email_events", "form_submissions", "product_events"])
PAGES = {"pricing_views_7d", "pricing_views_30d", "docs_views_30d"}
ACCOUNTS = {"account_pricing_views_30d"}


def made(make_project: Any, **files: str) -> Registry:
    return Registry(make_project({name.replace("__", "/") + ".sql": text for name, text in files.items()}))


def source_of(registry: Registry, name: str) -> str:
    (found,) = registry.source(name)
    return found.text


def said(registry: Registry) -> FeatureSet:
    return said_today(registry, select(registry, PRESENT, prove=False).definitions, PRESENT, "")


def test_a_column_hangs_on_what_it_reads_and_on_what_shapes_its_rows(registry: Registry) -> None:
    """8.2: column by column, and no further."""
    found = lineage_of(registry.get("feature", "web_engagement@v1"), registry)
    assert "known.web_events.dwell_s" in found["dwell_seconds_30d"]
    assert "known.web_events.dwell_s" not in found["sessions_30d"]
    assert all({"known.web_events", "known.web_events.lead_id"} <= marks for marks in found.values())


def test_lineage_goes_down_to_raw_columns(registry: Registry) -> None:
    """8.2: through the source; the clocks and the key decide on the rows, and so every column hangs on them."""
    found = raw_lineage(registry, registry.get("feature", "web_engagement@v1"))
    readers = {column for column, marks in found.items() if "raw.web_events.url" in marks}
    assert readers == PAGES
    assert all("raw.web_events.synced_at" in marks for marks in found.values())
    assert not any("dwell_s" in mark for mark in found["sessions_7d"])


def test_an_edit_reaches_those_who_read_the_column_and_no_others(make_project: Any) -> None:
    """8.5: through sources, views and gates."""
    registry = made(make_project)
    selection = select(registry, PRESENT, prove=False)
    found = reached(
        registry, selection.definitions, {"known.web_events.page_type": "known.web_events.page_type changed"}
    )
    assert found["features.web_engagement__v1"].keys() == PAGES
    assert found["features.account_engagement__v1"].keys() == ACCOUNTS
    assert "features.lead_profile__v1" not in found
    assert found["gates.icp__v1"].keys() == {"is_job_seeker"}


@pytest.mark.parametrize(
    ("old", "new", "columns", "touched"),
    [
        ("'pricing'", "'prices'", {"page_type"}, PAGES),
        ("AS dwell_s ", "+ 0 AS dwell_s ", {"dwell_s"}, {"dwell_seconds_30d"}),
        ("AS anonymous_id,", "|| '' AS anonymous_id,", {"anonymous_id"}, set()),
        ("-- the browser", "-- the browser, by its cookie", set(), set()),
        ("SELECT\n    CAST(w.event_id", "SELECT  CAST(w.event_id", set(), set()),
    ],
)
def test_a_sources_edit_is_carried_to_its_readers_only(
    make_project: Any, old: str, new: str, columns: set[str], touched: set[str]
) -> None:
    """8.1, 8.5: what was edited since the last run, and the columns that it reaches."""
    before = made(make_project)
    text = source_of(before, "web_events")
    assert old in text
    after = made(make_project, sql__sources__plain__web_events=text.replace(old, new, 1))
    selection = select(after, PRESENT, prove=False)
    readers = readers_in(after, selection, {"m_1": {"dwell_seconds_30d", "pricing_views_7d"}})
    found = edited_changes(after, readers, selection.definitions, said(before), said(after))
    own = {each.column: each for each in found if each.view == "known.web_events"}
    assert own.keys() == columns
    assert {each.column for each in found if each.view == "web_engagement@v1"} == touched
    assert all(("m_1" in each.breaks) == bool(touched) for each in own.values())


def test_what_decides_on_a_sources_rows_reaches_every_column(make_project: Any) -> None:
    """8.1: WHERE and the header count for all that reads the source."""
    before = made(make_project)
    text = source_of(before, "web_events")
    for edit in (text + "WHERE w.url IS NOT NULL\n", text.replace("-- key:  event_id", "-- key:  event_id, lead_id")):
        after = made(make_project, sql__sources__plain__web_events=edit)
        selection = select(after, PRESENT, prove=False)
        found = edited_changes(
            after, readers_in(after, selection, {}), selection.definitions, said(before), said(after)
        )
        whole = {c.name for c in after.get("feature", "web_engagement@v1").columns} - {"as_of"}
        assert {each.column for each in found if each.view == "web_engagement@v1"} | {"lead_id"} == whole


def test_a_link_that_hangs_on_the_edit_carries_every_column_of_its_accounts(make_project: Any) -> None:
    """8.5: who is linked decides what a lead is told of its account."""
    registry = made(make_project)
    selection = select(registry, PRESENT, prove=False)
    link = selection.links[0]
    found = reached(registry, selection.definitions, {f"{link.relation}.account_id": "it changed"})
    account = registry.get("feature", "account_engagement@v1")
    assert found[account.relation].keys() == {c.name for c in account.columns} - {"as_of", "account_id"}
    assert "features.web_engagement__v1" not in found


def test_readers_are_found_through_others_and_by_name(make_project: Any) -> None:
    """8.5: a view that reads a view; a model and a table by the column's name."""
    reading = (
        "-- entity: lead (lead_id)\n-- owner: growth\n--\n-- Twice.\nSELECT\n    spine.lead_id,\n    spine.as_of,\n"
        "    w.sessions_7d * 2\n        AS twice_7d -- twice\nFROM spine\nLEFT JOIN features.web_engagement__v1 AS w\n"
        "    ON w.lead_id = spine.lead_id AND w.as_of = spine.as_of\n"
    )
    registry = made(make_project, sql__features__twice__v1=reading)
    readers = readers_in(
        registry, select(registry, PRESENT, prove=False), {"m_1": {"SESSIONS_7D"}, "reference/a.csv": {"employees"}}
    )
    view = registry.get("feature", "web_engagement@v1")
    assert readers_of(registry, readers, view, "sessions_7d") == ("m_1", "twice@v1")
    assert readers_of(registry, readers, view, "sessions_90d") == ()
