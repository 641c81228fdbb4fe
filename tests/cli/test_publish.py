"""`publish`: a draft becomes the next version, once, and says what is to be done next."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from leadmart.features import catalogue
from leadmart.features.warehouse import open_for_writing
from leadmart.scoring.release import publish as publishing
from tests.conftest import rewrite_catalogue

VIEW = "web_engagement"
ROOT = Path(__file__).resolve().parents[2] / "sql" / "features" / VIEW
V1 = (ROOT / "v1.sql").read_text(encoding="utf-8")
MORE = V1.replace(
    "    DATE_DIFF('day', MAX",
    "    COUNT(w.event_id)\n        AS pages_90d,    -- pages opened in the last 90 days\n    DATE_DIFF('day', MAX",
)


def draft(project: Path, text: str, folder: str = f"features/{VIEW}") -> Path:
    file = project / "sql" / folder / "draft.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def town(company: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the town for drafts that are refused: nothing of it changes but the draft."""
    folder = tmp_path_factory.mktemp("publish") / "town"
    shutil.copytree(company("town"), folder)
    rewrite_catalogue(folder)
    return folder


def versions(stored: Any, project: Path, name: str = VIEW) -> list[int]:
    return [number for (number,) in stored(project, f"SELECT version FROM meta.views WHERE name = '{name}' ORDER BY 1")]


def test_a_draft_becomes_the_next_version_once(here: Any, copy_of: Any, stored: Any, published: Any) -> None:
    """8.2: moved, recorded, told; a second call has nothing to do."""
    project = copy_of("town")
    file = draft(project, MORE)
    planned = here("plan", "--json", "--exit-code", "--project", project, "--as-of", "2026-03-01")
    assert planned.code == 0, "a draft alone is no work"
    assert planned.document["drafts"] == [f"{VIEW}@draft"]
    done = here("publish", VIEW, "--json", "--project", project)
    assert done.code == 0, done.err
    found = done.document
    assert (found["published"], found["status"], found["before"]) == (f"{VIEW}@v2", "published", f"{VIEW}@v1")
    assert [(each["column"], each["class"]) for each in found["changes"]] == [("pages_90d", "added")]
    assert found["changes"][0]["raw"]
    assert any("[features] views" in words for words in found["next"])
    assert not file.exists()
    assert (file.parent / "v2.sql").read_text(encoding="utf-8") == MORE
    assert versions(stored, project) == [1, 2]
    assert published(project, "SELECT command, status FROM meta.runs ORDER BY started_at DESC LIMIT 1") == [
        ("publish", "done")
    ]
    again = here("publish", VIEW, "--project", project)
    assert again.code == 0
    assert "nothing to do" in again.out
    assert versions(stored, project) == [1, 2]
    assert here("plan", "--json", "--project", project, "--as-of", "2026-03-01").document["changes"] == []

    edited = file.with_name("v2.sql")
    edited.write_text(MORE.replace("90 DAY", "80 DAY"), encoding="utf-8")
    refused = here("publish", VIEW, "--json", "--project", project)
    assert refused.document["error"]["code"] == "published_changed"


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (V1.replace("-- sessions in", "-- how many sessions in"), (), "nothing_changed"),
        (V1.replace("AS w\n", "AS page\n").replace("w.", "page."), (), "nothing_changed"),
        (V1.replace("    AND w.as_of = spine.as_of\n", ""), (), "join_without_as_of"),
        (V1.replace("SELECT", "SELEC", 1), (), "bad_sql"),
        (V1.replace("AS sessions_7d", "AS lead_age_days"), (), "column_twice"),
        (V1.replace("AS sessions_30d", "AS sessions_31d"), (), "column_in_use"),
    ],
    ids=["comments", "aliases", "unproven", "broken", "twice", "in use"],
)
def test_a_draft_that_must_not_be_published_stays_a_draft(
    here: Any, town: Path, stored: Any, text: str, words: tuple[str, ...], code: str
) -> None:
    """8.2: refused by name, nothing recorded, nothing moved."""
    file = draft(town, text)
    refused = here("publish", VIEW, "--json", "--project", town)
    assert refused.code == 1
    assert refused.document["error"]["code"] == code, refused.out
    planned = here("plan", "--json", "--project", town, "--as-of", "2026-03-01")
    told = [problem["code"] for each in planned.document["refused"] for problem in each["problems"]]
    if code in ("nothing_changed", "column_in_use", "column_twice"):
        assert told == []
    else:
        assert code in told
        assert planned.document["changes"] == []
        assert f"{VIEW}@draft will not be published" in here("plan", "--project", town, "--as-of", "2026-03-01").out
    assert file.exists()
    assert not file.with_name("v2.sql").exists()
    assert versions(stored, town) == [1]


