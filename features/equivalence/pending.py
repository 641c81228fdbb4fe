"""What drafts and versions not used yet change, column by column, and who reads the column as it is now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadmart.features.definition import VERSIONED, Definition
from leadmart.features.errors import LeadmartError, read_text
from leadmart.features.registry import FOLDERS, Registry

if TYPE_CHECKING:
    from leadmart.features.equivalence.verdict import Class


@dataclass(frozen=True)
class Pending:
    """A column that is not the same in a draft or a later version; `breaks` reads it of the version before."""

    view: str
    column: str
    kind: Class
    why: str
    breaks: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """One of `changes` in `plan --json`."""
        return {
            "view": self.view,
            "column": self.column,
            "class": self.kind,
            "why": self.why,
            "breaks": list(self.breaks),
        }

    @property
    def words(self) -> str:
        read = f"; read by {', '.join(self.breaks)}" if self.breaks else ""
        return f"{self.view}.{self.column} {self.kind}: {self.why}{read}"


def pending_changes(
    registry: Registry, published: Collection[tuple[str, str, int]], models: Mapping[str, Collection[str]]
) -> list[Pending]:
    """What each draft, and each version of the project that no run has used, changes of the version before it.

    `models` are the columns that each model reads. A text that does not parse is left to `check`.
    """
    found = []
    for name, before, after in _steps(registry, published):
        from leadmart.features.equivalence.compare import Side, compared  # parsing is for those who have a draft

        try:
            verdict = compared(Side(before.ref, before), Side(name, after), registry.project)
        except LeadmartError:
            continue
        for column, change in verdict.items():
            if change.kind == "same":
                continue
            readers = () if change.kind == "added" else readers_of(registry, before, column, models)
            found.append(Pending(name, column, change.kind, change.why, readers))
    return found


def readers_of(
    registry: Registry, definition: Definition, column: str, models: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """The definitions and models that read a column of a definition's version."""
    found = [d.ref for d in registry.all() if _reads(d, definition, column)]
    if definition.kind == "feature":
        found += [model for model, columns in models.items() if column in {name.lower() for name in columns}]
    return tuple(sorted(found))


def _reads(reader: Definition, definition: Definition, column: str) -> bool:
    from sqlglot import exp

    if definition.relation not in reader.text.lower():  # most do not, and parsing costs
        return False
    tables = [t for t in reader.find_all(exp.Table) if f"{t.db}.{t.name}".lower() == definition.relation]
    aliases = {table.alias_or_name.lower() for table in tables}
    read = {c.name.lower() for c in reader.find_all(exp.Column) if c.table.lower() in {*aliases, ""}}
    stars = [star for star in reader.find_all(exp.Star) if not isinstance(star.parent, exp.Count)]
    return bool(tables) and (column in read or bool(stars))


def _steps(
    registry: Registry, published: Collection[tuple[str, str, int]]
) -> Iterator[tuple[str, Definition, Definition]]:
    """Name, the version before, and the text that is to take its place."""
    for definition in registry.all():
        if definition.kind not in VERSIONED or definition.packaged or not definition.version:
            continue
        before = _version(registry, definition.kind, definition.name, definition.version - 1)
        if before and (definition.kind, definition.name, definition.version) not in published:
            yield definition.ref, before, definition
    for folder, kind in FOLDERS.items():
        for path in sorted((registry.project.root / "sql" / folder).glob("*/draft.sql")) if kind in VERSIONED else ():
            name = path.parent.name
            versions = [d for d in registry.all(kind) if d.name == name]
            if versions:
                draft = Definition(kind, name, None, "", path, read_text(path), False)
                yield f"{name}@draft", max(versions, key=lambda d: d.version or 0), draft


def _version(registry: Registry, kind: str, name: str, version: int) -> Definition | None:
    return next((d for d in registry.all(kind) if (d.name, d.version) == (name, version)), None)
