"""Files against their listings: gone, altered, or standing where nothing lists them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import duckdb

from leadmart.features.clock import now, sql_literal
from leadmart.features.fingerprint import file_digest
from leadmart.features.house.finding import Finding
from leadmart.features.house.kinds import (
    KINDS,
    Kind,
    Listed,
    has_table,
    listed_files,
    standing_files,
)
from leadmart.features.house.score_files import write_anew
from leadmart.features.intact import is_intact
from leadmart.features.literals import quoted, quoted_file
from leadmart.features.warehouse import Warehouse
from leadmart.features.words import are, named

ASIDE = "aside"
"""The folder below the warehouse for files that the doctor takes out of the way; nothing reads it."""


def file_findings(warehouse: Warehouse, deep: bool, progress: Callable[[str], None]) -> Iterator[Finding]:
    """What is wrong with the files of every kind: `deep` reads every byte.

    Otherwise sizes and footers tell, and the content of files whose time of writing has moved, as before a run.
    """
    listed = listed_files(warehouse)
    for kind in KINDS:
        progress(f"{kind.name} files")
        own = [each for each in listed if each.kind == kind]
        gone = [each for each in own if not (warehouse.project.warehouse / each.file).is_file()]
        there = [each for each in own if each not in gone]
        altered = _altered(warehouse, there, deep)
        if gone:
            yield _faulty(kind, gone, "file_missing", ("listed {} has no file", "listed {}s have no file"))
        if altered:
            words = ("{} is not what was listed: truncated or altered", "{}s are not what was listed")
            yield _faulty(kind, altered, "file_altered", words)
        yield from _unlisted(warehouse, kind, {each.file for each in listed})


def _altered(warehouse: Warehouse, listed: Sequence[Listed], deep: bool) -> list[Listed]:
    """The listed files whose size, rows, or with `deep` content is not what their listing and name say."""
    folder = warehouse.project.warehouse
    paths = {each.file: folder / each.file for each in listed}
    rows = _rows_in_footers(warehouse, list(paths.values()))
    return [
        each
        for each in listed
        if not is_intact(paths[each.file], each.bytes, only_look=True)
        or rows.get(str(paths[each.file])) is None
        or (each.rows is not None and rows[str(paths[each.file])] != each.rows)
        or (deep and not file_digest(paths[each.file]).startswith(paths[each.file].stem))
    ]


def _rows_in_footers(warehouse: Warehouse, paths: Sequence[Path]) -> dict[str, int]:
    """The rows that Parquet footers tell, by path; a file that cannot be read is not there."""
    if not paths:
        return {}
    listed = ", ".join(quoted_file(path) for path in paths)
    try:
        return dict(warehouse.rows(f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])"))
    except duckdb.Error:
        if len(paths) == 1:
            return {}
        half = len(paths) // 2
        return _rows_in_footers(warehouse, paths[:half]) | _rows_in_footers(warehouse, paths[half:])


def _faulty(kind: Kind, faulty: Sequence[Listed], code: str, words: tuple[str, str]) -> Finding:
    """A finding about listed files that cannot be read as what they are."""
    files = tuple(dict.fromkeys(each.file for each in faulty))
    one, many = (form.format(kind.name) for form in words)
    what = f"{are(len(files), one, many)}: {named(files)}"
    if kind.is_derived:
        return Finding(
            code, what, "unlists them: the next run or backfill computes what it needs anew",
            partial(_unlist, faulty=tuple(faulty)), files,
        )  # fmt: skip
    if kind.name == "score file":
        return Finding(
            code, what, "writes them anew from the store's score rows; where those are gone, restore a backup",
            partial(_write_scores, files=files), files,
        )  # fmt: skip
    return Finding(
        code, what, "cannot be made again: restore them from a backup, or `leadmart load` the same files again", None,
        files,
    )  # fmt: skip


def _unlist(warehouse: Warehouse, faulty: Sequence[Listed]) -> None:
    for each in faulty:
        put_aside(warehouse, each.file)
    with warehouse.transaction():
        for listing in faulty[0].kind.listings:
            files = [each.file for each in faulty if each.table == listing.table]
            if not files:
                continue
            warehouse.execute(
                f"CREATE OR REPLACE TEMP TABLE gone AS SELECT UNNEST(?::VARCHAR[]) AS file, {sql_literal(now())} AS at",
                [files],
            )
            for statement in listing.going:
                warehouse.execute(statement)
            warehouse.execute(f"DELETE FROM store.meta.{listing.table} WHERE file IN (SELECT g.file FROM gone AS g)")


def _write_scores(warehouse: Warehouse, files: Sequence[str]) -> None:
    for file in files:
        put_aside(warehouse, file)
        write_anew(warehouse, file)


def _unlisted(warehouse: Warehouse, kind: Kind, listed: set[str]) -> Iterator[Finding]:
    """Standing files that nothing lists: those `prune` knows of wait for it; others were left by a killed process."""
    noted: set[str] = set()
    if has_table(warehouse, "unlisted_files"):
        noted = {file for (file,) in warehouse.rows("SELECT file FROM store.meta.unlisted_files")}
    found = tuple(file for file, _ in standing_files(warehouse.project, kind) if file not in listed | noted)
    if not found:
        return
    what = f"nothing lists {are(len(found), kind.name, f'{kind.name}s')}: {named(found)}"
    if kind.is_derived:
        yield Finding("file_unlisted", what, "leaves them to `prune`", partial(_leave_to_prune, files=found), found)
    else:
        yield Finding("file_unlisted", what, f"moves them to warehouse/{ASIDE}", partial(_move, files=found), found)


def _leave_to_prune(warehouse: Warehouse, files: Sequence[str]) -> None:
    sizes = [(warehouse.project.warehouse / file).stat().st_size for file in files]
    warehouse.execute(
        "INSERT OR IGNORE INTO store.meta.unlisted_files SELECT UNNEST(?::VARCHAR[]), UNNEST(?::BIGINT[]), "
        f"{quoted('never listed')}, {sql_literal(now())}",
        [list(files), sizes],
    )


def _move(warehouse: Warehouse, files: Sequence[str]) -> None:
    for file in files:
        put_aside(warehouse, file)


def put_aside(warehouse: Warehouse, file: str) -> None:
    """Moves a file to `aside/`, below the folder it stood in; a second one of that name gets a number."""
    path = warehouse.project.warehouse / file
    if not path.is_file():
        return
    target = warehouse.project.warehouse / ASIDE / file
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while target.exists():
        target = target.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    os.replace(path, target)
