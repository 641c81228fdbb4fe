"""Whom a model learned from, as hashes: so that an erasure can name the models that saw somebody."""

from __future__ import annotations

from collections.abc import Sequence

from leadmart.features.erasure.guard import hash_sql, salt_of
from leadmart.features.errors import LeadmartError
from leadmart.features.warehouse import Warehouse
from leadmart.features.words import are


def record_learned(warehouse: Warehouse, model_version: str, keys: Sequence[str], before: str | None = None) -> None:
    """Notes the leads whose rows a model learned from, was calibrated or tested on; each once, in any order.

    `before` is the model that it was made of: it learned from those leads too. To be called in the transaction that
    keeps the model. Raises LeadmartError `erased_meanwhile` where one of the keys was erased while it was learned.
    """
    hashed = hash_sql(salt_of(warehouse), "k")
    warehouse.execute(
        f"CREATE OR REPLACE TEMP TABLE learned AS SELECT {hashed} AS hash FROM (SELECT UNNEST(?::VARCHAR[]) AS k)",
        [list(keys)],
    )
    ((erased,),) = warehouse.rows(
        "SELECT COUNT(*) FROM store.meta.erased WHERE kind = 'key' AND hash IN (SELECT l.hash FROM learned AS l)"
    )
    if erased:
        raise LeadmartError(
            f"{are(erased, 'lead', 'leads')} that it learned from {'was' if erased == 1 else 'were'} erased meanwhile",
            code="erased_meanwhile",
            hint="the model was not kept: `leadmart train` learns another without them",
        )
    warehouse.execute(
        "INSERT INTO learned SELECT m.hash FROM store.meta.model_leads AS m WHERE m.model_version = ?", [before]
    )
    warehouse.execute("DELETE FROM store.meta.model_leads WHERE model_version = ?", [model_version])
    warehouse.execute(
        "INSERT INTO store.meta.model_leads SELECT DISTINCT ?, l.hash FROM learned AS l ORDER BY ALL", [model_version]
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
