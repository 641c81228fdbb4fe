"""The views of signals and patterns once more, in plain Python: written from their comments and not from their SQL.

Rows are those of oracle.py, and so are windows: half-open, `[as_of - d, as_of)`. `OF_LEADS` has a function a view,
which gives the columns of one lead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.features import oracle

known, of_lead, since, with_value, midnights = (
    oracle.known, oracle.of_lead, oracle.since, oracle.with_value, oracle.midnights
)  # fmt: skip

Row = dict[str, Any]
Sources = Any
Lists = Any
LATE = ("evaluation", "implementation")


def lookup(lists: Lists, table: str, value: str, column: str) -> str | None:
    """What a table says in `column` where its first column is `value`."""
    for row in lists[table]:
        if next(iter(row.values())) == value:
            return str(row[column])
    return None


def hours(start: datetime, end: datetime) -> int:
    return int((end - start) / timedelta(hours=1))


def ratio(count: int, before: int) -> float:
    return round_half_up(count / max(before, 1), 2)


def round_half_up(value: float, digits: int) -> float:
    """As DuckDB rounds a double: times a power of ten, to the nearest whole, back."""
    scaled = value * 10**digits
    whole = int(abs(scaled) + 0.5)
    return (whole if scaled >= 0 else -whole) / 10**digits


def days_of(rows: Sequence[Row]) -> int:
    return len({row["occurred_at"].date() for row in rows})


def different(rows: Sequence[Row], column: str) -> int:
    return len({row[column] for row in rows if row[column] is not None})


def seconds(rows: Sequence[Row]) -> int:
    return sum(row["dwell_s"] or 0 for row in rows)


def first(rows: Sequence[Row]) -> datetime | None:
    return min((row["occurred_at"] for row in rows), default=None)


def last(rows: Sequence[Row]) -> datetime | None:
    return max((row["occurred_at"] for row in rows), default=None)


def is_after(later: datetime | None, earlier: datetime | None) -> bool:
    return later is not None and earlier is not None and later > earlier


def is_brief(row: Row) -> bool:
    return row["dwell_s"] is not None and row["dwell_s"] < 10


def pages_of(lead: str, as_of: datetime, sources: Sources, days: int = 90) -> list[Row]:
    return list(since(of_lead(sources, "web_events", lead, as_of), as_of, days))


def touches_of(lead: str, as_of: datetime, sources: Sources) -> list[Row]:
    """Page views, forms, clicks and replies of 180 days."""
    mails = with_value(of_lead(sources, "email_events", lead, as_of), "event_type", "click", "reply")
    forms = of_lead(sources, "form_submissions", lead, as_of)
    return list(since([*of_lead(sources, "web_events", lead, as_of), *forms, *mails], as_of, 180))


# --- who ---


def person(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    profile = oracle.lead_profile(lead_id, as_of, sources, lists)
    lead = oracle.known_lead(lead_id, as_of, sources) or {}
    kind, function = profile["seniority"], profile["job_function"]
    mailbox = (lead.get("email") or "").split("@")[0].strip(" ").lower()
    shared = {"is_shared_mailbox": mailbox in {row["mailbox"] for row in lists["shared_mailboxes"]}}
    if kind is None:
        names = ("buying_role", "decision_authority", "has_decision_authority", "is_technical_role")
        return {**dict.fromkeys((*names, "is_commercial_role")), **shared}
    authority = int(lookup(lists, "buying_roles", f"{kind} {function}", "authority") or 0)
    return {
        "buying_role": lookup(lists, "buying_roles", f"{kind} {function}", "buying_role") or "other",
        "decision_authority": authority,
        "has_decision_authority": authority >= 2,
        "is_technical_role": function in ("engineering", "it", "data", "product"),
        "is_commercial_role": function in ("sales", "marketing"),
        **shared,
    }


def acquisition(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    lead = oracle.known_lead(lead_id, as_of, sources) or {}
    origins = [(lead.get(name) or "").strip(" ").lower() for name in ("lead_source", "utm_medium")]
    channels = [lookup(lists, "channels", origin, "channel") for origin in origins]
    channel = (channels[0] or channels[1] or "other") if any(origins) else None
    pages = sorted(pages_of(lead_id, as_of, sources), key=lambda row: (row["occurred_at"], row["event_id"]))

    def tags(name: str) -> list[str]:
        found = [re.search(rf"[?&]{name}=([^&#]*)", row["url"] or "") for row in pages]
        return [tag[1] for tag in found if tag and tag[1]]

    return {
        "channel": channel,
        "is_referral": None if channel is None else channel in ("referral", "partner"),
        "first_medium": lead.get("utm_medium"),
        "first_campaign": lead.get("utm_campaign"),
        "last_source_90d": next(reversed(tags("utm_source")), None),
        "last_campaign_90d": next(reversed(tags("utm_campaign")), None),
        "last_keyword_90d": next(reversed(tags("utm_term")), None),
        "campaigns_90d": len(set(tags("utm_campaign"))),
    }


# --- what it did ---


def web_depth(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    pages = pages_of(lead_id, as_of, sources)
    pricing = with_value(pages, "page_type", "pricing")
    sessions: dict[str, list[Row]] = {}
    for row in pages:
        if row["session_id"] is not None:
            sessions.setdefault(row["session_id"], []).append(row)
    measured = [rows for rows in sessions.values() if all(row["dwell_s"] is not None for row in rows)]
    in_sessions = sum(map(len, sessions.values()))
    return {
        "visit_days_30d": days_of(since(pages, as_of, 30)),
        "pages_per_session_90d": round_half_up(in_sessions / len(sessions), 2) if sessions else None,
        "pricing_sessions_90d": different(pricing, "session_id"),
        "pricing_seconds_90d": seconds(pricing),
        "brief_pricing_views_90d": sum(map(is_brief, pricing)),
        "evaluation_seconds_90d": seconds(
            with_value(pages, "page_type", "roi_calculator", "comparison", "implementation")
        ),
        "roi_calculator_seconds_90d": seconds(with_value(pages, "page_type", "roi_calculator")),
        "brief_sessions_90d": sum(seconds(rows) < 10 for rows in measured),
    }


def content_stage(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    pages = pages_of(lead_id, as_of, sources)
    stages: dict[str, list[Row]] = {"educational": [], "evaluation": [], "implementation": []}
    for row in pages:
        stage = lookup(lists, "content_stages", row["page_type"], "stage")
        if stage:
            stages[stage].append(row)
    begins = [first(rows) for rows in stages.values()]
    pricing = last(with_value(pages, "page_type", "pricing"))
    is_ordered = is_after(begins[1], begins[0])
    return {
        **{f"{stage}_views_90d": len(rows) for stage, rows in stages.items()},
        "content_stage_90d": next((stage for stage in reversed(stages) if stages[stage]), "none"),
        "is_progressing_90d": is_ordered or is_after(begins[2], begins[0]) or is_after(begins[2], begins[1]),
        "is_pricing_after_implementation_90d": is_after(pricing, begins[2]),
        "days_to_evaluation_90d": midnights(begins[0], begins[1]) if is_ordered else None,
    }


DEEP = re.compile(r"(https?://[^/?#]*)?/(pricing|roi|compare|vs|implementation|integrations|security)")


def mail_depth(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    mails = since(of_lead(sources, "email_events", lead_id, as_of), as_of, 90)
    campaigns = {row["campaign_id"] for row in mails if row["campaign_id"] is not None}
    begins = []
    for campaign in campaigns:
        own = [row for row in mails if row["campaign_id"] == campaign]
        kinds = (("sent",), ("open",), ("click", "reply"), ("reply",))
        begins.append([first(with_value(own, "event_type", *kind)) for kind in kinds])
    waits = {n: [hours(b[0], b[n]) for b in begins if b[0] and b[n] and b[n] >= b[0]] for n in (2, 3)}
    clicks = with_value(mails, "event_type", "click")
    return {
        "campaigns_mailed_90d": sum(b[0] is not None for b in begins),
        "campaigns_opened_90d": sum(b[1] is not None for b in begins),
        "campaigns_answered_90d": sum(b[2] is not None for b in begins),
        "hours_to_answer_90d": min(waits[2], default=None),
        "hours_to_reply_90d": min(waits[3], default=None),
        "deep_clicks_90d": sum(bool(DEEP.match(row["url"] or "")) for row in clicks),
        "mails_bounced_90d": len(with_value(mails, "event_type", "bounce")),
    }


def form_depth(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    forms = since(of_lead(sources, "form_submissions", lead_id, as_of), as_of, 180)
    late = since(forms, as_of, 90)
    stated = [row for row in late if row["employees_stated"] is not None]
    downloads = with_value(forms, "form_type", "download")
    ends = first(downloads), last(downloads)
    newest: Row = max(stated, key=lambda row: (row["occurred_at"], row["submission_id"]), default={})
    return {
        "webinars_90d": len(with_value(late, "form_type", "webinar")),
        "contact_requests_90d": len(with_value(late, "form_type", "contact")),
        "newsletters_90d": len(with_value(late, "form_type", "newsletter")),
        "form_types_90d": different(late, "form_type"),
        "employees_stated_90d": newest.get("employees_stated"),
        "downloads_180d": len(downloads),
        "download_span_days_180d": midnights(*ends) if downloads else None,
    }


def trial_depth(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    steps = since(of_lead(sources, "product_events", lead_id, as_of), as_of, 90)
    return {
        "product_events_7d": len(since(steps, as_of, 7)),
        "product_days_30d": days_of(since(steps, as_of, 30)),
        "features_used_90d": different(with_value(steps, "event_type", "feature_used"), "feature"),
        "invites_sent_90d": len(with_value(steps, "event_type", "invite_sent")),
        "integrations_tried_90d": different(with_value(steps, "event_type", "integration_attempted"), "feature"),
        "days_since_trial_start": oracle.days_since_last(with_value(steps, "event_type", "trial_started"), as_of),
    }


def surge(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    touches = touches_of(lead_id, as_of, sources)
    week = len(since(touches, as_of, 7))
    before = len(since(touches, as_of, 37)) - week
    return {
        "touches_7d": week,
        "touches_month_before": before,
        "surge_ratio": ratio(week, before),
        "touch_days_30d": days_of(since(touches, as_of, 30)),
        "touches_180d": len(touches),
        "touch_days_180d": days_of(touches),
        "touch_span_days_180d": midnights(first(touches), last(touches)) if touches else None,
    }


SAID = ("timeline", "budget", "authority", "pain", "competitor", "support")


def conversation(lead_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    said = since(of_lead(sources, "ext_conversation_signals", lead_id, as_of), as_of, 90)
    strengths = {
        signal: [row["strength"] for row in with_value(said, "signal", signal) if row["strength"] is not None]
        for signal in SAID
    }
    return {
        "conversation_signals_90d": sum(row["signal"] is not None for row in said),
        **{f"said_{signal}_90d": max(found, default=Decimal(0)) for signal, found in strengths.items()},
    }


View = Callable[[str, datetime, Sources, Lists], Row]
OF_LEADS: dict[str, View] = {
    "person": person, "acquisition": acquisition, "web_depth": web_depth, "content_stage": content_stage,
    "mail_depth": mail_depth, "form_depth": form_depth, "trial_depth": trial_depth, "surge": surge,
    "conversation": conversation,
}  # fmt: skip
