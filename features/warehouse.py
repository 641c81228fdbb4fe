"""The warehouse on DuckDB: an in-memory session with the store attached, and immutable files beside it."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from leadmart.features.clock import now
from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.failures import failure, failures_named
from leadmart.features.fingerprint import file_digest
from leadmart.features.holder import (
    AT_ONCE,
    Holder,
    Patience,
    busy,
    forget_holder,
    is_running,
    waiting_for,
    write_holder,
)
from leadmart.features.literals import quoted
from leadmart.features.lost import refuse_cut, refuse_lost
from leadmart.features.migrations import MIGRATIONS, migrate, pending_migrations
from leadmart.features.project import Project

if TYPE_CHECKING:
    import polars as pl

    from leadmart.features.raw.in_place import InPlace

SEALED_AT = 1_000_000_000
"""The time of writing that kept files get, in nanoseconds: who alters one moves it. A second after 1970 began."""

SCHEMAS = ("raw", "staging", "known", "known_since", "features", "links", "gates", "reference", "onepass")

_TO_ATTACH_AGAIN = timedelta(minutes=1)
"""How long a session waits at least for a store that it has put a copy of in its place."""


class Warehouse:
    """A session on a project's warehouse, an `Engine`.

    The session's own relations (`spine`, `known.*`, `staging.*`, …) live in memory; the store is attached as `store`.
    Open it with `open_for_writing` or `open_for_reading`.
    """

    def __init__(self, project: Project, connection: duckdb.DuckDBPyConnection) -> None:
        self.project = project
        self.connection = connection
        self.raw: Mapping[str, str] | None = None
        """Raw tables to read in place of the project's, by name; for sessions on an altered copy of them."""
        self.keeps_staged = False
        """Whether sources that are staged are kept in the store: where the session writes it."""
        self.in_place: InPlace | None = None
        """Raw read in place as this session first saw it."""
        self.patience = AT_ONCE
        """How long this session waits for what another process has."""
        self.migrations = MIGRATIONS
        """The folder of the migrations that holding the store applies."""
        self.holder: Holder | None = None
        """What is said of this session while it holds the store for writing."""

    def execute(self, sql: str, params: Sequence[object] = ()) -> None:
        with failures_named():
            self.connection.execute(sql, list(params) or None).fetchall()

    def rows(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with failures_named():
            return self.connection.execute(sql, list(params) or None).fetchall()

    def frame(self, sql: str, params: Sequence[object] = ()) -> pl.DataFrame:
        found: pl.DataFrame = self.connection.sql(sql, params=list(params) or None).pl()
        return found

    def columns(self, sql: str) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self.rows(f"DESCRIBE {sql}")]

    def register(self, name: str, frame: pl.DataFrame) -> None:
        self.connection.register(name, frame.to_arrow())

    def write_parquet(self, sql: str, path: Path) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            written = self.rows(
                f"COPY ({sql}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
            )
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return int(written[0][0])

    def write_parquets(self, selects: Mapping[Path, str]) -> list[int]:
        from concurrent.futures import ThreadPoolExecutor

        def write(path: Path, sql: str) -> int:
            beside = Warehouse(self.project, self.connection.cursor())
            try:
                return beside.write_parquet(sql, path)
            finally:
                beside.connection.close()

        ((threads,),) = self.rows("SELECT current_setting('threads')")
        # what a relation's other rows hold decides through its statistics how NULLs are written down
        self.execute("SET disabled_optimizers = 'statistics_propagation'")
        try:
            with ThreadPoolExecutor(min(int(threads), len(selects))) as pool:  # a file is written by one thread
                try:
                    return list(pool.map(lambda each: write(*each), selects.items()))
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
        finally:
            self.execute("RESET disabled_optimizers")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error):  # a store that could not be written to is not there to be rolled back
                self.connection.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def hold(self, patience: Patience, command: str) -> None:
        """Attaches the store for writing, migrated; where another process has it, once that lets go of it.

        Raises LeadmartError `warehouse_busy` where patience ends before.
        """
        self.execute("DETACH DATABASE IF EXISTS store")  # the copy that it left itself when it let go
        waiting_for(self._attach, lambda error: failure(error) or busy(self.project, error), patience)
        refuse_cut(self.connection, self.project)
        self._name_holder(Holder.here(command))
        migrate(self, self.migrations)
        self.keeps_staged = True

    def _attach(self) -> None:
        """Attaches the store for writing; anew where an erasure has put a copy in its place since it was opened."""
        while True:
            seen = _inode(self.project.store)
            self.connection.execute(f"ATTACH {quoted(self.project.store)} AS store (STORAGE_VERSION 'v1.5.0')")
            if seen in (None, _inode(self.project.store)):
                return
            self.connection.execute("DETACH store")

    def attach_again(self) -> None:
        """Attaches the file that has been put in the store's place; others may write for a moment in between."""
        holder = self.holder
        self.hold(self.patience.at_least(_TO_ATTACH_AGAIN), holder.command if holder else "")
        if holder and holder.run_id:
            self.name_run(holder.run_id)

    def name_run(self, run_id: str) -> None:
        """Says beside the store which run holds it, for those who come second."""
        if self.holder:
            self._name_holder(replace(self.holder, run_id=run_id))

    def _name_holder(self, holder: Holder) -> None:
        self.holder = holder
        write_holder(self.project, holder)

    def let_go(self) -> None:
        """Lets others write the store; until it is held again, this session reads a copy of `store.meta` as it is now.

        `store.scores` is not there meanwhile, and what is written to the copy is lost.
        """
        self.execute("ATTACH ':memory:' AS kept")
        _copy_meta(self, "store", "kept")
        self._release()
        self.keeps_staged = False
        self.execute("DETACH store")
        self.execute("ATTACH ':memory:' AS store")
        _copy_meta(self, "kept", "store")
        self.execute("DETACH kept")

    def close(self) -> None:
        self._release()
        self.connection.close()

    def _release(self) -> None:
        if self.holder:
            forget_holder(self.project)
            self.holder = None

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep_file(self, staged: Path, folder: Path) -> tuple[str, str, int]:
        """Moves a finished file to the name of its content: (path below the warehouse, sha256, bytes).

        A file of that name is the same file, so nothing is ever overwritten with something else.
        """
        sha256 = file_digest(staged)
        size = staged.stat().st_size
        kept = folder / f"{sha256[:32]}.parquet"
        target = self.project.warehouse / kept
        target.parent.mkdir(parents=True, exist_ok=True)
        _flush(staged)
        os.replace(staged, target)
        seal(target)
        return kept.as_posix(), sha256, size

    def staging_file(self) -> Path:
        """A new name for a file that is not yet published; whoever only reads a folder is given one elsewhere."""
        folder, name = self.project.warehouse / "tmp", f"{os.getpid()}-{secrets.token_hex(6)}.parquet"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            if self.keeps_staged:
                raise
        if not self.keeps_staged and not os.access(folder, os.W_OK):
            return Path(tempfile.gettempdir()) / f"leadmart-{name}"
        return folder / name


