"""What is kept of feature sets and policies that nothing goes by any more: no score, report, model or next run."""

from __future__ import annotations

from leadmart.features.house.kinds import has_table
from leadmart.features.warehouse import Warehouse

_BY_SCORES = ("scorings", "shadow_scorings", "hot_scorings", "past_scorings")
_BY_OTHERS = ("hot_marks", "score_reports")
RECORDS = ("feature_sets", "policies", "reference_texts")
"""The tables that rows go from; what one of them refers to comes after it."""


def find_unreferred(warehouse: Warehouse) -> tuple[tuple[str, int], ...]:
    """Makes the table `unreferred` of the session (`table_name`, `row`: its rowid there); how many of each table.

    Asks the table `doomed` which scores are about to go. What was recorded last stays: the next run is held against it.
    """
    warehouse.execute("CREATE OR REPLACE TABLE unreferred (table_name VARCHAR, row BIGINT)")
    going = "(SELECT d.as_of FROM doomed AS d WHERE d.table_name = 'score_files')"
    named = "SELECT feature_set_version, policy_version FROM store.meta."
    parts = [f"{named}{table} WHERE as_of NOT IN {going}" for table in _BY_SCORES if has_table(warehouse, table)]
    parts += [f"{named}{table}" for table in _BY_OTHERS if has_table(warehouse, table)]
    warehouse.execute(f"CREATE OR REPLACE TABLE referred AS {' UNION '.join(parts)}")
    if has_table(warehouse, "feature_sets"):
        warehouse.execute(
            "INSERT INTO unreferred SELECT 'feature_sets', f.rowid FROM store.meta.feature_sets AS f "
            "WHERE f.feature_set_version NOT IN (SELECT r.feature_set_version FROM referred AS r UNION "
            "SELECT m.feature_set_version FROM store.meta.models AS m) "
            "AND f.recorded_at < (SELECT MAX(n.recorded_at) FROM store.meta.feature_sets AS n)"
        )
    if has_table(warehouse, "policies"):
        warehouse.execute(
            "INSERT INTO unreferred SELECT 'policies', p.rowid FROM store.meta.policies AS p "
            "WHERE (p.feature_set_version, p.policy_version) NOT IN (FROM referred) "
            "AND p.recorded_at < (SELECT MAX(n.recorded_at) FROM store.meta.policies AS n)"
        )
        kept = "NOT IN (SELECT u.row FROM unreferred AS u WHERE u.table_name = "
        warehouse.execute(
            "INSERT INTO unreferred SELECT 'reference_texts', t.rowid FROM store.meta.reference_texts AS t "
            "WHERE (t.name, t.content_hash) NOT IN ("
            "SELECT e.entry.key, e.entry.value FROM (SELECT "
            "UNNEST(MAP_ENTRIES(CAST(CAST(p.reference_tables AS JSON) AS MAP(VARCHAR, VARCHAR)))) AS entry "
            f"FROM store.meta.policies AS p WHERE p.rowid {kept}'policies')) AS e "
            "UNION SELECT f.name, f.token_hash FROM store.meta.feature_sets AS f "
            f"WHERE f.kind = 'reference' AND f.rowid {kept}'feature_sets'))"
        )
    return tuple(warehouse.rows("SELECT table_name, COUNT(*) FROM unreferred GROUP BY ALL ORDER BY ALL"))


def remove_unreferred(warehouse: Warehouse) -> None:
    """Deletes the rows that `find_unreferred` found, inside the caller's transaction."""
    for table in RECORDS:
        warehouse.execute(
            f"DELETE FROM store.meta.{table} WHERE rowid IN "
            f"(SELECT u.row FROM unreferred AS u WHERE u.table_name = '{table}')"
        )
