"""The views of companies once more, in plain Python: written from their comments and not from their SQL.

`OF_ACCOUNTS` has a function a view, which gives the columns of one account. An outside source is about a domain: that
of the account's version in force.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.features import oracle
from tests.features import oracle_signals as signals

known, since, with_value, midnights = oracle.known, oracle.since, oracle.with_value, oracle.midnights
lookup, ratio, round_half_up, different = signals.lookup, signals.ratio, signals.round_half_up, signals.different
first, is_after, touches_of = signals.first, signals.is_after, signals.touches_of

Row = dict[str, Any]
Sources = Any
Lists = Any


def domain_of(account: str, as_of: datetime, sources: Sources) -> str | None:
    """The domain in the account's version in force, deleted or not."""
    rows = [row for row in known(sources.get("accounts", ()), as_of) if row["account_id"] == account]
    return max(rows, key=lambda row: (row["occurred_at"], row["ingested_at"]))["domain"] if rows else None


def about(account: str, source: str, as_of: datetime, sources: Sources) -> list[Row]:
    """Rows of an outside source about the account's domain."""
    domain = domain_of(account, as_of, sources)
    rows = known(sources.get(source, ()), as_of)
    return [row for row in rows if domain is not None and row["account_domain"] == domain]


BANDS = ((10, "1-10"), (50, "11-50"), (200, "51-200"), (1000, "201-1000"))


