"""What the tests of features share: small projects in a temporary folder, and raw rows written as files."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmart.features.catalogue import publish
from leadmart.features.definition import raw_columns_read
from leadmart.features.materialize import fill
from leadmart.features.plan import Selection, Slice, missing_slices, select
from leadmart.features.project import Project, find_project
from leadmart.features.raw.load import load
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import Warehouse, open_for_writing

HERE = Path(__file__).parent

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


@dataclass
class World:
    """A project with a few rows, open for writing; `again` reads its definitions and settings anew."""

    project: Project
    warehouse: Warehouse

    def again(self) -> tuple[Session, Selection]:
        self.project = find_project(self.project.root)
        self.warehouse.project = self.project
        for schema in ("staging", "known", "reference"):
            kinds = self.warehouse.rows(
                "SELECT table_name, table_type FROM information_schema.tables "
                f"WHERE table_schema = '{schema}' AND table_catalog = 'memory'"
            )
            for name, kind in kinds:
                self.warehouse.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {schema}.{name}")
        session = Session(self.warehouse, Registry(self.project))
        return session, select(session.registry, session.present)

    def fill(self, *moments: datetime, run_id: str = "r") -> list[Slice]:
        """Fills what is missing at the moments; the slices listed."""
        session, selection = self.again()
        return fill(session, selection, missing_slices(self.warehouse, selection, moments), run_id=run_id)

    def missing(self, *moments: datetime) -> list[str]:
        """What is missing at the moments, by definition."""
        _, selection = self.again()
        return [s.definition.ref for s in missing_slices(self.warehouse, selection, moments)]

    def publish(self) -> bool:
        session, selection = self.again()
        return publish(self.warehouse, session.registry, selection)

    def write(self, path: str, text: str) -> Path:
        file = self.project.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file


@pytest.fixture
def world(project: Project, warehouse: Warehouse, load_rows: LoadRows) -> World:
    """The rows of world.yaml, loaded into `project` on 2026-06-01."""
    load_rows(warehouse, yaml.safe_load((HERE / "world.yaml").read_text(encoding="utf-8")))
    return World(project, warehouse)


@pytest.fixture
def world_at() -> Callable[[Project], AbstractContextManager[World]]:
    """`with world_at(project) as world` opens a project's warehouse once more; settings and all are read anew."""

    @contextmanager
    def opened(project: Project) -> Iterator[World]:
        with open_for_writing(find_project(project.root)) as warehouse:
            yield World(warehouse.project, warehouse)

    return opened


MONTH = [datetime(2026, 5, day) for day in (12, 17, 22, 24, 26, 28, 29, 30, 31)]
"""Moments in four weeks; the last day of three of them is there."""
TWO_DAYS_LATER = "2026-06-02T12:00:00"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test of a module that asks for `month` leaves it for the others, with its files beside it."""
    return tmp_path_factory.mktemp("month") / "project"


@pytest.fixture
def month(built: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, world_at: Any) -> Project:
    """The rows of world.yaml with the slices of MONTH filled and published, and nobody at the warehouse."""
    monkeypatch.setenv("LEADMART_NOW", TWO_DAYS_LATER)
    root: Path = request.getfixturevalue("tmp_path") / "project"
    if not built.is_dir():
        world: World = request.getfixturevalue("world")
        world.fill(*MONTH)
        world.publish()
        world.warehouse.close()
        shutil.copytree(root, built)
        for file in root.parent.glob("*.csv"):
            shutil.copy(file, built.parent)
        return world.project
    shutil.copytree(built, root)
    with world_at(find_project(root)) as again:
        again.publish()
        project: Project = again.project
    return project
