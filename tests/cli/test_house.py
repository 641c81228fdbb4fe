"""Keeping house where there are scores: what was shown stays, unless a setting says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

SHOWN = "SELECT * FROM scores.history ORDER BY ALL"
OLD = "2026-02-20"


@pytest.fixture
def twice(copy_of: Any, here: Any) -> Path:
    """The company scored at two as_of, ten days apart, and an age limit for slices between them."""
    folder: Path = copy_of("scored")
    assert here("run", "--as-of", OLD, "--project", folder).code == 0
    return folder


def settle(folder: Path, retention: str) -> None:
    toml = folder / "leadmart.toml"
    toml.write_text(toml.read_text().partition("[retention]")[0] + "[retention]\n" + retention)


@pytest.mark.slow
def test_scores_are_kept_pruned_and_written_anew(
    twice: Path, here: Any, published: Any, stored: Any, score_bytes: Any
) -> None:
    def ask(*words: object) -> Any:
        return here(*words, "--project", twice)

    before, files = published(twice, SHOWN), score_bytes(twice)
    ((lead,),) = published(twice, f"SELECT MIN(lead_id) FROM scores.shown WHERE as_of = '{OLD}'")

    # a lost score file holds everything up; the doctor writes it anew, byte for byte
    (gone, cut) = sorted((twice / "warehouse" / "scores").glob("*.parquet"))
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:1000])
    assert ask("run").code == 1
    assert ask("doctor", "--fix").code == 0
    assert score_bytes(twice) == files
    assert published(twice, SHOWN) == before

    # slices go, scores stay, and a score without its slices can still be told
    settle(twice, 'slices = "1 day"\nweekly = "0 days"\ngrace = "0 days"\n')
    assert ask("prune").code == 0
    assert published(twice, "SELECT DISTINCT as_of::VARCHAR FROM meta.slices") == [("2026-03-02 00:00:00",)]
    assert published(twice, SHOWN) == before
    told = ask("explain", lead, "--as-of", OLD)
    assert told.code == 0
    assert "the slices of this as_of are no longer kept" in told.out
    assert ask("doctor").code == 0

    # scores go by their own setting only, those of the newest as_of never
    settle(twice, 'scores = "5 days"\ngrace = "0 days"\n')
    said = here("prune", "--json", "--project", twice).document
    assert [(each["view"], each["slices"]) for each in said["views"]] == [("scores.lead_scores", 1)]
    newest = [("2026-03-02 00:00:00",)]
    for table in ("scores.lead_scores", "meta.scorings"):
        assert stored(twice, f"SELECT DISTINCT as_of::VARCHAR FROM {table}") == newest
    assert published(twice, "SELECT DISTINCT as_of::VARCHAR FROM scores.history") == newest
    assert len(score_bytes(twice)) == 1
    settle(twice, 'scores = "0 days"\ngrace = "0 days"\n')
    assert here("prune", "--json", "--project", twice).document["views"] == []
    assert ask("doctor").code == 0


def test_a_backfill_that_does_not_fit_the_disk_is_refused(copy_of: Any, here: Any, score_bytes: Any) -> None:
    folder = copy_of("scored")
    with duckdb.connect(str(folder / "warehouse" / "published" / "leadmart.duckdb")) as catalogue:
        catalogue.execute("UPDATE meta.slices SET bytes = 1000000000000000")
    before = score_bytes(folder)
    words = ("backfill", "--start", "2026-02-20", "--end", "2026-02-22", "--project", folder)
    said = here(*words, "--dry-run", "--json").document
    assert (said["fits"], said["bytes"]) == (False, 18 * 10**15)
    refused = here(*words, "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "no_room")
    assert "36,000,000.0 GB free" in refused.document["error"]["message"]
    assert score_bytes(folder) == before
    assert here(*words, "--dry-run").out.count("GB free") == 1
