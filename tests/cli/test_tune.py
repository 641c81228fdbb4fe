"""`tune` on a project: it says, and changes nothing."""

from __future__ import annotations

from typing import Any


def test_tune_proposes_thresholds_and_writes_nothing(here: Any, copy_of: Any, stored: Any) -> None:
    """#78, #79: on all matured landmarks where the rules score; a capacity of ten thousand keeps what is set."""
    folder = copy_of("scored")
    settings = (folder / "leadmart.toml").read_bytes()
    before = stored(folder, "SELECT COUNT(*), MAX(run_id) FROM meta.runs")
    told = here("tune", "--leads-per-week", "5", "--project", folder)
    assert told.code == 0
    assert "[scoring.tiers]" in told.out
    document = here("tune", "--leads-per-week", "5", "--project", folder, "--json").document
    assert f"hot = {document['hot']:g}\n  warm = {document['warm']:g}\n" in told.out
    assert document["converted"] >= 50
    assert document["model_version"] == "rules"
    assert document["present"] == {"hot": 80.0, "warm": 50.0, "by": "composite"}
    kept = here("tune", "--leads-per-week", "10000", "--project", folder)
    assert "Kept: hot from 80, warm from 50." in kept.out
    assert (folder / "leadmart.toml").read_bytes() == settings
    assert stored(folder, "SELECT COUNT(*), MAX(run_id) FROM meta.runs") == before
