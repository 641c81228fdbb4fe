"""Plans, slices and publishing on the rows of world.yaml."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.filled import slice_file
from leadmart.features.fingerprint import file_digest
from leadmart.features.materialize import fill
from leadmart.features.plan import missing_slices, select
from leadmart.features.registry import PACKAGE
from leadmart.features.warehouse import Warehouse, open_for_writing

MAY_20, MAY_31 = datetime(2026, 5, 20), datetime(2026, 5, 31)
JUNE_1, JUNE_2 = datetime(2026, 6, 1), datetime(2026, 6, 2)
ALL = ["open_leads", "lead_account@v1", "lead_profile@v1", "web_engagement@v1", "account_engagement@v1", "icp@v1"]

CLICKS = """\
-- entity: lead (lead_id)
--
-- Pages of the lead.
SELECT
    spine.lead_id,
    spine.as_of,
    COUNT(w.event_id) AS clicks                         -- pages opened
FROM spine
LEFT JOIN known.web_events AS w
    ON  w.lead_id = spine.lead_id
    AND w.as_of = spine.as_of
GROUP BY spine.lead_id, spine.as_of
"""
SIZES = """\
-- entity: account (account_id)
--
-- People of the account.
SELECT
    spine.account_id,
    spine.as_of,
    MAX(a.employees) AS people                          -- as the account says
FROM spine
LEFT JOIN known.accounts AS a
    ON  a.account_id = spine.account_id
    AND a.as_of = spine.as_of
