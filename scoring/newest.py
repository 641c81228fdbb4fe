"""The newest scoring in force: of the newest as_of that was scored, what the last run put there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from leadmart.features.shown import VERSIONS, in_force_sql
from leadmart.features.warehouse import Warehouse

NEWEST_SCORING = f"SELECT * FROM ({in_force_sql()}) ORDER BY as_of DESC LIMIT 1"
"""A SELECT of its row of meta.scorings; of no row before there is one."""


@dataclass(frozen=True)
class NewestScoring:
    """Its as_of and its versions, by the names of `VERSIONS`."""

    as_of: datetime
    versions: dict[str, str]


def newest_scoring(warehouse: Warehouse) -> NewestScoring | None:
    """The newest scoring in force; None before there is one."""
    found = warehouse.rows(f"SELECT as_of, {', '.join(VERSIONS)} FROM ({NEWEST_SCORING})")
    if not found:
        return None
    as_of, *versions = found[0]
    return NewestScoring(as_of, dict(zip(VERSIONS, versions, strict=True)))
