"""`explain LEAD`: a score taken apart, with the input values behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso, sql_literal
from leadmart.features.errors import LeadmartError
from leadmart.features.house.kinds import has_table
from leadmart.features.literals import quoted
from leadmart.features.lookup import (
    FeatureColumn,
    compute_at,
    feature_columns,
    plain_types,
    scoring_frame,
    told_columns,
)
from leadmart.features.plan import Selection, select
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.scoring.assess import SCORE_COLUMNS, hashed_columns, score_rows
from leadmart.scoring.assessment import ACTIONS, SECTIONS, groups_of, knowledge, largest_loss
from leadmart.scoring.champion import gate_rules, load_model, load_policy, typed_columns
from leadmart.scoring.counterfactual import tier_changes
from leadmart.scoring.fit.told import fit_document
from leadmart.scoring.looking import nothing_yet
from leadmart.scoring.policy import Policy
from leadmart.scoring.reasons import GATE_GROUP, REASON_COLUMNS
from leadmart.scoring.shown_on import row_shown_on, told_of

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.models.model import Model

_PARTS = ("p_raw", "p_cal", "p_low", "p_high", "rank", "w", "rules_score", "boost", "cap", "composite")
_STORED = "stored with the score"
_MOVED_ON = "the policy has changed since this score: what would change its tier is not known"
_RESTATED = "the rows behind this score have been restated since: its input values are no longer kept"
_NOT_KEPT = "not stored, and the slices of this as_of are no longer kept"


@dataclass(frozen=True)
class _Reasons:
    """What speaks for a lead and against it: (code, group, words); and where that comes from."""

    given: list[tuple[str, str | None, str]]
    against: list[tuple[str, str | None, str]]
    source: str


def explain(
    project: Project, lead: str, as_of: datetime | None = None, *, shown_on: date | None = None
) -> dict[str, Any]:
    """The newest score of a lead (at an as_of, if given): its parts, gates, reasons for and against, and input values.

    `sections` is the assessment by headings, and `tier_changes` what would change the tier; what cannot be said of an
    older score, because its policy or its slices are gone, is empty, and `notes` say so. `reasons_from` says whether
    the reasons were stored with the score or computed now. With `shown_on` it is the score that people saw when that
    day ended. Raises LeadmartError `unknown_lead`, `nothing_shown`.
    """
    with open_for_reading(project) as warehouse:
        row = _score_row(warehouse, lead, as_of) if not shown_on else row_shown_on(warehouse, lead, shown_on)
        told = told_of(warehouse, row, shown_on) if shown_on else None
        registry = Registry(project)
        selection = select(registry, present_sources(warehouse, registry))
        policy = load_policy(registry, selection)
        is_same = row["feature_set_version"] == selection.feature_set_version
        frame = _frame(warehouse, registry, selection, row) if is_same else None
        is_today = is_same and row["policy_version"] == policy.policy_version
        is_restated = is_today and shown_on is not None and not _is_of(row, frame, selection, policy)
        frame = None if is_restated else frame
        model = load_model(warehouse, row["model_version"], row["feature_set_version"]) if is_today else None
    columns = told_columns(selection)
    values, note = _inputs(selection, row, frame)
    note = _RESTATED if is_restated else note
    groups: list[dict[str, Any]] = []
    if frame is not None and is_today:
        groups = groups_of(frame, columns, policy, model)
    reasons = _reasons(row, frame, columns, policy, model, is_today=is_today)
    machine = row | {"tier": row["machine_tier"] or row["tier"]}
    changes = tier_changes(machine, policy, model, largest_loss(groups)) if is_today else []
    rules = {rule.name: rule for rule in gate_rules(selection)}
    return {
        "lead_id": row["lead_id"],
        "as_of": iso(row["as_of"]),
        "qualification_status": row["qualification_status"],
        "tier": row["tier"],
        "composite": row["composite"],
        "parts": {name: row[name] for name in _PARTS},
        "cap_reason": row["cap_reason"],
        "override": _override(row),
        "gates": [
            {
                "rule": name,
                "severity": rules[name].severity if name in rules else None,
                "reason": rules[name].reason if name in rules else name,
            }
            for name in row["gates"]
        ],
        "reasons": [_with_values(reason, values, policy) for reason in reasons.given],
        "against": [_with_values(reason, values, policy) for reason in reasons.against],
        "reasons_from": reasons.source,
        "data": knowledge(row, values, columns),
        "sections": {
            **{section: [entry for entry in groups if entry["section"] == section] for section in SECTIONS},
            "predictive": {
                "p_cal": row["p_cal"],
                "p_low": row["p_low"],
                "p_high": row["p_high"],
                "rank": row["rank"],
                "weight": row["w"],
                "horizon_days": model.horizon_days if model else None,
                "label": model.label if model else None,
            },
            "status": {
                "qualification_status": row["qualification_status"],
                "tier": row["tier"],
                "tier_by": row["tier_by"],
                "hot_from": row["hot_from"],
                "warm_from": row["warm_from"],
                "best_tier": row["best_tier"],
                "cap": row["cap"],
                "cap_reason": row["cap_reason"],
            },
            "action": ACTIONS.get(row["tier"]),
        },
        "fit": fit_document(row, policy.fit if is_today else None, frame if is_today else None),
        "tier_changes": changes,
        "values": values,
        "note": note,
        "notes": [each for each in (note, None if is_today or not is_same else _MOVED_ON) if each],
        "versions": {name: row[name] for name in ("feature_set_version", "model_version", "policy_version")},
        "run_id": row["run_id"],
        "written_at": iso(row["written_at"]),
        "shown_on": told,
    }


def _is_of(row: Mapping[str, Any], frame: pl.DataFrame | None, selection: Selection, policy: Policy) -> bool:
    """Whether the input row is the one that a score was made of, by the hash that stands with it."""
    from leadmart.scoring.input_hash import SCHEME, input_hashes

    if frame is None or frame.is_empty() or not row["input_hash"].startswith(SCHEME):
        return True  # nothing to compare with
    columns = hashed_columns(told_columns(selection), policy)
    rules = [rule.name for rule in gate_rules(selection)]
    return bool(input_hashes(frame, columns, rules)[0] == row["input_hash"])


def _override(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Who gave the lead its tier, when, why and until when, and the tier it had otherwise; None where nobody did."""
    if row["override_tier"] is None:
        return None
    return {
        "tier": row["override_tier"],
        "by": row["override_by"],
        "reason": row["override_reason"],
        "at": iso(row["override_at"]),
        "until": iso(row["override_until"]) if row["override_until"] else None,
        "machine_tier": row["machine_tier"],
    }


