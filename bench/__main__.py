"""`python -m bench [COMPARISON …]`: measures what is not measured yet, and writes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import record
from bench.machine import code_version, commit, load_words, machine
from bench.page import PAGE, line_of, write_page
from bench.setting import Case, Setting


def comparisons() -> dict[str, Callable[[Setting], Iterator[Case]]]:
    from bench import backfill, checks, frame, hot, loading, publishing, refresh, scores, size, small_run

    rooms = (refresh, backfill, small_run, hot, frame, scores, checks, publishing, loading, size)
    return {room.__name__.rpartition(".")[2]: room.cases for room in rooms}


def main(arguments: list[str] | None = None) -> int:
    names = tuple(comparisons())
    by_default = tuple(name for name in names if name != "size")  # that one takes long
    given = _arguments(names).parse_args(arguments)
    setting = Setting(
        data=given.data.resolve(),
        events=_sizes(given.events),
        pairs=_sizes(given.pairs),
        rows=int(float(given.rows)),
        leads=int(float(given.leads)),
        sizes=_sizes(given.sizes),
        repetitions=given.repetitions,
        projects=tuple(given.project),
    )
    setting.data.mkdir(parents=True, exist_ok=True)
    failed = 0
    with (setting.data / "lock").open("w") as lock:
        if not given.page:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                print(f"another benchmark works in {setting.data}: wait, or name another folder", file=sys.stderr)
                return 1
        for name in () if given.page else given.comparison or by_default:
            for case in comparisons()[name](setting):
                failed += not _measure(case, setting, given.results, again=given.again)
    write_page(record.read(given.results), given.write)
    return 1 if failed else 0


def _measure(case: Case, setting: Setting, results: Path, *, again: bool) -> bool:
    words = f"{case.comparison}, {case.name}, {case.size:,}"
    if not again and case.key in record.measured(record.read(results), code_version()):
        print(f"{words}: measured already", flush=True)
        return True
    print(f"{words}: measuring", flush=True)
    at, load = f"{datetime.now(UTC):%Y-%m-%d %H:%M}", load_words()
    try:
        found = case.measure()
    except Exception:
        traceback.print_exc()
        print(f"{words}: failed", flush=True)
        return False
    found = replace(found, at=at, load=load, code=code_version(), commit=commit(), machine=machine(setting.data))
    record.append(found, results)
    print(f"  {line_of(found)}", flush=True)
    return True


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(float(word)) for word in text.replace(",", " ").split())


def _arguments(names: tuple[str, ...]) -> argparse.ArgumentParser:
    default = Path(tempfile.gettempdir()) / "leadmart-bench"
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    add = parser.add_argument
    add("comparison", nargs="*", choices=[*names, []], metavar="COMPARISON", help=f"some of {', '.join(names)}")
    add("--events", default="1e6", help="sizes of the refresh, in events: 1e6,1e7,1e8")
    add("--pairs", default="2e5", help="sizes of training frames, in pairs: 2e5,1e6")
    add("--rows", default="1e6", help="rows to score, to check and to load")
    add("--leads", default="1e4", help="leads of the small run")
    add("--sizes", default="1e6", help="leads of the company at size")
    add("--repetitions", type=int, default=5)
    add("--data", type=Path, default=Path(os.environ.get("BENCH_DATA") or default), help="where made-up companies stay")
    add("--project", type=Path, action="append", default=[], help="a demo project to measure on at its size")
    add("--again", action="store_true", help="measure also what is measured already")
    add("--page", action="store_true", help="only write docs/benchmarks.md anew")
    add("--results", type=Path, default=record.RESULTS, help="where results are kept, as JSON lines")
    add("--write", type=Path, default=PAGE, help="the page that is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
