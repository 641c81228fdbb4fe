"""`init`: a new project's folder, with a made-up company on request."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from leadmart.features import demo
from leadmart.features.errors import LeadmartError
from leadmart.features.project import SETTINGS_FILE, Project, find_project, refuse_folder
from leadmart.features.stacks import Stack

SOURCES = Path(__file__).resolve().parent.parent / "sql" / "sources"
_GITIGNORE = "warehouse/\n"


def init(folder: Path, stack: Stack | None = None) -> Project:
    """Writes a project into a new or empty folder, on a stack's tables or on plain ones.

    Raises LeadmartError `folder_not_empty`.
    """
    refuse_folder(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LeadmartError(
            f"{folder} is there already and not empty", code="folder_not_empty", hint="name a new folder"
        )
    (folder / "sql").mkdir(parents=True)
    (folder / "suites").mkdir()
    name = folder.resolve().name
    template = (Path(__file__).parent / "template.toml").read_text(encoding="utf-8")
    if stack is not None:
        template = stack.settings(template, SOURCES)
    quoted = json.dumps(name, ensure_ascii=False)[1:-1]
    (folder / SETTINGS_FILE).write_text(template.replace("{name}", quoted), encoding="utf-8")
    (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    return find_project(folder)


def init_demo(
    folder: Path,
    leads: int | None,
    days: int | None,
    seed: int,
    until: datetime,
    progress: Callable[[str], None] = lambda _: None,
    *,
    hold_back: int = 0,
) -> tuple[demo.DemoSettings, dict[str, int]]:
    """A project with a made-up company, whose load counts as completed at `until`: its raw tables and their rows.

    What arrives in the last `hold_back` days is not loaded; it lies in `incoming/<day>/<table>.parquet`, and the load
    counts as completed before it. The folder appears whole or not at all.
    """
    from leadmart.features.catalogue import publish
    from leadmart.features.raw.load import load
    from leadmart.features.registry import Registry
    from leadmart.features.warehouse import open_for_writing

    refuse_folder(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LeadmartError(
            f"{folder} is there already and not empty", code="folder_not_empty", hint="name a new folder"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        building = Path(temporary) / folder.name
        project = init(building)
        sizes = {name: size for name, size in (("leads", leads), ("days", days)) if size is not None}
        settings = demo.DemoSettings(until=until, seed=seed, hold_back=hold_back, **sizes)
        progress("making a company up")
        made = Path(temporary) / "raw"
        files = dict(demo.generate(made, settings, memory=project.settings.engine.memory_limit))
        truth = files.pop("truth")
        if hold_back:
            (made / "held_back").rename(building / "incoming")
        rows = {}
        with open_for_writing(project) as warehouse:
            registry = Registry(project)
            for table, file in files.items():
                progress(f"loading {table}")
                rows[table] = sum(
                    batch.rows for batch in load(warehouse, registry, table, [file], loaded_at=settings.loaded_until)
                )
            project.demo_truth.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(truth, project.demo_truth)
            publish(warehouse, registry, None)
        if folder.exists():
            folder.rmdir()
        building.rename(folder)
    # the catalogue names files by their whole path, and the folder has just moved
    project = find_project(folder)
    with open_for_writing(project) as warehouse:
        publish(warehouse, Registry(project), None)
    return settings, rows
