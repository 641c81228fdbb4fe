"""Random rows for any two SELECTs over the packaged relations: `known.*`, `spine`, links, features, reference."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.features.definition import Definition
from leadmart.features.equivalence.verdict import Change
from leadmart.features.project import Project, Settings
from leadmart.features.registry import Registry
from leadmart.features.relations import known_select, reference_select

FEATURES = Path(__file__).parent.parent
COLUMNS: dict[str, dict[str, Any]] = yaml.safe_load((FEATURES / "random_rows.yaml").read_text(encoding="utf-8"))
TYPES: dict[str, dict[str, str]] = yaml.safe_load((FEATURES / "staging.yaml").read_text(encoding="utf-8"))
AS_OFS = [datetime(2026, 3, 1), datetime(2026, 3, 11, 6), datetime(2026, 4, 10)]
EDGES = [as_of - timedelta(days=d) for as_of in AS_OFS for d in (0, 1, 7, 14, 30, 60, 90, 180)]
LEADS, ACCOUNTS = 12, 5


class World:
    """Random rows in memory, and any text run on them."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
        for schema in ("staging", "known", "links", "features", "gates", "reference"):
            self.connection.execute(f"CREATE SCHEMA {schema}")
        moments = ", ".join(f"(TIMESTAMP '{moment}')" for moment in AS_OFS)
        self.connection.execute(f"CREATE TABLE wanted AS SELECT * FROM (VALUES {moments}) AS w (as_of)")
        for table in TYPES:
            self._stage(table)
        for entity, key, letter, many in (("lead", "lead_id", "L", LEADS), ("account", "account_id", "A", ACCOUNTS)):
            self.connection.execute(
                f"CREATE TABLE spine_{entity} AS SELECT '{letter}' || n AS {key}, w.as_of "
                f"FROM range({many}) AS r (n), wanted AS w"
            )
        for reference in registry.references_of(registry.all("feature") + registry.all("gate") + registry.all("link")):
            self.connection.execute(f"CREATE TABLE reference.{reference.name} AS {reference_select(reference)}")
        made: set[str] = set()
        for definition in registry.all("link") + registry.all("feature"):
            for each in (*registry.dependencies(definition), definition):
                if each.relation not in made:
                    made.add(each.relation)
                    self.use(each)
                    self.connection.execute(f"CREATE TABLE {each.relation} AS\n{each.statement}")

    def _stage(self, table: str) -> None:
        draw = random.Random(f"equivalence {table}")
        ((key, keys),) = COLUMNS[table]["key"].items()
        kinds = {**TYPES[table], "occurred_at": "TIMESTAMP", "ingested_at": "TIMESTAMP"}
        rows = []
        for number in range(COLUMNS[table]["rows"]):
            own = keys.format(n=number) if isinstance(keys, str) else draw.choice(keys)
            values = {n: draw.choice(v) for n, v in COLUMNS[table].items() if n not in ("rows", "key")}
            nudge = timedelta(microseconds=draw.choice((0, 0, 1, -1)))
            moment = draw.choice(EDGES) + nudge if draw.random() < 0.3 else AS_OFS[-1] - timedelta(
                hours=draw.randrange(-48, 200 * 24)
            )  # fmt: skip
            late = draw.choice((timedelta(), timedelta(minutes=5), timedelta(days=3)))
            rows.append({**values, key: own, "occurred_at": moment, "ingested_at": moment + late})
        read = ", ".join(f'CAST(r ->> \'$."{name}"\' AS {kind}) AS "{name}"' for name, kind in kinds.items())
        self.connection.execute("CREATE OR REPLACE TEMP TABLE rows_in (r JSON)")
        self.connection.execute(
            "INSERT INTO rows_in SELECT unnest(?::JSON[])", [[json.dumps(row, default=str) for row in rows]]
        )
        self.connection.execute(f"CREATE TABLE staging.{table} AS SELECT {read} FROM rows_in")
        self.connection.execute(f"CREATE TABLE known.{table} AS {known_select(table)}")

    def use(self, definition: Definition) -> None:
        """Lets `spine` be that of a definition's entity."""
        if definition.kind in ("feature", "gate"):
            self.entity(definition.entity[0])

    def entity(self, name: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE VIEW spine AS SELECT * FROM spine_{name}")

    def differing(self, before: str, after: str, names: Iterable[str]) -> int | None:
        """How many rows of these columns, taken together, one text returns and the other does not.

        None where one of them does not run.
        """
        listed = ", ".join(f'"{name}"' for name in names)
        try:
            for number, text in enumerate((before, after)):
                self.connection.execute(f"CREATE OR REPLACE TEMP TABLE text_{number} AS\n{text.rstrip().rstrip(';')}")
            one, other = (f"SELECT {listed} FROM text_{number}" for number in (0, 1))
            if not listed:
                return 0
            types = [self.connection.execute(f"DESCRIBE {side}").fetchall() for side in (one, other)]
            if types[0] != types[1]:
                return 1
            found = self.connection.execute(
                f"SELECT (SELECT COUNT(*) FROM ({one} EXCEPT ALL {other})) + "
                f"(SELECT COUNT(*) FROM ({other} EXCEPT ALL {one}))"
            ).fetchall()
            return int(found[0][0])
        except duckdb.Error:
            return None


def same_names(verdict: dict[str, Change]) -> list[str]:
    return [name for name, change in verdict.items() if change.kind == "same"]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry(Project(FEATURES, Settings()))


@pytest.fixture(scope="session")
def world(registry: Registry) -> World:
    return World(registry)
