"""The plan: which slices are wanted and missing. It is printed by `plan` and walked by `run`; nothing else decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadmart.features.beside import views_beside
from leadmart.features.clock import iso, sql_literal
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, all_as_one, near_names
from leadmart.features.fingerprint import digest
from leadmart.features.model_columns import allowed_columns
from leadmart.features.model_inputs import refuse_inputs
from leadmart.features.project import ClockSection
from leadmart.features.raw.tables import newest_load
from leadmart.features.registry import Registry
from leadmart.features.remembered import is_proven, keep
from leadmart.features.session import link_to
from leadmart.features.sources.missing import done_without
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse
from leadmart.features.windows import Windows, longest_windows, windows_of

STORED_AS = "unknown is NULL"
"""What the engine does to a view's rows before it stores them; slices that were stored in another way do not count."""


@dataclass(frozen=True)
class Slice:
    """One view version, spine and as_of; `fingerprint` is of everything its rows depend on besides raw."""

    definition: Definition
    spine: str
    as_of: datetime
    fingerprint: str

    @property
    def key(self) -> tuple[str, str, int, str, datetime, str]:
        d = self.definition
        return (d.kind, d.name, d.version or 0, self.spine, self.as_of, self.fingerprint)


@dataclass(frozen=True)
class Selection:
    """The definitions a project computes: its spine, the links they need, its views and its gates, in computing order.

    `views` are those that leadmart.toml names and those they read; `rule_views` only gates read, and no model does;
    those `beside` only fit, intent and timing read. `columns` are those of `views` that reach the model; None for all.
    `feature_set_version` names all that a model reads: the same rows for the same raw; what gates read is the
    policy's. `windows` says per view how far back its columns read which sources. The project has none of the sources
    that it is `done_without`.
    """

    spine: Definition
    links: tuple[Definition, ...]
    views: tuple[Definition, ...]
    gates: tuple[Definition, ...]
    fingerprints: dict[str, str]
    feature_set_version: str
    windows: dict[str, Windows]
    rule_views: tuple[Definition, ...] = ()
    columns: frozenset[str] | None = None
    beside: tuple[Definition, ...] = ()
    done_without: frozenset[str] = frozenset()

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All of them, each after what it reads."""
        return (self.spine, *self.links, *self.read, *self.beside)

    def reaches_model(self, column: str) -> bool:
        """Whether a column of `views` is one that the model reads."""
        return self.columns is None or column in self.columns

    @property
    def histories(self) -> dict[str, tuple[str, ...]]:
        """Per source that one of `views` reads the relations of the views that read it."""
        found: dict[str, tuple[str, ...]] = {}
        for view in self.views:
            for source in longest_windows(self.windows[view.relation]):
                found[source] = (*found.get(source, ()), view.relation)
        return dict(sorted(found.items()))

    @property
    def read(self) -> tuple[Definition, ...]:
        """Views and gates, each after what it reads: what scoring reads."""
        return (*self.views, *self.rule_views, *self.gates)

    def needed_for(self, name: str, registry: Registry) -> frozenset[str]:
        """The relations to fill for one of the selection's definitions: itself, the spine, and what it reads.

        `name` is its name or `name@vN`. Raises LeadmartError `unknown_definition`, with the near names, for any other:
        also for a version that the project does not read, or a label.
        """
        hits = [d for d in self.definitions if name in (d.name, d.ref)]
        if not hits:
            known = [d.ref for d in self.definitions]
            raise LeadmartError(
                f"the project computes no {name}",
                code="unknown_definition",
                hint=near_names(name, known) or f"it computes {', '.join(known)}",
            )
        wanted = hits[0]
        link = link_to(wanted, self.spine, registry)
        needed = (wanted, self.spine, *registry.dependencies(wanted), *([link] if link else []))
        return frozenset(d.relation for d in needed)

    def slice_of(self, definition: Definition, as_of: datetime) -> Slice:
        """The slice of one of the selection's definitions at an as_of; a link is computed whole, so it has no spine."""
        spine = "" if definition.kind == "link" else self.spine.name
        return Slice(definition, spine, as_of, self.fingerprints[definition.relation])


