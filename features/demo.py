"""The made-up company: raw tables from a seed, and the chances that only its maker knows.

Everything is SQL below `sql/demo`; this module hands it the settings and writes what it makes. Each draw is a hash of
the seed and of the row it is for, so that rows depend neither on each other nor on threads, and a million leads are one
pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.errors import LeadmartError
from leadmart.features.literals import quoted

if TYPE_CHECKING:
    import polars

_SQL = Path(__file__).resolve().parent.parent / "sql" / "demo"
_REDELIVERED = 0.01  # of the rows come a second time, days later
_ALTERED = 0.3  # of those with another value


@dataclass(frozen=True)
class DemoSettings:
    """How large the made-up company is and when its world ends.

    Nothing happens at or after `until` and nothing that arrives after it is written; leads are created evenly over the
    `days` before it. `seed`, `leads`, `days` and `until` together fix every byte. What arrives in the last `hold_back`
    days is written apart, day by day, as later loads would bring it.
    """

    until: datetime
    leads: int = 20_000
    days: int = 540
    seed: int = 1
    hold_back: int = 0

    def __post_init__(self) -> None:
        if self.leads < 1 or self.days < 1:
            raise LeadmartError(
                f"a made-up company needs leads and days, not {self.leads} leads in {self.days} days",
                code="bad_demo",
                hint="give both as whole numbers from 1",
            )
        if not 0 <= self.hold_back < self.days:
            raise LeadmartError(
                f"{self.hold_back} days cannot be held back of {self.days}",
                code="bad_demo",
                hint="give fewer days than the company is old",
            )

    @property
    def begin(self) -> datetime:
        return self.until - timedelta(days=self.days)

    @property
    def loaded_until(self) -> datetime:
        """When the load is completed that brings all but what is held back."""
        return self.until - timedelta(days=self.hold_back)


def generate(folder: Path, demo: DemoSettings, *, threads: int | None = None, memory: str = "4GB") -> dict[str, Path]:
    """Writes one Parquet file a raw table into `folder`, in the shapes `sql/sources/plain` reads; table -> file.

    The entry `truth` is no raw table: it holds each lead's fit and its conversion, also one after `until`, for
    `reachable_probability`. Keep it away from `load`. What is held back lies in `held_back/<day>/<table>.parquet`
    beside, the day being the one before whose start it arrived. Same settings, same bytes, whatever `threads` is
    (DuckDB's choice if None); past `memory` DuckDB goes on on disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    with _world(demo, threads, memory, folder) as con:
        for script in sorted((_SQL / "raw").glob("*.sql")):
            con.execute(f"CREATE TABLE written AS {_as_delivered(script.read_text(), demo)}")
            first = f"SELECT * FROM written WHERE synced_at <= {sql_literal(demo.loaded_until)}"
            files[script.stem] = _write(con, first, folder / f"{script.stem}.parquet", threads)
            for day in held_back_days(demo):
                later = day - timedelta(days=1)
                select = (
                    f"SELECT * FROM written WHERE synced_at > {sql_literal(later)} AND synced_at <= {sql_literal(day)}"
                )
                target = folder / "held_back" / f"{day:%Y-%m-%d}" / f"{script.stem}.parquet"
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(con, select, target, threads)
            con.execute("DROP TABLE written")
        con.execute(f"CREATE TABLE written AS {(_SQL / 'truth.sql').read_text()}")
        files["truth"] = _write(con, "SELECT * FROM written", folder / "truth.parquet", threads)
    return files


def held_back_days(demo: DemoSettings) -> list[datetime]:
    """The moments by which each later load is complete, the first one a day after `loaded_until`."""
    return [demo.loaded_until + timedelta(days=number + 1) for number in range(demo.hold_back)]


def reachable_probability(truth: Path, pairs: polars.DataFrame, *, horizon_days: float = 90) -> polars.DataFrame:
    """The true chance of an opportunity in (as_of, as_of + horizon], for each pair of `pairs`: lead_id, as_of, p.

    `truth` is the file `generate` wrote. The chance follows from the known hazard and from everything that had happened
    by as_of, arrived or not; what was yet to happen is averaged out, not looked up. `p` is NULL before the lead's
    creation and after its opportunity. Leads that `truth` does not hold are left out; rows come in order of (lead_id,
    as_of).
    """
    with _connect(None) as con:
        con.execute((_SQL / "1_time_and_chance.sql").read_text())
        con.execute((_SQL / "2_hazard.sql").read_text())
        con.execute("SET VARIABLE horizon = ?", [float(horizon_days)])
        con.register("given", pairs.select("lead_id", "as_of").unique())
        con.execute("CREATE TABLE pairs AS SELECT g.lead_id, g.as_of::TIMESTAMP AS as_of FROM given AS g")
        con.read_parquet(str(truth)).create("truth")
        found: polars.DataFrame = con.sql((_SQL / "reachable.sql").read_text()).pl()
        return found


def _connect(threads: int | None, memory: str = "4GB", spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"python_enable_replacements": False, "memory_limit": memory})
    if spill is not None:
        con.execute("SET temp_directory = ?", [str(spill / "spill")])
    con.execute("SET TimeZone = 'UTC'")
    if threads is not None:
        con.execute(f"SET threads = {threads:d}")
    return con


