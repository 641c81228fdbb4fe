"""What the report of a training is asked for, gathered from the warehouse: audit groups, blocked leads, deals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.lookup import feature_columns, plain_types
from leadmart.features.model_inputs import flagged_inputs
from leadmart.features.pairs import Parts
from leadmart.features.plan import Selection, select
from leadmart.features.registry import Registry
from leadmart.scoring.evaluation.hand_off import HandOff
from leadmart.scoring.evaluation.observed import Observed, first_scores, observed
from leadmart.scoring.evaluation.section import Asked
from leadmart.scoring.learning.dataset import label_rows
from leadmart.scoring.learning.landmarks import TrainingFrame
from leadmart.scoring.policy import Policy

if TYPE_CHECKING:
    import polars as pl

    from leadmart.features.session import Session


@dataclass(frozen=True)
class Hindsight:
    """What the sources tell beside the features: deals and verdicts, and how long new leads waited for a score."""

    observed: Observed
    hand_off: HandOff


def hindsight(session: Session, key: str) -> Hindsight:
    """Reads the sources that are staged whole, and the scores; the store has to be held.

    Raises LeadmartError `unknown_column` for a holdout that no audit view has.
    """
    _refuse_unknown_holdout(session.registry)
    return Hindsight(observed(session), first_scores(session, key))


def asked_of(
    session: Session,
    selection: Selection,
    policy: Policy,
    frame: TrainingFrame,
    audit: tuple[str, ...],
    seen: Hindsight,
    cut_off: datetime,
    horizon: timedelta,
) -> Asked:
    """The section's questions as leadmart.toml puts them. `audit` are the columns that `with_audit_columns` added."""
    settings = session.registry.project.settings
    report = settings.report
    blocked = frame.blocked
    if blocked is not None and blocked.height:
        lag = timedelta(days=settings.train.ingest_lag_days)
        blocked = label_rows(blocked, horizon=horizon, ingest_lag=lag, cut_off=cut_off).rows
    else:
        blocked = None
    return Asked(
        policy=policy,
        blocked=blocked,
        leads_per_week=settings.scoring.capacity.leads_per_week,
        precision_target=report.precision_target,
        segments=report.segments,
        audit=audit,
        holdout=report.holdout,
        observed=seen.observed,
        hand_off=seen.hand_off,
        flagged=flagged_inputs(selection.views, selection.columns),
    )


def with_audit_columns(session: Session, rows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows with the columns of the views in `[report] audit`, and those columns' names; no model reads them.

    They are computed by the same engine at the same landmarks, so that a group is the one that was known then.
    Raises LeadmartError `column_twice` where one is named as a column that is there already.
    """
    if not session.registry.project.settings.report.audit:
        return rows, ()
    selection = select(session.registry, session.present, views_for_audit=True)
    key = selection.spine.key
    names = tuple(c.name for c in feature_columns(selection, "feature") if not c.is_history)
    if twice := [name for name in names if name in rows.columns]:
        raise LeadmartError(
            f"column {', '.join(twice)} of [report] audit is a column of the features or gates as well",
            code="column_twice",
            hint="a group that is kept for audits stands apart: give it another name, or take it out of the features",
        )
    session.warehouse.register("audited", rows.select(key, "as_of"))
    parts = Parts(session, selection, "audited", "the landmarks")
    try:
        groups = plain_types(session.warehouse.frame(parts.select))
    finally:
        parts.remove()
    return rows.join(groups.select(key, "as_of", *names), on=[key, "as_of"], how="left", maintain_order="left"), names


def _refuse_unknown_holdout(registry: Registry) -> None:
    report = registry.project.settings.report
    known = [column.name for ref in report.audit for column in registry.get("feature", ref).columns]
    if report.holdout and report.holdout not in known:
        raise LeadmartError(
            f"[report] holdout names {report.holdout}, and no view of [report] audit has such a column",
            code="unknown_column",
            place=registry.project.place_of(report.holdout),
            hint=near_names(report.holdout, known) or "name its view in [report] audit",
        )
