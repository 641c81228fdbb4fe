"""The command line: arguments in, data on stdout, talk on stderr. What each command does stands in its room."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadmart import __version__
from leadmart.features.errors import LeadmartError

if TYPE_CHECKING:
    from leadmart.features.project import Project
    from leadmart.features.registry import Registry

app = typer.Typer(
    name="leadmart",
    help=(
        "Who is ready for sales now, why, and how sure are we: features, quality and lead scores from your warehouse "
        "tables."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ProjectDir = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="The project's folder; without it, found upward from here."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="Date or timestamp, UTC; without it, the latest due by the newest load."),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"leadmart {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command(rich_help_panel="Project")
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    demo: Annotated[bool, typer.Option("--demo", help="Make a company up and load it.")] = False,
    leads: Annotated[int | None, typer.Option(help="With --demo: how many leads. Default 20000.")] = None,
    days: Annotated[int | None, typer.Option(help="With --demo: how many days of history. Default 540.")] = None,
    seed: Annotated[int | None, typer.Option(help="With --demo: same seed and end, same bytes; 1 if left out.")] = None,
    until: Annotated[str | None, typer.Option(metavar="D", help="With --demo: the day it ends; default today.")] = None,
    as_json: Json = False,
) -> None:
    """Write a project that runs as it stands; with --demo, with a made-up company loaded."""
    from leadmart.features import scaffold
    from leadmart.features.clock import now, parse_moment
    from leadmart.scoring.report import demo_text

    if not demo:
        for name, given in (("--leads", leads), ("--days", days), ("--seed", seed), ("--until", until)):
            if given is not None:
                raise typer.BadParameter(f"{name} goes with --demo")
        scaffold.init(folder)
        _emit(
            {"project": str(folder), "tables": {}}, as_json,
            f"{folder}/leadmart.toml is written.\n\nNext: cd {folder}; leadmart load leads leads.csv; leadmart run",
        )  # fmt: skip
        return
    seed = 1 if seed is None else seed
    end = parse_moment(until) if until else now().replace(hour=0, minute=0, second=0, microsecond=0)
    with _bar() as bar:
        made, rows = scaffold.init_demo(folder, leads, days, seed, end, progress=bar.say)
    document = {"project": str(folder), **asdict(made), "until": end.isoformat(), "tables": rows}
    _emit(document, as_json, demo_text(document))


@app.command(rich_help_panel="Project")
def eject(
    name: Annotated[str, typer.Argument(help="A packaged definition, reference table or suite.")],
    project: ProjectDir = None,
) -> None:
    """Copy a packaged definition or suite into the project, to change it."""
    from leadmart.features.registry import eject as copy

    typer.echo(copy(_project(project), name))


@app.command(rich_help_panel="Rows in")
def load(
    table: Annotated[str, typer.Argument(help="The raw table.")],
    files: Annotated[list[Path], typer.Argument(help="CSV, Parquet or JSON lines files, or folders of them.")],
    replace: Annotated[bool, typer.Option("--replace", help="The files are the whole table from now on.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Bring files into a raw table; all of them or none, and the same file twice only once."""
    from leadmart.features import catalogue, raw
    from leadmart.features.clock import now
    from leadmart.features.registry import Registry
    from leadmart.features.staging import remarks_on
    from leadmart.features.warehouse import open_for_writing
    from leadmart.scoring.report import load_text

    found = _project(project)
    with _bar() as bar, open_for_writing(found) as warehouse:
        registry = Registry(found)
        batches = raw.load(warehouse, registry, table, files, loaded_at=now(), replace=replace, progress=bar.say)
        catalogue.publish(warehouse, registry, _selection(registry, warehouse))
        remarks = remarks_on(warehouse, registry, table) if any(b.is_new for b in batches) else []
    document = {
        "table": table,
        "batches": [{"file": b.input_name, "rows": b.rows, "loaded": b.is_new} for b in batches],
        "rows": sum(b.rows for b in batches),
        "sources": [asdict(remark) for remark in remarks],
    }
    for words in (words for remark in remarks for words in remark.words()):
        typer.echo(f"warning: {words}", err=True)
    _emit(document, as_json, load_text(document))


