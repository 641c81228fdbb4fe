"""A DuckDB dialect for SQLAlchemy that Great Expectations can work on, and the process's one context to work in.

Importing this imports SQLAlchemy; `workbench()` imports Great Expectations, some two seconds. Nothing else may import
either.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import logging
import os
import sys
import warnings
from dataclasses import dataclass
from typing import Any

import duckdb_sqlalchemy
from sqlalchemy.dialects import registry
from sqlalchemy.pool import StaticPool

from leadmart.expectations.deferred import deferred

DIALECT = "leadmart_duckdb"
STAGED = "staged"
"""The one view that every check points at its files: the same query asset then serves all checks of a process."""

_UNUSED = ("altair", "scipy.stats")
"""What Great Expectations imports for charts and divergences that no suite here asks for: more than a second."""

_base: Any = duckdb_sqlalchemy.Dialect  # Any: its bases are untyped to mypy


class Dialect(_base):  # type: ignore[misc]
    """duckdb-sqlalchemy's dialect without transactions, on one connection.

    The pool's rollback drops DuckDB's open result, so that Great Expectations finds no rows and every expectation fails
    with "list index out of range" (seen with duckdb-sqlalchemy 1.5.6.4). Only reading is done here; nothing needs a
    transaction.
    """

    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: object) -> type[StaticPool]:
        return StaticPool

    def do_begin(self, dbapi_connection: object) -> None:
        pass

    def do_commit(self, dbapi_connection: object) -> None:
        pass

    def do_rollback(self, dbapi_connection: object) -> None:
        pass


@dataclass(frozen=True)
class Workbench:
    """Great Expectations, its engine on an in-memory DuckDB, and the batch definition over the view `staged`."""

    gx: Any
    configuration: Any
    engine: Any
    batch_definition: Any

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement on the connection that expectations are checked on. Raises SQLAlchemy's errors."""
        with self.engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []


@functools.cache
def workbench() -> Workbench:
    """The process's one workbench; the first call imports Great Expectations. It says nothing and calls nobody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # Its log repeats, as errors, what verdicts already say.
    logger = logging.getLogger("great_expectations")
    logger.setLevel(logging.CRITICAL + 1)
    registry.register(DIALECT, __name__, Dialect.__name__)
    with warnings.catch_warnings(), deferred(*_UNUSED):
        warnings.simplefilter("ignore")
        gx: Any = importlib.import_module("great_expectations")
        types: Any = importlib.import_module("great_expectations.data_context.types.base")
        configurations: Any = importlib.import_module("great_expectations.expectations.expectation_configuration")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = types.ProgressBarsConfig(globally=False)
        source = context.data_sources.add_sql(
            "leadmart", connection_string=f"{DIALECT}:///:memory:", create_temp_table=False
        )
        asset = source.add_query_asset(STAGED, query=f"SELECT * FROM {STAGED}")
        batch_definition = asset.add_batch_definition_whole_table(STAGED)
    # The data source's own engine is another connection, which would not see the view.
    bench = Workbench(
        gx, configurations.ExpectationConfiguration, source.get_execution_engine().engine, batch_definition
    )
    bench.execute("SET TimeZone = 'UTC'")
    bench.execute("SET python_enable_replacements = false")
    atexit.register(_let_go, bench)
    return bench


def _let_go(bench: Workbench) -> None:
    """Cut the dialect off from duckdb at exit.

    Great Expectations keeps its module graph alive to the very end, by it SQLAlchemy's dialects and by them duckdb's
    types, which nanobind then reports as leaked, on stderr. Without the dialect's globals nothing of duckdb is
    reachable from there.
    """
    bench.engine.dispose()
    workbench.cache_clear()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "duckdb_sqlalchemy":
            vars(module).clear()
