"""The outbox: each change of tier once, delivered, settled and exported."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb

AT = ("--as-of", "2026-03-02")
TOLD = "lead_id, from_tier, tier, action, status, attempts"


def told(stored: Any, folder: Path, more: str = "TRUE") -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = stored(folder, f"SELECT {TOLD} FROM meta.crm_outbox WHERE {more} ORDER BY ALL")
    return rows


def delivered(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    file = folder / "deliveries.csv"
    with file.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([("dedupe_key", "status", "error"), *rows])
    return file


def test_each_change_of_tier_is_told_exactly_once(
    here: Any, copy_of: Any, published: Any, stored: Any, edit: Any
) -> None:
    """#20, #85: nothing where it is off; then all that is not cold, once; then only what changes."""
    folder = copy_of("scored")
    in_project = ("--project", folder)
    assert told(stored, folder) == []
    edit(folder / "leadmart.toml", "[engine]", "[outbox]\nenabled = true\nattempts = 2\n\n[engine]")
    assert here("run", *AT, *in_project).code == 0
    shown = dict(published(folder, "SELECT lead_id, tier FROM scores.latest"))
    actions = {"hot": "hand_off", "warm": "nurture", "disqualified": "withdraw"}
    first = [
        (lead, "cold", tier, actions[tier], "pending", 0) for lead, tier in sorted(shown.items()) if tier != "cold"
    ]
    assert told(stored, folder) == first
    assert len(first) > 50
    ((payload,),) = stored(folder, f"SELECT payload FROM meta.crm_outbox WHERE lead_id = '{first[0][0]}'")
    assert {"score", "status", "gates", "reasons"} <= json.loads(payload).keys()

    # again, and at an older as_of: nobody hears of it
    assert here("run", *AT, *in_project).code == 0
    assert here("run", "--as-of", "2026-03-01", *in_project).code == 0
    assert told(stored, folder) == first

    # another threshold is another policy: only leads whose tier changes are told
    edit(folder / "leadmart.toml", "warm = 50", "warm = 40")
    assert here("run", *AT, *in_project).code == 0
    after = dict(published(folder, "SELECT lead_id, tier FROM scores.shown WHERE as_of = '2026-03-02'"))
    changed = {lead for lead in after if after[lead] != shown[lead]}
    assert changed
    assert told(stored, folder) == sorted(
        [*first, *((lead, "cold", "warm", "nurture", "pending", 0) for lead in changed)]
    )
    keys = stored(folder, "SELECT COUNT(*), COUNT(DISTINCT dedupe_key) FROM meta.crm_outbox")
    assert keys == [(len(first) + len(changed),) * 2]

    # delivery: sent is final, failed comes again, twice failed is dead
    file = folder / "out.csv"
    assert here("export", "outbox", "--to", file, *in_project).code == 0
    with file.open(encoding="utf-8") as lines:
        waiting = list(csv.DictReader(lines))
    assert len(waiting) == len(first) + len(changed)
    one, two, three = (row["dedupe_key"] for row in waiting[:3])
    done = here(
        "settle", delivered(folder, [(one, "sent", ""), (two, "failed", "429"), (three, "sent", "")]), *in_project
    )
    assert (done.code, done.out) == (0, "2 sent, 1 failed and wait\n")
    again = delivered(folder, [(one, "failed", "late"), (two, "FAILED", "500")])
    assert here("settle", again, "--json", *in_project).document == {
        "sent": 0, "failed": 0, "dead": 1, "sent_before": 1,
    }  # fmt: skip
    found = {
        key: rest
        for key, *rest in published(folder, "SELECT dedupe_key, status, attempts, last_error FROM meta.crm_outbox")
    }
    assert found[one] == ["sent", 1, None]
    assert found[two] == ["dead", 2, "500"]
    assert here("export", "outbox", "--to", folder / "out.parquet", *in_project).code == 0
    left = duckdb.execute(f"SELECT dedupe_key FROM '{folder / 'out.parquet'}'").fetchall()
    assert {key for (key,) in left} == {row["dedupe_key"] for row in waiting[3:]}

    # a bad file changes nothing
    for rows in (
        [("nowhere", "sent", "")],
        [(one, "sent", ""), (one, "sent", "")],
        [(waiting[4]["dedupe_key"], "ok", "")],
        [("", "sent", "")],
    ):
        refused = here("settle", delivered(folder, rows), *in_project)
        assert refused.code == 1
        assert "nothing was changed" in refused.err
    several = delivered(folder, [(one, "ok", ""), (one, "", ""), ("nowhere", "sent", ""), ("", "sent", "")])
    told_of = here("settle", several, "--json", *in_project).document["error"]
    assert (told_of["code"], told_of["message"].partition(": ")[2]) == (
        "bad_deliveries",
        "2 rows have a status that is neither sent nor failed, such as nothing; 1 row has no dedupe_key; "
        "1 row has a dedupe_key that is not in the outbox, such as nowhere; "
        f"1 dedupe_key stands more than once, such as {one}",
    )
    for text, words in (("", "is empty"), ("key,state\n1,sent\n", "has no column dedupe_key and none called status")):
        file.write_text(text, encoding="utf-8")
        assert words in here("settle", file, *in_project).err
    file.write_text("DEDUPE_KEY,Status\n", encoding="utf-8")  # nothing was delivered
    assert here("settle", file, *in_project).code == 0
    assert stored(folder, "SELECT COUNT(*) FROM meta.crm_outbox WHERE settled_at IS NOT NULL") == [(3,)]

    # a lead that is erased leaves the outbox
    lead = waiting[0]["lead_id"]
    assert here("erase", lead, *in_project).code == 0
    assert told(stored, folder, f"lead_id = '{lead}'") == []


def test_scores_are_exported_as_they_are_shown(here: Any, company: Any, published: Any, tmp_path: Path) -> None:
    """#20: scores with reasons, moment and versions, one row a lead, in CSV and Parquet."""
    folder = company("scored")
    for kind in ("csv", "parquet"):
        done = here("export", "scores", "--to", tmp_path / f"scores.{kind}", "--project", folder, "--json")
        assert done.code == 0
        assert done.document["rows"] == published(folder, "SELECT COUNT(*) FROM scores.latest")[0][0]
    kept = duckdb.execute(f"SELECT * FROM '{tmp_path / 'scores.parquet'}' ORDER BY lead_id").fetchall()
    assert kept == published(folder, "SELECT * FROM scores.latest ORDER BY lead_id")
    reasons = published(folder, "SELECT ARRAY_TO_STRING(reasons, '; ') FROM scores.latest ORDER BY lead_id")
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as lines:
        assert [(row["reasons"] or None,) for row in csv.DictReader(lines)] == reasons
    assert {path.name for path in tmp_path.iterdir()} == {"scores.csv", "scores.parquet"}


def test_an_export_says_what_it_cannot_write(here: Any, company: Any, tmp_path: Path) -> None:
    folder = company("scored")
    for file, words in (
        (tmp_path / "scores.xlsx", "neither .csv nor .parquet"),
        (tmp_path / "no" / "x.csv", "cannot be"),
    ):
        refused = here("export", "scores", "--to", file, "--project", folder)
        assert refused.code == 1
        assert words in refused.err
    assert here("export", "leads", "--to", tmp_path / "x.csv", "--project", folder).code == 2
