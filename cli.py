"""The command line `leadmart`: which commands there are, and how their errors end."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from leadmart import __version__
from leadmart.commands import auditing, definitions, house, looking, model, project, runs
from leadmart.features.errors import LeadmartError

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


for panel, commands in (
    ("Project", (project.init, project.eject, project.load, project.snapshot, auditing.audit)),
    ("Definitions", (definitions.check, definitions.render)),
    ("Runs", (runs.plan, runs.run, runs.backfill, runs.restate, runs.validate, runs.verify, runs.features)),
    ("Model", (model.train, model.models, model.score)),
    ("Looking", (looking.show, looking.explain, looking.sql)),
    ("Keeping house", (house.status, house.doctor, house.prune)),
):
    for command in commands:
        app.command(rich_help_panel=panel)(command)


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
    except RuntimeError as error:
        if str(error) != "Query interrupted":  # how DuckDB passes a Ctrl-C on
            raise
        code = 130
    if code == 130:  # typer makes an exit of Ctrl-C
        typer.echo("stopped; what was published stays, the next run goes on from there", err=True)
    sys.stdout.flush()
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
