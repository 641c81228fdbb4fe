"""Assumed arrivals: what sources say of clocks that are a guess, and how often rows came later than guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from leadmart.features.raw.tables import raw_attached, raw_tables
from leadmart.features.registry import Registry
from leadmart.features.sources.stage import stage_joined
from leadmart.features.sources.staged import current
from leadmart.features.sources.staging import assumed_rows
from leadmart.features.warehouse import Warehouse


@dataclass(frozen=True)
class Assumed:
    """What a source assumes of `ingested_at`, for how many raw rows, and how many of these came later than assumed.

    A table's first load is what the guess is made for: when its rows came is not known, so they are never late.
    """

    source: str
    assumed: str
    rows: int
    late: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def words(self) -> str:
        late = f", {self.late:,} of them came later than assumed" if self.late else ""
        return f"{self.source} assumes that {self.assumed}: {self.rows:,} rows{late}"


def assumed_arrivals(
    warehouse: Warehouse, registry: Registry, names: Iterable[str], present: frozenset[str]
) -> list[Assumed]:
    """What the named sources assume, of those that are present; one entry a connector's words, nothing for the rest."""
    assuming = {
        name: "; ".join(said)
        for name in sorted(set(names) & present)
        if (said := [d.header["assumed"] for d in registry.source(name) if "assumed" in d.header])
    }
    if not assuming:
        return []
    kept = current(warehouse, registry, assuming, present)
    counted = {name: each.assumed for name, each in kept.items()}
    if left := [name for name in assuming if name not in kept]:
        raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
        stage_joined(warehouse, registry, left)
        with raw_attached(warehouse):
            counted |= {name: assumed_rows(warehouse, registry, name, raw) for name in left}
    return [Assumed(name, words, counted[name].rows, counted[name].late) for name, words in assuming.items()]
