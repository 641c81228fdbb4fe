"""What slices were made of, told without the erased: so that a removal is no change of history to be restated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.erasure.marks import Marks, entity_key, marks_of
from leadmart.features.erasure.search import is_named
from leadmart.features.house.kinds import has_table
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.staged import first_known
from leadmart.features.sources.staging import source_inputs
from leadmart.features.warehouse import Warehouse

Removed = Mapping[tuple[str, datetime], tuple[int, int]]
"""Per source and moment, the erased rows known then, and the sum of their hashes."""


def removed_rows(warehouse: Warehouse, registry: Registry, sources: Sequence[str]) -> Removed:
    """How many rows of each source go, at every moment at which a slice was computed from it."""
    if not has_table(warehouse, "slice_inputs"):
        return {}
    moments: dict[str, list[datetime]] = {}
    for source, as_of in warehouse.rows("SELECT DISTINCT source, as_of FROM store.meta.slice_inputs ORDER BY ALL"):
        if source in sources:
            moments.setdefault(source, []).append(as_of)
    Session(warehouse, registry).stage_whole(moments)
    found = {}
    key = entity_key(registry)
    for source, own in moments.items():
        listed = ", ".join(f"({sql_literal(moment)})" for moment in own)
        theirs = _marks(registry, source, key).belongs(is_named)
        for as_of, rows, hashed in warehouse.rows(
            f"SELECT w.as_of, COUNT(*), SUM(CAST(s.h AS HUGEINT)) FROM (VALUES {listed}) AS w (as_of) JOIN "
            f"(SELECT HASH(s) AS h, {first_known('s')} AS known FROM staging.{source} AS s WHERE {theirs}) AS s "
            "ON s.known <= w.as_of GROUP BY w.as_of"
        ):
            found[source, as_of] = (int(rows), int(hashed))
    return found


def _marks(registry: Registry, source: str, key: str) -> Marks:
    """The marks of a source whichever connector feeds it."""
    own = [marks_of(definition, key) for definition in registry.source(source)]
    addresses = dict.fromkeys(name for marks in own for name in marks.addresses)
    return Marks(own[0].key, own[0].contact, tuple(addresses))


def identities(warehouse: Warehouse, registry: Registry, sources: Sequence[str]) -> dict[str, str]:
    """The sources' identities, as `meta.slice_inputs` has them."""
    return source_inputs(warehouse, registry, sources)


def follow(warehouse: Warehouse, removed: Removed, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Takes erased rows out of what is recorded of slices' inputs; to be called in the transaction that switches files.

    Records of a DuckDB whose hashes are others stay: the next `restate` looks at them.
    """
    if not has_table(warehouse, "slice_inputs"):
        return
    for (source, as_of), (rows, hashed) in removed.items():
        recorded = warehouse.rows(
            "SELECT DISTINCT known_hash FROM store.meta.slice_inputs WHERE source = ? AND as_of = ?", [source, as_of]
        )
        for (known,) in recorded:
            release, _, total = str(known).partition(":")
            if release == duckdb.__version__:
                warehouse.execute(
                    "UPDATE store.meta.slice_inputs SET known_rows = known_rows - ?, known_hash = ? "
                    "WHERE source = ? AND as_of = ? AND known_hash = ?",
                    [rows, f"{release}:{int(total, 16) - hashed:x}", source, as_of, known],
                )
    for source, identity in after.items():
        if before.get(source) != identity:
            warehouse.execute(
                "UPDATE store.meta.slice_inputs SET input_hash = ? WHERE source = ? AND input_hash = ?",
                [identity, source, before.get(source)],
            )
