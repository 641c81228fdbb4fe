"""The store's own records: runs without an end, models without their text, rows that point nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator

from leadmart.features.clock import now, sql_literal
from leadmart.features.house.finding import Finding
from leadmart.features.house.kinds import SLICE_KEY, has_table
from leadmart.features.warehouse import Warehouse
from leadmart.features.words import are, named

_SLICE = f"({', '.join(SLICE_KEY)})"
_VERSIONS = "as_of, feature_set_version, model_version, policy_version"
_SCORED = f"SELECT {_VERSIONS}, COUNT(*) AS scored FROM store.scores.lead_scores GROUP BY ALL"


def record_findings(warehouse: Warehouse) -> Iterator[Finding]:
    """What is wrong with the rows of `meta`; nobody may be writing to the store."""
    yield from _unfinished_runs(warehouse)
    yield from _models(warehouse)
    yield from _scorings_without_rows(warehouse)
    yield from _inputs_without_slice(warehouse)
    yield from _prunes_half_done(warehouse)
    yield from _unfinished_erasures(warehouse)


def _unfinished_runs(warehouse: Warehouse) -> Iterator[Finding]:
    runs = [
        run for (run,) in warehouse.rows("SELECT run_id FROM store.meta.runs WHERE status = 'running' ORDER BY run_id")
    ]
    if runs:
        # whoever looks holds the store, so no run does
        yield Finding(
            "run_unfinished",
            f"{are(len(runs), 'run was', 'runs were')} killed: {named(runs)}",
            "marks them failed; what they listed stays, the next run goes on from there",
            lambda w: w.execute(
                "UPDATE store.meta.runs SET status = 'failed', message = 'killed', finished_at = "
                f"{sql_literal(now())} WHERE status = 'running'"
            ),
        )


def _models(warehouse: Warehouse) -> Iterator[Finding]:
    broken = [
        version
        for version, artefact in warehouse.rows(
            "SELECT model_version, artefact FROM store.meta.models WHERE tier <> 'rules' ORDER BY model_version"
        )
        if not _is_json(artefact)
    ]
    if broken:
        yield Finding(
            "model_missing",
            f"{are(len(broken), 'model has', 'models have')} no readable text: {named(broken)}",
            "restore the store from a backup, or `leadmart train` learns another",
        )
    champions = [
        v for (v,) in warehouse.rows("SELECT model_version FROM store.meta.models WHERE role = 'champion' ORDER BY ALL")
    ]
    if len(champions) > 1:
        yield Finding(
            "two_champions",
            f"{len(champions)} models are champion: {named(champions)}",
            "the one trained last stays, the others retire",
            lambda w: w.execute(
                "UPDATE store.meta.models SET role = 'retired' WHERE role = 'champion' AND model_version <> (SELECT "
                "model_version FROM store.meta.models WHERE role = 'champion' ORDER BY trained_at DESC, model_version "
                "LIMIT 1)"
            ),
        )
    unknown = [
        v
        for (v,) in warehouse.rows(
            "SELECT DISTINCT model_version FROM store.meta.scorings WHERE model_version <> 'rules' AND model_version "
            "NOT IN (SELECT m.model_version FROM store.meta.models AS m) ORDER BY ALL"
        )
    ]
    if unknown:
        yield Finding(
            "model_unknown",
            f"scores name {are(len(unknown), 'model', 'models')} that the store does not hold: {named(unknown)}",
            "restore the store from a backup; the scores stay readable, their reasons cannot be computed",
        )


def _is_json(text: str | None) -> bool:
    try:
        return bool(text) and isinstance(json.loads(text or ""), dict)
    except ValueError:
        return False


def _scorings_without_rows(warehouse: Warehouse) -> Iterator[Finding]:
    yield from _lost_scores(warehouse, "scorings")
    if has_table(warehouse, "hot_scorings"):
        yield from _lost_scores(warehouse, "hot_scorings")
    if has_table(warehouse, "past_scorings"):
        yield from _lost_scores(warehouse, "past_scorings")


def _lost_scores(warehouse: Warehouse, table: str) -> Iterator[Finding]:
    lost = (
        f"SELECT s.rowid AS row, s.as_of FROM store.meta.{table} AS s LEFT JOIN ({_SCORED}) AS c "
        f"USING ({_VERSIONS}) WHERE COALESCE(c.scored, 0) < s.row_count"
    )
    moments = [
        f"{as_of:%Y-%m-%d}" for (as_of,) in warehouse.rows(f"SELECT DISTINCT as_of FROM ({lost}) ORDER BY as_of")
    ]
    if not moments:
        return

    def forget(w: Warehouse) -> None:
        w.execute(f"DELETE FROM store.meta.{table} WHERE rowid IN (SELECT row FROM ({lost}))")
        if has_table(w, "hot_marks"):  # what is not there is not scored: the next hot run scores everyone
            w.execute("DELETE FROM store.meta.hot_marks")

    yield Finding(
        "scores_missing",
        f"{are(len(moments), 'as_of is', 'as_of are')} said to be scored and lacks score rows: {named(moments)}",
        "takes the record away, so that a run or backfill of that as_of scores again",
        forget,
    )


def _inputs_without_slice(warehouse: Warehouse) -> Iterator[Finding]:
    if not has_table(warehouse, "slice_inputs"):
        return
    stray = f"{_SLICE} NOT IN (SELECT {_SLICE} FROM store.meta.slices)"
    ((number,),) = warehouse.rows(f"SELECT COUNT(*) FROM store.meta.slice_inputs WHERE {stray}")
    if number:
        yield Finding(
            "inputs_without_slice",
            f"{are(number, 'record tells', 'records tell')} what a slice was made of that is not listed",
            "removes them",
            lambda w: w.execute(f"DELETE FROM store.meta.slice_inputs WHERE {stray}"),
        )


def _prunes_half_done(warehouse: Warehouse) -> Iterator[Finding]:
    if not has_table(warehouse, "unlisted_files"):
        return
    folder = warehouse.project.warehouse
    gone = tuple(
        file
        for (file,) in warehouse.rows("SELECT file FROM store.meta.unlisted_files ORDER BY file")
        if not (folder / file).is_file()
    )
    if gone:
        yield Finding(
            "prune_unfinished",
            f"{are(len(gone), 'file', 'files')} that `prune` removed {'is' if len(gone) == 1 else 'are'} still noted",
            "removes the notes",
            lambda w: w.execute(
                "DELETE FROM store.meta.unlisted_files WHERE file IN (SELECT UNNEST(?::VARCHAR[]))", [list(gone)]
            ),
            gone,
        )


def _unfinished_erasures(warehouse: Warehouse) -> Iterator[Finding]:
    if not has_table(warehouse, "erasures"):
        return
    found = [e for (e,) in warehouse.rows("SELECT erasure_id FROM store.meta.erasures WHERE finished_at IS NULL")]
    if found:
        yield Finding(
            "erasure_unfinished",
            f"{are(len(found), 'erasure was', 'erasures were')} killed: bytes of what was removed stand on the disk",
            "ends it, as the next command that writes does",
            _by_opening,
        )


def _by_opening(_: Warehouse) -> None:
    """Whoever opens the store for writing ends the erasure."""
