"""What becomes of a model that was just trained: compared with the champion, kept, and promoted where it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from leadmart.features.erasure.learned import record_learned
from leadmart.features.project import Project
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import RULES
from leadmart.scoring.learning.blocks import block_of
from leadmart.scoring.learning.dataset import label_rows
from leadmart.scoring.life.decision import Decision, decide, spec_of
from leadmart.scoring.life.jump import jump
from leadmart.scoring.life.kept import Kept, champion, keep
from leadmart.scoring.life.looks import record_look
from leadmart.scoring.life.pointer import move_to, moves, was_rolled_back
from leadmart.scoring.life.promotion import LEAST_POSITIVES
from leadmart.scoring.life.trial import Trial, features_named, unseen

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.learning.result import TrainingResult


@dataclass(frozen=True)
class Outcome:
    """The decision about a trained model, the champion it was measured against, and the jump of scores if promoted."""

    decision: Decision
    against: str
    jump: dict[str, Any] | None


def identity(result: TrainingResult, project: Project, policy_version: str) -> dict[str, Any]:
    """The parts of a report that later comparisons need: the spec, the views that were learned on, the versions."""
    spec = spec_of(result.model, project.settings.train) if result.model else ""
    return {
        "spec": spec,
        "features": features_named(project),
        "policy_version": policy_version,
        "libraries": dict(result.model.libraries) if result.model else {},
    }


def nothing_kept(warehouse: Warehouse) -> dict[str, Any] | None:
    """The section `promotion` where no model was kept and a champion stands: it stays."""
    standing = champion(warehouse)
    if standing is None:
        return None
    why = f"no model was kept, so {standing.model_version} stays champion"
    return Decision(False, "no_model", standing.model_version, why).as_json()


def judge_trained(
    trial: Trial,
    result: TrainingResult,
    report: Mapping[str, Any],
    frame: pl.DataFrame,
    may_promote: bool,
    progress: Callable[[str], None],
    least: int = LEAST_POSITIVES,
) -> Outcome:
    """What the rules of promotion say of a model that was just trained; nothing is written.

    Compared are the rows of its own test block, measured once and only now, that lie after the champion's. `frame` is
    what was trained on, `least` the leads with the outcome that are wanted of those rows.
    """
    assert result.model is not None
    warehouse = trial.session.warehouse
    version = result.model.model_version
    candidate = Kept(
        version, "challenger", result.tier, result.feature_set_version, result.label.name, result.label.version, report
    )
    standing = champion(warehouse)
    against = standing.model_version if standing else RULES
    if against == version:
        return Outcome(
            Decision(True, "refit", version, "it is the champion: the same data gave the same model"), version, None
        )
    if not may_promote:
        return Outcome(Decision(False, "asked_not_to", against, "`--no-promote` was given"), against, None)
    if moment := was_rolled_back(moves(warehouse), version):
        why = f"it was rolled back on {moment:%Y-%m-%d}: `leadmart promote {version}` brings it back"
        return Outcome(Decision(False, "rolled_back", against, why), against, None)
    progress("comparing with the champion")
    rows, named = _new_to(standing, result, frame), _named(standing)
    decision = decide(trial, standing, candidate, rows, model=result.model, named=named, least=least)
    moved = jump(trial, against, version, result.model) if decision.promoted else None
    return Outcome(decision, against, moved)


def _named(standing: Kept | None) -> str:
    since = standing.tested_until if standing else None
    return f"in the test block after {since:%Y-%m-%d}, where the champion's ended" if since else "in the test block"


def _new_to(standing: Kept | None, result: TrainingResult, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a result's test block that the champion has not seen."""
    if standing is None:
        return result.test
    complete = label_rows(
        frame, horizon=result.label.horizon, ingest_lag=result.ingest_lag, cut_off=result.cut_off
    ).rows
    return result.test.join(unseen(complete, [standing]), on=["lead_id", "as_of"], how="semi")


def keep_trained(
    warehouse: Warehouse,
    result: TrainingResult,
    report: Mapping[str, Any],
    outcome: Outcome,
    run_id: str,
    leads: Sequence[str],
    before: str | None,
) -> str:
    """Stores the model, its look at its test block, and the promotion if there is one; the role it has from then on.

    `leads` are those it learned from, `before` the model that it was made of.

    Where the champion became another one while this was learned, the model stays a challenger.
    """
    assert result.model is not None
    version = result.model.model_version
    standing = champion(warehouse)
    now_standing = standing.model_version if standing else RULES
    decision = outcome.decision
    if decision.promoted and now_standing not in (outcome.against, version):
        why = f"{now_standing} became champion while this was learned: `leadmart promote {version}` compares with it"
        decision = replace(decision, promoted=False, why=why)
        report = {**report, "promotion": decision.as_json()}
    with warehouse.transaction():
        keep(warehouse, result, report, run_id)
        record_learned(warehouse, version, leads, before)
        if block := block_of(result.test):
            record_look(warehouse, version, block, "test", run_id)
        if decision.comparison and decision.comparison.block:
            record_look(warehouse, outcome.against, decision.comparison.block, "comparison", run_id)
        if decision.promoted and now_standing != version:
            rules = [rule.as_json() for rule in decision.rules]
            move_to(warehouse, version, command="train", run_id=run_id, rules=rules, jump=outcome.jump)
    ((role,),) = warehouse.rows("SELECT role FROM store.meta.models WHERE model_version = ?", [version])
    return str(role)
