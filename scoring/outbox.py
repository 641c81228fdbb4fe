"""The outbox: changes of tier that other systems are to hear of, each written once, and how their delivery went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from leadmart.features import catalogue
from leadmart.features.clock import now, sql_literal
from leadmart.features.errors import LeadmartError, first_line, read_text
from leadmart.features.holder import AT_ONCE, Patience
from leadmart.features.literals import quoted_file
from leadmart.features.plan import select
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.shown import VERSIONS
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_writing
from leadmart.features.words import are
from leadmart.scoring.decisions.brief import brief_sql
from leadmart.scoring.hot.acted_on import acted_on_sql, relations_of
from leadmart.scoring.newest import NEWEST_SCORING, newest_scoring

if TYPE_CHECKING:
    from leadmart.scoring.run import Run

ACTIONS = {"hot": "hand_off", "warm": "nurture", "cold": "release", "disqualified": "withdraw"}
"""What a tier asks of whoever hears of it."""

UNTOLD = "cold"
"""The tier of a lead of which nothing was told yet: one that begins cold is no news."""

_DONE = ("sent", "failed")

_REFUSED = {
    1: ("row has a status that is neither sent nor failed", "rows have a status that is neither sent nor failed"),
    2: ("row has no dedupe_key", "rows have no dedupe_key"),
    3: ("row has a dedupe_key that is not in the outbox", "rows have a dedupe_key that is not in the outbox"),
    4: ("dedupe_key stands more than once", "dedupe_keys stand more than once"),
}


def queue(run: Run) -> None:
    """Writes a row for each lead whose shown tier is another than what was told of it last.

    Only at the newest as_of that was ever scored, and only where the project asks for it. A run that finds its scores
    done looks again: one that was killed before it could write loses nothing. What a hot run found later of a lead
    counts before a full run's word.
    """
    if run.status == "blocked" or run.held or run.only is not None or not run.project.settings.outbox.enabled:
        return
    as_of = run.moments[-1]
    ((newest,),) = run.warehouse.rows("SELECT MAX(as_of) FROM store.meta.scorings")
    if newest is None or as_of < newest:
        return
    with run.warehouse.transaction():
        _tell(run)


def _tell(run: Run) -> None:
    """Writes the rows of `queue`, inside the caller's transaction."""
    action = " ".join(f"WHEN '{tier}' THEN '{word}'" for tier, word in ACTIONS.items())
    key = "MD5(CONCAT_WS('|', s.lead_id, s.feature_set_version, s.model_version, s.policy_version, s.tier, s.as_of))"
    run.warehouse.execute(
        "INSERT INTO store.meta.crm_outbox "
        "WITH told AS (SELECT lead_id, ARG_MAX(tier, (created_at, as_of, dedupe_key)) AS tier "
        "FROM store.meta.crm_outbox GROUP BY lead_id), "
        f"shown AS ({acted_on_sql(run)}) "
        f"SELECT {key} AS dedupe_key, s.lead_id, s.as_of, s.feature_set_version, s.model_version, "
        f"s.policy_version, COALESCE(t.tier, '{UNTOLD}') AS from_tier, s.tier, CASE s.tier {action} END AS action, "
        "CAST(TO_JSON(STRUCT_PACK(score := ROUND(s.composite, 1), chance := s.p_cal, "
        "status := s.qualification_status, gates := s.gates, cap_reason := s.cap_reason, reasons := s.reasons, "
        "against := s.against, override_by := s.override_by, override_until := s.override_until)) AS VARCHAR) "
        f"AS payload, 'pending' AS status, 0 AS attempts, NULL AS last_error, {sql_literal(now())} AS created_at, "
        "NULL AS settled_at, ? AS run_id "
        "FROM shown AS s LEFT JOIN told AS t ON t.lead_id = s.lead_id "
        f"WHERE s.tier <> COALESCE(t.tier, '{UNTOLD}') "
        f"AND NOT EXISTS (SELECT 1 FROM store.meta.crm_outbox AS o WHERE o.dedupe_key = {key}) "
        "ORDER BY s.lead_id",
        [run.run_id],
    )
    if run.project.settings.outbox.brief:
        _add_briefs(run)


def _add_briefs(run: Run) -> None:
    """Puts its brief into the payload of each hand-off that the run has just written, as `brief`.

    What a hot run scored counts before the newest full run, which the others of its company are told by.
    """
    ((hand_offs,),) = run.warehouse.rows(
        "SELECT COUNT(*) FROM store.meta.crm_outbox WHERE run_id = ? AND action = 'hand_off'", [run.run_id]
    )
    newest = newest_scoring(run.warehouse)
    if not hand_offs or not newest:
        return
    fresh = acted_on_sql(run)
    others = (
        f"SELECT s.* FROM store.scores.lead_scores AS s JOIN ({NEWEST_SCORING}) AS c "
        f"USING (as_of, {', '.join(VERSIONS)}) WHERE s.role = 'champion'"
    )
    scores = f"{fresh} UNION ALL BY NAME SELECT * FROM ({others}) WHERE lead_id NOT IN (SELECT lead_id FROM ({fresh}))"
    made = brief_sql(run.warehouse, run.selection, newest.as_of, scores, relations_of(run))
    run.warehouse.execute(
        "UPDATE store.meta.crm_outbox AS o SET payload = "
        # a patch would take out what is NULL
        "CONCAT(LEFT(o.payload, LEN(o.payload) - 1), ',\"brief\":', CAST(b.brief AS VARCHAR), '}') FROM "
        f"({made}) AS b "
        "WHERE b.lead_id = o.lead_id AND o.run_id = ? AND o.action = 'hand_off'",
        [run.run_id],
    )


