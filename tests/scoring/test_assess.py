"""Score rows: the contract's columns, exact parts, the same bytes, reasons where they are read."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.assess import SCORE_COLUMNS, score_rows
from leadmart.scoring.composite import COMPOSITE_SQL
from leadmart.scoring.data_grade import data_grade
from leadmart.scoring.input_hash import input_hashes
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.models.model import Model, contributions, raw_margin
from leadmart.scoring.policy import Boost
from leadmart.scoring.reasons import REASON_COLUMNS

FEATURES = "f_1"


@pytest.fixture(scope="module")
def made(world):
    return world(leads=2500, base=-1.8)


@pytest.fixture(scope="module")
def model(made, columns, scorecard) -> Model:
    label = Label("opportunity", "l_1", timedelta(days=90))
    settings = TrainSettings(made.cut_off, replicates=20)
    found = fit(made.rows, columns, scorecard, label, settings, feature_set_version=FEATURES).model
    assert found is not None
    return found


@pytest.fixture(scope="module")
def frame(made, gated) -> pl.DataFrame:
    last = made.rows.filter(pl.col("as_of") == made.rows["as_of"].max()).drop("outcome_at", "created_at", "p_true")
    draw = np.random.default_rng(1)
    more = made.rows.sort("as_of").tail(400).drop("outcome_at", "created_at", "p_true")
    rows = pl.concat([last, more]).unique(["lead_id", "as_of"], maintain_order=True)
    fired = {name: (draw.random(rows.height) < 0.1).tolist() for name in ("is_student", "is_free_mail", "was_rejected")}
    return gated(rows, **fired)


def score(frame, columns, policy, model, **more):
    return score_rows(frame, columns, policy, model, feature_set_version=FEATURES, **more)


@pytest.mark.parametrize("with_model", [True, False], ids=["model", "rules"])
def test_g7_every_row_recomputes_from_its_stored_parts(frame, columns, policy, model, with_model):
    rows = score(frame, columns, policy, model if with_model else None).rows
    assert rows.columns == list(SCORE_COLUMNS)
    connection = duckdb.connect()
    connection.register("scores", rows.to_arrow())
    bad = f"SELECT COUNT(*) FROM scores WHERE composite <> {COMPOSITE_SQL}"
    assert connection.sql(bad).fetchall() == [(0,)]
    blocked = rows.filter(pl.col("gates").list.contains("is_student"))
    assert blocked.height > 0
    assert set(blocked["tier"]) == {"disqualified"}
    assert blocked["composite"].max() <= 20.0
    assert set(blocked["cap_reason"]) == {"student address"}


def test_68_without_a_model_the_rules_score_alone(frame, columns, policy):
    rows = score(frame, columns, policy, None).rows
    assert set(rows["model_version"]) == {"rules"}
    assert set(rows["w"]) == {0.0}
    assert rows.select("p_raw", "p_cal", "rank").null_count().row(0) == (rows.height,) * 3
    assert rows.schema["rank"] == pl.Float64


def test_a_boost_that_reads_a_text_is_refused_by_name(frame, columns, policy, model):
    text = next(name for name, dtype in frame.schema.items() if dtype == pl.String and name != "lead_id")
    with pytest.raises(LeadmartError, match=f"{text}, which is String and no age in days") as caught:
        score(frame, columns, replace(policy, boost=Boost(text)), model)
    assert caught.value.code == "unfit_column"


def test_g7_the_boost_touches_no_probability(frame, columns, policy, model):
    with_boost = score(frame, columns, policy, model).rows
    without = score(frame, columns, replace(policy, boost=None), model).rows
    same = ["lead_id", "p_raw", "p_cal", "rank", "w", "rules_score"]
    assert with_boost.select(same).equals(without.select(same))
    assert (with_boost["boost"] > 0).any()
    assert set(without["boost"]) == {0.0}


def test_the_policy_s_ceiling_bounds_the_model_s_weight(frame, columns, policy, model):
    assert set(score(frame, columns, replace(policy, max_weight=0.3), model).rows["w"]) == {min(0.3, model.weight)}


def test_p2_order_of_rows_changes_nothing_and_a_few_leads_score_as_all(frame, columns, policy, model):
    everyone = score(frame, columns, policy, model).rows
    assert everyone.equals(score(frame.reverse(), columns, policy, model).rows)
    assert everyone["lead_id"].is_sorted()
    some = frame.sample(15, seed=2)
    few = score(some, columns, policy, model).rows
    assert few.equals(everyone.join(some.select("lead_id", "as_of"), on=["lead_id", "as_of"], how="semi"))


def test_p2_input_hash_sees_every_input_and_nothing_else(frame, columns):
    names, gates = [c.name for c in columns], ["is_student", "is_free_mail"]
    plain = input_hashes(frame, names, gates)
    assert plain.n_unique() == frame.height
    assert input_hashes(frame.with_columns(pl.lit(1).alias("other")), names, gates).equals(plain)
    for change in (pl.col("sessions_30d") + 1, ~pl.col("is_student"), pl.col("as_of") + pl.duration(microseconds=1)):
        assert (input_hashes(frame.with_columns(change), names, gates) != plain).all()
    as_words = pl.DataFrame({"lead_id": ["a", "a"], "as_of": [None, None], "x": ["null", None]})
    assert input_hashes(as_words, ["x"], []).n_unique() == 2


def test_p2_another_process_gives_the_same_input_hash(frame, tmp_path):
    frame.head(20).write_parquet(tmp_path / "rows.parquet")
    script = (
        "import sys, polars as pl\nfrom leadmart.scoring.input_hash import input_hashes\n"
        "print(*input_hashes(pl.read_parquet(sys.argv[1]), ['sessions_30d', 'seniority'], ['is_student']))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "rows.parquet")]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert shown == input_hashes(frame.head(20), ["sessions_30d", "seniority"], ["is_student"]).to_list()


def test_x6_reasons_are_made_for_notable_rows_and_for_all_when_asked(frame, columns, policy, model):
    rows = score(frame, columns, policy, model).rows
    is_notable = pl.col("tier").is_in(["hot", "warm", "disqualified"]) | (pl.col("gates").list.len() > 0)
    assert rows.filter(is_notable)["reasons"].null_count() == 0
    rest = rows.filter(~is_notable)
    assert rest.height > 0
    for name in REASON_COLUMNS:
        assert rest[name].null_count() == rest.height
        assert rows.filter(is_notable)[name].null_count() == 0
    everyone = score(frame, columns, policy, model, reasons_for="all").rows
    assert everyone["reasons"].null_count() == 0
    assert everyone["reasons"].list.len().max() <= 3
    assert everyone.filter(is_notable).select("reasons").equals(rows.filter(is_notable).select("reasons"))


def test_75_the_data_grade_is_of_the_row_alone(frame, columns, policy, model):
    """#75: nine features; each that is missing counts, no model is a grade, a history that does not reach another."""
    with_history = (*columns, FeatureColumn("has_web_events", "web_engagement@v1", "BOOLEAN", is_history=True))
    first = frame.head(1).with_columns(pl.lit(4).alias("employees"), pl.lit(2).alias("days_since_last_visit"))
    names = [c.name for c in columns]

    def grades(missing: int, *, reaches: bool | None = True, has_model: bool = True) -> str:
        row = first.with_columns(pl.lit(None).alias(name) for name in names[:missing])
        row = row.with_columns(pl.lit(reaches, dtype=pl.Boolean).alias("has_web_events"))
        return row.select(data_grade(with_history, has_model=has_model)).item()

    assert [grades(n) for n in range(6)] == ["A", "B", "C", "D", "D", "D"]
    assert [grades(n, has_model=False) for n in range(4)] == ["B", "C", "D", "D"]
    assert (grades(0, reaches=False), grades(0, reaches=False, has_model=False)) == ("B", "C")
    assert grades(0, reaches=None) == "A"  # a lead without an account has no row of the account's history
    # a source that the project does without makes nobody less known
    without = [replace(c, is_done_without=c.name in (*names[:3], "has_web_events")) for c in with_history]
    row = first.with_columns(pl.lit(None).alias(name) for name in names[:3])
    row = row.with_columns(pl.lit(False).alias("has_web_events"))
    assert row.select(data_grade(without, has_model=True)).item() == "A"
    together = score(frame, columns, policy, model).rows
    alone = pl.concat([score(row, columns, policy, model).rows for row in frame.head(20).iter_slices(1)])
    pair = alone.select("lead_id", "as_of", "data_grade").join(
        together.select("lead_id", "as_of", "data_grade"), on=["lead_id", "as_of"], suffix="_together"
    )
    assert pair["data_grade"].equals(pair["data_grade_together"].alias("data_grade"))
    assert pair.height == 20


