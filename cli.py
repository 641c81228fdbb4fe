"""The command line `leadmart`: which commands there are, and how their errors end."""

from __future__ import annotations

import functools
import gc
import json
import os
import sys
import traceback
from typing import Annotated, Any

import typer

from leadmart import __version__
from leadmart.commands import auditing, definitions, house, looking, model, outward, project, releasing, runs
from leadmart.commands.console import damage_to_tell
from leadmart.commands.log import Log, open_log
from leadmart.features.errors import LeadmartError
from leadmart.features.failures import failure

app = typer.Typer(
    name="leadmart",
    help=(
        "Who is ready for sales now, why, and how sure are we: features, quality and lead scores from your warehouse "
        "tables."
    ),
    no_args_is_help=True,
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
    ("Definitions", (definitions.check, definitions.render, definitions.diff, releasing.publish)),
    ("Runs", (runs.plan, runs.run, runs.backfill, runs.restate, runs.validate, runs.verify, runs.features)),
    ("Model", (model.train, model.models, model.compare, model.promote, model.rollback, model.score, model.tune)),
    ("Looking", (looking.show, looking.explain, looking.brief, looking.sql)),
    ("Handing on", (outward.export, outward.settle)),
    ("Keeping house", (house.status, house.doctor, house.prune, house.erase)),
):
    for command in commands:
        app.command(rich_help_panel=panel)(command)


@functools.cache
def command_line() -> Any:
    """What typer makes of the application; it makes it anew whenever the application is called."""
    return typer.main.get_command(app)


def main() -> None:
    """The command `leadmart`: runs the application and turns named errors into one shape and their exit code."""
    # typer carries its own copy of click; its base of usage errors has no public name
    usage_error: Any = typer.BadParameter.__mro__[2]
    gc.set_threshold(100_000, 20, 50)  # imports make objects that stay: Python would look through them 600 times a run
    as_json = "--json" in sys.argv
    log = open_log(sys.argv[1:], os.environ)
    try:
        with log.hearing_others():
            code = command_line()(prog_name="leadmart", standalone_mode=False)
    except LeadmartError as error:
        # a definition that does not run may be one whose rows cannot be read
        code = _told(damage_to_tell(error.__context__) or error, log, as_json)
    except typer.Exit as stop:
        code = stop.exit_code
    except usage_error as usage:
        if log.format:
            log.line("error", usage.format_message(), code="usage")
        else:
            usage.show()
        code = usage.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except Exception as error:
        if str(error) == "Query interrupted":  # how DuckDB passes a Ctrl-C on
            code = 130
        elif named := failure(error) or damage_to_tell(error):
            code = _told(named, log, as_json)
        else:
            code = _crashed(log, error)
    if code == 130:  # typer makes an exit of Ctrl-C
        log.note("stopped; what was published stays, the next run goes on from there")
    code = code if isinstance(code, int) else 0
    log.end(code)
    sys.stdout.flush()
    sys.exit(code)


def _crashed(log: Log, error: Exception) -> int:
    """An error that has no name: in the log where there is one, and otherwise as Python prints it."""
    if log.format is None:
        raise error
    log.line("error", f"{type(error).__name__}: {error}", code="unexpected", traceback=traceback.format_exc())
    return 1


def _told(error: LeadmartError, log: Log, as_json: bool) -> int:
    """Prints an error in its one shape; its exit code."""
    if as_json:
        typer.echo(json.dumps({"error": error.as_json()}, indent=2))
    if log.format or not as_json:
        log.fail(error)
    return error.exit_code


if __name__ == "__main__":
    main()
