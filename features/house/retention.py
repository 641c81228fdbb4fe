"""What retention lets go of: rows of the listings whose time is over, and why."""

from __future__ import annotations

from datetime import timedelta

from leadmart.features.clock import now, sql_literal
from leadmart.features.house.kinds import has_table
from leadmart.features.literals import quoted, quoted_file
from leadmart.features.plan import Selection
from leadmart.features.project import span
from leadmart.features.warehouse import Warehouse


def find_doomed(warehouse: Warehouse, selection: Selection) -> None:
    """Makes the table `doomed` of the session: listing rows that retention does not keep.

    Columns: `table_name` and `row` (its rowid there), `file`, `view`, `rows`, `as_of`, `why`. Never among them are the
    slices at the newest as_of, and at the newest one that each model has scored under each feature set.
    """
    retention = warehouse.project.settings.retention
    warehouse.execute(
        "CREATE OR REPLACE TABLE doomed (table_name VARCHAR, row BIGINT, file VARCHAR, view VARCHAR, rows BIGINT, "
        "as_of TIMESTAMP, why VARCHAR)"
    )
    if (scores := span(retention.scores)) is not None:
        _find_doomed_scores(warehouse, scores)
    current = ", ".join(quoted(p) for p in selection.fingerprints.values())
    read = ", ".join(f"('{d.kind}', '{d.name}', {d.version or 0})" for d in selection.definitions)
    slices, weekly, versions = span(retention.slices), span(retention.weekly), span(retention.old_versions)
    warehouse.execute(
        f"INSERT INTO doomed WITH needed AS ({_NEEDED}), "
        "judged AS (SELECT s.rowid AS row, s.*, "
        # a definition that today's settings have not filled yet, as while a raw table is away, is not old
        f"s.fingerprint IN ({current}) OR ((s.kind, s.name, s.version) IN ({read}) AND NOT BOOL_OR(s.fingerprint IN "
        f"({current})) OVER (PARTITION BY s.kind, s.name, s.version, s.spine)) AS is_current, "
        "MAX(s.as_of) OVER () AS newest, "
        # of one week, the as_of that was scored before others: it is there in every view
        "ROW_NUMBER() OVER (PARTITION BY s.kind, s.name, s.version, s.spine, s.fingerprint, "
        f"DATE_TRUNC('week', s.as_of) ORDER BY s.as_of IN (SELECT c.as_of FROM {_SCORED}) DESC, "
        "s.as_of DESC) = 1 AS is_of_week FROM store.meta.slices AS s), "
        "named AS (SELECT *, CASE "
        f"WHEN NOT is_current AND {_older(versions)} THEN 'old version' "
        f"WHEN is_current AND {_older(slices)} AND (NOT is_of_week OR {_older(weekly)}) THEN 'past retention' "
        "END AS why FROM judged) "
        f"SELECT 'slices', row, file, {_VIEW}, row_count, as_of, why FROM named "
        "WHERE why IS NOT NULL AND as_of NOT IN (SELECT n.as_of FROM needed AS n)"
    )
    superseded = span(retention.superseded)
    if superseded is not None and has_table(warehouse, "superseded_slices"):
        warehouse.execute(
            f"INSERT INTO doomed SELECT 'superseded_slices', rowid, file, {_VIEW}, row_count, as_of, 'superseded' "
            f"FROM store.meta.superseded_slices WHERE superseded_at < {sql_literal(now() - superseded)}"
        )


_VIEW = "CASE kind WHEN 'spine' THEN 'spines.' || name ELSE kind || 's.' || name || '__v' || version END"
# scores that go with this prune hold no slices: otherwise the next one would find these past retention
_SCORED = "store.meta.scorings AS c WHERE c.as_of NOT IN (SELECT d.as_of FROM doomed AS d)"
_NEEDED = (
    "SELECT MAX(as_of) AS as_of FROM store.meta.slices UNION ALL SELECT MAX(c.as_of) FROM " + _SCORED + " GROUP BY "
    "c.model_version, c.feature_set_version"
)


def _older(than: timedelta | None) -> str:
    """Whether an as_of lies so long before the newest; what is kept forever never does."""
    return f"as_of < newest - INTERVAL {int(than.total_seconds())} SECOND" if than is not None else "FALSE"


def _find_doomed_scores(warehouse: Warehouse, keep: timedelta) -> None:
    """Score files have one as_of each; those at the newest as_of stay whatever the setting says."""
    listed = warehouse.rows("SELECT file FROM store.meta.score_files ORDER BY file")
    if not listed:
        return
    folder = warehouse.project.warehouse
    paths = ", ".join(quoted_file(folder / file) for (file,) in listed)
    warehouse.execute(
        f"INSERT INTO doomed WITH moments AS (SELECT filename, MAX(as_of) AS as_of FROM read_parquet([{paths}], "
        "filename = true) GROUP BY filename), aged AS (SELECT *, MAX(as_of) OVER () AS newest FROM moments) "
        "SELECT 'score_files', s.rowid, s.file, 'scores.lead_scores', s.row_count, a.as_of, 'past retention' "
        f"FROM store.meta.score_files AS s JOIN aged AS a ON a.filename = {quoted(str(folder) + '/')} || s.file "
        f"WHERE a.as_of < a.newest - INTERVAL {int(keep.total_seconds())} SECOND "
        # hot runs score a few: the others' newest scores are those of the newest full run
        "AND a.as_of < COALESCE((SELECT MAX(c.as_of) FROM store.meta.scorings AS c), a.newest)"
    )
