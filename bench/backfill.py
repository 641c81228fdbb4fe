"""Ninety days of a new view of nine columns: in one pass over the days, and day by day.

`python -m bench.backfill FOLDER LEADS` measures both in one process, and prints one JSON document.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bench.record import Result, Target
from bench.setting import THREADS, Case, Setting
from bench.timing import Cost, FailedError, time_command

SIZES = (1_000, 10_000, 100_000)
DAYS, PAGE_VIEWS = 90, 10
END = datetime(2026, 6, 1)
NAME = f"{DAYS} days of a view of nine columns"
_SQL = Path(__file__).with_name("sql")
_SETTINGS = f"""\
[features]
views = ["page_views@v1"]
[scoring]
gates = []
[engine]
threads = {THREADS}
memory_limit = "3GB"
"""
_SPINE = """\
-- entity: lead (lead_id)
--
-- Every lead.
SELECT l.lead_id, l.as_of FROM known.leads AS l
"""


def cases(setting: Setting) -> Iterator[Case]:
    for leads in SIZES:
        yield Case("backfill", NAME, leads, partial(_measure, setting, leads))


def _measure(setting: Setting, leads: int) -> Result:
    folder = setting.data / f"backfill-{leads}"
    _, told = time_command(setting.module("backfill", folder, leads))
    shutil.rmtree(folder)
    found = json.loads(told.splitlines()[-1])
    return Result(
        "backfill", NAME, leads, "leads", "in one pass", rival="day by day", target=Target(ratio=0.25),
        equal=found["equal"], note=f"{PAGE_VIEWS} page views a lead in 180 days, unevenly spread; one "
        "process, the spine is there; files are written, listed and flushed on both sides",
    ).with_costs([Cost(*found["one pass"])], [Cost(*found["day by day"])])  # fmt: skip


def _write_project(root: Path, leads: int) -> None:
    import duckdb

    shutil.rmtree(root, ignore_errors=True)
    for path, text in {
        "leadmart.toml": _SETTINGS,
        "sql/spines/open_leads.sql": _SPINE,
        "sql/features/page_views/v1.sql": (_SQL / "page_views.sql").read_text(),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    nothing = ", ".join(f"NULL::VARCHAR AS {c}" for c in ("full_name", "company_name", "utm_medium", "utm_campaign"))
    created = "TIMESTAMP '2025-09-01' - TO_HOURS(CAST(n % 2000 AS INTEGER))"
    # chance by HASH: the same rows on every machine
    drawn = {name: f"(HASH(n, '{name}') % 1000000) / 1000000.0" for name in ("lead", "moment", "page", "late")}
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT 'L' || n AS lead_id, 'a@b.example' AS email, 'CEO' AS title, 'DE' AS country, 'ads' AS "
            f"lead_source, 'granted' AS consent, {nothing}, {created} AS created_at, {created} AS synced_at "
            f"FROM range({leads}) AS r (n)) TO '{root}/leads.parquet'"
        )
        con.execute(
            "COPY (SELECT 'w' || n AS event_id, NULL::VARCHAR AS anonymous_id, 'L' || CAST(FLOOR("
            f"{leads} * POWER({drawn['lead']}, 2)) AS INTEGER) AS lead_id, 's' || n // 4 AS session_id, 'page_view' AS "
            "event_type, ['https://x.example/pricing', 'https://x.example/docs/a', 'https://x.example/blog/a', "
            f"'https://x.example/'][1 + CAST(FLOOR(4 * {drawn['page']}) AS INTEGER)] AS url, n % 300 AS dwell_s, "
            f"occurred_at, occurred_at + CASE WHEN {drawn['late']} < 0.03 THEN INTERVAL 3 DAY ELSE INTERVAL 5 MINUTE "
            f"END AS synced_at FROM (SELECT n, TIMESTAMP '{END}' - TO_MICROSECONDS(CAST({drawn['moment']} * "
            f"{180 * 86400e6} AS BIGINT)) AS occurred_at FROM range({leads * PAGE_VIEWS}) AS r (n))) "
            f"TO '{root}/web_events.parquet'"
        )


def main(folder: str, leads: str) -> None:
    """Fills the view in both ways, each after the other's slices are forgotten, and compares their files."""
    from leadmart.features import materialize
    from leadmart.features.plan import missing_slices, select
    from leadmart.features.project import find_project
    from leadmart.features.raw.load import load
    from leadmart.features.registry import Registry
    from leadmart.features.session import Session
    from leadmart.features.warehouse import open_for_writing

    root = Path(folder)
    _write_project(root, int(leads))
    project = find_project(root)
    moments = [END - timedelta(days=DAYS - n) for n in range(DAYS)]
    knobs = ("PASS_FROM", "STAGED_TOGETHER", "MOST_TOGETHER")
    ways = {"day by day": (sys.maxsize, 1, 1), "one pass": tuple(getattr(materialize, knob) for knob in knobs)}
    costs, files = {}, {}
    with open_for_writing(project) as warehouse:
        for table in ("leads", "web_events"):
            load(warehouse, Registry(project), table, [root / f"{table}.parquet"], loaded_at=END)
        session = Session(warehouse, Registry(project))
        selection = select(session.registry, session.present)
        spines = [s for s in missing_slices(warehouse, selection, moments) if s.definition.kind == "spine"]
        materialize.fill(session, selection, spines, run_id="spine")
        for way in ways:
            for knob, value in zip(knobs, ways[way], strict=True):
                setattr(materialize, knob, value)
            warehouse.execute("DELETE FROM store.meta.slices WHERE name = 'page_views'")
            session = Session(warehouse, Registry(project))
            selection = select(session.registry, session.present)
            missing = missing_slices(warehouse, selection, moments)
            started, cpu = time.perf_counter(), time.process_time()
            materialize.fill(session, selection, missing, run_id=way)
            costs[way] = (time.perf_counter() - started, time.process_time() - cpu)
            files[way] = warehouse.rows(
                "SELECT as_of, sha256 FROM store.meta.slices WHERE kind = 'feature' ORDER BY ALL"
            )
    if files["one pass"] != files["day by day"] or len(files["one pass"]) != DAYS:
        raise FailedError("the files of both ways differ")
    print(json.dumps({**costs, "equal": f"equal: {DAYS} files, to the byte"}))


if __name__ == "__main__":
    main(*sys.argv[1:])
