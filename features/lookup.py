"""Feature rows looked up at a spine: one row per (lead, as_of), every view's columns beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from leadmart.features.clock import iso
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.materialize import slice_file
from leadmart.features.plan import Selection, select
from leadmart.features.registry import Registry
from leadmart.features.session import Session, link_to
from leadmart.features.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class FeatureColumn:
    """A column of the looked-up frame: its view or gate, its comment, and its type, empty until there is a frame."""

    name: str
    view: str
    type: str = ""
    comment: str = ""


def feature_columns(selection: Selection, kind: str | None = None) -> tuple[FeatureColumn, ...]:
    """The columns in frame order; `kind` 'feature' or 'gate' picks one sort."""
    found = []
    for definition in selection.read:
        if kind in (None, definition.kind):
            for column in definition.columns:
                if column.name not in (definition.key, "as_of"):
                    found.append(FeatureColumn(column.name, definition.ref, comment=column.comment))
    return tuple(found)


def lookup_sql(
    selection: Selection, registry: Registry, relations: Mapping[str, str], *, with_gates: bool = True
) -> str:
    """The SELECT that joins every view of a selection to its spine; `relations` says what each definition's name reads.

    A view of another entity is reached through its link; without one its columns are NULL. The entity's key stays in
    the frame.
    """
    spine = selection.spine
    key = spine.key
    items = [f"s.{key}", "s.as_of"]
    joins = []
    linked: dict[str, str] = {}
    for number, definition in enumerate(selection.read if with_gates else selection.views):
        alias = f"v{number}"
        items += [f'{alias}."{c.name}"' for c in definition.columns if c.name not in (definition.key, "as_of")]
        link = link_to(definition, spine, registry)
        if link is None:
            left = f"s.{key}"
        else:
            if link.relation not in linked:
                linked[link.relation] = f"l{len(linked)}"
                other = linked[link.relation]
                joins.append(
                    f"LEFT JOIN {relations[link.relation]} AS {other} ON {other}.{key} = s.{key} AND {other}.as_of = "
                    "s.as_of"
                )
            left = f"{linked[link.relation]}.{definition.key}"
        joins.append(
            f"LEFT JOIN {relations[definition.relation]} AS {alias} ON {alias}.{definition.key} = {left} AND "
            f"{alias}.as_of = s.as_of"
        )
    lines = [f"SELECT\n    {', '.join(items)}", f"FROM {relations[spine.relation]} AS s", *joins]
    return "\n".join(lines)


def slice_relations(warehouse: Warehouse, selection: Selection, as_of: datetime) -> dict[str, str]:
    """For each definition of a selection the relation over its filled slice. Raises LeadmartError `slice_missing`."""
    found = {}
    for definition in selection.definitions:
        path = slice_file(warehouse, selection.slice_of(definition, as_of))
        if path is None:
            raise LeadmartError(
                f"{definition.ref} is not filled at {iso(as_of)}",
                code="slice_missing",
                hint=f"`leadmart run --as-of {iso(as_of)}` fills it",
            )
        found[definition.relation] = f"read_parquet({_quoted(path)})"
    return found


def scoring_frame(warehouse: Warehouse, registry: Registry, selection: Selection, as_of: datetime) -> pl.DataFrame:
    """The frame scoring reads at an as_of, ordered by the entity's key: features and gates, decimals as doubles."""
    sql = lookup_sql(selection, registry, slice_relations(warehouse, selection, as_of))
    return plain_types(warehouse.frame(f"{sql}\nORDER BY s.{selection.spine.key}, s.as_of"))


def compute_at(session: Session, selection: Selection, *, with_gates: bool = True) -> str:
    """Computes a selection at the session's lead spine and gives the SELECT that looks it up.

    The spine must be set and the moments wanted before. Same definitions as a run's, with another spine.
    """
    definitions: Sequence[Definition] = (*selection.links, *selection.views, *(selection.gates if with_gates else ()))
    session.prepare(definitions)
    for definition in definitions:
        if link := link_to(definition, selection.spine, session.registry):
            session.account_spine(definition, link)
        session.compute(definition)
    relations = {d.relation: d.relation for d in definitions}
    relations[selection.spine.relation] = f"spine_{selection.spine.entity[0]}"
    return lookup_sql(selection, session.registry, relations, with_gates=with_gates)


def features_for_pairs(session: Session, pairs: Path, out: Path) -> int:
    """Writes features at the (key, as_of) pairs of a file, in their order, duplicates kept; the rows written.

    The file is Parquet or CSV. Raises LeadmartError `bad_pairs` where it has other columns than the key and as_of.
    """
    warehouse = session.warehouse
    selection = select(session.registry, session.present)
    key = selection.spine.key
    quoted = _quoted(pairs)
    # a key such as 007 is text, whatever it looks like
    csv = f"read_csv({quoted}, header = true, all_varchar = true)"
    relation = f"read_parquet({quoted})" if pairs.suffix == ".parquet" else csv
    if not pairs.is_file():
        raise LeadmartError(f"there is no file {pairs}", code="no_such_file")
    try:
        names = [name for name, _ in warehouse.columns(f"SELECT * FROM {relation}")]
    except duckdb.Error as error:
        raise _unreadable_pairs(pairs, error) from None
    if sorted(names) != sorted([key, "as_of"]):
        raise LeadmartError(
            f"{pairs} has the columns {', '.join(names)}",
            code="bad_pairs",
            hint=f"a pairs file carries {key} and as_of and nothing else: what it knew besides could leak",
        )
    try:
        # by way of TIMESTAMPTZ: a cast of text to TIMESTAMP drops the offset
        warehouse.execute(
            f"CREATE OR REPLACE TABLE pairs AS SELECT ROW_NUMBER() OVER () AS pair, CAST({key} AS VARCHAR) AS {key}, "
            f"CAST(CAST(as_of AS TIMESTAMPTZ) AS TIMESTAMP) AS as_of FROM {relation}"
        )
    except duckdb.Error as error:
        raise _unreadable_pairs(pairs, error) from None
    session.want([row[0] for row in warehouse.rows("SELECT DISTINCT as_of FROM pairs WHERE as_of IS NOT NULL")])
    session.set_spine(
        selection.spine.entity[0], f"SELECT {key}, as_of FROM pairs WHERE {key} IS NOT NULL AND as_of IS NOT NULL"
    )
    sql = compute_at(session, selection, with_gates=False)
    columns = ", ".join(f'f."{c.name}"' for c in feature_columns(selection, "feature"))
    return warehouse.write_parquet(
        f"SELECT p.{key}, p.as_of, {columns} FROM pairs AS p LEFT JOIN ({sql}) AS f ON f.{key} = p.{key} AND f.as_of "
        "= p.as_of ORDER BY p.pair",
        out,
    )


def _unreadable_pairs(pairs: Path, error: duckdb.Error) -> LeadmartError:
    words = next(line.strip() for line in str(error).splitlines() if line.strip())
    return LeadmartError(
        f"{pairs} cannot be read as pairs: {words}",
        code="bad_pairs",
        hint="as_of is a date or a timestamp in UTC",
    )


def plain_types(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with decimals as Float64 and all integers as Int64: what models and rules compute with."""
    import polars as pl
    import polars.selectors as cs

    return frame.with_columns(cs.decimal().cast(pl.Float64), cs.integer().cast(pl.Int64), cs.float().cast(pl.Float64))


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
