"""`load` of a CSV file against DuckDB's own COPY into Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from bench.checks import page_views
from bench.company import differing_rows, empty_project, parquet
from bench.hand import session, write
from bench.record import Result
from bench.refresh import MEMORY
from bench.setting import THREADS, Case, Setting
from bench.timing import FailedError, Side, alternate, time_command
from leadmart.features.literals import quoted
from leadmart.features.project import find_project
from leadmart.features.raw.tables import raw_tables
from leadmart.features.warehouse import open_for_reading

CSV = "CSV of page views"


def cases(setting: Setting) -> Iterator[Case]:
    yield Case("loading", CSV, setting.rows, partial(_measure, setting))


def _measure(setting: Setting) -> Result:
    file = _csv(setting)
    folder = file.parent / "loading"
    project, empty, out = folder / "project", folder / "empty", folder / "by_hand.parquet"
    shutil.rmtree(folder, ignore_errors=True)
    empty_project(setting, empty)
    read = f"read_csv({quoted(file)}, header = true, sample_size = -1)"
    copy = f"COPY (SELECT * FROM {read}) TO {quoted(out)} (FORMAT parquet, COMPRESSION zstd)"
    script = write(folder / "copy.sql", [*session(MEMORY, THREADS, folder / "spill"), copy])

    def reset() -> None:
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(empty, project)

    subject = Side(
        "leadmart load", lambda: time_command(setting.leadmart("load", "web_events", file, project=project))[0], reset
    )
    rival = Side("DuckDB's COPY", lambda: time_command(setting.module("hand", script))[0])
    ours, theirs = alternate([subject, rival], setting.repetitions)
    size = file.stat().st_size / 1e6
    note = f"a file of {size:,.0f} MB; `load` also hashes it, refuses unreadable values and looks for duplicate keys"
    return Result(
        "loading", CSV, setting.rows, "rows", subject.name, rival=rival.name, note=note, equal=_compared(project, out)
    ).with_costs(ours, theirs)


def _csv(setting: Setting) -> Path:
    """The page views as a loader would deliver them: raw columns, in a CSV file."""
    staged = page_views(setting)
    file = staged.with_suffix(".csv")
    if not file.is_file():
        columns = "event_id, occurred_at, ingested_at AS synced_at, anonymous_id, lead_id, session_id, event_type, url"
        with duckdb.connect() as con:
            names = [row[0] for row in con.execute(f"DESCRIBE FROM {parquet(staged)}").fetchall()]
            more = "".join(f", {name}" for name in ("referrer", "dwell_s", "utm_source") if name in names)
            con.execute(f"COPY (SELECT {columns}{more} FROM {parquet(staged)}) TO {quoted(file)} (HEADER)")
    return file


def _compared(project: Path, out: Path) -> str:
    """The rows that were loaded and those that were copied, as texts: DuckDB guesses other types than sources name."""
    with open_for_reading(find_project(project)) as warehouse:
        relation = raw_tables(warehouse)["web_events"]
        names = [name for name, _ in warehouse.columns(f"FROM {relation}") if not name.startswith("_")]
    listed = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in names)
    differing, rows = differing_rows(f"(SELECT {listed} FROM {relation})", f"(SELECT {listed} FROM {parquet(out)})")
    if differing:
        raise FailedError(f"the loaded rows differ in {differing} of {rows}")
    return f"equal: {rows:,} rows"
