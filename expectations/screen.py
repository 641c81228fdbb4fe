"""Rows held against a suite in one query: whether every expectation plainly holds of them.

Great Expectations takes seconds to import, and a run that scores a few leads has no more than that; and it takes a
third of a second for each slice, of which a backfill has hundreds. So what holds is told here, and anything else is
asked of Great Expectations: rows that break an expectation, or one of a kind that is not known here. A verdict that
finds something is always its own.
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
    """A SELECT that is not 0 where rows may break an expectation; None for one that is not known here."""
    kwargs = {name: value for name, value in expectation.get("kwargs", {}).items() if value is not None}
    mostly = kwargs.pop("mostly", 1)
    kind = expectation["type"]
    if kind in _OF_VALUES:
        names, compiled = _OF_VALUES[kind]
        condition = compiled(kwargs) if kwargs.keys() <= names and _is_number(mostly) else None
        return None if condition is None else _beyond(condition, mostly)
    if kind not in _OF_ALL or mostly != 1 or not kwargs.keys() <= _OF_ALL[kind][0]:
        return None
    return _OF_ALL[kind][1](kwargs)


def _beyond(condition: tuple[str, str], mostly: float) -> str:
    """How many of some rows break a condition; 0 also where plainly no more do than may.

    A share that is just as large as may be is left to Great Expectations, which divides.
    """
    breaks, among = condition
    count = f"COUNT(*) FILTER (WHERE {breaks})"
    if mostly == 1:
        return f"SELECT {count} FROM {ROWS} WHERE {among}"
    most = f"{1 - mostly} * COUNT(*) * 0.999999"
    return f"SELECT CASE WHEN {count} < {most} THEN 0 ELSE {count} END FROM {ROWS} WHERE {among}"


def _null(kwargs: Mapping[str, Any]) -> tuple[str, str]:
    return f"{quoted_name(kwargs['column'])} IS NULL", "TRUE"


def _outside(kwargs: Mapping[str, Any]) -> tuple[str, str] | None:
    bounds = {sign: kwargs[name] for name, sign in (("min_value", ">="), ("max_value", "<=")) if name in kwargs}
    if not bounds or not all(_is_number(bound) for bound in bounds.values()):
        return None
    column = quoted_name(kwargs["column"])
    inside = " AND ".join(f"{column} {sign} {bound}" for sign, bound in bounds.items())
    return f"COALESCE(NOT ({inside}), TRUE)", f"{column} IS NOT NULL"


def _not_in(kwargs: Mapping[str, Any]) -> tuple[str, str] | None:
    values = kwargs.get("value_set")
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        return None
    column = quoted_name(kwargs["column"])
    return f"{column} NOT IN ({', '.join(map(quoted, values))})", f"{column} IS NOT NULL"


def _repeated(kwargs: Mapping[str, Any]) -> str:
    columns = ", ".join(map(quoted_name, kwargs["column_list"]))
    return f"SELECT COUNT(*) FROM (SELECT 1 FROM {ROWS} GROUP BY {columns} HAVING COUNT(*) > 1)"


def _too_few_or_many(kwargs: Mapping[str, Any]) -> str | None:
    bounds = {sign: kwargs[name] for name, sign in (("min_value", "<"), ("max_value", ">")) if name in kwargs}
    if not bounds or not all(isinstance(bound, int) and _is_number(bound) for bound in bounds.values()):
        return None
    outside = " OR ".join(f"COUNT(*) {sign} {bound}" for sign, bound in bounds.items())
    return f"SELECT CASE WHEN {outside} THEN 1 ELSE 0 END FROM {ROWS}"


def _selected(kwargs: Mapping[str, Any]) -> str | None:
    try:
        query = str(kwargs["unexpected_rows_query"]).format(batch=ROWS)
    except (IndexError, KeyError, ValueError):
        return None
    return f"SELECT COUNT(*) FROM ({query.rstrip().rstrip(';')})"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_OF_VALUES: Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, Any]], tuple[str, str] | None]]] = {
    "expect_column_values_to_not_be_null": (frozenset({"column"}), _null),
    "expect_column_values_to_be_between": (frozenset({"column", "min_value", "max_value"}), _outside),
    "expect_column_values_to_be_in_set": (frozenset({"column", "value_set"}), _not_in),
}
"""What is known here of values: the arguments of each kind, and when a row breaks it, among which rows."""

_OF_ALL: Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, Any]], str | None]]] = {
    "expect_compound_columns_to_be_unique": (frozenset({"column_list"}), _repeated),
    "expect_table_row_count_to_be_between": (frozenset({"min_value", "max_value"}), _too_few_or_many),
    SQL_EXPECTATION: (frozenset({"unexpected_rows_query"}), _selected),
}
"""What is known of rows together: the arguments of each kind, and its SQL. An argument that is not named is unknown."""
