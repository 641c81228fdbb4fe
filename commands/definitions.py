"""Definitions before anything runs: `check`, `render`, `diff`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from leadmart.commands.completion import offer_definitions
from leadmart.commands.console import (
    Json,
    ProjectDir,
    counted,
    project_at,
    project_if_any,
)


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files to check as if they stood in the project; default: every definition."),
    ] = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Prove every definition before anything runs.

    And look through the tables that people edit.
    """
    from leadmart.features.checking import Finding, check_files, check_project
    from leadmart.features.project import SETTINGS_FILE
    from leadmart.features.registry import Registry
    from leadmart.scoring.champion import unknown_in_tables
    from leadmart.scoring.tables import table_problems

    found = project_at(project)
    problems, count = check_files(found, files) if files else check_project(found)
    if not files:
        from leadmart.scoring.release.raw import lost_raw_columns

        problems += lost_raw_columns(found)
        of_tables = [*table_problems(Registry(found)), *unknown_in_tables(Registry(found))]
        problems += [Finding(e.place.file if e.place else str(found.root / SETTINGS_FILE), e) for e in of_tables]
    if as_json:
        typer.echo(json.dumps([p.as_finding() for p in problems], indent=2))
    else:
        for problem in problems:
            typer.echo(problem.error.render() + "\n")
        proven = counted(len(problems), "problem") if problems else "all proven" if count > 1 else "proven"
        typer.echo(f"{counted(count, 'definition')}, {proven}")
    if problems:
        raise typer.Exit(1)


def render(
    name: Annotated[str, typer.Argument(help="A definition: name, or name@vN.", autocompletion=offer_definitions)],
    preamble: Annotated[
        bool, typer.Option("--preamble", help="Print the CREATE VIEW lines to paste before it.")
    ] = False,
    executed: Annotated[bool, typer.Option("--executed", help="Print only the SQL that is executed.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Print the SQL to paste, and the SQL that is executed."""
    from leadmart.features.registry import Registry
    from leadmart.features.render import executed_text, preamble_sql, to_paste

    found = project_at(project)
    registry = Registry(found)
    definition = registry.find(name)
    document = {"name": definition.ref, "pasted": definition.text, "executed": executed_text(definition, registry)}
    if preamble:
        document["preamble"] = preamble_sql(found, registry, definition)
        document["to_paste"] = to_paste(definition, registry)
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    elif executed:
        typer.echo(document["executed"])
    else:
        parts = [document["preamble"] + "\n"] if preamble else []
        parts += (
            [document["to_paste"] + "\n"]
            if preamble
            else [f"-- pasted\n{document['pasted']}", f"-- executed\n{document['executed']}"]
        )
        typer.echo("\n".join(parts))


def diff(
    before: Annotated[
        str,
        typer.Argument(metavar="BEFORE", help="A file, or a definition: name@v1.", autocompletion=offer_definitions),
    ],
    after: Annotated[
        str, typer.Argument(metavar="AFTER", help="What took its place.", autocompletion=offer_definitions)
    ],
    no_sample: Annotated[bool, typer.Option("--no-sample", help="Run neither text on the project's rows.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Say which columns of two SELECTs mean the same, and why."""
    from leadmart.features.equivalence.compare import compared, side_of
    from leadmart.features.equivalence.words import diff_text

    found = project_if_any(project)
    sides = side_of(before, found), side_of(after, found)
    verdict = compared(*sides, found)
    sample = None
    if found is not None and found.catalogue.is_file() and not no_sample:
        from leadmart.features.equivalence.sample import sampled

        sample = sampled(found, *sides, verdict)
    if as_json:
        document: dict[str, object] = {"columns": {name: change.as_json() for name, change in verdict.items()}}
        if sample is not None:
            document["sample"] = sample.as_json(verdict)
        typer.echo(json.dumps(document, indent=2))
    else:
        typer.echo(diff_text(verdict, sample))
