"""The comment of a gate's column: `block: words people read`, `cap 40: words` or `flag: words`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from leadmart.features.errors import LeadmartError, Place, near_names

Severity = Literal["block", "cap", "flag"]

BLOCK_CAP = 20.0
"""A blocked lead's composite. Not 0: blocked leads stay tracked, so their order among themselves is kept."""

NO_CAP = 100.0
"""The composite's own ceiling, stored where no rule caps a lead, so that `cap` is never NULL."""

ORDER: dict[Severity, int] = {"block": 0, "cap": 1, "flag": 2}
_PHRASE = 3
"""Words from which on a reason that stands within another says the same."""

_COMMENT = re.compile(r"(?P<severity>[a-z]+)(?:\s+(?P<cap>\S+))?\s*:\s*(?P<reason>.*)", re.DOTALL | re.IGNORECASE)


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
    """The rule that a gate's column `name` declares in its comment.

    Raises LeadmartError `bad_gate` for any other comment.
    """
    match = _COMMENT.fullmatch(comment.strip())
    if match is None:
        raise bad_gate(f"{ref}.{name} says no severity: {comment.strip()!r}", place)
    severity, cap_text, reason = match["severity"].lower(), match["cap"], " ".join(match["reason"].split())
    if severity not in ORDER:
        raise bad_gate(f"{ref}.{name} has an unknown severity {severity!r}", place, near_names(severity, ORDER))
    if not reason:
        raise bad_gate(f"{ref}.{name} gives no reason after the colon", place)
    if (cap_text is not None) != (severity == "cap"):
        what = "names no number" if severity == "cap" else f"is a {severity} with a number"
        raise bad_gate(f"{ref}.{name} {what}", place)
    if severity == "cap":
        return GateRule(name, "cap", _cap(cap_text, name, ref, place), reason, ref)
    return (
        GateRule(name, "block", BLOCK_CAP, reason, ref)
        if severity == "block"
        else GateRule(name, "flag", None, reason, ref)
    )


def bad_gate(message: str, place: Place | None, near: str = "") -> LeadmartError:
    """The refusal of a gate's column, with the shapes a comment may have."""
    shape = "write `block: words people read`, `cap 40: words` or `flag: words`"
    return LeadmartError(message, code="bad_gate", place=place, hint=f"{near} {shape}".strip())


def _cap(text: str, name: str, ref: str, place: Place | None) -> float:
    try:
        cap = float(text)
    except ValueError:
        raise bad_gate(f"{ref}.{name} caps at {text!r}, which is no number", place) from None
    if not 0 <= cap <= NO_CAP:
        raise bad_gate(f"{ref}.{name} caps at {text}, outside 0 to 100", place)
    return cap


def says_the_same(reason: str, other: str) -> bool:
    """Whether two reasons tell one thing: the same words, or those of one within the other.

    `Works for a competitor` and `Works for a competitor or an analyst` do; what has fewer than `_PHRASE` words says the
    same as its equal only.
    """
    short, long = sorted((_plain(reason), _plain(other)), key=len)
    return short == long or (len(short.split()) >= _PHRASE and f" {short} " in f" {long} ")


def _plain(reason: str) -> str:
    return " ".join(re.findall(r"\w+", reason.lower()))
