"""Hand-off briefs: what a representative has to know of a lead before the first word, as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from leadmart.features.clock import iso, sql_literal
from leadmart.features.errors import LeadmartError
from leadmart.features.plan import Selection, select
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.scoring.decisions.assignments import has_assignments
from leadmart.scoring.hot.acted_on import rows_of
from leadmart.scoring.looking import nothing_yet

MOST_STAKEHOLDERS = 8

_ROLES = ("seniority", "job_function", "buying_role")
"""Columns of views that tell a person's part, as far as the project has them."""

_LATER = {
    "playbook": "VARCHAR",
    "urgency": "VARCHAR",
    "playbook_words": "VARCHAR[]",
    "talking_points": "VARCHAR[]",
    "override_by": "VARCHAR",
    "reasons": "VARCHAR[]",
    "against": "VARCHAR[]",
    "p_cal": "DOUBLE",
}
"""Columns that a catalogue of an earlier release may lack; they are NULL then."""


def brief_sql(
    warehouse: Warehouse,
    selection: Selection,
    as_of: datetime,
    scores: str,
    relations: Mapping[str, str] | None = None,
) -> str:
    """A SELECT of `lead_id` and `brief` (JSON) for each row of `scores`: the score rows in force at the as_of.

    Stakeholders are the other scored leads of the account, the highest score first, at most `MOST_STAKEHOLDERS`. Their
    parts are NULL where no view tells them; without a link, or where its slice is no longer kept, there are none.
    `relations` hold the definitions' rows where no slices are stored of them.
    """
    shape = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _LATER.items())
    return (
        f"WITH s AS MATERIALIZED (SELECT {shape} WHERE FALSE UNION ALL BY NAME {scores}), "
        f"account AS ({_accounts(warehouse, selection, as_of, relations)}), "
        f"part AS ({_parts(warehouse, selection, as_of, relations)}), "
        f"held AS ({_reps(warehouse)}), "
        "people AS (SELECT a.account_id, s.lead_id, ROW_NUMBER() OVER (PARTITION BY a.account_id "
        "ORDER BY s.composite DESC, s.lead_id) AS place, "
        "COUNT(*) OVER (PARTITION BY a.account_id) AS total, STRUCT_PACK(lead_id := s.lead_id, tier := s.tier, "
        "score := ROUND(s.composite, 1), seniority := p.seniority, job_function := p.job_function, "
        "buying_role := p.buying_role, signal := s.reasons[1]) AS person "
        "FROM s JOIN account AS a ON a.lead_id = s.lead_id LEFT JOIN part AS p ON p.lead_id = s.lead_id), "
        # one more than are told: a lead is no stakeholder of its own
        "others AS (SELECT account_id, LIST(person ORDER BY place) AS persons, MAX(total) AS people FROM people "
        f"WHERE place <= {MOST_STAKEHOLDERS + 1} GROUP BY account_id) "
        "SELECT s.lead_id, TO_JSON(STRUCT_PACK(lead_id := s.lead_id, as_of := STRFTIME(s.as_of, '%Y-%m-%dT%H:%M:%S'), "
        f"summary := {_summary()}, "
        "tier := s.tier, status := s.qualification_status, score := ROUND(s.composite, 1), "
        "chance := ROUND(s.p_cal, 4), urgency := s.urgency, playbook := s.playbook, "
        "why_now := COALESCE(s.playbook_words, []), rep := h.rep, rep_why := h.why, "
        "key_signals := COALESCE(s.reasons, []), against := COALESCE(s.against, []), "
        "talking_points := COALESCE(s.talking_points, []), gates := s.gates, cap_reason := s.cap_reason, "
        "override_by := s.override_by, account_id := a.account_id, "
        f"stakeholders := COALESCE(LIST_FILTER(o.persons, LAMBDA each: each.lead_id <> s.lead_id)"
        f"[1:{MOST_STAKEHOLDERS}], []), "
        "versions := STRUCT_PACK(feature_set_version := s.feature_set_version, model_version := s.model_version, "
        "policy_version := s.policy_version))) AS brief "
        "FROM s LEFT JOIN account AS a ON a.lead_id = s.lead_id LEFT JOIN others AS o ON o.account_id = a.account_id "
        "LEFT JOIN held AS h ON h.lead_id = s.lead_id"
    )


def brief(project: Project, lead: str, as_of: datetime | None) -> dict[str, Any]:
    """The brief of a lead by its newest score (at an as_of, if given). Raises LeadmartError `unknown_lead`."""
    with open_for_reading(project) as warehouse:
        registry = Registry(project)
        selection = select(registry, present_sources(warehouse, registry), prove=False)
        moment, scores = _counted(warehouse, lead, as_of)
        warehouse.execute("USE store")
        warehouse.execute(f"CREATE TABLE memory.counted AS {scores}")
        warehouse.execute("USE memory")
        sql = brief_sql(warehouse, selection, moment, "SELECT * FROM counted")
        ((text,),) = warehouse.rows(f"SELECT CAST(brief AS VARCHAR) FROM ({sql}) WHERE lead_id = ?", [lead])
    found: dict[str, Any] = json.loads(text)
    return found


