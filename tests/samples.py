"""How much of a set that is all alike `make test` tries; `make test-all` tries every one (`LEADMART_TESTS=all`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
IS_ALL = os.environ.get("LEADMART_TESTS") == "all"


def first(few: int, every: Sequence[T]) -> Sequence[T]:
    """The first few of a sequence, always the same; all of it in `make test-all`."""
    return every if IS_ALL else every[:few]
