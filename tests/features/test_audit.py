"""What `audit` tells of exports, of the usual connectors' tables and of Olist's, and what it must not claim."""

from __future__ import annotations

import csv
import fnmatch
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.features.audit.availability import habit, plain_name
from leadmart.features.audit.inventory import Audit, audit_files
from leadmart.features.errors import LeadmartError

HERE = Path(__file__).parent / "audit"
EXPORTS = yaml.safe_load((HERE / "exports" / "expected.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 3, 2)
DAY = timedelta(days=1)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def audit_one(file: Path, now: datetime = NOW) -> Audit:
    (found,) = audit_files([file], now)
    return found


def leaks(audit: Audit) -> list[str]:
    return [column.name for column in audit.columns if column.leak]


def why(audit: Audit, name: str) -> str:
    (column,) = [column for column in audit.columns if column.name == name]
    return column.why


def parquet(folder: Path, sql: str, name: str = "leads") -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({sql}) TO '{folder / name}.parquet' (FORMAT parquet)")
    return folder / f"{name}.parquet"


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_made_by_hand_is_read_and_its_leaks_are_named(name: str) -> None:
    expected, found = EXPORTS[name], audit_one(HERE / "exports" / name)
    by_name = {column.name: column for column in found.columns}
    assert found.key is not None
    assert (list(found.key.columns), found.key.duplicates, found.duplicates) == (expected["key"], 0, 0)
    assert leaks(found) == expected["leaks"]
    assert {n: by_name[n].availability for n in expected["availability"]} == expected["availability"]
    assert {n: by_name[n].type for n in expected["types"]} == expected["types"]
    assert {c.name: [c.role, c.first, c.last] for c in found.clocks} == expected["clocks"]


def test_a_reason_has_figures() -> None:
    found = audit_one(HERE / "exports" / "my leads.csv")
    assert "filled in 100% of rows with Won? and in 0.0% of the others: outcome only" in why(found, "Sales Rep")
    assert "the value gold occurs with Won? only (20 of 20 rows)" in why(found, "Colour")
    assert "alone it has a ROC-AUC of 1.00 against Won?" in why(found, "Zeta")
    assert "the older the row, the more (correlation 0." in why(found, "Page count")
    assert "no habit known by this name" in why(found, "Shoe size")


@pytest.mark.slow
def test_the_connectors_leaks_are_found_and_their_honest_columns_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    truth = rows_of(HERE / "leaks.csv")

    def wanted(connector: str, table: str, column: str) -> str:
        for row in truth:
            places = ((connector, row["connector"]), (table, row["table"]))
            names = row["columns"].split()
            if all(fnmatch.fnmatchcase(*p) for p in places) and any(fnmatch.fnmatchcase(column, n) for n in names):
                return row["leak"]
        return "no"

    missed, false, counts = [], [], {"yes": 0, "no": 0, "either": 0}
    for folder in sorted((HERE / "connectors").iterdir()):
        for audit in audit_files([folder], NOW):
            for column in audit.columns:
                expected = wanted(folder.name, audit.table, column.name)
                counts[expected] += 1
                if expected == "yes" and not column.leak:
                    missed.append((folder.name, audit.table, column.name))
                if expected == "no" and column.leak:
                    false.append((folder.name, audit.table, column.name))
    caught = counts["yes"] - len(missed)
    with capsys.disabled():
        print(
            f"\naudit: {caught} of {counts['yes']} leaking columns of the connectors caught, "
            f"{len(false)} false alarms among {counts['no']} honest ones, {counts['either']} arguable"
        )
    assert counts["yes"] > 130
    assert counts["no"] > 700
    assert caught >= 0.97 * counts["yes"], missed
    assert len(false) <= 0.02 * counts["no"], false


def test_names_of_other_systems_and_languages_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    names = rows_of(HERE / "names.csv")
    told = {row["name"]: (found := habit("leads", row["name"])) is not None and found.leak == "yes" for row in names}
    missed = [row["name"] for row in names if row["leak"] == "yes" and not told[row["name"]]]
    false = [row["name"] for row in names if row["leak"] == "no" and told[row["name"]]]
    with capsys.disabled():
        print(f"\naudit: by name alone {len(missed)} missed and {len(false)} false alarms of {len(names)} names")
    assert (missed, false) == ([], [])


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("property_hs_v_2_date_entered_x", "v2_date_entered_x"),
        ("hs_v2_date_entered_x", "v2_date_entered_x"),
        ("LastModifiedDate", "last_modified_date"),
        ("Lost_Reason__c", "lost_reason"),
        ("\ufeffWon?", "won"),
        ("Geändert am", "geaendert_am"),
        ("Étape", "etape"),
        ("# of Calls", "number_of_calls"),
        ("SystemModstamp", "system_modstamp"),
        ("ISWon", "is_won"),
        ("名前", "名前"),
    ],
)
def test_names_are_compared_in_one_spelling(written: str, plain: str) -> None:
    assert plain_name(written) == plain


def test_closed_deals_are_the_outcome_and_qualified_leads_are_clean(olist_folder: Path) -> None:
    deals, leads = audit_files([olist_folder], NOW)
    assert (deals.rows, leads.rows) == (842, 8000)
    assert all(column.leak and column.availability == "outcome" for column in deals.columns)
    assert "rows exist for outcomes only" in " ".join(deals.remarks)
    assert leaks(leads) == []
    assert [(clock.name, clock.role) for clock in leads.clocks] == [("first_contact_date", "creation")]
    assert "a date without a time" in leads.clocks[0].why


