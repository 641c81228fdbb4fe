"""Which way a view goes over many as_of, and why."""

from __future__ import annotations

from dataclasses import dataclass

from leadmart.features.definition import Definition
from leadmart.features.onepass.shape import Shape, shape_of
from leadmart.features.onepass.words import RefusedError

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
        return Way(ONE_PASS, "one source, counted by its two clocks", shape_of(definition))
    except RefusedError as refused:
        return Way(AS_WRITTEN, str(refused))
