"""Marts in the catalogue of a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BROKEN = "-- grain: none\n--\n-- Reads what is not there.\nSELECT s.nothing AS nothing FROM scores.latest AS s\n"


def test_a_project_builds_the_marts_it_names(here: Any, copy_of: Any, published: Any, edit: Any) -> None:
    """#12, #106, #107: all of them over a project's own rows; one that cannot be built is named and harms no other."""
    folder: Path = copy_of("scored")
    packaged = {path.stem for path in (Path(__file__).resolve().parents[2] / "sql" / "marts").glob("*.sql")}
    assert published(folder, "SELECT COUNT(*) FROM duckdb_views() WHERE schema_name = 'marts'") == [(0,)]
    edit(folder / "leadmart.toml", "[engine]", '[marts]\nbuild = "all"\n\n[engine]')
    (folder / "sql" / "marts").mkdir(parents=True)
    (folder / "sql" / "marts" / "broken.sql").write_text(BROKEN, encoding="utf-8")
    assert here("run", "--project", folder).code == 0
    built = dict(published(folder, "SELECT name, why_not FROM meta.marts"))
    assert built.keys() == packaged | {"broken"}
    assert {name for name, why_not in built.items() if why_not is not None} == {"broken"}
    assert "nothing" in built["broken"]

    ((board, leads, accounts),) = published(
        folder,
        "SELECT (SELECT COUNT(*) FROM marts.scored_leads), (SELECT COUNT(*) FROM scores.latest), "
        "(SELECT SUM(leads) FROM marts.account_board)",
    )
    assert board == leads
    assert 0 < accounts <= leads
    ((funnel, opportunities),) = published(folder, "SELECT COUNT(*), COUNT(opportunity_at) FROM marts.funnel_speed")
    assert funnel > 1000
    assert opportunities > 50
    ((reviewed,),) = published(folder, "SELECT SUM(reviewed) FROM marts.rep_acceptance")
    assert reviewed > 20
    assert published(folder, "SELECT COUNT(*) FROM marts.targets") == [(10,)]
    names = published(
        folder, "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'staging' AND table_name = 'leads'"
    )
    assert ("lead_id",) in names
    assert not {("email",), ("full_name",)} & set(names)
    words = published(folder, "SELECT comment FROM duckdb_views() WHERE view_name = 'account_board'")
    assert words[0][0].endswith("Grain: one row per account with a scored lead at the newest as_of of a full run.")

    # nothing new: the catalogue is left as it is; other names, and it follows
    edit(folder / "leadmart.toml", 'build = "all"', 'build = ["targets"]')
    assert here("run", "--project", folder).code == 0
    assert published(folder, "SELECT name FROM meta.marts") == [("targets",)]
    edit(folder / "leadmart.toml", 'build = ["targets"]', 'build = ["target"]')
    refused = here("run", "--project", folder)
    assert refused.code == 1
    assert "there is no mart target" in refused.err
