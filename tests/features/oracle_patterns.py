"""The patterns and the rules over them once more, in plain Python, from what the oracle says of leads and companies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.features import oracle
from tests.features import oracle_companies as companies
from tests.features import oracle_signals as signals

Row = dict[str, Any]


def buying_patterns(lead_id: str, as_of: datetime, sources: Any, lists: Any) -> Row:
    touches = signals.surge(lead_id, as_of, sources, lists)
    read = [row for row in signals.pages_of(lead_id, as_of, sources) if not signals.is_brief(row)]
    pricing = oracle.with_value(read, "page_type", "pricing")
    planning = oracle.with_value(read, "page_type", "implementation", "docs")
    comparing = oracle.with_value(read, "page_type", "comparison")
    steps = [
        bool(pricing),
        bool(oracle.with_value(read, "page_type", "roi_calculator")),
        bool(planning),
        signals.is_after(signals.last(pricing), signals.first(planning)),
    ]
    account = oracle.account_of(lead_id, as_of, sources, lists)
    people = companies.account_activity(account, as_of, sources, lists)["engaged_people_30d"] if account else 0
    week, before = touches["touches_7d"], max(touches["touches_month_before"], 1)
    strengths = {
        "concentration": min(week / 6, 1) * min(week / (6 * before), 1),
        "progression": sum(steps) / 4,
        "stakeholders": min(max(people - 1, 0) / 2, 1),
        "research": min(len(comparing) / 2, 1),
        "planning": min(len(planning) / 4, 1),
    }
    rounded = {name: signals.round_half_up(strength, 2) for name, strength in strengths.items()}
    holds = {name: strength >= 0.5 for name, strength in rounded.items()}
    return {
        "is_concentrated": holds["concentration"],
        "concentration_strength": rounded["concentration"],
        "is_at_bottom_of_funnel": holds["progression"],
        "bottom_of_funnel_strength": rounded["progression"],
        "read_pricing_views_90d": len(pricing),
        "has_several_stakeholders": holds["stakeholders"],
        "stakeholder_strength": rounded["stakeholders"],
        "is_comparing": holds["research"],
        "comparison_strength": rounded["research"],
        "comparison_views_90d": len(comparing),
        "is_planning_implementation": holds["planning"],
        "implementation_strength": rounded["planning"],
        "read_implementation_views_90d": len(planning),
    }


def non_buying_patterns(lead_id: str, as_of: datetime, sources: Any, lists: Any) -> Row:
    touches = signals.surge(lead_id, as_of, sources, lists)
    forms = signals.form_depth(lead_id, as_of, sources, lists)
    pages = signals.pages_of(lead_id, as_of, sources)
    stage = {id(row): signals.lookup(lists, "content_stages", row["page_type"], "stage") for row in pages}
    early = sum(stage[id(row)] == "educational" for row in pages) + forms["webinars_90d"] + forms["newsletters_90d"]
    late = sum(stage[id(row)] in signals.LATE and not signals.is_brief(row) for row in pages)
    late += forms["contact_requests_90d"]
    days, span = touches["touch_days_180d"], touches["touch_span_days_180d"]
    sporadic = min(span / (days - 1) / 28, 1) if days >= 2 and span >= 60 else 0
    top_of_funnel = min(0.25 + early / 4, 1) if early and not late else 0

    account = oracle.account_of(lead_id, as_of, sources, lists)
    isolation = None
    if account:
        company = companies.account_activity(account, as_of, sources, lists)
        is_alone = touches["touch_days_30d"] > 0 and company["engaged_people_30d"] <= 1
        isolation = (1.0 if company["known_people"] > 1 else 0.5) if is_alone else 0.0

    careers = oracle.with_value(pages, "page_type", "careers")
    lead: Row = oracle.known_lead(lead_id, as_of, sources) or {}
    rules = oracle.gates(lead_id, as_of, sources, lists)
    seeks = any(
        row["meaning"] == "job_seeker" and oracle.holds_phrase(lead.get("title"), row["phrase"])
        for row in lists["disqualifying_titles"]
    )
    is_out = rules["is_student"] or rules["is_competitor"] or seeks
    disqualifier = 1.0 if is_out else min(len(careers) / 4, 1)

    pricing = oracle.with_value(pages, "page_type", "pricing")
    sessions = signals.different(pages, "session_id")
    brief = signals.web_depth(lead_id, as_of, sources, lists)["brief_sessions_90d"]
    shares = [brief / sessions if sessions >= 2 else 0, sum(map(signals.is_brief, pricing)) / max(len(pricing), 1)]
    brevity = signals.round_half_up(max(shares), 2)
    return {
        "is_sporadic": signals.round_half_up(sporadic, 2) >= 0.5,
        "sporadic_strength": signals.round_half_up(sporadic, 2),
        "is_top_of_funnel": top_of_funnel >= 0.5,
        "top_of_funnel_strength": top_of_funnel,
        "early_signs_90d": early,
        "late_signs_90d": late,
        "is_isolated": None if isolation is None else isolation >= 0.5,
        "isolation_strength": isolation,
        "has_disqualifier": disqualifier >= 0.5,
        "disqualifier_strength": disqualifier,
        "careers_views_90d": len(careers),
        "is_brief": brevity >= 0.5,
        "brief_share_90d": brevity,
    }


BUYING = (
    "is_concentrated", "is_at_bottom_of_funnel", "has_several_stakeholders", "is_comparing",
    "is_planning_implementation",
)  # fmt: skip
NOT_BUYING = ("is_sporadic", "is_top_of_funnel", "is_isolated", "has_disqualifier", "is_brief")


def patterns(lead_id: str, as_of: datetime, sources: Any, lists: Any) -> Row:
    row = {
        **buying_patterns(lead_id, as_of, sources, lists),
        **non_buying_patterns(lead_id, as_of, sources, lists),
    }
    buying, against = (sum(row[name] is True for name in names) for names in (BUYING, NOT_BUYING))
    return {
        "is_curious_at_most": against >= 2 and against > buying,
        "shows_buying_patterns": buying >= 3 and not against,
    }


def rep_feedback(lead_id: str, as_of: datetime, sources: Any, lists: Any) -> Row:
    said = oracle.since(oracle.of_lead(sources, "lead_feedback", lead_id, as_of), as_of, 180)
    said = [row for row in said if row["expires_at"] is None or row["expires_at"] > as_of]
    verdicts = oracle.with_value(said, "kind", "accepted", "rejected")
    order = ("occurred_at", "ingested_at", "feedback_id")
    verdict = max(verdicts, key=lambda row: [row[name] for name in order], default={"kind": None})["kind"]
    return {
        "is_bad_fit_by_sales": bool(oracle.with_value(said, "kind", "bad_fit")),
        "is_urgent_by_sales": bool(oracle.with_value(said, "kind", "urgent")),
        "is_accepted_by_sales": verdict == "accepted",
        "is_rejected_by_sales": verdict == "rejected",
    }


def sales_touches(lead_id: str, as_of: datetime, sources: Any, lists: Any) -> Row:
    work = oracle.since(oracle.of_lead(sources, "sales_activities", lead_id, as_of), as_of, 30)
    mails = oracle.since(oracle.of_lead(sources, "email_events", lead_id, as_of), as_of, 30)
    replied, begun = signals.last(oracle.with_value(mails, "event_type", "reply")), signals.first(work)
    return {
        "is_worked_by_sales": bool(work),
        "is_silent_to_sales": len(work) >= 5 and (replied is None or replied < begun),
        "is_in_talk_with_sales": signals.is_after(replied, begun),
    }


def customers(lead_id: str, as_of: datetime, sources: Any, lists: Any) -> Row:
    account = oracle.account_of(lead_id, as_of, sources, lists)
    rows = [row for row in oracle.known(sources.get("subscriptions", ()), as_of) if row["account_id"] == account]
    rows = sorted(rows if account else [], key=lambda row: (row["occurred_at"], row["ingested_at"]))
    in_force = {row["subscription_id"]: row for row in rows}.values()
    paid = [row for row in in_force if row["plan"] != "trial"]
    is_subscribed = bool(oracle.with_value(paid, "status", "active"))
    return {
        "is_subscribed": is_subscribed,
        "has_churned": bool(oracle.with_value(paid, "status", "canceled")) and not is_subscribed,
        "is_in_trial": bool(oracle.with_value(in_force, "status", "trialing")),
    }


OF_LEADS = {"buying_patterns": buying_patterns, "non_buying_patterns": non_buying_patterns}
GATES = {"patterns": patterns, "rep_feedback": rep_feedback, "sales_touches": sales_touches, "customers": customers}
