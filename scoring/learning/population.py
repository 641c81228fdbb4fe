"""Who is learned from and who is scored: ages, persons behind several leads, and leads that gates block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.gate_rule import GateRule
from leadmart.features.session import Session
from leadmart.scoring.evaluation.clusters import CLUSTER

if TYPE_CHECKING:
    import polars as pl

LEADS = "known_leads"
"""The session's table of leads: the key, created_at, outcome_at, ended_at where the label tells it, and `cluster`."""

AGE = "lead_age_days"
# Above this share of scored leads that are older than any landmark, `train` warns. Landmarks at ten ages leave a few
# days at the window's end uncovered, which is no other population.
_MOST_OLDER = 0.05


def make_leads(session: Session, spine: Definition, label: Definition, person: str) -> None:
    """Makes the session's table `LEADS`, one row a lead of the sources that the training spine reads.

    created_at is the lead's first `occurred_at` there. Leads with the same `person`, a column of those sources, in
    lower case, without blanks and a `+tag` before the `@`, are one person: `cluster` is the smallest of their keys.
    A lead without one is a person by itself. Reads the session's table `outcomes`: hindsight, for training only.
    """
    registry, key = session.registry, spine.key
    names = registry.sources_of([spine])
    session.stage_whole([*names, *registry.sources_of([label])])
    parts = []
    for name in names:
        columns = {column.name for definition in registry.source(name) for column in definition.columns}
        if key in columns:
            who = f"CAST({person} AS VARCHAR)" if person in columns else "NULL"
            parts.append(f"SELECT {key}, occurred_at, {who} AS person FROM staging.{name}")
    ended, join_ended = "", ""
    if any(column.name == "ended_at" for column in label.columns):
        ended = ", CAST(e.ended_at AS TIMESTAMP) AS ended_at"
        join_ended = f"LEFT JOIN ({label.statement}\n) AS e ON e.{key} = l.{key}"
    session.warehouse.execute(
        f"CREATE OR REPLACE TABLE {LEADS} AS WITH leads AS ("
        f"SELECT {key}, MIN(occurred_at) AS created_at, "
        "MIN(NULLIF(REGEXP_REPLACE(LOWER(TRIM(person)), '\\+[^@]*@', '@'), '')) AS person "
        f"FROM ({' UNION ALL '.join(parts)}) WHERE {key} IS NOT NULL GROUP BY {key}) "
        f"SELECT l.* EXCLUDE (person), o.outcome_at{ended}, "
        f"CASE WHEN l.person IS NULL THEN l.{key} ELSE MIN(l.{key}) OVER (PARTITION BY l.person) END AS {CLUSTER} "
        f"FROM leads AS l LEFT JOIN outcomes AS o ON o.{key} = l.{key} {join_ended}"
    )


def followed_leads(session: Session, spine: Definition, not_before: datetime) -> pl.DataFrame:
    """created_at, outcome_at and, where the label tells it, ended_at of the leads created since `not_before`."""
    return session.warehouse.frame(
        f"SELECT * EXCLUDE ({spine.key}, {CLUSTER}) FROM {LEADS} WHERE created_at >= {sql_literal(not_before)} "
        "ORDER BY ALL"
    )


def population_section(
    session: Session, spine: Definition, scored: Definition, columns: Sequence[str]
) -> dict[str, Any]:
    """The report's section `population`, with warnings where scoring meets leads that training never sees (T1).

    `columns` are the features' names. Reads the session's tables `LEADS` and `usable` (landmarks with a complete
    label), and the scored spine at the last of the session's moments: who is scored today.
    """
    key = spine.key
    ages = (
        f"SELECT DATE_DIFF('day', l.created_at, s.as_of) AS age, COUNT(*) AS leads FROM ({{}}) AS s "
        f"JOIN {LEADS} AS l USING ({key}) WHERE COALESCE(l.outcome_at > s.as_of, TRUE) GROUP BY age ORDER BY age"
    )
    trained = session.warehouse.rows(ages.format("SELECT * FROM usable"))
    moment = sql_literal(session.moments[-1])
    waiting = session.warehouse.rows(ages.format(f"SELECT * FROM ({session.sql_of(scored)}) WHERE as_of = {moment}"))
    ((leads, persons),) = session.warehouse.rows(
        f"SELECT COUNT(*), COUNT(DISTINCT {CLUSTER}) FROM {LEADS} WHERE {key} IN (SELECT {key} FROM usable)"
    )
    oldest = trained[-1][0] if trained else None
    older = sum(count for age, count in waiting if oldest is not None and age > oldest)
    landmarks, today = (sum(count for _, count in counted) for counted in (trained, waiting))
    document: dict[str, Any] = {
        "trained": {"spine": spine.name, **_ages(trained), "leads": leads, "landmarks": landmarks},
        "scored": {"spine": scored.name, **_ages(waiting), "leads": today, "older_than_trained": older},
        "persons": {"leads": leads, "persons": persons, "duplicates": leads - persons},
        "blocked": [],
    }
    return {**document, "warnings": _warnings(document, columns, len(trained))}


def blocked_by(rules: Sequence[GateRule], blocked: pl.DataFrame, key: str) -> list[dict[str, Any]]:
    """Rows and leads of the blocked landmarks, rule by rule: a landmark that two rules block counts in both."""
    found = []
    for rule in rules:
        if rule.severity == "block" and (rows := blocked.filter(blocked[rule.name])).height:
            found.append({"rule": rule.name, "words": rule.reason, "rows": rows.height, "leads": rows[key].n_unique()})
    return found


def population_text(document: Mapping[str, Any]) -> list[str]:
    """The lines of `train` about who is in; none for a document without the section."""
    section = document.get("population")
    if not section:
        return []
    trained, scored, persons = section["trained"], section["scored"], section["persons"]
    lines = [
        f"  learned at {_span(trained)} of age (spine {trained['spine']}), scored at {_span(scored)} "
        f"(spine {scored['spine']}, {scored['leads']:,} leads at the last landmark)"
    ]
    if persons["duplicates"]:
        by_account = persons.get("by") == "account"
        what = "accounts, or persons of none" if by_account else "persons by their address"
        lines.append(
            f"  {persons['leads']:,} leads are {persons['persons']:,} {what}: leads of one "
            f"{'account' if by_account else 'person'} stand in one block"
        )
    lines += [f"  blocked  {each['rows']:>9,} landmarks: {each['words']}" for each in section["blocked"]]
    return lines + [f"  warning: {words}" for words in section["warnings"]]


def _ages(counted: Sequence[tuple[int, int]]) -> dict[str, int | None]:
    return {"from_days": counted[0][0] if counted else None, "to_days": counted[-1][0] if counted else None}


def _span(part: Mapping[str, Any]) -> str:
    low, high = part["from_days"], part["to_days"]
    if low is None:
        return "no day"
    return f"day {low}" if low == high else f"day {low} to {high}"


def _warnings(document: Mapping[str, Any], columns: Sequence[str], ages: int) -> list[str]:
    found = []
    trained, scored = document["trained"], document["scored"]
    older = scored["older_than_trained"]
    if scored["leads"] and older > _MOST_OLDER * scored["leads"]:
        found.append(
            f"{older:,} of {scored['leads']:,} scored leads are older than {trained['to_days']} days, the oldest age "
            f"of a landmark: add later ages to spine {trained['spine']}, or score fewer in {scored['spine']}"
        )
    if ages > 1 and AGE not in columns:
        found.append(f"no view has {AGE}: at {ages} ages of a lead the model cannot tell a young one from an old one")
    return found
