"""The definitions a project has: its own files over the packaged ones, found by path, parsed when asked for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

from leadmart.features.definition import VERSIONED, Definition, Read
from leadmart.features.errors import LeadmartError, all_as_one, near_names, read_text
from leadmart.features.fingerprint import digest, token_hash
from leadmart.features.project import Project
from leadmart.features.reference import Reference, tables_like
from leadmart.features.remembered import recall

PACKAGE = Path(__file__).resolve().parent.parent

FOLDERS = {
    "sources": "source",
    "features": "feature",
    "gates": "gate",
    "links": "link",
    "spines": "spine",
    "labels": "label",
    "marts": "mart",
}
"""Folders below `sql/` and the kind of definition that stands in each."""

_SCHEMAS = {"features": "feature", "links": "link", "gates": "gate"}
_VERSION_FILE = re.compile(r"^v([1-9][0-9]*)\.sql$")
_VERSIONED_RELATION = re.compile(r"^([a-z][a-z0-9_]*)__v([1-9][0-9]*)$")
_REF = re.compile(r"^([a-z][a-z0-9_]*)@v([1-9][0-9]*)$")


class Registry:
    """Every definition of a project; a file of the project wins over the packaged file of the same path."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._definitions: dict[tuple[str, str, int | None, str], Definition] = {}
        self._listed: dict[str | None, tuple[Definition, ...]] = {}
        self._references: dict[str, Reference] = {}
        self._token_hashes: dict[Path, str] = {}
        self._fingerprints: dict[str, str] = {}
        for root, packaged in ((PACKAGE / "sql", True), (project.root / "sql", False)):
            for definition in _definitions_below(root, packaged):
                key = (definition.kind, definition.name, definition.version, definition.connector)
                self._definitions[key] = definition
            for path in sorted((root / "reference").glob("*.csv")):
                self._references[path.stem] = Reference(path.stem, path, packaged)
        self._refuse_unknown_connectors()
        recall(self)

    def _refuse_unknown_connectors(self) -> None:
        known = sorted({d.connector for d in self._definitions.values() if d.kind == "source"})
        problems = [
            LeadmartError(
                f"there is no connector {name}: no folder sql/sources/{name}",
                code="unknown_connector",
                place=self.project.place_of(name),
                hint=near_names(name, known) or f"known: {', '.join(known)}",
            )
            for name in self.project.settings.sources.connectors
            if name not in known
        ]
        parts = {f"{d.connector}/{d.name}" for d in self._definitions.values() if d.kind == "source"}
        problems += [
            LeadmartError(
                f"[sources] without names {path}, and there is no sql/sources/{path}.sql",
                code="unknown_source",
                place=self.project.place_of(path),
                hint=near_names(path, parts),
            )
            for path in self.project.settings.sources.without
            if path not in parts
        ]
        if problems:
            raise all_as_one(problems)

    def with_others(self, others: Iterable[Definition]) -> Registry:
        """A registry where these stand in place of those of their kind, name and version; nothing is remembered of what
        reads them.
        """
        changed = {(d.kind, d.name, d.version, d.connector): d for d in others}
        known = self._definitions | changed
        relations = {d.relation for d in changed.values()}
        waiting = set(relations)
        while waiting:
            readers = {d.relation for d in known.values() if any(each in d.text.lower() for each in waiting)}
            waiting = readers - relations
            relations |= waiting
        made = copy(self)
        made._definitions = {
            key: replace(d, remembered={}) if d.relation in relations else d for key, d in known.items()
        }
        made._token_hashes, made._fingerprints, made._listed = dict(self._token_hashes), {}, {}
        return made

    def all(self, kind: str | None = None) -> tuple[Definition, ...]:
        """Every definition (of a kind), by kind, name and version; sources only of the connectors the project has."""
        if kind not in self._listed:
            found = [d for d in self._definitions.values() if kind in (None, d.kind) and self._is_connected(d)]
            self._listed[kind] = tuple(sorted(found, key=lambda d: (d.kind, d.name, d.version or 0, d.connector)))
        return self._listed[kind]

    def get(self, kind: str, ref: str) -> Definition:
        """The definition of a kind by `name@vN`, or by name where the kind has no versions.

        Raises LeadmartError `unknown_definition`, with the near names.
        """
        matched = _REF.match(ref)
        name, version = (matched[1], int(matched[2])) if matched else (ref, None)
        found = self._definitions.get((kind, name, version, ""))
        if found is None:
            known = [d.ref for d in self.all(kind)]
            raise LeadmartError(
                f"there is no {kind} {ref}",
                code="unknown_definition",
                place=self.project.place_of(ref),
                hint=near_names(ref, known) or f"known: {', '.join(known) or 'none'}",
            )
        return found

    def find(self, name: str) -> Definition:
        """The definition a person means by `name`, `name@vN` or `kind/name`; of several versions the newest.

        Raises LeadmartError `unknown_definition`.
        """
        kind, _, bare = name.rpartition("/")
        wanted_kind = FOLDERS.get(kind, kind or None)
        hits = [
            d
            for d in self._definitions.values()
            if bare in (d.name, d.ref) and wanted_kind in (None, d.kind) and self._is_connected(d)
        ]
        if not hits:
            known = sorted({d.name for d in self.all()} | {d.ref for d in self.all()})
            raise LeadmartError(
                f"there is no definition {name}",
                code="unknown_definition",
                hint=near_names(bare, known) or f"there are {', '.join(sorted({d.name for d in self.all()}))}",
            )
        return max(hits, key=lambda d: (d.kind in VERSIONED, d.version or 0))

    def source(self, name: str) -> tuple[Definition, ...]:
        """The definitions that feed `staging.<name>`, one a connector. Raises LeadmartError `unknown_source`."""
        found = tuple(d for d in self.all("source") if d.name == name)
        if not found:
            known = sorted({d.name for d in self.all("source")})
            raise LeadmartError(
                f"no connector of this project feeds known.{name}",
                code="unknown_source",
                hint=near_names(name, known) or f"sources here: {', '.join(known)}",
            )
        return found

    def joined_by(self, name: str) -> tuple[str, ...]:
        """The sources that a source joins, by the name it has in staging."""
        return tuple(sorted({joined for definition in self.source(name) for joined in definition.joined}))

    def reference(self, name: str, like: str = "") -> Reference:
        """The reference table of a name. `like` is the packaged one whose columns it has to have, for the hint.

        Raises LeadmartError `unknown_reference`.
        """
        if name not in self._references:
            fitting = tables_like(self.references(), like) if like else sorted(self._references)
            raise LeadmartError(
                f"there is no reference table {name}",
                code="unknown_reference",
                place=self.project.place_of(name),
                hint=near_names(name, fitting) or f"known: {', '.join(fitting)}",
            )
        return self._references[name]

    def resolve(self, read: Read, reader: Definition) -> tuple[Definition, ...] | Reference | None:
        """What a read relation is: the source's definitions, a view, link or gate, a reference table; None for spine.

        Raises LeadmartError at the place of the read where there is no such thing.
        """
        try:
            if read.schema in ("known", "staging"):
                return self.source(read.name)
            if read.schema == "reference":
                return self.reference(read.name)
            matched = _VERSIONED_RELATION.match(read.name)
            if read.schema in _SCHEMAS and matched:
                return (self.get(_SCHEMAS[read.schema], f"{matched[1]}@v{matched[2]}"),)
        except LeadmartError as error:
            place = reader.place_at(read.start, len(read.name))
            raise LeadmartError(error.message, code=error.code, place=place, hint=error.hint) from None
        if not read.schema and read.name == "spine":
            return None
        raise LeadmartError(
            f"{read} is not readable from a {reader.kind}",
            code="unknown_relation",
            place=reader.place_at(read.start, len(read.name)),
            hint="read `spine`, `known.<source>`, `features.<view>__v<N>`, `links.<link>__v<N>` or `reference.<table>`",
        )

    def dependencies(self, definition: Definition) -> tuple[Definition, ...]:
        """Views and links a definition reads, directly or through others, each after what it reads itself."""
        found: dict[str, Definition] = {}
        self._collect(definition, found, (definition.relation,))
        return tuple(found.values())

    def _collect(self, definition: Definition, found: dict[str, Definition], path: tuple[str, ...]) -> None:
        for read in definition.reads:
            resolved = self.resolve(read, definition)
            if not isinstance(resolved, tuple) or resolved[0].kind == "source":
                continue
            inner = resolved[0]
            if inner.relation in path:
                raise LeadmartError(
                    f"{definition.ref} reads itself through {' -> '.join(path)}",
                    code="circular_read",
                    place=definition.place_at(read.start, len(read.name)),
                )
            self._collect(inner, found, (*path, inner.relation))
            found.setdefault(inner.relation, inner)

    def sources_of(self, definitions: Sequence[Definition]) -> tuple[str, ...]:
        """Names of the sources that definitions read, directly or through views, links and sources that join them."""
        names: set[str] = set()
        for definition in definitions:
            for each in (definition, *self.dependencies(definition)):
                names.update(read.name for read in each.reads if read.schema in ("known", "staging"))
        waiting = list(names)
        while waiting:
            joined = {j for source in self.all("source") if source.name == waiting[-1] for j in source.joined} - names
            waiting = waiting[:-1] + sorted(joined)
            names |= joined
        return tuple(sorted(names))

    def references_of(self, definitions: Sequence[Definition]) -> tuple[Reference, ...]:
        """Reference tables that definitions read, directly or through views and links."""
        names: set[str] = set()
        for definition in definitions:
            for each in (definition, *self.dependencies(definition)):
                names.update(read.name for read in each.reads if read.schema == "reference")
        return tuple(self.reference(name) for name in sorted(names))

    def token_hash(self, definition: Definition) -> str:
        """The definition's token hash, computed once."""
        if definition.path not in self._token_hashes:
            self._token_hashes[definition.path] = token_hash(definition)
        return self._token_hashes[definition.path]

    def know_token_hash(self, definition: Definition, known: str) -> None:
        """Takes a definition's token hash from an earlier command, that had the same text before it."""
        self._token_hashes[definition.path] = known

    def references(self) -> tuple[Reference, ...]:
        """Every reference table, by name."""
        return tuple(self._references[name] for name in sorted(self._references))

    def fingerprint(self, definition: Definition, present: frozenset[str]) -> str:
        """The identity of all a definition's rows depend on, besides the raw rows themselves.

        Tokens of the definition and of every source, view and link it reads, the content of every reference table, and
        which of its sources are `present` (an absent one reads as empty).
        """
        key = f"{definition.kind}/{definition.ref}/{definition.connector}/{sorted(present)}"
        if key not in self._fingerprints:
            inner = [self.fingerprint(each, present) for each in self.dependencies(definition)]
            sources = [
                (name, name in present, [(s.connector, self.token_hash(s)) for s in self.source(name)])
                for name in self.sources_of([definition])
            ]
            references = [(r.name, r.content_hash) for r in self.references_of([definition])]
            self._fingerprints[key] = digest(self.token_hash(definition), sorted(inner), sources, references)
        return self._fingerprints[key]

    def _is_connected(self, definition: Definition) -> bool:
        sources = self.project.settings.sources
        return definition.kind != "source" or (
            definition.connector in sources.connectors
            and f"{definition.connector}/{definition.name}" not in sources.without
        )


