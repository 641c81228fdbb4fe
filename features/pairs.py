"""Features at any (entity, as_of) pairs: training frames for any model, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.literals import quoted_file
from leadmart.features.lookup import compute_at, feature_columns, plain_types
from leadmart.features.plan import Selection, select
from leadmart.features.project import Project, find_project
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.warehouse import open_for_reading

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

MOST_MOMENTS = 5_000
MOST_PAIRS = 250_000
MOST_LINKED = 5_000_000
"""Bounds of one part: moments, pairs, and rows of links, which are computed whole at every moment."""


def feature_frame(project: Project | Path | str, pairs: pl.DataFrame | pa.Table | Path | str) -> pl.DataFrame:
    """Features at pairs, one row for each in their order, duplicates kept; decimals as doubles, integers as Int64.

    `pairs` carries the entity's key and as_of (UTC) and nothing else: a frame, an Arrow table, or the path of a Parquet
    or CSV file. It can be called while a run is on. Raises LeadmartError `bad_pairs`, `no_such_file`, `no_project`.
    """
    found = project if isinstance(project, Project) else find_project(Path(project))
    with open_for_reading(found) as warehouse:
        session = Session(warehouse, Registry(found))
        if isinstance(pairs, Path | str):
            relation, named = _file_relation(Path(pairs)), str(pairs)
        else:
            table = pairs if not hasattr(pairs, "to_arrow") else pairs.to_arrow()
            warehouse.connection.register("given_pairs", table)
            relation, named = "given_pairs", "the frame of pairs"
        parts = Parts(session, select(session.registry, session.present), relation, named)
        try:
            return plain_types(warehouse.frame(parts.select))
        finally:
            parts.remove()


def features_for_pairs(session: Session, pairs: Path, out: Path) -> int:
    """Writes features at the (key, as_of) pairs of a file, in their order, duplicates kept; the rows written.

    The file is Parquet or CSV. Raises LeadmartError `bad_pairs` where it has other columns than the key and as_of.
    """
    parts = Parts(session, select(session.registry, session.present), _file_relation(pairs), str(pairs))
    try:
        return session.warehouse.write_parquet(parts.select, out)
    finally:
        parts.remove()


class Parts:
    """The features at pairs as Parquet files, one for each part of the moments, and the SELECT that orders them.

    `relation` holds the pairs, and `named` is what errors call it.
    """

    def __init__(
        self, session: Session, selection: Selection, relation: str, named: str, *, with_gates: bool = False
    ) -> None:
        self.session = session
        self.selection = selection
        self.with_gates = with_gates
        self.files: list[Path] = []
        self.key = self.selection.spine.key
        _read_pairs(session, self.selection, relation, named)
        try:
            for first, last in self._spans():
                self._compute(first, last)
        except BaseException:
            self.remove()
            raise

    @property
    def select(self) -> str:
        kind = None if self.with_gates else "feature"
        columns = ", ".join(f'f."{c.name}"' for c in feature_columns(self.selection, kind))
        listed = ", ".join(quoted_file(file) for file in self.files)
        return (
            f"SELECT p.{self.key}, p.as_of, {columns} FROM pairs AS p "
            f"LEFT JOIN read_parquet([{listed}]) AS f ON f.pair = p.pair ORDER BY p.pair"
        )

    def remove(self) -> None:
        for file in self.files:
            file.unlink(missing_ok=True)

    def _spans(self) -> Iterator[tuple[int, int]]:
        """First and last number of the moments of each part; one part where there is no pair at all."""
        warehouse, links = self.session.warehouse, self.selection.links
        warehouse.execute(
            "CREATE OR REPLACE TABLE moments AS SELECT ROW_NUMBER() OVER (ORDER BY as_of) AS moment, as_of, "
            "COUNT(*) AS pairs FROM pairs WHERE as_of IS NOT NULL GROUP BY as_of"
        )
        linked = 0
        if links:
            self.session.want([])
            self.session.prepare(links)
            names = self.session.registry.sources_of(links)
            linked = max(warehouse.rows(f"SELECT COUNT(*) FROM staging.{name}")[0][0] for name in names)
        most = max(1, min(MOST_MOMENTS, MOST_LINKED // max(1, linked)))
        spans = warehouse.rows(
            "SELECT MIN(moment), MAX(moment) FROM (SELECT moment, "
            f"(moment - 1) // {most} AS by_moments, (SUM(pairs) OVER (ORDER BY moment) - pairs) // {MOST_PAIRS} AS "
            "by_pairs FROM moments) GROUP BY by_moments, by_pairs ORDER BY 1"
        )
        yield from spans or [(0, 0)]

    def _compute(self, first: int, last: int) -> None:
        session, key = self.session, self.key
        moments = session.warehouse.rows(f"SELECT as_of FROM moments WHERE moment BETWEEN {first} AND {last}")
        session.want([as_of for (as_of,) in moments])
        here = (
            f"SELECT p.* FROM pairs AS p JOIN moments AS m ON m.as_of = p.as_of AND m.moment BETWEEN {first} AND {last}"
        )
        session.set_spine(self.selection.spine.entity[0], f"SELECT {key}, as_of FROM ({here}) WHERE {key} IS NOT NULL")
        sql = compute_at(session, self.selection, with_gates=self.with_gates)
        file = session.warehouse.staging_file()
        self.files.append(file)
        session.warehouse.write_parquet(
            f"SELECT p.pair, f.* FROM ({here}) AS p JOIN ({sql}) AS f ON f.{key} = p.{key} AND f.as_of = p.as_of", file
        )


def _file_relation(pairs: Path) -> str:
    if not pairs.is_file():
        raise LeadmartError(f"there is no file {pairs}", code="no_such_file")
    # a key such as 007 is text, whatever it looks like
    csv = f"read_csv({quoted_file(pairs)}, header = true, all_varchar = true)"
    return f"read_parquet({quoted_file(pairs)})" if pairs.suffix == ".parquet" else csv


def _read_pairs(session: Session, selection: Selection, relation: str, named: str) -> None:
    """Makes the session's table `pairs`: pair (its number), key and as_of."""
    warehouse, key = session.warehouse, selection.spine.key
    try:
        names = [name for name, _ in warehouse.columns(f"SELECT * FROM {relation}")]
    except duckdb.Error as error:
        raise _unreadable_pairs(named, error) from None
    if sorted(names) != sorted([key, "as_of"]):
        raise LeadmartError(
            f"{named} has the columns {', '.join(names)}",
            code="bad_pairs",
            hint=f"pairs carry {key} and as_of and nothing else: what they knew besides could leak",
        )
    try:
        # by way of TIMESTAMPTZ: a cast of text to TIMESTAMP drops the offset
        warehouse.execute(
            f"CREATE OR REPLACE TABLE pairs AS SELECT ROW_NUMBER() OVER () AS pair, CAST({key} AS VARCHAR) AS {key}, "
            f"CAST(CAST(as_of AS TIMESTAMPTZ) AS TIMESTAMP) AS as_of FROM {relation}"
        )
    except duckdb.Error as error:
        raise _unreadable_pairs(named, error) from None


def _unreadable_pairs(named: str, error: duckdb.Error) -> LeadmartError:
    return LeadmartError(
        f"{named} cannot be read as pairs: {first_line(error)}",
        code="bad_pairs",
        hint="as_of is a date or a timestamp in UTC",
    )
