"""`run --hot`: touched leads, all of them, scored as a full run at that moment scores them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.samples import IS_ALL, first

pytestmark = pytest.mark.slow

CUTS = tuple(
    datetime.fromisoformat(each) for each in ("2026-02-26", "2026-02-26T09:30", "2026-02-27T16:00", "2026-03-01")
)
"""When deliveries come in; the first is the company's past, the others are for hot runs to find."""

SETTINGS = """[project]
name = "world"

[raw]
parquet = "exports"

[features]
views = ["lead_profile@v1", "form_activity@v1", "web_engagement@v1", "email_engagement@v1", "account_engagement@v1",
    "account_activity@v1", "surge@v1"]

[scoring]
gates = ["icp@v1", "customers@v1", "rep_feedback@v1"]
overrides = true
"""

NOTHING: dict[str, Any] = {"everyone": None, "rows": {}, "touched": 0, "scored": 0, "gone": 0}

Scores = dict[str, tuple[Any, ...]]


@dataclass
class World:
    """A company whose raw tables are folders of Parquet, to which each delivery adds a file."""

    here: Any
    published: Any
    folder: Path
    parts: Path

    def ask(self, *words: object) -> Any:
        done = self.here(*words, "--project", self.folder, LEADMART_NOW="2026-03-02T00:00:00")
        assert done.code == 0, done.err + done.out
        return done

    def deliver(self, number: int) -> None:
        for file in sorted(self.parts.glob(f"*-{number}.parquet")):
            table = self.folder / "exports" / file.name.partition("-")[0]
            table.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, table / f"part{number}.parquet")
            _written_at(table / f"part{number}.parquet", CUTS[number])

    def copy(self, name: str) -> World:
        other = self.folder.with_name(name)
        shutil.copytree(self.folder, other)
        return World(self.here, self.published, other, self.parts)

    def scores(self, view: str, moment: datetime) -> Scores:
        """Score rows at a moment by lead, without who wrote them."""
        sql = f"SELECT * EXCLUDE (run_id, written_at) FROM scores.{view} WHERE as_of = TIMESTAMP '{moment}'"
        return {row[0]: row for row in self.published(self.folder, sql)}

    def gone(self, moment: datetime) -> set[str]:
        rows = self.published(self.folder, f"SELECT lead_id FROM meta.hot_gone WHERE as_of = TIMESTAMP '{moment}'")
        return {lead for (lead,) in rows}


def _written_at(file: Path, moment: datetime) -> None:
    seconds = moment.replace(tzinfo=UTC).timestamp()
    os.utime(file, (seconds, seconds))


def split(raw: Path, parts: Path, seed: int) -> None:
    """Splits raw tables by arrival. Some rows come one delivery late, and say that they came in time."""
    arrival = " ".join(f"WHEN synced_at <= TIMESTAMP '{cut}' THEN {n}" for n, cut in enumerate(CUTS))
    for table in sorted(path.name for path in raw.iterdir()):
        is_late = f"synced_at > TIMESTAMP '{CUTS[0]}' AND HASH({seed}, '{table}', ROW_NUMBER() OVER ()) % 100 < 8"
        rows = f"SELECT *, CASE {arrival} END + CAST({is_late} AS INTEGER) AS part FROM '{raw / table}/*.parquet'"
        for number in range(len(CUTS)):
            select = f"SELECT * EXCLUDE (part) FROM ({rows}) WHERE part = {number}"
            if number == 0 or duckdb.execute(f"SELECT COUNT(*) FROM ({select})").fetchone() != (0,):
                duckdb.execute(f"COPY ({select}) TO '{parts / table}-{number}.parquet' (FORMAT parquet)")


@pytest.fixture
def world(request: Any, here: Any, published: Any, tmp_path: Path) -> World:
    made, parts = tmp_path / "made", tmp_path / "parts"
    size = ("--leads", "250", "--days", "200", "--seed", request.param, "--until", "2026-03-01")
    assert here("init", made, "--demo", *size).code == 0
    parts.mkdir()
    split(made / "warehouse" / "raw", parts, request.param)
    folder = tmp_path / "world"
    assert here("init", folder).code == 0
    (folder / "leadmart.toml").write_text(SETTINGS, encoding="utf-8")
    found = World(here, published, folder, parts)
    found.deliver(0)
    return found


