"""Score rows into `scores.lead_scores`: the same rows twice change nothing, a changed row keeps its predecessor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leadmart.features.clock import now, sql_literal
from leadmart.features.fingerprint import digest
from leadmart.features.plan import Slice
from leadmart.features.shown import VERSIONS, is_last_shown, record_showing
from leadmart.features.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

KEY = ("lead_id", "as_of", "feature_set_version", "model_version", "policy_version")
_MATCHED = " AND ".join(f"s.{c} = i.{c}" for c in KEY)
STAMPS = ("run_id", "written_at")
"""Columns that say which run wrote a row; they never make a row a changed one."""


@dataclass(frozen=True)
class Counts:
    """What an upsert did, in rows."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.inserted + other.inserted, self.updated + other.updated, self.unchanged + other.unchanged)


@dataclass(frozen=True)
class Scoring:
    """What was scored: with it a later run knows that nothing is left to do. `slices` are those that were read."""

    as_of: datetime
    spine: str
    feature_set_version: str
    model_version: str
    policy_version: str
    input_hash: str
    role: str = "champion"
    is_hot: bool = False
    is_past: bool = False
    slices: tuple[Slice, ...] = ()

    @property
    def table(self) -> str:
        """Where scorings of its kind are listed: shadows, those of a few leads and those that came too late to be shown
        are apart, and never in force.
        """
        if self.is_hot:
            return "store.meta.hot_scorings"
        if self.is_past:
            return "store.meta.past_scorings"
        return "store.meta.shadow_scorings" if self.role == "shadow" else "store.meta.scorings"

    @property
    def name(self) -> str:
        """Names the rows that this scoring gives: they follow from the versions and the input."""
        return digest(self.as_of, *self._values, self.input_hash)

    def is_done(self, warehouse: Warehouse) -> int | None:
        """The number of rows where this very scoring is what is published under its versions; None where not."""
        listed = self.table
        if self.is_past:  # it may have been in force before other versions were
            listed = f"(FROM {listed} UNION ALL FROM store.meta.scorings)"
        found = warehouse.rows(
            f"SELECT row_count FROM {listed} WHERE {self._versions} AND input_hash = ?",
            [*self._values, self.input_hash],
        )
        return int(found[0][0]) if found else None

    def has_rows(self, warehouse: Warehouse) -> bool:
        """Whether leads were scored at its as_of under its versions, shown or not, on whatever input."""
        listed = "(FROM store.meta.scorings UNION ALL FROM store.meta.past_scorings)"
        return bool(warehouse.rows(f"SELECT 1 FROM {listed} WHERE {self._versions} LIMIT 1", self._values))

    def put_in_force(self, warehouse: Warehouse, run_id: str) -> None:
        """Says that a run found this scoring done: from now on its versions are the ones shown at its as_of."""
        with warehouse.transaction():
            warehouse.execute(
                f"UPDATE {self.table} SET run_id = ? WHERE {self._versions} AND input_hash = ?",
                [run_id, *self._values, self.input_hash],
            )
            self._list_slices(warehouse)  # which an earlier release did not
            if self.is_shown and not is_last_shown(warehouse, self.as_of, self.versions):
                self._show(warehouse, self.is_done(warehouse) or 0, run_id)

    def record(self, warehouse: Warehouse, rows: int, run_id: str) -> None:
        """Lists this scoring in place of any other under its versions: those rows have just been overwritten.

        Rows scored for the past and rows to be shown are the same rows; once shown they are no more of the past.
        """
        tables = {"store.meta.scorings", "store.meta.past_scorings"}
        for table in sorted(tables) if self.table in tables else [self.table]:
            warehouse.execute(
                f"DELETE FROM {table} WHERE {self._versions} AND input_hash <> ?", [*self._values, self.input_hash]
            )
        if self.table == "store.meta.scorings":
            warehouse.execute(f"DELETE FROM store.meta.past_scorings WHERE {self._versions}", self._values)
            warehouse.execute(f"DELETE FROM store.meta.scoring_slices WHERE {self._versions}", self._values)
            self._list_slices(warehouse)
        warehouse.execute(
            f"INSERT OR REPLACE INTO {self.table} VALUES ({sql_literal(self.as_of)}, ?, ?, ?, ?, ?, ?, ?)",
            [*self._values, self.input_hash, rows, run_id],
        )
        if self.is_shown:
            self._show(warehouse, rows, run_id)

    def _list_slices(self, warehouse: Warehouse) -> None:
        """Says what the scoring read, where that is not said yet; of those in force alone."""
        if self.table != "store.meta.scorings" or not self.slices:
            return
        kinds, names, versions, spines, _, fingerprints = zip(*(each.key for each in self.slices), strict=True)
        warehouse.execute(
            f"INSERT OR IGNORE INTO store.meta.scoring_slices SELECT {sql_literal(self.as_of)}, ?, ?, ?, ?, "
            "UNNEST(?::VARCHAR[]), UNNEST(?::VARCHAR[]), UNNEST(?::INTEGER[]), UNNEST(?::VARCHAR[]), "
            "UNNEST(?::VARCHAR[])",
            [*self._values, list(kinds), list(names), list(versions), list(spines), list(fingerprints)],
        )

    def _show(self, warehouse: Warehouse, rows: int, run_id: str) -> None:
        record_showing(warehouse, self.as_of, self.versions, is_hot=self.is_hot, rows=rows, run_id=run_id)

    @property
    def is_shown(self) -> bool:
        """Whether people are shown its rows once they are published."""
        return self.role == "champion" and not self.is_past

    @property
    def versions(self) -> dict[str, str]:
        """Feature set, model and policy by the names of their columns."""
        return dict(zip(VERSIONS, self._values[1:], strict=True))

    def published_sql(self) -> str:
        """The published score rows of these versions, as they were before a run stamped them."""
        feature_set, model, policy = (f"'{version}'" for version in self._values[1:])
        return (
            f"SELECT * EXCLUDE ({', '.join(STAMPS)}) FROM store.scores.lead_scores WHERE as_of = "
            f"{sql_literal(self.as_of)} AND feature_set_version = {feature_set} AND model_version = {model} "
            f"AND policy_version = {policy} ORDER BY lead_id"
        )

    @property
    def _versions(self) -> str:
        return (
            f"as_of = {sql_literal(self.as_of)} AND spine = ? AND feature_set_version = ? AND model_version = ? "
            "AND policy_version = ?"
        )

    @property
    def _values(self) -> list[str]:
        return [self.spine, self.feature_set_version, self.model_version, self.policy_version]


