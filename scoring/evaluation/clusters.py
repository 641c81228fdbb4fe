"""Which rows are one person's or one account's: they are drawn together, and never stand in two blocks (K8)."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

CLUSTER = "cluster"
"""A column of the training rows: what has the same value in it is one person, and never stands in two blocks (K8)."""


def cluster_of(rows: pl.DataFrame) -> str:
    """The column that tells which rows belong together: `cluster` where rows have it, else lead_id."""
    return CLUSTER if CLUSTER in rows.columns else "lead_id"


def cluster_numbers(rows: pl.DataFrame) -> NDArray[np.int64]:
    """A number from 0 on for each row's person, by the order of ids: the same whatever the order of the rows."""
    return rows[cluster_of(rows)].rank("dense").cast(pl.Int64).to_numpy() - 1
