"""Which model is the champion: a pointer, and the record of every time it moved."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from leadmart.features.clock import now, sql_literal
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import RULES

Command = Literal["train", "promote", "rollback"]


@dataclass(frozen=True)
class Move:
    """One change of champion; `rules` stands for none."""

    command: str
    from_version: str
    to_version: str
    promoted_at: datetime


def moves(warehouse: Warehouse) -> list[Move]:
    """Every change of champion, oldest first."""
    return [
        Move(*row)
        for row in warehouse.rows(
            "SELECT command, from_version, to_version, promoted_at FROM store.meta.promotions ORDER BY promotion_number"
        )
    ]


def champion_before(history: Sequence[Move]) -> str | None:
    """The champion to go back to: what stood before the present one was promoted; None where nothing moved yet.

    A second rollback goes on back, and not to and fro: each one undoes the newest promotion that still stands.
    """
    standing = [RULES]
    for move in history:
        if move.command == "rollback":
            standing.pop()
        else:
            standing.append(move.to_version)
    return standing[-2] if len(standing) > 1 else None


def was_rolled_back(history: Sequence[Move], version: str) -> datetime | None:
    """When a model was last rolled back and not promoted since; None where it was not."""
    newest: datetime | None = None
    for move in history:
        if move.command == "rollback" and move.from_version == version:
            newest = move.promoted_at
        elif move.to_version == version:
            newest = None
    return newest


def move_to(
    warehouse: Warehouse,
    version: str,
    *,
    command: Command,
    run_id: str,
    rules: Sequence[Mapping[str, Any]] = (),
    waived: str | None = None,
    jump: Mapping[str, Any] | None = None,
) -> None:
    """Makes a kept model the champion (`rules`: none), and records it, inside the caller's transaction."""
    found = warehouse.rows("SELECT model_version FROM store.meta.models WHERE role = 'champion'")
    before = str(found[0][0]) if found else RULES
    warehouse.execute("UPDATE store.meta.models SET role = 'retired' WHERE role = 'champion'")
    warehouse.execute("UPDATE store.meta.models SET role = 'champion' WHERE model_version = ?", [version])
    warehouse.execute(
        "INSERT INTO store.meta.promotions SELECT COALESCE(MAX(promotion_number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, "
        f"{sql_literal(now())} FROM store.meta.promotions",
        [command, before, version, json.dumps(list(rules)), waived, json.dumps(jump) if jump else None, run_id],
    )