GROUP BY spine.account_id, spine.as_of
"""
WITH_CLICKS = """
[features]
views = ["clicks@v1"]
[engine]
threads = 2
memory_limit = "1GB"
"""


def slices(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows("SELECT name, as_of, fingerprint, file FROM store.meta.slices ORDER BY ALL")


def test_the_plan_lists_what_is_missing_in_computing_order(world: Any) -> None:
    assert world.missing(JUNE_1, MAY_31) == ALL + ALL
    listed = world.fill(MAY_31)
    assert [s.definition.ref for s in listed] == ALL
    assert world.missing(JUNE_1, MAY_31) == ALL
    assert world.missing(MAY_31) == []
    assert world.fill(MAY_31) == []
    assert world.missing() == []


def test_a_slice_is_a_file_named_by_its_content(world: Any) -> None:
    world.fill(MAY_31)
    for _, _, _, file in slices(world.warehouse):
        path = world.project.warehouse / file
        assert path.stem == file_digest(path)[:32]
    assert not list((world.project.warehouse / "tmp").glob("*.parquet"))


def test_the_same_rows_are_the_same_file_in_another_warehouse(
    world: Any, make_project: Callable[..., Any], load_rows: Callable[..., None]
) -> None:
    import yaml

    world.fill(MAY_31)
    other = make_project(settings=(world.project.root / "leadmart.toml").read_text(), name="other")
    with open_for_writing(other) as warehouse:
        rows = yaml.safe_load((Path(__file__).parent / "world.yaml").read_text(encoding="utf-8"))
        load_rows(warehouse, {table: rows[table][::-1] for table in reversed(rows)})
        twin = type(world)(other, warehouse)
        twin.fill(MAY_31)
        assert slices(warehouse) == slices(world.warehouse)


def test_rows_are_what_was_known(world: Any) -> None:
    world.fill(MAY_20, MAY_31)
    found = {}
    for name, as_of, _, file in slices(world.warehouse):
        key = "account_id" if name == "account_engagement" else "lead_id"
        columns = {"open_leads": key, "web_engagement": "pricing_views_30d", "account_engagement": "industry"}.get(name)
        if columns:
            found[name, as_of] = world.warehouse.rows(
                f"SELECT {key}, {columns} FROM read_parquet('{world.project.warehouse / file}') ORDER BY ALL"
            )
    # L3 and L4 came later, or arrived later
    assert [row[0] for row in found["open_leads", MAY_20]] == ["007", "L2"]
    assert [row[0] for row in found["open_leads", MAY_31]] == ["007", "L2", "L3"]
    assert found["web_engagement", MAY_31] == [("007", 1), ("L2", 1), ("L3", 0)]
    assert found["account_engagement", MAY_20] == [("A1", "Retail")]
    assert found["account_engagement", MAY_31] == [("A1", "Software")]


def test_only_what_reads_a_changed_reference_table_is_computed_anew(world: Any) -> None:
    world.fill(MAY_31)
    packaged = PACKAGE / "sql" / "reference" / "competitor_domains.csv"
    own = world.write("sql/reference/competitor_domains.csv", packaged.read_text())
    assert world.missing(MAY_31) == []
    own.write_text(packaged.read_text() + "acme.example,\n")
    assert world.missing(MAY_31) == ["icp@v1"]


def test_a_comment_in_a_source_recomputes_nothing_and_a_word_does(world: Any) -> None:
    world.fill(MAY_31)
    packaged = (PACKAGE / "sql" / "sources" / "plain" / "web_events.sql").read_text()
    own = world.write("sql/sources/plain/web_events.sql", packaged.replace("-- seconds on the page", "--  seconds"))
    assert world.missing(MAY_31) == []
    own.write_text(packaged.replace("CAST(w.dwell_s AS BIGINT)", "CAST(w.dwell_s AS INTEGER)"))
    assert world.missing(MAY_31) == ["web_engagement@v1", "account_engagement@v1", "icp@v1"]


def test_a_changed_spine_recomputes_all_but_the_links(world: Any) -> None:
    world.fill(MAY_31)
    text = (PACKAGE / "sql" / "spines" / "open_leads.sql").read_text()
    world.write("sql/spines/open_leads.sql", text.replace("INTERVAL 180 DAY", "INTERVAL 15 DAY"))
    assert world.missing(MAY_31) == [name for name in ALL if name != "lead_account@v1"]


def test_another_link_recomputes_the_accounts_that_it_leads_to(world: Any) -> None:
    """A view of accounts that says nothing of leads is still asked for the accounts of leads."""
    world.write("sql/features/sizes/v1.sql", SIZES)
    (world.project.root / "leadmart.toml").write_text(WITH_CLICKS.replace("clicks@v1", "sizes@v1"))
    world.fill(MAY_31)
    text = (PACKAGE / "sql" / "links" / "lead_account" / "v1.sql").read_text()
    path = world.write("sql/links/lead_account/v2.sql", text)
    assert world.missing(MAY_31) == ["lead_account@v2"]
    path.write_text(text.replace("MIN(ve.account_id)", "MAX(ve.account_id)"))
    assert world.missing(MAY_31) == ["lead_account@v2", "sizes@v1"]


def test_a_source_that_comes_to_be_loaded_is_computed_anew(world: Any, load_rows: Callable[..., None]) -> None:
    world.fill(MAY_31)
    row = {"payment_id": "p1", "account_id": "A1", "amount_paid": "5.00", "paid_at": "2026-05-02"}
    load_rows(world.warehouse, {"invoice_payments": [row]})
    assert world.missing(MAY_31) == ["icp@v1"]


def clicks(world: Any, text: str = CLICKS, name: str = "v1") -> Path:
    (world.project.root / "leadmart.toml").write_text(WITH_CLICKS.replace("@v1", f"@{name}"))
    path: Path = world.write(f"sql/features/clicks/{name}.sql", text)
    return path


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            CLICKS.replace("GROUP BY spine.lead_id, spine.as_of", "GROUP BY spine.lead_id, spine.as_of, w.event_id"),
            "gave",
        ),
        (CLICKS.replace("GROUP BY", "WHERE spine.lead_id <> 'L2'\nGROUP BY"), "gave 2 rows with 2 keys where 3"),
        (CLICKS.replace("spine.lead_id,\n    spine.as_of,", "NULL AS lead_id,\n    spine.as_of,"), "gave 3 rows"),
    ],
)
def test_a_view_gives_one_row_for_each_row_of_the_spine(sql: str, words: str, world: Any) -> None:
    clicks(world)
    session, selection = world.again()
    views = tuple(replace(d, text=sql) if d.name == "clicks" else d for d in selection.views)  # as if `check` let it by
    selection = replace(selection, views=views)
    with pytest.raises(LeadmartError) as refused:
        fill(session, selection, missing_slices(world.warehouse, selection, [MAY_31]), run_id="r")
    assert refused.value.code == "not_one_row_per_spine_row"
    assert words in refused.value.message
    # nothing of this as_of is listed, and no file is left behind
    assert slices(world.warehouse) == []


def test_what_is_held_or_not_approved_is_not_listed_nor_what_reads_it(world: Any) -> None:
    session, selection = world.again()
    missing = missing_slices(world.warehouse, selection, [MAY_31])
    listed = fill(session, selection, missing, run_id="r", held=frozenset({"links.lead_account__v1"}))
    assert [s.definition.ref for s in listed] == ["open_leads", "lead_profile@v1", "web_engagement@v1"]
    session, selection = world.again()
    missing = missing_slices(world.warehouse, selection, [JUNE_1])
    refused = fill(session, selection, missing, run_id="r", approve=lambda w: w.slice.definition.kind != "gate")
    assert "icp@v1" not in [s.definition.ref for s in refused]
    assert len(refused) == 5
    assert not list((world.project.warehouse / "tmp").glob("*.parquet"))


def test_a_listed_file_that_is_gone_is_named(world: Any) -> None:
    world.fill(MAY_31)
    _, selection = world.again()
    wanted = selection.slice_of(selection.views[0], MAY_31)
    path = slice_file(world.warehouse, wanted)
    assert path
    path.unlink()
    with pytest.raises(LeadmartError) as refused:
        slice_file(world.warehouse, wanted)
    assert refused.value.code == "file_missing"


# --- publishing ---


def test_a_published_file_never_changes(world: Any, golden: Callable[[str, str], None]) -> None:
    path = clicks(world)
    world.fill(MAY_31, run_id="20260531T000000-abc123")
    path.write_text(CLICKS.replace("COUNT(w.event_id)", "COUNT(DISTINCT w.session_id)"))
    with pytest.raises(LeadmartError) as refused:
        world.fill(JUNE_1)
    assert refused.value.code == "published_changed"
    golden(refused.value.render().replace(f"{world.project.root}/", ""), "publish/changed.txt")
    assert world.warehouse.rows("SELECT text FROM store.meta.views") == [(CLICKS,)]


@pytest.mark.parametrize(
    "text",
    [
        CLICKS.replace("pages opened", "pages, of all kinds").replace("Pages of the lead", "All pages"),
        CLICKS.replace("COUNT(w.event_id)", "count( w.event_id )"),
        CLICKS.replace("\n    AND", " AND"),
        CLICKS.replace("-- entity: lead (lead_id)\n", "-- entity: lead (lead_id)\n-- owner: sales\n"),
        CLICKS + ";\n",
    ],
    ids=["comments", "case", "lines", "owner", "semicolon"],
)
def test_layout_and_comments_of_a_published_file_may_change(text: str, world: Any) -> None:
    path = clicks(world)
    world.fill(MAY_31)
    path.write_text(text)
    assert world.missing(MAY_31) == []
    assert world.fill(MAY_31) == []


def test_the_next_version_stands_beside_the_first(world: Any) -> None:
    clicks(world)
    world.fill(MAY_31)
    clicks(world, CLICKS.replace("COUNT(w.event_id)", "COUNT(DISTINCT w.session_id)"), "v2")
    assert world.missing(MAY_31) == ["clicks@v2"]
    world.fill(MAY_31)
    published = world.warehouse.rows("SELECT name, version FROM store.meta.views ORDER BY ALL")
    assert published == [("clicks", 1), ("clicks", 2)]
    world.publish()
    world.warehouse.execute(f"ATTACH '{world.project.catalogue}' AS c (READ_ONLY)")
    one = world.warehouse.rows("SELECT lead_id, clicks FROM c.features.clicks__v1 ORDER BY ALL")
    two = world.warehouse.rows("SELECT lead_id, clicks FROM c.features.clicks__v2 ORDER BY ALL")
    assert one == [("007", 2), ("L2", 1), ("L3", 0)]
    assert two == [("007", 1), ("L2", 1), ("L3", 0)]


# --- the selection ---


def test_views_that_return_the_same_column_are_refused(world: Any) -> None:
    world.write("sql/features/clicks/v1.sql", CLICKS)
    world.write("sql/features/pages/v1.sql", CLICKS)
    settings = WITH_CLICKS.replace('"clicks@v1"', '"clicks@v1", "pages@v1"')
    (world.project.root / "leadmart.toml").write_text(settings)
    with pytest.raises(LeadmartError) as refused:
        world.again()
    assert refused.value.code == "column_twice"
    assert refused.value.message == "column clicks comes from clicks@v1 and from pages@v1"


def test_a_view_is_computed_after_what_it_reads(world: Any) -> None:
    world.write("sql/features/clicks/v1.sql", CLICKS)
    twice = """\
