"""The card as a file: the report that `train` made, with the definitions it rests on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leadmart.features.errors import LeadmartError
from leadmart.features.plan import select
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import open_for_reading
from leadmart.scoring.card.card import Source, card, drawing_library


def refuse_unwritable(file: Path) -> None:
    """Says before anything is learned that the page could not be written.

    Raises LeadmartError `extra_missing`, or `no_such_folder` where the file's folder is not there or not writable.
    """
    drawing_library()
    folder = file.absolute().parent
    if file.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        why = "that is a folder" if file.is_dir() else f"there is no folder {folder} to write to"
        raise LeadmartError(
            f"the card cannot be written to {file}: {why}",
            code="no_such_folder",
            hint="name a file in a folder that exists, such as card.html",
        )


def write_card(project: Project, report: Mapping[str, Any], file: Path) -> None:
    """Writes the page whole or not at all: it replaces a file that stands there in one step."""
    page = card(report, _sources(project, str(report["label"])), project.settings.project.name)
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    staged.write_text(page, encoding="utf-8")
    os.replace(staged, file)


def write_champions_card(project: Project, models: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Writes the card of the model whose scores are shown. Raises LeadmartError `no_champion` while the rules score."""
    champion = next((model for model in models if model["role"] == "champion"), None)
    if champion is None:
        raise LeadmartError(
            "no model is champion: the rules score, and there is no card of them",
            code="no_champion",
            hint="`leadmart train --report FILE` writes one that says what is missing",
        )
    write_card(project, champion, file)


def _sources(project: Project, label: str) -> tuple[Source, ...]:
    """The label, the spines, links, views and gates of the project, and the sources they read, with their SQL."""
    registry = Registry(project)
    with open_for_reading(project) as warehouse:
        selection = select(registry, present_sources(warehouse, registry))
    outcome = registry.get("label", label)
    landmarks = registry.get("spine", project.settings.train.spine)
    definitions = [outcome, landmarks, *selection.definitions]
    for name in registry.sources_of(definitions):
        definitions += registry.source(name)
    return tuple(Source(d.ref, d.kind, d.description, d.text) for d in definitions)
