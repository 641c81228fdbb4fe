"""Scoring at an as_of: who is scored, on what, by which model and policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso, sql_literal
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.filled import slice_file
from leadmart.features.fingerprint import digest
from leadmart.features.lookup import Files, scoring_frame, told_columns
from leadmart.features.outcomes import make_outcomes
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.staging import source_inputs
from leadmart.scoring.champion import load_model, load_policy, typed_columns
from leadmart.scoring.overrides import known_tiers, overrides_at
from leadmart.scoring.release.valid import serving_version
from leadmart.scoring.upsert import Scoring

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.models.model import Model
    from leadmart.scoring.policy import Policy


@dataclass(frozen=True)
class Scorer:
    """The champion and the policy, found once for all as_of of a run; the model is read when it is needed.

    `computed` slices are read before those that are listed.
    """

    session: Session
    selection: Selection
    policy: Policy
    model_version: str
    computed: Files | None = None

    @classmethod
    def of(cls, session: Session, selection: Selection, computed: Files | None = None) -> Scorer:
        """Today's champion and policy. Raises LeadmartError `feature_mismatch`, and what is wrong in the policy."""
        version = serving_version(session, selection)
        return cls(session, selection, load_policy(session.registry, selection), version, computed)

    @cached_property
    def model(self) -> Model | None:
        return load_model(self.session.warehouse, self.model_version, self.selection.feature_set_version)

    def scoring(self, as_of: datetime) -> Scoring:
        """The identity of scoring at an as_of: versions, slices, and the raw rows that outcomes come from.

        Raises LeadmartError `slice_missing`.
        """
        registry = self.session.registry
        slices = [(d.relation, self._slice_name(d, as_of)) for d in self.selection.definitions]
        label = label_of(registry)
        outcomes = source_inputs(self.session.warehouse, registry, registry.sources_of([label]))
        reasons_for = registry.project.settings.scoring.reasons_for
        return Scoring(
            as_of=as_of,
            spine=self.selection.spine.name,
            feature_set_version=self.selection.feature_set_version,
            model_version=self.model_version,
            policy_version=self.policy.policy_version,
            input_hash=digest(slices, registry.token_hash(label), outcomes, reasons_for, *self._said(as_of)),
            slices=tuple(self.selection.slice_of(d, as_of) for d in self.selection.definitions),
        )

    def frame(self, as_of: datetime) -> pl.DataFrame:
        """What is scored at an as_of: features and gates, without the leads whose outcome is known by then."""
        warehouse, registry = self.session.warehouse, self.session.registry
        frame = scoring_frame(warehouse, registry, self.selection, as_of, self.computed)
        return self.in_play(frame, as_of)

    def in_play(self, frame: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
        """A frame of leads at an as_of without those whose outcome is known by then."""
        warehouse, registry = self.session.warehouse, self.session.registry
        label = label_of(registry)
        make_outcomes(self.session, registry, label, known_at=as_of)
        converted = warehouse.frame(f"SELECT {label.key} FROM outcomes")
        return frame.join(converted, on=label.key, how="anti")

    def score(self, as_of: datetime, role: str = "champion") -> tuple[pl.DataFrame, Sequence[str]]:
        """The score rows at an as_of, and warnings for people; leads whose outcome is known by then are left out."""
        return self.score_frame(self.frame(as_of), as_of, role)

    def score_frame(
        self, frame: pl.DataFrame, as_of: datetime, role: str = "champion"
    ) -> tuple[pl.DataFrame, Sequence[str]]:
        """The score rows of a frame's leads, all or a few of them: a row hangs on its own input only."""
        import polars as pl

        from leadmart.scoring.assess import score_rows

        overrides, unknown = overrides_at(self.session, self.session.registry, as_of), list[str]()
        if overrides is not None:
            overrides, unknown = known_tiers(overrides, as_of)
        reasons_for: Any = self.session.registry.project.settings.scoring.reasons_for
        scored = score_rows(
            frame,
            typed_columns(told_columns(self.selection), frame),
            self.policy,
            self.model,
            feature_set_version=self.selection.feature_set_version,
            role=role,
            reasons_for=reasons_for,
            overrides=overrides,
        )
        return scored.rows.with_columns(pl.col("as_of").cast(pl.Datetime("us"))), (*scored.warnings, *unknown)

    def _said(self, as_of: datetime) -> tuple[str, ...]:
        """What people said that is in force at an as_of, as one hash; nothing where nobody did."""
        overrides = overrides_at(self.session, self.session.registry, as_of)
        return () if overrides is None or overrides.is_empty() else (digest(overrides.rows()),)

    def left_out(self, as_of: datetime) -> int:
        """Leads of the spine without a score at an as_of: their outcome was known by then."""
        spine = self.selection.slice_of(self.selection.spine, as_of)
        ((asked, scored),) = self.session.warehouse.rows(
            "SELECT (SELECT row_count FROM store.meta.slices WHERE kind = ? AND name = ? AND version = ? AND spine = ? "
            "AND as_of = ? AND fingerprint = ?), (SELECT MAX(row_count) FROM (FROM store.meta.scorings UNION ALL "
            "FROM store.meta.past_scorings) WHERE as_of = ? AND feature_set_version = ? AND model_version = ? "
            "AND policy_version = ?)",
            [*spine.key, as_of, self.selection.feature_set_version, self.model_version, self.policy.policy_version],
        )
        return int(asked - scored)

    def tiers(self, as_of: datetime) -> list[tuple[str, int]]:
        """Leads by tier at an as_of under these versions, best tier first."""
        return self.session.warehouse.rows(
            f"SELECT tier, COUNT(*) FROM store.scores.lead_scores WHERE as_of = {sql_literal(as_of)} "
            "AND model_version = ? AND policy_version = ? AND feature_set_version = ? "
            "GROUP BY tier ORDER BY MAX(composite) DESC, tier",
            [self.model_version, self.policy.policy_version, self.selection.feature_set_version],
        )

    def _slice_name(self, definition: Definition, as_of: datetime) -> str:
        wanted = self.selection.slice_of(definition, as_of)
        found = (self.computed or {}).get(wanted) or slice_file(self.session.warehouse, wanted)
        if found is None:
            raise LeadmartError(
                f"{definition.ref} is not filled at {iso(as_of)}",
                code="slice_missing",
                hint=f"`leadmart run --as-of {iso(as_of)}` fills it",
            )
        return found.name


def label_of(registry: Registry) -> Definition:
    """The project's label."""
    return registry.get("label", registry.project.settings.train.label)
