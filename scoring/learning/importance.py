"""Importance: how much each group of signals moves the scores, over all leads (#89)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from leadmart.scoring.policy import Policy
from leadmart.scoring.scorecard import POINTS_PREFIX, points

if TYPE_CHECKING:
    from leadmart.scoring.models.model import Model

MOST_ROWS = 2_000
"""Rows that are explained: a second or two of TreeSHAP, and shares to about a hundredth."""


def importance_section(rows: pl.DataFrame, policy: Policy, model: Model | None) -> list[dict[str, object]]:
    """The section `importance`: one entry a reason group, the largest first.

    `mean` is the mean size of the group's contribution, in log odds of the model or, without one, in points; `share`
    its part of all groups' means; `gain` its part of what the estimator is (the trees' gain, a regression's weights),
    NULL without a model. A column without a template is a group by itself. Measured on at most `MOST_ROWS` of the rows,
    evenly spaced by lead and moment.
    """
    rows = rows.sort("lead_id", "as_of")
    chosen = np.unique(np.linspace(0, max(0, rows.height - 1), MOST_ROWS).astype(np.int64))
    rows = rows[chosen] if rows.height else rows
    gain: list[float] | None = None
    if model is not None:
        from leadmart.scoring.models.model import contributions

        names = [column.name for column in model.columns]
        parts = contributions(model, rows)[0]
        gain = [float(share) for share in model.estimator.shares(len(names))]
    else:
        names = list(policy.scorecard.columns)
        given = points(rows, policy.scorecard)
        parts = given.select(POINTS_PREFIX + name for name in names).to_numpy() if names else np.empty((rows.height, 0))
    if not rows.height or not names:
        return []
    groups: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        template = policy.templates.by_column.get(name)
        groups.setdefault(template.group if template else name, []).append(position)
    means = {group: float(np.abs(parts[:, members].sum(axis=1)).mean()) for group, members in groups.items()}
    total = sum(means.values())
    found: list[dict[str, object]] = [
        {
            "group": group,
            "columns": [names[position] for position in members],
            "mean": means[group],
            "unit": "log odds" if model is not None else "points",
            "share": means[group] / total if total > 0 else None,
            "gain": sum(gain[position] for position in members) if gain is not None else None,
        }
        for group, members in groups.items()
    ]
    return sorted(found, key=lambda entry: (-means[str(entry["group"])], str(entry["group"])))


def importance_text(document: Mapping[str, Any]) -> list[str]:
    """The groups that move the scores most, one a line; nothing where a report has none."""
    shown: Sequence[Mapping[str, Any]] = [each for each in document.get("importance") or [] if each["share"]][:8]
    if not shown:
        return []
    lines = [f"  what moves the scores most, by the mean size of its part in {shown[0]['unit']}"]
    for each in shown:
        gain = f"   {each['gain']:>4.0%} of the gain" if each["gain"] is not None else ""
        lines.append(f"    {each['group']:<26}{each['share']:>5.0%}{gain}   {', '.join(each['columns'][:4])}")
    return lines