def _world(demo: DemoSettings, threads: int | None, memory: str, spill: Path) -> duckdb.DuckDBPyConnection:
    """A connection in which everything has happened and nothing is written yet."""
    con = _connect(threads, memory, spill)
    for name, value in (("seed", str(demo.seed)), ("leads", str(demo.leads))):
        con.execute(f"SET VARIABLE {name} = {value}")
    for name, moment in (("begin", demo.begin), ("until", demo.until)):
        con.execute(f"SET VARIABLE {name} = {sql_literal(moment)}")
    for script in sorted(_SQL.glob("[0-9]_*.sql")):
        con.execute(script.read_text())
    return con


def _as_delivered(select: str, demo: DemoSettings) -> str:
    """The rows of a raw table as they reach the warehouse by the end: some twice, none later than it.

    The header names the key, and after `again:` the column that a redelivered row may show with another value.
    """
    key = _header(select, "key")
    if key is None:
        raise ValueError("a raw table of the demo names no key")
    row = " || '/' || ".join(f"{column.strip()}::VARCHAR" for column in key.split(","))
    clock = _clock(select)
    again = ""
    altered = _header(select, "again")
    if altered is not None:
        column, _, value = altered.partition(" = ")
        again = f", CASE WHEN chance('altered', {row}) < {_ALTERED} THEN {value} ELSE {column} END AS {column}"
    until = sql_literal(demo.until)
    return f"""
WITH once AS ({select})
SELECT every.* FROM (
    FROM once
    UNION ALL
    SELECT * REPLACE (
        synced_at + TO_SECONDS(FLOOR(86400 * (0.5 + 8 * chance('again after', {row})))::BIGINT) AS synced_at{again}
    )
    FROM once WHERE chance('again', {row}) < {_REDELIVERED}
) AS every
WHERE every.{clock} < {until} AND every.synced_at <= {until}
ORDER BY every.synced_at, {", ".join(f"every.{column.strip()}" for column in key.split(","))}"""


def _header(select: str, word: str) -> str | None:
    found = re.search(rf"^-- {word}:\s*(.+)$", select, re.MULTILINE)
    return found.group(1).strip() if found else None


def _clock(select: str) -> str:
    """The column that says when a row happened: the one `_at` column beside synced_at that is never overwritten."""
    for column in (
        "occurred_at",
        "changed_at",
        "created_at",
        "closed_at",
        "entered_at",
        "submitted_at",
        "issued_at",
        "paid_at",
        "given_at",
    ):
        if re.search(rf"AS {column}\b", select):
            return column
    raise ValueError("a raw table of the demo has no clock")


def _write(con: duckdb.DuckDBPyConnection, select: str, file: Path, threads: int | None) -> Path:
    # row groups, and with them bytes, could follow the threads
    con.execute("SET threads = 1")
    con.execute(f"COPY ({select}) TO {quoted(file)} (FORMAT parquet, COMPRESSION zstd)")
    con.execute("RESET threads" if threads is None else f"SET threads = {threads:d}")
    return file
