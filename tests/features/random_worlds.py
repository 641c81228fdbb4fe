"""Random worlds: raw tables full of traps, as a loader lands them, for any seed the same.

Clocks tie, are late, missing, or stand exactly at an as_of or at a window's edge and one microsecond beside it, on
either clock; some are days, some text with the offset of a place with summer time. Keys come back with other values.
Accounts change, are deleted, emptied and come back, so that leads change accounts. Some tables are empty, some were
never loaded; the history of others begins long before the first window, or at the edge of one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

# a leap day, the day after, the hours at which summer time begins in New York and Berlin, and a moment off all grids
MOMENTS = (
    datetime(2024, 2, 29),
    datetime(2024, 3, 1),
    datetime(2024, 3, 10, 7),
    datetime(2024, 3, 31, 1),
    datetime(2024, 4, 1),
    datetime(2024, 5, 29, 12, 34, 56, 789012),
)
WINDOWS = (0, 7, 30, 90, 180)
NUDGES = (timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1))
LONG_AGO = datetime(2022, 1, 1)
ZONES = (ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata"), UTC)

LEADS = [*(f"L{n}" for n in range(14)), "007", "l1", "Ünï-😀", "O'Brien", ""]
ACCOUNTS = ["A1", "A2", "A3", "A10", "a1", "Ä"]
TITLES = [
    None, "", "  ", "CEO", "Co-Founder & CEO", "Vice President, Sales", "VP\tMarketing", "Head of\nIT", "--",
    "Marketing Manager", "PhD Student", "open to work", "OPEN-TO-WORK!!", "Assistant to the CEO", "Gründerin",
    "ÉTUDIANTE", "R&D Lead", "student's adviser", "Founder,Partner", 'the "CEO"', "😀", "ceo2", "経理部長", "\u00a0",
    "ΛΟΓΙΣΤΗΣ", "İnsan VP", "lead  generation", "vp vp vp", "Team–Lead", "NULL", "'; DROP TABLE leads; --",
    "2024-01-01", "Product Owner",
]  # fmt: skip
EMAILS = [
    None, "", " ", "broken", "@", "a@", "a@gmail.com", "A@GMAIL.COM", "b@gmx.de", "b@mit.edu", "b@cs.cam.ac.uk",
    "c@stud.uni.de", "d@rivalscore.example", "e@acme.example", "f@Acme.Example", "g@beta.example", "h@gamma.example",
    "i@bücher.example",
    "j@BÜCHER.example", "k@notgmail.com", "l@education.example", "m+tag@beta.example", "o'k@gamma.example",
    "n@x.ac.ukk", "😀@beta.example", "p@%.edu", "q@a_b.example",
]  # fmt: skip
DOMAINS = [
    None, "", "acme.example", "ACME.example", "beta.example", "gamma.example", "bücher.example", "gmail.com",
    "rivalscore.example", "mit.edu",
]  # fmt: skip
URLS = [
    None, "", "/", "/pricing", "/pricing?plan=team", "https://www.example.com/pricing/team#faq", "http://example.com",
    "https://www.example.com/?utm=1", "/docs/start", "https://docs.example.com/docs", "/careers", "/jobs/42",
    "/Pricing", "/blog/pricing",
    "/vs/others", "/roi", "/security", "/features", "example.com/pricing", "/über-uns", "#top",
    "?q=/pricing", "ftp://example.com/pricing", "https:///pricing", "/careers?from=/docs",
]  # fmt: skip


@dataclass(frozen=True)
class World:
    """Raw tables, those left out were never loaded, the moments to ask for, and the format of each table's files."""

    seed: int
    as_ofs: tuple[datetime, ...]
    tables: Mapping[str, Sequence[Row]]
    formats: Mapping[str, str] = field(default_factory=dict)

    @property
    def leads(self) -> list[str]:
        return [*LEADS, "nobody"]

    @property
    def accounts(self) -> list[str]:
        return [*ACCOUNTS, "nothing"]


