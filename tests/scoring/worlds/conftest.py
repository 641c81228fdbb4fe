"""Worlds whose truth is known, as rows for `fit`, and as raw files of a small project."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.result import TrainingResult
from leadmart.scoring.learning.settings import Label, TrainSettings

HORIZON = timedelta(days=90)
FitWorld = Callable[..., TrainingResult]


@pytest.fixture(scope="session")
def fit_world(columns: Sequence[FeatureColumn], scorecard: Any) -> FitWorld:
    """`fit_world(made)`: training on a world's rows, all its columns, few draws for the intervals.

    `more` are columns beside those that every world has.
    """

    def train(
        made: Any, rows: pl.DataFrame | None = None, more: Mapping[str, str] | None = None, **changes: Any
    ) -> Any:
        settings = replace(TrainSettings(made.cut_off, replicates=100), **changes)
        asked = (*columns, *(FeatureColumn(name, "more@v1", kind, name) for name, kind in (more or {}).items()))
        label = Label("opportunity", "l_1", HORIZON)
        return fit(made.rows if rows is None else rows, asked, scorecard, label, settings, feature_set_version="f_1")

    return train


SETTINGS = """\
[features]
views = ["profile@v1"]
[scoring]
gates = ["refused@v1"]
[scoring.boost]
column = "lead_age_days"
max = 0
[train]
test_days = 30
"""

PROFILE = """\
-- entity: lead (lead_id)
-- owner:  growth
--
-- What a lead is at creation.
SELECT
    spine.lead_id,
    spine.as_of,
    l.country AS country,                                                   -- two letters
    DATE_DIFF('day', l.occurred_at, spine.as_of) AS lead_age_days           -- midnights since creation
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
"""

REFUSED = """\
-- entity: lead (lead_id)
-- owner:  growth
--
-- Who is no prospect.
SELECT
    spine.lead_id,
    spine.as_of,
    COALESCE(l.title = 'student', FALSE) AS is_student,                     -- block: Student
    COALESCE(l.consent = 'denied', FALSE) AS lacks_consent                  -- block: May not be contacted
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
"""

FILES = {
    "leadmart.toml": SETTINGS,
    "sql/features/profile/v1.sql": PROFILE,
    "sql/gates/refused/v1.sql": REFUSED,
    "sql/reference/scorecard.csv": (
        "code,column,rule,low,high,value,points,max_points,label\ncountry,country,equals,,,US,60,,in the US\n"
    ),
    "sql/reference/reasons.csv": "code,column,group,template,missing_template\ncountry,country,place,In {value},\n",
}
LEAD = (
    "lead_id", "email", "full_name", "company_name", "title", "country", "lead_source", "utm_medium", "utm_campaign",
    "consent", "created_at", "synced_at",
)  # fmt: skip
OPPORTUNITY = ("opportunity_id", "lead_id", "account_id", "pipeline", "created_at", "synced_at")
NOW = datetime(2026, 3, 2)
"""When the small project's files are loaded, so the end of its data."""


@pytest.fixture
def raw_project(tmp_path: Path, here: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """`raw_project(leads, files)`: a folder with leads loaded, each a dict with `lead_id`, `created_at` and whatever
    else the table has; `outcome_at` makes an opportunity.
    """
    monkeypatch.setenv("LEADMART_NOW", NOW.isoformat())

    def make(leads: Sequence[Mapping[str, Any]], files: Mapping[str, str] | None = None) -> Path:
        root = tmp_path / "project"
        for name, text in {**FILES, **(files or {})}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        arrived = [{**lead, "synced_at": lead["created_at"]} for lead in leads]
        won = [
            {"opportunity_id": f"O{lead['lead_id']}", "lead_id": lead["lead_id"], "pipeline": "new_business",
             "created_at": lead["outcome_at"], "synced_at": lead["outcome_at"]}
            for lead in leads
            if lead.get("outcome_at")
        ]  # fmt: skip
        for table, names, rows in (("leads", LEAD, arrived), ("opportunities", OPPORTUNITY, won)):
            values = [{name: row.get(name) for name in names} for row in rows]
            frame = pl.DataFrame(values, infer_schema_length=None) if values else pl.DataFrame({n: [] for n in names})
            file = tmp_path / f"{table}.csv"
            frame.write_csv(file, datetime_format="%Y-%m-%d %H:%M:%S%.6f")
            done = here("load", table, file, "--project", root)
            assert done.code == 0, done.err
        return root

    return make
