"""The packaged definitions, run as pasted over `spine`, `known`, `links` and `reference` on made-up rows.

A case is a YAML file below `cases/`: `given` holds rows of staging tables (columns left out are NULL, `ingested_at`
left out is `occurred_at`, a key left out is a running number), `spine` the rows asked for (for a spine or a link,
`moments`), `expected` the rows that must come back. An expected row names its key first, then the columns it is about;
every row that comes back must be expected.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.features import oracle

HERE = Path(__file__).parent
SQL = HERE.parent.parent / "sql"
STAGING: dict[str, dict[str, str]] = yaml.safe_load((HERE / "staging.yaml").read_text(encoding="utf-8"))
GATES = sorted((SQL / "gates").glob("*/v1.sql"))
LEAD_VIEWS = ("lead_profile", "form_activity", "web_engagement", "email_engagement", "product_usage")

Row = dict[str, Any]
Given = Mapping[str, Sequence[Row]]


def warehouse_with(given: Given, moments: Iterable[Any], folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB with the given rows in `staging`, `known` at the moments, the link and the reference tables."""
    warehouse = duckdb.connect(config={"threads": 2})
    for schema in ("staging", "known", "links", "reference"):
        warehouse.execute(f"CREATE SCHEMA {schema}")
    warehouse.execute("CREATE TABLE moments (as_of TIMESTAMP)")
    values = ", ".join(f"('{moment}')" for moment in sorted(set(map(as_moment, moments))))
    warehouse.execute(f"INSERT INTO moments VALUES {values}")
    unknown = set(given) - set(STAGING)
    assert not unknown, f"no such staging table: {unknown}"
    for table, columns in STAGING.items():
        types = {**columns, "occurred_at": "TIMESTAMP", "ingested_at": "TIMESTAMP"}
        rows = [_completed(row, number, types) for number, row in enumerate(given.get(table, ()), 1)]
        path = folder / f"{table}.jsonl"
        path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows), encoding="utf-8")
        names = ", ".join(f"{name} {kind}" for name, kind in types.items())
        warehouse.execute(f"CREATE TABLE staging.{table} ({names})")
        if rows:
            listed = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
            warehouse.execute(
                f"INSERT INTO staging.{table} SELECT {', '.join(types)} "
                f"FROM read_json('{path}', format = 'nd', columns = {{{listed}}})"
            )
        warehouse.execute(
            f"CREATE VIEW known.{table} AS SELECT s.*, m.as_of FROM staging.{table} AS s "
            "JOIN moments AS m ON s.occurred_at < m.as_of AND s.ingested_at <= m.as_of"
        )
    for path in sorted((SQL / "reference").glob("*.csv")):
        warehouse.execute(f"CREATE TABLE reference.{path.stem} AS SELECT * FROM read_csv('{path}', header = true)")
    text = (SQL / "links" / "lead_account" / "v1.sql").read_text(encoding="utf-8")
    warehouse.execute(f"CREATE VIEW links.lead_account__v1 AS {text}")
    warehouse.execute("CREATE SCHEMA features")
    return warehouse


def _completed(row: Row, number: int, types: Mapping[str, str]) -> Row:
    unknown = set(row) - set(types)
    assert not unknown, f"no such column: {unknown}"
    key = next(iter(types))
    return {key: str(number), "ingested_at": row.get("occurred_at"), **row}


