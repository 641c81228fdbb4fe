"""`restate`: slices whose raw rows were rewritten or came later than their clocks say, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from leadmart.features.clock import iso
from leadmart.features.compute import Written, compute_slices, prepare_for
from leadmart.features.materialize import keep_files, list_slices, publish_views, slice_inputs
from leadmart.features.shown import is_last_shown
from leadmart.features.stale import stale_slices
from leadmart.scoring.pipeline import approves_scores, approves_written, judge_sources, prove
from leadmart.scoring.policy_record import keep_policy
from leadmart.scoring.run import Run
from leadmart.scoring.scorer import Scorer, label_of
from leadmart.scoring.upsert import Counts, StagedScores, publish_scores, stage_scores


def restatement(source: str) -> Sequence[Callable[[Run], None]]:
    """The stages of `restate --source NAME`: what is stale is computed anew and published in one transaction.

    Slices whose known rows are the same are left alone; a second restatement finds nothing to do.
    """

    def find_stale(run: Run) -> None:
        run.registry.source(source)
        stale = {each.slice for each in stale_slices(run.session, run.selection, source)}
        order = {d.relation: place for place, d in enumerate(run.selection.definitions)}
        run.missing = sorted(stale, key=lambda s: (s.as_of, order[s.definition.relation]))
        if run.missing:
            run.moments = sorted({s.as_of for s in run.missing})

    return (prove, find_stale, judge_sources, compute_and_publish)


def compute_and_publish(run: Run) -> None:
    """Computes the stale slices and the scores made of them, and lists all; none where quality says no."""
    if not run.missing:
        return
    run.held &= {s.definition.relation for s in run.missing}
    if run.failed_sources & set(run.registry.sources_of([label_of(run.registry)])):
        run.status = "blocked"
        return
    publish_views(run.warehouse, run.session, run.selection, run.run_id)
    written: list[Written] = []
    for as_of, group in groupby(run.missing, key=lambda s: s.as_of):
        run.progress(f"slices at {iso(as_of)}", len(written), len(run.missing))
        wanted = list(group)
        prepare_for(run.session, wanted)
        computed = compute_slices(run.session, run.selection, wanted, run.held, lambda w: approves_written(run, w))
        written += computed
        if {s.key for s in wanted} - {w.slice.key for w in computed}:
            run.held |= {s.definition.relation for s in wanted} - {w.slice.definition.relation for w in computed}
            for each in written:
                each.file.unlink(missing_ok=True)
            return
    kept = keep_files(run.warehouse, written)
    inputs = slice_inputs(run.session, run.selection, [each.slice for each in written])
    files = {each.written.slice: run.warehouse.project.warehouse / each.file for each in kept}
    scorer = Scorer.of(run.session, run.selection, files)
    keep_policy(run.warehouse, run.registry, run.selection, scorer.policy, run.run_id)
    scores = _scores(run, scorer)
    if run.status == "blocked":
        return
    with run.warehouse.transaction():
        list_slices(run.session, run.selection, kept, inputs, run.run_id)
        for staged in scores:
            publish_scores(run.warehouse, staged, run.run_id)
    run.computed = len(kept)
    run.counts = sum((staged.counts for staged in scores), Counts())


def _scores(run: Run, scorer: Scorer) -> list[StagedScores]:
    """The scores anew at every as_of that was scored under the versions of today; other versions' scores stay."""
    run.model_version = scorer.model_version
    staged: list[StagedScores] = []
    for number, as_of in enumerate(run.moments):
        run.progress(f"scores at {iso(as_of)}", number, len(run.moments))
        scoring = scorer.scoring(as_of)
        if not scoring.has_rows(run.warehouse):
            continue
        scoring = replace(scoring, is_past=not is_last_shown(run.warehouse, as_of, scoring.versions))
        if scoring.is_done(run.warehouse) is not None:
            continue
        scored, _ = scorer.score(as_of)
        if not approves_scores(run, scoring, scored):
            run.status = "blocked"
            return []
        staged.append(stage_scores(run.warehouse, scored, scoring, run.run_id, ahead=len(staged)))
    return staged
