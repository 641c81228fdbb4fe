"""The project as it would be: a sample of leads scored with pending texts, today's policy and today's champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from leadmart.features.lookup import FeatureColumn, compute_at, plain_types, told_columns
from leadmart.features.outcomes import make_outcomes
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import RULES, load_model, load_policy, typed_columns
from leadmart.scoring.impact.recorded import KEPT, Recorded
from leadmart.scoring.life.kept import champion
from leadmart.scoring.overrides import known_tiers, overrides_at
from leadmart.scoring.scorer import label_of

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.models.model import Model
    from leadmart.scoring.policy import Policy

LEADS = "impact_leads"
"""The session's table of the sampled leads (lead_id)."""


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
        every = session.sql_of(spine)
        warehouse.execute(f"CREATE OR REPLACE TABLE impact_spine AS {every}")
        in_play = f"SELECT s.* FROM impact_spine AS s ANTI JOIN outcomes AS o ON o.{label.key} = s.{spine.key}"
        own = f"CAST(s.{spine.key} AS VARCHAR)"
        every = f"SELECT lead_id FROM ({recorded.rows_sql}) UNION SELECT {own} AS lead_id FROM ({in_play}) AS s"
        warehouse.execute(
            f"CREATE OR REPLACE TABLE {LEADS} AS FROM ({every}) ORDER BY hash(lead_id), lead_id LIMIT {sample}"
        )
        drawn = f"SELECT s.* FROM ({in_play}) AS s SEMI JOIN {LEADS} AS l ON l.lead_id = {own}"
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
            overrides=tiers_said(self.session, self.as_of),
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


def tiers_said(session: Session, as_of: datetime) -> pl.DataFrame | None:
    """The tiers that people gave, in force at an as_of; None where the project asks for none."""
    overrides = overrides_at(session, session.registry, as_of)
    return known_tiers(overrides, as_of)[0] if overrides is not None else None
