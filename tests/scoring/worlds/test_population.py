"""Who is learned from, from raw files to the report: ages, persons, gates, the label's version."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from leadmart.features.gate_rule import parse_rule
from leadmart.features.lookup import scoring_frame
from leadmart.features.plan import select
from leadmart.features.project import find_project
from leadmart.features.raw.tables import newest_load
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import open_for_writing
from leadmart.scoring.champion import load_policy
from leadmart.scoring.learning.landmarks import training_frame

BEGIN = datetime(2025, 1, 1, 9)
DAY = timedelta(days=1)


YOUNG = """\
-- entity:    lead (lead_id)
-- owner:     growth
-- subset-of: open_leads
--
-- Young leads.
SELECT l.lead_id, l.as_of
FROM known.leads AS l
WHERE DATE_DIFF('day', l.occurred_at, l.as_of) IN (1, 7, 30)
"""
WITHOUT_AGE = """\
-- entity: lead (lead_id)
-- owner:  growth
--
-- What a lead is.
SELECT
    spine.lead_id,
    spine.as_of,
    l.country AS country,                                                   -- two letters
    EXTRACT(day FROM l.occurred_at) AS created_day                          -- day of the month
FROM spine
LEFT JOIN known.leads AS l
    ON  l.lead_id = spine.lead_id
    AND l.as_of = spine.as_of
"""
LEARNS_YOUNG = """\
[features]
views = ["profile@v1"]
[scoring]
gates = []
[scoring.boost]
column = "created_day"
max = 0
[train]
spine = "young"
"""


def leads(count: int, **columns: Callable[[int], Any]) -> list[dict[str, Any]]:
    """Leads created over 400 days, 16 % of them with an opportunity after some 30 days."""
    draw = np.random.default_rng(5)
    made = []
    for number in range(count):
        created = BEGIN + int(draw.integers(0, 400)) * DAY
        wait = float(draw.exponential(30)) if draw.random() < 0.16 else None
        outcome = created + (0.5 + wait) * DAY if wait is not None else None
        lead = {"lead_id": f"L{number:04d}", "country": ["US", "DE"][int(draw.integers(2))], "created_at": created}
        lead |= {"email": f"l{number}@acme{number}.example", "outcome_at": outcome}
        made.append(lead | {name: column(number) for name, column in columns.items()})
    return made


def train(here: Any, folder: Path) -> Any:
    done = here("train", "--project", folder, "--json")
    assert done.code == 0, done.out + done.err
    return done.document


@pytest.mark.slow
def test_two_leads_of_one_address_are_one_person_and_blocked_leads_are_counted_by_rule(
    raw_project: Any, here: Any
) -> None:
    """K8, L4, T1: the report says who is in, who is out by which rule, and how long outcomes take."""
    made = leads(
        300,
        # 0 and 1, 2 and 3, … of the first sixty are one person each, written in two ways; two have no address
        email=lambda n: None if n in (90, 91) else f"P{n // 2}@Acme.example" if n < 60 else f"p{n}@b.example",
        title=lambda n: "student" if n % 10 == 9 else None,
        consent=lambda n: "denied" if n % 20 == 9 else None,
    )
    for lead in made[1:60:2]:
        lead["email"] = f" p{int(lead['lead_id'][1:]) // 2}+spring@acme.example "
    folder = raw_project(made)
    document = train(here, folder)
    population, horizon = document["population"], document["horizon"]
    persons = population["persons"]
    # the youngest landmark with a closed window is that of leads created 92 days before the load
    learned = [lead["created_at"] < datetime(2025, 12, 1) for lead in made]
    assert persons["leads"] == sum(learned)
    assert persons["duplicates"] == sum(learned[n] and learned[n + 1] for n in range(0, 60, 2)) > 15
    assert persons["persons"] == persons["leads"] - persons["duplicates"]
    blocked = {each["rule"]: each for each in population["blocked"]}
    assert blocked["is_student"]["leads"] > blocked["lacks_consent"]["leads"] > 0
    assert [each["rows"] for each in document["excluded"] if each["code"] == "blocked"] == [
        blocked["is_student"]["rows"]
    ]
    assert (population["trained"]["from_days"], population["trained"]["to_days"]) == (1, 175)
    assert population["scored"]["spine"] == "open_leads"
    assert population["warnings"] == []
    assert horizon["share_captured"] is None or horizon["share_captured"] > 0.9
    text = here("train", "--project", folder).out
    assert re.search(r"\d+ leads are \d+ persons by their address", text)
    assert "Student" in text


def test_leads_older_than_any_landmark_are_warned_of(raw_project: Any, here: Any) -> None:
    """T1: the scored population must be the one learned from."""
    files = {"sql/spines/young.sql": YOUNG, "sql/features/profile/v1.sql": WITHOUT_AGE, "leadmart.toml": LEARNS_YOUNG}
    document = train(here, raw_project(leads(200), files))
    scored = document["population"]["scored"]
    older, no_age = document["population"]["warnings"]
    assert scored["older_than_trained"] > scored["leads"] / 2
    assert f"{scored['older_than_trained']} of {scored['leads']} scored leads are older than 30 days" in older
    assert "lead_age_days" in no_age


def test_training_and_scoring_read_the_same_values_at_a_past_moment(raw_project: Any, here: Any) -> None:
    """K9: the training frame's rows at a past as_of are those that a run at that as_of scored, value by value."""
    folder = raw_project(leads(200))
    as_of = datetime(2025, 9, 1)
    assert here("run", "--project", folder, "--as-of", as_of.isoformat()).code == 0
    project = find_project(folder)
    with open_for_writing(project) as warehouse:
        registry = Registry(project)
        session = Session(warehouse, registry)
        selection = select(registry, session.present)
        label, spine = registry.get("label", "opportunity"), registry.get("spine", "training_landmarks")
        cut_off = newest_load(warehouse)
        assert cut_off
        frame = training_frame(session, selection, label, spine, load_policy(registry, selection).gates, cut_off)
        scored = scoring_frame(warehouse, registry, selection, as_of)
    at_risk = (pl.col("outcome_at") > as_of).fill_null(True)  # the features of others are not computed
    learned = frame.rows.filter(pl.col("as_of") == as_of, at_risk).drop("outcome_at", "cluster").sort("lead_id")
    shared = scored.join(learned.select("lead_id"), on="lead_id", how="semi").sort("lead_id")
    assert learned.height == shared.height > 5
    assert_frame_equal(learned, shared.select(learned.columns))