def _with_values(
    reason: tuple[str, str | None, str], values: Mapping[str, Mapping[str, Any]], policy: Policy
) -> dict[str, Any]:
    """A reason with the values of its group's columns; a gate's is that it fires."""
    code, group, words = reason
    if group == GATE_GROUP:
        return {"code": code, "group": group, "words": words, "values": {code: True}}
    own = [
        name
        for name in values
        if (policy.templates.by_column[name].group if name in policy.templates.by_column else name) == group
    ]
    return {"code": code, "group": group, "words": words, "values": {name: values[name]["value"] for name in own}}


def _score_row(warehouse: Warehouse, lead: str, as_of: datetime | None) -> dict[str, Any]:
    views = warehouse.rows(
        "SELECT view_name FROM duckdb_views() WHERE database_name = 'store' AND schema_name = 'scores'"
    )
    if not views:
        raise nothing_yet()
    at = f"AND as_of = {sql_literal(as_of)}" if as_of else ""
    # the catalogue's views name their schemas without a catalogue
    warehouse.execute("USE store")
    every = "SELECT *, FALSE AS is_latest FROM scores.shown"
    if ("hot",) in views:  # a catalogue that an earlier release published has none
        every += " UNION ALL BY NAME SELECT *, FALSE AS is_latest FROM scores.hot"
    every += " UNION ALL BY NAME SELECT *, TRUE AS is_latest FROM scores.latest"
    frame = warehouse.frame(
        f"SELECT * EXCLUDE (is_latest) FROM ({every}) WHERE lead_id = ? {at} "
        "ORDER BY is_latest DESC, as_of DESC LIMIT 1",
        [lead],
    )
    in_features = bool(warehouse.rows("SELECT 1 FROM features.lead_features WHERE lead_id = ? LIMIT 1", [lead]))
    known = warehouse.rows(f"SELECT COUNT(*), MIN(as_of), MAX(as_of) FROM ({every}) WHERE lead_id = ?", [lead])[0]
    warehouse.execute("USE memory")
    if frame.is_empty():
        hint = "`leadmart show scores` lists leads"
        if known[0]:
            hint = f"it has scores from {iso(known[1])} to {iso(known[2])}"
        elif in_features:
            hint = "its outcome was known by then: there is nothing left to predict, so such leads are left out"
        when = f" at {iso(as_of)}" if as_of else ""
        raise LeadmartError(f"lead {lead} has no score{when}", code="unknown_lead", hint=hint)
    # a catalogue that an earlier release published lacks the columns of today
    return dict.fromkeys(SCORE_COLUMNS) | frame.row(0, named=True)


