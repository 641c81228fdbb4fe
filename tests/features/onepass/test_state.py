"""Views computed over many moments in one pass: the rows that their text gives at each moment, bit for bit.

The random rows tie, come late, lie at a moment or a window's edge and a microsecond beside, and lack a clock.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.onepass.way import way_of
from leadmart.features.session import Session
from leadmart.features.warehouse import Warehouse
from tests.features import test_inline as inline

HERE = Path(__file__).parent

PACKAGED = [d for d in inline.PACKAGED.all("feature") if way_of(d).shape]
OWN = [
    Definition("feature", file.stem, 1, "", file, file.read_text(encoding="utf-8"), False)
    for file in sorted((HERE / "views").glob("*.sql"))
]
START = datetime(2026, 1, 20)
MOMENTS: dict[str, list[datetime]] = {
    "1 moment": [datetime(2026, 3, 2)],
    "2 moments": [datetime(2026, 3, 1), datetime(2026, 3, 2)],
    "30 days": [START + timedelta(days=n) for n in range(30)],
    "90 days": [START + timedelta(days=n) for n in range(90)],
    "hours": [datetime(2026, 2, 27) + timedelta(hours=6 * n) for n in range(16)],
    "here and there": inline.MANY,
}


def rows_of(
    warehouse: Warehouse, definition: Definition, moments: list[datetime], *, one_pass: bool, apart: int = 0
) -> list[tuple[Any, ...]]:
    """A view's rows over leads of whom each comes at a moment of its own; `apart` is how many at a time."""
    session = Session(warehouse, inline.PACKAGED)
    session.present = frozenset(inline.TYPES)
    if one_pass:
        session.pass_over([definition], moments)
        assert definition.relation in session._passes
    found = []
    apart = apart or len(moments)
    for first in range(0, len(moments), apart):
        asked = moments[first : first + apart]
        session.want(asked)
        session.prepare([definition])
        listed = ", ".join(f"(TIMESTAMP '{moment}')" for moment in asked)
        session.set_spine(
            "lead",
            "SELECT 'L' || n AS lead_id, m.as_of FROM range(12) AS r (n), "
            f"(VALUES {listed}) AS m (as_of) WHERE n < 8 OR m.as_of > TIMESTAMP '2026-02-20'",
        )
        sql = session.sql_of(definition)
        assert ("onepass." in sql) == one_pass
        found += warehouse.rows(sql)
    return sorted(found, key=lambda row: row[:2])


@pytest.mark.parametrize("definition", PACKAGED, ids=lambda d: d.ref)
@pytest.mark.parametrize("moments", ["1 moment", "2 moments", "30 days", "90 days"])
def test_a_packaged_view_has_the_same_rows_in_one_pass(
    definition: Definition, moments: str, randomly_staged: Warehouse
) -> None:
    """P5: in one pass as written."""
    written = rows_of(randomly_staged, definition, MOMENTS[moments], one_pass=False)
    assert rows_of(randomly_staged, definition, MOMENTS[moments], one_pass=True) == written
    assert len({row[2:] for row in written}) > 3


@pytest.mark.parametrize("definition", OWN, ids=lambda d: d.name)
@pytest.mark.parametrize("moments", ["1 moment", "30 days", "hours", "here and there"])
def test_every_aggregate_and_window_has_the_same_rows_in_one_pass(
    definition: Definition, moments: str, randomly_staged: Warehouse
) -> None:
    written = rows_of(randomly_staged, definition, MOMENTS[moments], one_pass=False)
    found = rows_of(randomly_staged, definition, MOMENTS[moments], one_pass=True)
    for is_same, name in zip(
        map(lambda a, b: a == b, zip(*found, strict=True), zip(*written, strict=True)),
        [c.name for c in definition.columns],
        strict=False,
    ):
        assert is_same, name
    assert found == written


