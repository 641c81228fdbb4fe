"""The tables that people edit, read together: all that is wrong in all of them is told at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from leadmart.features.errors import LeadmartError, all_as_one, each_of, read_text
from leadmart.features.marts import chosen_marts
from leadmart.features.reference import Reference
from leadmart.features.registry import Registry
from leadmart.scoring.decisions.playbook import read_playbook, read_talking_points
from leadmart.scoring.decisions.routing import read_reps, read_routing, refuse_unserved
from leadmart.scoring.fit.table import WEIGHTS, read_fit
from leadmart.scoring.overrides import read_binding
from leadmart.scoring.reason_templates import read_templates
from leadmart.scoring.scorecard import read_scorecard

One = TypeVar("One")
Other = TypeVar("Other")


def refuse_bad_tables(registry: Registry) -> None:
    """Raises LeadmartError, its others beside it, for all of `table_problems`."""
    if problems := table_problems(registry):
        raise all_as_one(problems)


def table_problems(registry: Registry) -> list[LeadmartError]:
    """What is wrong in the tables that the project's definitions read, and in those that its policy reads."""
    return [*(p for table in _read_in_sql(registry) for p in table.problems), *policy_problems(registry)]


def policy_problems(registry: Registry) -> list[LeadmartError]:
    """What is wrong in the tables of points, words, fit, overrides, playbook and routing, by their text alone.

    Columns that a table names and no view has are not looked for.
    """
    scoring, routing = registry.project.settings.scoring, registry.project.settings.routing

    def text(name: str, like: str) -> tuple[str, str]:
        found = registry.reference(name, like)
        return read_text(found.path), str(found.path)

    def fit() -> None:
        (points, points_file), (weights, weights_file) = text(scoring.fit, "fit_points"), text(WEIGHTS, WEIGHTS)
        read_fit(points, weights, points_file, weights_file)

    readers: list[Callable[[], object]] = [
        lambda: read_scorecard(*text(scoring.scorecard, "scorecard")),
        lambda: read_templates(*text(scoring.reasons, "reasons")),
        lambda: read_binding(registry, ()),
    ]
    if scoring.fit:
        readers.append(fit)
    if scoring.playbook:
        readers.append(lambda: read_playbook(*text(scoring.playbook, "playbook")))
    if scoring.talking_points:
        readers.append(lambda: read_talking_points(*text(scoring.talking_points, "talking_points")))
    problems = [problem for read in readers for problem in problems_of(read)]
    if not routing.enabled:
        return problems
    of_routing = [
        *problems_of(lambda: read_routing(*text(routing.rules, "routing"))),
        *problems_of(lambda: read_reps(*text(routing.reps, "reps"))),
    ]
    # who serves which rule can be said of tables that can be read
    return problems + (
        of_routing
        or problems_of(
            lambda: refuse_unserved(
                read_routing(*text(routing.rules, "routing")), read_reps(*text(routing.reps, "reps"))
            )
        )
    )


def problems_of(read: Callable[[], object]) -> list[LeadmartError]:
    """What a reader raises, one by one; nothing where it does not."""
    try:
        read()
    except LeadmartError as error:
        return each_of(error)
    return []


def both(one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """What two readers give. Raises LeadmartError for what is wrong in either, all as one."""
    try:
        found = one()
    except LeadmartError as error:
        raise all_as_one([*each_of(error), *problems_of(other)]) from None
    return found, other()


def _read_in_sql(registry: Registry) -> tuple[Reference, ...]:
    """The tables that the project's views, gates, spine and marts read, by name."""
    settings = registry.project.settings
    named = [
        ("spine", settings.features.spine),
        *(("feature", ref) for ref in settings.features.views),
        *(("gate", ref) for ref in settings.scoring.gates),
    ]
    found: dict[str, Reference] = {}
    for kind, ref in named:
        with suppress(LeadmartError):
            found |= {table.name: table for table in registry.references_of([registry.get(kind, ref)])}
    with suppress(LeadmartError):
        found |= {table.name: table for table in registry.references_of(chosen_marts(registry))}
    return tuple(found[name] for name in sorted(found))
