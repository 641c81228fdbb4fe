"""C7: `train --recalibrate` on the command line."""

from __future__ import annotations

from typing import Any


def test_without_a_later_month_nothing_is_recalibrated_and_the_champion_stays(
    here: Any, copy_of: Any, stored: Any
) -> None:
    """C7: the champion's test block is the latest matured one, so there is nothing newer to follow."""
    folder = copy_of("trained")
    before = stored(folder, "SELECT model_version, role FROM meta.models")
    answer = here("train", "--recalibrate", "--project", folder, "--json")
    assert answer.code == 1
    assert answer.document["error"]["code"] == "nothing_to_recalibrate"
    assert "where the champion's test ended" in answer.document["error"]["message"]
    assert stored(folder, "SELECT model_version, role FROM meta.models") == before


def test_without_a_champion_there_is_nothing_to_recalibrate(here: Any, copy_of: Any) -> None:
    """C7: the rules have no chances that could be moved."""
    answer = here("train", "--recalibrate", "--project", copy_of("scored"), "--json")
    assert answer.code == 1
    assert answer.document["error"]["code"] == "nothing_to_recalibrate"
    assert "`leadmart train`" in answer.document["error"]["hint"]
