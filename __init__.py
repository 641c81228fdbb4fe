"""leadmart: a warehouse feature store with lead scoring on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    import pyarrow as pa

    from leadmart.features.project import Project

__version__ = "0.1.0"
__all__ = ["__version__", "feature_frame"]


def feature_frame(project: Project | Path | str, pairs: pl.DataFrame | pa.Table | Path | str) -> pl.DataFrame:
    """Features at (entity, as_of) pairs, one row for each pair in their order, duplicates kept.

        pairs = pl.DataFrame({"lead_id": ["L1", "L1"], "as_of": [date(2026, 5, 1), date(2026, 5, 31)]})
        frame = leadmart.feature_frame("my_project", pairs)

    `pairs` carries the entity's key and as_of (UTC) and nothing else, as a Polars frame, an Arrow table, or the path of
    a Parquet or CSV file. Raises LeadmartError, as the command `features` does.
    """
    from leadmart.features.pairs import feature_frame as frame_of

    return frame_of(project, pairs)
