"""The pointer to the champion and the record of its moves; what a look at unseen rows leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from leadmart.features.project import Project, Settings
from leadmart.features.warehouse import Warehouse, open_for_writing
from leadmart.scoring.learning.blocks import block_of
from leadmart.scoring.life.kept import Kept, challenger, champion
from leadmart.scoring.life.looks import looks_at, record_look
from leadmart.scoring.life.pointer import champion_before, move_to, moves, was_rolled_back
from leadmart.scoring.life.trial import unseen

DAY = timedelta(days=1)
BEGIN = datetime(2026, 1, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Warehouse]:
    """A store with three kept challengers, a, b and c, trained one day after the other."""
    with open_for_writing(Project(tmp_path, Settings())) as warehouse:
        for number, name in enumerate("abc"):
            warehouse.execute(
                "INSERT INTO store.meta.models (model_version, role, tier, feature_set_version, label, label_version, "
                "row_count, positives, artefact, report, run_id, trained_at) VALUES "
                "(?, 'challenger', 'ml', 'f', 'l', 'v', 1, 1, '{}', '{}', 'r', ?)",
                [name, BEGIN + number * DAY],
            )
        yield warehouse


def standing(store: Warehouse) -> str | None:
    found = champion(store)
    return found.model_version if found else None


def test_a_rollback_goes_back_and_not_to_and_fro(store: Warehouse) -> None:
    """D5: a pointer moves, model by model back to the rules; nothing is deleted."""
    assert champion_before(moves(store)) is None
    for name in "abc":
        move_to(store, name, command="train", run_id=name)
    assert standing(store) == "c"
    for expected in ("b", "a", "rules"):
        before = champion_before(moves(store))
        assert before == expected
        move_to(store, before, command="rollback", run_id="back")
        assert standing(store) == (None if expected == "rules" else expected)
    assert champion_before(moves(store)) is None
    assert store.rows("SELECT COUNT(*) FROM store.meta.models") == [(3,)]
    assert [(m.from_version, m.to_version) for m in moves(store)] == [
        ("rules", "a"), ("a", "b"), ("b", "c"), ("c", "b"), ("b", "a"), ("a", "rules"),
    ]  # fmt: skip


def test_what_was_rolled_back_stays_so_until_somebody_promotes_it(store: Warehouse) -> None:
    """D5: a training on the same rows does not undo a rollback."""
    move_to(store, "a", command="train", run_id="1")
    move_to(store, "b", command="train", run_id="2")
    assert was_rolled_back(moves(store), "b") is None
    move_to(store, "a", command="rollback", run_id="3")
    assert was_rolled_back(moves(store), "b") is not None
    assert was_rolled_back(moves(store), "a") is None
    move_to(store, "b", command="promote", run_id="4", waived="the campaign is over")
    assert was_rolled_back(moves(store), "b") is None
    assert champion_before(moves(store)) == "a"


def test_there_is_one_champion_and_the_newest_challenger_is_the_shadow(store: Warehouse) -> None:
    """D6: the newest challenger scores in the shadow; who was champion is retired and no challenger again."""
    found = challenger(store)
    assert found
    assert found.model_version == "c"
    for name in "cb":
        move_to(store, name, command="promote", run_id=name)
    roles = dict(store.rows("SELECT model_version, role FROM store.meta.models"))
    assert roles == {"a": "challenger", "b": "champion", "c": "retired"}


def test_a_second_look_at_the_same_rows_is_known_as_one(store: Warehouse) -> None:
    """T8: recorded for each model and block; another block, or one outcome that differs, is another look."""
    rows = pl.DataFrame({"lead_id": ["x", "y"], "as_of": [BEGIN, BEGIN + DAY], "y": [0, 1]})
    block, other = block_of(rows), block_of(rows.with_columns(y=pl.lit(1)))
    assert block
    assert other
    assert (block.first, block.last, block.rows, block.positives) == (BEGIN, BEGIN + DAY, 2, 1)
    assert [record_look(store, "a", block, "test", "r1"), record_look(store, "a", block, "comparison", "r2")] == [1, 2]
    assert record_look(store, "b", block, "comparison", "r2") == 1
    assert looks_at(store, "a", other) == 0
    assert block_of(rows.reverse()) == block  # whatever the order of the rows
    assert block_of(rows.clear()) is None


def kept(learned: datetime, tested: datetime) -> Kept:
    blocks = [
        {"name": "train", "last": (learned - 9 * DAY).isoformat()},
        {"name": "calibration", "last": learned.isoformat()},
        {"name": "test", "last": tested.isoformat()},
    ]
    return Kept("m", "champion", "ml", "f", "l", "v", {"blocks": blocks})


def test_unseen_rows_are_newer_than_every_test_and_of_leads_that_nobody_learned_from() -> None:
    """T8: the bound of the test block and of the learning is theirs, so a row on it is seen."""
    older, newer = kept(BEGIN + 10 * DAY, BEGIN + 50 * DAY), kept(BEGIN + 20 * DAY, BEGIN + 60 * DAY)
    pairs = pl.DataFrame(
        {
            "lead_id": ["old", "old", "young", "young", "edge", "edge", "only"],
            "as_of": [BEGIN + n * DAY for n in (15, 70, 21, 61, 20, 70, 60)],
        },
        schema_overrides={"as_of": pl.Datetime("us")},
    )
    assert unseen(pairs, [older, newer]).rows() == [("young", BEGIN + 61 * DAY)]
    assert unseen(pairs, [older])["lead_id"].to_list() == ["old", "young", "edge", "only"]
    assert unseen(pairs, []).height == pairs.height
