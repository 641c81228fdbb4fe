"""`snapshot`: change rows of raw tables that are updated in place, appended each time a difference is seen.

    [snapshot.contacts]
    key = "id"

    id | title | _changed_at | _loaded_at | _deleted       raw.contacts__changes
    1  | Buyer | 2026-03-01  | 2026-03-01 | FALSE          first seen
    1  | NULL  | 2026-03-02  | 2026-03-02 | FALSE          emptied
    1  | NULL  | 2026-03-05  | 2026-03-05 | TRUE           gone

Every load of the table since the last look is looked at, in order, so it does not matter when the command runs. The
row in force at a moment is the latest by `(_changed_at, _loaded_at)` of those known then; before the first there is
none, and the state is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from leadmart.features.clock import iso, now, sql_literal
from leadmart.features.erasure.guard import without_erased
from leadmart.features.errors import LeadmartError, first_line, near_names
from leadmart.features.fingerprint import digest
from leadmart.features.literals import quoted_name
from leadmart.features.project import SnapshotSection
from leadmart.features.raw.in_place import in_place, refuse_changed
from leadmart.features.raw.tables import (
    CHANGE_COLUMNS,
    CHANGES,
    batches_relation,
    raw_attached,
    raw_tables,
    raw_versions,
)
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse


@dataclass(frozen=True)
class Look:
    """What one look at a table found; `changes` in all is 0 where nothing had changed, and then no file was written."""

    table: str
    observed_at: datetime
    rows_seen: int
    added: int
    changed: int
    deleted: int
    returned: int
    unstamped: int
    without_key: int

    @property
    def changes(self) -> int:
        return self.added + self.changed + self.deleted + self.returned

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "observed_at": iso(self.observed_at)}


@dataclass(frozen=True)
class _Observation:
    """A state of a table to look at: since when it is here, the relation that reads it, its identity."""

    observed_at: datetime
    relation: str
    version: str


def snapshot(
    warehouse: Warehouse,
    tables: Sequence[str] = (),
    *,
    allow_shrink: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Look]:
    """Looks at the tables (default: all that leadmart.toml names) and appends their change rows; one look a new load.

    Each look is published in one transaction. Raises LeadmartError `unknown_table` for a table without settings,
    `missing_column` and `snapshot_key` where the table does not fit them, and `shrunk` where it arrives empty or at
    half its size or less; looks taken before it stay.
    """
    settings = warehouse.project.settings.snapshot
    looks = []
    for table in tables or settings:
        if table not in settings:
            raise LeadmartError(
                f"leadmart.toml does not say that raw.{table} is updated in place",
                code="unknown_table",
                hint=near_names(table, settings) or f'add `[snapshot.{table}]` with its `key = "id"`',
            )
        due = _due(warehouse, table)
        for observation in due:
            progress(f"{table} as of {iso(observation.observed_at)}")
            try:
                looks.append(_look(warehouse, table, settings[table], observation, allow_shrink))
            except LeadmartError as error:
                # a load that came at half its size and was mended by the next one was never the table
                if error.code != "shrunk" or observation is due[-1]:
                    raise
    return looks


def _due(warehouse: Warehouse, table: str) -> list[_Observation]:
    """The states of a table since the last look, oldest first: one a load, else what stands in place now."""
    seen = warehouse.rows(
        "SELECT observed_at, version FROM store.meta.snapshots WHERE table_name = ? ORDER BY observed_at DESC LIMIT 1",
        [table],
    )
    last, version_seen = seen[0] if seen else (datetime.min, "")
    loads = warehouse.rows(
        "SELECT loaded_at, LIST(file ORDER BY sha256), LIST(sha256 ORDER BY sha256), BOOL_OR(replaced_at IS NULL) "
        "FROM store.meta.loads WHERE table_name = ? GROUP BY loaded_at ORDER BY loaded_at",
        [table],
    )
    due = [_Observation(at, batches_relation(warehouse, files), digest(hashes)) for at, files, hashes, _ in loads]
    standing = [o for o, (*_, stands) in zip(due, loads, strict=True) if stands]
    newer = [o for o in due if o.observed_at > last]
    if loads:
        # a file that comes back keeps the moment it was first loaded: what stands now may be older than the last look
        if standing and not newer and standing[-1].version != version_seen:
            return [_Observation(_after(last), standing[-1].relation, standing[-1].version)]
        return newer
    relation = raw_tables(warehouse).get(table)
    if relation is None or (version := raw_versions(warehouse)[table]) == version_seen:
        return []
    moment = in_place(warehouse).moment
    return [_Observation(moment if moment and moment > last else _after(last), relation, version)]


def _after(last: datetime) -> datetime:
    """The present moment, and in any case one after the last look."""
    return max(now(), last + timedelta(microseconds=1))


def _look(
    warehouse: Warehouse, table: str, settings: SnapshotSection, observation: _Observation, allow_shrink: bool
) -> Look:
    try:
        with raw_attached(warehouse):
            return _take(warehouse, table, settings, observation, allow_shrink)
    except duckdb.Error as error:
        raise LeadmartError(
            f"raw.{table} cannot be compared with its change rows: {first_line(error)}",
            code="snapshot_failed",
            hint=f"look at [snapshot.{table}] in leadmart.toml",
        ) from None
    finally:
        for name in ("snapshot_now", "snapshot_state", "snapshot_changes"):
            warehouse.execute(f"DROP TABLE IF EXISTS {name}")


def _take(
    warehouse: Warehouse, table: str, settings: SnapshotSection, observation: _Observation, allow_shrink: bool
) -> Look:
    at = sql_literal(observation.observed_at)
    columns = _columns(warehouse, table, settings, observation.relation)
    relation = without_erased(warehouse, Registry(warehouse.project), table, observation.relation)
    rows_seen, without_key = _read_now(warehouse, table, settings, relation, columns)
    known = _read_state(warehouse, table, settings, columns, allow_shrink)
    if known and not allow_shrink:
        _refuse_shrunk(warehouse, table, rows_seen)
    warehouse.execute(f"CREATE TABLE snapshot_changes AS {_changes_sql(settings, columns, known, at)}")
    counts: dict[str, int] = dict(warehouse.rows("SELECT kind, COUNT(*) FROM snapshot_changes GROUP BY kind"))
    look = Look(
        table, observation.observed_at, rows_seen, counts.get("added", 0), counts.get("changed", 0),
        counts.get("deleted", 0), counts.get("returned", 0), _unstamped(warehouse, settings, columns, known),
        without_key,
    )  # fmt: skip
    file, sha256, size = None, None, 0
    if look.changes:
        staged = warehouse.staging_file()
        warehouse.write_parquet("SELECT * EXCLUDE (kind) FROM snapshot_changes ORDER BY ALL", staged)
        file, sha256, size = warehouse.keep_file(staged, Path("raw") / f"{table}{CHANGES}")
    refuse_changed(warehouse)
    # the file is there before it is listed: killed in between, the next look finds the same and lists it
    with warehouse.transaction():
        warehouse.execute(
            f"INSERT INTO store.meta.snapshots VALUES (?, {at}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {sql_literal(now())})",
            [
                table, observation.version, file, sha256, size, look.rows_seen, look.added, look.changed, look.deleted,
                look.returned, look.unstamped, look.without_key,
            ],
        )  # fmt: skip
    return look


def _columns(warehouse: Warehouse, table: str, settings: SnapshotSection, relation: str) -> list[str]:
    """The columns that change rows keep, key first. Raises LeadmartError `missing_column`."""
    found = {name.lower(): name for name, _ in warehouse.columns(f"SELECT * FROM {relation}") if name != "_loaded_at"}
    wanted = [*settings.key, *([settings.updated_at] if settings.updated_at else []), *(settings.columns or ())]
    if missing := [name for name in wanted if name.lower() not in found]:
        hints = [f"{name}: {near}" for name in missing if (near := near_names(name, found.values()))]
        raise LeadmartError(
            f"raw.{table} has no column {', '.join(missing)}, which [snapshot.{table}] names",
            code="missing_column",
            hint="; ".join(hints) or f"it has {', '.join(sorted(found.values()))}",
        )
    kept = [found[name.lower()] for name in wanted] if settings.columns is not None else []
    others = [] if settings.columns is not None else list(found.values())
    keys = [found[name.lower()] for name in settings.key]
    return list(dict.fromkeys([*keys, *kept, *others]))


def _read_now(
    warehouse: Warehouse, table: str, settings: SnapshotSection, relation: str, columns: Sequence[str]
) -> tuple[int, int]:
    """Makes `snapshot_now`, the table's distinct rows; how many keys there are, and rows without one.

    Raises LeadmartError `snapshot_key` where one key has several rows that no stamp tells apart.
    """
    keys = _list(settings.key)
    present = " AND ".join(f'"{name}" IS NOT NULL' for name in settings.key)
    warehouse.execute(
        f"CREATE OR REPLACE TABLE snapshot_now AS SELECT DISTINCT {_list(columns)} FROM {relation} WHERE {present}"
    )
    ((without_key,),) = warehouse.rows(f"SELECT COUNT(*) FROM {relation} WHERE NOT ({present})")
    ((rows_seen,),) = warehouse.rows(f"SELECT COUNT(*) FROM (SELECT DISTINCT {keys} FROM snapshot_now)")
    apart = f"{keys}, {quoted_name(settings.updated_at)}" if settings.updated_at else keys
    twice = warehouse.rows(
        f"SELECT {keys}, COUNT(*) AS n FROM snapshot_now GROUP BY {apart} HAVING n > 1 ORDER BY ALL LIMIT 1"
    )
    if twice:
        *key, rows = twice[0]
        raise LeadmartError(
            f"raw.{table} has {rows} different rows with {', '.join(settings.key)} {', '.join(map(str, key))}",
            code="snapshot_key",
            hint=f"name the whole key in [snapshot.{table}]; a log of versions is no table updated in place",
        )
    return rows_seen, without_key


def _read_state(
    warehouse: Warehouse, table: str, settings: SnapshotSection, columns: Sequence[str], allow_shrink: bool
) -> bool:
    """Makes `snapshot_state`, every change row so far with `in_force` on each key's last; whether there is any.

    Columns the change rows do not have yet are NULL in it. Raises LeadmartError `shrunk` where the table lost a column.
    """
    relation = raw_tables(warehouse).get(f"{table}{CHANGES}")
    if relation is None:
        return False
    had = {name.lower(): kind for name, kind in warehouse.columns(f"SELECT * FROM {relation}")}
    lost = sorted(had.keys() - {name.lower() for name in columns} - set(CHANGE_COLUMNS))
    if lost and settings.columns is None and not allow_shrink:
        raise LeadmartError(
            f"raw.{table} lost the column {', '.join(lost)}: every value of it would count as emptied",
            code="shrunk",
            hint=f"`leadmart snapshot {table} --allow-shrink` if it is meant",
        )
    types = dict(warehouse.columns("SELECT * FROM snapshot_now"))
    items = [
        quoted_name(c)
        if had.get(c.lower()) == types[c]
        else f"TRY_CAST({quoted_name(c) if c.lower() in had else 'NULL'} AS {types[c]}) AS {quoted_name(c)}"
        for c in columns
    ]
    warehouse.execute(
        f"CREATE OR REPLACE TABLE snapshot_state AS SELECT {', '.join(items)}, {', '.join(CHANGE_COLUMNS)}, "
        f"ROW_NUMBER() OVER (PARTITION BY {_list(settings.key)} ORDER BY _changed_at DESC, _loaded_at DESC, "
        f"{_list(columns)}) = 1 AS in_force FROM {relation}"
    )
    return True


def _refuse_shrunk(warehouse: Warehouse, table: str, rows_seen: int) -> None:
    ((alive,),) = warehouse.rows("SELECT COUNT(*) FROM snapshot_state WHERE in_force AND NOT _deleted")
    if alive and rows_seen * 2 <= alive:
        raise LeadmartError(
            f"raw.{table} has {rows_seen:,} keys where it had {alive:,}: half of it or more would count as deleted",
            code="shrunk",
            hint=f"`leadmart snapshot {table} --allow-shrink` if it is meant; else load the whole table with --replace",
        )


def _changes_sql(settings: SnapshotSection, columns: Sequence[str], known: bool, at: str) -> str:
    """The change rows of `snapshot_now` against `snapshot_state`, with their kind.

    A row's own stamp is when it changed; without one, the moment it was seen, and never before what it replaces. A row
    that is back after its tombstone changed after it, whatever its stamp says.
    """
    mine = _list(columns, "n")
    # by way of TIMESTAMPTZ, because DuckDB's cast of text to TIMESTAMP drops an offset
    stamp = "CAST(NULL AS TIMESTAMP)"
    if settings.updated_at:
        stamp = f"CAST(CAST(n.{quoted_name(settings.updated_at)} AS TIMESTAMPTZ) AS TIMESTAMP)"
    if not known:
        return (
            f"SELECT {mine}, COALESCE({stamp}, {at}) AS _changed_at, {at} AS _loaded_at, FALSE AS _deleted, "
            "'added' AS kind FROM snapshot_now AS n"
        )
    on = " AND ".join(f"s.{quoted_name(k)} = n.{quoted_name(k)}" for k in settings.key)
    differs = " OR ".join(_differs(c) for c in columns if c.lower() not in {k.lower() for k in settings.key}) or "FALSE"
    seen_before = "FALSE"
    if settings.updated_at:
        of_key = " AND ".join(f"v.{quoted_name(k)} = n.{quoted_name(k)}" for k in settings.key)
        column = quoted_name(settings.updated_at)
        # against every version, not the one in force: an older change that arrives late is appended once
        seen_before = f"EXISTS (FROM snapshot_state AS v WHERE {of_key} AND v.{column} = n.{column})"
    return f"""
