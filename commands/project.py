"""Setting a project up and bringing rows in: `init`, `eject`, `load`, `snapshot`."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from leadmart.commands.completion import offer_packaged, offer_tables
from leadmart.commands.console import (
    Json,
    ProjectDir,
    Wait,
    emit,
    patience_of,
    progress_bar,
    project_at,
)
from leadmart.commands.log import LogFormat
from leadmart.features.errors import LeadmartError

if TYPE_CHECKING:
    pass


def init(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    demo: Annotated[bool, typer.Option("--demo", help="Make a company up and load it.")] = False,
    leads: Annotated[int | None, typer.Option(help="With --demo: how many leads. Default 20000.")] = None,
    days: Annotated[int | None, typer.Option(help="With --demo: how many days of history. Default 540.")] = None,
    seed: Annotated[int | None, typer.Option(help="With --demo: same seed and end, same bytes; 1 if left out.")] = None,
    until: Annotated[str | None, typer.Option(metavar="D", help="With --demo: the day it ends; default today.")] = None,
    hold_back: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="With --demo: leave the last N days in FOLDER/incoming, to be loaded."),
    ] = None,
    crm: Annotated[
        Literal["hubspot", "salesforce", "plain"] | None, typer.Option(help="Where leads and deals come from.")
    ] = None,
    events: Annotated[
        Literal["segment", "rudderstack", "plain"] | None, typer.Option(help="Where page views and events come from.")
    ] = None,
    billing: Annotated[Literal["stripe", "plain"] | None, typer.Option(help="Where payments come from.")] = None,
    as_json: Json = False,
) -> None:
    """Write a project that runs as it stands.

    With --demo, a made-up company is loaded into it. With --crm, --events and --billing, it reads the tables of these
    systems as they are synced into a warehouse, with the views and gates that they feed.
    """
    from leadmart.features import scaffold
    from leadmart.features.clock import now, parse_moment
    from leadmart.features.stacks import PLAIN, Stack
    from leadmart.scoring.report import demo_text

    for name, system in (("--crm", crm), ("--events", events), ("--billing", billing)):
        if demo and system:
            raise typer.BadParameter(f"{name} does not go with --demo: the made-up company has tables of its own")
    if not demo:
        for name, given in (
            ("--leads", leads),
            ("--days", days),
            ("--seed", seed),
            ("--until", until),
            ("--hold-back", hold_back),
        ):
            if given is not None:
                raise typer.BadParameter(f"{name} goes with --demo")
        stack = Stack(crm or PLAIN, events, billing) if crm or events or billing else None
        scaffold.init(folder, stack)
        read = stack.tables(scaffold.SOURCES) if stack else ()
        first = read[0] if read else "leads"
        following = f"cd {shlex.quote(str(folder))}; leadmart load {first} {first}.csv; leadmart run"
        told = [f"{folder}/leadmart.toml is written."]
        told += [f"It reads raw.{', raw.'.join(read)}; one that is not loaded reads as empty."] if read else []
        document = {"project": str(folder), "tables": {}, "reads": list(read)}
        emit(document, as_json, "\n\n".join([*told, f"Next: {following}"]))
        return
    seed = 1 if seed is None else seed
    end = parse_moment(until) if until else now().replace(hour=0, minute=0, second=0, microsecond=0)
    with progress_bar() as bar:
        made, rows = scaffold.init_demo(folder, leads, days, seed, end, progress=bar.say, hold_back=hold_back or 0)
    document = {"project": str(folder), **asdict(made), "until": end.isoformat(), "tables": rows}
    emit(document, as_json, demo_text(document))


def eject(
    name: Annotated[
        str,
        typer.Argument(help="A packaged definition, reference table or suite.", autocompletion=offer_packaged),
    ],
    project: ProjectDir = None,
) -> None:
    """Copy a packaged definition or suite into the project.

    There it can be changed, and counts instead of the packaged one.
    """
    from leadmart.features.registry import eject as copy

    typer.echo(copy(project_at(project), name))


def load(
    table: Annotated[str, typer.Argument(help="The raw table.", autocompletion=offer_tables)],
    files: Annotated[list[Path], typer.Argument(help="CSV, Parquet or JSON lines files, or folders of them.")],
    replace: Annotated[bool, typer.Option("--replace", help="The files are the whole table from now on.")] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Bring files into a raw table, all of them or none.

    The same file twice is loaded once.
    """
    from leadmart.features import catalogue
    from leadmart.features.clock import iso, now
    from leadmart.features.plan import usable_selection
    from leadmart.features.raw.load import load as bring_in
    from leadmart.features.raw.tables import newest_load
    from leadmart.features.registry import Registry
    from leadmart.features.sources.remarks import filled_warnings, reader_warnings, remarks_on, volume_warnings
    from leadmart.features.warehouse import open_for_writing
    from leadmart.scoring.report import load_text

    found = project_at(project)
    with progress_bar() as bar, open_for_writing(found, "load", patience_of(wait)) as warehouse:
        registry = Registry(found)
        _refuse_busy_raw(warehouse)
        present = now()
        # a load is known from when it came, and it did not come before the one before it
        loaded_at = max(present, newest_load(warehouse) or present)
        batches = bring_in(warehouse, registry, table, files, loaded_at=loaded_at, replace=replace, progress=bar.say)
        try:
            remarks = remarks_on(warehouse, registry, table, bar.say) if any(b.is_new for b in batches) else []
        finally:  # what is loaded is published, also where a source does not run
            catalogue.publish(warehouse, registry, usable_selection(warehouse, registry))
        warnings = [words for remark in remarks for words in remark.words()]
        warnings += reader_warnings(registry, table)
        if erased := sum(b.erased for b in batches):
            warnings.insert(0, f"raw.{table}: {erased:,} rows of people who were erased were left out")
        if any(b.is_new and not b.is_back for b in batches):
            warnings = volume_warnings(warehouse, table) + warnings
        if loaded_at > present:
            words = f"the clock says {iso(present)}, before the newest load; this one counts as loaded at"
            warnings.insert(0, f"{words} {iso(loaded_at)} too")
        if any(b.is_new and not b.is_back for b in batches):
            warnings += filled_warnings(warehouse)
    document = {
        "table": table,
        "batches": [{"file": b.input_name, "rows": b.rows, "loaded": b.is_new} for b in batches],
        "rows": sum(b.rows for b in batches),
        "replaced": replace,
        "warnings": warnings,
        "sources": [asdict(remark) for remark in remarks],
    }
    for words in warnings:
        bar.warn(words)
    emit(document, as_json, load_text(document))


