"""A lead's assessment by headings: what is known of its fit, its behaviour and its intent, and what each was worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.policy import Policy
from leadmart.scoring.reason_templates import Section

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.models.model import Model

SECTIONS: tuple[Section, ...] = get_args(Section)

ACTIONS = {
    "hot": "hand it to sales now",
    "warm": "keep nurturing it: it is not ready for sales",
    "cold": "spend no sales time on it; its score follows what it does",
    "disqualified": "no sales contact; it stays tracked, since this may change",
}
"""What a tier asks for, before a project has playbooks of its own."""


def groups_of(
    frame: pl.DataFrame, columns: Sequence[FeatureColumn], policy: Policy, model: Model | None
) -> list[dict[str, Any]]:
    """Every reason group of one lead with its words and its contribution, the largest first.

    `frame` has one row. `contribution` is in log odds where the model has at least half of the weight, else in points,
    which `unit` says; None for a group that the score is not made of. `share` is its part of all that was moved.
    `words` are of the columns that count, the largest first; where none of a group does, of all.
    """
    import numpy as np
    import polars as pl

    from leadmart.scoring.assess import told_contributions
    from leadmart.scoring.reasons import group_sums, words_of
    from leadmart.scoring.scorecard import points

    is_model = model is not None and model.effective_weight(policy.max_weight) >= 0.5
    row = pl.concat([frame, points(frame, policy.scorecard)], how="horizontal")
    comments = {column.name: column.comment for column in columns}
    names, contributions = told_contributions(row, columns, policy, model)
    counted = words_of(names, row.schema, policy.templates, comments, policy.unspoken)
    groups, sums = group_sums(counted, contributions)
    total = float(np.abs(sums).sum())
    worth = {name: float(contributions[0, number]) for number, name in enumerate(names)}
    moved = {group: float(sums[0, number]) for number, group in enumerate(groups)}
    told = [column.name for column in columns if not column.is_history]
    words = words_of(told, row.schema, policy.templates, comments, policy.unspoken)
    # with_columns, not select: an expression without a column would make one row of none
    said = row.with_columns(word.said.alias(f"said {position}") for position, word in enumerate(words))
    found: dict[str, dict[str, Any]] = {}
    texts = {name: said[f"said {position}"][0] for position, name in enumerate(told)}
    ordered = sorted(zip(told, words, strict=True), key=lambda each: -abs(worth.get(each[0], 0.0)))
    for name, word in ordered:
        text = texts[name]
        template = policy.templates.by_column.get(name)
        contribution = moved.get(word.group)
        entry = found.setdefault(
            word.group,
            {
                "group": word.group,
                "section": template.section if template else "behaviour",
                "words": [],
                "values": {},
                "contribution": contribution,
                "unit": "log odds" if is_model else "points",
                "share": abs(contribution) / total if contribution is not None and total > 0 else None,
            },
        )
        if text is not None:
            entry["values"][name] = row[name][0]
            if text not in entry["words"] and (worth.get(name) or not contribution):
                entry["words"].append(text)
    return sorted(found.values(), key=lambda entry: (-abs(entry["contribution"] or 0.0), entry["group"]))


def largest_loss(groups: Sequence[Mapping[str, Any]]) -> tuple[str, float] | None:
    """The group that pulled down the most, with its contribution; None where nothing did."""
    losses = [(entry["contribution"], entry["group"]) for entry in groups if (entry["contribution"] or 0.0) < 0]
    return (min(losses)[1], min(losses)[0]) if losses else None


def knowledge(
    row: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]], columns: Sequence[FeatureColumn]
) -> dict[str, Any]:
    """The data grade with what it was given for; counts are None where the input values are no longer kept."""
    told = [column.name for column in columns if column.is_graded and not column.is_history]
    is_there = bool(values)
    known = sum(values[name]["value"] is not None for name in told if name in values)
    return {
        "grade": row.get("data_grade"),
        "known": known if is_there else None,
        "of": len(told) if is_there else None,
        "unreached": sorted(
            c.name.removeprefix("has_")
            for c in columns
            if c.is_history and c.is_graded and values.get(c.name, {}).get("value") is False
        ),
        "model": row["model_version"] != "rules",
    }
