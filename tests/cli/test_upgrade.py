"""A warehouse of an earlier release is opened, migrated and run by today's; one that cannot be stays as it was.

`frozen/<number>.tar.xz` holds a project as the release with that newest migration left it; `frozen/make.sh` makes one.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.migrations import MIGRATIONS
from leadmart.features.project import Project, find_project
from leadmart.features.warehouse import open_for_writing

FROZEN = sorted((Path(__file__).parent / "frozen").glob("*.tar.xz"))
VALUES = "lead_id, as_of, role, p_raw, p_cal, w, rules_score, boost, cap, composite, tier, gates, reason_codes, reasons"


@pytest.fixture(params=FROZEN, ids=lambda path: path.name.partition(".")[0])
def frozen(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "frozen"


def whole(store: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of a store with its columns and rows."""
    with duckdb.connect(str(store), read_only=True) as connection:
        names = connection.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        return {
            name: connection.execute(f"DESCRIBE {name}").fetchall()
            + connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
            for (name,) in names
        }


def test_todays_code_opens_migrates_runs_and_shows_it(frozen: Path, here: Any, stored: Any, published: Any) -> None:
    every = f"SELECT {VALUES} FROM scores.lead_scores ORDER BY ALL"
    ((had,),) = stored(frozen, "SELECT STRING_AGG(column_name) FROM (DESCRIBE scores.lead_scores)")
    before = stored(frozen, f"SELECT {had} FROM scores.lead_scores ORDER BY ALL")
    latest = stored(frozen, f"SELECT {VALUES} FROM scores.lead_scores QUALIFY as_of = MAX(as_of) OVER () ORDER BY ALL")
    assert len(latest) > 10
    # it is of an earlier release and it was moved; looking works before anything is written
    assert here("status", "--project", frozen).code == 0
    found = here("doctor", "--project", frozen, "--json")
    assert {each["code"] for each in found.document} == {"not_migrated", "catalogue_moved"}
    assert here("doctor", "--fix", "--project", frozen).code == 0
    assert stored(frozen, f"SELECT {had} FROM scores.lead_scores ORDER BY ALL") == before
    # what came later is there, and unknown of the scores of before
    assert set(published(frozen, "SELECT p_low, data_grade, best_tier, against FROM scores.history")) == {(None,) * 4}
    assert published(frozen, every) == stored(frozen, every)
    assert published(frozen, f"SELECT {VALUES} FROM scores.latest ORDER BY ALL") == latest
    done = here("run", "--project", frozen, "--json")
    assert (done.code, done.document["status"]) == (0, "done")
    assert published(frozen, f"SELECT {VALUES} FROM scores.latest ORDER BY ALL") == latest
    lead = latest[0][0]
    assert here("explain", lead, "--project", frozen, "--json").document["composite"] == latest[0][9]
    assert here("show", "scores", "--project", frozen).code == 0
    assert here("prune", "--project", frozen).code == 0
    assert here("doctor", "--project", frozen).code == 0
    numbers = [int(path.name[:4]) for path in MIGRATIONS.glob("*.sql")]
    assert stored(frozen, "SELECT number FROM migrations ORDER BY 1") == [(n,) for n in sorted(numbers)]


BROKEN = """
CREATE TABLE meta.half (a INTEGER);
ALTER TABLE meta.slices ADD COLUMN half INTEGER;
DELETE FROM scores.lead_scores;
INSERT INTO meta.half SELECT b FROM nowhere.at_all;
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """This release's migrations and one more, which fails after it has done harm."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (tmp_path / "migrations" / "9000_broken.sql").write_text(BROKEN)
    return tmp_path / "migrations"


def test_a_migration_that_fails_leaves_no_trace(frozen: Path, broken: Path) -> None:
    project = find_project(frozen)
    open_for_writing(project).close()
    before = whole(project.store)
    for _ in range(2):
        with pytest.raises(LeadmartError) as refused:
            open_for_writing(project, migrations=broken)
        assert refused.value.code == "migration_failed"
        assert "9000_broken.sql" in refused.value.message
    assert whole(project.store) == before
    open_for_writing(project).close()


KILLED = """
import os, signal, sys
from pathlib import Path
from leadmart.features.project import find_project
from leadmart.features.warehouse import Warehouse, open_for_writing
execute = Warehouse.execute
def watched(self, sql, params=()):
    if "INSERT INTO store.main.migrations" in sql:
        os.kill(os.getpid(), signal.SIGKILL)
    execute(self, sql, params)
Warehouse.execute = watched
open_for_writing(find_project(Path(sys.argv[1])))
"""


def test_a_kill_within_a_migration_leaves_no_trace(frozen: Path) -> None:
    store = find_project(frozen).store
    before = whole(store)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(frozen)], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert whole(store) == before


def test_a_newer_store_is_refused_and_not_touched(frozen: Path, here: Any) -> None:
    project: Project = find_project(frozen)
    with duckdb.connect(str(project.store)) as store:
        store.execute("INSERT INTO migrations VALUES (9000, '9000_tomorrow', TIMESTAMP '2027-01-01')")
    before = project.store.read_bytes()
    for words in (("run",), ("prune",), ("doctor", "--fix"), ("load", "leads", str(frozen))):
        answer = here(*words, "--project", frozen, "--json")
        assert (answer.code, answer.document["error"]["code"]) == (1, "warehouse_newer"), words
        assert "newer leadmart" in answer.document["error"]["message"]
    assert project.store.read_bytes() == before


def test_no_two_migrations_have_one_number() -> None:
    numbers = [path.name[:4] for path in MIGRATIONS.glob("*.sql")]
    assert len(set(numbers)) == len(numbers)
