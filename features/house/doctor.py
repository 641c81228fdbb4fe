"""`doctor`: the warehouse against its records, and the way back to order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from leadmart.features import catalogue
from leadmart.features.clock import now
from leadmart.features.errors import LeadmartError
from leadmart.features.holder import AT_ONCE, Patience, is_running
from leadmart.features.house.files import file_findings
from leadmart.features.house.finding import Finding
from leadmart.features.house.kinds import KINDS, standing_files
from leadmart.features.house.late_rows import told_of_late_rows
from leadmart.features.house.records import record_findings
from leadmart.features.literals import quoted_file
from leadmart.features.migrations import pending_migrations
from leadmart.features.plan import select, usable_selection
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse, open_for_writing, open_store
from leadmart.features.words import are, named

Progress = Callable[[str], None]


def doctor(
    project: Project,
    *,
    fix: bool = False,
    deep: bool = False,
    patience: Patience = AT_ONCE,
    progress: Progress = lambda _: None,
) -> list[Finding]:
    """What is wrong in the warehouse; with `fix`, what could be mended is, and `is_fixed` says so of each finding.

    Whether something is mended is found by looking again. Nothing is deleted of which there is no other copy: files
    that are in the way go to `aside/`. Raises LeadmartError `warehouse_busy` while another process writes,
    `warehouse_newer` for a store of a later release, which is not touched.
    """
    found = examine(project, deep=deep, patience=patience, progress=progress)
    # a broken store is not opened for writing: that would write into it
    if not fix or not any(each.remedy for each in found) or any(e.code == "warehouse_unreadable" for e in found):
        return found
    refused: LeadmartError | None = None
    with open_for_writing(project, "doctor", patience) as warehouse:
        for each in found:
            if each.remedy:
                progress(f"mending: {each.code}")
                each.remedy(warehouse)
        progress("publishing")
        try:
            registry = Registry(project)
            catalogue.publish(warehouse, registry, usable_selection(warehouse, registry))
        except LeadmartError as error:  # what it refuses is found again below
            refused = error
    left = {each.is_same_as for each in examine(project, deep=deep, patience=patience, progress=progress)}
    found = [replace(each, is_fixed=each.is_same_as not in left) for each in found]
    return [each.refused(refused.message) if refused and each.remedy is _by_publishing else each for each in found]


def examine(
    project: Project, *, deep: bool = False, patience: Patience = AT_ONCE, progress: Progress = lambda _: None
) -> list[Finding]:
    """Every fault, those of the files first; the store is only read. `deep` hashes every file."""
    found = list(_leftovers(project))
    if not project.store.is_file():
        return found + list(_without_store(project))
    try:
        with open_store(project, patience) as warehouse:
            found += _in_store(warehouse, deep, progress)
    except LeadmartError as error:
        if error.code != "warehouse_unreadable":
            raise
        found.append(Finding(error.code, error.message, "restore it from a backup; nothing else can be examined"))
    return found


def _in_store(warehouse: Warehouse, deep: bool, progress: Progress) -> list[Finding]:
    """Every fault of the files and records that the store tells of."""
    pending = pending_migrations(warehouse)
    found: list[Finding] = []
    if pending:
        words = are(pending, "change", "changes")
        found.append(
            Finding(
                "not_migrated", f"the store is of an earlier release: {words} of its tables are due",
                "applies them, as the next run does", lambda _: None,
            )
        )  # fmt: skip
    of_files = [told_of_late_rows(warehouse, each) for each in file_findings(warehouse, deep, progress)]
    found += [*of_files, *record_findings(warehouse)]
    progress("the catalogue")
    lasting = [each for each in of_files if each.remedy is None]
    for each in _unpublished(warehouse, compare=not pending):
        found.append(each.refused(lasting[0].what) if lasting and each.remedy is _by_publishing else each)
    return found


def _leftovers(project: Project) -> Iterator[Finding]:
    """What killed processes left: files never published, spilled pages, catalogues never renamed into place."""
    folder = project.warehouse
    staged = [path for path in sorted((folder / "tmp").glob("*.parquet")) if not _is_held(path)]
    made = [path for path in sorted((folder / "published").glob("*.new*")) if not _is_held(path)]
    spilled = [path for path in sorted((folder / "tmp" / "spill").glob("*")) if path.is_file() and _is_old(path)]
    if left := [*staged, *made, *spilled]:
        files = tuple(path.relative_to(folder).as_posix() for path in left)
        yield Finding(
            "left_behind",
            f"{are(len(files), 'file was', 'files were')} left by a process that no longer runs: {named(files)}",
            "removes them: nothing was published of them",
            partial(_unlink, paths=left),
            files,
        )


def _unlink(_: Warehouse, paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _is_held(path: Path) -> bool:
    pid = path.name.partition("-")[0]
    return pid.isdigit() and int(pid) != os.getpid() and is_running(int(pid))


def _is_old(path: Path) -> bool:
    return path.stat().st_mtime < (now() - timedelta(days=1)).timestamp()


def _without_store(project: Project) -> Iterator[Finding]:
    files = tuple(file for kind in KINDS for file, _ in standing_files(project, kind))
    if files or project.catalogue.is_file():
        yield Finding(
            "store_missing",
            f"{project.store.relative_to(project.root)} is gone, and with it what lists {len(files):,} files",
            "restore it from a backup: a run would begin with an empty one",
        )


def _unpublished(warehouse: Warehouse, *, compare: bool) -> Iterator[Finding]:
    """A catalogue that is missing, broken, that names files elsewhere, or that is older than the store."""
    project = warehouse.project
    again = "publishes it anew"
    if not project.catalogue.is_file():
        yield Finding("catalogue_missing", "there is no catalogue: nobody can read anything", again, _by_publishing)
        return
    try:
        elsewhere = catalogue_elsewhere(project)
    except duckdb.Error:
        yield Finding("catalogue_unreadable", "the catalogue cannot be opened", again, _by_publishing)
        return
    if elsewhere:
        yield Finding(
            "catalogue_moved",
            f"the catalogue reads files below {elsewhere}, and the project stands in {project.root}",
            again,
            _by_publishing,
        )
        return
    registry = Registry(project)
    try:
        select(registry, present_sources(warehouse, registry))
    except LeadmartError as error:
        yield Finding("definitions_refused", f"definitions are refused: {error.message}", "`leadmart check` says all")
        return
    if compare and not catalogue.is_published(warehouse):
        yield Finding("unpublished", "the catalogue is older than the store", again, _by_publishing)


def _by_publishing(_: Warehouse) -> None:
    """The doctor publishes after the other remedies, whatever they were."""


def catalogue_elsewhere(project: Project) -> str | None:
    """The warehouse whose files the catalogue reads, where that is another folder than the project's."""
    path = r"'((?:[^']|'')*)/(?:slices|scores)/[^']*[.]parquet'"
    with duckdb.connect(str(project.catalogue), read_only=True) as connection:
        found = connection.execute(
            "SELECT DISTINCT REGEXP_EXTRACT(sql, ?, 1) FROM duckdb_views() WHERE NOT internal ORDER BY ALL", [path]
        ).fetchall()
    own = quoted_file(project.warehouse)[1:-1]
    other = [folder for (folder,) in found if folder and folder != own]
    return other[0] if other else None


def doctor_text(found: Sequence[Finding]) -> str:
    """Every finding with what was done, or what there is to do."""
    if not found:
        return "all is well: every listed file stands, nothing is unfinished, the catalogue is up to date"
    lines = []
    for each in found:
        done = "fixed" if each.is_fixed else "--fix" if each.remedy else "to do"
        lines += [f"{each.code}: {each.what}", f"  {done}: {each.fix}"]
    return "\n".join(lines)
