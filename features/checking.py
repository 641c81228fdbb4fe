"""`check`: every definition of a project, or files as if they stood in it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadmart.features.beside import subscore_views
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, Place, each_of, read_text
from leadmart.features.model_columns import allowed_columns, column_problems
from leadmart.features.model_inputs import input_problems
from leadmart.features.project import SETTINGS_FILE, Project
from leadmart.features.proof.lint import problems_of
from leadmart.features.registry import FOLDERS, Registry, definition_at


@dataclass(frozen=True)
class Finding:
    """One refusal, with the file it was found in."""

    file: str
    error: LeadmartError

    def as_finding(self) -> dict[str, Any]:
        """`{"file", "line", "column", "code", "message", "path", "hint"}`, the contract of `check --json`."""
        place = self.error.place
        return {
            "file": self.file,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "code": self.error.code,
            "message": self.error.message,
            "path": list(self.error.path),
            "hint": self.error.hint or None,
        }


def check_project(project: Project) -> tuple[list[Finding], int]:
    """The findings over every definition that the project can use, and how many definitions there are.

    A published file that was changed is found too, and a name in leadmart.toml that means nothing.
    """
    registry = Registry(project)
    named = _named(registry)
    definitions = [d for d in registry.all() if _is_usable(d, registry, named)]
    definitions = [d for d in definitions if _is_asked_for(d, named) or not _reads_hindsight(d, registry)]
    findings = [*_unknown_names(registry), *_findings(definitions, registry)]
    findings += [Finding(str(e.place.file) if e.place else "", e) for e in _input_problems(registry)]
    if project.catalogue.is_file():
        findings += [
            Finding(str(e.place.file) if e.place else "", e) for e in _changed_since_published(project, registry)
        ]
    return findings, len(definitions)


def _is_usable(definition: Definition, registry: Registry, named: set[str]) -> bool:
    """Whether a project can use a definition: its own, named in its settings or read by what is, or packaged and over
    packaged sources.

    A project that feeds `known.leads` by its own SELECT has other columns there than the packaged views read, and one
    of connectors alone has no page views; what it does not name is then no problem of its own.
    """
    if not definition.packaged or definition.kind == "source" or definition.relation in named:
        return True
    if definition.kind == "mart":
        return "all" in registry.project.settings.marts.build
    try:
        return all(s.packaged for name in registry.sources_of([definition]) for s in registry.source(name))
    except LeadmartError as error:
        return error.code != "unknown_source"  # else its own rules report it


def _is_asked_for(definition: Definition, named: set[str]) -> bool:
    return not definition.packaged or definition.kind != "feature" or definition.relation in named


def _reads_hindsight(definition: Definition, registry: Registry) -> bool:
    """Whether a project's sources tell too late what a packaged view reads, so that it cannot be used there."""
    return any(problem.code == "hindsight_column" for problem in problems_of(definition, registry))


def _unknown_names(registry: Registry) -> list[Finding]:
    """What leadmart.toml names and no file defines."""
    file = registry.project.root / SETTINGS_FILE
    found = []
    for kind, ref in _names(registry):
        try:
            registry.get(kind, ref)
        except LeadmartError as error:
            found.append(
                Finding(
                    str(file),
                    LeadmartError(
                        error.message, code=error.code, place=error.place or Place(str(file)), hint=error.hint
                    ),
                )
            )
    return found + _unknown_subscore_views(registry)


def _unknown_subscore_views(registry: Registry) -> list[Finding]:
    """What the table of fit, intent and timing names and no file defines."""
    try:
        subscore_views(registry)
    except LeadmartError as error:
        if error.code == "unknown_definition":
            return [Finding(str(e.place.file) if e.place else "", e) for e in each_of(error)]
    return []


def _input_problems(registry: Registry) -> list[LeadmartError]:
    """What the model may not read, of the views that leadmart.toml names and those they read."""
    try:
        chosen = [registry.get("feature", ref) for ref in registry.project.settings.features.views]
        below = [d for view in chosen for d in registry.dependencies(view) if d.kind == "feature"]
        views = list({d.relation: d for d in (*below, *chosen)}.values())
        if unknown := column_problems(registry, views):
            return unknown
        return list(input_problems(views, registry, allowed_columns(registry, views)))
    except LeadmartError:
        return []  # a name that means nothing, or a file that cannot be read, is a finding of its own


def _named(registry: Registry) -> set[str]:
    """Relations of the definitions that leadmart.toml names, and of the views and links that they read."""
    names = _names(registry)
    found: set[str] = set()
    for definition in registry.all():
        if (definition.kind, definition.ref) in names:
            found.add(definition.relation)
            with suppress(LeadmartError):  # its own rules report it
                found.update(each.relation for each in registry.dependencies(definition))
    return found


def _names(registry: Registry) -> list[tuple[str, str]]:
    """Kind and name of every definition that leadmart.toml asks for."""
    settings = registry.project.settings
    found = [
        *(("feature", ref) for ref in settings.features.views),
        *(("feature", ref) for ref in settings.report.audit),
        *(("gate", ref) for ref in settings.scoring.gates),
        ("spine", settings.features.spine),
        ("spine", settings.train.spine),
        ("label", settings.train.label),
        *(("mart", name) for name in settings.marts.build if name != "all"),
    ]
    return list(dict.fromkeys(found))


def check_files(project: Project, files: Sequence[Path]) -> tuple[list[Finding], int]:
    """The findings over files, taken for the kind that their folder or their header names."""
    registry = Registry(project)
    definitions = []
    for file in files:
        if not file.is_file():
            raise LeadmartError(f"there is no file {file}", code="no_such_file")
        definitions.append(_as_if_in_project(file.resolve()))
    return _findings(definitions, registry), len(definitions)


def _as_if_in_project(file: Path) -> Definition:
    parts = file.parts
    for position in range(len(parts) - 2, -1, -1):
        if parts[position] in FOLDERS:
            inside = Path(*parts[position:])
            found = definition_at(file, inside, FOLDERS[parts[position]], packaged=False)
            if found is not None:
                return found
    text = read_text(file)
    header = {line[2:].partition(":")[0].strip() for line in text.splitlines() if line.startswith("--") and ":" in line}
    kind = "source" if "rows" in header or "frozen" in header else "label" if "horizon" in header else "feature"
    return Definition(kind, file.stem, 1 if kind == "feature" else None, "", file, text, False)


def _findings(definitions: Sequence[Definition], registry: Registry) -> list[Finding]:
    return [
        Finding(str(problem.place.file) if problem.place else str(definition.path), problem)
        for definition in definitions
        for problem in problems_of(definition, registry)
    ]


def _changed_since_published(project: Project, registry: Registry) -> list[LeadmartError]:
    from leadmart.features.materialize import changed_since_published
    from leadmart.features.warehouse import open_for_reading

    with open_for_reading(project) as warehouse:
        return changed_since_published(warehouse, registry, [d for d in registry.all() if d.version is not None])
