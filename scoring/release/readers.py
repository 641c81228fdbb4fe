"""Who reads a column by its name, whatever the version of its view: models, tables of the policy, settings."""

from __future__ import annotations

from leadmart.features.equivalence.readers import Readers, readers_in
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import load_policy
from leadmart.scoring.decisions.conditions import Condition
from leadmart.scoring.life.kept import columns_by_model


def readers_of_project(warehouse: Warehouse, registry: Registry, selection: Selection) -> Readers:
    """Every reader of a project's columns. Raises LeadmartError for what is wrong in the policy."""
    settings = registry.project.settings
    scoring, routing = settings.scoring, settings.routing
    policy = load_policy(registry, selection)
    rules = policy.rules
    reasons = _table(scoring.reasons)
    by_name: dict[str, set[str]] = {
        **{model: set(columns) for model, columns in columns_by_model(warehouse).items()},
        _table(scoring.scorecard): set(policy.scorecard.columns),
        reasons: set(policy.templates.by_column),
        "[train] columns": {name.rpartition(".")[2] for name in settings.train.columns or ()},
        "[scoring.boost] column": {policy.boost.column} if policy.boost else set(),
        _table(scoring.fit): set(policy.fit.columns) if policy.fit else set(),
        _table(scoring.playbook): _asked([row.asks for row in rules.playbook or ()]),
        _table(scoring.talking_points): _asked([row.asks for row in rules.talking_points or ()]),
        _table(routing.rules): _asked([row.asks for row in rules.routing or ()]),
    }
    return readers_in(registry, selection, {who: read for who, read in by_name.items() if read}, lenient=[reasons])


def _table(name: str) -> str:
    return f"reference/{name}.csv"


def _asked(conditions: list[Condition]) -> set[str]:
    return {column for condition in conditions for column in condition.columns()}
