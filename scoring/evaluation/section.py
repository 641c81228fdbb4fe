"""The report's section `evaluation`: what a training's model does on the test block, as the policy would use it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.capacity import capacity, last_of_week
from leadmart.scoring.evaluation.clusters import CLUSTER, cluster_numbers, cluster_of
from leadmart.scoring.evaluation.deciles import deciles
from leadmart.scoring.evaluation.fairness import fairness
from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Ints, Line
from leadmart.scoring.evaluation.hand_off import HandOff
from leadmart.scoring.evaluation.observed import Observed, deals_of, verdicts_of
from leadmart.scoring.evaluation.paired import paired
from leadmart.scoring.evaluation.pipeline_value import PipelineValue, pipeline_value, value_at_capacity
from leadmart.scoring.evaluation.proxies import proxies
from leadmart.scoring.evaluation.segments import levels_of, segments
from leadmart.scoring.evaluation.thresholds import thresholds
from leadmart.scoring.evaluation.tiers import QUALIFIED, tiers
from leadmart.scoring.models.calibration import sigmoid
from leadmart.scoring.policy import Policy
from leadmart.scoring.scorecard import Scorecard, points

if TYPE_CHECKING:
    from leadmart.scoring.models.model import Model

USUAL_SEGMENTS = ("country", "region", "employees", "lead_source", "lead_age_days")
"""Region, company size, source and age, under the names that the packaged views give them."""

_MOST_DRAWN = 20_000_000  # rows times draws
_MONDAY = datetime(2000, 1, 3)


@dataclass(frozen=True)
class Asked:
    """What the section is asked for. `policy` gives tiers and the composite; without it leads are ordered by the
    model, or by the points. `blocked` are labelled landmarks (lead_id, as_of, y) at which a gate blocks the lead; those
    of the test's days count as disqualified, but for leads that were learned from. `segments` None means the usual
    ones that exist. `audit` names columns of the rows that no model reads, and `holdout` one of them, a boolean: TRUE
    for leads reviewed at random.
    """

    policy: Policy | None = None
    blocked: pl.DataFrame | None = None
    leads_per_week: int = 100
    precision_target: float = 0.3
    segments: tuple[str, ...] | None = None
    audit: tuple[str, ...] = ()
    holdout: str = ""
    observed: Observed = field(default_factory=Observed)
    hand_off: HandOff | None = None
    flagged: tuple[str, ...] = ()


def evaluation_section(
    test: pl.DataFrame,
    training: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    model: Model | None,
    scorecard: Scorecard,
    asked: Asked,
    *,
    seed: int,
    replicates: int,
) -> dict[str, Any]:
    """The document of the section; every figure with its interval, or None with a reason.

    `test` and `training` are labelled rows (lead_id, as_of, y, features, and whatever `asked` names). Raises
    LeadmartError `unknown_column` for a segment or holdout that the rows do not have.
    """
    test = test.sort("lead_id", "as_of")
    if test.is_empty():
        return {"reason": "there is no test block"}
    named = _segments_of(asked, columns, test)
    # tables of many figures: beyond 40,000 rows 200 draws tell the ends of an interval well enough
    replicates = min(replicates, max(200, _MOST_DRAWN // test.height))
    rows = _scored(test, columns, model, scorecard, asked)
    y, leads, weeks, ties = rows.y, rows.leads, rows.weeks, rows.ties
    clusters = cluster_numbers(test)
    draws = Bootstrap(clusters, seed, replicates)
    last = last_of_week(leads, weeks)
    weekly = Bootstrap(clusters[last], seed, replicates)
    orders = {rows.order: rows.composite[last]} | ({"rules": rows.rules[last]} if rows.order != "rules" else {})
    deals = deals_of(asked.observed, test, training)
    weekly_deals = deals.at(last)
    value = pipeline_value(y, rows.p, deals, draws)
    at_capacity = value_at_capacity(
        y[last], weekly_deals, orders, weeks[last], ties[last], weekly, leads_per_week=asked.leads_per_week
    )
    people = hashes_of(test[cluster_of(test)])  # rows of one person stay in one half
    groups = {column: levels_of(test[column]) for column in asked.audit if column != asked.holdout}
    return {
        "rows": _rows(test, rows),
        "deciles": deciles(y, rows.p, rows.score, ties, draws).as_json(),
        "capacity": capacity(
            y[last], orders, weeks[last], ties[last], weekly, leads_per_week=asked.leads_per_week
        ).as_json(),
        "thresholds": thresholds(
            y[last],
            rows.composite[last],
            weeks[last],
            weekly,
            leads_per_week=asked.leads_per_week,
            precision_target=asked.precision_target,
        ).as_json(),
        "tiers": _tiers(test, training, rows, asked, seed, replicates),
        "segments": [
            s.as_json() for s in segments(y, rows.p, rows.score, {c: levels_of(test[c]) for c in named}, draws)
        ],
        "fairness": _fairness(rows, groups, draws),
        "proxies": [each.as_json() for each in proxies(test, columns, groups, people, seed=seed)] if groups else [],
        "flagged_inputs": list(asked.flagged),
        "pipeline_value": _with_orders(value, at_capacity),
        "hand_off": asked.hand_off.as_json() if asked.hand_off else {"reason": "nothing is scored yet"},
        "against_rules": _against_rules(rows, clusters, training, scorecard, model, seed, replicates),
    }


@dataclass(frozen=True)
class _Rows:
    """The test rows as arrays in the order of (lead_id, as_of). `leads` numbers leads, not persons. `score` orders by
    the model alone, or by the points without one; `composite` is what people see, and `order` what it is called.
    """

    y: NDArray[np.int8]
    p: Floats | None
    score: Floats
    composite: Floats
    rules: Floats
    order: str
    tier: tuple[str, ...] | None
    leads: Ints
    weeks: Ints
    ties: Ints


def hashes_of(lead_ids: pl.Series) -> Ints:
    """A number for each row by its lead's SHA-256: the same in every process, and blind to how ids are given out."""
    found = lead_ids.unique(maintain_order=True)
    numbers = [int.from_bytes(hashlib.sha256(str(lead).encode()).digest()[:7]) for lead in found]
    by_lead = pl.DataFrame({"lead": found, "number": numbers})
    joined = lead_ids.to_frame("lead").join(by_lead, on="lead", how="left", maintain_order="left")
    return joined["number"].to_numpy().astype(np.int64)