def random_world(seed: int) -> World:
    """The world of a seed."""
    draw = random.Random(f"world {seed}")
    as_ofs = tuple(sorted(draw.sample(MOMENTS, 3)))
    formats = {name: draw.choice(("csv", "csv", "parquet", "parquet", "jsonl")) for name in TABLES}
    drawn = _Drawn(draw, as_ofs)
    tables = {}
    for name, (clock, count, key, columns) in TABLES.items():
        state = draw.random()
        # a lead there always is; one table in twelve was never loaded, one in twelve holds a header and no row
        if name != "leads" and state < 1 / 12:
            continue
        rows = [] if name != "leads" and state < 2 / 12 else drawn.rows(clock, count, key, columns)
        tables[name] = _landed(rows, clock, draw, formats[name])
    return World(seed, as_ofs, tables, formats)


class _Drawn:
    """Draws rows whose clocks are edges as often as not."""

    def __init__(self, draw: random.Random, as_ofs: Sequence[datetime]) -> None:
        self.draw = draw
        self.as_ofs = as_ofs
        self.edges = [as_of - timedelta(days=days) for as_of in as_ofs for days in WINDOWS]

    def occurred_at(self) -> datetime | None:
        chance = self.draw.random()
        if chance < 0.02:
            return None
        if chance < 0.4:
            return self.draw.choice(self.edges) + self.draw.choice(NUDGES)
        seconds = self.draw.randrange(0, 160 * 86400)
        return self.as_ofs[-1] + timedelta(days=2) - timedelta(seconds=seconds, microseconds=self.draw.choice((0, 1)))

    def ingested_at(self, occurred_at: datetime | None) -> datetime | None:
        chance = self.draw.random()
        if chance < 0.02:
            return None
        if chance < 0.25 or occurred_at is None:
            return self.draw.choice(self.as_ofs) + self.draw.choice(NUDGES)
        # late rows, and rows that were there before what they tell happened
        hours = self.draw.choice((0, 0, 0, 1, 1, 9 * 24, 100 * 24, -1, -30 * 24))
        return occurred_at + timedelta(hours=hours)

    def rows(self, clock: str, count: int, key: Any, columns: Mapping[str, Any]) -> list[Row]:
        keys = [key(number) if callable(key) else self.draw.choice(key) for number in range(count)]
        (name,) = (column for column, values in columns.items() if values is KEY)

        def one(own: str, occurred_at: datetime | None) -> Row:
            values = {c: own if v is KEY else self.draw.choice(v) for c, v in columns.items()}
            return {**values, clock: occurred_at, "synced_at": self.ingested_at(occurred_at)}

        rows = [one(own, self.occurred_at()) for own in keys]
        if name == "lead_id":  # most leads are there from the start, or there would be little to see
            for row in rows:
                if self.draw.random() < 0.6:
                    row[clock] = row["synced_at"] = self.as_ofs[0] - timedelta(hours=self.draw.randrange(1, 4000))
        # keys that come back: with other values at the same or another time, or known at the very same moment
        for row in self.draw.sample(rows, len(rows) // 6):
            again = one(row[name], row[clock] if self.draw.random() < 0.5 else self.occurred_at())
            if self.draw.random() < 0.5:
                again["synced_at"] = row["synced_at"]
            rows += [again] if self.draw.random() < 0.8 else [again, dict(row)]
        # history begins long before the first window, or just where one begins, with somebody that no one asks about
        began = LONG_AGO
        if name != "lead_id" and self.draw.random() < 0.3:
            began = self.draw.choice(self.edges) + self.draw.choice(NUDGES)
            rows = [row for row in rows if row[clock] is None or row[clock] > began]
        anchor = one(f"{name} of long ago", began)
        blank = {c: None for c in columns if c in ("lead_id", "account_id", "domain", "email") and c != name}
        rows.append({**anchor, **blank, "synced_at": began})
        self.draw.shuffle(rows)
        return rows


KEY = object()
"""Stands for the table's own key in its columns."""

_TRUTH = [True, False, None]
_LEAD = [*LEADS, *LEADS[:6], "stranger", None]
_ACCOUNT = [*ACCOUNTS, *ACCOUNTS[:3], None]


def _numbered(letter: str) -> Callable[[int], str]:
    return lambda number: f"{letter}{number}"


# raw table -> its clock, rows, the keys' values, its columns
TABLES: dict[str, tuple[str, int, Any, dict[str, Any]]] = {
    "leads": ("created_at", len(LEADS), lambda number: LEADS[number], {
        "lead_id": KEY, "email": EMAILS, "full_name": ["Zoë", "李 雷", None], "title": TITLES,
        "company_name": [None, "", " ", "Acme", "Ørsted", "Acme"], "country": ["DE", "us", None, ""],
        "lead_source": ["ads", "event", None], "utm_medium": [None, "cpc"], "utm_campaign": [None, "50%"],
        "consent": [None, None, None, "granted", "granted", "granted", "Denied", "denied"],
    }),
    "accounts": ("changed_at", 34, ACCOUNTS, {
        "account_id": KEY, "name": ["Acme", None], "domain": DOMAINS, "industry": ["Retail", "Software", "", None],
        "employees": [0, 7, 50, 51, 4000, None], "country": ["DE", None],
        "is_deleted": [False, False, False, None, True],
    }),
    "contacts": ("created_at", 10, _numbered("c"), {
        "contact_id": KEY, "lead_id": _LEAD, "account_id": _ACCOUNT, "email": EMAILS, "title": TITLES,
    }),
    "opportunities": ("created_at", 16, _numbered("o"), {
        "opportunity_id": KEY, "lead_id": _LEAD, "account_id": _ACCOUNT, "pipeline": ["new_business", "expansion"],
    }),
    "opportunity_closings": ("closed_at", 8, _numbered("o"), {
        "opportunity_id": KEY, "is_won": _TRUTH, "amount": ["10.005", "0", "-1.5", None], "currency": ["EUR", None],
    }),
    "opportunity_stages": ("entered_at", 12, ["o1", "o2", "o3"], {
        "opportunity_id": KEY, "stage": ["qualification", "proposal", None],
    }),
    "web_events": ("occurred_at", 150, _numbered("w"), {
        "event_id": KEY, "anonymous_id": ["b1", None], "lead_id": _LEAD, "session_id": ["s1", "s2", "s3", "", None],
        "event_type": ["page_view"], "url": [*URLS, "/pricing", "/careers", "/docs"], "dwell_s": [0, 1, 480, None],
    }),
    "email_events": ("occurred_at", 110, _numbered("m"), {
        "event_id": KEY, "lead_id": _LEAD, "email": EMAILS,
        "event_type": [*["open", "click", "reply"] * 5, "sent", "bounce", None, "Click", "unsubscribe"],
        "campaign_id": ["x", None], "url": URLS,
    }),
    "form_submissions": ("submitted_at", 70, _numbered("f"), {
        "submission_id": KEY, "lead_id": _LEAD, "form_type": ["demo_request", "contact", "download", "webinar", None],
        "url": URLS, "employees_stated": [5, 0, None], "budget_stated": _TRUTH,
    }),
    "product_events": ("occurred_at", 90, _numbered("p"), {
        "event_id": KEY, "lead_id": _LEAD, "feature": ["export", "chart", "Export", "", None],
        "event_type": ["trial_started", "feature_used", "feature_used", "invite_sent", "integration_attempted", None],
    }),
    "subscriptions": ("changed_at", 14, ["s1", "s2", "s3"], {
        "subscription_id": KEY, "account_id": _ACCOUNT, "plan": ["team", None], "status": ["active", "canceled", None],
        "mrr": ["99.00", "0", None],
    }),
    "invoices": ("issued_at", 10, _numbered("i"), {
        "invoice_id": KEY, "account_id": _ACCOUNT, "subscription_id": ["s1", None], "total": ["12.345", "0", None],
        "currency": ["USD", None],
    }),
    "invoice_payments": ("paid_at", 14, _numbered("y"), {
        "payment_id": KEY, "invoice_id": ["i1", None], "account_id": _ACCOUNT, "currency": ["EUR", None],
        "amount_paid": ["0", "0.00", "9.50", "0.004", "0.005", "-9.50", None],
    }),
    "lead_feedback": ("given_at", 10, _numbered("b"), {
        "feedback_id": KEY, "lead_id": _LEAD, "actor": ["kim", None], "kind": ["accepted", "rejected", None],
        "value": ["hot", None], "reason": ["“call, later”", None], "expires_at": [None, "2024-06-01 00:00:00"],
    }),
}  # fmt: skip


# --- how rows are landed ---


def _landed(rows: Sequence[Row], clock: str, draw: random.Random, form: str) -> list[Row]:
    """The rows with each clock column in one of the ways that loaders land clocks."""
    ways = {name: draw.choice(TEXT_WAYS if form != "parquet" else TYPED_WAYS) for name in (clock, "synced_at")}
    found = []
    for row in rows:
        own = {name: None if row[name] is None else CLOCKS[way](row[name], draw) for name, way in ways.items()}
        found.append({**row, **own})
    return found


def _with_offset(moment: datetime, draw: random.Random) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(draw.choice(ZONES))


CLOCKS: dict[str, Callable[[datetime, random.Random], Any]] = {
    "naive": lambda moment, _: moment,
    "naive text": lambda moment, _: str(moment),
    "zone": lambda moment, _: moment.replace(tzinfo=UTC),
    "offset text": lambda moment, draw: (
        _with_offset(moment, draw).isoformat(sep=draw.choice(" T")).replace("+00:00", "Z")
    ),
    "mixed text": lambda moment, draw: draw.choice((str(moment), _with_offset(moment, draw).isoformat())),
    "day": lambda moment, _: moment.date(),
    "day text": lambda moment, _: str(moment.date()),
}
TEXT_WAYS = ("naive text", "naive text", "offset text", "offset text", "mixed text", "day text")
TYPED_WAYS = ("naive", "naive", "zone", "zone", "naive text", "offset text", "day")
WHOLE = ("employees", "dwell_s", "employees_stated")
TRUTH = ("is_deleted", "is_won", "budget_stated")


def write_batches(
    world: World, folder: Path, *, order: int = 0, batches: int = 1, form: str | None = None
) -> dict[str, list[Path]]:
    """Writes each table as files below a folder; another `order` shuffles the rows, `batches` splits them.

    `form` is the format of all files, where it is not the world's own.
    """
    draw = random.Random(f"order {order}")
    found: dict[str, list[Path]] = {}
    for name in world.tables:
        rows = list(world.tables[name])
        if order:
            draw.shuffle(rows)
        cuts = sorted(draw.randrange(len(rows) + 1) for _ in range(batches - 1))
        found[name] = []
        for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
            own = form or world.formats[name]
            own = "parquet" if own == "jsonl" and start == end else own
            path = folder / name / f"{number}.{own}"
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, own, _columns(name), rows[start:end])
            found[name].append(path)
    return found


