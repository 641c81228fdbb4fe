"""The engine against plain Python, from raw files to feature rows, on random worlds full of traps.

A seed names a world (random_worlds.py); oracle_sources.py and oracle.py say what must come out of it. A failure names
the seed, the first (key, as_of) that differs, its columns with both values, and the raw rows about that key.
`pytest -rP` prints how many values were compared.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from leadmart.features.catalogue import publish
from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.load import load
from leadmart.features.materialize import fill, slice_file
from leadmart.features.outcomes import make_outcomes
from leadmart.features.plan import missing_slices, select
from leadmart.features.project import find_project
from leadmart.features.registry import Registry
from leadmart.features.render import preamble_sql
from leadmart.features.session import Form, Session, relation_of
from leadmart.features.staging import stage
from leadmart.features.warehouse import Warehouse, open_for_writing

HERE = Path(__file__).parent
QUICK, MORE = range(8), range(8, 40)
SEEDS = [*QUICK, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MORE)]


def beside(name: str) -> ModuleType:
    """A module beside this test: tests are no package."""
    spec = importlib.util.spec_from_file_location(f"leadmart_tests_{name}", HERE / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


oracle, oracle_sources, worlds = beside("oracle"), beside("oracle_sources"), beside("random_worlds")
LISTS = oracle.read_lists(HERE.parents[1] / "sql" / "reference")

FORMS: tuple[Form, ...] = ("executed", "pasted")
Row = dict[str, Any]
Key = tuple[Any, ...]
LEAD_VIEWS = ("lead_profile", "form_activity", "web_engagement", "email_engagement", "product_usage")
SPINES = ("open_leads", "training_landmarks")
SETTINGS = """
[raw]
{raw}
[features]
views = [{views}]
[scoring]
gates = ["icp@v1"]
[engine]
memory_limit = "1GB"
threads = {threads}
"""


def new_project(folder: Path, *, threads: int = 1, raw: str = "") -> Path:
    views = ", ".join(f'"{view}@v1"' for view in (*LEAD_VIEWS, "account_engagement"))
    folder.mkdir(parents=True)
    settings = SETTINGS.format(raw=raw, views=views, threads=threads)
    (folder / "leadmart.toml").write_text(settings, encoding="utf-8")
    return folder


@contextmanager
def landed(world: Any, folder: Path, *, order: int = 0, batches: int = 1, threads: int = 1) -> Iterator[Session]:
    """A session on a new project into which the world's files were loaded, one after the other."""
    project = find_project(new_project(folder, threads=threads))
    registry = Registry(project)
    with open_for_writing(project) as warehouse:
        for table, paths in worlds.write_batches(world, folder / "landed", order=order, batches=batches).items():
            for number, path in enumerate(paths, 1):
                load(warehouse, registry, table, [path], loaded_at=datetime(2025, 1, number))
        yield Session(warehouse, registry)


