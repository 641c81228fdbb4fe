"""What a command tells on stderr: warnings and a bar on a terminal, or with `--log-format` one line for each step.

A process runs one command, so it has one log. `cli.main` opens it before anything is parsed: usage errors and commands
without the option keep to the format as well.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from leadmart.features.errors import LeadmartError
from leadmart.features.progress import Bar

if TYPE_CHECKING:
    from types import TracebackType

OPTION = "--log-format"
VARIABLE = "LEADMART_LOG_FORMAT"
FORMATS = ("text", "json")

# The value is read by `named_format`, from the same words; here it is refused and explained.
LogFormat = Annotated[
    Literal["text", "json"] | None,
    typer.Option(OPTION, envvar=VARIABLE, help="Tell each step on stderr, one line each, with the run's id."),
]


@dataclass
class Log:
    """stderr of one command, as a context manager around its work; `say` and `count` tell a step.

    With `format` None there is a bar, and nothing but warnings where stderr is no terminal. `run_id` names the run in
    every line from the moment it is set.
    """

    format: str | None = None
    command: str | None = None
    run_id: str | None = None
    is_begun: bool = False
    started: float = field(default_factory=time.perf_counter)
    _bar: Bar = field(default_factory=Bar)

    def __enter__(self) -> Log:
        if self.format:
            self.is_begun = True
            self.line("info", "begins")
        else:
            self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.format:
            self._bar.__exit__(kind, error, trace)

    def estimates(self, by_itself: bool) -> None:
        """Whether the bar says what is left by the number of steps."""
        self._bar.estimates = by_itself

    def say(self, words: str) -> None:
        """Tells what is being done."""
        self.count(words, 0, 0)

    def count(self, words: str, done: int, of: int) -> None:
        """Tells what is being done and how far it is; `of` 0 where that is not known."""
        if words.startswith("warning: "):
            self.warn(words.removeprefix("warning: "))
        elif self.format:
            self.line("info", words, **({"done": done, "of": of} if of else {}))
        else:
            self._bar.count(words, done, of)

    def note(self, words: str) -> None:
        """Tells what a person is to read also where there is no bar."""
        if self.format:
            self.line("info", words)
        else:
            typer.echo(words, err=True)

    def warn(self, words: str) -> None:
        """Tells of something that does not stop the work."""
        if self.format:
            self.line("warning", words)
        else:
            typer.echo(f"warning: {words}", err=True)

    def fail(self, error: LeadmartError) -> None:
        """Tells a named error, and each further one found with it."""
        if self.format is None:
            typer.echo(error.render(), err=True)
            return
        for each in (error, *error.others):
            found = each.as_json()
            self.line("error", each.message, code=each.code, place=found["place"], hint=found["hint"])

    def end(self, code: int) -> None:
        """The last line of work that was begun: the exit code and the seconds."""
        if self.format and self.is_begun:
            seconds = round(time.perf_counter() - self.started, 3)
            level = "info" if code == 0 else "error"
            self.line(level, f"ends with exit code {code}", exit_code=code, seconds=seconds)

    def line(self, level: str, message: str, **more: Any) -> None:
        """One line: `at`, `level`, `run_id`, `command`, `message`, and what else is given."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = {"at": at, "level": level, "run_id": self.run_id, "command": self.command, "message": message}
        if self.format == "json":
            text = json.dumps(head | more, default=str)
        else:
            rest = " ".join(f"{name}={_worded(value)}" for name, value in more.items() if value is not None)
            words = " ".join(f"{message} {rest}".split())
            text = f"{at} {level:<7} {self.run_id or '-'} {self.command or '-'}: {words}"
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def hearing_others(self) -> Iterator[None]:
        """Takes in what libraries warn of, by `warnings` or by `logging`; without a format they are left alone."""
        if self.format is None:
            yield
            return
        import logging
        import warnings

        log = self

        class Hearer(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                log.line("warning" if record.levelno < logging.ERROR else "error", record.getMessage(), by=record.name)

        def hear(
            message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object, **__: object
        ) -> None:
            log.line("warning", f"{category.__name__}: {message}", by=f"{filename}:{lineno}")

        hearer = Hearer(logging.WARNING)
        logging.getLogger().addHandler(hearer)
        before, warnings.showwarning = warnings.showwarning, hear
        try:
            yield
        finally:
            warnings.showwarning = before
            logging.getLogger().removeHandler(hearer)


def _worded(value: object) -> str:
    """A value in a line of text, in quotes where its end could not be seen."""
    text = str(value)
    return text if text and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)


_log = Log()


def open_log(words: Sequence[str], environment: Mapping[str, str]) -> Log:
    """The log of the command that these words are, from now on the one of the process."""
    global _log
    _log = Log(named_format(words, environment), next((word for word in words if not word.startswith("-")), None))
    return _log


def current_log() -> Log:
    """The log of the command that is running."""
    return _log


def named_format(words: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """The format that the words name, else the environment; None for neither, and for a word that is no format."""
    named = environment.get(VARIABLE, "")
    for place, word in enumerate(words):
        if word == "--":
            break
        if word == OPTION:
            named = "".join(words[place + 1 : place + 2])
        elif word.startswith(f"{OPTION}="):
            named = word.partition("=")[2]
    return named if named in FORMATS else None