@dataclass(frozen=True)
class StagedScores:
    """Score rows compared with what is published, and not published yet; `delta` is the changed ones' relation."""

    scoring: Scoring
    delta: str
    file: str
    publish_number: int
    rows: int
    changed: int
    updated: int

    @property
    def counts(self) -> Counts:
        return Counts(self.changed - self.updated, self.updated, self.rows - self.changed)


def upsert(warehouse: Warehouse, scored: pl.DataFrame, scoring: Scoring, run_id: str) -> Counts:
    """Publishes score rows (all of scores.lead_scores' columns but run_id and written_at) in one transaction.

    A row whose values are there already is left alone; one that differs first goes to `scores.superseded`. The changed
    rows are also kept as an immutable file for the catalogue.
    """
    staged = stage_scores(warehouse, scored, scoring, run_id)
    with warehouse.transaction():
        publish_scores(warehouse, staged, run_id)
    return staged.counts


def stage_scores(
    warehouse: Warehouse, scored: pl.DataFrame, scoring: Scoring, run_id: str, *, ahead: int = 0
) -> StagedScores:
    """Compares score rows with what is published; `ahead` counts the stagings to be published before this one."""
    columns = [row[0] for row in warehouse.rows("DESCRIBE store.scores.lead_scores")]
    values = [c for c in columns if c not in (*KEY, *STAMPS)]
    differs = " OR ".join(_differs(c) for c in values)
    stamp = f"'{run_id}' AS run_id, {sql_literal(now())} AS written_at"
    delta = f"delta_{ahead}"
    warehouse.register("incoming", scored.select([c for c in columns if c not in STAMPS]))
    warehouse.execute(
        f"CREATE OR REPLACE TABLE {delta} AS SELECT i.*, {stamp}, s.lead_id IS NOT NULL AS was_there "
        f"FROM incoming AS i LEFT JOIN store.scores.lead_scores AS s ON {_MATCHED} WHERE s.lead_id IS NULL OR "
        f"{differs} ORDER BY i.lead_id"
    )
    ((changed, updated),) = warehouse.rows(f"SELECT COUNT(*), COUNT(*) FILTER (WHERE was_there) FROM {delta}")
    ((newest,),) = warehouse.rows("SELECT COALESCE(MAX(publish_number), 0) FROM store.meta.score_files")
    number = int(newest) + 1 + ahead
    file = _keep_delta(warehouse, delta, columns, number) if changed else ""
    return StagedScores(scoring, delta, file, number, scored.height, changed, updated)


def _differs(column: str) -> str:
    """Whether a stored row's value is another. Hashes of another scheme say nothing of the input: the rest decides."""
    from leadmart.scoring.input_hash import SCHEME

    another = f"s.{column} IS DISTINCT FROM i.{column}"
    return f"({another} AND starts_with(s.{column}, '{SCHEME}'))" if column == "input_hash" else another


def publish_scores(warehouse: Warehouse, staged: StagedScores, run_id: str) -> None:
    """Publishes staged score rows, inside the caller's transaction."""
    if staged.updated:
        warehouse.execute(
            f"INSERT INTO store.scores.superseded BY NAME SELECT s.*, {sql_literal(now())} AS superseded_at, ? AS "
            "superseded_by FROM "
            f"store.scores.lead_scores AS s JOIN {staged.delta} AS i ON {_MATCHED}",
            [run_id],
        )
    if staged.changed:
        columns = [row[0] for row in warehouse.rows("DESCRIBE store.scores.lead_scores")]
        warehouse.execute(_merge(columns, staged.delta))
        warehouse.execute(
            "INSERT INTO store.meta.score_files VALUES (?, ?, ?, ?)",
            [staged.publish_number, staged.file, staged.changed, run_id],
        )
    staged.scoring.record(warehouse, staged.rows, run_id)


def _keep_delta(warehouse: Warehouse, delta: str, columns: Sequence[str], number: int) -> str:
    staged = warehouse.staging_file()
    listed = ", ".join(columns)
    warehouse.write_parquet(
        f"SELECT {listed}, CAST({number} AS BIGINT) AS publish_number FROM {delta} ORDER BY lead_id, as_of", staged
    )
    return warehouse.keep_file(staged, Path("scores"))[0]


def _merge(columns: Sequence[str], delta: str) -> str:
    values = [c for c in columns if c not in KEY]
    return (
        f"MERGE INTO store.scores.lead_scores AS s USING {delta} AS i ON {_MATCHED} "
        f"WHEN MATCHED THEN UPDATE SET {', '.join(f'{c} = i.{c}' for c in values)} "
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(columns)}) VALUES ({', '.join(f'i.{c}' for c in columns)})"
    )
