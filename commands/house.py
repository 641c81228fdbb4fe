"""Keeping house: `status`, `doctor`, `prune`, `erase`."""

from __future__ import annotations

from typing import Annotated

import typer

from leadmart.commands.console import Json, ProjectDir, Wait, emit, patience_of, progress_bar, project_at
from leadmart.commands.log import LogFormat


def status(project: ProjectDir = None, as_json: Json = False) -> None:
    """Say on one screen how the project stands.

    Is it fresh, did it pass, what is held back, what is due, how big is it. Also while a run is on.
    """
    from leadmart.scoring.status import status as state
    from leadmart.scoring.status import status_text

    found = state(project_at(project))
    emit(found, as_json, status_text(found))


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and stop.")] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Remove what [retention] in leadmart.toml no longer keeps.

    Slices and their files; never raw, and scores only where `scores` is not "forever".
    """
    from leadmart.features.house.prune import prune as let_go
    from leadmart.features.house.prune import pruned_text

    with progress_bar() as bar:
        done = let_go(project_at(project), dry_run=dry_run, patience=patience_of(wait), progress=bar.say)
    emit(done.as_json(), as_json, pruned_text(done))


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of every file.")] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Hold the warehouse against its records.

    Exit code 1 while something is wrong. --fix deletes no only copy: what is in the way goes to warehouse/aside.
    """
    from leadmart.features.house.doctor import doctor as examined
    from leadmart.features.house.doctor import doctor_text

    with progress_bar() as bar:
        found = examined(project_at(project), fix=fix, deep=deep, patience=patience_of(wait), progress=bar.say)
    emit([each.as_json() for each in found], as_json, doctor_text(found))
    if not all(each.is_fixed for each in found):
        raise typer.Exit(1)


def erase(
    leads: Annotated[list[str], typer.Argument(metavar="LEAD...", help="Keys of leads, as `explain` takes them.")],
    person: Annotated[
        bool, typer.Option("--person", help="Also every other lead with one of their mail addresses.")
    ] = False,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept, so it must not name them.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and stop.")] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Take people out of every file of the warehouse, for good.

    Raw, staged sources, features, scores, reasons and the store's own bytes; their keys stay as hashes, so that no file
    brings them back. It says what it cannot reach, and which models learned from them.
    """
    from leadmart.features.erasure.erase import erase as take_out
    from leadmart.features.erasure.erase import erased_text

    with progress_bar() as bar:
        done = take_out(
            project_at(project),
            leads,
            whole_person=person,
            dry_run=dry_run,
            reason=reason,
            patience=patience_of(wait),
            progress=bar.count,
        )
    emit(done.as_json(), as_json, erased_text(done))
