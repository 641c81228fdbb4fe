"""`scores.as_shown_on(day)` and `explain LEAD --shown-on D`: what people saw when a day ended, ten releases later."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.project import find_project
from leadmart.scoring import pipeline

QUICKLY = (pipeline.prove, pipeline.plan, pipeline.fill_slices, pipeline.score)
# the town was made by the wall clock: the releases come after it
LATEST = "SELECT * FROM scores.latest ORDER BY lead_id"


def rescore(folder: Path, day: str, monkeypatch: pytest.MonkeyPatch, hour: int = 6) -> None:
    """A run of a day as people know it, at the as_of that is filled; what quality would say is not asked."""
    with monkeypatch.context() as patch:
        patch.setenv("LEADMART_NOW", f"{day}T{hour:02}:00:00")
        patch.setattr(pipeline, "approves_scores", lambda *_: True)
        patch.setattr("leadmart.scoring.judge.Judge.approves", lambda *_, **__: True)
        done = pipeline.execute(find_project(folder), "run", newest_filled, stages=QUICKLY, run_id=f"{day}-{hour}")
    assert done.status == "done"


def newest_filled(warehouse: Any) -> Any:
    """The one as_of that the town has."""
    return [row[0] for row in warehouse.rows("SELECT MAX(as_of) FROM store.meta.slices")]


@pytest.fixture(scope="module")
def released(company: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory, published: Any) -> Any:
    """The town after ten releases of a policy or a view, a day each: its folder, and what `latest` said each day."""
    from tests.conftest import rewrite_catalogue

    folder = tmp_path_factory.mktemp("released") / "town"
    shutil.copytree(company("town"), folder)
    settings = folder / "leadmart.toml"
    text = settings.read_text(encoding="utf-8")
    said: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADMART_NOW", "2096-04-01T00:00:00")
        rewrite_catalogue(folder)
        for number in range(1, 11):
            day = f"2096-04-{number:02}"
            # the seventh goes back to what the third said, and the ninth is another version of a view
            hot = 60 + (3 if number == 7 else number)
            settings.write_text(text.replace("hot = 80", f"hot = {hot}"), encoding="utf-8")
            if number == 9:
                own = folder / "sql" / "features" / "web_engagement"
                own.mkdir(parents=True)
                packaged = Path(pipeline.__file__).parents[1] / "sql" / "features" / "web_engagement" / "v1.sql"
                changed = packaged.read_text(encoding="utf-8")
                (own / "v2.sql").write_text(changed, encoding="utf-8")
                text = text.replace("web_engagement@v1", "web_engagement@v2")
                settings.write_text(text.replace("hot = 80", f"hot = {hot}"), encoding="utf-8")
            rescore(folder, day, patch)
            said[day] = published(folder, LATEST)
    return folder, said


def shown(folder: Path, day: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse" / "published" / "leadmart.duckdb"), read_only=True) as connection:
        return connection.execute(f"SELECT * FROM scores.as_shown_on(DATE '{day}') ORDER BY lead_id").fetchall()


@pytest.mark.slow
def test_each_day_is_answered_as_it_was_after_ten_releases(released: Any, published: Any) -> None:
    folder, said = released
    assert len(said) == 10
    assert len({str(rows) for rows in said.values()}) == 9 + (said["2096-04-03"] != said["2096-04-07"])
    assert {day: shown(folder, day) for day in said} == said
    assert len(published(folder, "SELECT DISTINCT policy_version FROM meta.scorings")) >= 9
    # what the version before had stays readable beside the new one
    ((old, new),) = published(
        folder, "SELECT (SELECT COUNT(*) FROM features.web_engagement__v1), COUNT(*) FROM features.web_engagement__v2"
    )
    assert old == new > 0
    # a day on which nothing ran shows what the day before did; one after the last shows the last
    assert shown(folder, "2096-05-01") == said["2096-04-10"]


@pytest.mark.slow
def test_a_lead_is_explained_as_it_was_shown(released: Any, here: Any) -> None:
    folder, said = released
    lead = said["2096-04-01"][0][0]
    was = here("explain", lead, "--shown-on", "2096-04-02", "--project", folder, "--json").document
    now = here("explain", lead, "--project", folder, "--json").document
    assert was["versions"] != now["versions"]
    assert (was["sections"]["status"]["hot_from"], now["sections"]["status"]["hot_from"]) == (62, 70)
    assert was["shown_on"] == {"day": "2096-04-02", "shown_at": "2096-04-02T06:00:00", "champion": "rules"}
    assert now["shown_on"] is None
    words = here("explain", lead, "--shown-on", "2096-04-02", "--project", folder).out
    assert "  as shown on 2096-04-02, since 2096-04-02 06:00; the champion was then rules\n" in words


@pytest.mark.slow
def test_a_day_or_a_lead_that_was_not_shown_is_named(released: Any, here: Any) -> None:
    folder, said = released
    lead = said["2096-04-01"][0][0]

    def error(*words: str) -> Any:
        return here("explain", *words, "--project", folder, "--json").document["error"]["code"]

    assert error(lead, "--shown-on", "2020-01-01") == "nothing_shown"
    assert error("nobody", "--shown-on", "2096-04-02") == "unknown_lead"
    assert here("explain", lead, "--shown-on", "2096-04-02", "--as-of", "2026-03-01", "--project", folder).code == 2


@pytest.mark.slow
def test_who_is_erased_was_shown_on_no_day(released: Any, here: Any, tmp_path: Path) -> None:
    from tests.conftest import rewrite_catalogue

    folder, said = tmp_path / "erased", released[1]
    shutil.copytree(released[0], folder)
    rewrite_catalogue(folder)
    lead = said["2096-04-01"][0][0]
    assert here("erase", lead, "--project", folder, LEADMART_NOW="2096-04-20").code == 0
    for day, rows in said.items():
        assert shown(folder, day) == [row for row in rows if row[0] != lead]
    found = here("explain", lead, "--shown-on", "2096-04-02", "--project", folder, "--json")
    assert found.document["error"]["code"] == "unknown_lead"
