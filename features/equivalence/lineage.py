"""Column-level lineage: what each output of a definition is made of, from raw columns to what people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from leadmart.features.definition import CLOCKS, Definition, raw_columns_read
from leadmart.features.equivalence.forms import Forms
from leadmart.features.equivalence.parsing import Unprovable, parsed, refuse_unprovable
from leadmart.features.equivalence.queries import Queries
from leadmart.features.equivalence.schema import schema_of
from leadmart.features.equivalence.scopes import Known
from leadmart.features.errors import LeadmartError
from leadmart.features.registry import Registry
from leadmart.features.session import link_to
from leadmart.features.sources.staging import joined_first

Marks = frozenset[str]
"""`known.web_events.url` for a column, `known.web_events` for which rows a relation has."""


def lineage_of(definition: Definition, registry: Registry) -> dict[str, Marks]:
    """Per output column what its value hangs on directly: columns of what the definition reads, and rows.

    Where nothing can be told, on all of it. Raises LeadmartError `bad_sql`.
    """
    schema = _marked(definition, registry)
    try:
        tree = parsed(definition.text)
        refuse_unprovable(tree)
        forms = Forms()
        meaning = Queries(forms, schema, proven=True).meaning(tree, last=True)
    except (Unprovable, RecursionError):
        everything = frozenset(mark for known in schema.values() for mark in known.marks.values())
        return {column.name.lower(): everything for column in definition.columns}
    rows = forms.marks(meaning.rows)
    return {name: rows | forms.marks(form) for name, form in meaning.columns}


def reached(
    registry: Registry, definitions: Sequence[Definition], edited: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """What an edit reaches, through sources, links and views: by relation, its columns and the words for why.

    `edited` are marks with those words. `definitions`, each after what it reads, are asked about beside their sources.
    A spine's rows reach no column: a lead's features hang on nobody else.
    """
    marks = dict(edited)
    found: dict[str, dict[str, str]] = {}
    sources = _sources(registry, definitions)
    spine = registry.get("spine", registry.project.settings.features.spine)
    for definition in (*sources, *definitions):
        own = _touched(definition, registry, marks)
        if definition.kind in ("feature", "gate") and (link := link_to(definition, spine, registry)):
            through = next(iter(found.get(link.relation, {}).values()), "")
            own |= {c.name.lower(): f"{link.ref}: {through}" for c in definition.columns if through}
            own.pop(definition.key, None)
        own = {name: why for name, why in own.items() if name != "as_of"}
        if not own:
            continue
        found.setdefault(definition.relation, {}).update(own)
        for name in read_as(definition):
            marks |= {f"{name}.{column}": _said(definition, column, why) for column, why in own.items()}
            shaping = [c for c in _shaping(definition) if c in own]
            if shaping:
                marks[name] = _said(definition, shaping[0], own[shaping[0]])
    return found


def raw_lineage(registry: Registry, definition: Definition) -> dict[str, Marks]:
    """Per output column the raw columns that it hangs on, through everything between."""
    below = [*registry.dependencies(definition), definition]
    known: dict[str, Marks] = {}
    for each in (*_sources(registry, below), *below):
        own = {
            column: frozenset(end for mark in marks for end in known.get(mark, _raw(mark)))
            for column, marks in lineage_of(each, registry).items()
        }
        if each is definition:
            return own
        for name in read_as(each):
            for column, ends in own.items():
                known[f"{name}.{column}"] = known.get(f"{name}.{column}", frozenset()) | ends
            shaping = frozenset[str]().union(*(own.get(c, frozenset()) for c in _shaping(each)))
            known[name] = known.get(name, frozenset()) | shaping
    return {}


def _sources(registry: Registry, definitions: Sequence[Definition]) -> list[Definition]:
    """The sources that definitions read, each after those it joins; a mart reads only what it names."""
    marts = {read.name for d in definitions if d.kind == "mart" for read in d.reads if read.schema == "staging"}
    names = {*registry.sources_of([d for d in definitions if d.kind != "mart"]), *marts}
    known = {d.name for d in registry.all("source")}
    return [source for name in joined_first(registry, sorted(names & known)) for source in registry.source(name)]


def _raw(mark: str) -> Marks:
    return frozenset([mark]) if mark.startswith("raw.") and mark.count(".") > 1 else frozenset()


def read_as(definition: Definition) -> tuple[str, ...]:
    """The names by which others read a definition's rows."""
    if definition.kind == "source":
        return (f"staging.{definition.name}", f"known.{definition.name}")
    return (definition.relation, "features.lead_features") if definition.kind == "feature" else (definition.relation,)


def _shaping(definition: Definition) -> tuple[str, ...]:
    """Columns that decide which rows others see: of a source its key and clocks, of a link all."""
    if definition.kind == "source":
        return (*(name.lower() for name in definition.source_key), *CLOCKS)
    return tuple(c.name.lower() for c in definition.columns) if definition.kind == "link" else ()


def _said(definition: Definition, column: str, why: str) -> str:
    named = f"known.{definition.name}" if definition.kind == "source" else definition.ref
    return why if ":" in why or why.startswith("it reads") else f"it reads {named}.{column}, and {why}"


def _touched(definition: Definition, registry: Registry, marks: Mapping[str, str]) -> dict[str, str]:
    """The definition's columns that hang on a mark; most read nothing of it, and parsing costs."""
    reads = {str(read) for read in definition.reads}
    own = {
        mark.rpartition(".")[2]: why
        for mark, why in marks.items()
        if mark.startswith(f"{definition.relation}.") and definition.kind != "source"
    }
    if not any(".".join(mark.split(".")[:2]) in reads for mark in marks):
        return own
    try:
        lineage = lineage_of(definition, registry)
    except LeadmartError:
        return own
    for column, below in lineage.items():
        hits = sorted(below & marks.keys(), key=lambda mark: (-mark.count("."), mark))
        if hits:
            own.setdefault(column, marks[hits[0]])
    return own


def _marked(definition: Definition, registry: Registry) -> dict[str, Known]:
    try:
        key = definition.key
    except LeadmartError:
        key = "lead_id"
    found = dict(schema_of(registry, (definition.text,), key))
    if definition.kind == "source":
        for table, columns in raw_columns_read(definition).items():
            found[f"raw.{table}".lower()] = Known(dict.fromkeys((c.lower() for c in columns), ""))
    for read in definition.reads:
        found.setdefault(str(read), Known({}))
    return {
        name: replace(known, marks={"": name, **{column: f"{name}.{column}" for column in known.types}})
        for name, known in found.items()
    }


def columns_behind(lineage: Mapping[str, Marks], columns: Iterable[str]) -> list[str]:
    """The marks behind some columns, each once, in order."""
    return sorted({mark for column in columns for mark in lineage.get(column.lower(), frozenset())})
