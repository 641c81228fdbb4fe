"""What a call of the benchmark was asked for, and the words every comparison needs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.machine import REPOSITORY
from bench.record import Result
from bench.timing import Command

THREADS = 2
"""What both sides may use; on a machine with more cores the rest stays idle."""


@dataclass(frozen=True)
class Setting:
    """Where prepared data stand, which sizes are measured, and how often."""

    data: Path
    events: tuple[int, ...] = (1_000_000,)
    pairs: tuple[int, ...] = (200_000,)
    rows: int = 1_000_000
    leads: int = 10_000
    sizes: tuple[int, ...] = (1_000_000,)
    repetitions: int = 5
    projects: tuple[Path, ...] = ()

    def leadmart(self, *words: object, project: Path) -> Command:
        """A leadmart command on a project, as a person types it."""
        return Command((str(Path(sys.executable).parent / "leadmart"), *map(str, words), "--project", str(project)))

    def module(self, name: str, *words: object) -> Command:
        """A module of this folder as a process of its own, `inside` for what no command does alone."""
        return Command((sys.executable, "-m", f"bench.{name}", *map(str, words)), REPOSITORY)


@dataclass(frozen=True)
class Case:
    """One comparison at one size, not yet measured."""

    comparison: str
    name: str
    size: int
    measure: Callable[[], Result]

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.comparison, self.name, self.size)
