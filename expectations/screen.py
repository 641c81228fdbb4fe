"""A few rows held against a suite in one query: whether every expectation plainly holds of them.

Great Expectations takes seconds to import, and a run that scores a few leads has no more than that. So what holds is
told here, and anything else is asked of Great Expectations: rows that break an expectation, or one of a kind that is
not known here. A verdict that finds something is always its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from leadmart.expectations.suite import SQL_EXPECTATION, Suite
from leadmart.features.engine import Engine
from leadmart.features.literals import quoted, quoted_file, quoted_name

ROWS = "screened"
"""The session's view of the rows that are asked about."""


def plainly_holds(engine: Engine, suite: Suite, file: Path) -> bool:
    """Whether no row of a file breaks any of the suite's expectations; FALSE also where one is not known here."""
    counts = [_broken(each) for each in suite.expectations]
    if not counts or None in counts:
        return not counts
    try:
        engine.execute(
            f"CREATE OR REPLACE TEMP VIEW {ROWS} AS SELECT * "
            f"FROM read_parquet({quoted_file(file)}, hive_partitioning = false)"
        )
        found = engine.rows(f"SELECT {', '.join(f'({count})' for count in counts)}")[0]
    except duckdb.Error:
        return False
    return not any(found)


def _broken(expectation: Mapping[str, Any]) -> str | None:
    """A SELECT of how many rows break an expectation; None for one that is not known here."""
    kwargs = {name: value for name, value in expectation.get("kwargs", {}).items() if value is not None}
    if kwargs.pop("mostly", 1) != 1:
        return None
    compiled = _KINDS.get(expectation["type"])
    if compiled is None or not kwargs.keys() <= compiled[0]:
        return None
    return compiled[1](kwargs)


def _null(kwargs: Mapping[str, Any]) -> str:
    return f"SELECT COUNT(*) FROM {ROWS} WHERE {quoted_name(kwargs['column'])} IS NULL"


def _outside(kwargs: Mapping[str, Any]) -> str | None:
    bounds = {sign: kwargs[name] for name, sign in (("min_value", ">="), ("max_value", "<=")) if name in kwargs}
    if not bounds or not all(_is_number(bound) for bound in bounds.values()):
        return None
    column = quoted_name(kwargs["column"])
    inside = " AND ".join(f"{column} {sign} {bound}" for sign, bound in bounds.items())
    return f"SELECT COUNT(*) FROM {ROWS} WHERE {column} IS NOT NULL AND COALESCE(NOT ({inside}), TRUE)"


def _not_in(kwargs: Mapping[str, Any]) -> str | None:
    values = kwargs.get("value_set")
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        return None
    column = quoted_name(kwargs["column"])
    return (
        f"SELECT COUNT(*) FROM {ROWS} WHERE {column} IS NOT NULL AND {column} NOT IN ({', '.join(map(quoted, values))})"
    )


def _repeated(kwargs: Mapping[str, Any]) -> str:
    columns = ", ".join(map(quoted_name, kwargs["column_list"]))
    return f"SELECT COUNT(*) FROM (SELECT 1 FROM {ROWS} GROUP BY {columns} HAVING COUNT(*) > 1)"


def _selected(kwargs: Mapping[str, Any]) -> str | None:
    try:
        query = str(kwargs["unexpected_rows_query"]).format(batch=ROWS)
    except (IndexError, KeyError, ValueError):
        return None
    return f"SELECT COUNT(*) FROM ({query.rstrip().rstrip(';')})"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, Any]], str | None]]] = {
    "expect_column_values_to_not_be_null": (frozenset({"column"}), _null),
    "expect_column_values_to_be_between": (frozenset({"column", "min_value", "max_value"}), _outside),
    "expect_column_values_to_be_in_set": (frozenset({"column", "value_set"}), _not_in),
    "expect_compound_columns_to_be_unique": (frozenset({"column_list"}), _repeated),
    SQL_EXPECTATION: (frozenset({"unexpected_rows_query"}), _selected),
}
"""What is known here: the arguments of each kind, and its SQL. An argument that is not named is not known."""
