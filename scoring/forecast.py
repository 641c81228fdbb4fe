"""What a backfill would do, said before it starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadmart.features.clock import iso
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.scoring.pipeline import Run, plan, prove, silent


@dataclass(frozen=True)
class Forecast:
    """What a backfill would do, from what past slices took."""

    moments: tuple[datetime, ...]
    slices: int
    filled: int
    rows: int
    bytes: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return {
            "as_of": [iso(m) for m in self.moments],
            "slices": {"missing": self.slices, "filled": self.filled},
            "rows": self.rows,
            "bytes": self.bytes,
            "seconds": self.seconds,
        }

    def words(self) -> str:
        size = (
            f"about {self.rows:,} rows, {self.bytes / 1e6:.1f} MB, {self.seconds:.0f} s"
            if self.rows
            else "no past slices to judge its size by"
        )
        return (
            f"{len(self.moments)} as_of from {iso(self.moments[0])} to {iso(self.moments[-1])}: {self.slices} slices "
            f"missing, {self.filled} filled; {size}"
        )


def forecast(project: Project, moments: Callable[[Warehouse], Sequence[datetime]], only: str | None) -> Forecast:
    """What a backfill over the moments would compute; reads the catalogue only."""
    with open_for_reading(project) as warehouse:
        run = Run(warehouse, Registry(project), "backfill", list(moments(warehouse)), only, silent)
        prove(run)
        plan(run)
        sizes = {
            (kind, name, version): (rows, size, seconds)
            for kind, name, version, rows, size, seconds in warehouse.rows(
                "SELECT kind, name, version, AVG(row_count), AVG(bytes), AVG(seconds) FROM store.meta.slices GROUP BY "
                "kind, name, version"
            )
        }
        costs = [
            sizes.get((s.definition.kind, s.definition.name, s.definition.version or 0), (0, 0, 0)) for s in run.missing
        ]
        rows, size, seconds = (sum(cost[i] for cost in costs) for i in range(3))
        return Forecast(tuple(run.moments), len(run.missing), run.skipped, round(rows), round(size), round(seconds, 1))
