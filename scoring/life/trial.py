"""A trial: two scores on identical rows that neither model has seen, each model reading the features it learned on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso
from leadmart.features.definition import horizon_days
from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import model_columns, plain_types
from leadmart.features.pairs import Parts
from leadmart.features.plan import Selection, select
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.scoring.champion import RULES, load_model, typed_columns
from leadmart.scoring.evaluation.clusters import cluster_numbers, cluster_of
from leadmart.scoring.evaluation.paired import Difference, paired
from leadmart.scoring.learning.blocks import Block, block_of
from leadmart.scoring.learning.dataset import label_rows, outcome_leads
from leadmart.scoring.learning.landmarks import training_frame
from leadmart.scoring.life.kept import Kept, champion
from leadmart.scoring.policy import Policy
from leadmart.scoring.release.valid import can_serve
from leadmart.scoring.scorecard import points

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from leadmart.scoring.models.model import Model


@dataclass(frozen=True)
class Comparison:
    """Two scores of the same rows: `differences` are a minus b, by figure. `positive_leads` have the outcome.

    `block` names the rows; None where there is none.
    """

    a: str
    b: str
    block: Block | None
    leads: int
    positive_leads: int
    differences: Mapping[str, Difference]

    def as_json(self) -> dict[str, Any]:
        return {
            "a": self.a,
            "b": self.b,
            "rows": self.block.as_json() if self.block else None,
            "leads": self.leads,
            "positive_leads": self.positive_leads,
            "differences": {name: each.as_json() for name, each in self.differences.items()},
        }


@dataclass(frozen=True)
class Trial:
    """What is needed to score rows with kept models: a session with every source staged, and today's definitions."""

    session: Session
    selection: Selection
    policy: Policy

    @property
    def project(self) -> Project:
        return self.session.registry.project

    def unseen_rows(self, seen: Sequence[Kept], cut_off: datetime) -> pl.DataFrame:
        """Labelled landmarks (with `y` and today's features) that no model of `seen` has learned from or was tested on.

        They lie after every model's test block, and their leads first appear after everything that was learned from.
        """
        registry = self.session.registry
        settings = self.project.settings.train
        label = registry.get("label", settings.label)
        spine = registry.get("spine", settings.spine)
        frame = training_frame(
            self.session, self.selection, label, spine, self.policy.gates, cut_off, only=lambda p: unseen(p, seen)
        )
        return label_rows(
            frame.rows,
            horizon=timedelta(days=horizon_days(label)),
            ingest_lag=timedelta(days=settings.ingest_lag_days),
            cut_off=cut_off,
        ).rows

    def scores(self, kept: Kept | None, rows: pl.DataFrame, model: Model | None = None) -> NDArray[np.float64]:
        """The calibrated probabilities of a kept model for labelled rows, in their order; of None the rules' points.

        Raises LeadmartError `feature_mismatch` where what the model learned on cannot be computed any more.
        """
        if kept is None:
            score: NDArray[np.float64] = points(rows, self.policy.scorecard)["rules_score"].to_numpy()
            return score
        from leadmart.scoring.models.model import columns_met, predict

        selection = self.selection
        serving = kept.feature_set_version
        if serving == selection.feature_set_version or can_serve(self.session, selection, kept.model_version):
            serving = selection.feature_set_version
        else:
            selection = former_selection(self.session, kept)
            rows = self._with_features_of(selection, rows)
        model = model or load_model(self.session.warehouse, kept.model_version, serving)
        assert model is not None
        columns = columns_met(model, typed_columns(model_columns(selection), rows))
        return predict(model, rows, columns, serving).rows["p_cal"].to_numpy()

    def compare(
        self, a: Kept | None, b: Kept | None, rows: pl.DataFrame, models: Mapping[str, Model] | None = None
    ) -> Comparison:
        """The paired figures of two kept models (None: the rules' points, by rank only) on labelled rows."""
        rows = rows.sort("as_of", "lead_id")
        names = [kept.model_version if kept else RULES for kept in (a, b)]
        given = models or {}
        p_a, p_b = (self.scores(kept, rows, given.get(name)) for kept, name in zip((a, b), names, strict=True))
        found = paired(
            rows["y"].to_numpy(),
            p_a,
            p_b,
            cluster_numbers(rows),
            seed=self.project.settings.train.seed,
            are_probabilities=a is not None and b is not None,
        )
        return Comparison(names[0], names[1], block_of(rows), rows["lead_id"].n_unique(), outcome_leads(rows)[0], found)

    def _with_features_of(self, selection: Selection, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows' keys and outcomes with another selection's features, in their order."""
        key = selection.spine.key
        warehouse = self.session.warehouse
        warehouse.register("tried", rows.select(key, "as_of"))
        parts = Parts(self.session, selection, "tried", "the rows compared")
        try:
            features = plain_types(warehouse.frame(parts.select))
        finally:
            parts.remove()
        return rows.select(key, "as_of", "y").join(features, on=[key, "as_of"], how="left", maintain_order="left")


def unseen(pairs: pl.DataFrame, seen: Sequence[Kept]) -> pl.DataFrame:
    """Of labelled (lead_id, as_of) pairs those that none of the models has learned from or was tested on.

    Where the pairs say which leads are one person or account, these count as one.
    """
    import polars as pl

    tested = max((kept.tested_until for kept in seen if kept.tested_until), default=None)
    learned = max((kept.learned_until for kept in seen if kept.learned_until), default=None)
    late = pl.lit(True) if tested is None else pl.col("as_of") > pl.lit(tested, dtype=pl.Datetime("us"))
    if learned is not None:
        late &= pl.col("as_of").min().over(cluster_of(pairs)) > pl.lit(learned, dtype=pl.Datetime("us"))
    return pairs.filter(late)


def former_selection(session: Session, kept: Kept) -> Selection:
    """The selection that a model learned on, made of the versions that its report names.

    Raises LeadmartError `feature_mismatch` where they do not give the same features any more.
    """
    project = session.registry.project
    named = kept.report.get("features")
    why = "its report does not name the views it learned on"
    if named:
        settings = project.settings.model_copy(
            update={
                "features": project.settings.features.model_copy(
                    update={"views": tuple(named["views"]), "spine": named["spine"]}
                ),
                "scoring": project.settings.scoring.model_copy(update={"gates": tuple(named["gates"]), "fit": ""}),
                "train": project.settings.train.model_copy(update={"columns": _listed(named)}),
            }
        )
        try:
            found = select(Registry(replace(project, settings=settings)), session.present)
        except LeadmartError as error:
            why = error.message
        else:
            if found.feature_set_version == kept.feature_set_version:
                return found
            why = f"{', '.join(named['views'])} give {found.feature_set_version} now"
    raise LeadmartError(
        f"the features {kept.feature_set_version} that {kept.model_version} learned on cannot be computed any more: "
        f"{why}",
        code="feature_mismatch",
        hint="restore the definitions, or `leadmart train` on those of today",
    )


def _listed(named: Mapping[str, Any]) -> tuple[str, ...] | None:
    return tuple(named["columns"]) if named.get("columns") else None


def read_before(trial: Trial, models: Sequence[Kept] = ()) -> tuple[str, ...]:
    """The sources that other features than today's read: the champion's and those of models, as far as they are there.

    What cannot be computed any more is left out; who asks for it is told so.
    """
    session = trial.session
    standing = champion(session.warehouse)
    found: set[str] = set()
    for kept in (*models, *([standing] if standing else [])):
        if kept.feature_set_version != trial.selection.feature_set_version:
            with suppress(LeadmartError):
                found.update(session.registry.sources_of(former_selection(session, kept).definitions))
    return tuple(sorted(found))


def features_named(project: Project) -> dict[str, Any]:
    """What a report has to name so that the same features can be computed later: exact versions, and the spine."""
    settings = project.settings
    return {
        "views": list(settings.features.views),
        "gates": list(settings.scoring.gates),
        "spine": settings.features.spine,
        **({"columns": list(settings.train.columns)} if settings.train.columns else {}),
    }


def when_comparable(seen: Sequence[Kept], label_days: float, lag_days: int, cut_off: datetime) -> str:
    """From which load on there are rows newer than every test, in words."""
    tested = max((kept.tested_until for kept in seen if kept.tested_until), default=None)
    if tested is None:
        return "no test block is recorded"
    closes = tested + timedelta(days=label_days + lag_days)
    return (
        f"landmarks after {iso(tested)[:10]} are wanted, whose outcomes are complete {label_days:g} + {lag_days} days "
        f"later: the data have to reach past {iso(closes)[:10]}, and end at {iso(cut_off)[:10]}"
    )
