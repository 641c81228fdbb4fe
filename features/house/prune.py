"""`prune`: what retention lets go of is unlisted first, and its files are unlinked once nobody can read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leadmart.features import catalogue
from leadmart.features.clock import iso, now, sql_literal
from leadmart.features.holder import AT_ONCE, Patience
from leadmart.features.house.kinds import SLICE_KEY, every_listing_sql, has_table, listing_tables
from leadmart.features.house.retention import find_doomed
from leadmart.features.house.unreferred import find_unreferred, remove_unreferred
from leadmart.features.plan import select
from leadmart.features.project import Project, span
from leadmart.features.registry import Registry
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_reading, open_for_writing
from leadmart.features.words import are, size_text


@dataclass(frozen=True)
class Group:
    """What goes of one view for one reason; `bytes` are those of files that nothing else lists."""

    view: str
    why: str
    listed: int
    rows: int
    bytes: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True)
class Files:
    """Some files: how many, and their bytes."""

    number: int = 0
    bytes: int = 0

    def as_json(self) -> dict[str, int]:
        return {"files": self.number, "bytes": self.bytes}


@dataclass(frozen=True)
class Pruned:
    """What a prune did, or would do: what it unlisted by view, files it unlinked, and files that wait for theirs.

    `wait_until` is when the last of the waiting files may be unlinked. `records` are rows of tables of `meta` about
    feature sets and policies that nothing goes by.
    """

    is_dry: bool
    groups: tuple[Group, ...]
    unlisted: Files
    unlinked: Files
    waiting: Files
    wait_until: datetime | None
    records: tuple[tuple[str, int], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The document of `prune --json`."""
        return {
            "dry_run": self.is_dry,
            "views": [
                {
                    "view": g.view, "why": g.why, "slices": g.listed, "rows": g.rows, "bytes": g.bytes,
                    "oldest": iso(g.oldest), "newest": iso(g.newest),
                }
                for g in self.groups
            ],
            "unlisted": self.unlisted.as_json(),
            "unlinked": self.unlinked.as_json(),
            "records": dict(self.records),
            "waiting": {**self.waiting.as_json(), "until": iso(self.wait_until) if self.wait_until else None},
        }  # fmt: skip


def prune(
    project: Project,
    *,
    dry_run: bool = False,
    patience: Patience = AT_ONCE,
    progress: Callable[[str], None] = lambda _: None,
) -> Pruned:
    """Unlists what retention does not keep, in one transaction, and unlinks files whose grace is over.

    Killed anywhere, it leaves nothing listed without its file; the next prune goes on from there. A dry run reads the
    catalogue only. Raises LeadmartError for what `check` refuses: today's definitions say what is old.
    """
    with open_for_reading(project) if dry_run else open_for_writing(project, "prune", patience) as warehouse:
        registry = Registry(project)
        selection = select(registry, present_sources(warehouse, registry))
        progress("what is past retention")
        find_doomed(warehouse, selection)
        groups, records = _weigh(warehouse), find_unreferred(warehouse)
        if dry_run:
            return _told(warehouse, groups, records, dry_run=True)
        _unlist(warehouse)
        progress("publishing without it")
        catalogue.publish(warehouse, registry, selection)
        found = _told(warehouse, groups, records, dry_run=False)
        progress("unlinking files")
        _unlink(warehouse)
        catalogue.publish(warehouse, registry, selection)
        return found


def _weigh(warehouse: Warehouse) -> tuple[Group, ...]:
    """What is doomed by view; makes the table `doomed_files`, the files that nothing else lists, with their bytes."""
    files = [
        file
        for (file,) in warehouse.rows(
            "SELECT DISTINCT file FROM doomed WHERE file NOT IN (SELECT l.file FROM "
            f"({every_listing_sql(warehouse)}) AS l ANTI JOIN doomed AS d USING (table_name, row)) ORDER BY file"
        )
    ]
    sizes = [_bytes_of(warehouse, file) for file in files]
    warehouse.execute(
        "CREATE OR REPLACE TABLE doomed_files AS SELECT UNNEST(?::VARCHAR[]) AS file, UNNEST(?::BIGINT[]) AS bytes",
        [files, sizes],
    )
    return tuple(
        Group(*row)
        for row in warehouse.rows(
            "SELECT d.view, d.why, COUNT(*), SUM(d.rows)::BIGINT, COALESCE(SUM(f.bytes / d.shared), 0)::BIGINT, "
            "MIN(d.as_of), MAX(d.as_of) "
            "FROM (SELECT *, COUNT(*) OVER (PARTITION BY file) AS shared FROM doomed) AS d "
            "LEFT JOIN doomed_files AS f USING (file) GROUP BY d.view, d.why ORDER BY ALL"
        )
    )


def _bytes_of(warehouse: Warehouse, file: str) -> int:
    path = warehouse.project.warehouse / file
    return path.stat().st_size if path.is_file() else 0


