"""C7: a base rate that moved is followed by the intercept, on the latest matured month, with nothing learned anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.recalibration import Standing, recalibrate, shifted
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.models.calibration import logit, sigmoid
from leadmart.scoring.models.calibration.fits import FITS
from leadmart.scoring.models.model import Model, predict

LABEL = Label("opportunity", "l_1", timedelta(days=90))
LATER = timedelta(days=220)


def block(count: int, seed: int, shift: float = 0.0):
    draw = np.random.default_rng(seed)
    x = draw.normal(-2, 1, count)
    return (draw.random(count) < sigmoid(x + shift)).astype(np.int8), sigmoid(x), np.arange(count)


@pytest.mark.parametrize("method", FITS)
def test_c7_the_shift_moves_every_method_to_the_new_base_rate(method):
    """C7: expected equals observed afterwards; the order is kept, and the interval still holds p_cal."""
    before = FITS[method](*block(4000, seed=1))
    y, p, leads = block(3000, seed=2, shift=0.8)
    found = shifted(before, y, p, leads)
    assert found.shift == pytest.approx(0.8, abs=0.2)
    assert found.apply(p).sum() == pytest.approx(y.sum(), rel=1e-6)
    assert (np.diff(found.apply(np.sort(p))) >= -1e-15).all()
    assert logit(found.apply(p)) == pytest.approx(logit(before.apply(p)) + found.shift, abs=1e-6)
    low, high = found.interval(p)
    if method not in ("none", "isotonic"):
        assert ((low <= found.apply(p)) & (found.apply(p) <= high)).all()
    assert type(found).from_json(found.as_json()) == found


def test_c7_a_base_rate_that_stands_moves_nothing():
    """C7: within 1.96 standard errors there is no drift to follow."""
    before = FITS["platt"](*block(4000, seed=1))
    same = [shifted(before, *block(1500, seed)) is before for seed in range(2, 22)]
    assert same.count(True) >= 16


@pytest.fixture(scope="module")
def early(world):
    return world(leads=3000, days=540)


@pytest.fixture(scope="module")
def champion(early, columns, scorecard):
    return fit(
        early.rows, columns, scorecard, LABEL, TrainSettings(early.cut_off, replicates=20), feature_set_version="f_1"
    )


def later_rows(world, early, base):
    """The company goes on for 220 days after the first data end, with another base rate."""
    made = world(leads=6000, days=540, seed=2, base=base)
    begin = early.cut_off - made.rows["created_at"].min()
    moved = [(pl.col(name) + begin).alias(name) for name in ("as_of", "outcome_at", "created_at")]
    end = early.cut_off + LATER
    rows = made.rows.with_columns(moved).filter(pl.col("as_of") <= end)
    known = pl.when(pl.col("outcome_at") <= end).then(pl.col("outcome_at")).alias("outcome_at")
    return pl.concat([early.rows, rows.with_columns(("N" + pl.col("lead_id")).alias("lead_id"), known)])


def followed(world, early, champion, columns, scorecard, base, cut_off=None, features="f_1"):
    blocks = {b.name: b for b in champion.blocks}
    return recalibrate(
        Standing(champion.model, blocks["calibration"].last, blocks["test"].last),
        later_rows(world, early, base),
        columns,
        scorecard,
        LABEL,
        TrainSettings(cut_off or early.cut_off + LATER, replicates=20),
        feature_set_version=features,
    )


def test_c7_after_a_drift_only_the_intercept_changes(world, early, champion, columns, scorecard):
    """C7: a new version of the same trees; fitted on half of the month's leads, right on the other half."""
    found = followed(world, early, champion, columns, scorecard, base=-1.2)
    model, before = found.model, champion.model
    assert model.model_version != before.model_version
    same = replace(model, calibration=before.calibration, metrics=before.metrics, training=before.training)
    assert same == before
    assert 0.4 < model.calibration.shift < 1.6
    fitting, test = found.blocks
    assert (fitting.name, test.name) == ("calibration", "test")
    assert min(fitting.first, test.first) > max(b.last for b in champion.blocks)
    assert test.last - fitting.first <= timedelta(days=30)
    assert abs(found.metrics["calibration_intercept"].value) < 0.45  # over seeds 0, its spread about .2
    assert found.calibration["method"] == before.calibration.method
    assert Model.from_text(model.to_text()).calibration == model.calibration
    rows = early.rows.head(200)
    p_raw = [predict(each, rows, columns, "f_1").rows["p_raw"].to_list() for each in (model, before)]
    assert p_raw[0] == p_raw[1]


def test_c7_a_version_whose_columns_mean_the_same_may_be_recalibrated(world, early, champion, columns, scorecard):
    """C7, 8.2: a column beside them is left alone; the moved model is one of today's features."""
    beside = (FeatureColumn("pages_90d", "web_engagement@v2", "Int64"), *columns[::-1])
    standing = replace(champion, model=replace(champion.model, serving="f_2"))
    found = followed(world, early, standing, beside, scorecard, base=-1.2, features="f_2")
    plain = followed(world, early, champion, columns, scorecard, base=-1.2)
    assert (found.feature_set_version, found.model.feature_set_version) == ("f_2", "f_2")
    assert found.model.columns == champion.model.columns
    assert replace(found.model, feature_set_version="f_1").model_version == plain.model.model_version
    assert found.metrics == plain.metrics
    with pytest.raises(LeadmartError) as caught:
        followed(world, early, champion, beside, scorecard, base=-1.2, features="f_2")
    assert caught.value.code == "feature_mismatch"


def test_c7_without_a_drift_the_champion_stays(world, early, champion, columns, scorecard):
    """C7: a champion that has followed the month already keeps its version, and a note says why."""
    first = followed(world, early, champion, columns, scorecard, base=-1.2)
    assert first.model.model_version != champion.model.model_version
    found = followed(world, early, replace(champion, model=first.model), columns, scorecard, base=-1.2)
    assert found.model.model_version == first.model.model_version
    assert any("as expected" in note for note in found.notes)


def test_c7_a_month_that_has_not_matured_is_waited_for(world, early, champion, columns, scorecard):
    """C7: rows of the champion's own test are never used for it."""
    with pytest.raises(LeadmartError) as caught:
        followed(world, early, champion, columns, scorecard, base=-1.2, cut_off=early.cut_off)
    assert caught.value.code == "nothing_to_recalibrate"
    assert "are wanted" in caught.value.render()


def test_c7_a_label_defined_anew_is_never_mixed_in(world, early, champion, columns, scorecard):
    """C7, L7: outcomes by another definition say nothing of a drift."""
    other = replace(champion, model=replace(champion.model, label_version="l_0"))
    with pytest.raises(LeadmartError, match="never mixed"):
        followed(world, early, other, columns, scorecard, base=-1.2)
