"""Kills a command at every write step, each in a process of its own, and says what each kill left and what mended it.

    python killing.py TEMPLATE WORK KINDS WORDS…        one JSON document: {"steps": […], "kills": [{…}]}

A step is a file written, a rename, a draft's move, a commit, a statement that commits by itself, a part of the
catalogue; of each kind asked for (`all`, or several with commas between) the first and the last are killed at, of
`last KIND` the last alone. Children are forked from a process that has imported the command and in which nothing has
run, so each costs what its work costs.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from leadmart import cli
from leadmart.features.warehouse import Warehouse

PRELOADED = {"leadmart", "lightgbm", "polars", "sklearn", "sqlglot"}
WRITES = (
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "CREATE TABLE catalogue",
    "CREATE SCHEMA catalogue",
    "DETACH catalogue",
)
STATE = {
    "loads": "SELECT table_name, sha256, row_count, replaced_at IS NULL FROM meta.loads",
    "slices": "SELECT kind, name, version, spine, as_of, fingerprint, sha256 FROM meta.slices",
    "inputs": "SELECT * FROM meta.slice_inputs",
    "superseded": "SELECT name, as_of, sha256 FROM meta.superseded_slices",
    "snapshots": "SELECT table_name, observed_at, sha256, added, changed FROM meta.snapshots",
    "views": "SELECT kind, name, version, token_hash FROM meta.views",
    "models": "SELECT model_version, role FROM meta.models",
    "scorings": "SELECT * EXCLUDE (run_id) FROM meta.scorings",
    "hot scorings": "SELECT * EXCLUDE (run_id) FROM meta.hot_scorings",
    "hot marks": "SELECT * EXCLUDE (run_id, marked_at) FROM meta.hot_marks",
    "score files": "SELECT publish_number, row_count FROM meta.score_files",
}
STORED = {
    "scores": "SELECT * EXCLUDE (run_id, written_at) FROM scores.lead_scores",
    "old scores": "SELECT lead_id, as_of, composite FROM scores.superseded",
}
SHOWN = {
    "latest": "SELECT * EXCLUDE (run_id, written_at) FROM scores.latest",
    "features": "SELECT * FROM features.lead_features",
}


def watch(step: Callable[[str], None]) -> None:
    """Has `step` called with a kind at every write step from here on."""
    execute, write_parquet, keep, replace = Warehouse.execute, Warehouse.write_parquet, Warehouse.keep_file, os.replace
    transaction, rename = Warehouse.transaction, Path.rename
    inside = False

    def watched_execute(self: Warehouse, sql: str, params: Any = ()) -> None:
        execute(self, sql, params)
        if not inside and sql.startswith(WRITES) and sql != "COMMIT":
            step("the new catalogue" if "catalogue" in sql else f"statement {' '.join(sql.split()[:3])}")

    @contextmanager
    def watched_transaction(self: Warehouse) -> Any:
        nonlocal inside
        with transaction(self):
            inside = True
            try:
                yield
            finally:
                inside = False
            step("before a commit")
        step("after a commit")

    def watched_write(self: Warehouse, sql: str, path: Path) -> int:
        rows = write_parquet(self, sql, path)
        step("file written")
        return rows

    def watched_keep(self: Warehouse, staged: Path, folder: Path) -> Any:
        kept = keep(self, staged, folder)
        step("file named by its content")
        return kept

    def watched_replace(source: Any, target: Any) -> None:
        is_store = str(target).endswith("warehouse/leadmart.duckdb")
        if is_store:
            step("before the store's swap")
        is_swap = str(target).endswith("published/leadmart.duckdb")
        if is_swap:
            step("before the swap")
        replace(source, target)
        if is_swap:
            step("after the swap")
        if is_store:
            step("after the store's swap")

    def watched_rename(self: Path, target: Any) -> Path:
        is_draft = self.name == "draft.sql"
        if is_draft:
            step("before the draft moves")
        moved = rename(self, target)
        if is_draft:
            step("the draft moved")
        return moved

    Path.rename = watched_rename  # type: ignore[method-assign, assignment]
    Warehouse.execute, Warehouse.transaction = watched_execute, watched_transaction  # type: ignore[method-assign]
    Warehouse.write_parquet, Warehouse.keep_file = watched_write, watched_keep  # type: ignore[method-assign]
    os.replace = watched_replace  # type: ignore[assignment]


def child(work: Callable[[], object]) -> tuple[int, Any]:
    """Runs `work` in a fork: (the exit code, or minus the signal; what it returned)."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as told:
                json.dump(work(), told, default=str)
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), json.loads(text) if text else None


