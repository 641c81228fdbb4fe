"""What scores went by, kept in the store; and what of it differs from what the project says today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadmart.features.clock import now, sql_literal
from leadmart.features.errors import read_text
from leadmart.features.feature_sets import FeatureSet, Said, newest, recorded
from leadmart.features.house.kinds import has_table
from leadmart.features.plan import Selection
from leadmart.features.reference import Reference
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.newest import newest_scoring
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
    content = _content(registry, policy)
    text = json.dumps(content, sort_keys=True)
    if kept := _kept(warehouse, *versions):
        if kept[0] != content:  # a setting that this policy's version does not hang on
            warehouse.execute(
                "UPDATE store.meta.policies SET content = ? WHERE feature_set_version = ? AND policy_version = ?",
                [text, *versions],
            )
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
            [*versions, text, hashes, run_id],
        )


def differences(
    warehouse: Warehouse, registry: Registry, selection: Selection, policy: Policy, before: tuple[str, str]
) -> Differences:
    """What the project's policy and tables differ in from those of a (feature_set_version, policy_version)."""
    kept = _kept(warehouse, *before)
    if kept is None:
        return Differences()
    content, hashes = kept
    tables = _changed_tables(warehouse, registry, selection, hashes)
    present = _content(registry, policy)
    parts = policy_changes(content, present)
    by_table = {ref for change in tables for ref in change.read_by}
    for ref in gates_told_otherwise(content, present):
        if ref not in by_table:
            words = f"gate {ref}: its SQL, or a view or source it reads, is another"
            parts.append(PartChange("gates", ref, None, None, words))
    return Differences(tuple(parts), tuple(tables))


def said_when_scored(
    warehouse: Warehouse, registry: Registry, selection: Selection, today: FeatureSet
) -> FeatureSet | None:
    """What the definitions said that the newest scores went by, else those that were used last; None before a run.

    A run that came to no scores uses definitions too. Gates, tables and the label are those of the scores' policy,
    since a feature set says nothing of them; there is no label where an earlier release scored. A table whose rows are
    the same is as `today`, whatever its file's layout.
    """
    scoring = newest_scoring(warehouse)
    versions = (scoring.versions["feature_set_version"], scoring.versions["policy_version"]) if scoring else None
    said = recorded(warehouse, versions[0]) if versions else None
    if said is None or versions is None:
        return newest(warehouse)
    kept = _kept(warehouse, *versions)
    if kept is None:
        return said
    content, hashes = kept
    refs = {ref for ref, _ in content["gate_fingerprints"]}
    gates = {
        ("gate", name, version, ""): Said(token_hash, text)
        for name, version, token_hash, text in warehouse.rows(
            "SELECT name, version, token_hash, text FROM store.meta.views WHERE kind = 'gate'"
        )
        if f"{name}@v{version}" in refs
    }
    tables = {("reference", name, 0, ""): Said(content_hash, None) for name, content_hash in hashes.items()}
    for change in _changed_tables(warehouse, registry, selection, hashes):
        name = ("reference", change.table, 0, "")
        if change.has_same_rows and name in today:
            tables[name] = today[name]
    label = content.get("label")
    labels = {("label", label["name"], 0, ""): Said(label["token_hash"], label["text"])} if label else {}
    return {n: each for n, each in said.items() if n[0] not in ("gate", "reference")} | gates | tables | labels


def _content(registry: Registry, policy: Policy) -> dict[str, Any]:
    """A policy's content, and what its version does not name: whether people may override it, and the label, which says
    whose outcome is known.
    """
    label = registry.get("label", registry.project.settings.train.label)
    said = {"name": label.name, "token_hash": registry.token_hash(label), "text": label.text}
    return {
        **json.loads(policy.content_text),
        "overrides": registry.project.settings.scoring.overrides,
        "label": said,
    }


def _kept(
    warehouse: Warehouse, feature_set_version: str, policy_version: str
) -> tuple[dict[str, Any], dict[str, str]] | None:
    """The content of a policy that scores went by, and the content hashes of the tables; None where it was not kept."""
    if not has_table(warehouse, "policies"):
        return None  # published by an earlier release
    found = warehouse.rows(
        "SELECT content, reference_tables FROM store.meta.policies WHERE feature_set_version = ? "
        "AND policy_version = ?",
        [feature_set_version, policy_version],
    )
    return (json.loads(found[0][0]), json.loads(found[0][1])) if found else None


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
        table_change(name, _text_of(warehouse, tables[name], hashes[name]), read_text(tables[name].path), readers[name])
        for name in changed
    ]


def _text_of(warehouse: Warehouse, table: Reference, content_hash: str) -> str | None:
    """A table's text of before: the packaged one, or the one that was kept; None where neither has that content."""
    if (packaged := table.replaced) and packaged.content_hash == content_hash:
        return read_text(packaged.path)
    kept: list[tuple[Any, ...]] = warehouse.rows(
        "SELECT text FROM store.meta.reference_texts WHERE name = ? AND content_hash = ?", [table.name, content_hash]
    )
    return kept[0][0] if kept else None
