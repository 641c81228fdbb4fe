"""From planned slices to immutable files, listed in one transaction per as_of."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from leadmart.features.clock import iso, now, sql_literal
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.feature_sets import record, said_today
from leadmart.features.intact import SLICE_HINT, is_intact
from leadmart.features.literals import quoted_file
from leadmart.features.onepass.way import ONE_PASS, way_of
from leadmart.features.plan import STORED_AS, Selection, Slice
from leadmart.features.registry import Registry
from leadmart.features.session import Session, link_to
from leadmart.features.stale import Inputs, inputs_of, record_inputs, sources_behind
from leadmart.features.warehouse import Warehouse


@dataclass(frozen=True)
class Written:
    """A slice computed and staged, not yet listed."""

    slice: Slice
    file: Path
    rows: int
    seconds: float


@dataclass(frozen=True)
class Kept:
    """A computed slice whose file has the name of its content."""

    written: Written
    file: str
    sha256: str
    bytes: int


Approve = Callable[[Written], bool]
"""Says whether a computed slice may be listed; quality's word."""

PASS_FROM, PASS_UP_TO = 4, 128
"""As_of from which on a view is computed over many in one pass, and how many of them one pass is over at most."""

STAGED_TOGETHER = 8
"""As_of for which sources are staged together: rows of some days more are read, and the store is asked less often."""


