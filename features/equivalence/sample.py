"""Both texts on real rows: what the verdict claims is held against what they return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

from leadmart.features.definition import Definition
from leadmart.features.equivalence.compare import Side
from leadmart.features.equivalence.verdict import Change
from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.plan import default_as_of
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.render import relations_sql
from leadmart.features.warehouse import Warehouse, open_for_reading

MOST_KEYS = 5_000
"""How many of the spine's rows a sample takes, chosen by a hash of their key."""


@dataclass(frozen=True)
class Sample:
    """What both texts returned: `differing` counts the rows by column. `why_not` says why there is no sample."""

    as_of: datetime | None = None
    rows: int = 0
    differing: Mapping[str, int] | None = None
    why_not: str = ""

    def disagreements(self, verdict: Mapping[str, Change]) -> list[str]:
        """Columns said to be `same` of which rows differ."""
        found = self.differing or {}
        return [name for name, change in verdict.items() if change.kind == "same" and found.get(name)]

    def as_json(self, verdict: Mapping[str, Change]) -> dict[str, Any]:
        if self.differing is None:
            return {"skipped": self.why_not}
        return {
            "as_of": str(self.as_of),
            "rows": self.rows,
            "differing": dict(self.differing),
            "disagreements": self.disagreements(verdict),
        }


def sampled(project: Project, before: Side, after: Side, verdict: Mapping[str, Change]) -> Sample:
    """Runs both texts on the project's rows at its newest as_of and compares the columns that both return."""
    both = [name for name, change in verdict.items() if change.kind in ("same", "changed")]
    if not both:
        return Sample(why_not="no column is in both texts")
    try:
        with open_for_reading(project) as warehouse:
            as_of = default_as_of(warehouse)
            registry = Registry(project)
            for number, side in enumerate((before, after)):
                _make(warehouse, registry, project, side, as_of, f"text_{number}")
            return _compared(warehouse, before.key, both, as_of)
    except (LeadmartError, duckdb.Error) as error:
        return Sample(why_not=first_line(error))


def _make(warehouse: Warehouse, registry: Registry, project: Project, side: Side, as_of: datetime, table: str) -> None:
    for statement in relations_sql(warehouse, registry, _as_read(side), as_of):
        warehouse.connection.execute(statement)
    if side.definition.kind in ("SELECT", "feature", "gate"):
        chosen = f"SELECT * FROM spine ORDER BY hash({side.key}), {side.key} LIMIT {MOST_KEYS}"
        warehouse.connection.execute(f"CREATE OR REPLACE TEMP TABLE chosen AS {chosen}")
        warehouse.connection.execute("CREATE OR REPLACE VIEW spine AS SELECT * FROM chosen")
    warehouse.connection.execute(f"CREATE OR REPLACE TABLE {table} AS\n{side.definition.statement}")


def _as_read(side: Side) -> Definition:
    """The text as a view over the spine of its key, so that all it reads is made."""
    given = side.definition
    if given.kind != "SELECT":
        return given
    entity = {"lead_id": "lead"}.get(side.key, side.key.removesuffix("_id"))
    header = f"-- entity: {entity} ({side.key})\n--\n"
    body = given.text[_header_end(given.text) :]
    return replace(given, kind="feature", version=1, text=header + body, remembered={})


def _header_end(text: str) -> int:
    end = 0
    for line in text.splitlines(keepends=True):
        if not line.startswith("--"):
            break
        end += len(line)
    return end


def _compared(warehouse: Warehouse, key: str, both: list[str], as_of: datetime) -> Sample:
    kinds = [{n.lower(): k for n, k in warehouse.columns(f"SELECT * FROM text_{number}")} for number in (0, 1)]
    keys = [name for name in (key, "as_of") if all(name in found for found in kinds)]
    rows = warehouse.rows("SELECT COUNT(*) FROM text_1")[0][0]
    differing = {}
    for name in both:
        if not all(name in found for found in kinds):
            continue
        listed = ", ".join(f'"{column}"' for column in dict.fromkeys([*keys, name]))
        one, other = (f"SELECT {listed} FROM text_{number}" for number in (0, 1))
        unlike = warehouse.rows(
            f"SELECT GREATEST((SELECT COUNT(*) FROM ({one} EXCEPT ALL {other})), "
            f"(SELECT COUNT(*) FROM ({other} EXCEPT ALL {one})))"
        )[0][0]
        differing[name] = unlike if kinds[0][name] == kinds[1][name] else max(unlike, 1)
    return Sample(as_of, rows, differing)