def _unlist(warehouse: Warehouse) -> None:
    """Takes what is doomed out of the listings, and notes the files that nothing lists now, in one transaction."""
    moment, key = sql_literal(now()), ", ".join(SLICE_KEY)
    with warehouse.transaction():
        warehouse.execute(
            "INSERT OR IGNORE INTO store.meta.unlisted_files SELECT f.file, f.bytes, MIN(d.why), "
            f"{moment} FROM doomed_files AS f JOIN doomed AS d USING (file) GROUP BY ALL"
        )
        moments = "(SELECT as_of FROM doomed WHERE table_name = 'score_files')"
        for table in (
            "store.scores.lead_scores",
            "store.scores.superseded",
            "store.meta.scorings",
            "store.meta.scoring_slices",
            "store.meta.shadow_scorings",
            "store.meta.hot_scorings",
            "store.meta.hot_gone",
            "store.meta.past_scorings",
            "store.meta.showings_gone",
        ):
            warehouse.execute(f"DELETE FROM {table} WHERE as_of IN {moments}")
        for table in listing_tables(warehouse):
            warehouse.execute(
                f"DELETE FROM store.meta.{table} WHERE rowid IN (SELECT row FROM doomed WHERE table_name = '{table}')"
            )
        warehouse.execute(
            f"DELETE FROM store.meta.slice_inputs WHERE ({key}) NOT IN (SELECT ({key}) FROM store.meta.slices)"
        )
        remove_unreferred(warehouse)


def _told(
    warehouse: Warehouse, groups: tuple[Group, ...], records: tuple[tuple[str, int], ...], *, dry_run: bool
) -> Pruned:
    """What there is to say, before anything is unlinked."""
    grace = span(warehouse.project.settings.retention.grace)
    pending: list[tuple[str, int, datetime]] = []
    if has_table(warehouse, "unlisted_files"):
        pending = warehouse.rows("SELECT file, bytes, unlisted_at FROM store.meta.unlisted_files ORDER BY file")
    doomed = warehouse.rows("SELECT file, bytes FROM doomed_files")
    if dry_run:
        known = {file for file, _, _ in pending}
        pending += [(file, size, now()) for file, size in doomed if file not in known]
    over = {file for file, _, at in pending if _is_over(at, grace)}
    waiting = [(size, at) for file, size, at in pending if file not in over]
    return Pruned(
        is_dry=dry_run,
        groups=groups,
        unlisted=Files(len(doomed), sum(size for _, size in doomed)),
        unlinked=Files(len(over), sum(size for file, size, _ in pending if file in over)),
        waiting=Files(len(waiting), sum(size for size, _ in waiting)),
        wait_until=max(at for _, at in waiting) + grace if waiting and grace is not None else None,
        records=records,
    )


def _is_over(unlisted_at: datetime, grace: timedelta | None) -> bool:
    return grace is not None and unlisted_at + grace <= now()


def _unlink(warehouse: Warehouse) -> None:
    """Unlinks files whose grace is over; one that is listed again stays. Their notes go last."""
    grace = span(warehouse.project.settings.retention.grace)
    listed = {file for (file,) in warehouse.rows(f"SELECT DISTINCT file FROM ({every_listing_sql(warehouse)})")}
    done = []
    for file, at in warehouse.rows("SELECT file, unlisted_at FROM store.meta.unlisted_files ORDER BY file"):
        if file in listed:
            done.append(file)
        elif _is_over(at, grace):
            (warehouse.project.warehouse / file).unlink(missing_ok=True)
            done.append(file)
    if done:
        warehouse.execute("DELETE FROM store.meta.unlisted_files WHERE file IN (SELECT UNNEST(?::VARCHAR[]))", [done])


def pruned_text(found: Pruned) -> str:
    """What went, by view, and what it frees when."""
    verb = "would be" if found.is_dry else "were"
    lines = [
        f"  {g.view:<34}{g.listed:>6,} {_noun(g)} {g.rows:>12,} rows {size_text(g.bytes):>10}   {g.why}, "
        f"{g.oldest:%Y-%m-%d} to {g.newest:%Y-%m-%d}"
        for g in found.groups
    ]
    if not lines:
        lines = ["nothing is past retention"] if not found.records else []
    elif found.unlisted.number:
        lines.append(f"{_files(found.unlisted)} {verb} unlisted")
    if found.records:
        listed = ", ".join(f"meta.{table} {count:,}" for table, count in found.records)
        lines.append(f"rows about feature sets and policies that nothing goes by {verb} deleted: {listed}")
    if found.unlinked.number:
        lines.append(f"{_files(found.unlinked)} {verb} removed from the disk")
    if found.waiting.number:
        until = f"a `leadmart prune` after {found.wait_until:%Y-%m-%d %H:%M}" if found.wait_until else "nothing"
        lines.append(
            f"{_files(found.waiting)} that nothing lists stay for catalogues opened before; {until} removes them"
        )
    return "\n".join(lines)


def _noun(group: Group) -> str:
    return "files " if group.view.startswith("scores.") else "slices"


def _files(found: Files) -> str:
    return f"{are(found.number, 'file', 'files')}, {size_text(found.bytes)},"
