"""The future-shuffle of a whole project: features, gates and scores at an as_of, on raw with another future."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from leadmart.features.clock import iso
from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.lookup import plain_types, told_columns
from leadmart.features.outcomes import make_outcomes
from leadmart.features.plan import Selection, default_as_of, refuse_unloaded, select
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.staging import present_sources
from leadmart.features.verify import Experiment, experiment, findings
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.scoring.champion import RULES, load_model, load_policy, typed_columns
from leadmart.scoring.overrides import known_tiers, override_sources, overrides_at
from leadmart.scoring.release.valid import serving_version
from leadmart.scoring.scorer import label_of

ON_EVERY_RUN = 100
"""Leads that a run draws for its own future-shuffle."""

WHOLE_UP_TO = 1_000_000
"""Rows up to which a run's own future-shuffle takes a raw table whole."""


def verify(project: Project, as_of: datetime | None, sample: int | None, seed: int) -> tuple[Experiment, Registry]:
    """The future-shuffle at an as_of (default: the latest due), over every lead of the spine or a sample of them.

    Raises LeadmartError `not_loaded_yet`, and what is wrong with a definition; a leak is no error but a difference.
    """
    with open_for_reading(project) as warehouse:
        registry = Registry(project)
        moment = as_of or default_as_of(warehouse)
        refuse_unloaded(warehouse, [moment])
        present = present_sources(warehouse, registry)
        selection = select(registry, present)
        found = shuffled(warehouse, registry, selection, present, moment, sample=sample, seed=seed)
        if not found.rows:
            raise LeadmartError(
                f"{selection.spine.ref} has no rows at {iso(moment)}: there is nothing to compare",
                code="nothing_to_verify",
                hint="choose an as_of by which something was known",
            )
        return found, registry


def shuffled(
    warehouse: Warehouse,
    registry: Registry,
    selection: Selection,
    present: frozenset[str],
    as_of: datetime,
    *,
    sample: int | None,
    seed: int,
    held: Collection[str] = (),
    whole_up_to: int | None = None,
) -> Experiment:
    """The experiment on features and gates, and on scores where nothing that they read is `held`."""
    label = label_of(registry)
    served = Session(warehouse, registry)

    def scores(session: Session, frame_sql: str) -> Mapping[str, str]:
        from leadmart.scoring.assess import score_rows

        make_outcomes(session, registry, label, known_at=as_of)
        overrides = overrides_at(session, registry, as_of)
        found = session.warehouse.frame(f"{frame_sql}\nORDER BY s.{selection.spine.key}, s.as_of")
        converted = session.warehouse.frame(f"SELECT {label.key} FROM outcomes")
        frame = plain_types(found).join(converted, on=label.key, how="anti")
        reasons_for: Any = registry.project.settings.scoring.reasons_for
        scored = score_rows(
            frame,
            typed_columns(told_columns(selection), frame),
            load_policy(registry, selection),
            load_model(warehouse, _version(served, selection), selection.feature_set_version),
            feature_set_version=selection.feature_set_version,
            reasons_for=reasons_for,
            overrides=known_tiers(overrides, as_of)[0] if overrides is not None else None,
        )
        session.warehouse.register("scored", scored.rows)
        return {"scores.lead_scores": "SELECT * FROM scored"}

    return experiment(
        warehouse,
        registry,
        selection,
        present,
        as_of,
        sample=sample,
        seed=seed,
        held=held,
        whole_up_to=whole_up_to,
        more_sources=tuple({*registry.sources_of([label]), *override_sources(registry)}),
        further=scores,
    )


def refuse_leaks(found: Experiment, registry: Registry) -> None:
    """Raises LeadmartError `future_leak` for every column that differed, the first one leading."""
    if problems := findings(found, registry):
        raise all_as_one(problems)


def _version(session: Session, selection: Selection) -> str:
    try:
        return serving_version(session, selection)
    except LeadmartError as error:
        if error.code != "feature_mismatch":  # scoring says so; the features can be compared all the same
            raise
        return RULES


def verify_text(found: Experiment, document: Mapping[str, Any]) -> str:
    """What was altered in raw and what was compared, for people."""
    lines = [f"Nothing at {document['as_of'].replace('T', ' ')[:16]} saw the future."]
    for each in found.altered:
        over = f"; overwritten in every row: {', '.join(each.overwritten)}" if each.overwritten else ""
        lines.append(
            f"  raw.{each.table:<22}{each.deleted:>9,} deleted {each.changed:>9,} changed {each.added:>9,} added{over}"
        )
    lines.append(f"Bit-equal: {found.rows:,} rows of {found.views} tables, {found.columns} columns.")
    return "\n".join(lines)
