"""Who a person is in the warehouse, and where: their keys, contacts and addresses, and every row that is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadmart.features.erasure.marks import entity_key
from leadmart.features.erasure.places import FILE, ROW, Places, raw_places
from leadmart.features.literals import quoted, quoted_file, quoted_name
from leadmart.features.raw.tables import raw_attached
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse
from leadmart.features.words import are

_OTHERWISE = ("raw", "staged", "published", "tmp", "aside/raw", "aside/staged")
"""Folders below the warehouse whose files are told by sources, made anew, or thrown away."""


@dataclass(frozen=True)
class Hits:
    """Rows of a person in one place: of a raw table, or of a folder of files made from raw."""

    where: str
    rows: int
    files: int


@dataclass(frozen=True)
class Found:
    """What a search found. The rows stand in `erasing.hits`, what the person is called in `erasing.names`.

    `known` are the keys given that are somewhere, `keys` all that go, `sharing` others' keys with the same address;
    `sources` those that have rows of theirs, `not_ours` rows in tables read in place, `left` what could not be
    reached, in words.
    """

    keys: tuple[str, ...]
    known: tuple[str, ...]
    sharing: tuple[str, ...]
    sources: tuple[str, ...]
    raw: tuple[Hits, ...]
    made: tuple[Hits, ...]
    not_ours: tuple[Hits, ...]
    left: tuple[str, ...]


def search(warehouse: Warehouse, registry: Registry, keys: Sequence[str], *, whole_person: bool) -> Found:
    """Finds people by their keys; `whole_person` takes every key that has one of their addresses.

    Makes the schema `erasing` of the session. An address that somebody else has too tells nothing: rows that know only
    it stay, and `sharing` names the others.
    """
    warehouse.execute("DROP SCHEMA IF EXISTS erasing CASCADE")
    warehouse.execute("CREATE SCHEMA erasing")
    warehouse.execute("CREATE TABLE erasing.names (kind VARCHAR, value VARCHAR, PRIMARY KEY (kind, value))")
    warehouse.execute("CREATE TABLE erasing.hits (file VARCHAR, row BIGINT)")
    warehouse.execute("INSERT OR IGNORE INTO erasing.names SELECT 'key', UNNEST(?::VARCHAR[])", [list(keys)])
    with raw_attached(warehouse):
        places = raw_places(warehouse, registry)
        sharing = _spell_out(warehouse, places, whole_person)
        known = _known(warehouse, places, entity_key(registry), keys)
        raw, not_ours, sources = _raw_hits(warehouse, places)
        mentions = _mentions(warehouse, places)
    made = _made_hits(warehouse, entity_key(registry))
    every = tuple(sorted(v for (v,) in warehouse.rows("SELECT value FROM erasing.names WHERE kind = 'key'")))
    return Found(every, known, sharing, sources, raw, made, not_ours, (*places.unread, *mentions))


def is_named(kind: str, expression: str) -> str:
    """SQL that is TRUE where a value is one of the person's names of a kind; the test of `Marks.belongs`."""
    return f"CAST({expression} AS VARCHAR) IN (SELECT n.value FROM erasing.names AS n WHERE n.kind = {quoted(kind)})"


def _spell_out(warehouse: Warehouse, places: Places, whole_person: bool) -> tuple[str, ...]:
    """Collects contacts and addresses until there are no more; the keys of others that have one of the addresses."""
    sourced = [place for place in places.found if place.source]
    sharing: set[str] = set()
    number = -1
    while number != (number := _number(warehouse)):
        for place in sourced:
            theirs = f"({place.select}) WHERE {place.marks.belongs(is_named)}"
            for name in place.marks.addresses:
                _collect(warehouse, "address", f"LOWER(TRIM(CAST({quoted_name(name)} AS VARCHAR)))", theirs, "@")
        for place in sourced:
            if place.marks.key is None or not place.marks.addresses:
                continue
            key = quoted_name(place.marks.key)
            tests = [is_named("address", f"LOWER(TRIM({quoted_name(name)}))") for name in place.marks.addresses]
            others = (
                f"({place.select}) WHERE {key} IS NOT NULL AND NOT {is_named('key', key)} AND ({' OR '.join(tests)})"
            )
            if whole_person:
                _collect(warehouse, "key", key, others)
                continue
            listed = ", ".join(f"LOWER(TRIM({quoted_name(name)}))" for name in place.marks.addresses)
            rows = warehouse.rows(f"SELECT DISTINCT {key}, [{listed}] FROM {others}")
            sharing |= {str(other) for other, _ in rows}
            shared = sorted({a for _, addresses in rows for a in addresses if a and "@" in a})
            warehouse.execute(
                "UPDATE erasing.names SET kind = 'shared' WHERE kind = 'address' AND value IN "
                "(SELECT UNNEST(?::VARCHAR[]))",
                [shared],
            )
        for place in sourced:
            if place.marks.contact:
                theirs = f"({place.select}) WHERE {place.marks.belongs(is_named)}"
                _collect(warehouse, "contact", quoted_name(place.marks.contact), theirs)
    return tuple(sorted(sharing))


def _number(warehouse: Warehouse) -> int:
    ((found,),) = warehouse.rows("SELECT COUNT(*) FROM erasing.names")
    return int(found)


