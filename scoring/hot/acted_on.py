"""The score rows that a run is to act on: those it has put in force, less those of which a hot run knows better."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from leadmart.features.clock import sql_literal
from leadmart.features.filled import slice_file
from leadmart.features.literals import quoted, quoted_file
from leadmart.features.plan import Selection
from leadmart.features.session import relation_of
from leadmart.features.shown import VERSIONS
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.hot.mark import read_mark

if TYPE_CHECKING:
    from leadmart.features.definition import Definition
    from leadmart.scoring.run import Run

_KEY = f"as_of, {', '.join(VERSIONS)}"


def is_hot(run: Run) -> bool:
    """Whether a run scores only who is touched."""
    return run.hot is not None and not run.hot.everyone


def acted_on_sql(run: Run) -> str:
    """A SELECT of the champion's rows that a run has put in force at its as_of, each lead once.

    Of a hot run: of all that hot runs have scored since the newest full run, each lead's newest, so that one that was
    killed before it could act on its rows loses nothing. Left out are leads that a hot run scored later than that, or
    found out of play, under the same versions.
    """
    if is_hot(run):
        mark = read_mark(run.warehouse)
        these = [mark.feature_set_version, mark.model_version, mark.policy_version] if mark else ["", "", ""]
        same = " AND ".join(f"s.{name} = {quoted(value)}" for name, value in zip(VERSIONS, these, strict=True))
        scorings = f"(SELECT DISTINCT {_KEY} FROM store.meta.hot_scorings)"
        chosen = f"{same} AND s.as_of >= (SELECT MAX(f.as_of) FROM store.meta.scorings AS f)"
    else:
        scorings = "store.meta.scorings"
        chosen = f"c.run_id = {quoted(run.run_id)} AND s.as_of = {sql_literal(run.moments[-1])}"
    same = " AND ".join(f"n.{name} = s.{name}" for name in ("lead_id", *VERSIONS))
    later = (
        f"SELECT l.lead_id, l.as_of, {', '.join(f'l.{name}' for name in VERSIONS)} "
        f"FROM store.scores.lead_scores AS l JOIN store.meta.hot_scorings AS h USING ({_KEY}) "
        # out of play at a moment is one later than any score of that moment
        f"UNION ALL SELECT lead_id, as_of + INTERVAL 1 MICROSECOND, {', '.join(VERSIONS)} "
        "FROM store.meta.hot_gone"
    )
    return (
        f"SELECT s.* FROM store.scores.lead_scores AS s JOIN {scorings} AS c USING ({_KEY}) "
        f"WHERE {chosen} AND s.role = 'champion' "
        f"AND NOT EXISTS (SELECT 1 FROM ({later}) AS n WHERE {same} AND n.as_of > s.as_of)"
    )


def relations_of(run: Run) -> Mapping[str, str] | None:
    """The session's relations by definition where a hot run has just computed them; it stores no slices."""
    if not is_hot(run) or run.hot is None or not run.hot.scored:
        return None
    return {definition.relation: relation_of(definition) for definition in run.selection.definitions}


def rows_of(
    warehouse: Warehouse,
    selection: Selection,
    definition: Definition,
    as_of: datetime,
    relations: Mapping[str, str] | None = None,
) -> str | None:
    """The relation of a definition's rows: of those given, else its filled slice; None where there is none."""
    if relations is not None:
        return relations.get(definition.relation)
    file = slice_file(warehouse, selection.slice_of(definition, as_of))
    return f"read_parquet({quoted_file(file)})" if file else None
