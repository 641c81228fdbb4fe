"""Looking at raw tables before a line of SQL is written: `audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadmart.commands.console import Json, ProjectDir, emit, progress_bar, project_at

if TYPE_CHECKING:
    from leadmart.features.audit.inventory import Audit


def audit(
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TABLE or FILE]...", help="Raw tables, or files and folders; all tables if left out."),
    ] = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Tell of raw tables or files which columns are known when.

    Rows, duplicates, gaps, clocks, and which columns smell of the outcome. Files need no project.
    """
    from leadmart.features.audit.inventory import audit_files, audit_project
    from leadmart.features.clock import now

    names = tables or []
    paths = [Path(name) for name in names if _is_file(name)]
    rest = [name for name in names if not _is_file(name)]
    with progress_bar() as bar:
        found = audit_files(paths, now(), bar.say) if paths else []
        if rest or not names:
            found += audit_project(project_at(project), rest, now(), bar.say)
    emit([each.as_json() for each in found], as_json, "\n\n".join(map(audit_text, found)) or "no raw table is loaded")


def audit_text(audit: Audit) -> str:
    """One table's inventory as people read it, the suspects first."""
    from leadmart.features.audit.inventory import suspects_first
    from leadmart.scoring.report import table_text

    suspects = sum(column.leak for column in audit.columns)
    lines = [
        f"{audit.table}: {audit.rows:,} rows, {len(audit.columns)} columns, {suspects} of them suspect, "
        f"{audit.duplicates:,} duplicate rows"
    ]
    if audit.key:
        odd = [(audit.key.duplicates, "repeated"), (audit.key.missing, "missing")]
        told = ", ".join(f"{count:,} {word}" for count, word in odd if count)
        lines.append(f"  likely key  {', '.join(audit.key.columns)}{f' ({told})' if told else ''}")
    lines += [f"  {remark}" for remark in audit.remarks]
    for gap in audit.gaps:
        span = gap.first if gap.first == gap.last else f"{gap.first} to {gap.last}"
        lines.append(f"  gap         no {gap.clock} {span} ({gap.days} days; some {gap.expected_rows:,} rows expected)")
    if audit.clocks:
        shown = [
            {"clock": c.name, "role": c.role, "from": _short(c.first), "to": _short(c.last), "remarks": c.why}
            for c in audit.clocks
        ]
        lines += ["", _indented(table_text(shown))]
    shown = [
        {
            "column": column.name,
            "type": column.type,
            "empty": f"{column.null_share:.0%}",
            "availability": column.availability,
            "leak": "LEAK" if column.leak else "",
            "why": column.why,
        }
        for column in suspects_first(audit.columns)
    ]
    return "\n".join([*lines, "", _indented(table_text(shown))])


def _is_file(name: str) -> bool:
    """A path, and not the bare name of a table: it exists, or it has a file's ending or a folder in it."""
    from leadmart.features.raw.load import file_format

    path = Path(name)
    return path.exists() or len(path.parts) > 1 or file_format(path) is not None


def _short(moment: str | None) -> str:
    return (moment or "")[:16].replace("T", " ")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
