"""P2, P3: the same data gives the same model and the same score rows, in whatever order and by however many threads."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

NOW = "2026-03-02T00:00:00"
MODEL = "SELECT model_version, artefact FROM meta.models WHERE role = 'champion'"
SCORES = "SELECT * EXCLUDE (run_id, written_at) FROM scores.lead_scores WHERE model_version <> 'rules' ORDER BY ALL"


@pytest.mark.slow
def test_p2_p3_another_order_of_raw_rows_eight_threads_and_another_process_change_no_byte(
    here: Any, leadmart: Any, company: Any, copy_of: Any, stored: Any, edit: Any, tmp_path: Any
) -> None:
    """P2, P3: train and run twice, from the command line; artefact, version and every score row are equal."""
    once, folder = company("trained"), copy_of("loaded")
    edit(folder / "leadmart.toml", "# threads = 2", "threads = 8")
    tables = stored(folder, "SELECT table_name, file FROM meta.loads ORDER BY 1")
    assert len(tables) >= 6
    for table, file in tables:
        with duckdb.connect() as connection:
            raw = folder / "warehouse" / file
            order = f"FROM read_parquet('{raw}') AS r ORDER BY HASH(r)"
            connection.execute(f"COPY (SELECT r.* {order}) TO '{tmp_path / table}.parquet' (FORMAT parquet)")
        done = here("load", table, tmp_path / f"{table}.parquet", "--replace", "--project", folder, LEADMART_NOW=NOW)
        assert done.code == 0, done.err
    for command, process in (("train", leadmart), ("run", here)):
        done = process(command, "--project", folder, LEADMART_NOW=NOW)
        assert done.code == 0, done.err
    assert stored(folder, MODEL) == stored(once, MODEL)
    assert stored(folder, MODEL)[0][1]
    rows = stored(folder, SCORES)
    assert len(rows) > 300
    assert rows == stored(once, SCORES)
