"""E6, F1 and F2: segments and groups are told apart where there is enough to tell, and proxies are found."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.fairness import fairness, fairness_text
from leadmart.scoring.evaluation.figures import Bootstrap
from leadmart.scoring.evaluation.proxies import proxies, proxies_text
from leadmart.scoring.evaluation.segments import levels_of, segments, segments_text
from leadmart.scoring.models.calibration import sigmoid


def grouped(count, seed, shares=(0.6, 0.38, 0.02)):
    draw = np.random.default_rng(seed)
    group = draw.choice(["north", "south", "far"], count, p=shares)
    pull = draw.normal(-1.5, 1, count)
    y = (draw.random(count) < sigmoid(pull)).astype(np.int8)
    return y, sigmoid(pull), group


def test_e6_figures_of_a_segment_are_those_of_its_rows_and_few_positives_are_insufficient():
    y, p, group = grouped(3000, seed=1)
    found = {s.level: s for s in segments(y, p, p, {"region": group}, Bootstrap(np.arange(3000), 1, 100))}
    south = group == "south"
    assert found["south"].rate.value == pytest.approx(y[south].mean())
    assert found["south"].roc_auc.value == pytest.approx(roc_auc_score(y[south], p[south]))
    assert found["south"].observed_over_expected.value == pytest.approx(y[south].sum() / p[south].sum())
    assert found["south"].rate.low < found["south"].rate.value < found["south"].rate.high
    assert found["far"].positives < 50
    assert found["far"].roc_auc.value is None
    assert found["far"].roc_auc.reason.startswith("insufficient")
    assert "insufficient" in segments_text([s.as_json() for s in found.values()])[-1]


def test_e6_a_segment_whose_rate_differs_is_seen_against_the_model():
    y, p, group = grouped(6000, seed=12, shares=(0.5, 0.4, 0.1))
    draw = np.random.default_rng(3)
    y = np.where((group == "south") & (draw.random(6000) < 0.5), 0, y).astype(np.int8)
    found = {
        s.level: s.observed_over_expected for s in segments(y, p, p, {"r": group}, Bootstrap(np.arange(6000), 1, 200))
    }
    assert found["south"].high < 0.8
    assert found["north"].low < 1 < found["north"].high


def test_e6_levels_are_words_ages_have_known_edges_and_null_is_unknown():
    ages = pl.Series("lead_age_days", [1, 7, 8, 30, 90, 91, None])
    assert levels_of(ages) == [
        "up to 7", "up to 7", "above 7 to 30", "above 7 to 30", "above 30 to 90", "above 90", "unknown",
    ]  # fmt: skip
    assert levels_of(pl.Series("flag", [True, None, False])) == ["true", "unknown", "false"]
    many = pl.Series("source", [f"s{n:02d}" for n in range(30) for _ in range(30 - n)])
    assert len(set(levels_of(many))) == 12
    assert "other" in levels_of(many)
    assert levels_of(pl.Series("empty", [None, None], dtype=pl.Int64)) == ["unknown", "unknown"]
    assert levels_of(pl.Series("one", [5.0, 5.0])) == ["up to 5", "up to 5"]


def test_f1_selection_ratio_and_chances_are_those_of_the_groups():
    y, p, group = grouped(4000, seed=4)
    selected = p > 0.25
    found = {g.group: g for g in fairness(y, p, selected, {"region": group}, Bootstrap(np.arange(4000), 1, 100))}
    north, south = group == "north", group == "south"
    assert found["north"].is_reference
    assert found["south"].selection_rate.value == pytest.approx(selected[south].mean())
    assert found["south"].ratio.value == pytest.approx(selected[south].mean() / selected[north].mean())
    gap = selected[south & (y == 1)].mean() - selected[north & (y == 1)].mean()
    assert found["south"].chance_gap.value == pytest.approx(gap)
    assert found["south"].ratio.low < 1 < found["south"].ratio.high
    assert found["south"].below_four_fifths == "no"
    assert found["far"].positives < 30
    assert found["far"].selection_rate.reason.startswith("insufficient")
    assert found["far"].below_four_fifths is None
    assert len(fairness_text([g.as_json() for g in found.values()])) == 4


def test_f1_a_group_selected_half_as_often_is_below_four_fifths():
    y, p, group = grouped(6000, seed=5, shares=(0.5, 0.4, 0.1))
    draw = np.random.default_rng(6)
    selected = (p > 0.2) & ~((group == "south") & (draw.random(6000) < 0.5))
    found = {g.group: g for g in fairness(y, p, selected, {"region": group}, Bootstrap(np.arange(6000), 1, 200))}
    assert found["south"].below_four_fifths == "yes"
    assert found["south"].chance_gap.high < 0
    assert found["south"].observed_over_expected.low < 1 < found["south"].observed_over_expected.high


def test_f1_nobody_selected_leaves_the_ratio_undefined():
    y, p, group = grouped(2000, seed=7)
    found = fairness(y, p, np.zeros(2000, dtype=bool), {"region": group}, Bootstrap(np.arange(2000), 1, 20))
    assert (found[1].ratio.value, found[1].ratio.reason) == (None, "nobody of the reference is selected")


def test_f2_a_column_that_gives_the_group_away_is_named_and_innocent_ones_are_not():
    draw = np.random.default_rng(8)
    count = 1500
    group = draw.choice(["a", "b"], count)
    rows = pl.DataFrame(
        {
            "lead_id": [f"L{n:05d}" for n in range(count)],
            "visits": draw.poisson(3, count),
            "telling": np.where(group == "a", 1.0, 0.0) + draw.normal(0, 0.5, count),
            "source": draw.choice(["x", "y"], count),
        }
    )
    ties = draw.permutation(count)
    columns = [FeatureColumn(n, "v@v1") for n in ("visits", "telling", "source")]
    told = proxies(rows, columns, {"group": group.tolist()}, ties, seed=1)
    assert all(each.auc > 0.8 for each in told)
    assert told[0].columns[0][0] == "telling"
    assert "most by telling" in proxies_text([t.as_json() for t in told])[0]
    blind = proxies(rows.drop("telling"), [columns[0], columns[2]], {"group": group.tolist()}, ties, seed=1)
    assert all(each.auc < 0.6 and not each.columns for each in blind)
    assert proxies(rows, columns, {"group": ["a"] * count}, ties, seed=1)[0].auc is None


def test_f2_landmarks_of_one_lead_do_not_recognise_each_other():
    """Every lead has a number of its own: with its rows in both halves any group could be told."""
    draw = np.random.default_rng(9)
    own = draw.normal(size=400)
    group = np.repeat(draw.choice(["a", "b"], 400), 5)
    rows = pl.DataFrame({"lead_id": [f"L{n:04d}" for n in range(400) for _ in range(5)], "own": np.repeat(own, 5)})
    ties = np.repeat(draw.permutation(400), 5)
    found = proxies(rows, [FeatureColumn("own", "v@v1")], {"group": group.tolist()}, ties, seed=1)
    assert all(each.auc < 0.65 for each in found)
