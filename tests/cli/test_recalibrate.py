"""C7: `train --recalibrate` on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

VIEW = Path("sql", "features", "web_engagement")
V1 = (Path(__file__).resolve().parents[2] / VIEW / "v1.sql").read_text(encoding="utf-8")
MORE = V1.replace(
    "    DATE_DIFF('day', MAX", "    COUNT(w.event_id)\n        AS pages_90d, -- pages\n    DATE_DIFF('day', MAX"
)


def use(folder: Path, version: int, text: str) -> None:
    """Writes a version of the view, and has leadmart.toml name it."""
    (folder / VIEW).mkdir(parents=True, exist_ok=True)
    (folder / VIEW / f"v{version}.sql").write_text(text, encoding="utf-8")
    file = folder / "leadmart.toml"
    settings = file.read_text(encoding="utf-8")
    file.write_text(settings.replace(f"{VIEW.name}@v{version - 1}", f"{VIEW.name}@v{version}"), encoding="utf-8")


def test_without_a_later_month_nothing_is_recalibrated_and_the_champion_stays(
    here: Any, copy_of: Any, stored: Any
) -> None:
    """C7: the champion's test block is the latest matured one, so there is nothing newer to follow.

    8.2: a version with a column more is no hindrance, one with a column changed is, and the column is named.
    """
    folder = copy_of("trained")
    use(folder, 2, MORE)
    before = stored(folder, "SELECT model_version, role FROM meta.models")
    answer = here("train", "--recalibrate", "--project", folder, "--json")
    assert answer.code == 1
    assert answer.document["error"]["code"] == "nothing_to_recalibrate"
    assert "where the champion's test ended" in answer.document["error"]["message"]
    use(folder, 3, MORE.replace("w.page_type = 'docs'", "w.page_type = 'blog'"))
    answer = here("train", "--recalibrate", "--project", folder, "--json")
    assert answer.document["error"]["code"] == "feature_mismatch"
    assert "docs_views_30d" in answer.document["error"]["message"]
    assert stored(folder, "SELECT model_version, role FROM meta.models") == before


def test_without_a_champion_there_is_nothing_to_recalibrate(here: Any, copy_of: Any) -> None:
    """C7: the rules have no chances that could be moved."""
    answer = here("train", "--recalibrate", "--project", copy_of("scored"), "--json")
    assert answer.code == 1
    assert answer.document["error"]["code"] == "nothing_to_recalibrate"
    assert "`leadmart train`" in answer.document["error"]["hint"]
