"""What is recorded of a run: that it is on, how it ended, and what held it back."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from leadmart.features import catalogue
from leadmart.features.clock import now, sql_literal
from leadmart.features.warehouse import Warehouse

if TYPE_CHECKING:
    from leadmart.scoring.run import Run


def record_start(run: Run) -> None:
    """Says that a run is on; one that was said to be on before was killed."""
    # runs are told apart by when they began: a clock that went back must not put this one behind the last
    ((newest,),) = run.warehouse.rows("SELECT MAX(started_at) FROM store.meta.runs")
    if newest is not None:
        run.started_at = max(run.started_at, newest + timedelta(microseconds=1))
    # whoever holds the store is the only writer: a run still said to be running was killed
    run.warehouse.execute(
        "UPDATE store.meta.runs SET status = 'failed', message = 'killed', finished_at = "
        f"{sql_literal(run.started_at)} WHERE status = 'running'"
    )
    run.warehouse.execute(
        "INSERT INTO store.meta.runs (run_id, command, as_of, status, started_at) "
        f"VALUES (?, ?, {sql_literal(run.moments[-1])}, 'running', {sql_literal(run.started_at)})",
        [run.run_id, run.command],
    )


def record_end(run: Run, message: str | None) -> None:
    """Says how a run ended, and swaps the catalogue."""
    seconds = round(time.perf_counter() - run.started, 3)
    run.warehouse.execute(
        "UPDATE store.meta.runs SET status = ?, message = ?, slices_computed = ?, slices_skipped = ?, inserted = ?, "
        "updated = ?, "
        f"unchanged = ?, model_version = ?, finished_at = {sql_literal(now())}, seconds = ? WHERE run_id = ?",
        [
            run.status, message, run.computed, run.skipped, run.counts.inserted, run.counts.updated,
            run.counts.unchanged,
            run.model_version, seconds, run.run_id,
        ],
    )  # fmt: skip
    catalogue.publish(run.warehouse, run.registry, getattr(run, "selection", None))


def record_command(
    warehouse: Warehouse, command: str, run_id: str, model_version: str | None, started_at: datetime, seconds: float
) -> None:
    """Records a command that is done and has no as_of. While it learned, others may have run."""
    warehouse.execute(
        "INSERT INTO store.meta.runs (run_id, command, status, model_version, started_at, finished_at, seconds) "
        f"VALUES (?, ?, 'done', ?, {sql_literal(started_at)}, {sql_literal(now())}, ?)",
        [run_id, command, model_version, seconds],
    )


def why_blocked(run: Run) -> str | None:
    """What held a run back, in one line; None where nothing did."""
    if run.status != "blocked":
        return None
    if run.failed_sources:
        why = [f"raw.{', raw.'.join(run.refused_tables)} shrank"] if run.refused_tables else []
        if run.emptied:
            why.append(f"{', '.join(run.emptied)} went empty (if it is meant, leave it out of [sources] have)")
        if judged := run.failed_sources - set(run.emptied) - run.shrunk:
            why.append(f"quality of {', '.join(sorted(judged))} failed")
        return f"{'; '.join(why)}; held back: {', '.join(sorted(run.held)) or 'scores'}"
    failed = [v for v in run.judge.given if not v.success]
    return "quality failed: " + ", ".join(f"{v.suite} on {v.subject}" for v in failed)
