"""Slices computed for several as_of together: files that are checked and approved, and that nobody lists yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from leadmart.features.clock import iso
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.filled import slice_file
from leadmart.features.plan import Selection, Slice
from leadmart.features.session import Session, link_to, relation_of


@dataclass(frozen=True)
class Written:
    """A slice computed and staged, not yet listed. `seconds` is its share of what was computed for several as_of."""

    slice: Slice
    file: Path
    rows: int
    seconds: float


Approve = Callable[[Written], bool]
"""Says whether a computed slice may be listed; quality's word."""

Progress = Callable[[Sequence[Slice]], None]
"""Told which slices of one definition are computed next."""


def prepare_for(session: Session, wanted: Sequence[Slice]) -> None:
    """Has the session ask for the as_of of slices, and stage what their definitions read."""
    session.want(sorted({each.as_of for each in wanted}))
    session.prepare(each.definition for each in wanted)


def compute_slices(
    session: Session,
    selection: Selection,
    wanted: Sequence[Slice],
    held: frozenset[str],
    approve: Approve,
    progress: Progress = lambda _: None,
) -> list[Written]:
    """The slices wanted, and what they need that is not filled, computed and approved; in order of definitions.

    The session is prepared for them, and asks for their as_of. Each definition is computed over all of these at once,
    and written for each. One that is refused at an as_of stops what reads it there, and nowhere else.
    Raises LeadmartError `not_one_row_per_spine_row` where a view loses or doubles rows of its spine; no file is left.
    """
    written: list[Written] = []
    try:
        return _computed(session, selection, wanted, held, approve, progress, written)
    except BaseException:
        for each in written:
            each.file.unlink(missing_ok=True)
        raise


def _computed(
    session: Session,
    selection: Selection,
    wanted: Sequence[Slice],
    held: frozenset[str],
    approve: Approve,
    progress: Progress,
    written: list[Written],
) -> list[Written]:
    """Adds to `written` whatever is written, and returns what of it is approved."""
    missing = {(each.definition.relation, each.as_of) for each in wanted}
    needed = _needed(session, selection, wanted)
    read = {selection.spine.relation, *(d.relation for each, _ in needed for d in _read_by(session, selection, each))}
    stopped = {relation: set(session.moments) for relation in held}
    for definition, moments in needed:
        refused = stopped.setdefault(definition.relation, set())
        behind = _read_by(session, selection, definition)
        behind += [selection.spine] if definition.kind in ("feature", "gate") else []
        refused.update(*(stopped.get(d.relation, ()) for d in behind))
        slices = [selection.slice_of(definition, as_of) for as_of in moments if as_of not in refused]
        filled = {
            each.as_of: file
            for each in slices
            if (definition.relation, each.as_of) not in missing and (file := slice_file(session.warehouse, each))
        }
        if due := [each for each in slices if each.as_of not in filled]:
            progress(due)
            made = _write(session, selection, due, is_read=definition.relation in read)
            written += made
            for each in made:
                if not approve(each):
                    each.file.unlink()
                    refused.add(each.slice.as_of)
        if filled and definition.relation in read:
            session.read_files(definition, filled, is_computed=bool(due))
    return [each for each in written if each.slice.as_of not in stopped[each.slice.definition.relation]]


def _needed(session: Session, selection: Selection, wanted: Sequence[Slice]) -> list[tuple[Definition, list[datetime]]]:
    """The definitions wanted and what they read, in the selection's order, each with the as_of it is needed at."""
    moments: dict[str, dict[datetime, None]] = {}
    for definition in dict.fromkeys(each.definition for each in wanted):
        at = {each.as_of: None for each in wanted if each.definition == definition}
        for each in (selection.spine, definition, *_read_by(session, selection, definition)):
            moments.setdefault(each.relation, {}).update(at)
    return [(d, list(moments[d.relation])) for d in selection.definitions if d.relation in moments]


def _read_by(session: Session, selection: Selection, definition: Definition) -> list[Definition]:
    link = link_to(definition, selection.spine, session.registry)
    return [*session.registry.dependencies(definition), *([link] if link else [])]


def _write(session: Session, selection: Selection, due: Sequence[Slice], *, is_read: bool) -> list[Written]:
    """Computes a definition once, and writes its rows at each as_of."""
    definition = due[0].definition
    started = time.perf_counter()
    if link := link_to(definition, selection.spine, session.registry):
        session.account_spine(definition, link)
    files = {each.as_of: session.warehouse.staging_file() for each in due}
    try:
        laid = None if is_read else session.laid(definition)
        if laid is not None:
            rows = session.write_each(definition, files, laid)
            # each row of the spine is there, so where as many are, each is there once
            _refuse_other_rows(
                session, definition, {as_of: (count, count, 0) for as_of, count in rows.items()}, list(files)
            )
        else:
            session.compute(definition)
            _refuse_other_rows(session, definition, _counted(session, definition), list(files))
            rows = session.write_each(definition, files)
        if not is_read:
            session.forget(definition)
    except BaseException:
        for file in files.values():
            file.unlink(missing_ok=True)
        raise
    seconds = (time.perf_counter() - started) / len(due)
    return [Written(each, files[each.as_of], rows[each.as_of], seconds) for each in due]


Counts = Mapping[datetime, tuple[int, int, int]]
"""Per as_of how many rows there are, how many keys, and how many rows without a key."""


def _counted(session: Session, definition: Definition) -> Counts:
    key = definition.key
    return {
        as_of: (rows, keys, without)
        for as_of, rows, keys, without in session.warehouse.rows(
            f"SELECT as_of, COUNT(*), COUNT(DISTINCT {key}), COUNT(*) FILTER (WHERE {key} IS NULL) "
            f"FROM {relation_of(definition)} GROUP BY as_of"
        )
    }


def _refuse_other_rows(session: Session, definition: Definition, found: Counts, moments: Sequence[datetime]) -> None:
    """Raises LeadmartError `not_one_row_per_spine_row` where rows at an as_of are not those its spine asks for.

    A spine or a link must have one row per key and as_of.
    """
    asked = {as_of: found.get(as_of, (0, 0, 0))[0] for as_of in moments}
    if definition.kind in ("feature", "gate"):
        spine = f"SELECT as_of, COUNT(*) FROM spine_{definition.entity[0]} GROUP BY as_of"
        asked = dict.fromkeys(moments, 0) | dict(session.warehouse.rows(spine))
    for as_of in moments:
        rows, keys, without = found.get(as_of, (0, 0, 0))
        if rows != asked[as_of] or keys != rows or without or not found.keys() <= set(session.moments):
            raise LeadmartError(
                f"{definition.kind} {definition.ref} gave {rows} rows with {keys} keys where "
                f"{asked[as_of]} were asked for at {iso(as_of)}",
                code="not_one_row_per_spine_row",
                place=definition.place(line=1),
                hint=f"a join doubles or loses rows: GROUP BY {definition.key} and as_of in a CTE first",
            )
