"""The views of signals and patterns in the engine, on the worlds of random_worlds.py: both forms of a definition,
any order of rows, moments and threads, and what is NULL where a source was never loaded.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.model_columns import width_words
from leadmart.features.plan import select
from leadmart.features.project import find_project
from leadmart.features.registry import Registry
from leadmart.features.session import Session, relation_of
from tests.features import oracle_engine as engine
from tests.features import random_worlds as worlds
from tests.samples import first

HERE = Path(__file__).parent
SQL = HERE.parents[1] / "sql"
VIEWS = sorted(path.parent.name for path in (SQL / "features").glob("*/v1.sql"))
GATES = ("customers", "icp", "patterns", "rep_feedback", "requalification", "requests", "sales_touches")
OUTSIDE = {
    "enrichment": "ext_enrichment", "intent": "ext_intent", "technographics": "ext_technographics",
    "company_events": "ext_company_events", "conversation": "ext_conversation_signals",
}  # fmt: skip
SETTINGS = """
[raw]
{{raw}}
[features]
views = [{views}]  # {{views}}
[scoring]
gates = [{gates}]
[engine]
memory_limit = "1GB"
threads = {{threads}}
""".format(views=", ".join(f'"{view}@v1"' for view in VIEWS), gates=", ".join(f'"{gate}@v1"' for gate in GATES))


@pytest.fixture(autouse=True)
def every_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's new projects name every packaged view and gate."""
    monkeypatch.setattr(engine, "SETTINGS", SETTINGS)


def rows_by_view(session: Session, form: Any, as_ofs: Any, world: Any) -> dict[str, Any]:
    """Every view's and gate's rows at all keys and moments, by name."""
    session = Session(session.warehouse, session.registry, form)
    selection = select(session.registry, session.present)
    everything = [*selection.links, *selection.read]
    session.want(as_ofs)
    session.prepare(everything)
    moments = ", ".join(f"(TIMESTAMP '{as_of}')" for as_of in as_ofs)
    for entity, names in (("lead", world.leads), ("account", world.accounts)):
        values = ", ".join("('" + name.replace("'", "''") + "')" for name in names)
        pairs = f"SELECT {entity}_id, as_of FROM (VALUES {values}) AS k ({entity}_id), (VALUES {moments}) AS m (as_of)"
        session.set_spine(entity, pairs)
    found = {}
    for each in everything:
        session.compute(each)
        rows = engine.rows_of(session.warehouse, f"FROM {relation_of(each)}")
        found[each.name] = engine.keyed(rows, (each.key, "as_of"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", first(1, range(2)))
def test_both_forms_of_every_view_give_the_same_rows(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    with engine.landed(world, tmp_path / "project") as session:
        executed = rows_by_view(session, "executed", world.as_ofs, world)
        pasted = rows_by_view(session, "pasted", world.as_ofs, world)
        assert executed == pasted
    assert set(executed) >= {*VIEWS, *GATES}
    # what was never loaded is NULL and said, never 0
    for view, source in OUTSIDE.items():
        assert {row[f"has_{source}"] for row in executed[view].values()} == {False}
        values = {v for row in executed[view].values() for name, v in row.items() if not name.startswith("has_")}
        assert values == {None}


@pytest.mark.slow
def test_neither_order_nor_batches_nor_threads_change_a_byte(tmp_path: Path) -> None:
    world = worlds.random_world(3)
    as_ofs: list[datetime] = list(world.as_ofs)
    with engine.landed(world, tmp_path / "one") as session:
        plain = engine.filled(session, *([as_of] for as_of in as_ofs))
    with engine.landed(world, tmp_path / "other", order=1, batches=3, threads=8) as session:
        other = engine.filled(session, as_ofs)
    assert len(plain) == (len(VIEWS) + len(GATES) + 2) * len(as_ofs)
    assert other == plain


def test_35_a_project_may_name_every_packaged_view_and_more_than_40_columns_are_said(tmp_path: Path) -> None:
    """#35: no two packaged views return one column; `train` notes how many reach the model."""
    folder = engine.new_project(tmp_path / "project")
    registry = Registry(find_project(folder))
    selection = select(registry, frozenset())
    assert {view.name for view in selection.views} == set(VIEWS)
    (note,) = width_words(selection)
    assert int(note.split()[0]) > 150
    for views, said in ((("lead_profile", "web_engagement"), 1), (("lead_profile", "web_engagement", "web_depth"), 0)):
        named = ", ".join(f'"{view}@v1"' for view in views)
        (folder / "leadmart.toml").write_text(f"[features]\nviews = [{named}]\n")
        assert len(width_words(select(Registry(find_project(folder)), frozenset()))) == said
