"""The relations that definitions read, as SELECTs: a session makes tables and views of them, `render` prints them."""

from __future__ import annotations

from leadmart.features.definition import Definition
from leadmart.features.registry import Reference


def known_select(source: str) -> str:
    """The SELECT behind `known.<source>`: its rows at each wanted moment, those the warehouse knew then.

    A row that occurs exactly at as_of is not known yet; one that arrives exactly at as_of is.
    """
    return (
        f"SELECT s.*, w.as_of FROM staging.{source} AS s "
        "JOIN wanted AS w ON s.occurred_at < w.as_of AND s.ingested_at <= w.as_of"
    )


def reference_select(table: Reference) -> str:
    """The SELECT behind `reference.<table>`: the rows of its CSV file."""
    path = str(table.path).replace("'", "''")
    return f"SELECT * FROM read_csv('{path}', header = true, sample_size = -1)"


def linked_spine_select(key: str, link: Definition) -> str:
    """The spine of another entity, with the key given: the distinct keys the leads' spine leads to."""
    lead_entity, lead_key = link.entity
    return (
        f"SELECT DISTINCT la.{key}, la.as_of FROM {link.relation} AS la "
        f"JOIN spine_{lead_entity} AS s ON s.{lead_key} = la.{lead_key} AND s.as_of = la.as_of WHERE la.{key} IS "
        "NOT NULL"
    )
