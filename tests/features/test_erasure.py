"""`erase`: a person leaves every file of the warehouse, comes back with none, and changes nobody else's history."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.erasure import ending
from leadmart.features.erasure.ending import is_unfinished
from leadmart.features.erasure.erase import erase, erased_text
from leadmart.features.erasure.learned import record_learned
from leadmart.features.errors import LeadmartError
from leadmart.features.house.doctor import examine
from leadmart.features.plan import select
from leadmart.features.project import Project, find_project
from leadmart.features.raw.load import load
from leadmart.features.raw.snapshot import snapshot
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.stale import stale_slices
from leadmart.features.warehouse import open_for_writing

SETTINGS = '[features]\nviews = ["web_engagement@v1"]\n[engine]\nthreads = 1\nmemory_limit = "1GB"\n'
ANN, MAIL = "lead-ann-4711", "ann.unique@acme.example"
DAYS = (datetime(2026, 5, 29), datetime(2026, 5, 31))
ROWS: dict[str, list[dict[str, Any]]] = {
    "leads": [
        {"lead_id": ANN, "email": "Ann.Unique@acme.example", "full_name": "Ann Unique", "created_at": "2026-05-01"},
        {"lead_id": "L2", "email": "bob@acme.example", "title": "Buyer", "created_at": "2026-05-02"},
        {"lead_id": "L3", "email": "cy@beta.example", "created_at": "2026-05-03"},
    ],
    "contacts": [
        {"contact_id": "c1", "lead_id": ANN, "account_id": "A1", "email": MAIL, "created_at": "2026-05-02"},
        {"contact_id": "c2", "lead_id": None, "account_id": "A1", "email": MAIL, "created_at": "2026-05-02"},
        {"contact_id": "c3", "lead_id": "L2", "account_id": "A1", "email": "bob@b.example", "created_at": "2026-05-02"},
    ],
    "web_events": [
        {
            "event_id": f"w{number}",
            "lead_id": lead,
            "session_id": "s",
            "url": "/pricing",
            "dwell_s": 3,
            "occurred_at": day,
        }
        for number, (lead, day) in enumerate([(ANN, "2026-05-20"), ("L2", "2026-05-21"), ("L3", "2026-05-22")])
    ],
    "lead_feedback": [
        {"feedback_id": "f1", "lead_id": "L2", "kind": "accepted", "reason": f"knows {MAIL}", "given_at": "2026-05-22"},
    ],
}
OTHERS = {
    name: [row for row in rows if row.get("lead_id") != ANN and row.get("email") != MAIL] for name, rows in ROWS.items()
}


@pytest.fixture
def filled(make_project: Any, load_rows: Any, world_at: Any) -> Project:
    """The rows above with two days of slices, published, and nobody at the warehouse."""
    project: Project = make_project(settings=SETTINGS)
    with world_at(project) as world:
        load_rows(world.warehouse, ROWS)
        world.fill(*DAYS)
        world.publish()
    return project


def traces(project: Project, *names: str) -> list[str]:
    """Files below the warehouse in which a name stands: their bytes, and what their rows say, unpacked."""
    found = []
    for path in sorted(p for p in project.warehouse.rglob("*") if p.is_file()):
        text = path.read_bytes().lower()
        if path.suffix == ".parquet":
            rows = duckdb.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()
            text += str(rows).lower().encode()
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
                for schema, table in tables:
                    text += str(connection.execute(f"FROM {schema}.{table}").fetchall()).lower().encode()
        if any(name.lower().encode() in text for name in names):
            found.append(path.relative_to(project.warehouse).as_posix())
    return found


def features(project: Project) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.catalogue), read_only=True) as connection:
        return connection.execute("FROM features.lead_features ORDER BY lead_id, as_of").fetchall()


def staged(project: Project, source: str) -> list[tuple[Any, ...]]:
    with open_for_writing(project) as warehouse:
        session = Session(warehouse, Registry(project))
        session.stage_whole([source])
        return warehouse.rows(f"FROM staging.{source} ORDER BY ALL")


def stale(project: Project) -> list[Any]:
    with open_for_writing(project) as warehouse:
        session = Session(warehouse, Registry(project))
        selection = select(session.registry, session.present)
        session.want(DAYS)
        return stale_slices(session, selection)


def test_nothing_of_an_erased_person_is_left_in_any_file(filled: Project) -> None:
    """F4: raw, staged sources, features and the store's bytes; a row of another that names her is told."""
    before = features(filled)
    assert {Path(name).parts[0] for name in traces(filled, ANN, MAIL)} == {
        "raw",
        "staged",
        "slices",
        "leadmart.duckdb",
    } - {"leadmart.duckdb"}
    done = erase(filled, [ANN], reason="asked on 3 June")
    assert {each.where: each.rows for each in done.found.raw} == {
        "raw.contacts": 2,
        "raw.leads": 1,
        "raw.web_events": 1,
    }
    assert traces(filled, ANN, "Ann Unique") == []
    assert [name.split("/")[1] for name in traces(filled, MAIL) if name.startswith("raw")] == ["lead_feedback"]
    assert done.found.left == ("raw.lead_feedback: an address of theirs stands in reason of 1 row of others",)
    assert features(filled) == [row for row in before if row[0] != ANN]
    assert [each.code for each in examine(filled, deep=True)] == []


