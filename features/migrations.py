"""The store's tables brought to this release, one numbered file of SQL after the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from leadmart.features.clock import now, sql_literal
from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.registry import PACKAGE

if TYPE_CHECKING:
    from leadmart.features.warehouse import Warehouse

MIGRATIONS = PACKAGE / "sql" / "migrations"


def pending_migrations(warehouse: Warehouse, folder: Path = MIGRATIONS) -> int:
    """How many of this release's migrations the store lacks. Raises LeadmartError `warehouse_newer`."""
    return len(_pending(warehouse, folder))


def _pending(warehouse: Warehouse, folder: Path) -> list[tuple[int, Path]]:
    """The migrations to apply, by number."""
    numbers: dict[int, Path] = {}
    for path in sorted(folder.glob("*.sql")):
        number = int(path.name[:4])
        if number in numbers:
            raise ValueError(f"{path.name} and {numbers[number].name} have one number")
        numbers[number] = path
    has_any = warehouse.rows(
        "SELECT 1 FROM duckdb_tables() WHERE (database_name, schema_name, table_name) = ('store', 'main', 'migrations')"
    )
    applied = {row[0] for row in warehouse.rows("SELECT number FROM store.main.migrations")} if has_any else set()
    if newer := applied - set(numbers):
        raise LeadmartError(
            f"{warehouse.project.store} has tables of a newer leadmart (migration {max(newer)})",
            code="warehouse_newer",
            hint="install the newer release; nothing was changed",
        )
    return sorted((number, path) for number, path in numbers.items() if number not in applied)


def migrate(warehouse: Warehouse, folder: Path) -> None:
    """Applies what the store lacks, each migration in a transaction of its own: one that fails leaves no trace.

    Raises LeadmartError `warehouse_newer`, with the store untouched, and `migration_failed`.
    """
    pending = _pending(warehouse, folder)
    if not pending:
        return
    warehouse.execute(
        "CREATE TABLE IF NOT EXISTS store.main.migrations (number INTEGER PRIMARY KEY, name VARCHAR, applied_at "
        "TIMESTAMP)"
    )
    for number, path in pending:
        try:
            with warehouse.transaction():
                warehouse.execute("USE store")
                for statement in warehouse.connection.extract_statements(path.read_text(encoding="utf-8")):
                    warehouse.connection.execute(statement)
                warehouse.execute("USE memory")
                warehouse.execute(
                    f"INSERT INTO store.main.migrations VALUES (?, ?, {sql_literal(now())})", [number, path.stem]
                )
        except duckdb.Error as error:
            raise LeadmartError(
                f"{warehouse.project.store} could not be brought to this release: {path.name}: {first_line(error)}",
                code="migration_failed",
                hint="nothing of it was applied: install the release before, and report this",
            ) from None
