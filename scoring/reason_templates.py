"""Reason templates: the words for a feature column, and the group in which its contributions are added up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, cast, get_args

from leadmart.features.errors import LeadmartError, Place, all_as_one
from leadmart.features.protected import is_unspoken
from leadmart.scoring.csv_rows import CsvRow, read_rows

Section = Literal["fit", "behaviour", "intent"]

COLUMNS = ("code", "column", "group", "template", "missing_template")
VALUE = "{value}"


@dataclass(frozen=True)
class ReasonTemplate:
    """The words for one column. A template without `{value}` is a claim ("Asked for a demo") and only said of a value
    that is TRUE, or a number other than 0; one with `{value}` is said of every value but NULL, of which
    `missing_template` speaks. `section` is where `explain` shows it.
    """

    code: str
    column: str
    group: str
    template: str
    missing_template: str
    section: Section = "behaviour"
    place: Place = field(default=Place("reasons.csv"), compare=False)


@dataclass(frozen=True)
class ReasonTemplates:
    """The templates in the order of the file, one a column."""

    rows: tuple[ReasonTemplate, ...]

    @cached_property
    def by_column(self) -> dict[str, ReasonTemplate]:
        return {row.column: row for row in self.rows}

    def lacking(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The columns without a template; they get their column comment as words."""
        return tuple(column for column in columns if column not in self.by_column)


def read_templates(text: str, file: str = "reasons.csv") -> ReasonTemplates:
    """The templates of a CSV text with the columns `COLUMNS`; an empty group is the column by itself. A sixth column
    `section` may say fit, behaviour or intent; where it does not, it is behaviour.

    Raises LeadmartError `bad_reasons` with file and line for every bad row at once.
    """
    rows: dict[str, ReasonTemplate] = {}
    codes: dict[str, ReasonTemplate] = {}
    problems: list[LeadmartError] = []
    for cells in read_rows(text, file, COLUMNS, "bad_reasons", optional=("section",)):
        try:
            row = _parse(cells)
        except LeadmartError as problem:
            problems.append(problem)
            continue
        if row.column in rows:
            problems.append(
                _bad(f"{row.column} has its template in line {rows[row.column].place.line} already", row.place)
            )
        elif row.code in codes and codes[row.code].group != row.group:
            problems.append(
                _bad(f"code {row.code} is in another group in line {codes[row.code].place.line}", row.place)
            )
        else:
            rows[row.column] = codes[row.code] = row
    if problems:
        raise all_as_one(problems)
    return ReasonTemplates(tuple(rows.values()))


def _parse(source: CsvRow) -> ReasonTemplate:
    cells, place = source.cells, source.place
    for name in ("code", "column", "template"):
        if not cells[name]:
            raise _bad(f"{name} is empty", place)
    for name in ("template", "missing_template"):
        rest = cells[name].replace(VALUE, "") if name == "template" else cells[name]
        if "{" in rest or "}" in rest:
            raise _bad(f"{name} has a brace that is not {VALUE}", place, "a missing_template has no value to name")
    section = cells["section"] or "behaviour"
    if section not in get_args(Section):
        raise _bad(f"unknown section {section!r}", place, f"one of {', '.join(get_args(Section))}")
    if is_unspoken(cells["column"]):
        raise _bad(
            f"{cells['column']} speaks of a protected group or of consent, which no reason names",
            place,
            "leave the row out: such a column has no words of its own either",
        )
    return ReasonTemplate(
        cells["code"],
        cells["column"],
        cells["group"] or cells["column"],
        cells["template"],
        cells["missing_template"],
        cast(Section, section),
        place,
    )


def _bad(message: str, place: Place, hint: str = "") -> LeadmartError:
    return LeadmartError(message, code="bad_reasons", place=place, hint=hint)