def eject(project: Project, name: str) -> Path:
    """Copies a packaged definition, reference table or suite into the project and says where.

    Raises LeadmartError `already_ejected` where the project has the file, `unknown_definition` for an unknown name.
    """
    roots = {"sql": PACKAGE / "sql", "suites": PACKAGE / "expectations" / "suites"}
    candidates: dict[str, tuple[Path, Path]] = {}
    for folder, root in roots.items():
        for path in sorted([*root.rglob("*.sql"), *root.rglob("*.csv"), *root.rglob("*.json")]):
            inside = path.relative_to(root)
            if inside.parts[0] in ("demo", "migrations"):
                continue
            target = project.root / folder / inside
            named = _VERSION_FILE.match(path.name)
            short = f"{inside.parent.name}@v{named[1]}" if named else path.stem
            # a source's bare name means the one the project reads
            is_other = inside.parts[0] == "sources" and inside.parts[1] not in project.settings.sources.connectors
            for alias in (short, str(inside), str(inside.with_suffix("")), f"{folder}/{inside}")[is_other:]:
                candidates.setdefault(alias, (path, target))
            if named:
                candidates.setdefault(inside.parent.name, (path, target))
    if name not in candidates:
        raise LeadmartError(
            f"nothing packaged is called {name}",
            code="unknown_definition",
            hint=near_names(name, candidates) or f"known: {', '.join(sorted(a for a in candidates if '/' not in a))}",
        )
    packaged, target = candidates[name]
    if target.exists():
        raise LeadmartError(f"{target} is the project's own already", code="already_ejected", hint="edit that file")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(packaged, target)
    return target


