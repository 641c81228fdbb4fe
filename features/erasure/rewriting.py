"""Files written anew without a person's rows, and their listings switched to the new files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leadmart.features.clock import now, sql_literal
from leadmart.features.fingerprint import digest
from leadmart.features.house.kinds import KINDS, has_table
from leadmart.features.literals import quoted, quoted_file
from leadmart.features.warehouse import Warehouse

WHY = "erased"
"""What `meta.unlisted_files` says of a file whose bytes must go at once, whatever `retention.grace` is."""

_IS_CONTENT = re.compile(r"^[0-9a-f]{32}(-[0-9]+)?$")
"""The name of a file that is called by its content; in `aside/` a second one of that name has a number."""


@dataclass(frozen=True)
class Rewritten:
    """One file of the warehouse, and the one that takes its place: paths below the warehouse."""

    old: str
    new: str
    sha256: str
    rows: int
    bytes: int


def rewrite(warehouse: Warehouse, progress: Callable[[str, int, int], None]) -> list[Rewritten]:
    """Writes each file of `erasing.hits` without the rows noted there; nothing lists the new files yet.

    Rows keep their order, files their folder; a file of which nothing is left is an empty one.
    """
    listed = [file for (file,) in warehouse.rows("SELECT DISTINCT file FROM erasing.hits ORDER BY file")]
    above = warehouse.project.warehouse
    done = []
    for number, path in enumerate(listed):
        progress("rewriting files", number, len(listed))
        staged = warehouse.staging_file()
        select = (
            f"SELECT * EXCLUDE (file_row_number) FROM read_parquet({quoted_file(Path(path))}, file_row_number = true, "
            f"hive_partitioning = false) WHERE file_row_number NOT IN "
            f"(SELECT h.row FROM erasing.hits AS h WHERE h.file = {quoted(path)})"
        )
        (rows,) = warehouse.write_parquets({staged: select})
        old = Path(path).relative_to(above)
        if not _IS_CONTENT.match(old.stem):  # it has a name of its own, and nothing lists it
            os.replace(staged, path)
            continue
        new, sha256, size = warehouse.keep_file(staged, old.parent)
        done.append(Rewritten(old.as_posix(), new, sha256, rows, size))
    return done


def switch(warehouse: Warehouse, rewritten: list[Rewritten]) -> None:
    """Has every listing name the new files, and notes the old ones to be unlinked; to be called in a transaction."""
    looks = _looks(warehouse, rewritten)
    for each in rewritten:
        _switch_loads(warehouse, each)
        for kind in KINDS:
            for listing in kind.listings:
                if listing.table in ("loads", "staged_files") or not has_table(warehouse, listing.table):
                    continue
                columns = {name for name, _ in warehouse.columns(f"SELECT * FROM store.meta.{listing.table}")}
                values: dict[str, object] = {"file": each.new, "sha256": each.sha256, "bytes": each.bytes}
                if listing.rows:
                    values[listing.rows] = each.rows
                own = {name: value for name, value in values.items() if name in columns}
                sets = ", ".join(f"{name} = ?" for name in own)
                warehouse.execute(
                    f"UPDATE store.meta.{listing.table} SET {sets} WHERE file = ?", [*own.values(), each.old]
                )
    _follow_looks(warehouse, looks)
    for each in rewritten:
        if each.old != each.new:
            note_gone(warehouse, each.old)


def note_gone(warehouse: Warehouse, file: str) -> None:
    """Notes a file whose bytes have to go."""
    warehouse.execute(
        f"INSERT OR REPLACE INTO store.meta.unlisted_files VALUES (?, 0, ?, {sql_literal(now())})", [file, WHY]
    )


def _switch_loads(warehouse: Warehouse, each: Rewritten) -> None:
    """A batch that has become what another batch of its table is already counts once, since the earlier of the two."""
    for table, sha256 in warehouse.rows(
        "SELECT table_name, sha256 FROM store.meta.loads WHERE file = ? ORDER BY ALL", [each.old]
    ):
        same = warehouse.rows(
            "SELECT loaded_at, replaced_at FROM store.meta.loads WHERE table_name = ? AND sha256 = ? AND file <> ?",
            [table, each.sha256, each.old],
        )
        if not same:
            warehouse.execute(
                "UPDATE store.meta.loads SET file = ?, sha256 = ?, row_count = ?, bytes = ? "
                "WHERE table_name = ? AND sha256 = ?",
                [each.new, each.sha256, each.rows, each.bytes, table, sha256],
            )
            continue
        ((loaded_at, replaced_at),) = warehouse.rows(
            "SELECT loaded_at, replaced_at FROM store.meta.loads WHERE table_name = ? AND sha256 = ?", [table, sha256]
        )
        first = min(loaded_at, same[0][0])
        stands = replaced_at is None or same[0][1] is None
        until = "NULL" if stands else sql_literal(max(replaced_at, same[0][1]))
        warehouse.execute("DELETE FROM store.meta.loads WHERE table_name = ? AND sha256 = ?", [table, sha256])
        warehouse.execute(
            f"UPDATE store.meta.loads SET loaded_at = {sql_literal(first)}, replaced_at = {until} "
            "WHERE table_name = ? AND sha256 = ?",
            [table, each.sha256],
        )


def _looks(warehouse: Warehouse, rewritten: Sequence[Rewritten]) -> dict[tuple[str, str], str]:
    """What `snapshot` calls the content of each load, by table and what it will call it once files are switched."""
    becomes = {each.old: each.sha256 for each in rewritten}
    found = {}
    for table, files, hashes in warehouse.rows(
        "SELECT table_name, LIST(file ORDER BY sha256), LIST(sha256 ORDER BY sha256) FROM store.meta.loads "
        "GROUP BY table_name, loaded_at ORDER BY ALL"
    ):
        after = sorted(becomes.get(file, sha256) for file, sha256 in zip(files, hashes, strict=True))
        if after != hashes:
            found[table, digest(hashes)] = digest(after)
    return found


def _follow_looks(warehouse: Warehouse, looks: Mapping[tuple[str, str], str]) -> None:
    """Looks that `snapshot` took keep knowing what they looked at: the same content, without the person."""
    for (table, version), after in looks.items():
        warehouse.execute(
            "UPDATE store.meta.snapshots SET version = ? WHERE table_name = ? AND version = ?", [after, table, version]
        )
