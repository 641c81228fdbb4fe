"""Keeping house: `status`, `doctor`, `prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from leadmart.commands.console import Json, ProjectDir, emit, progress_bar, project_at


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
    as_json: Json = False,
) -> None:
    """Remove what [retention] in leadmart.toml no longer keeps.

    Slices and their files; never raw, and scores only where `scores` is not "forever".
    """
    from leadmart.features.house.prune import prune as let_go
    from leadmart.features.house.prune import pruned_text

    with progress_bar() as bar:
        done = let_go(project_at(project), dry_run=dry_run, progress=bar.say)
    emit(done.as_json(), as_json, pruned_text(done))


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of every file.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Hold the warehouse against its records.

    Exit code 1 while something is wrong. --fix deletes no only copy: what is in the way goes to warehouse/aside.
    """
    from leadmart.features.house.doctor import doctor as examined
    from leadmart.features.house.doctor import doctor_text

    with progress_bar() as bar:
        found = examined(project_at(project), fix=fix, deep=deep, progress=bar.say)
    emit([each.as_json() for each in found], as_json, doctor_text(found))
    if not all(each.is_fixed for each in found):
        raise typer.Exit(1)
