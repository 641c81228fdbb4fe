"""Files that others wrote: what makes one unreadable before a row of it is read, and JSON without a changed value."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import duckdb

from leadmart.features.errors import LeadmartError, Place, first_line
from leadmart.features.literals import quoted, quoted_file, quoted_name
from leadmart.features.warehouse import Warehouse

_RESERVED = ("_file", "_loaded_at")
"""Columns that leadmart itself gives to raw rows."""

_STARTS = {
    b"\x1f\x8b": ("it is compressed", "call it {name}.gz"),
    b"\x28\xb5\x2f\xfd": ("it is compressed", "call it {name}.zst"),
    b"PK\x03\x04": ("it is a zip archive or a spreadsheet", "unpack it, or save it as CSV"),
    b"PAR1": ("it is Parquet", "call it {stem}.parquet"),
    b"\xff\xfe": ("it is not in UTF-8", "iconv -f UTF-16 -t UTF-8 makes it so"),
    b"\xfe\xff": ("it is not in UTF-8", "iconv -f UTF-16 -t UTF-8 makes it so"),
}
_INEXACT = re.compile(r"(?<!WITH )\b(UUID|U?HUGEINT|TIME)(?=$|[,)\[])")
_DOUBLE = re.compile(r"\bDOUBLE(?=$|[,)\[])")
_LONG_INTEGER = r"(^|[:,\[{\s])-?[0-9]{16,}($|[,\]}\s])"
_CSV_WORDS = {
    "state machine": "its lines end in different ways, some with CR and LF, some with LF alone",
    "unterminated quote": "a quote is opened and not closed, or closed before the end of a cell",
    "Maximum line size": "a line is longer than two million bytes",
}


def refuse_disguised(file: Path) -> None:
    """Raises LeadmartError `unreadable_file` for text that is something else, and for a gzip file that is damaged.

    DuckDB does not compare a gzip file with its checksum, so an altered one could be read as other rows.
    """
    if file.suffix.lower() == ".gz":
        try:
            with gzip.open(file) as handle:
                while handle.read(1 << 20):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            raise _refused(file, f"its gzip stream is damaged ({error})", "fetch it again") from None
        return
    if file.suffix.lower() in (".zst", ".parquet"):
        return
    with file.open("rb") as handle:
        start = handle.read(4)
    for magic, (words, hint) in _STARTS.items():
        if start.startswith(magic):
            raise _refused(file, words, hint.format(name=file.name, stem=file.stem))


def header_cells(file: Path, line: str) -> tuple[list[str], str]:
    """The names in a CSV file's first line, and its delimiter: of `, ; tab |` the one that makes most cells of it.

    Raises LeadmartError `unreadable_file` where a column has no name, two have the same, or a quote is left open.
    """
    problem, delimiter = "", ","
    read: dict[str, list[str]] = {",": []}
    try:
        read = {each: next(csv.reader([line], delimiter=each), []) for each in ",;\t|"}
        delimiter = max(read, key=lambda each: len(read[each]))
        next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        problem = "opens a quote that it does not close, closes one within a name, or has a name that is too long"
    names = [name.strip() for name in read[delimiter]]
    if problem:
        pass
    elif "" in names:
        problem = f"does not name column {names.index('') + 1}"
    elif names:
        folded = [name.lower() for name in names]
        twice = sorted({name for name in folded if folded.count(name) > 1})
        problem = f"names {', '.join(twice)} twice" if twice else ""
    else:
        problem = "names no columns"
    if problem:
        raise LeadmartError(
            f"{file.name} cannot be read: its first line {problem}",
            code="unreadable_file",
            place=Place(str(file), 1, text=line[:200]),
            hint="the first line of a CSV file names its columns; nothing was loaded",
        )
    return names, delimiter


def json_relation(warehouse: Warehouse, file: Path) -> str:
    """The SQL relation that reads JSON lines, or an array of objects, with every value as it is written.

    DuckDB takes an integer that is too long for BIGINT for a DOUBLE, and lowers the letters of what looks like a UUID:
    columns with such values are read as text. Raises LeadmartError `unreadable_file` for records that are no objects.
    """
    options = "sample_size = -1, records = true"
    try:
        found = _described(warehouse, file, options)
    except duckdb.BinderException as error:
        # many rare keys make DuckDB read the records as one MAP, which is no record to it
        try:
            options += ", map_inference_threshold = -1"
            found = _described(warehouse, file, options)
        except duckdb.BinderException:
            if "expected records" not in str(error):
                raise
            raise _refused(
                file, "its records are no objects with named keys", 'one JSON object a row: `{"id": 1, …}`'
            ) from None
    _refuse_keys_twice(warehouse, file, list(found))
    exact = {name: _INEXACT.sub("VARCHAR", kind) for name, kind in found.items()}
    if doubles := [name for name, kind in found.items() if _DOUBLE.search(kind)]:
        texts = _with_columns(file, dict.fromkeys(doubles, "VARCHAR"))
        tests = ", ".join(f"BOOL_OR(REGEXP_MATCHES({quoted_name(c)}, {quoted(_LONG_INTEGER)}))" for c in doubles)
        (long,) = warehouse.rows(f"SELECT {tests} FROM {texts}")
        for name, is_long in zip(doubles, long, strict=True):
            if is_long:
                exact[name] = _DOUBLE.sub("VARCHAR", exact[name])
    if exact == found:
        return f"read_json({quoted_file(file)}, {options})"
    return _with_columns(file, exact)


def refuse_columns(file: Path, names: Sequence[str], is_parquet: bool) -> None:
    """Raises LeadmartError `unreadable_file` for column names that cannot be kept apart, written, or are leadmart's."""
    if bad := [name for name in names if "\0" in name or not name]:
        words = "holds a NUL byte" if bad[0] else "is empty"
        raise _refused(file, f"the name of a column, {bad[0]!r}, {words}", "give it another name")
    if own := [name for name in names if name.lower() in _RESERVED]:
        raise _refused(
            file, f"it has a column {', '.join(own)}, a name that leadmart gives to raw rows itself",
            f"call it something else, such as {own[0].strip('_')}",
        )  # fmt: skip
    if is_parquet and _may_be_twice(names):
        from pyarrow import parquet

        _refuse_twice(file, parquet.read_schema(file).names)


