"""The decile table: what share of the conversions each tenth of the leads holds, best first (E3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Ints, Metric

TIES = "rows with the same score are ordered by a hash of lead_id"
WANTED_SHARE, WANTED_TOP, WANTED_RATIO = 0.60, 0.35, 10.0
_COUNT = 10


@dataclass(frozen=True)
class Decile:
    """One tenth of the rows, 1 the highest. `capture` is the share of all positives in it and above; `mean_p` is None
    without probabilities.
    """

    number: int
    rows: int
    positives: int
    rate: Metric
    lift: Metric
    capture: Metric
    mean_p: float | None


@dataclass(frozen=True)
class Rise:
    """A decile whose rate is above that of the one before; `beyond_chance` where the interval of the gap is above 0."""

    number: int
    beyond_chance: bool


@dataclass(frozen=True)
class Health:
    """A check that is shown and enforces nothing. `met` is None where the figure is undefined."""

    name: str
    words: str
    figure: Metric
    met: bool | None


@dataclass(frozen=True)
class Deciles:
    """`rows` is empty where there are none to speak of, and `reason` says why."""

    rows: tuple[Decile, ...]
    rises: tuple[Rise, ...] = ()
    health: tuple[Health, ...] = ()
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """`{"rows", "monotone", "rises", "health", "ties"}`; `monotone` is None without rows."""
        document: dict[str, Any] = {
            "rows": [
                {
                    "decile": d.number,
                    "rows": d.rows,
                    "positives": d.positives,
                    "rate": d.rate.as_json(),
                    "lift": d.lift.as_json(),
                    "capture": d.capture.as_json(),
                    "mean_p": d.mean_p,
                }
                for d in self.rows
            ],
            "monotone": not self.rises if self.rows else None,
            "rises": [{"decile": r.number, "beyond_chance": r.beyond_chance} for r in self.rises],
            "health": [{"name": h.name, "words": h.words, **h.figure.as_json(), "met": h.met} for h in self.health],
            "ties": TIES,
        }
        return document | ({"reason": self.reason} if self.reason else {})


def deciles(y: NDArray[np.int8], p: Floats | None, score: Floats, ties: Ints, draws: Bootstrap) -> Deciles:
    """Ten groups of as many rows by `score`, the highest first; rows that tie are ordered by `ties`.

    `p` are probabilities for the mean, None where only points exist. The checks: the smallest top share that holds
    60 % of the positives is at most 35 %, and the highest decile's rate is at least ten times the lowest's.
    """
    if len(y) < _COUNT:
        return Deciles((), reason=f"{len(y)} rows are fewer than {_COUNT}")
    order = np.lexsort((ties, -score))
    truth = y[order].astype(np.float64)
    starts = -(-np.arange(_COUNT) * len(y) // _COUNT)  # the first row whose place * 10 / rows reaches the decile

    def figures(weights: Floats) -> Floats:
        w = weights[:, order]
        seen, hits = np.add.reduceat(w, starts, axis=1), np.add.reduceat(w * truth, starts, axis=1)
        rate, total = hits / seen, hits.sum(axis=1)[:, None]
        lift, capture = rate * (seen.sum(axis=1)[:, None] / total), np.cumsum(hits, axis=1) / total
        held = _share_that_holds(w, truth)[:, None]
        return np.concatenate([rate, lift, capture, np.diff(rate, axis=1), held, rate[:, :1] / rate[:, -1:]], axis=1).T

    reason = "no row is positive" if not y.any() else "the lowest decile has no positive row"
    found = draws.measure(figures, reason)
    sizes = np.diff(np.append(starts, len(y)))
    positives = np.add.reduceat(y[order].astype(np.int64), starts)
    means = np.add.reduceat(p[order], starts) / sizes if p is not None else None
    rows = tuple(
        Decile(
            place + 1, int(sizes[place]), int(positives[place]),
            _rate(found[place], draws.count(order[starts[place] : starts[place] + sizes[place]])),
            found[10 + place], found[20 + place],
            float(means[place]) if means is not None else None,
        )
        for place in range(_COUNT)
    )  # fmt: skip
    gaps = found[30:39]
    rises = tuple(
        Rise(place + 2, gap.low is not None and gap.low > 0)
        for place, gap in enumerate(gaps)
        if gap.value is not None and gap.value > 0
    )
    return Deciles(rows, rises, (_concentration(found[39]), _contrast(found[40])))


def _rate(rate: Metric, leads: int) -> Metric:
    """A rate whose draws all say 0, or all 1, has the exact interval of as many leads instead of none.

    Clopper and Pearson, Biometrika 26 (1934): nothing in n gives 0 to 1 - .025^(1/n).
    """
    if rate.value not in (0.0, 1.0) or rate.low is None:
        return rate
    reach = 1 - 0.025 ** (1 / leads)
    return Metric(rate.value, 0.0, reach) if rate.value == 0 else Metric(rate.value, 1 - reach, 1.0)


def _share_that_holds(weights: Floats, truth: Floats) -> Floats:
    """The smallest share of rows from the top that holds 60 % of the positives; NaN without any."""
    hits, seen = np.cumsum(weights * truth, axis=1), np.cumsum(weights, axis=1)
    wanted = WANTED_SHARE * hits[:, -1:]
    place = np.argmax(hits >= wanted - 1e-9, axis=1)
    share = seen[np.arange(len(seen)), place] / seen[:, -1]
    found: Floats = np.where(hits[:, -1] > 0, share, np.nan)
    return found


def _concentration(figure: Metric) -> Health:
    met = None if figure.value is None else figure.value <= WANTED_TOP
    return Health("share_that_holds_60", "the top share of leads that holds 60 % of the conversions", figure, met)


def _contrast(figure: Metric) -> Health:
    met = None if figure.value is None else figure.value >= WANTED_RATIO
    return Health("top_over_bottom", "the highest decile's rate over the lowest's", figure, met)


def deciles_text(document: Mapping[str, Any]) -> list[str]:
    """The table, and the checks below it, from `Deciles.as_json`."""
    if not document["rows"]:
        return [f"  deciles    none: {document['reason']}"]
    lines = ["  decile   rows  conversions   rate   95 % interval   lift   held so far   mean p"]
    for row in document["rows"]:
        rate, lift, capture = row["rate"], row["lift"]["value"], row["capture"]["value"]
        span = f"{rate['low']:.3f} to {rate['high']:.3f}" if rate["low"] is not None else ""
        lines.append(
            f"  {row['decile']:>6}{row['rows']:>7,}{row['positives']:>13,}{rate['value']:>7.3f}   {span:<14}"
            + (f"{lift:>7.2f}{capture:>13.1%} " if lift is not None else f"{'':>21}")
            + (f"{row['mean_p']:>8.3f}" if row["mean_p"] is not None else "")
        )
    lines = [line.rstrip() for line in lines]
    if document["monotone"]:
        lines.append("    the rate falls from each decile to the next")
    for rise in document["rises"]:
        chance = "more than chance explains" if rise["beyond_chance"] else "within what chance explains"
        lines.append(f"    decile {rise['decile']} converts more than decile {rise['decile'] - 1}, {chance}")
    for check in document["health"]:
        wanted = "at most 35 %" if check["name"] == "share_that_holds_60" else "at least 10"
        if check["value"] is None:
            lines.append(f"    {check['words']}: undefined, {check['reason']}")
        else:
            value = f"{check['value']:.1%}" if check["name"] == "share_that_holds_60" else f"{check['value']:.1f}"
            lines.append(f"    {check['words']}: {value} ({wanted} is usual{'' if check['met'] else ', not met'})")
    return lines
