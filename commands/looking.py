"""Looking, read-only, also while a run is on: `show`, `explain`, `brief`, `sql`."""

from __future__ import annotations

from typing import Annotated

import typer

from leadmart.commands.completion import offer_shown, offer_views
from leadmart.commands.console import (
    AsOf,
    Json,
    ProjectDir,
    emit,
    moment_of,
    print_rows,
    project_at,
)


def show(
    what: Annotated[
        str, typer.Argument(help="scores, fit, features, runs, verdicts, or view", autocompletion=offer_shown)
    ],
    name: Annotated[
        str | None,
        typer.Argument(help="With view: which one, such as web_engagement@v1.", autocompletion=offer_views),
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many rows.")] = 20,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Look at scores, fit, features, runs, verdicts or a view.

    Also while a run is on.
    """
    from leadmart.scoring.looking import show as look

    print_rows(look(project_at(project), what, name, limit), as_json)


def explain(
    lead: Annotated[str, typer.Argument(help="The lead's id.")],
    as_of: AsOf = None,
    shown_on: Annotated[
        str | None,
        typer.Option("--shown-on", metavar="D", help="The score that people saw when that day ended, UTC."),
    ] = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Say why a lead has its score.

    Gates, probability, points, boost; what speaks for it and against, with the values; what would change its tier.
    """
    from leadmart.scoring.explain import explain as assess
    from leadmart.scoring.explanation import assessment_text

    if as_of and shown_on:
        raise typer.BadParameter("a day has one score that was shown: leave --as-of out", param_hint="--shown-on")
    day = moment_of(shown_on)
    found = assess(project_at(project), lead, moment_of(as_of), shown_on=day.date() if day else None)
    emit(found, as_json, assessment_text(found))


def brief(
    lead: Annotated[str, typer.Argument(help="The lead's id.")],
    as_of: AsOf = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Say what sales has to know of a lead.

    Its urgency and playbook, who has it, what speaks for it, what to speak of, and who else of its company is there.
    """
    from leadmart.scoring.decisions.brief import brief as write
    from leadmart.scoring.decisions.brief import brief_text

    found = write(project_at(project), lead, moment_of(as_of))
    emit(found, as_json, brief_text(found))


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over features.*, scores.*, meta.*")],
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Run one SELECT on the published catalogue."""
    from leadmart.scoring.looking import query as ask

    print_rows(ask(project_at(project), query), as_json)
