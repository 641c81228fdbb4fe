"""What training gives: the model or the rules, and all that its report says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.calibration_report import calibration_section
from leadmart.scoring.evaluation.clusters import cluster_numbers
from leadmart.scoring.evaluation.figures import Metric, evaluate
from leadmart.scoring.evaluation.section import Asked, evaluation_section
from leadmart.scoring.learning.blocks import tested
from leadmart.scoring.learning.dataset import Exclusion, outcome_leads
from leadmart.scoring.learning.settings import Label, TrainSettings
from leadmart.scoring.learning.suspects import Suspect
from leadmart.scoring.models.model import Model, Tier, predict_raw, with_metrics
from leadmart.scoring.scorecard import Scorecard, points


@dataclass(frozen=True)
class BlockSummary:
    """One block of the split; a block given up has 0 rows and no dates."""

    name: str
    rows: int
    leads: int
    positive_leads: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class TrainingResult:
    """What `train` prints and stores. `model` is None in tier `rules`; then `metrics` are those of the rules score
    alone. `rows` and `positives` are the landmarks learned from: train, validation and calibration. `test` is
    the test block itself.
    """

    model: Model | None
    tier: Tier
    label: Label
    feature_set_version: str
    rows: int
    positives: int
    positive_leads: int
    negative_leads: int
    excluded: tuple[Exclusion, ...]
    blocks: tuple[BlockSummary, ...]
    metrics: Mapping[str, Metric]
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
    cut_off: datetime
    ingest_lag: timedelta
    clocks: Mapping[str, object] = field(default_factory=dict)
    evaluation: Mapping[str, object] = field(default_factory=dict)
    test: pl.DataFrame = field(default_factory=pl.DataFrame, compare=False, repr=False)
    calibration: Mapping[str, object] = field(default_factory=dict)
    candidates: Sequence[Mapping[str, object]] = ()
    importance: Sequence[Mapping[str, object]] = ()

    def as_json(self) -> dict[str, object]:
        """The document of `train --json`, without `role`."""
        return {
            "model_version": self.model.model_version if self.model else "rules",
            "tier": self.tier,
            "feature_set_version": self.feature_set_version,
            "label": self.label.name,
            "rows": self.rows,
            "positives": self.positives,
            "metrics": {name: metric.as_json() for name, metric in self.metrics.items()},
            "suspects": [suspect.as_json() for suspect in self.suspects],
            **self.sections(),
        }

    def sections(self) -> dict[str, object]:
        """What stands around the figures: who is in, who is out and why, the blocks with their dates, and remarks."""
        return {
            "label_version": self.label.version,
            "horizon_days": self.label.horizon / timedelta(days=1),
            "cut_off": self.cut_off.isoformat(),
            "ingest_lag_days": self.ingest_lag / timedelta(days=1),
            "positive_leads": self.positive_leads,
            "negative_leads": self.negative_leads,
            "excluded": [{"code": e.code, "words": e.words, "rows": e.rows, "leads": e.leads} for e in self.excluded],
            "blocks": [
                {
                    "name": b.name,
                    "rows": b.rows,
                    "leads": b.leads,
                    "positive_leads": b.positive_leads,
                    "first": b.first.isoformat() if b.first else None,
                    "last": b.last.isoformat() if b.last else None,
                }
                for b in self.blocks
            ],
            "notes": list(self.notes),
            "evaluation": dict(self.evaluation),
            "test": tested(self.test),
            "calibration": dict(self.calibration),
            "candidates": list(self.candidates),
            **({"importance": list(self.importance)} if self.importance else {}),
            **self.clocks,
        }


def result_of(
    model: Model | None,
    learned: pl.DataFrame,
    test: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    scorecard: Scorecard,
    label: Label,
    settings: TrainSettings,
    *,
    tier: Tier,
    feature_set_version: str,
    excluded: tuple[Exclusion, ...],
    blocks: tuple[BlockSummary, ...],
    metrics: Mapping[str, Metric],
    suspects: tuple[Suspect, ...],
    notes: tuple[str, ...],
    asked: Asked | None,
    candidates: Sequence[Mapping[str, object]] = (),
) -> TrainingResult:
    """The result of learning from the landmarks `learned`, with what its report says of the test block; the model, if
    any, carries its figures.
    """
    positive, negative = outcome_leads(learned)
    result = TrainingResult(
        model=model,
        tier=tier,
        label=label,
        feature_set_version=feature_set_version,
        rows=learned.height,
        positives=int(learned["y"].sum()),
        positive_leads=positive,
        negative_leads=negative,
        excluded=excluded,
        blocks=blocks,
        metrics=metrics,
        suspects=suspects,
        notes=notes,
        cut_off=settings.cut_off,
        ingest_lag=settings.ingest_lag,
        clocks=settings.clocks,
        evaluation=evaluation_section(
            test,
            learned,
            columns,
            model,
            scorecard,
            asked or Asked(),
            seed=settings.seed,
            replicates=settings.replicates,
        ),
        test=test,
        calibration=_calibration_of(model, test, metrics, settings.seed) if model else {},
        candidates=candidates,
    )
    return _with_figures(result) if model else result


def metrics_of(
    test: pl.DataFrame, model: Model | None, scorecard: Scorecard, settings: TrainSettings, true_probability: str | None
) -> dict[str, Metric]:
    """The figures of a test block; without a model those that need no probability."""
    test = test.sort("as_of", "lead_id")
    rivals: dict[str, NDArray[np.float64]] = {}
    if scorecard.rows:
        rivals["rules_roc_auc"] = points(test, scorecard)["rules_score"].to_numpy()
    if true_probability is not None:
        rivals["reachable_roc_auc"] = test[true_probability].cast(pl.Float64).fill_null(np.nan).to_numpy()
    y, leads = test["y"].to_numpy(), cluster_numbers(test)
    if model is not None:
        p_raw = predict_raw(model.estimator, model.columns, test)
        p = model.calibration.apply(p_raw)
        return evaluate(
            y, p, leads, rivals=rivals, ranked_by=p_raw, seed=settings.seed, replicates=settings.replicates
        )  # fmt: skip
    # No probability exists, so nothing that needs one is measured.
    found = evaluate(y, np.zeros(len(y)), leads, rivals=rivals, seed=settings.seed, replicates=settings.replicates)
    return {name: found[name] for name in ("base_rate", *rivals)}


def _calibration_of(model: Model, test: pl.DataFrame, metrics: Mapping[str, Metric], seed: int) -> dict[str, object]:
    """The report's section `calibration`, judged on the test block."""
    p_raw = predict_raw(model.estimator, model.columns, test)
    return calibration_section(model.calibration, p_raw, test["y"].to_numpy(), cluster_numbers(test), metrics, seed)


def summary_of(name: str, block: pl.DataFrame) -> BlockSummary:
    """A block in figures."""
    if block.is_empty():
        return BlockSummary(name, 0, 0, 0, None, None)
    first, last = block["as_of"].min(), block["as_of"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return BlockSummary(name, block.height, block.n_unique("lead_id"), outcome_leads(block)[0], first, last)


def _with_figures(result: TrainingResult) -> TrainingResult:
    """The result whose model carries its own report."""
    assert result.model is not None
    figures = {name: metric.as_json() for name, metric in result.metrics.items()}
    training: dict[str, object] = {
        "rows": result.rows,
        "positives": result.positives,
        "suspects": [suspect.as_json() for suspect in result.suspects],
        **result.sections(),
    }
    return replace(result, model=with_metrics(result.model, figures, training))
