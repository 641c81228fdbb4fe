"""What `check` refuses: each file below `lint/<kind>/` is a definition; its last lines say what must be found.

`-- expect: code @line:column` (the place may be left out), one line a refusal, in the order of the text; a file without
such a line must pass. What a person reads stands in `golden/lint/<kind>/<name>.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from leadmart.features.definition import VERSIONED, Definition
from leadmart.features.project import Project, Settings
from leadmart.features.proof.lint import problems_of
from leadmart.features.registry import Registry

CASES = Path(__file__).parent / "lint"
EXPECT = re.compile(r"^-- expect: (\w+)(?: @(\d+)(?::(\d+))?)?$", re.MULTILINE)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry(Project(tmp_path_factory.mktemp("empty"), Settings()))


def definition_in(file: Path) -> Definition:
    kind, name = file.parent.name, file.stem
    text = EXPECT.sub("", file.read_text(encoding="utf-8")).rstrip() + "\n"
    version = 1 if kind in VERSIONED else None
    inside = Path("sql", f"{kind}s", name, "v1.sql") if version else Path("sql", f"{kind}s", f"{name}.sql")
    return Definition(kind, name, version, "plain" if kind == "source" else "", inside, text, False)


@pytest.mark.parametrize("file", sorted(CASES.rglob("*.sql")), ids=lambda f: f"{f.parent.name}-{f.stem}")
def test_a_definition_is_refused_for_what_its_file_expects(
    file: Path, packaged: Registry, golden: Callable[[str, str], None]
) -> None:
    problems = problems_of(definition_in(file), packaged)
    expected = EXPECT.findall(file.read_text(encoding="utf-8"))
    shown = "\n\n".join(problem.render() for problem in problems)
    assert [problem.code for problem in problems] == [code for code, _, _ in expected], shown
    for problem, (_, line, column) in zip(problems, expected, strict=True):
        assert problem.place
        assert line in ("", str(problem.place.line)), shown
        assert column in ("", str(problem.place.column)), shown
    if problems:
        golden(shown, f"lint/{file.parent.name}/{file.stem}.txt")


def test_every_packaged_definition_passes(packaged: Registry) -> None:
    definitions = packaged.all()
    assert {d.kind for d in definitions} >= {"source", "feature", "gate", "link", "spine", "label"}
    assert [problem.render() for d in definitions for problem in problems_of(d, packaged)] == []


def test_no_golden_text_is_left_without_its_case() -> None:
    golden = CASES.parent / "golden" / "lint"
    cases = {file.relative_to(CASES).with_suffix("") for file in CASES.rglob("*.sql")}
    assert {file.relative_to(golden).with_suffix("") for file in golden.rglob("*.txt")} <= cases