-- entity: lead (lead_id)
--
-- Twice.
SELECT
    spine.lead_id,
    spine.as_of,
    cl.clicks * 2 AS clicks_twice                       -- twice the pages
FROM spine
LEFT JOIN features.clicks__v1 AS cl
    ON  cl.lead_id = spine.lead_id
    AND cl.as_of = spine.as_of
"""
    world.write("sql/features/a_twice/v1.sql", twice)
    (world.project.root / "leadmart.toml").write_text(WITH_CLICKS.replace("clicks@v1", "a_twice@v1"))
    assert [s.definition.ref for s in world.fill(MAY_31)] == ["open_leads", "clicks@v1", "a_twice@v1"]


def test_one_view_is_looked_for_among_what_the_project_computes(world: Any) -> None:
    clicks(world)
    world.write("sql/features/clicks/v2.sql", CLICKS)
    session, selection = world.again()
    assert selection.needed_for("clicks", session.registry) == {"spine.open_leads", "features.clicks__v1"}
    assert selection.needed_for("clicks@v1", session.registry) == selection.needed_for("clicks", session.registry)
    for name, hint in (("clicks@v2", "clicks@v1"), ("opportunity", "it computes open_leads"), ("click", "clicks@v1")):
        with pytest.raises(LeadmartError) as refused:
            selection.needed_for(name, session.registry)
        assert (refused.value.code, refused.value.message) == ("unknown_definition", f"the project computes no {name}")
        assert hint in refused.value.hint


def test_what_check_refuses_is_not_selected(world: Any) -> None:
    clicks(world, CLICKS.replace("    AND w.as_of = spine.as_of\n", ""))
    with pytest.raises(LeadmartError) as refused:
        world.again()
    assert refused.value.code == "join_without_as_of"


def test_the_feature_set_has_another_name_when_a_view_changes(world: Any) -> None:
    _, first = world.again()
    _, same = world.again()
    world.write("sql/reference/competitor_domains.csv", "domain,note\nacme.example,\n")
    _, gated = world.again()
    assert first.feature_set_version == same.feature_set_version == gated.feature_set_version
    packaged = (PACKAGE / "sql" / "reference" / "seniority_words.csv").read_text()
    world.write("sql/reference/seniority_words.csv", packaged.replace("\nceo,", "\nchief engineer,", 1))
    _, other = world.again()
    assert first.feature_set_version != other.feature_set_version


@pytest.fixture
def copied(world: Any, tmp_path: Path) -> Path:
    world.fill(MAY_31)
    world.warehouse.close()
    shutil.copytree(world.project.root, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_moved_project_finds_its_slices(copied: Path) -> None:
    from leadmart.features.project import find_project
    from leadmart.features.registry import Registry
    from leadmart.features.session import Session

    project = find_project(copied)
    with open_for_writing(project) as warehouse:
        session = Session(warehouse, Registry(project))
        selection = select(session.registry, session.present)
        assert missing_slices(warehouse, selection, [MAY_31]) == []
        assert slice_file(warehouse, selection.slice_of(selection.views[0], MAY_31))
