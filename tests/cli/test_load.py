"""`load`: all of a batch or nothing of it, and the same scores whatever the files' format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

UNTIL = "2026-03-02"
COUNTS = (
    "SELECT table_name, SUM(row_count), COUNT(*) FROM meta.loads WHERE replaced_at IS NULL GROUP BY ALL ORDER BY ALL"
)


def raw_file(folder: Path, table: str) -> Path:
    (file,) = (folder / "warehouse" / "raw" / table).glob("*.parquet")
    return file


def as_csv(folder: Path, table: str, file: Path) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM read_parquet('{raw_file(folder, table)}')) TO '{file}' (FORMAT csv, HEADER)")
    return file


def test_a_renamed_column_is_refused_and_nothing_is_loaded(
    here: Any, copy_of: Any, published: Any, stored: Any, tmp_path: Path
) -> None:
    folder = copy_of("loaded")
    before = stored(folder, COUNTS)
    file = as_csv(folder, "web_events", tmp_path / "web_events.csv")
    text = file.read_text()
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(text.replace("occurred_at", "happened_at", 1))
    answer = here("load", "web_events", renamed, "--project", folder, "--json")
    assert answer.code == 1
    error = answer.document["error"]
    assert error["code"] == "missing_column"
    assert error["message"] == "renamed.csv has no column occurred_at, which a source reads"
    assert error["place"] == f"{renamed}:1"
    assert "occurred_at: did you mean" in error["hint"] or "it has event_id" in error["hint"]
    assert "`leadmart eject web_events` to write NULL for those you have not" in error["hint"]
    assert stored(folder, COUNTS) == before
    assert published(folder, COUNTS) == before
    assert list((folder / "warehouse" / "raw" / "web_events").iterdir()) == [raw_file(folder, "web_events")]
    assert list((folder / "warehouse" / "tmp").glob("*")) == []


@pytest.mark.parametrize("order", [("good", "bad"), ("bad", "good")])
def test_of_two_files_with_one_broken_neither_is_loaded(
    order: tuple[str, str], here: Any, copy_of: Any, stored: Any, tmp_path: Path
) -> None:
    folder = copy_of("loaded")
    before = stored(folder, COUNTS)
    lines = as_csv(folder, "web_events", tmp_path / "all.csv").read_text().splitlines()
    cells = lines[2].split(",")
    cells[lines[0].split(",").index("occurred_at")] = "last Tuesday"
    (tmp_path / "good.csv").write_text("\n".join(lines[:50]) + "\n")
    (tmp_path / "bad.csv").write_text("\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n")
    files = [tmp_path / f"{name}.csv" for name in order]
    answer = here("load", "web_events", *files, "--project", folder, "--json")
    assert answer.code == 1
    error = answer.document["error"]
    assert error["code"] == "unreadable_value"
    assert "'last Tuesday' in row 2 of bad.csv" in error["message"]
    assert error["place"].endswith("bad.csv:3")
    assert stored(folder, COUNTS) == before


def test_a_file_loaded_twice_doubles_nothing(here: Any, copy_of: Any, stored: Any, tmp_path: Path) -> None:
    folder = copy_of("loaded")
    lines = as_csv(folder, "web_events", tmp_path / "all.csv").read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[:11]) + "\n")
    words = ("load", "web_events", tmp_path / "few.csv", "--project", folder, "--json")
    first, second = here(*words), here(*words)
    assert (first.document["rows"], first.document["batches"]) == (
        10,
        [{"file": "few.csv", "rows": 10, "loaded": True}],
    )
    assert second.document["batches"] == [{"file": "few.csv", "rows": 0, "loaded": False}]
    assert stored(folder, "SELECT COUNT(*) FROM meta.loads WHERE table_name = 'web_events'") == [(2,)]


def test_a_company_loaded_from_csv_is_scored_as_the_one_from_parquet(
    here: Any, company: Any, difference: Any, tmp_path: Path, published: Any
) -> None:
    scored = company("scored")
    folder = tmp_path / "from-csv"
    assert here("init", folder).code == 0
    checked = here("check", "--project", folder, "--json")
    assert (checked.code, checked.document) == (0, [])
    nothing = here("run", "--project", folder, "--json")
    assert (nothing.code, nothing.document["error"]["code"]) == (1, "nothing_loaded")
    tables = sorted(path.name for path in (scored / "warehouse" / "raw").iterdir())
    assert len(tables) == 14
    for table in tables:
        file = as_csv(scored, table, tmp_path / f"{table}.csv")
        loaded = here("load", table, file, "--project", folder, "--json", LEADMART_NOW=UNTIL)
        assert loaded.code == 0, loaded.out
    done = here("run", "--project", folder, "--json")
    assert (done.code, done.document["as_of"]) == (0, f"{UNTIL}T00:00:00")
    assert difference(folder, scored) == {}
    assert len(published(folder, "SELECT * FROM scores.latest")) == done.document["scores"]["inserted"] > 500


def test_a_source_that_is_not_loaded_reads_as_empty_and_plan_says_so(here: Any, copy_of: Any, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    assert here("init", folder).code == 0
    whole = copy_of("loaded")
    for table in ("leads", "web_events"):
        words = ("load", table, raw_file(whole, table), "--project", folder)
        assert here(*words, LEADMART_NOW=UNTIL).code == 0
    plan = here("plan", "--project", folder, "--json")
    assert plan.code == 0
    assert {"email_events", "accounts"} <= set(plan.document["absent_sources"])
    assert here("run", "--project", folder).code == 0
    found = here(
        "sql",
        "SELECT MAX(emails_opened_30d) AS mails, MAX(sessions_90d) AS sessions FROM features.lead_features",
        "--project",
        folder,
        "--json",
    )
    ((row),) = found.document
    assert row["mails"] in (None, 0)
    assert row["sessions"] > 3
