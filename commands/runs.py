"""What fills slices and scores, or would: `plan`, `run`, `backfill`, `restate`, `validate`, `features`, `verify`."""

from __future__ import annotations

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
    from leadmart.expectations.suite import suites
    from leadmart.features.costs import added_up, expected_costs, past_costs
    from leadmart.features.errors import all_as_one
    from leadmart.features.materialize import changed_since_published
    from leadmart.features.model_columns import width_words
    from leadmart.features.onepass.way import way_words, ways_of
    from leadmart.features.plan import default_as_of, missing_slices, select
    from leadmart.features.registry import Registry
    from leadmart.features.session import Session
    from leadmart.features.sources.assumed import assumed_arrivals
    from leadmart.features.sources.bound import unbound
    from leadmart.features.sources.missing import missing_sources
    from leadmart.features.sources.staging import present_sources
    from leadmart.features.stale import stale_slices, stale_words
    from leadmart.features.unknown import unknown_columns, unknown_words
    from leadmart.features.waivers import waivers_of
    from leadmart.features.warehouse import open_for_reading
    from leadmart.scoring.forecast import rules_change, scores_due
    from leadmart.scoring.plan_words import plan_markdown, plan_text
    from leadmart.scoring.release.pending import release_of
    from leadmart.scoring.scorer import label_of
    from leadmart.scoring.tables import refuse_bad_tables

    found = project_at(project)
    with open_for_reading(found) as warehouse:
        registry = Registry(found)
        moments = [moment_of(as_of) or default_as_of(warehouse)]
        present = present_sources(warehouse, registry)
        refuse_bad_tables(registry)
        selection = select(registry, present)
        if changed := changed_since_published(warehouse, registry, selection.definitions):
            raise all_as_one(changed)
        suites(found.root)
        missing = missing_slices(warehouse, selection, moments)
        session = Session(warehouse, registry)
        session.want(moments)
        if error := unbound(session, [*selection.definitions, label_of(registry)]):
            from leadmart.scoring.release.raw import lost_columns_or  # it parses, and most plans need not

            raise lost_columns_or(error, warehouse, registry)
        session.prepare(selection.views)
        unknown = unknown_columns(session, selection)
        stale = stale_slices(session, selection)
        assumed = assumed_arrivals(warehouse, registry, registry.sources_of(selection.definitions), present)
        release = release_of(session, selection)
        due = moments if release.outdated else scores_due(warehouse, registry, selection, moments)
        rules = rules_change(warehouse, registry, selection, moments[-1])
        absent = missing_sources(warehouse, registry, selection.definitions, present)
        costs = expected_costs(warehouse, missing)
        past = past_costs(warehouse, [change.view for change in release.changes], missing)
        weighed = impact_asked(warehouse, registry, selection, moments[-1], sample) if impact else None
    # parsing costs, and where nothing is to be computed only a document tells the ways
    ways = ways_of(selection.definitions) if missing or as_json else []
    way = {each["view"]: each["way"] for each in ways}
    document = {
        "as_of": [m.isoformat() for m in moments],
        "slices": [
            {
                "view": s.definition.relation,
                "as_of": s.as_of.isoformat(),
                "way": way.get(s.definition.relation, "as written"),
                **(cost.as_json() if cost else dict.fromkeys(("rows", "bytes", "seconds"))),
            }
            for s, cost in zip(missing, costs, strict=True)
        ],
        "ways": ways,
        "costs": added_up(costs).as_json(),
        "backfills": [each.as_json() for each in past],
        "scores": [m.isoformat() for m in due],
        **release.as_json(),
        "feature_set_version": selection.feature_set_version,
        "rules": rules.as_json(),
        "absent_sources": [each.source for each in absent],
        "missing": [each.as_json() for each in absent],
        "waived": [waiver.as_json() for waiver in waivers_of(registry, selection.definitions)],
        "unknown": [{"column": u.column, "sources": list(u.sources)} for u in unknown],
        "assumed": [each.as_json() for each in assumed],
        "notes": width_words(selection),
        "stale": [
            {
                "view": s.slice.definition.relation,
                "as_of": s.slice.as_of.isoformat(),
                "source": s.source,
                "rows_then": s.rows_then,
                "rows_now": s.rows_now,
            }
            for s in stale
        ],
    }
    refused = release.outdated.words if release.outdated else None
    told = [
        *rules.words(trained_first=refused is not None),
        *width_words(selection),
        *unknown_words(unknown),
        *(each.words for each in assumed),
    ]
    told += stale_words(stale)
    told += [*release.words(with_changes=not markdown), *(way_words(ways) if missing else [])]
    if weighed is not None:
        document["impact"] = weighed
    emit(document, as_json, (plan_markdown if markdown else plan_text)(document, told, refused))
    if exit_code and (missing or due):
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
    from leadmart.scoring.pipeline import HOT, RUN, execute

    if hot and as_of:
        raise typer.BadParameter("a hot run scores at the newest load: leave --as-of out", param_hint="--hot")
    moment = moment_of(as_of)
    with progress_bar(of_run=True) as bar:
        done = execute(
            project_at(project),
            "run --hot" if hot else "run",
            (lambda warehouse: [newest_moment(warehouse)]) if hot else [moment] if moment else None,
            stages=HOT if hot else RUN,
            progress=bar.count,
            run_id=bar.run_id,
            patience=patience_of(wait),
        )
    report_run(done, as_json)


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
    from leadmart.scoring.pipeline import execute
    from leadmart.scoring.restate import restatement

    with progress_bar(of_run=True) as bar:
        done = execute(
            project_at(project),
            "restate",
            None,
            stages=restatement(source),
            progress=bar.count,
            run_id=bar.run_id,
            patience=patience_of(wait),
        )
    report_run(done, as_json)


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
    from leadmart.scoring.pipeline import VALIDATE, execute

    moment = moment_of(as_of)
    with progress_bar(of_run=True) as bar:
        done = execute(
            project_at(project),
            "validate",
            [moment] if moment else None,
            stages=VALIDATE,
            progress=bar.count,
            run_id=bar.run_id,
            patience=patience_of(wait),
        )
    report_run(done, as_json)


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
