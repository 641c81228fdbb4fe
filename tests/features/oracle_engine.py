"""The engine on a random world, and its rows beside those of plain Python: what the property tests share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.materialize import fill
from leadmart.features.plan import missing_slices, select
from leadmart.features.project import find_project
from leadmart.features.raw.load import load
from leadmart.features.registry import Registry
from leadmart.features.session import Form, Session, relation_of
from leadmart.features.sources.stage import stage
from leadmart.features.warehouse import Warehouse, open_for_writing
from tests.features import oracle, oracle_sources
from tests.features import random_worlds as worlds

HERE = Path(__file__).parent


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


def stored_lead(lead: str, as_of: datetime, sources: Mapping[str, Sequence[Row]]) -> Row:
    """All a lead's features and gates, as they are stored."""
    return {**oracle.lead_row(lead, as_of, sources, LISTS), **oracle.stored_row(lead, as_of, sources, LISTS)}


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
        for view in (*LEAD_VIEWS, "account_engagement"):
            rows[view] = {key: oracle.as_stored(row, as_of, sources) for key, row in rows[view].items()}
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


def filled(session: Session, *moments: Sequence[datetime]) -> dict[tuple[str, datetime], tuple[Any, ...]]:
    """Fills the slices at groups of moments, one group after the other; the file of each, named by its content."""
    for group in moments:
        selection = select(session.registry, session.present)
        fill(session, selection, missing_slices(session.warehouse, selection, group), run_id="r")
    found = session.warehouse.rows("SELECT name, as_of, file, row_count FROM store.meta.slices")
    return {(name, as_of): (file, rows) for name, as_of, file, rows in found}
