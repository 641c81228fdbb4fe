"""`run --hot`: whoever is touched since the mark is scored at the newest load, as a full run would score them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso, sql_literal
from leadmart.features.definition import raw_names
from leadmart.features.fingerprint import digest
from leadmart.features.lookup import compute_at, plain_types
from leadmart.features.raw.tables import CHANGES, emptied_tables
from leadmart.features.shown import VERSIONS, record_gone
from leadmart.features.sources.reach import bounds_of
from leadmart.features.sources.staged import WHOLE
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.decisions.assignments import sources_beside
from leadmart.scoring.hot.mark import Mark, mark_at, read_mark, sources_read, write_mark
from leadmart.scoring.hot.touched import LEADS, Touched, find_touched, newly_known
from leadmart.scoring.judge import held_back
from leadmart.scoring.newest import newest_scoring
from leadmart.scoring.scorer import Scorer
from leadmart.scoring.upsert import Scoring, publish_scores, stage_scores

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.run import Run


@dataclass(frozen=True)
class Hot:
    """What a hot run found and did: since when, why everyone was due if so, new rows by source, and leads."""

    since: datetime | None
    everyone: str | None = None
    rows: dict[str, int] = field(default_factory=dict)
    touched: int = 0
    scored: int = 0
    gone: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "since": iso(self.since) if self.since else None,
            "everyone": self.everyone,
            "rows": self.rows,
            "touched": self.touched,
            "scored": self.scored,
            "gone": self.gone,
        }


def score_touched(run: Run) -> None:
    """Finds the touched leads, scores them, and publishes their rows with the new mark in one transaction.

    Sets `run.hot`. Where everyone is due it scores nobody: the stages of a full run are for that.
    """
    mark, scorer = read_mark(run.warehouse), Scorer.of(run.session, run.selection)
    as_of = run.moments[-1]
    run.model_version = scorer.model_version
    why = "nothing is scored yet" if mark is None else mark.other_than(scorer) or _shown_otherwise(run.warehouse, mark)
    if mark is None or why:
        run.hot = Hot(mark.as_of if mark else None, why)
        return
    if mark.as_of > as_of:  # raw read in place of which a newer file was taken away
        run.hot = Hot(mark.as_of, "the newest load is older than the last run")
        return
    run.progress("what is newly known", 0, 1)
    found = find_touched(run.session, run.selection, mark, as_of)
    run.hot = Hot(mark.as_of, found.everyone, dict(found.rows), found.leads)
    if found.everyone is None and not _are_sources_fit(run, found):
        run.status = "blocked"
    elif found.everyone is None and found.rows:
        _score_and_publish(run, scorer, mark, found)
    elif found.everyone is None and as_of > mark.as_of:
        with run.warehouse.transaction():
            write_mark(run.warehouse, mark_at(scorer, as_of), run.run_id)


def _shown_otherwise(warehouse: Warehouse, mark: Mark) -> str | None:
    """Why scores of a few cannot stand beside those in force: they are under other versions, or of a later moment."""
    newest = newest_scoring(warehouse)
    if newest is None:
        return "nothing is scored yet"
    if any(version != getattr(mark, name) for name, version in newest.versions.items()):
        return "the newest scores are of other versions"
    return "scores of a later moment are there" if newest.as_of > mark.as_of else None


def _are_sources_fit(run: Run, found: Touched) -> bool:
    """Whether the newly known rows pass their suites, and no source is refused that was refused before."""
    names = (*sources_read(run.selection, run.registry), *sources_beside(run.registry))
    emptied = emptied_tables(run.warehouse)
    refused = {f"{table.lower()}{CHANGES}" for table in run.refused_tables}
    every = [d for d in run.registry.all("source") if d.name in names]
    run.emptied = sorted({d.name for d in every if raw_names(d) & emptied})
    failed = set(run.emptied) | {d.name for d in every if raw_names(d) & refused}
    doubtful = _refused_before(run) & set(names)
    if doubtful:
        bounds = bounds_of(run.warehouse, run.selection.definitions, run.moments)
        failed |= run.judge.failed_sources(run.session, {n: bounds.get(n, WHOLE).since for n in sorted(doubtful)})
    for name in found.rows:
        run.progress(f"quality of new rows of {name}", 0, 0)
        rows = f"SELECT * EXCLUDE (_is_there) FROM {newly_known(name)} WHERE _is_there"
        if not _approves(run, "source", name, f"new rows of staging.{name}", rows):
            failed.add(name)
    run.failed_sources = frozenset(failed)
    run.held = held_back(run.selection, run.registry, run.failed_sources)
    return not failed


def _refused_before(run: Run) -> set[str]:
    """The sources whose newest verdict by a suite of today is no."""
    hashes = {suite.name: suite.suite_hash for suite in run.judge.suites if suite.stage == "source"}
    found = run.warehouse.rows(
        "SELECT suite, subject, suite_hash, success FROM store.meta.verdicts WHERE STARTS_WITH(subject, 'staging.') "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY suite, subject ORDER BY given_at DESC, run_id DESC) = 1"
    )
    return {
        subject.removeprefix("staging.")
        for suite, subject, suite_hash, success in found
        if not success and hashes.get(suite) == suite_hash
    }


def _approves(run: Run, stage_name: str, table: str, subject: str, rows: str) -> bool:
    if not run.judge.applying(stage_name, table):
        return True
    file = run.warehouse.staging_file()
    run.warehouse.write_parquet(rows, file)
    try:
        return run.judge.approves_rows(stage_name, table, f"{subject} at {iso(run.moments[-1])}, hot", file)
    finally:
        file.unlink(missing_ok=True)


def _score_and_publish(run: Run, scorer: Scorer, mark: Mark, found: Touched) -> None:
    warehouse, as_of = run.warehouse, run.moments[-1]
    run.progress(f"features of {found.leads} leads", 0, 1)
    frame = _frame(run, as_of)
    for definition in (*run.selection.read, *run.selection.beside):
        subject = f"{definition.relation} at {iso(as_of)}"
        if not _approves(run, "feature", definition.ref, subject, f"SELECT * FROM {definition.relation}"):
            run.held |= {definition.relation}
    if run.held:
        run.status = "blocked"
        return
    run.progress(f"scores of {found.leads} leads", 0, 1)
    scored, warnings = scorer.score_frame(scorer.in_play(frame, as_of), as_of)
    for warning in warnings:
        run.progress(f"warning: {warning} (at {iso(as_of)})", 0, 0)
    warehouse.register("scored", scored)
    if not _approves(run, "score", "lead_scores", "scores.lead_scores", "SELECT * FROM scored ORDER BY lead_id"):
        run.status = "blocked"
        return
    reached = mark_at(scorer, as_of)
    identities = sorted((name, state.identity) for name, state in reached.sources.items())
    scoring = Scoring(
        as_of, run.selection.spine.name, reached.feature_set_version, reached.model_version, reached.policy_version,
        digest(mark.as_of, identities, reached.setting), is_hot=True,
    )  # fmt: skip
    staged = stage_scores(warehouse, scored, scoring, run.run_id)
    with warehouse.transaction():
        publish_scores(warehouse, staged, run.run_id)
        gone = _take_out(run, scoring)
        record_gone(warehouse, scoring.as_of, scoring.versions)
        write_mark(warehouse, reached, run.run_id)
    run.counts = staged.counts
    run.tiers = [(tier, count) for tier, count in _tiers(scored)]
    run.hot = Hot(mark.as_of, None, dict(found.rows), found.leads, scored.height, gone)


def _frame(run: Run, as_of: datetime) -> pl.DataFrame:
    """Features and gates of the touched leads of the spine, ordered by lead; links are computed whole."""
    session, spine = run.session, run.selection.spine
    session.want([as_of])
    session.prepare(run.selection.definitions)
    every = session.sql_of(spine)
    touched = f"SELECT s.* FROM ({every}) AS s SEMI JOIN {LEADS} AS t ON t.{spine.key} = CAST(s.{spine.key} AS VARCHAR)"
    session.set_spine(spine.entity[0], touched)
    sql = compute_at(session, run.selection, with_beside=True)
    return plain_types(run.warehouse.frame(f"{sql}\nORDER BY s.{spine.key}, s.as_of"))


def _take_out(run: Run, scoring: Scoring) -> int:
    """Notes the touched leads that are shown and have no score now, and forgets those that have one again.

    Inside the caller's transaction, after the scores; how many there are.
    """
    warehouse, at = run.warehouse, sql_literal(scoring.as_of)
    versions = ", ".join(VERSIONS)
    these = " AND ".join(f"{name} = '{getattr(scoring, name)}'" for name in VERSIONS)
    warehouse.execute(
        f"UPDATE store.meta.hot_scorings SET row_count = (SELECT COUNT(*) FROM store.scores.lead_scores "
        f"WHERE as_of = {at} AND {these}) WHERE as_of = {at} AND {these}"
    )
    key = run.selection.spine.key
    touched = f"SELECT {key} FROM {LEADS}"
    warehouse.execute(
        f"DELETE FROM store.meta.hot_gone WHERE as_of = {at} AND {these} AND lead_id IN (SELECT lead_id FROM scored)"
    )
    warehouse.execute(
        f"INSERT OR IGNORE INTO store.meta.hot_gone SELECT DISTINCT s.lead_id, {at}, {versions}, ? "
        f"FROM store.scores.lead_scores AS s WHERE {these} AND s.role = 'champion' AND s.as_of <= {at} "
        "AND s.as_of >= (SELECT MAX(c.as_of) FROM store.meta.scorings AS c) "
        f"AND s.lead_id IN ({touched}) AND s.lead_id NOT IN (SELECT lead_id FROM scored)",
        [run.run_id],
    )
    ((gone,),) = warehouse.rows(
        f"SELECT COUNT(*) FROM store.meta.hot_gone WHERE as_of = {at} AND {these} AND run_id = ?", [run.run_id]
    )
    return int(gone)


def _tiers(scored: pl.DataFrame) -> list[tuple[str, int]]:
    """Scored leads by tier, the best first."""
    import polars as pl

    found = scored.group_by("tier").agg(pl.len().alias("n"), pl.col("composite").max().alias("best"))
    return [(tier, count) for tier, count, _ in found.sort(["best", "tier"], descending=[True, False]).iter_rows()]
