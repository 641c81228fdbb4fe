"""One run: what it was asked for, and what its stages have found and done so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso, now
from leadmart.features.plan import Selection, Slice
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.assumed import Assumed
from leadmart.features.sources.missing import Missing
from leadmart.features.warehouse import Warehouse, new_run_id
from leadmart.scoring.judge import Judge
from leadmart.scoring.upsert import Counts

if TYPE_CHECKING:
    from leadmart.scoring.backfill.pace import Pace
    from leadmart.scoring.backfill.past import Past
    from leadmart.scoring.decisions.assignments import Routed
    from leadmart.scoring.hot.run import Hot
    from leadmart.scoring.life.shadow import Shadow

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much is done and how much there is."""


def silent(_words: str, _done: int, _of: int) -> None:
    """Progress for nobody."""


@dataclass
class Run:
    """One execution: what it was asked for, and what it has found and done so far."""

    warehouse: Warehouse
    registry: Registry
    command: str
    moments: Sequence[datetime]
    only: str | None
    progress: Progress
    run_id: str = field(default_factory=new_run_id)
    started: float = field(default_factory=time.perf_counter)
    started_at: datetime = field(default_factory=now)
    status: str = "running"
    held: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    rejected_at: set[datetime] = field(default_factory=set)
    failed_sources: frozenset[str] = frozenset()
    computed: int = 0
    skipped: int = 0
    counts: Counts = field(default_factory=Counts)
    model_version: str = "rules"
    left_out: int = 0
    session: Session = field(init=False)
    judge: Judge = field(init=False)
    selection: Selection = field(init=False)
    missing: list[Slice] = field(default_factory=list)
    tiers: list[tuple[str, int]] = field(default_factory=list)
    assumed: list[Assumed] = field(default_factory=list)
    missing_sources: list[Missing] = field(default_factory=list)
    refused_tables: list[str] = field(default_factory=list)
    shrunk: frozenset[str] = frozenset()
    emptied: list[str] = field(default_factory=list)
    shadow: Shadow | None = None
    hot: Hot | None = None
    routed: Routed | None = None
    newest_first: bool = False
    pace: Pace | None = None
    past: Past | None = None

    def __post_init__(self) -> None:
        self.session = Session(self.warehouse, self.registry)
        self.judge = Judge(self.warehouse, self.registry, self.run_id)

    @property
    def in_order(self) -> list[datetime]:
        """The moments in the order in which they are gone through; `moments` itself is oldest first."""
        return list(reversed(self.moments)) if self.newest_first else list(self.moments)

    @property
    def project(self) -> Project:
        return self.registry.project

    def as_json(self) -> dict[str, Any]:
        """The document of `run --json` and `score --json`."""
        return {
            "run_id": self.run_id,
            "as_of": iso(self.moments[-1]),
            "status": self.status,
            "slices": {"computed": self.computed, "skipped": self.skipped},
            "scores": {
                "inserted": self.counts.inserted,
                "updated": self.counts.updated,
                "unchanged": self.counts.unchanged,
            },
            "verdicts": self.judge.summary(),
            "left_out": self.left_out,
            "held_back": sorted(self.held),
            "failed_sources": sorted(self.failed_sources),
            "emptied": self.emptied,
            "assumed": [each.as_json() for each in self.assumed],
            "missing": [each.as_json() for each in self.missing_sources],
            "model_version": self.model_version,
            "shadow": self.shadow.as_json() if self.shadow else None,
            "hot": self.hot.as_json() if self.hot else None,
            "past": self.past.as_json() if self.past else None,
            "routing": self.routed.as_json() if self.routed else None,
            "seconds": round(time.perf_counter() - self.started, 3),
        }
