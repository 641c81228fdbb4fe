"""A project on HubSpot's tables alone, by the command line: loaded, proven, run, and run again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

HUBSPOT = Path(__file__).parent / "hubspot"
NOW = "2024-06-05T00:00:00"


@pytest.mark.slow
@pytest.mark.in_test_all
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


STACKS = {
    "hubspot": ("hubspot", "segment", "stripe"),
    "salesforce": ("salesforce", "rudderstack", "stripe"),
}


@pytest.mark.slow
@pytest.mark.parametrize("crm", STACKS)
def test_a_stack_of_three_systems_runs_from_load_to_explain(crm: str, here: Any, tmp_path: Path) -> None:
    folder = tmp_path / "p"

    def ask(*words: object) -> Any:
        answer = here(*words, "--project", folder, LEADMART_NOW=NOW)
        assert answer.code == 0, answer.err or answer.out
        return answer

    _, events, billing = STACKS[crm]
    made = here("init", folder, "--crm", crm, "--events", events, "--billing", billing, "--json").document
    loaded = set()
    for connector in STACKS[crm]:
        for file in sorted((Path(__file__).parent / connector).glob("*.csv")):
            if file.stem != "TRAPS":
                answer = ask("load", f"{connector}_{file.stem}", file, "--json").document
                assert not any("changes" in words for words in answer["warnings"])
                loaded.add(f"{connector}_{file.stem}")
    assert set(made["reads"]) <= loaded
    assert ask("check", "--json").document == []
    # what stands in [snapshot] is named as waiting until it was looked at
    waiting = {each["source"]: each["words"] for each in ask("plan", "--json").document["missing"]}
    table = {"hubspot": "hubspot_company", "salesforce": "salesforce_account"}[crm]
    assert f"raw.{table} is not looked at yet" in waiting.pop("accounts")
    run = ask("run", "--json").document
    assert run["status"] == "done"
    assert run["scores"]["inserted"] == {"hubspot": 3, "salesforce": 5}[crm]
    # a source that nothing of the stack feeds is named with those it leaves without, and unknown is not 0
    status = {each["source"]: each for each in ask("status", "--json").document["missing"]}
    assert set(status) == {each["source"] for each in run["missing"]} == set(waiting)
    assert set(status) == {"hubspot": set(), "salesforce": {"email_events"}}[crm]
    if status:
        assert "features.email_engagement__v1" in status["email_events"]["readers"]
        assert "email_events reads as empty" in ask("status").out
    columns = "has_web_events, has_email_events, has_form_submissions, has_product_events"
    rows = ask(
        "sql", f"SELECT DISTINCT {columns}, emails_opened_30d IS NULL AS no_opens FROM features.lead_features", "--json"
    ).document
    assert rows == [
        {
            "has_web_events": True, "has_email_events": crm == "hubspot", "has_form_submissions": True,
            "has_product_events": True, "no_opens": crm == "salesforce",
        }
    ]  # fmt: skip
    # the page views of Ada's two browsers and her document are hers, by the address that she gave
    ada, bo = {"hubspot": ("hubspot:101", "hubspot:102"), "salesforce": (lead(1), lead(2))}[crm]
    query = f"SELECT sessions_90d, pricing_views_30d FROM features.web_engagement__v1 WHERE lead_id = '{ada}'"
    views = ask("sql", query, "--json").document
    assert views == [{"sessions_90d": 2, "pricing_views_30d": 0}]
    forms = ask("sql", f"SELECT forms_90d FROM features.form_activity__v1 WHERE lead_id = '{bo}'", "--json").document
    assert forms == [{"forms_90d": 1}]
    shown = {"hubspot": bo, "salesforce": lead(3)}[crm]
    explained = ask("explain", shown, "--json").document
    assert explained["lead_id"] == shown
    fired = [gate["reason"] for gate in explained["gates"]]
    assert (
        fired
        == {
            "hubspot": ["Company pays us already"],
            "salesforce": ["Company had a subscription that ended"],
        }[crm]
    )
    again = ask("run", "--json").document
    assert (again["slices"]["computed"], again["scores"]["inserted"]) == (0, 0)


def lead(number: int) -> str:
    return f"salesforce:00Q{number:012}"


@pytest.mark.slow
def test_what_a_stack_has_not_loaded_is_named_with_its_reason(here: Any, tmp_path: Path) -> None:
    folder = tmp_path / "p"

    def ask(*words: object) -> Any:
        answer = here(*words, "--project", folder, LEADMART_NOW=NOW)
        assert answer.code == 0, answer.err or answer.out
        return answer

    assert here("init", folder, "--crm", "hubspot", "--events", "segment").code == 0
    settings = (folder / "leadmart.toml").read_text()
    start, end = settings.index("[snapshot.hubspot_company]"), settings.index("[snapshot.hubspot_deal_company]")
    (folder / "leadmart.toml").write_text(settings[:start] + settings[end:])
    ask("load", "hubspot_contact", HUBSPOT / "contact.csv")
    loaded = ask("load", "hubspot_company", HUBSPOT / "company.csv")
    assert "no [snapshot.hubspot_company] to keep them" in loaded.err
    plan = ask("plan").out
    assert "leadmart.toml has no [snapshot.hubspot_company] to keep its changes" in plan
    assert "raw.segment_pages is not there (`leadmart load segment_pages FILE`)" in plan
    assert "invoice_payments reads as empty, for icp__v1: only plain tables feed it" in plan
    run = ask("run", "--json").document
    assert run["status"] == "done"
    assert {"accounts", "web_events", "product_events", "form_submissions"} <= {e["source"] for e in run["missing"]}
    query = "SELECT DISTINCT sessions_90d, has_web_events FROM features.web_engagement__v1"
    assert ask("sql", query, "--json").document == [{"sessions_90d": None, "has_web_events": False}]
