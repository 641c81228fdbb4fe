"""What an engine must do. DuckDB is the one that exists; the SQL given to it stays plain so that another can follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl


class Engine(Protocol):
    """Runs SQL over a session's relations; `store` is the schema prefix under which leadmart's own tables stand."""

    def execute(self, sql: str, params: Sequence[object] = ()) -> None:
        """Runs a statement and forgets its result."""

    def rows(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, as tuples; for small results."""

    def frame(self, sql: str, params: Sequence[object] = ()) -> pl.DataFrame:
        """All rows of a query, as a Polars frame."""

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Names and types a query would return, without running it."""

    def register(self, name: str, frame: pl.DataFrame) -> None:
        """Makes a frame readable as a relation of the session."""

    def write_parquet(self, sql: str, path: Path) -> int:
        """Writes a query's rows, in its order, to one Parquet file; the number of rows."""

    def write_parquets(self, selects: Mapping[Path, str]) -> list[int]:
        """Writes several queries' rows, each to its file; the number of rows of each, in their order.

        The same rows in the same order are the same bytes, whatever else the relations hold. What they read must be
        committed, and not temporary.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing for what is written to the store inside."""

    def close(self) -> None:
        """Ends the session."""
