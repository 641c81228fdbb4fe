"""A lost score file, written anew from the score rows in the store."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from leadmart.features.clock import sql_literal
from leadmart.features.fingerprint import file_digest
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
    names = [name for name, _ in warehouse.columns("SELECT * FROM store.scores.lead_scores")]
    columns = ", ".join(names)
    # a column that came with a later release stands behind `written_at`, and is in no file of before
    at_first = ", ".join(names[: names.index("written_at") + 1])
    written = (
        f"(SELECT {columns} FROM store.scores.lead_scores UNION ALL SELECT {columns} FROM store.scores.superseded)"
    )
    versions = "as_of, feature_set_version, model_version, policy_version"
    candidates = warehouse.rows(
        f"SELECT {versions} FROM {written} WHERE run_id = ? GROUP BY ALL HAVING COUNT(*) = ? ORDER BY ALL",
        [run_id, rows],
    )
    staged = []
    for (as_of, features, model, policy), listed in product(candidates, dict.fromkeys((columns, at_first))):
        # by way of a table, as they were written: bytes depend on the statistics of what is read
        warehouse.execute(
            f"CREATE OR REPLACE TABLE lost AS SELECT {listed} FROM {written} WHERE run_id = ? AND as_of = "
            f"{sql_literal(as_of)} AND (feature_set_version, model_version, policy_version) = (?, ?, ?) "
            "ORDER BY lead_id",
            [run_id, features, model, policy],
        )
        staged.append(warehouse.staging_file())
        warehouse.write_parquet(
            f"SELECT {listed}, CAST({number} AS BIGINT) AS publish_number FROM lost ORDER BY lead_id, as_of",
            staged[-1],
        )
    proven = [path for path in staged if file_digest(path).startswith(Path(file).stem)]
    chosen = (proven or staged)[:1] if proven or len(candidates) == 1 else []
    for path in chosen:
        name, _, _ = warehouse.keep_file(path, Path(file).parent)
        warehouse.execute("UPDATE store.meta.score_files SET file = ? WHERE publish_number = ?", [name, number])
    for path in staged:
        path.unlink(missing_ok=True)
    return bool(chosen)
