"""P1: the policy's version changes with its meaning, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.policy import Boost, Policy, Tiers
from leadmart.scoring.reason_templates import read_templates
from leadmart.scoring.scorecard import read_scorecard

CARD = "code,column,rule,low,high,value,points,max_points,label\na,x,range,1,10,,5,,small\n"
WORDS = "code,column,group,template,missing_template\na,x,g,It is {value},\n"


def policy(card: str = CARD, words: str = WORDS, **other: object) -> Policy:
    return Policy((), (("icp@v1", "f1"),), read_scorecard(card), read_templates(words), **other)


def test_p1_layout_of_the_files_is_no_part_of_the_version():
    spaced = CARD.replace("a,x,range", "# a remark\n\n a , x ,range").replace(",5,", ",5.0,")
    assert policy(spaced).policy_version == policy().policy_version
    assert policy(tiers=Tiers(80, 50)).policy_version == policy().policy_version
    # shares that no tier goes by, and the heading under which `explain` shows a column, decide nothing
    assert policy(tiers=Tiers(hot_share=0.3)).policy_version == policy().policy_version
    sections = WORDS.replace("missing_template\n", "missing_template,section\n").replace("{value},\n", "{value},,fit\n")
    assert policy(words=sections).policy_version == policy().policy_version


def test_p1_every_part_of_the_policy_is_part_of_the_version(rules):
    plain = policy()
    others = [
        policy(CARD.replace(",5,", ",6,")),
        policy(CARD.replace("small", "tiny")),
        policy(words=WORDS.replace("It is", "They are")),
        policy(tiers=Tiers(81, 50)),
        policy(tiers=Tiers(by="rank")),
        policy(tiers=Tiers(by="rank", hot_share=0.2)),
        policy(tiers=Tiers(by="rank", warm_share=0.3)),
        policy(unspoken=("x",)),
        policy(boost=Boost("x")),
        policy(boost=Boost("x", half_life_days=8)),
        policy(max_weight=0.5),
        replace(plain, gates=rules),
        replace(plain, gates=(*rules[:-1], replace(rules[-1], reason="other words"))),
        replace(plain, gate_fingerprints=(("icp@v1", "f2"),)),
    ]
    versions = {p.policy_version for p in (plain, *others)}
    assert len(versions) == 1 + len(others)
    assert all(len(v) == 14 and v.startswith("p_") for v in versions)


def test_p1_another_process_gives_the_same_version():
    script = (
        "from leadmart.scoring.policy import *\nfrom leadmart.scoring.scorecard import *\n"
        "from leadmart.scoring.reason_templates import *\n"
        f"print(Policy((), (('icp@v1', 'f1'),), read_scorecard({CARD!r}), read_templates({WORDS!r})).policy_version)"
    )
    shown = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert shown.strip() == policy().policy_version


def test_numbers_that_make_no_sense_are_refused_together():
    with pytest.raises(LeadmartError) as caught:
        policy(tiers=Tiers(50, 80), boost=Boost("x", half_life_days=0), max_weight=1.5)
    assert len(caught.value.others) == 2
    assert caught.value.code == "bad_policy"