def test_duplicates_gaps_and_odd_clocks_are_counted(tmp_path: Path) -> None:
    days = "(d < 40 OR d >= 52) AND d % 7 < 5"
    events = (
        "SELECT 'e' || d || '_' || n AS event_id, 1709251200000 + d * 86400000 + n * 60000 AS event_timestamp, "
        "TIMESTAMP '2026-01-01' AS _fivetran_synced, NULL AS nothing "
        f"FROM range(90) AS t (d), range(20) AS u (n) WHERE {days}"
    )
    found = audit_one(parquet(tmp_path, f"({events}) UNION ALL (SELECT * FROM ({events}) LIMIT 7)", "events"))
    assert found.duplicates == 7
    assert found.key is not None
    assert (found.key.columns, found.key.duplicates) == (("event_id",), 7)
    (gap,) = found.gaps  # and none of the weekends
    assert (gap.clock, gap.first, gap.last, gap.days) == ("event_timestamp", "2024-04-10", "2024-04-21", 12)
    clocks = {clock.name: clock for clock in found.clocks}
    assert (clocks["event_timestamp"].role, clocks["event_timestamp"].why) == ("event", "epoch milliseconds")
    assert clocks["event_timestamp"].first == "2024-03-01T00:00:00"
    assert "100% of rows are stamped within one hour" in clocks["_fivetran_synced"].why
    assert "empty columns: nothing" in found.remarks
    ahead = audit_one(tmp_path / "events.parquet", datetime(2024, 5, 1))
    assert "rows lie ahead of now" in {clock.name: clock.why for clock in ahead.clocks}["event_timestamp"]


def test_no_figure_is_given_on_a_handful_of_rows(tmp_path: Path) -> None:
    few = "SELECT i AS id, i % 2 = 0 AS is_won, CASE WHEN i % 2 = 0 THEN 'gold' END AS colour FROM range(12) AS t (i)"
    assert leaks(audit_one(parquet(tmp_path, few))) == ["is_won"]
    many = few.replace("range(12)", "range(40)")
    assert leaks(audit_one(parquet(tmp_path, many))) == ["is_won", "colour"]


def test_a_moment_written_later_is_no_trait_of_the_lead(tmp_path: Path) -> None:
    sql = (
        "SELECT i AS id, TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR AS created_at, "
        "created_at + INTERVAL 20 DAY AS zebra, created_at - INTERVAL 9000 DAY AS born, "
        "created_at + INTERVAL 1 MINUTE AS landed FROM range(100) AS t (i)"
    )
    found = audit_one(parquet(tmp_path, sql))
    assert leaks(found) == ["zebra"]
    assert "20 days after created_at" in why(found, "zebra")


def test_whatever_a_name_holds_it_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "odd name.csv"
    file.write_text('"a ""quoted"" id","Robert\'); DROP TABLE x;--","select"\n1,2,3\n2,,4\n', encoding="utf-8")
    found = audit_one(file)
    assert [column.name for column in found.columns] == ['a "quoted" id', "Robert'); DROP TABLE x;--", "select"]
    assert [column.null_share for column in found.columns] == [0, 0.5, 0]


def test_a_table_without_rows_and_json_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,created_at,status\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"id": 1, "Status": "won"}\n{"id": 2, "tags": ["x"]}\n', encoding="utf-8")
    empty, lines = audit_files([tmp_path], NOW)
    assert (empty.rows, empty.key, empty.remarks[0]) == (0, None, "the table is empty")
    assert leaks(empty) == ["status"]
    assert (lines.rows, [column.name for column in lines.columns], leaks(lines)) == (
        2,
        ["id", "Status", "tags"],
        ["Status"],
    )


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "prospects.csv"
    file.write_bytes("Société;Étape\nA;Gagné\n".encode("latin-1"))
    with pytest.raises(LeadmartError, match=r"prospects.csv cannot be read: it is not in UTF-8") as caught:
        audit_files([file], NOW)
    assert caught.value.code == "unreadable_file"
    assert "iconv -f WINDOWS-1252" in caught.value.hint
    with pytest.raises(LeadmartError, match="there is no file"):
        audit_files([tmp_path / "nowhere.csv"], NOW)


def test_two_audits_of_one_file_are_the_same(tmp_path: Path) -> None:
    sql = (
        "SELECT i AS id, TIMESTAMP '2024-01-01' + INTERVAL (i) MINUTE AS created_at, HASH(i) % 5 = 0 AS is_won, "
        "HASH(i + 1) % 1000 / 10 AS figure, 'v' || HASH(i + 2) % 40 AS word FROM range(60000) AS t (i)"
    )
    file = parquet(tmp_path, sql)
    assert audit_one(file) == audit_one(file)
    assert leaks(audit_one(file)) == ["is_won"]


def test_every_habit_is_a_pattern_with_words() -> None:
    from leadmart.features.audit import availability

    habits: Any = availability._habits()
    assert len(habits) > 40
    known = {"creation", "event", "enrichment", "sales_touch", "outcome", ""}
    assert {each.availability for each in habits} <= known
    assert {each.leak for each in habits} == {"yes", "no", "in_place"}
    assert {each.clock for each in habits} == {"", "creation", "update", "event", "sync", "planned"}
    assert all(each.why and each.name.pattern for each in habits)
