"""What pending changes would do to scores: drafts and edited files scored on a sample, beside what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from leadmart.features.clock import iso
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import FeatureColumn, compute_at, plain_types, told_columns
from leadmart.features.materialize import published_versions
from leadmart.features.outcomes import make_outcomes
from leadmart.features.plan import Selection
from leadmart.features.protected import is_unspoken
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.standing_in import Pending, selection_with, stand_ins
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import RULES, load_model, load_policy, typed_columns
from leadmart.scoring.impact.figures import (
    ColumnShift,
    beside,
    column_shifts,
    mover,
    movers_of,
    score_figures,
    values_of,
)
from leadmart.scoring.impact.recorded import (
    KEPT,
    Recorded,
    changed_values,
    newest_recorded,
    recorded_rows,
    recorded_slice,
)
from leadmart.scoring.life.kept import champion
from leadmart.scoring.overrides import known_tiers, overrides_at
from leadmart.scoring.run import Progress, silent
from leadmart.scoring.scorer import Scorer, label_of

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.models.model import Model
    from leadmart.scoring.policy import Policy

SAMPLE = 5_000
"""Leads that are scored anew where nobody says how many."""

_STEPS = 4
_LEADS = "impact_leads"


@dataclass(frozen=True)
class After:
    """The project as it would be: pending texts in their places, today's policy and champion."""

    session: Session
    selection: Selection
    policy: Policy
    model: Model | None
    as_of: datetime

    @classmethod
    def of(cls, warehouse: Warehouse, registry: Registry, selection: Selection, as_of: datetime) -> After:
        session = Session(warehouse, registry)
        session.want([as_of])
        kept = champion(warehouse)
        model = load_model(warehouse, kept.model_version if kept else RULES)
        return cls(session, selection, load_policy(registry, selection), model, as_of)

    def frame(self, recorded: Recorded, sample: int) -> pl.DataFrame:
        """Features and gates of a sample of leads, those out of play left out; the sampled leads are `impact_leads`.

        Drawn by a hash of their key, from those that were scored and those that would be.
        """
        session, spine, warehouse = self.session, self.selection.spine, self.session.warehouse
        label = label_of(session.registry)
        make_outcomes(session, session.registry, label, known_at=self.as_of)
        session.prepare(self.selection.definitions)
        every = session.sql_of(spine, in_order=False)
        warehouse.execute(f"CREATE OR REPLACE TABLE impact_spine AS {every}")
        in_play = f"SELECT s.* FROM impact_spine AS s ANTI JOIN outcomes AS o ON o.{label.key} = s.{spine.key}"
        own = f"CAST(s.{spine.key} AS VARCHAR)"
        every = f"SELECT lead_id FROM ({recorded.rows_sql}) UNION SELECT {own} AS lead_id FROM ({in_play}) AS s"
        warehouse.execute(
            f"CREATE OR REPLACE TABLE {_LEADS} AS FROM ({every}) ORDER BY hash(lead_id), lead_id LIMIT {sample}"
        )
        drawn = f"SELECT s.* FROM ({in_play}) AS s SEMI JOIN {_LEADS} AS l ON l.lead_id = {own}"
        session.set_spine(spine.entity[0], drawn)
        sql = compute_at(session, self.selection, with_beside=True)
        return plain_types(warehouse.frame(f"{sql}\nORDER BY s.{spine.key}, s.as_of"))

    def scored(self, frame: pl.DataFrame, reasons_for: Literal["none", "all"]) -> tuple[pl.DataFrame, list[str]]:
        """The columns `KEPT` of the score rows of a frame, and what there is to say of the model's columns.

        The champion reads the columns of its names as they come; one that is gone, or that it cannot read, is NULL.
        """
        import polars as pl

        from leadmart.scoring.assess import score_rows

        frame, columns, notes = as_learned(frame, typed_columns(told_columns(self.selection), frame), self.model)
        found = score_rows(
            frame,
            columns,
            self.policy,
            self.model,
            feature_set_version=self.model.feature_set_version if self.model else self.selection.feature_set_version,
            reasons_for=reasons_for,
            overrides=_overrides(self.session, self.as_of),
        )
        return found.rows.select(pl.col("lead_id").cast(pl.String), *KEPT), notes


