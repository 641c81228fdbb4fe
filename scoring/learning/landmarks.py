"""The frame a model learns from: landmarks of the past, features as known then, and the outcome with hindsight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso
from leadmart.features.definition import Definition, horizon_days
from leadmart.features.errors import LeadmartError
from leadmart.features.gate_rule import GateRule
from leadmart.features.lookup import model_columns, plain_types
from leadmart.features.outcomes import make_outcomes
from leadmart.features.pairs import Parts
from leadmart.features.plan import Selection, ticks
from leadmart.features.project import TrainSection
from leadmart.features.proof.lint import check_all
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.unknown import Unknown, unknown_columns
from leadmart.scoring.evaluation.clusters import CLUSTER
from leadmart.scoring.gates import is_blocked
from leadmart.scoring.learning.accounts import group_by_account
from leadmart.scoring.learning.dataset import Exclusion, label_rows
from leadmart.scoring.learning.horizon import horizon_section
from leadmart.scoring.learning.population import LEADS, blocked_by, followed_leads, make_leads, population_section

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class TrainingFrame:
    """`rows`: lead_id, as_of, outcome_at, cluster (one person), features and gates at every landmark, these NULL where
    the label cannot be used.

    `left_out` counts the landmarks of leads that were not drawn, and those at which a gate blocks the lead: these are
    not scored by the model either, and `blocked` are these with the same columns.
    `sections` go into the report: `horizon` and `population`.
    `unknown` counts, of the `landmarks` with a complete label, those at which a column is NULL because a source's
    history does not reach that far back.
    """

    rows: pl.DataFrame
    left_out: tuple[Exclusion, ...]
    not_before: datetime
    unknown: tuple[Unknown, ...] = ()
    landmarks: int = 0
    sections: Mapping[str, Any] = field(default_factory=dict)
    blocked: pl.DataFrame | None = None


def training_frame(
    session: Session,
    selection: Selection,
    label: Definition,
    spine: Definition,
    rules: tuple[GateRule, ...],
    cut_off: datetime,
    only: Callable[[pl.DataFrame], pl.DataFrame] = lambda usable: usable,
) -> TrainingFrame:
    """Landmarks of the training spine over the cadence's past moments, with the same definitions that scoring reads.

    Features are computed only where the label is complete; `only` may narrow these (key, as_of) pairs, and then the
    rows are the narrowed ones alone. Raises LeadmartError `nothing_to_learn` without any
    landmark, `not_a_subset` where the training spine has rows that scoring would never see.
    """
    settings = session.registry.project.settings
    _refuse_problems(spine, label, session.registry)
    horizon = timedelta(days=horizon_days(label))
    lag = timedelta(days=settings.train.ingest_lag_days)
    not_before, last = landmark_window(settings.train, cut_off)
    session.want(ticks(settings.clock, not_before, last + timedelta(microseconds=1)))
    session.prepare([spine, selection.spine])
    session.compute(spine)
    _refuse_rows_outside(session, spine, selection.spine)
    make_outcomes(session, session.registry, label)
    make_leads(session, spine, label, settings.train.person)
    if settings.train.group_by == "account":
        group_by_account(session, selection, spine)
    key = spine.key
    pairs = session.warehouse.frame(
        f"SELECT s.{key}, s.as_of, o.outcome_at, COALESCE(l.{CLUSTER}, s.{key}) AS {CLUSTER} "
        f"FROM spine_{spine.entity[0]} AS s LEFT JOIN outcomes AS o ON o.{key} = s.{key} "
        f"LEFT JOIN {LEADS} AS l ON l.{key} = s.{key}"
    )
    if pairs.is_empty():
        raise LeadmartError(
            f"spine {spine.name} has no row in {settings.train.months} months before {iso(last)}: there is nothing "
            "to learn from",
            code="nothing_to_learn",
            hint="load leads of the past, or raise [train] months",
        )
    complete = label_rows(pairs, horizon=horizon, ingest_lag=lag, cut_off=cut_off).rows.select(key, "as_of", CLUSTER)
    usable = only(complete).select(key, "as_of")
    if usable.height < complete.height:
        pairs = pairs.join(usable, on=[key, "as_of"], how="semi")
    session.warehouse.register("usable", usable)
    names = [column.name for column in model_columns(selection)]
    sections = {
        "horizon": horizon_section(
            followed_leads(session, spine, not_before), horizon=horizon, followed_until=cut_off - lag
        ),
        "population": population_section(session, spine, selection.spine, names),
    }
    sections["population"]["persons"]["by"] = "person" if settings.train.group_by == "lead" else "account"
    usable, sampled_out = _sample(session, usable, settings.train)
    pairs = pairs.join(sampled_out.select(key).unique(), on=key, how="anti")
    session.warehouse.register("usable", usable)
    parts = Parts(session, selection, "usable", "the landmarks", with_gates=True)
    try:
        features = plain_types(session.warehouse.frame(parts.select))
    finally:
        parts.remove()
    session.want(usable["as_of"].unique().to_list())
    session.prepare(selection.views)
    session.set_spine(spine.entity[0], "SELECT * FROM usable")
    blocked = features.filter(is_blocked(rules))
    sections["population"]["blocked"] = blocked_by(rules, blocked, key)
    kept = pairs.join(blocked.select(key, "as_of"), on=[key, "as_of"], how="anti")
    stopped = pairs.join(blocked, on=[key, "as_of"], how="inner").sort("as_of", key)
    return TrainingFrame(
        kept.join(features, on=[key, "as_of"], how="left").sort("as_of", key),
        (
            *_left_out("sampled out", f"[train] most_landmarks is {settings.train.most_landmarks:,}", sampled_out, key),
            Exclusion("blocked", "a gate blocks the lead at as_of", blocked.height, blocked[key].n_unique()),
        ),
        not_before,
        tuple(unknown_columns(session, selection, f"spine_{spine.entity[0]}")),
        usable.height,
        sections,
        stopped,
    )


def _sample(session: Session, usable: pl.DataFrame, settings: TrainSection) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The landmarks of as many leads as give `most_landmarks` of them, and the rest: a lead comes whole or not at all.

    Which leads follows from a hash of their id and the seed, so that another day's training draws the same ones.
    """
    if usable.height <= settings.most_landmarks:
        return usable, usable.clear()
    key = usable.columns[0]
    session.warehouse.register("every_landmark", usable)
    share = settings.most_landmarks / usable.height
    drawn = session.warehouse.frame(
        f"SELECT DISTINCT {key} FROM every_landmark "
        f"WHERE md5_number_lower({key} || '/{settings.seed}') % 1000000 < {int(share * 1_000_000)}"
    )
    return usable.join(drawn, on=key, how="semi"), usable.join(drawn, on=key, how="anti")


