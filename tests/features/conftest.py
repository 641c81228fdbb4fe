"""What the tests of features share: small projects in a temporary folder, and raw rows written as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.project import Project, find_project
from leadmart.features.raw import load, raw_columns_read
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse, open_for_writing

Rows = Sequence[Mapping[str, Any]]
MakeProject = Callable[..., Project]
LoadRows = Callable[..., None]

SETTINGS = """
[features]
views = ["lead_profile@v1", "web_engagement@v1", "account_engagement@v1"]
[scoring]
gates = ["icp@v1"]
[engine]
memory_limit = "1GB"
threads = 2
"""


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """`make_project(files={"sql/features/x/v1.sql": text}, settings=text)` writes a project and returns it."""

    def make(files: Mapping[str, str] | None = None, settings: str = SETTINGS, name: str = "project") -> Project:
        root = tmp_path / name
        for path, text in {"leadmart.toml": settings, **(files or {})}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return find_project(root)

    return make


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    """A project with three views and the gates."""
    return make_project()


@pytest.fixture
def registry(project: Project) -> Registry:
    return Registry(project)


@pytest.fixture
def warehouse(project: Project) -> Iterator[Warehouse]:
    """A session on the empty warehouse of `project`."""
    with open_for_writing(project) as opened:
        yield opened


@pytest.fixture
def load_rows(tmp_path: Path) -> LoadRows:
    """`load_rows(warehouse, {"web_events": [{...}]}, loaded_at=...)` loads rows as CSV; columns left out are empty.

    `synced_at` left out is the row's own moment.
    """

    def put(warehouse: Warehouse, tables: Mapping[str, Rows], loaded_at: datetime = datetime(2026, 6, 1)) -> None:
        registry = Registry(warehouse.project)
        for table, rows in tables.items():
            names = {name for d in registry.all("source") for name in raw_columns_read(d).get(table, ())}
            columns = sorted(names | {name for row in rows for name in row})
            path = tmp_path / f"{table}-{len(list(tmp_path.glob('*.csv')))}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                written = csv.DictWriter(file, columns)
                written.writeheader()
                for row in rows:
                    moment = next((v for c, v in row.items() if c.endswith("_at") and c != "synced_at"), None)
                    written.writerow({"synced_at": moment, **row})
            load(warehouse, registry, table, [path], loaded_at=loaded_at)

    return put


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[[str, Any], Path]:
    """`write_file("leads.csv", text)` writes a file, rows of a `.jsonl` one a line, and says where."""

    def write(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        return path

    return write
