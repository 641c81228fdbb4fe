"""`run --hot`: touched leads, all of them, scored as a full run at that moment scores them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytestmark = pytest.mark.slow

CUTS = tuple(
    datetime.fromisoformat(each) for each in ("2026-02-26", "2026-02-26T09:30", "2026-02-27T16:00", "2026-03-01")
)
"""When the deliveries come; the first fills the company, the others are what a hot run finds."""

ROWS = "SELECT * EXCLUDE (run_id, written_at) FROM scores"
SETTINGS = """
[features]
views = ["lead_profile@v1", "form_activity@v1", "web_engagement@v1", "email_engagement@v1", "product_usage@v1",
    "account_engagement@v1", "account_activity@v1", "surge@v1"]

[scoring]
gates = ["icp@v1", "customers@v1", "rep_feedback@v1"]
overrides = true

[outbox]
enabled = true
"""


def at(moment: datetime) -> dict[str, str]:
    return {"LEADMART_NOW": moment.isoformat()}


@dataclass
class World:
    """A company whose rows come in several deliveries; every command is given the moment at which it is typed."""

    here: Any
    published: Any
    stored: Any
    folder: Path
    deliveries: list[dict[str, Path]]

    def ask(self, *words: object, now: datetime, folder: Path | None = None) -> Any:
        done = self.here(*words, "--project", folder or self.folder, **at(now))
        assert done.code == 0, done.err + done.out
        return done

    def load(self, number: int, folder: Path | None = None) -> None:
        for table, file in self.deliveries[number].items():
            self.ask("load", table, file, now=CUTS[number], folder=folder)

    def hot(self, number: int, folder: Path | None = None) -> dict[str, Any]:
        document: dict[str, Any] = self.ask("run", "--hot", "--json", now=CUTS[number], folder=folder).document
        return document

    def copy(self, name: str) -> Path:
        import shutil

        other = self.folder.with_name(name)
        shutil.copytree(self.folder, other)
        return other

    def scores(self, folder: Path, moment: datetime, view: str = "shown") -> dict[str, tuple[Any, ...]]:
        """Score rows at a moment by lead, without who wrote them."""
        sql = f"SELECT * EXCLUDE (run_id, written_at) FROM scores.{view} WHERE as_of = TIMESTAMP '{moment}'"
        return {row[0]: row for row in self.published(folder, sql)}


def deliver(raw: Path, out: Path, seed: int) -> list[dict[str, Path]]:
    """Splits a company's raw tables by arrival. Some rows come a delivery late, and say they came in time."""
    found: list[dict[str, Path]] = [{} for _ in CUTS]
    for table in sorted(path.name for path in raw.iterdir()):
        is_late = f"HASH({seed}, '{table}', ROW_NUMBER() OVER ()) % 100 < 8 AS is_late"
        rows = f"(SELECT *, {is_late} FROM '{raw / table}/*.parquet')"
        arrival = " ".join(f"WHEN synced_at <= TIMESTAMP '{cut}' THEN {n}" for n, cut in enumerate(CUTS))
        part = f"CASE {arrival} END + CASE WHEN is_late AND synced_at > TIMESTAMP '{CUTS[0]}' THEN 1 ELSE 0 END"
        for number in range(len(CUTS)):
            file = out / f"{table}-{number}.parquet"
            select = f"SELECT * EXCLUDE (is_late) FROM {rows} WHERE {part} = {number}"
            if number == 0 or duckdb.execute(f"SELECT COUNT(*) FROM ({select})").fetchone() != (0,):
                duckdb.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet)")
                found[number][table] = file
    return found


@pytest.fixture
def world(request: Any, here: Any, published: Any, stored: Any, tmp_path: Path) -> World:
    seed = getattr(request, "param", 1)
    made = here(
        "init", tmp_path / "made", "--demo", "--leads", "250", "--days", "200", "--seed", seed, "--until", "2026-03-01",
        **at(CUTS[-1]),
    )  # fmt: skip
    assert made.code == 0, made.err
    parts = tmp_path / "parts"
    parts.mkdir()
    deliveries = deliver(tmp_path / "made" / "warehouse" / "raw", parts, seed)
    folder = tmp_path / "world"
    assert here("init", folder, **at(CUTS[0])).code == 0
    (folder / "leadmart.toml").write_text('[project]\nname = "world"\n' + SETTINGS, encoding="utf-8")
    found = World(here, published, stored, folder, deliveries)
    found.load(0)
    return found


@pytest.mark.parametrize("world", [1, 2], indirect=True)
def test_a_hot_run_scores_the_touched_as_a_full_run_would(world: World) -> None:
    """#18: every lead whose score new rows change is touched, and its row is a full run's, bit for bit."""
    world.ask("run", now=CUTS[0])
    world.copy("before")
    for number in (1, 2):
        world.load(number)
        found = world.hot(number)
        moment = CUTS[number]
        assert found["status"] == "done"
        assert found["hot"]["everyone"] is None, found
        assert 0 < found["hot"]["scored"] < len(world.scores(world.folder, CUTS[0]))
        hot = world.scores(world.folder, moment, "hot")
        gone = {
            lead
            for (lead,) in world.stored(world.folder, f"SELECT lead_id FROM meta.hot_gone WHERE as_of = '{moment}'")
        }
        assert len(hot) == found["hot"]["scored"]

        full = world.copy(f"full_{number}")
        done = world.ask("run", "--as-of", moment.isoformat(), "--json", now=moment, folder=full).document
        assert done["scores"]["updated"] == 0
        assert done["scores"]["unchanged"] == len(hot)
        after = world.scores(full, moment)
        assert {lead: after[lead] for lead in hot} == hot
        assert not gone & after.keys()

        # the same moment, without what this delivery brought: whoever differs was touched
        other = world.folder.with_name("before")
        note = world.folder.with_name(f"note_{number}.csv")
        note.write_text(f"id\n{number}\n", encoding="utf-8")
        world.ask("load", "notes", note, now=moment, folder=other)
        world.ask("run", "--as-of", moment.isoformat(), now=moment, folder=other)
        unaware = world.scores(other, moment)
        differing = {lead for lead in unaware.keys() | after.keys() if unaware.get(lead) != after.get(lead)}
        assert differing
        assert differing <= hot.keys() | gone
        world.load(number, folder=other)  # and so it knows it for the next

        # what is shown is the newest of each lead in play
        latest = {row[0]: row for row in world.published(world.folder, "SELECT lead_id, as_of FROM scores.latest")}
        assert hot.keys() <= latest.keys()
        assert not gone & latest.keys()
        assert all(latest[lead][1] == moment for lead in hot)
    assert world.hot(2)["hot"] | {"since": None} == {
        "since": None, "everyone": None, "rows": {}, "touched": 0, "scored": 0, "gone": 0,
    }  # fmt: skip
    assert world.ask("doctor", now=CUTS[2]).code == 0
