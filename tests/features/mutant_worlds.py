"""The small worlds over which mutants of definitions are computed; see test_mutants.py."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.inline import executed_sql
from leadmart.features.project import Project, Settings, SourcesSection
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.shuffle import ROW, alter_raw, copy_raw
from leadmart.features.sources.stage import stage_joined
from leadmart.features.sources.staging import staging_select
from leadmart.features.warehouse import open_scratch

HERE = Path(__file__).parent
OLIST = HERE.parent.parent / "examples" / "olist"
CONNECTORS = HERE.parent / "connectors"
APART = ("hubspot", "salesforce", "stripe")  # what reads sources is mutated over the plain ones, theirs alone
AS_OF = datetime(2026, 3, 1)
MOMENTS = (datetime(2026, 2, 10, 6), AS_OF, datetime(2026, 3, 20))
SEEN = ", ".join(f"(TIMESTAMP '2024-{day}')" for day in ("03-10", "04-02", "04-12", "04-12 00:00:01", "05-20"))
"""When their tables that are updated in place were looked at."""
CONNECTORS_AS_OF = (datetime(2024, 4, 12), datetime(2024, 3, 22, 8, 5), datetime(2024, 5, 14, 12))
"""In the middle of the rows below `tests/connectors`, and where much happens."""
FAULTS = ("rows", "future", "moments", "leads", "order", "inlined")

Found = Counter[tuple[Any, ...]]


@dataclass
class Rows:
    """What a statement gave: every row, and where its key and as_of stand."""

    rows: list[tuple[Any, ...]]
    key: int
    as_of: int

    def at(self, moment: datetime, keys: Collection[str] | None = None) -> Found:
        """The rows at a moment (of some keys), each with how often it comes; a row without as_of is of every moment."""
        return Counter(
            tuple(repr(value) if isinstance(value, float | list | dict) else value for value in row)
            for row in self.rows
            if row[self.as_of] in (moment, None) and (keys is None or row[self.key] in keys)
        )

    @property
    def pairs(self) -> Counter[tuple[Any, Any]]:
        return Counter((row[self.key], row[self.as_of]) for row in self.rows)


@dataclass
class Setting:
    """One way to compute: raw rows, moments and leads; the session has sources staged, links and spines made."""

    session: Session
    raw: dict[str, str]
    asked: dict[str, set[tuple[Any, Any]]] = field(default_factory=dict)
    as_of: datetime = AS_OF

    def rows(self, definition: Definition, sql: str) -> Rows:
        """The rows of a definition's text. Raises what DuckDB says where it does not run."""
        if definition.kind in ("feature", "gate"):
            self._point_spine_at(definition.entity[0])
        relation = self.session.warehouse.connection.sql(sql)
        names = relation.columns
        return Rows(relation.fetchall(), names.index(definition.key), names.index("as_of"))

    def known(self, source: Definition) -> Found:
        """The rows of a source that are known at the world's as_of."""
        _, select = staging_select(self.session.warehouse, Bench(self.session.registry, source), source.name, self.raw)
        moment = f"TIMESTAMP '{self.as_of}'"
        return Counter(
            self.session.warehouse.rows(
                f"SELECT * FROM ({select}) WHERE occurred_at < {moment} AND ingested_at <= {moment}"
            )
        )

    def _point_spine_at(self, entity: str) -> None:
        if self.asked.get("spine") != {(entity, None)}:
            self.session.warehouse.execute(f"CREATE OR REPLACE VIEW spine AS SELECT * FROM spine_{entity}")
            self.asked["spine"] = {(entity, None)}


class Bench(Registry):
    """A registry in which one source is another."""

    def __init__(self, registry: Registry, source: Definition) -> None:
        self.__dict__.update(registry.__dict__)
        self._one = source

    def source(self, name: str) -> tuple[Definition, ...]:
        return (self._one,)