def test_a_draft_that_another_process_moves_meanwhile_is_read_where_it_is(
    here: Any, town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8.2: the versions that there are count from when no other writes: one is never written over."""
    file = draft(town, V1.replace("    AND w.as_of = spine.as_of\n", ""))
    moved = file.with_name("v2.sql")

    def moved_meanwhile(*given: Any) -> Any:
        file.rename(moved)
        return open_for_writing(*given)

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "open_for_writing", moved_meanwhile)
        refused = here("publish", VIEW, "--json", "--project", town).document["error"]
    moved.unlink()
    assert refused["code"] == "join_without_as_of"
    assert f"{VIEW}/v2.sql:" in refused["place"]


def test_a_removed_column_names_everyone_who_reads_it(here: Any, town: Path) -> None:
    """8.5: in publish and in plan; what can do without it is named and does not stop it."""
    draft(town, V1.replace("AS sessions_30d", "AS sessions"))
    refused = here("publish", VIEW, "--json", "--project", town).document["error"]
    assert "reference/scorecard.csv cannot do without it" in refused["message"]
    assert "reference/reasons.csv" in refused["message"]
    changes = here("plan", "--json", "--project", town, "--as-of", "2026-03-01").document["changes"]
    (removed,) = [each for each in changes if each["class"] == "removed"]
    assert removed["refused"] is True
    assert {"reference/scorecard.csv", "reference/reasons.csv"} <= set(removed["breaks"])
    told = here("plan", "--project", town, "--as-of", "2026-03-01").out
    assert f"{VIEW}@draft will not be published while reference/scorecard.csv" in told


def test_another_text_of_the_same_values_is_published_when_it_is_asked_for(
    here: Any, copy_of: Any, stored: Any
) -> None:
    """8.1, 8.2: `same` is said; a faster text may still be wanted."""
    project = copy_of("town")
    draft(project, V1.replace("AS w\n", "AS page\n").replace("w.", "page."))
    refused = here("publish", VIEW, "--json", "--project", project).document["error"]
    assert f"is the same as in {VIEW}@v1" in refused["message"]
    assert "--anyway" in refused["hint"]
    assert here("publish", VIEW, "--anyway", "--project", project).code == 0
    assert versions(stored, project) == [1, 2]


def test_killed_after_the_file_was_moved_the_next_call_finishes(
    here: Any, copy_of: Any, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8.2: nothing doubled, nothing lost, wherever it stops."""
    project = copy_of("town")
    file = draft(project, MORE)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "record_command", stop)
        assert here("publish", VIEW, "--project", project).code == 130
    assert not file.exists()
    assert file.with_name("v2.sql").exists()
    assert versions(stored, project) == [1]
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "publish", stop)
        assert here("publish", VIEW, "--project", project).code == 130
    assert versions(stored, project) == [1, 2]
    last = here("publish", VIEW, "--json", "--project", project)
    assert (last.code, last.document["status"]) == (0, "published before")
    assert here("doctor", "--project", project).code == 0
    assert versions(stored, project) == [1, 2]


def test_gates_and_links_are_published_too_and_new_views_begin_at_v1(here: Any, copy_of: Any, stored: Any) -> None:
    """8.2: every kind that has versions; a kind is named where two drafts have one name."""
    project = copy_of("town")
    link = (ROOT.parents[1] / "links" / "lead_account" / "v1.sql").read_text(encoding="utf-8")
    draft(project, link.replace("MIN(ve.account_id)", "MAX(ve.account_id)"), "links/lead_account")
    done = here("publish", "lead_account", "--json", "--project", project).document
    assert done["published"] == "lead_account@v2"
    assert any(words.startswith("account_engagement@v1 reads lead_account@v1") for words in done["next"])
    text = V1.replace("sessions_", "visits_").replace("_views_", "_looks_").replace("dwell_seconds", "stay_seconds")
    draft(project, text.replace("days_since_last_visit", "days_since_last_look"), "features/visits")
    draft(project, "SELECT 1", "gates/visits")
    refused = here("publish", "visits", "--json", "--project", project).document["error"]
    assert refused["code"] == "ambiguous_name"
    done = here("publish", "features/visits", "--json", "--project", project).document
    assert "published" in done, done
    assert (done["published"], done["before"], done["changes"]) == ("visits@v1", None, [])
    assert versions(stored, project, "visits") == [1]


@pytest.mark.parametrize(
    ("name", "code"),
    [("web_engagment", "unknown_definition"), ("leads", "nothing_to_publish"), ("x@draft", "unknown_definition"),
     ("buying_patterns", "nothing_to_publish")],
)  # fmt: skip
def test_what_cannot_be_published_is_refused_by_name(here: Any, town: Path, name: str, code: str) -> None:
    refused = here("publish", name, "--json", "--project", town)
    assert (refused.code, refused.document["error"]["code"]) == (1, code)
