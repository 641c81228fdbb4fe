"""Views read beside the model: those that the tables of fit, intent and timing name. No model reads them for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names, read_text
from leadmart.features.registry import Registry
from leadmart.features.session import link_to


def views_beside(
    registry: Registry, spine: Definition, chosen: Collection[str]
) -> tuple[list[Definition], list[Definition]]:
    """The views, and the links, that the project's subscores need and that are not among the `chosen` relations, each
    after what it reads; nothing where the project has no subscores.

    Raises LeadmartError `unknown_reference`, and `unknown_definition` with the line for each view there is not.
    """
    found: dict[str, Definition] = {}
    for view in subscore_views(registry):
        needed = [*registry.dependencies(view), view]
        if link := link_to(view, spine, registry):
            needed.append(link)
        found |= {each.relation: each for each in needed if each.relation not in (*chosen, *found)}
    return [d for d in found.values() if d.kind != "link"], [d for d in found.values() if d.kind == "link"]


def subscore_views(registry: Registry) -> tuple[Definition, ...]:
    """The views that the table of `[scoring] fit` names, each once, in its order.

    Raises LeadmartError as `views_beside` does.
    """
    named = registry.project.settings.scoring.fit
    if not named:
        return ()
    table = registry.reference(named, like="fit_points")
    found: dict[str, Definition] = {}
    problems: dict[str, LeadmartError] = {}
    for name, line in _named_views(read_text(table.path)):
        try:
            view = view_named(registry, name, Place(str(table.path), line))
        except LeadmartError as error:
            problems.setdefault(name, error)
        else:
            found.setdefault(view.relation, view)
    if problems:
        raise all_as_one(list(problems.values()))
    return tuple(found.values())


def view_named(registry: Registry, name: str, place: Place) -> Definition:
    """The view of `name@vN`; of a bare name the version in [features] views, else the newest.

    Raises LeadmartError `unknown_definition` at `place`.
    """
    listed = [ref for ref in registry.project.settings.features.views if ref.partition("@")[0] == name]
    versions = [d for d in registry.all("feature") if d.ref in (listed or [name]) or (not listed and d.name == name)]
    if not versions:
        known = sorted({d.name for d in registry.all("feature")})
        raise LeadmartError(
            f"there is no feature view {name}",
            code="unknown_definition",
            place=place,
            hint=near_names(name.partition("@")[0], known) or f"known: {', '.join(known) or 'none'}",
        )
    return max(versions, key=lambda d: d.version or 0)


def _named_views(text: str) -> list[tuple[str, int]]:
    """What stands in the column `view` of a CSV, with its line; what is wrong with the rest its own reader says."""
    reader = csv.reader(io.StringIO(text))
    position: int | None = None
    found: list[tuple[str, int]] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
            continue
        if position is None:
            header = [cell.strip().lstrip("\ufeff") for cell in cells]
            if "view" not in header:
                break
            position = header.index("view")
        elif position < len(cells) and cells[position].strip():
            found.append((cells[position].strip(), reader.line_num))
    return found
