"""The raw rows that sources are made of, each with its place: a file and a row of it, or a table read in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from leadmart.features.definition import Definition, raw_columns_read
from leadmart.features.erasure.marks import Marks, branches, entity_key, expressions_of, marks_of, root_of
from leadmart.features.errors import first_line
from leadmart.features.literals import quoted_file, quoted_name
from leadmart.features.project import Project
from leadmart.features.raw.in_place import in_place
from leadmart.features.raw.tables import CHANGES
from leadmart.features.registry import Registry
from leadmart.features.sources.stage import stage_joined
from leadmart.features.warehouse import Warehouse

FILE, ROW = "_file", "_row"
_STAMPS = {"_changed_at": "TIMESTAMP", "_loaded_at": "TIMESTAMP", "_deleted": "BOOLEAN"}


@dataclass(frozen=True)
class Place:
    """What one source reads of one raw table: a SELECT of its marks with `_file` and `_row`.

    Both are NULL for a table read in place, which is not ours to write. `source` is empty for a table nobody reads.
    """

    source: str
    table: str
    marks: Marks
    select: str
    is_ours: bool


@dataclass(frozen=True)
class Places:
    """Every place; by table the relation of the raw files that stand; in words what could not be read."""

    found: tuple[Place, ...]
    families: dict[str, str]
    unread: tuple[str, ...]


def raw_families(project: Project) -> dict[str, list[Path]]:
    """The raw files that stand, listed or not, by table in lower case; a table's change rows go with it."""
    found: dict[str, list[Path]] = {}
    for above in (project.warehouse / "raw", project.warehouse / "aside" / "raw"):
        for folder in sorted(above.iterdir()) if above.is_dir() else ():
            name = folder.name.lower().removesuffix(CHANGES)
            found.setdefault(name, []).extend(sorted(folder.glob("*.parquet")))
    return {name: files for name, files in found.items() if files}


def raw_places(warehouse: Warehouse, registry: Registry) -> Places:
    """Every place where a source reads whose a row is; to be called while raw is attached.

    A source that joins logs to find out is run as it is, its filters aside: what it leaves out is the person's too.
    """
    key = entity_key(registry)
    families = {name: _family(files) for name, files in raw_families(warehouse.project).items()}
    ours = set(families)
    for name, relation in in_place(warehouse).relations.items():
        if name.lower() not in families:
            families[name.lower()] = f"(SELECT *, NULL AS {FILE}, NULL AS {ROW} FROM {relation})"
    definitions = [d for d in registry.all("source") if marks_of(d, key).columns]
    joining = sorted({d.name for d in definitions if d.joined})
    stage_joined(warehouse, registry, joining)
    found: list[Place] = []
    told: list[str] = []
    for definition in definitions:
        for select in branches(definition.tree):
            root = root_of(select)
            table = root.name.lower().removesuffix(CHANGES) if root is not None else ""
            if root is None or table not in families:
                continue
            place = _place(warehouse, definition, marks_of(definition, key), select.copy(), families, table in ours)
            try:
                warehouse.columns(place.select)
            except duckdb.Error as error:
                told.append(f"raw.{table}: {definition.name} does not run on it: {first_line(error)}")
                continue
            found.append(place)
    read = {place.table for place in found}
    for table in sorted(ours - read):
        found += _unread(warehouse, table, families[table], key)
    return Places(tuple(found), {name: families[name] for name in sorted(ours)}, tuple(told))


def _family(files: Sequence[Path]) -> str:
    listed = ", ".join(quoted_file(path) for path in files)
    return (
        f"(SELECT * RENAME (file_row_number AS {ROW}) FROM read_parquet([{listed}], union_by_name = true, "
        f"filename = '{FILE}', file_row_number = true, hive_partitioning = false))"
    )


def _place(
    warehouse: Warehouse,
    definition: Definition,
    marks: Marks,
    select: object,
    families: Mapping[str, str],
    is_ours: bool,
) -> Place:
    from sqlglot import exp

    assert isinstance(select, exp.Select)
    root = root_of(select)
    assert root is not None
    own = expressions_of(select)
    alias = root.alias_or_name
    # rows of other tables that it joins are told by the sources that start from those
    from_where = {
        read: families.get(read.lower().removesuffix(CHANGES), "(SELECT 1 WHERE FALSE)")
        for read in raw_columns_read(definition)
    }
    for name, columns in raw_columns_read(definition).items():
        relation = from_where[name]
        there = {c.lower() for c, _ in warehouse.columns(f"SELECT * FROM {relation}")}
        lacking = [c for c in sorted(columns) if c.lower() not in there]
        nulls = "".join(f", CAST(NULL AS {_STAMPS.get(c, 'VARCHAR')}) AS {quoted_name(c)}" for c in lacking)
        warehouse.execute(
            f"CREATE OR REPLACE VIEW erasing.{_view(definition, name)} AS SELECT *{nulls} FROM {relation}"
        )
    for table in select.find_all(exp.Table):
        if table.db.lower() == "raw":
            view = _view(definition, table.name)
            table.replace(exp.to_table(f"erasing.{view}", dialect="duckdb").as_(table.alias_or_name, table=True))
    items: list[exp.Expr] = [exp.alias_(own[name].copy(), name, quoted=True) for name in marks.columns if name in own]
    items += [exp.column(name, table=alias) for name in (FILE, ROW)]
    select.set("expressions", items)
    for part in ("where", "group", "having", "qualify", "order", "distinct", "limit"):
        select.set(part, None)
    return Place(definition.name, root.name.lower().removesuffix(CHANGES), marks, select.sql(dialect="duckdb"), is_ours)


def _view(definition: Definition, table: str) -> str:
    return quoted_name(f"{definition.connector}_{definition.name}_{table.lower()}")


def _unread(warehouse: Warehouse, table: str, relation: str, key: str) -> Iterator[Place]:
    """A table that no source reads: a column named as the key, and every text that may be an address."""
    columns = warehouse.columns(f"SELECT * EXCLUDE ({FILE}, {ROW}) FROM {relation}")
    texts = tuple(name for name, kind in columns if kind == "VARCHAR" and name.lower() != key)
    keys = [name for name, _ in columns if name.lower() == key]
    if keys or texts:
        marked = [f"CAST({quoted_name(keys[0])} AS VARCHAR) AS {quoted_name(key)}"] if keys else []
        listed = ", ".join([*marked, *map(quoted_name, texts), FILE, ROW])
        yield Place("", table, Marks(key if keys else None, None, texts), f"SELECT {listed} FROM {relation}", True)
