"""The packaged views and gates once more, in plain Python: the slow way, written from the rules and not from the SQL.

Rows are dicts, one list a source, as `staging` holds them; each row has `occurred_at` and `ingested_at` (naive UTC).
Every window is half-open, `[as_of - d, as_of)`. Counts are 0 and ages None where nothing happened.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Sources = Mapping[str, Sequence[Row]]
Lists = Mapping[str, Sequence[dict[str, str]]]


def read_lists(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The reference tables of a folder, by name."""
    lists = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            lists[path.stem] = list(csv.DictReader(lines))
    return lists


def lead_row(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    """Every column of the six views and of the gates for one lead; account columns are None where it has no account."""
    account_id = account_of(lead_id, as_of, sources, lists)
    account = account_row(account_id, as_of, sources, lists) if account_id else dict.fromkeys(ACCOUNT_COLUMNS)
    return {
        **lead_profile(lead_id, as_of, sources, lists),
        **form_activity(lead_id, as_of, sources),
        **web_engagement(lead_id, as_of, sources),
        **email_engagement(lead_id, as_of, sources),
        **product_usage(lead_id, as_of, sources),
        **account,
        **gates(lead_id, as_of, sources, lists),
    }


def known(rows: Iterable[Row], as_of: datetime) -> list[Row]:
    """What the warehouse knew: it had happened before as_of and had arrived by then."""
    return [
        row
        for row in rows
        if row["occurred_at"] is not None
        and row["ingested_at"] is not None
        and row["occurred_at"] < as_of
        and row["ingested_at"] <= as_of
    ]


def of_lead(sources: Sources, source: str, lead_id: str, as_of: datetime) -> list[Row]:
    return [row for row in known(sources.get(source, ()), as_of) if row["lead_id"] == lead_id]


def since(rows: Iterable[Row], as_of: datetime, days: int) -> list[Row]:
    return [row for row in rows if row["occurred_at"] >= as_of - timedelta(days=days)]


def with_value(rows: Iterable[Row], column: str, *values: str) -> list[Row]:
    return [row for row in rows if row[column] in values]


def midnights(start: datetime, end: datetime) -> int:
    return (end.date() - start.date()).days


def days_since_last(rows: Sequence[Row], as_of: datetime) -> int | None:
    return midnights(max(row["occurred_at"] for row in rows), as_of) if rows else None


# --- who ---


def known_lead(lead_id: str, as_of: datetime, sources: Sources) -> Row | None:
    rows = of_lead(sources, "leads", lead_id, as_of)
    return rows[0] if rows else None


def as_words(text: str) -> str:
    """Lower case, one blank before, between and after words; a word is a run of letters and digits."""
    return " " + "".join(c if c.isalnum() else " " for c in text.lower()) + " "


def holds_phrase(text: str | None, phrase: str) -> bool:
    return text is not None and f" {phrase} " in re.sub(" +", " ", as_words(text))


def is_blank(text: str | None) -> bool:
    """Without a character that is no blank: ordinary, non-breaking, ideographic or other."""
    return text is None or all(unicodedata.category(c) == "Zs" for c in text)


def best_word(title: str | None, words: Sequence[dict[str, str]], column: str) -> str | None:
    """The value of the matching word with the lowest priority, then the first by bytes; 'other' without any."""
    if is_blank(title):
        return None
    matching = [(int(w["priority"]), w["word"].encode(), w[column]) for w in words if holds_phrase(title, w["word"])]
    return min(matching)[2] if matching else "other"


def email_kind(domain: str | None, lists: Lists) -> str | None:
    if not domain:
        return None
    for row in lists["student_domains"]:
        pattern = re.escape(row["pattern"]).replace("%", ".*").replace("_", ".")
        if re.fullmatch(pattern, domain, re.DOTALL):
            return "student"
    return "free" if is_free(domain, lists) else "business"


def is_free(domain: str | None, lists: Lists) -> bool:
    return domain in {row["domain"] for row in lists["free_mail_domains"]}


def lead_profile(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    lead = known_lead(lead_id, as_of, sources)
    if lead is None:
        names = ("seniority", "job_function", "lead_source", "country", "email_kind", "lead_age_days")
        return dict.fromkeys(names)
    return {
        "seniority": best_word(lead["title"], lists["seniority_words"], "seniority"),
        "job_function": best_word(lead["title"], lists["function_words"], "job_function"),
        "lead_source": lead["lead_source"],
        "country": lead["country"],
        "email_kind": email_kind(lead["email_domain"], lists),
        "lead_age_days": midnights(lead["occurred_at"], as_of),
    }


# --- what it did ---


def form_activity(lead_id: str, as_of: datetime, sources: Sources) -> Row:
    forms = since(of_lead(sources, "form_submissions", lead_id, as_of), as_of, 90)
    return {
        "demo_requests_30d": len(with_value(since(forms, as_of, 30), "form_type", "demo_request")),
        "forms_90d": len(forms),
        "downloads_90d": len(with_value(forms, "form_type", "download")),
        "days_since_last_form": days_since_last(forms, as_of),
        "budget_stated": any(form["budget_stated"] is True for form in forms),
    }


def web_engagement(lead_id: str, as_of: datetime, sources: Sources) -> Row:
    pages = since(of_lead(sources, "web_events", lead_id, as_of), as_of, 90)
    last_7, last_30 = since(pages, as_of, 7), since(pages, as_of, 30)

    def sessions(rows: Sequence[Row]) -> int:
        return len({row["session_id"] for row in rows if row["session_id"] is not None})

    return {
        "sessions_7d": sessions(last_7),
        "sessions_30d": sessions(last_30),
        "sessions_90d": sessions(pages),
        "pricing_views_7d": len(with_value(last_7, "page_type", "pricing")),
        "pricing_views_30d": len(with_value(last_30, "page_type", "pricing")),
        "docs_views_30d": len(with_value(last_30, "page_type", "docs")),
        "dwell_seconds_30d": sum(row["dwell_s"] or 0 for row in last_30),
        "days_since_last_visit": days_since_last(pages, as_of),
    }


def email_engagement(lead_id: str, as_of: datetime, sources: Sources) -> Row:
    mails = since(of_lead(sources, "email_events", lead_id, as_of), as_of, 90)
    last_7, last_30 = since(mails, as_of, 7), since(mails, as_of, 30)
    return {
        "emails_opened_7d": len(with_value(last_7, "event_type", "open")),
        "emails_opened_30d": len(with_value(last_30, "event_type", "open")),
        "emails_clicked_30d": len(with_value(last_30, "event_type", "click")),
        "email_responses_30d": len(with_value(last_30, "event_type", "click", "reply")),
        "email_replies_90d": len(with_value(mails, "event_type", "reply")),
        "days_since_last_email_response": days_since_last(with_value(mails, "event_type", "click", "reply"), as_of),
    }


def product_usage(lead_id: str, as_of: datetime, sources: Sources) -> Row:
    steps = since(of_lead(sources, "product_events", lead_id, as_of), as_of, 90)
    last_30 = since(steps, as_of, 30)
    used = {row["feature"] for row in with_value(last_30, "event_type", "feature_used") if row["feature"] is not None}
    return {
        "trials_started_90d": len(with_value(steps, "event_type", "trial_started")),
        "features_used_30d": len(used),
        "invites_sent_30d": len(with_value(last_30, "event_type", "invite_sent")),
        "integrations_attempted_30d": len(with_value(last_30, "event_type", "integration_attempted")),
        "days_since_last_product_event": days_since_last(steps, as_of),
    }


# --- spines and labels ---

LANDMARKS = (1, 3, 7, 14, 30, 60, 90, 120, 150, 175)


def open_leads(as_of: datetime, sources: Sources) -> set[str]:
    """Leads of the last 180 days."""
    return {lead["lead_id"] for lead in since(known(sources.get("leads", ()), as_of), as_of, 180)}


def training_landmarks(as_of: datetime, sources: Sources) -> set[str]:
    """Leads that are of one of ten ages, in midnights."""
    leads = known(sources.get("leads", ()), as_of)
    return {lead["lead_id"] for lead in leads if midnights(lead["occurred_at"], as_of) in LANDMARKS}


def first_opportunities(sources: Sources, known_at: datetime | None = None) -> dict[str, datetime]:
    """When each lead's first opportunity was created: with hindsight, or as it was known at a moment."""
    rows = sources.get("opportunities", ())
    found: dict[str, datetime] = {}
    for row in rows if known_at is None else known(rows, known_at):
        if row["lead_id"] is not None:
            found[row["lead_id"]] = min(found.get(row["lead_id"], row["occurred_at"]), row["occurred_at"])
    return found


# --- its account ---

ACCOUNT_COLUMNS = ("employees", "industry", "active_people_30d", "account_pricing_views_30d")


def accounts_in_force(as_of: datetime, sources: Sources) -> dict[str, Row]:
    """The latest known version of every account that is not deleted in it."""
    rows = sorted(known(sources.get("accounts", ()), as_of), key=lambda row: (row["occurred_at"], row["ingested_at"]))
    latest = {row["account_id"]: row for row in rows}
    return {account_id: row for account_id, row in latest.items() if row["is_deleted"] is not True}


def account_of(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> str | None:
    lead = known_lead(lead_id, as_of, sources)
    return _account_with_domain(lead["email_domain"], accounts_in_force(as_of, sources), lists) if lead else None


def _account_with_domain(domain: str | None, accounts: Mapping[str, Row], lists: Lists) -> str | None:
    if not domain or is_free(domain, lists):
        return None
    return min((account_id for account_id, row in accounts.items() if row["domain"] == domain), default=None)


def account_row(account_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    accounts = accounts_in_force(as_of, sources)
    account: Row = accounts.get(account_id, {})
    colleagues = {
        lead["lead_id"]
        for lead in known(sources.get("leads", ()), as_of)
        if _account_with_domain(lead["email_domain"], accounts, lists) == account_id
    }
    pages = since(known(sources.get("web_events", ()), as_of), as_of, 30)
    theirs = [row for row in pages if row["lead_id"] in colleagues]
    return {
        "employees": account.get("employees"),
        "industry": account.get("industry"),
        "active_people_30d": len({row["lead_id"] for row in theirs}),
        "account_pricing_views_30d": len(with_value(theirs, "page_type", "pricing")),
    }


# --- what is not known ---

NO_WINDOW = 0
SOURCES = {
    "sessions_": "web_events",
    "pricing_views_": "web_events",
    "docs_views_": "web_events",
    "dwell_seconds_": "web_events",
    "days_since_last_visit": "web_events",
    "email": "email_events",
    "days_since_last_email": "email_events",
    "demo_requests_": "form_submissions",
    "forms_": "form_submissions",
    "downloads_": "form_submissions",
    "days_since_last_form": "form_submissions",
    "budget_stated": "form_submissions",
    "trials_": "product_events",
    "features_used_": "product_events",
    "invites_": "product_events",
    "integrations_": "product_events",
    "days_since_last_product": "product_events",
}
"""Which source a column of one source reads, by how its name begins; the longest beginning counts."""

OTHERS = {
    "seniority": {"leads": NO_WINDOW},
    "job_function": {"leads": NO_WINDOW},
    "lead_source": {"leads": NO_WINDOW},
    "country": {"leads": NO_WINDOW},
    "email_kind": {"leads": NO_WINDOW},
    "lead_age_days": {"leads": NO_WINDOW},
    "employees": {"accounts": NO_WINDOW},
    "industry": {"accounts": NO_WINDOW},
    "active_people_30d": {"leads": NO_WINDOW, "accounts": NO_WINDOW, "web_events": 30},
    "account_pricing_views_30d": {"leads": NO_WINDOW, "accounts": NO_WINDOW, "web_events": 30},
}


def days_read(column: str) -> Mapping[str, int]:
    """Per source how many days before as_of a column reads: what its name says, 90 where it says nothing."""
    if column in OTHERS:
        return OTHERS[column]
    beginning = max((start for start in SOURCES if column.startswith(start)), key=len)
    said = re.search(r"_(\d+)d$", column)
    return {SOURCES[beginning]: int(said[1]) if said else 90}


def reaches(source: str, days: int, as_of: datetime, sources: Sources) -> bool:
    rows = known(sources.get(source, ()), as_of)
    if not rows:
        return False
    return days == NO_WINDOW or as_of - timedelta(days=days) >= min(row["occurred_at"] for row in rows)


def as_stored(row: Row, as_of: datetime, sources: Sources) -> Row:
    """One view's row as it is stored: None where a source's history does not reach, and the view's `has_<source>`."""
    stored: Row = {}
    longest: dict[str, int] = {}
    for column, value in row.items():
        read = days_read(column)
        stored[column] = value if all(reaches(s, days, as_of, sources) for s, days in read.items()) else None
        for source, days in read.items():
            longest[source] = max(days, longest.get(source, NO_WINDOW))
    return stored | {f"has_{source}": reaches(source, days, as_of, sources) for source, days in longest.items()}


def stored_row(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    """The lead's features as they are stored: None where a source's history does not reach, and `has_<source>`."""
    row = lead_row(lead_id, as_of, sources, lists)
    features = {column: value for column, value in row.items() if column not in gates(lead_id, as_of, sources, lists)}
    stored = as_stored(features, as_of, sources)
    has_account = account_of(lead_id, as_of, sources, lists) is not None
    # only the account's view reads accounts, and a lead without one has no row there
    stored["has_accounts"] = stored["has_accounts"] if has_account else None
    return stored


# --- gates ---


def gates(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    lead: Row = known_lead(lead_id, as_of, sources) or {}
    title, domain = lead.get("title"), lead.get("email_domain")
    kind = email_kind(domain, lists)
    meanings = {row["meaning"] for row in lists["disqualifying_titles"] if holds_phrase(title, row["phrase"])}
    careers = with_value(since(of_lead(sources, "web_events", lead_id, as_of), as_of, 90), "page_type", "careers")
    account_id = account_of(lead_id, as_of, sources, lists)
    paid = [
        row
        for row in known(sources.get("invoice_payments", ()), as_of)
        if account_id and row["account_id"] == account_id and row["amount_paid"] is not None and row["amount_paid"] > 0
    ]
    unsubscribed = with_value(of_lead(sources, "email_events", lead_id, as_of), "event_type", "unsubscribe")
    nameless = is_blank(lead.get("company_name")) and kind != "business"
    return {
        "is_student": kind == "student" or "student" in meanings,
        "is_competitor": domain in {row["domain"] for row in lists["competitor_domains"]},
        "is_job_seeker": len(careers) >= 2 or "job_seeker" in meanings,
        "is_existing_customer": bool(paid),
        "lacks_consent": lead.get("consent") == "denied" or bool(unsubscribed),
        "is_free_mail": is_free(domain, lists),
        "lacks_required_fields": is_blank(lead.get("email")) or nameless,
    }
