"""What slices are expected to cost, by what the newest slices of their view took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from leadmart.features.clock import sql_literal
from leadmart.features.plan import Slice
from leadmart.features.warehouse import Warehouse
from leadmart.features.words import are, size_text

NEWEST = 5
"""Slices of a view whose mean counts: the newest, since tables grow."""

_KINDS = ("feature", "gate", "link")


@dataclass(frozen=True)
class Cost:
    """Rows, bytes on the disk and seconds; a slice's, or of many slices together."""

    rows: int
    bytes: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "bytes": self.bytes, "seconds": self.seconds}


@dataclass(frozen=True)
class Costs:
    """What some slices cost together; `known` of the `slices` are in the sum."""

    slices: int
    known: int
    cost: Cost

    def as_json(self) -> dict[str, Any]:
        figures = self.cost.as_json() if self.known or not self.slices else dict.fromkeys(self.cost.as_json())
        return {"slices": self.slices, "known": self.known, **figures}


@dataclass(frozen=True)
class PastCosts:
    """The slices of the past that a draft or a new version would fill anew: those its predecessor has."""

    view: str
    costs: Costs

    def as_json(self) -> dict[str, Any]:
        return {"view": self.view, **self.costs.as_json()}


def expected_costs(warehouse: Warehouse, slices: Sequence[Slice]) -> list[Cost | None]:
    """What each slice is to cost; None where no slice of its view was ever computed.

    By the mean of the newest slices of its own version, else of the version before it that has some, else of any; and
    of its own spine before another's.
    """
    if not slices:
        return []
    found: dict[tuple[str, str], dict[tuple[int, str], Cost]] = {}
    for kind, name, version, spine, rows, size, seconds in warehouse.rows(
        "SELECT kind, name, version, spine, AVG(row_count), AVG(bytes), AVG(seconds) FROM ("
        "SELECT * FROM store.meta.slices QUALIFY ROW_NUMBER() OVER (PARTITION BY kind, name, version, spine "
        f"ORDER BY as_of DESC, computed_at DESC) <= {NEWEST}) GROUP BY ALL"
    ):
        found.setdefault((kind, name), {})[version, spine] = Cost(round(rows), round(size), round(seconds, 3))

    def of(each: Slice) -> Cost | None:
        candidates = found.get((each.definition.kind, each.definition.name))
        if not candidates:
            return None
        wanted = each.definition.version or 0
        best = max(candidates, key=lambda k: (k[0] == wanted, k[0] <= wanted, k[1] == each.spine, k[0], k[1]))
        return candidates[best]

    return [of(each) for each in slices]


def added_up(costs: Sequence[Cost | None]) -> Costs:
    """The sum of what is known."""
    known = [each for each in costs if each is not None]
    total = Cost(sum(c.rows for c in known), sum(c.bytes for c in known), round(sum(c.seconds for c in known), 3))
    return Costs(len(costs), len(known), total)


def past_costs(warehouse: Warehouse, refs: Iterable[str], missing: Sequence[Slice] = ()) -> list[PastCosts]:
    """For each draft or version, `email_engagement@draft` or `@v3`, what filling its predecessor's as_of would cost.

    Those of its own `missing` slices are not counted again. A ref whose predecessor has no others has no past to fill.
    """
    found = []
    for ref in dict.fromkeys(refs):
        name, _, version = ref.partition("@")
        below = int(version[1:]) if version[1:].isdigit() else None
        planned = ", ".join(sql_literal(each.as_of) for each in missing if each.definition.ref == ref)
        newest = "version < ?" if below else "TRUE"
        others = f"as_of NOT IN ({planned})" if planned else "TRUE"
        ((slices, rows, size, seconds),) = warehouse.rows(
            "WITH filled AS (SELECT * FROM store.meta.slices WHERE name = ? "
            f"AND kind IN ({', '.join(f'{kind!r}' for kind in _KINDS)}) AND {newest} "
            "QUALIFY ROW_NUMBER() OVER (PARTITION BY kind, spine, version, as_of ORDER BY computed_at DESC) = 1) "
            "SELECT COUNT(*), SUM(row_count), SUM(bytes), SUM(seconds) FROM filled "
            f"WHERE version = (SELECT MAX(version) FROM filled) AND {others}",
            [name, *([below] if below else [])],
        )
        if slices:
            found.append(PastCosts(ref, Costs(slices, slices, Cost(int(rows), int(size), round(seconds, 3)))))
    return found


def costs_words(costs: dict[str, Any]) -> str:
    """`12 slices, some 240,000 rows, 18.0 MB, 9 s`; how many are of unknown size where some are."""
    head = are(costs["slices"], "slice", "slices")
    if not costs["known"]:
        return head
    unknown = costs["slices"] - costs["known"]
    more = f", and {unknown:,} of unknown size" if unknown else ""
    size = f"some {costs['rows']:,} rows, {size_text(costs['bytes'])}, {time_words(costs['seconds'])}"
    return f"{head}, {size}{more}"


def time_words(seconds: float) -> str:
    """`0.4 s`, `9 s`, `12 min`, `3.5 h`; a tenth of a second at least."""
    seconds = max(seconds, 0.1)
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
