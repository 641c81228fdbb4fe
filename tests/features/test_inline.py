"""The text a person pastes and the text that is executed: the same rows, on random rows full of edges.

The random rows' columns are in random_rows.yaml; their clocks are drawn here: ties, late rows, rows without a clock,
and rows exactly at an as_of or at a window's edge, one microsecond before and after.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from leadmart.features.definition import Definition
from leadmart.features.inline import executed_sql
from leadmart.features.project import Project, Settings
from leadmart.features.registry import Registry
from leadmart.features.session import MANY_MOMENTS, Session, relation_of
from leadmart.features.warehouse import Warehouse, open_for_writing

HERE = Path(__file__).parent
COLUMNS: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "random_rows.yaml").read_text(encoding="utf-8"))
TYPES: dict[str, dict[str, str]] = yaml.safe_load((HERE / "staging.yaml").read_text(encoding="utf-8"))
AS_OFS = [datetime(2026, 3, 1), datetime(2026, 3, 2), datetime(2026, 3, 11, 6), datetime(2026, 4, 10)]
EDGES = [as_of - timedelta(days=d) for as_of in AS_OFS for d in (0, 7, 30, 90, 180)]
NUDGES = [timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1)]

PACKAGED = Registry(Project(HERE, Settings()))
DEFINITIONS = [d for kind in ("feature", "gate", "link", "spine") for d in PACKAGED.all(kind)]

KEYS = {
    "accounts": ("account_id",),
    "subscriptions": ("subscription_id",),
    "ext_intent": ("account_domain", "topic", "provider"),
    "ext_technographics": ("account_domain", "product"),
    "ext_company_events": ("account_domain", "event_type"),
    "ext_conversation_signals": ("lead_id", "signal", "extractor_version"),
    "ext_enrichment": ("account_domain", "field", "provider"),
}
"""Of tables whose key holds the clock, the columns beside it: drawn rows may tell one thing twice."""


def random_clocks(draw: random.Random) -> dict[str, datetime | None]:
    edge = draw.choice(EDGES) + draw.choice(NUDGES)
    occurred_at = edge if draw.random() < 0.4 else AS_OFS[-1] - timedelta(hours=draw.randrange(-48, 200 * 24))
    late = draw.choice([timedelta(), timedelta(), timedelta(minutes=5), timedelta(days=9)])
    ingested_at = draw.choice(AS_OFS) + draw.choice(NUDGES) if draw.random() < 0.2 else occurred_at + late
    return {
        "occurred_at": None if draw.random() < 0.02 else occurred_at,
        "ingested_at": None if draw.random() < 0.02 else ingested_at,
    }


def random_rows(table: str, seed: int) -> list[dict[str, Any]]:
    draw = random.Random(f"{table} {seed}")
    columns = {name: values for name, values in COLUMNS[table].items() if name not in ("rows", "key")}
    ((key, keys),) = COLUMNS[table]["key"].items()
    rows = []
    for number in range(COLUMNS[table]["rows"]):
        own = keys.format(n=number) if isinstance(keys, str) else draw.choice(keys)
        rows.append(
            {key: own, **{name: draw.choice(values) for name, values in columns.items()}, **random_clocks(draw)}
        )
    # rows that tie in everything but their key
    return rows + [{**row, key: f"{row[key]}t" if isinstance(keys, str) else row[key]} for row in rows[::7]]


@pytest.fixture(scope="module")
def randomly_staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A session whose staging tables hold random rows."""
    root = tmp_path_factory.mktemp("random")
    (root / "leadmart.toml").write_text('[engine]\nthreads = 2\nmemory_limit = "1GB"\n')
    with open_for_writing(Project(root, Settings())) as warehouse:
        for table, types in TYPES.items():
            kinds = {**types, "occurred_at": "TIMESTAMP", "ingested_at": "TIMESTAMP"}
            file = root / f"{table}.jsonl"
            rows = {json.dumps({**row}, default=str) for row in random_rows(table, 1)}
            file.write_text("\n".join(sorted(rows)) + "\n")
            read = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
            own = ", ".join(KEYS.get(table, ()))
            once = f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {own}, occurred_at ORDER BY {', '.join(kinds)}) = 1"
            warehouse.execute(
                f"CREATE TABLE staging.{table} AS "
                f"SELECT * FROM read_json('{file}', format = 'nd', columns = {{{read}}}) " + (once if own else "")
            )
        yield warehouse


