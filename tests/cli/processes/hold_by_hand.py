"""Holds a DuckDB file open until its stdin ends."""

import sys

import duckdb

connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reads")
print("held", flush=True)
sys.stdin.read()