def new_run_id() -> str:
    """`20260301T060000-3fa9c1`: the moment, and enough chance that two runs in one second differ."""
    return f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def open_for_writing(
    project: Project, command: str = "", patience: Patience = AT_ONCE, *, migrations: Path = MIGRATIONS
) -> Warehouse:
    """A session that may write the store, migrated to this release's tables; made where it does not exist.

    `command` is what others are told of it while it lasts. Raises LeadmartError `warehouse_busy` where another
    process holds the store for longer than patience lasts, `warehouse_newer` for a store of a later release,
    `store_missing` where only the catalogue or files that it listed are left: an empty store would be published over
    them; `migration_failed` where its tables cannot be brought to this one.
    """
    refuse_lost(project)
    project.store.parent.mkdir(parents=True, exist_ok=True)
    warehouse = Warehouse(project, _session(project))
    warehouse.patience = patience
    warehouse.migrations = migrations
    try:
        warehouse.hold(patience, command)
        _sweep(project)
        from leadmart.features.erasure.ending import end_killed  # it publishes, and so reads this module

        end_killed(warehouse)
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def open_for_reading(project: Project) -> Warehouse:
    """A session on the published catalogue; it can be opened while a run is writing.

    Raises LeadmartError `nothing_published` before the first load or run, `catalogue_unreadable` where it is broken.
    """
    if not project.catalogue.is_file():
        raise LeadmartError(
            f"nothing is published in {project.root}",
            code="nothing_published",
            hint="`leadmart load TABLE FILE` brings raw rows in, `leadmart run` computes and publishes",
        )
    connection = _session(project)
    try:
        connection.execute(f"ATTACH {quoted(project.catalogue)} AS store (READ_ONLY)")
    except duckdb.Error as error:
        connection.close()
        raise unreadable_catalogue(project, error) from None
    return Warehouse(project, connection)


def open_store(project: Project, patience: Patience = AT_ONCE) -> Warehouse:
    """A session on the store that only reads it, in whatever shape it is; it must exist.

    Raises LeadmartError `warehouse_busy`, `warehouse_unreadable`, and `warehouse_newer` as `open_for_writing` does.
    """
    connection = _session(project)
    try:
        waiting_for(
            lambda: connection.execute(f"ATTACH {quoted(project.store)} AS store (READ_ONLY)"),
            lambda error: busy(project, error),
            patience,
        )
    except BaseException:
        connection.close()
        raise
    warehouse = Warehouse(project, connection)
    try:
        refuse_cut(connection, project)
        pending_migrations(warehouse)
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def open_scratch(project: Project) -> Warehouse:
    """A session in memory without a store, for what is computed and thrown away."""
    return Warehouse(project, _session(project))


def unreadable_catalogue(project: Project, error: duckdb.Error) -> LeadmartError:
    """What to say where the published catalogue is no DuckDB file, or one of another release."""
    return LeadmartError(
        f"{project.catalogue} cannot be opened: {first_line(error)}",
        code="catalogue_unreadable",
        hint="the next `leadmart run` or `leadmart load` makes it anew",
    )


def _session(project: Project) -> duckdb.DuckDBPyConnection:
    engine = project.settings.engine
    config: dict[str, Any] = {
        "python_enable_replacements": False,
        "memory_limit": engine.memory_limit,
        "temp_directory": str(project.warehouse / "tmp" / "spill"),
    }
    if engine.threads:
        config["threads"] = engine.threads
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")  # for cursors too
    connection.execute("SET enable_progress_bar = false")
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA {schema}")
    return connection


def _copy_meta(warehouse: Warehouse, source: str, target: str) -> None:
    warehouse.execute(f"CREATE SCHEMA {target}.meta")
    for (name,) in warehouse.rows(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'meta'", [source]
    ):
        warehouse.execute(f"CREATE TABLE {target}.meta.{name} AS SELECT * FROM {source}.meta.{name}")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _sweep(project: Project) -> None:
    """Removes unpublished files of processes that no longer run; the caller holds the store, so none is in use."""
    for path in (project.warehouse / "tmp").glob("*.parquet"):
        pid = path.name.partition("-")[0]
        if not (pid.isdigit() and is_running(int(pid))) or int(pid) == os.getpid():
            path.unlink(missing_ok=True)


def seal(path: Path) -> None:
    """Gives a file that will never change the fixed time of writing by which `intact` knows it."""
    os.utime(path, ns=(SEALED_AT, SEALED_AT))


def _flush(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