def _inputs(
    selection: Selection, row: dict[str, Any], frame: pl.DataFrame | None
) -> tuple[dict[str, dict[str, Any]], str | None]:
    """The input values behind a score with their descriptions; none, and why, where the definitions have moved on."""
    if row["feature_set_version"] != selection.feature_set_version:
        return (
            {},
            "the project's features have changed since this score; its input values are in the slices of their own "
            "versions",
        )
    if frame is None:
        hint = f"`leadmart run --as-of {iso(row['as_of'])}` computes them again"
        return {}, f"the slices of this as_of are no longer kept, and its input values with them; {hint}"
    found = frame.row(0, named=True)
    # that a history reaches goes without saying
    told = [c for c in feature_columns(selection) if not (c.is_history and found[c.name])]
    return {c.name: {"value": found[c.name], "view": c.view, "means": c.comment} for c in told}, None


def _reasons(
    row: dict[str, Any],
    frame: pl.DataFrame | None,
    columns: Sequence[FeatureColumn],
    policy: Policy,
    model: Model | None,
    *,
    is_today: bool,
) -> _Reasons:
    """The stored reasons, or those computed now; `against` is computed too where a row of before has none."""
    if row["reasons"] is not None and row["against"] is not None:
        return _listed(row, _STORED)
    again: dict[str, Any] | None = None
    if is_today and frame is not None:
        again = score_rows(
            frame,
            typed_columns(columns, frame),
            policy,
            model,
            feature_set_version=row["feature_set_version"],
            reasons_for="all",
        ).rows.row(0, named=True)
    if row["reasons"] is not None:
        return _listed(row | {name: again[name] for name in REASON_COLUMNS} if again else row, _STORED)
    if again is not None:
        return _listed(again, "computed now from the stored model and input row")
    return _Reasons([], [], _NOT_KEPT if is_today else "not stored, and the policy or the features have changed since")


def _listed(row: Mapping[str, Any], source: str) -> _Reasons:
    def side(codes: str, groups: str, words: str) -> list[tuple[str, str | None, str]]:
        listed = row[codes] or []
        return list(zip(listed, row[groups] or [None] * len(listed), row[words] or [], strict=True))

    return _Reasons(
        side("reason_codes", "reason_groups", "reasons"), side("against_codes", "against_groups", "against"), source
    )


def _frame(warehouse: Warehouse, registry: Registry, selection: Selection, row: dict[str, Any]) -> pl.DataFrame | None:
    """The input row behind a score as a frame; None where its slices were pruned."""
    import polars as pl

    try:
        frame = scoring_frame(warehouse, registry, selection, row["as_of"])
    except LeadmartError as error:
        if error.code != "slice_missing":
            raise
        return _computed_again(warehouse, registry, selection, row)
    return frame.filter(pl.col("lead_id") == row["lead_id"])


def _computed_again(
    warehouse: Warehouse, registry: Registry, selection: Selection, row: dict[str, Any]
) -> pl.DataFrame | None:
    """The input row of a hot run's score, of which no slice is stored; None where raw says something else by now."""
    from leadmart.scoring.input_hash import input_hashes

    if not has_table(warehouse, "hot_scorings") or not warehouse.rows(
        "SELECT 1 FROM store.meta.hot_scorings WHERE as_of = ? LIMIT 1", [row["as_of"]]
    ):
        return None
    session = Session(warehouse, registry)
    session.want([row["as_of"]])
    key = selection.spine.key
    session.set_spine(
        selection.spine.entity[0], f"SELECT {quoted(row['lead_id'])} AS {key}, {sql_literal(row['as_of'])} AS as_of"
    )
    frame = plain_types(warehouse.frame(compute_at(session, selection, with_beside=True)))
    columns = hashed_columns(told_columns(selection), load_policy(registry, selection))
    rules = [rule.name for rule in gate_rules(selection)]
    return frame if input_hashes(frame, columns, rules)[0] == row["input_hash"] else None
