"""E1, E7, E11, F1: the section of the report, from labelled rows of a world with a known truth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.evaluation.section import Asked, hashes_of
from leadmart.scoring.evaluation.words import evaluation_text
from leadmart.scoring.learning.dataset import label_rows
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.settings import Label, TrainSettings

LABEL = Label("opportunity", "l_1", timedelta(days=90))


@pytest.fixture(scope="module")
def made(world, gated):
    found = world(leads=4000)
    draw = np.random.default_rng(1)
    ids = found.rows["lead_id"].unique(maintain_order=True)
    groups = pl.DataFrame({"lead_id": ids, "audit_group": draw.choice(["a", "b"], len(ids), p=[0.7, 0.3])})
    rows = gated(found.rows).join(groups, on="lead_id", how="left", maintain_order="left")
    return replace(found, rows=rows)


def train(made, columns, scorecard, asked=None, rows=None):
    settings = TrainSettings(made.cut_off, replicates=100)
    rows = made.rows if rows is None else rows
    return fit(rows, columns, scorecard, LABEL, settings, feature_set_version="f_1", asked=asked)


@pytest.fixture(scope="module")
def asked(made, policy):
    first = (
        made.rows.unique("lead_id", keep="first", maintain_order=True)
        .tail(1500)
        .with_columns(("B" + pl.col("lead_id")).alias("lead_id"))
    )
    labelled = label_rows(first, horizon=LABEL.horizon, ingest_lag=timedelta(days=1), cut_off=made.cut_off)
    return Asked(policy=policy, blocked=labelled.rows, leads_per_week=20, audit=("audit_group",))


@pytest.fixture(scope="module")
def trained(made, columns, scorecard, asked):
    return train(made, columns, scorecard, asked)


def test_e1_the_report_says_of_whom_when_and_under_which_label(trained):
    document = trained.as_json()
    rows = document["evaluation"]["rows"]
    test = document["blocks"][-1]
    assert (rows["rows"], rows["leads"], rows["first"], rows["last"]) == (
        test["rows"], test["leads"], test["first"], test["last"],
    )  # fmt: skip
    assert rows["base_rate"] == pytest.approx(rows["positives"] / rows["rows"])
    assert rows["base_rate"] == pytest.approx(document["metrics"]["base_rate"]["value"])
    assert {"cut_off", "ingest_lag_days", "horizon_days"} <= set(document)
    assert document["label_version"] == "l_1"


def test_every_figure_of_the_section_is_json_with_a_value_or_a_reason(trained):
    def walk(node):
        if isinstance(node, dict):
            if "value" in node and "low" in node:
                assert node["value"] is not None or node["reason"], node
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    section = trained.as_json()["evaluation"]
    walk(json.loads(json.dumps(section, allow_nan=False)))
    assert set(section) == {
        "rows", "deciles", "capacity", "thresholds", "tiers", "segments", "fairness", "proxies", "flagged_inputs",
        "pipeline_value", "hand_off", "against_rules",
    }  # fmt: skip


def test_e7_tiers_are_those_that_scoring_gives_and_blocked_leads_are_disqualified(
    trained, made, columns, policy, asked
):
    from leadmart.scoring.assess import score_rows

    blocks = trained.blocks
    found = {t["tier"]: t for t in trained.as_json()["evaluation"]["tiers"]["tiers"]}
    shown = score_rows(made.rows, columns, policy, trained.model, feature_set_version="f_1", reasons_for="none").rows
    labelled = label_rows(made.rows, horizon=LABEL.horizon, ingest_lag=timedelta(days=1), cut_off=made.cut_off).rows
    shown = shown.join(labelled.select("lead_id", "as_of"), on=["lead_id", "as_of"], how="semi")
    learned = made.rows.filter(pl.col("as_of") <= blocks[2].last)["lead_id"].unique()
    test = shown.filter(
        pl.col("as_of").is_between(blocks[3].first, blocks[3].last) & ~pl.col("lead_id").is_in(learned.implode())
    )
    assert sum(found[name]["rows"] for name in ("hot", "warm", "cold")) == blocks[3].rows
    counted = dict(test.group_by("tier").len().iter_rows())
    assert {name: found[name]["rows"] for name in counted} == counted
    inside = asked.blocked.filter(pl.col("as_of").is_between(blocks[3].first, blocks[3].last))
    assert found["disqualified"]["rows"] == inside.height > 0
    assert found["disqualified"]["positives"] == inside["y"].sum()


def test_e11_the_model_is_compared_with_the_rules_on_the_same_rows(trained):
    against = trained.as_json()["evaluation"]["against_rules"]
    metrics = trained.as_json()["metrics"]
    assert against["roc_auc"]["a"] == pytest.approx(metrics["roc_auc"]["value"], abs=1e-9)
    assert against["roc_auc"]["b"] == pytest.approx(metrics["rules_roc_auc"]["value"], abs=1e-9)
    assert against["log_loss"]["difference"] < 0
    assert against["log_loss"]["better"] > 0.9


def test_f1_the_audit_column_is_in_the_report_and_not_in_the_model(trained):
    section = trained.as_json()["evaluation"]
    assert "audit_group" not in {column.name for column in trained.model.columns}
    assert {g["group"] for g in section["fairness"]} == {"a", "b"}
    fair = next(g for g in section["fairness"] if g["group"] == "b")
    assert fair["ratio"]["low"] < 1 < fair["ratio"]["high"]
    assert all(p["is_proxied"] is False for p in section["proxies"])


@pytest.mark.slow
def test_the_order_of_rows_changes_no_figure_of_the_section(trained, made, columns, scorecard, asked):
    mixed = made.rows.sample(fraction=1.0, shuffle=True, seed=7)
    stirred = replace(asked, blocked=asked.blocked.sample(fraction=1.0, shuffle=True, seed=8))
    found = train(made, columns, scorecard, stirred, rows=mixed)
    assert json.dumps(found.as_json()["evaluation"]) == json.dumps(trained.as_json()["evaluation"])


def test_the_rules_alone_have_tables_without_probabilities(world, gated, columns, scorecard, policy):
    small = world(leads=500)
    found = train(replace(small, rows=gated(small.rows)), columns, scorecard, Asked(policy=policy))
    section = json.loads(json.dumps(found.as_json()["evaluation"], allow_nan=False))
    assert found.model is None
    assert section["against_rules"] == {"reason": "the rules alone score"}
    assert section["pipeline_value"]["expected"] is None
    assert {row["mean_p"] for row in section["deciles"]["rows"]} == {None}
    assert {t["order"] for t in section["capacity"]["curve"]} == {"composite", "rules"}
    assert evaluation_text(section)


def test_e6_a_segment_that_no_view_has_is_refused_with_near_names(world, columns, scorecard):
    with pytest.raises(LeadmartError) as refused:
        train(world(leads=500), columns, scorecard, Asked(segments=("senority",)))
    assert refused.value.code == "unknown_column"
    assert "seniority" in refused.value.hint


def test_e4_the_hash_that_breaks_ties_is_of_the_lead_and_the_same_everywhere():
    found = hashes_of(pl.Series(["b", "a", "b"]))
    assert found.tolist() == [17490928264558937, 57024525917363133, 17490928264558937]
