"""What `plan` tells of an edited policy: the setting, the row and its field, before and now."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from leadmart.features.gate_rule import GateRule
from leadmart.scoring.decisions.playbook import read_playbook
from leadmart.scoring.decisions.rules import DecisionRules
from leadmart.scoring.policy import Boost, Policy, Tiers
from leadmart.scoring.policy_change import gates_told_otherwise, policy_changes, table_change
from leadmart.scoring.reason_templates import read_templates
from leadmart.scoring.scorecard import read_scorecard

CARD = "code,column,rule,low,high,value,points,max_points,label\na,x,range,1,10,,5,,small\na,x,range,11,20,,8,,large\n"
WORDS = "code,column,group,template,missing_template\na,x,g,It is {value},\n"
BOOK = "rule,condition,playbook,urgency,words\none,x > 1,call,now,High\ntwo,x > 0,write,week,Some\n"
RULE = GateRule("is_student", "block", 20.0, "Student", "icp@v1")
PLAIN = Policy(
    (RULE,), (("icp@v1", "f1"),), read_scorecard(CARD), read_templates(WORDS),
    boost=Boost("x"), rules=DecisionRules(playbook=read_playbook(BOOK)),
)  # fmt: skip


def book(text: str) -> DecisionRules:
    return DecisionRules(playbook=read_playbook(text))


CHANGES = {
    "[scoring.tiers] hot 80 is now 75": {"tiers": Tiers(hot=75)},
    "[scoring.boost] half_life_days 7 is now 3": {"boost": Boost("x", half_life_days=3)},
    "[scoring.blend] max_weight 1 is now 0.5": {"max_weight": 0.5},
    "gate icp@v1.is_student: cap 20 is now nothing|gate icp@v1.is_student: severity block is now flag": {
        "gates": (replace(RULE, severity="flag", cap=None),)
    },
    "gate icp@v1.is_student: reason Student is now Studies": {"gates": (replace(RULE, reason="Studies"),)},
    "gate icp@v1.is_student is gone": {"gates": ()},
    "scorecard a (2): points 8 is now 9": {"scorecard": read_scorecard(CARD.replace(",8,", ",9,"))},
    "scorecard b is new": {"scorecard": read_scorecard(f"{CARD}b,y,is_true,,,,3,,yes\n")},
    "reasons a: template It is {value} is now Size {value}": {
        "templates": read_templates(WORDS.replace("It is", "Size"))
    },
    "playbook two is gone": {"rules": book(BOOK.rsplit("two", 1)[0])},
    "playbook one: condition x > 1 is now x > 2": {"rules": book(BOOK.replace("x > 1", "x > 2"))},
    "playbook: no longer read": {"rules": DecisionRules()},
    "unspoken: y is new": {"unspoken": ("y",)},
    "[scoring] overrides false is now true|rules that no override lifts: is_student is new": {
        "binding": ("is_student",)
    },
}


def told(before: Policy, now: Policy) -> list[str]:
    return [each.words for each in policy_changes(json.loads(before.content_text), json.loads(now.content_text))]


@pytest.mark.parametrize("words", CHANGES)
def test_each_change_is_told_by_its_name_and_nothing_else_is(words):
    changed = replace(PLAIN, **CHANGES[words])
    assert told(PLAIN, changed) == words.split("|")
    assert changed.policy_version != PLAIN.policy_version
    assert told(changed, changed) == []


def test_the_order_of_rules_counts_where_the_first_wins():
    head, one, two = BOOK.strip().split("\n")
    turned = replace(PLAIN, rules=book("\n".join([head, two, one]) + "\n"))
    assert told(PLAIN, turned) == ["playbook: the order of the rules is another, and the first wins"]
    assert turned.policy_version != PLAIN.policy_version


def test_a_gate_whose_sql_or_input_is_another_is_named():
    other = replace(PLAIN, gate_fingerprints=(("icp@v1", "f2"), ("new@v1", "f3")))
    assert gates_told_otherwise(json.loads(PLAIN.content_text), json.loads(other.content_text)) == ["icp@v1"]


def test_a_table_tells_its_rows_and_one_whose_text_is_gone_says_so():
    change = table_change(
        "rivals", "domain\na.example\nb.example\n", "domain\n# ours\nb.example\nc.example\n", ["icp@v1"]
    )
    assert change.words == "rivals.csv has 1 row more: c.example, 1 row fewer: a.example (read by icp@v1)"
    assert table_change("rivals", None, "domain\n", ["icp@v1"]).words == (
        "rivals.csv has another content (read by icp@v1)"
    )
    assert table_change("rivals", "domain\na\nb\n", "domain\nb\n\na\n", []).has_same_rows
    assert not table_change("rivals", "domain\na\n", "domain\na \n", []).has_same_rows
    assert not table_change("rivals", None, "domain\n", []).has_same_rows