class Wide(Registry):
    """A registry whose sources read every column that, by their headers, never changes: known rows keep it."""

    def __init__(self, registry: Registry, columns: dict[str, list[str]]) -> None:
        self.__dict__.update(registry.__dict__)
        self._columns = columns

    def source(self, name: str) -> tuple[Definition, ...]:
        return tuple(self._widened(definition) for definition in super().source(name))

    def _widened(self, source: Definition) -> Definition:
        table, alias = re.search(r"FROM raw\.(\w+) AS (\w+)", source.text).groups()  # type: ignore[union-attr]
        stays = source.header.get("frozen", "").split(", ") if "frozen" in source.header else self._columns[table]
        listed = "".join(f"{alias}.{column} AS wide_{column}, " for column in stays if not column.startswith("_"))
        return replace(source, text=source.text.replace("SELECT\n", f"SELECT {listed}\n", 1))


@dataclass(frozen=True)
class World:
    """Every setting in which the definitions of a project are computed, over the same raw rows."""

    registry: Registry
    settings: dict[str, Setting]

    def fault(self, definition: Definition) -> str | None:
        """The first of `FAULTS` that a definition has; raises what DuckDB says where it does not run."""
        if definition.kind == "source":
            return self._fault_of_source(definition)
        text = executed_sql(definition)
        base = self.settings["base"].rows(definition, text)
        if self._is_not_one_row_each("base", definition, base):
            return "rows"
        now = base.at(AS_OF)
        many = self._rows("moments", definition, text)
        if many is None or many.at(AS_OF) != now:
            return "moments"
        if self._is_not_one_row_each("moments", definition, many):
            return "rows"
        for fault in ("future", "order"):
            other = self._rows(fault, definition, text)
            if other is None or other.at(AS_OF) != now:
                return fault
        if definition.kind in ("feature", "gate"):
            fewer = self._rows("leads", definition, text)
            keys = {key for key, _ in self.settings["leads"].asked[definition.entity[0]]}
            if fewer is None or fewer.at(AS_OF) != base.at(AS_OF, keys):
                return "leads"
        if text != definition.statement:
            pasted = self._rows("moments", definition, definition.statement)
            if pasted is None or any(pasted.at(moment) != many.at(moment) for moment in MOMENTS):
                return "inlined"
        return None

    def _fault_of_source(self, source: Definition) -> str | None:
        base = self.settings["base"].known(source)
        for fault in ("future", "order"):
            try:
                if self.settings[fault].known(source) != base:
                    return fault
            except (duckdb.Error, LeadmartError):
                return fault
        return None

    def _is_not_one_row_each(self, name: str, definition: Definition, found: Rows) -> bool:
        pairs = found.pairs
        if definition.kind in ("feature", "gate"):
            return pairs != Counter(self.settings[name].asked[definition.entity[0]])
        return any(count > 1 or None in pair for pair, count in pairs.items())

    def _rows(self, name: str, definition: Definition, text: str) -> Rows | None:
        try:
            return self.settings[name].rows(definition, text)
        except (duckdb.Error, LeadmartError):
            return None


def connector_worlds(connector: str, root: Path, moments: Sequence[datetime]) -> tuple[World, ...]:
    """The world of a connector's sources alone, once per as_of: the tables with the traps of the real ones, changed."""
    registry = Registry(Project(root, Settings(sources=SourcesSection(connectors=(connector,)))))
    names = [d.name for d in shipped(registry) if d.kind == "source"]
    same = {name: connector_setting(connector, registry, names, name) for name in ("base", "order")}
    return tuple(
        World(
            registry,
            {name: replace(setting, as_of=as_of) for name, setting in same.items()}
            | {"future": connector_setting(connector, registry, names, "future", as_of)},
        )
        for as_of in moments
    )


