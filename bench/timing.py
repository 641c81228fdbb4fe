"""Seconds and peak memory of whole processes, and two sides measured in alternation."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


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
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command.words,
            cwd=command.folder,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    if process.returncode:
        last = "\n".join((texts[0] + texts[1]).strip().splitlines()[-15:])
        raise FailedError(f"{' '.join(command.words)[:300]}\nended with {process.returncode}:\n{last}")
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024), texts[0]


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