@app.command(rich_help_panel="Definitions")
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files to check as if they stood in the project; default: every definition."),
    ] = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Prove every definition before anything runs."""
    from leadmart.features.checking import check_files, check_project

    found = _project(project)
    problems, count = check_files(found, files) if files else check_project(found)
    if as_json:
        typer.echo(json.dumps([p.as_finding() for p in problems], indent=2))
    else:
        for problem in problems:
            typer.echo(problem.error.render() + "\n")
        typer.echo(f"{count} definitions, {len(problems)} problems" if problems else f"{count} definitions, all proven")
    if problems:
        raise typer.Exit(1)


@app.command(rich_help_panel="Definitions")
def render(
    name: Annotated[str, typer.Argument(help="A definition: name, or name@vN.")],
    preamble: Annotated[
        bool, typer.Option("--preamble", help="Print the CREATE VIEW lines to paste before it.")
    ] = False,
    executed: Annotated[bool, typer.Option("--executed", help="Print only the SQL that is executed.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Print the SQL to paste, and the SQL that is executed."""
    from leadmart.features.inline import executed_sql
    from leadmart.features.registry import Registry
    from leadmart.features.render import preamble_sql

    found = _project(project)
    registry = Registry(found)
    definition = registry.find(name)
    document = {"name": definition.ref, "pasted": definition.text, "executed": executed_sql(definition)}
    if preamble:
        document["preamble"] = preamble_sql(found, registry, definition)
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    elif executed:
        typer.echo(document["executed"])
    else:
        parts = [document["preamble"] + "\n"] if preamble else []
        parts += (
            [document["pasted"].rstrip() + "\n"]
            if preamble
            else [f"-- pasted\n{document['pasted']}", f"-- executed\n{document['executed']}"]
        )
        typer.echo("\n".join(parts))


