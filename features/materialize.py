"""From planned slices to immutable files, listed in one transaction per as_of."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from leadmart.features.clock import iso, now, sql_literal
from leadmart.features.compute import Approve, Progress, Written, compute_slices, prepare_for
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.feature_sets import record, said_today
from leadmart.features.onepass.way import ONE_PASS, way_of
from leadmart.features.plan import STORED_AS, Selection, Slice
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.stale import Inputs, inputs_of, record_inputs, sources_behind
from leadmart.features.warehouse import Warehouse


@dataclass(frozen=True)
class Kept:
    """A computed slice whose file has the name of its content."""

    written: Written
    file: str
    sha256: str
    bytes: int


PASS_FROM, PASS_UP_TO = 4, 128
"""As_of from which on a view is computed over many in one pass, and how many of them one pass is over at most."""

STAGED_TOGETHER = 8
"""As_of for which sources are staged together, also where fewer are computed at once: the store is asked less often."""

MOST_TOGETHER, ROWS_TOGETHER = 8, 1_000_000
"""As_of over which each definition is computed at once: at most so many, and no more rows of spine or link than so."""


def fill(
    session: Session,
    selection: Selection,
    missing: Sequence[Slice],
    *,
    run_id: str,
    held: frozenset[str] = frozenset(),
    approve: Approve = lambda _: True,
    progress: Progress = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Slice]:
    """Computes missing slices, some as_of together, and lists each as_of's in one transaction; the slices listed.

    Views of the shape that allows it (`features.onepass`) are computed over many as_of at once, all others as written
    over as many as fit (`ROWS_TOGETHER`); files are those of single runs. `held` names relations
    (`features.web_engagement__v1`) that must not be computed; what reads them is held too. Killed at any moment, what
    was listed stays, and of an as_of everything is listed or nothing. `say` is told what takes long beside the slices.
    Raises LeadmartError `not_one_row_per_spine_row` where a view loses or doubles rows of its spine; the as_of before
    that are listed.
    """
    listed: list[Slice] = []
    publish_views(session.warehouse, session, selection, run_id)
    by_moment = [list(group) for _, group in groupby(missing, key=lambda s: s.as_of)]
    for start in range(0, len(by_moment), PASS_UP_TO):
        together = by_moment[start : start + PASS_UP_TO]
        _pass_over(session, [each for wanted in together for each in wanted], held, say)
        while together:
            at_once, of_staged = _at_once(session, selection)
            staged, together = together[:of_staged], together[of_staged:]
            everything = [each for wanted in staged for each in wanted]
            prepare_for(session, everything)
            inputs = slice_inputs(session, selection, everything)
            for first in range(0, len(staged), at_once):
                chunk = staged[first : first + at_once]
                with closing(_written(session, selection, chunk, held, approve, progress)) as each_written:
                    for written in each_written:
                        listed += _list(session, selection, written, inputs, run_id)
    session.pass_over([], [])
    return listed


def _at_once(session: Session, selection: Selection) -> tuple[int, int]:
    """Over how many as_of definitions are computed at once, and for how many sources are staged.

    By the rows that the spine or a link had before; one as_of where none ever had any.
    """
    names = [selection.spine.name, *(each.name for each in selection.links)]
    ((rows,),) = session.warehouse.rows(
        "SELECT MAX(row_count) FROM store.meta.slices WHERE kind IN ('spine', 'link') AND LIST_CONTAINS(?, name)",
        [names],
    )
    if rows is None:
        return 1, 1
    at_once = max(1, min(MOST_TOGETHER, ROWS_TOGETHER // max(rows, 1)))
    return at_once, max(at_once, STAGED_TOGETHER)


def _written(
    session: Session,
    selection: Selection,
    together: Sequence[list[Slice]],
    held: frozenset[str],
    approve: Approve,
    progress: Progress,
) -> Generator[list[Written]]:
    """The slices of some as_of, computed together, those of each as_of by themselves; where that raises a named error,
    computed one as_of after the other, so that the as_of before the one it is about are written."""
    try:
        session.narrow([wanted[0].as_of for wanted in together])
        everything = [each for wanted in together for each in wanted]
        written = compute_slices(session, selection, everything, held, approve, progress)
    except LeadmartError:
        if len(together) == 1:
            raise
        for wanted in together:
            try:
                yield from _written(session, selection, [wanted], held, approve, progress)
            except LeadmartError as error:
                error.add(f" (at {iso(wanted[0].as_of)})")
                raise
    else:
        try:
            for wanted in together:
                yield [each for each in written if each.slice.as_of == wanted[0].as_of]
                written = [each for each in written if each.slice.as_of != wanted[0].as_of]
        finally:
            for each in written:  # what could not be listed
                each.file.unlink(missing_ok=True)


def _list(
    session: Session, selection: Selection, written: Sequence[Written], inputs: Inputs, run_id: str
) -> list[Slice]:
    """Lists the slices of one as_of, in one transaction."""
    kept = keep_files(session.warehouse, written)
    if beside := [each.slice for each in written if not _is_noted(session, selection, each.slice, inputs)]:
        inputs = inputs | slice_inputs(session, selection, beside)
    with session.warehouse.transaction():
        list_slices(session, selection, kept, inputs, run_id)
    return [each.slice for each in written]


def _is_noted(session: Session, selection: Selection, each: Slice, inputs: Inputs) -> bool:
    return all((s, each.as_of) in inputs for s in sources_behind(each.definition, selection, session.registry))


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
    """Kind, name and version of every definition that a run has used, or that was published."""
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
    warehouse, registry = session.warehouse, session.registry
    replaced, rows = [], []
    for each in kept:
        planned = each.written.slice
        this = "kind = ? AND name = ? AND version = ? AND spine = ? AND as_of = ? AND fingerprint = ?"
        before = warehouse.rows(f"SELECT file FROM store.meta.slices WHERE {this}", planned.key)
        if before and before[0][0] == each.file:
            continue
        if before:
            replaced.append(planned)
            warehouse.execute(
                f"INSERT INTO store.meta.superseded_slices SELECT s.*, {sql_literal(now())}, '{run_id}' "
                f"FROM store.meta.slices AS s WHERE {this}",
                planned.key,
            )
        of_file = [each.file, each.sha256, each.written.rows, each.bytes, round(each.written.seconds, 3), run_id, now()]
        rows += [*planned.key, *of_file]
    if rows:
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * (len(rows) // 13))
        warehouse.execute(f"INSERT OR REPLACE INTO store.meta.slices VALUES {places}", rows)
    slices = [each.written.slice for each in kept]
    record_inputs(warehouse, [(s, sources_behind(s.definition, selection, registry)) for s in slices], inputs)
    return replaced
