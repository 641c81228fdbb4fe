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


def test_prune_lets_go_of_what_was_kept_about_versions_that_nothing_goes_by(
    copy_of: Any, here: Any, stored: Any, published: Any
) -> None:
    """What scores, a model or the next run go by stays; a table's text stays while a kept policy names it."""
    folder = copy_of("town")
    with duckdb.connect(str(folder / "warehouse" / "leadmart.duckdb")) as store:
        store.execute(
            "INSERT INTO meta.feature_sets SELECT f.* REPLACE (o.v AS feature_set_version, TIMESTAMP '2020-01-01' AS "
            "recorded_at) FROM meta.feature_sets AS f, (VALUES ('f_old'), ('f_of_a_model')) AS o (v)"
        )
        store.execute(
            "INSERT INTO meta.models SELECT 'm_1', 'retired', 'ml', 'f_of_a_model', 'l', 'l', 1, 1, NULL, '{}', 'r', "
            "TIMESTAMP '2020-01-01'"
        )
        store.execute(
            "INSERT INTO meta.policies SELECT 'f_old', 'p_old', content, '{\"lists\": \"h1\"}', run_id, "
            "TIMESTAMP '2020-01-01' FROM meta.policies"
        )
        store.execute(
            'UPDATE meta.policies SET reference_tables = JSON_MERGE_PATCH(reference_tables, \'{"lists": "h2"}\') '
            "WHERE policy_version <> 'p_old'"
        )
        store.execute("INSERT INTO meta.reference_texts VALUES ('lists', 'h1', 'a', 'r'), ('lists', 'h2', 'b', 'r')")
    assert here("run", "--as-of", "2026-03-01", "--project", folder).code == 0
    plan = ("plan", "--as-of", "2026-03-01", "--json", "--project", folder)
    before = here(*plan).document
    ((rows,),) = stored(folder, "SELECT COUNT(*) FROM meta.feature_sets WHERE feature_set_version = 'f_old'")
    going = {"feature_sets": rows, "policies": 1, "reference_texts": 1}
    assert here("prune", "--dry-run", "--json", "--project", folder).document["records"] == going
    assert f"would be deleted: meta.feature_sets {rows}" in here("prune", "--dry-run", "--project", folder).out
    assert here("prune", "--json", "--project", folder).document["records"] == going
    assert here("prune", "--dry-run", "--json", "--project", folder).document["records"] == {}
    kept = {version for (version,) in stored(folder, "SELECT feature_set_version FROM meta.feature_sets")}
    assert kept == {"f_of_a_model", before["feature_set_version"]}
    assert published(folder, "SELECT text FROM meta.reference_texts WHERE name = 'lists'") == [("b",)]
    assert here(*plan).document == before
