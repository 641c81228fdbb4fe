"""#49: points are not readiness. Two leads with the same points, of which patterns tell one from the other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

NOW = "2026-03-02T06:00:00"
SETTINGS = """
[features]
views = [
    "lead_profile@v1", "form_activity@v1", "web_engagement@v1", "email_engagement@v1", "product_usage@v1",
    "account_engagement@v1", "buying_patterns@v1", "non_buying_patterns@v1",
]
[scoring]
gates = ["icp@v1", "patterns@v1"]
[engine]
memory_limit = "1GB"
threads = 2
"""


@pytest.fixture
def scored(tmp_path: Path, here: Any, load_rows: Any) -> Path:
    """A project with the rows of two_leads.yaml, loaded and scored by the rules at 2026-03-02."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "leadmart.toml").write_text(SETTINGS, encoding="utf-8")
    load_rows(folder, "two_leads", LEADMART_NOW=NOW)
    done = here("run", "--project", folder, LEADMART_NOW=NOW)
    assert done.code == 0, done.err
    return folder


@pytest.mark.slow
def test_49_two_leads_with_95_points_are_told_apart_by_their_patterns(
    scored: Path, here: Any, published: Any, golden: Any
) -> None:
    """#49, #39 to #48, #55: equal points, one sales ready and one not, and the whole explanation says why."""
    found = {
        row[0]: row[1:]
        for row in published(
            scored, "SELECT lead_id, rules_score, qualification_status, tier, gates FROM scores.latest ORDER BY lead_id"
        )
    }
    assert found["A"] == (95.0, "sales_ready", "hot", ["shows_buying_patterns"])
    assert found["B"] == (95.0, "nurture", "warm", ["is_curious_at_most"])
    for lead in ("A", "B"):
        answer = here("explain", lead, "--project", scored, LEADMART_NOW=NOW)
        assert answer.code == 0
        golden(re.sub(r"\b(f|p)_\w{12}|run \w+-\w+", "VERSION", answer.out), f"qualification/{lead}.txt")
