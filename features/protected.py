"""Protected columns, by the words of their names: what no model may read, what somebody should think about, and what no
reason names (F3, X3). The words are rows of `protected.csv`, so that a project's own columns fall under them before
anybody thinks of it.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

from leadmart.features.audit.availability import plain_name

Action = Literal["refuse", "flag", "silence"]

_RULES = Path(__file__).with_name("protected.csv")


@dataclass(frozen=True)
class Protected:
    """A kind of column by its name, and why.

    `refuse`: no model may read it. `flag`: one may, and is told of. `silence`: one may; no reason names it, nor the
    columns of the other two.
    """

    kind: str
    action: Action
    name: re.Pattern[str]
    why: str


def protected_name(name: str) -> Protected | None:
    """The rule by which an input of this name is refused or flagged; None for an innocent one."""
    return next((rule for rule in _fitting(name) if rule.action != "silence"), None)


def is_unspoken(name: str) -> bool:
    """Whether a column speaks of a protected group or of consent: it may count, and no reason names it."""
    return bool(_fitting(name))


def _fitting(name: str) -> list[Protected]:
    spelled = f"_{plain_name(name)}_"
    return [rule for rule in _rules() if rule.name.search(spelled)]


@lru_cache(maxsize=1)
def _rules() -> tuple[Protected, ...]:
    with _RULES.open(newline="", encoding="utf-8") as file:
        return tuple(
            Protected(row["kind"], cast(Action, row["action"]), re.compile(row["name"]), row["why"])
            for row in csv.DictReader(file)
        )
