"""Two texts side by side, files or definitions of a project, and the verdict on their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from leadmart.features.definition import Definition, display_path
from leadmart.features.equivalence.schema import schema_of
from leadmart.features.equivalence.verdict import Change, changes
from leadmart.features.errors import LeadmartError, read_text
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.windows import windows_of

_ENTITY_LINE = re.compile(r"^--\s*entity:\s*\w+\s*\((\w+)\)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Side:
    """One of the two texts. `definition` holds it as a view of the project would, for what is asked of views."""

    name: str
    definition: Definition

    @property
    def text(self) -> str:
        return self.definition.text

    @property
    def key(self) -> str:
        """The entity's key that the header names; `lead_id` without one."""
        found = _ENTITY_LINE.search(self.text)
        return found[1] if found else "lead_id"


def side_of(given: str, project: Project | None) -> Side:
    """The text of a file, or of a definition of the project by `name@v1`.

    Raises LeadmartError `no_such_file`, `unknown_definition`, `bad_sql`.
    """
    path = Path(given)
    if path.is_file():
        side = Side(display_path(path), Definition("SELECT", path.name, None, "", path, read_text(path), False))
    elif path.suffix == ".sql" or project is None:
        raise LeadmartError(
            f"there is no file {given}", code="no_such_file", hint="give a file, or in a project a definition: name@v1"
        )
    else:
        definition = Registry(project).find(given)
        side = Side(definition.ref, definition)
    _ = side.definition.tree  # names the place of what does not parse
    return side


def compared(before: Side, after: Side, project: Project | None) -> dict[str, Change]:
    """The class of every output column, with what a project knows of the relations that both read."""
    if project is None:
        return changes(before.text, after.text)
    registry = Registry(project)
    found = changes(before.text, after.text, schema_of(registry, (before.text, after.text), before.key))
    return found | _other_windows(before, after, registry, found)


def _other_windows(before: Side, after: Side, registry: Registry, found: dict[str, Change]) -> dict[str, Change]:
    """Columns that are stored as NULL where the sources' history does not reach, and reach back differently now."""
    if not (_ENTITY_LINE.search(before.text) and _ENTITY_LINE.search(after.text)):
        return {}
    try:
        old, new = (windows_of(_as_view(side), registry) for side in (before, after))
    except (LeadmartError, KeyError):
        return {}  # no view: nothing is stored of it
    other = Change("changed", "the history it needs of a source is another, and with it where it is NULL")
    return {
        name: other
        for name, change in found.items()
        if change.kind == "same"
        and {k.lower(): v for k, v in old.items()}.get(name) != {k.lower(): v for k, v in new.items()}.get(name)
    }


def _as_view(side: Side) -> Definition:
    given = side.definition
    kind = given.kind if given.kind != "SELECT" else "feature"
    return Definition(kind, given.name, given.version, "", given.path, given.text, False)
