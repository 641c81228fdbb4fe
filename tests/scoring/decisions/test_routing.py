"""Who gets a lead: properties of the draw that hold for any leads and any representatives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.decisions.routing import Rep, RoutingRule, drawn

EVERYWHERE = RoutingRule("everywhere", "TRUE", "", "", "Anywhere")
EUROPE = RoutingRule("europe", "TRUE", "europe", "", "In Europe")
LARGE = RoutingRule("large", "TRUE", "", "large", "Large")
RULES = (EVERYWHERE, EUROPE, LARGE)
URGENCIES = ["now", "today", "week", None]


def leads(count: int, seed: int, rules: tuple[RoutingRule, ...] = RULES) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    ids = [f"L{seed}-{n}" for n in range(count)]
    return pl.DataFrame(
        {
            "lead_id": ids,
            "draw_by": ids,
            "rule": random.choice([rule.rule for rule in rules], count).tolist(),
            "urgency": random.choice(np.array(URGENCIES, dtype=object), count).tolist(),
            "composite": (random.random(count) * 100).round().tolist(),
        },
        schema_overrides={"urgency": pl.String},
    )


def team(count: int, seed: int, most: int | None = None) -> tuple[Rep, ...]:
    random = np.random.default_rng(seed)
    return tuple(
        Rep(
            f"rep{seed}.{n}",
            ("europe",) if n % 2 == 0 else ("americas",),
            ("large",) if n % 3 == 0 else (),
            most,
            float(random.choice([0.5, 1.0, 3.0])),
        )
        for n in range(count)
    )


def by_lead(found: pl.DataFrame) -> dict[str, str | None]:
    return dict(found.select("lead_id", "rep").iter_rows())


@pytest.mark.parametrize("seed", range(5))
def test_a_new_representative_takes_leads_and_moves_none_between_the_others(seed: int) -> None:
    """#83: where everybody has room, who came is the only one who has leads that somebody else had."""
    reps, asked = team(6, seed), leads(800, seed)
    newcomer = Rep("newcomer", ("europe",), ("large",), None, 2.0)
    before, after = by_lead(drawn(asked, RULES, reps, {})), by_lead(drawn(asked, RULES, (*reps, newcomer), {}))
    moved = {lead for lead in before if before[lead] != after[lead]}
    assert {after[lead] for lead in moved} == {"newcomer"}
    assert 20 < len(moved) < 500
    # who goes leaves leads to the others, and moves none of theirs
    gone = by_lead(drawn(asked, RULES, reps[1:], {}))
    assert {before[lead] for lead in before if before[lead] != gone[lead]} == {reps[0].rep}


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_given_more_than_there_is_room_for(seed: int) -> None:
    """#83: capacity holds, counts what was given in the week, and no room is left while one who fits waits."""
    reps, asked = team(5, seed, most=40), leads(400, seed)
    taken = {reps[0].rep: 30, reps[1].rep: 50}
    found = drawn(asked, RULES, reps, taken)
    given = dict(found.filter(pl.col("rep").is_not_null()).group_by("rep").len().iter_rows())
    room = {rep.rep: max(40 - taken.get(rep.rep, 0), 0) for rep in reps}
    assert all(given.get(name, 0) <= most for name, most in room.items())
    full = {name for name, most in room.items() if given.get(name, 0) == most}
    waiting = found.filter(pl.col("rep").is_null()).join(asked, on="lead_id")
    assert waiting.height > 0
    for rule in RULES:
        if rule.rule in set(waiting["rule"]):
            assert {rep.rep for rep in reps if rep.fits(rule)} <= full
    # whoever fits a rule has what it asks
    fitting = {(rule.rule, rep.rep) for rule in RULES for rep in reps if rep.fits(rule)}
    told = found.filter(pl.col("rep").is_not_null()).join(asked, on="lead_id").select("rule", "rep").rows()
    assert set(told) <= fitting


def test_it_is_the_draw_that_serving_one_after_the_other_gives() -> None:
    """The plain way: in their order, each lead takes its first choice among those with room."""
    reps, asked = team(4, 11, most=20), leads(150, 11)
    rank = {name: number for number, name in enumerate(URGENCIES)}
    choices = {}
    for rule in RULES:
        for lead in asked.filter(pl.col("rule") == rule.rule).iter_rows(named=True):
            alone = pl.DataFrame([lead], schema=asked.schema)
            left = [rep for rep in reps if rep.fits(rule)]
            order = []
            while left:
                (first,) = drawn(alone, RULES, [replace(rep, leads_per_week=None) for rep in left], {})["rep"]
                order.append(first)
                left = [rep for rep in left if rep.rep != first]
            choices[lead["lead_id"]] = order
    room = {rep.rep: 20 for rep in reps}
    expected: dict[str, str | None] = {}
    rows = sorted(
        asked.iter_rows(named=True), key=lambda row: (rank[row["urgency"]], -row["composite"], row["lead_id"])
    )
    for row in rows:
        given = next((name for name in choices[row["lead_id"]] if room[name]), None)
        expected[row["lead_id"]] = given
        if given:
            room[given] -= 1
    assert by_lead(drawn(asked, RULES, reps, {})) == expected
    assert None in expected.values()


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_and_of_representatives_changes_nothing(seed: int) -> None:
    """P3: the same rows for any order."""
    reps, asked = team(5, seed, most=30), leads(300, seed)
    found = drawn(asked, RULES, reps, {})
    turned = drawn(asked.sample(fraction=1.0, shuffle=True, seed=seed), RULES[::-1], reps[::-1], {})
    assert turned.equals(found)


def test_shares_follow_the_weights() -> None:
    """#83: of 6,000 leads two thirds go to who has twice the weight, within four standard errors."""
    reps = (Rep("one", (), (), None, 1.0), Rep("two", (), (), None, 2.0))
    found = drawn(leads(6000, 3, (EVERYWHERE,)), RULES, reps, {})
    share = (found["rep"] == "two").mean()
    assert abs(float(share or 0) - 2 / 3) < 4 * (2 / 9 / 6000) ** 0.5
    # a weight that rises takes leads, and gives none away
    more = drawn(leads(6000, 3, (EVERYWHERE,)), RULES, (reps[0], replace(reps[1], weight=3.0)), {})
    assert ((found["rep"] == "two") & (more["rep"] == "one")).sum() == 0


def test_leads_that_share_what_is_hashed_go_to_one_representative() -> None:
    """One company, one contact: as long as there is room and their rules are served by the same people."""
    asked = leads(200, 5, (EVERYWHERE,)).with_columns(pl.lit("account A1").alias("draw_by"))
    assert drawn(asked, RULES, team(6, 5), {})["rep"].n_unique() == 1


def test_service_begins_and_ends_at_midnight() -> None:
    rep = Rep("ana", (), (), None, 1.0, date(2026, 3, 1), date(2026, 3, 10))
    assert not rep.is_in_service(datetime(2026, 2, 28, 23, 59))
    assert rep.is_in_service(datetime(2026, 3, 1))
    assert rep.is_in_service(datetime(2026, 3, 9, 23, 59))
    assert not rep.is_in_service(datetime(2026, 3, 10))


def test_without_anybody_or_without_leads_everybody_waits() -> None:
    asked = leads(5, 1)
    assert drawn(asked, RULES, (), {})["rep"].null_count() == 5
    assert drawn(asked.clear(), RULES, team(3, 1), {}).height == 0
