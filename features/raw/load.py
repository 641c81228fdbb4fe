"""`load`: files brought into raw tables as immutable Parquet, with a refusal for every value that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.definition import raw_columns_read, raw_names
from leadmart.features.erasure.guard import without_erased
from leadmart.features.errors import LeadmartError, Place, near_names
from leadmart.features.fingerprint import file_digest, file_stamp
from leadmart.features.intact import intact_inputs, listed_inputs
from leadmart.features.literals import quoted, quoted_file, quoted_name
from leadmart.features.raw.clock import clock_columns, clock_sql
from leadmart.features.raw.foreign import header_cells, json_relation, refuse_columns, refuse_disguised, words_of
from leadmart.features.raw.tables import CHANGE_COLUMNS, CHANGES
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse

if TYPE_CHECKING:
    from sqlglot import exp

_FORMATS = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".json": "json", ".jsonl": "json", ".ndjson": "json"}
_KEPT_AS_TEXT = ("TEXT", "VARCHAR", "HUGEINT", "INT128", "UHUGEINT")
"""What text is not cast to: Parquet has no such integers, and a DOUBLE would be another value."""

_TABLE_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


@dataclass(frozen=True)
class Batch:
    """One file brought in by `load`: already there (`is_new` False), or staged and not yet listed.

    `erased` rows of it were left out: they are of people who were erased. `is_back` says that it stood for a batch
    whose file was damaged: it counts from when that was first loaded.
    """

    input_name: str
    rows: int
    is_new: bool
    erased: int = 0
    is_back: bool = False


@dataclass(frozen=True)
class _Staged:
    input_name: str
    input_sha256: str
    file: Path
    rows: int
    erased: int


def load(
    warehouse: Warehouse,
    registry: Registry,
    table: str,
    paths: Sequence[Path],
    *,
    loaded_at: datetime,
    replace: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Batch]:
    """Brings CSV, Parquet or JSON lines files, or folders of them, into `raw.<table>`; all of them or none.

    A file whose content is already loaded, and whose batch is intact, is left alone. `replace` makes the given files
    the whole table.
    Text columns that a source casts are stored in that type, a clock that is a day as that day's last microsecond; an
    empty cell of a CSV file is NULL, a quoted empty
    one stays an empty string in text columns. Raises LeadmartError `no_such_file`, `unreadable_file`, `missing_column`,
    `file_changed` or `unreadable_value`, with file and row; then nothing is loaded.
    """
    if not _TABLE_NAME.match(table):
        raise LeadmartError(
            f"{table!r} is no table name", code="bad_table_name", hint="letters, digits and _, such as web_events"
        )
    files = files_of(paths)
    declared = _declared(registry, table)
    readers = [d for d in registry.all("source") if table.lower() in {read.name.lower() for read in d.reads}]
    clocks = {name for definition in readers for name in clock_columns(definition)}
    listed, have = listed_inputs(warehouse, table), intact_inputs(warehouse, table)
    staged: list[_Staged] = []
    batches: list[Batch] = []
    hashes: list[str] = []
    for file in files:
        progress(file.name)
        stamp = file_stamp(file)
        input_sha256 = file_digest(file)
        is_new = input_sha256 not in hashes and (replace or input_sha256 not in have)
        rows = erased = 0
        if is_new:
            each = _stage(warehouse, registry, table, file, input_sha256, declared, clocks)
            if file_stamp(file) != stamp:
                each.file.unlink(missing_ok=True)
                raise _still_written(file)
            staged.append(each)
            rows, erased = each.rows, each.erased
        hashes.append(input_sha256)
        batches.append(
            Batch(file.name, rows, is_new and input_sha256 not in have, erased, input_sha256 in listed - have)
        )
    _list_batches(warehouse, table, staged, loaded_at, replace)
    return batches


def _declared(registry: Registry, table: str) -> dict[str, str | None]:
    """The columns that sources read of a raw table, with the one type they cast it to (None where none or several)."""
    from sqlglot import exp

    columns: dict[str, set[str]] = {}
    for definition in registry.all("source"):
        if table.lower() not in definition.text.lower():
            continue  # sooner told than by its tree
        reads = {name.lower(): columns_read for name, columns_read in raw_columns_read(definition).items()}
        own = reads.get(table.lower(), set()) | reads.get(table.lower() + CHANGES, set())
        if not own:
            continue
        for name in own - set(CHANGE_COLUMNS):
            columns.setdefault(name.lower(), set())
        for cast in definition.find_all(exp.Cast):
            # a TRY_CAST says that unreadable values are to be borne
            if type(cast) is exp.Cast and isinstance(cast.this, exp.Column) and cast.this.name.lower() in columns:
                columns[cast.this.name.lower()].add(_type_words(cast))
    return {name: next(iter(types)) if len(types) == 1 else None for name, types in columns.items()}


def _type_words(cast: exp.Cast) -> str:
    return cast.to.sql("duckdb")


def _stage(
    warehouse: Warehouse,
    registry: Registry,
    table: str,
    file: Path,
    input_sha256: str,
    declared: dict[str, str | None],
    clocks: set[str],
) -> _Staged:
    try:
        relation = file_relation(warehouse, file)
        found = dict(warehouse.columns(f"SELECT * FROM {relation}"))
        refuse_columns(file, list(found), file_format(file) == "parquet")
        missing = [name for name in declared if name not in {c.lower() for c in found}]
        if missing:
            raise _missing_columns(registry, table, file, missing, list(found))
        types = {c: declared.get(c.lower()) for c, kind in found.items() if kind == "VARCHAR"}
        cast = {c: kind for c, kind in types.items() if kind and kind not in _KEPT_AS_TEXT}
        _refuse_unreadable_values(warehouse, file, relation, cast)
        stored = {c: _text_as(kind, c) for c, kind in cast.items()}
        for c, kind in found.items():
            if (
                c.lower() in clocks
                and declared.get(c.lower()) == "TIMESTAMP"
                and (sql := clock_sql(c, kind, "TRY_CAST"))
            ):
                stored[c] = sql
        items = [f"{stored[c]} AS {quoted_name(c)}" if c in stored else quoted_name(c) for c in found]
        target = warehouse.staging_file()
        kept = without_erased(warehouse, registry, table, relation)
        rows, erased = warehouse.write_parquet(f"SELECT {', '.join(items)} FROM {kept}", target), 0
        if kept != relation:
            ((every,),) = warehouse.rows(f"SELECT COUNT(*) FROM {relation}")
            erased = int(every) - rows
    except duckdb.Error as error:
        raise unreadable_file(file, error) from None
    return _Staged(file.name, input_sha256, target, rows, erased)


def _list_batches(
    warehouse: Warehouse, table: str, staged: Sequence[_Staged], loaded_at: datetime, replace: bool
) -> None:
    kept = [(each, *warehouse.keep_file(each.file, Path("raw") / table)) for each in staged]
    with warehouse.transaction():
        if replace:
            warehouse.execute(
                f"UPDATE store.meta.loads SET replaced_at = {sql_literal(loaded_at)} WHERE table_name = ? AND "
                "replaced_at IS NULL",
                [table],
            )
        for each, file, sha256, size in kept:
            # a batch whose file was damaged comes back with the moment it was first loaded, and counts once
            warehouse.execute(
                "UPDATE store.meta.loads SET file = ?, sha256 = ?, bytes = ? WHERE table_name = ? AND input_sha256 = ? "
                "AND sha256 <> ? AND replaced_at IS NULL",
                [file, sha256, size, table, each.input_sha256, sha256],
            )
            warehouse.execute(
                f"INSERT INTO store.meta.loads VALUES (?, ?, ?, ?, ?, ?, ?, {sql_literal(loaded_at)}, NULL) "
                "ON CONFLICT (table_name, sha256) DO UPDATE SET replaced_at = NULL",
                [table, file, sha256, each.input_sha256, each.input_name, each.rows, size],
            )


def file_format(file: Path) -> str | None:
    """`csv`, `parquet` or `json` by the file's name, a trailing .gz or .zst aside; None for others."""
    name = Path(file.name.removesuffix(".gz").removesuffix(".zst"))
    return _FORMATS.get(name.suffix.lower())


