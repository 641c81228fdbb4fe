"""`audit`: of files anywhere, of a project's raw tables, as people and as scripts read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

EXPORTS = Path(__file__).parents[1] / "features" / "audit" / "exports"


def test_a_file_is_audited_outside_any_project_and_nothing_is_written(here: Any, tmp_path: Path, golden: Any) -> None:
    before = sorted(EXPORTS.iterdir())
    answer = here("audit", EXPORTS / "leads_de.csv", cwd=tmp_path)
    assert answer.code == 0, answer.err
    golden(answer.out, "audit/leads_de.txt")
    assert list(tmp_path.iterdir()) == []
    assert sorted(EXPORTS.iterdir()) == before


def test_the_document_is_the_promised_one(here: Any, tmp_path: Path) -> None:
    answer = here("audit", EXPORTS / "my leads.csv", EXPORTS / "prospects.csv", "--json", cwd=tmp_path)
    leads, prospects = answer.document
    assert {"table", "rows", "duplicates", "gaps", "clocks", "columns"} <= set(leads)
    assert (leads["table"], leads["rows"], leads["duplicates"], prospects["table"]) == ("my leads", 120, 0, "prospects")
    (stage,) = [column for column in leads["columns"] if column["name"] == "Deal Stage"]
    assert set(stage) == {"name", "type", "null_share", "availability", "leak", "why"}
    assert (stage["type"], stage["null_share"], stage["availability"], stage["leak"]) == ("VARCHAR", 0, "outcome", True)


@pytest.mark.slow
def test_of_the_made_up_company_the_overwritten_columns_and_no_others_are_suspect(here: Any, company: Any) -> None:
    folder = company("loaded")
    found = {table["table"]: table for table in here("audit", "--project", folder, "--json").document}
    suspects = {name: {c["name"] for c in table["columns"] if c["leak"]} for name, table in found.items()}
    assert suspects["leads"] == {"status", "owner", "last_activity_at", "converted_at"}
    assert suspects["opportunities"] == {"stage", "is_closed"}
    events = ("accounts", "contacts", "web_events", "email_events", "form_submissions", "product_events")
    assert {name: suspects[name] for name in events} == {name: set() for name in events}
    owner = next(c for c in found["leads"]["columns"] if c["name"] == "owner")
    assert owner["availability"] == "sales_touch"
    assert "filled in 100% of rows with status" in owner["why"]
    assert found["leads"]["duplicates"] > 0
    assert found["leads"]["key"]["columns"] == ["lead_id"]
    assert found["accounts"]["key"]["columns"] == ["account_id", "changed_at"]
    roles = {clock["name"]: clock["role"] for clock in found["web_events"]["clocks"]}
    assert (roles["occurred_at"], roles["synced_at"]) == ("event", "sync")


def test_tables_and_files_go_together_and_an_unknown_table_has_a_near_name(here: Any, company: Any) -> None:
    folder = company("loaded")
    both = here("audit", "contacts", EXPORTS / "prospects.csv", "--project", folder, "--json")
    assert [table["table"] for table in both.document] == ["prospects", "contacts"]
    wrong = here("audit", "web_event", "--project", folder, "--json")
    assert (wrong.code, wrong.document["error"]["code"]) == (1, "unknown_table")
    assert "web_events" in wrong.document["error"]["hint"]


def test_without_a_project_a_table_is_no_file(here: Any, tmp_path: Path) -> None:
    assert here("audit", "leads", "--json", cwd=tmp_path).document["error"]["code"] == "no_project"
    assert here("audit", "leads.csv", "--json", cwd=tmp_path).document["error"]["code"] == "no_such_file"
