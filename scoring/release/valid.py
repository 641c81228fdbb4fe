"""Whether a model outlives a change of definitions: it does while every column that it reads means the same."""

from __future__ import annotations

import json

from leadmart.features.errors import LeadmartError
from leadmart.features.feature_sets import recorded, said_today
from leadmart.features.plan import STORED_AS, Selection
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import champion_version


def serving_version(session: Session, selection: Selection) -> str:
    """The champion's version, `rules` while there is none.

    Raises LeadmartError `feature_mismatch` where a column that it reads does not mean any more what it learned on, with
    the names of those.
    """
    refs = session.registry.project.settings.features.views
    try:
        return champion_version(session.warehouse, selection.feature_set_version, refs)
    except LeadmartError as error:
        if error.code != "feature_mismatch":
            raise
        ((version,),) = session.warehouse.rows(
            "SELECT model_version FROM store.meta.models WHERE role = 'champion' AND artefact IS NOT NULL"
        )
        moved = moved_since(session.warehouse, session.registry, selection, session.present, version)
        if moved == {}:
            return str(version)
        words = f"; {'; '.join(moved_words(moved))}" if moved else ""
        raise LeadmartError(error.message + words, code=error.code, place=error.place, hint=error.hint) from None


def can_serve(session: Session, selection: Selection, version: str) -> bool:
    """Whether a kept model may score today's features: it learned on them, or what it reads means the same."""
    moved = moved_since(session.warehouse, session.registry, selection, session.present, version)
    return moved == {}


def moved_since(
    warehouse: Warehouse, registry: Registry, selection: Selection, present: frozenset[str], version: str
) -> dict[str, str] | None:
    """The columns that a model reads and that mean something else today, with why; None where it was not recorded what
    they meant, as by earlier releases.
    """
    ((learned_on, artefact, report),) = warehouse.rows(
        "SELECT feature_set_version, artefact, report FROM store.meta.models WHERE model_version = ?", [version]
    )
    if learned_on == selection.feature_set_version:
        return {}
    before = recorded(warehouse, learned_on)
    if before is None:
        return None
    from leadmart.features.equivalence.since import moved_columns  # parsing is for those who changed something

    now = said_today(registry, selection.definitions, present, STORED_AS)
    views = (json.loads(report).get("features") or {}).get("views", ())
    columns = [column["name"] for column in json.loads(artefact)["columns"]]
    return moved_columns(registry, selection, before, now, views, columns)


def moved_words(moved: dict[str, str]) -> list[str]:
    """One sentence a column."""
    return [why if name in why else f"{name}: {why}" for name, why in moved.items()]