def command(folder: Path, words: list[str], step: Callable[[str], None] | None = None) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    if step:
        watch(step)
    sys.argv = ["leadmart", *words, "--project", str(folder)]
    cli.main()


def copied(template: Path, folder: Path) -> Path:
    """A copy of a project; files that never change are linked."""
    shutil.copytree(
        template, folder, copy_function=lambda a, b: os.link(a, b) if a.endswith(".parquet") else shutil.copy2(a, b)
    )
    return folder


def rows(file: Path, sql: dict[str, str]) -> dict[str, list[str]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        found = {}
        for name, query in sql.items():
            try:
                found[name] = sorted(map(str, connection.execute(query).fetchall()))
            except duckdb.CatalogException:
                found[name] = []  # nothing was scored yet
        return found


def take_verdicts(folder: Path, judged: Path) -> None:
    """The same rows will be judged again: verdicts at hand save each command seconds of Great Expectations."""
    with duckdb.connect(str(folder / "warehouse" / "leadmart.duckdb")) as store:
        store.execute(f"ATTACH '{judged / 'warehouse' / 'leadmart.duckdb'}' AS whole (READ_ONLY)")
        store.execute("INSERT INTO meta.verdicts SELECT * FROM whole.meta.verdicts EXCEPT SELECT * FROM meta.verdicts")


def shown(folder: Path) -> dict[str, list[str]]:
    """What an analyst sees."""
    return rows(folder / "warehouse" / "published" / "leadmart.duckdb", STATE | SHOWN)


def state(folder: Path) -> dict[str, Any]:
    """All that a command leaves: what is stored, what is shown, and files that nobody lists."""
    left = [
        str(path.relative_to(folder))
        for pattern in ("warehouse/tmp/*.parquet", "warehouse/published/*.new*", "*.part")
        for path in folder.glob(pattern)
    ]
    files = {"definitions": sorted(str(path.relative_to(folder)) for path in (folder / "sql").rglob("*.sql"))}
    return {
        "stored": rows(folder / "warehouse" / "leadmart.duckdb", STATE | STORED) | files,
        "shown": shown(folder),
        "left": left,
    }


def ends(steps: list[str], kind: str) -> set[int]:
    """Where the first and the last step of a kind stand; of `last KIND` the last alone."""
    name = kind.removeprefix("last ")
    last = len(steps) - 1 - steps[::-1].index(name)
    return {last} if kind != name else {steps.index(name), last}


def main() -> None:
    template, work, asked, words = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
    whole = copied(template, work / "whole")
    _, before = child(lambda: shown(whole))
    steps: list[str] = []

    def undisturbed() -> tuple[list[str], list[str]]:
        imported = set(sys.modules)
        try:
            command(whole, words, steps.append)
        except SystemExit as stop:
            if stop.code:
                steps.clear()
        return steps, sorted(set(sys.modules) - imported)

    _, (steps, modules) = child(undisturbed)
    # so that no child has to; what quality brings is not needed again
    for name in modules:
        if name.partition(".")[0] in PRELOADED and not name.startswith("leadmart.expectations"):
            with suppress(ImportError):
                importlib.import_module(name)
    take_verdicts(template, whole)
    _, after = child(lambda: state(whole))
    kinds = dict.fromkeys(steps) if asked == "all" else asked.split(",")
    chosen = sorted({n for kind in kinds for n in ends(steps, kind)})
    kills = []
    for number in chosen:
        folder, seen = copied(template, work / f"kill-{number}"), 0

        def step(_kind: str, at: int = number) -> None:
            nonlocal seen
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

        code, _ = child(partial(command, folder, words, step))
        _, meanwhile = child(partial(shown, folder))
        again, _ = child(partial(command, folder, words))
        _, mended = child(partial(state, folder))
        kills.append(
            {
                "step": steps[number],
                "code": code,
                "meanwhile": "before" if meanwhile == before else "after" if meanwhile == after["shown"] else "other",
                "again": again,
                "differs": [
                    f"{part} {name}"
                    for part in ("stored", "shown")
                    for name in after[part]
                    if mended is None or mended[part][name] != after[part][name]
                ],
                "left": mended and mended["left"],
            }
        )
        shutil.rmtree(folder)
    json.dump({"steps": steps, "kills": kills}, sys.stdout)


if __name__ == "__main__":
    main()