def test_a_customer_is_gated_and_payments_are_no_feature(raw_project: Any) -> None:
    """K7: a paid invoice mostly means an existing customer: the packaged gate blocks it, and no packaged feature reads
    invoices or payments.
    """
    registry = Registry(find_project(raw_project(leads(3))))
    features = [view for view in registry.all("feature") if view.packaged]
    assert len(features) >= 6
    assert not {"invoices", "invoice_payments", "subscriptions"} & set(registry.sources_of(features))
    gate = registry.get("gate", "icp@v1")
    assert "invoice_payments" in registry.sources_of([gate])
    (rule,) = [parse_rule(c.name, c.comment, gate.ref) for c in gate.columns if c.name == "is_existing_customer"]
    assert rule.severity == "block"


def test_a_label_with_other_sql_is_another_version_and_nothing_of_the_old_one_is_kept(
    raw_project: Any, here: Any
) -> None:
    """L7: rows are labelled anew by the label of now; a comment changes no version, a condition does."""
    folder = raw_project(leads(300))
    label = folder / "sql" / "labels" / "opportunity.sql"
    first = train(here, folder)
    assert here("eject", "labels/opportunity", "--project", folder).code == 0
    text = label.read_text(encoding="utf-8")
    label.write_text(text.replace("A lead's first opportunity.", "The first one."), encoding="utf-8")
    commented = train(here, folder)
    # the stage was renamed: only opportunities of an hour that is even count from now on
    label.write_text(
        text.replace("WHERE o.lead_id IS NOT NULL", "WHERE o.lead_id IS NOT NULL AND HOUR(o.occurred_at) % 2 = 0"),
        encoding="utf-8",
    )
    changed = train(here, folder)
    assert first["label_version"] == commented["label_version"] != changed["label_version"]
    assert (first["positives"], first["rows"]) == (commented["positives"], commented["rows"])
    assert 0.3 < changed["positives"] / first["positives"] < 0.7
    # a lead whose opportunity counts no longer is at risk again
    out = {d["label_version"]: {e["code"]: e["rows"] for e in d["excluded"]} for d in (first, changed)}
    assert out[changed["label_version"]]["converted_already"] < out[first["label_version"]]["converted_already"]
    json.dumps(changed, allow_nan=False)
