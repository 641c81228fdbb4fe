"""Mutants of every shipped definition: what sees the future, other moments or other leads is refused.

`mutants.py` makes them. Each is computed over a small world of raw rows (`mutation/*.sql`; for CRM and billing sources
the tables of `tests/connectors`, at several as_of) and, where it runs, judged by what it does: *future* (other values
once raw rows known only later are altered), *moments* (other values at an as_of when more as_of are asked for), *leads*
(… when fewer leads are), *order* (… when raw rows come in another order), *rows* (not one row per spine row), *inlined*
(other values as executed than as pasted). `check` has to refuse all of those; of the rest it is counted, not judged.
What `check` refuses cannot get through, so of those only some are computed, to see that mutants do harm.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import pytest

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.project import Project, Settings, find_project
from leadmart.features.proof.lint import problems_of
from tests.features import mutants
from tests.features.mutant_worlds import (
    APART,
    CONNECTORS_AS_OF,
    FAULTS,
    HERE,
    OLIST,
    World,
    connector_worlds,
    shipped,
    world_of,
)
from tests.samples import IS_ALL


@dataclass
class Tally:
    """What became of a definition's mutants; `escaped` are the harmful ones that `check` accepts.

    `unweighed` were refused, and nobody looked whether they do harm.
    """

    made: int = 0
    unweighed: int = 0
    not_runnable: int = 0
    refused: int = 0
    refused_though_harmless: int = 0
    claims: int = 0
    harmful: Counter[str] = field(default_factory=Counter)
    escaped: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for part in ("made", "unweighed", "not_runnable", "refused", "refused_though_harmless", "claims"):
            setattr(self, part, getattr(self, part) + getattr(other, part))
        self.harmful += other.harmful

    @property
    def line(self) -> str:
        harmful = ", ".join(f"{fault} {self.harmful[fault]}" for fault in FAULTS if self.harmful[fault])
        return (
            f"{self.made:>5} made {self.unweighed:>5} refused unweighed {self.not_runnable:>5} do not run "
            f"{self.harmful.total():>5} harmful ({harmful}) "
            f"{self.refused:>5} of them refused {self.refused_though_harmless:>5} refused though harmless "
            f"{self.claims:>3} false clocks"
        )


PLANTED_IN = ("form_activity", "landing_page", "lead_account", "open_leads", "leads", "email_events")
"""Definitions that get everything that can be planted; in others it would be the same again."""

SHORT = ("account_engagement", "consent", "email_engagement", "form_activity", "product_usage", "web_engagement")
ONE_IN = dict.fromkeys(SHORT, 6) | dict.fromkeys(("lead_account", "open_leads", "email_events"), 4)
ONE_IN |= {"form_activity": 3, "intake": 1, "landing_page": 12, "icp": 20, "lead_profile": 20}
"""Of views and gates that hold every shape there is one mutant in so many; `make test-all` takes every one."""
WEIGHED_WHOLE = ("form_activity", "lead_account", "intake", "plain leads")
ONE_WEIGHED_IN = 16
"""Of the mutants that `check` refuses, which cannot escape, one in so many is computed. Of the named ones each: among
theirs is every kind of fault, `order` in the source, `leads` in the gate.
"""
SOME = 6  # of the others: their CTEs are alike
ONE_IN_APART = 20
"""Of the sources of a connector, of which there are many alike, one in so many too."""

CLAIM = re.compile(r"(occurred_at|ingested_at) (is|made of) |both clocks from ")
"""Mutants that make a source's clock of something else. What a clock is, only its author knows: counted, not judged."""


def fault_in(worlds: Sequence[World], definition: Definition) -> str | None:
    return next((fault for fault in (world.fault(definition) for world in worlds) if fault), None)


def drawn(of: str, what: str) -> int:
    """A mutant's own number: it stays in the sample, or out of it, whatever others there are."""
    return int.from_bytes(hashlib.sha256(f"{of}: {what}".encode()).digest()[:4], "big")


def tally_of(definition: Definition, worlds: Sequence[World], mutants: Any) -> Tally:
    tally = Tally()
    planted = definition.name in PLANTED_IN
    every = list(mutants.mutants_of(definition.kind, definition.text, planted=planted))
    is_view = definition.packaged and definition.kind in ("feature", "gate")
    one_in = ONE_IN.get(definition.name, -(-len(every) // SOME) if is_view else 1)
    one_in = ONE_IN_APART if definition.connector in APART else one_in
    is_weighed = {definition.name, f"{definition.connector} {definition.name}"} & set(WEIGHED_WHOLE)
    one_weighed_in = 1 if is_weighed else ONE_WEIGHED_IN
    if IS_ALL:
        one_in = one_weighed_in = 1
    for what, text in every:
        number = drawn(label(definition), what)
        if number % one_in:
            continue
        tally.made += 1
        mutant = replace(definition, text=text, packaged=False)
        is_refused = bool(problems_of(mutant, worlds[0].registry))
        if is_refused and number // one_in % one_weighed_in:
            tally.unweighed += 1
            continue
        try:
            fault = fault_in(worlds, mutant)
        except (duckdb.Error, LeadmartError):
            tally.not_runnable += 1
            continue
        if fault is None:
            tally.refused_though_harmless += is_refused
            continue
        if not is_refused and CLAIM.match(what):
            tally.claims += 1
            continue
        tally.harmful[fault] += 1
        tally.refused += is_refused
        if not is_refused:
            tally.escaped.append(f"{label(definition)}: {what} ({fault})")
    return tally


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[World, ...]]:
    """Worlds by name; where there are several, they differ in their as_of alone."""
    empty = Project(tmp_path_factory.mktemp("empty"), Settings())
    leads = [f"L{n:02}" for n in range(17)]
    return {
        "plain": (
            world_of(empty, HERE / "mutation" / "plain.sql", {"lead": leads, "account": [f"A{n}" for n in range(7)]}),
        ),
        "olist": (
            world_of(find_project(OLIST), HERE / "mutation" / "olist.sql", {"lead": [f"M{n:02}" for n in range(42)]}),
        ),
        **{name: connector_worlds(name, tmp_path_factory.mktemp(name), CONNECTORS_AS_OF) for name in APART},
    }


def label(definition: Definition) -> str:
    return " ".join(filter(None, (definition.kind, definition.connector, definition.ref)))


def test_what_is_shipped_has_none_of_the_faults(worlds: dict[str, tuple[World, ...]]) -> None:
    for name, same in worlds.items():
        for definition in shipped(same[0].registry):
            assert (name, definition.ref, fault_in(same, definition)) == (name, definition.ref, None)


@pytest.mark.slow
def test_no_harmful_mutant_of_what_is_shipped_is_accepted(worlds: dict[str, tuple[World, ...]], capsys: Any) -> None:
    whole, escaped, lines = Tally(), [], []
    for name, same in worlds.items():
        part = Tally()
        for definition in shipped(same[0].registry):
            tally = tally_of(definition, same, mutants)
            lines.append(f"{label(definition):<42}{tally.line}")
            part.add(tally)
            escaped += tally.escaped
        lines.append(f"{f'all of {name}':<42}{part.line}")
        whole.add(part)
    with capsys.disabled():
        print("\n" + "\n".join([*lines, f"{'all':<42}{whole.line}"]))
    assert set(whole.harmful) == set(FAULTS)
    assert escaped == [], "\n".join(escaped)
