"""From raw rows to the rows of a source, once more in plain Python: clocks in UTC, types, the row first known.

A raw row is a dict as a loader lands it: text, numbers, booleans, `date`, naive or aware `datetime`, None. Written from
what the sources' headers and comments promise, and from the rules of clocks: a moment with an offset is that moment in
UTC, a day is its last microsecond, a row without a clock is never known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
MICROSECOND = timedelta(microseconds=1)
DAY_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")

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


# --- values ---


def moment(value: Any) -> datetime | None:
    """The UTC moment of a clock; a day, typed or written, is over when its last microsecond is."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = date.fromisoformat(value) if DAY_ONLY.fullmatch(value) else datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime(value.year, value.month, value.day) + timedelta(days=1) - MICROSECOND


def text(value: Any) -> str | None:
    return None if value is None else str(value)


def lower(value: Any) -> str | None:
    """Letter by letter, as databases do: no letter becomes two, and none looks at its neighbours."""
    return None if value is None else "".join(c.lower()[0] for c in value)


def whole(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


def money(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def truth(value: Any) -> bool | None:
    return value if value is None or isinstance(value, bool) else {"true": True, "false": False, "": None}[value]


def instant(value: Any) -> datetime | None:
    """A moment that is no clock of its row: a day is its midnight."""
    found = moment(value)
    is_day = type(value) is date or (isinstance(value, str) and DAY_ONLY.fullmatch(value))
    return datetime(found.year, found.month, found.day) if found and is_day else found


def email_domain(email: str | None) -> str | None:
    parts = (email or "").split("@")
    return (lower(parts[1].strip(" ")) or None) if len(parts) > 1 else None


def path_of(url: str | None) -> str | None:
    return None if url is None else re.sub(r"[?#].*", "", re.sub(r"^https?://[^/?#]*", "", url)) or "/"


def page_type(url: str | None) -> str | None:
    path = path_of(url)
    if path is None:
        return None
    for kind, begins in PAGE_TYPES.items():
        if any(path.startswith(f"/{word}") for word in begins):
            return kind
    return "home" if path == "/" else "other"


# --- sources ---

Read = Callable[[Row], Any]


@dataclass(frozen=True)
class Source:
    """A source of the packaged connector: its raw clock, its key, and its columns beside the clocks, in their order."""

    clock: str
    key: tuple[str, ...]
    columns: Mapping[str, Read]


def _source(clock: str, key: str, columns: str, **derived: Read) -> Source:
    """`columns` names them in the source's order, `:whole` and the like behind those that are no text."""
    readers = {"whole": whole, "money": money, "truth": truth, "instant": instant, "lower": lower, "": text}
    found: dict[str, Read] = {}
    for word in columns.split():
        name, _, kind = word.partition(":")
        found[name] = derived.get(name) or _read(name, readers[kind])
    return Source(clock, tuple(key.split()), found)


def _read(name: str, reader: Callable[[Any], Any]) -> Read:
    return lambda row: reader(row[name])


SOURCES = {
    "leads": _source(
        "created_at",
        "lead_id",
        "lead_id email email_domain full_name company_name title country lead_source utm_medium utm_campaign consent",
        email_domain=lambda row: email_domain(row["email"]),
    ),
    "accounts": _source(
        "changed_at",
        "account_id occurred_at",
        "account_id name domain:lower industry employees:whole country is_deleted:truth",
    ),
    "contacts": _source("created_at", "contact_id", "contact_id lead_id account_id email title"),
    "opportunities": _source("created_at", "opportunity_id", "opportunity_id lead_id account_id pipeline"),
    "opportunity_closings": _source("closed_at", "opportunity_id", "opportunity_id is_won:truth amount:money currency"),
    "opportunity_stages": _source("entered_at", "opportunity_id stage", "opportunity_id stage"),
    "web_events": _source(
        "occurred_at",
        "event_id",
        "event_id anonymous_id lead_id session_id event_type url path page_type dwell_s:whole",
        path=lambda row: path_of(row["url"]),
        page_type=lambda row: page_type(row["url"]),
    ),
    "email_events": _source("occurred_at", "event_id", "event_id lead_id email event_type campaign_id url"),
    "form_submissions": _source(
        "submitted_at",
        "submission_id",
        "submission_id lead_id form_type url employees_stated:whole budget_stated:truth",
    ),
    "product_events": _source("occurred_at", "event_id", "event_id lead_id event_type feature"),
    "subscriptions": _source(
        "changed_at", "subscription_id occurred_at", "subscription_id account_id plan status mrr:money"
    ),
    "invoices": _source("issued_at", "invoice_id", "invoice_id account_id subscription_id total:money currency"),
    "invoice_payments": _source("paid_at", "payment_id", "payment_id invoice_id account_id amount_paid:money currency"),
    "lead_feedback": _source(
        "given_at", "feedback_id", "feedback_id lead_id actor kind value reason expires_at:instant"
    ),
}


def source_rows(name: str, raw: Sequence[Row]) -> list[Row]:
    """The rows of a source: of rows with one key the one that was known first, and of those the smallest."""
    source = SOURCES[name]
    first: dict[tuple[Any, ...], tuple[Any, Row]] = {}
    for landed in raw:
        occurred_at, ingested_at = moment(landed[source.clock]), moment(landed["synced_at"])
        if occurred_at is None or ingested_at is None:
            continue
        own, *others = ((column, read(landed)) for column, read in source.columns.items())
        row = dict([own, ("occurred_at", occurred_at), ("ingested_at", ingested_at), *others])
        order = (max(occurred_at + MICROSECOND, ingested_at), [_place(value) for value in row.values()])
        key = tuple(row[column] for column in source.key)
        if key not in first or order < first[key][0]:
            first[key] = (order, row)
    return [row for _, row in first.values()]


def all_sources(raw: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Every source of the packaged connector; one whose raw table is not there is empty."""
    return {name: source_rows(name, raw.get(name, ())) for name in SOURCES}


def _place(value: Any) -> tuple[bool, Any]:
    """Where a value stands in an order: text by its bytes, NULL last."""
    return value is None, value.encode() if isinstance(value, str) else "" if value is None else value
