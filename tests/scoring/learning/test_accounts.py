"""T4: leads of one account as one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.outcomes import make_outcomes
from leadmart.features.plan import select
from leadmart.features.project import find_project
from leadmart.features.raw.tables import newest_load
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import open_for_writing
from leadmart.scoring.learning.accounts import group_by_account
from leadmart.scoring.learning.dataset import SplitSettings, label_rows, split
from leadmart.scoring.learning.population import LEADS, make_leads


@pytest.mark.slow
def test_t4_leads_of_an_account_are_one_cluster_and_persons_stay_together(copy_of: Any) -> None:
    """T4: the link's account where there is one, at the last moment; the session's moments are what they were."""
    project = find_project(copy_of("loaded"))
    with open_for_writing(project) as warehouse:
        registry = Registry(project)
        session = Session(warehouse, registry)
        selection = select(registry, session.present)
        label, spine = registry.get("label", "opportunity"), registry.get("spine", "training_landmarks")
        last = newest_load(warehouse)
        assert last
        moments = (last - timedelta(days=100), last)
        session.want(moments)
        make_outcomes(session, registry, label)
        make_leads(session, spine, label, "email")
        persons = warehouse.frame(f"SELECT * FROM {LEADS} ORDER BY lead_id")
        group_by_account(session, selection, spine)
        grouped = warehouse.frame(f"SELECT * FROM {LEADS} ORDER BY lead_id")
        assert session.moments == moments
        session.want(moments[-1:])
        (link,) = selection.links
        linked = warehouse.frame(session.sql_of(link)).select("lead_id", "account_id")
        bare = select(registry, session.present)
        object.__setattr__(bare, "links", ())
        with pytest.raises(LeadmartError, match='group_by is "account"') as caught:
            group_by_account(session, bare, spine)
        assert caught.value.code == "no_link"
    assert grouped.drop("cluster").equals(persons.drop("cluster"))
    both = grouped.join(persons.select("lead_id", person="cluster"), on="lead_id").join(
        linked, on="lead_id", how="left"
    )
    assert (both.group_by("person").agg(pl.col("cluster").n_unique())["cluster"] == 1).all()
    known = both.filter(pl.col("account_id").is_not_null())
    assert 0.3 < known.height / both.height < 1
    assert (known.group_by("account_id").agg(pl.col("cluster").n_unique())["cluster"] == 1).all()
    assert known["cluster"].n_unique() < 0.8 * known.height
    lonely = both.filter(pl.col("account_id").is_null().all().over("person"))
    assert (lonely["cluster"] == lonely["person"]).all()


def test_t4_no_account_is_in_two_blocks(world: Any) -> None:
    """T4: every block disjoint by account, where leads alone would share them."""
    made = world(leads=2500)
    rows = made.rows.with_columns(
        (pl.col("lead_id").str.slice(1).cast(pl.Int64) % 900).cast(pl.String).alias("cluster")
    )
    labelled = label_rows(rows, horizon=timedelta(days=90), ingest_lag=timedelta(days=1), cut_off=made.cut_off)
    parts = split(labelled, SplitSettings())
    accounts = [set(block["cluster"]) for block in parts.blocks().values() if block.height]
    assert len(accounts) >= 2
    assert sum(map(len, accounts)) == len(set.union(*accounts))
    assert isinstance(parts.train["as_of"].max(), datetime)
    assert parts.train["as_of"].max() + timedelta(days=91) <= parts.test["as_of"].min()
