"""Kills runs at points, each in a fork of its own: [[when, needle, project], …] on stdin, exit codes on stdout."""

import json
import os
import signal
import sys
from contextlib import contextmanager

import polars  # noqa: F401  (so that every fork has them)
import sqlglot  # noqa: F401

import leadmart.scoring.pipeline  # noqa: F401
from leadmart.cli import main
from leadmart.features.warehouse import Warehouse

execute, transaction, write_parquet, replace = (
    Warehouse.execute,
    Warehouse.transaction,
    Warehouse.write_parquet,
    os.replace,
)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def watch(when, needle):
    seen, files, last = 0, 0, ""

    def watched_execute(self, sql, params=()):
        nonlocal seen, last
        hit = bool(needle) and needle in sql
        seen += hit
        if hit and when == "before":
            die()
        execute(self, sql, params)
        last = last if sql in ("BEGIN", "COMMIT") else sql
        if hit and (when == "after" or (when == "third" and seen == 3)):
            die()

    @contextmanager
    def watched_transaction(self):
        with transaction(self):
            yield
        if when == "committed" and needle in last:
            die()

    def watched_write(self, sql, path):
        nonlocal files
        rows = write_parquet(self, sql, path)
        files += 1
        if when == "third file" and files == 3:
            die()
        return rows

    def watched_replace(source, target):
        is_swap = str(target).endswith("published/leadmart.duckdb")
        if is_swap and when == "before swap":
            die()
        replace(source, target)
        if is_swap and when == "after swap":
            die()

    Warehouse.execute, Warehouse.transaction = watched_execute, watched_transaction  # type: ignore[method-assign]
    Warehouse.write_parquet = watched_write  # type: ignore[method-assign]
    os.replace = watched_replace  # type: ignore[assignment]


codes = []
for when, needle, folder in json.load(sys.stdin):
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        watch(when, needle)
        sys.argv = ["leadmart", "run", "--project", folder]
        main()
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
json.dump(codes, sys.stdout)