def test_an_erasure_is_no_change_of_history(filled: Project, load_rows: Any) -> None:
    """F4: slices of the past stay as they were shown, and `restate` has nothing to do; what comes late still counts."""
    erase(filled, [ANN])
    assert stale(filled) == []
    with open_for_writing(filled) as warehouse:
        late = [{"event_id": "w9", "lead_id": "L2", "url": "/docs", "dwell_s": 1, "occurred_at": "2026-05-23"}]
        load_rows(warehouse, {"web_events": late})
    assert {each.source for each in stale(filled)} == {"web_events"}


def test_a_reloaded_file_brings_nobody_back(filled: Project, tmp_path: Path, load_rows: Any) -> None:
    """F4: rows of erased people are left out by the hash of their key, and of their address where there is no key."""
    erase(filled, [ANN])
    with open_for_writing(filled) as warehouse:
        load_rows(warehouse, ROWS)
    assert [row[0] for row in staged(filled, "leads")] == ["L2", "L3"]
    assert [row[0] for row in staged(filled, "contacts")] == ["c3"]
    assert traces(filled, ANN) == []
    with duckdb.connect(str(filled.store), read_only=True) as store:
        hashes = store.execute("SELECT kind, LENGTH(hash) FROM meta.erased ORDER BY kind").fetchall()
    assert hashes == [("address", 64), ("contact", 64), ("contact", 64), ("key", 64)]


def test_what_was_erased_is_what_would_be_without_them(filled: Project, make_project: Any, load_rows: Any) -> None:
    """F4: the sources are those of a warehouse that never had her."""
    erase(filled, [ANN])
    with_out = {name: staged(filled, name) for name in ROWS}
    never = make_project({}, (filled.root / "leadmart.toml").read_text(), name="never")
    with open_for_writing(never) as warehouse:
        load_rows(warehouse, OTHERS)
    assert with_out == {name: staged(never, name) for name in ROWS}


def test_an_address_that_two_leads_share_tells_nothing_without_person(filled: Project, load_rows: Any) -> None:
    """F4: rows that know only a shared address stay and the others are named; `--person` takes all who have it."""
    with open_for_writing(filled) as warehouse:
        load_rows(warehouse, {"leads": [{"lead_id": "L9", "email": MAIL, "created_at": "2026-05-04"}]})
    one = erase(filled, [ANN], dry_run=True)
    assert (one.found.keys, one.found.sharing) == ((ANN,), ("L9",))
    assert {each.where: each.rows for each in one.found.raw}["raw.contacts"] == 1
    assert "L9 has the same address; `--person` takes them too" in erased_text(one)
    both = erase(filled, [ANN], dry_run=True, whole_person=True)
    assert (both.found.keys, both.found.sharing) == (("L9", ANN), ())
    assert {each.where: each.rows for each in both.found.raw}["raw.contacts"] == 2
    assert traces(filled, ANN) != []


def test_who_is_unknown_or_named_in_the_reason_is_refused(filled: Project) -> None:
    with pytest.raises(LeadmartError) as unknown:
        erase(filled, ["nobody"])
    assert unknown.value.code == "unknown_lead"
    with pytest.raises(LeadmartError) as named:
        erase(filled, [ANN], reason=f"{MAIL} asked for it")
    assert named.value.code == "reason_names_them"
    assert traces(filled, ANN) != []


