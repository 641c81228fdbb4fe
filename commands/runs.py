"""What fills slices and scores, or would: `plan`, `run`, `backfill`, `restate`, `validate`, `features`, `verify`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from leadmart.commands.completion import offer_sources, offer_views
from leadmart.commands.console import (
    AsOf,
    Json,
    ProjectDir,
    Wait,
    emit,
    moment_of,
    patience_of,
    progress_bar,
    project_at,
    report_run,
    walk,
)
from leadmart.commands.log import LogFormat

if TYPE_CHECKING:
    from leadmart.features.plan import Selection
    from leadmart.features.registry import Registry
    from leadmart.features.warehouse import Warehouse


def plan(
    as_of: AsOf = None,
    impact: Annotated[
        bool,
        typer.Option("--impact", help="Score a sample of leads with what is pending, beside what is published."),
    ] = False,
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Leads that --impact scores; default 5,000.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print it as a comment for a pull request.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Return 4 when there is work.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Say what `run` would do.

    With --impact also what drafts and edited files would do to scores. Nothing is written.
    """
    if markdown and as_json:
        raise typer.BadParameter("one document at a time: leave --json out", param_hint="--markdown")
    if sample and not impact:
        raise typer.BadParameter("it is of --impact", param_hint="--sample")
    from leadmart.features.registry import Registry
    from leadmart.features.warehouse import open_for_reading
    from leadmart.scoring.plan_words import plan_markdown, plan_text
    from leadmart.scoring.planned import planned

    found = project_at(project)
    with open_for_reading(found) as warehouse:
        registry = Registry(found)
        expected = planned(warehouse, registry, moment_of(as_of), every_way=as_json)
        if impact:
            weighed = impact_asked(warehouse, registry, expected.selection, expected.moments[-1], sample)
            expected = replace(expected, impact=weighed)
    document, told = expected.as_json(), expected.told(with_changes=not markdown)
    emit(document, as_json, (plan_markdown if markdown else plan_text)(document, told, expected.refused))
    if exit_code and expected.has_work:
        raise typer.Exit(4)


def impact_asked(
    warehouse: Warehouse, registry: Registry, selection: Selection, as_of: datetime, sample: int | None
) -> dict[str, Any]:
    """The `impact` of a plan; its steps are told meanwhile."""
    from leadmart.scoring.impact.weigh import SAMPLE, impact_of

    with progress_bar() as bar:
        return impact_of(warehouse, registry, selection, as_of, sample or SAMPLE, bar.count).as_json()


def run(
    as_of: AsOf = None,
    hot: Annotated[
        bool,
        typer.Option("--hot", help="Score at the newest load, and only leads of whom something is newly known."),
    ] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Refresh features and scores, and publish what passes its suites.

    In this order: change rows of tables updated in place, quality of raw, features, their quality, scores, their
    quality, publish.
    """
    from leadmart.features.plan import newest_moment
    from leadmart.scoring.pipeline import HOT, RUN

    if hot and as_of:
        raise typer.BadParameter("a hot run scores at the newest load: leave --as-of out", param_hint="--hot")
    moment = moment_of(as_of)
    if hot:
        walk(project, "run --hot", lambda warehouse: [newest_moment(warehouse)], HOT, wait, as_json)
    else:
        walk(project, "run", [moment] if moment else None, RUN, wait, as_json)


def backfill(
    start: Annotated[str, typer.Option(metavar="D", help="First as_of, included.")],
    end: Annotated[str, typer.Option(metavar="D", help="End, not included.")],
    view: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Fill only this view, and score nothing.", autocompletion=offer_views),
    ] = None,
    scores: Annotated[
        bool,
        typer.Option("--scores", help="Compute no slice: score what is filled, and say how past scores came out."),
    ] = False,
    order: Annotated[
        Literal["oldest", "newest"],
        typer.Option("--order", help="Which as_of to begin with: the oldest, or the newest and so backwards."),
    ] = "oldest",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would do, its rows, bytes, time and disk, and stop.")
    ] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Fill missing slices of the past, and score them.

    The rows are those that single runs would have written, in either order. Killed, it goes on where it stood when it
    is given again.
    """
    from leadmart.features.clock import parse_moment
    from leadmart.features.plan import past_moments
    from leadmart.scoring.forecast import forecast
    from leadmart.scoring.pipeline import BACKFILL, BACKFILL_SCORES, execute

    if scores and view:
        raise typer.BadParameter("scores are made of all views: leave --view out", param_hint="--scores")
    found = project_at(project)
    first, last = parse_moment(start), parse_moment(end)
    newest_first = order == "newest"

    def moments(warehouse: Warehouse) -> list[datetime]:
        return past_moments(warehouse, first, last)

    expected = forecast(found, moments, view, newest_first=newest_first, scores_only=scores)
    if dry_run:
        emit(expected.as_json(), as_json, expected.words())
        return
    log = progress_bar(of_run=True, estimates=False)
    log.note(expected.words())
    expected.refuse_without_room(found)
    with log as bar:
        done = execute(
            found,
            "backfill",
            moments,
            stages=BACKFILL_SCORES if scores else BACKFILL,
            only=view,
            progress=bar.count,
            run_id=bar.run_id,
            patience=patience_of(wait),
            newest_first=newest_first,
        )
    report_run(done, as_json)


def restate(
    source: Annotated[
        str,
        typer.Option(metavar="NAME", help="The source whose rows have changed.", autocompletion=offer_sources),
    ],
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Compute stale slices anew, and the scores made of them.

    Stale are those whose rows of a source were rewritten or came late; `plan` names them. All are published at once.
    """
    from leadmart.scoring.restate import restatement

    walk(project, "restate", None, restatement(source), wait, as_json)


def validate(
    as_of: AsOf = None,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Run the suites alone; nothing is computed or published.

    On the sources, and on what is filled at the as_of.
    """
    from leadmart.scoring.pipeline import VALIDATE

    moment = moment_of(as_of)
    walk(project, "validate", [moment] if moment else None, VALIDATE, wait, as_json)


def features(
    spine: Annotated[Path, typer.Option(metavar="PAIRS", help="Parquet or CSV with the entity's key and as_of.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")],
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Features at any (entity, as_of) pairs, in their order."""
    from leadmart.features.pairs import features_for_pairs
    from leadmart.features.registry import Registry
    from leadmart.features.session import Session
    from leadmart.features.warehouse import open_for_reading

    found = project_at(project)
    with open_for_reading(found) as warehouse:
        rows = features_for_pairs(Session(warehouse, Registry(found)), spine, out)
    emit({"rows": rows, "file": str(out)}, as_json, f"{rows:,} rows in {out}")


def verify(
    as_of: AsOf = None,
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only N leads, and the raw rows that are theirs.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Draws the leads, and what happens to which row.")] = 0,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Alter raw rows known only after as_of, and say what notices.

    Features, gates and scores must not. Exit code 1 names the column, and one lead with both values.
    """
    from leadmart.scoring.verify import refuse_leaks, verify_text
    from leadmart.scoring.verify import verify as verified

    found, registry = verified(project_at(project), moment_of(as_of), sample, seed)
    refuse_leaks(found, registry)
    document = found.as_json()
    emit(document, as_json, verify_text(found, document))
