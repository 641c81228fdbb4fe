"""Training end to end on worlds with a known truth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.scorecard import Scorecard

LABEL = Label("opportunity", "l_1", timedelta(days=90))


@pytest.fixture(scope="module")
def big(world):
    return world(leads=4000)


@pytest.fixture(scope="module")
def trained(big, columns, scorecard):
    return train(big, columns, scorecard, true_probability="p_true")


def train(made, columns, scorecard, rows=None, true_probability=None, **settings):
    chosen = replace(TrainSettings(made.cut_off, replicates=50), **settings)
    rows = made.rows if rows is None else rows
    return fit(rows, columns, scorecard, LABEL, chosen, feature_set_version="f_1", true_probability=true_probability)


def test_a_model_ranks_near_the_best_reachable_and_above_the_rules(trained):
    auc = {name: trained.metrics[name].value for name in ("roc_auc", "rules_roc_auc", "reachable_roc_auc")}
    assert trained.tier == "ml"
    assert auc["rules_roc_auc"] < auc["roc_auc"] < auc["reachable_roc_auc"] + 0.005
    assert auc["reachable_roc_auc"] - auc["roc_auc"] < 0.03
    assert trained.metrics["roc_auc"].low < auc["roc_auc"] < trained.metrics["roc_auc"].high


def test_g1_the_smaller_outcome_decides_the_tier(world, columns, scorecard):
    small, middle = world(leads=400), world(leads=1500)
    rules, hybrid = train(small, columns, scorecard), train(middle, columns, scorecard)
    assert (rules.tier, rules.model) == ("rules", None)
    missing = 100 - rules.positive_leads
    assert missing > 0
    assert any(f"{missing} more positive leads" in note for note in rules.notes)
    assert hybrid.tier == "hybrid"
    assert hybrid.model.weight == pytest.approx((hybrid.positive_leads - 100) / 400)


def test_e2_rules_alone_have_no_figure_that_needs_a_probability(world, columns, scorecard):
    found = train(world(leads=400), columns, scorecard, true_probability="p_true")
    assert set(found.metrics) == {"base_rate", "rules_roc_auc", "reachable_roc_auc"}


@pytest.mark.parametrize("positives", [0, 1, 20])
def test_few_positives_end_in_the_rules_and_say_what_is_missing(world, columns, scorecard, positives):
    made = world(leads=900)
    chosen = made.rows.filter(pl.col("outcome_at").is_not_null())["lead_id"].unique(maintain_order=True).head(positives)
    known = pl.when(pl.col("lead_id").is_in(chosen.implode())).then(pl.col("outcome_at")).alias("outcome_at")
    found = train(made, columns, scorecard, rows=made.rows.with_columns(known))
    assert (found.tier, found.model) == ("rules", None)
    assert found.positive_leads <= positives
    assert any("more positive leads" in note for note in found.notes)
    json.dumps(found.as_json(), allow_nan=False)


def test_a_history_that_is_too_short_ends_in_the_rules(world, columns, scorecard):
    for days in (40, 120):
        found = train(world(leads=500, days=days), columns, scorecard)
        assert (found.tier, found.model) == ("rules", None)
        json.dumps(found.as_json(), allow_nan=False)


def crooked(rows: pl.DataFrame) -> pl.DataFrame:
    """The world with its chance in one column, in sixteen steps under shuffled numbers: no line fits them, and trees
    learn them.
    """
    step = ((pl.col("p_true").rank("dense") - 1) * 16 / pl.col("p_true").n_unique()).cast(pl.Int64)
    return rows.with_columns((step * 7 % 16).alias("sessions_30d"))


CROOKED = ("sessions_30d", "lead_age_days")


@pytest.mark.slow
def test_t5_early_stopping_is_said_and_fixed_rounds_too(big, world, columns, scorecard):
    """T5: stopping on a later block of its own from 200 positive leads on; below, fixed rounds."""
    columns = [column for column in columns if column.name in CROOKED]
    many = train(big, columns, scorecard, rows=crooked(big.rows))
    assert any("stopped by the validation block" in note for note in many.notes)
    assert many.model.rounds == dict(many.model.params)["num_iterations"] != 120
    made = world(leads=1300)
    few = train(made, columns, scorecard, rows=crooked(made.rows))
    assert few.tier == "hybrid"
    assert few.model.rounds == 100
    assert any("no early stopping" in note and "fewer than 200" in note for note in few.notes)


def test_t7_a_line_is_chosen_where_the_truth_is_one_and_trees_where_it_is_not(big, trained, columns, scorecard):
    """T7: the candidates stand in the document and in the stored report, one of them chosen."""
    chosen = [row["name"] for row in trained.as_json()["candidates"] if row["chosen"]]
    assert chosen == ["logistic"]
    assert trained.model.rounds == 0
    assert json.loads(trained.model.training)["candidates"] == trained.as_json()["candidates"]
    bent = train(big, [c for c in columns if c.name in CROOKED], scorecard, rows=crooked(big.rows))
    assert [row["name"] for row in bent.candidates if row["chosen"]] == ["lightgbm"]


def test_t7_where_no_column_tells_anything_the_rules_are_kept(big, columns, scorecard):
    """T7, G1: hundreds of outcomes and nothing to learn from; no figure needs a probability then."""
    strangers = big.rows["lead_id"].unique().sort()
    shuffled = strangers.sample(fraction=1.0, shuffle=True, seed=8)
    names = [column.name for column in columns if column.name != "lead_age_days"]
    features = big.rows.select("lead_id", *names).unique("lead_id").with_columns(
        pl.col("lead_id").replace_strict(strangers.to_list(), shuffled.to_list())
    )  # fmt: skip
    rows = big.rows.drop(names).join(features, on="lead_id").select(big.rows.columns)
    found = train(big, columns, scorecard, rows=rows)
    assert (found.tier, found.model) == ("rules", None)
    assert found.positive_leads >= 500
    assert any("the rules are kept: log-loss" in note for note in found.notes)
    assert [row["name"] for row in found.candidates if row["chosen"]] == ["rules"]
    assert set(found.metrics) == {"base_rate", "rules_roc_auc"}


def test_g4_a_direction_that_costs_too_much_is_dropped_and_said(big, columns, scorecard):
    """G4: accepted where it is true and free; dropped where the data says the opposite."""
    true = train(big, columns, scorecard, monotone={"pricing_views_30d": "up", "sessions_30d": "up"})
    assert any("cost" in note and "they are held" in note for note in true.notes)
    false = train(big, columns, scorecard, monotone={"pricing_views_30d": "down"})
    assert any("logistic" in note and "they are dropped" in note for note in false.notes)
    with pytest.raises(LeadmartError, match=r"\[train.monotone\] names pricing_view,"):
        train(big, columns, scorecard, monotone={"pricing_view": "up"})


def test_l2_a_lead_whose_window_is_open_changes_no_figure_and_no_byte(big, trained, columns, scorecard):
    fresh = big.rows.head(300).with_columns(
        ("N" + pl.col("lead_id")).alias("lead_id"),
        pl.lit(big.cut_off - timedelta(days=90)).alias("as_of"),  # one day of lag too young
        pl.lit(big.cut_off - timedelta(days=80)).alias("outcome_at"),
    )
    fresh = fresh.unique("lead_id", keep="first", maintain_order=True)
    found = train(big, columns, scorecard, rows=pl.concat([big.rows, fresh]), true_probability="p_true")
    assert found.model == replace(trained.model, training=found.model.training)
    assert found.metrics == trained.metrics
    assert {e.code: e.rows for e in found.excluded}["immature"] == (
        {e.code: e.rows for e in trained.excluded}["immature"] + fresh.height
    )


@pytest.mark.slow
def test_p3_order_of_rows_and_threads_change_no_byte_of_the_result(big, trained, columns, scorecard):
    shuffled = big.rows.sample(fraction=1.0, shuffle=True, seed=4)
    found = train(big, columns, scorecard, rows=shuffled, true_probability="p_true", threads=2)
    assert found.model.to_text() == trained.model.to_text()
    assert found.as_json() == trained.as_json()


def test_the_document_says_of_whom_and_when_it_speaks(trained):
    """E1: rows, positives, base rate, period, the maturity cut and the label's version stand beside the figures."""
    document = trained.as_json()
    blocks = {block["name"]: block for block in document["blocks"]}
    assert document["rows"] == sum(block["rows"] for name, block in blocks.items() if name != "test")
    assert 0 < document["positives"] < document["rows"]
    test = blocks["test"]
    assert test["positive_leads"] / test["leads"] == pytest.approx(document["metrics"]["base_rate"]["value"], abs=0.03)
    assert test["first"] < test["last"]
    assert document["label_version"] == LABEL.version
    closes = datetime.fromisoformat(test["last"]) + LABEL.horizon + timedelta(days=document["ingest_lag_days"])
    assert closes <= datetime.fromisoformat(document["cut_off"])


def test_the_document_holds_the_fields_of_the_command_line(trained):
    document = trained.as_json()
    assert {"model_version", "tier", "feature_set_version", "label", "rows", "positives", "metrics", "suspects"} <= set(
        document
    )
    assert set(document["metrics"]["roc_auc"]) == {"value", "low", "high"}
    assert [block["name"] for block in document["blocks"]] == ["train", "validation", "calibration", "test"]
    json.dumps(document, allow_nan=False)
    assert json.loads(trained.model.metrics) == document["metrics"]


def test_without_a_scorecard_the_rules_have_no_figure(big, columns):
    found = train(big, columns, Scorecard(()))
    assert "rules_roc_auc" not in found.metrics
