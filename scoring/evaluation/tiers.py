"""What became of the leads of each tier, and what the tiers missed (E7, section 1.Z)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Metric

TIERS = ("hot", "warm", "cold", "disqualified")
QUALIFIED = "hot"
_SELECTED = "every row: an association, since whom sales works decides who converts; a random review would tell"

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Tier:
    """One tier's rows. `rate` is undefined where there are none."""

    name: str
    rows: int
    positives: int
    rate: Metric


@dataclass(frozen=True)
class Confusion:
    """Hot against the rest. `accuracy` is the share of hot rows that converted; `missed` the share of conversions that
    were not hot; `rejected` the share of the hot leads that sales reviewed and rejected. `missed_from` says whether
    missed is of every row, which is association, or of a random review.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    accuracy: Metric
    missed: Metric
    missed_from: str
    rejected: Metric
    hot_over_cold: Metric


@dataclass(frozen=True)
class Tiers:
    """The tiers from the top, and the confusion of hot against the rest."""

    tiers: tuple[Tier, ...]
    confusion: Confusion

    def as_json(self) -> dict[str, Any]:
        """`{"tiers": [{"tier", "rows", "positives", "rate"}], "confusion": {…}}`."""
        c = self.confusion
        return {
            "tiers": [
                {"tier": t.name, "rows": t.rows, "positives": t.positives, "rate": t.rate.as_json()} for t in self.tiers
            ],
            "confusion": {
                "qualified": QUALIFIED,
                "true_positives": c.true_positives,
                "false_positives": c.false_positives,
                "false_negatives": c.false_negatives,
                "true_negatives": c.true_negatives,
                "accuracy": c.accuracy.as_json(),
                "missed": c.missed.as_json(),
                "missed_from": c.missed_from,
                "rejected": c.rejected.as_json(),
                "hot_over_cold": c.hot_over_cold.as_json(),
            },
        }


def tiers(
    y: NDArray[np.int8],
    tier: Sequence[str],
    draws: Bootstrap,
    *,
    rejected: Floats | None = None,
    reviewed: Flags | None = None,
) -> Tiers:
    """Rates by tier, and the confusion of the hot ones.

    `rejected` is 1 where sales rejected a lead, 0 where it accepted it, NaN where nobody said anything. `reviewed`
    marks a random review (or holdout) of leads that are not hot: then the missed conversions of each tier are
    estimated from its reviewed rows, weighted by the tier's rows over the reviewed ones. Without one they are counted
    over all rows, and `missed_from` says that worked leads are selected.
    """
    truth, names = y.astype(np.float64), np.asarray(tier)
    members = {name: names == name for name in TIERS}
    hot = members[QUALIFIED]

    def rates(weights: Floats) -> Floats:
        found = [_rate(weights, truth, members[name]) for name in TIERS]
        return np.stack([*found, found[0] / found[2]])

    by_tier = draws.measure(rates, "no row is in it")
    ratio = by_tier[4] if by_tier[4].value is not None else Metric(None, reason=_no_ratio(truth, members))
    use_review = reviewed is not None and _is_enough(reviewed, members)
    sample = reviewed if use_review and reviewed is not None else np.ones(len(y), dtype=bool)
    missed = draws.measure(lambda w: _missed(w, truth, members, sample)[None], "no row is positive")[0]
    accuracy = by_tier[0] if hot.any() else Metric(None, reason="no row is hot")
    counts = {
        name: int(mask.sum())
        for name, mask in {
            "true_positives": hot & (y == 1),
            "false_positives": hot & (y == 0),
            "false_negatives": ~hot & (y == 1),
            "true_negatives": ~hot & (y == 0),
        }.items()
    }
    return Tiers(
        tuple(
            Tier(name, int(members[name].sum()), int(y[members[name]].sum()), by_tier[place])
            for place, name in enumerate(TIERS)
        ),
        Confusion(
            **counts,
            accuracy=accuracy,
            missed=missed,
            missed_from="a random review of the leads below hot, weighted by tier" if use_review else _SELECTED,
            rejected=_rejected(rejected, hot, draws),
            hot_over_cold=ratio,
        ),
    )


def _rate(weights: Floats, values: Floats, member: Flags) -> Floats:
    inside = weights[:, member]
    found: Floats = (inside * values[member]).sum(axis=1) / inside.sum(axis=1)
    return found


def _no_ratio(truth: Floats, members: Mapping[str, Flags]) -> str:
    for name in ("hot", "cold"):
        if not members[name].any():
            return f"no row is {name}"
    return "no cold row is positive" if not truth[members["cold"]].any() else "no row is positive"


def _is_enough(reviewed: Flags, members: Mapping[str, Flags]) -> bool:
    """Whether every tier below hot that has rows has some that were reviewed: a tier without says nothing."""
    below = [member for name, member in members.items() if name != QUALIFIED and member.any()]
    return bool(below) and all((member & reviewed).any() for member in below)


def _missed(weights: Floats, truth: Floats, members: Mapping[str, Flags], sample: Flags) -> Floats:
    """Positives below hot over all: each tier's are its rows times the rate among those of the sample."""
    hot = members[QUALIFIED]
    caught = (weights[:, hot] * truth[hot]).sum(axis=1)
    missed = np.zeros(len(weights))
    for name, member in members.items():
        if name != QUALIFIED and member.any():
            missed += weights[:, member].sum(axis=1) * _rate(weights, truth, member & sample)
    found: Floats = missed / (missed + caught)
    return found


def _rejected(rejected: Floats | None, hot: Flags, draws: Bootstrap) -> Metric:
    if rejected is None:
        return Metric(None, reason="no source says what sales accepted or rejected")
    heard = hot & np.isfinite(rejected)
    if not heard.any():
        return Metric(None, reason="sales said nothing about a hot lead")
    return draws.measure(lambda w: _rate(w, np.nan_to_num(rejected), heard)[None], "sales said nothing")[0]


def tiers_text(document: Mapping[str, Any]) -> list[str]:
    """The tiers as a table, and the confusion in a few lines, from `Tiers.as_json`."""
    lines = ["  tier             rows  conversions   rate   95 % interval"]
    for each in document["tiers"]:
        if each["rows"]:
            rate = each["rate"]
            span = f"{rate['low']:.3f} to {rate['high']:.3f}" if rate["low"] is not None else ""
            lines.append(
                f"  {each['tier']:<14}{each['rows']:>7,}{each['positives']:>13,}{rate['value']:>7.3f}   {span}"
            )
    confusion = document["confusion"]
    for name, words in (
        ("accuracy", "of the hot convert"),
        ("missed", "of the conversions were not hot"),
        ("rejected", "of the hot that sales reviewed were rejected"),
    ):
        figure = confusion[name]
        if figure["value"] is None:
            lines.append(f"    {words}: undefined, {figure['reason']}")
        else:
            span = f" ({figure['low']:.1%} to {figure['high']:.1%})" if figure["low"] is not None else ""
            lines.append(f"    {figure['value']:.1%}{span} {words}")
    ratio = confusion["hot_over_cold"]
    if ratio["value"] is not None:
        lines.append(f"    hot converts {ratio['value']:.1f} times as often as cold (at least 10 is usual)")
    return [line.rstrip() for line in lines] + [
        f"    conversions that were not hot are from {confusion['missed_from']}"
    ]
