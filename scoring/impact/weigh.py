"""What pending changes would do to scores: drafts and edited files scored on a sample, beside what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso
from leadmart.features.definition import Definition
from leadmart.features.materialize import published_versions
from leadmart.features.plan import Selection
from leadmart.features.protected import is_unspoken
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.standing_in import StandIns, selection_with, stand_ins
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import RULES
from leadmart.scoring.impact.after import LEADS, After
from leadmart.scoring.impact.before import reasons_before
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
    ReadSlices,
    Recorded,
    changed_values,
    newest_recorded,
    recorded_rows,
)
from leadmart.scoring.run import Progress, silent

if TYPE_CHECKING:
    import polars as pl


SAMPLE = 5_000
"""Leads that are scored anew where nobody says how many."""

_STEPS = 4


@dataclass
class Impact:
    """What pending changes do to scores; `reason` says why nothing could be compared."""

    recorded: Recorded | None
    pending: StandIns
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
    both = beside(recorded_rows(warehouse, recorded, LEADS), scored)
    found = Impact(recorded, pending, figures=score_figures(both), notes=notes)
    found.after = {
        "feature_set_version": chosen.feature_set_version,
        "model_version": after.model.model_version if after.model else RULES,
        "policy_version": after.policy.policy_version,
    }
    progress("impact: columns", 3, _STEPS)
    frames = _column_frames(found, after)
    movers = _with_reasons(found, movers_of(both), frame, after, registry, selection)
    found.movers = [mover(row, _values(row["lead_id"], frames, after)) for row in movers.iter_rows(named=True)]
    found.notes += _notes(found, after)
    return found


def _column_frames(found: Impact, after: After) -> list[tuple[Definition, pl.DataFrame]]:
    """Compares the columns of every view and gate whose slice would be another; the frames of those of leads."""
    assert found.recorded is not None
    warehouse, frames = after.session.warehouse, []
    names = {s.definition.relation: s.name for s in found.pending.standing_in}
    read = ReadSlices(warehouse, found.recorded, after.selection.spine.name)
    if not read:
        found.notes.append(
            "an earlier release did not record the slices that these scores were made of: columns are not compared; "
            "the next `leadmart run` records them"
        )
        return []
    for definition in after.selection.definitions[1:]:
        view = names.get(definition.relation, definition.ref)
        before = read.of(definition, after.selection.definitions)
        if before is None:
            found.columns += [ColumnShift(view, name, "added") for name in _own(definition)]
        elif before.fingerprint == after.selection.fingerprints[definition.relation]:
            continue
        elif before.relation is None:
            found.notes.append(
                f"the slice of {definition.name}@v{before.version} that these scores were made of is not kept any "
                f"more: the columns of {view} are not compared"
            )
        else:
            history = [n for n, _ in warehouse.columns(f"SELECT * FROM {definition.relation}") if n.startswith("has_")]
            columns = list(dict.fromkeys([*_own(definition), *history]))
            frame, added, gone = changed_values(warehouse, definition, before.relation, columns)
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
    found: Impact, movers: pl.DataFrame, frame: pl.DataFrame, after: After, registry: Registry, selection: Selection
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
    old = (
        reasons_before(after.session.warehouse, registry, selection, found.recorded, movers) if found.recorded else None
    )
    if old is None:
        return movers
    old = old.select("lead_id", pl.col("reasons").alias("all reasons"))
    movers = movers.join(old, on="lead_id", how="left", maintain_order="left")
    return movers.with_columns(pl.coalesce("all reasons", "reasons").alias("reasons"))


def _notes(found: Impact, after: After) -> list[str]:
    notes = []
    assert found.recorded is not None
    if after.model is not None and any(each.kind == "changed" for each in found.columns):
        notes.append(
            f"{after.model.model_version} reads the changed columns as they come, and has learned on those before: "
            "after `train` it may score otherwise"
        )
    if not found.pending.standing_in and found.after == found.recorded.versions:
        notes.append(
            "no draft, no new version and no edited file: whatever moves comes from raw rows that changed, or from "
            "an edited label"
        )
    notes += [f"{name} is read by nothing of this project: it moves no score" for name in found.pending.unread]
    return notes
