"""`diff`: two texts, or definitions of a project, and what the project's rows say to the verdict."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from leadmart.features.equivalence.sample import Sample
from leadmart.features.equivalence.verdict import Change
from leadmart.features.equivalence.words import diff_text

BEFORE = "SELECT t.a, COUNT(*) AS n, MAX(t.b) AS most FROM somewhere AS t WHERE t.b > 1 GROUP BY t.a\n"
AFTER = "select x.a, count(*) AS n, MIN(x.b) AS most from somewhere x where 1 = 1 and (1 < x.b) group by x.a\n"


def written(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text)
    return [str(folder / f"{name}.sql") for name in texts]


def test_diff_needs_no_project(here: Any, tmp_path: Path) -> None:
    files = written(tmp_path, before=BEFORE, after=AFTER)
    answer = here("diff", *files, "--json")
    assert answer.code == 0
    columns = json.loads(answer.out)["columns"]
    assert {name: change["class"] for name, change in columns.items()} == {"a": "same", "n": "same", "most": "changed"}
    assert all(change["why"] for change in columns.values())
    assert here("diff", *files).out.rstrip().endswith("2 same, 1 changed")


def test_a_text_that_is_not_there_or_does_not_parse_is_named(here: Any, tmp_path: Path) -> None:
    good, bad = written(tmp_path, good=BEFORE, bad="SELECT a,\nFROM (b AS\n")
    assert "there is no file" in here("diff", good, str(tmp_path / "none.sql")).err
    answer = here("diff", good, bad)
    assert answer.code == 1
    assert "bad.sql" in answer.err
    document = json.loads(here("diff", good, bad, "--json").out)
    assert document["error"]["code"] == "bad_sql"


def test_an_edited_view_is_run_on_the_rows_of_the_project(here: Any, company: Any, tmp_path: Path) -> None:
    project = company("loaded")
    view = here("render", "email_engagement@v1", "--json", "--project", project)
    text = json.loads(view.out)["pasted"].replace("INTERVAL 7 DAY", "INTERVAL 9 DAY")
    (draft,) = written(tmp_path, draft=text)
    answer = here("diff", "email_engagement@v1", draft, "--json", "--project", project)
    found = json.loads(answer.out)
    changed = [name for name, change in found["columns"].items() if change["class"] == "changed"]
    assert changed == ["emails_opened_7d"]
    sample = found["sample"]
    assert sample["rows"] > 0
    assert sample["disagreements"] == []
    assert {name for name, rows in sample["differing"].items() if rows} == {"emails_opened_7d"}
    words = here("diff", "email_engagement@v1", draft, "--project", project).out
    assert f"of {sample['rows']:,} rows differ" in words
    assert "sample" not in json.loads(
        here("diff", "email_engagement@v1", draft, "--json", "--no-sample", "--project", project).out
    )
    assert here("diff", "email_engagment@v1", draft, "--project", project).code == 1


def test_rows_that_contradict_the_verdict_are_shown() -> None:
    words = diff_text({"n": Change("same", "…")}, Sample(datetime(2026, 3, 1), 7, {"n": 3}))
    assert "the rows disagree: n was said to be the same and differs in 3 rows" in words


def test_plan_says_what_a_draft_changes_and_who_reads_it(here: Any, copy_of: Any) -> None:
    """8.2: column by column, with the definitions that read the column of the version before."""
    project = copy_of("loaded")
    folder = project / "sql" / "features"
    settings = project / "leadmart.toml"
    settings.write_text(settings.read_text().replace('gates = ["icp@v1"]', 'gates = ["icp@v1", "patterns@v1"]'))
    view = json.loads(here("render", "buying_patterns@v1", "--json", "--project", project).out)["pasted"]
    for name, text in {
        "draft": view.replace("AS is_comparing", "IS NULL AS is_comparing"),
        "v2": view + "-- more\n",
    }.items():
        (folder / "buying_patterns").mkdir(parents=True, exist_ok=True)
        (folder / "buying_patterns" / f"{name}.sql").write_text(text)
    answer = here("plan", "--json", "--project", project)
    (change,) = json.loads(answer.out)["changes"]
    assert (change["view"], change["column"], change["class"]) == ("buying_patterns@draft", "is_comparing", "changed")
    assert change["why"]
    (folder / "buying_patterns" / "v2.sql").unlink()
    (change,) = json.loads(here("plan", "--json", "--project", project).out)["changes"]
    assert "patterns@v1" in change["breaks"]
    assert "lead_account@v1" not in change["breaks"]
    assert "buying_patterns@draft.is_comparing changed" in here("plan", "--project", project).out
