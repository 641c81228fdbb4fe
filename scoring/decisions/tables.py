"""Tables of rules: CSV rows whose first column names them, each cell filled unless it may be empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.scoring.csv_rows import CsvRow, read_rows

Row = TypeVar("Row")


def read_table(
    text: str,
    file: str,
    columns: Sequence[str],
    code: str,
    made: Callable[[CsvRow], Row],
    *,
    may_be_empty: Sequence[str] = (),
) -> tuple[Row, ...]:
    """What `made` makes of each row, in the order of the file.

    Raises LeadmartError `code` with file and line for every bad row at once: an empty cell, a name that stands twice,
    and what `made` raises.
    """
    names: set[str] = set()
    rows: list[Row] = []
    problems: list[LeadmartError] = []
    for row in read_rows(text, file, columns, code):
        name = row.cells[columns[0]]
        empty = [column for column in columns if not row.cells[column] and column not in may_be_empty]
        try:
            if empty:
                raise LeadmartError(f"{', '.join(empty)} is empty", code=code, place=row.place)
            if name in names:
                raise LeadmartError(f"{columns[0]} {name} stands twice", code=code, place=row.place)
            names.add(name)
            rows.append(made(row))
        except LeadmartError as problem:
            problems.append(problem)
    if problems:
        raise all_as_one(problems)
    return tuple(rows)
