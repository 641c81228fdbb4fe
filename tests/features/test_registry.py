"""Definitions: found by path, parsed, overridden, ejected, told apart by their tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.fingerprint import token_hash
from leadmart.features.project import Project
from leadmart.features.registry import PACKAGE, Registry, eject

MakeProject = Callable[..., Project]
TEXT = """\
-- entity: lead (lead_id)
-- owner:  growth      -- who to ask
--
-- How warm a lead is,
-- in two lines.
SELECT
    spine.lead_id, spine.as_of,
    COUNT(e.event_id) FILTER (WHERE e.url = 'a -- b')
        AS mails,           -- mails opened,
                            -- by a person or not
    MAX(e.url) AS "last url"
FROM spine
LEFT JOIN known.email_events AS e ON e.lead_id = spine.lead_id AND e.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
"""


def definition(text: str = TEXT, kind: str = "feature") -> Definition:
    return Definition(kind, "warmth", 2, "", Path("sql/features/warmth/v2.sql"), text, False)


def test_a_definition_says_what_it_is() -> None:
    one = definition()
    assert (one.ref, one.relation) == ("warmth@v2", "features.warmth__v2")
    assert one.header == {"entity": "lead (lead_id)", "owner": "growth"}
    assert one.description == "How warm a lead is, in two lines."
    assert (one.entity, one.key) == (("lead", "lead_id"), "lead_id")
    assert [(c.name, c.comment) for c in one.columns] == [
        ("lead_id", ""),
        ("as_of", ""),
        ("mails", "mails opened, by a person or not"),
        ("last url", ""),
    ]
    assert [str(read) for read in one.reads] == ["spine", "known.email_events"]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("-- who to ask", "-- whom", True),
        ("owner:  growth", "owner:  sales", True),
        ("How warm", "How cold", True),
        ("COUNT(", "count( ", True),
        ("FROM spine\n", "FROM spine\n\n\n", True),
        ("'a -- b'", "'A -- b'", False),
        ('"last url"', '"Last url"', False),
        ("COUNT(e.event_id)", "COUNT(DISTINCT e.event_id)", False),
        ("AS mails", "AS mails_opened", False),
        ("entity: lead (lead_id)", "entity: person (lead_id)", False),
    ],
)
def test_tokens_tell_texts_apart_and_layout_does_not(before: str, after: str, same: bool) -> None:
    assert before in TEXT
    assert (token_hash(definition()) == token_hash(definition(TEXT.replace(before, after)))) is same


def test_a_closing_semicolon_is_no_difference() -> None:
    assert token_hash(definition()) == token_hash(definition(TEXT + ";"))
    assert definition(TEXT + "; -- done;\n").statement == TEXT.rstrip()


def test_a_file_of_the_project_wins_over_the_packaged_one(make_project: MakeProject) -> None:
    own = "-- entity: lead (lead_id)\n--\n-- All of them.\nSELECT l.lead_id, l.as_of FROM known.leads AS l\n"
    registry = Registry(make_project({"sql/spines/open_leads.sql": own, "sql/reference/mine.csv": "a\n1\n"}))
    spine = registry.get("spine", "open_leads")
    assert (spine.text, spine.packaged) == (own, False)
    assert registry.get("spine", "training_landmarks").packaged
    assert not registry.reference("mine").packaged
    assert registry.reference("competitor_domains").packaged


def test_sources_are_those_of_the_projects_connectors(make_project: MakeProject) -> None:
    text = (
        "-- key: id\n-- rows: appended\n--\n-- X.\n"
        "SELECT x.id, x.at AS occurred_at, x.at AS ingested_at FROM raw.x AS x\n"
    )
    files = {"sql/sources/crm/leads.sql": text, "sql/sources/crm/only.sql": text}
    assert [d.connector for d in Registry(make_project(files)).source("leads")] == ["plain"]
    both = Registry(make_project(files, '[sources]\nconnectors = ["plain", "crm"]\n', name="both"))
    assert [d.connector for d in both.source("leads")] == ["crm", "plain"]
    alone = Registry(make_project(files, '[sources]\nconnectors = ["crm"]\n', name="alone"))
    assert {d.name for d in alone.all("source")} == {"leads", "only"}


@pytest.mark.parametrize(
    ("ask", "hint"),
    [
        (lambda r: r.get("feature", "web_engagment@v1"), "did you mean web_engagement@v1 or email_engagement@v1?"),
        (lambda r: r.get("spine", "open_lead"), "did you mean open_leads?"),
        (lambda r: r.find("lead_acount"), "did you mean lead_account or account?"),
        (lambda r: r.source("web_event"), "did you mean web_events or email_events?"),
        (lambda r: r.reference("competitors"), "did you mean competitor_domains?"),
        (lambda r: r.get("label", "qqqq"), "known: opportunity"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(
    ask: Callable[[Registry], Any], hint: str, registry: Registry
) -> None:
    with pytest.raises(LeadmartError) as refused:
        ask(registry)
    assert refused.value.code.startswith("unknown_")
    assert hint.split(" or ")[0].rstrip("?") in refused.value.hint


def test_a_name_finds_the_newest_version(make_project: MakeProject) -> None:
    registry = Registry(make_project({f"sql/features/warmth/v{n}.sql": TEXT for n in (2, 10)}))
    assert registry.find("warmth").ref == "warmth@v10"
    assert registry.find("warmth@v2").ref == "warmth@v2"
    assert registry.find("features/warmth").ref == "warmth@v10"
    assert registry.find("sources/leads").kind == "source"


def test_a_draft_is_no_version_and_a_stray_file_is_refused(make_project: MakeProject) -> None:
    registry = Registry(make_project({"sql/features/warmth/draft.sql": TEXT}))
    assert "warmth" not in {d.name for d in registry.all("feature")}
    for path in ("sql/features/warmth.sql", "sql/features/warmth/2.sql", "sql/sources/leads.sql", "sql/spines/a/b.sql"):
        with pytest.raises(LeadmartError) as refused:
            Registry(make_project({path: TEXT}, name=path.replace("/", "-")))
        assert refused.value.code == "bad_path"


def test_a_view_that_reads_itself_is_refused(make_project: MakeProject) -> None:
    circle = TEXT.replace("known.email_events", "features.{}__v1")
    files = {"sql/features/a/v1.sql": circle.format("b"), "sql/features/b/v1.sql": circle.format("a")}
    registry = Registry(make_project(files))
    with pytest.raises(LeadmartError) as refused:
        registry.dependencies(registry.get("feature", "a@v1"))
    assert refused.value.code == "circular_read"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("web_engagement", "sql/features/web_engagement/v1.sql"),
        ("web_engagement@v1", "sql/features/web_engagement/v1.sql"),
        ("open_leads", "sql/spines/open_leads.sql"),
        ("features/lead_profile/v1", "sql/features/lead_profile/v1.sql"),
        ("scorecard", "sql/reference/scorecard.csv"),
    ],
)
def test_eject_copies_a_packaged_file_once(name: str, file: str, project: Project) -> None:
    target = eject(project, name)
    assert target == project.root / file
    assert target.read_text() == (PACKAGE / file).read_text()
    with pytest.raises(LeadmartError) as refused:
        eject(project, name)
    assert refused.value.code == "already_ejected"


def test_ejecting_changes_no_fingerprint(project: Project) -> None:
    before = Registry(project)
    for name in ("web_engagement@v1", "competitor_domains", "icp@v1", "sources/plain/web_events"):
        eject(project, name)
    after = Registry(project)
    for kind, ref in (("feature", "web_engagement@v1"), ("gate", "icp@v1")):
        assert before.get(kind, ref).packaged
        assert not after.get(kind, ref).packaged
        prints = {r.fingerprint(r.get(kind, ref), frozenset({"leads"})) for r in (before, after)}
        assert len(prints) == 1
    gate = after.get("gate", "icp@v1")
    assert after.fingerprint(gate, frozenset()) != after.fingerprint(gate, frozenset({"leads"}))


def test_ejecting_the_unknown_names_what_is_near(project: Project) -> None:
    with pytest.raises(LeadmartError) as refused:
        eject(project, "web_engagment")
    assert refused.value.code == "unknown_definition"
    assert "web_engagement" in refused.value.hint
    with pytest.raises(LeadmartError):
        eject(project, "../leadmart.toml")
