"""What tests of the command look at: the catalogue, the store, and two projects side by side."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

Rows = list[tuple[Any, ...]]

# the columns of raw tables that tests write in YAML; the last is the clock, and when a row arrived follows it
RAW_COLUMNS = {
    "leads": "lead_id email full_name company_name title country lead_source "
    "utm_medium utm_campaign consent created_at",
    "accounts": "account_id name domain industry employees country is_deleted changed_at",
    "web_events": "event_id anonymous_id lead_id session_id event_type url dwell_s occurred_at",
    "form_submissions": "submission_id lead_id form_type url employees_stated budget_stated submitted_at",
    "email_events": "event_id lead_id email event_type campaign_id url occurred_at",
    "product_events": "event_id lead_id event_type feature occurred_at",
    "ext_technographics": "account_domain product category status occurred_at",
    "ext_intent": "account_domain topic provider surge_ratio occurred_at",
    "ext_company_events": "account_domain event_type payload occurred_at",
}


def on_file(file: Path | None, sql: str) -> Any:
    """The Arrow table of a query on a DuckDB file, opened read-only; of none, in memory."""
    with duckdb.connect(str(file or ":memory:"), read_only=bool(file)) as connection:
        return connection.sql(sql).to_arrow_table()


def answer(file: Path | None, sql: str) -> Rows:
    """The rows of a query, as `on_file` opens."""
    with duckdb.connect(str(file or ":memory:"), read_only=bool(file)) as connection:
        return connection.execute(sql).fetchall()


def catalogue_of(folder: Path) -> Path:
    return folder / "warehouse" / "published" / "leadmart.duckdb"


def store_of(folder: Path) -> Path:
    return folder / "warehouse" / "leadmart.duckdb"


@pytest.fixture(scope="session")
def published() -> Callable[[Path, str], Rows]:
    """`published(folder, sql)`: rows of the catalogue, as an analyst reads it."""

    def rows(folder: Path, sql: str) -> Rows:
        with duckdb.connect(str(catalogue_of(folder)), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return rows


@pytest.fixture(scope="session")
def stored() -> Callable[[Path, str], Rows]:
    """`stored(folder, sql)`: rows of the store; nobody may be writing to it."""

    def rows(folder: Path, sql: str) -> Rows:
        with duckdb.connect(str(store_of(folder)), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return rows


@pytest.fixture(scope="session")
def difference() -> Callable[..., dict[str, int]]:
    """Rows of one project that the other lacks, both ways, by what they are of; empty where the two are equal.

    Compared are the rows of every listed slice, `features.lead_features`, the score rows in the store and in the
    catalogue, both without run_id and written_at. A row that is there twice counts. In each, `scores.latest` must be
    what the log of what was shown ends with.
    """
    scores = "SELECT * EXCLUDE (run_id, written_at)"
    wholes = {
        "features.lead_features": (catalogue_of, "SELECT * FROM features.lead_features"),
        "scores.latest": (catalogue_of, f"{scores} FROM scores.latest"),
        "scores.lead_scores, catalogue": (catalogue_of, f"{scores} FROM scores.lead_scores"),
        "scores.lead_scores, store": (store_of, f"{scores} FROM scores.lead_scores"),
    }

    def compare(one: Path, other: Path) -> dict[str, int]:
        found = {name: unshared((of(one), sql), (of(other), sql)) for name, (of, sql) in wholes.items()}
        for folder in (one, other):  # what is shown now is what was shown last
            now, last = "SELECT * FROM scores.latest", "SELECT * FROM scores.as_shown_on(DATE '9999-01-01')"
            file = catalogue_of(folder)
            found[f"scores.as_shown_on in {folder.name}"] = unshared((file, now), (file, last))
        ours, theirs = slices(one), slices(other)
        for key in ours.keys() | theirs.keys():
            if key not in ours or key not in theirs:
                found[f"slice {key}"] = -1
            elif ours[key].read_bytes() != theirs[key].read_bytes():
                read = "SELECT * FROM read_parquet('{}')"
                left, right = ((None, read.format(each[key])) for each in (ours, theirs))
                found[f"slice {key}"] = unshared(left, right)
        return {name: rows for name, rows in found.items() if rows}

    return compare


def slices(folder: Path) -> dict[tuple[Any, ...], Path]:
    listed = on_file(
        store_of(folder),
        "SELECT kind, name, version, spine, CAST(as_of AS VARCHAR), fingerprint, file FROM meta.slices",
    )
    found = {}
    for row in listed.to_pylist():
        *key, file = row.values()
        found[tuple(key)] = folder / "warehouse" / file
    return found


def unshared(left: tuple[Path | None, str], right: tuple[Path | None, str]) -> int:
    """How many rows of two queries, each of a file, stand in one only: by EXCEPT ALL both ways.

    That takes long, and few differ: where the rows' hashes add up to the same, in whatever order, there are none.
    """
    hashes = "SELECT COUNT(*), SUM(CAST(HASH(rows) AS HUGEINT)), ANY_VALUE(TYPEOF(rows)) FROM ({}) AS rows"
    if answer(left[0], hashes.format(left[1])) == answer(right[0], hashes.format(right[1])):
        return 0
    with duckdb.connect() as connection:
        connection.register("l", on_file(*left))
        connection.register("r", on_file(*right))
        count = "SELECT COUNT(*) FROM (SELECT * FROM {} EXCEPT ALL SELECT * FROM {})"
        ((one,),) = connection.execute(count.format("l", "r")).fetchall()
        ((other,),) = connection.execute(count.format("r", "l")).fetchall()
    return int(one) + int(other)


@pytest.fixture(scope="session")
def score_bytes() -> Callable[[Path], dict[str, str]]:
    """The published score files of a project and the hash of each one's bytes."""

    def hashes(folder: Path) -> dict[str, str]:
        files = sorted((folder / "warehouse" / "scores").glob("*.parquet"))
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    return hashes


@pytest.fixture(scope="session")
def edit() -> Callable[[Path, str, str], None]:
    """`edit(file, old, new)` replaces the one place where `old` stands."""

    def replace(file: Path, old: str, new: str) -> None:
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    return replace


@pytest.fixture
def load_rows(here: Any, tmp_path: Path) -> Callable[..., None]:
    """`load_rows(folder, "two_leads", …)` loads the raw rows of tests/cli/two_leads.yaml, and of more files, into a
    project; what a row leaves out is empty, and it arrives when it happens.
    """

    def load(folder: Path, *names: str, **environment: str) -> None:
        for name in names:
            tables = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"))
            for table, rows in tables.items():
                columns = RAW_COLUMNS[table].split()
                arrival = "ingested_at" if table.startswith("ext_") else "synced_at"
                with (tmp_path / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                    written = csv.DictWriter(file, [*columns, arrival])
                    written.writeheader()
                    for row in rows:
                        written.writerow({arrival: row[columns[-1]], **row})
                done = here("load", table, tmp_path / f"{table}.csv", "--project", folder, **environment)
                assert done.code == 0, done.err

    return load
