"""What models were measured on: each look at labelled rows is recorded, and a second one is known as such (T8)."""

from __future__ import annotations

from typing import Literal

from leadmart.features.clock import now, sql_literal
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.learning.blocks import Block


def looks_at(warehouse: Warehouse, version: str, block: Block) -> int:
    """How often a model was measured on these very rows."""
    ((found,),) = warehouse.rows(
        "SELECT COUNT(*) FROM store.meta.model_tests WHERE model_version = ? AND rows_hash = ?",
        [version, block.rows_hash],
    )
    return int(found)


def record_look(
    warehouse: Warehouse, version: str, block: Block, purpose: Literal["test", "comparison"], run_id: str
) -> int:
    """Records that a model was measured on a block; which look at it this was."""
    look = looks_at(warehouse, version, block) + 1
    warehouse.execute(
        f"INSERT INTO store.meta.model_tests VALUES (?, ?, {sql_literal(block.first)}, {sql_literal(block.last)}, ?, "
        f"?, ?, ?, ?, {sql_literal(now())})",
        [version, purpose, block.rows, block.positives, block.rows_hash, look, run_id],
    )
    return look
