"""The inventory of a raw table before any SQL is written: what it holds, when each column is known, what leaks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from leadmart.features.audit.availability import Availability, Clock, Habit, habit, is_of_deals, plain_name
from leadmart.features.audit.content import Content, Gap, Key, examine
from leadmart.features.audit.types import Typed, type_columns
from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.project import Project, Settings
from leadmart.features.raw.load import file_relation, files_of, unreadable_file
from leadmart.features.raw.tables import raw_attached, raw_tables
from leadmart.features.warehouse import Warehouse, open_for_reading, open_scratch


@dataclass(frozen=True)
class AuditedColumn:
    """A column, when it is known by its name and content, whether it smells of the outcome, and why in words."""

    name: str
    type: str
    null_share: float
    availability: Availability
    leak: bool
    why: str


@dataclass(frozen=True)
class AuditedClock:
    """A column that may be a clock. `role` is creation, event, update or sync; `planned` is no clock, though it looks
    like one.
    """

    name: str
    role: Clock
    first: str | None
    last: str | None
    why: str


@dataclass(frozen=True)
class Audit:
    """One table's inventory. `duplicates` counts rows that repeat another in all but the loader's own stamps."""

    table: str
    rows: int
    duplicates: int
    key: Key | None
    gaps: tuple[Gap, ...]
    clocks: tuple[AuditedClock, ...]
    columns: tuple[AuditedColumn, ...]
    remarks: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of `audit --json` for one table."""
        return asdict(self)


def audit_project(
    project: Project, tables: Sequence[str], now: datetime, progress: Callable[[str], None] = lambda _: None
) -> list[Audit]:
    """The inventory of a project's raw tables; of all of them where none is named. Raises LeadmartError
    `unknown_table`.
    """
    with open_for_reading(project) as warehouse:
        relations = raw_tables(warehouse)
        if unknown := [name for name in tables if name not in relations]:
            raise LeadmartError(
                f"{unknown[0]} is neither a raw table nor a file",
                code="unknown_table",
                hint=near_names(unknown[0], relations) or f"raw tables: {', '.join(sorted(relations)) or 'none'}",
            )
        found = []
        with raw_attached(warehouse):
            for name in tables or sorted(relations):
                progress(name)
                found.append(audit_relation(warehouse, name, relations[name], now))
        return found


def audit_files(paths: Sequence[Path], now: datetime, progress: Callable[[str], None] = lambda _: None) -> list[Audit]:
    """The inventory of CSV, Parquet or JSON lines files, or folders of them, each file a table of its own name.

    Raises LeadmartError `no_such_file` or `unreadable_file`.
    """
    found = []
    with _scratch() as warehouse:
        for file in files_of(paths):
            progress(file.name)
            try:
                table = file.name.partition(".")[0]
                found.append(audit_relation(warehouse, table, file_relation(warehouse, file), now))
            except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.IOException) as error:
                raise unreadable_file(file, error) from None
    return found


def audit_relation(warehouse: Warehouse, table: str, relation: str, now: datetime) -> Audit:
    """The inventory of what a relation reads, `table` being the name by which habits know it."""
    columns = type_columns(warehouse, table, relation)
    habits = [habit(table, column.name) for column in columns]
    content = examine(warehouse, table, relation, columns, habits, now)
    has_versions = _has_versions(columns, habits, content)
    if has_versions:
        habits = [_in_a_version(each) if each else None for each in habits]
        content = replace(content, is_log=True)
    is_in_place = not content.is_log and _is_in_place(habits)
    all_won = _outcome_clock(columns, habits, content)
    audited = [
        _judge(table, number, column, habits[number], content, is_in_place, all_won)
        for number, column in enumerate(columns)
    ]
    clocks = [
        _clock(column, habits[number], content, number, all_won)
        for number, column in enumerate(columns)
        if column.kind == "moment"
    ]
    return Audit(
        table=table,
        rows=content.rows,
        duplicates=content.duplicates,
        key=content.key,
        gaps=content.gaps,
        clocks=tuple(clock for clock in clocks if clock),
        columns=tuple(audited),
        remarks=_remarks(table, columns, content, is_in_place, all_won),
    )


@contextmanager
def _scratch() -> Iterator[Warehouse]:
    with tempfile.TemporaryDirectory() as folder, open_scratch(Project(Path(folder), Settings())) as warehouse:
        yield warehouse


