"""Each requirement has its tests: the table in tests/requirements.md is what the tests say of themselves.

A test names what it proves at the start of its docstring (`C2, C3: …`) or of its name (`test_c2_…`).
`pytest tests/docs/test_requirements.py --update-golden` writes the table.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
TABLE = TESTS / "requirements.md"
NUMBERS = {
    "L": (1, 2, 3, 4, 5, 7),
    "T": range(1, 9),
    "K": range(5, 10),
    "G": range(1, 9),
    "C": range(1, 8),
    "E": (1, 2, 3, 4, 5, 6, 7, 8, 9, 11),
    "D": (5, 6, 7),
    "X": range(1, 7),
    "F": range(1, 5),
    "P": range(1, 7),
}
IDENTIFIERS = tuple(f"{letter}{number}" for letter, numbers in NUMBERS.items() for number in numbers)
NOT_YET: tuple[str, ...] = ()
"""What no test proves yet."""

_NAMED = re.compile(r"test_((?:[ltkgcedxfp]\d{1,2}_)+)")
_SAID = re.compile(r"((?:[LTKGCEDXFP]\d{1,2}(?:, | and )?)+):")
_HEAD = (
    "# Requirements and the tests that prove them\n\n"
    "Written from what tests say of themselves, see `tests/docs/test_requirements.py`.\n\n| id | tests |\n|---|---|\n"
)


@cache
def proven() -> dict[str, list[str]]:
    """Tests by what they name, in the order of files."""
    found: dict[str, list[str]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        for test in _tests(ast.parse(file.read_text(encoding="utf-8"))):
            named = _NAMED.match(test.name)
            said = _SAID.match(" ".join((ast.get_docstring(test) or "").split()))
            words = (named[1].upper() if named else "") + (said[1] if said else "")
            for identifier in dict.fromkeys(re.findall(r"[A-Z]\d+", words)):
                name = f"{file.relative_to(TESTS.parent).as_posix()}::{test.name}"
                found.setdefault(identifier, []).append(name)
    return found


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_a_requirement_is_proven(identifier: str) -> None:
    tests = proven().get(identifier, [])
    if identifier in NOT_YET:
        assert tests == [], f"{identifier} is proven now: take it out of NOT_YET"
    else:
        assert tests, f"no test names {identifier}: begin its docstring with `{identifier}: `"


def test_the_table_is_what_the_tests_say(request: pytest.FixtureRequest) -> None:
    found = proven()
    rows = [f"| {each} | {', '.join(f'`{name}`' for name in found[each])} |" for each in IDENTIFIERS if each in found]
    text = _HEAD + "\n".join(rows) + "\n"
    if request.config.getoption("--update-golden"):
        TABLE.write_text(text, encoding="utf-8")
    assert TABLE.is_file()
    assert TABLE.read_text(encoding="utf-8") == text, "pytest tests/docs/test_requirements.py --update-golden"


def test_nothing_else_is_promised() -> None:
    assert [each for each in NOT_YET if each not in IDENTIFIERS] == []
