"""Which columns reach the model: all of the views that leadmart.toml names, or those that `[train] columns` lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, all_as_one, near_names
from leadmart.features.registry import Registry

if TYPE_CHECKING:
    from leadmart.features.plan import Selection

LEAST, MOST = 20, 40
"""Columns beyond which `plan` and `train` say that they are few or many."""


def allowed_columns(registry: Registry, views: Sequence[Definition]) -> frozenset[str] | None:
    """The names that `[train] columns` lists; None where it is left out, and every column reaches the model.

    `views` are those that `[features] views` names and those they read. Raises LeadmartError `unknown_column` for each
    name that is none of their columns, all at once.
    """
    listed = registry.project.settings.train.columns
    if listed is None:
        return None
    if problems := column_problems(registry, views):
        raise all_as_one(problems)
    return frozenset(name.rpartition(".")[2] for name in listed)


def column_problems(registry: Registry, views: Sequence[Definition]) -> list[LeadmartError]:
    """`unknown_column` for each name of `[train] columns` that is no column of the views."""
    known = [
        name
        for view in views
        for column in view.columns
        if column.name not in (view.key, "as_of")
        for name in (column.name, f"{view.name}.{column.name}")
    ]
    return [
        LeadmartError(
            f"[train] columns names {name}, and no view of [features] views has such a column",
            code="unknown_column",
            place=registry.project.place_of(name),
            hint=near_names(name, [each for each in known if ("." in each) == ("." in name)])
            or "a column is `column` or `view.column` of a view under [features] views",
        )
        for name in registry.project.settings.train.columns or ()
        if name not in known
    ]


def width_words(selection: Selection) -> list[str]:
    """What is said where fewer columns than 20 reach the model, or more than 40; nothing where they are listed.

    `has_<source>` is not counted: it speaks of the warehouse.
    """
    count = sum(
        selection.reaches_model(column.name)
        for view in selection.views
        for column in view.columns
        if column.name not in (view.key, "as_of")
    )
    if selection.columns is not None or not selection.views or LEAST <= count <= MOST:
        return []
    reach = "1 column reaches" if count == 1 else f"{count} columns reach"
    why = "fewer tell little" if count < LEAST else "more are hard to explain and to keep"
    return [f"{reach} the model, and {LEAST} to {MOST} are usual: {why}; list them in [train] columns to have it so"]