def select(
    registry: Registry,
    present: frozenset[str],
    spine: str | None = None,
    *,
    prove: bool = True,
    views_for_audit: bool = False,
) -> Selection:
    """The project's selection, checked; without `prove` for looking only, a quarter of a second sooner.

    With `views_for_audit` it is of the views of `[report] audit`, which no model reads, and of no gates.

    Raises LeadmartError for what `check` refuses, and for a column name used twice.
    """
    settings = registry.project.settings
    spine_definition = registry.get("spine", spine or settings.features.spine)
    refs = settings.report.audit if views_for_audit else settings.features.views
    chosen = [registry.get("feature", ref) for ref in refs]
    gates = [] if views_for_audit else [registry.get("gate", ref) for ref in settings.scoring.gates]
    views: dict[str, Definition] = {}
    rule_views: dict[str, Definition] = {}
    links: dict[str, Definition] = {}
    of_views: dict[str, Definition] = {}
    for definition in (*chosen, *gates):
        for each in (*registry.dependencies(definition), definition):
            link = each if each.kind == "link" else link_to(each, spine_definition, registry)
            if link:
                links.setdefault(link.relation, link)
                if definition.kind == "feature":
                    of_views.setdefault(link.relation, link)
            if each.kind == "link":
                continue
            if each.kind == "feature" and definition.kind == "feature":
                views.setdefault(each.relation, each)
            elif each.kind == "feature" and each.relation not in views:
                rule_views.setdefault(each.relation, each)
    read = [*views.values(), *rule_views.values(), *gates]
    known = {*views, *rule_views, *links}
    beside, more_links = ([], []) if views_for_audit else views_beside(registry, spine_definition, known)
    all_links = (*links.values(), *more_links)
    if prove:
        _refuse_bad_tables([spine_definition, *all_links, *read, *beside], registry)
        _refuse_problems([spine_definition, *all_links, *read, *beside], registry)
    columns = None if views_for_audit else allowed_columns(registry, list(views.values()))
    if prove and not views_for_audit:
        refuse_inputs(list(views.values()), registry, columns)
    _refuse_twice([*read, *beside])
    spine_print = registry.fingerprint(spine_definition, present)
    prints = {spine_definition.relation: spine_print}
    for definition in (*all_links, *read, *beside):
        own = registry.fingerprint(definition, present)
        # an account's rows hang on who is linked to it, whether or not its SQL says so
        implicit = {
            link_to(each, spine_definition, registry) for each in (definition, *registry.dependencies(definition))
        }
        linked = sorted(registry.fingerprint(link, present) for link in implicit if link)
        prints[definition.relation] = own if definition.kind == "link" else digest(own, spine_print, STORED_AS, *linked)
    named = [(d.relation, registry.fingerprint(d, present)) for d in (*of_views.values(), *views.values())]
    version = "f_" + digest(spine_print, sorted(named), STORED_AS, *([sorted(columns)] if columns else []))[:12]
    return Selection(
        spine_definition,
        all_links,
        tuple(views.values()),
        tuple(gates),
        prints,
        version,
        windows={d.relation: windows_of(d, registry) for d in views.values()},
        rule_views=tuple(rule_views.values()),
        columns=columns,
        beside=tuple(beside),
        done_without=done_without(registry, present),
    )


def usable_selection(warehouse: Warehouse, registry: Registry) -> Selection | None:
    """The project's selection by what is loaded; None while a definition is refused, which `check` and `run` say."""
    try:
        return select(registry, present_sources(warehouse, registry))
    except LeadmartError:
        return None


def missing_slices(warehouse: Warehouse, selection: Selection, moments: Sequence[datetime]) -> list[Slice]:
    """The slices wanted at the moments and not filled, oldest as_of first, each after what it reads."""
    if not moments:
        return []
    listed = ", ".join(sql_literal(m) for m in moments)
    filled = set(
        warehouse.rows(
            f"SELECT kind, name, version, spine, as_of, fingerprint FROM store.meta.slices WHERE as_of IN ({listed})"
        )
    )
    return [s for s in wanted_slices(selection, moments) if s.key not in filled]


