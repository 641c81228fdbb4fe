"""#89: global importance by reason group, of the model and of the points."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.importance import MOST_ROWS, importance_section, importance_text
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.models.model import contributions


@pytest.fixture(scope="module")
def made(world):
    return world(leads=1500, base=-1.8)


@pytest.fixture(scope="module")
def model(made, columns, scorecard):
    label = Label("opportunity", "l_1", timedelta(days=90))
    settings = TrainSettings(made.cut_off, replicates=20)
    return fit(made.rows, columns, scorecard, label, settings, feature_set_version="f_1").model


def test_89_groups_are_ranked_by_the_mean_size_of_their_summed_contributions(made, model, policy):
    """#89, X2: columns of one group are added up row by row before sizes are taken; shares add up to 1."""
    assert made.rows.height > MOST_ROWS
    few = made.rows.sample(MOST_ROWS, seed=1)
    found: list[dict[str, Any]] = importance_section(few, policy, model)
    parts = contributions(model, few)[0]
    names = [column.name for column in model.columns]
    for entry in found:
        summed = sum(parts[:, names.index(column)] for column in entry["columns"])
        assert entry["mean"] == pytest.approx(float(np.abs(summed).mean()))
        assert entry["unit"] == "log odds"
    assert {entry["group"] for entry in found} == {t.group for t in policy.templates.rows}
    assert sum(entry["share"] for entry in found) == pytest.approx(1)
    assert sum(entry["gain"] for entry in found) == pytest.approx(1)
    assert [e["mean"] for e in found] == sorted((e["mean"] for e in found), reverse=True)
    # what pulls by construction comes before what does not
    assert {entry["group"] for entry in found[:5]} == {"pricing", "person", "email", "web", "budget"}, found
    assert found == importance_section(few.reverse(), policy, model)
    assert found[0]["columns"][0] in "\n".join(importance_text({"importance": found}))


def test_89_without_a_model_it_is_the_points_and_gain_does_not_exist(made, policy):
    """#89: what does not exist is NULL."""
    found = importance_section(made.rows, policy, None)
    assert {entry["unit"] for entry in found} == {"points"}
    assert {entry["gain"] for entry in found} == {None}
    assert importance_section(made.rows.clear(), policy, None) == []
    assert importance_text({}) == []
