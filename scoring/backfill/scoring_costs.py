"""What scoring took in past runs, beside what slices cost."""

from __future__ import annotations

from collections.abc import Sequence

from leadmart.features.costs import Cost, added_up, expected_costs
from leadmart.features.plan import Slice
from leadmart.features.warehouse import Warehouse


def cost_of(warehouse: Warehouse, missing: Sequence[Slice]) -> Cost | None:
    """What slices will cost together, those of views that never had one by the mean of the others.

    None where nothing can be judged by.
    """
    found = added_up(expected_costs(warehouse, missing))
    if not found.known:
        return None if missing else Cost(0, 0, 0.0)
    times, cost = len(missing) / found.known, found.cost
    return Cost(round(cost.rows * times), round(cost.bytes * times), round(cost.seconds * times, 3))


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
