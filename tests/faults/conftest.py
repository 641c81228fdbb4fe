"""A town smaller than the company of the other tests, in which every fault happens."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

LATE = """event_id,lead_id,occurred_at,synced_at,event_type,url,anonymous_id,session_id,dwell_s
Z1,L0000150,2026-02-20,2026-02-20,page_view,/pricing,a,s,3
Z2,L0000151,2026-02-21,2026-02-21,page_view,/docs,a,s,3
"""
"""Page views that come after the slices that should have known them were filled."""


@pytest.fixture(scope="session")
def town(company: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town, with a file of rows that come late. Never to be written to: copy it."""
    folder = tmp_path_factory.mktemp("town") / "project"
    shutil.copytree(company("town"), folder)
    (folder / "late.csv").write_text(LATE)
    return folder


@pytest.fixture(scope="session")
def published() -> Callable[[Path, str], list[tuple[Any, ...]]]:
    """`published(folder, sql)`: rows of the catalogue, as an analyst reads it."""

    def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
        catalogue = folder / "warehouse" / "published" / "leadmart.duckdb"
        with duckdb.connect(str(catalogue), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return rows


@pytest.fixture
def copy_town(town: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the town to break."""

    def copied(name: str = "project") -> Path:
        return shutil.copytree(town, tmp_path / name)

    return copied
