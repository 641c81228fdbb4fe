"""What `load` says of rows that will not count as one may expect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from leadmart.features.clock import parse_moment
from leadmart.features.project import find_project
from leadmart.features.raw.load import load
from leadmart.features.registry import Registry
from leadmart.features.scaffold import init
from leadmart.features.sources.remarks import Remark, remarks_on
from leadmart.features.warehouse import open_for_writing

HEADER = "event_id,lead_id,email,event_type,campaign_id,url,occurred_at,synced_at\n"


def remarks_after(folder: Path, *files: str) -> list[Remark]:
    init(folder)
    project = find_project(folder)
    with open_for_writing(project) as warehouse:
        registry = Registry(project)
        for number, rows in enumerate(files):
            file = folder / f"{number}.csv"
            file.write_text(HEADER + rows)
            load(warehouse, registry, "email_events", [file], loaded_at=parse_moment("2026-03-01"))
        return remarks_on(warehouse, registry, "email_events")


def test_a_key_that_comes_back_with_another_value_is_counted(tmp_path: Path) -> None:
    first = "e1,l1,a@b.example,open,c1,,2026-02-01 10:00:00,2026-02-01 11:00:00\n"
    again = "e1,l1,a@b.example,click,c1,,2026-02-01 10:00:00,2026-02-02 11:00:00\n"
    assert remarks_after(tmp_path / "p", first, again) == [Remark("email_events", 1, 0)]


def test_what_is_counted_among_all_rows_is_said_so(tmp_path: Path) -> None:
    first = "e1,l1,a@b.example,open,c1,,2026-02-01 10:00:00,2026-02-01 11:00:00\n"
    again = "e1,l1,a@b.example,click,c1,,2026-02-01 10:00:00,2026-02-02 11:00:00\n"
    (remark,) = remarks_after(tmp_path / "p", first + again)
    assert remark.words()[0].startswith("email_events: 1 key comes back with other values, though")
    all_of_it = replace(remark, changed_keys=2, of_all=True)
    assert all_of_it.words()[0].startswith("email_events: 2 keys of all that is loaded come back with other values")


def test_a_load_whose_source_is_staged_whole_says_that_all_was_counted(copy_of: Any, here: Any, tmp_path: Path) -> None:
    folder = copy_of("loaded")
    one = tmp_path / "one.csv"
    one.write_text(
        "event_id,lead_id,occurred_at,synced_at,event_type,url,anonymous_id,session_id,dwell_s\n"
        "Z1,L0000001,2026-02-20,2026-02-20,page_view,/pricing,a,s,3\n"
    )
    found = here("load", "web_events", one, "--project", folder, "--json").document["warnings"]
    (counted,) = [words for words in found if "other values" in words]
    assert "keys of all that is loaded come back" in counted


def test_a_key_that_only_arrives_again_is_no_change(tmp_path: Path) -> None:
    first = "e1,l1,a@b.example,open,c1,,2026-02-01 10:00:00,2026-02-01 11:00:00\n"
    again = "e1,l1,a@b.example,open,c1,,2026-02-01 10:00:00,2026-02-02 11:00:00\n"
    assert remarks_after(tmp_path / "p", first, again) == [Remark("email_events", 0, 0)]


def test_a_row_without_a_clock_is_counted(tmp_path: Path) -> None:
    rows = "e1,l1,a@b.example,open,c1,,,2026-02-01 11:00:00\ne2,l1,a@b.example,open,c1,,2026-02-01 10:00:00,\n"
    found = remarks_after(tmp_path / "p", rows)
    assert found == [Remark("email_events", 0, 2)]
    assert found[0].words() == ["email_events: 2 rows have no clock and can never be known"]
