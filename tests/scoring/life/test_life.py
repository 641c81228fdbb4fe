"""A made-up company through the life of its models: a champion, a challenger in its shadow, a promotion, a rollback."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.project import find_project
from leadmart.scoring.life.verbs import compare, promote, rollback
from leadmart.scoring.life.words import comparison_text, move_text
from leadmart.scoring.pipeline import execute
from leadmart.scoring.report import training_text
from leadmart.scoring.train import train

pytestmark = pytest.mark.slow

EARLIER = "train_until = 2025-06-30\ntest_start = 2025-09-30\ntest_end = 2025-10-10\n"
"""A test block that ends weeks before the one that is the latest matured."""


@dataclass
class Story:
    """What each step answered, and the store's rows after it."""

    folder: Path
    answers: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def stored(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "warehouse" / "leadmart.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def published(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "warehouse/published/leadmart.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def refused(self, name: str, ask: Callable[[], object]) -> None:
        """A command that has to end with a named error, and what the models' tables were before and after."""
        life = (
            "SELECT 'm', model_version, role FROM meta.models UNION ALL SELECT 'p', to_version, '' FROM meta.promotions"
        )
        self.rows[f"{name}, before"] = sorted(self.stored(life))
        with pytest.raises(LeadmartError) as found:
            ask()
        self.answers[name] = found.value
        self.rows[f"{name}, after"] = sorted(self.stored(life))


SHOWN = "SELECT DISTINCT model_version, role FROM scores.latest"
WRITTEN = "SELECT model_version, role, COUNT(*) FROM scores.lead_scores GROUP BY ALL ORDER BY ALL"


@pytest.fixture(scope="module")
def story(here: Any, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("life") / "company"
    made = here(
        "init", folder, "--demo", "--leads", 2000, "--days", 420, "--seed", 3, "--until", "2026-03-02"
    )  # fmt: skip
    assert made.code == 0, made.err
    told, settings = Story(folder), folder / "leadmart.toml"
    written = settings.read_text(encoding="utf-8")

    def with_settings(**changes: str) -> Any:
        text = written.replace("[train]\n", "[train]\n" + changes.get("train", ""), 1)
        if view := changes.get("without"):
            text = re.sub(rf'\s*"{view}",?', "", text, count=1)
        settings.write_text(text, encoding="utf-8")
        return find_project(folder)

    project = with_settings(train=EARLIER)
    told.answers["first"] = train(project)
    project = with_settings()
    execute(project, "run", None)
    told.answers["second"] = train(project, may_promote=False)
    a, b = (told.answers[name].report["model_version"] for name in ("first", "second"))
    told.answers |= {"a": a, "b": b}
    told.answers["run in the shadow"] = execute(project, "run", None).as_json()
    told.rows["shown in the shadow"] = told.published(SHOWN)
    told.rows["written in the shadow"] = told.published(WRITTEN)
    told.rows["shadow view"] = told.published("SELECT DISTINCT model_version, role FROM scores.shadow")
    told.rows["champion's rows"] = told.stored(f"FROM scores.lead_scores WHERE model_version = '{a}' ORDER BY lead_id")
    told.answers["run again"] = execute(project, "run", None).as_json()
    told.answers["compared"] = compare(project, a, b)
    told.answers["against rules"] = compare(project, a, "rules")
    told.refused("refused", lambda: promote(project, b))
    told.answers["promoted"] = promote(project, b, "the board asked for it")
    told.answers["run promoted"] = execute(project, "run", None).as_json()
    told.rows["shown promoted"] = told.published(SHOWN)
    told.rows["champion's rows later"] = told.stored(
        f"FROM scores.lead_scores WHERE model_version = '{a}' ORDER BY lead_id"
    )
    told.rows["superseded"] = told.stored("SELECT DISTINCT model_version, role FROM scores.superseded")
    told.rows["written promoted"] = told.published(WRITTEN)
    told.answers["back"] = rollback(project)
    execute(project, "run", None)
    told.rows["shown back"] = told.published(SHOWN)
    told.rows["written back"] = told.published(WRITTEN)
    told.answers["other features"] = train(with_settings(without="product_usage@v1"))
    told.rows["moves"] = told.stored(
        "SELECT command, from_version, to_version, waived FROM meta.promotions ORDER BY promotion_number"
    )
    told.rows["runs"] = told.stored("SELECT command, status FROM meta.runs ORDER BY started_at")
    told.rows["tests"] = told.stored(
        "SELECT model_version, purpose, look, rows_hash FROM meta.model_tests ORDER BY scored_at"
    )
    return told


def test_the_first_model_becomes_champion(story: Story) -> None:
    """D5: where nothing stands no rule is asked; the model is recorded with the block it was tested on (T8)."""
    first = story.answers["first"]
    assert (first.role, first.report["promotion"]["way"]) == ("champion", "first")
    assert first.report["test"]["last"].startswith("2025-10-10")
    looks = [row for row in story.rows["tests"] if row[0] == story.answers["a"] and row[1] == "test"]
    assert [(look, rows) for _, _, look, rows in looks] == [(1, first.report["test"]["rows_hash"])]


def test_a_challenger_scores_in_the_shadow(story: Story) -> None:
    """D6: its rows have role `shadow`, scores.latest has the champion's only, and counts are kept apart."""
    a, b = story.answers["a"], story.answers["b"]
    assert story.answers["second"].role == "challenger"
    leads = {version: count for version, _, count in story.rows["written in the shadow"]}
    assert story.rows["written in the shadow"] == sorted([(a, "champion", leads[a]), (b, "shadow", leads[a])])
    assert story.rows["shown in the shadow"] == [(a, "champion")]
    assert story.rows["shadow view"] == [(b, "shadow")]
    run = story.answers["run in the shadow"]
    assert run["scores"] == {"inserted": 0, "updated": 0, "unchanged": leads[a]}
    assert run["shadow"] == {"model_version": b, "inserted": leads[a], "updated": 0, "unchanged": 0}
    again = story.answers["run again"]
    assert again["shadow"] == {"model_version": b, "inserted": 0, "updated": 0, "unchanged": leads[a]}


def test_models_are_compared_on_rows_newer_than_both_tests_or_not_at_all(story: Story) -> None:
    """T8, E11: the second model was tested on the latest matured rows, so nothing is left; the rules have no test."""
    document = story.answers["compared"]
    assert not document["comparable"]
    assert "newer than both tests" in document["why"]
    assert "2026-03-02" in document["why"]
    assert "cannot be compared" in comparison_text(document)
    rules = story.answers["against rules"]
    assert rules["comparable"]
    assert rules["rows"]["first"] > story.answers["first"].report["test"]["last"]
    assert rules["differences"]["log_loss"]["difference"] is None  # points are no probability
    assert 0 <= rules["differences"]["roc_auc"]["better"] <= 1
    assert rules["looks"] == {story.answers["a"]: 1}
    assert "roc_auc" in comparison_text(rules)


def test_a_refused_promotion_says_why_and_changes_nothing(story: Story) -> None:
    """D5, T8: no rows that neither has seen, so there is nothing to go by."""
    error = story.answers["refused"]
    assert (error.code, error.exit_code) == ("promotion_refused", 1)
    assert "0 leads with the outcome on rows that neither has seen; 50 are wanted" in error.message
    assert "--waive" in error.hint
    assert story.rows["refused, before"] == story.rows["refused, after"]


def test_a_promotion_shows_how_far_scores_jump_and_rewrites_nothing_older(story: Story) -> None:
    """D7: rank correlation, tiers and top movers; the next run writes under the new version."""
    a, b = story.answers["a"], story.answers["b"]
    done = story.answers["promoted"]
    assert (done["from"], done["to"], done["waived"]) == (a, b, "the board asked for it")
    jump = done["jump"]
    assert 0 < jump["rank_correlation"] < 1
    assert jump["changed_tier"] == sum(each["leads"] for each in jump["tiers"]) / jump["leads"]
    moves = [abs(each["after"] - each["before"]) for each in jump["movers"]]
    assert moves == sorted(moves, reverse=True)
    assert any(each["reasons"] for each in jump["movers"])
    assert "the board asked for it" in move_text(done)
    assert story.rows["shown promoted"] == [(b, "champion")]
    assert story.answers["run promoted"]["shadow"] is None
    assert story.rows["champion's rows later"] == story.rows["champion's rows"]
    assert story.rows["superseded"] == [(b, "shadow")]  # what the shadow said stays answerable


def test_the_jump_is_that_of_the_rows_which_follow(story: Story) -> None:
    """D7: recomputed from the score rows that the two models wrote."""
    a, b = story.answers["a"], story.answers["b"]
    ((leads, changed),) = story.published(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE x.tier <> y.tier) FROM scores.lead_scores AS x JOIN "
        f"scores.lead_scores AS y USING (lead_id, as_of) WHERE x.model_version = '{a}' AND y.model_version = '{b}'"
    )
    jump = story.answers["promoted"]["jump"]
    assert (jump["leads"], jump["changed_tier"]) == (leads, changed / leads)


def test_a_rollback_moves_a_pointer_and_deletes_nothing(story: Story) -> None:
    """D5: the champion before is shown again at the next run, with the rows it had."""
    a, b = story.answers["a"], story.answers["b"]
    assert (story.answers["back"]["from"], story.answers["back"]["to"]) == (b, a)
    assert story.rows["shown back"] == [(a, "champion")]
    assert story.rows["written back"] == story.rows["written promoted"]
    assert story.rows["moves"][:3] == [
        ("train", "rules", a, None), ("promote", a, b, "the board asked for it"), ("rollback", b, a, None),
    ]  # fmt: skip


def test_other_features_are_compared_with_a_champion_that_reads_its_own(story: Story) -> None:
    """D5: a new specification, on the landmarks that both have not seen; promoted exactly where every rule held."""
    trained = story.answers["other features"]
    found = trained.report["promotion"]
    assert (found["way"], found["champion"]) == ("new_spec", story.answers["a"])
    names = [rule["name"] for rule in found["rules"]]
    assert names == ["unseen_rows", "better", "calibration", "reasons", "fairness"]
    assert found["promoted"] == all(rule["passed"] for rule in found["rules"])
    assert trained.role == ("champion" if found["promoted"] else "challenger")
    seen = found["comparison"]["rows"]
    assert seen["first"] > story.answers["first"].report["test"]["last"]
    better = next(rule for rule in found["rules"] if rule["name"] == "better")
    assert better["value"] == found["comparison"]["differences"]["log_loss"]["better"]
    words = "promoted: " if found["promoted"] else "not promoted: "
    assert words in training_text(trained)
    assert [row[0] for row in story.rows["tests"] if row[3] == seen["rows_hash"]].count(story.answers["a"]) == 1


def test_commands_about_models_are_runs_of_their_own(story: Story) -> None:
    """T8: what was done to models is listed beside the runs."""
    assert {("train", "done"), ("compare", "done"), ("promote", "done"), ("rollback", "done")} <= set(
        story.rows["runs"]
    )