def as_learned(
    frame: pl.DataFrame, columns: Sequence[FeatureColumn], model: Model | None
) -> tuple[pl.DataFrame, tuple[FeatureColumn, ...], list[str]]:
    """A frame and its columns as a model asks for them: its own by name, in its order, with the types it learned.

    Also says, in words, which it does not find, and which it does not know.
    """
    import polars as pl

    if model is None:
        return frame, tuple(columns), []
    given = {column.name: column for column in columns}
    unreadable = {
        c.name
        for c in model.columns
        if c.name in frame.columns and c.kind != "category" and not _is_number(frame.schema[c.name])
    }
    lost = [c.name for c in model.columns if c.name not in frame.columns or c.name in unreadable]
    frame = frame.with_columns(pl.lit(None).alias(name) for name in lost)
    wanted = tuple(
        replace(given.get(c.name, FeatureColumn(c.name, "")), type=c.type, in_model=True) for c in model.columns
    )
    names = {c.name for c in model.columns}
    others = tuple(replace(c, in_model=False) for c in columns if c.name not in names)
    notes = [f"{name} is gone or of another type: the model counts it as unknown" for name in lost]
    new = [c.name for c in columns if c.in_model and c.name not in names]
    if new:
        notes.append(f"{', '.join(new)}: new to the model, which learns of it by the next `train`")
    return frame, (*wanted, *others), notes


def _is_number(dtype: pl.DataType) -> bool:
    import polars as pl

    return dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)


@dataclass
class Impact:
    """What pending changes do to scores; `reason` says why nothing could be compared."""

    recorded: Recorded | None
    pending: Pending
    figures: Mapping[str, Any] = field(default_factory=dict)
    columns: list[ColumnShift] = field(default_factory=list)
    movers: list[dict[str, Any]] = field(default_factory=list)
    after: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """`impact` of `plan --impact --json`."""
        unknown = dict.fromkeys(("leads", "changed_tier", "moved", "mean", "psi", "rank_correlation", "limits"))
        return {
            "as_of": iso(self.recorded.as_of) if self.recorded else None,
            "before": self.recorded.versions if self.recorded else None,
            "after": dict(self.after) or None,
            "standing_in": [{"view": s.name, "for": s.before.ref} for s in self.pending.standing_in],
            "unread": list(self.pending.unread),
            **unknown,
            "tiers": [],
            **self.figures,
            "columns": [each.as_json() for each in self.columns],
            "movers": self.movers,
            "notes": self.notes,
            "reason": self.reason,
        }


def impact_of(
    warehouse: Warehouse,
    registry: Registry,
    selection: Selection,
    as_of: datetime,
    sample: int = SAMPLE,
    progress: Progress = silent,
) -> Impact:
    """Scores a sample of leads with what is pending, and lays it beside what the last run has published.

    At the newest as_of that is scored and not later than `as_of`; nothing is written. Raises LeadmartError for what
    `check` refuses in a draft, and for what is wrong in the policy.
    """
    pending = stand_ins(registry, selection, published_versions(warehouse))
    recorded = newest_recorded(warehouse, selection.spine.name, as_of)
    if recorded is None:
        return Impact(None, pending, reason=f"nothing is scored by {iso(as_of)}: `leadmart run` comes first")
    at = iso(recorded.as_of)
    progress("impact: definitions", 0, _STEPS)
    present = Session(warehouse, registry).present
    changed, chosen = selection_with(registry, pending, present) if pending.standing_in else (registry, selection)
    after = After.of(warehouse, changed, chosen, recorded.as_of)
    progress(f"impact: features at {at}", 1, _STEPS)
    frame = after.frame(recorded, sample)
    progress(f"impact: scores at {at}", 2, _STEPS)
    scored, notes = after.scored(frame, "none")
    both = beside(recorded_rows(warehouse, recorded, _LEADS), scored)
    found = Impact(recorded, pending, figures=score_figures(both), notes=notes)
    found.after = {
        "feature_set_version": chosen.feature_set_version,
        "model_version": after.model.model_version if after.model else RULES,
        "policy_version": after.policy.policy_version,
    }
    progress("impact: columns", 3, _STEPS)
    frames = _column_frames(found, after)
    movers = _with_reasons(movers_of(both), frame, after, registry, selection)
    found.movers = [mover(row, _values(row["lead_id"], frames, after)) for row in movers.iter_rows(named=True)]
    found.notes += _notes(found, after)
    return found