def test_a_pass_over_many_moments_is_laid_over_one_at_a_time(randomly_staged: Warehouse) -> None:
    for definition in OWN:
        moments = MOMENTS["30 days"][::5]
        written = rows_of(randomly_staged, definition, moments, one_pass=False)
        assert rows_of(randomly_staged, definition, moments, one_pass=True, apart=1) == written


@pytest.mark.parametrize("seed", range(3))
def test_moments_drawn_at_random(seed: int, randomly_staged: Warehouse) -> None:
    draw = random.Random(seed)
    chosen = draw.sample(inline.MANY, draw.randrange(1, 12))
    chosen += [
        START + timedelta(days=draw.randrange(100), hours=draw.choice((0, 0, 6))) for _ in range(draw.randrange(9))
    ]
    moments = sorted(set(chosen))
    for definition in OWN:
        written = rows_of(randomly_staged, definition, moments, one_pass=False)
        assert rows_of(randomly_staged, definition, moments, one_pass=True) == written


ADDED = """\
-- entity: lead (lead_id)
-- owner:  growth
SELECT spine.lead_id, spine.as_of, {items}
FROM spine
LEFT JOIN known.web_events AS w ON w.lead_id = spine.lead_id AND w.as_of = spine.as_of{more}
GROUP BY spine.lead_id, spine.as_of
"""


@pytest.mark.parametrize(
    ("items", "more"),
    [
        ("SUM(w.ratio) AS a", ""),  # doubles do not add up the same in another order
        ("BOOL_OR(w.dwell_s) AS a", ""),
        ("SUM(w.nothing) AS a", ""),
        ("COUNT(w.event_id) AS a", " AND w.page_type > 5"),  # 'pricing' is no number: whoever runs it is told
    ],
)
def test_what_does_not_add_up_goes_as_written(items: str, more: str, randomly_staged: Warehouse) -> None:
    text = ADDED.format(items=items, more=more)
    definition = Definition("feature", "added", 1, "", Path("v1.sql"), text, False)
    randomly_staged.execute("CREATE OR REPLACE TABLE kept AS FROM staging.web_events")
    randomly_staged.execute("ALTER TABLE staging.web_events ADD COLUMN ratio DOUBLE DEFAULT 0.1")
    try:
        session = Session(randomly_staged, inline.PACKAGED)
        session.present = frozenset(inline.TYPES)
        assert way_of(definition).shape
        session.pass_over([definition], MOMENTS["30 days"])
        assert not session._passes
    finally:
        randomly_staged.execute("CREATE OR REPLACE TABLE staging.web_events AS FROM kept")


def test_a_spine_with_keys_of_another_type_goes_as_written(randomly_staged: Warehouse) -> None:
    session = Session(randomly_staged, inline.PACKAGED)
    session.present = frozenset(inline.TYPES)
    definition = inline.PACKAGED.get("feature", "email_engagement@v1")
    session.pass_over([definition], MOMENTS["30 days"])
    session.want(MOMENTS["30 days"])
    session.prepare([definition])
    session.set_spine("lead", f"SELECT 7 AS lead_id, TIMESTAMP '{START}' AS as_of WHERE FALSE")
    assert "onepass." not in session.sql_of(definition)


def test_what_does_not_fit_the_memory_goes_as_written(
    randomly_staged: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(randomly_staged, inline.PACKAGED)
    session.present = frozenset(inline.TYPES)
    execute = Warehouse.execute
    code = "out_of_memory"

    def full(warehouse: Warehouse, sql: str, params: Any = ()) -> None:
        if sql.startswith("CREATE OR REPLACE TABLE onepass."):
            raise LeadmartError("no memory", code=code)
        execute(warehouse, sql, params)

    monkeypatch.setattr(Warehouse, "execute", full)
    session.pass_over(PACKAGED[1:2], MOMENTS["30 days"])
    assert not session._passes
    code = "disk_full"
    with pytest.raises(LeadmartError):
        session.pass_over(PACKAGED[1:2], MOMENTS["30 days"])
