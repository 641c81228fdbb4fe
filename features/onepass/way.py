"""Which way a view goes over many as_of, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leadmart.features.definition import Definition
from leadmart.features.onepass.printed import RefusedError
from leadmart.features.onepass.shape import Shape, shape_of

ONE_PASS = "one pass"
AS_WRITTEN = "as written"


@dataclass(frozen=True)
class Way:
    """How a definition's rows are computed at many as_of; `why` says why not in one pass."""

    words: str
    why: str
    shape: Shape | None = None


def way_of(definition: Definition) -> Way:
    """In one pass where the view is of the shape that allows it, else as written."""
    try:
        return Way(ONE_PASS, "one source, of which each row counts from one moment to another", shape_of(definition))
    except RefusedError as refused:
        return Way(AS_WRITTEN, str(refused))


def ways_of(definitions: Iterable[Definition]) -> list[dict[str, str]]:
    """Per view which way it goes over many as_of, and why, as `plan --json` prints it."""
    found = [(each.relation, way_of(each)) for each in definitions if each.kind == "feature"]
    return [{"view": relation, "way": way.words, "why": way.why} for relation, way in found]


def way_words(ways: Iterable[dict[str, str]]) -> list[str]:
    """A line for those in one pass, and one for each reason why others are not."""
    views: dict[str, list[str]] = {}
    for each in ways:
        reason = f"as written, since {each['why']}" if each["way"] == AS_WRITTEN else f"in one pass: {each['why']}"
        views.setdefault(reason, []).append(each["view"].partition(".")[2])
    return [f"a backfill computes {', '.join(names)} {reason}" for reason, names in sorted(views.items())]