@pytest.mark.parametrize("world", first(1, (1, 2)), indirect=True)
def test_a_hot_run_scores_whom_new_rows_change_as_a_full_run_would(world: World) -> None:
    """#18: every lead whose score new rows change is touched, and its row is a full run's, bit for bit."""
    world.ask("run")
    everyone = len(world.scores("shown", CUTS[0]))
    for number in (1, 2):
        moment = CUTS[number]
        is_compared = IS_ALL or number == 2  # a hot run after a hot run is the harder one
        unaware = world.copy(f"unaware{number}")
        if is_compared:  # the same moment, without what this delivery brings
            note = unaware.folder / "exports" / "notes.parquet"
            duckdb.execute(f"COPY (SELECT 1 AS note) TO '{note}' (FORMAT parquet)")
            _written_at(note, moment)
            unaware.ask("run", "--as-of", moment.isoformat())

        world.deliver(number)
        found = world.ask("run", "--hot", "--json").document
        assert (found["status"], found["as_of"]) == ("done", moment.isoformat())
        hot, gone = world.scores("hot", moment), world.gone(moment)
        assert found["hot"]["everyone"] is None
        assert 0 < found["hot"]["scored"] == len(hot) < everyone
        assert found["hot"]["gone"] == len(gone)
        if not is_compared:
            continue

        full = world.copy(f"full{number}")
        counts = full.ask("run", "--as-of", moment.isoformat(), "--json").document["scores"]
        assert (counts["updated"], counts["unchanged"]) == (0, len(hot))
        after, before = full.scores("shown", moment), unaware.scores("shown", moment)
        assert {lead: after[lead] for lead in hot} == hot
        differing = {lead for lead in before.keys() | after.keys() if before.get(lead) != after.get(lead)}
        assert differing
        assert differing <= hot.keys() | gone

        latest = dict(world.published(world.folder, "SELECT lead_id, as_of FROM scores.latest"))
        assert {lead for lead, as_of in latest.items() if as_of == moment} == hot.keys()
        assert not gone & latest.keys()
        assert after.keys() <= latest.keys()
    assert world.ask("run", "--hot", "--json").document["hot"] == NOTHING | {"since": CUTS[2].isoformat()}
    world.ask("doctor")


MORNING = "2026-03-02T09:00:00"
PAGE_VIEWS = "event_id,lead_id,occurred_at,synced_at,event_type,url,anonymous_id,session_id,dwell_s\n"
SUITE = """{"name": "own.web_events", "meta": {"leadmart": {"stage": "source", "table": "web_events"}},
  "expectations": [
  {"type": "expect_column_values_to_be_between", "kwargs": {"column": "dwell_s", "min_value": 0},
   "severity": "critical", "description": "nobody dwells for less than no time"},
  {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1000},
   "severity": "critical", "description": "there are a thousand rows"}]}"""


def view_of(lead: str, moment: str, name: str, dwell: int = 30) -> str:
    return f"{name},{lead},{moment},{moment},page_view,/pricing,a,s-{name},{dwell}\n"


def brought(here: Any, folder: Path, table: str, text: str, now: str) -> None:
    file = folder / f"{table}.csv"
    file.write_text(text, encoding="utf-8")
    done = here("load", table, file, "--project", folder, LEADMART_NOW=now)
    assert done.code == 0, done.err


def colleagues(published: Any, folder: Path, *leads: str) -> set[str]:
    """The leads themselves and all that have an account with one of them."""
    links = "links.lead_account__v1"
    named = ", ".join(f"'{lead}'" for lead in leads)
    rows = published(
        folder,
        f"SELECT DISTINCT o.lead_id FROM {links} AS l JOIN {links} AS o USING (account_id, as_of) "
        f"WHERE l.lead_id IN ({named}) AND as_of = (SELECT MAX(as_of) FROM {links})",
    )
    return {*leads, *(lead for (lead,) in rows)}