def fill(
    session: Session,
    selection: Selection,
    missing: Sequence[Slice],
    *,
    run_id: str,
    held: frozenset[str] = frozenset(),
    approve: Approve = lambda _: True,
    progress: Callable[[Slice], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Slice]:
    """Computes missing slices, one as_of after the other, and lists each as_of's in one transaction; the slices listed.

    Views of the shape that allows it (`features.onepass`) are computed over many as_of at once, and written for each.
    `held` names relations (`features.web_engagement__v1`) that must not be computed; what reads them is held too.
    Killed between two as_of, what was listed stays; killed inside one, nothing of it is listed. `say` is told what
    takes long beside the slices.
    Raises LeadmartError `not_one_row_per_spine_row` where a view loses or doubles rows of its spine.
    """
    listed: list[Slice] = []
    publish_views(session.warehouse, session, selection, run_id)
    by_moment = [(as_of, list(group)) for as_of, group in groupby(missing, key=lambda s: s.as_of)]
    for start in range(0, len(by_moment), PASS_UP_TO):
        together = by_moment[start : start + PASS_UP_TO]
        _pass_over(session, [each for _, wanted in together for each in wanted], held, say)
        for first in range(0, len(together), STAGED_TOGETHER):
            staged = together[first : first + STAGED_TOGETHER]
            session.want([as_of for as_of, _ in staged])
            session.prepare(each.definition for _, wanted in staged for each in wanted)
            inputs = slice_inputs(session, selection, [each for _, wanted in staged for each in wanted])
            for as_of, wanted in staged:
                session.narrow(as_of)
                written = _compute_at(session, selection, as_of, wanted, held, approve, progress)
                kept = keep_files(session.warehouse, written)
                if beside := [each.slice for each in written if each.slice not in wanted]:
                    inputs |= slice_inputs(session, selection, beside)
                with session.warehouse.transaction():
                    list_slices(session, selection, kept, inputs, run_id)
                listed += [each.slice for each in written]
    session.pass_over([], [])
    return listed


def _pass_over(session: Session, missing: Sequence[Slice], held: frozenset[str], say: Callable[[str], None]) -> None:
    """Has the views that are missing at many as_of, and may go in one pass, computed over these."""
    moments: dict[str, list[Slice]] = {}
    for each in missing:
        if each.definition.relation not in held:
            moments.setdefault(each.definition.relation, []).append(each)
    often = [found for found in moments.values() if len(found) >= PASS_FROM]
    views = [found[0].definition for found in often if way_of(found[0].definition).words == ONE_PASS]
    if views:
        say(f"{len(views)} views over {max(map(len, often))} as_of in one pass")
    session.pass_over(views, sorted({each.as_of for found in often for each in found}) if views else [])


def slice_file(warehouse: Warehouse, wanted: Slice) -> Path | None:
    """The file of a filled slice; None where it is not filled.

    Raises LeadmartError `file_missing` where the file is gone, `file_altered` where it has other bytes than its name
    says.
    """
    found = warehouse.rows(
        "SELECT file FROM store.meta.slices WHERE kind = ? AND name = ? AND version = ? AND spine = ? AND as_of = ? "
        "AND fingerprint = ?",
        wanted.key,
    )
    if not found:
        return None
    path: Path = warehouse.project.warehouse / found[0][0]
    subject = f"the slice of {wanted.definition.ref} at {iso(wanted.as_of)} is listed, and its file {found[0][0]}"
    if not path.is_file():
        raise LeadmartError(f"{subject} is gone", code="file_missing", hint=SLICE_HINT)
    if not is_intact(path):
        raise LeadmartError(f"{subject} has other bytes than its name says", code="file_altered", hint=SLICE_HINT)
    return path


def publish_views(warehouse: Warehouse, session: Session, selection: Selection, run_id: str) -> None:
    """Records each versioned definition at its first use, and what all that are used say; from then on a version's file
    may not change.

    Raises LeadmartError `published_changed` for files that differ in their tokens from what was published.
    """
    registry = session.registry
    versioned = [d for d in selection.definitions if d.version is not None]
    if problems := changed_since_published(warehouse, registry, versioned):
        raise all_as_one(problems)
    published = published_versions(warehouse)
    fresh = [d for d in versioned if (d.kind, d.name, d.version) not in published]
    if fresh:
        with warehouse.transaction():
            for d in fresh:
                publish_version(warehouse, registry, d, run_id)
    record(warehouse, selection, said_today(registry, selection.definitions, session.present, STORED_AS), run_id)


def publish_version(warehouse: Warehouse, registry: Registry, definition: Definition, run_id: str) -> None:
    """Records a version, inside the caller's transaction; from then on its file may not change."""
    d = definition
    row = [d.kind, d.name, d.version, registry.token_hash(d), d.text, run_id, now()]
    warehouse.execute("INSERT INTO store.meta.views VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def published_versions(warehouse: Warehouse) -> set[tuple[str, str, int]]:
    """Kind, name and version of every definition that a run has used."""
    return {
        (kind, name, version)
        for kind, name, version in warehouse.rows("SELECT kind, name, version FROM store.meta.views")
    }


def changed_since_published(
    warehouse: Warehouse, registry: Registry, definitions: Sequence[Definition]
) -> list[LeadmartError]:
    """One `published_changed` error for each definition whose tokens are no longer those that were published."""
    published = {
        (kind, name, version): (token_hash, run_id, text)
        for kind, name, version, token_hash, run_id, text in warehouse.rows(
            "SELECT kind, name, version, token_hash, run_id, text FROM store.meta.views"
        )
    }
    found = []
    for definition in definitions:
        before = published.get((definition.kind, definition.name, definition.version))
        if before is not None and before[0] != registry.token_hash(definition):
            found.append(_published_changed(definition, run_id=before[1], text=before[2]))
    return found


def _published_changed(definition: Definition, run_id: str, text: str) -> LeadmartError:
    lines = definition.text.splitlines()
    before = text.splitlines()
    changed = next(
        (n for n, (a, b) in enumerate(zip(lines, before, strict=False), 1) if a != b), min(len(lines), len(before))
    )
    text = lines[changed - 1] if lines else ""
    folder = definition.path.parent
    following = (
        max((int(p.stem[1:]) for p in folder.glob("v*.sql") if p.stem[1:].isdigit()), default=definition.version or 0)
        + 1
    )
    column = len(text) - len(text.lstrip()) + 1
    return LeadmartError(
        f"{definition.ref} was published by run {run_id} and has changed since: its rows would no longer be what its "
        "name says",
        code="published_changed",
        place=definition.place(changed, column, max(1, len(text.strip()))),
        hint=f"restore the file (`leadmart show view {definition.ref}` prints what was published), "
        f"or move the change to {definition.name}/v{following}.sql",
    )


def compute_slices(
    session: Session,
    selection: Selection,
    as_of: datetime,
    wanted: Sequence[Slice],
    held: frozenset[str],
    approve: Approve,
    progress: Callable[[Slice], None] = lambda _: None,
) -> list[Written]:
    """The slices wanted at one as_of, and what they need that is not filled, computed and approved; none is listed."""
    session.want([as_of])
    session.prepare(s.definition for s in wanted)
    return _compute_at(session, selection, as_of, wanted, held, approve, progress)


def _compute_at(
    session: Session,
    selection: Selection,
    as_of: datetime,
    wanted: Sequence[Slice],
    held: frozenset[str],
    approve: Approve,
    progress: Callable[[Slice], None],
) -> list[Written]:
    """The same in a session that asks for the as_of and is prepared for what is wanted."""
    warehouse = session.warehouse
    missing = {s.definition.relation: s for s in wanted}
    needed = _needed(session, selection, list(missing.values()))
    written: list[Written] = []
    stopped = set(held)
    for definition in needed:
        if any(d.relation in stopped for d in (definition, *session.registry.dependencies(definition))):
            stopped.add(definition.relation)
            continue
        filled = (
            None if definition.relation in missing else slice_file(warehouse, selection.slice_of(definition, as_of))
        )
        if filled is not None:
            session.read_file(definition, filled)
            continue
        planned = missing.get(definition.relation) or selection.slice_of(definition, as_of)
        progress(planned)
        each = _write(session, selection, planned)
        if not approve(each):
            each.file.unlink()
            stopped.add(definition.relation)
            continue
        session.read_file(definition, each.file)
        written.append(each)
    return written


def _needed(session: Session, selection: Selection, missing: Sequence[Slice]) -> list[Definition]:
    """The missing definitions and what they read, in the selection's order."""
    relations = {selection.spine.relation}
    for each in missing:
        relations.add(each.definition.relation)
        relations.update(d.relation for d in session.registry.dependencies(each.definition))
        if link := link_to(each.definition, selection.spine, session.registry):
            relations.add(link.relation)
    return [d for d in selection.definitions if d.relation in relations]


def _write(session: Session, selection: Selection, planned: Slice) -> Written:
    definition = planned.definition
    started = time.perf_counter()
    if link := link_to(definition, selection.spine, session.registry):
        session.account_spine(definition, link)
    file = session.warehouse.staging_file()
    rows = session.write(definition, file)
    check_one_row_per_key(session, definition, file)
    return Written(planned, file, rows, time.perf_counter() - started)


def check_one_row_per_key(session: Session, definition: Definition, file: Path) -> None:
    """Raises LeadmartError `not_one_row_per_spine_row` where a file has not exactly the rows its spine asks for.

    A spine or a link must have one row per key and as_of.
    """
    key = definition.key
    ((rows, keys, moments),) = session.warehouse.rows(
        f"SELECT COUNT(*), COUNT(DISTINCT ({key}, as_of)), COUNT(*) FILTER (WHERE {key} IS NULL OR as_of IS NULL) "
        f"FROM read_parquet({quoted_file(file)})"
    )
    asked = rows
    if definition.kind in ("feature", "gate"):
        ((asked,),) = session.warehouse.rows(f"SELECT COUNT(*) FROM spine_{definition.entity[0]}")
    if rows != asked or keys != rows or moments:
        file.unlink(missing_ok=True)
        raise LeadmartError(
            f"{definition.kind} {definition.ref} gave {rows} rows with {keys} keys where {asked} were asked for",
            code="not_one_row_per_spine_row",
            place=definition.place(line=1),
            hint=f"a join doubles or loses rows: GROUP BY {key} and as_of in a CTE first",
        )


def keep_files(warehouse: Warehouse, written: Sequence[Written]) -> list[Kept]:
    """Moves the files of computed slices to the names of their contents; nobody reads them before they are listed."""
    return [
        Kept(each, *warehouse.keep_file(each.file, Path("slices") / each.slice.definition.name)) for each in written
    ]


def slice_inputs(session: Session, selection: Selection, slices: Sequence[Slice]) -> Inputs:
    """What is known of the sources behind slices at their as_of."""
    moments = {each.as_of for each in slices}
    behind = {each.definition.relation: each.definition for each in slices}
    names = {s for each in behind.values() for s in sources_behind(each, selection, session.registry)}
    return inputs_of(session, names, moments)


def list_slices(
    session: Session, selection: Selection, kept: Sequence[Kept], inputs: Inputs, run_id: str
) -> list[Slice]:
    """Lists files as slices, inside the caller's transaction; the slices that had another file before.

    What a slice's file was before goes to `meta.superseded_slices`.
    """
    warehouse = session.warehouse
    replaced = []
    for each in kept:
        planned = each.written.slice
        kind, name, version, spine, as_of, fingerprint = planned.key
        this = "kind = ? AND name = ? AND version = ? AND spine = ? AND as_of = ? AND fingerprint = ?"
        before = warehouse.rows(f"SELECT file FROM store.meta.slices WHERE {this}", planned.key)
        if before and before[0][0] != each.file:
            replaced.append(planned)
            warehouse.execute(
                f"INSERT INTO store.meta.superseded_slices SELECT s.*, {sql_literal(now())}, '{run_id}' "
                f"FROM store.meta.slices AS s WHERE {this}",
                planned.key,
            )
        if not before or before[0][0] != each.file:
            warehouse.execute(
                f"INSERT OR REPLACE INTO store.meta.slices VALUES (?, ?, ?, ?, {sql_literal(as_of)}, ?, ?, ?, ?, ?, ?, "
                f"?, {sql_literal(now())})",
                [
                    kind, name, version, spine, fingerprint, each.file, each.sha256, each.written.rows, each.bytes,
                    round(each.written.seconds, 3), run_id,
                ],
            )  # fmt: skip
        record_inputs(warehouse, planned, sources_behind(planned.definition, selection, session.registry), inputs)
    return replaced
