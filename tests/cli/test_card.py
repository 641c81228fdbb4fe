"""`--report FILE` writes a card, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
def test_models_writes_the_champions_card(company: Any, here: Any, tmp_path: Path) -> None:
    """The page has the champion's figures and the SQL of its views; printing is as without it."""
    project = company("trained")
    plain = here("models", "--project", project, "--json").document
    file = tmp_path / "card.html"
    assert here("models", "--project", project, "--report", file, "--json").document == plain
    page = file.read_text(encoding="utf-8")
    champion = next(model for model in plain if model["role"] == "champion")
    assert champion["model_version"] in page
    assert "COUNT(w.event_id) FILTER" in page
    for name in ("lift", "calibration", "capacity", "folds", "importance", "waiting"):
        assert f'data-chart="{name}"' in page, name
    assert [each.name for each in tmp_path.iterdir()] == ["card.html"]


@pytest.mark.slow
def test_a_card_without_a_model_says_how_much_is_missing(here: Any, copy_of: Any, edit: Any, tmp_path: Path) -> None:
    """Where the rules are kept, `train --report` tells a manager why, and shows no figure that does not exist."""
    project = copy_of("loaded")
    edit(project / "leadmart.toml", "months = 24", "months = 9")
    file = tmp_path / "card.html"
    told = here("train", "--project", project, "--report", file, "--json").document
    assert told["model_version"] == "rules"
    page = file.read_text(encoding="utf-8")
    assert "The rules alone score" in page
    assert 'data-chart="calibration"' not in page


def test_a_card_that_has_no_folder_is_refused_before_anything_is_done(here: Any, company: Any, tmp_path: Path) -> None:
    """The folder is looked at first: an hour of learning is not lost to a slip of the pen."""
    failed = here("train", "--project", company("loaded"), "--report", tmp_path / "no" / "card.html", "--json")
    assert failed.code == 1
    assert failed.document["error"]["code"] == "no_such_folder"
