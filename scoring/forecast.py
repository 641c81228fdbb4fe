"""What a backfill would do, said before it starts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from leadmart.features.clock import iso
from leadmart.features.errors import LeadmartError
from leadmart.features.house.kinds import has_table
from leadmart.features.plan import Selection, missing_slices
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.features.words import are, size_text, span_words
from leadmart.scoring.backfill.costs import bytes_of_score, cost_of, rows_of_scoring, seconds_beside
from leadmart.scoring.backfill.past import keep_filled
from leadmart.scoring.champion import load_policy
from leadmart.scoring.decisions.assignments import load_reps, newest_assignments
from leadmart.scoring.decisions.rules import refuse_unfit_rules
from leadmart.scoring.newest import newest_scoring
from leadmart.scoring.pipeline import plan, prove
from leadmart.scoring.policy_record import Differences, differences
from leadmart.scoring.run import Run, silent
from leadmart.scoring.scorer import Scorer

MARGIN = 2
"""How many times the bytes of its files a backfill must find free: the store and the catalogue grow beside them."""

MOST_TOLD = 12
"""How many changes of the policy a plan tells in words."""


@dataclass(frozen=True)
class Forecast:
    """What a backfill would do, from what past slices and runs took; None where there is nothing to judge by.

    `rows`, `bytes` are of slices, `score_rows`, `score_bytes` of scores; `scores` counts the as_of to score, None where
    that cannot be told yet. `free` is what the warehouse's disk has left.
    """

    moments: tuple[datetime, ...]
    slices: int
    filled: int
    rows: int | None
    bytes: int | None
    seconds: float | None
    free: int
    scores: int | None = None
    score_rows: int | None = None
    score_bytes: int | None = None
    newest_first: bool = False

    @property
    def needed(self) -> int:
        """Bytes that must be free, with the margin; what cannot be foretold counts nothing."""
        return MARGIN * ((self.bytes or 0) + (self.score_bytes or 0))

    @property
    def lacking(self) -> int:
        """Bytes that the disk has too few."""
        return max(self.needed - self.free, 0)

    @property
    def fits(self) -> bool:
        """Whether the disk has room, with a margin; where nothing can be foretold it is let go on."""
        return self.lacking == 0

    def as_json(self) -> dict[str, Any]:
        return {
            "as_of": [iso(m) for m in (reversed(self.moments) if self.newest_first else self.moments)],
            "slices": {"missing": self.slices, "filled": self.filled},
            "scores": self.scores,
            "rows": self.rows,
            "bytes": self.bytes,
            "score_rows": self.score_rows,
            "score_bytes": self.score_bytes,
            "seconds": self.seconds,
            "needed_bytes": self.needed,
            "free_bytes": self.free,
            "lacking_bytes": self.lacking,
            "fits": self.fits,
        }

    def words(self) -> str:
        size = (
            f"about {self.rows:,} rows, {self.bytes / 1e6:.1f} MB, {span_words(self.seconds or 0)}"
            if self.rows is not None and self.bytes is not None
            else "no past slices to judge its size by"
        )
        scores = f"; {are(self.scores, 'as_of', 'as_of')} to score" if self.scores else ""
        room = f"wants {size_text(self.needed)} of disk, {size_text(self.free)} are free"
        return (
            f"{len(self.moments)} as_of from {iso(self.moments[0])} to {iso(self.moments[-1])}: {self.slices} slices "
            f"missing, {self.filled} filled; {size}{scores}; {room if self.fits else self._no_room()}"
        )

    def _no_room(self) -> str:
        return (
            f"it wants {self.needed / 1e9:,.1f} GB free with scores and a margin, and {self.free / 1e9:,.1f} GB are: "
            f"{self.lacking / 1e9:,.1f} GB are missing"
        )

    def refuse_without_room(self, project: Project) -> None:
        """Raises LeadmartError `no_room` where the disk would run full on the way."""
        if not self.fits:
            raise LeadmartError(
                f"the disk of {project.warehouse} has no room for this backfill: {self._no_room()}",
                code="no_room",
                hint="fill a shorter span, make room (`leadmart prune --dry-run` says what may go), or keep less: "
                "[retention] in leadmart.toml; nothing was computed",
            )


def forecast(
    project: Project,
    moments: Callable[[Warehouse], Sequence[datetime]],
    only: str | None,
    *,
    newest_first: bool = False,
    scores_only: bool = False,
) -> Forecast:
    """What a backfill over the moments would compute, or score of what is filled; reads the catalogue only."""
    with open_for_reading(project) as warehouse:
        run = Run(warehouse, Registry(project), "backfill", list(moments(warehouse)), only, silent)
        prove(run)
        plan(run)
        if scores_only:
            keep_filled(run)
        due = [] if only else _due(run)
        cost = cost_of(warehouse, run.missing)
        seconds = cost.seconds if cost else None
        if cost and due is not None:
            seconds = cost.seconds + len(due) * (seconds_beside(warehouse) or 0)
        rows, size = rows_of_scoring(warehouse), bytes_of_score(warehouse)
        score_rows = None if due is None or rows is None else round(len(due) * rows)
        return Forecast(
            tuple(run.moments),
            len(run.missing),
            run.skipped,
            cost.rows if cost else None,
            cost.bytes if cost else None,
            None if seconds is None else round(seconds, 1),
            shutil.disk_usage(project.warehouse).free,
            None if due is None else len(due),
            score_rows,
            None if score_rows is None or size is None else round(score_rows * size),
            newest_first,
        )


def _due(run: Run) -> list[datetime] | None:
    """The as_of to score; None where scoring would be refused, which the run itself says once slices are filled."""
    missing = {s.as_of for s in run.missing}
    try:
        scorer = Scorer.of(run.session, run.selection)
        is_past = has_table(run.warehouse, "past_scorings")
        return [
            m
            for m in run.moments
            if m in missing or replace(scorer.scoring(m), is_past=is_past).is_done(run.warehouse) is None
        ]
    except LeadmartError:
        return None


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

    def words(self, *, trained_first: bool = False) -> list[str]:
        """What is to be told; with `trained_first` nobody is scored before `leadmart train`."""
        found = []
        after = " after `leadmart train`" if trained_first else ""
        if self.policy_before not in (None, self.policy):
            found.append(f"policy {self.policy_before} is now {self.policy}: every lead is scored by it anew{after}")
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
    refuse_unfit_rules(warehouse, selection, policy.rules)
    newest = newest_scoring(warehouse)
    before = (newest.versions["feature_set_version"], newest.versions["policy_version"]) if newest else None
    changed = differences(warehouse, registry, selection, policy, before) if before else Differences()
    versions = (before[1] if before else None, policy.policy_version)
    if not registry.project.settings.routing.enabled:
        return RulesChange(*versions, changed, None, None, 0)
    reps = load_reps(registry)
    reps_before, orphaned = newest_assignments(warehouse, reps, as_of)
    return RulesChange(*versions, changed, reps_before, reps.version, orphaned)
