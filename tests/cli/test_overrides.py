"""Overrides: a person's word is the tier as long as it holds, and a run never writes over it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from leadmart.scoring.composite import COMPOSITE_SQL, SHOWN_TIER_SQL, STATUS_SQL

ROWS = "lead_id, tier, machine_tier, override_tier, override_by, override_reason, qualification_status"


def said(folder: Path, words: list[tuple[str, ...]]) -> Path:
    """A file of feedback: (id, lead, tier, given at, expires at) and when the row arrived."""
    file = folder / "overrides.csv"
    with file.open("w", newline="", encoding="utf-8") as lines:
        written = csv.writer(lines)
        names = "feedback_id lead_id actor kind value reason expires_at given_at synced_at"
        written.writerow(names.split())
        for key, lead, tier, given, until, late in words:
            arrived = late or given
            written.writerow(
                [key, lead, "rep.ana", "override", tier, "knows the buyer", until, given, arrived or given]
            )
    return file


def test_an_override_in_force_wins_and_ends_and_is_never_rewritten(
    here: Any, copy_of: Any, published: Any, stored: Any, edit: Any
) -> None:
    """#101: who, when, why and until when stand in the row; the machine's tier stands beside it."""
    folder = copy_of("scored")
    before = {row[0]: row for row in published(folder, "SELECT lead_id, tier, composite, gates FROM scores.latest")}
    cold = sorted(lead for lead, row in before.items() if row[1] == "cold")
    blocked = sorted(lead for lead, row in before.items() if row[1] == "disqualified")[0]
    now, ended, taken_back, changed, late, vague = cold[:6]
    file = said(
        folder,
        [
            ("o1", now, "hot", "2026-02-20 00:00:00", "2026-03-02 00:00:00.000001", ""),
            ("o2", ended, "hot", "2026-02-20 00:00:00", "2026-03-02 00:00:00", ""),
            ("o3", taken_back, "hot", "2026-02-20 00:00:00", "", ""),
            ("o4", taken_back, "none", "2026-02-21 00:00:00", "", ""),
            ("o5", changed, "hot", "2026-02-20 00:00:00", "", ""),
            ("o6", changed, "disqualified", "2026-02-21 00:00:00", "", ""),
            ("o7", late, "hot", "2026-02-20 00:00:00", "", "2026-03-02 00:00:00.000001"),
            ("o8", vague, "lukewarm", "2026-02-20 00:00:00", "", ""),
            ("o9", blocked, " Warm ", "2026-02-20 00:00:00", "", ""),
        ],
    )
    assert here("load", "lead_feedback", file, "--project", folder).code == 0
    assert here("run", "--as-of", "2026-03-02", "--project", folder).code == 0
    assert published(folder, "SELECT COUNT(*) FROM scores.latest WHERE override_tier IS NOT NULL") == [(0,)]

    edit(folder / "leadmart.toml", "shadow = true", "overrides = true\nshadow = true")
    done = here("run", "--as-of", "2026-03-02", "--project", folder)
    assert done.code == 0
    assert "ask for lukewarm, which is no tier" in done.err
    rows = published(folder, f"SELECT {ROWS} FROM scores.latest WHERE override_tier IS NOT NULL ORDER BY lead_id")
    who = ("rep.ana", "knows the buyer")
    assert rows == sorted(
        [
            (now, "hot", "cold", "hot", *who, "sales_ready"),
            (changed, "disqualified", "cold", "disqualified", *who, "disqualified"),
            (blocked, "warm", "disqualified", "warm", *who, "nurture"),
        ]
    )
    after = {row[0]: row for row in published(folder, "SELECT lead_id, tier, composite, gates FROM scores.latest")}
    assert {lead: row[2:] for lead, row in after.items()} == {lead: row[2:] for lead, row in before.items()}
    assert {lead for lead in after if after[lead][1] != before[lead][1]} == {now, changed, blocked}
    wrong = (
        f"composite <> {COMPOSITE_SQL} OR tier <> {SHOWN_TIER_SQL} OR qualification_status <> {STATUS_SQL} "
        "OR reasons IS NULL AND tier <> 'cold'"
    )
    assert published(folder, f"SELECT COUNT(*) FROM scores.latest WHERE {wrong}") == [(0,)]

    again = here("run", "--as-of", "2026-03-02", "--project", folder, "--json").document
    assert again["scores"]["updated"] == again["scores"]["inserted"] == 0
    told = here("explain", now, "--project", folder)
    assert (
        "override hot until 2026-03-02T00:00:00.000001, by rep.ana on 2026-02-20: knows the buyer; without it the tier "
        "were cold" in told.out
    )
    assert (
        here("explain", blocked, "--project", folder, "--json").document["override"]["machine_tier"] == "disqualified"
    )

    # a day earlier the one that ended was in force still, and the other not known
    assert here("run", "--as-of", "2026-03-01", "--project", folder).code == 0
    earlier = published(
        folder, "SELECT lead_id FROM scores.shown WHERE as_of = '2026-03-01' AND override_tier = 'hot' ORDER BY ALL"
    )
    assert earlier == sorted([(now,), (ended,)])
    assert stored(folder, "SELECT COUNT(*) FROM scores.superseded WHERE override_tier IS NOT NULL") == [(0,)]
    assert here("verify", "--as-of", "2026-03-02", "--sample", "20", "--project", folder).code == 0
