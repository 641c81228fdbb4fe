"""Score rows of a project without a model once more, in plain Python: gates, points, boost, cap, composite, reasons.

Written from docs/scoring.md and read from the same files as the engine: the scorecard, the reason templates and the
comments of the gate's columns.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
BLOCK_CAP, NO_CAP = 20.0, 100.0
HOT, WARM = 80.0, 50.0
BOOST, HALF_LIFE_DAYS = 10.0, 7.0
BOOST_COLUMN = "days_since_last_visit"


@dataclass(frozen=True)
class Gate:
    """A rule of a gate: what it does, and the words people read."""

    name: str
    severity: str
    cap: float
    reason: str


def read_gates(file: Path) -> list[Gate]:
    """The rules that the comments of a gate's columns declare, in the order of the file."""
    found = re.findall(r"AS (\w+),?\s+-- (block|cap|flag) ?(\d*): (.+)", file.read_text(encoding="utf-8"))
    caps = {"block": lambda _: BLOCK_CAP, "cap": float, "flag": lambda _: NO_CAP}
    return [Gate(name, severity, caps[severity](number), reason) for name, severity, number, reason in found]


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def fits(rule: Mapping[str, str], value: Any) -> bool:
    """Whether a rule of the scorecard gives its points once; NULL never does."""
    if value is None:
        return False
    low, high = (float(rule[bound]) if rule[bound] else None for bound in ("low", "high"))
    match rule["rule"]:
        case "equals":
            return str(value) == rule["value"]
        case "is_true":
            return value is True
        case _:
            return (low is None or value >= low) and (high is None or value <= high)


def points(row: Mapping[str, Any], scorecard: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """Points by column; rules of one code never give more than their max_points together."""
    found: dict[str, float] = {}
    used: dict[str, float] = {}
    for rule in scorecard:
        value = row[rule["column"]]
        given = float(rule["points"])
        given = given * (value or 0) if rule["rule"] == "each" else given if fits(rule, value) else 0.0
        if rule["max_points"]:
            given = min(given, float(rule["max_points"]) - used.get(rule["code"], 0.0))
            used[rule["code"]] = used.get(rule["code"], 0.0) + given
        found[rule["column"]] = found.get(rule["column"], 0.0) + given
    return found


def score(
    row: Mapping[str, Any],
    gates: Sequence[Gate],
    scorecard: Sequence[Mapping[str, str]],
    templates: Sequence[Mapping[str, str]],
) -> Row:
    """What `scores.lead_scores` holds of a lead, besides keys, versions and hashes."""
    by_column = points(row, scorecard)
    rules_score = min(100.0, sum(by_column.values()))
    days = row[BOOST_COLUMN]
    # as the engine divides: another way differs in the last bit
    boost = BOOST * 0.5 ** (days * (1 / HALF_LIFE_DAYS)) if days is not None and rules_score > 0 else 0.0
    order = {"block": 0, "cap": 1, "flag": 2}
    fired = sorted((g for g in gates if row[g.name]), key=lambda g: (order[g.severity], g.cap))
    capping = sorted((g for g in fired if g.severity != "flag"), key=lambda g: g.cap)
    cap = capping[0].cap if capping else NO_CAP
    composite = min(max(rules_score + boost, 0.0), cap)
    if any(gate.severity == "block" for gate in fired):
        tier = "disqualified"
    else:
        tier = "hot" if composite >= HOT else "warm" if composite >= WARM else "cold"
    is_notable = tier != "cold" or bool(fired)
    reasons = reasons_of(row, fired, by_column, boost, templates)[:3] if is_notable else None
    return {
        "rules_score": rules_score,
        "boost": boost,
        "cap": cap,
        "cap_reason": capping[0].reason if capping else None,
        "composite": composite,
        "tier": tier,
        "qualification_status": {"hot": "sales_ready", "disqualified": "disqualified"}.get(tier, "nurture"),
        "gates": [gate.name for gate in fired],
        "reason_codes": reasons if reasons is None else [code for code, _ in reasons],
        "reasons": reasons if reasons is None else [words for _, words in reasons],
    }


def reasons_of(
    row: Mapping[str, Any],
    fired: Sequence[Gate],
    by_column: Mapping[str, float],
    boost: float,
    templates: Sequence[Mapping[str, str]],
) -> list[tuple[str, str]]:
    """(code, words): the gates that fire, a boost of half its maximum or more, then what gave the most points."""
    template = {each["column"]: each for each in templates}
    found = [(gate.name, gate.reason) for gate in fired]
    quiet = ""
    if boost >= BOOST / 2:
        quiet = template[BOOST_COLUMN]["group"]
        found.append((template[BOOST_COLUMN]["code"], said(template[BOOST_COLUMN], row[BOOST_COLUMN])))
    groups: dict[str, list[str]] = {}
    for column in by_column:
        groups.setdefault(template[column]["group"], []).append(column)
    sums = {group: sum(by_column[column] for column in columns) for group, columns in groups.items()}
    enough = 0.05 * sum(sums.values())
    lifting = [group for group in groups if sums[group] > 0 and sums[group] >= enough and group != quiet]
    for group in sorted(lifting, key=lambda group: (-sums[group], min(template[c]["code"] for c in groups[group]))):
        strongest = max(groups[group], key=lambda column: by_column[column])
        found.append((template[strongest]["code"], said(template[strongest], row[strongest])))
    return found


def said(template: Mapping[str, str], value: Any) -> str:
    words = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return template["template"].replace("{value}", words)
