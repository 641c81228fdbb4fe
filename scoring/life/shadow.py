"""Shadow scores (D6): the newest challenger scores what the champion scored, into rows that nobody is shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso
from leadmart.scoring.life.kept import challenger
from leadmart.scoring.release.valid import can_serve
from leadmart.scoring.scorer import Scorer
from leadmart.scoring.upsert import Counts, Scoring, upsert

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.run import Run


@dataclass(frozen=True)
class Shadow:
    """What a run did for a challenger, apart from the champion's counts."""

    model_version: str
    counts: Counts = field(default_factory=Counts)

    def as_json(self) -> dict[str, Any]:
        return {
            "model_version": self.model_version,
            "inserted": self.counts.inserted,
            "updated": self.counts.updated,
            "unchanged": self.counts.unchanged,
        }


def shadow(run: Run) -> None:
    """Scores each as_of of a run with the newest challenger, after the champion's scores are published.

    Nothing here holds a run back: a challenger that learned on other features, or whose rows quality refuses, is named
    and left out.
    """
    if run.status == "blocked" or run.held or run.only is not None or not run.project.settings.scoring.shadow:
        return
    kept = challenger(run.warehouse)
    if kept is None or not can_serve(run.session, run.selection, kept.model_version):
        return
    scorer = replace(Scorer.of(run.session, run.selection), model_version=kept.model_version)
    counts = Counts()
    for as_of in run.moments:
        scoring = replace(scorer.scoring(as_of), role="shadow")
        done = scoring.is_done(run.warehouse)
        if done is not None:
            counts += Counts(unchanged=done)
            continue
        run.progress(f"shadow scores at {iso(as_of)}", 0, 0)
        scored, _ = scorer.score(as_of, role="shadow")
        if not _approves(run, scoring, scored):
            run.progress(f"warning: quality refuses the shadow scores of {kept.model_version} at {iso(as_of)}", 0, 0)
            continue
        counts += upsert(run.warehouse, scored, scoring, run.run_id)
    run.shadow = Shadow(kept.model_version, counts)


def _approves(run: Run, scoring: Scoring, scored: pl.DataFrame) -> bool:
    file = run.warehouse.staging_file()
    run.warehouse.register("shadow_scored", scored)
    run.warehouse.write_parquet("SELECT * FROM shadow_scored ORDER BY lead_id", file)
    try:
        subject = f"shadow scores of {scoring.model_version} at {iso(scoring.as_of)}"
        return run.judge.approves("score", "lead_scores", subject, lambda: file, scoring.name)
    finally:
        file.unlink(missing_ok=True)
