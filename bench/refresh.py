"""The daily refresh of features against the same SELECTs by hand, at several sizes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from bench.company import Company, company, differing_rows, evening, parquet, restore
from bench.hand import Hand, before, one_moment, session, write
from bench.record import Result, Target
from bench.setting import THREADS, Case, Setting
from bench.timing import Cost, FailedError, Side, alternate, run, time_command

MEMORY = "4GB"
FROM_RAW = "one DuckDB script, from raw each day"
KEEPING = "one DuckDB script that keeps its deduplicated tables between days"
TARGET_FROM = 10_000_000


def cases(setting: Setting) -> Iterator[Case]:
    for events in setting.events:
        for what in ("features", "whole run"):
            for rival in (FROM_RAW, KEEPING):
                name = f"{what} / {rival}"
                yield Case("refresh", name, events, partial(_measure, setting, events, what, rival, name))


def _measure(setting: Setting, events: int, what: str, rival: str, name: str) -> Result:
    of = company(setting, events)
    saved = evening(setting, of)
    subject = _subject(setting, of, saved, what)
    other = _from_raw(setting, of, saved) if rival == FROM_RAW else _keeping(setting, of, saved)
    few = events > 30_000_000
    ours, theirs = alternate([subject, other], 3 if few else setting.repetitions, warm_up=not few)
    return Result(
        "refresh", name, events, "events", subject.name, rival=other.name, equal=compared(of),
        target=Target(ratio=1.25) if events >= TARGET_FROM and what == "features" else Target(),
        note=f"{of.events:,} events",
    ).with_costs(ours, theirs)  # fmt: skip


def _subject(setting: Setting, of: Company, saved: Path, what: str) -> Side:
    if what == "whole run":
        name, command = "leadmart run", setting.leadmart("run", project=of.work)
    else:
        name, command = "leadmart run, stages that fill slices", setting.module("inside", "features", of.work)
    return Side(name, lambda: time_command(command)[0], lambda: restore(saved, of.work))


def out_folder(of: Company) -> Path:
    return of.folder / "by_hand"


def _by_hand(setting: Setting, script: Path, *words: object) -> Cost:
    command = setting.module("hand", script, *words)
    return time_command(command)[0]


def _from_raw(setting: Setting, of: Company, saved: Path) -> Side:
    """Everything from the delivered files: deduplicated as the sources say, computed, written."""
    restore(saved, of.work)
    hand, out = Hand.of(of.work), out_folder(of)
    statements = session(MEMORY, THREADS, out / "spill")
    for source in hand.sources(with_gates=True):
        statements += hand.staging(source, _files(of, source, "base", "day"), before(of.until))
    statements += [one_moment(of.until), *hand.known(), *hand.refresh(out)]
    script = write(out / "from_raw.sql", statements)
    return Side(FROM_RAW, lambda: _by_hand(setting, script))


def _keeping(setting: Setting, of: Company, saved: Path) -> Side:
    """A DuckDB file holds the deduplicated rows of all days before; the day's files are added to it."""
    restore(saved, of.work)
    hand, out = Hand.of(of.work), out_folder(of)
    kept, today = out / "kept.duckdb", out / "today.duckdb"
    sources = hand.sources(with_gates=True)
    first = session(MEMORY, THREADS, out / "spill")
    for source in sources:
        first += hand.staging(source, _files(of, source, "base"))
    kept.unlink(missing_ok=True)
    run(*setting.module("hand", write(out / "first_days.sql", first), kept).words, folder=Path.cwd())
    each = session(MEMORY, THREADS, out / "spill")
    for source in sources:
        each += hand.adding(source, *_files(of, source, "day"))
    each += [one_moment(of.until), *hand.known(), *hand.refresh(out)]
    script = write(out / "a_day.sql", each)
    return Side(KEEPING, lambda: _by_hand(setting, script, today), lambda: _copied(kept, today))


def _copied(kept: Path, today: Path) -> None:
    shutil.copyfile(kept, today)


def _files(of: Company, source: str, *parts: str) -> list[Path]:
    """The delivered files of a source; the made-up company's tables have the names of their sources."""
    return [of.file(source, part) for part in parts]


def compared(of: Company) -> str:
    """What the refresh left on both sides, compared row by row. Raises FailedError where they differ."""
    compared_rows, tables = 0, 0
    with duckdb.connect(str(of.work / "warehouse" / "published" / "leadmart.duckdb"), read_only=True) as catalogue:
        files = catalogue.execute(
            "SELECT kind, name, version, file FROM meta.slices WHERE as_of = ? ORDER BY ALL", [of.until]
        ).fetchall()
    for kind, name, version, file in files:
        relation = {"spine": f"spines.{name}"}.get(kind, f"{kind}s.{name}__v{version}")
        theirs = next(out_folder(of).glob(f"*{name}*.parquet")) if kind == "spine" else None
        other = theirs or out_folder(of) / f"{relation}.parquet"
        differing, rows = differing_rows(parquet(of.work / "warehouse" / file), parquet(other))
        if differing:
            raise FailedError(f"{relation} differs in {differing} of {rows} rows: a rival that computes something else")
        compared_rows, tables = compared_rows + rows, tables + 1
    return f"equal: {compared_rows:,} rows in {tables} tables"
