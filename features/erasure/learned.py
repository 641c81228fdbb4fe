"""Whom a model learned from, as hashes: so that an erasure can name the models that saw somebody."""

from __future__ import annotations

from collections.abc import Sequence

from leadmart.features.erasure.guard import hash_sql, salt_of
from leadmart.features.warehouse import Warehouse


def record_learned(warehouse: Warehouse, model_version: str, keys: Sequence[str]) -> None:
    """Notes the leads whose rows a model learned from, was calibrated or tested on; each once, in any order."""
    hashed = hash_sql(salt_of(warehouse), "k")
    warehouse.execute("DELETE FROM store.meta.model_leads WHERE model_version = ?", [model_version])
    warehouse.execute(
        f"INSERT INTO store.meta.model_leads SELECT ?, {hashed} AS hash "
        "FROM (SELECT DISTINCT UNNEST(?::VARCHAR[]) AS k) ORDER BY hash",
        [model_version, list(keys)],
    )


def models_that_learned(warehouse: Warehouse) -> tuple[str, ...]:
    """The models that learned from one of the keys in `erasing.names`, the newest first."""
    hashed = hash_sql(salt_of(warehouse), "n.value")
    return tuple(
        version
        for (version,) in warehouse.rows(
            "SELECT m.model_version FROM store.meta.models AS m WHERE m.model_version IN (SELECT l.model_version FROM "
            f"store.meta.model_leads AS l JOIN erasing.names AS n ON n.kind = 'key' AND l.hash = {hashed}) "
            "ORDER BY m.trained_at DESC, m.model_version"
        )
    )
