"""What people saw of a lead when a day ended: the score row, since when it was shown, and who was champion."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from leadmart.features.clock import iso, sql_literal
from leadmart.features.errors import LeadmartError
from leadmart.features.house.kinds import has_table
from leadmart.features.shown import VERSIONS
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.assess import SCORE_COLUMNS
from leadmart.scoring.champion import RULES


def row_shown_on(warehouse: Warehouse, lead: str, day: date) -> dict[str, Any]:
    """The lead's row of `scores.as_shown_on(day)`; the catalogue is attached as `store`.

    Raises LeadmartError `unknown_lead`, and `nothing_shown` for a day before anything was, or of a catalogue that an
    earlier release published.
    """
    if not has_table(warehouse, "showings"):
        raise LeadmartError(
            "the catalogue is of an earlier release, and does not say what was shown when",
            code="nothing_shown",
            hint="the next `leadmart run` or `leadmart load` publishes one that does",
        )
    ((first,),) = warehouse.rows("SELECT MIN(shown_at) FROM store.meta.showings")
    if first is None or first.date() > day:
        began = f"the first scores were shown {iso(first)}" if first else "`leadmart run` computes and scores"
        raise LeadmartError(f"no score was shown by {day}", code="nothing_shown", hint=began)
    # the catalogue's views name their schemas without a catalogue
    warehouse.execute("USE store")
    frame = warehouse.frame(
        f"SELECT * FROM scores.as_shown_on(DATE '{day.isoformat()}') WHERE lead_id = ?",
        [lead],
    )
    ((rows,),) = warehouse.rows("SELECT COUNT(*) FROM scores.history WHERE lead_id = ?", [lead])
    warehouse.execute("USE memory")
    if frame.is_empty():
        hint = "`leadmart show scores` lists the leads that have one"
        if rows:
            hint = "it has scores of other days: it came later, its outcome was known, or it was out of play"
        raise LeadmartError(
            f"lead {lead} was shown no score on {day}", code="unknown_lead", hint=f"{hint}; what was erased is not kept"
        )
    return dict.fromkeys(SCORE_COLUMNS) | frame.row(0, named=True)


def told_of(warehouse: Warehouse, row: dict[str, Any], day: date) -> dict[str, Any]:
    """What `explain --shown-on` adds: the day, since when these versions were shown, and the champion of that day.

    The champion is another than the row's model where it was promoted after the day's last run.
    """
    end = sql_literal(datetime.combine(day, datetime.min.time()) + timedelta(days=1))
    versions = [row[name] for name in VERSIONS]
    own = f"({', '.join(VERSIONS)}) = (?, ?, ?)"
    ((since,),) = warehouse.rows(
        f"SELECT MIN(shown_at) FROM store.meta.showings WHERE as_of = ? AND {own} AND shown_at < {end} "
        "AND showing_number > COALESCE((SELECT MAX(showing_number) FROM store.meta.showings WHERE as_of = ? "
        f"AND NOT {own} AND shown_at < {end}), 0)",
        [row["as_of"], *versions, row["as_of"], *versions],
    )
    promoted = warehouse.rows(
        f"SELECT to_version FROM store.meta.promotions WHERE promoted_at < {end} ORDER BY promotion_number DESC LIMIT 1"
    )
    return {
        "day": day.isoformat(),
        "shown_at": iso(since) if since else None,
        "champion": promoted[0][0] if promoted else RULES,
    }