def _columns(name: str) -> list[str]:
    clock, _, _, columns = TABLES[name]
    return [*columns, clock, "synced_at"]


def _write(path: Path, form: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if form == "parquet":
        _write_parquet(path, columns, rows)
    elif form == "jsonl":
        lines = [json.dumps({c: row[c] for c in columns}, ensure_ascii=False) for row in rows]
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    else:
        lines = [",".join(_cell(row[c]) for c in columns) for row in rows]
        path.write_text("\n".join([",".join(columns), *lines]) + "\n", encoding="utf-8")


def _cell(value: Any) -> str:
    """A cell of a CSV file: nothing at all for None, everything else in quotes."""
    if value is None:
        return ""
    words = str(value).lower() if isinstance(value, bool) else str(value)
    return '"' + words.replace('"', '""') + '"'


def _write_parquet(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = []
    for column in columns:
        values = [row[column] for row in rows if row[column] is not None]
        kind = pa.string()
        if column in WHOLE:
            kind = pa.int32()
        elif column in TRUTH:
            kind = pa.bool_()
        elif values and isinstance(values[0], datetime):
            kind = pa.timestamp("us", tz="UTC" if values[0].tzinfo else None)
        elif values and isinstance(values[0], date):
            kind = pa.date32()
        fields.append(pa.field(column, kind))
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], pa.schema(fields)), path)
