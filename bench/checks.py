"""Quality checks against one aggregate SELECT written by hand, on the rows of one source."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from bench.company import company, empty_project, parquet
from bench.hand import session
from bench.record import Result
from bench.refresh import MEMORY
from bench.setting import THREADS, Case, Setting
from bench.timing import Cost, time_command
from leadmart.features.literals import quoted
from leadmart.features.project import find_project
from leadmart.features.registry import Registry

INSIDE = "suite source.web_events, in a process that has Great Expectations"
WHOLE = "the same as a whole process, with the import"


def cases(setting: Setting) -> Iterator[Case]:
    for name in (INSIDE, WHOLE):
        yield Case("checks", name, setting.rows, partial(_measure, setting, name))


def _measure(setting: Setting, name: str) -> Result:
    file = page_views(setting)
    found = Result("checks", name, setting.rows, "rows", "Great Expectations", rival="one SELECT by hand")
    ours: list[Cost] = []
    theirs: list[Cost] = []
    if name == INSIDE:
        cost, told = time_command(setting.module("inside", "checks", file, setting.repetitions))
        document = json.loads(told.splitlines()[-1])
        ours = [Cost(seconds, cpu, cost.memory) for seconds, cpu in document["subject"]]
        theirs = [Cost(seconds, cpu) for seconds, cpu in document["rival"]]
    else:
        for _ in range(setting.repetitions):
            for side, costs in (("suite", ours), ("select", theirs)):
                cost, told = time_command(setting.module("inside", "check_once", file, side))
                costs.append(cost)
        document = {"equal": "each side as above"}
    return Result(
        found.comparison, name, setting.rows, "rows", found.subject, rival=found.rival, equal=document["equal"]
    ).with_costs(ours, theirs)


def page_views(setting: Setting) -> Path:
    """A file of so many staged page views: the company's, repeated under other ids."""
    of = company(setting, min(setting.rows, 1_000_000))
    file = of.folder / f"web_events-{setting.rows}.parquet"
    if file.is_file():
        return file
    project = of.folder / "empty"
    shutil.rmtree(project, ignore_errors=True)
    empty_project(setting, project)
    (definition,) = (d for d in Registry(find_project(project)).source("web_events") if d.connector == "plain")
    base = parquet(of.file("web_events", "base"))
    with duckdb.connect() as con:
        for statement in session(MEMORY, THREADS, of.folder / "spill"):
            con.execute(statement)
        con.execute(f"CREATE VIEW raw.web_events AS FROM {base}")
        con.execute(f"CREATE TABLE staged AS {definition.statement}")
        con.execute(
            "COPY (SELECT s.* REPLACE (s.event_id || '-' || r.n AS event_id) FROM range(1000) AS r (n), staged AS s "
            f"LIMIT {setting.rows}) TO {quoted(file)} (FORMAT parquet, COMPRESSION zstd)"
        )
    return file
