"""Gate rules: what a gate's column comment says, and which rules fire on a row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import polars as pl

from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.gate_rule import NO_CAP, ORDER, GateRule, bad_gate, says_the_same

_BITS: Final = 60
"""Rules told by one 64-bit number."""


def refuse_unfit_gates(frame: pl.DataFrame, rules: Sequence[GateRule]) -> None:
    """Raises LeadmartError `bad_gate` for every rule whose column is absent, not boolean, or NULL somewhere."""
    problems = []
    for rule in rules:
        if rule.name not in frame.columns:
            problems.append(bad_gate(f"{rule.ref}.{rule.name} is not among the rows to score", None))
        elif frame.schema[rule.name] != pl.Boolean:
            problems.append(bad_gate(f"{rule.ref}.{rule.name} is {frame.schema[rule.name]}, not BOOLEAN", None))
        elif nulls := frame[rule.name].null_count():
            problems.append(
                LeadmartError(
                    f"{rule.ref}.{rule.name} is NULL in {nulls} of {frame.height} rows: does it fire or not?",
                    code="bad_gate",
                    hint="wrap it in COALESCE(…, FALSE) or COALESCE(…, TRUE), whichever is meant",
                )
            )
    if problems:
        raise all_as_one(problems)


def by_severity(rules: Sequence[GateRule]) -> list[GateRule]:
    """Blocks first, then caps from the lowest, then flags; the declared order decides between equals."""
    return sorted(rules, key=lambda rule: (ORDER[rule.severity], rule.cap if rule.cap is not None else NO_CAP))


def fired_names(rules: Sequence[GateRule]) -> pl.Expr:
    """List(String): the names of the rules that fire, blocks first; an empty list where none does."""
    return _fired([(pl.col(rule.name), rule.name) for rule in by_severity(rules)])


def told_names(rules: Sequence[GateRule]) -> pl.Expr:
    """List(String): of the rules that fire the names of those that are told, in the order of `fired_names`.

    Two gates may have a rule for one thing: of rules that fire with the same reason the first is told.
    """
    return _fired([(holds, rule.name) for holds, rule in _told(rules)])


def told_reasons(rules: Sequence[GateRule]) -> pl.Expr:
    """List(String): the reasons of the rules of `told_names`, in its order."""
    return _fired([(holds, rule.reason) for holds, rule in _told(rules)])


def _told(rules: Sequence[GateRule]) -> list[tuple[pl.Expr, GateRule]]:
    """Each rule with whether it is told: it fires, and none is told before it that says the same."""
    found: list[tuple[pl.Expr, GateRule]] = []
    for rule in by_severity(rules):
        same = [holds for holds, other in found if says_the_same(rule.reason, other.reason)]
        holds = pl.col(rule.name)
        found.append((holds & ~pl.any_horizontal(same) if same else holds, rule))
    return found


def is_blocked(rules: Sequence[GateRule]) -> pl.Expr:
    """Boolean: whether any block fires."""
    return pl.any_horizontal(pl.lit(False), *[pl.col(rule.name) for rule in rules if rule.severity == "block"])


def _fired(told: Sequence[tuple[pl.Expr, str]]) -> pl.Expr:
    """The words of what holds, each list made once: few of all combinations occur, in however many rows."""
    listed = pl.List(pl.String)
    found = []
    for begin in range(0, len(told), _BITS):
        part = told[begin : begin + _BITS]
        bits = [pl.when(holds).then(1 << bit).otherwise(0) for bit, (holds, _) in enumerate(part)]
        words = tuple(text for _, text in part)
        which = pl.sum_horizontal(pl.lit(0, dtype=pl.Int64), *bits)
        found.append(which.map_batches(partial(_words_of, words=words), return_dtype=listed, is_elementwise=True))
    if not found:
        return pl.lit([], dtype=listed)
    return found[0] if len(found) == 1 else pl.concat_list(found)


def _words_of(which: pl.Series, words: Sequence[str]) -> pl.Series:
    distinct = which.unique().sort()
    lists = [[text for bit, text in enumerate(words) if number >> bit & 1] for number in distinct]
    return pl.Series(which.name, lists, dtype=pl.List(pl.String)).gather(distinct.search_sorted(which))
