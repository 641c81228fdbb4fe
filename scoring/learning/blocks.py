"""Labelled rows by what names them, so that the rows a model was measured on are known again (T8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso
from leadmart.scoring.learning.dataset import spine_hash

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Block:
    """Labelled rows by what names them: their landmarks, and a hash of lead, as_of and outcome."""

    first: datetime
    last: datetime
    rows: int
    positives: int
    rows_hash: str

    def as_json(self) -> dict[str, Any]:
        return {
            "first": iso(self.first), "last": iso(self.last), "rows": self.rows, "positives": self.positives,
            "rows_hash": self.rows_hash,
        }  # fmt: skip


def block_of(rows: pl.DataFrame) -> Block | None:
    """The block of labelled rows (lead_id, as_of, y); None of no row."""
    if rows.is_empty():
        return None
    first, last = rows["as_of"].min(), rows["as_of"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return Block(first, last, rows.height, int(rows["y"].sum()), spine_hash(rows))


def tested(rows: pl.DataFrame) -> dict[str, Any] | None:
    """The section `test` of a report: which rows the model was measured on, once."""
    block = block_of(rows) if rows.width else None
    return block.as_json() if block else None
