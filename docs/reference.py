"""Writes the pages that are read off the code: docs/commands.md, docs/marts.md and docs/tables.md.

    python docs/reference.py        writes them, the last from a small made-up company that is run for it

A test compares them with what the code says, so they cannot go stale.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import duckdb

REPOSITORY = Path(__file__).resolve().parents[1]
MIGRATIONS = REPOSITORY / "sql" / "migrations"

COMMANDS = """# Commands

What each command takes. This page is written by `make reference` from the help texts; `leadmart COMMAND --help` prints
the same.

Every command finds its project upward from the current folder, or takes `--project DIR`. stdout is data, stderr is
talk; `--json` prints one document on stdout, an error too: `{"error": {"code", "message", "place", "hint"}}`. Moments
are dates or timestamps, UTC.

| exit code | means |
|---|---|
| 0 | done, also when there was nothing to do |
| 1 | a named error |
| 2 | the command was written wrongly |
| 3 | quality said no |
| 4 | `plan --exit-code`: there is work |
| 130 | stopped by Ctrl-C |
"""

TABLES = """# Tables and columns

What `warehouse/published/leadmart.duckdb` holds, the file that analysts open. This page is written by `make reference`
from the catalogue of a project as `init --demo` makes it, with the packaged definitions. A project's own views stand
beside them, and `SELECT * FROM duckdb_columns()` lists those, comments and all. `leadmart sql` runs one SELECT on it,
`leadmart show` has the usual looks.

| schema | holds |
|---|---|
| `scores` | how leads were scored, and when what was shown |
| `features` | a view for each feature view version, and all of them beside each other |
| `gates`, `links`, `spines` | the same for the rules about leads, whom they belong to, and who is scored |
| `meta` | what was loaded, computed, judged, trained |
| `marts` | tables for reading, where the project builds them: [marts.md](marts.md) |

Moments are TIMESTAMP in UTC. A count is NULL where history does not reach ([clocks.md](clocks.md)), and each view says
by `has_<source>` where that is. [scoring.md](scoring.md) tells how the columns of a score add up.
"""

SHARED = ("--project DIR", "--json")


def commands_page() -> str:
    import typer

    from leadmart.cli import app

    group: Any = typer.main.get_command(app)
    parts = [COMMANDS]
    panel = ""
    for name, command in group.commands.items():
        if command.rich_help_panel != panel:
            panel = command.rich_help_panel
            parts.append(f"## {panel}\n")
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        usage = " ".join(["leadmart", name, *(_usage(p) for p in arguments)])
        rows = [
            f"| `{_named(p)}` | {' '.join((p.help or '').split())} |"
            for p in command.params
            if p.name != "help" and _named(p) not in SHARED
        ]
        table = "\n".join(["", "| takes | |", "|---|---|", *rows, ""]) if rows else ""
        shared = [f"`{s}`" for s in SHARED if s in map(_named, command.params)]
        also = f" Also takes {' and '.join(shared)}." if shared else ""
        parts.append(f"### {name}\n\n`{usage}`\n\n{_words(command.help)}{also}\n{table}")
    return "\n".join(parts)


def _words(text: str) -> str:
    return re.sub(r"\n(?!\n)", " ", text.strip()).replace("\n ", "\n\n")


def _usage(argument: Any) -> str:
    name = _named(argument) + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _named(param: Any) -> str:
    """How a page calls a parameter: `TABLE`, `--replace`, `--limit N`."""
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper()).strip("[].")
    if param.is_flag:
        return str(param.opts[0])
    kind = param.type_descriptor.annotation
    choices = [choice.value for choice in kind] if isinstance(kind, type) and issubclass(kind, Enum) else get_args(kind)
    return f"{param.opts[0]} {param.metavar or '/'.join(choices) or ('N' if kind is int else 'TEXT')}"


def tables_page(catalogue: Path) -> str:
    """The page of what stands in a published catalogue; words of stored tables come from their migrations."""
    written = migrated_words()
    parts = [TABLES]
    with duckdb.connect(str(catalogue), read_only=True) as connection:
        relations = connection.execute(
            "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal "
            "UNION ALL SELECT schema_name, table_name, comment FROM duckdb_tables() "
            "UNION ALL SELECT schema_name, function_name || '(' || ARRAY_TO_STRING(parameters, ', ') || ')', comment "
            "FROM duckdb_functions() WHERE function_type = 'table_macro' AND NOT internal "
            "ORDER BY list_position(['scores', 'features', 'gates', 'links', 'spines', 'meta'], schema_name), view_name"
        ).fetchall()
        columns = connection.execute(
            "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal "
            "ORDER BY column_index"
        ).fetchall()
    schema = ""
    for schema_name, name, comment in relations:
        if (schema_name, name) == ("meta", "catalogue"):
            continue  # what the file was made from, for the next publish
        if schema_name != schema:
            schema = schema_name
            parts.append(f"## {schema}\n")
        words, columns_words = written.get((schema_name, name), ("", {}))
        if schema_name == "scores":
            columns_words = written["scores", "lead_scores"][1]
        if schema_name == "scores" and name != "history":
            parts.append(f"### scores.{name}\n\n{comment} Columns as in `scores.history`, without `publish_number`.\n")
            continue
        rows = []
        for s, table, column, kind, told in columns:
            if (s, table) == (schema_name, name):
                what = told or columns_words.get(column) or WORDS.get(column, "")
                rows.append(f"| `{column}` | {kind} | {what.replace('|', '&#124;')} |")
        head = [f"### {schema_name}.{name}\n", comment or words, "", "| column | type | |", "|---|---|---|"]
        parts.append("\n".join([*head, *rows, ""]))
    return "\n".join(parts)


MARTS = """# Marts: tables for reading