def _collect(warehouse: Warehouse, kind: str, expression: str, theirs: str, sign: str = "") -> None:
    """Adds names of a kind that are not there yet; an address that is shared stays so."""
    warehouse.execute(
        f"INSERT INTO erasing.names SELECT DISTINCT {quoted(kind)}, v FROM (SELECT CAST({expression} AS VARCHAR) AS v "
        f"FROM {theirs}) WHERE v IS NOT NULL AND v <> '' AND CONTAINS(v, {quoted(sign)}) AND NOT EXISTS "
        f"(FROM erasing.names AS n WHERE n.value = v AND n.kind IN ({quoted(kind)}, 'shared'))"
    )


def _known(warehouse: Warehouse, places: Places, key: str, keys: Sequence[str]) -> tuple[str, ...]:
    """The keys given that have a row: in raw, or among the scores."""
    parts = [
        f"SELECT CAST({quoted_name(place.marks.key)} AS VARCHAR) AS key FROM ({place.select})"
        for place in places.found
        if place.marks.key
    ]
    parts += [f"SELECT {key} FROM store.scores.{table}" for table in ("lead_scores", "superseded") if key == "lead_id"]
    if not parts:
        return ()
    rows = warehouse.rows(
        f"SELECT DISTINCT key FROM ({' UNION ALL '.join(parts)}) WHERE key IN (SELECT UNNEST(?::VARCHAR[]))",
        [list(keys)],
    )
    return tuple(sorted(key for (key,) in rows))


def _raw_hits(warehouse: Warehouse, places: Places) -> tuple[tuple[Hits, ...], tuple[Hits, ...], tuple[str, ...]]:
    """Notes the rows of raw files; how many by table, those in tables that are not ours, and the sources of both."""
    not_ours: dict[str, int] = {}
    sources: set[str] = set()
    for place in places.found:
        theirs = f"FROM ({place.select}) WHERE {place.marks.belongs(is_named)}"
        ((rows,),) = warehouse.rows(f"SELECT COUNT(*) {theirs}")
        if rows and place.source:
            sources.add(place.source)
        if not place.is_ours:
            not_ours[place.table] = max(not_ours.get(place.table, 0), int(rows))
        elif rows:
            warehouse.execute(f"INSERT INTO erasing.hits SELECT DISTINCT {FILE}, {ROW} {theirs}")
    warehouse.execute("CREATE OR REPLACE TABLE erasing.hits AS SELECT DISTINCT file, row FROM erasing.hits")
    by_table = warehouse.rows(
        "SELECT 'raw.' || STRING_SPLIT(file, '/')[-2] AS name, COUNT(*), COUNT(DISTINCT file) FROM erasing.hits "
        "GROUP BY name ORDER BY name"
    )
    return (
        tuple(Hits(*row) for row in by_table),
        tuple(Hits(f"raw.{table}", rows, 0) for table, rows in sorted(not_ours.items()) if rows),
        tuple(sorted(sources)),
    )


def _mentions(warehouse: Warehouse, places: Places) -> list[str]:
    """In words, raw columns in which one of the addresses stands within rows that are not the person's."""
    addresses = [a for (a,) in warehouse.rows("SELECT value FROM erasing.names WHERE kind = 'address' ORDER BY value")]
    if not addresses:
        return []
    told = []
    for table, relation in places.families.items():
        columns = [
            name for name, kind in warehouse.columns(f"SELECT * FROM {relation}") if kind == "VARCHAR" and name != FILE
        ]
        counts = []
        for name in columns:
            tests = [f"CONTAINS(LOWER(r.{quoted_name(name)}), {quoted(address)})" for address in addresses]
            counts.append(f"COUNT(*) FILTER ({' OR '.join(tests)})")
        if not counts:
            continue
        (found,) = warehouse.rows(
            f"SELECT {', '.join(counts)} FROM {relation} AS r "
            f"WHERE NOT EXISTS (FROM erasing.hits AS h WHERE h.file = r.{FILE} AND h.row = r.{ROW})"
        )
        told += [
            f"raw.{table}: an address of theirs stands in {name} of {are(rows, 'row', 'rows')} of others"
            for name, rows in zip(columns, found, strict=True)
            if rows
        ]
    return told


def _made_hits(warehouse: Warehouse, key: str) -> tuple[Hits, ...]:
    """Notes the rows of slices, score files and the like, listed or not, by their folder: by the entity's key."""
    made = []
    above = warehouse.project.warehouse
    for folder in sorted({path.parent for path in above.rglob("*.parquet")}):
        if folder.relative_to(above).as_posix().startswith(_OTHERWISE):
            continue
        listed = ", ".join(quoted_file(path) for path in sorted(folder.glob("*.parquet")))
        relation = (
            f"read_parquet([{listed}], union_by_name = true, filename = '{FILE}', file_row_number = true, "
            "hive_partitioning = false)"
        )
        if key not in {name for name, _ in warehouse.columns(f"SELECT * FROM {relation}")}:
            continue
        theirs = f"FROM {relation} WHERE {is_named('key', quoted_name(key))}"
        ((rows, files),) = warehouse.rows(f"SELECT COUNT(*), COUNT(DISTINCT {FILE}) {theirs}")
        if rows:
            warehouse.execute(f"INSERT INTO erasing.hits SELECT {FILE}, file_row_number {theirs}")
            name = folder.relative_to(above).as_posix()
            made.append(Hits(name, int(rows), int(files)))
    return tuple(made)
