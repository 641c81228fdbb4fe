"""Lets files appear in a folder that is read in place."""

import os
import sys
import time
from pathlib import Path

import duckdb

folder, connection = Path(sys.argv[1]), duckdb.connect()
for number in range(1, 10_000):
    for table in ("web_events", "email_events"):
        base, new = folder / table / "0.parquet", folder / f"{table}-{number}.new"
        connection.execute(
            f"COPY (SELECT * REPLACE (event_id || '-{number}' AS event_id) FROM '{base}' "
            f"ORDER BY event_id LIMIT 50) TO '{new}' (FORMAT parquet)"
        )
        os.replace(new, folder / table / f"{number}.parquet")
    print(number, flush=True)
    time.sleep(0.05)
