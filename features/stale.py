"""Stale slices: filled ones whose sources have other rows known at their as_of than when they were computed.

A row that is loaded after a slice was computed, with clocks that say it was known by then, makes it stale, and so does
raw that was rewritten. Rows known only later change nothing: they are what tomorrow's slice is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from leadmart.features.clock import iso, sql_literal
from leadmart.features.definition import Definition
from leadmart.features.plan import Selection, Slice
from leadmart.features.registry import Registry
from leadmart.features.session import Session, link_to
from leadmart.features.sources.staged import current, first_known, known_at
from leadmart.features.sources.staging import source_inputs
from leadmart.features.warehouse import Warehouse

_KEY = "kind, name, version, spine, as_of, fingerprint"


@dataclass(frozen=True)
class Known:
    """The rows of a source known at a moment: how many, and a hash of them that is blind to their order."""

    rows: int
    hash: str


@dataclass(frozen=True)
class Stale:
    """A filled slice, the source that has changed for it, and how many of its rows were and are known."""

    slice: Slice
    source: str
    rows_then: int
    rows_now: int


Inputs = dict[tuple[str, datetime], tuple[str, Known]]
"""Per source and moment the source's identity with its raw batches, and what of it is known."""


def sources_behind(definition: Definition, selection: Selection, registry: Registry) -> tuple[str, ...]:
    """The sources that a slice's rows depend on: its own, its spine's, and those of the link to its entity."""
    link = link_to(definition, selection.spine, registry)
    whole = definition.kind == "link"
    return registry.sources_of([definition, *([] if whole else [selection.spine]), *([link] if link else [])])


def inputs_of(session: Session, names: Iterable[str], moments: Iterable[datetime]) -> Inputs:
    """What is known of sources at moments, in one pass over the rows of each."""
    warehouse, registry = session.warehouse, session.registry
    names, moments = sorted(set(names)), sorted(set(moments))
    if not names or not moments:
        return {}
    identities = source_inputs(warehouse, registry, names)
    kept = current(warehouse, registry, names, session.present)
    if left := [name for name in names if name not in kept]:
        session.stage_whole(left)
        kept = current(warehouse, registry, names, session.present)
    listed = ", ".join(f"({sql_literal(moment)})" for moment in moments)
    found: Inputs = {}
    for name in names:
        select = known_at(warehouse, kept[name], moments) if name in kept else None
        if select is None:
            session.stage_whole([name])
            select = (
                f"WITH w AS (SELECT * FROM (VALUES {listed}) AS v (as_of)), "
                "arrived AS (SELECT w.as_of, COUNT(*) AS n, SUM(CAST(HASH(s) AS HUGEINT)) AS hash "
                f"FROM staging.{name} AS s ASOF JOIN w ON {first_known('s')} <= w.as_of GROUP BY w.as_of) "
                "SELECT w.as_of, COALESCE(SUM(a.n) OVER before, 0) AS row_count, COALESCE(SUM(a.hash) OVER before, 0) "
                "AS hash FROM w LEFT JOIN arrived AS a ON a.as_of = w.as_of WINDOW before AS (ORDER BY w.as_of)"
            )
        rows = warehouse.rows(f"SELECT as_of, row_count, hash FROM ({select})")
        for as_of, count, hashed in rows:
            # the hash is DuckDB's own and may be another in its next release
            known = Known(int(count), f"{duckdb.__version__}:{hashed:x}")
            found[name, as_of] = (identities[name], known)
    return found


def record_inputs(warehouse: Warehouse, slices: Iterable[tuple[Slice, Sequence[str]]], inputs: Inputs) -> None:
    """Notes what slices were computed from, each of its sources; to be called in the transaction that lists them."""
    rows: list[object] = []
    for each, sources in slices:
        for source in sources:
            identity, known = inputs[source, each.as_of]
            rows += [*each.key, source, identity, known.rows, known.hash]
    if rows:
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * (len(rows) // 10))
        warehouse.execute(f"INSERT OR REPLACE INTO store.meta.slice_inputs VALUES {places}", rows)


def stale_slices(session: Session, selection: Selection, source: str | None = None) -> list[Stale]:
    """The filled slices of today's definitions that would come out of other rows now, oldest first; one entry a source.

    `source` asks for those that one source makes stale.
    """
    warehouse, registry = session.warehouse, session.registry
    if not warehouse.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'slice_inputs'"):
        return []  # the catalogue of an earlier release
    definitions = {
        (d.kind, d.name, d.version or 0, selection.slice_of(d, datetime.min).key[-1]): d for d in selection.definitions
    }
    names = [source] if source else list(registry.sources_of(selection.definitions))
    identities = source_inputs(warehouse, registry, names)
    current = ", ".join(f"('{name}', '{identity}')" for name, identity in identities.items())
    doubtful = [
        (definitions[kind, name, version, fingerprint], as_of, spine, behind, rows, hashed)
        for kind, name, version, spine, as_of, fingerprint, behind, rows, hashed in warehouse.rows(
            f"SELECT i.{_KEY.replace(', ', ', i.')}, i.source, i.known_rows, i.known_hash "
            f"FROM store.meta.slice_inputs AS i JOIN (VALUES {current}) AS c (source, input_hash) "
            "ON c.source = i.source AND c.input_hash <> i.input_hash ORDER BY ALL"
        )
        if (kind, name, version, fingerprint) in definitions
    ]
    now = inputs_of(session, {each[3] for each in doubtful}, {each[1] for each in doubtful})
    order = {d.relation: place for place, d in enumerate(selection.definitions)}
    found = [
        Stale(selection.slice_of(definition, as_of), behind, rows, now[behind, as_of][1].rows)
        for definition, as_of, spine, behind, rows, hashed in doubtful
        if selection.slice_of(definition, as_of).spine == spine and now[behind, as_of][1] != Known(rows, hashed)
    ]
    return sorted(found, key=lambda s: (s.slice.as_of, order[s.slice.definition.relation], s.source))


def stale_words(found: Sequence[Stale]) -> list[str]:
    """One sentence for each source: how many slices it makes stale, and which."""
    by_source: dict[str, list[Stale]] = {}
    for each in found:
        by_source.setdefault(each.source, []).append(each)
    words = []
    for source, stale in by_source.items():
        views = ", ".join(dict.fromkeys(each.slice.definition.ref for each in stale))
        first, last = stale[0].slice.as_of, stale[-1].slice.as_of
        span = f"at {iso(first)}" if first == last else f"from {iso(first)} to {iso(last)}"
        words.append(
            f"stale: {len(stale)} slices {span} ({views}): other rows of {source} are known at them than when they "
            f"were filled; `leadmart restate --source {source}` computes them anew"
        )
    return words
