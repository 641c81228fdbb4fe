"""K9: training reads what scoring read, row by row, though one spine has many moments and the other one."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from leadmart.features.clock import parse_moment
from leadmart.features.lookup import feature_columns, scoring_frame
from leadmart.features.plan import select
from leadmart.features.project import find_project
from leadmart.features.raw.tables import newest_load
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import open_for_writing
from leadmart.scoring.champion import load_policy
from leadmart.scoring.learning.landmarks import training_frame

DAYS = ("2025-10-14", "2025-10-15", "2025-10-16")


@pytest.mark.slow
def test_k9_the_training_frame_at_past_moments_is_what_the_slices_of_then_hold(copy_of: Any, here: Any) -> None:
    """K9: every feature and gate of every landmark on three past days, also with all landmarks computed at once."""
    folder = copy_of("loaded")
    done = here("backfill", "--start", DAYS[0], "--end", "2025-10-17", "--project", folder)
    assert done.code == 0, done.err
    with open_for_writing(find_project(folder)) as warehouse:
        registry = Registry(warehouse.project)
        session = Session(warehouse, registry)
        selection = select(registry, session.present)
        label, spine = registry.get("label", "opportunity"), registry.get("spine", "training_landmarks")
        cut_off = newest_load(warehouse)
        assert cut_off
        rules = load_policy(registry, selection).gates
        trained = training_frame(session, selection, label, spine, rules, cut_off).rows
        served = pl.concat([scoring_frame(warehouse, registry, selection, parse_moment(day)) for day in DAYS])
    names = [column.name for column in feature_columns(selection)]
    assert len(names) > 40
    key = ["lead_id", "as_of"]
    # of a lead whose outcome was known by then nothing is learned, and its features are not asked for
    is_open = pl.col("outcome_at").is_null() | (pl.col("outcome_at") > pl.col("as_of"))
    learned = trained.filter(pl.col("as_of").is_in([parse_moment(day) for day in DAYS]) & is_open).sort(key)
    assert learned.height > 60
    assert learned["as_of"].n_unique() == len(DAYS)
    both = learned.select(key).join(served, on=key, how="inner").sort(key)
    assert both.select(key).equals(learned.select(key))
    assert [name for name in names if not both[name].equals(learned[name])] == []
    assert both.select(pl.col("employees").is_null().any(), (pl.col("sessions_30d") > 0).any()).row(0) == (True, True)
