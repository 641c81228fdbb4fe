"""What the sources tell with hindsight, for figures only: deals and their amounts, sales' verdicts, first scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from leadmart.scoring.evaluation.figures import Floats
from leadmart.scoring.evaluation.hand_off import HandOff, hand_off
from leadmart.scoring.evaluation.pipeline_value import Deals

if TYPE_CHECKING:
    from leadmart.features.session import Session

SOURCES = ("leads", "opportunities", "opportunity_closings", "lead_feedback")
_NO_DEALS = "no source of closed opportunities with amounts is loaded"
_VERDICTS = {"rejected": 1.0, "bad_fit": 1.0, "accepted": 0.0, "urgent": 0.0}
_WITHIN = timedelta(days=90)


@dataclass(frozen=True)
class Observed:
    """`deals`: lead_id, created_at, known_at (NULL while open), is_won, amount, currency; `verdicts`: lead_id,
    given_at, rejected (1 or 0). None where no source says it.
    """

    deals: pl.DataFrame | None = None
    verdicts: pl.DataFrame | None = None


def observed(session: Session) -> Observed:
    """Reads the staged sources that are there; they have to be staged whole before."""
    found = session.present
    deals = verdicts = None
    if {"opportunities", "opportunity_closings"} <= found and _has(session, "opportunities", "lead_id"):
        deals = session.warehouse.frame(
            "SELECT CAST(o.lead_id AS VARCHAR) AS lead_id, o.occurred_at AS created_at, "
            "GREATEST(c.occurred_at, c.ingested_at) AS known_at, c.is_won, CAST(c.amount AS DOUBLE) AS amount, "
            "c.currency FROM staging.opportunities AS o LEFT JOIN staging.opportunity_closings AS c "
            "ON c.opportunity_id = o.opportunity_id WHERE o.lead_id IS NOT NULL "
            "ORDER BY o.lead_id, o.occurred_at, o.opportunity_id, known_at"
        )
    if "lead_feedback" in found:
        listed = ", ".join(f"('{kind}', {value})" for kind, value in _VERDICTS.items())
        verdicts = session.warehouse.frame(
            "SELECT CAST(f.lead_id AS VARCHAR) AS lead_id, f.occurred_at AS given_at, "
            "CAST(k.rejected AS DOUBLE) AS rejected FROM staging.lead_feedback AS f "
            f"JOIN (VALUES {listed}) AS k (kind, rejected) ON k.kind = f.kind WHERE f.lead_id IS NOT NULL "
            "AND f.occurred_at IS NOT NULL ORDER BY given_at, f.lead_id, f.feedback_id"
        )
    return Observed(deals, verdicts)


def first_scores(session: Session, key: str) -> HandOff:
    """How long the leads created since the first scoring waited; `staging.leads` has to be staged whole."""
    frame = session.warehouse.frame(
        f"WITH every AS (SELECT lead_id, written_at FROM store.scores.lead_scores UNION ALL "
        "SELECT lead_id, written_at FROM store.scores.superseded), "
        "first AS (SELECT lead_id, MIN(written_at) AS written_at FROM every GROUP BY lead_id) "
        f"SELECT DATE_DIFF('microsecond', l.occurred_at, f.written_at) / 3600e6 AS hours FROM staging.leads AS l "
        f"LEFT JOIN first AS f ON f.lead_id = CAST(l.{key} AS VARCHAR) "
        "WHERE l.occurred_at >= (SELECT MIN(written_at) FROM first)"
    )
    hours = frame["hours"].drop_nulls().sort().to_numpy().astype(np.float64)
    return hand_off(hours, waiting=frame.height - len(hours))


def deals_of(given: Observed, test: pl.DataFrame, training: pl.DataFrame) -> Deals:
    """The amount of each test row's deal, and the mean amount that the training leads' won deals had.

    A lead's deal is its first that was created after as_of. Of the training leads only what was known when the test
    block begins counts, so that the forecast is one that could have been made.
    """
    nothing = np.full(test.height, np.nan)
    if given.deals is None:
        return Deals(nothing, None, 0, _NO_DEALS)
    deals = given.deals.filter(pl.col("created_at").is_not_null())
    priced = deals.filter(pl.col("amount").is_not_null())
    if priced.is_empty():
        return Deals(nothing, None, 0, "no closed opportunity has an amount")
    if (currencies := priced["currency"].drop_nulls().unique().sort().to_list())[1:]:
        return Deals(nothing, None, 0, f"amounts are in several currencies: {', '.join(currencies)}")
    begin = test["as_of"].min()
    assert isinstance(begin, datetime)
    won = priced.filter(pl.col("is_won") & (pl.col("known_at") <= begin)).join(
        training.select("lead_id").unique(), on="lead_id", how="semi"
    )
    hat = won["amount"].sort().mean()
    amounts = _following(test, deals.sort("created_at", maintain_order=True), "created_at", "amount")
    return Deals(amounts, float(hat) if isinstance(hat, float) else None, won.height)


def verdicts_of(given: Observed, rows: pl.DataFrame) -> Floats | None:
    """1 where sales rejected the lead in the 90 days after as_of, 0 where it took it, NaN where it said nothing."""
    if given.verdicts is None:
        return None
    return _following(rows, given.verdicts, "given_at", "rejected", _WITHIN)


def _following(
    rows: pl.DataFrame, log: pl.DataFrame, clock: str, value: str, within: timedelta | None = None
) -> Floats:
    """For each row the value of its lead's first log row after as_of, in the order of the rows; NaN without one."""
    keys = rows.select("lead_id", pl.col("as_of").cast(pl.Datetime("us"))).with_row_index("_row").sort("as_of")
    typed = log.select(pl.col("lead_id"), pl.col(clock).cast(pl.Datetime("us")), pl.col(value).cast(pl.Float64))
    found = keys.join_asof(
        typed.sort(clock, maintain_order=True),
        left_on="as_of",
        right_on=clock,
        by="lead_id",
        strategy="forward",
        tolerance=within,
        allow_exact_matches=False,
        check_sortedness=False,
    )
    values: Floats = found.sort("_row")[value].fill_null(np.nan).to_numpy()
    return values


def _has(session: Session, source: str, *names: str) -> bool:
    columns: Sequence[str] = [name for name, _ in session.warehouse.columns(f"SELECT * FROM staging.{source}")]
    return set(names) <= set(columns)