def brief_text(found: Mapping[str, Any]) -> str:
    """What people read of a brief."""
    lines = [f"lead {found['lead_id']} at {found['as_of']}", f"  {found['summary']}"]
    if found["urgency"]:
        lines.append(f"  {found['urgency'].upper()}: {found['playbook']} ({'; '.join(found['why_now'])})")
    if found["rep"]:
        lines.append(f"  for {found['rep']} ({found['rep_why']})")
    elif found["rep_why"]:
        lines.append(f"  waits for somebody ({found['rep_why']})")
    if found["override_by"]:
        lines.append(f"  its tier was given by {found['override_by']}")
    for words, name in (
        ("gates", "gates"),
        ("key signals", "key_signals"),
        ("against", "against"),
        ("talking points", "talking_points"),
    ):
        if found[name]:
            lines += ["", f"  {words}", *(f"    {each}" for each in found[name])]
    if found["stakeholders"]:
        lines += ["", f"  others of account {found['account_id']}"]
        lines += [f"    {_person(each)}" for each in found["stakeholders"]]
    versions = ", ".join(f"{name.removesuffix('_version')} {version}" for name, version in found["versions"].items())
    return "\n".join([*lines, "", f"  {versions}"])


def _person(each: Mapping[str, Any]) -> str:
    part = " ".join(str(each[name]) for name in _ROLES if each[name])
    signal = f": {each['signal']}" if each["signal"] else ""
    return f"{each['lead_id']}  {each['tier']} {each['score']:.1f}{f'  {part}' if part else ''}{signal}"


def _summary() -> str:
    """One sentence as SQL."""
    return (
        "CONCAT(UPPER(s.tier[1]), s.tier[2:], ' with ', CAST(ROUND(s.composite) AS INTEGER), ' of 100', "
        "CASE WHEN s.p_cal IS NOT NULL THEN CONCAT(', chance ', CAST(ROUND(100 * s.p_cal) AS INTEGER), "
        "' %') ELSE '' END, "
        "CASE WHEN o.people > 1 THEN CONCAT('; ', o.people - 1, ' others of its company are scored') "
        "ELSE '' END, "
        "CASE WHEN LEN(s.reasons) > 0 THEN CONCAT('; ', s.reasons[1]) ELSE '' END)"
    )


def _counted(warehouse: Warehouse, lead: str, as_of: datetime | None) -> tuple[datetime, str]:
    """The as_of of the slices to read, and a SELECT of the score rows that count beside the lead's.

    Without an as_of these are the latest, a hot run's before a full one's; of a lead that is among them no more, those
    of its newest.
    """
    views = warehouse.rows(
        "SELECT view_name FROM duckdb_views() WHERE database_name = 'store' AND schema_name = 'scores'"
    )
    if not views:
        raise nothing_yet()
    at = f" AND as_of = {sql_literal(as_of)}" if as_of else ""
    warehouse.execute("USE store")
    ((found, newest, latest),) = warehouse.rows(
        f"SELECT (SELECT MAX(as_of) FROM scores.shown WHERE lead_id = ?{at}), (SELECT MAX(as_of) FROM scores.shown), "
        "(SELECT COUNT(*) FROM scores.latest WHERE lead_id = ?)",
        [lead, lead],
    )
    warehouse.execute("USE memory")
    if latest and as_of is None:
        return newest, "SELECT * FROM scores.latest"
    if found is None:
        when = f" at {iso(as_of)}" if as_of else ""
        raise LeadmartError(
            f"lead {lead} has no score{when}", code="unknown_lead", hint="`leadmart show scores` lists leads"
        )
    return found, f"SELECT * FROM scores.shown WHERE as_of = {sql_literal(found)}"


def _accounts(warehouse: Warehouse, selection: Selection, as_of: datetime, relations: Mapping[str, str] | None) -> str:
    for link in selection.links:
        if (rows := rows_of(warehouse, selection, link, as_of, relations)) is not None:
            return f"SELECT lead_id, account_id FROM {rows}"
    return "SELECT NULL::VARCHAR AS lead_id, NULL::VARCHAR AS account_id WHERE FALSE"


def _parts(warehouse: Warehouse, selection: Selection, as_of: datetime, relations: Mapping[str, str] | None) -> str:
    """lead_id and `_ROLES`, each from the view that has it."""
    items, joins = [], []
    spine = rows_of(warehouse, selection, selection.spine, as_of, relations)
    for name in _ROLES:
        views = [v for v in selection.views if v.key == "lead_id" and name in (c.name for c in v.columns)]
        rows = rows_of(warehouse, selection, views[0], as_of, relations) if views and spine else None
        if rows is None:
            items.append(f"NULL::VARCHAR AS {name}")
        else:
            items.append(f"{name}_of.{name}")
            joins.append(f"LEFT JOIN {rows} AS {name}_of USING (lead_id)")
    of = spine or "(SELECT NULL::VARCHAR AS lead_id WHERE FALSE)"
    return f"SELECT lead_id, {', '.join(items)} FROM {of} {' '.join(joins)}"


def _reps(warehouse: Warehouse) -> str:
    """lead_id, rep and why of each lead's newest assignment; of nobody in a catalogue of an earlier release."""
    if not has_assignments(warehouse):
        return "SELECT NULL::VARCHAR AS lead_id, NULL::VARCHAR AS rep, NULL::VARCHAR AS why WHERE FALSE"
    return (
        "SELECT lead_id, ARG_MAX_NULL(rep, number) AS rep, ARG_MAX(why, number) AS why FROM store.meta.assignments "
        "GROUP BY lead_id"
    )