def snapshot(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables of [snapshot]; default: all of them.")] = None,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Take a table that arrives empty, or at half its size, as it is.")
    ] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Append change rows of the raw tables that are updated in place.

    One look a load since the last time; nothing is written where nothing changed. `run` does it too.
    """
    from leadmart.features import catalogue
    from leadmart.features.plan import usable_selection
    from leadmart.features.raw.snapshot import snapshot as look
    from leadmart.features.registry import Registry
    from leadmart.features.warehouse import open_for_writing
    from leadmart.scoring.report import snapshot_text

    found = project_at(project)
    with progress_bar() as bar, open_for_writing(found, "snapshot", patience_of(wait)) as warehouse:
        registry = Registry(found)
        _refuse_busy_raw(warehouse)
        try:
            looks = look(warehouse, tables or (), allow_shrink=allow_shrink, progress=bar.say)
        finally:
            catalogue.publish(warehouse, registry, usable_selection(warehouse, registry))
    document = [each.as_json() for each in looks]
    for each in looks:
        if each.unstamped:
            bar.warn(
                f"{each.table}: the values of {each.unstamped:,} rows changed and their stamp did not; they "
                'are not recorded (strategy = "check" would)'
            )
        if each.without_key:
            bar.warn(f"{each.table}: {each.without_key:,} rows have no key and are left out")
    emit(document, as_json, snapshot_text(document, sorted(found.settings.snapshot)))


def _refuse_busy_raw(warehouse: Any) -> None:
    """Before anything is written: what a loader holds just now is no reason to publish a catalogue without it."""
    from leadmart.features.raw.in_place import in_place

    try:
        in_place(warehouse)
    except LeadmartError as error:
        if error.code in ("raw_busy", "raw_changed"):
            raise
