"""How groups fare that the model was not told of: selection, chances, calibration (F1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.evaluation.figures import Bootstrap, Floats, Metric

LEAST_POSITIVES = 30
FOUR_FIFTHS = 0.8
INSUFFICIENT = "insufficient"


@dataclass(frozen=True)
class Group:
    """One group of an audit column against the reference, its largest group.

    `ratio` is of selection rates; `chance` the share of its conversions that were selected, `chance_gap` that minus the
    reference's; `observed_over_expected` its conversions over the sum of p. `below_four_fifths` is `yes` where the
    whole interval of the ratio lies below .8, `perhaps` where the ratio does; None where it is undefined.
    """

    column: str
    group: str
    is_reference: bool
    rows: int
    positives: int
    selection_rate: Metric
    ratio: Metric
    chance: Metric
    chance_gap: Metric
    observed_over_expected: Metric
    below_four_fifths: str | None

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return {
            "column": self.column,
            "group": self.group,
            "is_reference": self.is_reference,
            "rows": self.rows,
            "positives": self.positives,
            "selection_rate": self.selection_rate.as_json(),
            "ratio": self.ratio.as_json(),
            "chance": self.chance.as_json(),
            "chance_gap": self.chance_gap.as_json(),
            "observed_over_expected": self.observed_over_expected.as_json(),
            "below_four_fifths": self.below_four_fifths,
        }


def fairness(
    y: NDArray[np.int8],
    p: Floats | None,
    selected: NDArray[np.bool_],
    groups: Mapping[str, Sequence[str]],
    draws: Bootstrap,
    *,
    least: int = LEAST_POSITIVES,
) -> tuple[Group, ...]:
    """The groups of each audit column, the largest first, which is the reference.

    Rows are matured ones, so that `chance` is the true positive rate of equal opportunity. A group with fewer than 30
    positives has no figures, and so has every ratio where the reference itself has too few. One drawing of leads serves
    a group and its reference.
    """
    found: list[Group] = []
    for column, given in groups.items():
        found += _column(column, np.asarray(given), y, p, selected, draws, least)
    return tuple(found)


def _column(
    column: str,
    given: NDArray[np.str_],
    y: NDArray[np.int8],
    p: Floats | None,
    selected: NDArray[np.bool_],
    draws: Bootstrap,
    least: int,
) -> list[Group]:
    names, code, count = np.unique(given, return_inverse=True, return_counts=True)
    order = np.lexsort((np.arange(len(names)), -count))
    members = [code == place for place in order]
    truth, chosen = y.astype(np.float64), selected.astype(np.float64)
    expected = p if p is not None else np.full(len(y), np.nan)

    def figures(weights: Floats) -> Floats:
        rates, chances, ratios = [], [], []
        for member in members:
            inside = weights[:, member]
            hits = inside * truth[member]
            rates.append((inside * chosen[member]).sum(axis=1) / inside.sum(axis=1))
            chances.append((hits * chosen[member]).sum(axis=1) / hits.sum(axis=1))
            ratios.append(hits.sum(axis=1) / (inside * expected[member]).sum(axis=1))
        gaps = [chance - chances[0] for chance in chances]
        return np.stack([*rates, *(rate / rates[0] for rate in rates), *chances, *gaps, *ratios])

    measured = draws.measure(figures, "nobody of the reference is selected")
    positives = [int(y[member].sum()) for member in members]
    found = []
    for place, member in enumerate(members):
        too_few = Metric(None, reason=f"{INSUFFICIENT}: {positives[place]} conversions, fewer than {least}")
        no_reference = Metric(None, reason=f"{INSUFFICIENT}: the reference has {positives[0]} conversions")
        own = [measured[part * len(members) + place] for part in range(5)]
        rate, ratio, chance, gap, calibration = own
        if positives[place] < least:
            rate = ratio = chance = gap = calibration = too_few
        elif positives[0] < least:
            ratio = gap = no_reference
        if p is None and calibration.reason != too_few.reason:
            calibration = Metric(None, reason="there is no probability")
        is_reference = place == 0
        below = None if is_reference else _below(ratio)
        name = str(names[order[place]])
        found.append(
            Group(
                column, name, is_reference, int(member.sum()), positives[place], rate, ratio, chance, gap, calibration,
                below,
            )
        )  # fmt: skip
    return found


def _below(ratio: Metric) -> str | None:
    if ratio.value is None:
        return None
    if ratio.high is not None and ratio.high < FOUR_FIFTHS:
        return "yes"
    return "perhaps" if ratio.value < FOUR_FIFTHS else "no"


def fairness_text(document: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line a group, from the list of `Group.as_json`."""
    if not document:
        return []
    lines = ["  group                        rows  conversions   hot   ratio (95 % interval)   of its conversions hot"]
    for each in document:
        name = f"{each['column']}: {each['group']}"
        head = f"  {name[:27]:<27}{each['rows']:>6,}{each['positives']:>13,}"
        rate, ratio, chance = each["selection_rate"], each["ratio"], each["chance"]
        if rate["value"] is None:
            lines.append(f"{head}   {rate['reason']}")
            continue
        span = f" ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio["low"] is not None else ""
        told = f"{ratio['value']:.2f}{span}" if ratio["value"] is not None else "undefined"
        told = "the reference" if each["is_reference"] else told
        mark = {"yes": "   below four fifths", "perhaps": "   perhaps below four fifths"}
        share = f"{chance['value']:.1%}" if chance["value"] is not None else ""
        lines.append(
            f"{head}{rate['value']:>6.1%}   {told:<22}{share:>10}{mark.get(each['below_four_fifths'] or '', '')}"
        )
    return lines
