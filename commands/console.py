"""What all commands share: their options, and how they print."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadmart.commands.log import Log, current_log

if TYPE_CHECKING:
    from leadmart.features.errors import LeadmartError
    from leadmart.features.holder import Patience
    from leadmart.features.project import Project
    from leadmart.features.warehouse import Warehouse
    from leadmart.scoring.run import Run

ProjectDir = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="The project's folder; without it, found upward from here."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="Date or timestamp, UTC; without it, the latest due by the newest load."),
]


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smh])", text.strip())
    if not found:
        raise typer.BadParameter("write a number and s, m or h, such as 30s, 10m or 2h")
    return timedelta(seconds=int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]])


Wait = Annotated[
    timedelta | None,
    typer.Option(
        "--wait", metavar="10m", parser=_duration, help="Wait so long for another process to end; default not at all."
    ),
]


def patience_of(wait: timedelta | None) -> Patience:
    """What `--wait` says, told on stderr once one waits."""
    from leadmart.features.holder import Patience

    return Patience(wait or timedelta(), lambda words: typer.echo(words, err=True))


_found: list[Project] = []


def project_at(folder: Path | None) -> Project:
    """The project that a command is about; a process runs one command."""
    from leadmart.features.project import find_project

    _found[:] = [find_project(folder)]
    return _found[0]


def damage_to_tell(error: BaseException | None) -> LeadmartError | None:
    """The damaged file of the command's project that an error of DuckDB may come from."""
    if not _found or not type(error).__module__.endswith("duckdb"):
        return None
    from leadmart.features.intact import damage_behind

    return damage_behind(_found[0], error) if error else None


def project_if_any(folder: Path | None) -> Project | None:
    """The project, or None where none stands here or above; one that is asked for by `--project` must be there."""
    from leadmart.features.errors import LeadmartError

    try:
        return project_at(folder)
    except LeadmartError as error:
        if folder is None and error.code == "no_project":
            return None
        raise


def moment_of(text: str | None) -> datetime | None:
    from leadmart.features.clock import parse_moment

    return parse_moment(text) if text else None


def walk(
    project: Path | None,
    command: str,
    moments: Sequence[datetime] | Callable[[Warehouse], Sequence[datetime]] | None,
    stages: Sequence[Callable[[Run], None]],
    wait: timedelta | None,
    as_json: bool,
) -> None:
    """Walks the stages of a run, whose steps are told meanwhile, and prints what it did."""
    from leadmart.scoring.pipeline import execute

    with progress_bar(of_run=True) as bar:
        done = execute(
            project_at(project),
            command,
            moments,
            stages=stages,
            progress=bar.count,
            run_id=bar.run_id,
            patience=patience_of(wait),
        )
    report_run(done, as_json)


def report_run(done: Run, as_json: bool) -> None:
    from leadmart.scoring.record import why_blocked
    from leadmart.scoring.report import run_text

    log = current_log()
    if log.format:
        for verdict in done.judge.given:
            failed = [] if verdict.success and not verdict.warnings else verdict.details
            for found in failed:
                if found["outcome"] == "failed":
                    log.warn(f"{verdict.suite} on {verdict.subject}: {found['severity']}: {found['message']}")
        if reason := why_blocked(done):
            log.line("error", reason)
    emit(done.as_json(), as_json, run_text(done))
    if done.status == "blocked":
        raise typer.Exit(3)


def emit(document: object, as_json: bool, words: str) -> None:
    """Prints what a command found; a log that was begun gets the first line of it."""
    log = current_log()
    if log.format and log.is_begun:
        log.say(words.partition("\n")[0])
    typer.echo(json.dumps(document, indent=2, default=str) if as_json else words)


def print_rows(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    from leadmart.scoring.report import table_text

    typer.echo(json.dumps(rows, indent=2, default=str) if as_json else table_text(rows))


def progress_bar(of_run: bool = False, *, estimates: bool = True) -> Log:
    """What tells the command's steps: a bar, or the log's lines. `of_run` gives it the `run_id` the run is to have.

    Without `estimates` the bar leaves it to the steps' words how long it will still take.
    """
    log = current_log()
    log.estimates(estimates)
    if of_run:
        from leadmart.features.warehouse import new_run_id

        log.run_id = new_run_id()
    return log


def counted(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
