"""Who is touched: the leads of whom a row is newly known, or of whose account one is.

A row is newly known where it became known between two moments, and where raw brought it later than its clocks say, or
in another shape: whatever the staged files of today have and those of the mark had not, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leadmart.features.clock import sql_literal
from leadmart.features.definition import CLOCKS, Definition
from leadmart.features.literals import quoted_name
from leadmart.features.plan import Selection
from leadmart.features.session import Session
from leadmart.features.sources.staged import FIRST_KNOWN, OWN_COLUMNS, Kept, current, files_relation, first_known
from leadmart.features.sources.staging import source_inputs
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.hot.mark import Mark, State, sources_read

CUSTOMERS = "customers"
"""The source that leads from a billing system's customers to leads and companies, by address and by domain too."""

LEADS = "touched_leads"
"""The session's table of the touched leads, by the key of their entity."""


@dataclass(frozen=True)
class Touched:
    """What is newly known: rows by source, and the leads they touch, in `touched_leads`.

    `everyone` says in words why all leads are due; then the rest is empty.
    """

    everyone: str | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    leads: int = 0


def newly_known(source: str) -> str:
    """The session's relation of the rows of a source that are newly known, or were known and are not there any more.

    Its column `_is_there` tells them apart.
    """
    return f"touched.{source}"


def find_touched(session: Session, selection: Selection, mark: Mark, as_of: datetime) -> Touched:
    """Whom a hot run at `as_of` is to score. Nothing is staged where nothing came in since the mark."""
    warehouse, registry = session.warehouse, session.registry
    names = sources_read(selection, registry)
    identities = source_inputs(warehouse, registry, names)
    if set(names) != set(mark.sources):
        return Touched("other sources are read")
    changed = {name for name in names if identities[name] != mark.sources[name].identity}
    if not changed and as_of == mark.as_of:
        return Touched()
    session.stage_whole(names)
    kept = current(warehouse, registry, names, session.present)
    warehouse.execute("DROP SCHEMA IF EXISTS touched CASCADE")
    warehouse.execute("CREATE SCHEMA touched")
    views = (*selection.views, *selection.rule_views, *selection.beside)
    windowed = {name for view in views for name in registry.sources_of([view])}
    elsewhere = _reached_otherwise(session, selection)
    rows: dict[str, int] = {}
    for name in names:
        before = mark.sources[name]
        if why := _find_rows(warehouse, name, kept.get(name), before, mark.as_of, as_of, name in changed):
            return Touched(why)
        ((count,),) = warehouse.rows(f"SELECT COUNT(*) FROM {newly_known(name)}")
        if count:
            rows[name] = int(count)
            if name in elsewhere:
                return Touched(f"rows of {name} are newly known, which reach leads by more than their keys")
            reaches = name in windowed and _since_moved(warehouse, name, kept.get(name), before, mark.as_of, as_of)
            if reaches:
                return Touched(f"the history of {name} begins at another time")
    if why := _find_leads(session, selection, mark, rows, as_of):
        return Touched(why)
    ((leads,),) = warehouse.rows(f"SELECT COUNT(*) FROM {LEADS}")
    return Touched(None, rows, int(leads))


def _reached_otherwise(session: Session, selection: Selection) -> set[str]:
    """The sources whose rows say of whom they are in a billing system's own keys, which only `customers` explains."""
    found: set[str] = set()
    for definition in selection.definitions:
        read = session.registry.sources_of([definition])
        if CUSTOMERS in read:
            found |= set(read)
    lead = selection.spine.key
    return {name for name in found if lead not in {c.name for c in session.registry.source(name)[0].columns}} | (
        found & {CUSTOMERS}
    )