@app.command(rich_help_panel="Runs")
def plan(
    as_of: AsOf = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Return 4 when there is work.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Say what `run` would do."""
    from leadmart.features.plan import default_as_of, missing_slices, select
    from leadmart.features.registry import Registry
    from leadmart.features.staging import present_sources
    from leadmart.features.warehouse import open_for_reading
    from leadmart.scoring.report import plan_text

    found = _project(project)
    with open_for_reading(found) as warehouse:
        registry = Registry(found)
        moments = [_moment(as_of) or default_as_of(warehouse)]
        present = present_sources(warehouse, registry)
        selection = select(registry, present)
        missing = missing_slices(warehouse, selection, moments)
    absent = sorted(set(registry.sources_of(selection.definitions)) - present)
    document = {
        "as_of": [m.isoformat() for m in moments],
        "slices": [{"view": s.definition.relation, "as_of": s.as_of.isoformat(), "way": "as written"} for s in missing],
        "changes": [],
        "feature_set_version": selection.feature_set_version,
        "absent_sources": absent,
    }
    _emit(document, as_json, plan_text(document))
    if exit_code and missing:
        raise typer.Exit(4)


@app.command(rich_help_panel="Runs")
def run(as_of: AsOf = None, project: ProjectDir = None, as_json: Json = False) -> None:
    """The scheduled refresh: quality of raw, features, their quality, scores, their quality, publish."""
    from leadmart.scoring.pipeline import execute

    moment = _moment(as_of)
    with _bar() as bar:
        done = execute(_project(project), "run", [moment] if moment else None, progress=bar.count)
    _report_run(done, as_json)


@app.command(rich_help_panel="Runs")
def backfill(
    start: Annotated[str, typer.Option(metavar="D", help="First as_of, included.")],
    end: Annotated[str, typer.Option(metavar="D", help="End, not included.")],
    view: Annotated[str | None, typer.Option(metavar="NAME", help="Fill only this view, and score nothing.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and stop.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Fill missing slices of the past, and score them; the same rows as single runs."""
    from leadmart.features.clock import parse_moment
    from leadmart.features.plan import past_moments
    from leadmart.scoring.forecast import forecast
    from leadmart.scoring.pipeline import execute

    found = _project(project)
    first, last = parse_moment(start), parse_moment(end)
    expected = forecast(found, lambda warehouse: past_moments(warehouse, first, last), view)
    if dry_run:
        _emit(expected.as_json(), as_json, expected.words())
        return
    typer.echo(expected.words(), err=True)
    with _bar() as bar:
        done = execute(
            found, "backfill", lambda warehouse: past_moments(warehouse, first, last), only=view, progress=bar.count
        )
    _report_run(done, as_json)


@app.command(rich_help_panel="Runs")
def validate(as_of: AsOf = None, project: ProjectDir = None, as_json: Json = False) -> None:
    """Run the suites alone: sources, and what is filled at an as_of; nothing is computed or published."""
    from leadmart.scoring.pipeline import VALIDATE, execute

    moment = _moment(as_of)
    with _bar() as bar:
        done = execute(_project(project), "validate", [moment] if moment else None, stages=VALIDATE, progress=bar.count)
    _report_run(done, as_json)


@app.command(rich_help_panel="Runs")
def features(
    spine: Annotated[Path, typer.Option(metavar="PAIRS", help="Parquet or CSV with the entity's key and as_of.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")],
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Features at any (entity, as_of) pairs, in their order."""
    from leadmart.features.lookup import features_for_pairs
    from leadmart.features.registry import Registry
    from leadmart.features.session import Session
    from leadmart.features.warehouse import open_for_reading

    found = _project(project)
    with open_for_reading(found) as warehouse:
        rows = features_for_pairs(Session(warehouse, Registry(found)), spine, out)
    _emit({"rows": rows, "file": str(out)}, as_json, f"{rows:,} rows in {out}")


@app.command(rich_help_panel="Model")
def train(project: ProjectDir = None, as_json: Json = False) -> None:
    """Learn from past landmarks and their outcomes; too few outcomes keep the rules."""
    from leadmart.scoring.report import training_text
    from leadmart.scoring.training import train as learn

    with _bar() as bar:
        trained = learn(_project(project), bar.say)
    _emit(trained.as_json(), as_json, training_text(trained))


@app.command(rich_help_panel="Model")
def models(project: ProjectDir = None, as_json: Json = False) -> None:
    """Every trained model with its figures."""
    from leadmart.features.warehouse import open_for_reading
    from leadmart.scoring.report import models_text
    from leadmart.scoring.training import models as kept

    with open_for_reading(_project(project)) as warehouse:
        found = kept(warehouse)
    _emit(found, as_json, models_text(found))


@app.command(rich_help_panel="Model")
def score(as_of: AsOf = None, project: ProjectDir = None, as_json: Json = False) -> None:
    """Score what is filled at an as_of, without computing features."""
    from leadmart.scoring.pipeline import SCORE, execute

    moment = _moment(as_of)
    with _bar() as bar:
        done = execute(_project(project), "score", [moment] if moment else None, stages=SCORE, progress=bar.count)
    _report_run(done, as_json)


@app.command(rich_help_panel="Looking")
def show(
    what: Annotated[str, typer.Argument(help="scores, features, runs, verdicts, or view")],
    name: Annotated[str | None, typer.Argument(help="With view: which one, such as web_engagement@v1.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many rows.")] = 20,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Look at scores, features, runs, verdicts or a published view; also while a run is on."""
    from leadmart.scoring.looking import show as look

    _print_rows(look(_project(project), what, name, limit), as_json)


@app.command(rich_help_panel="Looking")
def explain(
    lead: Annotated[str, typer.Argument(help="The lead's id.")],
    as_of: AsOf = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Why a lead has its score: gates, points, probability, boost, reasons with their values."""
    from leadmart.scoring.explain import explain as assess
    from leadmart.scoring.report import assessment_text

    found = assess(_project(project), lead, _moment(as_of))
    _emit(found, as_json, assessment_text(found))


@app.command(rich_help_panel="Looking")
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over features.*, scores.*, meta.*")],
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Run one SELECT on the published catalogue."""
    from leadmart.scoring.looking import query as ask

    _print_rows(ask(_project(project), query), as_json)


def main() -> None:
    """The command `leadmart`: runs the application and turns named errors into one shape and their exit code."""
    # typer carries its own copy of click; its base of usage errors has no public name
    usage_error: Any = typer.BadParameter.__mro__[2]
    as_json = "--json" in sys.argv
    try:
        code = app(standalone_mode=False)
    except LeadmartError as error:
        if as_json:
            typer.echo(json.dumps({"error": error.as_json()}, indent=2))
        else:
            typer.echo(error.render(), err=True)
        code = error.exit_code
    except typer.Exit as stop:
        code = stop.exit_code
    except usage_error as usage:
        usage.show()
        code = usage.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    if code == 130:  # typer makes an exit of Ctrl-C
        typer.echo("stopped; what was published stays, the next run goes on from there", err=True)
    sys.stdout.flush()
    sys.exit(code if isinstance(code, int) else 0)


def _project(folder: Path | None) -> Project:
    from leadmart.features.project import find_project

    return find_project(folder)


def _moment(text: str | None) -> datetime | None:
    from leadmart.features.clock import parse_moment

    return parse_moment(text) if text else None


def _selection(registry: Registry, warehouse: Any) -> Any:
    """The project's selection for the catalogue; None while a definition is refused, which `check` and `run` say."""
    from leadmart.features.plan import select
    from leadmart.features.staging import present_sources

    try:
        return select(registry, present_sources(warehouse, registry))
    except LeadmartError:
        return None


def _report_run(done: Any, as_json: bool) -> None:
    from leadmart.scoring.report import run_text

    _emit(done.as_json(), as_json, run_text(done))
    if done.status == "blocked":
        raise typer.Exit(3)


def _emit(document: object, as_json: bool, words: str) -> None:
    typer.echo(json.dumps(document, indent=2, default=str) if as_json else words)


def _print_rows(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    from leadmart.scoring.report import table_text

    typer.echo(json.dumps(rows, indent=2, default=str) if as_json else table_text(rows))


def _bar() -> Any:
    from leadmart.features.progress import Bar

    return Bar()


if __name__ == "__main__":
    main()
