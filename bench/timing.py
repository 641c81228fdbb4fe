"""Seconds and peak memory of whole processes, and two sides measured in alternation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launch.py")


class FailedError(Exception):
    """A measured command, or one that prepares for it, that did not end well; its last words."""


@dataclass(frozen=True)
class Command:
    """A command as a person types it."""

    words: tuple[str, ...]
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """What one measurement took: by the clock, of all processors, and the largest process's peak memory in bytes."""

    seconds: float
    cpu: float = 0.0
    memory: int = 0


@dataclass(frozen=True)
class Side:
    """One of two things that are compared. `reset` brings its state back, and is not measured."""

    name: str
    run: Callable[[], Cost]
    reset: Callable[[], None] = lambda: None


def time_commands(commands: Sequence[Command]) -> Cost:
    """The commands one after the other, each as a whole process. Raises FailedError with the last lines it printed."""
    costs = [time_command(command)[0] for command in commands]
    return Cost(sum(c.seconds for c in costs), sum(c.cpu for c in costs), max(c.memory for c in costs))


def time_command(command: Command) -> tuple[Cost, str]:
    """What a whole process took, from its start to its end, and what it wrote to stdout."""
    with tempfile.TemporaryDirectory(prefix="leadmart-bench-") as folder:
        report = Path(folder, "report.json")
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(report), *command.words],
            cwd=command.folder,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        if done.returncode:
            last = "\n".join((out + err).strip().splitlines()[-15:])
            raise FailedError(f"{' '.join(command.words)[:300]}\nended with {done.returncode}:\n{last}")
        return Cost(**json.loads(report.read_text())), out


def run(*words: object, folder: Path | None = None, **environment: str) -> str:
    """A command that prepares something: its stdout. Raises FailedError."""
    return time_command(Command(tuple(map(str, words)), folder, environment))[1]


def alternate(sides: Sequence[Side], repetitions: int, *, warm_up: bool = True) -> list[list[Cost]]:
    """The costs of each side, measured in turn: A B A B …; with one round before that which does not count."""
    costs: list[list[Cost]] = [[] for _ in sides]
    for number in range(-1 if warm_up else 0, repetitions):
        for side, found in zip(sides, costs, strict=True):
            side.reset()
            cost = side.run()
            if number >= 0:
                found.append(cost)
    return costs
