"""`features --spine` against the same rules in plain Python, from the company's raw files on."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.features import oracle
from tests.samples import first

ROOT = Path(__file__).resolve().parents[2]
PAIRS = 10
GATES = (
    *("is_student", "is_competitor", "is_job_seeker", "is_existing_customer", "lacks_consent", "is_free_mail"),
    "lacks_required_fields",
)

Row = dict[str, Any]

# raw column of the clock, and the key; the other columns keep their names
SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "leads": ("created_at", ("lead_id",)),
    "accounts": ("changed_at", ("account_id", "occurred_at")),
    "web_events": ("occurred_at", ("event_id",)),
    "email_events": ("occurred_at", ("event_id",)),
    "form_submissions": ("submitted_at", ("submission_id",)),
    "product_events": ("occurred_at", ("event_id",)),
    "invoice_payments": ("paid_at", ("payment_id",)),
}
PAGE_TYPES = {
    "pricing": ("pricing",),
    "roi_calculator": ("roi",),
    "comparison": ("compare", "vs"),
    "implementation": ("implementation", "integrations", "security"),
    "docs": ("docs",),
    "blog": ("blog",),
    "product": ("product", "features"),
    "careers": ("careers", "jobs"),
}


def raw_rows(folder: Path, table: str) -> list[Row]:
    """Every raw row as it was loaded, duplicates included."""
    (file,) = (folder / "warehouse" / "raw" / table).glob("*.parquet")
    with duckdb.connect() as connection:
        result = connection.execute("SELECT * FROM read_parquet(?)", [str(file)])
        names = [column[0] for column in result.description]
        return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def page_type(url: str | None) -> str | None:
    if url is None:
        return None
    path = re.sub(r"^https?://[^/?#]*", "", url)
    for kind, begins in PAGE_TYPES.items():
        if any(path.startswith(f"/{word}") for word in begins):
            return kind
    return "home" if re.sub(r"[?#].*", "", path) in ("", "/") else "other"


def source_rows(folder: Path, table: str) -> list[Row]:
    """The rows of a source: two clocks under their names, of rows with one key the one that was known first."""
    clock, key = SOURCES[table]
    first: dict[tuple[Any, ...], Row] = {}
    for raw in raw_rows(folder, table):
        row = {**raw, "occurred_at": raw[clock], "ingested_at": raw["synced_at"]}
        if table == "leads":
            row["email_domain"] = (row["email"] or "").partition("@")[2].lower() or None
        if table == "accounts":
            row["domain"] = row["domain"].lower() if row["domain"] else None
        if table == "web_events":
            row["page_type"] = page_type(row["url"])
        if row["occurred_at"] is None or row["ingested_at"] is None:
            continue
        known_at = max(row["occurred_at"] + timedelta(microseconds=1), row["ingested_at"])
        name = tuple(row[column] for column in key)
        # the demo's redelivered rows come later, so that no two of a key are known at the same moment
        if name not in first or known_at < first[name]["known_at"]:
            first[name] = {**row, "known_at": known_at}
    return list(first.values())


def random_pairs(leads: Sequence[Row], draw: random.Random) -> list[tuple[str, datetime]]:
    """Known leads at a moment of their first half year, on midnight and off it."""
    found: list[tuple[str, datetime]] = []
    while len(found) < PAIRS:
        lead = draw.choice(leads)
        moment = lead["occurred_at"] + timedelta(days=draw.randrange(1, 175), seconds=draw.choice([0, 1, 40_000]))
        if draw.random() < 0.5:
            moment = datetime(moment.year, moment.month, moment.day)
        if lead["ingested_at"] <= moment < datetime(2026, 3, 2):
            found.append((lead["lead_id"], moment))
    return found


@pytest.mark.parametrize("seed", first(1, [1, 2]))
def test_ten_random_pairs_get_what_plain_python_computes(seed: int, here: Any, company: Any, tmp_path: Path) -> None:
    folder = company("scored")
    sources = {table: source_rows(folder, table) for table in SOURCES}
    lists = oracle.read_lists(ROOT / "sql" / "reference")
    pairs = random_pairs(sources["leads"], random.Random(seed))
    given = tmp_path / "pairs.csv"
    given.write_text("lead_id,as_of\n" + "".join(f"{lead},{as_of}\n" for lead, as_of in pairs))
    out = tmp_path / "features.parquet"
    done = here("features", "--project", folder, "--spine", given, "--out", out, "--json")
    assert (done.code, done.document) == (0, {"rows": PAIRS, "file": str(out)})
    with duckdb.connect() as connection:
        result = connection.execute("SELECT * FROM read_parquet(?)", [str(out)])
        names = [column[0] for column in result.description]
        found = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    expected = []
    for lead, as_of in pairs:
        row = oracle.stored_row(lead, as_of, sources, lists)
        expected.append({"lead_id": lead, "as_of": as_of, **row})
    assert [set(row) for row in found] == [set(row) for row in expected]
    assert found == [{name: row[name] for name in names} for row in expected]
    # the pairs are no empty proof
    assert sum((row["sessions_90d"] or 0) > 0 for row in found) >= 3
    assert sum(row["employees"] is not None for row in found) >= 2


def test_stored_slices_hold_what_plain_python_computes(published: Any, company: Any) -> None:
    folder = company("scored")
    sources = {table: source_rows(folder, table) for table in SOURCES}
    lists = oracle.read_lists(ROOT / "sql" / "reference")
    names = [row[0] for row in published(folder, "DESCRIBE features.lead_features")]
    stored = published(folder, "SELECT * FROM features.lead_features ORDER BY lead_id")
    rules = published(folder, f"SELECT lead_id, {', '.join(GATES)} FROM gates.icp__v1")
    fired = {lead: dict(zip(GATES, values, strict=True)) for lead, *values in rules}
    for values in random.Random(3).sample(stored, 15):
        row = dict(zip(names, values, strict=True))
        key = (row["lead_id"], row["as_of"], sources, lists)
        expected = {**oracle.lead_row(*key), **oracle.stored_row(*key)}
        found = {**row, **fired[row["lead_id"]]}
        assert {name: found[name] for name in expected} == expected


def test_the_raw_files_hold_rows_twice_and_late(company: Any) -> None:
    folder = company("loaded")
    for table in ("leads", "web_events", "email_events"):
        assert len(raw_rows(folder, table)) > len(source_rows(folder, table))
    late = [r for r in source_rows(folder, "web_events") if r["ingested_at"] > r["occurred_at"] + timedelta(days=1)]
    assert late


def test_pairs_keep_their_order_and_their_doubles(here: Any, company: Any, tmp_path: Path) -> None:
    folder = company("scored")
    lines = ["L0000900,2026-02-01", "nobody,2026-02-01", "L0000100,2025-09-01 06:00:00", "L0000900,2026-02-01"]
    given = tmp_path / "pairs.csv"
    given.write_text("lead_id,as_of\n" + "\n".join(lines) + "\n")
    out = tmp_path / "out.parquet"
    assert here("features", "--project", folder, "--spine", given, "--out", out).code == 0
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT lead_id, seniority, sessions_90d FROM read_parquet(?)", [str(out)]).fetchall()
    assert [row[0] for row in rows] == ["L0000900", "nobody", "L0000100", "L0000900"]
    assert rows[0] == rows[3]


def test_a_pairs_file_with_another_column_is_refused(here: Any, company: Any, tmp_path: Path) -> None:
    given = tmp_path / "pairs.csv"
    given.write_text("lead_id,as_of,won\nL0000001,2026-02-01,1\n")
    words = ("features", "--project", company("scored"), "--spine", given, "--out", tmp_path / "out.parquet", "--json")
    refused = here(*words)
    assert (refused.code, refused.document["error"]["code"]) == (1, "bad_pairs")
    assert not (tmp_path / "out.parquet").exists()
