"""A lost score file, written anew from the score rows in the store."""

from __future__ import annotations

from pathlib import Path

from leadmart.features.clock import sql_literal
from leadmart.features.literals import quoted
from leadmart.features.warehouse import Warehouse


def write_anew(warehouse: Warehouse, file: str) -> bool:
    """Writes the rows that a listed score file had, and lists what was written; False where the store lacks them.

    A file holds what one run changed at one as_of under one set of versions, now in `lead_scores` or `superseded`. The
    name of its content proves which those are; under another DuckDB, whose files differ, the number of rows has to.
    """
    found = warehouse.rows(
        "SELECT publish_number, row_count, run_id FROM store.meta.score_files WHERE file = ?", [file]
    )
    if not found:
        return False
    number, rows, run_id = found[0]
    columns = ", ".join(name for name, _ in warehouse.columns("SELECT * FROM store.scores.lead_scores"))
    written = (
        f"(SELECT {columns} FROM store.scores.lead_scores UNION ALL SELECT {columns} FROM store.scores.superseded)"
    )
    versions = "as_of, feature_set_version, model_version, policy_version"
    candidates = warehouse.rows(
        f"SELECT {versions} FROM {written} WHERE run_id = ? GROUP BY ALL HAVING COUNT(*) = ? ORDER BY ALL",
        [run_id, rows],
    )
    kept = []
    for as_of, features, model, policy in candidates:
        staged = warehouse.staging_file()
        warehouse.write_parquet(
            f"SELECT {columns}, CAST({number} AS BIGINT) AS publish_number FROM {written} WHERE run_id = "
            f"{quoted(run_id)} AND as_of = {sql_literal(as_of)} AND feature_set_version = {quoted(features)} "
            f"AND model_version = {quoted(model)} AND policy_version = {quoted(policy)} ORDER BY lead_id, as_of",
            staged,
        )
        name, _, _ = warehouse.keep_file(staged, Path(file).parent)
        if name == file:
            return True
        kept.append(name)
    if len(kept) == 1:
        warehouse.execute("UPDATE store.meta.score_files SET file = ? WHERE publish_number = ?", [kept[0], number])
    listed = {name for (name,) in warehouse.rows("SELECT file FROM store.meta.score_files")}
    for name in set(kept) - listed:
        (warehouse.project.warehouse / name).unlink(missing_ok=True)
    return len(kept) == 1