def _column_frames(found: Impact, after: After) -> list[tuple[Definition, pl.DataFrame]]:
    """Compares the columns of every view and gate whose slice would be another; the frames of those of leads."""
    assert found.recorded is not None
    warehouse, frames = after.session.warehouse, []
    names = {(s.definition.kind, s.definition.name): s.name for s in found.pending.standing_in}
    links = {(d.kind, d.name) for d in after.selection.links}
    for definition in after.selection.definitions[1:]:
        this = (definition.kind, definition.name)
        view, spine = names.get(this, definition.ref), "" if this in links else after.selection.spine.name
        before = recorded_slice(warehouse, found.recorded, definition, spine)
        if before is None:
            found.columns += [ColumnShift(view, name, "added") for name in _own(definition)]
        elif before[1] != after.selection.fingerprints[definition.relation]:
            history = [n for n, _ in warehouse.columns(f"SELECT * FROM {definition.relation}") if n.startswith("has_")]
            columns = list(dict.fromkeys([*_own(definition), *history]))
            frame, added, gone = changed_values(warehouse, definition, before[0], columns)
            found.columns += column_shifts(view, frame)
            found.columns += [ColumnShift(view, name, "added") for name in added]
            found.columns += [ColumnShift(view, name, "removed") for name in gone]
            if definition.entity == after.selection.spine.entity:
                frames.append((definition, frame))
    return frames


def _own(definition: Definition) -> list[str]:
    return [c.name for c in definition.columns if c.name not in (definition.key, "as_of")]


def _values(lead: str, frames: Sequence[tuple[Definition, pl.DataFrame]], after: After) -> dict[str, tuple[Any, Any]]:
    """A lead's values that are others now, but for those that nobody is to be told."""
    found = {name: pair for _, frame in frames for name, pair in values_of(frame, lead).items()}
    return {n: pair for n, pair in found.items() if n not in after.policy.unspoken and not is_unspoken(n)}


def _with_reasons(
    movers: pl.DataFrame, frame: pl.DataFrame, after: After, registry: Registry, selection: Selection
) -> pl.DataFrame:
    """The movers with all reasons of their new scores, and of their old ones where these can still be computed."""
    import polars as pl

    key = pl.col(selection.spine.key).cast(pl.String)
    wanted = movers["lead_id"].implode()
    told, _ = after.scored(frame.filter(key.is_in(wanted)), "all") if movers.height else (None, None)
    if told is None:
        return movers
    new = told.select("lead_id", pl.col("reasons").alias("reasons after"))
    movers = movers.drop("reasons after").join(new, on="lead_id", how="left", maintain_order="left")
    old = _reasons_before(movers, after, registry, selection)
    if old is None:
        return movers
    return movers.drop("reasons").join(old, on="lead_id", how="left", maintain_order="left")


def _reasons_before(
    movers: pl.DataFrame, after: After, registry: Registry, selection: Selection
) -> pl.DataFrame | None:
    """All reasons of the scores before, where the project without its drafts is what they were made by; else None:
    then there are those that were published, of notable leads alone.
    """
    import polars as pl

    from leadmart.scoring.assess import score_rows

    session = Session(after.session.warehouse, registry)
    session.want([after.as_of])
    try:
        scorer = Scorer.of(session, selection)
        if scorer.scoring(after.as_of).is_done(session.warehouse) is None:
            return None
        frame = scorer.frame(after.as_of)
    except LeadmartError:
        return None  # the champion learned on other columns, or a slice is gone: the plan says so
    frame = frame.filter(pl.col(selection.spine.key).cast(pl.String).is_in(movers["lead_id"].implode()))
    if frame.is_empty():
        return None
    rows = score_rows(
        frame,
        typed_columns(told_columns(selection), frame),
        scorer.policy,
        scorer.model,
        feature_set_version=selection.feature_set_version,
        reasons_for="all",
        overrides=_overrides(session, after.as_of),
    ).rows
    return rows.select(pl.col("lead_id").cast(pl.String), "reasons")


def _overrides(session: Session, as_of: datetime) -> pl.DataFrame | None:
    overrides = overrides_at(session, session.registry, as_of)
    return known_tiers(overrides, as_of)[0] if overrides is not None else None


def _notes(found: Impact, after: After) -> list[str]:
    notes = []
    assert found.recorded is not None
    if after.model is not None and any(each.kind == "changed" for each in found.columns):
        notes.append(
            f"{after.model.model_version} reads the changed columns as they come, and has learned on those before: "
            "after `train` it may score otherwise"
        )
    if not found.pending.standing_in and found.after == found.recorded.versions:
        notes.append("no draft, no new version and no edited file: whatever moves comes from raw rows that changed")
    notes += [f"{name} is read by nothing of this project: it moves no score" for name in found.pending.unread]
    return notes
