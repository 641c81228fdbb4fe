"""`run`, `backfill` and `score` on a made-up company: the same rows however one gets there, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.samples import first as first_of

KEY = "lead_id, as_of, feature_set_version, model_version, policy_version"


def test_a_second_run_inserts_and_updates_nothing(here: Any, copy_of: Any, stored: Any) -> None:
    folder = copy_of("loaded")
    first = here("run", "--project", folder, "--as-of", "2026-03-02", "--json")
    assert first.code == 0
    assert first.document["status"] == "done"
    assert first.document["slices"] == {"computed": 9, "skipped": 0}
    inserted = first.document["scores"]["inserted"]
    assert inserted > 500
    assert first.document["scores"] == {"inserted": inserted, "updated": 0, "unchanged": 0}
    second = here("run", "--project", folder, "--as-of", "2026-03-02", "--json")
    assert second.code == 0
    assert second.document["slices"] == {"computed": 0, "skipped": 9}
    assert second.document["scores"] == {"inserted": 0, "updated": 0, "unchanged": inserted}
    assert stored(folder, "SELECT COUNT(*) FROM scores.lead_scores") == [(inserted,)]
    assert stored(folder, "SELECT COUNT(*) FROM scores.superseded") == [(0,)]


def test_a_run_without_as_of_is_the_run_at_the_latest_tick(here: Any, copy_of: Any) -> None:
    found = here("run", "--project", copy_of("scored"), "--json")
    assert (found.code, found.document["as_of"]) == (0, "2026-03-02T00:00:00")
    assert found.document["slices"]["computed"] == 0


def test_a_copied_project_names_its_own_files_after_a_run(here: Any, company: Any, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copied"
    shutil.copytree(company("scored"), folder)
    assert here("run", "--project", folder).code == 0
    shown = here("sql", "SELECT DISTINCT filename FROM (SELECT * FROM scores.history)", "--project", folder)
    assert shown.code == 1
    text = here("sql", "SELECT sql FROM duckdb_views() WHERE NOT internal", "--project", folder, "--json")
    views = "\n".join(row["sql"] for row in text.document)
    assert str(company("scored")) not in views
    assert str(folder) in views
    assert here("show", "scores", "--project", folder).code == 0


def test_score_computes_no_slice(here: Any, copy_of: Any, edit: Any) -> None:
    folder = copy_of("scored")
    unfilled = here("score", "--project", folder, "--as-of", "2026-03-01", "--json")
    assert (unfilled.code, unfilled.document["error"]["code"]) == (1, "slice_missing")
    edit(folder / "leadmart.toml", "hot = 80 ", "hot = 70 ")
    scored = here("score", "--project", folder, "--json")
    assert scored.code == 0
    assert scored.document["slices"] == {"computed": 0, "skipped": 9}
    assert scored.document["scores"]["inserted"] > 500


# --- what a policy is ---


def changed_threshold(folder: Path, edit: Any, _: Any) -> None:
    edit(folder / "leadmart.toml", "hot = 80 ", "hot = 55 ")


def changed_points(folder: Path, edit: Any, here: Any) -> None:
    assert here("eject", "scorecard", "--project", folder).code == 0
    card = folder / "sql" / "reference" / "scorecard.csv"
    lines = card.read_text().splitlines()
    header = lines[0].split(",")
    cells = lines[1].split(",")
    cells[header.index("points")] = "1"
    card.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")


def changed_gate_words(folder: Path, edit: Any, here: Any) -> None:
    assert here("eject", "icp", "--project", folder).code == 0
    edit(folder / "sql" / "gates" / "icp" / "v1.sql", "block: Student or academic", "block: Studies")


def changed_reason_words(folder: Path, edit: Any, here: Any) -> None:
    assert here("eject", "reasons", "--project", folder).code == 0
    edit(
        folder / "sql" / "reference" / "reasons.csv", "Days since the last visit: {value}", "Last here {value} days ago"
    )


@pytest.mark.parametrize("change", [changed_threshold, changed_points, changed_gate_words, changed_reason_words])
def test_a_changed_policy_makes_new_rows_and_leaves_the_old_ones(
    change: Callable[..., None], here: Any, copy_of: Any, edit: Any, stored: Any
) -> None:
    folder = copy_of("scored")
    everything = "SELECT * FROM scores.lead_scores {} ORDER BY ALL"
    before = stored(folder, everything.format(""))
    ((old,),) = stored(folder, "SELECT DISTINCT policy_version FROM scores.lead_scores")
    change(folder, edit, here)
    done = here("run", "--project", folder, "--json")
    assert done.code == 0
    assert done.document["slices"]["computed"] == 0
    assert done.document["scores"] == {"inserted": len(before), "updated": 0, "unchanged": 0}
    assert stored(folder, everything.format(f"WHERE policy_version = '{old}'")) == before
    versions = stored(folder, "SELECT policy_version, COUNT(*) FROM scores.lead_scores GROUP BY ALL ORDER BY 1")
    assert len(versions) == 2
    assert {count for _, count in versions} == {len(before)}
    assert stored(folder, f"SELECT COUNT(*) FROM (SELECT DISTINCT {KEY} FROM scores.lead_scores)") == [
        (2 * len(before),)
    ]


def test_latest_follows_the_policy_in_force_also_back_to_an_earlier_one(
    here: Any, copy_of: Any, edit: Any, published: Any
) -> None:
    folder = copy_of("scored")
    latest = "SELECT * EXCLUDE (run_id, written_at) FROM scores.latest ORDER BY lead_id"
    before = published(folder, latest)
    edit(folder / "leadmart.toml", "hot = 80 ", "hot = 55 ")
    assert here("run", "--project", folder).code == 0
    between = published(folder, latest)
    assert between != before
    edit(folder / "leadmart.toml", "hot = 55 ", "hot = 80 ")
    assert here("run", "--project", folder).code == 0
    assert published(folder, latest) == before


def test_the_published_scores_are_those_of_the_store(published: Any, stored: Any, company: Any) -> None:
    folder = company("trained")
    rows = "SELECT * FROM scores.lead_scores ORDER BY ALL"
    assert published(folder, rows) == stored(folder, rows)
    assert len(published(folder, "SELECT DISTINCT model_version FROM scores.lead_scores")) == 2
    ((latest,),) = published(folder, "SELECT DISTINCT model_version FROM scores.latest")
    assert latest.startswith("m_")


# --- the past ---


@pytest.mark.slow
def test_a_backfill_of_some_days_equals_as_many_runs(here: Any, copy_of: Any, difference: Any, stored: Any) -> None:
    """P5: to the byte, in any order, and doing it again changes nothing."""
    filled, walked = copy_of("trained", "filled"), copy_of("trained", "walked")
    days = first_of(3, ("2026-03-01", *(f"2026-02-{day}" for day in range(28, 24, -1))))
    missing = 9 * len(days)
    span = ("backfill", "--project", filled, "--start", days[-1], "--end", "2026-03-02")
    dry = here(*span, "--dry-run", "--json")
    assert (dry.code, dry.document["slices"]) == (0, {"missing": missing, "filled": 0})
    assert stored(filled, "SELECT COUNT(*) FROM meta.slices") == [(9,)]
    back = here(*span, "--json")
    assert (back.code, back.document["slices"]) == (0, {"computed": missing, "skipped": 0})
    inserted = 0
    # the newest first: the order must not matter either
    for day in days:
        single = here("run", "--project", walked, "--as-of", day, "--json")
        assert single.code == 0
        inserted += single.document["scores"]["inserted"]
    assert inserted == back.document["scores"]["inserted"] > 500 * len(days)
    assert stored(walked, "SELECT COUNT(DISTINCT as_of) FROM scores.lead_scores") == [(len(days) + 1,)]
    assert difference(filled, walked) == {}
    again = here(*span, "--json")
    assert again.document["slices"] == {"computed": 0, "skipped": missing}
    assert again.document["scores"] == {"inserted": 0, "updated": 0, "unchanged": inserted}


def test_a_backfill_of_one_view_fills_it_and_scores_nothing(here: Any, copy_of: Any, stored: Any) -> None:
    folder = copy_of("scored")
    before = stored(folder, "SELECT COUNT(*) FROM scores.lead_scores")
    words = (
        "backfill",
        "--project",
        folder,
        "--start",
        "2026-02-28",
        "--end",
        "2026-03-02",
        "--view",
        "web_engagement",
    )
    done = here(*words, "--json")
    assert done.code == 0
    assert done.document["scores"] == {"inserted": 0, "updated": 0, "unchanged": 0}
    filled = stored(
        folder,
        "SELECT kind, name, COUNT(*) FROM meta.slices WHERE as_of < TIMESTAMP '2026-03-02' GROUP BY ALL ORDER BY ALL",
    )
    assert filled == [("feature", "web_engagement", 2), ("spine", "open_leads", 2)]
    assert stored(folder, "SELECT COUNT(*) FROM scores.lead_scores") == before
