"""What people are to go by, and what they were shown when: the scorings in force, and the log of those put in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from leadmart.features.clock import now, sql_literal
from leadmart.features.warehouse import Warehouse

VERSIONS = ("feature_set_version", "model_version", "policy_version")
_KEY = f"as_of, {', '.join(VERSIONS)}"


def in_force_sql(meta: str = "store.meta") -> str:
    """A SELECT of the scoring in force at each as_of, a row of meta.scorings: that of the run which began last.

    It says what the store holds, so it has nothing of an as_of past retention; what people were last shown there, the
    log still tells (`last_shown`). Catalogues of earlier releases have the scorings, and not the log.
    """
    return (
        f"SELECT c.* FROM {meta}.scorings AS c JOIN {meta}.runs AS r ON r.run_id = c.run_id "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY c.as_of ORDER BY r.started_at DESC, r.run_id DESC) = 1"
    )


def _last_shown_sql(showings: str) -> str:
    """A SELECT of what was last shown at each as_of among some showings: its versions, and how many rows it had."""
    return (
        f"SELECT {_KEY}, row_count FROM {showings} WHERE NOT is_hot "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY as_of ORDER BY showing_number DESC) = 1"
    )


AS_SHOWN_ON = (
    "The rows of scores.latest as the catalogue showed them when a day (UTC) ended: SELECT * FROM "
    "scores.as_shown_on(DATE '2026-03-01'). People who were erased and scores past retention are not among them.",
    # of the newest catalogue of that day: what it showed at each as_of, its hot runs, whom these took out of play, and
    # the rows as they stood in the score files that there were
    "WITH seen AS (SELECT * FROM meta.showings WHERE shown_at < CAST(day AS DATE) + INTERVAL 1 DAY), "
    "newest AS (SELECT MAX(publish_number) AS number FROM seen), "
    f"last_shown AS ({_last_shown_sql('seen')}), "
    f"base AS (SELECT {_KEY} FROM last_shown WHERE row_count > 0 ORDER BY as_of DESC LIMIT 1), "
    f"counted AS (FROM base UNION SELECT {', '.join(f'h.{name}' for name in ('as_of', *VERSIONS))} FROM seen AS h "
    f"JOIN base AS b USING ({', '.join(VERSIONS)}) WHERE h.is_hot AND h.as_of > b.as_of), "
    f"gone AS (FROM (SELECT g.lead_id, {_KEY}, g.is_gone FROM meta.showings_gone AS g "
    "WHERE g.showing_number IN (SELECT e.showing_number FROM seen AS e) "
    f"QUALIFY ROW_NUMBER() OVER (PARTITION BY g.lead_id, {_KEY} ORDER BY g.showing_number DESC) = 1) WHERE is_gone), "
    "published AS (SELECT h.* FROM scores.history AS h "
    "WHERE h.publish_number <= (SELECT n.number FROM newest AS n) "
    f"QUALIFY ROW_NUMBER() OVER (PARTITION BY h.lead_id, {_KEY} ORDER BY h.publish_number DESC) = 1) "
    f"SELECT s.* EXCLUDE (publish_number) FROM published AS s JOIN counted USING ({_KEY}) "
    "ANTI JOIN gone AS g ON g.lead_id = s.lead_id AND g.as_of >= s.as_of "
    f"AND {' AND '.join(f'g.{name} = s.{name}' for name in VERSIONS)} "
    "WHERE s.role = 'champion' QUALIFY ROW_NUMBER() OVER (PARTITION BY s.lead_id ORDER BY s.as_of DESC) = 1",
)
"""The words and the SELECT of `scores.as_shown_on(day)`."""


def record_showing(
    warehouse: Warehouse, as_of: datetime, versions: Mapping[str, str], *, is_hot: bool, rows: int, run_id: str
) -> None:
    """Notes that scores are in force at an as_of from now on, after their files are listed."""
    named = [versions[name] for name in VERSIONS]
    warehouse.execute(
        "INSERT INTO store.meta.showings SELECT COALESCE(MAX(s.showing_number), 0) + 1, "
        f"{sql_literal(as_of)}, ?, ?, ?, ?, ?, "
        "(SELECT COALESCE(MAX(f.publish_number), 0) FROM store.meta.score_files AS f), ?, NULL "
        "FROM store.meta.showings AS s",
        [*named, is_hot, rows, run_id],
    )


def is_last_shown(warehouse: Warehouse, as_of: datetime, versions: Mapping[str, str]) -> bool:
    """Whether scores of these versions were the last to be shown at an as_of."""
    return last_shown(warehouse, as_of) == dict(versions)


def last_shown(warehouse: Warehouse, as_of: datetime) -> dict[str, str] | None:
    """The versions that were last shown at an as_of, be their rows past retention or not; None where none were.

    The past goes by this and not by what is in force: other versions never take the place of what people saw.
    """
    found = warehouse.rows(
        f"SELECT {', '.join(VERSIONS)} FROM ({_last_shown_sql('store.meta.showings')}) "
        f"WHERE as_of = {sql_literal(as_of)}"
    )
    return dict(zip(VERSIONS, found[0], strict=True)) if found else None


def record_gone(warehouse: Warehouse, as_of: datetime, versions: Mapping[str, str]) -> None:
    """Notes which leads the newest showing, a hot run's, took out of play at its as_of, and which it put back."""
    these = " AND ".join([f"as_of = {sql_literal(as_of)}", *(f"{name} = ?" for name in VERSIONS)])
    named = [versions[name] for name in VERSIONS]
    warehouse.execute(
        "INSERT INTO store.meta.showings_gone "
        "WITH noted AS (SELECT lead_id, is_gone FROM store.meta.showings_gone "
        f"WHERE {these} QUALIFY ROW_NUMBER() OVER (PARTITION BY lead_id ORDER BY showing_number DESC) = 1), "
        f"present AS (SELECT lead_id FROM store.meta.hot_gone WHERE {these}) "
        "SELECT (SELECT MAX(s.showing_number) FROM store.meta.showings AS s), COALESCE(p.lead_id, n.lead_id), "
        f"{sql_literal(as_of)}, ?, ?, ?, p.lead_id IS NOT NULL FROM present AS p "
        "FULL JOIN noted AS n ON n.lead_id = p.lead_id "
        "WHERE COALESCE(n.is_gone, FALSE) <> (p.lead_id IS NOT NULL) ORDER BY ALL",
        [*named, *named, *named],
    )


