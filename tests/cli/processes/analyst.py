"""Looks at the published scores again and again; what it saw is printed at the end."""

import json
import os
import sys
import time

import duckdb

seen, looks = set(), 0
while not os.path.exists(sys.argv[2]):
    with duckdb.connect(sys.argv[1], read_only=True) as catalogue:
        seen.add(
            catalogue.execute(
                "SELECT COUNT(*), COUNT(DISTINCT lead_id), COUNT(DISTINCT run_id), CAST(MIN(as_of) AS VARCHAR), "
                "CAST(MAX(as_of) AS VARCHAR) FROM scores.latest"
            ).fetchone()
        )
        # two queries of one connection speak of one state
        one, other = (
            catalogue.execute(
                f"SELECT BIT_XOR(HASH(lead_id, composite)) FROM scores.{view} WHERE as_of = "
                "(SELECT MAX(as_of) FROM scores.shown)"
            ).fetchone()
            for view in ("latest", "shown")
        )
        assert one == other, (one, other)
    looks += 1
    time.sleep(0.2)
    if looks == 1:
        print("looking", flush=True)
print(json.dumps([looks, sorted(seen)]), flush=True)
