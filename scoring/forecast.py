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
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.features.words import are, size_text, span_words
from leadmart.scoring.backfill.past import keep_filled
from leadmart.scoring.backfill.scoring_costs import bytes_of_score, cost_of, rows_of_scoring, seconds_beside
from leadmart.scoring.pipeline import plan, prove
from leadmart.scoring.run import Run, silent
from leadmart.scoring.scorer import Scorer

MARGIN = 2
"""How many times the bytes of its files a backfill must find free: the store and the catalogue grow beside them."""


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
            f"it wants {size_text(self.needed)} free with scores and a margin, and {size_text(self.free)} are: "
            f"{size_text(self.lacking)} are missing"
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
