"""Sources that read as empty: which raw table or snapshot each of them waits for, and what it leaves unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from leadmart.features.definition import Definition, raw_names
from leadmart.features.raw.tables import CHANGES, raw_tables
from leadmart.features.registry import Registry
from leadmart.features.sources.staging import fed_sources
from leadmart.features.warehouse import Warehouse
from leadmart.features.words import named


@dataclass(frozen=True)
class Missing:
    """A source without raw rows to read: the relations that read it, and why, a sentence for each table that lacks."""

    source: str
    readers: tuple[str, ...]
    why: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"words": self.words}

    @property
    def words(self) -> str:
        """One sentence: the source, the views and gates that it leaves without, and why."""
        readers = named([relation.partition(".")[2] for relation in self.readers])
        return f"{self.source} reads as empty, for {readers}: {', '.join(self.why)}"


OPTIONAL = "ext_"
"""How the names of sources begin that a project may do without: what other companies know of its own."""


def done_without(registry: Registry, present: frozenset[str]) -> frozenset[str]:
    """The sources that the project does without: optional ones that are not there, and those that it says it lacks.

    It says so by leaving a source out of `[sources] have`, or by naming a part of it in `[sources] without`.
    """
    said = registry.project.settings.sources
    left_out = {path.partition("/")[2] for path in said.without}
    absent = {d.name for d in registry.all("source")} - present
    return frozenset(name for name in absent if name.startswith(OPTIONAL) or said.have is not None or name in left_out)


def missing_sources(
    warehouse: Warehouse, registry: Registry, definitions: Sequence[Definition], present: frozenset[str]
) -> list[Missing]:
    """The sources that definitions read, directly or through others, and that are not among `present`; by name.

    Where several connectors feed a source, those that the project took beside `plain` are what it waits for.
    """
    absent = sorted(set(registry.sources_of(definitions)) - present)
    if not absent:
        return []
    tables = {name.lower() for name in raw_tables(warehouse)}
    fed = fed_sources(warehouse, registry)
    return [
        Missing(
            name,
            tuple(sorted(d.relation for d in definitions if name in registry.sources_of([d]))),
            ("[sources] have leaves it out",) if name in fed else tuple(_why(registry, name, tables)),
        )
        for name in absent
    ]


def _why(registry: Registry, name: str, tables: set[str]) -> Iterable[str]:
    """What each of the raw tables that a source lacks waits for."""
    definitions = registry.source(name)
    chosen = [d for d in definitions if d.connector != "plain"] or list(definitions)
    others = chosen[0].connector != "plain" or registry.project.settings.sources.connectors == ("plain",)
    looked_at = {table.lower() for table in registry.project.settings.snapshot}
    for table in sorted({table for d in chosen for table in raw_names(d)} - tables):
        base = table.removesuffix(CHANGES)
        if base == table and not others:
            yield f"only plain tables feed it, and raw.{base} is not there (`leadmart load {base} FILE`)"
        elif base == table or (base in looked_at and base not in tables):
            yield f"raw.{base} is not there (`leadmart load {base} FILE`)"
        elif base in looked_at:
            yield f"raw.{base} is not looked at yet (`leadmart run` or `leadmart snapshot` does)"
        else:
            loaded = "" if base in tables else f", and raw.{base} is not there"
            yield f"leadmart.toml has no [snapshot.{base}] to keep its changes{loaded}"
