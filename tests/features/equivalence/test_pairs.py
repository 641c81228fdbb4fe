"""The verdict on pairs of texts: a folder below `pairs/` holds both, and the class of each column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmart.features.equivalence.schema import schema_of
from leadmart.features.equivalence.verdict import changes

PAIRS = sorted(path for path in (Path(__file__).parent / "pairs").iterdir() if path.is_dir())


def texts_of(pair: Path) -> tuple[str, str]:
    before, after = (pair / name for name in ("before.sql", "after.sql"))
    return before.read_text(encoding="utf-8"), after.read_text(encoding="utf-8")


@pytest.mark.parametrize("pair", PAIRS, ids=lambda path: path.name)
def test_the_class_of_each_column(pair: Path, registry: Any) -> None:
    """8.1: layout, names and order of what commutes mean nothing; all else reaches the columns it reaches."""
    texts = texts_of(pair)
    found = changes(*texts, schema_of(registry, texts))
    expected = yaml.safe_load((pair / "expected.yaml").read_text(encoding="utf-8"))
    assert {name: change.kind for name, change in found.items()} == expected
    assert all(change.why for change in found.values())


RUNNABLE = [pair for pair in PAIRS if "other.table" not in texts_of(pair)[0]]
"""All but those of a table that nobody has, of whose columns only the text can be judged."""


@pytest.mark.parametrize("pair", RUNNABLE, ids=lambda path: path.name)
def test_columns_called_same_are_the_same_on_random_rows(pair: Path, registry: Any, world: Any) -> None:
    """8.1: both texts run on random rows; what is called same is the same, taken together."""
    texts = texts_of(pair)
    world.entity("lead")
    found = changes(*texts, schema_of(registry, texts))
    names = [name for name, change in found.items() if change.kind == "same"]
    if any("random()" in text for text in texts):
        assert len({change.kind for change in found.values()}) == 1
        return
    assert world.differing(*texts, names) == 0
