"""Rows of a reference CSV with the line each came from, for errors that say file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names
from leadmart.features.reference import COMMAS, other_separator


@dataclass(frozen=True)
class CsvRow:
    """One row: `cells` by column name, stripped; `place` is where it stands."""

    cells: dict[str, str]
    place: Place


def read_rows(text: str, file: str, columns: Sequence[str], code: str, *, optional: Sequence[str] = ()) -> list[CsvRow]:
    """The rows of a CSV whose header must be exactly `columns`, in any order. Blank lines and lines that begin with #
    are passed over. A column that is `optional` may be left out; its cells are empty then.

    Raises LeadmartError `code` for a wrong header or rows of another width, all at once.
    """
    reader = csv.reader(io.StringIO(text))
    header: list[str] | None = None
    rows: list[CsvRow] = []
    problems: list[LeadmartError] = []
    for cells in reader:
        place = Place(file, line=reader.line_num)
        if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
            continue
        if header is None:
            header = [cell.strip().lstrip("\ufeff") for cell in cells]
            given = [*columns, *(name for name in optional if name in header)]
            problems += _header_problems(header, given, place, code)
            if problems:
                break
        elif len(cells) != len(header):
            problems.append(
                LeadmartError(
                    f"{len(cells)} cells where the header has {len(header)}",
                    code=code,
                    place=place,
                    hint="a cell with a comma wants double quotes",
                )
            )
        else:
            named = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            rows.append(CsvRow(dict.fromkeys(optional, "") | named, place))
    if header is None:
        problems.append(
            LeadmartError("the file is empty", code=code, place=Place(file), hint=f"header: {','.join(columns)}")
        )
    if problems:
        raise all_as_one(problems)
    return rows


def _header_problems(header: Sequence[str], columns: Sequence[str], place: Place, code: str) -> list[LeadmartError]:
    unknown = [name for name in header if name not in columns]
    missing = [name for name in columns if name not in header]
    if separator := other_separator(header):
        return [LeadmartError(f"the file has {separator} between its cells", code=code, place=place, hint=COMMAS)]
    problems = [
        LeadmartError(f"unknown column {name!r}", code=code, place=place, hint=near_names(name, missing))
        for name in unknown
    ]
    problems += [
        LeadmartError(f"column {name!r} is missing", code=code, place=place, hint=f"header: {','.join(columns)}")
        for name in missing
    ]
    if len(set(header)) != len(header):
        problems.append(LeadmartError("a column name stands twice in the header", code=code, place=place))
    return problems
