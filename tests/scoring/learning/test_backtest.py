"""T6, T7, K8 and G1: origins that roll, candidates on identical rows, and the choice among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.evaluation.figures import roc_auc
from leadmart.scoring.evaluation.within import auc_within, months
from leadmart.scoring.learning import backtest as module
from leadmart.scoring.learning.backtest import Backtest, FoldFigures, Folds, Trial, backtest, rolling_folds
from leadmart.scoring.learning.candidates import candidates, refuse_unfit_directions
from leadmart.scoring.learning.choice import candidates_text, choose
from leadmart.scoring.learning.dataset import SplitSettings, label_rows, outcome_leads, split

HORIZON, LAG = timedelta(days=90), timedelta(days=1)
WAIT = HORIZON + LAG


def parts_of(made):
    return split(label_rows(made.rows, horizon=HORIZON, ingest_lag=LAG, cut_off=made.cut_off), SplitSettings())


@pytest.fixture(scope="module")
def parts(world):
    return parts_of(world(leads=2500))


@pytest.fixture(scope="module")
def folds(parts):
    return rolling_folds(parts.reference, WAIT, 1)


def test_t6_three_origins_each_with_its_embargo_and_leads_of_their_own(parts, folds):
    """T6: three folds before the test block; labels complete at the origin; no lead on both sides."""
    assert len(folds.folds) == 3
    assert folds.notes == ()
    first_test = parts.test["as_of"].min()
    for fold in folds.folds:
        assert fold.learned["as_of"].max() + WAIT <= fold.first <= fold.judged["as_of"].min()
        assert set(fold.learned["lead_id"]).isdisjoint(fold.judged["lead_id"])
        assert fold.judged["as_of"].max() + WAIT <= first_test
        assert min(outcome_leads(fold.judged)) >= module.LEAST_JUDGED
    for before, after in zip(folds.folds, folds.folds[1:], strict=False):
        assert before.last < after.first
        assert before.learned.height < after.learned.height


def test_t6_a_history_too_short_gives_fewer_origins_and_says_so(world, parts):
    """T6: never a fold that says nothing."""
    none = rolling_folds(parts_of(world(leads=800, days=280)).reference, WAIT, 1)
    assert none.folds == ()
    (note,) = none.notes
    assert "no backtest" in note
    assert "embargo of 91" in note
    few = parts.reference.filter(pl.col("lead_id").str.slice(1).cast(pl.Int64) % 6 == 0)
    some = rolling_folds(few, WAIT, 1)
    assert 0 <= len(some.folds) < 3
    assert any("could be used" in note and "30 leads of an outcome" in note for note in some.notes)


def test_t6_of_many_rows_whole_leads_are_drawn_the_same_for_any_order(parts, folds, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 1500)
    drawn = rolling_folds(parts.reference, WAIT, 1)
    assert any("at most 1,500 landmarks of whole leads" in note for note in drawn.notes)
    for whole, part in zip(folds.folds, drawn.folds, strict=True):
        assert 1200 < part.learned.height <= 1500
        chosen = part.learned["lead_id"].unique().implode()
        assert part.learned.equals(whole.learned.filter(pl.col("lead_id").is_in(chosen)))
        assert part.judged.equals(whole.judged)
    shuffled = rolling_folds(parts.reference.sample(fraction=1.0, shuffle=True, seed=2), WAIT, 1)
    assert all(a.learned.equals(b.learned) for a, b in zip(shuffled.folds, drawn.folds, strict=True))


def test_k8_what_a_candidate_knows_comes_from_the_rows_it_learned_from(folds, columns, scorecard):
    """K8: levels, medians and the single best column; other judged rows, and every judged outcome, change nothing."""
    fold = folds.folds[0]
    others = fold.judged.with_row_index("n").with_columns(
        pl.when(pl.col("n") < 20).then(pl.col("seniority")).otherwise(pl.lit("new")).alias("seniority"),
        pl.when(pl.col("n") < 20).then(pl.col("employees")).otherwise(0).alias("employees"),
        (1 - pl.col("y")).alias("y"),
    )
    for candidate in candidates(columns, scorecard, tier="hybrid", seed=1, threads=1, monotone={}):
        predict = candidate.fit(fold.learned)
        assert (predict(fold.judged)[:20] == predict(others.drop("n"))[:20]).all(), candidate.name


def test_t7_every_report_has_the_baselines_and_each_fold(folds, columns, scorecard):
    """T6, T7: constant, rules and single best column stand beside the models, fold by fold, with means and worst."""
    made = candidates(columns, scorecard, tier="hybrid", seed=1, threads=1, monotone={})
    choice = choose(backtest(folds, made), "hybrid", {})
    rows = {row["name"]: row for row in choice.document}
    assert list(rows) == ["constant", "rules", "single", "logistic", "lightgbm"]
    assert [name for name in rows if rows[name]["chosen"]] == [choice.name] != [None]
    for row in choice.document:
        assert len(row["folds"]) == 3
        losses = [fold["log_loss"] for fold in row["folds"]]
        assert row["mean"]["log_loss"] == pytest.approx(np.mean(losses))
        assert row["least"]["log_loss"] == max(losses)
        assert {"rows", "positives", "roc_auc", "roc_auc_within", "first", "last"} <= set(row["folds"][0])
    assert rows["constant"]["mean"]["roc_auc"] == 0.5
    text = "\n".join(candidates_text({"candidates": choice.document}))
    assert all(name in text for name in rows)
    assert text.count("chosen") == 1
    assert candidates_text({"candidates": []}) == []


def test_t6_within_a_month_a_base_rate_that_moved_helps_nobody():
    """T6: a score that only tells the month ranks over all months together, and not within any."""
    draw = np.random.default_rng(3)
    month = np.repeat(np.arange(6), 400)
    y = (draw.random(2400) < 0.05 + 0.1 * month).astype(np.int8)
    score = month.astype(np.float64)
    pooled = roc_auc(y, score)
    assert pooled is not None
    assert pooled > 0.65
    assert auc_within(month, y, score) == 0.5
    assert auc_within(month[:3], np.zeros(3, np.int8), score[:3]) is None
    days = pl.DataFrame({"as_of": [datetime(2025, 1, 1), datetime(2025, 1, 31, 23), datetime(2025, 2, 1)]})
    assert len(set(months(days)[:2])) == 1 < len(set(months(days)))


def made_up(losses: dict[str, list[float]], leads_a_fold: int = 50, positive_leads: int = 50) -> Backtest:
    """A backtest of candidates with these mean losses by fold; the losses of leads scatter alike for all."""
    draw = np.random.default_rng(1)
    count = len(next(iter(losses.values())))
    fold = np.repeat(np.arange(count), leads_a_fold)
    common = np.tile(draw.permutation(np.linspace(-0.1, 0.1, leads_a_fold)), count)
    when = datetime(2025, 1, 1)
    trials = {}
    for name, means in losses.items():
        rows = np.array(means)[fold] + common
        figures = tuple(FoldFigures(when, when, leads_a_fold, 9, float(rows[fold == k].mean()), 0.7, 0.7)
                        for k in range(count))  # fmt: skip
        trials[name] = Trial(name, name, figures, rows, {})
    return Backtest(trials, fold, np.arange(len(fold)), positive_leads)


def test_t7_the_simplest_within_one_standard_error_of_the_best_is_chosen():
    """T7: paired differences; folds that differ among themselves widen the error, equal ones do not."""
    constant = [0.50, 0.50, 0.50]
    found = made_up(
        {"constant": constant, "single": [0.47] * 3, "logistic": [0.41, 0.43, 0.42], "lightgbm": [0.40] * 3}
    )
    assert choose(found, "ml", {}).name == "lightgbm"
    found = made_up(
        {"constant": constant, "single": [0.47] * 3, "logistic": [0.38, 0.44, 0.40], "lightgbm": [0.40] * 3}
    )
    chosen = choose(found, "ml", {})
    assert chosen.name == "logistic"
    assert "within one, so the simpler" in chosen.why
    assert found.difference("logistic", "lightgbm") == (
        pytest.approx(0.02 / 3), pytest.approx(np.std([-0.02, 0.04, 0.0], ddof=1) / np.sqrt(3))
    )  # fmt: skip


def test_t7_a_model_that_does_not_clearly_beat_the_constant_is_not_kept():
    """T7: then the rules are kept, and the sentence holds the figures; 1.645 errors are wanted, one in twenty."""
    by_fold = np.array([-0.02, 0.0, 0.02]) / np.std([-0.02, 0.0, 0.02], ddof=1) * np.sqrt(3) * 0.01  # an error of .01
    for gain, kept in ((0.016, None), (0.017, "logistic")):
        near = made_up({"constant": [0.5] * 3, "logistic": list(0.5 - gain + by_fold)})
        assert choose(near, "ml", {}).name == kept
    found = made_up({"constant": [0.50, 0.50, 0.50], "rules": [0.5] * 3, "logistic": [0.49, 0.51, 0.49]})
    chosen = choose(found, "ml", {})
    assert chosen.name is None
    assert "the rules are kept: log-loss 0.49" in chosen.why
    assert [row["name"] for row in chosen.document if row["chosen"]] == ["rules"]


def test_t7_rules_that_are_better_by_more_than_one_error_are_kept():
    found = made_up({"constant": [0.50] * 3, "rules": [0.40] * 3, "logistic": [0.44, 0.45, 0.44]})
    assert choose(found, "hybrid", {}).name is None
    close = made_up({"constant": [0.50] * 3, "rules": [0.40] * 3, "logistic": [0.40, 0.43, 0.39]})
    assert choose(close, "hybrid", {}).name == "logistic"


def test_g1_of_too_few_judged_leads_the_number_decides_unless_they_speak_against_it():
    """G1: 49 judged leads with the outcome choose nothing; a model clearly worse than the constant is not kept."""
    losses = {"constant": [0.5] * 3, "single": [0.3] * 3, "logistic": [0.49] * 3, "lightgbm": [0.4] * 3}
    chosen = choose(made_up(losses, positive_leads=49), "hybrid", {})
    assert chosen.name == "logistic"
    assert "49 leads with the outcome, fewer than 50" in chosen.why
    assert choose(made_up(losses, positive_leads=50), "hybrid", {}).name == "single"
    worse = made_up({**losses, "logistic": [0.6] * 3}, positive_leads=49)
    assert choose(worse, "hybrid", {}).name is None


def test_the_error_is_that_of_leads_not_of_rows():
    """T3: ten rows of one lead with one difference count as one."""
    draw = np.random.default_rng(2)
    lead = np.repeat(np.arange(60), 10)
    apart = np.repeat(draw.normal(0.01, 0.1, 60), 10)
    figures = (FoldFigures(datetime(2025, 1, 1), datetime(2025, 1, 1), 600, 9, 0.0, None, None),)
    trials = {name: Trial(name, "", figures, losses, {}) for name, losses in (("a", apart), ("b", np.zeros(600)))}
    mean, error = Backtest(trials, np.zeros(600, np.int64), lead).difference("a", "b")
    assert mean == pytest.approx(apart.mean())
    assert error == pytest.approx(np.std(apart[::10]) / np.sqrt(60))


@pytest.mark.parametrize(("tier", "name"), [("hybrid", "logistic"), ("ml", "lightgbm")])
def test_g1_without_a_fold_the_number_of_leads_decides(tier, name):
    """G1: a logistic regression below 500 leads of an outcome, trees from there on; and it is said."""
    chosen = choose(backtest(Folds((), ("no backtest: too short",)), ()), tier, {"x": "up"})
    assert (chosen.name, chosen.document, chosen.monotone) == (name, (), {"x": "up"})
    assert any("could not be measured" in note for note in chosen.notes)


def test_g4_directions_are_held_where_they_cost_less_than_half_a_point_of_auc():
    """G4: by model; one that pays more is fitted without them, and both are said."""
    found = made_up({"constant": [0.5] * 3, **{n: [0.4] * 3 for n in ("logistic", "logistic_free")},
                     **{n: [0.3] * 3 for n in ("lightgbm", "lightgbm_free")}})  # fmt: skip

    def with_auc(name: str, auc: float) -> Trial:
        return replace(found.trials[name], folds=tuple(replace(fold, roc_auc=auc) for fold in found.trials[name].folds))

    for cost, kept in ((0.0049, {"x": "up"}), (0.0051, {})):
        trials = {**found.trials, "lightgbm": with_auc("lightgbm", 0.7 - cost)}
        chosen = choose(replace(found, trials=trials), "ml", {"x": "up"})
        assert (chosen.name, chosen.monotone) == ("lightgbm", kept)
        assert any(f"lightgbm: the declared directions of x cost {cost:.4f}" in note for note in chosen.notes)
        assert not any(row["name"].endswith("_free") for row in chosen.document)


def test_g4_directions_of_unknown_columns_and_of_texts_are_refused_together(world, columns):
    rows = world(leads=20).rows
    with pytest.raises(LeadmartError) as caught:
        refuse_unfit_directions({"sessions_30": "up", "seniority": "down", "employees": "up"}, columns, rows)
    problems = [caught.value, *caught.value.others]
    assert [problem.code for problem in problems] == ["unknown_column", "bad_monotone"]
    assert "sessions_30d" in problems[0].hint
