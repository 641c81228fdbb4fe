"""Traces of a person in the store's own tables: score rows go, and words that name them are taken out of texts."""

from __future__ import annotations

import re

from leadmart.features.literals import quoted, quoted_name
from leadmart.features.warehouse import Warehouse

_SAID = "(erased)"
_KEPT = (("meta", "views"), ("meta", "erased"), ("meta", "salt"), ("meta", "model_leads"), ("main", "migrations"))
"""Tables that hold definitions, hashes and names of our own."""


def score_rows(warehouse: Warehouse, key: str) -> int:
    """How many rows of the store go: of every table that has the entity's key."""
    total = 0
    for schema, table in _keyed(warehouse, key):
        ((rows,),) = warehouse.rows(f"SELECT COUNT(*) FROM store.{schema}.{table} WHERE {_theirs(key)}")
        total += int(rows)
    return total


def remove_rows(warehouse: Warehouse, key: str) -> None:
    """Deletes the person's rows of every table with the entity's key; what is said of their number follows."""
    versions = "as_of, feature_set_version, model_version, policy_version"
    if ("scores", "lead_scores") in _keyed(warehouse, key):
        same = " AND ".join(f"c.{v} = d.{v}" for v in versions.split(", "))
        for scorings in ("scorings", "shadow_scorings", "hot_scorings", "past_scorings"):
            warehouse.execute(
                f"UPDATE store.meta.{scorings} AS c SET row_count = c.row_count - d.n FROM "
                f"(SELECT {versions}, COUNT(*) AS n FROM store.scores.lead_scores WHERE {_theirs(key)} GROUP BY ALL) "
                f"AS d WHERE {same}"
            )
    for schema, table in _keyed(warehouse, key):
        warehouse.execute(f"DELETE FROM store.{schema}.{table} WHERE {_theirs(key)}")


def blot_out(warehouse: Warehouse) -> None:
    """Puts `(erased)` where another text of the store names the person: an address anywhere, a key in quotes.

    Such texts are what quality found and what a run failed of. A key that is no number is taken out without quotes too.
    """
    names = warehouse.rows("SELECT kind, value FROM erasing.names WHERE kind IN ('key', 'contact', 'address')")
    patterns = []
    for kind, value in sorted(names):
        written = re.escape(value).replace("/", "[/]")
        if kind == "address":
            patterns.append(written)
        elif len(value) >= 6 and not value.isdigit():
            patterns.append(rf"\b{written}\b")
        else:
            patterns += [f'"{written}"', f"'{written}'"]
    if not patterns:
        return
    pattern = quoted("|".join(patterns))
    for schema, table, column in warehouse.rows(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'store' "
        "AND data_type = 'VARCHAR' ORDER BY ALL"
    ):
        if (schema, table) in _KEPT:
            continue
        name = quoted_name(column)
        warehouse.execute(
            f"UPDATE store.{schema}.{table} SET {name} = REGEXP_REPLACE({name}, {pattern}, {quoted(_SAID)}, 'gi') "
            f"WHERE REGEXP_MATCHES({name}, {pattern}, 'i')"
        )


def _theirs(key: str) -> str:
    return f"CAST({quoted_name(key)} AS VARCHAR) IN (SELECT n.value FROM erasing.names AS n WHERE n.kind = 'key')"


def _keyed(warehouse: Warehouse, key: str) -> list[tuple[str, str]]:
    return [
        (schema, table)
        for schema, table in warehouse.rows(
            "SELECT schema_name, table_name FROM duckdb_columns() WHERE database_name = 'store' AND column_name = ? "
            "ORDER BY ALL",
            [key],
        )
    ]
