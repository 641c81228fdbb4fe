"""`status`: one screen, letter by letter, and what it must not import."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

SUITES = Path(__file__).resolve().parents[2] / "expectations" / "suites"
MORNING = "2026-03-02T09:00:00"


@pytest.fixture
def told(here: Any) -> Any:
    """`told(folder, now)`: the screen, what differs by machine and run taken out."""

    def text(folder: Path, now: str = MORNING) -> str:
        answer = here("status", "--project", folder, LEADMART_NOW=now)
        assert answer.code == 0, answer.err
        plain = re.sub(r"\b\d{8}T\d{6}-[0-9a-f]{6}\b", "RUN", answer.out)
        plain = re.sub(r"\d+\.\d s\b", "SECONDS", plain)
        plain = re.sub(r" *\b[\d.]+ [kM]?B\b", " SIZE", plain)
        return re.sub(r"\b[fm]_[0-9a-f]{12}\b", "VERSION", plain).replace(str(folder), "PROJECT")

    return text


def test_fresh_late_and_not_scored_yet(company: Any, told: Any, golden: Any) -> None:
    golden(told(company("loaded")), "status/loaded.txt")
    golden(told(company("scored")), "status/fresh.txt")
    golden(told(company("scored"), "2026-03-06T09:00:00"), "status/late.txt")


def test_a_failed_source_is_named_with_what_it_holds_back(copy_of: Any, told: Any, here: Any, golden: Any) -> None:
    folder = copy_of("scored")
    packaged = json.loads((SUITES / "source.web_events.json").read_text())
    packaged["expectations"].append(
        {
            "type": "expect_column_values_to_not_be_in_set",
            "kwargs": {"column": "page_type", "value_set": ["pricing"]},
            "severity": "critical",
            "description": "nobody looks at prices",
        }
    )
    (folder / "suites" / "source.web_events.json").write_text(json.dumps(packaged))
    assert here("run", "--project", folder).code == 3
    golden(told(folder), "status/blocked.txt")
    # mended, the verdict of the packaged suite counts again, though it was given before
    (folder / "suites" / "source.web_events.json").unlink()
    assert here("run", "--project", folder).code == 0
    document = here("status", "--project", folder, "--json", LEADMART_NOW=MORNING).document
    assert (document["failed"], document["held_back"], document["last_run"]["status"]) == ([], [], "done")


def test_the_document_adds_up(copy_of: Any, here: Any, published: Any) -> None:
    folder = copy_of("trained")
    document = here("status", "--project", folder, "--json", LEADMART_NOW=MORNING).document
    assert document["fresh"]
    assert document["due"] == {"as_of": "2026-03-02T00:00:00", "slices": [], "scores": False, "refused": None}
    for kind, count in (("raw", "loads"), ("slices", "slices"), ("scores", "score_files")):
        ((files,),) = published(folder, f"SELECT COUNT(DISTINCT file) FROM meta.{count}")
        standing = list((folder / "warehouse" / kind).rglob("*.parquet"))
        assert document["size"][kind]["files"] == files == len(standing)
        assert document["size"][kind]["bytes"] == sum(file.stat().st_size for file in standing)
    ((champion,),) = published(folder, "SELECT model_version FROM meta.models WHERE role = 'champion'")
    assert document["in_force"]["champion"] == champion
    assert document["in_force"]["scored_with"]["model_version"] == champion
    # other features than the champion's: a run would be refused, and the screen says so
    toml = folder / "leadmart.toml"
    toml.write_text(toml.read_text().replace('    "product_usage@v1",\n', ""))
    refused = here("status", "--project", folder, "--json", LEADMART_NOW=MORNING).document["due"]["refused"]
    assert refused["code"] == "feature_mismatch"
    assert "a run would be refused" in here("status", "--project", folder).out


def test_nothing_published_is_a_named_error(here: Any, tmp_path: Path) -> None:
    assert here("init", tmp_path / "new").code == 0
    answer = here("status", "--project", tmp_path / "new", "--json")
    assert (answer.code, answer.document["error"]["code"]) == (1, "nothing_published")