def wanted_slices(selection: Selection, moments: Sequence[datetime]) -> Iterator[Slice]:
    """Every slice of the selection at the moments, oldest as_of first."""
    for as_of in sorted(set(moments)):
        for definition in selection.definitions:
            yield selection.slice_of(definition, as_of)


def ticks(clock: ClockSection, start: datetime, end: datetime) -> list[datetime]:
    """The cadence's moments in [start, end)."""
    first = latest_tick(clock, start)
    if first < start:
        first += clock.interval
    found = []
    while first < end:
        found.append(first)
        first += clock.interval
    return found


def latest_tick(clock: ClockSection, moment: datetime) -> datetime:
    """The cadence's newest moment not later than `moment`."""
    origin = datetime(2000, 1, 1) + clock.offset
    return origin + ((moment - origin) // clock.interval) * clock.interval


def newest_moment(warehouse: Warehouse) -> datetime:
    """When the newest load was completed. Raises LeadmartError `nothing_loaded`."""
    newest = newest_load(warehouse)
    if newest is None:
        raise LeadmartError(
            "nothing is loaded: there are no rows to compute from",
            code="nothing_loaded",
            hint="`leadmart load leads leads.csv` brings a table in; `leadmart init FOLDER --demo` makes a company up",
        )
    return newest


def default_as_of(warehouse: Warehouse) -> datetime:
    """The latest tick not later than the newest completed load. Raises LeadmartError `nothing_loaded`."""
    return latest_tick(warehouse.project.settings.clock, newest_moment(warehouse))


def refuse_unloaded(warehouse: Warehouse, moments: Sequence[datetime]) -> None:
    """Raises LeadmartError `not_loaded_yet` for a moment after the newest load: rows it should know are not there.

    Raises `nothing_loaded` where there is no load at all.
    """
    newest = newest_moment(warehouse)
    if moments and max(moments) > newest:
        raise LeadmartError(
            f"as_of {iso(max(moments))} is after the newest load, {iso(newest)}: rows it should know are not there",
            code="not_loaded_yet",
            hint=f"the latest as_of that is due is {iso(latest_tick(warehouse.project.settings.clock, newest))}",
        )


def past_moments(warehouse: Warehouse, start: datetime, end: datetime) -> list[datetime]:
    """The cadence's moments in [start, end) that are not later than the newest load.

    Raises LeadmartError `no_moments`.
    """
    if end <= start:
        raise LeadmartError(
            f"--end {iso(end)} is not after --start {iso(start)}",
            code="no_moments",
            hint="--start is included, --end is not",
        )
    newest = default_as_of(warehouse)
    found = ticks(warehouse.project.settings.clock, start, min(end, newest + timedelta(microseconds=1)))
    if not found:
        raise LeadmartError(
            f"no as_of between {iso(start)} and {iso(end)} is loaded yet",
            code="no_moments",
            hint=f"the newest as_of is {iso(newest)}",
        )
    return found


def _refuse_bad_tables(definitions: Sequence[Definition], registry: Registry) -> None:
    """Raises LeadmartError `bad_reference` for all that is wrong in the reference tables that definitions read."""
    if problems := [p for table in registry.references_of(definitions) for p in table.problems]:
        raise all_as_one(problems)


def _refuse_problems(definitions: Sequence[Definition], registry: Registry) -> None:
    sources = [d for name in registry.sources_of(definitions) for d in registry.source(name)]
    fresh = [d for d in (*sources, *definitions) if not is_proven(d)]
    if not fresh:
        return
    from leadmart.features.proof.lint import check_all

    if problems := check_all(fresh, registry):
        raise all_as_one(problems)
    keep(registry, fresh)


def _refuse_twice(definitions: Sequence[Definition]) -> None:
    owner: dict[str, Definition] = {}
    for definition in definitions:
        for column in definition.columns:
            if column.name in (definition.key, "as_of"):
                continue
            if column.name in owner:
                raise LeadmartError(
                    f"column {column.name} comes from {owner[column.name].ref} and from {definition.ref}",
                    code="column_twice",
                    place=definition.place_at(column.start, len(column.name)),
                    hint="one frame holds all features: give one of them another name",
                )
            owner[column.name] = definition
