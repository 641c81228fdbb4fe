"""What `explain` prints of one lead: each thing once, and nothing that a block has said as if it did not count."""

from __future__ import annotations

from typing import Any

import pytest

from leadmart.scoring.explanation import assessment_text

PARTS = {"p_cal": None, "rank": None, "w": 0.0, "rules_score": 0.0, "boost": 0.0, "cap": 20.0, "composite": 0.0}
STUDENT, RIVAL = "Student or academic", "Works for a competitor"


def group(name: str, words: str, contribution: float | None = None) -> dict[str, Any]:
    return {"group": name, "words": [words], "contribution": contribution, "unit": "points"}


def told(gates: list[tuple[str, str]], fit: list[dict[str, Any]]) -> list[str]:
    found = {
        "lead_id": "L1", "as_of": "2026-03-02T00:00:00", "qualification_status": "nurture", "tier": "cold",
        "composite": 0.0, "parts": PARTS, "override": None, "cap_reason": None, "data": {"grade": None},
        "gates": [{"rule": reason, "reason": reason, "severity": severity} for reason, severity in gates],
        "shown_on": None, "reasons": [], "reasons_from": "stored", "against": [], "fit": None, "tier_changes": [],
        "notes": [], "values": {}, "versions": {"policy_version": "p_1"}, "run_id": "r",
        "sections": {"fit": fit, "behaviour": [], "intent": [], "action": None},
    }  # fmt: skip
    return assessment_text(found).splitlines()


def test_a_reason_of_two_gates_stands_there_once() -> None:
    gates = [(STUDENT, "block"), (RIVAL, "block"), (STUDENT, "block"), (f"{RIVAL} or an analyst", "block")]
    lines = [line.strip() for line in told(gates, []) if line.startswith("  gate ")]
    assert lines == [f"gate     {STUDENT} (block)", f"gate     {RIVAL} (block)"]


@pytest.mark.parametrize(
    ("gates", "contribution", "is_said"),
    [([(STUDENT, "block")], None, False), ([("Free mail", "cap")], None, True), ([(STUDENT, "block")], -2.0, True)],
    ids=["a block said it", "no block", "it counted"],
)
def test_what_a_block_has_said_is_not_told_as_not_counted(
    gates: list[tuple[str, str]], contribution: float | None, is_said: bool
) -> None:
    words = "Student, competitor or job seeker: yes"
    lines = told(gates, [group("disqualifier", words, contribution), group("country", "Country: DE")])
    assert any(words in line for line in lines) is is_said
    assert any("not counted: " in line and "Country: DE" in line for line in lines)


def test_what_several_groups_lack_is_said_once() -> None:
    lines = told([], [group(name, "No web activity recorded") for name in ("visits", "docs", "pricing")])
    assert "    not counted: No web activity recorded" in lines
