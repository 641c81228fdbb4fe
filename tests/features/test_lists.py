"""The lists that gates read: where they come from, and what follows from each."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

from leadmart.features.gate_rule import parse_rule

SQL = Path(__file__).resolve().parents[2] / "sql"


def rows(name: str) -> list[dict[str, str]]:
    with (SQL / "reference" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_list_of_domains_says_where_it_comes_from_and_when() -> None:
    """#65: shipped as data with source and date."""
    told = {row["list"]: row for row in rows("list_sources")}
    lists = {path.stem for path in (SQL / "reference").glob("*_domains.csv")} - {"own_domains", "competitor_domains"}
    assert lists <= set(told)
    for name, row in told.items():
        assert (SQL / "reference" / f"{name}.csv").is_file()
        assert row["source"]
        assert row["licence"]
        assert date.fromisoformat(row["listed_on"]) <= date(2026, 12, 31)


def test_no_domain_stands_in_two_lists() -> None:
    names = ("free_mail_domains", "disposable_domains", "analyst_domains", "competitor_domains")
    every = [row["domain"] for name in names for row in rows(name)]
    assert len(every) == len(set(every))
    assert all(domain == domain.lower() and "." in domain for domain in every)


def test_every_rule_that_blocks_says_where_the_lead_goes_instead() -> None:
    """#97: each reason has its other route."""
    routed = {row["rule"] for row in rows("other_routes")}
    blocking = set()
    for file in (SQL / "gates").glob("*/v*.sql"):
        for column, comment in re.findall(r"AS (\w+),?\s+-- ((?:block|cap|flag)[^\n]*)", file.read_text("utf-8")):
            if parse_rule(column, comment, file.parent.name).severity == "block":
                blocking.add(column)
    assert len(blocking) >= 12
    assert blocking <= routed
    assert all(row["route"] and row["words"] for row in rows("other_routes"))