def _scored(
    test: pl.DataFrame, columns: Sequence[FeatureColumn], model: Model | None, scorecard: Scorecard, asked: Asked
) -> _Rows:
    rules = points(test, scorecard)["rules_score"].to_numpy().astype(np.float64)
    p: Floats | None = None
    score = rules
    if model is not None:
        from leadmart.scoring.models.model import columns_met, predict

        predicted = predict(model, test, columns_met(model, columns), model.feature_set_version).rows
        p, score = predicted["p_cal"].to_numpy(), predicted["p_raw"].to_numpy()
    composite, tier = score, None
    if asked.policy is not None:
        seen = _seen(test, columns, model, asked.policy)
        composite, tier = seen["composite"].to_numpy(), tuple(seen["tier"])
    as_of = test["as_of"].cast(pl.Datetime("us"))
    return _Rows(
        y=test["y"].to_numpy(),
        p=p,
        score=score,
        composite=composite,
        rules=rules,
        order="composite" if asked.policy else "model" if model else "rules",
        tier=tier,
        leads=test["lead_id"].rank("dense").cast(pl.Int64).to_numpy(),
        weeks=((as_of - _MONDAY).dt.total_days() // 7).cast(pl.Int64).to_numpy(),
        ties=hashes_of(test["lead_id"]),
    )


def _seen(rows: pl.DataFrame, columns: Sequence[FeatureColumn], model: Model | None, policy: Policy) -> pl.DataFrame:
    """The score rows that people would have seen, without reasons, in the order of (lead_id, as_of)."""
    from leadmart.scoring.assess import score_rows

    version = model.feature_set_version if model else ""
    policy = replace(policy, fit=None)  # it is beside the score, and landmarks lack what it reads
    return score_rows(rows, columns, policy, model, feature_set_version=version, reasons_for="none").rows


def _tiers(
    test: pl.DataFrame, training: pl.DataFrame, rows: _Rows, asked: Asked, seed: int, replicates: int
) -> dict[str, Any]:
    """The tiers of the test rows, and of the landmarks of the same days at which a gate blocks the lead."""
    if rows.tier is None:
        return {"tiers": [], "reason": "there is no policy that makes tiers"}
    every = test
    names = list(rows.tier)
    blocked = _blocked_beside(asked.blocked, test, training)
    if blocked is not None and blocked.height:
        wanted = ("lead_id", "as_of", "y", CLUSTER, *([asked.holdout] if asked.holdout else []))
        same = [c for c in wanted if c in test.columns]
        have = [c for c in same if c in blocked.columns]
        every = pl.concat([test.select(same), blocked.select(have)], how="diagonal_relaxed")
        names += ["disqualified"] * blocked.height
    if CLUSTER in every.columns:  # blocked rows of a caller that knows no persons stand for themselves
        every = every.with_columns(pl.coalesce(CLUSTER, "lead_id"))
    every = every.with_columns(pl.Series("_tier", names)).sort("lead_id", "as_of")
    reviewed = every[asked.holdout].fill_null(False).to_numpy() if asked.holdout in every.columns else None
    found = tiers(
        every["y"].to_numpy(),
        every["_tier"].to_list(),
        Bootstrap(cluster_numbers(every), seed, replicates),
        rejected=verdicts_of(asked.observed, every),
        reviewed=reviewed,
    )
    return found.as_json()


def _blocked_beside(blocked: pl.DataFrame | None, test: pl.DataFrame, training: pl.DataFrame) -> pl.DataFrame | None:
    if blocked is None:
        return None
    first, last = test["as_of"].min(), test["as_of"].max()
    beside = blocked.filter(pl.col("as_of").is_between(pl.lit(first), pl.lit(last)))
    together = cluster_of(training) if cluster_of(training) in beside.columns else "lead_id"
    return beside.join(training.select(together).unique(), on=together, how="anti")


def _rows(test: pl.DataFrame, rows: _Rows) -> dict[str, Any]:
    first, last = test["as_of"].min(), test["as_of"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return {
        "rows": test.height,
        "leads": test.n_unique("lead_id"),
        "positives": int(rows.y.sum()),
        "base_rate": float(rows.y.mean()),
        "first": first.isoformat(),
        "last": last.isoformat(),
        "order": rows.order,
    }


def _fairness(rows: _Rows, groups: Mapping[str, Sequence[str]], draws: Bootstrap) -> list[dict[str, Any]]:
    if not groups:
        return []
    if rows.tier is not None:
        selected = np.asarray(rows.tier) == QUALIFIED
    else:  # without a policy nobody is hot; the best tenth stands for who would be
        selected = rows.score >= np.quantile(rows.score, 0.9)
    return [each.as_json() for each in fairness(rows.y, rows.p, selected, groups, draws)]


def _with_orders(value: PipelineValue, at_capacity: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    found = value.as_json()
    if not value.reason:
        found["at_capacity"] = [{"order": name, "realised": metric.as_json()} for name, metric in at_capacity]
    return found


def _against_rules(
    rows: _Rows,
    clusters: Ints,
    training: pl.DataFrame,
    scorecard: Scorecard,
    model: Model | None,
    seed: int,
    replicates: int,
) -> dict[str, Any]:
    """The model minus the rules on the same rows. The rules' probability is a logistic of their points, fitted where
    the model learned.
    """
    if model is None or rows.p is None:
        return {"reason": "the rules alone score"}
    if not scorecard.rows:
        return {"reason": "there is no scorecard"}
    truth = training["y"].to_numpy().astype(np.float64)
    past = points(training, scorecard)["rules_score"].to_numpy().astype(np.float64) / 100
    by_points = None
    if np.ptp(past) > 0 and 0 < truth.sum() < len(truth):
        line = Line(truth, past)
        by_points = sigmoid(line.slope * rows.rules / 100 + line.intercept)
    found = paired(
        rows.y,
        rows.p,
        rows.rules if by_points is None else by_points,
        clusters,
        seed=seed,
        replicates=replicates,
        are_probabilities=by_points is not None,
    )
    return {name: difference.as_json() for name, difference in found.items()}


def _segments_of(asked: Asked, columns: Sequence[FeatureColumn], test: pl.DataFrame) -> tuple[str, ...]:
    names = [column.name for column in columns]
    if asked.segments is None:
        return tuple(name for name in USUAL_SEGMENTS if name in names)
    known = [*names, *asked.audit]
    if unknown := [name for name in asked.segments if name not in known]:
        raise LeadmartError(
            f"[report] segments names {', '.join(unknown)}, and no view has such a column",
            code="unknown_column",
            hint=near_names(unknown[0], known) or f"columns: {', '.join(known)}",
        )
    return asked.segments
