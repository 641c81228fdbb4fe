"""Made-up companies at size, delivered as files: all but the last day, and the last day; and projects over them.

Made once and kept in the folder of the benchmark's data, whatever is measured with them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from bench.machine import REPOSITORY, code_version
from bench.setting import THREADS, Setting
from bench.timing import run
from leadmart.features.clock import iso
from leadmart.features.literals import quoted
from leadmart.features.project import find_project
from leadmart.features.raw.tables import newest_load, raw_tables
from leadmart.features.warehouse import open_for_reading

UNTIL = datetime(2026, 6, 30)
DAYS = 730
EVENTS_A_LEAD = 36
"""Web, mail, form and product events that the made-up company has for each lead in two years."""
EVENTS = ("email_events", "web_events", "form_submissions", "product_events")


@dataclass(frozen=True)
class Company:
    """Delivered files of a company: `base` up to a day before `until`, `day` what arrived after that."""

    folder: Path
    until: datetime
    events: int
    tables: tuple[str, ...]

    @property
    def eve(self) -> datetime:
        return self.until - timedelta(days=1)

    def file(self, table: str, part: str) -> Path:
        return self.folder / "delivered" / table / f"{part}.parquet"

    @property
    def work(self) -> Path:
        """Where the project under measurement stands: always the same place, for a catalogue names whole paths."""
        return self.folder / "work"


def company(setting: Setting, events: int, leads: int | None = None) -> Company:
    """A company with about so many events: a given project's, one made earlier, or one made now (minutes, at size)."""
    for project in setting.projects:
        given = delivered(project, setting.data / "companies" / f"given-{_name_of(project)}")
        if 0.7 < given.events / events < 1.4 and leads is None:
            return given
    leads = leads or max(1, events // EVENTS_A_LEAD)
    folder = setting.data / "companies" / f"{leads}-{_generator()}"
    made = folder / "made"
    if not (folder / "about.json").is_file() and not made.is_dir():
        print(f"making a company of {leads:,} leads up, once", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        program = setting.leadmart(project=made).words[0]
        run(program, "init", made, "--demo", "--leads", leads, "--days", DAYS, "--until", f"{UNTIL:%Y-%m-%d}")
    found = delivered(made, folder)
    shutil.rmtree(made, ignore_errors=True)
    return found


def _generator() -> str:
    """Eight digits of what makes companies: with another generator they are made anew."""
    hashed = hashlib.sha256()
    for file in sorted((REPOSITORY / "sql" / "demo").rglob("*.sql")):
        hashed.update(file.read_bytes())
    return hashed.hexdigest()[:8]


def _name_of(project: Path) -> str:
    return hashlib.sha256(str(project.resolve()).encode()).hexdigest()[:8]


def delivered(project: Path, folder: Path) -> Company:
    """A project's raw tables as delivered files below a folder, written once."""
    about = folder / "about.json"
    if not about.is_file():
        _deliver(project, folder)
    told = json.loads(about.read_text())
    return Company(folder, datetime.fromisoformat(told["until"]), told["events"], tuple(told["tables"]))


def _deliver(project: Path, folder: Path) -> None:
    """Writes a project's raw tables as the files that would have been delivered: before its last day, and on it."""
    print("writing the files of all days but one, and of the last", flush=True)
    with open_for_reading(find_project(project)) as warehouse:
        until = newest_load(warehouse) or UNTIL
        eve = until - timedelta(days=1)
        events = 0
        tables = raw_tables(warehouse)
        for table, relation in tables.items():
            columns = ", ".join(f'"{c}"' for c, _ in warehouse.columns(f"FROM {relation}") if not c.startswith("_"))
            for part, condition in (("base", f"<= TIMESTAMP '{iso(eve)}'"), ("day", f"> TIMESTAMP '{iso(eve)}'")):
                target = folder / "delivered" / table / f"{part}.parquet"
                written = warehouse.write_parquet(
                    f"SELECT {columns} FROM {relation} WHERE synced_at {condition}", target
                )
                events += written if table in EVENTS else 0
    told = {"until": until.isoformat(), "events": events, "tables": sorted(tables)}
    (folder / "about.json").write_text(json.dumps(told, indent=2))


def restore(saved: Path, work: Path) -> None:
    """Brings a project back to a saved state: immutable files as hard links, the rest as copies."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(saved, work, copy_function=_linked)


def _linked(source: str, target: str) -> str:
    if source.endswith(".parquet"):
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def saved_state(
    setting: Setting, of: Company, name: str, make: Callable[[Path], None], before: Path | None = None
) -> Path:
    """A project's state, made once for this version of the code by `make(work)`; `before` is the state it starts from.

    `restore` puts it back to `of.work`, the only place where its catalogue is right.
    """
    saved = of.folder / "states" / f"{name}-{code_version()}"
    if saved.is_dir():
        return saved
    for older in saved.parent.glob(f"{name}-*"):
        shutil.rmtree(older)
    shutil.rmtree(of.work, ignore_errors=True)
    if before is not None:
        restore(before, of.work)
    print(f"preparing the state: {name}", flush=True)
    make(of.work)
    building = saved.with_name(f"{saved.name}.building")
    restore(of.work, building)
    building.rename(saved)
    return saved


def evening(setting: Setting, of: Company) -> Path:
    """The state in which the day is loaded and nothing is computed for it: every day before is, up to its eve."""

    def make(work: Path) -> None:
        empty_project(setting, work)
        load_part(setting, of, work, "base", of.eve)
        run(*setting.leadmart("run", project=work).words, LEADMART_NOW=iso(of.eve))
        load_part(setting, of, work, "day", of.until)

    return saved_state(setting, of, "evening", make)


def empty_project(setting: Setting, work: Path) -> None:
    run(setting.leadmart(project=work).words[0], "init", work)
    settings = work / "leadmart.toml"
    text = settings.read_text().replace("# threads = 2", f"threads = {THREADS}")
    settings.write_text(text)


def load_part(setting: Setting, of: Company, work: Path, part: str, at: datetime) -> None:
    """Loads one part of every table, as completed at a moment."""
    files = [of.file(table, part) for table in of.tables]
    command = setting.module("inside", "load", work, *files)
    run(*command.words, folder=command.folder, LEADMART_NOW=iso(at))


def differing_rows(ours: str, theirs: str) -> tuple[int, int]:
    """Rows of one relation that the other lacks, duplicates counted, by the columns of ours; and ours' rows."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        columns = ", ".join(f'"{row[0]}"' for row in con.execute(f"DESCRIBE FROM {ours}").fetchall())
        one, other = f"SELECT {columns} FROM {ours}", f"SELECT {columns} FROM {theirs}"
        row = con.execute(
            f"SELECT (SELECT COUNT(*) FROM ({one} EXCEPT ALL {other})) + (SELECT COUNT(*) FROM ({other} EXCEPT ALL "
            f"{one})), (SELECT COUNT(*) FROM ({one}))"
        ).fetchone()
        assert row
        return int(row[0]), int(row[1])


def parquet(*paths: Path) -> str:
    """The relation over Parquet files."""
    return f"read_parquet([{', '.join(quoted(path) for path in paths)}], union_by_name = true)"
