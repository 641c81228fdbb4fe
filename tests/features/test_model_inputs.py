"""F1 and F3: what a model may not read is refused by name, by copy, and where it is kept apart for audits."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from leadmart.features.checking import check_project
from leadmart.features.errors import LeadmartError
from leadmart.features.model_inputs import flagged_inputs, protected_as
from leadmart.features.plan import select
from leadmart.features.project import Project
from leadmart.features.registry import Registry

SETTINGS = '[features]\nviews = ["own@v1"]\n\n[report]\naudit = [{audit}]\n'
VIEW = """\
-- entity: lead (lead_id)
-- owner:  growth
--
-- A view of one's own.
SELECT
    spine.lead_id,
    spine.as_of,
    {item}                      -- a column
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
"""
BY_CTE = """\
-- entity: lead (lead_id)
-- owner:  growth
--
-- A view of one's own.
WITH people AS (
    SELECT spine.lead_id, spine.as_of, LOWER(l.full_name) AS label
    FROM spine
    JOIN known.leads AS l
        ON  l.lead_id = spine.lead_id
        AND l.as_of = spine.as_of
)
SELECT
    spine.lead_id,
    spine.as_of,
    p.label AS nickname         -- a column
FROM spine
LEFT JOIN people AS p
    ON  p.lead_id = spine.lead_id
    AND p.as_of = spine.as_of
"""


@pytest.fixture
def own(make_project: Callable[..., Project]) -> Callable[..., Project]:
    def make(text: str, audit: str = "", groups: str = "") -> Project:
        files = {"sql/features/own/v1.sql": text}
        if groups:
            files["sql/features/groups/v1.sql"] = VIEW.format(item=groups)
        return make_project(files, SETTINGS.format(audit=audit))

    return make


def refused(project: Project) -> LeadmartError:
    with pytest.raises(LeadmartError) as found:
        select(Registry(project), frozenset())
    return found.value


@pytest.mark.parametrize(
    "name",
    [
        "full_name", "first_name", "name", "nachname", "photo_url", "avatar", "age", "age_group", "date_of_birth",
        "person_age", "gender", "salutation", "anrede", "ethnicity", "nationality", "religion", "notes",
        "comment", "free_text", "call_notes", "message", "Beschreibung_description",
    ],
)  # fmt: skip
def test_f3_a_protected_trait_or_free_text_is_refused_as_an_input(name: str, own: Callable[..., Project]) -> None:
    error = refused(own(VIEW.format(item=f"l.title AS {name}")))
    assert error.code == "protected_input"
    assert name in error.message
    assert "[report] audit" in (error.hint or "")


@pytest.mark.parametrize(
    "name",
    [
        "lead_age_days", "company_age_years", "average_spend", "company_name_length", "campaign_name", "sexton_account",
        "has_message", "messages_30d", "notes_30d", "page_views_30d", "engagement", "packages", "racetrack_visits",
        "named_accounts", "description_length",
    ],
)  # fmt: skip
def test_f3_an_innocent_name_that_looks_alike_is_read(name: str, own: Callable[..., Project]) -> None:
    assert select(Registry(own(VIEW.format(item=f"LENGTH(l.title) AS {name}"))), frozenset())


def test_f3_a_copy_under_another_name_is_refused_through_casts_and_ctes(own: Callable[..., Project]) -> None:
    plain = refused(own(VIEW.format(item="CAST(l.full_name AS VARCHAR) AS nickname")))
    assert "a copy of full_name" in plain.message
    assert plain.place is not None
    assert "nickname" in (plain.place.text or "")
    assert refused(own(BY_CTE)).code == "protected_input"
    # what makes another value of it is no copy
    assert select(Registry(own(VIEW.format(item="LENGTH(l.full_name) AS letters"))), frozenset())


def test_f3_a_postcode_is_flagged_and_not_refused(own: Callable[..., Project]) -> None:
    selection = select(Registry(own(VIEW.format(item="l.country AS postcode_area"))), frozenset())
    (flag,) = flagged_inputs(selection.views)
    assert flag.startswith("own@v1.postcode_area: ")


def test_f3_check_finds_what_training_refuses(own: Callable[..., Project]) -> None:
    findings, _ = check_project(own(VIEW.format(item="l.full_name AS who")))
    assert [f.as_finding()["code"] for f in findings] == ["protected_input"]
    assert findings[0].as_finding()["line"] == 8


def test_f1_a_view_that_is_audited_is_no_input(own: Callable[..., Project]) -> None:
    project = own(VIEW.format(item="l.utm_medium AS medium"), audit='"own@v1"')
    assert refused(project).code == "audited_input"
    assert "audited_input" in {f.error.code for f in check_project(project)[0]}


def test_f1_an_input_that_copies_an_audited_column_is_refused(own: Callable[..., Project]) -> None:
    project = own(VIEW.format(item="l.utm_medium AS medium"), audit='"groups@v1"', groups="l.utm_medium AS utm_medium")
    error = refused(project)
    assert error.code == "audited_input"
    assert re.search(r"own@v1\.medium .* groups@v1", error.message)


def test_f1_an_audit_view_may_hold_what_no_model_reads_and_stands_apart(own: Callable[..., Project]) -> None:
    project = own(VIEW.format(item="l.utm_medium AS medium"), audit='"groups@v1"', groups="l.title AS gender")
    registry = Registry(project)
    read = {c.name for view in select(registry, frozenset()).views for c in view.columns}
    audited = {c.name for view in select(registry, frozenset(), views_for_audit=True).views for c in view.columns}
    assert "gender" in audited - read
    assert check_project(project)[0] == []


def test_f3_no_packaged_view_reads_anything_protected(project: Project) -> None:
    for view in Registry(project).all("feature"):
        for column in view.columns:
            assert protected_as(view, column.name) is None, (view.ref, column.name)