def file_relation(warehouse: Warehouse, file: Path) -> str:
    """The SQL relation that reads a file; every column of a CSV file is text."""
    refuse_disguised(file)
    path = quoted_file(file)
    match file_format(file):
        case "csv":
            # DuckDB's own guess would skip leading rows or take another delimiter where rows have unequal lengths
            header, delimiter = _csv_header(warehouse, file)
            columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in header)
            return (
                f"read_csv({path}, columns = {{{columns}}}, auto_detect = false, header = true, "
                f"delim = {quoted(delimiter)}, quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false)"
            )
        case "parquet":
            return f"read_parquet({path})"
        case _:
            return json_relation(warehouse, file)


def _csv_header(warehouse: Warehouse, file: Path) -> tuple[list[str], str]:
    """The names in a CSV file's first line, and its delimiter."""
    first = warehouse.rows(
        f"SELECT line FROM read_csv({quoted_file(file)}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
        "header = false, delim = '\x1f', quote = '', escape = '', strict_mode = false) LIMIT 1"
    )
    return header_cells(file, str(first[0][0] or "").lstrip("\ufeff") if first else "")


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files given, and those in the folders given. Raises LeadmartError `no_such_file`, `unreadable_file`."""
    files: list[Path] = []
    for path in paths:
        if not str(path).isprintable() and "\udc80" <= max(str(path)) <= "\udcff":
            raise LeadmartError(
                f"{str(path)!r} is not in UTF-8", code="no_such_file", hint="give the file another name"
            )
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file() and file_format(p))
            if not inside:
                raise LeadmartError(f"{path} holds no CSV, Parquet or JSON lines file", code="no_such_file")
            files += inside
        elif not path.is_file():
            raise LeadmartError(f"there is no file {path}", code="no_such_file", hint="give files, or a folder of them")
        elif file_format(path) is None:
            raise LeadmartError(
                f"{path.name} is no CSV, Parquet or JSON lines file", code="unreadable_file", place=Place(str(path)),
                hint=f"readable endings: {', '.join(_FORMATS)}",
            )  # fmt: skip
        else:
            files.append(path)
    return files


def _missing_columns(
    registry: Registry, table: str, file: Path, missing: Sequence[str], found: Sequence[str]
) -> LeadmartError:
    readers = [d for d in registry.all("source") if table.lower() in raw_names(d)]
    ways = [f"`leadmart eject {d.name}`" if d.packaged else f"change {d.path.name}" for d in readers]
    way = f"rename columns in the file, or {' and '.join(ways)} to write NULL for those you have not"
    hints = [f"{name}: {near}" for name in missing if (near := near_names(name, found))]
    return LeadmartError(
        f"{file.name} has no column {', '.join(missing)}, which a source reads",
        code="missing_column",
        place=Place(str(file), 1),
        hint=f"{'; '.join(hints) or 'it has ' + ', '.join(found)}; {way}",
    )


def _text_as(kind: str, column: str) -> str:
    """A text column in the type a source casts it to, NULL where it cannot be read; moments with an offset in UTC.

    DuckDB's cast of text to TIMESTAMP drops the offset: 02:00+02:00 would be 02:00.
    """
    text = f"NULLIF({quoted_name(column)}, '')"
    if kind == "TIMESTAMP":
        return f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return f"TRY_CAST({text} AS {kind})"


def _refuse_unreadable_values(warehouse: Warehouse, file: Path, relation: str, types: dict[str, str]) -> None:
    if not types:
        return
    tests = " OR ".join(
        f"({quoted_name(c)} IS NOT NULL AND {quoted_name(c)} <> '' AND {_text_as(t, c)} IS NULL)"
        for c, t in types.items()
    )
    columns = ", ".join(quoted_name(c) for c in types)
    first = warehouse.rows(
        f"SELECT line, {columns} FROM (SELECT ROW_NUMBER() OVER () AS line, {columns} FROM {relation}) WHERE {tests} "
        "ORDER BY line LIMIT 1"
    )
    if first:
        line, *values = first[0]
        for (column, kind), value in zip(types.items(), values, strict=True):
            if (
                value
                and not warehouse.rows(f"SELECT {_text_as(kind, 'v')} IS NOT NULL FROM (SELECT ? AS v)", [value])[0][0]
            ):
                raise LeadmartError(
                    f"{column} is {value!r} in row {line} of {file.name}, which is no {kind}",
                    code="unreadable_value",
                    place=Place(str(file), {"csv": line + 1, "json": line}.get(file_format(file) or "")),
                    hint="mend the value, or change the CAST in the source that reads it; nothing was loaded",
                )


def _still_written(file: Path) -> LeadmartError:
    return LeadmartError(
        f"{file.name} changed while it was being read",
        code="file_changed",
        place=Place(str(file)),
        hint="load it when it is written to its end; nothing was loaded",
    )


def unreadable_file(file: Path, error: duckdb.Error) -> LeadmartError:
    """What DuckDB found wrong with a file, in the words of a reader of files."""
    text = str(error)
    line = re.search(r"[Ll]ine:? (\d+)", text)
    words, hint = words_of(error), "nothing was loaded"
    if "unicode" in text.lower() or "utf-8" in text.lower():
        words, hint = "it is not in UTF-8", f"iconv -f WINDOWS-1252 -t UTF-8 makes it so; {hint}"
    if cells := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text):
        words = f"the row has {cells[2]} cells where the header has {cells[1]}"
    return LeadmartError(
        f"{file.name} cannot be read: {words}",
        code="unreadable_file",
        place=Place(str(file), int(line[1]) if line else None),
        hint=hint,
    )