@pytest.mark.parametrize("step", ["_publish", "before the copy has its name"])
def test_an_erasure_that_was_killed_is_ended_by_the_next_command_that_writes(
    filled: Project, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """F4: from the switch on nothing can be half erased for longer than until the next command."""

    class Killed(BaseException):
        pass

    replace = os.replace

    def killed(*moved: Any) -> None:
        if step == "_publish" or moved[1] == filled.store:
            raise Killed
        replace(*moved)

    with monkeypatch.context() as patch:
        patch.setattr(ending if step == "_publish" else os, "_publish" if step == "_publish" else "replace", killed)
        with pytest.raises(Killed):
            erase(filled, [ANN])
    assert "erasure_unfinished" in {each.code for each in examine(filled)}
    with open_for_writing(filled) as warehouse:
        assert not is_unfinished(warehouse)
    assert traces(filled, ANN, "Ann Unique") == []
    assert examine(filled, deep=True) == []
    assert erased_text(erase(filled, [ANN])) == "nothing of them is in the warehouse: they were erased before"


# --- sources of a project's own ---

SOURCES = {
    "leads": """-- key: lead_id
-- frozen: id, mail, at
-- pii: email
--
-- Leads.
SELECT 'crm:' || l.id AS lead_id, CAST(l.at AS TIMESTAMP) AS occurred_at, CAST(l.at AS TIMESTAMP) AS ingested_at,
    l.mail AS email
FROM raw.people AS l""",
    "identities": """-- key: visitor
-- rows: appended
--
-- Who a visitor is.
SELECT i.visitor, 'crm:' || i.person AS lead_id, CAST(i.at AS TIMESTAMP) AS occurred_at,
    CAST(i.at AS TIMESTAMP) AS ingested_at
FROM raw.identities AS i""",
    "visits": """-- key: visit_id
-- rows: appended
-- joins: identities
--
-- Visits of known visitors.
SELECT v.id AS visit_id, i.lead_id, CAST(v.at AS TIMESTAMP) AS occurred_at, CAST(v.at AS TIMESTAMP) AS ingested_at
FROM raw.visits AS v
JOIN staging.identities AS i ON i.visitor = v.visitor
WHERE v.page <> '/bot'""",
}
CONNECTED = '[sources]\nconnectors = ["mine"]\n'
PEOPLE = "id,mail,at\n1,ann@a.example,2026-05-01\n2,bob@b.example,2026-05-02\n"
FILES = {f"sql/sources/mine/{name}.sql": text for name, text in SOURCES.items()}


def put(project: Project, write_file: Any, table: str, text: str, day: int = 1, **options: Any) -> None:
    with open_for_writing(project) as warehouse:
        file = write_file(f"{table}-{day}-{len(text)}.csv", text)
        load(warehouse, Registry(project), table, [file], loaded_at=datetime(2026, 6, day), **options)


def test_rows_that_only_a_join_tells_go_too_and_stay_out(make_project: Any, write_file: Any) -> None:
    """F4: an anonymous visit, also one that the source leaves out, is erased by the link to the lead."""
    project = make_project(FILES, CONNECTED)
    visits = "id,visitor,page,at\nv1,a,/,2026-05-03\nv2,a,/bot,2026-05-03\nv3,b,/,2026-05-03\nv4,c,/,2026-05-03\n"
    identities = "visitor,person,at\na,1,2026-05-04\nb,2,2026-05-04\n"
    for table, text in {"people": PEOPLE, "identities": identities, "visits": visits}.items():
        put(project, write_file, table, text)
    done = erase(project, ["crm:1"])
    found = {each.where: each.rows for each in done.found.raw}
    assert found == {"raw.identities": 1, "raw.people": 1, "raw.visits": 2}
    put(project, write_file, "identities", identities, 2, replace=True)
    put(project, write_file, "visits", visits, 2, replace=True)
    assert [row[:2] for row in staged(project, "visits")] == [("v3", "crm:2")]


def test_tables_read_in_place_are_named_and_left_out(make_project: Any) -> None:
    """F4: what others wrote is not rewritten; staging leaves the person out from then on."""
    project = make_project(FILES, CONNECTED + '[raw]\nparquet = "lake"\n')
    (project.root / "lake").mkdir()
    people = (
        "SELECT id, 'p' || id || '@a.example' AS mail, DATE '2026-05-01' AS at FROM (VALUES ('1'), ('2')) AS v (id)"
    )
    duckdb.execute(f"COPY ({people}) TO '{project.root / 'lake' / 'people.parquet'}'")
    assert [row[0] for row in staged(project, "leads")] == ["crm:1", "crm:2"]
    done = erase(project, ["crm:1"])
    assert [(each.where, each.rows) for each in done.found.not_ours] == [("raw.people", 1)]
    words = "raw.people is read in place and is not leadmart's to change: 1 row of theirs stands in it"
    assert words in erased_text(done)
    assert [row[0] for row in staged(project, "leads")] == ["crm:2"]


def test_change_rows_go_and_the_next_look_sees_no_change(make_project: Any, write_file: Any) -> None:
    """F4: batches of a table updated in place, those replaced too, and its change rows; equal batches become one."""
    project = make_project(FILES, CONNECTED + '[snapshot.people]\nkey = "id"\n')
    put(project, write_file, "people", PEOPLE)
    put(project, write_file, "people", PEOPLE.replace("ann@a", "ann.two@a"), 2, replace=True)
    with open_for_writing(project) as warehouse:
        assert [look.changes for look in snapshot(warehouse)] == [2, 1]
    done = erase(project, ["crm:1"])
    assert {each.where: each.rows for each in done.found.raw} == {"raw.people": 2, "raw.people__changes": 2}
    assert traces(project, "ann@a.example", "ann.two@a.example") == []
    with open_for_writing(project) as warehouse:
        assert len(warehouse.rows("FROM store.meta.loads")) == 1
        assert snapshot(warehouse) == []
    assert [row[0] for row in staged(project, "leads")] == ["crm:2"]


@pytest.mark.slow
def test_score_rows_reasons_and_words_of_quality_go(copy_of: Any, here: Any) -> None:
    """F4: scores, reasons and what else the store says of them; the models that learned from them are named."""
    project = find_project(copy_of("trained"))
    ((lead, mail),) = duckdb.execute(
        f"SELECT lead_id, email FROM '{project.warehouse}/raw/leads/*.parquet' ORDER BY created_at LIMIT 1"
    ).fetchall()
    with open_for_writing(project) as warehouse:
        ((scored,),) = warehouse.rows("SELECT MIN(lead_id) FROM store.scores.lead_scores WHERE reasons IS NOT NULL")
        warehouse.execute("UPDATE store.meta.verdicts SET details = ?", [f'[{{"found": ["{scored}", "{mail}"]}}]'])
        record_learned(warehouse, "m_other", ["somebody"])
    done = erase(project, [lead, scored])
    assert [model for model in done.models if model.startswith("m_")] == list(done.models) != []
    assert traces(project, lead, scored, mail) == []
    assert [each.code for each in examine(project, deep=True)] == []
    done_again = here("run", "--project", project.root, "--json").document
    assert (done_again["scores"]["inserted"], done_again["scores"]["updated"]) == (0, 0)


def test_a_model_says_whom_it_learned_from_and_not_of_whom_was_erased_meanwhile(filled: Project) -> None:
    """F4: hashes of the training leads, those of the model it was made of too; erased ones keep it from being kept."""
    with open_for_writing(filled) as warehouse:
        record_learned(warehouse, "m_1", ["L2", "L2", ANN])
        record_learned(warehouse, "m_2", ["L3"], "m_1")
        learned = warehouse.rows("SELECT model_version, COUNT(*) FROM store.meta.model_leads GROUP BY ALL ORDER BY ALL")
        assert learned == [("m_1", 2), ("m_2", 3)]
    erase(filled, [ANN])
    with open_for_writing(filled) as warehouse:
        with pytest.raises(LeadmartError) as refused:
            record_learned(warehouse, "m_3", ["L2", ANN])
        assert refused.value.code == "erased_meanwhile"
        record_learned(warehouse, "m_3", ["L2"])
