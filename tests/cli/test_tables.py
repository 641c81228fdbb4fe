"""Tables that people edit, from the command line: whoever breaks several is told of all of them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BROKEN = {
    "competitor_domains": "",
    "disqualifying_titles": "phrase,meaning\nintern\n",
    "scorecard": "code,column,rule,low,high,value,points,max_points,label\nx,employees,between,1,2,,5,,Words\n",
    "reasons": "code,column,group,template,missing_template\nx,employees,,,\n",
    "fit_points": "part,view,code,column,rule,low,high,value,points,max_points,label\nluck,person,a,b,is,,,1,1,,W\n",
    "fit_weights": "part,weight,label\ncompany_fit,much,company\n",
    "binding_rules": "rule,because\nlacks_consent,x\n",
    "playbook": "rule,condition,playbook,urgency,words\na,tier = 'hot',call,soon,Words\n",
    "talking_points": "point,condition,words\na,tier = ,Words\n",
    "routing": "rule,condition,territory,skill,words\n",
    "reps": "rep,territories,skills,leads_per_week,weight,from,until\nana,,,many,1,,\n",
}
EXPECTED = [
    ("bad_reference", "competitor_domains.csv"),
    ("bad_reference", "disqualifying_titles.csv"),
    ("bad_scorecard", "scorecard.csv"),
    ("bad_reasons", "reasons.csv"),
    ("bad_binding", "binding_rules.csv"),
    ("bad_binding", "binding_rules.csv"),
    ("bad_fit", "fit_weights.csv"),
    ("bad_fit", "fit_points.csv"),
    ("bad_playbook", "playbook.csv"),
    ("bad_talking_points", "talking_points.csv"),
    ("bad_routing", "routing.csv"),
    ("bad_reps", "reps.csv"),
]
SETTINGS = 'overrides = true\nfit = "fit_points"\nplaybook = "playbook"\ntalking_points = "talking_points"\n'


def write(folder: Path, tables: dict[str, str]) -> None:
    (folder / "sql" / "reference").mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (folder / "sql" / "reference" / f"{name}.csv").write_text(text, encoding="utf-8")


def problems_of(document: Any) -> list[tuple[str, str]]:
    error = document["error"]
    return [(e["code"], Path(e["place"]).name.partition(":")[0]) for e in (error, *error.get("others", []))]


def test_all_that_is_wrong_in_all_tables_is_told_at_once(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("town")
    edit(folder / "leadmart.toml", 'gates = ["icp@v1"]', f'gates = ["icp@v1"]\n{SETTINGS}#')
    edit(folder / "leadmart.toml", "[engine]", "[routing]\nenabled = true\n\n[engine]")
    write(folder, BROKEN)
    refused = here("run", "--json", "--project", folder)
    assert refused.code == 1
    assert problems_of(refused.document) == EXPECTED

    # the columns that tables name are looked for together too
    for name in BROKEN:
        (folder / "sql" / "reference" / f"{name}.csv").unlink()
    write(folder, {
        "playbook": "rule,condition,playbook,urgency,words\na,visits > 1,call,now,Words\n",
        "fit_points": "part,view,code,column,rule,low,high,value,points,max_points,label\n"
        "company_fit,lead_profile,a,staff,equals,,,1,1,,Words\n",
    })  # fmt: skip
    refused = here("plan", "--json", "--project", folder)
    found = problems_of(refused.document)
    assert {("unknown_column", "fit_points.csv"), ("unknown_column", "playbook.csv")} <= set(found)
    checked = here("check", "--json", "--project", folder)
    told = {(each["code"], Path(each["file"]).name, each["line"]) for each in checked.document}
    assert {("unknown_column", "fit_points.csv", 2), ("unknown_column", "playbook.csv", 2)} <= told
    assert {(code, file) for code, file, _ in told} == set(found)


def test_a_rule_that_no_gate_has_binds_nothing_and_is_refused(here: Any, copy_of: Any, edit: Any) -> None:
    """A typo would let anybody's word lift what the person itself refused."""
    folder = copy_of("town")
    edit(folder / "leadmart.toml", 'gates = ["icp@v1"]', 'gates = ["icp@v1"]\noverrides = true\n#')
    rules = "rule,why\nis_objecting,x\nlacks_consnet,x\nlacks_consent,x\n"
    write(folder, {"binding_rules": rules.replace("is_objecting", "is_marketing_refused")})
    (problem,) = here("check", "--json", "--project", folder).document
    assert (problem["code"], problem["line"], problem["message"]) == (
        "bad_binding", 3, "no gate has a rule 'lacks_consnet'",
    )  # fmt: skip
    assert "lacks_consent" in problem["hint"]


def test_conditions_of_another_type_are_told_together_before_anything_runs(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("scored")
    edit(folder / "leadmart.toml", "[scoring]", '[scoring]\nplaybook = "playbook"')
    conditions = ("country = 5", "tier > 3", "lead_age_days", "lead_age_days > 3")
    lines = "".join(f"r{number},{text},call,now,Words\n" for number, text in enumerate(conditions))
    write(folder, {"playbook": "rule,condition,playbook,urgency,words\n" + lines})
    refused = here("plan", "--json", "--project", folder)
    error = refused.document["error"]
    places = [each["place"].rpartition("/")[2] for each in (error, *error["others"])]
    assert (refused.code, places) == (1, ["playbook.csv:2", "playbook.csv:3", "playbook.csv:4"])


def test_nobody_to_route_to_is_said_in_those_words_and_once(here: Any, copy_of: Any, edit: Any, stored: Any) -> None:
    folder = copy_of("town")
    edit(folder / "leadmart.toml", "[engine]", '[routing]\nenabled = true\ntiers = ["hot", "warm", "cold"]\n\n[engine]')
    head = "rep,territories,skills,leads_per_week,weight,from,until\n"
    write(folder, {"reps": head, "routing": "rule,condition,territory,skill,words\nany,TRUE,,,Any lead\n"})
    refused = here("plan", "--project", folder)
    told = "error: reps.csv names nobody: every lead would wait for ever"
    assert (refused.code, refused.err.splitlines()[0]) == (1, told)

    def run() -> tuple[list[tuple[Any, ...]], Any]:
        done = here("run", "--as-of", "2026-03-01", "--project", folder)
        assert done.code == 0
        why = "SELECT how, why, COUNT(*) FROM meta.assignments GROUP BY ALL ORDER BY 3, 1"
        return stored(folder, why), done

    write(folder, {"reps": head + "ana,,,,1,,\n"})
    ((how, _, leads),), _ = run()
    assert (how, leads > 20) == ("drawn", True)
    # she goes, and the leads that wait are told of once, however often runs look
    write(folder, {"reps": head + "ana,,,,1,,2026-01-01\n"})
    once, done = run()
    assert "nobody in reps.csv is in service at 2026-03-01T00:00:00: leads wait" in done.err
    assert ("waits", "Any lead: nobody who fits is in service; ana is out of service", leads) in once
    again, _ = run()
    assert again == once


def test_a_name_of_no_table_of_fit_hints_at_those_of_its_shape(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("town")
    edit(folder / "leadmart.toml", 'gates = ["icp@v1"]', 'gates = ["icp@v1"]\nfit = "industries"\n#')
    refused = here("plan", "--json", "--project", folder)
    assert refused.code == 1
    error = refused.document["error"]
    assert (error["code"], error["hint"]) == ("unknown_reference", "known: fit_points")
