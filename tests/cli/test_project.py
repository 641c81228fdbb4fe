"""A project's own definitions over the packaged ones: ejected, versioned, and published only once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TOWN, make_town

PACKAGE = Path(__file__).resolve().parents[2]
EJECTED = {
    "web_engagement": "sql/features/web_engagement/v1.sql",
    "icp@v1": "sql/gates/icp/v1.sql",
    "lead_account": "sql/links/lead_account/v1.sql",
    "open_leads": "sql/spines/open_leads.sql",
    "opportunity": "sql/labels/opportunity.sql",
    "scorecard": "sql/reference/scorecard.csv",
    "sources/plain/leads": "sql/sources/plain/leads.sql",
    "source.leads": "suites/source.leads.json",
}
V1 = "sql/features/web_engagement/v1.sql"
V2 = "sql/features/web_engagement/v2.sql"


def test_a_new_project_is_proven_as_it_stands(here: Any, tmp_path: Path) -> None:
    folder = tmp_path / 'Élan & "Co"'
    made = here("init", folder)
    assert made.code == 0
    assert "leadmart load leads leads.csv" in made.out
    assert sorted(path.name for path in folder.iterdir()) == [".gitignore", "leadmart.toml", "sql", "suites"]
    inside = folder / "sql"
    checked = here("check", cwd=inside)
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.endswith("definitions, all proven\n")


@pytest.mark.parametrize("name", EJECTED)
def test_eject_copies_what_is_packaged(name: str, here: Any, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    assert here("init", folder).code == 0
    answer = here("eject", name, "--project", folder)
    target = folder / EJECTED[name]
    assert (answer.code, answer.out.strip()) == (0, str(target))
    inside = EJECTED[name]
    packaged = PACKAGE / (f"expectations/{inside}" if inside.startswith("suites") else inside)
    assert target.read_bytes() == packaged.read_bytes()
    assert here("check", "--project", folder).code == 0
    # the project's own file is never overwritten
    target.write_text(target.read_text() + "\n")
    again = here("eject", name, "--project", folder)
    assert (again.code, again.out) == (1, "")
    assert "is the project's own already" in again.err


def test_an_unknown_name_is_told_the_near_ones(here: Any, tmp_path: Path) -> None:
    assert here("init", tmp_path / "p").code == 0
    answer = here("eject", "web_engagment", "--project", tmp_path / "p")
    assert answer.code == 1
    assert "did you mean web_engagement" in answer.err


def test_an_ejected_file_alone_changes_nothing(here: Any, copy_of: Any) -> None:
    folder = copy_of("scored")
    for name in ("web_engagement", "icp", "scorecard", "reasons", "leads", "open_leads", "source.web_events"):
        assert here("eject", name, "--project", folder).code == 0
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["slices"]) == (0, {"computed": 0, "skipped": 9})
    assert done.document["scores"]["inserted"] == done.document["scores"]["updated"] == 0


def test_a_published_version_that_changed_is_refused_with_both_ways_out(
    leadmart: Any, here: Any, copy_of: Any, edit: Any, published: Any
) -> None:
    folder = copy_of("scored")
    assert here("eject", "web_engagement", "--project", folder).code == 0
    rows = published(folder, "SELECT * FROM scores.latest ORDER BY ALL")
    original = (folder / V1).read_text()
    # comments and layout are free
    (folder / V1).write_text(original.replace("FROM spine\n", "FROM\n    spine  -- a note of our own\n"))
    assert here("check", "--project", folder).code == 0
    assert here("run", "--project", folder, "--json").document["slices"]["computed"] == 0
    (folder / V1).write_text(original)
    edit(folder / V1, "INTERVAL 7 DAY)\n        AS sessions_7d", "INTERVAL 8 DAY)\n        AS sessions_7d")
    for words in (("run",), ("train",), ("backfill", "--start", "2026-03-01", "--end", "2026-03-02")):
        refused = here(*words, "--project", folder, "--json")
        assert refused.code == 1
        error = refused.document["error"]
        assert error["code"] == "published_changed"
        assert error["place"].endswith(f"{V1}:8")
        assert "leadmart show view web_engagement@v1" in error["hint"]
        assert "web_engagement/v2.sql" in error["hint"]
    checked = here("check", "--project", folder, "--json")
    assert (checked.code, [found["code"] for found in checked.document]) == (1, ["published_changed"])
    assert published(folder, "SELECT * FROM scores.latest ORDER BY ALL") == rows
    # one way out: what was published can be had back
    shown = here("show", "view", "web_engagement@v1", "--project", folder, "--json")
    (folder / V1).write_text(shown.document[0]["text"])
    assert here("run", "--project", folder).code == 0


def test_v2_works_beside_v1(here: Any, copy_of: Any, edit: Any, published: Any, stored: Any) -> None:
    folder = copy_of("scored")
    before = published(folder, "SELECT * FROM features.web_engagement__v1 ORDER BY ALL")
    scores = "SELECT * FROM scores.lead_scores WHERE feature_set_version = '{}' ORDER BY ALL"
    ((old,),) = stored(folder, "SELECT DISTINCT feature_set_version FROM scores.lead_scores")
    rows = stored(folder, scores.format(old))
    assert here("eject", "web_engagement", "--project", folder).code == 0
    (folder / V1).rename(folder / V2)
    edit(folder / V2, "INTERVAL 7 DAY)\n        AS sessions_7d", "INTERVAL 14 DAY)\n        AS sessions_7d")
    # a new file alone is no change: the project names exact versions
    assert here("run", "--project", folder, "--json").document["slices"]["computed"] == 0
    edit(folder / "leadmart.toml", '"web_engagement@v1"', '"web_engagement@v2"')
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["slices"]) == (0, {"computed": 1, "skipped": 8})
    assert done.document["scores"]["inserted"] == len(rows)
    assert stored(folder, scores.format(old)) == rows
    assert published(folder, "SELECT * FROM features.web_engagement__v1 ORDER BY ALL") == before
    sums = "SELECT COUNT(*), SUM(sessions_7d) FROM features.web_engagement__v{}"
    ((one, narrow),), ((two, wide),) = (published(folder, sums.format(v)) for v in (1, 2))
    assert one == two
    assert wide > narrow
    assert published(folder, "SELECT SUM(sessions_7d) FROM features.lead_features") == [(wide,)]
    versions = published(folder, "SELECT version FROM meta.views WHERE name = 'web_engagement' ORDER BY 1")
    assert versions == [(1,), (2,)]


def test_two_versions_of_one_view_in_a_project_are_refused(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("loaded")
    edit(folder / "leadmart.toml", '"web_engagement@v1",', '"web_engagement@v1", "web_engagement@v2",')
    refused = here("run", "--project", folder, "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "bad_settings")
    assert "web_engagement is listed twice" in refused.document["error"]["message"]


# --- the same company again ---


def raw_bytes(folder: Path) -> dict[str, str]:
    files = sorted((folder / "warehouse" / "raw").rglob("*.parquet"))
    files.append(folder / "warehouse" / "demo" / "truth.parquet")
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_the_same_seed_and_end_give_the_same_bytes_and_scores(
    leadmart: Any, here: Any, company: Any, tmp_path: Path, difference: Any
) -> None:
    """Made and run in processes of their own: the company that this or another worker made within its own."""
    one, other = tmp_path / "one", company("town")
    assert leadmart("init", one, *TOWN).code == 0
    assert raw_bytes(one) == raw_bytes(other)
    assert len(raw_bytes(one)) == 15
    make_town(one)
    assert leadmart("run", "--as-of", "2026-03-01", "--project", one).code == 0
    assert difference(one, other) == {}
    reseeded = tmp_path / "reseeded"
    assert here("init", reseeded, *TOWN, "--seed", "6").code == 0
    assert set(raw_bytes(reseeded).values()) & set(raw_bytes(one).values()) == set()


def test_a_demo_ends_on_the_day_of_init_or_at_until(here: Any, tmp_path: Path, published: Any) -> None:
    size = ("--demo", "--leads", "50", "--days", "60")
    for name, words, now in (("until", ("--until", "2026-03-02"), "2026-06-01"), ("today", (), "2026-03-02T15:30:00")):
        folder = tmp_path / name
        made = here("init", folder, *size, *words, "--json", LEADMART_NOW=now)
        assert made.code == 0
        assert made.document["until"] == "2026-03-02T00:00:00"
        assert {"project", "until", "seed", "tables"} <= set(made.document)
        assert published(folder, "SELECT DISTINCT loaded_at::VARCHAR FROM meta.loads") == [("2026-03-02 00:00:00",)]
    assert raw_bytes(tmp_path / "until") == raw_bytes(tmp_path / "today")


def test_a_demo_says_that_no_row_is_real(here: Any, tmp_path: Path) -> None:
    made = here("init", tmp_path / "p", "--demo", "--leads", "50", "--days", "60", "--until", "2026-03-02")
    assert "made-up" in made.out
    assert "No row of it is real." in made.out
