"""What the proof knows of a relation: its columns with their lineage, what is unique in it, what its rows hang on."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from leadmart.features.definition import CLOCKS, Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.reference import Reference
from leadmart.features.registry import Registry

AS_OF = "as_of"
HINDSIGHT = ("sales_touch", "outcome")
"""Availabilities that a lead model must not see."""
AVAILABILITIES = ("creation", "event", "enrichment", *HINDSIGHT)


@dataclass(frozen=True)
class Fact:
    """What is known of one column.

    `role` is `as_of` for a bare as_of by lineage, `key` for the spine's entity key, `links.<link> <column>` for a
    key of another entity that a link gives for it. `type` is integer, decimal, double, varchar, boolean, timestamp,
    date, interval or empty where no cast tells. `hindsight` names the columns of sources it comes from that are known
    by a salesperson's work or the outcome only.
    """

    role: str = ""
    type: str = ""
    hindsight: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Relation:
    """A readable relation. `keys` are sets of columns, each unique at one as_of; the empty set means one row at most.

    `timed` relations carry as_of. `fixed` ones (LATERAL) hang on the outer row and need none. `asked` ones hold only
    the entities asked for, so what is computed over several of their keys would change with the asking; of those,
    `lookup` ones are other views, to be joined on their full key.
    """

    words: str
    columns: Mapping[str, Fact]
    keys: tuple[frozenset[str], ...] = ()
    timed: bool = True
    fixed: bool = False
    asked: bool = False
    lookup: str = ""
    hindsight: str = ""
    entity: tuple[str, str] = field(default=("", ""))


def spine_relation(definition: Definition) -> Relation:
    """The spine of a view: its entity's key and as_of, one row each."""
    key = definition.key
    return Relation("spine", {key: Fact("key"), AS_OF: Fact(AS_OF, "timestamp")}, (frozenset({key}),), asked=True)


def known_relation(name: str, registry: Registry, timed: bool = True) -> Relation:
    """A source, over all connectors that feed it. Raises LeadmartError `unknown_source`."""
    definitions = registry.source(name)
    columns: dict[str, Fact] = {}
    marks: set[str] = set()
    words = f"known.{name}" if timed else f"staging.{name}"
    for definition in definitions:
        said = availability_of(definition)
        for column, kind in source_types(definition).items():
            before = columns.get(column, Fact(type=kind))
            mark = said.get(column, "")
            doubt = frozenset({f"{words}.{column} ({mark})"}) if mark in HINDSIGHT else frozenset()
            marks |= {mark for key in definition.source_key if key == column and mark in HINDSIGHT}
            columns[column] = Fact("", kind if before.type == kind else "", before.hindsight | doubt)
    for clock in CLOCKS:
        columns[clock] = replace(columns.get(clock, Fact()), type="timestamp")
    if timed:
        columns[AS_OF] = Fact(AS_OF, "timestamp")
    # connectors may differ in their key: only all its columns together tell the rows of every one of them apart
    key = frozenset(column.lower() for definition in definitions for column in definition.source_key)
    return Relation(words, columns, (key,), timed=timed, hindsight=", ".join(sorted(marks)))


def availability_of(source: Definition) -> dict[str, str]:
    """Column → availability, as the header says. Raises LeadmartError `bad_header`."""
    found: dict[str, str] = {}
    for part in source.header.get("availability", "").replace(";", ",").split(","):
        if not part.strip():
            continue
        name, _, value = (word.strip() for word in part.partition("="))
        if value not in AVAILABILITIES or not name:
            raise LeadmartError(
                f"availability of {source.name} cannot be read: {part.strip()}",
                code="bad_header",
                place=source.place(line=_header_line(source, "availability")),
                hint=f"write `-- availability: calls_logged = sales_touch`; the words are {', '.join(AVAILABILITIES)}",
            )
        found[name.lower()] = value
    return found


def _header_line(definition: Definition, key: str) -> int:
    lines = definition.text.splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.replace(" ", "").startswith(f"--{key}:")), 1)


def source_types(source: Definition) -> dict[str, str]:
    """The output columns of a source with the type that its casts give them, '' where none does."""
    from sqlglot import exp

    from leadmart.features.proof.types import type_of

    found = {}
    for item in source.select.expressions:
        inner = item.this if isinstance(item, exp.Alias) else item
        found[item.alias_or_name.lower()] = type_of(inner, lambda column: "")
    return found


def reference_relation(reference: Reference) -> Relation:
    """A reference table: its header's columns; each column without a value twice is a key.

    In the place of one that has problems of its own stands the packaged one: what follows from them is no news.
    """
    if reference.replaced and reference.problems:
        reference = reference.replaced
    if not reference.path.is_file():
        return Relation(f"reference.{reference.name}", {}, timed=False)
    state = reference.path.stat()
    names, keys = _columns_of(reference.path, state.st_mtime_ns, state.st_size)
    return Relation(f"reference.{reference.name}", {name: Fact() for name in names}, keys, timed=False)


@lru_cache(maxsize=64)
def _columns_of(path: Path, changed: int, size: int) -> tuple[tuple[str, ...], tuple[frozenset[str], ...]]:
    """The columns of a reference table's file, and those that are keys; read again once the file has changed."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    names = tuple(name.strip().lower() for name in rows[0]) if rows else ()
    keys = tuple(
        frozenset({name})
        for at, name in enumerate(names)
        if len({_as_read(row[at]) for row in rows[1:] if len(row) > at}) == len(rows) - 1
    )
    return names, keys


def _as_read(text: str) -> str | float:
    """A value as DuckDB's reader may take it: `01` and `1.0` are one number."""
    try:
        return float(text)
    except ValueError:
        return text.strip().lower()
