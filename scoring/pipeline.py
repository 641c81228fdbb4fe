"""What a run does, as a value: a tuple of stages over one state; `run`, `backfill` and `score` walk it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from leadmart.features.clock import iso, sql_literal
from leadmart.features.compute import Written
from leadmart.features.definition import raw_names
from leadmart.features.errors import LeadmartError
from leadmart.features.filled import slice_file
from leadmart.features.holder import AT_ONCE, Patience
from leadmart.features.intact import refuse_altered_files
from leadmart.features.marts import chosen_marts, mart_sources
from leadmart.features.materialize import fill
from leadmart.features.plan import (
    Slice,
    default_as_of,
    missing_slices,
    refuse_unloaded,
    select,
    wanted_slices,
)
from leadmart.features.project import Project
from leadmart.features.raw.snapshot import snapshot
from leadmart.features.raw.tables import CHANGES
from leadmart.features.registry import Registry
from leadmart.features.shown import last_shown
from leadmart.features.sources.assumed import assumed_arrivals
from leadmart.features.sources.missing import missing_sources
from leadmart.features.sources.reach import bounds_of
from leadmart.features.sources.remarks import emptied_sources
from leadmart.features.sources.staged import WHOLE
from leadmart.features.warehouse import Warehouse, new_run_id, open_for_writing
from leadmart.scoring.backfill.pace import SCORES, Pace, keep_pace
from leadmart.scoring.backfill.past import keep_filled, report_past
from leadmart.scoring.decisions.assignments import route, sources_beside
from leadmart.scoring.hot.mark import remember
from leadmart.scoring.hot.run import score_touched
from leadmart.scoring.judge import held_back
from leadmart.scoring.life.shadow import shadow
from leadmart.scoring.outbox import queue
from leadmart.scoring.policy_record import keep_policy
from leadmart.scoring.record import record_end, record_start, why_blocked
from leadmart.scoring.run import Progress, Run, silent
from leadmart.scoring.scorer import Scorer, label_of
from leadmart.scoring.tables import refuse_bad_tables
from leadmart.scoring.upsert import Counts, Scoring, upsert

if TYPE_CHECKING:
    import polars as pl


def observe(run: Run) -> None:
    """Appends the change rows of tables updated in place; one that shrank holds back the views that read its changes.

    Before everything else: what is overwritten before it was looked at is lost, and change rows are sources too.
    """
    for table in run.project.settings.snapshot:
        try:
            snapshot(run.warehouse, [table], progress=lambda words: run.progress(f"changes of {words}", 0, 1))
        except LeadmartError as error:
            if error.code != "shrunk":
                raise
            run.progress(f"warning: {error.message}; {error.hint}", 0, 0)
            run.refused_tables.append(table)


def prove(run: Run) -> None:
    """Checks every definition and table the project reads, before anything runs, and that its marts are there."""
    chosen_marts(run.registry)
    refuse_bad_tables(run.registry)
    run.selection = select(run.registry, run.session.present)


def plan(run: Run) -> None:
    """Lists the slices that are wanted and not filled."""
    needed = run.selection.needed_for(run.only, run.registry) if run.only is not None else None
    wanted = [s for s in wanted_slices(run.selection, run.moments) if needed is None or s.definition.relation in needed]
    missing = {s.key for s in missing_slices(run.warehouse, run.selection, run.moments)}
    run.missing = sorted((s for s in wanted if s.key in missing), key=lambda s: s.as_of, reverse=run.newest_first)
    run.skipped = len(wanted) - len(run.missing)


def judge_sources(run: Run) -> None:
    """Asks quality about every source that is read; a failed one holds back the views that read it.

    So does one that had rows and has none now: features would say that nothing ever happened.
    """
    read = [*run.selection.definitions, *([] if run.only else [label_of(run.registry)])]
    names = tuple(sorted({*run.registry.sources_of(read), *([] if run.only else sources_beside(run.registry))}))
    run.progress("quality of sources", 0, 1)
    run.assumed = assumed_arrivals(run.warehouse, run.registry, names, run.session.present)
    run.missing_sources = missing_sources(run.warehouse, run.registry, run.selection.definitions, run.session.present)
    refused = {f"{table.lower()}{CHANGES}" for table in run.refused_tables}
    run.shrunk = frozenset(d.name for d in run.registry.all("source") if refused & raw_names(d)) & set(names)
    run.emptied = emptied_sources(run.warehouse, run.registry, names)
    bounds = bounds_of(run.warehouse, read, run.moments)
    since = {name: bounds.get(name, WHOLE).since for name in names}
    run.failed_sources = run.judge.failed_sources(run.session, since) | run.shrunk | set(run.emptied)
    run.held = held_back(run.selection, run.registry, run.failed_sources)


def judge_slices(run: Run) -> None:
    """Asks quality about the slices that are filled already: their suite may be another one by now."""
    missing = {s.key for s in run.missing}
    for each in wanted_slices(run.selection, run.moments):
        if run.only is None and each.key not in missing and not _approves_slice(run, each):
            run.held |= {each.definition.relation}


def shuffle(run: Run) -> None:
    """Alters the future of a few leads in memory, and raises what notices; a run with nothing to compute does not.

    Raises LeadmartError `future_leak`, before anything is listed.
    """
    every = {d.relation for d in run.selection.definitions}
    wanted = run.selection.needed_for(run.only, run.registry) if run.only is not None else every
    held = {d.relation for d in run.selection.definitions} - wanted | run.held
    if not run.missing or run.selection.spine.relation in held:
        return
    from leadmart.scoring.verify import ON_EVERY_RUN, WHOLE_UP_TO, refuse_leaks, shuffled

    for as_of in sorted({run.missing[0].as_of, run.missing[-1].as_of}):
        run.progress(f"future-shuffle of {ON_EVERY_RUN} leads at {iso(as_of)}", 0, 1)
        present = run.session.present
        found = shuffled(
            run.warehouse,
            run.registry,
            run.selection,
            present,
            as_of,
            sample=ON_EVERY_RUN,
            seed=0,
            held=held,
            whole_up_to=WHOLE_UP_TO,
        )
        refuse_leaks(found, run.registry)


def fill_slices(run: Run) -> None:
    """Computes the missing slices, has them judged, and lists them, each as_of's in one transaction."""
    done = 0

    def tell(slices: Sequence[Slice]) -> None:
        nonlocal done
        ref, moments = slices[0].definition.ref, [each.as_of for each in slices]
        if run.pace:
            run.pace.begin(ref, len(slices))
        left = run.pace.words() if run.pace else ""
        last = f" to {iso(moments[-1])}" if len(moments) > 1 else ""
        run.progress(f"{ref} at {iso(moments[0])}{last}{left}", done, len(run.missing))
        done = min(done + len(slices), len(run.missing))  # where a chunk fails, its as_of are computed one by one

    rejected: set[str] = set()

    def approve(written: Written) -> bool:
        passed = approves_written(run, written)
        if not passed:
            rejected.add(written.slice.definition.relation)
            run.rejected_at.add(written.slice.as_of)
        return passed

    def tell_beside(words: str) -> None:
        if run.pace:
            run.pace.end()  # what serves many slices is no part of the last one
        run.progress(words, done, len(run.missing))

    listed = fill(
        run.session, run.selection, run.missing, run_id=run.run_id, held=run.held, approve=approve, progress=tell,
        say=tell_beside,
    )  # fmt: skip
    run.computed = len(listed)
    run.rejected = frozenset(rejected)
    run.held |= rejected


