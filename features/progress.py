"""Progress on stderr for long work; quiet where stderr is no terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Bar:
    """A progress bar as a context manager: `say` for steps without a number, `count` for those that have one."""

    def __init__(self) -> None:
        self.estimates = True
        """Whether the bar says itself what is left, by the number of steps; not where the words say better."""
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                SpinnerColumn,
                TextColumn,
                TimeRemainingColumn,
            )

            self._progress = Progress(
                SpinnerColumn(), TextColumn("{task.description}"),
                BarColumn(), MofNCompleteColumn(), *([TimeRemainingColumn()] if self.estimates else []),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._progress.start()
            self._task = self._progress.add_task("", total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def say(self, words: str) -> None:
        """Shows what is being done."""
        self.count(words, 0, 0)

    def count(self, words: str, done: int, of: int) -> None:
        """Shows what is being done and how far it is; `of` 0 where that is not known."""
        if self._progress is not None:
            self._progress.update(self._task, description=words, completed=done, total=of or None)
