"""A hot run beside a full run at the same moment, when page views of a hundred leads have just come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb

from bench.company import Company, company, differing_rows, evening, load_part, parquet, restore, saved_state
from bench.record import Result, Target
from bench.setting import Case, Setting
from bench.timing import Command, FailedError, Side, alternate, run, time_command
from leadmart.features.clock import iso, sql_literal
from leadmart.features.literals import quoted

TOUCHED = 100
PAGE_VIEWS = f"new page views of {TOUCHED} leads"
NOTHING = "nothing is newly known"


def cases(setting: Setting) -> Iterator[Case]:
    for name in (PAGE_VIEWS, NOTHING):
        yield Case("hot", name, setting.leads, partial(_measure, setting, name))


def _measure(setting: Setting, name: str) -> Result:
    of = company(setting, 0, leads=setting.leads)
    noon = of.until + timedelta(hours=12)

    def score_day(work: Path) -> None:
        run(*setting.leadmart("run", project=work).words, LEADMART_NOW=iso(of.until))

    def bring(work: Path) -> None:
        _write_page_views(of, noon)
        load_part(setting, replace(of, tables=("web_events",)), work, "noon", noon)

    saved = saved_state(setting, of, "scored", score_day, before=evening(setting, of))
    at = of.until
    if name == PAGE_VIEWS:
        saved, at = saved_state(setting, of, "noon", bring, before=saved), noon
    hot = _command(setting, of, noon, "run", "--hot")
    found = Result("hot", name, setting.leads, "leads", "leadmart run --hot", target=Target(seconds=10.0))
    ours = Side(found.subject, lambda: time_command(hot)[0], lambda: restore(saved, of.work))
    if name == NOTHING:
        (costs,) = alternate([ours], setting.repetitions)
        return found.with_costs(costs)
    full = _command(setting, of, noon, "run", "--as-of", iso(at))
    rival = Side("leadmart run", lambda: time_command(full)[0], lambda: restore(saved, of.work))
    costs, theirs = alternate([ours, rival], setting.repetitions)
    equal = _compared(saved, of, hot, full, noon)
    return replace(found, rival=rival.name, equal=equal).with_costs(costs, theirs)


def _command(setting: Setting, of: Company, now: datetime, *words: str) -> Command:
    return replace(setting.leadmart(*words, project=of.work), environment={"LEADMART_NOW": iso(now)})


def _write_page_views(of: Company, noon: datetime) -> None:
    """A page view an hour before noon for leads that were last seen the day before."""
    moment = sql_literal(noon - timedelta(hours=1))
    duckdb.execute(
        f"COPY (SELECT * REPLACE (event_id || '-noon' AS event_id, {moment} AS occurred_at, {moment} AS synced_at) "
        f"FROM {parquet(of.file('web_events', 'day'))} WHERE lead_id IS NOT NULL "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY lead_id ORDER BY event_id) = 1 ORDER BY lead_id LIMIT {TOUCHED}) "
        f"TO {quoted(of.file('web_events', 'noon'))} (FORMAT parquet)"
    )


def _compared(saved: Path, of: Company, hot: Command, full: Command, noon: datetime) -> str:
    """The rows that both wrote for the leads of the hot run. Raises FailedError where they differ."""
    rows = []
    for command, view in ((hot, "hot"), (full, "shown")):
        restore(saved, of.work)
        time_command(command)
        rows.append(of.folder / f"{view}.parquet")
        catalogue = of.work / "warehouse" / "published" / "leadmart.duckdb"
        with duckdb.connect(str(catalogue), read_only=True) as con:
            con.execute(
                f"COPY (SELECT * EXCLUDE (run_id, written_at) FROM scores.{view} WHERE as_of = {sql_literal(noon)}) "
                f"TO {quoted(rows[-1])} (FORMAT parquet)"
            )
    few = parquet(rows[0])
    differing, written = differing_rows(
        few, f"(SELECT a.* FROM {parquet(rows[1])} AS a SEMI JOIN {few} AS f USING (lead_id))"
    )
    if differing or not written:
        raise FailedError(f"{differing} of {written} rows differ from a full run's")
    return f"equal: {written:,} rows, each value"