def connector_setting(
    connector: str, registry: Registry, names: list[str], name: str, as_of: datetime = AS_OF
) -> Setting:
    warehouse = open_scratch(registry.project)
    warehouse.execute("SET threads = 1")
    order = "ORDER BY HASH(t) DESC" if name == "order" else ""
    given = {}
    for file in sorted((CONNECTORS / connector).glob("*.csv")):
        table = f"{connector}_{file.stem}"
        rows = f"read_csv('{file}', nullstr = '')"
        given[table] = f"(SELECT *, TIMESTAMP '2024-06-05' AS _loaded_at FROM {rows} AS t {order})"
        given[f"{table}__changes"] = (
            f"(SELECT * FROM (SELECT r.*, w.seen_at AS _changed_at, w.seen_at AS _loaded_at, "
            f"HASH(r, w.seen_at) % 4 = 0 AS _deleted FROM {rows} AS r CROSS JOIN (VALUES {SEEN}) AS w (seen_at)) "
            f"AS t {order})"
        )
    raw = copy_raw(warehouse, registry, names, given, None)
    if name == "future":
        columns = {t: [c for c, _ in warehouse.columns(f"FROM {rows}") if c != ROW] for t, rows in raw.items()}
        raw, _ = alter_raw(warehouse, Wide(registry, columns), names, as_of, seed=1)
        for (staged,) in warehouse.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'staging'"):
            warehouse.execute(f"DROP TABLE staging.{staged} CASCADE")  # of rows that were taken back since
    raw = {table: f"(SELECT * EXCLUDE ({ROW}) FROM {relation})" for table, relation in raw.items()}
    warehouse.raw = raw
    stage_joined(warehouse, registry, names)
    return Setting(Session(warehouse, registry), raw, as_of=as_of)


def world_of(project: Project, raw_sql: Path, keys: dict[str, Sequence[str]]) -> World:
    registry = Registry(project)
    readers = [d for d in shipped(registry) if d.kind != "source"]
    names = [d.name for d in shipped(registry) if d.kind == "source"]
    settings = {}
    for name in ("base", "future", "moments", "leads", "order"):
        warehouse = open_scratch(project)
        warehouse.execute("SET threads = 1")
        warehouse.execute("CREATE SCHEMA world")
        for statement in warehouse.connection.extract_statements(raw_sql.read_text(encoding="utf-8")):
            warehouse.connection.execute(statement)
        tables = [t for (t,) in warehouse.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'world'")]
        order = "ORDER BY HASH(t) DESC" if name == "order" else ""
        given = {t: f"(SELECT *, TIMESTAMP '2026-03-20' AS _loaded_at FROM world.{t} AS t {order})" for t in tables}
        raw = copy_raw(warehouse, registry, names, given, None)
        if name == "future":
            raw, _ = alter_raw(warehouse, registry, names, AS_OF, seed=1)
        # a whole row, as TO_JSON reads it, has no number either
        raw = {table: f"(SELECT * EXCLUDE ({ROW}) FROM {relation})" for table, relation in raw.items()}
        warehouse.raw = raw
        session = Session(warehouse, registry)
        moments = MOMENTS if name == "moments" else (AS_OF,)
        session.want(moments)
        session.prepare(readers)
        for link in registry.all("link"):
            if link in readers:
                session.compute(link)
        at = ", ".join(f"(TIMESTAMP '{moment}')" for moment in moments)
        few = "WHERE k NOT LIKE '%2' AND k NOT LIKE '%5' AND k NOT LIKE '%4'" if name == "leads" else ""
        spines = {
            e: f"SELECT k AS {e}_id, as_of FROM (SELECT UNNEST({list(ids)}) AS k), (VALUES {at}) AS m (as_of) "
            for e, ids in keys.items()
        }
        # views that others read: of an account whether its leads are asked for or not, as colleagues ask for it
        for entity, rows in spines.items():
            session.set_spine(entity, rows + few * (entity == "lead"))
        below = [d for reader in readers for d in registry.dependencies(reader) if d.kind == "feature"]
        for view in dict.fromkeys(below):
            session.compute(view)
        for entity, rows in spines.items():
            session.set_spine(entity, rows + few)
        asked = {e: set(warehouse.rows(f"SELECT {e}_id, as_of FROM spine_{e}")) for e in keys}
        settings[name] = Setting(session, raw, asked)
    return World(registry, settings)


def shipped(registry: Registry) -> list[Definition]:
    """What is mutated: the packaged definitions; in an example's project its own; of a connector its sources."""
    is_apart = registry.project.settings.sources.connectors[0] in APART
    kinds = ("source",) if is_apart else ("source", "feature", "gate", "link", "spine")
    is_example = registry.project.root == OLIST
    return [d for d in registry.all() if d.kind in kinds and d.packaged != is_example]
