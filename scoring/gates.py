"""Gate rules: what a gate's column comment says, and which rules fire on a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names

Severity = Literal["block", "cap", "flag"]

# A blocked lead's composite. Not 0: blocked leads stay tracked (they may come back), so their order among themselves
# is kept.
BLOCK_CAP = 20.0
# The composite's own ceiling, stored where no rule caps a lead, so that `cap` is never NULL and the formula needs no
# special case.
NO_CAP = 100.0

_COMMENT = re.compile(r"(?P<severity>[a-z]+)(?:\s+(?P<cap>\S+))?\s*:\s*(?P<reason>.*)", re.DOTALL | re.IGNORECASE)
_ORDER: dict[Severity, int] = {"block": 0, "cap": 1, "flag": 2}


@dataclass(frozen=True)
class GateRule:
    """One boolean column of a gate. `cap` is the highest composite a lead may have while the rule fires; None for a
    flag.
    """

    name: str
    severity: Severity
    cap: float | None
    reason: str
    ref: str


def parse_rule(name: str, comment: str, ref: str, place: Place | None = None) -> GateRule:
    """The rule that a gate's column `name` declares in its comment: `block: words`, `cap 40: words` or `flag: words`.

    Raises LeadmartError `bad_gate` for any other comment.
    """
    match = _COMMENT.fullmatch(comment.strip())
    if match is None:
        raise _bad_gate(f"{ref}.{name} says no severity: {comment.strip()!r}", place)
    severity, cap_text, reason = match["severity"].lower(), match["cap"], " ".join(match["reason"].split())
    if severity not in _ORDER:
        raise _bad_gate(f"{ref}.{name} has an unknown severity {severity!r}", place, near_names(severity, _ORDER))
    if not reason:
        raise _bad_gate(f"{ref}.{name} gives no reason after the colon", place)
    if (cap_text is not None) != (severity == "cap"):
        what = "names no number" if severity == "cap" else f"is a {severity} with a number"
        raise _bad_gate(f"{ref}.{name} {what}", place)
    if severity == "cap":
        return GateRule(name, "cap", _cap(cap_text, name, ref, place), reason, ref)
    return (
        GateRule(name, "block", BLOCK_CAP, reason, ref)
        if severity == "block"
        else GateRule(name, "flag", None, reason, ref)
    )


def refuse_unfit_gates(frame: pl.DataFrame, rules: Sequence[GateRule]) -> None:
    """Raises LeadmartError `bad_gate` for every rule whose column is absent, not boolean, or NULL somewhere."""
    problems = []
    for rule in rules:
        if rule.name not in frame.columns:
            problems.append(_bad_gate(f"{rule.ref}.{rule.name} is not among the rows to score", None))
        elif frame.schema[rule.name] != pl.Boolean:
            problems.append(_bad_gate(f"{rule.ref}.{rule.name} is {frame.schema[rule.name]}, not BOOLEAN", None))
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
    return sorted(rules, key=lambda rule: (_ORDER[rule.severity], rule.cap if rule.cap is not None else NO_CAP))


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


def _cap(text: str, name: str, ref: str, place: Place | None) -> float:
    try:
        cap = float(text)
    except ValueError:
        raise _bad_gate(f"{ref}.{name} caps at {text!r}, which is no number", place) from None
    if not 0 <= cap <= NO_CAP:
        raise _bad_gate(f"{ref}.{name} caps at {text}, outside 0 to 100", place)
    return cap


def _bad_gate(message: str, place: Place | None, near: str = "") -> LeadmartError:
    shape = "write `block: words people read`, `cap 40: words` or `flag: words`"
    return LeadmartError(message, code="bad_gate", place=place, hint=f"{near} {shape}".strip())
