"""What the last run has published, to hold a change against: its score rows and its slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
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
    """The scoring in force at the newest as_of that has one: its versions, and until when its run lasted."""

    as_of: datetime
    feature_set_version: str
    model_version: str
    policy_version: str
    run_id: str
    until: datetime | None

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
        f"SELECT c.as_of, {', '.join(f'c.{name}' for name in VERSIONS)}, c.run_id, r.finished_at "
        f"FROM ({in_force_sql()}) AS c JOIN store.meta.runs AS r ON r.run_id = c.run_id "
        f"WHERE c.spine = ? AND c.as_of <= {sql_literal(until)} AND c.row_count > 0 ORDER BY c.as_of DESC LIMIT 1",
        [spine],
    )
    return Recorded(*found[0]) if found else None


def recorded_rows(warehouse: Warehouse, recorded: Recorded, leads: str) -> pl.DataFrame:
    """The score rows of the leads of a relation (lead_id), ordered by lead."""
    return warehouse.frame(f"SELECT * FROM ({recorded.rows_sql}) SEMI JOIN {leads} USING (lead_id) ORDER BY lead_id")


def recorded_slice(
    warehouse: Warehouse, recorded: Recorded, definition: Definition, spine: str
) -> tuple[str, str] | None:
    """The relation over the slice of a definition's name that the scoring read, and its fingerprint; None without one.

    Whatever its version: it is the newest that was computed by the end of the run.
    """
    until = f"AND computed_at <= {sql_literal(recorded.until)} " if recorded.until else ""
    found = warehouse.rows(
        "SELECT file, fingerprint FROM store.meta.slices WHERE kind = ? AND name = ? AND spine = ? "
        f"AND as_of = {sql_literal(recorded.as_of)} {until}ORDER BY computed_at DESC, version DESC LIMIT 1",
        [definition.kind, definition.name, spine],
    )
    if not found:
        return None
    path = warehouse.project.warehouse / found[0][0]
    return (f"read_parquet({quoted_file(path)})", str(found[0][1])) if path.is_file() else None


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
