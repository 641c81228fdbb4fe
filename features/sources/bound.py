"""Whether sources can run on the raw tables as these are, found without reading a row."""

from __future__ import annotations

from collections.abc import Sequence

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.raw.tables import raw_attached, raw_tables
from leadmart.features.session import Session
from leadmart.features.sources.stage import stage_joined
from leadmart.features.sources.staged import current
from leadmart.features.sources.staging import staging_select


def unbound(session: Session, definitions: Sequence[Definition]) -> LeadmartError | None:
    """Why the first source of some definitions does not run that does not; None where all do.

    A source that the warehouse keeps from today's text and raw did run.
    """
    warehouse, registry, present = session.warehouse, session.registry, session.present
    names = [name for name in registry.sources_of(definitions) if name in present]
    kept = current(warehouse, registry, names, present)
    if not (left := [name for name in names if name not in kept]):
        return None
    try:
        stage_joined(warehouse, registry, left)
        raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
        with raw_attached(warehouse):
            for name in left:
                staging_select(warehouse, registry, name, raw)
    except LeadmartError as error:
        return error
    return None
