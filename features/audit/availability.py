"""When a column is known, read from its name: the habits of the usual systems, kept as rows of `availability.csv`."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

Availability = Literal["creation", "event", "enrichment", "sales_touch", "outcome"]
Clock = Literal["", "creation", "update", "event", "sync", "planned"]

_RULES = Path(__file__).with_name("availability.csv")
_DEALS = re.compile(r"(^|_)(deals?|opportunit(y|ies)|quotes?|contracts?|angebote?|auftraege?|devis|affaires)(_|$)")
_PREFIXES = re.compile(r"^(property_|properties_|custom_|attributes_|fields_)?(hs_)?")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


@dataclass(frozen=True)
class Habit:
    """What a name says: the availability (empty where the table decides), whether it smells of the outcome (`in_place`:
    only where rows are overwritten in place), which clock it may be (`planned` is none: a date ahead), and why.
    """

    availability: Availability | Literal[""]
    leak: Literal["yes", "no", "in_place"]
    clock: Clock
    tables: re.Pattern[str] | None
    name: re.Pattern[str]
    why: str


def plain_name(name: str) -> str:
    """The name as the habits are written: `property_hs_v_2_date_entered_x`, `DateEntered__c` and `Date entered?` in
    one spelling.

    Lower case, words parted by one underscore, umlauts spelled out, accents dropped, none of the prefixes and suffixes
    that connectors put around a field, and no underscore before digits, which Fivetran adds.
    """
    text = name.strip("\ufeff \t").replace("#", " number ").replace("%", " percent ")
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text.translate(_UMLAUTS))
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "_", text).strip("_") or name.strip().lower()
    text = re.sub(r"(?<=[a-z])_(?=\d)", "", text)
    return _PREFIXES.sub("", re.sub(r"_c$", "", text)) or text


def habit(table: str, name: str) -> Habit | None:
    """The first habit that a column of a table fits; None where its name says nothing."""
    where, what = f"_{plain_name(table)}_", f"_{plain_name(name)}_"
    for each in _habits():
        if each.name.search(what) and (each.tables is None or each.tables.search(where)):
            return each
    return None


def is_of_deals(table: str) -> bool:
    """Whether a table's rows are deals by its name: there once the usual outcome is."""
    return _DEALS.search(plain_name(table)) is not None


@lru_cache(maxsize=1)
def _habits() -> tuple[Habit, ...]:
    with _RULES.open(newline="", encoding="utf-8") as file:
        return tuple(
            Habit(
                row["availability"],  # type: ignore[arg-type]
                row["leak"],  # type: ignore[arg-type]
                row["clock"],  # type: ignore[arg-type]
                re.compile(row["tables"]) if row["tables"] else None,
                re.compile(row["name"]),
                row["why"],
            )
            for row in csv.DictReader(file)
        )
