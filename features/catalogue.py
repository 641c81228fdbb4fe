"""The catalogue: the small DuckDB file analysts open.

It holds views on exact files, and a copy of meta; it is made anew and renamed into place.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import duckdb

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.fingerprint import digest
from leadmart.features.intact import refuse_altered_files
from leadmart.features.literals import quoted, quoted_file
from leadmart.features.lookup import feature_columns, history_columns, lookup_sql
from leadmart.features.marts import Mart, below_marts, mart_views
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.shown import AS_SHOWN_ON, in_force_sql, stamp_showings
from leadmart.features.warehouse import Warehouse

_META = (
    "loads", "runs", "views", "slices", "slice_inputs", "superseded_slices", "verdicts", "models", "scorings",
    "score_files", "snapshots", "staged", "staged_files", "staged_days", "unlisted_files", "promotions", "model_tests",
    "shadow_scorings", "erased", "erasures", "salt", "crm_outbox", "assignments",
    "hot_scorings", "hot_gone", "hot_marks", "policies", "reference_texts", "showings", "showings_gone",
    "past_scorings", "score_reports", "feature_sets", "scoring_slices",
)  # fmt: skip

SCORE_VIEWS = {
    "history": (
        "Every score row ever published, also those replaced later; publish_number orders them.",
        "SELECT * FROM {files}",
    ),
    "lead_scores": (
        "The newest row of each key (lead, as_of, feature set, model, policy).",
        "SELECT * EXCLUDE (publish_number) FROM scores.history QUALIFY ROW_NUMBER() OVER "
        "(PARTITION BY lead_id, as_of, feature_set_version, model_version, policy_version ORDER BY publish_number "
        "DESC) = 1",
    ),
    "shown": (
        "What people were to go by at each as_of, one row per lead: the champion's, under the versions last in force.",
        "SELECT s.* FROM scores.lead_scores AS s "
        f"JOIN ({in_force_sql('meta')}) AS in_force "
        "USING (as_of, feature_set_version, model_version, policy_version) WHERE s.role = 'champion'",
    ),
    "hot": (
        "What hot runs scored at each of their as_of, one row per touched lead; the others kept what they had.",
        "SELECT s.* FROM scores.lead_scores AS s "
        "JOIN (SELECT DISTINCT h.as_of, h.feature_set_version, h.model_version, h.policy_version "
        "FROM meta.hot_scorings AS h) USING (as_of, feature_set_version, model_version, policy_version) "
        "WHERE s.role = 'champion'",
    ),
    "latest": (
        "The champion's newest score of each lead in play: of its newest as_of, or of a hot run after that.",
        f"WITH in_force AS ({in_force_sql('meta')}), "
        "base AS (SELECT as_of, feature_set_version, model_version, policy_version FROM in_force WHERE row_count > 0 "
        "ORDER BY as_of DESC LIMIT 1), "
        "counted AS (FROM base UNION SELECT h.as_of, h.feature_set_version, h.model_version, h.policy_version "
        "FROM meta.hot_scorings AS h JOIN base AS b USING (feature_set_version, model_version, policy_version) "
        "WHERE h.as_of > b.as_of) "
        "SELECT s.* FROM scores.lead_scores AS s "
        "JOIN counted USING (as_of, feature_set_version, model_version, policy_version) "
        "ANTI JOIN meta.hot_gone AS g ON g.lead_id = s.lead_id AND g.as_of >= s.as_of "
        "AND g.feature_set_version = s.feature_set_version AND g.model_version = s.model_version "
        "AND g.policy_version = s.policy_version "
        "WHERE s.role = 'champion' QUALIFY ROW_NUMBER() OVER (PARTITION BY s.lead_id ORDER BY s.as_of DESC) = 1",
    ),
    "afterwards": (
        "What versions that came later give at as_of where people were shown others; nobody went by them.",
        "SELECT s.* FROM scores.lead_scores AS s JOIN (SELECT DISTINCT p.as_of, p.feature_set_version, "
        "p.model_version, p.policy_version FROM meta.past_scorings AS p) "
        "USING (as_of, feature_set_version, model_version, policy_version) WHERE s.role = 'champion'",
    ),
    "shadow": (
        "What challengers would have shown, one row per lead, as_of and challenger; nobody goes by them.",
        "SELECT * FROM scores.lead_scores WHERE role = 'shadow'",
    ),
}


def publish(warehouse: Warehouse, registry: Registry, selection: Selection | None) -> bool:
    """Writes the catalogue of what the store holds now and renames it into place; False where it was up to date.

    Readers keep what they have open; whoever opens it next sees the new one. Killed before the rename, the old one
    stays. Raises LeadmartError `file_missing` or `file_altered` where a listed file is not what it was: a catalogue of
    other rows would lie.
    """
    refuse_altered_files(warehouse)
    stamp_showings(warehouse, warehouse.project.catalogue)
    statements = _statements(warehouse, registry, selection)
    marts = mart_views(registry)
    of_store = _of_store(warehouse)
    fingerprint = digest([*statements, *(s for mart in marts for s in mart.statements)], of_store)
    target = warehouse.project.catalogue
    if _published_fingerprint(target) == fingerprint:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f"{os.getpid()}-{secrets.token_hex(4)}.new")
    try:
        warehouse.execute(f"ATTACH {quoted(staged)} AS catalogue (STORAGE_VERSION 'v1.5.0')")
        warehouse.execute("CREATE SCHEMA catalogue.meta")
        for name in _META:
            warehouse.execute(f"CREATE TABLE catalogue.meta.{name} AS SELECT * FROM store.meta.{name}")
        warehouse.execute(
            "CREATE TABLE catalogue.meta.catalogue AS SELECT ? AS fingerprint, ? AS of_store",
            [fingerprint, of_store],
        )
        warehouse.execute("USE catalogue")
        try:
            for statement in statements:
                warehouse.execute(statement)
            _make_marts(warehouse, marts)
        finally:
            warehouse.execute("USE memory")
        warehouse.execute("DETACH catalogue")
    except BaseException:
        with suppress(LeadmartError, duckdb.Error):
            warehouse.execute("DETACH DATABASE IF EXISTS catalogue")
        for left in (staged, staged.with_name(f"{staged.name}.wal")):
            left.unlink(missing_ok=True)
        raise
    for left in target.parent.glob("*.new.wal"):
        left.unlink(missing_ok=True)
    os.replace(staged, target)
    for left in target.parent.glob("*.new"):
        left.unlink(missing_ok=True)
    return True


def is_published(warehouse: Warehouse) -> bool:
    """Whether the catalogue is of what the store holds now.

    What today's definitions would show of it may be another thing: the next run says and publishes that.
    """
    return _published_fingerprint(warehouse.project.catalogue, "of_store") == _of_store(warehouse)


def _of_store(warehouse: Warehouse) -> str:
    """A hash of all that the catalogue copies of the store."""
    return digest([_table_version(warehouse, name) for name in _META])


def _statements(warehouse: Warehouse, registry: Registry, selection: Selection | None) -> list[str]:
    """The CREATE VIEW and COMMENT statements of the catalogue, in order."""
    made = [
        "CREATE SCHEMA features",
        "CREATE SCHEMA gates",
        "CREATE SCHEMA links",
        "CREATE SCHEMA spines",
        "CREATE SCHEMA scores",
    ]
    files: dict[tuple[str, str, int, str], list[str]] = {}
    current = _current_fingerprints(warehouse, selection)
    stored_today = _stored_today(warehouse, selection)
    for kind, name, version, spine, file in warehouse.rows(
        "SELECT kind, name, version, spine, file FROM store.meta.slices "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY kind, name, version, spine, as_of ORDER BY fingerprint IN "
        f"({current}) DESC, computed_at DESC) = 1 "
        "ORDER BY kind, name, version, spine, as_of"
    ):
        files.setdefault((kind, name, version, spine), []).append(quoted_file(warehouse.project.warehouse / file))
    relations: dict[str, str] = {}
    for (kind, name, version, _), paths in files.items():
        definition = _definition(registry, kind, name, version)
        relation = f"spines.{name}" if kind == "spine" else f"{kind}s.{name}__v{version}"
        relations[definition.relation if definition else relation] = relation
        made.append(
            f"CREATE OR REPLACE VIEW {relation} AS SELECT * FROM read_parquet([{', '.join(paths)}], "
            "union_by_name = true)"
        )
        if definition:
            comments = {c.name: c.comment for c in definition.columns}
            if definition.relation in stored_today and selection:
                comments |= {c.name: c.comment for c in history_columns(selection, definition)}
            made += _comments(relation, definition.description, comments)
    made += _lead_features(warehouse, registry, selection) if selection else _published_lead_features(warehouse)
    made += _score_views(warehouse)
    made += below_marts(warehouse, registry)
    return made


def _make_marts(warehouse: Warehouse, marts: Sequence[Mart]) -> None:
    """Makes the marts, and a table of what became of each: what one cannot read keeps no other thing from analysts."""
    if not marts:
        return
    warehouse.execute("CREATE TABLE catalogue.meta.marts (name VARCHAR, is_built BOOLEAN, why_not VARCHAR)")
    for mart in marts:
        try:
            for statement in mart.statements:
                warehouse.execute(statement)
            found: list[object] = [mart.name, True, None]
        except duckdb.Error as error:
            found = [mart.name, False, first_line(error)]
        warehouse.execute("INSERT INTO catalogue.meta.marts VALUES (?, ?, ?)", found)


def _lead_features(warehouse: Warehouse, registry: Registry, selection: Selection) -> list[str]:
    """The view that joins today's definitions, at every as_of where all are filled; nothing before there is one."""
    read = (selection.spine, *selection.links, *selection.views)
    files: dict[str, dict[datetime, str]] = {d.relation: {} for d in read}
    prints = {selection.fingerprints[d.relation]: d.relation for d in read}
    for fingerprint, as_of, file in warehouse.rows(
        "SELECT fingerprint, as_of, file FROM store.meta.slices ORDER BY as_of"
    ):
        if fingerprint in prints:
            files[prints[fingerprint]][as_of] = quoted_file(warehouse.project.warehouse / file)
    complete = set.intersection(*(set(by_moment) for by_moment in files.values()))
    if not complete:
        return []
    relations = {
        relation: f"read_parquet([{', '.join(by_moment[m] for m in sorted(complete))}])"
        for relation, by_moment in files.items()
    }
    comments = {c.name: c.comment for c in feature_columns(selection, "feature")}
    words = "All features beside each other, one row per lead and as_of, at every as_of where none is held back."
    view = "CREATE VIEW features.lead_features AS\n" + lookup_sql(selection, registry, relations, with_gates=False)
    return [view, *_comments("features.lead_features", words, comments)]


