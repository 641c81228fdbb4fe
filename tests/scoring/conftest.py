"""A made-up world whose truth is known: the true chance of an outcome within the horizon stands beside every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadmart.features.gate_rule import GateRule, parse_rule
from leadmart.features.lookup import FeatureColumn
from leadmart.features.project import find_project
from leadmart.features.warehouse import Warehouse, open_for_writing
from leadmart.scoring.policy import Boost, Policy
from leadmart.scoring.reason_templates import ReasonTemplates, read_templates
from leadmart.scoring.scorecard import Scorecard, read_scorecard

HORIZON = timedelta(days=90)
LAG = timedelta(days=1)
BEGIN = datetime(2024, 1, 1)
AGES = (1, 3, 7, 14, 30, 60, 90, 120, 150, 175)

COLUMNS = (
    FeatureColumn("seniority", "lead_profile@v1", "VARCHAR", "level read from the title"),
    FeatureColumn("employees", "account_engagement@v1", "BIGINT", "people at the company"),
    FeatureColumn("sessions_30d", "web_engagement@v1", "BIGINT", "visits in the last 30 days"),
    FeatureColumn("pricing_views_30d", "web_engagement@v1", "BIGINT", "views of pricing pages in the last 30 days"),
    FeatureColumn("emails_clicked_30d", "email_engagement@v1", "BIGINT", "clicks in the last 30 days"),
    FeatureColumn("email_replies_90d", "email_engagement@v1", "BIGINT", "replies in the last 90 days"),
    FeatureColumn("budget_stated", "form_activity@v1", "BOOLEAN", "a budget was stated in a form"),
    FeatureColumn("days_since_last_visit", "web_engagement@v1", "BIGINT", "midnights since the last visit"),
    FeatureColumn("lead_age_days", "lead_profile@v1", "BIGINT", "midnights since creation"),
)

SCORECARD = """\
code,column,rule,low,high,value,points,max_points,label
company_size,employees,range,1,10,,5,,1 to 10 employees
company_size,employees,range,11,50,,15,,11 to 50 employees
company_size,employees,range,51,200,,25,,51 to 200 employees
company_size,employees,at_least,201,,,10,,more than 200 employees
seniority,seniority,equals,,,founder,25,,founder
seniority,seniority,equals,,,director,20,,director
seniority,seniority,equals,,,manager,10,,manager
seniority,seniority,equals,,,other,2,,other title
visits,sessions_30d,each,,,,3,20,visits in 30 days
email,emails_clicked_30d,at_least,1,,,15,15,clicked in a mail
email,email_replies_90d,at_least,1,,,15,15,replied to a mail
budget,budget_stated,is_true,,,,20,,budget stated in a form
"""

REASONS = """\
code,column,group,template,missing_template
seniority,seniority,person,Their level is {value},
company_size,employees,company,The company has {value} employees,Company size unknown
sessions,sessions_30d,web,Visited {value} times in 30 days,No web activity recorded
pricing_views,pricing_views_30d,pricing,Viewed pricing {value} times in 30 days,No web activity recorded
clicks,emails_clicked_30d,email,Clicked {value} mails in 30 days,
replies,email_replies_90d,email,Replied to {value} mails in 90 days,
budget,budget_stated,budget,Stated a budget in a form,
last_visit,days_since_last_visit,recency,Last visit {value} days ago,No web activity recorded
lead_age,lead_age_days,age,Became a lead {value} days ago,
"""

GATES = {
    "is_student": "block: student address",
    "is_competitor": "block: works for a competitor",
    "is_free_mail": "cap 60: private mail address",
    "lacks_required_fields": "cap 40: name or company is missing",
    "was_rejected": "flag: rejected by sales before",
}


@dataclass(frozen=True)
class World:
    """`rows` are what training reads, with the truth in `p_true`; data end at `cut_off`."""

    rows: pl.DataFrame
    cut_off: datetime


def make_world(
    leads: int = 1500,
    days: int = 540,
    seed: int = 1,
    base: float = -2.2,
    ages: tuple[int, ...] = AGES,
    strength: float = 1.0,
) -> World:
    """Leads created evenly over `days`, each with a constant hazard, so its true chance is the same at every age."""
    draw = np.random.default_rng(seed)
    created = BEGIN + draw.integers(0, days, leads) * timedelta(days=1)
    sessions = draw.poisson(2.0, leads)
    pricing = draw.poisson(0.6, leads)
    clicked = draw.poisson(0.4, leads)
    replies = draw.poisson(0.1, leads)
    budget = draw.random(leads) < 0.2
    employees = np.exp(draw.normal(4.0, 1.5, leads)).astype(np.int64) + 1
    employees_known = draw.random(leads) < 0.8
    seniority = draw.choice(["founder", "director", "manager", "other"], leads, p=[0.1, 0.2, 0.3, 0.4])
    rank = {"founder": 0.8, "director": 0.6, "manager": 0.2, "other": -0.3}
    pull = 0.25 * (sessions - 2) + 0.8 * (pricing - 0.6) + 0.5 * (clicked - 0.4) + 0.7 * budget
    pull = base + strength * (pull + np.vectorize(rank.get)(seniority))
    p_true = 1 / (1 + np.exp(-pull))
    rate = -np.log1p(-p_true) / HORIZON.days
    wait_us = (draw.exponential(1.0, leads) / rate * 86_400e6).clip(1, 4e15).astype(np.int64)
    by_lead = pl.DataFrame(
        {
            "lead_id": [f"L{i:05d}" for i in range(leads)],
            "created_at": pl.Series(list(created), dtype=pl.Datetime("us")),
            "wait": pl.Series(wait_us, dtype=pl.Duration("us")),
            "p_true": p_true,
            "seniority": seniority,
            "employees": pl.Series(np.where(employees_known, employees, -1)).replace(-1, None),
            "sessions_30d": sessions,
            "pricing_views_30d": pricing,
            "emails_clicked_30d": clicked,
            "email_replies_90d": replies,
            "budget_stated": budget,
            "days_since_last_visit": pl.Series(np.where(sessions > 0, draw.integers(0, 30, leads), -1)).replace(
                -1, None
            ),
        }
    )
    cut_off = BEGIN + timedelta(days=days)
    outcome = pl.col("created_at") + pl.col("wait")
    rows = (
        by_lead.join(pl.DataFrame({"lead_age_days": pl.Series(ages, dtype=pl.Int64)}), how="cross")
        .with_columns((pl.col("created_at") + pl.duration(days=pl.col("lead_age_days"))).alias("as_of"))
        .filter(pl.col("as_of") <= cut_off)
        .with_columns(pl.when(outcome <= cut_off).then(outcome).alias("outcome_at"))
        .select("lead_id", "as_of", *(c.name for c in COLUMNS), "outcome_at", "created_at", "p_true")
    )
    return World(rows, cut_off)


def with_gates(rows: pl.DataFrame, **fired: list[bool]) -> pl.DataFrame:
    """The rows with every gate column, FALSE unless given."""
    return rows.with_columns(
        pl.Series(name, fired.get(name, [False] * rows.height), dtype=pl.Boolean) for name in GATES
    )


@pytest.fixture(scope="session")
def world() -> Callable[..., World]:
    return make_world


@pytest.fixture(scope="session")
def columns() -> tuple[FeatureColumn, ...]:
    return COLUMNS


@pytest.fixture(scope="session")
def gated() -> Callable[..., pl.DataFrame]:
    return with_gates


@pytest.fixture(scope="session")
def rules() -> tuple[GateRule, ...]:
    return tuple(parse_rule(name, comment, "icp@v1") for name, comment in GATES.items())


@pytest.fixture(scope="session")
def scorecard() -> Scorecard:
    return read_scorecard(SCORECARD)


@pytest.fixture(scope="session")
def templates() -> ReasonTemplates:
    return read_templates(REASONS)


@pytest.fixture(scope="session")
def policy(rules: tuple[GateRule, ...], scorecard: Scorecard, templates: ReasonTemplates) -> Policy:
    return Policy(rules, (("icp@v1", "f1"),), scorecard, templates, boost=Boost("days_since_last_visit"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Warehouse]:
    """The empty store of a project, open for writing."""
    (tmp_path / "leadmart.toml").write_text('[engine]\nmemory_limit = "1GB"\nthreads = 2\n', encoding="utf-8")
    with open_for_writing(find_project(tmp_path), "test") as opened:
        yield opened