SELECT
    {mine},
    CASE
        WHEN s._changed_at IS NULL THEN COALESCE({stamp}, {at})
        WHEN s._deleted AND {stamp} > s._changed_at THEN {stamp}
        WHEN s._deleted OR {stamp} IS NULL THEN GREATEST({at}, s._changed_at)
        ELSE {stamp}
    END AS _changed_at,
    {at} AS _loaded_at,
    FALSE AS _deleted,
    CASE WHEN s._changed_at IS NULL THEN 'added' WHEN s._deleted THEN 'returned' ELSE 'changed' END AS kind
FROM snapshot_now AS n
LEFT JOIN snapshot_state AS s ON s.in_force AND {on}
WHERE s._changed_at IS NULL OR s._deleted OR CASE WHEN {stamp} IS NULL THEN {differs} ELSE NOT {seen_before} END
UNION ALL
SELECT {_list(columns, "s")}, GREATEST({at}, s._changed_at), {at}, TRUE, 'deleted'
FROM snapshot_state AS s
WHERE s.in_force AND NOT s._deleted AND NOT EXISTS (FROM snapshot_now AS n WHERE {on})
"""


def _unstamped(warehouse: Warehouse, settings: SnapshotSection, columns: Sequence[str], known: bool) -> int:
    """Rows whose values moved while their stamp did not: a change that `check` would have seen."""
    if not (known and settings.updated_at):
        return 0
    on = " AND ".join(f"s.{quoted_name(k)} = n.{quoted_name(k)}" for k in (*settings.key, settings.updated_at))
    differs = " OR ".join(_differs(c) for c in columns)
    same = " AND ".join(f"NOT ({_differs(c)})" for c in columns)
    ((found,),) = warehouse.rows(
        f"SELECT COUNT(*) FROM snapshot_now AS n WHERE EXISTS (FROM snapshot_state AS s WHERE {on} AND ({differs})) "
        f"AND NOT EXISTS (FROM snapshot_state AS s WHERE {on} AND {same})"
    )
    return int(found)


def _differs(column: str) -> str:
    return f"n.{quoted_name(column)} IS DISTINCT FROM s.{quoted_name(column)}"


def _list(names: Sequence[str], of: str = "") -> str:
    return ", ".join(f"{of}.{quoted_name(n)}" if of else quoted_name(n) for n in names)


def unobserved(warehouse: Warehouse, registry: Registry, names: Iterable[str], pairs: str) -> dict[str, int]:
    """Per source made of change rows, the rows of `pairs` (a SELECT with `as_of`) before its first look.

    There the state is unknown: its columns are NULL, which is not the value of a later moment and not an empty field.
    Sources with no such row are left out.
    """
    looked = warehouse.rows("SELECT table_name, MIN(observed_at) FROM store.meta.snapshots GROUP BY table_name")
    first_look = {f"{table.lower()}{CHANGES}": moment for table, moment in looked}
    found = {}
    for name in sorted(set(names)):
        firsts = [first_look.get(r.name) for d in registry.source(name) for r in d.reads if r.name.endswith(CHANGES)]
        if not firsts:
            continue
        first = min((moment for moment in firsts if moment), default=datetime.max)
        ((count,),) = warehouse.rows(f"SELECT COUNT(*) FROM ({pairs}) WHERE as_of < {sql_literal(first)}")
        if count:
            found[name] = int(count)
    return found