def _find_rows(
    warehouse: Warehouse,
    name: str,
    kept: Kept | None,
    before: State,
    since: datetime,
    as_of: datetime,
    is_changed: bool,
) -> str | None:
    """Makes `touched.<source>`; in words why that cannot be told."""
    columns = [c for c, _ in warehouse.columns(f"SELECT * FROM staging.{name}")]
    listed = ", ".join(map(quoted_name, columns))
    known = FIRST_KNOWN if kept else first_known()
    rows = kept.relation(warehouse) if kept else f"staging.{name}"
    recent = f"SELECT {listed} FROM {rows} WHERE {known} > {sql_literal(since)} AND {known} <= {sql_literal(as_of)}"
    came, left = "", ""
    if is_changed:
        if kept is None or before.files is None:
            return f"{name} has changed, and is not kept from one run to the next"
        if any(not (warehouse.project.warehouse / file).is_file() for file in before.files):
            return f"what {name} was at the last run is not kept any more"
        fresh = _known_in(warehouse, set(kept.files) - set(before.files), as_of)
        former = _known_in(warehouse, set(before.files) - set(kept.files), as_of)
        if fresh and former and warehouse.columns(fresh) != warehouse.columns(former):
            return f"{name} has other columns"
        came = fresh and (f"{fresh} EXCEPT ALL {former}" if former else fresh)
        left = former and (f"{former} EXCEPT ALL {fresh}" if fresh else former)
    there = f"{recent} UNION {came}" if came else recent
    gone = f" UNION ALL SELECT *, FALSE AS _is_there FROM ({left})" if left else ""
    warehouse.execute(f"CREATE TABLE {newly_known(name)} AS SELECT *, TRUE AS _is_there FROM ({there}){gone}")
    return None


def _known_in(warehouse: Warehouse, files: set[str], as_of: datetime) -> str:
    """The SELECT of the rows of kept files that are known at a moment; empty without a file."""
    if not files:
        return ""
    own = ", ".join(OWN_COLUMNS)
    rows = files_relation(warehouse, sorted(files))
    return f"(SELECT * EXCLUDE ({own}) FROM {rows} WHERE {FIRST_KNOWN} <= {sql_literal(as_of)})"


def _since_moved(
    warehouse: Warehouse, name: str, kept: Kept | None, before: State, since: datetime, as_of: datetime
) -> bool:
    """Whether the first `occurred_at` that is known is another: columns of every lead may be NULL, or not, by that."""

    def first(rows: str, known: str, moment: datetime) -> object:
        return warehouse.rows(f"SELECT MIN(occurred_at) FROM {rows} WHERE {known} <= {sql_literal(moment)}")[0][0]

    if kept is None:
        return first(f"staging.{name}", first_known(), as_of) != first(f"staging.{name}", first_known(), since)
    former = before.files if before.files is not None else kept.files
    then = first(files_relation(warehouse, former), FIRST_KNOWN, since)
    return first(kept.relation(warehouse), FIRST_KNOWN, as_of) != then


def _find_leads(
    session: Session, selection: Selection, mark: Mark, rows: Mapping[str, int], as_of: datetime
) -> str | None:
    """Makes `touched_leads`; in words why everyone is: a row that no column leads from to leads or accounts."""
    warehouse, lead = session.warehouse, selection.spine.key
    links = {link: [c.name for c in link.columns if c.name not in (lead, "as_of")] for link in selection.links}
    keys = list(dict.fromkeys([lead, *(key for of_link in links.values() for key in of_link)]))
    for key in keys:
        warehouse.execute(f"CREATE OR REPLACE TABLE touched_{key} ({key} VARCHAR)")
    for name in rows:
        is_told = False
        for key, select in _ways(session, name, keys):
            is_told = True
            warehouse.execute(f"INSERT INTO touched_{key} SELECT DISTINCT CAST({key} AS VARCHAR) FROM ({select})")
        if not is_told:
            return f"rows of {name} are newly known, and nothing in them says of whom they are"
    for link, of_link in links.items():
        for key in of_link:
            _through_link(session, link, lead, key, mark, rows, as_of)
    warehouse.execute(
        f"CREATE OR REPLACE TABLE {LEADS} AS SELECT DISTINCT {lead} FROM touched_{lead} WHERE {lead} IS NOT NULL"
    )
    return None


