"""Which columns reach the model, from the command line: views behind a gate, and a list of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

LISTED = 'columns = ["seniority", "web_engagement.pricing_views_30d", "lead_age_days", "employees"]\n'


def edited(folder: Path, old: str, new: str) -> None:
    file = folder / "leadmart.toml"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.slow
def test_114_a_model_learns_the_listed_columns_and_none_of_a_gates_views(
    copy_of: Any, here: Any, stored: Any, published: Any
) -> None:
    """#35, #114, P6: the views behind a gate are filled and explained, the model reads what is listed, and a model of
    other columns is refused.
    """
    folder = copy_of("loaded")
    edited(folder, 'gates = ["icp@v1"]', 'gates = ["icp@v1", "patterns@v1"]')
    edited(folder, "[train]\n", f"[train]\n{LISTED}")
    planned = here("plan", "--project", folder, "--json").document
    assert "features.surge__v1" in {each["view"] for each in planned["slices"]}
    assert planned["notes"] == []
    trained = here("train", "--project", folder, "--json")
    assert trained.code == 0, trained.err
    assert trained.document["model_version"] != "rules"
    ((artefact,),) = stored(folder, "SELECT artefact FROM meta.models WHERE role = 'champion'")
    names = [column["name"] for column in json.loads(artefact)["columns"]]
    assert [name for name in names if not name.startswith("has_")] == [
        "seniority", "lead_age_days", "pricing_views_30d", "employees"
    ]  # fmt: skip
    assert here("run", "--project", folder).code == 0
    wide = {row[0] for row in published(folder, "SELECT column_name FROM (DESCRIBE features.lead_features)")}
    assert {"pricing_views_30d", "sessions_30d"} < wide
    assert "is_concentrated" not in wide
    ((lead, tier),) = published(folder, "SELECT lead_id, tier FROM scores.latest ORDER BY composite DESC LIMIT 1")
    told = here("explain", lead, "--project", folder, "--json").document
    assert told["tier"] == tier
    assert told["data"]["of"] == 4
    assert {"is_concentrated", "sessions_30d"} <= told["values"].keys()

    edited(folder, '"seniority", ', "")
    refused = here("run", "--project", folder, "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "feature_mismatch")
    edited(folder, '"lead_age_days"', '"lead_age_day"')
    found = here("check", "--project", folder, "--json")
    assert found.code == 1
    assert [(each["code"], each["hint"]) for each in found.document] == [
        ("unknown_column", "did you mean lead_age_days?")
    ]


def test_35_plan_says_when_few_columns_reach_the_model(copy_of: Any, here: Any) -> None:
    """#35: a warning in words and in JSON, never a refusal."""
    folder = copy_of("loaded")
    edited(folder, '    "email_engagement@v1",\n    "product_usage@v1",\n    "account_engagement@v1",\n', "")
    edited(folder, 'scorecard = "scorecard" ', 'scorecard = "few" ')
    (folder / "sql/reference").mkdir(parents=True)
    (folder / "sql/reference/few.csv").write_text(
        "code,column,rule,low,high,value,points,max_points,label\nvisits,sessions_30d,each,,,,3,20,visits\n"
    )
    planned = here("plan", "--project", folder)
    assert planned.code == 0
    assert "19 columns reach the model, and 20 to 40 are usual" in planned.out
    assert here("plan", "--project", folder, "--json").document["notes"][0].startswith("19 columns")