def test_what_a_day_brings_is_scored_told_and_shown(
    here: Any, copy_of: Any, published: Any, stored: Any, edit: Any
) -> None:
    """#18, #19: late rows, an override and an outcome count, for those who share an account too; others stay."""
    folder = copy_of("scored")
    in_project = ("--project", folder)
    edit(
        folder / "leadmart.toml",
        "[engine]",
        "[outbox]\nenabled = true\nbrief = true\n\n[routing]\nenabled = true\n\n[engine]",
    )
    edit(folder / "leadmart.toml", "[scoring.tiers]", "overrides = true\n\n[scoring.tiers]")
    assert here("run", *in_project).code == 0
    done = here("run", "--hot", *in_project)
    assert done.code == 0
    assert "nothing is newly known since 2026-03-02T00:00:00: no lead is due" in done.out
    latest = "SELECT lead_id, tier, composite, as_of, run_id FROM scores.latest ORDER BY lead_id"
    before = {row[0]: row for row in published(folder, latest)}
    cold = [row[0] for row in published(folder, latest) if row[1] == "cold"]
    linked = {
        lead
        for (lead,) in published(
            folder, "SELECT lead_id FROM links.lead_account__v1 WHERE as_of = (SELECT MAX(as_of) FROM scores.latest)"
        )
    }
    seen, late, called, won = [lead for lead in cold if lead in linked][:2] + [
        lead for lead in cold if lead not in linked
    ][:2]

    views = view_of(seen, "2026-03-02T08:00:00", "H1") + view_of(late, "2026-02-20T08:00:00", "H2")
    brought(here, folder, "web_events", PAGE_VIEWS + views, MORNING)
    brought(
        here, folder, "lead_feedback",
        "feedback_id,given_at,synced_at,lead_id,actor,kind,value,reason,expires_at\n"
        f"H3,2026-03-02T08:10:00,2026-03-02T08:10:00,{called},ana,override,hot,she called,\n", MORNING,
    )  # fmt: skip
    brought(
        here, folder, "opportunities",
        "opportunity_id,lead_id,account_id,pipeline,created_at,synced_at,stage,is_closed\n"
        f"H4,{won},,new_business,2026-03-02T08:20:00,2026-03-02T08:20:00,open,false\n", MORNING,
    )  # fmt: skip
    done = here("run", "--hot", "--json", *in_project, LEADMART_NOW=MORNING)
    assert done.code == 0, done.out
    found = done.document["hot"]
    touched = colleagues(published, folder, seen, late, called, won)
    assert (found["since"], found["everyone"]) == ("2026-03-02T00:00:00", None)
    assert found["rows"] == {"web_events": 2, "lead_feedback": 1, "opportunities": 1}
    assert found["touched"] == len(touched)
    after = {row[0]: row for row in published(folder, latest)}
    assert after.keys() == before.keys() - {won}
    # what people see now is what they were shown last, whoever is touched or out of play
    shown = latest.replace("scores.latest", "scores.as_shown_on(DATE '9999-01-01')")
    assert published(folder, shown) == published(folder, latest)
    changed = {lead for lead in after if after[lead] != before[lead]}
    assert changed == touched & after.keys()
    assert {after[lead][3].isoformat() for lead in changed} == {MORNING}
    assert (before[called][1], after[called][1]) == ("cold", "hot")
    told = stored(folder, f"SELECT lead_id, from_tier, tier FROM meta.crm_outbox WHERE as_of = TIMESTAMP '{MORNING}'")
    assert (called, "cold", "hot") in told
    assert {(lead, tier) for lead, _, tier in told} == {
        (lead, after[lead][1]) for lead in changed if after[lead][1] != before[lead][1]
    }

    # who is hot by now has somebody, and the hand-off says so
    ((rep, given_at),) = stored(
        folder, f"SELECT rep, as_of FROM meta.assignments WHERE lead_id = '{called}' ORDER BY number DESC LIMIT 1"
    )
    assert (rep[:4], given_at.isoformat()) == ("rep.", MORNING)
    ((payload,),) = stored(folder, f"SELECT payload FROM meta.crm_outbox WHERE lead_id = '{called}'")
    brief = json.loads(payload)["brief"]
    assert (brief["lead_id"], brief["as_of"], brief["rep"]) == (called, MORNING, rep)

    # it is explained by the rows it was scored on, and said where people look
    answer = here("explain", seen, "--json", *in_project).document
    assert (answer["as_of"], answer["note"]) == (MORNING, None)
    assert answer["values"]["pricing_views_7d"]["value"] >= 1
    assert here("status", "--json", *in_project).document["hot"] == {"as_of": MORNING, "rows": len(changed)}
    assert "2026-03-02 09:00" in here("status", *in_project).out
    assert here("doctor", *in_project).code == 0

    # a full run at an older moment, and one at this: nobody is told twice, and no row changes
    for as_of in ((), ("--as-of", MORNING)):
        done = here("run", "--json", *as_of, *in_project, LEADMART_NOW=MORNING)
        assert (done.code, done.document["scores"]["updated"]) == (0, 0)
        if not as_of:
            assert {row[0]: row for row in published(folder, latest) if row[0] in changed} == {
                lead: after[lead] for lead in changed
            }
    assert published(folder, shown) == published(folder, latest)
    assert done.document["scores"]["unchanged"] == len(changed)
    again = stored(folder, f"SELECT COUNT(*), COUNT(DISTINCT lead_id) FROM meta.crm_outbox WHERE lead_id = '{called}'")
    assert again == [(1, 1)]

    # a row that its suite refuses: nothing is published, and it comes again; what suites ask of a table is not asked
    noon = "2026-03-02T12:00:00"
    (folder / "suites").mkdir(exist_ok=True)
    (folder / "suites" / "own.web_events.json").write_text(SUITE, encoding="utf-8")
    brought(here, folder, "web_events", PAGE_VIEWS + view_of(seen, "2026-03-02T11:00:00", "H5", -1), noon)
    rows = published(folder, latest)
    done = here("run", "--hot", *in_project, LEADMART_NOW=noon)
    assert done.code == 3
    assert "nobody dwells for less than no time" in done.out
    assert "a thousand rows" not in done.out
    assert published(folder, latest) == rows
    assert "own.web_events" in here("status", *in_project).out
    (folder / "suites" / "own.web_events.json").write_text(
        SUITE.replace('"min_value": 0', '"min_value": -1'), encoding="utf-8"
    )
    done = here("run", "--hot", "--json", *in_project, LEADMART_NOW=noon)
    assert (done.code, done.document["hot"]["rows"]) == (0, {"web_events": 1})

    # what decides about every lead is no matter of a few
    edit(folder / "leadmart.toml", "warm = 50", "warm = 40")
    done = here("run", "--hot", *in_project, LEADMART_NOW=noon)
    assert done.code == 0
    assert "everyone is due: the policy has changed" in done.out
    assert {row[3].isoformat() for row in published(folder, latest)} == {noon}
    assert published(folder, shown) == published(folder, latest)
    assert here("run", "--hot", "--as-of", MORNING, *in_project).code == 2

    # who is erased is in none of it
    assert here("erase", seen, *in_project, LEADMART_NOW=noon).code == 0
    for table in ("meta.hot_gone", "scores.lead_scores"):
        assert stored(folder, f"SELECT COUNT(*) FROM {table} WHERE lead_id = '{seen}'") == [(0,)]
    assert published(folder, shown) == published(folder, latest)
    assert here("run", "--hot", *in_project, LEADMART_NOW=noon).code == 0
    assert here("doctor", *in_project, LEADMART_NOW=noon).code == 0


