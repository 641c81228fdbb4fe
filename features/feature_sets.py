"""What the definitions of a feature set said when they were last used, kept in `meta.feature_sets`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from leadmart.features.clock import now, sql_literal
from leadmart.features.house.kinds import has_table
from leadmart.features.warehouse import Warehouse

if TYPE_CHECKING:
    from leadmart.features.definition import Definition
    from leadmart.features.plan import Selection
    from leadmart.features.registry import Registry

Name = tuple[str, str, int, str]
"""Kind, name, version (0 without one) and connector."""


@dataclass(frozen=True)
class Said:
    """What one definition said: the hash of its tokens, its text, and of a source whether it had raw rows to read."""

    token_hash: str
    text: str | None
    is_present: bool = True


FeatureSet = dict[Name, Said]
"""What every definition behind a feature set said, the tables without time and how the engine stores rows."""


def name_of(definition: Definition) -> Name:
    return (definition.kind, definition.name, definition.version or 0, definition.connector)


def said_today(
    registry: Registry, definitions: Iterable[Definition], present: frozenset[str], stored_as: str
) -> FeatureSet:
    """What the definitions and all they read say now."""
    definitions = list(definitions)
    found = {name_of(d): Said(registry.token_hash(d), d.text) for d in definitions}
    for name in registry.sources_of(definitions):
        found |= {
            name_of(d): Said(registry.token_hash(d), d.text, is_present=name in present) for d in registry.source(name)
        }
    found |= {("reference", r.name, 0, ""): Said(r.content_hash, None) for r in registry.references_of(definitions)}
    return found | {("engine", "stored as", 0, ""): Said(stored_as, None)}


def record(warehouse: Warehouse, selection: Selection, said: FeatureSet, run_id: str) -> None:
    """Keeps what a selection's definitions say as the newest of its feature set; nothing where that is kept already."""
    version = selection.feature_set_version
    if _newest_version(warehouse) == version and recorded(warehouse, version) == said:
        return
    # sets are told apart by when they were used: a clock that stood still or went back must not bring an older one up
    ((last,),) = warehouse.rows("SELECT MAX(recorded_at) FROM store.meta.feature_sets")
    moment = sql_literal(max(now(), last + timedelta(microseconds=1)) if last else now())
    with warehouse.transaction():
        warehouse.execute("DELETE FROM store.meta.feature_sets WHERE feature_set_version = ?", [version])
        for name, each in said.items():
            warehouse.execute(
                f"INSERT INTO store.meta.feature_sets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, {moment})",
                [version, *name, each.token_hash, each.text, each.is_present, run_id],
            )


def recorded(warehouse: Warehouse, version: str) -> FeatureSet | None:
    """What a feature set's definitions said when it was last used; None where that was not kept."""
    if not has_table(warehouse, "feature_sets"):
        return None  # the catalogue of an earlier release
    found = {
        (kind, name, number, connector): Said(token_hash, text, is_present)
        for kind, name, number, connector, token_hash, text, is_present in warehouse.rows(
            "SELECT kind, name, version, connector, token_hash, text, is_present FROM store.meta.feature_sets "
            "WHERE feature_set_version = ?",
            [version],
        )
    }
    return found or None


def newest(warehouse: Warehouse) -> FeatureSet | None:
    """What the definitions said that were used last; None before a first run."""
    version = _newest_version(warehouse)
    return recorded(warehouse, version) if version else None


def _newest_version(warehouse: Warehouse) -> str | None:
    if not has_table(warehouse, "feature_sets"):
        return None
    found = warehouse.rows(
        "SELECT feature_set_version FROM store.meta.feature_sets ORDER BY recorded_at DESC, feature_set_version LIMIT 1"
    )
    return str(found[0][0]) if found else None
