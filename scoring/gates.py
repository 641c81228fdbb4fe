"""Gate rules: what a gate's column comment says, and which rules fire on a row."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.gate_rule import NO_CAP, ORDER, GateRule, bad_gate


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
    return _fired([(rule.name, rule.name) for rule in by_severity(rules)])


def fired_reasons(rules: Sequence[GateRule]) -> pl.Expr:
    """List(String): the reasons of the rules that fire, in the order of `fired_names`."""
    return _fired([(rule.name, rule.reason) for rule in by_severity(rules)])


def is_blocked(rules: Sequence[GateRule]) -> pl.Expr:
    """Boolean: whether any block fires."""
    return pl.any_horizontal(pl.lit(False), *[pl.col(rule.name) for rule in rules if rule.severity == "block"])


def _fired(column_and_words: Sequence[tuple[str, str]]) -> pl.Expr:
    empty = pl.lit([], dtype=pl.List(pl.String))
    if not column_and_words:
        return empty
    words = [pl.when(pl.col(column)).then(pl.lit(text, dtype=pl.String)) for column, text in column_and_words]
    return pl.concat_list(words).list.drop_nulls()
