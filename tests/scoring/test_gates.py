"""Gate comments, and which rules fire."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from leadmart.features.errors import LeadmartError
from leadmart.features.gate_rule import parse_rule
from leadmart.scoring.composite import cap, cap_reason
from leadmart.scoring.gates import fired_names, is_blocked, refuse_unfit_gates, told_names, told_reasons

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "gates" / "comments.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["comment"] or "empty")
def test_a_comment_makes_a_rule_or_a_complaint(case):
    if "complaint" not in case:
        rule = parse_rule("is_x", case["comment"], "icp@v1")
        assert (rule.severity, rule.cap, rule.reason) == (case["severity"], case["cap"], case["reason"])
        return
    with pytest.raises(LeadmartError, match=r"icp@v1\.is_x") as caught:
        parse_rule("is_x", case["comment"], "icp@v1")
    assert caught.value.code == "bad_gate"
    assert case["complaint"] in caught.value.message
    assert case.get("hint", "block: words") in caught.value.hint


def test_the_rules_that_fire_are_listed_blocks_first(rules, gated):
    rows = gated(
        pl.DataFrame({"lead_id": ["a", "b", "c"]}),
        is_student=[False, True, False],
        is_free_mail=[True, True, False],
        lacks_required_fields=[True, False, False],
        was_rejected=[True, False, True],
    )
    found = rows.select(
        names=fired_names(rules),
        reasons=told_reasons(rules),
        cap=cap(rules),
        why=cap_reason(rules),
        out=is_blocked(rules),
    )
    assert found["names"].to_list() == [
        ["lacks_required_fields", "is_free_mail", "was_rejected"],
        ["is_student", "is_free_mail"],
        ["was_rejected"],
    ]
    assert found["reasons"].to_list()[1] == ["student address", "private mail address"]
    assert found["cap"].to_list() == [40.0, 20.0, 100.0]
    assert found["why"].to_list() == ["name or company is missing", "student address", None]
    assert found["out"].to_list() == [False, True, False]


def test_two_gates_with_a_rule_for_one_thing_tell_it_once():
    """icp@v1 and disqualification@v1 side by side: both rules fire, and the reason stands there once."""
    said = {
        "is_student": "block: Student or academic",
        "is_free_mail": "cap 60: Free mail address",
        "is_competitor": "block: Works for a competitor",
        "is_customer": "cap 60: Their company is a customer already",
        "is_student_or_academic": "block: Student or academic",
        "is_competitor_or_analyst": "block: Works for a competitor or an analyst",
        "is_existing_customer": "block: Company is a customer already",
        "is_mail": "flag: Mail",
        "is_address": "flag: Free mail",
    }
    rules = [parse_rule(name, comment, "both@v1") for name, comment in said.items()]
    fired = [
        {"is_student", "is_student_or_academic"},
        {"is_competitor_or_analyst"},
        {"is_competitor", "is_competitor_or_analyst", "is_customer", "is_existing_customer"},
        {"is_free_mail", "is_mail", "is_address"},
    ]
    found = pl.DataFrame([{name: name in each for name in said} for each in fired]).select(
        names=fired_names(rules), told=told_names(rules), reasons=told_reasons(rules)
    )
    assert [set(names) for names in found["names"].to_list()] == fired
    assert found["told"].to_list() == [
        ["is_student"],
        ["is_competitor_or_analyst"],
        ["is_competitor", "is_existing_customer"],
        ["is_free_mail", "is_mail", "is_address"],  # two words may be another thing
    ]
    assert found["reasons"].to_list()[2] == ["Works for a competitor", "Company is a customer already"]


def test_without_rules_nothing_fires():
    found = pl.DataFrame({"lead_id": ["a"]}).select(
        names=fired_names(()), cap=cap(()), why=cap_reason(()), out=is_blocked(())
    )
    assert found.rows() == [([], 100.0, None, False)]
    assert found.schema["names"] == pl.List(pl.String)


def test_more_rules_than_one_number_has_bits_are_listed_in_their_order():
    names = [f"is_{n}" for n in range(130)]
    many = [parse_rule(name, f"flag: {name}", "many@v1") for name in names]
    fired = pl.DataFrame({name: [n % 7 == 0, n > 120, False] for n, name in enumerate(names)})
    found = fired.select(fired_names(many)).to_series().to_list()
    assert found == [[n for n in names if row[n]] for row in fired.to_dicts()]


def test_a_null_absent_or_wordy_gate_is_refused_all_at_once(rules, gated):
    rows = gated(pl.DataFrame({"lead_id": ["a", "b"]})).with_columns(
        pl.Series("is_student", [None, True]), pl.Series("is_competitor", ["no", "yes"])
    )
    with pytest.raises(LeadmartError) as caught:
        refuse_unfit_gates(rows.drop("is_free_mail"), rules)
    text = caught.value.render()
    assert "is_student is NULL in 1 of 2 rows" in text
    assert "is_competitor is String" in text
    assert "is_free_mail is not among" in text