def score(run: Run) -> None:
    """Scores every as_of whose slices are all there; publishes nothing where anything it reads was held back.

    A backfill leaves out those as_of alone at which a slice was refused.
    """
    if run.only is not None:
        return
    label = label_of(run.registry)
    beside = {*run.registry.sources_of([label]), *sources_beside(run.registry)}
    label_failed = run.failed_sources & beside
    moments = [m for m in run.in_order if m not in run.rejected_at]
    is_partly = run.command == "backfill" and run.held == run.rejected
    if label_failed or not moments or (run.held and not is_partly):
        run.status = "blocked"
        return
    scorer = Scorer.of(run.session, run.selection)
    run.model_version = scorer.model_version
    keep_policy(run.warehouse, run.registry, run.selection, scorer.policy, run.run_id)
    warned: set[str] = set()
    pace = run.pace or Pace((), {})
    pace.only(SCORES)
    for number, as_of in enumerate(moments):
        pace.end()
        run.progress(f"scores at {iso(as_of)}{pace.words()}", number, len(run.moments))
        scoring = _placed(run, scorer.scoring(as_of))
        done = scoring.is_done(run.warehouse)
        if done is not None:
            pace.leave_out(SCORES)
            if not approves_scores(run, scoring):
                run.status = "blocked"
                return
            scoring.put_in_force(run.warehouse, run.run_id)
            run.counts += Counts(unchanged=done)
            continue
        pace.begin(SCORES)
        scored, warnings = scorer.score(as_of)
        for warning in warnings:
            column = warning.partition(":")[0]
            if column not in warned:  # the same levels come back at every as_of of a backfill
                run.progress(f"warning: {warning} (at {iso(as_of)})", 0, 0)
            warned.add(column)
        if not approves_scores(run, scoring, scored):
            run.status = "blocked"
            return
        run.counts += upsert(run.warehouse, scored, scoring, run.run_id)
    run.tiers = scorer.tiers(max(moments))
    run.left_out = scorer.left_out(max(moments))


