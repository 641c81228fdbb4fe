"""What a backfill would do, said before it starts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadmart.features.clock import iso
from leadmart.features.errors import LeadmartError
from leadmart.features.plan import Selection, missing_slices
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.scoring.champion import load_policy
from leadmart.scoring.decisions.assignments import load_reps, newest_assignments
from leadmart.scoring.pipeline import plan, prove
from leadmart.scoring.policy_record import Differences, differences
from leadmart.scoring.run import Run, silent
from leadmart.scoring.scorer import Scorer

MARGIN = 2
"""How many times the slices' bytes a backfill must find free: scores, the store and the catalogue grow beside them."""

MOST_TOLD = 12
"""How many changes of the policy a plan tells in words."""


@dataclass(frozen=True)
class Forecast:
    """What a backfill would do, from what past slices and runs took; None where there is nothing to judge by.

    `free` is what the warehouse's disk has left.
    """

    moments: tuple[datetime, ...]
    slices: int
    filled: int
    rows: int | None
    bytes: int | None
    seconds: float | None
    free: int

    @property
    def fits(self) -> bool:
        """Whether the disk has room, with a margin; where nothing can be foretold it is let go on."""
        return MARGIN * (self.bytes or 0) <= self.free

    def as_json(self) -> dict[str, Any]:
        return {
            "as_of": [iso(m) for m in self.moments],
            "slices": {"missing": self.slices, "filled": self.filled},
            "rows": self.rows,
            "bytes": self.bytes,
            "seconds": self.seconds,
            "free_bytes": self.free,
            "fits": self.fits,
        }

    def words(self) -> str:
        size = (
            f"about {self.rows:,} rows, {self.bytes / 1e6:.1f} MB, {_time(self.seconds)}"
            if self.rows is not None and self.bytes is not None
            else "no past slices to judge its size by"
        )
        return (
            f"{len(self.moments)} as_of from {iso(self.moments[0])} to {iso(self.moments[-1])}: {self.slices} slices "
            f"missing, {self.filled} filled; {size}{'' if self.fits else f'; {self._no_room()}'}"
        )

    def _no_room(self) -> str:
        needed = MARGIN * (self.bytes or 0)
        return f"it wants {needed / 1e9:,.1f} GB free with scores and a margin, and {self.free / 1e9:,.1f} GB are"

    def refuse_without_room(self, project: Project) -> None:
        """Raises LeadmartError `no_room` where the disk would run full on the way."""
        if not self.fits:
            raise LeadmartError(
                f"the disk of {project.warehouse} has no room for this backfill: {self._no_room()}",
                code="no_room",
                hint="fill a shorter span, make room (`leadmart prune --dry-run` says what may go), or keep less: "
                "[retention] in leadmart.toml; nothing was computed",
            )


def forecast(project: Project, moments: Callable[[Warehouse], Sequence[datetime]], only: str | None) -> Forecast:
    """What a backfill over the moments would compute; reads the catalogue only."""
    with open_for_reading(project) as warehouse:
        run = Run(warehouse, Registry(project), "backfill", list(moments(warehouse)), only, silent)
        prove(run)
        plan(run)
        rows, size, seconds = _costs(warehouse, run)
        free = shutil.disk_usage(project.warehouse).free
        return Forecast(tuple(run.moments), len(run.missing), run.skipped, rows, size, seconds, free)


