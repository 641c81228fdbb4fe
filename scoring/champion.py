"""The champion and the policy as the warehouse and the project's files hold them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from leadmart.features.errors import LeadmartError, all_as_one, near_names, read_text
from leadmart.features.gate_rule import GateRule, parse_rule
from leadmart.features.lookup import FeatureColumn, feature_columns
from leadmart.features.plan import Selection, select
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.decisions.rules import read_rules
from leadmart.scoring.fit.table import load_fit
from leadmart.scoring.overrides import read_binding
from leadmart.scoring.policy import Boost, Policy, Tiers
from leadmart.scoring.reason_templates import read_templates
from leadmart.scoring.scorecard import read_scorecard
from leadmart.scoring.tables import both, policy_problems, problems_of

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.models.model import Model

RULES = "rules"
"""The model version of scores that no model took part in."""


def champion_version(warehouse: Warehouse, feature_set_version: str, refs: Sequence[str] = ()) -> str:
    """The champion's version; `rules` while there is none.

    `refs` are today's views, so that the error can say what came and what went. Raises LeadmartError
    `feature_mismatch` for a champion that learned on other features than today's: its probability
    would mean something else, and scores that turn into points from one day to the next would mislead.
    """
    found = warehouse.rows(
        "SELECT model_version, feature_set_version, report FROM store.meta.models "
        "WHERE role = 'champion' AND artefact IS NOT NULL"
    )
    if not found:
        return RULES
    version, learned_on, report = found[0]
    if learned_on != feature_set_version:
        raise LeadmartError(
            f"the champion {version} learned on the features {learned_on}, and the project's are now "
            f"{feature_set_version}{_moved(report, refs)}",
            code="feature_mismatch",
            hint="`leadmart train` learns on the new features, and its model takes over where the champion's cannot be "
            "computed any more or is beaten; or restore the definitions. The last good scores stay",
        )
    return str(version)


def _moved(report: str, refs: Sequence[str]) -> str:
    """Which views came and went since a model was trained; nothing where its report does not name them."""
    named = json.loads(report).get("features") or {}
    before = set(named.get("views", ()))
    if not before or not refs:
        return ""
    words = [f"{ref} is new" for ref in sorted(set(refs) - before)] + [
        f"{ref} is gone" for ref in sorted(before - set(refs))
    ]
    return f" ({', '.join(words) or 'the spine, a source, a reference table or [train] columns is another'})"


def load_model(warehouse: Warehouse, version: str, serving: str | None = None) -> Model | None:
    """The stored model of a version; None for the rules. Raises LeadmartError `bad_model` where it was altered.

    `serving` is another feature set version whose columns mean what the model's did (`release.valid`): it scores that.
    """
    if version == RULES:
        return None
    from leadmart.scoring.models.model import Model

    ((artefact,),) = warehouse.rows("SELECT artefact FROM store.meta.models WHERE model_version = ?", [version])
    model = Model.from_text(artefact)
    if model.model_version != version:
        raise LeadmartError(
            f"the stored model {version} is not the one that was trained: its content is that of {model.model_version}",
            code="bad_model",
            hint="train again, or restore warehouse/ from a backup",
        )
    return replace(model, serving=serving) if serving else model


def gate_rules(selection: Selection) -> tuple[GateRule, ...]:
    """Every rule of the project's gates, in the order of their columns."""
    return tuple(
        parse_rule(column.name, column.comment, gate.ref, gate.place_at(column.start, len(column.name)))
        for gate in selection.gates
        for column in gate.columns
        if column.name not in (gate.key, "as_of")
    )


def load_policy(registry: Registry, selection: Selection) -> Policy:
    """The project's policy: gates, points, words and settings.

    Raises LeadmartError for what is wrong in any of them, all at once.
    """
    scoring = registry.project.settings.scoring
    if problems := policy_problems(registry):
        raise all_as_one(problems)
    scorecard = registry.reference(scoring.scorecard)
    templates = registry.reference(scoring.reasons)
    columns = [c.name for view in (*selection.views, *selection.rule_views) for c in view.columns]
    has_boost = scoring.boost.column in columns
    if not has_boost and "column" in scoring.boost.model_fields_set and scoring.boost.max:
        raise LeadmartError(
            f"the boost's column {scoring.boost.column} is in no view of this project",
            code="unknown_column",
            place=registry.project.place_of(scoring.boost.column),
            hint=near_names(scoring.boost.column, columns) or "name an age in days, or set `max = 0`",
        )
    rules = gate_rules(selection)
    fit, decisions = both(
        lambda: load_fit(registry, selection),
        lambda: read_rules(registry, [column.name for column in feature_columns(selection)]),
    )
    return Policy(
        gates=rules,
        gate_fingerprints=tuple((gate.ref, selection.fingerprints[gate.relation]) for gate in selection.gates),
        scorecard=read_scorecard(read_text(scorecard.path), str(scorecard.path)),
        templates=read_templates(read_text(templates.path), str(templates.path)),
        tiers=Tiers(**scoring.tiers.model_dump()),
        boost=Boost(scoring.boost.column, scoring.boost.max, scoring.boost.half_life_days) if has_boost else None,
        max_weight=scoring.blend.max_weight,
        unspoken=scoring.unspoken,
        binding=read_binding(registry, rules),
        fit=fit,
        rules=decisions,
    )


def unknown_in_tables(registry: Registry) -> list[LeadmartError]:
    """The columns that the tables of fit, playbook, talking points and routing name and nothing of the project has.

    By the definitions alone, as if every source were loaded; none where they or the tables cannot be read, which is
    told elsewhere.
    """
    if policy_problems(registry):
        return []
    try:
        present = frozenset(each.name for each in registry.all() if each.kind == "source")
        selection = select(registry, present, prove=False)
        known = [column.name for column in feature_columns(selection)]
    except LeadmartError:
        return []
    return [
        *problems_of(lambda: load_fit(registry, selection)),
        *problems_of(lambda: read_rules(registry, known)),
    ]


def typed_columns(columns: Sequence[FeatureColumn], frame: pl.DataFrame) -> tuple[FeatureColumn, ...]:
    """The columns with the types they have in a frame."""
    return tuple(replace(column, type=str(frame.schema[column.name])) for column in columns)
