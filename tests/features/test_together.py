"""Definitions computed over several as_of at once: what fails, is refused or held at some of them; the same files."""

from __future__ import annotations

from typing import Any

import pytest

from leadmart.features import materialize
from leadmart.features.compute import Written
from leadmart.features.errors import LeadmartError
from leadmart.features.materialize import fill, list_slices
from leadmart.features.plan import missing_slices
from tests.features.test_materialize import (
    ALL,
    JUNE_1,
    JUNE_2,
    MAY_20,
    MAY_31,
    SIZES,
    WITH_CLICKS,
    clicks,
    slices,
)


def test_each_as_of_is_listed_by_itself(world: Any) -> None:
    """Computed together, and one of them is refused: those before it are listed."""
    clicks(world)
    world.fill(MAY_20)
    session, selection = world.again()
    missing = missing_slices(world.warehouse, selection, [MAY_31, JUNE_1, JUNE_2])

    def refuse_the_third(written: Written) -> bool:
        if written.slice.as_of == JUNE_2 and written.slice.definition.name == "clicks":
            raise LeadmartError("no", code="quality_errored")
        return True

    with pytest.raises(LeadmartError):
        fill(session, selection, missing, run_id="r", approve=refuse_the_third)
    assert {row[1] for row in slices(world.warehouse)} == {MAY_20, MAY_31, JUNE_1}
    assert world.missing(MAY_20, MAY_31, JUNE_1, JUNE_2) == ["open_leads", "clicks@v1"]
    assert not list((world.project.warehouse / "tmp").glob("*.parquet"))


def test_what_is_refused_at_one_as_of_is_listed_at_the_others(world: Any) -> None:
    """Computed together: a view that reads what was refused is held there, and nowhere else."""
    world.fill(MAY_20)
    session, selection = world.again()
    missing = missing_slices(world.warehouse, selection, [MAY_31, JUNE_1])
    refused = ("links.lead_account__v1", MAY_31)
    listed = fill(
        session, selection, missing, run_id="r",
        approve=lambda w: (w.slice.definition.relation, w.slice.as_of) != refused,
    )  # fmt: skip
    assert [s.definition.ref for s in listed if s.as_of == JUNE_1] == ALL
    assert [s.definition.ref for s in listed if s.as_of == MAY_31] == [
        "open_leads",
        "lead_profile@v1",
        "web_engagement@v1",
    ]


@pytest.mark.parametrize("how", ["held", "refused"])
@pytest.mark.parametrize("kind", ["link", "spine"])
def test_accounts_wait_for_the_link_that_leads_to_them(world: Any, kind: str, how: str) -> None:
    """The view says nothing of link or spine, and what was computed of these before lies in the session."""
    world.write("sql/features/sizes/v1.sql", SIZES)
    (world.project.root / "leadmart.toml").write_text(WITH_CLICKS.replace("clicks@v1", "sizes@v1"))
    world.fill(MAY_20)
    session, selection = world.again()
    (stopped,) = (d for d in selection.definitions if d.kind == kind)
    missing = missing_slices(world.warehouse, selection, [MAY_31, JUNE_1])
    held = frozenset({stopped.relation}) if how == "held" else frozenset[str]()
    listed = fill(
        session, selection, missing, run_id="r", held=held,
        approve=lambda w: w.slice.definition != stopped or w.slice.as_of != MAY_31,
    )  # fmt: skip
    sizes = [s.as_of for s in listed if s.definition.name == "sizes"]
    assert sizes == ([] if held else [JUNE_1])


def test_what_could_not_be_listed_leaves_no_file(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.fill(MAY_20)
    calls: list[object] = []

    def full(*words: Any) -> Any:
        calls.append(words)
        if len(calls) == 2:
            raise LeadmartError("no room", code="disk_full")
        return list_slices(*words)

    monkeypatch.setattr(materialize, "list_slices", full)
    with pytest.raises(LeadmartError):
        world.fill(MAY_31, JUNE_1, JUNE_2)
    assert len(slices(world.warehouse)) == 2 * len(ALL)
    assert not list((world.project.warehouse / "tmp").glob("*.parquet"))


def test_as_of_together_and_one_by_one_are_the_same_files(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [MAY_20, MAY_31, JUNE_1, JUNE_2]
    world.fill(MAY_20)
    world.fill(JUNE_1)  # those in between are filled with these, whose files are read
    world.warehouse.execute("DELETE FROM store.meta.slices WHERE kind = 'gate'")
    world.fill(*moments)
    together = slices(world.warehouse)
    world.warehouse.execute("DELETE FROM store.meta.slices")
    monkeypatch.setattr(materialize, "MOST_TOGETHER", 1)
    world.fill(*moments)
    assert slices(world.warehouse) == together
    assert len(together) == len(ALL) * len(moments)
