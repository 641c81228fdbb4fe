"""Fit, intent and timing from the command line: recomputed in SQL, explained, edited by people."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
REFERENCE = HERE.parents[1] / "sql" / "reference"
NOW = "2026-03-02T06:00:00"
PARTS = {
    "fit": ("company_fit", "role_fit", "tech_fit"),
    "intent": ("first_party_intent", "third_party_intent", "relationship_intent"),
    "timing": ("timing",),
}
SETTINGS = """
[features]
views = ["lead_profile@v1", "web_engagement@v1"]
[scoring]
gates = []
fit = "fit_points"
[engine]
memory_limit = "1GB"
threads = 2
"""


def table(name: str, folder: Path = REFERENCE) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def points_sql(rule: dict[str, str]) -> str:
    """A rule's points of a column, written down apart from the code that gives them."""
    x, points = f'f."{rule["column"]}"', float(rule["points"])
    if rule["rule"] == "each":
        most = rule["max_points"]
        return f"LEAST(COALESCE({x}, 0) * {points}, {float(most)})" if most else f"COALESCE({x}, 0) * {points}"
    holds = {
        "range": f"{x} BETWEEN {rule['low'] or '-1e300'} AND {rule['high'] or '1e300'}",
        "at_least": f"{x} >= {rule['low']}",
        "equals": f"CAST({x} AS VARCHAR) = '{rule['value']}'",
        "is_true": x,
    }[rule["rule"]]
    return f"CASE WHEN {holds} THEN CAST({points} AS DOUBLE) ELSE 0 END"


def recomputed_sql(rules: list[dict[str, str]]) -> str:
    """Every part of every scored lead, from the published slices of the views that the table names."""
    views = sorted({rule["view"] for rule in rules})
    joins = []
    for view in views:
        join = f"LEFT JOIN features.{view}__v1 AS {view} ON {view}.as_of = s.as_of AND {view}."
        joins.append(join + ("lead_id = s.lead_id" if is_of_leads(view) else "account_id = l.account_id"))
    columns = ", ".join(sorted({f'{rule["view"]}."{rule["column"]}"' for rule in rules}))
    items = []
    for part in (part for parts in PARTS.values() for part in parts):
        own = [rule for rule in rules if rule["part"] == part]
        known = ", ".join(f'CAST(f."{rule["column"]}" AS VARCHAR)' for rule in own)
        total = " + ".join(points_sql(rule) for rule in own)
        items.append(f"CASE WHEN COALESCE({known}) IS NOT NULL THEN LEAST(GREATEST({total}, 0), 100) END AS {part}")
    return (
        f"WITH f AS (SELECT s.lead_id, {columns} FROM scores.latest AS s LEFT JOIN links.lead_account__v1 AS l ON "
        f"l.lead_id = s.lead_id AND l.as_of = s.as_of {' '.join(joins)}) SELECT f.lead_id, {', '.join(items)} FROM f"
    )


def is_of_leads(view: str) -> bool:
    text = (HERE.parents[1] / "sql" / "features" / view / "v1.sql").read_text(encoding="utf-8")
    return text.startswith("-- entity: lead")


def whole_sql(whole: str, weights: dict[str, float]) -> str:
    known = " + ".join(f"CASE WHEN {part} IS NULL THEN 0 ELSE {weights[part]} END" for part in PARTS[whole])
    total = " + ".join(f"COALESCE({part}, 0) * CAST({weights[part]} AS DOUBLE)" for part in PARTS[whole])
    return f"(({total}) / NULLIF({known}, 0))"


