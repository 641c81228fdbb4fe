"""A change on its way to the people who read its columns: `publish`."""

from __future__ import annotations

from typing import Annotated

import typer

from leadmart.commands.completion import offer_definitions
from leadmart.commands.console import Json, ProjectDir, Wait, emit, patience_of, project_at


def publish(
    name: Annotated[
        str,
        typer.Argument(help="A view, link or gate: name, or features/name.", autocompletion=offer_definitions),
    ],
    anyway: Annotated[bool, typer.Option("--anyway", help="Also where every column is proven to be the same.")] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Make a draft the next version.

    sql/features/NAME/draft.sql is proven, becomes v<N+1>.sql there, and never changes again. leadmart.toml stays as it
    is: what it names is in use.
    """
    from leadmart.scoring.release.publish import publish as made

    done = made(project_at(project), name, anyway=anyway, patience=patience_of(wait))
    emit(done.as_json(), as_json, done.words())
