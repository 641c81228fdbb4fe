"""The tables of rules that a project reads, as a part of its policy, and what they say of score rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from leadmart.features.errors import read_text
from leadmart.features.registry import Registry
from leadmart.scoring.decisions.conditions import Condition, refuse_unknown
from leadmart.scoring.decisions.playbook import (
    PlaybookRule,
    TalkingPoint,
    playbook_of,
    read_playbook,
    read_talking_points,
    talking_points_of,
)
from leadmart.scoring.decisions.routing import RoutingRule, read_reps, read_routing, refuse_unserved, routing_rule_of
from leadmart.scoring.fit.table import WHOLE_OF, WHOLES

if TYPE_CHECKING:
    import polars as pl

PARTS = (
    "p_raw", "p_cal", "rank", "w", "rules_score", "boost", "cap", "composite", "data_grade", "best_tier", "tier",
    "machine_tier",
)  # fmt: skip
"""Parts of the score that a condition may read beside features and gates."""


@dataclass(frozen=True)
class DecisionRules:
    """Playbook, talking points and rules of routing, each None where the project reads no such table."""

    playbook: tuple[PlaybookRule, ...] | None = None
    talking_points: tuple[TalkingPoint, ...] | None = None
    routing: tuple[RoutingRule, ...] | None = None

    @property
    def conditions(self) -> list[Condition]:
        found = [row.asks for row in self.playbook or ()]
        found += [row.asks for row in self.talking_points or ()]
        return found + [row.asks for row in self.routing or ()]

    def content(self) -> dict[str, Any]:
        """What decides a score row, for the policy's version; nothing of a table that is not read."""
        tables = {"playbook": self.playbook, "talking_points": self.talking_points, "routing": self.routing}
        return {
            name: [{key: value for key, value in asdict(row).items() if key != "place"} for row in rows]
            for name, rows in tables.items()
            if rows is not None
        }


NO_RULES = DecisionRules()
"""Of a project that reads no such table."""


def read_rules(registry: Registry, known: Collection[str]) -> DecisionRules:
    """The tables that the project's settings name, held to the columns of its views and gates, the parts of the score,
    and those of fit, intent and timing where the project has them.

    Raises LeadmartError `bad_playbook`, `bad_talking_points`, `bad_routing`, `bad_reps`, `unknown_column`.
    """
    scoring, routing = registry.project.settings.scoring, registry.project.settings.routing

    def text(name: str) -> tuple[str, str]:
        found = registry.reference(name)
        return read_text(found.path), found.path.name

    rules = DecisionRules(
        read_playbook(*text(scoring.playbook)) if scoring.playbook else None,
        read_talking_points(*text(scoring.talking_points)) if scoring.talking_points else None,
        read_routing(*text(routing.rules)) if routing.enabled else None,
    )
    fit = (*WHOLES, *WHOLE_OF) if scoring.fit else ()
    refuse_unknown(rules.conditions, {*known, *PARTS, *fit})
    if rules.routing is not None:
        refuse_unserved(rules.routing, read_reps(*text(routing.reps)))
    return rules


def decided(scored: pl.DataFrame, rules: DecisionRules) -> pl.DataFrame:
    """The rows with what the rules say of each: the columns of migration 0011."""
    return scored.with_columns(
        *playbook_of(scored, rules.playbook),
        talking_points_of(scored, rules.talking_points),
        routing_rule_of(scored, rules.routing),
    )
