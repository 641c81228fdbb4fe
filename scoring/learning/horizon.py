"""How long outcomes take, and what share of them a horizon catches (L4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

WANTED_SHARE = 0.80
LEAST_SHARE = 0.60
# Fewer outcomes than this have no quantile worth printing.
_LEAST_OUTCOMES = 20
# The curve ends where fewer than one lead in twenty is followed so long: a late outcome there would stand for twenty.
_MOST_WEIGHT = 20
_POINTS = 50
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Incidence:
    """Share of leads with the outcome by each of `days` since creation, leads that ended otherwise counted as such.

    `days` are ascending whole days, `share` never falls; both are empty where nobody is followed.
    """

    days: NDArray[np.float64]
    share: NDArray[np.float64]
    outcomes: int
    ended: int
    leads: int

    @property
    def eventual(self) -> float:
        """The share of leads that have the outcome at all, as far as leads are followed."""
        return float(self.share[-1]) if len(self.share) else 0.0

    def by(self, day: float) -> float:
        """The share of leads with the outcome within so many days."""
        at = int(np.searchsorted(self.days, day, side="right"))
        return float(self.share[at - 1]) if at else 0.0

    def quantile(self, part: float) -> float:
        """The first day by which this part of all outcomes was there."""
        return float(self.days[np.searchsorted(self.share, part * self.eventual - 1e-12)])


def incidence(leads: pl.DataFrame, followed_until: datetime) -> Incidence:
    """Cumulative incidence of the outcome since creation, in midnights, by Aalen and Johansen.

    `leads`: created_at, outcome_at and, where a label tells it, ended_at (lost: the outcome can no longer come), one
    row a lead. What happened after `followed_until` is not known yet, so such a lead is censored there. A lead whose
    outcome came on a day before its creation was never at risk and is left out. Without ended leads this is one minus
    Kaplan and Meier's curve, which scipy estimates. The curve ends where fewer than one lead in twenty
    is followed so long.
    """
    from scipy.stats import CensoredData, ecdf

    until = pl.lit(followed_until, dtype=pl.Datetime("us"))
    ended = pl.col("ended_at") if "ended_at" in leads.columns else pl.lit(None)
    known = leads.select(
        "created_at",
        pl.when(pl.col("outcome_at") <= until).then("outcome_at").cast(pl.Datetime("us")).alias("outcome_at"),
        ended.cast(pl.Datetime("us")).alias("ended_at"),
    ).filter(
        pl.col("created_at") <= until,
        (pl.col("outcome_at").dt.date() >= pl.col("created_at").dt.date()).fill_null(True),
    )
    has = pl.col("outcome_at").is_not_null() & (pl.col("outcome_at") <= pl.col("ended_at")).fill_null(True)
    lost = ~has & (pl.col("ended_at") <= until).fill_null(False)
    last = pl.when(has).then("outcome_at").when(lost).then("ended_at").otherwise(until)
    days = (last.dt.date() - pl.col("created_at").dt.date()).dt.total_days().clip(lower_bound=0).cast(pl.Float64)
    told = known.select(days.alias("days"), has.alias("has"), lost.alias("lost"))
    day, won, gone = (told[name].to_numpy() for name in ("days", "has", "lost"))
    counts = int(won.sum()), int(gone.sum()), len(day)
    if not counts[2]:
        return Incidence(np.empty(0), np.empty(0), *counts)
    over = won | gone
    if not over.any():
        return Incidence(np.array([day.max()]), np.zeros(1), *counts)
    curve = ecdf(CensoredData(uncensored=day[over], right=day[~over])).sf
    at = np.asarray(curve.quantiles, dtype=np.float64)
    before = np.concatenate([[1.0], np.asarray(curve.probabilities, dtype=np.float64)[:-1]])
    at_risk = len(day) - np.searchsorted(np.sort(day), at, side="left")
    outcomes = np.bincount(np.searchsorted(at, day[won]), minlength=len(at))
    share = np.cumsum(before * outcomes / at_risk)
    kept = max(1, int((before * len(day) <= _MOST_WEIGHT * at_risk).sum()))
    return Incidence(at[:kept], share[:kept], *counts)


def horizon_section(leads: pl.DataFrame, *, horizon: timedelta, followed_until: datetime) -> dict[str, Any]:
    """The report's section `horizon`: how long outcomes take, the share of all of them that the horizon catches, and
    advice. Figures that too few outcomes or too short a history leave undefined are null, with a `reason`.
    """
    found = incidence(leads, followed_until)
    days = horizon / _DAY
    followed = float(found.days[-1]) if len(found.days) else 0.0
    reason = None
    if found.outcomes < _LEAST_OUTCOMES:
        reason = f"{found.outcomes} leads with the outcome, and {_LEAST_OUTCOMES} are wanted to say how long it takes"
    elif followed < days:
        reason = f"too few leads are followed for longer than {followed:g} days, and the horizon is {days:g}"
    quantiles = {f"{name}_days": None for name in ("median", "p75", "p80", "p90")}
    document: dict[str, Any] = {
        "days": days,
        "method": "cumulative incidence, leads that ended as competing risk" if found.ended else "Kaplan-Meier",
        "converted_leads": found.outcomes,
        "ended_leads": found.ended,
        "at_risk_leads": found.leads,
        "followed_days": followed,
        "share_captured": None,
        **quantiles,
        "curve": [],
        "warns": False,
        "reason": reason,
    }
    if reason:
        return {**document, "advice": f"nothing can be said about the horizon: {reason}"}
    captured = found.by(days) / found.eventual
    parts = {"median": 0.5, "p75": 0.75, "p80": WANTED_SHARE, "p90": 0.9}
    document |= {f"{name}_days": found.quantile(part) for name, part in parts.items()}
    document |= {
        "share_captured": captured,
        "curve": _curve(found),
        "warns": captured < LEAST_SHARE,
        "advice": _advice(days, captured, document["p80_days"]),
    }
    return document


def horizon_text(document: Mapping[str, Any]) -> list[str]:
    """The lines of `train` about the horizon; none for a document without the section."""
    section = document.get("horizon")
    if not section:
        return []
    if section["reason"]:
        return [f"  {section['advice']}"]
    line = (
        f"  half of all outcomes come within {section['median_days']:g} days of creation, 80 % within "
        f"{section['p80_days']:g}, 90 % within {section['p90_days']:g} ({section['converted_leads']:,} of "
        f"{section['at_risk_leads']:,} leads, followed for up to {section['followed_days']:g} days)"
    )
    return [line, f"  {'warning: ' if section['warns'] else ''}{section['advice']}"]


def _advice(days: float, captured: float, wanted: float) -> str:
    said = f"the horizon of {days:g} days catches {captured:.0%} of them"
    if captured < LEAST_SHARE:
        return f"{said}, fewer than {LEAST_SHARE:.0%}: {wanted:g} days would catch {WANTED_SHARE:.0%}"
    if captured < WANTED_SHARE:
        return f"{said}; {wanted:g} days is the shortest that catches {WANTED_SHARE:.0%}"
    return f"{said}; {wanted:g} days would be enough for {WANTED_SHARE:.0%}"


def _curve(found: Incidence) -> list[list[float]]:
    """At most fifty points of the curve, [day, share of all outcomes]."""
    parts = np.linspace(0, 1, _POINTS + 1)[1:] * found.eventual
    at = np.unique(np.searchsorted(found.share, parts - 1e-12))
    return [[float(found.days[i]), round(float(found.share[i]) / found.eventual, 6)] for i in at]