def _definitions_below(root: Path, packaged: bool) -> Iterator[Definition]:
    for folder, kind in FOLDERS.items():
        for path in sorted((root / folder).rglob("*.sql")):
            definition = definition_at(path, path.relative_to(root), kind, packaged)
            if definition is not None:
                yield definition


def definition_at(path: Path, inside: Path, kind: str, packaged: bool) -> Definition | None:
    """The definition in a file, `inside` being its path below `sql/`; None for a draft.

    Raises LeadmartError `bad_path` where the path says no kind, name and version.
    """
    text = read_text(path)
    parts = inside.parts[1:]
    if kind == "source" and len(parts) == 2:
        return Definition(kind, path.stem, None, parts[0], path, text, packaged)
    if kind in VERSIONED and len(parts) == 2:
        if parts[1] == "draft.sql":
            return None
        if matched := _VERSION_FILE.match(parts[1]):
            return Definition(kind, parts[0], int(matched[1]), "", path, text, packaged)
    if kind not in VERSIONED and kind != "source" and len(parts) == 1:
        return Definition(kind, path.stem, None, "", path, text, packaged)
    wanted = {"source": "<connector>/<name>.sql"}.get(kind, "<name>/v<N>.sql" if kind in VERSIONED else "<name>.sql")
    raise LeadmartError(
        f"{inside} is not where a {kind} stands", code="bad_path", hint=f"call it sql/{inside.parts[0]}/{wanted}"
    )