def _costs(warehouse: Warehouse, run: Run) -> tuple[int | None, int | None, float | None]:
    """Rows, bytes and seconds of what is missing, by the mean of the slices and the runs there have been."""
    found = {
        (kind, name, version): (rows, size, seconds)
        for kind, name, version, rows, size, seconds in warehouse.rows(
            "SELECT kind, name, version, AVG(row_count), AVG(bytes), AVG(seconds) FROM store.meta.slices GROUP BY "
            "kind, name, version"
        )
    }
    keys = [(s.definition.kind, s.definition.name, s.definition.version or 0) for s in run.missing]
    if not keys:
        return 0, 0, 0.0
    if not any(key in found for key in keys):
        return None, None, None
    rows, size, seconds = (sum(found.get(key, (0, 0, 0))[i] for key in keys) for i in range(3))
    if run.only is None:
        # quality and scoring come on top of the slices: what a run took for each as_of it filled
        ((each,),) = warehouse.rows(
            "SELECT AVG(r.seconds / s.moments) FROM store.meta.runs AS r JOIN (SELECT run_id, COUNT(DISTINCT as_of) AS "
            "moments FROM store.meta.slices GROUP BY run_id) AS s ON s.run_id = r.run_id WHERE r.status = 'done'"
        )
        seconds = max(seconds, (each or 0) * len({s.as_of for s in run.missing}))
    return round(rows), round(size), round(seconds, 1)


def _time(seconds: float | None) -> str:
    return f"{seconds or 0:.0f} s" if (seconds or 0) < 120 else f"{(seconds or 0) / 60:.0f} min"


def scores_due(
    warehouse: Warehouse, registry: Registry, selection: Selection, moments: Sequence[datetime]
) -> list[datetime]:
    """The moments at which a run would score: a slice is missing there, or the scoring itself is not done.

    Raises LeadmartError for what is wrong in the policy or with the champion, as a run would.
    """
    scorer = Scorer.of(Session(warehouse, registry), selection)
    missing = {s.as_of for s in missing_slices(warehouse, selection, moments)}
    return [m for m in moments if m in missing or scorer.scoring(m).is_done(warehouse) is None]


@dataclass(frozen=True)
class RulesChange:
    """What is around the model, before and now: the policy in force at the newest as_of, and who works leads.

    `changed` says what differs, setting by setting and row by row. `orphaned` leads are with somebody who is not in
    service at the as_of. None where nothing was scored, or nothing is routed.
    """

    policy_before: str | None
    policy: str
    changed: Differences
    reps_before: str | None
    reps: str | None
    orphaned: int

    def as_json(self) -> dict[str, Any]:
        return {
            "policy": {
                "before": self.policy_before,
                "now": self.policy,
                "changes": [each.as_json() for each in self.changed.parts],
            },
            "tables": [each.as_json() for each in self.changed.tables],
            "reps": {"before": self.reps_before, "now": self.reps, "orphaned": self.orphaned} if self.reps else None,
        }

    def words(self) -> list[str]:
        found = []
        if self.policy_before not in (None, self.policy):
            found.append(f"policy {self.policy_before} is now {self.policy}: every lead is scored by it anew")
        found += [f"  {words}" for words in self.changed.words[:MOST_TOLD]]
        if (more := len(self.changed.words) - MOST_TOLD) > 0:
            found.append(f"  and {more} more; `--json` has them all")
        if self.reps_before not in (None, self.reps):
            found.append(f"representatives {self.reps_before} are now {self.reps}")
        if self.orphaned:
            found.append(f"{self.orphaned:,} leads are with somebody who is not in service: they are given away anew")
        return found


def rules_change(warehouse: Warehouse, registry: Registry, selection: Selection, as_of: datetime) -> RulesChange:
    """What a run at the as_of would go by that the newest scores and assignments did not."""
    policy = load_policy(registry, selection)
    before = warehouse.rows(
        "SELECT c.feature_set_version, c.policy_version FROM store.meta.scorings AS c "
        "JOIN store.meta.runs AS r USING (run_id) ORDER BY c.as_of DESC, r.started_at DESC, r.run_id DESC LIMIT 1"
    )
    changed = differences(warehouse, registry, selection, policy, before[0]) if before else Differences()
    versions = (before[0][1] if before else None, policy.policy_version)
    if not registry.project.settings.routing.enabled:
        return RulesChange(*versions, changed, None, None, 0)
    reps = load_reps(registry)
    reps_before, orphaned = newest_assignments(warehouse, reps, as_of)
    return RulesChange(*versions, changed, reps_before, reps.version, orphaned)
