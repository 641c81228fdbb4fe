"""Who reads a column: definitions by their SQL, models and tables of the policy by its name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from leadmart.features.definition import VERSIONED, Definition
from leadmart.features.equivalence.lineage import reached
from leadmart.features.errors import LeadmartError
from leadmart.features.marts import chosen_marts
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry


@dataclass(frozen=True)
class Readers:
    """What may read a column: `definitions`, each after what it reads, and others that know it by its name alone.

    `by_name` says which columns each of those reads, of the views in `views`: a name is of one column in a project.
    Those in `lenient` do without one that is gone.
    """

    definitions: tuple[Definition, ...]
    by_name: Mapping[str, Collection[str]] = field(default_factory=dict)
    views: frozenset[str] = frozenset()
    lenient: frozenset[str] = frozenset()

    def of_name(self, view: str, column: str) -> list[str]:
        """Those that read a view's column by its name."""
        return [who for who, columns in self.by_name.items() if view in self.views and column in columns]

    def who_lose(self, view: str, column: str) -> list[str]:
        """Those that cannot do without a view's column once it is gone."""
        return [who for who in self.of_name(view, column) if who not in self.lenient]

    def of_columns(self, registry: Registry, found: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
        """The names of those that hang on any of some definitions' columns, by relation."""
        who: set[str] = set()
        for each in self.definitions:
            columns = found.get(each.relation, {})
            if columns:
                who.add(shown_name(each))
            if each.kind == "feature":
                who.update(name for column in columns for name in self.of_name(each.name, column))
        return tuple(sorted(who))


def readers_in(
    registry: Registry, selection: Selection, by_name: Mapping[str, Collection[str]], lenient: Collection[str] = ()
) -> Readers:
    """The readers of a project: what it selects, trains on, audits and builds, and its own files beside."""
    settings = registry.project.settings
    named = [("spine", settings.train.spine), ("label", settings.train.label)]
    named += [("feature", ref) for ref in settings.report.audit]
    own = [d for d in registry.all() if d.kind in VERSIONED and not d.packaged]
    found: dict[str, Definition] = {d.relation: d for d in selection.definitions}
    for each in (*(registry.get(kind, ref) for kind, ref in named), *own):
        try:
            below = registry.dependencies(each)
            registry.sources_of([each])
        except LeadmartError:
            continue  # `check` says what is wrong with it
        for one in (*below, each):
            found.setdefault(one.relation, one)
    found |= {mart.relation: mart for mart in chosen_marts(registry)}
    views = frozenset(d.name for d in found.values() if d.kind == "feature" and d in selection.definitions)
    lower = {who: frozenset(column.lower() for column in columns) for who, columns in by_name.items()}
    return Readers(tuple(found.values()), lower, views, frozenset(lenient))


def readers_of(registry: Registry, readers: Readers, definition: Definition, column: str) -> tuple[str, ...]:
    """The definitions, models and tables that read a column of a definition's version, also through others."""
    edited = {f"{definition.relation}.{column}": "read"}
    others = [d for d in readers.definitions if d.relation != definition.relation]
    found = reached(registry, others, edited)
    who = set(readers.of_columns(registry, found))
    if definition.kind == "feature":
        who |= set(readers.of_name(definition.name, column))
    return tuple(sorted(who))


def shown_name(definition: Definition) -> str:
    """How a reader is called: `patterns@v1`, `marts.account_board`, `labels.opportunity`."""
    folder = {"mart": "marts", "label": "labels", "spine": "spines"}.get(definition.kind)
    return f"{folder}.{definition.name}" if folder else definition.ref
