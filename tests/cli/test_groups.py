"""F1 end to end: a view of groups is computed at the test landmarks, reported, and read by no model."""

from __future__ import annotations

from typing import Any

import pytest

from leadmart.scoring.evaluation.words import evaluation_text

GROUPS = """\
-- entity: lead (lead_id)
-- owner:  growth
--
-- Which list a lead was drawn to, for audits only.
SELECT
    spine.lead_id,
    spine.as_of,
    l.utm_medium AS audience,                           -- medium of the first touch
    LEFT(l.lead_id, 1) = 'L' AS was_reviewed            -- TRUE for everybody: a review of all
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
"""


@pytest.mark.slow
def test_f1_an_audit_view_is_reported_and_changes_no_model(here: Any, company: Any, copy_of: Any) -> None:
    folder = copy_of("loaded")
    file = folder / "sql" / "features" / "groups" / "v1.sql"
    file.parent.mkdir(parents=True)
    file.write_text(GROUPS)
    settings = folder / "leadmart.toml"
    report = '[report]\naudit = ["groups@v1"]\nholdout = "was_reviewed"\nsegments = ["audience", "lead_source"]\n'
    text = settings.read_text().replace("leads_per_week = 100", "leads_per_week = 7")
    settings.write_text(f"{text}\n{report}")
    (plain,) = here("models", "--project", company("trained"), "--json").document
    found = here("train", "--project", folder, "--json").document
    assert found["model_version"] == plain["model_version"]
    assert plain["evaluation"]["fairness"] == []
    section = found["evaluation"]
    assert {group["column"] for group in section["fairness"]} == {"audience"}
    assert {each["column"] for each in section["segments"]} == {"audience", "lead_source"}
    assert section["capacity"]["leads_per_week"] == 7
    assert "random review" in section["tiers"]["confusion"]["missed_from"]
    assert section["pipeline_value"]["expected"]["value"] > 0
    assert section["tiers"]["confusion"]["rejected"]["value"] is not None
    told = "\n".join(evaluation_text(section))
    assert "  order        leads a week   precision" in told
    assert "audience: " in told


def test_f1_a_holdout_that_no_audit_view_has_is_refused(here: Any, copy_of: Any) -> None:
    folder = copy_of("loaded")
    settings = folder / "leadmart.toml"
    settings.write_text(settings.read_text() + '\n[report]\nholdout = "was_reviewed"\n')
    error = here("train", "--project", folder, "--json").document["error"]
    assert error["code"] == "unknown_column"
    assert "was_reviewed" in error["message"]