def test_a_models_scores_are_the_same_in_a_hot_run(here: Any, copy_of: Any, published: Any) -> None:
    """#18: chances, intervals and reasons of a model do not hang on who else is scored."""
    folder = copy_of("trained")
    ((one,), (two,)) = published(
        folder, "SELECT lead_id FROM scores.latest ORDER BY p_raw DESC NULLS LAST, lead_id LIMIT 2"
    )
    views = "".join(view_of(lead, f"2026-03-02T0{n}:00:00", f"M{n}") for n, lead in enumerate((one, two, one), 4))
    brought(here, folder, "web_events", PAGE_VIEWS + views, MORNING)
    found = here("run", "--hot", "--json", "--project", folder, LEADMART_NOW=MORNING).document
    assert found["model_version"] != "rules"
    assert found["hot"]["scored"] >= 2
    done = here("run", "--as-of", MORNING, "--json", "--project", folder, LEADMART_NOW=MORNING).document
    assert (done["scores"]["updated"], done["scores"]["unchanged"]) == (0, found["hot"]["scored"])


def test_two_hot_runs_at_once_score_each_lead_once(here: Any, copy_of: Any, published: Any, stored: Any) -> None:
    """#18: who comes second waits, and finds nothing."""
    folder = copy_of("scored")
    lead = published(folder, "SELECT MAX(lead_id) FROM scores.latest")[0][0]
    brought(here, folder, "web_events", PAGE_VIEWS + view_of(lead, "2026-03-02T08:00:00", "T1"), MORNING)
    program = str(Path(sys.executable).parent / "leadmart")
    words = [program, "run", "--hot", "--json", "--wait", "5m", "--project", str(folder)]
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | {"LEADMART_NOW": MORNING})
        for _ in range(2)
    ]
    said = [json.loads(process.communicate()[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(each["hot"]["scored"] > 0 for each in said) == [False, True]
    rows = stored(folder, f"SELECT COUNT(*), COUNT(DISTINCT lead_id) FROM scores.lead_scores WHERE as_of = '{MORNING}'")
    assert rows[0][0] == rows[0][1] == sum(each["hot"]["scored"] for each in said)
