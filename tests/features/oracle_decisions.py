"""The rules about another look, and about what was asked for, once more in plain Python."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tests.features import oracle

Row = dict[str, Any]


def touches_of(lead_id: str, as_of: datetime, sources: Any) -> list[datetime]:
    """When the lead did something in the 365 days before."""
    rows = [
        *oracle.of_lead(sources, "web_events", lead_id, as_of),
        *oracle.of_lead(sources, "form_submissions", lead_id, as_of),
        *oracle.with_value(oracle.of_lead(sources, "email_events", lead_id, as_of), "event_type", "click", "reply"),
    ]
    return sorted(row["occurred_at"] for row in oracle.since(rows, as_of, 365))


def requalification(lead_id: str, as_of: datetime, sources: Any, lists: Any) -> Row:
    days = {row["trigger"]: row for row in lists["requalification"]}

    def number(trigger: str, name: str) -> int:
        return int(days[trigger][name])

    lead = oracle.known_lead(lead_id, as_of, sources)
    is_returning = False
    if lead:
        within = number("is_returning", "within_days")
        touches = touches_of(lead_id, as_of, sources)
        fresh = [at for at in touches if oracle.midnights(at, as_of) <= within]
        before = [at for at in touches if oracle.midnights(at, as_of) > within]
        begun = before[-1] if before else lead["occurred_at"]
        is_returning = bool(fresh) and oracle.midnights(begun, fresh[0]) >= number("is_returning", "silent_days")

    verdicts = oracle.with_value(
        oracle.of_lead(sources, "lead_feedback", lead_id, as_of), "kind", "accepted", "rejected"
    )
    is_over = False
    if verdicts:
        word = max(verdicts, key=lambda row: (row["occurred_at"], row["ingested_at"], row["feedback_id"]))
        if word["kind"] == "rejected" and (word["value"] or "").strip().lower() == "timing":
            until = word["expires_at"]
            over = (
                oracle.midnights(until, as_of)
                if until
                else oracle.midnights(word["occurred_at"], as_of) - number("is_objection_over", "silent_days")
            )
            has_come = until is None or until <= as_of
            is_over = has_come and 0 <= over <= number("is_objection_over", "within_days")

    account = oracle.account_of(lead_id, as_of, sources, lists) if lead else None
    has_new, has_event = False, False
    if lead and account:
        people = [
            row
            for row in oracle.known(sources["leads"], as_of)
            if oracle.account_of(row["lead_id"], as_of, sources, lists) == account
        ]
        newest = max(row["occurred_at"] for row in people)
        older = [row["lead_id"] for row in people if row["occurred_at"] < newest]
        is_recent = oracle.midnights(newest, as_of) <= number("has_new_colleague", "within_days")
        reach = number("has_new_colleague", "silent_days")
        has_new = (
            is_recent
            and lead_id in older
            and any(
                at < newest and oracle.midnights(at, newest) <= reach
                for each in older
                for at in touches_of(each, as_of, sources)
            )
        )
        domain = oracle.accounts_in_force(as_of, sources)[account]["domain"]
        events = [
            row for row in oracle.known(sources.get("ext_company_events", ()), as_of) if row["account_domain"] == domain
        ]
        has_event = any(
            oracle.midnights(row["occurred_at"], as_of) <= number("has_company_event", "within_days")
            for row in oracle.with_value(events, "event_type", "funding", "leadership", "competitor_news")
        )
    return {
        "is_returning": is_returning,
        "is_objection_over": is_over,
        "has_new_colleague": has_new,
        "has_company_event": has_event,
    }


def requests(lead_id: str, as_of: datetime, sources: Any, lists: Any) -> Row:
    forms = oracle.since(oracle.of_lead(sources, "form_submissions", lead_id, as_of), as_of, 30)
    pages = oracle.since(oracle.of_lead(sources, "web_events", lead_id, as_of), as_of, 30)
    bulk = [row for row in pages if re.search("bulk|wholesale|volume|shipping-terms", (row["url"] or "").lower())]
    return {
        "asked_for_an_offer": bool(oracle.with_value(forms, "form_type", "proposal_request", "quote_request")),
        "wants_a_large_order": bool(oracle.with_value(forms, "form_type", "bulk_order", "volume_order"))
        or len(bulk) >= 2,
    }


GATES = {"requalification": requalification, "requests": requests}
