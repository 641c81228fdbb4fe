"""Whose event it was: the stitching of the Segment sources against plain Python, on random calls of shared browsers."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.project import Project, read_settings
from leadmart.features.raw.load import load
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.stage import stage
from leadmart.features.warehouse import open_for_writing

HERE = Path(__file__).parent
START = datetime(2024, 3, 1)
LOADED = START + timedelta(days=60)
MAILS = {"u1": "a@x.example", "u2": "b@x.example", "u3": "c@x.example"}
LEADS = {"a@x.example": "L1", "b@x.example": "L2"}
PAGES = (
    "id", "anonymous_id", "user_id", "received_at", "timestamp", "url", "path", "search", "context_user_agent",
    "context_campaign_source", "context_campaign_medium", "context_campaign_name",
)  # fmt: skip
IDENTIFIES = ("id", "anonymous_id", "user_id", "received_at", "timestamp", "email", "first_name", "company", "plan")
Row = dict[str, Any]


@pytest.mark.parametrize("seed", range(6))
def test_a_page_is_the_leads_once_and_as_soon_as_plain_python_says(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    identifies = [call(draw, f"i{n}") for n in range(14)]
    for each in identifies:
        each["user_id"] = draw.choice([*MAILS, None])
        each["email"] = MAILS[each["user_id"]] if each["user_id"] else draw.choice([*MAILS.values(), None])
    pages = [call(draw, f"p{n}") | {"user_id": draw.choice([*MAILS, *[None] * 6])} for n in range(60)]
    pages = [page | {"url": "https://x.example/pricing"} for page in pages]
    leads = {mail: START + timedelta(minutes=draw.randrange(40 * 1440)) for mail in LEADS}
    expected = {
        page["id"]: found for page in pages if (found := whose(page, identifies, leads)) is not None
    }  # fmt: skip
    assert staged(tmp_path, pages, identifies, leads) == expected
    assert expected


def call(draw: random.Random, own: str) -> Row:
    at = START + timedelta(minutes=draw.randrange(40 * 1440))
    late = timedelta(days=draw.choice([0, 0, 0, 9]))
    return {"id": own, "anonymous_id": draw.choice(["b1", "b2", "b3"]), "timestamp": at, "received_at": at + late}


def whose(page: Row, identifies: list[Row], leads: dict[str, datetime]) -> tuple[str, datetime] | None:
    """The lead a page belongs to and since when that is known, by the rules of docs/connectors.md."""
    named = [i for i in identifies if i["user_id"] or i["email"]]
    if page["user_id"]:
        links = [i for i in named if i["user_id"] == page["user_id"]]
    else:
        links = [i for i in named if i["anonymous_id"] == page["anonymous_id"]]
    if not links:
        return None

    def rank(link: Row) -> tuple[datetime, datetime, bool, timedelta]:
        occurred = max(page["timestamp"], link["timestamp"])
        is_later = link["timestamp"] > page["timestamp"]
        return first_known(page, link), occurred, is_later, abs(link["timestamp"] - page["timestamp"])

    chosen = min(links, key=lambda link: (*rank(link), person(link)))
    calls = [i for i in named if person(i) == person(chosen) and i["email"] in LEADS]
    known = [
        max(first_known(page, chosen), first_known(i), first_known(lead_row(leads[i["email"]]))) for i in calls
    ]  # fmt: skip
    return (LEADS[calls[0]["email"]], min(known)) if calls else None


def person(call: Row) -> str:
    return f"user:{call['user_id']}" if call["user_id"] else f"mail:{call['email']}"


def lead_row(created: datetime) -> Row:
    return {"timestamp": created, "received_at": created}


def first_known(*rows: Row) -> datetime:
    """The first moment at which rows are known together."""
    happened = max(row["timestamp"] for row in rows) + timedelta(microseconds=1)
    return max(happened, *(row["received_at"] for row in rows))


def staged(
    folder: Path, pages: list[Row], identifies: list[Row], leads: dict[str, datetime]
) -> dict[str, tuple[str, datetime]]:
    (folder / "leadmart.toml").write_text((HERE / "segment" / "leadmart.toml").read_text(encoding="utf-8"))
    crm = [
        {"lead_id": LEADS[mail], "email": mail, "created_at": created, "synced_at": created}
        for mail, created in leads.items()
    ]
    header = (HERE / "segment" / "crm" / "leads.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    with open_for_writing(Project(folder, read_settings(folder / "leadmart.toml"))) as warehouse:
        registry = Registry(warehouse.project)
        for table, columns, rows in (
            ("segment_pages", PAGES, pages), ("segment_identifies", IDENTIFIES, identifies), ("leads", header, crm),
        ):  # fmt: skip
            load(warehouse, registry, table, [written(folder / f"{table}.csv", columns, rows)], loaded_at=LOADED)
        present = Session(warehouse, registry).present
        stage(warehouse, registry, ["web_events"], present)
        known = "GREATEST(occurred_at + INTERVAL 1 MICROSECOND, ingested_at)"
        found = warehouse.rows(f"SELECT event_id, lead_id, {known} FROM staging.web_events")
    return {event.removeprefix("segment:"): (lead, known) for event, lead, known in found}


def written(file: Path, columns: Iterable[str], rows: list[Row]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as opened:
        out = csv.DictWriter(opened, list(columns))
        out.writeheader()
        out.writerows(rows)
    return file