def _placed(run: Run, scoring: Scoring) -> Scoring:
    """The scoring, as a backfill's: it never takes the place of other versions that people were shown at its as_of."""
    shown = last_shown(run.warehouse, scoring.as_of) if run.command == "backfill" else None
    return replace(scoring, is_past=shown is not None and shown != scoring.versions)


def keep_for_marts(run: Run) -> None:
    """Stages what the project's marts read beside the scores, so that the catalogue can point at it."""
    if run.only is None:
        run.session.stage_whole(mart_sources(run.registry))


def judge_filled(run: Run) -> None:
    """Asks quality about the slices that are filled, and about the scores at their as_of; publishes nothing."""
    for as_of in run.moments:
        for definition in run.selection.definitions:
            run.progress(f"quality of {definition.ref}", 0, 0)
            if not _approves_slice(run, run.selection.slice_of(definition, as_of)):
                run.held |= {definition.relation}
        if not _approves_every_score(run, as_of):
            run.status = "blocked"


SCREENED_FROM = 4
"""As_of from which on what plainly passes is told by one query each, and Great Expectations is asked of the rest."""

RUN = (
    observe, prove, plan, judge_sources, judge_slices, shuffle, fill_slices, score, shadow, route, queue,
    remember, keep_for_marts,
)  # fmt: skip
"""The stages of `run`, in order; the catalogue is swapped after the last, whatever it found."""

BACKFILL = (
    observe, prove, plan, judge_sources, judge_slices, shuffle, keep_pace, fill_slices, score, keep_for_marts,
)  # fmt: skip
"""`backfill` writes what would have been shown; nobody is told of the past, and no challenger scores it."""


BACKFILL_SCORES = (
    prove, plan, keep_filled, judge_sources, judge_slices, keep_pace, score, report_past, keep_for_marts,
)  # fmt: skip
"""`backfill --scores` computes no slice: it scores every as_of that is filled, and says how past scores came out."""


def score_hot(run: Run) -> None:
    """Scores the leads of whom something is newly known; where everyone is due, walks the stages of a full run."""
    score_touched(run)
    for stage in RUN[RUN.index(prove) + 1 :] if run.hot and run.hot.everyone else (route, queue):
        stage(run)


HOT = (observe, prove, score_hot, keep_for_marts)
"""`run --hot`; its one moment is that of the newest load."""

SCORE = (prove, plan, judge_sources, judge_slices, score, shadow, route, queue, keep_for_marts)
"""`score` computes no slice: it scores what is filled."""

VALIDATE = (prove, judge_sources, judge_filled)
"""`validate` asks quality about sources and about what is filled."""


