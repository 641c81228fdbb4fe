"""Waivers: a reason in the header answers a refusal, and is told wherever the definition is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.proof.lint import problems_of
from leadmart.features.waivers import WAIVABLE, waivers, waivers_of

CASES = Path(__file__).parent / "lint" / "feature"
WITH_WAIVED = '[features]\nviews = ["lead_profile@v1", "mails@v1"]\n[engine]\nthreads = 2\nmemory_limit = "1GB"\n'


def view(name: str, **header: str) -> Definition:
    text = (CASES / f"{name}.sql").read_text(encoding="utf-8")
    for key, words in header.items():
        text = text.replace("--\n", f"-- {key}: {words}\n--\n", 1)
    return Definition("feature", name, 1, "", Path(f"sql/features/{name}/v1.sql"), text, False)


def test_a_waiver_answers_its_own_code_only(world: Any) -> None:
    session, _ = world.again()
    answered = view("two_facts", waive="two_facts because mails of a day are few")
    assert problems_of(answered, session.registry) == []
    assert [w.reason for w in waivers(answered)] == ["mails of a day are few"]
    other = view("two_facts", waive="unordered because mails of a day are few")
    assert [p.code for p in problems_of(other, session.registry)] == ["two_facts"]


def test_what_a_waiver_answers_hides_nothing_behind_it(world: Any) -> None:
    """A CTE whose refusal is waived is read on: what is wrong with the SELECT around it is still found."""
    session, _ = world.again()
    text = view("row_number_with_ties", waive="order_without_key because stamps differ").text
    wrong = text.replace("\n    AND c.as_of = spine.as_of", "")
    found = Definition("feature", "x", 1, "", Path("sql/features/x/v1.sql"), wrong, False)
    assert [p.code for p in problems_of(found, session.registry)] == ["join_without_as_of"]


@pytest.mark.parametrize("code", ["many_rows", "not_left_joined", "unknown_column", "as_of_lost"])
def test_what_would_break_the_engine_cannot_be_waived(code: str) -> None:
    assert code not in WAIVABLE
    with pytest.raises(LeadmartError) as refused:
        waivers(view("many_rows", waive=f"{code} because we are in a hurry"))
    assert refused.value.code == "bad_waiver"


def test_a_selection_tells_its_waivers(world: Any) -> None:
    (world.project.root / "leadmart.toml").write_text(WITH_WAIVED)
    world.write("sql/features/mails/v1.sql", view("two_facts", waive="two_facts because mails are few").text)
    session, selection = world.again()
    assert [w.as_json() for w in waivers_of(session.registry, selection.definitions)] == [
        {"view": "mails@v1", "code": "two_facts", "reason": "mails are few"}
    ]
