"""`train` and the reasons given in leadmart.toml, end to end."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.slow
def test_a_reason_for_no_column_stops_training_and_keeps_no_model(here: Any, copy_of: Any, stored: Any) -> None:
    folder = copy_of("scored")
    settings = folder / "leadmart.toml"
    settings.write_text(settings.read_text() + '\n[train.waive]\npricing_view_30d = "a typo"\n')
    answer = here("train", "--project", folder, "--json")
    assert answer.code == 1
    assert answer.document["error"]["code"] == "unknown_column"
    assert "pricing_views_30d" in answer.document["error"]["hint"]
    assert stored(folder, "SELECT COUNT(*) FROM meta.models") == [(0,)]


def test_no_column_of_the_made_up_company_stops_training(here: Any, company: Any) -> None:
    (model,) = here("models", "--project", company("trained"), "--json").document
    assert [suspect for suspect in model["suspects"] if suspect["stops"]] == []
