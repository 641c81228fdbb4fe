"""A store that is gone, or whose end is: named before anything is written in its place."""

from __future__ import annotations

import duckdb

from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.project import Project

_HEADERS = 3 * 4096
"""Bytes before the first block of a DuckDB file: its main header and two that take turns."""

_KEPT = ("raw", "staged", "slices", "scores")
"""The folders of files that only a store can have listed."""


def refuse_lost(project: Project) -> None:
    """Raises LeadmartError `store_missing` where a catalogue or files stand without a store: it is not begun anew."""
    if project.store.is_file():
        return
    if project.catalogue.is_file() or any(any((project.warehouse / each).rglob("*.parquet")) for each in _KEPT):
        raise LeadmartError(
            f"{project.store} is gone, and with it what lists the files of {project.warehouse}",
            code="store_missing",
            hint="restore it from a backup; to begin anew, move warehouse/ away",
        )


def refuse_cut(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Raises LeadmartError `warehouse_unreadable` where the attached `store` is shorter than it says, and unreadable.

    Opening a DuckDB file reads its header alone; what is missing behind it would be noticed halfway through a command.
    """
    ((blocks, size),) = connection.execute(
        "SELECT total_blocks, block_size FROM pragma_database_size() WHERE database_name = 'store'"
    ).fetchall()
    if project.store.stat().st_size >= _HEADERS + blocks * size:
        return
    try:  # the blocks that are missing may hold nothing
        for schema, name in connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'store' ORDER BY ALL"
        ).fetchall():
            connection.execute(f'SELECT BIT_XOR(HASH(t)) FROM store."{schema}"."{name}" AS t').fetchall()
    except duckdb.Error as error:
        raise unreadable_store(project, error) from None


def unreadable_store(project: Project, error: duckdb.Error) -> LeadmartError:
    """What to say of a store that DuckDB cannot read."""
    return LeadmartError(
        f"{project.store} cannot be read: {first_line(error)}",
        code="warehouse_unreadable",
        hint="restore it from a backup, and then `leadmart doctor --fix`",
    )
