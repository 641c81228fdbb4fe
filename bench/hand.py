"""What a person would write in one DuckDB script: the same SELECTs, over delivered Parquet files, without leadmart.

The script is text, made from the definitions so that it computes the same; run by `python -m bench.hand SCRIPT`, which
imports nothing but DuckDB. It is as good as a person makes it who knows the data: only the columns that views read are
staged, each raw file is read once, and where there is one as_of, rows of later days are dropped as they are read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadmart.features.definition import Definition
    from leadmart.features.plan import Selection
    from leadmart.features.registry import Registry


@dataclass(frozen=True)
class Hand:
    """The script's pieces for a project's selection: the statements that stage, and those that compute."""

    registry: Registry
    selection: Selection

    @classmethod
    def of(cls, project: Path) -> Hand:
        from leadmart.features.plan import select
        from leadmart.features.project import find_project
        from leadmart.features.registry import Registry
        from leadmart.features.sources.staging import present_sources
        from leadmart.features.warehouse import open_for_reading

        registry = Registry(find_project(project))
        with open_for_reading(registry.project) as warehouse:
            return cls(registry, select(registry, present_sources(warehouse, registry)))

    def definitions(self, *, with_gates: bool) -> tuple[Definition, ...]:
        return tuple(d for d in self.selection.definitions if with_gates or d.kind != "gate")

    def sources(self, *, with_gates: bool) -> tuple[str, ...]:
        return self.registry.sources_of(self.definitions(with_gates=with_gates))

    def columns(self, source: str, *, with_gates: bool) -> list[str]:
        """The columns of a source that any text names, its key and clocks among them."""
        (definition,) = self._fed(source)
        words = {w for d in self.definitions(with_gates=with_gates) for w in re.findall(r"\w+", self.executed(d))}
        always = {*definition.source_key, "occurred_at", "ingested_at"}
        return [c.name for c in definition.columns if c.name in words | always]

    def staging(self, source: str, files: Sequence[Path], bounds: str = "", *, with_gates: bool = True) -> list[str]:
        """Statements that make `staging.<source>`: of the rows of a key the one known first. `bounds` narrows them."""
        from leadmart.features.sources.staged import first_known

        (definition,) = self._fed(source)
        columns = self.columns(source, with_gates=with_gates)
        (table,) = {read.name for read in definition.reads}
        listed = ", ".join(f"'{file.as_posix()}'" for file in files)
        key = ", ".join(definition.source_key)
        made = [f"CREATE OR REPLACE VIEW raw.{table} AS SELECT * FROM read_parquet([{listed}], union_by_name = true)"]
        where = f"WHERE {bounds}" if bounds else ""
        made.append(
            f"CREATE OR REPLACE TABLE staging.{source} AS SELECT {', '.join(columns)} FROM (\n{definition.statement}\n"
            f") AS s {where}\nQUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {first_known('s')}, "
            f"{', '.join(columns)}) = 1"
        )
        return made

    def adding(self, source: str, file: Path, *, with_gates: bool = True) -> list[str]:
        """Statements that add a day's file to `staging.<source>`: what has its key already came second."""
        (definition,) = self._fed(source)
        made = self.staging(source, [file], with_gates=with_gates)
        made[1] = made[1].replace(f"TABLE staging.{source} AS", "TEMP TABLE arrived AS")
        same = " AND ".join(f"k.{column} = a.{column}" for column in definition.source_key)
        made.append(
            f"INSERT INTO staging.{source} SELECT a.* FROM arrived AS a ANTI JOIN staging.{source} AS k ON {same}"
        )
        return made

    def known(self, *, with_gates: bool = True) -> list[str]:
        """Statements for `known.*` and since when each source is known, over the table `wanted`, and the references."""
        from leadmart.features.relations import known_select, known_since_select, reference_select

        definitions = self.definitions(with_gates=with_gates)
        made = []
        for source in self.sources(with_gates=with_gates):
            made.append(f"CREATE OR REPLACE VIEW known.{source} AS {known_select(source)}")
            made.append(f"CREATE OR REPLACE TABLE known_since.{source} AS {known_since_select(source)}")
        for table in self.registry.references_of(definitions):
            made.append(f"CREATE OR REPLACE TABLE reference.{table.name} AS {reference_select(table)}")
        return made

    def refresh(self, out: Path) -> list[str]:
        """Statements that compute every definition at the one wanted moment, each into a Parquet file of its own."""
        made = []
        for definition in self.selection.definitions:
            made += self.spine_for(definition)
            file = out / f"{definition.relation}.parquet"
            made.append(
                f"COPY (\n{self.executed(definition)}\n) TO '{file.as_posix()}' (FORMAT parquet, COMPRESSION zstd)"
            )
            name = f"spine_{definition.entity[0]}" if definition.kind == "spine" else definition.relation
            made.append(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM read_parquet('{file.as_posix()}')")
        return made

    def spine_for(self, definition: Definition) -> list[str]:
        """Statements that make `spine` what a view reads; a view of accounts has its own."""
        from leadmart.features.relations import linked_spine_select
        from leadmart.features.session import link_to

        if definition.kind not in ("feature", "gate"):
            return []
        entity, key = definition.entity
        made = []
        if link := link_to(definition, self.selection.spine, self.registry):
            made.append(f"CREATE OR REPLACE TABLE spine_{entity} AS {linked_spine_select(key, link)}")
        return [*made, f"CREATE OR REPLACE VIEW spine AS SELECT * FROM spine_{entity}"]

    def executed(self, definition: Definition) -> str:
        from leadmart.features.render import executed_text

        return executed_text(definition, self.registry)

    def _fed(self, source: str) -> list[Definition]:
        """The source's one definition that the made-up company feeds; it stands in no need of the others."""
        found = [d for d in self.registry.source(source) if d.connector == "plain" and not d.joined]
        if len(found) != 1 or "changes-of" in found[0].header or "assumed" in found[0].header:
            raise ValueError(f"source {source} is not one that is staged by hand in a line")
        return found


SCHEMAS = ("raw", "staging", "known", "known_since", "features", "links", "gates", "reference")


def session(memory: str, threads: int, temporary: Path) -> list[str]:
    """The statements that a script begins with: the settings that leadmart itself has, and the schemas."""
    return [
        "SET TimeZone = 'UTC'",
        f"SET memory_limit = '{memory}'",
        f"SET threads = {threads}",
        f"SET temp_directory = '{temporary.as_posix()}'",
        "SET enable_progress_bar = false",
        *(f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in SCHEMAS),
    ]


def one_moment(as_of: datetime) -> str:
    return f"CREATE OR REPLACE TABLE wanted AS SELECT TIMESTAMP '{as_of}' AS as_of"


def before(as_of: datetime) -> str:
    """What is known at a moment, as the condition of a raw table's rows."""
    return f"s.occurred_at < TIMESTAMP '{as_of}' AND s.ingested_at <= TIMESTAMP '{as_of}'"


def write(script: Path, statements: Sequence[str]) -> Path:
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(";\n\n".join(statements) + ";\n", encoding="utf-8")
    return script


def main(script: str, database: str = ":memory:") -> None:
    import duckdb

    with duckdb.connect(database) as connection:
        connection.execute(Path(script).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