def execute(
    project: Project,
    command: str,
    moments: Sequence[datetime] | Callable[[Warehouse], Sequence[datetime]] | None,
    *,
    stages: Sequence[Callable[[Run], None]] = RUN,
    only: str | None = None,
    progress: Progress = silent,
    run_id: str | None = None,
    patience: Patience = AT_ONCE,
    newest_first: bool = False,
) -> Run:
    """Walks the stages for the moments (default: the latest due as_of), records the run, and swaps the catalogue.

    The run that is returned is `done` or `blocked`. A named error marks it `failed`, is recorded, and raised again;
    what was listed before it stays, and the next run goes on from there. `run_id` is the id it
    is to have, where its log knows it already. With `newest_first` slices are filled and scores written from the
    newest as_of backwards; the rows are the same.
    """
    with open_for_writing(project, command, patience) as warehouse:
        registry = Registry(project)
        chosen = moments(warehouse) if callable(moments) else moments or [default_as_of(warehouse)]
        refuse_unloaded(warehouse, chosen)
        run = Run(warehouse, registry, command, list(chosen), only, progress, run_id or new_run_id())
        run.newest_first = newest_first
        run.judge.screens = len(run.moments) >= SCREENED_FROM
        warehouse.name_run(run.run_id)
        # a run that is refused for this is not recorded: what it recorded could not be published either
        refuse_altered_files(warehouse)
        record_start(run)
        try:
            for stage in stages:
                stage(run)
            run.status = "blocked" if run.status == "blocked" or run.held else "done"
        except BaseException as error:
            run.status = "failed"
            # what went wrong first is what a person has to hear, also where the catalogue cannot be swapped
            with suppress(LeadmartError, duckdb.Error, OSError):
                record_end(
                    run, error.message if isinstance(error, LeadmartError) else f"{type(error).__name__}: {error}"
                )
            raise
        record_end(run, why_blocked(run))
        return run


def approves_written(run: Run, written: Written) -> bool:
    """Whether a slice that was just computed passes."""
    definition = written.slice.definition
    subject = f"{definition.relation} at {iso(written.slice.as_of)}"
    return run.judge.approves("feature", definition.ref, subject, lambda: written.file)


def _approves_slice(run: Run, each: Slice) -> bool:
    """Whether a filled slice passes; one that is not filled has nothing to fail."""
    file = slice_file(run.warehouse, each)
    subject = f"{each.definition.relation} at {iso(each.as_of)}"
    # a slice's file is named by its content
    return file is None or run.judge.approves("feature", each.definition.ref, subject, lambda: file, file.stem)


def approves_scores(run: Run, scoring: Scoring, scored: pl.DataFrame | None = None) -> bool:
    """Whether the score rows of a scoring pass: those given, or without any those that are published."""
    made: list[Path] = []

    def rows() -> Path:
        if not made:
            made.append(run.warehouse.staging_file())
            if scored is not None:
                run.warehouse.register("scored", scored)
            sql = scoring.published_sql() if scored is None else "SELECT * FROM scored ORDER BY lead_id"
            run.warehouse.write_parquet(sql, made[0])
        return made[0]

    subject = f"scores.lead_scores at {iso(scoring.as_of)}"
    try:
        return run.judge.approves("score", "lead_scores", subject, rows, scoring.name)
    finally:
        for staged in made:
            staged.unlink(missing_ok=True)


def _approves_every_score(run: Run, as_of: datetime) -> bool:
    """Whether the published score rows at an as_of pass, those of earlier versions too."""
    staged = run.warehouse.staging_file()
    try:
        rows = run.warehouse.write_parquet(
            f"SELECT * EXCLUDE (run_id, written_at) FROM store.scores.lead_scores WHERE as_of = {sql_literal(as_of)} "
            "ORDER BY ALL",
            staged,
        )
        subject = f"scores.lead_scores at {iso(as_of)}"
        return not rows or run.judge.approves("score", "lead_scores", subject, lambda: staged)
    finally:
        staged.unlink(missing_ok=True)
