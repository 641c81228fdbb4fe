"""What is kept of parsing and proving: the same as found anew, and nothing once anything it depends on has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leadmart.features import remembered
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.plan import select
from leadmart.features.project import Project, find_project
from leadmart.features.registry import PACKAGE, Registry
from leadmart.features.sources.reach import reach_of
from leadmart.features.windows import windows_of

MakeProject = Callable[..., Project]
VIEW = """\
-- entity: lead (lead_id)
-- owner:  growth
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(e.event_id) AS mails          -- mails in 30 days
FROM spine
LEFT JOIN known.email_events AS e
    ON  e.lead_id = spine.lead_id
    AND e.as_of = spine.as_of
    AND e.occurred_at >= spine.as_of - INTERVAL 30 DAY
GROUP BY spine.lead_id, spine.as_of
;
"""
SETTINGS = '[features]\nviews = ["mails@v1", "account_engagement@v1"]\n[scoring]\ngates = ["icp@v1"]\n'
PRESENT = frozenset(["leads", "accounts", "email_events", "web_events"])


@pytest.fixture
def proven(make_project: MakeProject) -> Project:
    """A project whose definitions a command has proven."""
    files = {"sql/features/mails/v1.sql": VIEW, "sql/reference/mine.csv": "word\na\n", "warehouse/x": ""}
    project = make_project(files, SETTINGS)
    select(Registry(project), PRESENT)
    return project


def own_view(project: Project) -> Definition:
    return Registry(find_project(project.root)).get("feature", "mails@v1")


def test_what_is_kept_is_what_is_found_anew(proven: Project, tmp_path: Path) -> None:
    kept = Registry(proven)
    selection = select(kept, PRESENT)
    known = [d for d in kept.all() if d.remembered]
    assert {d.kind for d in known} == {"feature", "gate", "link", "spine", "source", "label"}
    assert all(remembered.is_proven(d) for d in selection.definitions)
    (proven.warehouse / remembered.FILE).unlink()
    anew = Registry(proven)
    for one in known:
        other = next(d for d in anew.all() if d == one)
        assert not other.remembered
        assert "tree" not in one.__dict__
        assert (one.reads, one.columns, one.statement) == (other.reads, other.columns, other.statement)
        assert kept.token_hash(one) == anew.token_hash(other)
        assert reach_of(one) == reach_of(other)
        if one.kind == "feature":
            assert windows_of(one, kept) == windows_of(other, anew)
            assert list(windows_of(one, kept)) == list(windows_of(other, anew))
    assert select(anew, PRESENT) == selection


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sql/features/mails/v1.sql", VIEW.replace("30 DAY", "31 DAY")),
        ("sql/features/mails/v1.sql", VIEW.replace("growth", "sales")),
        ("sql/reference/mine.csv", "word\nb\n"),
        ("sql/reference/new.csv", "word\nb\n"),
        ("sql/sources/plain/leads.sql", (PACKAGE / "sql/sources/plain/leads.sql").read_text() + "-- mine\n"),
        ("leadmart.toml", SETTINGS + "[train]\nseed = 8\n"),
    ],
)
def test_any_change_of_what_counts_has_all_proven_anew(proven: Project, file: str, text: str) -> None:
    assert remembered.is_proven(own_view(proven))
    path = proven.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert not any(d.remembered for d in Registry(find_project(proven.root)).all())


def test_another_prover_proves_anew(proven: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_code_hash", lambda: "of another leadmart")
    assert not remembered.is_proven(own_view(proven))
    monkeypatch.setattr(remembered, "_code_hash", lambda: "")  # no sqlglot to be told of
    select(Registry(proven), PRESENT)
    assert json.loads((proven.warehouse / remembered.FILE).read_text())["key"] != ""


def test_a_view_that_begins_to_leak_is_refused_though_it_was_proven(proven: Project) -> None:
    leaking = VIEW.replace("    AND e.as_of = spine.as_of\n", "")
    (proven.root / "sql/features/mails/v1.sql").write_text(leaking)
    for _ in range(2):
        with pytest.raises(LeadmartError, match="joined without as_of"):
            select(Registry(proven), PRESENT)
    assert not remembered.is_proven(own_view(proven))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}', "null"])
def test_a_file_that_cannot_be_read_is_as_none(proven: Project, text: str) -> None:
    (proven.warehouse / remembered.FILE).write_text(text)
    assert not remembered.is_proven(own_view(proven))
    select(Registry(proven), PRESENT)
    assert remembered.is_proven(own_view(proven))


def test_nothing_is_kept_where_there_is_no_warehouse(make_project: MakeProject) -> None:
    project = make_project({"sql/features/mails/v1.sql": VIEW}, SETTINGS)
    select(Registry(project), PRESENT)
    assert not project.warehouse.exists()
