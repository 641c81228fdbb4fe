"""`verify` and the future-shuffle of every run, on a made-up company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SOURCE = Path("sql", "sources", "plain", "leads.sql")
REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def leaky(copy_of: Any) -> Path:
    """A company whose leads are read with their status of today, and whose author is sure that this is fine."""
    folder: Path = copy_of("loaded")
    text = (REPOSITORY / SOURCE).read_text(encoding="utf-8")
    waived = "-- waive:  not_frozen because the status hardly ever changes\n"
    text = text.replace("-- pii: ", waived + "-- pii: ", 1).replace("CAST(l.lead_source AS", "CAST(l.status AS", 1)
    (folder / SOURCE).parent.mkdir(parents=True)
    (folder / SOURCE).write_text(text, encoding="utf-8")
    return folder


def test_what_is_shipped_notices_no_other_future(here: Any, company: Any) -> None:
    folder = company("trained")
    found = here("verify", "--project", folder, "--as-of", "2025-12-24 07:00", "--seed", "5", "--json")
    assert found.code == 0, found.err
    assert found.document["differences"] == []
    compared = found.document["compared"]
    assert compared["views"] == 10  # spine, link, six views, gate, scores
    assert compared["columns"] > 40
    assert compared["rows"] > 3000
    altered = {each["table"]: each for each in found.document["altered"]}
    for table in ("leads", "web_events", "email_events", "accounts", "opportunities"):
        assert min(altered[table][way] for way in ("deleted", "changed", "added")) > 0
    assert altered["leads"]["overwritten"] == ["status", "owner", "last_activity_at", "converted_at"]


def test_a_sample_says_what_was_altered_in_words(here: Any, company: Any) -> None:
    found = here("verify", "--project", company("scored"), "--sample", "20")
    assert found.code == 0, found.err
    first, *tables, last = found.out.splitlines()
    assert first == "Nothing at 2026-03-02 00:00 saw the future."
    assert "raw.web_events" in "".join(tables)
    assert last.startswith("Bit-equal: ")


def test_without_leads_there_is_nothing_to_verify(here: Any, company: Any) -> None:
    found = here("verify", "--project", company("loaded"), "--as-of", "2020-01-01", "--json")
    assert (found.code, found.document["error"]["code"]) == (1, "nothing_to_verify")


def test_a_waived_leak_is_found(here: Any, leaky: Path) -> None:
    found = here("verify", "--project", leaky, "--json")
    assert found.code == 1
    error = found.document["error"]
    assert error["code"] == "future_leak"
    assert error["message"].startswith("feature lead_profile@v1 sees the future: lead_source differs in ")
    assert "lead_profile" in error["place"]


def test_a_run_that_finds_a_leak_lists_nothing(here: Any, leaky: Path, stored: Any) -> None:
    found = here("run", "--project", leaky, "--json")
    assert (found.code, found.document["error"]["code"]) == (1, "future_leak")
    assert stored(leaky, "SELECT status FROM meta.runs") == [("failed",)]
    assert stored(leaky, "SELECT COUNT(*) FROM meta.slices") == [(0,)]
    assert stored(leaky, "SELECT COUNT(*) FROM scores.lead_scores") == [(0,)]
