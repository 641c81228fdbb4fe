"""What leaves for other systems, and what comes back of it: `export`, `settle`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadmart.commands.console import Json, ProjectDir, Wait, emit, patience_of, project_at


def export(
    what: Annotated[str, typer.Argument(help="scores, or outbox: what waits to be delivered")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The .csv or .parquet file to write.")],
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Write scores or the outbox to a file.

    Also while a run is on.
    """
    from leadmart.scoring.export import export as write

    if what not in ("scores", "outbox"):
        raise typer.BadParameter("scores or outbox", param_hint="WHAT")
    rows = write(project_at(project), "scores" if what == "scores" else "outbox", to)
    emit({"rows": rows, "file": str(to)}, as_json, f"{rows:,} rows in {to}")


def settle(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet: dedupe_key, status, error.")],
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Take in what became of the outbox's deliveries.

    Each row is one attempt, sent or failed; what was sent is exported no more.
    """
    from leadmart.scoring.outbox import settle as take_in
    from leadmart.scoring.outbox import settled_text

    document = take_in(project_at(project), file, patience_of(wait)).as_json()
    emit(document, as_json, settled_text(document))