def _has_versions(columns: Sequence[Typed], habits: Sequence[Habit | None], content: Content) -> bool:
    """Whether rows are versions of one thing each: the moment of the change is part of the key."""
    key = content.key.columns if content.key else ()
    changed = {c.name for c, each in zip(columns, habits, strict=True) if each and each.clock == "update"}
    return bool(changed.intersection(key)) or any(plain_name(column.name) == "fivetran_start" for column in columns)


def _in_a_version(told: Habit) -> Habit:
    """The habit where each change is a row of its own: the change's moment is when it happened, and states hold."""
    if told.clock == "update":
        return replace(told, clock="event", leak="no", why="when this version of the row began")
    if told.availability == "event" and told.leak == "yes" and "state" in told.why:
        return replace(told, leak="no", why="the state from this version on")
    if told.availability == "creation" and not told.clock:
        return replace(told, availability="event", why="a value from this version on")
    return told


def _is_in_place(habits: Sequence[Habit | None]) -> bool:
    """Whether rows are overwritten: they carry an update clock, or what only a later day can have written."""
    return any(
        each is not None and each.leak == "yes" and (each.clock == "update" or each.availability != "event")
        for each in habits
    )


def _outcome_clock(columns: Sequence[Typed], habits: Sequence[Habit | None], content: Content) -> str:
    """The outcome's date that each row has, where rows have no date of creation: such a table has rows for outcomes
    only.
    """
    if content.outcome or any(each is not None and each.clock in ("creation", "event") for each in habits):
        return ""
    for number, (column, each) in enumerate(zip(columns, habits, strict=True)):
        is_filled = content.rows > 0 and content.facts[number].filled == content.rows
        if column.kind == "moment" and is_filled and each is not None and each.availability == "outcome":
            return column.name
    return ""


def _judge(
    table: str, number: int, column: Typed, told: Habit | None, content: Content, is_in_place: bool, all_won: str
) -> AuditedColumn:
    fact = content.facts[number]
    null_share = 1 - fact.filled / content.rows if content.rows else 0.0
    default: Availability = "event" if content.is_log or is_of_deals(table) else "creation"
    availability: Availability = (told.availability if told else "") or default
    leak = told is not None and (told.leak == "yes" or (told.leak == "in_place" and is_in_place))
    words = [told.why] if told else []
    for finding in content.findings.get(number, ()):
        words.append(finding.why)
        leak = leak or finding.leak
        availability = finding.availability or availability
    if all_won and column.name != all_won:
        leak, availability = True, "outcome"
        words.append(f"every row has a {all_won}: rows exist for outcomes only, so all of it is known after one")
    if content.rows and not fact.filled:
        words.append("empty")
    if not words:
        words.append("no habit known by this name, and nothing in its content speaks of the outcome")
    return AuditedColumn(column.name, column.type, round(null_share, 4), availability, leak, "; ".join(words))


def _clock(column: Typed, told: Habit | None, content: Content, number: int, all_won: str) -> AuditedClock | None:
    fact = content.facts[number]
    if not fact.filled:
        return None
    words = [*fact.remarks]
    role: Clock = told.clock if told else ""
    if role == "planned":
        words.insert(0, "no clock: it may lie ahead and be changed")
    elif column.name == all_won:
        role = "event"
        words.insert(0, "the outcome's own date")
    elif not role:
        if told is not None or fact.filled < content.rows * 0.99:
            return None
        role = "event"
        words.insert(0, "by its content: a moment in every row")
    return AuditedClock(column.name, role, _iso(fact.least), _iso(fact.most), "; ".join(words))


def _remarks(
    table: str, columns: Sequence[Typed], content: Content, is_in_place: bool, all_won: str
) -> tuple[str, ...]:
    found = []
    if content.rows == 0:
        found.append("the table is empty")
    if empty := [c.name for n, c in enumerate(columns) if content.rows and not content.facts[n].filled]:
        found.append(f"empty columns: {', '.join(empty)}")
    if is_of_deals(table):
        found.append("a row is there once a deal is: read it in labels, or from its own clock on; no trait of a lead")
    if all_won:
        found.append(f"rows exist for outcomes only (each has a {all_won}): read it in the label, nowhere else")
    elif is_in_place:
        found.append(
            "rows are overwritten in place: name the columns fixed at creation in `-- frozen:`, take the others from "
            "a history or `leadmart snapshot`"
        )
    if content.outcome:
        found.append(f"content was held against {content.outcome}")
    return tuple(found)


def _iso(value: object) -> str | None:
    return value.isoformat() if isinstance(value, date) else None


def suspects_first(columns: Sequence[AuditedColumn]) -> list[AuditedColumn]:
    """The columns with those that leak on top, each part in the table's order."""
    return sorted(columns, key=lambda column: not column.leak)
