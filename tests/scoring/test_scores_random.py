"""Score rows of a project without a model against plain Python, from raw files on, on random worlds full of traps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.filled import slice_file
from leadmart.features.plan import select
from leadmart.scoring.scorer import Scorer
from leadmart.scoring.upsert import upsert
from tests.features import oracle, oracle_sources
from tests.features import oracle_engine as engine
from tests.features import random_worlds as worlds
from tests.samples import first
from tests.scoring import oracle_scores as scores

HERE = Path(__file__).parent
SQL = HERE.parents[1] / "sql"
SEEDS = [103, 104, *(pytest.param(seed, marks=pytest.mark.slow) for seed in first(1, range(105, 109)))]


GATES = scores.read_gates(SQL / "gates" / "icp" / "v1.sql")
SCORECARD, TEMPLATES = (scores.read_csv(SQL / "reference" / f"{name}.csv") for name in ("scorecard", "reasons"))


def expected_scores(sources: Any, as_of: datetime) -> dict[str, dict[str, Any]]:
    """The open leads whose first opportunity is not known yet, and their score rows."""
    found = {}
    for lead in oracle.open_leads(as_of, sources) - set(oracle.first_opportunities(sources, known_at=as_of)):
        row = engine.stored_lead(lead, as_of, sources)
        found[lead] = scores.score(row, GATES, SCORECARD, TEMPLATES)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_of_a_random_world_are_what_plain_python_computes(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    count = 0
    with engine.landed(world, tmp_path / "project", batches=2) as session:
        engine.filled(session, world.as_ofs)
        selection = select(session.registry, session.present)
        scorer = Scorer.of(session, selection)
        for as_of in world.as_ofs:
            rows, warnings = scorer.score(as_of)
            assert warnings == ()
            upsert(session.warehouse, rows, scorer.scoring(as_of), "r")
            file = slice_file(session.warehouse, selection.slice_of(selection.spine, as_of))
            asked = {row["lead_id"] for row in engine.rows_of(session.warehouse, f"FROM read_parquet('{file}')")}
            sql = f"FROM store.scores.lead_scores WHERE as_of = TIMESTAMP '{as_of}'"
            stored = {row["lead_id"]: row for row in engine.rows_of(session.warehouse, sql)}
            expected = expected_scores(sources, as_of)
            assert stored.keys() == expected.keys() <= asked
            for lead, wanted in expected.items():
                own = {column: stored[lead][column] for column in wanted}
                if own != wanted:
                    row = engine.stored_lead(lead, as_of, sources)
                    words = [
                        f"  {c}: the engine {own[c]!r}, plain Python {v!r}" for c, v in wanted.items() if own[c] != v
                    ]
                    pytest.fail("\n".join([f"seed {seed}: {lead!r} at {as_of}", *words, f"  of {row}"]), pytrace=False)
                assert (stored[lead]["model_version"], stored[lead]["w"], stored[lead]["rank"]) == ("rules", 0.0, None)
            count += len(expected)
    print(f"seed {seed}: {count} score rows")


def test_the_worlds_reach_every_gate_tier_and_rule() -> None:
    seen: dict[str, set[Any]] = {"tier": set(), "gates": set(), "codes": set(), "cap": set()}
    given = set()
    for seed in range(100, 106):
        world = worlds.random_world(seed)
        sources = oracle_sources.all_sources(world.tables)
        for as_of in world.as_ofs:
            for lead in oracle.open_leads(as_of, sources):
                row = engine.stored_lead(lead, as_of, sources)
                scored = scores.score(row, GATES, SCORECARD, TEMPLATES)
                seen["tier"].add(scored["tier"])
                seen["cap"].add(scored["cap"])
                seen["gates"] |= set(scored["gates"])
                seen["codes"] |= set(scored["reason_codes"] or ())
                given |= {column for column, points in scores.points(row, SCORECARD).items() if points}
    assert seen["tier"] >= {"cold", "warm", "disqualified"}
    assert seen["cap"] == {20.0, 40.0, 60.0, 100.0}
    assert seen["gates"] == {gate.name for gate in GATES}
    assert given == {rule["column"] for rule in SCORECARD}
    assert "last_visit" in seen["codes"]
