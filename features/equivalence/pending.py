"""What drafts and versions not used yet change, column by column, and who reads the column as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, Place, all_as_one
from leadmart.features.feature_sets import FeatureSet, name_of
from leadmart.features.registry import Registry
from leadmart.features.waiting import Step
from leadmart.features.words import named

if TYPE_CHECKING:
    from leadmart.features.equivalence.readers import Readers
    from leadmart.features.equivalence.verdict import Class


@dataclass(frozen=True)
class ColumnChange:
    """A column that is not the same in a draft, a later version or an edited source; `breaks` reads it as it was.

    `raw` are the raw columns that it is made of. `lost` are those of `breaks` that cannot do without a removed column.
    """

    view: str
    column: str
    kind: Class
    why: str
    breaks: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One of `changes` in `plan --json`."""
        return {
            "view": self.view,
            "column": self.column,
            "class": self.kind,
            "why": self.why,
            "breaks": list(self.breaks),
            "raw": list(self.raw),
            "refused": bool(self.lost),
        }

    @property
    def words(self) -> str:
        read = f"; read by {', '.join(self.breaks)}" if self.breaks else ""
        what = f"{self.view}.{self.column}" if self.column else self.view
        return f"{what} {self.kind}: {self.why}{read}"


def refusal(lost: Sequence[ColumnChange], place: Place | None = None) -> LeadmartError:
    """`column_in_use` for removed columns that somebody cannot do without, with everyone who reads them."""
    return all_as_one(
        [
            LeadmartError(
                f"{each.view} has no column {each.column} any more, and {named(each.lost)} cannot do without it: it is "
                f"read by {', '.join(each.breaks)}",
                code="column_in_use",
                place=place,
                hint="keep the column, or first take it out of what reads it: `[train] columns` and `leadmart train` "
                "make a model without it, tables and settings are edited",
            )
            for each in lost
        ]
    )


def pending_changes(registry: Registry, readers: Readers, waiting: Iterable[Step]) -> list[ColumnChange]:
    """What each step changes of what stood before it. A text that does not parse is left to `check`."""
    found: list[ColumnChange] = []
    for step in waiting:
        try:
            found += step_changes(registry, readers, step)
        except LeadmartError:
            continue
    return found


def step_changes(registry: Registry, readers: Readers, step: Step) -> list[ColumnChange]:
    """What one step changes, column by column; nothing of columns that mean the same.

    A view that reads the version before it leaves that one's columns where they are: it adds to them alone.
    """
    from leadmart.features.equivalence.compare import Side, compared  # parsing is for those who have a draft
    from leadmart.features.equivalence.readers import readers_of

    before, after = step.before, step.after
    found = []
    raw: dict[str, frozenset[str]] | None = None
    keeps = before.kind == "feature" and before.relation in {d.relation for d in registry.dependencies(after)}
    for column, change in compared(Side(before.ref, before), Side(step.name, after), registry.project).items():
        if change.kind == "same" or (keeps and change.kind != "added"):
            continue
        raw = raw if raw is not None else _raw_of(registry, before) | _raw_of(registry, after)
        breaks = () if change.kind == "added" else readers_of(registry, readers, before, column)
        lost = readers.who_lose(before.name, column) if change.kind == "removed" and before.kind == "feature" else []
        found.append(
            ColumnChange(
                step.name, column, change.kind, change.why, breaks, tuple(sorted(raw.get(column, ()))), tuple(lost)
            )
        )
    return found


def _raw_of(registry: Registry, definition: Definition) -> dict[str, frozenset[str]]:
    from leadmart.features.equivalence.lineage import raw_lineage

    try:
        return raw_lineage(registry, definition)
    except LeadmartError:
        return {}  # it reads what is not there, which `check` says


def steps_taken(definitions: Sequence[Definition], before: FeatureSet) -> list[Step]:
    """The definitions that are another version now than the one that was used last."""
    found = []
    for definition in definitions:
        own = {
            name: said for name, said in before.items() if name[:2] == (definition.kind, definition.name) and said.text
        }
        if definition.version is None or not own or name_of(definition) in own:
            continue
        (kind, name, version, _), said = max(own.items(), key=lambda each: each[0][2])
        path = definition.path.with_name(f"v{version}.sql")
        found.append(
            Step(definition.ref, Definition(kind, name, version, "", path, said.text or "", False), definition)
        )
    return found
