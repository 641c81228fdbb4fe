"""What a change is held against: the scores that people go by, and no others."""

from __future__ import annotations

from datetime import datetime, timedelta

from leadmart.features.clock import sql_literal
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.impact.recorded import newest_recorded

FIRST, SECOND = datetime(2026, 3, 1), datetime(2026, 3, 2)


def test_scores_that_others_without_rows_have_replaced_are_not_what_people_go_by(store: Warehouse) -> None:
    """As in scores.latest: the newest as_of whose scoring in force has rows."""
    scorings = [(FIRST, "p_1", 5, "r_1"), (SECOND, "p_1", 5, "r_2"), (SECOND, "p_2", 0, "r_3")]
    for number, (as_of, policy, rows, run_id) in enumerate(scorings):
        store.execute(
            "INSERT INTO store.meta.scorings "
            f"VALUES ({sql_literal(as_of)}, 'open_leads', 'f_1', 'rules', ?, 'h', ?, ?)",
            [policy, rows, run_id],
        )
        began = sql_literal(as_of + timedelta(hours=number))
        store.execute(
            f"INSERT INTO store.meta.runs (run_id, command, status, started_at) VALUES (?, 'run', 'done', {began})",
            [run_id],
        )
    found = newest_recorded(store, "open_leads", SECOND)
    assert found is not None
    assert (found.as_of, found.policy_version) == (FIRST, "p_1")
