"""What analysts open: views on exact files, swapped whole."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.catalogue import publish
from leadmart.features.errors import LeadmartError
from leadmart.features.warehouse import open_for_reading, open_for_writing

MAY_20, MAY_31 = datetime(2026, 5, 20), datetime(2026, 5, 31)


def ask(world: Any, sql: str) -> list[tuple[Any, ...]]:
    with open_for_reading(world.project) as reader:
        reader.execute("USE store")
        return reader.rows(sql)


def test_views_stand_on_the_filled_slices(world: Any) -> None:
    world.fill(MAY_20, MAY_31)
    assert world.publish()
    views = ask(
        world,
        "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal AND database_name = 'store' "
        "ORDER BY ALL",
    )
    assert [name for (name,) in views] == [
        "features.account_engagement__v1",
        "features.lead_features",
        "features.lead_profile__v1",
        "features.web_engagement__v1",
        "gates.icp__v1",
        "links.lead_account__v1",
        "spines.open_leads",
    ]
    rows = ask(
        world, "SELECT lead_id, as_of, sessions_30d, industry FROM features.lead_features ORDER BY as_of, lead_id"
    )
    assert rows == [
        ("007", MAY_20, 1, "Retail"),
        ("L2", MAY_20, 0, "Retail"),
        ("007", MAY_31, 1, "Software"),
        ("L2", MAY_31, 1, "Software"),
        ("L3", MAY_31, 0, None),
    ]


def test_every_feature_column_has_its_comment(world: Any) -> None:
    world.fill(MAY_31)
    world.publish()
    silent = ask(
        world,
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'store' "
        "AND comment IS NULL AND schema_name IN ('features', 'gates') "
        "AND column_name NOT IN ('lead_id', 'account_id', 'as_of')",
    )
    assert silent == []
    ((words,),) = ask(
        world, "SELECT comment FROM duckdb_views() WHERE view_name = 'web_engagement__v1' AND database_name = 'store'"
    )
    assert words.startswith("What the lead looked at")


def test_it_is_not_rewritten_while_nothing_changes(world: Any) -> None:
    world.fill(MAY_31)
    assert world.publish()
    before = world.project.catalogue.stat()
    assert not world.publish()
    assert world.project.catalogue.stat().st_mtime_ns == before.st_mtime_ns
    world.fill(MAY_20)
    assert world.publish()
    assert world.project.catalogue.stat().st_ino != before.st_ino
    assert [path.name for path in world.project.catalogue.parent.iterdir()] == ["leadmart.duckdb"]


def test_a_reader_keeps_what_it_has_open(world: Any) -> None:
    world.fill(MAY_31)
    world.publish()
    with open_for_reading(world.project) as reader:
        count = "SELECT COUNT(*) FROM store.features.lead_features"
        before = reader.rows(count)
        world.fill(MAY_20)
        world.publish()
        assert reader.rows(count) == before == [(3,)]
        with open_for_reading(world.project) as newer:
            assert newer.rows(count) == [(5,)]


def test_it_opens_read_only_from_any_folder_while_the_store_is_held(world: Any, tmp_path: Path) -> None:
    world.fill(MAY_31)
    world.publish()
    code = (
        "import duckdb, sys\n"
        "con = duckdb.connect(sys.argv[1], read_only=True)\n"
        "print(con.execute('SELECT COUNT(*) FROM features.lead_features').fetchone()[0])"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = subprocess.run(
        [sys.executable, "-c", code, str(world.project.catalogue)],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout.strip()) == (0, "3"), told.stderr


def test_lead_features_holds_only_moments_where_nothing_is_missing(world: Any) -> None:
    from leadmart.features.materialize import fill
    from leadmart.features.plan import missing_slices

    world.fill(MAY_20)
    session, selection = world.again()
    missing = missing_slices(world.warehouse, selection, [MAY_31])
    fill(session, selection, missing, run_id="r", held=frozenset({"features.web_engagement__v1"}))
    world.publish()
    assert ask(world, "SELECT DISTINCT as_of FROM features.lead_features") == [(MAY_20,)]
    assert ask(world, "SELECT DISTINCT as_of FROM features.lead_profile__v1 ORDER BY ALL") == [(MAY_20,), (MAY_31,)]


def test_a_broken_catalogue_is_made_anew(world: Any) -> None:
    world.fill(MAY_31)
    world.publish()
    world.project.catalogue.write_bytes(b"no database")
    assert world.publish()
    assert ask(world, "SELECT COUNT(*) FROM features.lead_features") == [(3,)]


def test_quotes_in_words_do_no_harm(world: Any) -> None:
    (world.project.root / "leadmart.toml").write_text('[features]\nviews = ["quoted@v1"]\n[engine]\nthreads = 2\n')
    text = (
        '-- entity: lead (lead_id)\n--\n-- The lead\'s "own"; DROP TABLE.\n'
        "SELECT\n    spine.lead_id,\n    spine.as_of,\n    1 AS one  -- it's one\nFROM spine\n"
    )
    world.write("sql/features/quoted/v1.sql", text)
    world.fill(MAY_31)
    world.publish()
    words = (
        "SELECT comment FROM duckdb_columns() "
        "WHERE database_name = 'store' AND table_name = 'quoted__v1' AND column_name = 'one'"
    )
    assert ask(world, words) == [("it's one",)]


def test_nothing_is_published_before_the_first_load(project: Any) -> None:
    with pytest.raises(LeadmartError) as refused:
        open_for_reading(project)
    assert refused.value.code == "nothing_published"


def test_a_store_of_a_later_release_is_left_alone(project: Any) -> None:
    open_for_writing(project).close()
    with duckdb.connect(str(project.store)) as store:
        store.execute("INSERT INTO main.migrations VALUES (9999, 'of tomorrow', TIMESTAMP '2030-01-01')")
    with pytest.raises(LeadmartError) as refused:
        open_for_writing(project)
    assert refused.value.code == "warehouse_newer"


def test_a_held_store_names_who_holds_it(project: Any) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom leadmart.features.project import find_project\n"
        "from leadmart.features.warehouse import open_for_writing\n"
        "w = open_for_writing(find_project(Path(sys.argv[1])))\nprint('held', flush=True)\nsys.stdin.readline()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(project.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(LeadmartError) as refused:
            open_for_writing(project)
        assert refused.value.code == "warehouse_busy"
        assert str(holder.pid) in refused.value.message
    finally:
        holder.communicate("\n")


def test_the_joined_view_stays_while_a_definition_is_refused(world: Any) -> None:
    world.fill(MAY_31)
    world.publish()
    both = [
        "SELECT * FROM features.lead_features ORDER BY lead_id",
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'lead_features' ORDER BY ALL",
    ]
    before = [ask(world, sql) for sql in both]
    for moment in (MAY_20, MAY_20 - timedelta(days=1)):
        world.fill(moment)
        assert publish(world.warehouse, world.again()[0].registry, None)
        assert [ask(world, sql) for sql in both] == before


def test_a_second_session_of_one_process_is_refused_too(project: Any) -> None:
    with open_for_writing(project), pytest.raises(LeadmartError) as refused:
        open_for_writing(project)
    assert refused.value.code == "warehouse_busy"
    assert refused.value.message.startswith("this process itself has ")
