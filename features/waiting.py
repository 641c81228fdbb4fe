"""What waits to be used: drafts, and versions newer than any that a run has used; each a text and what it follows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from leadmart.features.definition import VERSIONED, Definition
from leadmart.features.errors import read_text
from leadmart.features.project import Project
from leadmart.features.registry import FOLDERS, Registry


@dataclass(frozen=True)
class Step:
    """A text that waits, and the version that stands before it; `name` is `email_engagement@draft` or its ref."""

    name: str
    before: Definition
    after: Definition


def steps(registry: Registry, published: Collection[tuple[str, str, int]]) -> list[Step]:
    """Every version of the project's own that is newer than any used and that follows another, then every draft.

    One that a later one has overtaken waits no more. `published` are the kinds, names and versions that were used.
    """
    newest: dict[tuple[str, str], int] = {}
    for kind, name, version in published:
        newest[kind, name] = max(version, newest.get((kind, name), 0))
    found = []
    for definition in registry.all():
        if definition.kind not in VERSIONED or definition.packaged:
            continue
        before = version_before(registry, definition)
        if before and (definition.version or 0) > newest.get((definition.kind, definition.name), 0):
            found.append(Step(definition.ref, before, definition))
    for draft in drafts(registry):
        before = newest_version(registry, draft.kind, draft.name)
        if before:
            found.append(Step(f"{draft.name}@draft", before, draft))
    return found


def drafts(registry: Registry) -> list[Definition]:
    """The drafts of a project, by kind and name; a draft has no version yet."""
    found = []
    for folder, kind in FOLDERS.items():
        for path in sorted((registry.project.root / "sql" / folder).glob("*/draft.sql")) if kind in VERSIONED else ():
            found.append(Definition(kind, path.parent.name, None, "", path, read_text(path), False))
    return found


def newest_version(registry: Registry, kind: str, name: str) -> Definition | None:
    """The newest version of a definition, a packaged one too; None where there is none."""
    return max((d for d in registry.all(kind) if d.name == name), key=lambda d: d.version or 0, default=None)


def version_before(registry: Registry, definition: Definition) -> Definition | None:
    """The newest version below a definition's own, which need not be one less; None for the first."""
    below = [
        d
        for d in registry.all(definition.kind)
        if d.name == definition.name and (d.version or 0) < (definition.version or 0)
    ]
    return max(below, key=lambda d: d.version or 0, default=None)


def next_version(registry: Registry, draft: Definition) -> Definition:
    """A draft as the version that it is to be."""
    newest = newest_version(registry, draft.kind, draft.name)
    return replace(draft, version=(newest.version or 0) + 1 if newest else 1)


def project_naming(project: Project, definition: Definition) -> Project:
    """The project as if leadmart.toml named a version in the place of another one; the same where it names none."""
    settings = project.settings

    def moved(refs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(definition.ref if ref.partition("@")[0] == definition.name else ref for ref in refs)

    changed: dict[str, Any] = {}
    if definition.kind == "feature":
        changed["features"] = settings.features.model_copy(update={"views": moved(settings.features.views)})
    if definition.kind == "gate":
        changed["scoring"] = settings.scoring.model_copy(update={"gates": moved(settings.scoring.gates)})
    if all(getattr(settings, name) == value for name, value in changed.items()):
        return project
    return replace(project, settings=settings.model_copy(update=changed))
