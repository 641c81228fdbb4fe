"""The end of an erasure: what was removed leaves the disk, also where the command that began it was killed.

Rows that are deleted from a DuckDB file leave their bytes in it, CHECKPOINT or FORCE CHECKPOINT or not; only a copy is
without them. So the store is copied and the copy renamed into its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from leadmart.features import catalogue
from leadmart.features.clock import now, sql_literal
from leadmart.features.errors import LeadmartError
from leadmart.features.house.kinds import every_listing_sql, has_table
from leadmart.features.literals import quoted
from leadmart.features.plan import Selection, usable_selection
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse

Say = Callable[[str], None]


def is_unfinished(warehouse: Warehouse) -> bool:
    """Whether an erasure was switched to and its bytes may still stand on the disk."""
    return has_table(warehouse, "erasures") and bool(
        warehouse.rows("SELECT 1 FROM store.meta.erasures WHERE finished_at IS NULL LIMIT 1")
    )


def end_killed(warehouse: Warehouse) -> None:
    """Ends an erasure whose command was killed, if there is one; to be called by whoever opens the store to write."""
    if is_unfinished(warehouse):
        finish(warehouse)


def finish(warehouse: Warehouse, say: Say = lambda _: None) -> None:
    """Publishes without the erased, unlinks the files that had them, and puts a copy in the store's place.

    Can be killed anywhere and done again. The session has the store for itself before and after.
    """
    registry = Registry(warehouse.project)
    selection = usable_selection(warehouse, registry)
    say("publishing without them")
    _publish(warehouse, registry, selection)
    say("unlinking files")
    _unlink(warehouse)
    say("rewriting the store")
    _rewrite_store(warehouse)
    _publish(warehouse, registry, selection)


def publish_anew(warehouse: Warehouse) -> None:
    """Swaps the catalogue where it is behind: an erasure that was killed at its very end left an older one."""
    registry = Registry(warehouse.project)
    _publish(warehouse, registry, usable_selection(warehouse, registry))


def _publish(warehouse: Warehouse, registry: Registry, selection: Selection | None) -> None:
    """Swaps the catalogue; where a file is broken, so that there can be none, the old one goes: it shows the erased."""
    try:
        catalogue.publish(warehouse, registry, selection)
    except LeadmartError:
        warehouse.project.catalogue.unlink(missing_ok=True)
    published = warehouse.project.catalogue.parent
    for left in published.glob("*.new*") if published.is_dir() else ():
        left.unlink(missing_ok=True)


def _unlink(warehouse: Warehouse) -> None:
    """Unlinks what was erased, and whatever else nothing lists: catalogues opened before lose it."""
    above = warehouse.project.warehouse
    listed = {file for (file,) in warehouse.rows(f"SELECT DISTINCT file FROM ({every_listing_sql(warehouse)})")}
    for (file,) in warehouse.rows("SELECT file FROM store.meta.unlisted_files ORDER BY file"):
        if file not in listed:
            (above / file).unlink(missing_ok=True)
    warehouse.execute("DELETE FROM store.meta.unlisted_files")


def _rewrite_store(warehouse: Warehouse) -> None:
    """Copies the store without what was deleted from it, and takes the copy for the store.

    The old file is held until the new one has its name, so nobody writes in between; who has opened the old one by
    then looks again (`Warehouse.hold`).
    """
    store = warehouse.project.store
    fresh = store.with_name(f"{store.name}.new")
    for left in (fresh, Path(f"{fresh}.wal")):
        left.unlink(missing_ok=True)
    warehouse.execute("CHECKPOINT store")
    warehouse.execute(f"ATTACH {quoted(fresh)} AS fresh (STORAGE_VERSION 'v1.5.0')")
    try:
        warehouse.execute("COPY FROM DATABASE store TO fresh")
        warehouse.execute(
            f"UPDATE fresh.meta.erasures SET finished_at = {sql_literal(now())} WHERE finished_at IS NULL"
        )
        warehouse.execute("CHECKPOINT fresh")
    except BaseException:
        with suppress(Exception):
            warehouse.execute("DETACH fresh")
        fresh.unlink(missing_ok=True)
        raise
    warehouse.execute("DETACH fresh")
    with fresh.open("rb") as handle:
        os.fsync(handle.fileno())
    os.replace(fresh, store)
    warehouse.attach_again()