def rows_of(
    warehouse: Warehouse, definition: Definition, form: Literal["executed", "pasted"], as_ofs: list[datetime]
) -> list[tuple[Any, ...]]:
    session = Session(warehouse, PACKAGED, form=form)
    session.present = frozenset(TYPES)
    session.want(as_ofs)
    session.prepare([definition])
    moments = ", ".join(f"('{moment}')" for moment in as_ofs)
    for entity, key, names in (("lead", "lead_id", "L"), ("account", "account_id", "A")):
        session.set_spine(
            entity,
            f"SELECT '{names}' || n AS {key}, CAST(m.as_of AS TIMESTAMP) AS as_of "
            f"FROM range(12) AS r (n), (VALUES {moments}) AS m (as_of)",
        )
    for each in (*PACKAGED.dependencies(definition), definition):
        session.compute(each)
    return warehouse.rows(f"SELECT * FROM {relation_of(definition)} ORDER BY ALL")


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: f"{d.kind}-{d.ref}")
def test_pasted_and_executed_text_give_the_same_rows(definition: Definition, randomly_staged: Warehouse) -> None:
    executed = rows_of(randomly_staged, definition, "executed", AS_OFS)
    pasted = rows_of(randomly_staged, definition, "pasted", AS_OFS)
    assert executed == pasted
    assert len(executed) > 3
    assert len({row[2:] for row in executed}) > 1 or definition.kind == "spine"


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: f"{d.kind}-{d.ref}")
def test_many_moments_at_once_equal_one_after_the_other(definition: Definition, randomly_staged: Warehouse) -> None:
    together = rows_of(randomly_staged, definition, "executed", AS_OFS)
    alone = [row for as_of in AS_OFS for row in rows_of(randomly_staged, definition, "executed", [as_of])]
    assert sorted(alone, key=repr) == sorted(together, key=repr)


MANY = sorted({*AS_OFS, *(edge + nudge for edge in EDGES[::3] for nudge in NUDGES)})
VERSIONS = """\
-- entity: lead (lead_id)
-- owner:  growth
SELECT
    a.account_id,
    a.as_of,
    ARG_MAX_NULL(a.domain, (a.occurred_at, a.ingested_at, a.account_id)) AS domain{more}
FROM known.accounts AS a{join}
GROUP BY a.account_id, a.as_of{having}
"""


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: f"{d.kind}-{d.ref}")
def test_both_texts_give_the_same_rows_at_so_many_moments_that_versions_are_found_by_their_spans(
    definition: Definition, randomly_staged: Warehouse
) -> None:
    assert len(MANY) >= MANY_MOMENTS
    executed = rows_of(randomly_staged, definition, "executed", MANY)
    assert executed == rows_of(randomly_staged, definition, "pasted", MANY)


def test_a_version_in_force_is_found_by_its_span_of_moments_in_one_shape_only() -> None:
    link = PACKAGED.get("link", "lead_account@v1")
    assert "in force until" in executed_sql(link, at_many_moments=True)
    assert "in force until" not in executed_sql(link)
    others = [
        {"more": ", COUNT(a.domain) AS domains"},
        {"more": ", ARG_MAX_NULL(a.domain, (a.occurred_at, a.account_id)) AS other"},
        {"more": ", ARG_MAX_NULL(a.domain, (a.ingested_at, a.occurred_at)) AS other"},
        {"more": ", ARG_MAX_NULL(LOWER(a.domain), (a.occurred_at, a.ingested_at)) AS other"},
        {"more": ", ARG_MAX_NULL(a.domain, (a.occurred_at, a.ingested_at)) FILTER (WHERE a.employees > 1) AS other"},
        {"more": ', ARG_MAX_NULL(a."domain", (a.occurred_at, a.ingested_at)) AS other'},
        {"more": ", ARG_MAX(a.domain, (a.occurred_at, a.ingested_at)) AS other"},
        {"join": " JOIN reference.free_mail_domains AS f ON f.domain = a.domain"},
        {"join": " WHERE a.domain <> ''"},
        {"having": ", LOWER(a.domain)"},
        {"having": " HAVING COUNT(*) > 1"},
        {"having": " ORDER BY a.account_id LIMIT 3"},
    ]
    for parts in ({}, *others):
        text = VERSIONS.format(**{"more": "", "join": "", "having": "", **parts})
        one = Definition("link", "versions", 1, "", Path("v1.sql"), text, False)
        found = executed_sql(one, at_many_moments=True)
        assert ("in force until" in found) == (not parts), found
        assert parts == {} or found == executed_sql(one)


def test_every_packaged_view_is_inlined_wherever_it_can_be() -> None:
    left = {d.ref: executed_sql(d).count("known.") for d in PACKAGED.all("feature") + PACKAGED.all("gate")}
    assert set(left.values()) == {0}


def test_the_executed_text_of_a_view(golden: Callable[[str, str], None]) -> None:
    golden(executed_sql(PACKAGED.get("feature", "email_engagement@v1")), "inline/email_engagement.sql")


@pytest.mark.parametrize("file", sorted((HERE / "inline").glob("*.sql")), ids=lambda f: f.stem)
def test_a_case_runs_in_both_forms(file: Path, randomly_staged: Warehouse, golden: Callable[[str, str], None]) -> None:
    definition = Definition("feature", file.stem, 1, "", file, file.read_text(encoding="utf-8"), False)
    golden(executed_sql(definition), f"inline/{file.stem}.sql")
    executed = rows_of(randomly_staged, definition, "executed", AS_OFS)
    assert executed == rows_of(randomly_staged, definition, "pasted", AS_OFS)
    assert executed
