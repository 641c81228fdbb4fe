"""What the doctor finds: a fault, and where there is one the remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from leadmart.features.warehouse import Warehouse

Remedy = Callable[[Warehouse], None]
"""Mends a fault in a session that may write the store."""


@dataclass(frozen=True)
class Finding:
    """One fault. `fix` says what `--fix` does, or, where `remedy` is None, what a person has to do.

    `files` names what it is about, below the warehouse.
    """

    code: str
    what: str
    fix: str
    remedy: Remedy | None = None
    files: tuple[str, ...] = ()
    is_fixed: bool = False

    def as_json(self) -> dict[str, Any]:
        """The finding as `doctor --json` lists it."""
        return {
            "code": self.code,
            "what": self.what,
            "fix": self.fix,
            "can_fix": self.remedy is not None,
            "fixed": self.is_fixed,
            "files": list(self.files),
        }

    def refused(self, why: str) -> Finding:
        """The finding where its remedy is refused, for a reason that a person has to mend first."""
        return replace(self, fix=f"publishing is refused until this is mended: {why}", remedy=None)

    @property
    def is_same_as(self) -> tuple[str, tuple[str, ...]]:
        """What two findings share that are of one fault."""
        return self.code, self.files
