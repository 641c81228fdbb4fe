"""The engine against plain Python, from raw files to feature rows, on random worlds full of traps.

A seed names a world (random_worlds.py); oracle_sources.py and oracle.py say what must come out of it. A failure names
the seed, the first (key, as_of) that differs, its columns with both values, and the raw rows about that key.
`pytest -rP` prints how many values were compared.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.catalogue import publish
from leadmart.features.filled import slice_file
from leadmart.features.outcomes import make_outcomes
from leadmart.features.pairs import features_for_pairs
from leadmart.features.plan import select
from leadmart.features.project import find_project
from leadmart.features.raw.load import load
from leadmart.features.registry import Registry
from leadmart.features.render import preamble_sql, to_paste
from leadmart.features.session import Session
from leadmart.features.warehouse import open_for_writing
from tests.features import oracle, oracle_sources
from tests.features import oracle_engine as engine
from tests.features import random_worlds as worlds
from tests.samples import IS_ALL, first

HERE = Path(__file__).parent
QUICK, MORE = range(4), first(3, range(4, 22))
SEEDS = [*QUICK, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MORE)]
LISTS = engine.LISTS


def spread(few: int) -> list[Any]:
    """So many of the seeds, from the first on, at even distances."""
    return SEEDS[:: -(-len(SEEDS) // few)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_world_gives_what_plain_python_computes(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    expected = engine.expected_rows(sources, world.as_ofs, world.leads, world.accounts)
    with engine.landed(world, tmp_path / "project") as session:
        values = engine.compare_staging(world, session, sources)
        for form in engine.FORMS:
            found = engine.computed(session, form, world.as_ofs, world.leads, world.accounts)
            values += engine.compare(world, session.registry, found, expected, form)
        label = session.registry.get("label", "opportunity")
        for known_at in (None, *world.as_ofs):
            make_outcomes(session, session.registry, label, known_at)
            outcomes = dict(session.warehouse.rows("SELECT lead_id, outcome_at FROM outcomes"))
            assert outcomes == oracle.first_opportunities(sources, known_at), (seed, known_at)
            values += len(outcomes)
    print(f"seed {seed}: {values:,} values of {sum(map(len, expected.values())):,} rows, in both forms")


@pytest.mark.parametrize("seed", spread(6 if IS_ALL else 3))
def test_some_leads_at_one_moment_get_what_all_get_at_all(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    draw = random.Random(seed)
    with engine.landed(world, tmp_path / "project") as session:
        for as_of in world.as_ofs:
            leads, accounts = draw.sample(world.leads, 3), draw.sample(world.accounts, 2)
            expected = engine.expected_rows(sources, [as_of], leads, accounts)
            found = engine.computed(session, "executed", [as_of], leads, accounts)
            engine.compare(world, session.registry, found, expected, f"{leads} at {as_of} alone")


@pytest.mark.parametrize("seed", spread(4 if IS_ALL else 2))
@pytest.mark.parametrize("place", ["parquet", "duckdb"])
def test_raw_read_in_place_gives_what_plain_python_computes(place: str, seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    files = worlds.write_batches(world, tmp_path / "exports", form="parquet")
    if place == "duckdb":
        with duckdb.connect(str(tmp_path / "exports.duckdb")) as loader:
            for table, (file,) in files.items():
                loader.execute(f"CREATE TABLE {table} AS FROM read_parquet('{file}')")
    raw = {"parquet": 'parquet = "../exports"', "duckdb": 'duckdb = "../exports.duckdb"'}[place]
    project = find_project(engine.new_project(tmp_path / "project", raw=raw))
    with open_for_writing(project) as warehouse:
        session = Session(warehouse, Registry(project))
        engine.compare_staging(world, session, sources)
        expected = engine.expected_rows(sources, world.as_ofs, world.leads, world.accounts)
        found = engine.computed(session, "executed", world.as_ofs, world.leads, world.accounts)
        engine.compare(world, session.registry, found, expected, f"read in place from {place}")


@pytest.mark.parametrize("seed", spread(4 if IS_ALL else 2))
def test_neither_rows_order_nor_batches_nor_threads_nor_moments_change_a_byte(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    with engine.landed(world, tmp_path / "one") as session:
        plain = engine.filled(session, *([as_of] for as_of in world.as_ofs))
    with engine.landed(world, tmp_path / "other", order=1, batches=3, threads=8) as session:
        other = engine.filled(session, world.as_ofs)
    assert len(plain) == 9 * len(world.as_ofs)
    assert other == plain, seed


@pytest.mark.parametrize("seed", spread(4 if IS_ALL else 2))
def test_slices_hold_what_plain_python_computes_and_what_the_pasted_text_gives(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    with engine.landed(world, tmp_path / "project", batches=2) as session:
        engine.filled(session, world.as_ofs)
        selection = select(session.registry, session.present)
        publish(session.warehouse, session.registry, selection)
        for as_of in world.as_ofs:
            leads = sorted(oracle.open_leads(as_of, sources))
            accounts = {oracle.account_of(lead, as_of, sources, LISTS) for lead in leads} - {None}
            expected = engine.expected_rows(sources, [as_of], leads, sorted(accounts))
            for definition in selection.definitions:
                file = slice_file(session.warehouse, selection.slice_of(definition, as_of))
                stored = engine.rows_of(session.warehouse, f"FROM read_parquet('{file}')")
                found = {definition.name: engine.keyed(stored, (definition.key, "as_of"))}
                wanted = {definition.name: expected[definition.name]}
                engine.compare(world, session.registry, found, wanted, f"slice at {as_of}")
                with duckdb.connect() as console:
                    console.execute(preamble_sql(session.warehouse.project, session.registry, definition, as_of))
                    *before, last = console.extract_statements(to_paste(definition, session.registry))
                    for statement in before:
                        console.execute(statement)
                    pasted = {
                        definition.name: engine.keyed(engine.rows_of(console, last.query), (definition.key, "as_of"))
                    }
                engine.compare(world, session.registry, pasted, wanted, f"pasted after the preamble at {as_of}")


def test_the_worlds_hold_every_trap() -> None:
    seen: dict[str, set[Any]] = {}
    ways, traps = set(), set()
    for seed in range(6):
        world = worlds.random_world(seed)
        sources = oracle_sources.all_sources(world.tables)
        for as_of in world.as_ofs:
            for lead in world.leads:
                for name, value in oracle.lead_row(lead, as_of, sources, LISTS).items():
                    seen.setdefault(name, set()).add(value)
        for name, rows in world.tables.items():
            clock = oracle_sources.SOURCES[name].clock
            ways |= {(world.formats[name], type(row[clock]).__name__) for row in rows}
            traps |= {"empty"} if not rows else set()
            traps |= {"absent"} if len(world.tables) < len(worlds.TABLES) else set()
            for row in rows:
                occurred_at, ingested_at = oracle_sources.moment(row[clock]), oracle_sources.moment(row["synced_at"])
                if occurred_at is None or ingested_at is None:
                    traps.add("no clock")
                    continue
                traps |= {"early"} if ingested_at < occurred_at else set()
                for as_of in world.as_ofs:
                    for own, moment in (("occurred", occurred_at), ("ingested", ingested_at)):
                        apart = (moment - as_of).total_seconds() * 1e6
                        traps |= {f"{own} {apart:+.0f}"} if abs(apart) <= 1 else set()
    assert {name for name, values in seen.items() if len(values) < 2} == set()
    edges = {f"{own} {apart}" for own in ("occurred", "ingested") for apart in ("+0", "-1", "+1")}
    assert traps == {"empty", "absent", "no clock", "early", *edges}
    assert ways >= {("csv", "str"), ("jsonl", "str"), ("parquet", "str"), ("parquet", "datetime"), ("parquet", "date")}


@pytest.mark.parametrize("seed", spread(4 if IS_ALL else 2))
def test_random_pairs_get_what_plain_python_computes(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    draw = random.Random(seed)
    zone = datetime.fromisoformat("2024-01-01T00:00+05:30").tzinfo
    pairs = []
    for _ in range(60):
        moment = draw.choice(world.as_ofs) - timedelta(
            days=draw.choice((0, 0, 7, 61)), microseconds=draw.randint(-1, 1)
        )
        pairs.append((draw.choice([lead for lead in world.leads if lead]), moment))
    pairs += draw.sample(pairs, 10)
    lines = [f'"{lead}",{as_of.replace(tzinfo=UTC).astimezone(zone).isoformat()}' for lead, as_of in pairs]
    given, out = tmp_path / "pairs.csv", tmp_path / "out.parquet"
    given.write_text("\n".join(["lead_id,as_of", *lines]) + "\n", encoding="utf-8")
    with engine.landed(world, tmp_path / "project") as session:
        assert features_for_pairs(session, given, out) == len(pairs)
        found = engine.rows_of(session.warehouse, f"FROM read_parquet('{out}')")
        rules = {column.name for column in session.registry.get("gate", "icp@v1").columns}
    assert [(row["lead_id"], row["as_of"]) for row in found] == pairs
    for own in found:
        expected = engine.stored_lead(own["lead_id"], own["as_of"], sources)
        wanted = {column: value for column, value in expected.items() if column not in rules}
        assert {column: own[column] for column in wanted} == wanted, (seed, own["lead_id"], own["as_of"])


@pytest.mark.slow
def test_threads_and_row_order_change_no_byte_of_a_large_world(tmp_path: Path) -> None:
    small = worlds.write_batches(worlds.random_world(1), tmp_path / "small", form="parquet")
    as_of = worlds.random_world(1).as_ofs[1]
    slices = []
    for threads, order in ((1, "r"), (8, "HASH(r)")):
        project = find_project(engine.new_project(tmp_path / f"with {threads}", threads=threads))
        with open_for_writing(project) as warehouse:
            session = Session(warehouse, Registry(project))
            for table, (file,) in small.items():
                # every lead and what it did 1,500 times over, of the same few accounts
                key = next(iter(oracle_sources.SOURCES[table].columns))
                own = {name for name in (key, "lead_id") if name in oracle_sources.SOURCES[table].columns}
                again = ", ".join(f"{name} || '-' || r AS {name}" for name in sorted(own - {"account_id"}))
                large = tmp_path / f"{threads}" / f"{table}.parquet"
                large.parent.mkdir(exist_ok=True)
                many = f"SELECT * REPLACE ({again}) FROM read_parquet('{file}'), range(1500) AS t (r) ORDER BY {order}"
                rows = f"FROM read_parquet('{file}')" if table == "accounts" else many
                duckdb.execute(f"COPY ({rows}) TO '{large}' (FORMAT parquet, ROW_GROUP_SIZE 20480)")
                load(warehouse, session.registry, table, [large], loaded_at=datetime(2025, 1, 1))
            slices.append(engine.filled(session, [as_of]))
    assert slices[0] == slices[1]
    assert max(rows for _, rows in slices[0].values()) > 10_000