def rows_of(warehouse: Warehouse | duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    connection = warehouse.connection if isinstance(warehouse, Warehouse) else warehouse
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def keyed(rows: Sequence[Row], key: Sequence[str]) -> dict[Key, Row]:
    found = {tuple(row[c] for c in key): {c: v for c, v in row.items() if c not in key} for row in rows}
    assert len(found) == len(rows), f"{key} comes twice"
    return found


def definitions(registry: Registry) -> list[Definition]:
    """The link, the views and the gate, each after what it reads."""
    views = [registry.get("feature", f"{view}@v1") for view in (*LEAD_VIEWS, "account_engagement")]
    return [registry.get("link", "lead_account@v1"), *views, registry.get("gate", "icp@v1")]


def computed(
    session: Session, form: Form, as_ofs: Sequence[datetime], leads: Sequence[str], accounts: Sequence[str]
) -> dict[str, dict[Key, Row]]:
    """The engine's rows at every (key, as_of), by definition; of a link and the spines, whatever they give."""
    session = Session(session.warehouse, session.registry, form)
    spines = [session.registry.get("spine", name) for name in SPINES]
    session.want(as_ofs)
    session.prepare([*spines, *definitions(session.registry)])
    found = {}
    for spine in spines:
        session.compute(spine)
        found[spine.name] = keyed(rows_of(session.warehouse, f"FROM {relation_of(spine)}"), (spine.key, "as_of"))
    moments = ", ".join(f"({sql_literal(moment)})" for moment in as_ofs)
    for entity, names in (("lead", leads), ("account", accounts)):
        values = ", ".join("('" + name.replace("'", "''") + "')" for name in names)
        pairs = f"SELECT {entity}_id, as_of FROM (VALUES {values}) AS k ({entity}_id), (VALUES {moments}) AS m (as_of)"
        session.set_spine(entity, pairs)
    for each in definitions(session.registry):
        session.compute(each)
        found[each.name] = keyed(rows_of(session.warehouse, f"FROM {relation_of(each)}"), (each.key, "as_of"))
    return found


def expected_rows(
    sources: Mapping[str, Sequence[Row]], as_ofs: Sequence[datetime], leads: Sequence[str], accounts: Sequence[str]
) -> dict[str, dict[Key, Row]]:
    """What plain Python says, in the shape of `computed`."""
    found: dict[str, dict[Key, Row]] = {}
    for as_of in as_ofs:
        known = {row["lead_id"]: oracle.account_of(row["lead_id"], as_of, sources, LISTS) for row in sources["leads"]}
        rows = {
            "lead_account": {lead: {"account_id": account} for lead, account in known.items() if account},
            "icp": {lead: oracle.gates(lead, as_of, sources, LISTS) for lead in leads},
            "lead_profile": {lead: oracle.lead_profile(lead, as_of, sources, LISTS) for lead in leads},
            "account_engagement": {each: oracle.account_row(each, as_of, sources, LISTS) for each in accounts},
        }
        rows |= {view: {lead: getattr(oracle, view)(lead, as_of, sources) for lead in leads} for view in LEAD_VIEWS[1:]}
        rows |= {spine: {lead: {} for lead in getattr(oracle, spine)(as_of, sources)} for spine in SPINES}
        for name, of_keys in rows.items():
            found.setdefault(name, {}).update({(key, as_of): row for key, row in of_keys.items()})
    return found


def compare(
    world: Any,
    registry: Registry,
    found: Mapping[str, Mapping[Key, Row]],
    expected: Mapping[str, Mapping[Key, Row]],
    what: str,
) -> int:
    """Fails with the smallest difference; the number of values compared, one for a row that is a key alone."""
    for name, wanted in expected.items():
        own = found[name]
        if own != wanted:
            key = min((k for k in {*own, *wanted} if own.get(k) != wanted.get(k)), key=repr)
            kinds = ("feature", "gate", "link", "spine")
            (definition,) = (d for kind in kinds for d in registry.all(kind) if d.name == name)
            words = _difference(own.get(key), wanted.get(key))
            raw = _raw_about(world, key[0], registry.sources_of([definition]))
            pytest.fail("\n".join([f"seed {world.seed}, {what}: {name} of {key}", *words, *raw]), pytrace=False)
    return sum(len(row) or 1 for rows in expected.values() for row in rows.values())


def _difference(own: Row | None, wanted: Row | None) -> list[str]:
    if own is None or wanted is None:
        return [f"  the engine: {own}", f"  plain Python: {wanted}"]
    columns = [c for c in {**wanted, **own} if own.get(c, "absent") != wanted.get(c, "absent")]
    return [f"  {c}: the engine {own.get(c, 'absent')!r}, plain Python {wanted.get(c, 'absent')!r}" for c in columns]


def _raw_about(world: Any, key: str, tables: Sequence[str]) -> list[str]:
    """The raw rows that name a key, and every account, of some tables."""
    return [
        f"  raw.{table} ({world.formats[table]}): {row}"
        for table in tables
        for row in world.tables.get(table, ())
        if key in row.values() or table == "accounts"
    ]


def compare_staging(world: Any, session: Session, sources: Mapping[str, Sequence[Row]]) -> int:
    """Compares every source's rows, and their types; the number of values compared."""
    stage(session.warehouse, session.registry, oracle_sources.SOURCES, session.present)
    for name, source in oracle_sources.SOURCES.items():
        own = keyed(rows_of(session.warehouse, f"FROM staging.{name}"), source.key)
        wanted = keyed(sources[name], source.key)
        if own != wanted:
            key = min((k for k in {*own, *wanted} if own.get(k) != wanted.get(k)), key=repr)
            words = [*_difference(own.get(key), wanted.get(key)), *_raw_about(world, key[0], [name])]
            pytest.fail("\n".join([f"seed {world.seed}: staging.{name} of {key}", *words]), pytrace=False)
    return sum(len(row) for rows in sources.values() for row in rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_world_gives_what_plain_python_computes(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    expected = expected_rows(sources, world.as_ofs, world.leads, world.accounts)
    with landed(world, tmp_path / "project") as session:
        values = compare_staging(world, session, sources)
        for form in FORMS:
            found = computed(session, form, world.as_ofs, world.leads, world.accounts)
            values += compare(world, session.registry, found, expected, form)
        label = session.registry.get("label", "opportunity")
        for known_at in (None, *world.as_ofs):
            make_outcomes(session, session.registry, label, known_at)
            outcomes = dict(session.warehouse.rows("SELECT lead_id, outcome_at FROM outcomes"))
            assert outcomes == oracle.first_opportunities(sources, known_at), (seed, known_at)
            values += len(outcomes)
    print(f"seed {seed}: {values:,} values of {sum(map(len, expected.values())):,} rows, in both forms")


@pytest.mark.parametrize("seed", SEEDS[:: len(SEEDS) // 6])
def test_some_leads_at_one_moment_get_what_all_get_at_all(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    draw = random.Random(seed)
    with landed(world, tmp_path / "project") as session:
        for as_of in world.as_ofs:
            leads, accounts = draw.sample(world.leads, 3), draw.sample(world.accounts, 2)
            expected = expected_rows(sources, [as_of], leads, accounts)
            found = computed(session, "executed", [as_of], leads, accounts)
            compare(world, session.registry, found, expected, f"{leads} at {as_of} alone")


@pytest.mark.parametrize("seed", SEEDS[:: len(SEEDS) // 4])
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
    project = find_project(new_project(tmp_path / "project", raw=raw))
    with open_for_writing(project) as warehouse:
        session = Session(warehouse, Registry(project))
        compare_staging(world, session, sources)
        expected = expected_rows(sources, world.as_ofs, world.leads, world.accounts)
        found = computed(session, "executed", world.as_ofs, world.leads, world.accounts)
        compare(world, session.registry, found, expected, f"read in place from {place}")


def filled(session: Session, *moments: Sequence[datetime]) -> dict[tuple[str, datetime], tuple[Any, ...]]:
    """Fills the slices at groups of moments, one group after the other; the file of each, named by its content."""
    for group in moments:
        selection = select(session.registry, session.present)
        fill(session, selection, missing_slices(session.warehouse, selection, group), run_id="r")
    found = session.warehouse.rows("SELECT name, as_of, file, row_count FROM store.meta.slices")
    return {(name, as_of): (file, rows) for name, as_of, file, rows in found}


@pytest.mark.parametrize("seed", SEEDS[:: len(SEEDS) // 4])
def test_neither_rows_order_nor_batches_nor_threads_nor_moments_change_a_byte(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    with landed(world, tmp_path / "one") as session:
        plain = filled(session, *([as_of] for as_of in world.as_ofs))
    with landed(world, tmp_path / "other", order=1, batches=3, threads=8) as session:
        other = filled(session, world.as_ofs)
    assert len(plain) == 9 * len(world.as_ofs)
    assert other == plain, seed


@pytest.mark.parametrize("seed", SEEDS[:: len(SEEDS) // 4])
def test_slices_hold_what_plain_python_computes_and_what_the_pasted_text_gives(seed: int, tmp_path: Path) -> None:
    world = worlds.random_world(seed)
    sources = oracle_sources.all_sources(world.tables)
    with landed(world, tmp_path / "project", batches=2) as session:
        filled(session, world.as_ofs)
        selection = select(session.registry, session.present)
        publish(session.warehouse, session.registry, selection)
        for as_of in world.as_ofs:
            leads = sorted(oracle.open_leads(as_of, sources))
            accounts = {oracle.account_of(lead, as_of, sources, LISTS) for lead in leads} - {None}
            expected = expected_rows(sources, [as_of], leads, sorted(accounts))
            for definition in selection.definitions:
                file = slice_file(session.warehouse, selection.slice_of(definition, as_of))
                stored = rows_of(session.warehouse, f"FROM read_parquet('{file}')")
                found = {definition.name: keyed(stored, (definition.key, "as_of"))}
                wanted = {definition.name: expected[definition.name]}
                compare(world, session.registry, found, wanted, f"slice at {as_of}")
                with duckdb.connect() as console:
                    console.execute(preamble_sql(session.warehouse.project, session.registry, definition, as_of))
                    pasted = {definition.name: keyed(rows_of(console, definition.statement), (definition.key, "as_of"))}
                compare(world, session.registry, pasted, wanted, f"pasted after the preamble at {as_of}")


def test_the_worlds_hold_every_trap() -> None:
    seen: dict[str, set[Any]] = {}
    ways, traps = set(), set()
    for seed in QUICK:
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
