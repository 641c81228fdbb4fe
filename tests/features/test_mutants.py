"""Mutants of every shipped definition: what sees the future, other moments or other leads is refused.

`mutants.py` makes them. Each is computed over a small world of raw rows (`mutation/*.sql`) and, where it runs, judged
by what it does: *future* (other values once raw rows known only later are altered), *moments* (other values at an as_of
when more as_of are asked for), *leads* (… when fewer leads are), *order* (… when raw rows come in another order),
*rows* (not one row per spine row), *inlined* (other values as executed than as pasted). `check` has to refuse all of
those; the rest are features of another meaning, and how many of them it refuses too is printed, not judged.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.lint import problems_of
from leadmart.features.project import Project, Settings, find_project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.shuffle import alter_raw, copy_raw
from leadmart.features.staging import staging_select
from leadmart.features.warehouse import Warehouse, open_scratch

HERE = Path(__file__).parent
OLIST = HERE.parent.parent / "examples" / "olist"
AS_OF = datetime(2026, 3, 1)
MOMENTS = (datetime(2026, 2, 10, 6), AS_OF, datetime(2026, 3, 20))
FAULTS = ("rows", "future", "moments", "leads", "order", "inlined")

Found = Counter[tuple[Any, ...]]


def load_mutants() -> Any:
    spec = importlib.util.spec_from_file_location("leadmart_mutants", HERE / "mutants.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@dataclass
class Setting:
    """One way to compute: raw rows, moments and leads; the session has sources staged, links and spines made."""

    session: Session
    raw: dict[str, str]

    @property
    def warehouse(self) -> Warehouse:
        return self.session.warehouse

    def rows(self, definition: Definition, *, pasted: bool = False) -> Found:
        """The rows at `AS_OF`, each with how often it comes. Raises what DuckDB says where it does not run."""
        if definition.kind == "source":
            _, select = staging_select(
                self.warehouse, Bench(self.session.registry, definition), definition.name, self.raw
            )
            moment = f"TIMESTAMP '{AS_OF}'"
            return self._counted(
                f"SELECT *, {moment} AS as_of FROM ({select}) WHERE occurred_at < {moment} AND ingested_at <= {moment}"
            )
        session = replace(self.session, form="pasted") if pasted else self.session
        return self._counted(session.sql_of(definition))

    def _counted(self, sql: str) -> Found:
        relation = self.warehouse.connection.sql(sql)
        place = relation.columns.index("as_of")
        rows = (row for row in relation.fetchall() if row[place] in (AS_OF, None))
        return Counter(tuple(repr(v) if isinstance(v, float | list | dict) else v for v in row) for row in rows)

    def is_one_row_each(self, definition: Definition) -> bool:
        """Whether a view has exactly the spine's rows, a link or a spine no key twice."""
        key = definition.key
        columns = f"{key}, as_of"
        found = f"SELECT {columns} FROM ({self.session.sql_of(definition)})"
        if definition.kind in ("feature", "gate"):
            asked = f"SELECT {columns} FROM spine_{definition.entity[0]}"
        else:
            asked = f"SELECT DISTINCT {columns} FROM ({found}) WHERE {key} IS NOT NULL AND as_of IS NOT NULL"
        both = f"(({found}) EXCEPT ALL ({asked})) UNION ALL (({asked}) EXCEPT ALL ({found}))"
        return not self.warehouse.rows(f"SELECT 1 FROM ({both}) LIMIT 1")


class Bench(Registry):
    """A registry in which one source is another."""

    def __init__(self, registry: Registry, source: Definition) -> None:
        self.__dict__.update(registry.__dict__)
        self._one = source

    def source(self, name: str) -> tuple[Definition, ...]:
        return (self._one,)


@dataclass(frozen=True)
class World:
    """Every setting in which the definitions of a project are computed, over the same raw rows."""

    registry: Registry
    settings: dict[str, Setting]

    def faults(self, definition: Definition) -> list[str]:
        """What is wrong with a definition, of `FAULTS`; raises what DuckDB says where it does not run."""
        base = self.settings["base"].rows(definition)
        found = []
        is_view = definition.kind in ("feature", "gate")
        if definition.kind != "source" and not all(
            self.settings[n].is_one_row_each(definition) for n in ("base", "moments")
        ):
            found.append("rows")
        if any(self._rows(name, definition) != base for name in ("deleted", "changed", "added")):
            found.append("future")
        if self._rows("order", definition) != base:
            found.append("order")
        if definition.kind == "source":
            return found
        many = self._rows("moments", definition)
        if many != base:
            found.append("moments")
        if is_view and self._rows("leads", definition) != self._of_fewer(definition, base):
            found.append("leads")
        if many is not None and self._rows("moments", definition, pasted=True) != many:
            found.append("inlined")
        return found

    def _rows(self, name: str, definition: Definition, *, pasted: bool = False) -> Found | None:
        try:
            return self.settings[name].rows(definition, pasted=pasted)
        except (duckdb.Error, LeadmartError):
            return None

    def _of_fewer(self, definition: Definition, base: Found) -> Found:
        fewer = self.settings["leads"]
        asked = {key for (key,) in fewer.warehouse.rows(f"SELECT {definition.key} FROM spine_{definition.entity[0]}")}
        columns = fewer.warehouse.columns(fewer.session.sql_of(definition))
        place = [name for name, _ in columns].index(definition.key)
        return Counter({row: count for row, count in base.items() if row[place] in asked})


