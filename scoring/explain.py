"""`explain LEAD`: a score taken apart, with the input values behind it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso, sql_literal
from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import feature_columns, scoring_frame
from leadmart.features.plan import Selection, select
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.scoring.champion import gate_rules, load_model, load_policy, typed_columns

if TYPE_CHECKING:
    import polars as pl

_PARTS = ("p_raw", "p_cal", "rank", "w", "rules_score", "boost", "cap", "composite")


def explain(project: Project, lead: str, as_of: datetime | None) -> dict[str, Any]:
    """The newest score of a lead (at an as_of, if given) with its parts, gates, reasons and input values.

    `reasons_from` says whether the reasons were stored with the score or computed now from the stored model and input
    row. Raises LeadmartError `unknown_lead`.
    """
    with open_for_reading(project) as warehouse:
        row = _score_row(warehouse, lead, as_of)
        registry = Registry(project)
        selection = select(registry, present_sources(warehouse, registry))
        values, note = _inputs(warehouse, registry, selection, row)
        reasons, source = _reasons(warehouse, registry, selection, row)
    rules = {rule.name: rule for rule in gate_rules(selection)}
    return {
        "lead_id": row["lead_id"],
        "as_of": iso(row["as_of"]),
        "qualification_status": row["qualification_status"],
        "tier": row["tier"],
        "composite": row["composite"],
        "parts": {name: row[name] for name in _PARTS},
        "cap_reason": row["cap_reason"],
        "gates": [
            {
                "rule": name,
                "severity": rules[name].severity if name in rules else None,
                "reason": rules[name].reason if name in rules else name,
            }
            for name in row["gates"]
        ],
        "reasons": [{"code": code, "words": words} for code, words in reasons],
        "reasons_from": source,
        "values": values,
        "note": note,
        "versions": {name: row[name] for name in ("feature_set_version", "model_version", "policy_version")},
        "run_id": row["run_id"],
        "written_at": iso(row["written_at"]),
    }


def _score_row(warehouse: Warehouse, lead: str, as_of: datetime | None) -> dict[str, Any]:
    views = warehouse.rows(
        "SELECT view_name FROM duckdb_views() WHERE database_name = 'store' AND schema_name = 'scores'"
    )
    if not views:
        raise LeadmartError(
            "nothing is scored yet", code="nothing_published", hint="`leadmart run` computes and scores"
        )
    at = f"AND as_of = {sql_literal(as_of)}" if as_of else ""
    # the catalogue's views name their schemas without a catalogue
    warehouse.execute("USE store")
    frame = warehouse.frame(
        f"SELECT * FROM scores.shown WHERE lead_id = ? {at} ORDER BY as_of DESC LIMIT 1",
        [lead],
    )
    in_features = bool(warehouse.rows("SELECT 1 FROM features.lead_features WHERE lead_id = ? LIMIT 1", [lead]))
    known = warehouse.rows("SELECT COUNT(*), MIN(as_of), MAX(as_of) FROM scores.shown WHERE lead_id = ?", [lead])[0]
    warehouse.execute("USE memory")
    if frame.is_empty():
        hint = "`leadmart show scores` lists leads"
        if known[0]:
            hint = f"it has scores from {iso(known[1])} to {iso(known[2])}"
        elif in_features:
            hint = "its outcome was known by then: there is nothing left to predict, so such leads are left out"
        when = f" at {iso(as_of)}" if as_of else ""
        raise LeadmartError(f"lead {lead} has no score{when}", code="unknown_lead", hint=hint)
    return frame.row(0, named=True)


def _inputs(
    warehouse: Warehouse, registry: Registry, selection: Selection, row: dict[str, Any]
) -> tuple[dict[str, dict[str, Any]], str | None]:
    """The input values behind a score with their descriptions; none, and why, where the definitions have moved on."""
    if row["feature_set_version"] != selection.feature_set_version:
        return (
            {},
            "the project's features have changed since this score; its input values are in the slices of their own "
            "versions",
        )
    frame = _frame(warehouse, registry, selection, row)
    if frame is None:
        hint = f"`leadmart run --as-of {iso(row['as_of'])}` computes them again"
        return {}, f"the slices of this as_of are no longer kept, and its input values with them; {hint}"
    found = frame.row(0, named=True)
    # that a history reaches goes without saying
    told = [c for c in feature_columns(selection) if not (c.is_history and found[c.name])]
    return {c.name: {"value": found[c.name], "view": c.view, "means": c.comment} for c in told}, None


def _reasons(
    warehouse: Warehouse, registry: Registry, selection: Selection, row: dict[str, Any]
) -> tuple[list[tuple[str, str]], str]:
    if row["reasons"] is not None:
        return list(zip(row["reason_codes"], row["reasons"], strict=True)), "stored with the score"
    policy = load_policy(registry, selection)
    if (policy.policy_version, selection.feature_set_version) != (row["policy_version"], row["feature_set_version"]):
        return [], "not stored, and the policy or the features have changed since"
    frame = _frame(warehouse, registry, selection, row)
    if frame is None:
        return [], "not stored, and the slices of this as_of are no longer kept"
    from leadmart.scoring.assess import score_rows

    again = score_rows(
        frame,
        typed_columns(feature_columns(selection, "feature"), frame),
        policy,
        load_model(warehouse, row["model_version"]),
        feature_set_version=selection.feature_set_version,
        reasons_for="all",
    ).rows.row(0, named=True)
    return list(
        zip(again["reason_codes"], again["reasons"], strict=True)
    ), "computed now from the stored model and input row"


def _frame(warehouse: Warehouse, registry: Registry, selection: Selection, row: dict[str, Any]) -> pl.DataFrame | None:
    """The input row behind a score as a frame; None where its slices were pruned."""
    import polars as pl

    try:
        frame = scoring_frame(warehouse, registry, selection, row["as_of"])
    except LeadmartError as error:
        if error.code != "slice_missing":
            raise
        return None
    return frame.filter(pl.col("lead_id") == row["lead_id"])