@dataclass(frozen=True)
class Settled:
    """What a file of deliveries changed, in rows. `before` were sent already: telling that again changes nothing."""

    sent: int
    failed: int
    dead: int
    before: int

    def as_json(self) -> dict[str, int]:
        return {"sent": self.sent, "failed": self.failed, "dead": self.dead, "sent_before": self.before}


def settle(project: Project, file: Path, patience: Patience = AT_ONCE) -> Settled:
    """Takes in what became of deliveries: `dedupe_key`, `status` (sent or failed) and, if there is one, `error`.

    One attempt a row. What failed as often as `[outbox] attempts` says is dead: it is exported no more. All of the file
    counts, or nothing. Raises LeadmartError `bad_deliveries`.
    """
    if not file.is_file():
        raise LeadmartError(f"there is no file {file}", code="no_such_file")
    with open_for_writing(project, "settle", patience) as warehouse:
        _read(warehouse, file)
        most = project.settings.outbox.attempts
        with warehouse.transaction():
            ((before,),) = warehouse.rows(
                "SELECT COUNT(*) FROM store.meta.crm_outbox AS o JOIN told AS t USING (dedupe_key) "
                "WHERE o.status = 'sent'"
            )
            warehouse.execute(
                "UPDATE store.meta.crm_outbox AS o SET attempts = o.attempts + 1, "
                "status = CASE WHEN t.status = 'sent' THEN 'sent' WHEN o.attempts + 1 >= ? THEN 'dead' "
                f"ELSE 'failed' END, last_error = t.error, settled_at = {sql_literal(now())} "
                "FROM told AS t WHERE t.dedupe_key = o.dedupe_key AND o.status <> 'sent'",
                [most],
            )
            counted = dict(
                warehouse.rows(
                    "SELECT o.status, COUNT(*) FROM store.meta.crm_outbox AS o JOIN told AS t USING (dedupe_key) "
                    "GROUP BY o.status"
                )
            )
        registry = Registry(project)
        catalogue.publish(warehouse, registry, select(registry, present_sources(warehouse, registry)))
    return Settled(counted.get("sent", 0) - before, counted.get("failed", 0), counted.get("dead", 0), before)


def _read(warehouse: Warehouse, file: Path) -> None:
    """Makes the table `told` of a file of deliveries."""
    reader = "read_parquet" if file.suffix == ".parquet" else "read_csv"
    more = "" if file.suffix == ".parquet" else ", header = true, all_varchar = true"
    if not file.stat().st_size:
        raise _bad(f"{file} is empty: it has not even a header")
    if file.suffix == ".csv":
        read_text(file)  # DuckDB's words for another encoding tell nobody what to do
    try:
        rows = f"{reader}({quoted_file(file)}{more})"
        names = [name.strip().lower() for name, _ in warehouse.columns(f"SELECT * FROM {rows}")]
        if missing := [name for name in ("dedupe_key", "status") if name not in names]:
            raise _bad(f"{file} has no column {' and none called '.join(missing)}; it has {', '.join(names)}")
        error = "CAST(error AS VARCHAR)" if "error" in names else "CAST(NULL AS VARCHAR)"
        warehouse.execute(
            "CREATE OR REPLACE TABLE told AS SELECT NULLIF(TRIM(CAST(dedupe_key AS VARCHAR)), '') AS dedupe_key, "
            f"LOWER(TRIM(CAST(status AS VARCHAR))) AS status, {error} AS error FROM {rows}"
        )
    except duckdb.Error as problem:
        raise _bad(f"{file} cannot be read: {first_line(problem)}") from None
    done = ", ".join(f"'{word}'" for word in _DONE)
    # each with the first of them, so that a person finds it
    found = warehouse.rows(
        "SELECT 1, COUNT(*), MIN(COALESCE(NULLIF(status, ''), 'nothing')) FROM told "
        f"WHERE COALESCE(status, '') NOT IN ({done}) "
        "UNION ALL SELECT 2, COUNT(*), NULL FROM told WHERE dedupe_key IS NULL "
        "UNION ALL SELECT 3, COUNT(*), MIN(dedupe_key) FROM told ANTI JOIN store.meta.crm_outbox USING (dedupe_key) "
        "WHERE dedupe_key IS NOT NULL "
        "UNION ALL SELECT 4, COUNT(*), MIN(dedupe_key) FROM (SELECT dedupe_key FROM told WHERE dedupe_key IS NOT NULL "
        "GROUP BY dedupe_key HAVING COUNT(*) > 1) ORDER BY 1"
    )
    words = [
        f"{are(count, *_REFUSED[number])}{f', such as {first}' if first else ''}"
        for number, count, first in found
        if count
    ]
    if words:
        raise _bad(f"{file}: {'; '.join(words)}")


def _bad(message: str) -> LeadmartError:
    return LeadmartError(
        message, code="bad_deliveries", hint="columns: dedupe_key, status (sent or failed), error; nothing was changed"
    )


def settled_text(document: Mapping[str, Any]) -> str:
    """One line from `Settled.as_json`."""
    dead = f", {document['dead']:,} given up" if document["dead"] else ""
    before = f"; {document['sent_before']:,} were sent before" if document["sent_before"] else ""
    return f"{document['sent']:,} sent, {document['failed']:,} failed and wait{dead}{before}"
