"""The future-shuffle: what is shipped never notices another future, and a planted leak is named.

The leaks stand in definitions that waive the refusal they would get, or past `check` altogether: what is tested is that
the experiment finds them by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.definition import Definition
from leadmart.features.plan import Selection, select
from leadmart.features.registry import Registry
from leadmart.features.shuffle import alter_raw, copy_raw
from leadmart.features.sources.staging import present_sources
from leadmart.features.verify import Experiment, experiment, findings
from leadmart.features.warehouse import Warehouse, open_scratch

AS_OF = datetime(2026, 5, 26)
SQL = Path(__file__).parent.parent.parent / "sql"


@pytest.fixture
def shuffled(world: Any) -> Callable[..., Experiment]:
    """`shuffled(path, old, new)`: the experiment over the rows of world.yaml, a packaged file changed and unchecked."""

    warehouse: Warehouse = world.warehouse
    clean = Registry(world.project)
    present = present_sources(warehouse, clean)
    checked = select(clean, present)

    def run(path: str = "", old: str = "", new: str = "", **options: Any) -> Experiment:
        if path:
            text = (SQL / path).read_text(encoding="utf-8")
            assert text.count(old) == 1
            world.write(f"sql/{path}", text.replace(old, new))
        registry = Registry(world.project)
        selection = with_files_of(registry, checked)
        return experiment(warehouse, registry, selection, present, options.pop("as_of", AS_OF), **options)

    return run


def with_files_of(registry: Registry, selection: Selection) -> Selection:
    """The selection with each definition as the registry has it."""

    def anew(definitions: tuple[Definition, ...]) -> tuple[Definition, ...]:
        return tuple(registry.get(d.kind, d.ref) for d in definitions)

    return replace(
        selection,
        spine=registry.get("spine", selection.spine.name),
        links=anew(selection.links),
        views=anew(selection.views),
        rule_views=anew(selection.rule_views),
        gates=anew(selection.gates),
    )


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("sample", [None, 2])
def test_what_is_shipped_notices_no_other_future(shuffled: Any, seed: int, sample: int | None) -> None:
    found = shuffled(seed=seed, sample=sample)
    assert found.differences == ()
    assert found.rows > 0
    altered = {each.table: each for each in found.altered}
    assert altered["leads"].added > 0


def test_the_future_is_altered_and_nothing_else(shuffled: Any) -> None:
    altered = {each.table: each for each in shuffled(seed=1).altered}
    # after 26 May: w3 and the lead L4; every account is in a version that was known before
    assert altered["web_events"].deleted + altered["web_events"].changed <= 1
    assert altered["leads"].deleted + altered["leads"].changed <= 1
    assert (altered["accounts"].deleted, altered["accounts"].changed) == (0, 0)


ALL_STAGED = """(
    SELECT s.account_id, s.domain, s.is_deleted, s.occurred_at, s.ingested_at, k.as_of
    FROM staging.accounts AS s
    CROSS JOIN (SELECT DISTINCT l.as_of FROM known.leads AS l) AS k
) AS a"""

LEAKS = {
    "a view that joins without as_of": (
        "features/web_engagement/v1.sql", "    AND w.as_of = spine.as_of\n", "", AS_OF, "features.web_engagement__v1",
    ),
    "a view over every row there is": (
        "features/web_engagement/v1.sql", "LEFT JOIN known.web_events AS w\n    ON  w.lead_id = spine.lead_id\n    "
        "AND w.as_of = spine.as_of", "LEFT JOIN staging.web_events AS w\n    ON  w.lead_id = spine.lead_id", AS_OF,
        "features.web_engagement__v1",
    ),
    "a link over every row there is": (
        "links/lead_account/v1.sql", "known.accounts AS a", ALL_STAGED, datetime(2026, 5, 24), "links.lead_account__v1",
    ),
    "a spine of those who come back": (
        "spines/open_leads.sql", "WHERE l.occurred_at",
        "WHERE EXISTS (SELECT 1 FROM staging.web_events AS w WHERE w.lead_id = l.lead_id AND w.occurred_at > l.as_of)"
        " AND l.occurred_at", datetime(2026, 5, 15), "spine.open_leads",
    ),
    "a source that reads a column overwritten in place": (
        "sources/plain/leads.sql", "full_name, company_name, title, country", "full_name, company_name, country", AS_OF,
        "features.lead_profile__v1",
    ),
    "a source that counts the rows of another table": (
        "sources/plain/web_events.sql", "CAST(w.dwell_s AS BIGINT) AS dwell_s",
        "CAST(w.dwell_s AS BIGINT) + (SELECT COUNT(*) FROM raw.leads AS z) AS dwell_s", AS_OF,
        "features.web_engagement__v1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_named(shuffled: Any, leak: str) -> None:
    path, old, new, as_of, relation = LEAKS[leak]
    seeds = (shuffled(path, old, new, as_of=as_of, seed=seed) for seed in range(6))
    assert any(relation in {each.relation for each in found.differences} for found in seeds)


def test_a_finding_says_where_how_many_and_of_whom(shuffled: Any, world: Any, golden: Any) -> None:
    path, old, new, as_of, _ = LEAKS["a view that joins without as_of"]
    found = shuffled(path, old, new, as_of=as_of, seed=2)
    errors = findings(found, Registry(world.project))
    assert {error.code for error in errors} == {"future_leak"}
    golden(errors[0].render().replace(str(world.project.root), "project"), "verify/joined_without_as_of.txt")


def test_a_row_that_one_of_two_sources_knows_keeps_what_that_one_reads(world: Any) -> None:
    """Closings read from the table of deals: the deal is known since it began, its end is not."""
    header = "-- key: {}\n-- rows: appended\n--\n-- Deals.\n"
    world.write(
        "sql/sources/plain/deals.sql",
        header.format("id")
        + ("SELECT d.id, d.begun_at AS occurred_at, d.begun_at AS ingested_at, d.name FROM raw.deals AS d\n"),
    )
    world.write("sql/sources/plain/ends.sql", header.format("id") + (
        "SELECT d.id, d.ended_at AS occurred_at, d.ended_at AS ingested_at, d.amount FROM raw.deals AS d "
        "WHERE d.ended_at IS NOT NULL\n"))  # fmt: skip
    registry = Registry(world.project)
    with open_scratch(world.project) as scratch:
        scratch.execute(
            "CREATE TABLE main.deals AS SELECT i AS id, 'deal ' || i AS name, 100 + i AS amount, i + 7 AS unread, "
            "TIMESTAMP '2026-05-01' AS begun_at, TIMESTAMP '2026-05-20' + TO_DAYS(CAST(i AS INTEGER)) AS ended_at "
            "FROM RANGE(20) AS t (i)"
        )
        copy_raw(scratch, registry, ["deals", "ends"], {"deals": "main.deals"}, None)
        altered, (counts,) = alter_raw(scratch, registry, ["deals", "ends"], AS_OF, seed=0)
        rows = scratch.rows(
            "SELECT o.id, o.name = a.name, o.amount = a.amount, o.unread = a.unread, o.ended_at = a.ended_at "
            f"FROM main.deals AS o LEFT JOIN {altered['deals']} AS a ON a._shuffle_row = o.id + 1 ORDER BY 1"
        )
    assert counts.deleted == 0
    assert counts.changed > 3
    assert {(name, unread, end) for _, name, _, unread, end in rows} == {(True, True, True)}
    assert {amount for i, _, amount, _, _ in rows if i < 6} == {True}
    assert sum(not amount for *_, amount, _, _ in rows) == counts.changed


@pytest.mark.parametrize("sample", [None, ("lead_id", "main.drawn")])
def test_a_source_that_joins_a_log_is_altered_by_the_clocks_of_both(world: Any, sample: Any) -> None:
    header = "-- key: {}\n-- rows: appended\n{}--\n-- Rows.\n"
    world.write(
        "sql/sources/plain/identities.sql",
        header.format("anonymous_id", "")
        + (
            "SELECT i.anonymous_id, i.lead_id, i.told_at AS occurred_at, i.told_at AS ingested_at "
            "FROM raw.identities AS i\n"
        ),
    )
    world.write("sql/sources/plain/visits.sql", header.format("id", "-- joins: identities\n") + (
        "SELECT v.id, i.lead_id, v.at AS occurred_at, v.at AS ingested_at FROM raw.visits AS v "
        "JOIN staging.identities AS i ON i.anonymous_id = v.anonymous_id\n"
    ))  # fmt: skip
    registry = Registry(world.project)
    names = ["identities", "visits"]
    with open_scratch(world.project) as scratch:
        scratch.execute("CREATE TABLE main.drawn AS SELECT 'L1' AS lead_id")
        scratch.execute(
            "CREATE TABLE main.identities AS SELECT 'b' || i AS anonymous_id, 'L' || i % 2 AS lead_id, "
            "TIMESTAMP '2026-05-25' + TO_DAYS(CAST(i // 10 AS INTEGER)) AS told_at FROM RANGE(20) AS t (i)"
        )
        scratch.execute(
            "CREATE TABLE main.visits AS SELECT i AS id, 'b' || i % 20 AS anonymous_id, TIMESTAMP '2026-05-01' AS at "
            "FROM RANGE(100) AS t (i)"
        )
        raw = {"identities": "main.identities", "visits": "main.visits"}
        copy_raw(scratch, registry, names, raw, sample)
        ((copied,),) = scratch.rows("SELECT COUNT(*) FROM original.visits")
        _, counts = alter_raw(scratch, registry, names, AS_OF, seed=0)
        gone = scratch.rows(
            "SELECT DISTINCT told_at < TIMESTAMP '2026-05-26' FROM original.visits AS v JOIN main.identities AS i "
            "USING (anonymous_id) WHERE v._shuffle_row NOT IN (SELECT a._shuffle_row FROM altered.visits AS a)"
        )
    assert copied == (100 if sample is None else 50)
    assert gone == [(False,)]  # a visit is known once it is told whose it is
    assert {each.table for each in counts if each.added} == {"identities", "visits"}
