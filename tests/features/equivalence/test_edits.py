"""The verdict on edits made by chance: one that changes rows is never called `same`, one that cannot is.

`edits.py` makes both; `mutants.py` beside this folder makes those that `check` is tried on.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.definition import Definition
from leadmart.features.equivalence.schema import schema_of
from leadmart.features.equivalence.scopes import Schema
from leadmart.features.equivalence.verdict import changes
from leadmart.features.errors import LeadmartError
from leadmart.features.project import Project, Settings
from leadmart.features.registry import Registry
from tests.features import mutants
from tests.features.equivalence import edits
from tests.samples import IS_ALL

HERE = Path(__file__).parent
PACKAGED = Registry(Project(HERE, Settings()))
MANY = 15 if IS_ALL else 3
"""Edits of each definition."""
DEFINITIONS = [d for kind in ("feature", "gate", "link", "spine") for d in PACKAGED.all(kind)]


def known_to(definition: Definition) -> Schema:
    key = definition.key if definition.kind in ("feature", "gate") else "lead_id"
    return schema_of(PACKAGED, [definition.text], key)


def judged(world: Any, definition: Definition, every: list[tuple[str, str]]) -> tuple[Counter[str], list[str]]:
    """Counts of the edited texts, and those that are called same where rows differ."""
    world.use(definition)
    schema = known_to(definition)
    counts: Counter[str] = Counter()
    missed = []
    for what, text in every:
        try:
            verdict = changes(definition.text, text, schema)
        except LeadmartError:
            counts["no SELECT"] += 1
            continue
        names = [name for name, change in verdict.items() if change.kind == "same"]
        both = [name for name, change in verdict.items() if change.kind in ("same", "changed")]
        unlike = world.differing(definition.text, text, both)
        counts["ran" if unlike is not None else "does not run"] += 1
        counts["changed rows"] += bool(unlike)
        if unlike and world.differing(definition.text, text, names):
            missed.append(f"{definition.ref}: {what}: {names}")
    return counts, missed


def swept(world: Any, many: int) -> tuple[Counter[str], list[str]]:
    counts: Counter[str] = Counter()
    missed: list[str] = []
    for definition in DEFINITIONS:
        draw = random.Random(definition.ref)
        every = [*edits.meaning_edits(definition.text, draw), *mutants.mutants_of(definition.kind, definition.text)]
        draw.shuffle(every)
        own, found = judged(world, definition, every[:many])
        counts += own
        missed += found
    print(dict(counts))
    return counts, missed


@pytest.mark.slow
def test_an_edit_that_changes_rows_is_never_called_same(world: Any) -> None:
    """8.1: over every packaged view, gate, link and spine."""
    counts, missed = swept(world, MANY)
    assert missed == []
    assert counts["changed rows"] > 10 * MANY


def test_other_words_for_the_same_are_called_same(world: Any) -> None:
    """8.1: fewer than one column in twenty is called changed that is not; what is done changes no row."""
    columns = wrong = 0
    for definition in DEFINITIONS:
        world.use(definition)
        text = edits.harmless(definition.text, random.Random(definition.ref))
        verdict = changes(definition.text, text, known_to(definition))
        assert world.differing(definition.text, text, verdict) == 0, definition.ref
        columns += len(verdict)
        wrong += sum(change.kind != "same" for change in verdict.values())
    print(f"{wrong} of {columns} columns called changed that are not")
    assert wrong * 20 < columns


@pytest.mark.parametrize("column", [8, 0])
def test_an_edit_of_one_column_reaches_no_other(world: Any, column: int) -> None:
    """8.1: one output of each packaged view wrapped in COALESCE: that column changes, the others stay the same."""
    touched = total = 0
    for definition in PACKAGED.all("feature"):
        name = definition.columns[min(2 + column, len(definition.columns) - 1)].name
        place = next(c.start for c in definition.columns if c.name == name)
        before = definition.text[:place].rstrip()
        if not before.upper().endswith("AS"):
            continue
        text = before[:-2] + f"IS NULL AS {definition.text[place:]}"
        verdict = changes(definition.text, text, known_to(definition))
        found = {n for n, change in verdict.items() if change.kind != "same"}
        assert name in found, definition.ref
        touched += len(found) - 1
        total += len(verdict) - 1
    print(f"{touched} of {total} untouched columns called changed")
    assert touched * 20 < total
