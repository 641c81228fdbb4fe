"""Outcomes: with hindsight for training, as known for scoring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.outcomes import make_outcomes

ROWS = [
    {"opportunity_id": "o1", "lead_id": "007", "created_at": "2026-05-20 10:00:00", "synced_at": "2026-05-25 00:00:00"},
    {"opportunity_id": "o2", "lead_id": "007", "created_at": "2026-05-22 10:00:00", "synced_at": "2026-05-23 00:00:00"},
    {"opportunity_id": "o3", "lead_id": "L2", "created_at": "2026-05-30 00:00:00", "synced_at": "2026-05-30 00:00:00"},
]
FIRST, SECOND, THIRD = (datetime(2026, 5, 20, 10), datetime(2026, 5, 22, 10), datetime(2026, 5, 30))


@pytest.mark.parametrize(
    ("known_at", "expected"),
    [
        (None, [("007", FIRST), ("L2", THIRD)]),
        (datetime(2026, 5, 22), []),
        (datetime(2026, 5, 23), [("007", SECOND)]),  # the first one has not arrived
        (datetime(2026, 5, 25), [("007", FIRST)]),
        (datetime(2026, 5, 30), [("007", FIRST)]),  # happens now: not before
        (datetime(2026, 5, 30, 0, 0, 0, 1), [("007", FIRST), ("L2", THIRD)]),
    ],
)
def test_an_outcome_counts_once_it_is_known(
    known_at: datetime | None, expected: list[Any], world: Any, load_rows: Callable[..., None]
) -> None:
    load_rows(world.warehouse, {"opportunities": ROWS})
    session, _ = world.again()
    make_outcomes(session, session.registry, session.registry.get("label", "opportunity"), known_at)
    assert world.warehouse.rows("SELECT * FROM outcomes ORDER BY ALL") == expected


@pytest.mark.parametrize(
    ("select", "code"),
    [
        ("SELECT o.lead_id, o.occurred_at AS outcome_at FROM staging.opportunities AS o", "label_twice"),
        ("SELECT o.lead_id, nosuch(o.occurred_at) AS outcome_at FROM staging.opportunities AS o", "label_failed"),
    ],
)
def test_a_label_is_one_outcome_a_lead(select: str, code: str, world: Any, load_rows: Callable[..., None]) -> None:
    load_rows(world.warehouse, {"opportunities": ROWS})
    world.write("sql/labels/mine.sql", f"-- entity: lead (lead_id)\n-- horizon: 30 days\n--\n-- Mine.\n{select}\n")
    session, _ = world.again()
    with pytest.raises(LeadmartError) as refused:
        make_outcomes(session, session.registry, session.registry.get("label", "mine"))
    assert refused.value.code == code


def test_without_an_alias_the_table_keeps_its_name(world: Any, load_rows: Callable[..., None]) -> None:
    load_rows(world.warehouse, {"opportunities": ROWS})
    text = (
        "-- entity: lead (lead_id)\n-- horizon: 30 days\n--\n-- Mine.\n"
        "SELECT opportunities.lead_id, MIN(opportunities.occurred_at) AS outcome_at\n"
        "FROM staging.opportunities\nGROUP BY opportunities.lead_id; -- all\n"
    )
    world.write("sql/labels/mine.sql", text)
    session, _ = world.again()
    make_outcomes(session, session.registry, session.registry.get("label", "mine"), datetime(2026, 5, 26))
    assert world.warehouse.rows("SELECT * FROM outcomes") == [("007", FIRST)]