@pytest.mark.slow
def test_50_to_55_every_part_recomputes_in_sql_and_moves_no_score(
    here: Any, copy_of: Any, published: Any, stored: Any, edit: Any
) -> None:
    """#50 to #55: each row's parts follow from the tables; what is unknown is NULL; tier, status and model stand."""
    folder = copy_of("scored")
    apart = "lead_id, composite, tier, qualification_status, reasons, feature_set_version, p_cal, data_grade"
    before = published(folder, f"SELECT {apart} FROM scores.latest ORDER BY lead_id")
    frame = "SELECT column_name FROM duckdb_columns() WHERE table_name = 'lead_features' ORDER BY ALL"
    features = published(folder, frame)
    nobody = published(folder, "SELECT COUNT(*) FROM scores.latest WHERE fit IS NOT NULL OR fit_parts IS NOT NULL")
    assert nobody == [(0,)]

    edit(folder / "leadmart.toml", "shadow = true", 'fit = "fit_points"\nshadow = true')
    edit(folder / "leadmart.toml", "[engine]", '[marts]\nbuild = ["fit_parts"]\n\n[engine]')
    planned = here("plan", "--project", folder, "--json").document
    assert {s["view"] for s in planned["slices"]} >= {"features.firmographics__v1", "features.technographics__v1"}
    assert len(planned["scores"]) == 1
    done = here("run", "--project", folder)
    assert done.code == 0, done.err
    assert published(folder, f"SELECT {apart} FROM scores.latest ORDER BY lead_id") == before
    assert published(folder, frame) == features

    rules, weights = table("fit_points"), {row["part"]: float(row["weight"]) for row in table("fit_weights")}
    parts = [part for own in PARTS.values() for part in own]
    again = published(folder, f"SELECT * FROM ({recomputed_sql(rules)}) ORDER BY lead_id")
    kept = published(folder, f"SELECT lead_id, {', '.join(parts)} FROM scores.latest ORDER BY lead_id")
    assert kept == again
    assert len(kept) > 500
    for whole in ("fit", "intent"):
        wrong = f"SELECT COUNT(*) FROM scores.latest WHERE {whole} IS DISTINCT FROM {whole_sql(whole, weights)}"
        assert published(folder, wrong) == [(0,)]
    # no provider's table is loaded: not known, not 0; a company without a record likewise
    counts = "COUNT(tech_fit), COUNT(third_party_intent), COUNT(timing), COUNT(first_party_intent), COUNT(*)"
    ((tech, third, timing, first, leads),) = published(folder, f"SELECT {counts} FROM scores.latest")
    assert (tech, third) == (0, 0)
    assert timing == first == leads
    assert {row[0] for row in published(folder, "SELECT DISTINCT intent_known FROM scores.latest")} == {0.75}
    shares = published(folder, "SELECT DISTINCT company_fit IS NULL, role_fit IS NULL, fit_known FROM scores.latest")
    assert {row[:2]: row[2] for row in shares}[(False, False)] == pytest.approx(0.8)
    # the stored points of each part add up to it, and each has its words
    sums = (
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE LEAST(GREATEST(COALESCE(LIST_SUM(given), 0), 0), 100) <> points), "
        "COUNT(*) FILTER (WHERE LEN(words) <> LEN(given) OR LIST_CONTAINS(words, '')) FROM marts.fit_parts"
    )
    assert published(folder, sums) == [(7 * leads, 0, 0)]

    document = here("run", "--project", folder, "--json").document
    assert document["scores"] == {"inserted": 0, "updated": 0, "unchanged": leads}
    assert here("verify", "--sample", "20", "--project", folder).code == 0
    shown = here("show", "fit", "--limit", "3", "--project", folder, "--json").document
    assert len(shown) == 3
    assert shown[0]["tech_fit"] is None
    ((old,),) = stored(folder, "SELECT DISTINCT feature_set_version FROM scores.lead_scores")
    assert old == before[0][5]


