"""Looking at what is published: `show` and `sql` read the catalogue only, so they work while a run is on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import duckdb

from leadmart.features.errors import LeadmartError, Place, first_line, near_names
from leadmart.features.failures import failure
from leadmart.features.house.doctor import catalogue_elsewhere
from leadmart.features.intact import damage_behind
from leadmart.features.literals import quoted, without_wildcards
from leadmart.features.project import Project
from leadmart.features.warehouse import unreadable_catalogue

Rows = list[dict[str, Any]]

_VIEWS: dict[str, str] = {
    "scores": "SELECT lead_id, as_of, tier, ROUND(composite, 1) AS composite, ROUND(p_cal, 3) AS p_cal, model_version, "
    "policy_version, reasons FROM scores.latest ORDER BY composite DESC, p_raw DESC NULLS LAST, lead_id LIMIT ?",
    "fit": "SELECT lead_id, tier, ROUND(composite, 1) AS composite, ROUND(fit, 1) AS fit, company_fit, role_fit, "
    "tech_fit, ROUND(intent, 1) AS intent, first_party_intent, third_party_intent, relationship_intent, timing "
    "FROM scores.latest ORDER BY scores.latest.composite DESC, p_raw DESC NULLS LAST, lead_id LIMIT ?",
    "features": "SELECT * FROM features.lead_features WHERE as_of = (SELECT MAX(as_of) FROM features.lead_features) "
    "ORDER BY lead_id LIMIT ?",
    "runs": "SELECT run_id, command, as_of, status, slices_computed, slices_skipped, inserted, updated, unchanged, "
    "model_version, seconds, message "
    "FROM meta.runs ORDER BY started_at DESC LIMIT ?",
    "verdicts": "SELECT given_at, suite, subject, success, critical_failures, warnings, errored, details, run_id "
    "FROM meta.verdicts ORDER BY given_at DESC LIMIT ?",
}

_MADE = {"scores": "scored", "gates": "scored", "features": "computed"}
"""Schemas of the catalogue that are empty before the first run, and what that run does."""


def show(project: Project, what: str, name: str | None, limit: int) -> Rows:
    """The rows of `show WHAT`.

    Raises LeadmartError `unknown_view` for another word, `nothing_published` before there is anything to show.
    """
    if what == "view":
        return _published_view(project, name)
    if what not in _VIEWS:
        raise LeadmartError(
            f"there is nothing to show called {what}",
            code="unknown_view",
            hint=near_names(what, _VIEWS) or f"known: {', '.join(_VIEWS)}, view",
        )
    return _on_catalogue(project, lambda connection: connection.execute(_VIEWS[what], [limit]), _VIEWS[what])


def query(project: Project, sql: str) -> Rows:
    """The rows of one SELECT on the catalogue.

    Raises LeadmartError `not_a_select` for anything that is not one, `bad_query` as DuckDB words it.
    """

    def ask(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise LeadmartError("that is not one SELECT", code="not_a_select", hint="the catalogue is for reading")
        return connection.execute(statements[0])

    return _on_catalogue(project, ask, sql)


def _published_view(project: Project, name: str | None) -> Rows:
    found = _on_catalogue(
        project,
        lambda c: c.execute(
            "SELECT kind, name || '@v' || version AS ref, published_at, run_id, text FROM meta.views ORDER BY ALL"
        ),
    )
    if name is None:
        return [{key: value for key, value in row.items() if key != "text"} for row in found]
    hits = [row for row in found if name in (row["ref"], row["ref"].partition("@")[0])]
    if not hits:
        refs = [row["ref"] for row in found]
        raise LeadmartError(
            f"{name} is not published",
            code="unknown_view",
            hint=near_names(name, refs) or f"published: {', '.join(refs) or 'none'}",
        )
    return hits


def _on_catalogue(
    project: Project, ask: Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyConnection], sql: str = ""
) -> Rows:
    """The rows that `ask` finds on the catalogue; `sql` is what it asks, to tell what is not there yet."""
    if not project.catalogue.is_file():
        raise LeadmartError(
            "nothing is published yet", code="nothing_published", hint="`leadmart run` computes and publishes"
        )
    with _opened(project) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        # only the warehouse's own files can be read, and nothing can be written; views write `[` and `*` as patterns
        allowed = ", ".join(map(quoted, {project.warehouse: 0, without_wildcards(project.warehouse): 0}))
        connection.execute(f"SET allowed_directories = [{allowed}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            result = ask(connection)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        except duckdb.Error as error:
            words = first_line(error)
            if "file system operations are disabled" in words:
                connection.close()
                if elsewhere := catalogue_elsewhere(project):
                    raise _was_moved(project, elsewhere) from None
                raise LeadmartError(words, code="bad_query") from None
            if damage := failure(error) or damage_behind(project, error):
                raise damage from None
            if "Catalog Error" in words:
                for schema, done in _MADE.items():
                    if re.search(rf"\b{schema}\s*\.", sql) and not _has_views(connection, schema):
                        raise nothing_yet(done) from None
                if named := re.search(r"\bmarts\s*\.\s*(\w+)", sql):
                    raise LeadmartError(words, code="bad_query", hint=_about_mart(connection, named[1])) from None
            raise LeadmartError(words, code="bad_query") from None


def nothing_yet(done: str = "scored") -> LeadmartError:
    """What is said where there are no scores, or no features, to look at: `nothing_published`."""
    return LeadmartError(
        f"nothing is {done} yet",
        code="nothing_published",
        hint="`leadmart run` computes and scores; `leadmart show runs` tells what ran",
    )


def _was_moved(project: Project, elsewhere: str) -> LeadmartError:
    return LeadmartError(
        f"the catalogue reads files below {elsewhere}, and the project stands in {project.root}",
        code="catalogue_moved",
        place=Place(str(project.catalogue)),
        hint="`leadmart doctor --fix` writes its paths anew",
    )


def _opened(project: Project) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(project.catalogue), read_only=True, config={"python_enable_replacements": False})
    except duckdb.Error as error:
        raise unreadable_catalogue(project, error) from None


def _has_views(connection: duckdb.DuckDBPyConnection, schema: str) -> bool:
    """Whether a schema of the catalogue has any view."""
    return bool(connection.execute("SELECT 1 FROM duckdb_views() WHERE schema_name = ? LIMIT 1", [schema]).fetchall())


def _about_mart(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """Why a mart that was asked for is not in the catalogue; empty where it is."""
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'marts'").fetchall():
        return f'`build = ["{name}"]` below [marts] in leadmart.toml, and a run, make it'
    found = connection.execute("SELECT is_built, why_not FROM meta.marts WHERE name = ?", [name]).fetchall()
    if not found:
        built = connection.execute("SELECT name FROM meta.marts WHERE is_built ORDER BY name").fetchall()
        known = [each for (each,) in built]
        return near_names(name, known) or f"marts that [marts] builds here: {', '.join(known) or 'none'}"
    return "" if found[0][0] else f"it could not be made: {found[0][1]}"