def _published_lead_features(warehouse: Warehouse) -> list[str]:
    """The view as it is published now, for as long as a definition is refused: its files are still there."""
    target = warehouse.project.catalogue
    try:
        with duckdb.connect(str(target), read_only=True) as connection:
            views = connection.execute(
                "SELECT sql, comment FROM duckdb_views() WHERE schema_name = 'features' AND view_name = 'lead_features'"
            ).fetchall()
            columns = connection.execute(
                "SELECT column_name, comment FROM duckdb_columns() "
                "WHERE schema_name = 'features' AND table_name = 'lead_features' AND comment IS NOT NULL"
            ).fetchall()
    except duckdb.Error:
        return []  # there is none, or it is broken
    if not views or quoted_file(warehouse.project.warehouse / "slices")[1:-1] not in views[0][0]:
        return []  # the project was moved, and the view reads the files of another place
    return [views[0][0], *_comments("features.lead_features", views[0][1], dict(columns))]


def _score_views(warehouse: Warehouse) -> list[str]:
    files = warehouse.rows("SELECT publish_number, file FROM store.meta.score_files ORDER BY publish_number")
    if not files:
        return []
    paths = ", ".join(quoted_file(warehouse.project.warehouse / file) for _, file in files)
    # files of an earlier release lack the columns that came later: those are there, and NULL
    columns = warehouse.columns("SELECT * FROM store.scores.lead_scores")
    shape = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns)
    union = f"(SELECT {shape} WHERE FALSE UNION ALL BY NAME FROM read_parquet([{paths}], union_by_name = true))"
    made = []
    for name, (words, sql) in SCORE_VIEWS.items():
        made.append(f"CREATE VIEW scores.{name} AS {sql.format(files=union)}")
        made += _comments(f"scores.{name}", words, {})
    words, sql = AS_SHOWN_ON
    made.append(f"CREATE MACRO scores.as_shown_on(day) AS TABLE ({sql})")
    made.append(f"COMMENT ON MACRO TABLE scores.as_shown_on IS {quoted(words)}")
    return made