def firmographics(account_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    rows = [row for row in known(sources.get("accounts", ()), as_of) if row["account_id"] == account_id]
    rows = sorted(rows, key=lambda row: (row["occurred_at"], row["ingested_at"]))
    if not rows or rows[-1]["is_deleted"]:
        names = ("size_band", "hq_country", "hq_region", "employee_growth", "account_age_days")
        return dict.fromkeys(names)
    now = rows[-1]["employees"]
    year_ago = [row for row in rows if row["occurred_at"] < as_of - timedelta(days=365)]
    then = year_ago[-1]["employees"] if year_ago else None
    country = (rows[-1]["country"] or "").strip(" ").upper() or None
    return {
        "size_band": None if now is None else next((band for most, band in BANDS if now <= most), "1001+"),
        "hq_country": country,
        "hq_region": (lookup(lists, "regions", country, "region") or "other") if country else None,
        "employee_growth": round_half_up((now - then) / then, 3) if now is not None and then else None,
        "account_age_days": midnights(rows[0]["occurred_at"], as_of),
    }


def account_activity(account_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    people = [
        lead
        for lead in known(sources.get("leads", ()), as_of)
        if oracle.account_of(lead["lead_id"], as_of, sources, lists) == account_id
    ]
    touches = {lead["lead_id"]: touches_of(lead["lead_id"], as_of, sources) for lead in people}
    week = sum(len(since(rows, as_of, 7)) for rows in touches.values())
    before = sum(len(since(rows, as_of, 37)) for rows in touches.values()) - week
    engaged = [lead for lead in people if since(touches[lead["lead_id"]], as_of, 30)]
    words = [
        (
            oracle.best_word(lead["title"], lists["seniority_words"], "seniority"),
            oracle.best_word(lead["title"], lists["function_words"], "job_function"),
        )
        for lead in engaged
    ]
    newest = max((lead["occurred_at"] for lead in people), default=None)
    older = [
        lead
        for lead in people
        if newest and lead["occurred_at"] < newest and is_after(newest, first(touches[lead["lead_id"]]))
    ]
    unknown = ("other", None)  # a function that no word of the table tells is none
    return {
        "known_people": len(people),
        "engaged_people_30d": len(engaged),
        "engaged_functions_30d": len({function for _, function in words if function not in unknown}),
        "engaged_deciders_30d": sum(seniority in ("founder", "director") for seniority, _ in words),
        "account_touches_7d": week,
        "account_surge_ratio": ratio(week, before),
        "has_new_person": bool(older) and newest >= as_of - timedelta(days=30),
        "days_since_newest_person": midnights(newest, as_of) if newest else None,
    }


def number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def enrichment(account_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    fetched = about(account_id, "ext_enrichment", as_of, sources)
    fetched = [row for row in fetched if row["value"] is not None]
    order = sorted(fetched, key=lambda row: (row["occurred_at"], row["ingested_at"], row["field"], row["provider"]))
    newest = {row["field"]: row["value"] for row in order}
    everything = about(account_id, "ext_enrichment", as_of, sources)
    employees = number(newest.get("employees"))
    return {
        "funding_stage": newest.get("funding_stage"),
        "annual_revenue_usd": number(newest.get("annual_revenue_usd")),
        "employees_enriched": None if employees is None else round(employees),
        "enriched_fields": different(everything, "field"),
        "days_since_enriched": oracle.days_since_last(everything, as_of),
    }


def intent(account_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    reports = since(about(account_id, "ext_intent", as_of, sources), as_of, 90)
    late = since(reports, as_of, 30)
    rival = re.compile("competitor|alternative|comparison|review")

    def most(rows: Sequence[Row]) -> Any:
        return max((row["surge_ratio"] for row in rows if row["surge_ratio"] is not None), default=None)

    return {
        "intent_reports_90d": len(reports),
        "intent_topics_30d": different(late, "topic"),
        "intent_surge_30d": most(late),
        "intent_surge_90d": most(reports),
        "rival_topics_90d": sum(bool(rival.search((row["topic"] or "").lower())) for row in reports),
        "days_since_last_intent": oracle.days_since_last(reports, as_of),
    }


def technographics(account_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    rows = [row for row in about(account_id, "ext_technographics", as_of, sources) if row["product"] is not None]
    rows = sorted(rows, key=lambda row: (row["occurred_at"], row["ingested_at"]))
    latest = {row["product"]: row for row in rows}
    used = with_value(latest.values(), "status", "seen")
    meanings = [lookup(lists, "products", row["product"].lower(), "meaning") for row in used]

    def first_named(category: str) -> str | None:
        return min((row["product"] for row in with_value(used, "category", category)), default=None)

    return {
        "products_in_use": len(used),
        "crm_in_use": first_named("crm"),
        "marketing_automation_in_use": first_named("marketing_automation"),
        "cloud_in_use": first_named("cloud"),
        "complementary_products": meanings.count("complementary"),
        "competing_products": meanings.count("competing"),
    }


def days_until(rows: Sequence[Row], as_of: datetime) -> int | None:
    """Midnights until the day in the last report's payload; None without one, and where it is past."""
    last = max(rows, key=lambda row: (row["occurred_at"], row["ingested_at"]), default=None)
    day = re.search(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", (last["payload"] or "") if last else "")
    days = midnights(as_of, datetime.fromisoformat(day[0])) if day else -1
    return days if days >= 0 else None


def company_events(account_id: str, as_of: datetime, sources: Sources, lists: Lists) -> Row:
    rows = since(about(account_id, "ext_company_events", as_of, sources), as_of, 365)

    def of(kind: str, days: int = 365) -> list[Row]:
        return list(since(with_value(rows, "event_type", kind), as_of, days))

    return {
        "days_since_funding": oracle.days_since_last(of("funding"), as_of),
        "days_since_leadership_change": oracle.days_since_last(of("leadership"), as_of),
        "initiatives_180d": len(of("initiative", 180)),
        "job_posts_90d": len(of("job_post", 90)),
        "competitor_news_90d": len(of("competitor_news", 90)),
        "days_to_renewal": days_until(of("renewal"), as_of),
        "days_to_fiscal_year_end": days_until(of("fiscal_year"), as_of),
    }


View = Callable[[str, datetime, Sources, Lists], Row]
OF_ACCOUNTS: dict[str, View] = {
    "firmographics": firmographics, "account_activity": account_activity,
    "enrichment": enrichment, "intent": intent, "technographics": technographics, "company_events": company_events,
}  # fmt: skip