Views in the published catalogue over scores, outcomes and features. This page is written by `make reference` from
`sql/marts/`. A project builds those that it names, or all:

    [marts]
    build = "all"                # or ["scored_leads", "targets"]

A mart of your own is a file in `sql/marts/` with a `-- grain:` line; no definition reads a mart. Beside `scores`,
`features`, `gates`, `links` and `meta` it may read `staging.<source>`, without the columns that a source's `-- pii:`
names; `reference.<table>`; `labels.outcomes`, the project's label (`lead_id`, `outcome_at`); and `labels.settings`, one
row with `horizon_days`, `ingest_lag_days`, `data_end_at`, `leads_per_week`, `hot_from` and `warm_from`. `meta.marts`
says which were built, and of the others why not.

Outcomes are hindsight: a mart tells what became of past scores, and nothing here reaches a feature or a model. A score
is *mature* where its whole horizon and the ingest lag have passed before the data end; others are in no rate. Bounds of
the targets are in `reference.targets`, shares of the review sample in `reference.review_sample`: `leadmart eject
targets` copies one to change it.
"""


def marts_page() -> str:
    """The page of the packaged marts: what each is, its grain, and its columns."""
    from leadmart.features.definition import Definition

    parts = [MARTS]
    for file in sorted((REPOSITORY / "sql" / "marts").glob("*.sql")):
        mart = Definition("mart", file.stem, None, "", file, file.read_text(encoding="utf-8"), True)
        rows = [f"| `{column.name}` | {column.comment.replace('|', '&#124;')} |" for column in mart.columns]
        head = [
            f"## marts.{mart.name}\n",
            f"{mart.description}\n",
            f"Grain: {mart.header['grain']}.",
            "",
            "| column | |",
        ]
        parts.append("\n".join([*head, "|---|---|", *rows, ""]))
    return "\n".join(parts)


WORDS = {
    "lead_id": "the lead",
    "account_id": "the account",
    "as_of": "the moment, UTC",
    "run_id": "the run that wrote the row: `meta.runs`",
    "kind": "feature, gate, link, spine",
    "name": "of the definition",
    "version": "of the definition; 0 for a spine",
    "spine": "for whom: the spine's name",
    "fingerprint": "of everything the rows depend on besides raw",
    "source": "the source's name, as in `sql/sources/`",
    "file": "path below warehouse/, named by content",
    "sha256": "of the file",
    "input_name": "the file's name as it was given",
    "row_count": "rows",
    "bytes": "the file's size",
    "seconds": "how long it took",
    "computed_at": "when it was computed",
    "loaded_at": "when the batch was first loaded",
    "published_at": "when a run first used it; from then on it never changes",
    "first_as_of": "the first landmark of the rows",
    "last_as_of": "the last one",
    "scored_at": "when it was measured",
    "promoted_at": "when it became champion",
    "superseded_at": "when another row took its place",
    "superseded_by": "the run that put it there",
    "written_at": "when the row was written",
    "started_at": "when it began",
    "finished_at": "when it ended; NULL while it is on, or where it was killed",
    "taken_at": "when the look was taken",
    "trained_at": "when the model was kept",
    "given_at": "when the verdict was given",
    "staged_at": "when the source was last staged",
    "publish_number": "orders the publishes",
    "feature_set_version": "hash of the views and versions the score is made of",
    "model_version": "hash of all the model was made from; 'rules' where no model took part",
    "policy_version": "hash of gates, points, blend, tiers and words",
    "role": "of a model: champion, whose scores are shown; challenger; retired. Of a score row: champion or shadow",
    "cap": "the lowest cap of the gates that fire; 100 where none does",
    "cap_reason": "the words of that gate",
    "reasons": "up to three, in words",
    "command": "run, backfill, restate, score, …",
    "message": "what went wrong, or was held back",
    "slices_computed": "slices it filled",
    "slices_skipped": "slices that were filled already",
    "inserted": "score rows that are new",
    "updated": "score rows that replaced others",
    "unchanged": "score rows that were there already, the same",
    "label": "what is predicted",
    "label_version": "hash of the label's SQL",
    "positives": "rows with the outcome",
    "suite": "the suite's name",
    "subject": "the table it was asked about",
    "suite_hash": "of the suite",
    "input_hash": "of what was judged: the same suite and input are not asked twice",
    "success": "FALSE where a critical expectation failed or one errored",
    "critical_failures": "critical expectations that failed",
    "warnings": "warnings that failed",
    "errored": "expectations that could not be asked",
    "known_rows": "rows of the source known at the as_of",
    "unlisted_at": "since when nothing lists it",
    "why": "why it is not listed any more",
    "changed": "keys with other values than at the look before",
    "token_hash": "of the SQL without comments and layout",
    "text": "the file as it was published",
}
"""Columns that mean the same wherever they stand, and those on which a migration says nothing."""


def migrated_words() -> dict[tuple[str, str], tuple[str, dict[str, str]]]:
    """What the migrations' comments say of each table, and of its columns."""
    found: dict[tuple[str, str], tuple[str, dict[str, str]]] = {}
    for file in sorted(MIGRATIONS.glob("*.sql")):
        above: list[str] = []
        table: tuple[str, str] | None = None
        for line in file.read_text(encoding="utf-8").splitlines():
            if made := re.match(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)\.(\w+)( AS)?", line):
                words = " ".join(above)
                table = (made[1], made[2])
                found[table] = (words, {})
                if made[3]:
                    table = None
            elif added := re.match(
                r"ALTER TABLE (\w+)\.(\w+) ADD COLUMN (?:IF NOT EXISTS )?(\w+)[^-]*(?:--\s*(.*))?", line
            ):
                found[added[1], added[2]][1][added[3]] = added[4] or ""
            elif table and (column := re.match(r"    (\w+)\s+[A-Z]+[^-]*--\s*(.*)", line)):
                found[table][1][column[1]] = column[2]
            above = [*above, line.removeprefix("--").strip()] if line.startswith("--") else []
    for name in ("superseded_slices",):
        if ("meta", name) in found:
            found["meta", name] = (found["meta", name][0], found["meta", "slices"][1])
    return found


def main() -> None:
    (REPOSITORY / "docs" / "commands.md").write_text(commands_page(), encoding="utf-8")
    (REPOSITORY / "docs" / "marts.md").write_text(marts_page(), encoding="utf-8")
    leadmart = str(Path(sys.executable).parent / "leadmart")
    with tempfile.TemporaryDirectory() as folder:
        made = ["init", folder + "/made", "--demo", "--leads", "400", "--days", "200", "--until", "2026-03-02"]
        for words in (made, ["run", "--project", folder + "/made"]):
            subprocess.run([leadmart, *words], check=True, stdout=subprocess.DEVNULL)
        page = tables_page(Path(folder, "made", "warehouse", "published", "leadmart.duckdb"))
    (REPOSITORY / "docs" / "tables.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
