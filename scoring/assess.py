"""Score rows: everything `scores.lead_scores` holds of a lead, from one frame of features and gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.gate_rule import NO_CAP
from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.composite import (
    best_tier,
    boost,
    cap,
    cap_reason,
    composite,
    qualification_status,
    tier,
    tier_limits,
)
from leadmart.scoring.data_grade import data_grade
from leadmart.scoring.decisions.rules import decided
from leadmart.scoring.fit.columns import FIT_COLUMNS, subscores
from leadmart.scoring.gates import fired_names, is_blocked, refuse_unfit_gates
from leadmart.scoring.input_hash import input_hashes
from leadmart.scoring.overrides import COLUMNS as OVERRIDE
from leadmart.scoring.overrides import REFUSED, is_bound, nobody
from leadmart.scoring.policy import Policy
from leadmart.scoring.reasons import GATE_GROUP, MOST_REASONS, REASON_COLUMNS, reasons_of
from leadmart.scoring.scorecard import POINTS_PREFIX, points

if TYPE_CHECKING:
    from leadmart.scoring.models.model import Model

ReasonsFor = Literal["notable", "all", "none"]

RULES_ONLY = "rules"
SCORE_COLUMNS = (
    "lead_id", "as_of", "feature_set_version", "model_version", "policy_version", "role", "p_raw", "p_cal", "rank", "w",
    "rules_score", "boost", "cap", "cap_reason", "composite", "tier", "qualification_status", "gates", "reason_codes",
    "reasons", "input_hash", "p_low", "p_high", "data_grade", "tier_by", "hot_from", "warm_from", "best_tier",
    "reason_groups", "against_codes", "against_groups", "against", "machine_tier", "override_tier", "override_by",
    "override_reason", "override_at", "override_until", *FIT_COLUMNS, "playbook", "urgency", "playbook_rules",
    "playbook_words", "talking_points", "routing_rule",
)  # fmt: skip

_PROBABILITIES = ("p_raw", "p_cal", "rank", "p_low", "p_high")
_REASON_ROWS = 20_000  # rows explained at once: some 20 seconds of TreeSHAP, and a bounded amount of text


@dataclass(frozen=True)
class Scored:
    """`rows` has the columns `SCORE_COLUMNS`, sorted by (lead_id, as_of); `warnings` are for people."""

    rows: pl.DataFrame
    warnings: tuple[str, ...]


def score_rows(
    frame: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    policy: Policy,
    model: Model | None,
    *,
    feature_set_version: str,
    role: str = "champion",
    reasons_for: ReasonsFor = "notable",
    overrides: pl.DataFrame | None = None,
) -> Scored:
    """One score row for each row of `frame` (lead_id, as_of, the feature columns, the gates' booleans).

    Without a model the rules alone score: model_version is `rules`, w is 0, p_raw, p_cal and rank are NULL. Each row
    depends on its own input only, so that scoring a few leads equals scoring all. p_low and p_high are NULL where the
    calibration gives no interval. Reasons are made for notable rows (hot, warm, or any gate fires), for all, or for
    none; elsewhere they and what speaks against are NULL, which means not computed, where [] means there are none. They
    explain what the composite is made of: the model's contributions where it has at least half of the weight, else the
    points. `overrides` has one row a lead (lead_id and the columns of `overrides.COLUMNS`): the tier is theirs, and
    machine_tier what it were without; no other part of the score changes. Where a binding rule fires, an override does
    not count, and the first reason says so. Fit, intent and timing stand beside the score and enter no part of it.
    Raises LeadmartError `feature_mismatch`, `bad_gate`, `unknown_column`, `bad_score_rows`.
    """
    if not _rises(frame):
        frame = frame.sort("lead_id", "as_of")
    if model is not None:
        columns = _of_model(columns, model)
    _refuse_unfit(frame, columns, policy)
    warnings: tuple[str, ...] = ()
    if model is None:
        unknown = pl.lit(None, dtype=pl.Float64)
        parts = frame.with_columns(unknown.alias(name) for name in _PROBABILITIES)
        parts = parts.with_columns(pl.lit(0.0).alias("w")).select(*_PROBABILITIES, "w")
        model_version = RULES_ONLY
    else:
        from leadmart.scoring.models.model import columns_met, level_warnings, predict

        predictions = predict(model, frame, columns_met(model, columns), feature_set_version)
        # the model learns nothing of blocked leads, so that their levels are unknown to it is no news
        with_levels = [column.name for column in model.columns if column.kind == "category"]
        warnings = level_warnings(model, frame.filter(~is_blocked(policy.gates)).select(with_levels))
        parts = predictions.rows.with_columns(pl.lit(model.effective_weight(policy.max_weight)).alias("w"))
        model_version = model.model_version
    tier_by, hot_from, warm_from = tier_limits(policy.tiers, has_model=model is not None)
    given = [points(frame, policy.scorecard), subscores(frame, policy.fit)]
    hashed = hashed_columns(columns, policy)
    scored = (
        pl.concat([frame, parts, *given], how="horizontal")
        .with_columns(
            boost(policy.boost).alias("boost"),
            cap(policy.gates).alias("cap"),
            cap_reason(policy.gates).alias("cap_reason"),
            fired_names(policy.gates).alias("gates"),
        )
        .with_columns(composite().alias("composite"))
        .with_columns(
            best_tier(policy.tiers, policy.gates).alias("best_tier"),
            pl.lit(tier_by).alias("tier_by"),
            pl.lit(hot_from).alias("hot_from"),
            pl.lit(warm_from).alias("warm_from"),
            data_grade(columns, has_model=model is not None).alias("data_grade"),
        )
        .with_columns(tier().alias("tier"))
        .pipe(_overridden, overrides, policy.binding)
        .with_columns(
            qualification_status().alias("qualification_status"),
            pl.lit(feature_set_version).alias("feature_set_version"),
            pl.lit(model_version).alias("model_version"),
            pl.lit(policy.policy_version).alias("policy_version"),
            pl.lit(role).alias("role"),
            input_hashes(frame, hashed, [rule.name for rule in policy.gates]).alias("input_hash"),
        )
    )
    refused = scored[REFUSED].len() - scored[REFUSED].null_count()
    if refused:
        who = "1 override asks" if refused == 1 else f"{refused:,} overrides ask"
        warnings = (*warnings, f"binding rules: {who} for a lead that they block, and it stays disqualified")
    scored = decided(scored, policy.rules)
    reasons = _with_refusals(_reasons(scored, columns, policy, model, reasons_for), scored[REFUSED])
    return Scored(pl.concat([scored, reasons], how="horizontal").select(SCORE_COLUMNS), warnings)


def hashed_columns(columns: Sequence[FeatureColumn], policy: Policy) -> list[str]:
    """What the hash of an input row is of, beside the gates: the columns told, then what fit reads beyond them."""
    return list(dict.fromkeys([*(c.name for c in columns), *(policy.fit.columns if policy.fit else ())]))


def _overridden(scored: pl.DataFrame, overrides: pl.DataFrame | None, binding: Sequence[str]) -> pl.DataFrame:
    """The rows with the tier that people gave, where they did; `REFUSED` is what is said where a rule binds."""
    unsaid = pl.lit(None, dtype=pl.String)
    if overrides is None or overrides.is_empty():
        return scored.with_columns(unsaid.alias("machine_tier"), *nobody(), unsaid.alias(REFUSED))
    said = overrides.select("lead_id", *OVERRIDE)
    is_said = pl.col("override_tier").is_not_null()
    by = pl.col("override_by").fill_null("somebody")
    words = pl.format("Not lifted by the override to {}, by {}", "override_tier", by)
    joined = scored.join(said, on="lead_id", how="left", maintain_order="left").with_columns(
        pl.when(is_bound(binding)).then(words).alias(REFUSED)
    )
    joined = joined.with_columns(pl.when(pl.col(REFUSED).is_null()).then(pl.col(name)).alias(name) for name in OVERRIDE)
    return joined.with_columns(
        pl.when(is_said).then(pl.col("tier")).alias("machine_tier"),
        pl.coalesce("override_tier", "tier").alias("tier"),
    )


def _with_refusals(reasons: pl.DataFrame, refused: pl.Series) -> pl.DataFrame:
    """The reasons with what is said of an override that does not count, right after the rule that blocks."""
    if refused.null_count() == refused.len():
        return reasons
    words = {"reason_codes": pl.lit(REFUSED), "reason_groups": pl.lit(GATE_GROUP), "reasons": pl.col(REFUSED)}
    return reasons.with_columns(refused).select(
        pl.when(pl.col(REFUSED).is_not_null() & pl.col(name).is_not_null())
        .then(
            pl.concat_list(pl.col(name).list.head(1), words[name], pl.col(name).list.slice(1)).list.head(MOST_REASONS)
        )
        .otherwise(pl.col(name))
        .alias(name)
        if name in words
        else pl.col(name)
        for name in REASON_COLUMNS
    )


def _rises(frame: pl.DataFrame) -> bool:
    """Whether each row's lead_id is greater than the one before: then rows are in order, and no key repeats."""
    if "lead_id" not in frame.columns or frame["lead_id"].null_count():
        return False
    return bool((frame["lead_id"].slice(1) > frame["lead_id"].head(-1)).all())


def _of_model(columns: Sequence[FeatureColumn], model: Model) -> Sequence[FeatureColumn]:
    """The columns as the model sees them: one that it never met is not in it, though it may be in the next."""
    met = {column.name for column in model.columns}
    return [replace(c, in_model=c.in_model and c.name in met) if c.in_model else c for c in columns]


def _refuse_unfit(frame: pl.DataFrame, columns: Sequence[FeatureColumn], policy: Policy) -> None:
    missing = [name for name in ("lead_id", "as_of", *(c.name for c in columns)) if name not in frame.columns]
    if missing:
        raise LeadmartError(f"the rows to score lack {', '.join(missing)}", code="bad_score_rows")
    repeated = 0 if _rises(frame) else frame.height - frame.select("lead_id", "as_of").n_unique()
    if repeated:
        raise LeadmartError(
            f"{repeated} rows to score repeat a (lead_id, as_of)",
            code="bad_score_rows",
            hint="a link or a view gives a lead more than one row",
        )
    taken = [
        name for name in (*(c.name for c in columns), *(rule.name for rule in policy.gates)) if name in SCORE_COLUMNS
    ]
    if taken:
        raise LeadmartError(
            f"{', '.join(taken)} is a column of the score rows and cannot name a feature or a gate's rule",
            code="bad_score_rows",
        )
    refuse_unfit_gates(frame, policy.gates)
    if policy.boost and policy.boost.column not in frame.columns:
        raise LeadmartError(
            f"the boost reads {policy.boost.column}, which no feature view has",
            code="unknown_column",
            hint=near_names(policy.boost.column, frame.columns) or "see [scoring.boost] in leadmart.toml",
        )
    dtype = frame.schema[policy.boost.column] if policy.boost else pl.Null()
    if policy.boost and not (dtype.is_numeric() or dtype == pl.Null):
        raise LeadmartError(
            f"the boost reads {policy.boost.column}, which is {dtype} and no age in days",
            code="unfit_column",
            hint="name a number of days in [scoring.boost] of leadmart.toml, or set `max = 0`",
        )


def _reasons(
    scored: pl.DataFrame, columns: Sequence[FeatureColumn], policy: Policy, model: Model | None, reasons_for: ReasonsFor
) -> pl.DataFrame:
    is_notable = (
        pl.col("tier").is_in(["hot", "warm", "disqualified"])
        | (pl.col("cap") < NO_CAP)
        | (pl.col("gates").list.len() > 0)
        | pl.col("override_tier").is_not_null()
    )
    wanted = scored.with_row_index("_row").filter(
        {"all": pl.lit(True), "none": pl.lit(False)}.get(reasons_for, is_notable)
    )
    comments = {column.name: column.comment for column in columns}
    found = [pl.DataFrame(schema={"_row": pl.UInt32} | dict.fromkeys(REASON_COLUMNS, pl.List(pl.String)))]
    for part in wanted.iter_slices(_REASON_ROWS):
        names, contributions = told_contributions(part, columns, policy, model)
        words = reasons_of(
            part,
            names,
            contributions,
            templates=policy.templates,
            rules=policy.gates,
            boost=policy.boost,
            comments=comments,
            unspoken=policy.unspoken,
        )
        found.append(pl.concat([part.select("_row"), words], how="horizontal"))
    every_row = scored.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("_row"))
    return every_row.join(pl.concat(found), on="_row", how="left", maintain_order="left").drop("_row")


def told_contributions(
    rows: pl.DataFrame, columns: Sequence[FeatureColumn], policy: Policy, model: Model | None
) -> tuple[list[str], NDArray[np.float64]]:
    """What moved the rows' composite, column by column: log odds of the model where it has at least half of the
    weight, else the points of the scorecard, which `rows` hold.

    `has_<source>` is left out: what the warehouse knows of is nothing to tell sales of a lead.
    """
    silent = {column.name for column in columns if column.is_history}
    if model is not None and model.effective_weight(policy.max_weight) >= 0.5:
        from leadmart.scoring.models.model import contributions

        names = [column.name for column in model.columns]
        told = [position for position, name in enumerate(names) if name not in silent]
        return [names[position] for position in told], contributions(model, rows)[0][:, told]
    names = [name for name in policy.scorecard.columns if name not in silent]
    if not names:
        return [], np.empty((rows.height, 0))
    return names, rows.select(POINTS_PREFIX + name for name in names).to_numpy().astype(np.float64)