def world_of(project: Project, raw_sql: Path, keys: dict[str, Sequence[str]]) -> World:
    registry = Registry(project)
    readers = [d for d in shipped(registry) if d.kind != "source"]
    names = [d.name for d in shipped(registry) if d.kind == "source"]
    settings = {}
    for name in ("base", "deleted", "changed", "added", "moments", "leads", "order"):
        warehouse = open_scratch(project)
        warehouse.execute("SET threads = 1")
        warehouse.execute("CREATE SCHEMA world")
        for statement in warehouse.connection.extract_statements(raw_sql.read_text(encoding="utf-8")):
            warehouse.connection.execute(statement)
        tables = [t for (t,) in warehouse.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'world'")]
        order = "ORDER BY HASH(t) DESC" if name == "order" else ""
        given = {t: f"(SELECT *, TIMESTAMP '2026-03-20' AS _loaded_at FROM world.{t} AS t {order})" for t in tables}
        raw = copy_raw(warehouse, registry, names, given, None)
        if name in ("deleted", "changed", "added"):
            raw, _ = alter_raw(warehouse, registry, names, AS_OF, seed=1, ways={name})
        warehouse.raw = raw
        session = Session(warehouse, registry)
        moments = MOMENTS if name == "moments" else (AS_OF,)
        session.want(moments)
        session.prepare(readers)
        for link in registry.all("link"):
            if link in readers:
                session.compute(link)
        listed = ", ".join(f"(TIMESTAMP '{moment}')" for moment in moments)
        for entity, ids in keys.items():
            key = f"{entity}_id"
            few = "WHERE k NOT LIKE '%2' AND k NOT LIKE '%5' AND k NOT LIKE '%4'" if name == "leads" else ""
            session.set_spine(
                entity,
                f"SELECT k AS {key}, as_of FROM (SELECT UNNEST({list(ids)}) AS k) "
                f"CROSS JOIN (VALUES {listed}) AS m (as_of) {few}",
            )
        settings[name] = Setting(session, raw)
    return World(registry, settings)


@dataclass
class Tally:
    """What became of a definition's mutants; `escaped` are the harmful ones that `check` accepts."""

    made: int = 0
    not_runnable: int = 0
    refused: int = 0
    refused_though_harmless: int = 0
    harmful: Counter[str] = field(default_factory=Counter)
    escaped: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        harmful = ", ".join(f"{fault} {self.harmful[fault]}" for fault in FAULTS if self.harmful[fault])
        return (
            f"{self.made:>5} made {self.not_runnable:>5} do not run {self.harmful.total():>5} harmful ({harmful}) "
            f"{self.refused:>5} of them refused {self.refused_though_harmless:>5} refused though harmless"
        )


def tally_of(definition: Definition, world: World, mutants: Any) -> Tally:
    tally = Tally()
    for what, text in mutants.mutants_of(definition.kind, definition.text):
        tally.made += 1
        mutant = replace(definition, text=text, packaged=False)
        try:
            faults = world.faults(mutant)
        except (duckdb.Error, LeadmartError):
            tally.not_runnable += 1
            continue
        is_refused = bool(problems_of(mutant, world.registry))
        if not faults:
            tally.refused_though_harmless += is_refused
            continue
        tally.harmful[faults[0]] += 1
        tally.refused += is_refused
        if not is_refused:
            tally.escaped.append(f"{definition.kind} {definition.ref}: {what} ({', '.join(faults)})")
    return tally


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    empty = Project(tmp_path_factory.mktemp("empty"), Settings())
    leads = [f"L{n:02}" for n in range(17)]
    return {
        "plain": world_of(
            empty, HERE / "mutation" / "plain.sql", {"lead": leads, "account": [f"A{n}" for n in range(7)]}
        ),
        "olist": world_of(
            find_project(OLIST), HERE / "mutation" / "olist.sql", {"lead": [f"M{n:02}" for n in range(42)]}
        ),
    }


def shipped(registry: Registry) -> list[Definition]:
    """The definitions that are mutated: the packaged ones, or in an example's project its own."""
    kinds = ("source", "feature", "gate", "link", "spine")
    is_example = registry.project.root == OLIST
    return [d for d in registry.all() if d.kind in kinds and d.packaged != is_example]


def test_what_is_shipped_has_none_of_the_faults(worlds: dict[str, World]) -> None:
    for world in worlds.values():
        for definition in shipped(world.registry):
            assert (definition.ref, world.faults(definition)) == (definition.ref, [])


@pytest.mark.slow
def test_no_harmful_mutant_of_what_is_shipped_is_accepted(worlds: dict[str, World], capsys: Any) -> None:
    mutants = load_mutants()
    whole, escaped = Tally(), []
    lines = []
    for world in worlds.values():
        for definition in shipped(world.registry):
            tally = tally_of(definition, world, mutants)
            lines.append(f"{definition.kind:<8} {definition.ref:<24}{tally.line}")
            for part in ("made", "not_runnable", "refused", "refused_though_harmless"):
                setattr(whole, part, getattr(whole, part) + getattr(tally, part))
            whole.harmful += tally.harmful
            escaped += tally.escaped
    with capsys.disabled():
        print("\n" + "\n".join([*lines, f"{'all':<33}{whole.line}"]))
    assert whole.harmful.keys() == set(FAULTS)
    assert escaped == []
