"""docs/point-in-time.md: each leak it shows is refused with the very words that stand below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leadmart.features.definition import Definition
from leadmart.features.project import Project, Settings
from leadmart.features.proof.lint import problems_of
from leadmart.features.registry import Registry

PAGE = Path(__file__).parent.parent.parent / "docs" / "point-in-time.md"
LEAKS = re.findall(
    r"```sql\n(-- (?:entity|key):.*?)```\n\n```text\n(error: .*?)```", PAGE.read_text("utf-8"), re.DOTALL
)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry(Project(tmp_path_factory.mktemp("empty"), Settings()))


def test_the_page_shows_a_leak_for_each_rule() -> None:
    assert len(LEAKS) >= 20
    assert len({message.partition("\n")[0] for _, message in LEAKS}) == len(LEAKS)


@pytest.mark.parametrize(("sql", "message"), LEAKS, ids=[m[7:47] for _, m in LEAKS])
def test_a_leak_is_refused_in_these_words(sql: str, message: str, packaged: Registry) -> None:
    if sql.startswith("-- key"):
        definition = Definition("source", "calls", None, "plain", Path("sql/sources/plain/calls.sql"), sql, False)
    else:
        definition = Definition("feature", "mails", 1, "", Path("sql/features/mails/v1.sql"), sql, False)
    assert "\n".join(problem.render() for problem in problems_of(definition, packaged)) == message.rstrip()
