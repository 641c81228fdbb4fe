"""The decision about a challenger: which rules apply, whether they held, and on which rows (D5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadmart.features.errors import LeadmartError
from leadmart.features.fingerprint import digest
from leadmart.scoring.champion import RULES
from leadmart.scoring.life.kept import Kept
from leadmart.scoring.life.promotion import (
    LEAST_POSITIVES,
    Rule,
    beats_points,
    enough_rows,
    has_words,
    is_as_fair,
    is_calibrated,
    not_worse,
    surely_better,
)
from leadmart.scoring.life.trial import Comparison, Trial
from leadmart.scoring.release.valid import can_serve

if TYPE_CHECKING:
    import polars as pl

    from leadmart.features.project import TrainSection
    from leadmart.scoring.models.model import Model

_NO_PART_OF_A_SPEC = {"train_until", "test_start", "test_end", "waive", "waive_leak", "columns"}
"""Keys of [train] that say which rows and why, and not how it is learned; the feature set names the columns."""


@dataclass(frozen=True)
class Decision:
    """Whether a model may become champion in place of `champion`, by which rules.

    `way` is `first` where nothing stands, `refit` or `new_spec` where models are compared, `champion_cannot_score`
    where the champion's features are gone; `asked_not_to`, `rolled_back` and `no_model` where no rule was asked.
    """

    promoted: bool
    way: str
    champion: str
    why: str
    rules: tuple[Rule, ...] = ()
    comparison: Comparison | None = None

    @property
    def refused(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if not rule.passed)

    def as_json(self) -> dict[str, Any]:
        """The report's section `promotion`."""
        return {
            "promoted": self.promoted,
            "way": self.way,
            "champion": self.champion,
            "why": self.why,
            "rules": [rule.as_json() for rule in self.rules],
            "comparison": self.comparison.as_json() if self.comparison else None,
        }


def spec_of(model: Model, section: TrainSection) -> str:
    """Names what a model was made to be: features, label, kind, parameters and settings; not the rows, not the rounds.

    Two models of one spec are refits of each other.
    """
    params = {name: value for name, value in model.params if name != "num_iterations"}
    settings = {name: value for name, value in section.model_dump().items() if name not in _NO_PART_OF_A_SPEC}
    kind = sorted(model.estimator.document())
    what = (model.feature_set_version, model.label, model.label_version, model.horizon_days, model.tier, kind)
    return "s_" + digest(what, params, settings)[:12]


def decide(
    trial: Trial,
    champion: Kept | None,
    candidate: Kept,
    rows: pl.DataFrame,
    *,
    model: Model | None = None,
    named: str = "on rows that neither has seen",
    least: int = LEAST_POSITIVES,
) -> Decision:
    """Whether a candidate passes the rules against the champion, on labelled rows that both have not seen.

    `model` is the candidate's where it is not kept yet. `named` says in words which rows are meant, `least`
    how many leads with the outcome they have to hold.
    """
    if champion is None:
        return Decision(True, "first", RULES, "no model stood: the rules scored")
    can_score = can_serve(trial.session, trial.selection, champion.model_version)
    comparison: Comparison | None = None
    why_not = ""
    enough = enough_rows(_positive_leads(rows), named, least)
    if enough.passed:
        try:
            given = {candidate.model_version: model} if model else {}
            comparison = trial.compare(candidate, champion, rows, given)
        except LeadmartError as error:
            if error.code != "feature_mismatch":
                raise
            why_not = error.message
    if comparison is None and not can_score:
        rule = beats_points(candidate.report)
        first = (
            f"{champion.model_version} cannot score the features of today, and cannot be compared: "
            f"{why_not or enough.words}"
        )
        return Decision(rule.passed, "champion_cannot_score", champion.model_version, first, (rule,))
    if comparison is None:
        why = f"cannot compare on unseen rows: {enough.words}"
        return Decision(False, _way(candidate, champion), champion.model_version, why, (enough,))
    rules = (enough, *_rules(trial, candidate, champion, comparison))
    return _by_rules(_way(candidate, champion), champion.model_version, rules, comparison)


def _by_rules(way: str, champion: str, rules: Sequence[Rule], comparison: Comparison | None) -> Decision:
    refused = [rule for rule in rules if not rule.passed]
    why = "; ".join(rule.words for rule in refused) if refused else rules[1].words
    return Decision(not refused, way, champion, why, tuple(rules), comparison)


def _rules(trial: Trial, candidate: Kept, champion: Kept, comparison: Comparison) -> tuple[Rule, ...]:
    log_loss = comparison.differences["log_loss"]
    calibration = is_calibrated(candidate.report)
    if _way(candidate, champion) == "refit":
        return not_worse(log_loss), calibration
    return (
        surely_better(log_loss),
        calibration,
        has_words(lacking_words(trial)),
        is_as_fair(candidate.report, champion.report),
    )


def lacking_words(trial: Trial) -> tuple[str, ...]:
    """Today's features without a reason template; what the warehouse knows of is nothing to tell of a lead."""
    from leadmart.features.lookup import model_columns

    told = [column.name for column in model_columns(trial.selection) if not column.is_history]
    return trial.policy.templates.lacking(told)


def _way(candidate: Kept, champion: Kept) -> str:
    return "refit" if candidate.spec and candidate.spec == champion.spec else "new_spec"


def _positive_leads(rows: pl.DataFrame) -> int:
    from leadmart.scoring.learning.dataset import outcome_leads

    return outcome_leads(rows)[0] if rows.height else 0


def decision_of(document: Mapping[str, Any]) -> Decision | None:
    """The decision that a report holds, without its comparison; None of a report that has none."""
    found = document.get("promotion")
    if not found:
        return None
    rules = tuple(
        Rule(each["name"], each["passed"], each["words"], each["value"], each["bound"]) for each in found["rules"]
    )
    return Decision(found["promoted"], found["way"], found["champion"], found["why"], rules)