def _left_out(code: str, words: str, rows: pl.DataFrame, key: str) -> list[Exclusion]:
    return [Exclusion(code, words, rows.height, rows[key].n_unique())] if rows.height else []


def landmark_window(settings: TrainSection, cut_off: datetime) -> tuple[datetime, datetime]:
    """The first and the last moment a landmark may have: `months` up to the newest load, `cut_off`.

    Where `test_end` is given and earlier, the window ends there instead: a file of years ago that is loaded today has
    all its landmarks in years that no window reaches back to from today.
    """
    last = min(cut_off, datetime.combine(settings.test_end, time())) if settings.test_end else cut_off
    return last - timedelta(days=round(settings.months * 365.25 / 12)), last


def with_true_probability(session: Session, frame: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """The frame with `true_probability`, which only a made-up company knows; the frame itself in any other project."""
    project = session.registry.project
    if not project.is_demo:
        return frame
    from leadmart.features.demo import reachable_probability

    true = reachable_probability(project.demo_truth, frame.select("lead_id", "as_of"), horizon_days=horizon)
    return frame.join(true.rename({"p": "true_probability"}), on=["lead_id", "as_of"], how="left")


def _refuse_problems(spine: Definition, label: Definition, registry: Registry) -> None:
    from leadmart.features.errors import all_as_one

    if problems := check_all([spine, label], registry):
        raise all_as_one(problems)


def _refuse_rows_outside(session: Session, spine: Definition, scored: Definition) -> None:
    if spine.name == scored.name or spine.header.get("subset-of") != scored.name:
        return
    key = spine.key
    outside = session.warehouse.rows(
        f"SELECT s.{key}, s.as_of FROM spine_{spine.entity[0]} AS s "
        f"WHERE NOT EXISTS (SELECT 1 FROM ({session.sql_of(scored)}) AS o WHERE o.{key} = s.{key} AND o.as_of = "
        "s.as_of) LIMIT 1"
    )
    if outside:
        lead, as_of = outside[0]
        raise LeadmartError(
            f"spine {spine.name} says `subset-of: {scored.name}`, which has no row for {key} {lead} at {iso(as_of)}",
            code="not_a_subset",
            place=spine.place(line=1),
            hint=f"train where it is scored: narrow {spine.name}, or widen {scored.name}",
        )
