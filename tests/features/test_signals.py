"""The views of signals and patterns, on random rows: against plain Python, alone and among others, without the future.

The rows are those of test_definitions_sql.py and, for what only these views read, those drawn here.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.features import oracle
from tests.features import oracle_companies as companies
from tests.features import oracle_decisions as decisions
from tests.features import oracle_patterns as patterns
from tests.features import oracle_signals as signals
from tests.features import test_definitions_sql as definitions

HERE = Path(__file__).parent
SQL = HERE.parents[1] / "sql"

LISTS = oracle.read_lists(SQL / "reference")
AS_OFS: list[datetime] = definitions.AS_OFS
OF_LEADS = {f"features/{name}/v1": view for name, view in {**signals.OF_LEADS, **patterns.OF_LEADS}.items()}
OF_LEADS |= {f"gates/{name}/v1": view for name, view in {**patterns.GATES, **decisions.GATES}.items()}
OF_ACCOUNTS = {f"features/{name}/v1": view for name, view in companies.OF_ACCOUNTS.items()}
EVERY = sorted({**OF_LEADS, **OF_ACCOUNTS})
LEADS = [f"L{n}" for n in range(31)]
ACCOUNTS = [f"A{n}" for n in range(7)]

Row = dict[str, Any]
Given = Mapping[str, Sequence[Row]]

URLS = [
    None, "", "/pricing", "/blog/pricing", "https://www.demo.example/vs/other", "/?utm_source=ads&utm_campaign=spring",
    "/docs?utm_campaign=autumn&utm_source=mail#top", "/?utm_term=lead%20scoring", "/?utm_source=", "/security?x=1",
    "/Wholesale",
]  # fmt: skip
PAGES = [
    "pricing",
    "docs",
    "careers",
    "blog",
    "home",
    "comparison",
    "implementation",
    "roi_calculator",
    "product",
    None,
]
OWN: dict[str, dict[str, Sequence[Any]]] = {
    "leads": {"utm_medium": [None, "cpc", " CPC", "odd"], "utm_campaign": [None, "spring"],
              "lead_source": [None, "", "referral", " Partner", "ads", "odd"]},
    "accounts": {"country": [None, "", "de", " US", "XX"]},
    "web_events": {"url": URLS, "page_type": PAGES, "dwell_s": [None, 0, 5, 9, 10, 480]},
    "email_events": {"url": URLS, "campaign_id": [None, "a", "b", "c"]},
    "form_submissions": {"form_type": ["download", "download", "webinar", "newsletter", "contact", "bulk_order",
                                       "quote_request", None],
                         "employees_stated": [None, 5, 70]},
}  # fmt: skip
MORE: dict[str, tuple[int, dict[str, Sequence[Any]]]] = {
    "subscriptions": (25, {"subscription_id": ["s1", "s2", "s3", "s4"], "account_id": ACCOUNTS[:6],
                           "plan": ["team", "business", "trial", None], "status": ["active", "trialing", "canceled"],
                           "mrr": [None, Decimal("0.00"), Decimal("99.50")]}),
    "lead_feedback": (60, {"feedback_id": [], "lead_id": LEADS[:30],
                           "kind": ["accepted", "rejected", "bad_fit", "urgent", "override", None],
                           "value": [None, "Timing ", "timing", "price"], "expires_at": [None, *AS_OFS]}),
    "sales_activities": (120, {"activity_id": [], "lead_id": LEADS[:6], "type": ["Call"]}),
    "ext_intent": (60, {"account_domain": ["acme.example", "beta.example", None],
                        "topic": ["crm", "Competitor news", "reviews", None], "provider": ["p", "q"],
                        "surge_ratio": [None, Decimal("0.5000"), Decimal("3.4000")]}),
    "ext_technographics": (60, {"account_domain": ["acme.example", "beta.example"], "status": ["seen", "seen", "gone"],
                                "product": ["Zeta CRM", "Alpha CRM", "MailForge", "scorehub", "Nimbus", None],
                                "category": ["crm", "marketing_automation", "cloud", None]}),
    "ext_company_events": (60, {"account_domain": ["acme.example", "beta.example"],
                                "payload": [None, "2026-03-15", '{"on": "2026-06-30"}', "2025-01-31", "soon"],
                                "event_type": ["funding", "leadership", "initiative", "job_post", "competitor_news",
                                               "renewal", "renewal", "fiscal_year", "fiscal_year"]}),
    "ext_conversation_signals": (120, {"lead_id": LEADS[:20], "signal": [*signals.SAID, None],
                                       "extractor_version": ["v1"],
                                       "strength": [None, Decimal("0.2500"), Decimal("0.7500")]}),
    "ext_enrichment": (60, {"account_domain": ["acme.example", "beta.example"], "provider": ["p", "q"],
                            "field": ["funding_stage", "annual_revenue_usd", "employees", "founded"],
                            "value": [None, "seed", "70", "2.5e6", "7.5"]}),
}  # fmt: skip


def signal_rows(seed: int) -> dict[str, list[Row]]:
    """Rows of every source: those of random_rows with what these views read beside, and the others."""
    draw = random.Random(f"signals {seed}")
    given: dict[str, list[Row]] = definitions.random_rows(seed)
    for table, columns in OWN.items():
        for row in given[table]:
            row |= {name: draw.choice(values) for name, values in columns.items()}
    for row in given["leads"]:
        row["email"] = draw.choice([row["email"], "info@acme.example", " Office@acme.example", "ada@acme.example"])
    for row in given["accounts"]:  # some versions are from more than a year ago
        if draw.random() < 0.4:
            row["occurred_at"] = row["ingested_at"] = row["occurred_at"] - timedelta(days=400)
    for row in draw.sample(given["web_events"], 40):  # bursts before the moments
        burst = draw.choice(AS_OFS) - timedelta(hours=draw.randrange(1, 160))
        row |= {"lead_id": draw.choice(LEADS[28:]), "occurred_at": burst, "ingested_at": burst}
    # one comes back after a silence
    silent = next(row for row in given["leads"] if row["lead_id"] == LEADS[27])
    silent["occurred_at"] = silent["ingested_at"] = AS_OFS[0] - timedelta(days=100)
    for row in (*given["web_events"], *given["email_events"], *given["form_submissions"]):
        row["lead_id"] = None if row["lead_id"] == LEADS[27] else row["lead_id"]
    back = AS_OFS[0] - timedelta(days=draw.randrange(8))
    given["email_events"][0] |= {"lead_id": LEADS[27], "event_type": "click", "occurred_at": back, "ingested_at": back}
    for row in given["web_events"]:
        if row["session_id"] is not None:  # a session is of one lead, or hardly one would be brief
            row["session_id"] += f" of {row['lead_id']}"
    edges = [as_of - timedelta(days=days) for as_of in AS_OFS for days in (0, 7, 30, 90, 180, 365)]
    nudges = [timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1)]
    for table, (count, columns) in MORE.items():
        rows: dict[Any, Row] = {}
        for number in range(count):
            row = {name: draw.choice(values) if values else f"{number:05}" for name, values in columns.items()}
            if draw.random() < 0.3:
                row["occurred_at"] = draw.choice(edges) + draw.choice(nudges)
            else:
                row["occurred_at"] = AS_OFS[-1] - timedelta(hours=draw.randrange(-48, 200 * 24))
            row["ingested_at"] = row["occurred_at"] + draw.choice([timedelta(), timedelta(hours=1), timedelta(days=9)])
            # no source holds a key twice
            rows[row["occurred_at"], *(v for k, v in row.items() if k in KEYS)] = row
        given[table] = list(rows.values())
    return given


KEYS = (
    "subscription_id", "feedback_id", "activity_id", "account_domain", "lead_id", "topic", "provider", "product",
    "event_type", "signal", "field",
)  # fmt: skip


def spine_of(definition: str, keys: Sequence[str] | None = None, moments: Sequence[datetime] = AS_OFS) -> list[Row]:
    name, every = ("account_id", ACCOUNTS) if definition in OF_ACCOUNTS else ("lead_id", LEADS)
    return [{name: key, "as_of": as_of} for key in keys or every for as_of in moments]


def computed(given: Given, definition: str, folder: Path, spine: Sequence[Row] | None = None) -> list[Row]:
    spine = spine or spine_of(definition)
    folder.mkdir(exist_ok=True)
    warehouse = definitions.warehouse_with(given, [row["as_of"] for row in spine], folder)
    definitions.with_spine(warehouse, spine)
    found: list[Row] = definitions.rows_of(warehouse, definition)
    assert len(found) == len(spine)
    return found


def test_every_packaged_view_is_compared_with_plain_python() -> None:
    found = {f"features/{path.parent.name}/v1" for path in SQL.glob("features/*/v1.sql")}
    others = {f"features/{name}/v1" for name in (*definitions.LEAD_VIEWS, "account_engagement")}
    assert found - set(EVERY) == others


@pytest.mark.parametrize("definition", EVERY)
def test_random_rows_give_what_plain_python_computes(definition: str, tmp_path: Path) -> None:
    view = {**OF_LEADS, **OF_ACCOUNTS}[definition]
    seen: dict[str, set[Any]] = {}
    for seed in range(3):
        given = signal_rows(seed)
        for row in computed(given, definition, tmp_path / str(seed)):
            key, as_of = list(row.values())[:2]
            own = dict(list(row.items())[2:])
            assert own == view(key, as_of, given, LISTS), (seed, key, as_of)
            for name, value in own.items():
                seen.setdefault(name, set()).add(value)
    assert {name for name, values in seen.items() if len(values) < 2} == set()


@pytest.mark.parametrize("definition", EVERY)
def test_a_row_is_the_same_alone_as_among_others(definition: str, tmp_path: Path) -> None:
    """K1: nothing hangs on which other leads, accounts and moments are asked for."""
    given = signal_rows(9)
    together = computed(given, definition, tmp_path / "all")
    key = next(iter(together[0]))
    alone = []
    for number in (1, 4):
        spine = spine_of(definition, [f"{'A' if key == 'account_id' else 'L'}{number}"], AS_OFS[1:2])
        alone += computed(given, definition, tmp_path / str(number), spine)
    assert all(row in together for row in alone)


@pytest.mark.parametrize("definition", EVERY)
def test_k2_what_becomes_known_later_changes_no_row(definition: str, tmp_path: Path) -> None:
    """K2: rows known after as_of are altered or left out, and rows come in another order."""
    given = signal_rows(7)
    draw = random.Random(definition)
    as_of = AS_OFS[1]
    spine = spine_of(definition, moments=[as_of])
    before = computed(given, definition, tmp_path / "before", spine)
    altered: dict[str, list[Row]] = {}
    changed = 0
    for table, rows in given.items():
        altered[table] = []
        for row in rows:
            if row["occurred_at"] < as_of and row["ingested_at"] <= as_of:
                altered[table].append(row)
                continue
            changed += 1
            if draw.random() < 0.5:
                other = draw.choice(rows)
                clocks = {name: row[name] for name in ("occurred_at", "ingested_at")}
                altered[table].append({**other, **clocks, next(iter(row)): next(iter(row.values()))})
        draw.shuffle(altered[table])
    assert changed > 100
    assert computed(altered, definition, tmp_path / "after", spine) == before


@pytest.fixture(scope="module")
def titles() -> list[dict[str, str]]:
    with (HERE / "titles.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_22_titles_are_read_as_people_write_them(titles: list[dict[str, str]], tmp_path: Path) -> None:
    """#22: of 200 titles in several spellings and languages, seniority, function and part in buying."""
    assert len({row["title"] for row in titles}) == len(titles) >= 200
    given = {
        "leads": [
            {"lead_id": f"L{n}", "title": row["title"], "occurred_at": "2026-01-01"} for n, row in enumerate(titles)
        ]
    }
    spine = [{"lead_id": f"L{n}", "as_of": "2026-03-01"} for n in range(len(titles))]
    warehouse = definitions.warehouse_with(given, ["2026-03-01"], tmp_path)
    definitions.with_spine(warehouse, spine)
    read: dict[str, Row] = {row["lead_id"]: {} for row in spine}
    for definition in ("features/lead_profile/v1", "features/person/v1"):
        for row in definitions.rows_of(warehouse, definition):
            read[row["lead_id"]] |= row
    found = [
        {"title": row["title"], **{name: read[f"L{n}"][name] for name in list(row)[1:]}} for n, row in enumerate(titles)
    ]
    assert [row for row in found if row not in titles] == []


def test_22_every_pair_of_seniority_and_function_has_its_part_in_buying() -> None:
    functions = {row["job_function"] for row in LISTS["function_words"]} | {"other"}
    ranks = {row["seniority"] for row in LISTS["seniority_words"]} | {"other"}
    wanted = {f"{rank} {function}" for rank in ranks for function in functions}
    assert {row["title_kind"] for row in LISTS["buying_roles"]} == wanted
