"""What slices and scores took in past runs: seconds, rows, bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadmart.features.plan import Slice
from leadmart.features.warehouse import Warehouse


@dataclass(frozen=True)
class Cost:
    """Rows, bytes and seconds, as a mean or a sum."""

    rows: float = 0.0
    bytes: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.rows + other.rows, self.bytes + other.bytes, self.seconds + other.seconds)


@dataclass(frozen=True)
class Costs:
    """Mean costs of a slice: of each view version, of each view, and of any."""

    by_version: dict[tuple[str, str, int], Cost]
    by_name: dict[tuple[str, str], Cost]
    of_any: Cost | None

    def of(self, planned: Slice) -> Cost | None:
        """What a slice will cost: as its version did, else as other versions of it, else as the mean of all slices.

        None where no slice was ever filled.
        """
        definition = planned.definition
        kind, name, version = definition.kind, definition.name, definition.version or 0
        return self.by_version.get((kind, name, version)) or self.by_name.get((kind, name)) or self.of_any

    def sum_of(self, missing: Sequence[Slice]) -> Cost | None:
        """What slices will cost together; None where no slice was ever filled."""
        found = [cost for each in missing if (cost := self.of(each)) is not None]
        return sum(found, Cost()) if len(found) == len(missing) else None


def past_costs(warehouse: Warehouse) -> Costs:
    """What the slices that are listed cost."""
    columns = "AVG(row_count), AVG(bytes), AVG(seconds) FROM store.meta.slices"
    versions = warehouse.rows(f"SELECT kind, name, version, {columns} GROUP BY kind, name, version")
    names = warehouse.rows(f"SELECT kind, name, {columns} GROUP BY kind, name")
    every = warehouse.rows(f"SELECT {columns} HAVING COUNT(*) > 0")
    return Costs(
        {(kind, name, version): Cost(*cost) for kind, name, version, *cost in versions},
        {(kind, name): Cost(*cost) for kind, name, *cost in names},
        Cost(*every[0]) if every else None,
    )


def seconds_beside(warehouse: Warehouse) -> float | None:
    """What runs took for an as_of beside computing its slices: quality, scoring, publishing; None before any."""
    ((seconds,),) = warehouse.rows(
        "SELECT AVG(GREATEST(r.seconds - s.seconds, 0) / s.moments) FROM store.meta.runs AS r JOIN (SELECT run_id, "
        "COUNT(DISTINCT as_of) AS moments, SUM(seconds) AS seconds FROM store.meta.slices GROUP BY run_id) AS s "
        "ON s.run_id = r.run_id WHERE r.status = 'done'"
    )
    return None if seconds is None else float(seconds)


def rows_of_scoring(warehouse: Warehouse) -> float | None:
    """The mean number of rows that scoring an as_of gave; None before any."""
    ((rows,),) = warehouse.rows("SELECT AVG(row_count) FROM store.meta.scorings")
    return None if rows is None else float(rows)


def bytes_of_score(warehouse: Warehouse) -> float | None:
    """Bytes of one score row in its file; None where there is none."""
    folder = warehouse.project.warehouse
    listed = warehouse.rows("SELECT file, row_count FROM store.meta.score_files ORDER BY publish_number DESC LIMIT 20")
    sizes = [(path.stat().st_size, rows) for file, rows in listed if (path := folder / file).is_file() and rows]
    return sum(size for size, _ in sizes) / sum(rows for _, rows in sizes) if sizes else None