def with_spine(warehouse: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    key = next(iter(rows[0]))
    values = ", ".join(f"('{row[key]}', TIMESTAMP '{row['as_of']}')" for row in rows)
    warehouse.execute(f"CREATE OR REPLACE TABLE spine ({key} VARCHAR, as_of TIMESTAMP)")
    warehouse.execute(f"INSERT INTO spine VALUES {values}")
    if key == "lead_id":  # the spine of the accounts that these leads lead to, for views that read views of accounts
        warehouse.execute(
            "CREATE OR REPLACE TABLE spine_account_id AS SELECT DISTINCT la.account_id, la.as_of "
            "FROM links.lead_account__v1 AS la JOIN spine AS s ON s.lead_id = la.lead_id AND s.as_of = la.as_of"
        )
        warehouse.execute("CREATE OR REPLACE VIEW spine_lead_id AS FROM spine")


def make_features(warehouse: duckdb.DuckDBPyConnection, text: str) -> None:
    """Makes each view that a definition reads, and first those that it reads itself, over the spine of its entity."""
    for name in sorted(set(re.findall(r"features\.(\w+)__v1", text))):
        inner = (SQL / "features" / name / "v1.sql").read_text(encoding="utf-8")
        make_features(warehouse, inner)
        key = "account_id" if "-- entity: account" in inner else "lead_id"
        inner = inner.replace("FROM spine\n", f"FROM spine_{key} AS spine\n")
        warehouse.execute(f"CREATE OR REPLACE VIEW features.{name}__v1 AS {inner}")


def rows_of(warehouse: duckdb.DuckDBPyConnection, definition: str) -> list[Row]:
    """What the file's text returns as it stands, ordered by its first two columns."""
    text = (SQL / f"{definition}.sql").read_text(encoding="utf-8")
    make_features(warehouse, text)
    result = warehouse.execute(text)
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    return sorted(rows, key=lambda row: [str(row[name]) for name in names])


def all_cases() -> list[Any]:
    found = []
    for path in sorted((HERE / "cases").glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in document["cases"]:
            given = {**document.get("given", {}), **case.get("given", {})}
            entry = {**document, **case, "given": given}
            found.append(pytest.param(entry, id=f"{path.stem}: {case['name']}"))
    return found


def as_moment(value: Any) -> Any:
    return datetime(value.year, value.month, value.day) if value.__class__.__name__ == "date" else value


@pytest.mark.parametrize("case", all_cases())
def test_given_rows_return_the_expected_rows(case: Row, tmp_path: Path) -> None:
    moments = case.get("moments") or [row["as_of"] for row in case.get("spine", [])] or ["2000-01-01"]
    warehouse = warehouse_with(case["given"], moments, tmp_path)
    if "spine" in case:
        with_spine(warehouse, case["spine"])
    found = rows_of(warehouse, case["definition"])
    expected = [{name: as_moment(value) for name, value in row.items()} for row in case["expected"]]
    assert len(found) == len(expected)
    by_key = {(row[case["key"]], row.get("as_of")): row for row in found}
    assert len(by_key) == len(found)
    shown = []
    for row in expected:
        # with one moment an expected row need not repeat it
        as_of = row.get("as_of", found[0].get("as_of"))
        shown.append({name: by_key.get((row[case["key"]], as_of), {}).get(name, "absent") for name in row})
    assert shown == expected


# --- random rows, against the same rules in plain Python ---

AS_OFS = [datetime(2026, 3, 1), datetime(2026, 3, 11, 6), datetime(2026, 4, 10)]
TITLES = [
    None, "", "  ", "CEO", "Co-Founder & CEO", "Vice President, Sales", "VP Marketing", "Head of IT", "Product Owner",
    "Marketing Manager", "PhD Student", "open to work", "Assistant to the CEO", "Software Engineer", "Gründerin",
    "Étudiante", "Lead Generation Specialist", "Account Manager / EMEA", "R&D Lead", "presidential adviser", "student",
    "Founder's friend",
]  # fmt: skip
DOMAINS = [
    None, "gmail.com", "gmx.de", "mit.edu", "cam.ac.uk", "unsw.edu.au", "rivalscore.example", "acme.example",
    "beta.example", "gamma.example", "education.example", "notgmail.com",
]  # fmt: skip
PAGES = ["pricing", "docs", "careers", "blog", "home", None]


def random_rows(seed: int) -> dict[str, list[Row]]:
    """Rows of all sources, with times on whole hours and often on a window's very edge."""
    draw = random.Random(seed)
    edges = [as_of - timedelta(days=d) for as_of in AS_OFS for d in (0, 7, 30, 90)]
    nudges = [timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1)]

    def clocks() -> Row:
        if draw.random() < 0.3:
            occurred_at = draw.choice(edges) + draw.choice(nudges)
        else:
            occurred_at = AS_OFS[-1] - timedelta(hours=draw.randrange(-48, 130 * 24))
        late = draw.choice([timedelta(), timedelta(hours=1), timedelta(days=9)])
        ingested_at = draw.choice(AS_OFS) + draw.choice(nudges) if draw.random() < 0.1 else occurred_at + late
        return {"occurred_at": occurred_at, "ingested_at": ingested_at}

    def rows(count: int, **columns: Any) -> list[Row]:
        made = []
        for number in range(count):
            values = {name: value(number) if callable(value) else draw.choice(value) for name, value in columns.items()}
            made.append({**values, **clocks()})
        return made

    leads = [f"L{n}" for n in range(30)]
    accounts = [f"A{n}" for n in range(6)]
    number = {"event_id": lambda n: f"{n:05}"}
    people = rows(
        30,
        lead_id=lambda n: f"L{n}",
        email_domain=DOMAINS,
        title=TITLES,
        company_name=[None, "", "Acme"],
        country=["DE", None],
        lead_source=["event", "ads", None],
        consent=[None, "granted", "denied"],
    )
    for lead in people:
        lead["email"] = f"a@{lead['email_domain']}" if lead["email_domain"] else draw.choice([None, " ", "broken"])
        # most leads are older than the first as_of
        if draw.random() < 0.7:
            lead["occurred_at"] = lead["ingested_at"] = AS_OFS[0] - timedelta(hours=draw.randrange(1, 2000))
    versions = rows(
        25,
        account_id=accounts,
        domain=[*DOMAINS[6:], "gmail.com", None],
        employees=[None, 5, 70, 900],
        industry=[None, "Retail", "Software"],
        is_deleted=[None, False, False, True],
    )
    told_apart = {(row["account_id"], row["occurred_at"]): row for row in versions}
    return {
        "leads": people,
        "accounts": list(told_apart.values()),
        "web_events": rows(
            500,
            **number,
            lead_id=leads,
            session_id=[None, *(f"s{n}" for n in range(40))],
            page_type=PAGES,
            dwell_s=[None, 0, 7, 480],
        ),
        "email_events": rows(
            300,
            **number,
            lead_id=leads,
            event_type=["sent", "open", "open", "open", "click", "reply", "bounce", "unsubscribe"],
        ),
        "form_submissions": rows(
            120,
            submission_id=lambda n: f"{n:05}",
            lead_id=leads,
            form_type=["demo_request", "download", "newsletter"],
            budget_stated=[None, None, False, True],
        ),
        "product_events": rows(
            200,
            **number,
            lead_id=leads,
            event_type=["trial_started", "feature_used", "invite_sent", "integration_attempted"],
            feature=[None, "export", "chart", "alert"],
        ),
        "invoice_payments": rows(
            10,
            payment_id=lambda n: f"{n:05}",
            account_id=accounts,
            amount_paid=[None, Decimal("0.00"), Decimal("9.50")],
        ),
    }


@pytest.mark.parametrize("seed", range(6))
def test_random_rows_give_what_plain_python_computes(seed: int, tmp_path: Path) -> None:
    given = random_rows(seed)
    lists = oracle.read_lists(SQL / "reference")
    warehouse = warehouse_with(given, AS_OFS, tmp_path)
    leads: list[Row] = [{"lead_id": f"L{n}", "as_of": as_of} for n in range(31) for as_of in AS_OFS]
    with_spine(warehouse, leads)
    found: dict[tuple[str, datetime], Row] = {(row["lead_id"], row["as_of"]): {} for row in leads}
    for definition in (*(f"features/{view}/v1" for view in LEAD_VIEWS), "gates/icp/v1"):
        rows = rows_of(warehouse, definition)
        assert len(rows) == len(leads)
        for row in rows:
            found[row["lead_id"], row["as_of"]].update(row)
    accounts: list[Row] = [{"account_id": f"A{n}", "as_of": as_of} for n in range(7) for as_of in AS_OFS]
    link = {(row["lead_id"], row["as_of"]): row["account_id"] for row in rows_of(warehouse, "links/lead_account/v1")}
    with_spine(warehouse, accounts)
    engaged = {(row["account_id"], row["as_of"]): row for row in rows_of(warehouse, "features/account_engagement/v1")}
    assert len(engaged) == len(accounts)
    for account_key, row in engaged.items():
        account_id, as_of = account_key
        expected = oracle.account_row(account_id, as_of, given, lists)
        assert row == {"account_id": account_id, "as_of": as_of, **expected}, account_key
    for key, row in found.items():
        account = engaged[link[key], key[1]] if key in link else dict.fromkeys(oracle.ACCOUNT_COLUMNS)
        shown = {**account, **row}
        shown.pop("account_id", None)
        assert shown == {"lead_id": key[0], "as_of": key[1], **oracle.lead_row(*key, given, lists)}, key


def test_random_rows_reach_every_gate_and_every_word(tmp_path: Path) -> None:
    lists = oracle.read_lists(SQL / "reference")
    seen: dict[str, set[Any]] = {}
    for seed in range(6):
        given = random_rows(seed)
        for n in range(31):
            for name, value in oracle.lead_row(f"L{n}", AS_OFS[-1], given, lists).items():
                seen.setdefault(name, set()).add(value)
    assert {name for name, values in seen.items() if len(values) < 2} == set()


@pytest.mark.parametrize(
    "definition",
    [*(f"features/{view}/v1" for view in LEAD_VIEWS), *(f"gates/{path.parent.name}/v1" for path in GATES)],
)
def test_a_lead_gets_the_same_row_alone_as_among_others(definition: str, tmp_path: Path) -> None:
    given = random_rows(99)
    leads: list[Row] = [{"lead_id": f"L{n}", "as_of": as_of} for n in range(31) for as_of in AS_OFS]
    warehouse = warehouse_with(given, AS_OFS, tmp_path)
    with_spine(warehouse, leads)
    together = rows_of(warehouse, definition)
    alone = []
    for as_of in AS_OFS:
        warehouse.execute(f"DELETE FROM moments; INSERT INTO moments VALUES ('{as_of}')")
        for n in range(0, 31, 10):
            with_spine(warehouse, [{"lead_id": f"L{m}", "as_of": as_of} for m in range(n, min(n + 10, 31))])
            alone.extend(rows_of(warehouse, definition))
    assert sorted(alone, key=lambda row: (row["lead_id"], row["as_of"])) == sorted(
        together, key=lambda row: (row["lead_id"], row["as_of"])
    )


# --- reference tables and reasons ---


def reference(name: str) -> list[dict[str, str]]:
    with (SQL / "reference" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("name", sorted(path.stem for path in (SQL / "reference").glob("*.csv")))
def test_a_reference_table_says_nothing_twice(name: str) -> None:
    rows = reference(name)
    assert rows
    key = ("part", "code") if "code" in rows[0] else (next(iter(rows[0])),)
    keys = [tuple(row.get(name) for name in key) for row in rows]
    assert len(keys) == len(set(keys))
    assert all(value == value.strip() for row in rows for value in row.values())


def test_words_and_phrases_are_written_as_titles_are_read() -> None:
    phrases = [row["word"] for row in (*reference("seniority_words"), *reference("function_words"))]
    phrases += [row["phrase"] for row in reference("disqualifying_titles")]
    assert [phrase for phrase in phrases if f" {phrase} " != oracle.as_words(phrase)] == []


def test_no_free_mail_domain_reads_as_a_student_or_a_competitor() -> None:
    lists = oracle.read_lists(SQL / "reference")
    domains = [row["domain"] for row in lists["free_mail_domains"]]
    assert [domain for domain in domains if oracle.email_kind(domain, lists) != "free"] == []
    assert not set(domains) & {row["domain"] for row in lists["competitor_domains"]}


def feature_columns(folder: Path) -> list[str]:
    columns: list[str] = []
    given: Given = {}
    warehouse = warehouse_with(given, AS_OFS, folder)
    for view, key in [*((view, "lead_id") for view in LEAD_VIEWS), ("account_engagement", "account_id")]:
        with_spine(warehouse, [{key: "X", "as_of": AS_OFS[0]}])
        (row,) = rows_of(warehouse, f"features/{view}/v1")
        columns.extend(name for name in row if name not in (key, "as_of"))
    return columns


def test_every_feature_has_one_reason_and_points_read_features(tmp_path: Path) -> None:
    columns = feature_columns(tmp_path)
    assert 20 <= len(columns) <= 40
    assert len(columns) == len(set(columns))
    reasons = reference("reasons")
    # those of the views that a new project reads come first; the rest is for views that a project may add
    assert [row["column"] for row in reasons[: len(columns)]] == columns
    for row in reasons:
        assert row["template"].count("{value}") == 1
        assert row["group"]
        assert row["missing_template"]
        assert "{" not in row["missing_template"]
    for row in reference("scorecard"):
        assert row["column"] in columns
        assert row["rule"] in ("range", "equals", "each", "at_least", "is_true")
