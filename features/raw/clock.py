"""Clocks as they are landed: a day without an hour, a moment as text with its place's offset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadmart.features.definition import CLOCKS

if TYPE_CHECKING:
    from leadmart.features.definition import Definition


def clock_columns(definition: Definition) -> dict[str, str]:
    """The raw columns, in lower case, that a source casts to TIMESTAMP for a clock and reads in no other way.

    With the cast it uses: CAST, or TRY_CAST where a value that cannot be read is to be borne.
    """
    from sqlglot import exp

    def column_cast(node: exp.Expr | None) -> str | None:
        """The raw column of `CAST(x AS TIMESTAMP)`."""
        if isinstance(node, exp.Cast) and isinstance(node.this, exp.Column) and node.to.sql("duckdb") == "TIMESTAMP":
            return node.this.name.lower()
        return None

    found = {column_cast(item.this) for item in definition.find_all(exp.Alias) if item.alias.lower() in CLOCKS}
    otherwise = {c.name.lower() for c in definition.find_all(exp.Column) if column_cast(c.parent) is None}
    tried = {column_cast(cast) for cast in definition.find_all(exp.TryCast)}
    return {name: "TRY_CAST" if name in tried else "CAST" for name in found if name and name not in otherwise}


def clock_sql(column: str, kind: str, cast: str = "CAST") -> str | None:
    """A raw clock column of a type as a UTC TIMESTAMP: a DATE, or text without an hour, is that day's last microsecond.

    None for a type that the source's own cast reads rightly. By way of TIMESTAMPTZ: DuckDB's cast of text to TIMESTAMP
    drops the offset, so that 02:00+02:00 would be 02:00.
    """
    day_end = "+ INTERVAL 1 DAY - INTERVAL 1 MICROSECOND"
    if kind == "DATE":
        return f'CAST("{column}" AS TIMESTAMP) {day_end}'
    if kind != "VARCHAR":
        return None
    text = f"""NULLIF(TRIM("{column}"), '')"""
    return (
        f"CASE WHEN CONTAINS({text}, ':') THEN CAST({cast}({text} AS TIMESTAMPTZ) AS TIMESTAMP) "
        f"ELSE {cast}({text} AS TIMESTAMP) {day_end} END"
    )