def test_x4_a_blocked_lead_shows_its_gate_first(frame, columns, policy, model):
    rows = score(frame, columns, policy, model).rows.filter(pl.col("gates").list.contains("is_student"))
    assert set(rows["reasons"].list.first()) == {"student address"}
    assert set(rows["reason_codes"].list.first()) == {"is_student"}


def test_x1_contributions_and_bias_add_up_to_the_raw_margin(frame, model):
    parts, bias = contributions(model, frame)
    assert np.abs(parts.sum(axis=1) + bias - raw_margin(model, frame)).max() < 1e-6


def test_reasons_explain_what_the_composite_is_made_of(frame, columns, policy, model):
    by_points = score(frame, columns, policy, None, reasons_for="all").rows
    mostly_points = score(frame, columns, replace(policy, max_weight=0.3), model, reasons_for="all").rows
    assert mostly_points["reasons"].equals(by_points["reasons"])
    assert not score(frame, columns, policy, model, reasons_for="all").rows["reasons"].equals(by_points["reasons"])


def test_x3_every_reason_of_a_model_holds_the_lead_s_own_value(frame, columns, policy, model):
    rows = score(frame, columns, replace(policy, boost=None, gates=()), model, reasons_for="all").rows
    both = rows.select("lead_id", "as_of", "reason_codes", "reasons").join(frame, on=["lead_id", "as_of"], how="left")
    by_code = {template.code: template for template in policy.templates.rows}
    said = 0
    for row in both.iter_rows(named=True):
        for code, words in zip(row["reason_codes"], row["reasons"], strict=True):
            template = by_code[code]
            value = row[template.column]
            expected = template.missing_template if value is None else template.template.replace("{value}", str(value))
            assert words == expected
            said += 1
    assert said > 500


def test_rows_that_cannot_be_scored_are_refused(frame, columns, policy):
    with pytest.raises(LeadmartError, match="repeat a"):
        score(pl.concat([frame, frame.head(1)]), columns, policy, None)
    with pytest.raises(LeadmartError, match="lack sessions_30d"):
        score(frame.drop("sessions_30d"), columns, policy, None)
    with pytest.raises(LeadmartError, match="rank is a column of the score rows"):
        score(frame.rename({"employees": "rank"}), [replace(columns[1], name="rank")], policy, None)
    with pytest.raises(LeadmartError, match="is_student is NULL"):
        score(frame.with_columns(pl.lit(None, dtype=pl.Boolean).alias("is_student")), columns, policy, None)


def test_no_rows_give_no_score_rows_of_the_same_types(frame, columns, policy, model):
    empty = score(frame.clear(), columns, policy, model).rows
    assert empty.height == 0
    assert empty.schema == score(frame, columns, policy, model).rows.schema


def test_scoring_without_a_model_does_not_import_lightgbm():
    script = (
        "import sys\nfrom leadmart.scoring import assess, composite, gates, policy, reasons, scorecard\n"
        "sys.exit('lightgbm' in sys.modules or 'sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
