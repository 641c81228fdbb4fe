"""What the last run has published, to hold a change against: its score rows and its slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.house.kinds import has_table
from leadmart.features.literals import quoted_file
from leadmart.features.shown import VERSIONS, in_force_sql
from leadmart.features.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl


KEPT = (
    "tier", "composite", "rank", "w", "rules_score", "boost", "cap", "cap_reason", "hot_from", "warm_from", "reasons",
)  # fmt: skip
"""The columns of score rows that a comparison reads."""


@dataclass(frozen=True)
class Recorded:
    """The scoring in force at the newest as_of that has one, by its versions."""

    as_of: datetime
    feature_set_version: str
    model_version: str
    policy_version: str

    @property
    def versions(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in VERSIONS}

    @property
    def rows_sql(self) -> str:
        """A SELECT of the champion's score rows."""
        these = " AND ".join(f"{name} = '{version}'" for name, version in self.versions.items())
        return (
            f"SELECT CAST(lead_id AS VARCHAR) AS lead_id, {', '.join(KEPT)} FROM store.scores.lead_scores "
            f"WHERE as_of = {sql_literal(self.as_of)} AND {these} AND role = 'champion'"
        )


def newest_recorded(warehouse: Warehouse, spine: str, until: datetime) -> Recorded | None:
    """The newest scoring in force of a spine's leads, not later than a moment; None where there is none with rows."""
    found = warehouse.rows(
        f"SELECT as_of, {', '.join(VERSIONS)} FROM ({in_force_sql()}) "
        f"WHERE spine = ? AND as_of <= {sql_literal(until)} AND row_count > 0 ORDER BY as_of DESC LIMIT 1",
        [spine],
    )
    return Recorded(*found[0]) if found else None


def recorded_rows(warehouse: Warehouse, recorded: Recorded, leads: str) -> pl.DataFrame:
    """The score rows of the leads of a relation (lead_id), ordered by lead."""
    return warehouse.frame(f"SELECT * FROM ({recorded.rows_sql}) SEMI JOIN {leads} USING (lead_id) ORDER BY lead_id")


@dataclass(frozen=True)
class ReadSlice:
    """A slice that the scoring read. `relation` reads its file; None where that is kept no more."""

    version: int
    fingerprint: str
    relation: str | None


class ReadSlices:
    """The slices that a scoring read, by kind and name; none where a release before this one recorded them nowhere."""

    def __init__(self, warehouse: Warehouse, recorded: Recorded, spine: str) -> None:
        self._found: dict[tuple[str, str], list[ReadSlice]] = {}
        if not has_table(warehouse, "scoring_slices"):
            return
        named = " AND ".join(f"r.{name} = ?" for name in VERSIONS)
        for kind, name, version, fingerprint, file in warehouse.rows(
            "SELECT r.kind, r.name, r.version, r.fingerprint, s.file FROM store.meta.scoring_slices AS r "
            "LEFT JOIN store.meta.slices AS s ON s.kind = r.kind AND s.name = r.name AND s.version = r.version "
            "AND s.spine = r.slice_spine AND s.as_of = r.as_of AND s.fingerprint = r.fingerprint "
            f"WHERE r.as_of = {sql_literal(recorded.as_of)} AND r.spine = ? AND {named} ORDER BY ALL",
            [spine, *recorded.versions.values()],
        ):
            path = warehouse.project.warehouse / file if file else None
            relation = f"read_parquet({quoted_file(path)})" if path and path.is_file() else None
            self._found.setdefault((kind, name), []).append(ReadSlice(version, fingerprint, relation))

    def __bool__(self) -> bool:
        return bool(self._found)

    def of(self, definition: Definition, others: Iterable[Definition]) -> ReadSlice | None:
        """That of a definition's version, else of the newest version of its name; None where the scoring read none.

        A view that stands beside an earlier version of itself, among the `others`, has that one's columns not.
        """
        own = definition.version or 0
        beside = {d.version for d in others if (d.kind, d.name) == (definition.kind, definition.name)} - {own}
        found = self._found.get((definition.kind, definition.name), [])
        free = [s for s in found if s.version not in beside or definition.kind == "link"]
        return max(free, key=lambda s: (s.version == own, s.version), default=None)


def changed_values(
    warehouse: Warehouse, definition: Definition, before: str, names: Sequence[str]
) -> tuple[pl.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """One row per key in both: `key`, and for each column that both have `name` and `name after`; then the names that
    only the session's relation has, and those that only `before` has.
    """
    old = [name for name, _ in warehouse.columns(f"SELECT * FROM {before}")]
    both = [name for name in names if name in old]
    items = [f'b."{name}", a."{name}" AS "{name} after"' for name in both]
    frame = warehouse.frame(
        f"SELECT {', '.join([f'CAST(a.{definition.key} AS VARCHAR) AS key', *items])} FROM {definition.relation} AS a "
        f"JOIN {before} AS b ON b.{definition.key} = a.{definition.key} AND b.as_of = a.as_of ORDER BY ALL"
    )
    added = tuple(name for name in names if name not in old)
    gone = tuple(name for name in old if name not in (*names, definition.key, "as_of"))
    return frame, added, gone