def _ways(session: Session, name: str, keys: list[str]) -> Iterator[tuple[str, str]]:
    """The SELECTs that lead from the newly known rows of a source to keys of leads and accounts.

    By a column of its own; through a source whose key it carries (an opportunity's closing, by the opportunity); and
    by `account_<column>`, which is a column of what has the key `account_id`.
    """
    warehouse, registry = session.warehouse, session.registry
    fresh = newly_known(name)
    own = {c.lower() for c, _ in warehouse.columns(f"SELECT * FROM {fresh}")}
    for key in keys:
        if key in own:
            yield key, f"SELECT {key} FROM {fresh}"
    for other in sorted(session.present - {name}):
        its = registry.source(other)[0]
        columns = {c.name.lower() for c in its.columns}
        told = [key for key in keys if key in columns]
        if not told:
            continue
        shared = [c for c in its.source_key if c not in (*keys, *CLOCKS)]
        ways = []
        if shared and set(its.source_key) <= own:
            ways.append(" AND ".join(f"o.{c} = f.{c}" for c in its.source_key))
        for key in () if own & set(keys) else sorted(set(told) & set(its.source_key)):
            entity = key.removesuffix("_id")
            for column in sorted(own - set(keys)):
                named = column.removeprefix(f"{entity}_")
                if named != column and named in columns:
                    ways.append(f"LOWER(CAST(o.{named} AS VARCHAR)) = LOWER(CAST(f.{column} AS VARCHAR))")
        if ways:
            session.stage_whole([other])
        for condition in ways:
            for key in told:
                yield key, f"SELECT o.{key} FROM {fresh} AS f JOIN staging.{other} AS o ON {condition}"


def _through_link(
    session: Session, link: Definition, lead: str, key: str, mark: Mark, rows: Mapping[str, int], as_of: datetime
) -> None:
    """Adds the leads of every touched account, as a link has them now, and those whose account is another than before.

    An account is touched by a row of its own, by one of any of its leads, of today or of before, and by who joins it
    or leaves it.
    """
    warehouse = session.warehouse
    pairs = f"SELECT CAST({lead} AS VARCHAR) AS {lead}, CAST({key} AS VARCHAR) AS {key} FROM {link.relation} "
    pairs += f"WHERE {key} IS NOT NULL"
    behind = session.registry.sources_of([link])
    session.want([as_of])
    session.prepare([link])
    session.compute(link)
    warehouse.execute(f"CREATE OR REPLACE TABLE linked_now AS {pairs}")
    then = "linked_now"
    if set(behind) & rows.keys():
        session.want([mark.as_of])
        session.prepare([link])
        for name in behind:
            files = mark.sources[name].files if name in mark.sources else None
            if files:
                select = _known_in(warehouse, set(files), mark.as_of)
                warehouse.execute(f"CREATE OR REPLACE VIEW staging.{name} AS {select}")
        session.compute(link)
        warehouse.execute(f"CREATE OR REPLACE TABLE linked_then AS {pairs}")
        session.want([])  # what reads the sources as they were is not for anybody else
        then = "linked_then"
    warehouse.execute(
        f"CREATE OR REPLACE TABLE moved AS (FROM linked_now EXCEPT FROM {then}) "
        f"UNION (FROM {then} EXCEPT FROM linked_now)"
    )
    warehouse.execute(
        f"INSERT INTO touched_{key} SELECT {key} FROM moved UNION SELECT l.{key} FROM "
        f"(FROM linked_now UNION FROM {then}) AS l SEMI JOIN touched_{lead} AS t USING ({lead})"
    )
    warehouse.execute(
        f"INSERT INTO touched_{lead} SELECT {lead} FROM moved UNION "
        f"SELECT l.{lead} FROM linked_now AS l SEMI JOIN touched_{key} AS t USING ({key})"
    )