def _comments(relation: str, description: str, columns: dict[str, str]) -> list[str]:
    made = [f"COMMENT ON VIEW {relation} IS {quoted(description)}"] if description else []
    return made + [
        f'COMMENT ON COLUMN {relation}."{name}" IS {quoted(words)}' for name, words in columns.items() if words
    ]


def _stored_today(warehouse: Warehouse, selection: Selection | None) -> set[str]:
    """The views with a slice as today's release stores it: `has_<source>` stands in it."""
    stored = {row[0] for row in warehouse.rows("SELECT DISTINCT fingerprint FROM store.meta.slices")}
    views = selection.views if selection else ()
    return {view.relation for view in views if selection and selection.fingerprints[view.relation] in stored}


def _current_fingerprints(warehouse: Warehouse, selection: Selection | None) -> str:
    """Today's fingerprints as a list of SQL literals: of two fillings of one slice, the one that has them is shown."""
    prints: Sequence[str] = list(selection.fingerprints.values()) if selection else []
    return ", ".join(f"'{p}'" for p in prints) or "''"


def _definition(registry: Registry, kind: str, name: str, version: int) -> Definition | None:
    try:
        return registry.get(kind, f"{name}@v{version}" if version else name)
    except LeadmartError:
        return None  # its file is gone; its slices are still readable


def _table_version(warehouse: Warehouse, name: str) -> tuple[object, ...]:
    """A table's identity for the catalogue's fingerprint: rows and a hash blind to their order."""
    ((rows, hashed),) = warehouse.rows(
        f"SELECT COUNT(*), CAST(BIT_XOR(HASH(t)) AS VARCHAR) FROM store.meta.{name} AS t"
    )
    return (name, rows, hashed)


def _published_fingerprint(target: Path, column: str = "fingerprint") -> str | None:
    if not target.is_file():
        return None
    try:
        with duckdb.connect(str(target), read_only=True) as connection:
            row = connection.execute(f"SELECT {column} FROM meta.catalogue").fetchone()
    except duckdb.Error:
        return None  # broken or of another release: make it anew
    return str(row[0]) if row else None