def stamp_showings(warehouse: Warehouse, catalogue: Path) -> None:
    """Says of what the catalogue in place does not show yet that it is shown now: the next catalogue does.

    One that was about to be shown when its run was killed is stamped anew.
    """
    ((waiting,),) = warehouse.rows("SELECT COUNT(*) FROM store.meta.showings WHERE shown_at IS NULL")
    shown = _newest_shown(catalogue)
    later = f" OR showing_number > {shown}" if shown is not None else ""
    if later:
        ((waiting,),) = warehouse.rows(f"SELECT COUNT(*) FROM store.meta.showings WHERE shown_at IS NULL{later}")
    if not waiting:
        return
    ((newest,),) = warehouse.rows(f"SELECT MAX(shown_at) FROM store.meta.showings WHERE NOT (shown_at IS NULL{later})")
    # days follow one another, also where the clock went back
    moment = sql_literal(max(now(), newest) if newest else now())
    warehouse.execute(f"UPDATE store.meta.showings SET shown_at = {moment} WHERE shown_at IS NULL{later}")


def _newest_shown(catalogue: Path) -> int | None:
    """The number of the newest showing in a catalogue; None where it does not say."""
    if not catalogue.is_file():
        return None
    try:
        with duckdb.connect(str(catalogue), read_only=True) as connection:
            row = connection.execute("SELECT COALESCE(MAX(showing_number), 0) FROM meta.showings").fetchone()
    except duckdb.Error:
        return None  # broken, or of another release
    return int(row[0]) if row else None
