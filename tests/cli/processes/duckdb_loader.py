"""Appends rows to the DuckDB file that is read in place."""

import os
import sys
import time

import duckdb

number = 0
while not os.path.exists(sys.argv[2]):
    try:
        with duckdb.connect(sys.argv[1]) as connection:
            connection.execute("BEGIN")
            for table in ("web_events", "email_events"):
                connection.execute(
                    f"INSERT INTO {table} SELECT * REPLACE (event_id || '-{number}' AS event_id) "
                    f"FROM {table} ORDER BY event_id LIMIT 50"
                )
            connection.execute("COMMIT")
        number += 1
        print(number, flush=True)
    except duckdb.IOException:  # a run reads it just now
        pass
    time.sleep(0.1)