def words_of(error: duckdb.Error) -> str:
    """What DuckDB says of a file, without the row it quotes and the options it offers."""
    text = str(error)
    for pattern, words in _CSV_WORDS.items():
        if re.search(pattern, text):
            return words
    return first_line(error).removeprefix("Invalid Input Error: ")[:300]


def _described(warehouse: Warehouse, file: Path, options: str) -> dict[str, str]:
    return dict(warehouse.columns(f"SELECT * FROM read_json({quoted_file(file)}, {options})"))


def _with_columns(file: Path, columns: dict[str, str]) -> str:
    listed = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in columns.items())
    return f"read_json({quoted_file(file)}, columns = {{{listed}}})"


def _refuse_keys_twice(warehouse: Warehouse, file: Path, names: Sequence[str]) -> None:
    if not _may_be_twice(names):
        return
    keys = warehouse.rows(f"SELECT DISTINCT UNNEST(JSON_KEYS(json)) FROM read_json_objects({quoted_file(file)})")
    _refuse_twice(file, sorted(key for (key,) in keys))


def _may_be_twice(names: Sequence[str]) -> bool:
    """Whether DuckDB may have told two columns apart, `id` and `ID`, by a number behind the second: `ID_1`."""
    folded = {name.lower() for name in names}
    return any((found := re.fullmatch(r"(.+)_\d+", name)) and found[1] in folded for name in folded)


def _refuse_twice(file: Path, names: Sequence[str]) -> None:
    folded = [name.lower() for name in names]
    if twice := sorted({name for name in folded if folded.count(name) > 1}):
        raise _refused(file, f"it has the column {', '.join(twice)} twice", "give one of them another name")


def _refused(file: Path, words: str, hint: str) -> LeadmartError:
    return LeadmartError(
        f"{file.name} cannot be read: {words}",
        code="unreadable_file",
        place=Place(str(file)),
        hint=f"{hint}; nothing was loaded",
    )
