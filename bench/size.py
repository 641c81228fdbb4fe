"""The demo company at size, step by step as its user goes: made, loaded, run, run the next day, learned from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from bench.company import UNTIL
from bench.record import Result
from bench.setting import Case, Setting
from bench.timing import Command, Cost, time_command, time_commands
from leadmart.features.clock import iso

DAYS = 730


def cases(setting: Setting) -> Iterator[Case]:
    """For each number of leads over 730 days, and for half of the leads over half of the days: as many leads a day."""
    for leads in setting.sizes:
        for many, days in ((leads // 2, DAYS // 2), (leads, DAYS)):
            folder = setting.data / "size" / f"{many}-{days}"
            for name, step in STEPS.items():
                yield Case("size", f"{name}, {days} days", many, partial(step, setting, folder, many, days, name))


def _made(setting: Setting, folder: Path, leads: int, days: int, name: str) -> Result:
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    program = setting.leadmart(project=folder).words[0]
    words = ("init", folder, "--demo", "--leads", leads, "--days", days, "--until", f"{UNTIL:%Y-%m-%d}")
    cost, _ = time_command(Command((program, *map(str, words), "--hold-back", "1")))
    return _told(folder, leads, days, name, cost, "SELECT SUM(row_count) FROM meta.loads", "raw rows")


def _first_run(setting: Setting, folder: Path, leads: int, days: int, name: str) -> Result:
    cost = time_command(_at(setting, folder, "run", days=1))[0]
    words = "SELECT SUM(row_count) FROM meta.staged"
    return _told(folder, leads, days, name, cost, words, "rows staged")


def _next_load(setting: Setting, folder: Path, leads: int, days: int, name: str) -> Result:
    files = sorted((folder / "incoming").rglob("*.parquet"))
    cost = time_commands([_at(setting, folder, "load", file.stem, file) for file in files])
    rows = "SELECT SUM(row_count) FROM meta.loads WHERE loaded_at = (SELECT MAX(loaded_at) FROM meta.loads)"
    return _told(folder, leads, days, name, cost, rows, f"rows in {len(files)} files, a command each")


def _next_run(setting: Setting, folder: Path, leads: int, days: int, name: str) -> Result:
    cost = time_command(_at(setting, folder, "run"))[0]
    rows = "SELECT SUM(row_count) FROM meta.slices WHERE as_of = (SELECT MAX(as_of) FROM meta.slices)"
    return _told(folder, leads, days, name, cost, rows, "rows in its slices")


def _again(setting: Setting, folder: Path, leads: int, days: int, name: str) -> Result:
    cost = time_command(_at(setting, folder, "run"))[0]
    return _told(folder, leads, days, name, cost, "SELECT 0", "rows computed")


def _train(setting: Setting, folder: Path, leads: int, days: int, name: str) -> Result:
    cost = time_command(_at(setting, folder, "train"))[0]
    rows = "SELECT row_count FROM meta.models ORDER BY trained_at DESC LIMIT 1"
    return _told(folder, leads, days, name, cost, rows, "landmarks learned from and tested on")


def _run_with_model(setting: Setting, folder: Path, leads: int, days: int, name: str) -> Result:
    cost = time_command(_at(setting, folder, "run"))[0]
    rows = "SELECT COUNT(*) FROM scores.latest"
    return _told(folder, leads, days, name, cost, rows, "leads scored by the model, no feature computed")


STEPS = {
    "init --demo": _made,
    "the first run": _first_run,
    "the next day's loads": _next_load,
    "the next day's run": _next_run,
    "run with nothing due": _again,
    "train": _train,
    "run with the new model": _run_with_model,
}


def _at(setting: Setting, folder: Path, *words: object, days: int = 0) -> Command:
    """A command as typed `days` before the company's end, an hour after midnight."""
    command = setting.leadmart(*words, project=folder)
    moment = iso(UNTIL - timedelta(days=days) + timedelta(hours=1))
    return Command(command.words, command.folder, {"LEADMART_NOW": moment})


def _told(folder: Path, leads: int, days: int, name: str, cost: Cost, rows: str, what: str) -> Result:
    with duckdb.connect(str(folder / "warehouse" / "published" / "leadmart.duckdb"), read_only=True) as catalogue:
        found = catalogue.execute(rows).fetchone()
    parts = {p.name: _bytes(p) for p in sorted((folder / "warehouse").iterdir()) if p.name not in ("demo", "tmp")}
    sizes = ", ".join(f"{part} {size / 1e6:,.0f} MB" for part, size in parts.items() if size >= 5e5)
    note = f"{int(found[0] or 0) if found else 0:,} {what}; {sizes}"
    result = Result("size", f"{name}, {days} days", leads, "leads", f"leadmart {name}", note=note)
    return result.with_costs([cost])


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())
