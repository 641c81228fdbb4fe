"""docs/capabilities.md: every row of the checklist stands there, and every place and test that it names exists."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from leadmart.cli import app
from leadmart.features.project import Project, Settings
from leadmart.features.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "capabilities.md"
NUMBERS = range(1, 120)
STATES = ("met", "part", "contract", "held")
HELD = {36, 59, 69, 71, 72, 73, 86, 119}
"""For later, by decision; nothing else may be held."""
KINDS = {"features": "feature", "gates": "gate", "links": "link", "known": "source", "labels": "label"}

_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (\w+) \| (.*?)\| (.*?)\|$", re.M)


class Row(NamedTuple):
    number: int
    words: str
    state: str
    places: list[str]
    tests: list[str]


@cache
def rows() -> tuple[Row, ...]:
    found = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    return tuple(
        Row(int(number), words, state, re.findall(r"`([^`]+)`", places), re.findall(r"`([^`]+)`", tests))
        for number, words, state, places, tests in found
    )


@cache
def commands() -> dict[str, set[str]]:
    """The commands there are, each with its options."""
    group = typer.main.get_command(app)
    return {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }


@cache
def registry() -> Registry:
    return Registry(Project(ROOT / "nowhere", Settings()))


@cache
def documented(page: str) -> dict[str, set[str]]:
    """The tables of a page made by `make reference`, each with its columns."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    tables = re.split(r"^##+ (?=\w+\.)", text, flags=re.M)[1:]
    return {part.split("\n", 1)[0].strip(): set(re.findall(r"^\| `(\w+)` \|", part, re.M)) for part in tables}


@cache
def settings() -> set[str]:
    return set(re.findall(r"^\| `([\w.]+)` \|", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"), re.M))


@cache
def functions_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def is_there(place: str) -> bool:
    if place.startswith("leadmart "):
        _, command, *options = place.split()
        return command in commands() and set(options) <= commands()[command]
    schema, _, rest = place.partition(".")
    name, _, column = rest.partition(".")
    if schema in KINDS and (found := [d for d in registry().all(KINDS[schema]) if d.name == name]):
        return not column or any(column == each.name for definition in found for each in definition.columns)
    if schema == "reference":
        file = ROOT / "sql" / "reference" / f"{name}.csv"
        if not column or not file.is_file():
            return file.is_file()
        with file.open(newline="", encoding="utf-8") as lines:
            return column in next(csv.reader(lines))
    if schema in ("scores", "meta", "marts") or place == "features.lead_features":
        tables = documented("marts.md" if schema == "marts" else "tables.md")
        return f"{schema}.{name}" in tables and (not column or column in tables[f"{schema}.{name}"])
    return place in settings()


def test_every_number_of_the_checklist_has_one_row_in_its_order() -> None:
    assert [row.number for row in rows()] == list(NUMBERS)


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.number))
def test_a_capability_lives_where_the_page_says_and_has_its_test(row: Row) -> None:
    assert row.state in STATES
    assert (row.state == "held") == (row.number in HELD)
    assert [place for place in row.places if not is_there(place)] == []
    for test in row.tests:
        file, _, name = test.partition("::")
        assert name in functions_in(file), test
    if row.state != "held":
        assert row.places, "where does it live?"
        assert row.tests, "which test proves it?"


@pytest.mark.parametrize(
    "place",
    [
        "leadmart fly",
        "leadmart train --wings",
        "features.web_engagement.wings",
        "gates.wings",
        "reference.wings",
        "marts.targets.wings",
        "scores.wings",
        "scoring.wings",
    ],
)
def test_a_place_that_does_not_exist_is_noticed(place: str) -> None:
    assert not is_there(place)


def test_the_page_counts_its_rows() -> None:
    counted = Counter(row.state for row in rows())
    line = ", ".join(f"{counted[state]} {state}" for state in STATES)
    assert f"Of {len(NUMBERS)} rows: {line}." in PAGE.read_text(encoding="utf-8")