@pytest.mark.slow
def test_people_edit_the_tables_and_see_it_in_plan_points_and_words(
    here: Any, copy_of: Any, published: Any, edit: Any
) -> None:
    """#50: another weight, points, words, a rule more: each is another policy; a bad table is named with its line."""
    folder = copy_of("scored")
    edit(folder / "leadmart.toml", "shadow = true", 'fit = "fit_points"\nshadow = true')
    for name in ("fit_points", "fit_weights"):
        assert here("eject", name, "--project", folder).code == 0
    # a rule about who is to be called may read them
    edit(folder / "leadmart.toml", "shadow = true", 'playbook = "playbook"\nshadow = true')
    book = "rule,condition,playbook,urgency,words\nfits,fit >= 50 AND timing >= 0,call,week,Fits\n"
    (folder / "sql" / "reference" / "playbook.csv").write_text(book, encoding="utf-8")
    assert here("run", "--project", folder).code == 0
    ((called, fitting),) = published(
        folder,
        "SELECT COUNT(playbook), COUNT(*) FILTER (WHERE fit >= 50 AND timing >= 0 AND tier <> 'disqualified') "
        "FROM scores.latest",
    )
    assert called == fitting > 0
    versions = [published(folder, "SELECT DISTINCT policy_version FROM scores.latest")]
    lead = published(folder, "SELECT lead_id FROM scores.latest WHERE role_fit IS NOT NULL AND fit > 0 ORDER BY ALL")[
        0
    ][0]
    points, weights = (folder / "sql" / "reference" / f"{name}.csv" for name in ("fit_points", "fit_weights"))
    seen = f"SELECT role_fit, fit_known, fit_labels FROM scores.latest WHERE lead_id = '{lead}'"
    assert published(folder, seen)[0][1] == pytest.approx(0.8)

    edit(weights, "tech_fit,20,", "tech_fit,0,")
    with points.open("a", encoding="utf-8") as file:
        file.write("role_fit,lead_profile,origin,lead_age_days,at_least,0,,,7,,Known for {value} days\n")
    planned = here("plan", "--project", folder, "--json").document
    assert (planned["slices"], len(planned["scores"])) == ([], 1)
    assert here("run", "--project", folder).code == 0
    versions.append(published(folder, "SELECT DISTINCT policy_version FROM scores.latest"))
    ((_, known, labels),) = published(folder, seen)
    assert known == 1.0
    assert re.search(r"Known for \d+ days", " ".join(labels))
    assert re.search(r"\+7   Known for \d+ days", here("explain", lead, "--project", folder).out)
    assert versions[0] != versions[1]

    text = points.read_text(encoding="utf-8")
    line = len(text.splitlines())
    for old, new, code, words in (
        ("origin,lead_age_days", "origin,lead_age", "unknown_column", "lead_profile@v1 has no column lead_age"),
        ("role_fit,lead_profile,origin", "role_fit,lead_profil,origin", "unknown_definition", "no feature view"),
        ("origin,lead_age_days,at_least,0", "origin,lead_age_days,atleast,0", "bad_fit", "unknown rule 'atleast'"),
        ("role_fit,lead_profile,origin", "roles,lead_profile,origin", "bad_fit", "unknown part 'roles'"),
        ("lead_age_days,at_least,0,,", "seniority,at_least,0,,", "bad_fit", "at_least does not fit seniority"),
        ("role_fit,lead_profile,origin,lead_age_days,at_least,0,,",
         "role_fit,regional_consent,origin,lead_age_days,at_least,0,,", "unknown_definition", "no feature view"),
    ):  # fmt: skip
        points.write_text(text.replace(old, new), encoding="utf-8")
        # types are known once there are rows
        refused = here("run" if "does not fit" in words else "plan", "--project", folder, "--json")
        assert refused.code == 1, (new, refused.out)
        problem = refused.document["error"]
        assert (problem["code"], words in problem["message"]) == (code, True), problem
        assert problem["place"] == f"{points}:{line}"
    points.write_text(text, encoding="utf-8")
    edit(folder / "leadmart.toml", 'fit = "fit_points"\n', "")
    refused = here("plan", "--project", folder, "--json").document["error"]
    assert (refused["code"], "reads fit, which no view" in refused["message"]) == ("unknown_column", True)
    edit(folder / "leadmart.toml", 'playbook = "playbook"\n', 'fit = "fit_point"\n')
    refused = here("check", "--project", folder)
    assert refused.code == 1
    assert "did you mean fit_points" in refused.out


@pytest.mark.slow
def test_two_leads_have_their_fit_explained_with_the_values(
    tmp_path: Path, here: Any, load_rows: Any, golden: Any
) -> None:
    """#50 to #54: A's company is known to providers, B's is not: what is not known is said, and never 0."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "leadmart.toml").write_text(SETTINGS, encoding="utf-8")
    load_rows(folder, "two_leads", "fit_leads", LEADMART_NOW=NOW)
    done = here("run", "--project", folder, LEADMART_NOW=NOW)
    assert done.code == 0, done.err
    for lead in ("A", "B"):
        answer = here("explain", lead, "--project", folder, LEADMART_NOW=NOW).out
        section = answer[answer.index("  fit, intent and timing") : answer.index("  values")]
        golden(section.rstrip() + "\n", f"fit/{lead}.txt")
    document = here("explain", "A", "--project", folder, "--json", LEADMART_NOW=NOW).document["fit"]
    surge = next(part for part in document["parts"] if part["part"] == "third_party_intent")["given"][0]
    assert surge == {
        "code": "surge",
        "points": 25.0,
        "words": "Interest elsewhere against the usual, in 30 days: 3.4",
        "values": {"intent_surge_30d": 3.4},
    }
