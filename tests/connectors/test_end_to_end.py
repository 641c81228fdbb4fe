"""A project on HubSpot's tables alone, by the command line: loaded, proven, run, and run again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

HUBSPOT = Path(__file__).parent / "hubspot"
NOW = "2024-06-05T00:00:00"


@pytest.mark.slow
def test_a_project_on_hubspot_tables_runs(here: Any, tmp_path: Path) -> None:
    folder = tmp_path / "crm"

    def ask(*words: object) -> Any:
        answer = here(*words, "--project", folder, LEADMART_NOW=NOW)
        assert answer.code == 0, answer.err or answer.out
        return answer

    assert here("init", folder).code == 0
    shutil.copy(HUBSPOT / "leadmart.toml", folder / "leadmart.toml")
    for file in sorted(HUBSPOT.glob("*.csv")):
        if file.stem != "TRAPS":
            ask("load", f"hubspot_{file.stem}", file)
    assert ask("check", "--json").document == []
    first = ask("run", "--json").document
    assert first["status"] == "done"
    assert first["scores"]["inserted"] == 3
    looks = ask("sql", "SELECT table_name, added FROM meta.snapshots ORDER BY 1", "--json").document
    assert [(look["table_name"], look["added"]) for look in looks] == [
        ("hubspot_company", 7), ("hubspot_contact", 11), ("hubspot_deal_company", 6),
    ]  # fmt: skip
    again = ask("run", "--json").document
    assert (again["slices"]["computed"], again["scores"]["inserted"]) == (0, 0)
    assert ask("snapshot", "--json").document == []
    # training counts and names the landmarks at which nobody had looked at the companies yet
    notes = ask("train", "--json").document["notes"]
    assert [note for note in notes if "snapshot" in note] == [
        "72 of 72 landmarks lie before the first snapshot that accounts is made of: what it says is unknown there, NULL"
    ]
    # a contact export at half its size is refused, and what reads its changes is held back
    half = tmp_path / "contact.csv"
    lines = (HUBSPOT / "contact.csv").read_text(encoding="utf-8").splitlines()
    half.write_text("\n".join(lines[:4]) + "\n", encoding="utf-8")
    assert here("load", "hubspot_company", shrunk_company(tmp_path), "--replace", "--project", folder).code == 0
    blocked = here("run", "--json", "--project", folder)
    assert blocked.code == 3
    assert blocked.document["status"] == "blocked"
    assert blocked.document["failed_sources"] == ["accounts"]
    assert "shrink" in blocked.err
    assert here("load", "hubspot_contact", half, "--replace", "--project", folder).code == 0
    refused = here("snapshot", "hubspot_contact", "--json", "--project", folder)
    assert (refused.code, refused.document["error"]["code"]) == (1, "shrunk")
    meant = here("snapshot", "hubspot_contact", "--allow-shrink", "--json", "--project", folder)
    assert [look["deleted"] for look in meant.document] == [8]


def shrunk_company(folder: Path) -> Path:
    lines = (HUBSPOT / "company.csv").read_text(encoding="utf-8").splitlines()
    file = folder / "company.csv"
    file.write_text("\n".join(lines[:2]) + "\n", encoding="utf-8")
    return file
