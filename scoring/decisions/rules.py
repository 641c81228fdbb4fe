"""The tables of rules that a project reads, as a part of its policy, and what they say of score rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from leadmart.features.errors import LeadmartError, read_text
from leadmart.features.literals import quoted_file
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.decisions.conditions import Condition, refuse_unfit, refuse_unknown
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
_TEXTS = ("data_grade", "best_tier", "tier", "machine_tier")


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
        return read_text(found.path), str(found.path)

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
    """The rows with what the rules say of each: the columns of migration 0011.

    Raises LeadmartError for every condition that does not fit its columns, all at once.
    """
    try:
        return scored.with_columns(
            *playbook_of(scored, rules.playbook),
            talking_points_of(scored, rules.talking_points),
            routing_rule_of(scored, rules.routing),
        )
    except LeadmartError:
        refuse_unfit(rules.conditions, scored.schema)
        raise


def refuse_unfit_rules(warehouse: Warehouse, selection: Selection, rules: DecisionRules) -> None:
    """Raises LeadmartError for every condition that does not fit its columns, by the types that stored slices have.

    Of a view that has no slice yet nothing is known, so a run may still refuse what reads it.
    """
    import polars as pl

    asked = {name for condition in rules.conditions for name in condition.columns()}
    if not asked:
        return
    schema: dict[str, pl.DataType] = dict.fromkeys(asked, pl.Null())
    schema |= {name: pl.String() if name in _TEXTS else pl.Float64() for name in PARTS}
    files = {
        (kind, name, version, fingerprint): file
        for kind, name, version, fingerprint, file in warehouse.rows(
            "SELECT kind, name, version, fingerprint, MAX_BY(file, as_of) FROM store.meta.slices GROUP BY ALL"
        )
    }
    for each in selection.read:
        key = (each.kind, each.name, each.version, selection.fingerprints[each.relation])
        file = warehouse.project.warehouse / files[key] if key in files else None
        if file is None or not file.is_file() or asked.isdisjoint(column.name for column in each.columns):
            continue
        types = warehouse.columns(f"SELECT * FROM read_parquet({quoted_file(file)})")
        schema |= {name: _type(kind) for name, kind in types if name in asked}
    refuse_unfit(rules.conditions, schema)


def _type(duckdb_type: str) -> pl.DataType:
    """The type of Polars that a condition takes for a type of DuckDB."""
    import polars as pl

    name = duckdb_type.partition("(")[0]
    if name.endswith("]"):
        return pl.String()
    if name == "BOOLEAN":
        return pl.Boolean()
    if name.startswith(("TIMESTAMP", "DATE", "TIME")):
        return pl.Datetime("us")
    return (
        pl.Float64()
        if name in ("DOUBLE", "FLOAT", "DECIMAL") or name.endswith("INT") or name == "INTEGER"
        else (pl.String())
    )
