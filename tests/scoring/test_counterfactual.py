"""What `explain` says would change a tier is what scoring gives once that thing is otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from leadmart.scoring.assess import score_rows
from leadmart.scoring.assessment import groups_of, largest_loss
from leadmart.scoring.counterfactual import rescored, tier_changes
from leadmart.scoring.learning.fitting import fit
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.models.model import contributions, rank_in, raw_margin
from leadmart.scoring.policy import Tiers

FEATURES = "f_1"


@pytest.fixture(scope="module")
def made(world):
    return world(leads=2000, base=-1.8)


@pytest.fixture(scope="module")
def model(made, columns, scorecard):
    label = Label("opportunity", "l_1", timedelta(days=90))
    settings = TrainSettings(made.cut_off, replicates=20)
    found = fit(made.rows, columns, scorecard, label, settings, feature_set_version=FEATURES).model
    assert found is not None
    return found


@pytest.fixture(scope="module")
def frame(made, gated):
    rows = made.rows.sort("as_of", "lead_id").tail(150).drop("outcome_at", "created_at", "p_true")
    draw = np.random.default_rng(4)
    names = ("is_student", "is_free_mail", "lacks_required_fields", "was_rejected")
    return gated(rows, **{name: (draw.random(rows.height) < 0.3).tolist() for name in names})


def scored(frame, columns, policy, model):
    return score_rows(frame, columns, policy, model, feature_set_version=FEATURES).rows


TIERS = {"composite": Tiers(60, 40), "rank": Tiers(60, 40, by="rank", hot_share=0.3, warm_share=0.3)}


@pytest.mark.parametrize("by", ["composite", "rank"])
@pytest.mark.parametrize("kind", ["rules", "blend", "model"])
def test_91_every_change_is_what_scoring_gives_with_it(frame, columns, policy, model, kind, by):
    """#91: each gate switched off, each rank, points and boost is scored again by the engine itself."""
    used = None if kind == "rules" else model
    policy = replace(policy, tiers=TIERS[by], max_weight=0.4 if kind == "blend" else 1.0)
    frame = frame.sort("lead_id", "as_of")
    rows = scored(frame, columns, policy, used).to_dicts()
    seen: dict[str, int] = {}
    gate_rows, gate_names, expected = [], [], []
    for position, row in enumerate(rows):
        assert rescored(row, policy, row["gates"]) == (row["composite"], row["tier"])
        for change in tier_changes(row, policy, used):
            seen[change["change"]] = seen.get(change["change"], 0) + 1
            assert change["changes_tier"] == (change["tier"] is not None and change["tier"] != row["tier"])
            match change["change"]:
                case "gate":
                    gate_rows.append(position)
                    gate_names.append(change["rules"])
                    expected.append((change["composite"], change["tier"]))
                case "missing":
                    assert row["composite"] + change["missing"] == pytest.approx(
                        {"hot": 60, "warm": 40}[change["to_tier"]]
                    )
                case "rank" | "points":
                    assert change["tier"] == change["to_tier"]
                    part = "rank" if change["change"] == "rank" else "rules_score"
                    step = 0.002 if part == "rank" else 1.001
                    assert rescored(row, policy, row["gates"], **{part: change[part] - step})[1] == row["tier"]
                case "recency":
                    assert change["tier"] != row["tier"]
    # the gates that were switched off in words are switched off in the frame
    off = frame[gate_rows].with_columns(
        pl.Series(name, [name not in names for names in gate_names]) & pl.col(name) for name in ("is_student",
        "is_free_mail", "lacks_required_fields")
    ).with_columns(pl.Series("lead_id", [f"{number:06d}" for number in range(len(gate_rows))]))  # fmt: skip
    again = scored(off, columns, policy, used)
    assert list(zip(again["composite"], again["tier"], strict=True)) == expected
    assert seen["gate"] > 50
    assert seen.get("rank" if by == "rank" and used else "missing", 0) > 10


def test_91_a_visit_today_gives_what_it_says(frame, columns, policy):
    """#91: by the rules alone nothing but the boost reads the day of the last visit."""
    policy = replace(policy, tiers=Tiers(60, 40))
    rows = scored(frame, columns, policy, None).to_dicts()
    today = scored(frame.with_columns(pl.lit(0, dtype=pl.Int64).alias("days_since_last_visit")), columns, policy, None)
    by_key = {(row["lead_id"], row["as_of"]): (row["composite"], row["tier"]) for row in today.to_dicts()}
    said = 0
    for row in rows:
        for change in tier_changes(row, policy, None):
            if change["change"] == "recency" and change["boost"] > 0:
                assert by_key[row["lead_id"], row["as_of"]] == (change["composite"], change["tier"])
                said += 1
    assert said > 3


def test_91_without_the_largest_loss_the_rank_is_that_of_the_other_contributions(frame, columns, policy, model):
    """#91: contributions add up in log odds, so the rank without one group is that of the margin less its own."""
    row_frame = frame.sort("lead_id", "as_of")
    names = [column.name for column in model.columns]
    parts, _ = contributions(model, row_frame)
    margin = raw_margin(model, row_frame)
    said = 0
    for number, row in enumerate(scored(row_frame, columns, policy, model).to_dicts()[:60]):
        groups = groups_of(row_frame[number : number + 1], columns, policy, model)
        lost = largest_loss(groups)
        by_group: dict[str, float] = {}
        for position, name in enumerate(names):
            group = policy.templates.by_column[name].group
            by_group[group] = by_group.get(group, 0.0) + parts[number, position]
        assert {entry["group"]: entry["contribution"] for entry in groups} == pytest.approx(by_group)
        assert lost is not None
        assert lost[0] == min(by_group, key=lambda group: by_group[group])
        (change,) = [each for each in tier_changes(row, policy, model, lost) if each["change"] == "group"]
        without = 1 / (1 + np.exp(-(margin[number] - lost[1])))
        assert change["rank"] == pytest.approx(float(rank_in(model.reference, np.array([without]))[0]), abs=1e-6)
        assert change["rank"] >= row["rank"]
        said += 1
    assert said == 60
