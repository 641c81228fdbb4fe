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
    blocked = sorted(
        lead for lead, row in before.items() if row[1] == "disqualified" and "lacks_consent" not in row[3]
    )[0]
    bound = sorted(lead for lead, row in before.items() if "lacks_consent" in row[3] and lead != blocked)[:2]
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
            ("o12", now, "hott", "2026-02-21 00:00:00", "", ""),
            ("o9", blocked, " Warm ", "2026-02-20 00:00:00", "", ""),
            ("o10", bound[0], "hot", "2026-02-20 00:00:00", "", ""),
            ("o11", bound[1], "disqualified", "2026-02-20 00:00:00", "", ""),
        ],
    )
    assert here("load", "lead_feedback", file, "--project", folder).code == 0
    assert here("run", "--as-of", "2026-03-02", "--project", folder).code == 0
    assert published(folder, "SELECT COUNT(*) FROM scores.latest WHERE override_tier IS NOT NULL") == [(0,)]

    edit(folder / "leadmart.toml", "shadow = true", "overrides = true\nshadow = true")
    done = here("run", "--as-of", "2026-03-02", "--project", folder)
    assert done.code == 0
    assert "ask for lukewarm, which is no tier" in done.err
    assert "binding rules: 1 override asks for a lead that they block, and it stays disqualified" in done.err
    rows = published(folder, f"SELECT {ROWS} FROM scores.latest WHERE override_tier IS NOT NULL ORDER BY lead_id")
    who = ("rep.ana", "knows the buyer")
    assert rows == sorted(
        [
            (now, "hot", "cold", "hot", *who, "sales_ready"),
            (changed, "disqualified", "cold", "disqualified", *who, "disqualified"),
            (blocked, "warm", "disqualified", "warm", *who, "nurture"),
            (bound[1], "disqualified", "disqualified", "disqualified", *who, "disqualified"),
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


def test_115_no_override_lifts_a_block_for_want_of_consent(here: Any, copy_of: Any, published: Any, edit: Any) -> None:
    """#115, #101: compliance goes first, the row says so, and the list of such rules is the project's to edit."""
    folder = copy_of("scored")
    ((lead,),) = published(folder, "SELECT MIN(lead_id) FROM scores.latest WHERE LIST_CONTAINS(gates, 'lacks_consent')")
    file = said(folder, [("o1", lead, "hot", "2026-02-20 00:00:00", "", "")])
    assert here("load", "lead_feedback", file, "--project", folder).code == 0
    edit(folder / "leadmart.toml", "shadow = true", "overrides = true\nshadow = true")
    shown = (
        f"SELECT tier, machine_tier, override_tier, override_by, reasons FROM scores.latest WHERE lead_id = '{lead}'"
    )
    assert here("run", "--as-of", "2026-03-02", "--project", folder).code == 0
    ((tier, *parts, reasons),) = published(folder, shown)
    assert (tier, parts) == ("disqualified", [None, None, None])
    assert reasons[1] == "Not lifted by the override to hot, by rep.ana"
    assert reasons[1] in here("explain", lead, "--project", folder).out

    assert here("eject", "binding_rules", "--project", folder).code == 0
    edit(folder / "sql/reference/binding_rules.csv", "lacks_consent,", "is_free_mail,")
    refused = here("run", "--as-of", "2026-03-02", "--project", folder, "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "bad_binding")
    assert "is_free_mail is a cap" in refused.document["error"]["message"]
    edit(folder / "sql/reference/binding_rules.csv", "is_free_mail,", "is_looking_for_work,")
    planned = here("plan", "--as-of", "2026-03-02", "--project", folder, "--json").document
    assert planned["scores"] != []
    assert here("run", "--as-of", "2026-03-02", "--project", folder).code == 0
    assert published(folder, shown)[0][:4] == ("hot", "disqualified", "hot", "rep.ana")
