"""What scores went by, kept in the store; and what of it differs from what the project says today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadmart.features.clock import now, sql_literal
from leadmart.features.errors import read_text
from leadmart.features.fingerprint import file_digest
from leadmart.features.house.kinds import has_table
from leadmart.features.plan import Selection
from leadmart.features.reference import Reference
from leadmart.features.registry import PACKAGE, Registry
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.policy import Policy
from leadmart.scoring.policy_change import (
    PartChange,
    TableChange,
    gates_told_otherwise,
    policy_changes,
    table_change,
)


@dataclass(frozen=True)
class Differences:
    """What a policy and its tables differ in from those recorded; empty where nothing is recorded to compare with."""

    parts: tuple[PartChange, ...] = ()
    tables: tuple[TableChange, ...] = ()

    @property
    def words(self) -> list[str]:
        return [*(each.words for each in self.parts), *(each.words for each in self.tables)]


def keep_policy(warehouse: Warehouse, registry: Registry, selection: Selection, policy: Policy, run_id: str) -> None:
    """Records what scores are about to go by, once for each feature set and policy; by itself it shows nothing."""
    versions = [selection.feature_set_version, policy.policy_version]
    if warehouse.rows(
        "SELECT 1 FROM store.meta.policies WHERE feature_set_version = ? AND policy_version = ?", versions
    ):
        return
    tables = _tables(registry, selection)
    with warehouse.transaction():
        for table in tables.values():
            if not table.packaged:
                row = [table.name, table.content_hash, read_text(table.path), run_id]
                warehouse.execute("INSERT OR IGNORE INTO store.meta.reference_texts VALUES (?, ?, ?, ?)", row)
        hashes = json.dumps({name: table.content_hash for name, table in tables.items()}, sort_keys=True)
        warehouse.execute(
            f"INSERT INTO store.meta.policies VALUES (?, ?, ?, ?, ?, {sql_literal(now())})",
            [*versions, policy.content_text, hashes, run_id],
        )


def differences(
    warehouse: Warehouse, registry: Registry, selection: Selection, policy: Policy, before: tuple[str, str]
) -> Differences:
    """What the project's policy and tables differ in from those of a (feature_set_version, policy_version)."""
    if not has_table(warehouse, "policies"):
        return Differences()  # published by an earlier release
    found = warehouse.rows(
        "SELECT content, reference_tables FROM store.meta.policies WHERE feature_set_version = ? "
        "AND policy_version = ?",
        before,
    )
    if not found:
        return Differences()
    content, hashes = (json.loads(text) for text in found[0])
    tables = _changed_tables(warehouse, registry, selection, hashes)
    present = json.loads(policy.content_text)
    parts = policy_changes(content, present)
    by_table = {ref for change in tables for ref in change.read_by}
    for ref in gates_told_otherwise(content, present):
        if ref not in by_table:
            words = f"gate {ref}: its SQL, or a view or source it reads, is another"
            parts.append(PartChange("gates", ref, None, None, words))
    return Differences(tuple(parts), tuple(tables))


def _tables(registry: Registry, selection: Selection) -> dict[str, Reference]:
    """The reference tables that the selection's definitions read, by name."""
    return {table.name: table for table in registry.references_of(selection.definitions)}


def _changed_tables(
    warehouse: Warehouse, registry: Registry, selection: Selection, hashes: Mapping[str, str]
) -> list[TableChange]:
    tables = _tables(registry, selection)
    changed = [name for name in tables if name in hashes and tables[name].content_hash != hashes[name]]
    readers = {
        name: [d.ref for d in selection.definitions if name in {t.name for t in registry.references_of([d])}]
        for name in changed
    }
    return [
        table_change(name, _text_of(warehouse, name, hashes[name]), read_text(tables[name].path), readers[name])
        for name in changed
    ]


def _text_of(warehouse: Warehouse, name: str, content_hash: str) -> str | None:
    """A table's text of before: the packaged one, or the one that was kept; None where neither has that content."""
    packaged = PACKAGE / "sql" / "reference" / f"{name}.csv"
    if packaged.is_file() and file_digest(packaged) == content_hash:
        return read_text(packaged)
    kept: list[tuple[Any, ...]] = warehouse.rows(
        "SELECT text FROM store.meta.reference_texts WHERE name = ? AND content_hash = ?", [name, content_hash]
    )
    return kept[0][0] if kept else None
