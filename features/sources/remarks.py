"""Remarks on sources after `load`: rows that will not count as one may expect."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from leadmart.features.clock import iso
from leadmart.features.definition import raw_names
from leadmart.features.errors import near_names
from leadmart.features.plan import default_as_of
from leadmart.features.raw.tables import CHANGES, emptied_tables, raw_attached, raw_tables
from leadmart.features.registry import Registry
from leadmart.features.sources.growth import Growth
from leadmart.features.sources.stage import stage
from leadmart.features.sources.staging import every_row, fed_definitions, fed_sources
from leadmart.features.warehouse import Warehouse
from leadmart.features.words import are


@dataclass(frozen=True)
class Remark:
    """What `load` says of a source after its raw table grew: rows that will not count as one may expect.

    `of_all` says that they were counted among all rows of the source, not among those that came.
    """

    source: str
    changed_keys: int
    rows_without_clock: int
    of_all: bool = field(default=False, compare=False)

    def words(self) -> list[str]:
        """One sentence for each count that is not 0."""
        found = []
        among = " of all that is loaded" if self.of_all else ""
        if self.changed_keys:
            found.append(
                f"{self.source}: {are(self.changed_keys, 'key', 'keys')}{among} "
                f"{'comes' if self.changed_keys == 1 else 'come'} back with other values, though its rows are said "
                "to be appended; the row first known counts"
            )
        if self.rows_without_clock:
            words = f"{are(self.rows_without_clock, 'row', 'rows')}{among}"
            found.append(
                f"{self.source}: {words} {'has' if self.rows_without_clock == 1 else 'have'} no clock and can never be "
                "known"
            )
        return found


def remarks_on(
    warehouse: Warehouse, registry: Registry, table: str, progress: Callable[[str], None] = lambda _: None
) -> list[Remark]:
    """Stages the sources that read a raw table anew, and remarks on them.

    Keys that come back changed in a log, and rows without a clock: of what was added, where a source could be added to.
    """
    names = sorted({d.name for d in registry.all("source") if table.lower() in raw_names(d)})
    present = fed_sources(warehouse, registry)
    grown: dict[str, Growth] = {}
    for name in names:
        progress(f"staging {name}")
        grown |= {growth.kept.source: growth for growth in stage(warehouse, registry, [name], present)}
    raw = {name.lower(): relation for name, relation in raw_tables(warehouse).items()}
    ((loads,),) = warehouse.rows(
        "SELECT COUNT(DISTINCT loaded_at) FROM store.meta.loads WHERE table_name = ? AND replaced_at IS NULL", [table]
    )
    found = []
    with raw_attached(warehouse):
        for name in names:
            definitions = fed_definitions(registry, name, raw)
            # of logs that are joined, a row that meets several says something else each time
            is_log = definitions[0].header.get("rows") == "appended" and not any(d.joined for d in definitions)
            if name in grown:
                growth = grown[name]
                of_all = growth.is_whole and loads > 1
                found.append(Remark(name, growth.changed_keys if is_log else 0, growth.clockless, of_all))
            else:
                found.append(replace(_counted(warehouse, registry, name, raw, is_log), of_all=loads > 1))
    return found


def _counted(warehouse: Warehouse, registry: Registry, name: str, raw: Mapping[str, str], is_log: bool) -> Remark:
    """The remark on a source that is not kept, from all of its rows."""
    _, union = every_row(warehouse, registry, name, raw)
    key = ", ".join(fed_definitions(registry, name, raw)[0].source_key)
    changed = 0
    if is_log:
        ((changed,),) = warehouse.rows(
            f"SELECT COUNT(*) FROM (SELECT {key} FROM (SELECT DISTINCT * EXCLUDE (ingested_at) FROM ({union})) "
            f"GROUP BY {key} HAVING COUNT(*) > 1)"
        )
    ((clockless,),) = warehouse.rows(f"SELECT COUNT(*) FROM ({union}) WHERE occurred_at IS NULL OR ingested_at IS NULL")
    return Remark(name, changed, clockless)


def reader_warnings(registry: Registry, table: str) -> list[str]:
    """What to say of a raw table that no source of the project reads, or would read under another name."""
    read = {name.lower() for d in registry.all("source") for name in raw_names(d)}
    if table.lower() in read:
        return []
    if f"{table.lower()}{CHANGES}" in read:
        if table.lower() in {name.lower() for name in registry.project.settings.snapshot}:
            return []
        return [f"sources read the changes of raw.{table}, and leadmart.toml has no [snapshot.{table}] to keep them"]
    near = near_names(table, read)
    return [f"no source of this project reads raw.{table}{'; ' + near if near else ''}"]


def filled_warnings(warehouse: Warehouse) -> list[str]:
    """What to say where the newest due as_of was computed before a load: its rows will not be seen there."""
    due = default_as_of(warehouse)
    if not warehouse.rows("SELECT 1 FROM store.meta.slices WHERE as_of = ? LIMIT 1", [due]):
        return []
    told = f"the slices at {iso(due)} were filled before this load"
    following = iso(due + warehouse.project.settings.clock.interval)
    return [f"{told}: its rows count from the next as_of on, {following}; `leadmart plan` names slices that are stale"]


def emptied_sources(warehouse: Warehouse, registry: Registry, names: Collection[str]) -> list[str]:
    """Of some sources those that read a raw table that had rows once and has none now."""
    emptied = emptied_tables(warehouse)
    return sorted({d.name for d in registry.all("source") if raw_names(d) & emptied} & set(names))


def volume_warnings(warehouse: Warehouse, table: str) -> list[str]:
    """A sentence where a raw table is empty now, or where its newest load is over ten times those before.

    Both are told and neither is refused: a source's suite says what holds back, and a first campaign is no fault.
    """
    loads = warehouse.rows(
        "SELECT CAST(SUM(row_count) AS BIGINT), CAST(COALESCE(SUM(row_count) FILTER (WHERE replaced_at IS NULL), 0) "
        "AS BIGINT) FROM store.meta.loads WHERE table_name = ? GROUP BY loaded_at ORDER BY loaded_at",
        [table],
    )
    if loads and not sum(standing for _, standing in loads):
        return [f"raw.{table} is empty now: the suites of its sources hold back what reads them"]
    *before, newest = [rows for rows, _ in loads] or [0]
    usual = sum(before) // len(before) if before else 0
    if not usual or newest <= 10 * usual:
        return []
    return [
        f"raw.{table}: {newest:,} rows came, more than ten times as many as in a load before ({usual:,} on average); "
        "all are loaded"
    ]
