"""The relations that definitions read, as SELECTs: a session makes tables and views of them, `render` prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadmart.features.definition import Definition
from leadmart.features.reference import Reference
from leadmart.features.sources.staged import first_known
from leadmart.features.windows import Reads, Window, Windows, longest_windows


@dataclass(frozen=True)
class KnownSince:
    """An as_of, and per source the first `occurred_at` known then, as SQL."""

    as_of: str
    since: Mapping[str, str]


def known_select(source: str) -> str:
    """The SELECT behind `known.<source>`: its rows at each wanted moment, those the warehouse knew then.

    A row that occurs exactly at as_of is not known yet; one that arrives exactly at as_of is.
    """
    return (
        f"SELECT s.*, w.as_of FROM staging.{source} AS s "
        "JOIN wanted AS w ON s.occurred_at < w.as_of AND s.ingested_at <= w.as_of"
    )


def known_since_select(source: str, rows: str = "") -> str:
    """The SELECT behind `known_since.<source>`: per wanted moment the first `occurred_at` among the rows known then.

    `rows` is a SELECT of all of the source's rows, where `staging.<source>` holds only those within bounds. NULL
    where no row is known. One pass over the rows, however many the moments: each row counts from the moment on at
    which it is first known.
    """
    source_rows = f"({rows})" if rows else f"staging.{source}"
    return (
        "SELECT w.as_of, MIN(f.since) OVER (ORDER BY w.as_of) AS since FROM wanted AS w LEFT JOIN ("
        f"SELECT w.as_of, MIN(s.occurred_at) AS since FROM {source_rows} AS s ASOF JOIN wanted AS w "
        f"ON {first_known('s')} <= w.as_of GROUP BY w.as_of) AS f ON f.as_of = w.as_of"
    )


def has_column(source: str) -> str:
    """The column that says whether a source's history reaches as far back as a view reads it."""
    return f"has_{source}"


def stored_select(view: str, columns: Sequence[str], windows: Windows, at: KnownSince | None = None) -> str:
    """The engine's last step after a view: its rows, NULL where a source's history does not reach, and `has_<source>`.

    `view` is a relation with as_of, or a SELECT in parentheses. A column is NULL where as_of minus its window precedes
    the first `occurred_at` known then; a column without a window only where no row is known. `has_<source>` is FALSE
    where the longest window read of a source is not reached. `at` says both moments where all rows are of one as_of.
    """
    longest = longest_windows(windows)
    items = []
    for column in columns:
        reached = [_reached(source, window, at) for source, window in windows.get(column, {}).items()]
        items.append(
            f'CASE WHEN {" AND ".join(reached)} THEN v."{column}" END AS "{column}"' if reached else f'v."{column}"'
        )
    items += [
        f"COALESCE({_reached(source, window, at)}, FALSE) AS {has_column(source)}" for source, window in longest.items()
    ]
    joins = [f"LEFT JOIN known_since.{source} AS h_{source} ON h_{source}.as_of = v.as_of" for source in longest]
    listed = ",\n    ".join(items)
    return "\n".join([f"SELECT\n    {listed}", f"FROM {view} AS v", *([] if at else joins)])


def reached_sql(reads: Reads) -> str:
    """Whether the history of every source reaches as far back as is read, at `v.as_of`: TRUE or FALSE."""
    return f"COALESCE({' AND '.join(_reached(source, window) for source, window in reads.items())}, FALSE)"


def _reached(source: str, window: Window | None, at: KnownSince | None = None) -> str:
    as_of, since = (at.as_of, at.since[source]) if at else ("v.as_of", f"h_{source}.since")
    return f"{since} IS NOT NULL" if window is None else f"{since} <= {as_of} - {window.sql}"


def reference_select(table: Reference) -> str:
    """The SELECT behind `reference.<table>`: the rows of its CSV file."""
    return table.select


def linked_spine_select(key: str, link: Definition) -> str:
    """The spine of another entity, with the key given: the distinct keys the leads' spine leads to."""
    lead_entity, lead_key = link.entity
    return (
        f"SELECT DISTINCT la.{key}, la.as_of FROM {link.relation} AS la "
        f"JOIN spine_{lead_entity} AS s ON s.{lead_key} = la.{lead_key} AND s.as_of = la.as_of WHERE la.{key} IS "
        "NOT NULL"
    )
