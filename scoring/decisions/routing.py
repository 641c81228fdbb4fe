"""Routing: where a lead belongs, who works there, and who of them gets it.

A lead is drawn by weighted rendezvous hashing (Schindelhauer and Schomaker 2005, "Weighted distributed hash tables"):
each representative has a number for each lead, -weight / ln(u) with u from a hash of both, and the highest has it. So
every share follows the weights, nothing has to be remembered, and a representative who comes or goes moves no lead
between the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from leadmart.features.errors import LeadmartError, Place, all_as_one
from leadmart.features.fingerprint import digest
from leadmart.scoring.csv_rows import CsvRow
from leadmart.scoring.decisions.conditions import Condition, first_of
from leadmart.scoring.decisions.tables import read_table

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("rule", "condition", "territory", "skill", "words")
REP_COLUMNS = ("rep", "territories", "skills", "leads_per_week", "weight", "from", "until")
CODE = "bad_routing"
REP_CODE = "bad_reps"

URGENCIES = ("now", "today", "week", "none")
"""Who is given away first."""


@dataclass(frozen=True)
class RoutingRule:
    """Where a lead belongs: `territory` and `skill` are asked of who gets it, an empty one of nobody."""

    rule: str
    condition: str
    territory: str
    skill: str
    words: str
    place: Place = field(default=Place("routing.csv"), compare=False)

    @property
    def asks(self) -> Condition:
        return Condition(self.condition, self.place, CODE)


@dataclass(frozen=True)
class Rep:
    """Someone who works leads. `leads_per_week` is how many new ones at most, None for any number; in service in
    [from_on, until_on).
    """

    rep: str
    territories: tuple[str, ...]
    skills: tuple[str, ...]
    leads_per_week: int | None
    weight: float = 1.0
    from_on: date | None = None
    until_on: date | None = None

    def is_in_service(self, as_of: datetime) -> bool:
        on = as_of.date()
        return (self.from_on is None or self.from_on <= on) and (self.until_on is None or on < self.until_on)

    def fits(self, rule: RoutingRule) -> bool:
        return (not rule.territory or rule.territory in self.territories) and (
            not rule.skill or rule.skill in self.skills
        )


@dataclass(frozen=True)
class Reps:
    """Everyone of the table, by name."""

    rows: tuple[Rep, ...]

    @cached_property
    def version(self) -> str:
        """`r_` and 12 hex digits of what the table says, whatever the order of its rows."""
        return "r_" + digest(*(repr(rep) for rep in sorted(self.rows, key=lambda rep: rep.rep)))[:12]

    def in_service(self, as_of: datetime) -> tuple[Rep, ...]:
        return tuple(sorted((r for r in self.rows if r.is_in_service(as_of)), key=lambda rep: rep.rep))


def read_routing(text: str, file: str = "routing.csv") -> tuple[RoutingRule, ...]:
    """The rules of a CSV text with the columns `COLUMNS`, in the order of the file.

    Raises LeadmartError `bad_routing` with file and line for every bad row at once, and for a file without a rule.
    """

    def rule_of(row: CsvRow) -> RoutingRule:
        rule = RoutingRule(place=row.place, **row.cells)
        rule.asks.columns()
        return rule

    rules = read_table(text, file, COLUMNS, CODE, rule_of, may_be_empty=("territory", "skill"))
    if not rules:
        hint = "write where leads belong, or route none: `enabled = false` below [routing] in leadmart.toml"
        raise LeadmartError(
            f"{Path(file).name} has no rule: no lead would have a place", code=CODE, place=Place(file), hint=hint
        )
    return rules


def read_reps(text: str, file: str = "reps.csv") -> Reps:
    """The representatives of a CSV text with the columns `REP_COLUMNS`; several territories or skills have `;` between.

    Raises LeadmartError `bad_reps` with file and line for every bad row at once, and for a file that names nobody.
    """
    optional = ("territories", "skills", "leads_per_week", "weight", "from", "until")
    rows = read_table(text, file, REP_COLUMNS, REP_CODE, _rep, may_be_empty=optional)
    if not rows:
        hint = "write who works leads, or route none: `enabled = false` below [routing] in leadmart.toml"
        raise LeadmartError(
            f"{Path(file).name} names nobody: every lead would wait for ever",
            code=REP_CODE,
            place=Place(file),
            hint=hint,
        )
    return Reps(rows)


def refuse_unserved(rules: Sequence[RoutingRule], reps: Reps) -> None:
    """Raises LeadmartError `bad_routing` for every rule that nobody of the table fits: its leads would wait on."""
    problems = [
        LeadmartError(
            f"nobody fits the rule {rule.rule}: "
            + " and ".join(
                f"{name} {value}" for name, value in (("territory", rule.territory), ("skill", rule.skill)) if value
            ),
            code=CODE,
            place=rule.place,
            hint="see territories and skills in reps.csv",
        )
        for rule in rules
        if not any(rep.fits(rule) for rep in reps.rows)
    ]
    if problems:
        raise all_as_one(problems)


def routing_rule_of(scored: pl.DataFrame, rules: Sequence[RoutingRule] | None) -> pl.Expr:
    """`routing_rule` of each row that is not disqualified: the first that holds; NULL where none does, or without a
    table of rules.
    """
    import polars as pl

    if rules is None:
        return pl.lit(None, dtype=pl.String).alias("routing_rule")
    is_open = pl.col("tier") != "disqualified"
    return first_of([(is_open & rule.asks.holds(scored.schema), rule.rule) for rule in rules]).alias("routing_rule")


def drawn(
    leads: pl.DataFrame, rules: Sequence[RoutingRule], reps: Sequence[Rep], taken: dict[str, int]
) -> pl.DataFrame:
    """lead_id and rep (NULL where all are full) for each row of `leads`: lead_id, draw_by, rule, urgency, composite.

    Leads are served by urgency, then by composite, the highest first, then by lead_id; each gets the first of its own
    order of representatives who has room, `taken` being what each was given in the week so far. So a lead goes without
    its first choice only where leads before it filled that one. `draw_by` is what is hashed: leads that share it have
    one order.
    """
    import polars as pl

    rank = {name: number for number, name in enumerate(URGENCIES)}
    queue = leads.with_columns(
        pl.col("urgency").replace_strict(rank, default=len(rank), return_dtype=pl.Int64).alias("rank")
    ).sort(["rank", "composite", "lead_id"], descending=[False, True, False])
    queue = queue.select("lead_id", "draw_by", "rule").with_row_index("turn")
    choices = queue.join(_orders(queue, rules, reps), on=["draw_by", "rule"], how="inner")
    room = pl.DataFrame(
        {
            "rep": [rep.rep for rep in reps],
            "room": [
                None if r.leads_per_week is None else max(r.leads_per_week - taken.get(r.rep, 0), 0) for r in reps
            ],
        },
        schema={"rep": pl.String, "room": pl.Int64},
    )
    at = queue.select("turn", pl.lit(0, dtype=pl.Int64).alias("place"))
    # deferred acceptance: whoever has no room left passes the last in turn on, until nobody is passed on
    while True:
        asked = at.join(choices, on=["turn", "place"], how="inner").join(room, on="rep", how="left")
        asked = asked.with_columns(pl.col("turn").rank("ordinal").over("rep").alias("served"))
        passed = asked.filter(pl.col("served") > pl.col("room")).select("turn", pl.lit(1).alias("step"))
        if passed.is_empty():
            break
        at = at.join(passed, on="turn", how="left").select(
            "turn", (pl.col("place") + pl.col("step").fill_null(0)).alias("place")
        )
    given = asked.select("turn", "rep")
    return queue.join(given, on="turn", how="left").select("lead_id", "rep").sort("lead_id")


def _orders(queue: pl.DataFrame, rules: Sequence[RoutingRule], reps: Sequence[Rep]) -> pl.DataFrame:
    """For each draw_by and rule of the queue the representatives who fit, `place` 0 the first choice."""
    import polars as pl

    fitting = [(rule.rule, rep.rep, rep.weight) for rule in rules for rep in reps if rep.fits(rule)]
    pairs = (
        queue.select("draw_by", "rule")
        .unique()
        .sort("draw_by", "rule")
        .join(
            pl.DataFrame(fitting, schema={"rule": pl.String, "rep": pl.String, "weight": pl.Float64}, orient="row"),
            on="rule",
        )
    )
    hashed = pairs.select("draw_by", "rep").unique().sort("draw_by", "rep")
    u = pl.Series("u", [_uniform(key, rep) for key, rep in hashed.iter_rows()], dtype=pl.Float64)
    ranked = pairs.join(hashed.with_columns(u), on=["draw_by", "rep"]).with_columns(
        (-pl.col("weight") / pl.col("u").log()).alias("number")
    )
    ordered = ranked.sort(["draw_by", "rule", "number", "rep"], descending=[False, False, True, False])
    place = pl.int_range(pl.len(), dtype=pl.Int64).over("draw_by", "rule").alias("place")
    return ordered.with_columns(place).select("draw_by", "rule", "rep", "place")


def _room(rep: Rep, taken: int) -> int | None:
    """How many more it may be given; None for any number."""
    return None if rep.leads_per_week is None else max(rep.leads_per_week - taken, 0)


def _uniform(key: str, rep: str) -> float:
    """A number in (0, 1) that follows from both."""
    found = int.from_bytes(hashlib.sha256(f"{key}\x1f{rep}".encode()).digest()[:6])
    return (found + 0.5) / 2**48


def _rep(row: CsvRow) -> Rep:
    cells, place = row.cells, row.place
    weight, most = _number(row, "weight", 1.0), _number(row, "leads_per_week", None)
    if weight is None or weight <= 0:
        raise LeadmartError("weight wants a number above 0", code=REP_CODE, place=place)
    if most is not None and (most < 0 or most != int(most)):
        raise LeadmartError("leads_per_week wants a whole number", code=REP_CODE, place=place)
    first, last = _date(row, "from"), _date(row, "until")
    if first and last and first >= last:
        raise LeadmartError(f"from {first} is not before until {last}", code=REP_CODE, place=place)
    return Rep(
        cells["rep"],
        _listed(cells["territories"]),
        _listed(cells["skills"]),
        None if most is None else int(most),
        weight,
        first,
        last,
    )


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(sorted({part.strip() for part in cell.split(";") if part.strip()}))


def _number(row: CsvRow, name: str, otherwise: float | None) -> float | None:
    if not row.cells[name]:
        return otherwise
    try:
        found = float(row.cells[name])
    except ValueError:
        found = float("nan")
    if not -1e9 < found < 1e9:
        raise LeadmartError(f"{name} {row.cells[name]!r} is no number", code=REP_CODE, place=row.place)
    return found


def _date(row: CsvRow, name: str) -> date | None:
    try:
        return date.fromisoformat(row.cells[name]) if row.cells[name] else None
    except ValueError:
        raise LeadmartError(
            f"{name} {row.cells[name]!r} is no date", code=REP_CODE, place=row.place, hint="write it as 2026-03-01"
        ) from None
