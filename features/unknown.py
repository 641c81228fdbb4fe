"""Unknown is not zero: which columns are NULL because a source's history does not reach as far back as they read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadmart.features.plan import Selection
from leadmart.features.relations import reached_sql
from leadmart.features.session import Session


@dataclass(frozen=True)
class Unknown:
    """A column that is NULL in `rows` of a spine's rows, because the history of `sources` does not reach."""

    column: str
    sources: tuple[str, ...]
    rows: int


def unknown_columns(session: Session, selection: Selection, spine: str = "wanted") -> list[Unknown]:
    """The feature columns that are unknown in some row of a relation with as_of, by default the wanted moments.

    The session must be prepared for the selection's views.
    """
    pairs = [
        (column, source, window)
        for view in selection.views
        for column, reads in selection.windows[view.relation].items()
        for source, window in reads.items()
    ]
    if not pairs:
        return []
    columns = {c: r for view in selection.views for c, r in selection.windows[view.relation].items() if r}
    counts = [f"COUNT(*) FILTER (WHERE NOT {reached_sql({source: window})})" for _, source, window in pairs]
    counts += [f"COUNT(*) FILTER (WHERE NOT {reached_sql(reads)})" for reads in columns.values()]
    joins = [
        f"LEFT JOIN known_since.{source} AS h_{source} ON h_{source}.as_of = v.as_of" for source in selection.histories
    ]
    ((*found,),) = session.warehouse.rows(f"SELECT {', '.join(counts)} FROM {spine} AS v {' '.join(joins)}")
    by_source, by_column = found[: len(pairs)], found[len(pairs) :]
    short: dict[str, list[str]] = {}
    for (column, source, _), rows in zip(pairs, by_source, strict=True):
        if rows:
            short.setdefault(column, []).append(source)
    return [
        Unknown(column, tuple(short[column]), rows) for column, rows in zip(columns, by_column, strict=True) if rows
    ]


def unknown_words(found: Sequence[Unknown]) -> list[str]:
    """One sentence for each set of sources that do not reach."""
    by_sources: dict[tuple[str, ...], list[str]] = {}
    for each in found:
        by_sources.setdefault(each.sources, []).append(each.column)
    return [
        f"the history of {' and '.join(sources)} does not reach as far back as {', '.join(columns)} read: NULL"
        for sources, columns in by_sources.items()
    ]
