"""A waiver shows in the plan and in the notes of the model trained on it."""

from __future__ import annotations

from typing import Any

import pytest

from leadmart.features.registry import PACKAGE


@pytest.mark.slow
def test_plan_and_model_tell_what_was_waived(here: Any, copy_of: Any) -> None:
    folder = copy_of("loaded")
    text = (PACKAGE / "sql" / "features" / "form_activity" / "v1.sql").read_text(encoding="utf-8")
    file = folder / "sql" / "features" / "form_activity" / "v1.sql"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("--\n", "-- waive: two_facts because it is tried here\n--\n", 1), encoding="utf-8")
    plan = here("plan", "--project", folder, "--json")
    assert plan.document["waived"] == [
        {"view": "form_activity@v1", "code": "two_facts", "reason": "it is tried here"},
    ]
    words = "waived in form_activity@v1: two_facts, because it is tried here"
    assert words in here("plan", "--project", folder).out
    trained = here("train", "--project", folder, "--json")
    assert trained.code == 0, trained.out
    assert words in trained.document["notes"]
