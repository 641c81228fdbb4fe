"""The one error type that reaches a person, with its place and its way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Where an error stands: a file, and where known a line, a column (both from 1) and the line's text.

    `width` is the number of characters to underline from `column`.
    """

    file: str
    line: int | None = None
    column: int | None = None
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class LeadmartError(Exception):
    """What went wrong, where, and what to do; printed by one handler in `cli.py`.

    `code` is a stable word scripts may match (`unknown_column`); `exit_code` is 1 for a named error, 3 where quality
    said no. `others` holds further problems found at the same time, so that a person mends all of them at once.
    `path` is the chain of CTEs from a definition's final SELECT to what is refused.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        place: Place | None = None,
        hint: str = "",
        exit_code: int = 1,
        others: Sequence[LeadmartError] = (),
        path: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.place = place
        self.hint = hint
        self.exit_code = exit_code
        self.others = tuple(others)
        self.path = tuple(path)

    def add(self, words: str) -> None:
        """Adds to the message what only the caller knows."""
        self.message += words
        self.args = (self.message,)

    def render(self) -> str:
        """The error as a person reads it: message, place, the line underlined, hint; further problems below."""
        lines = [f"error: {self.message}"]
        if self.place:
            lines.append(f"  --> {self.place}")
            if self.place.text and self.place.line is not None:
                number = str(self.place.line)
                lines.append(f"   {number} | {self.place.text}")
                if self.place.column is not None:
                    # tabs stay tabs, so that the carets stand under what they mean
                    lead = "".join("\t" if c == "\t" else " " for c in self.place.text[: self.place.column - 1])
                    lines.append(f"   {' ' * len(number)} | {lead}{'^' * max(1, self.place.width)}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines + [other.render() for other in self.others])

    def as_json(self) -> dict[str, object]:
        """`{"code", "message", "place", "hint"}` as the command line promises them, and `others` if there are any."""
        document: dict[str, object] = {
            "code": self.code,
            "message": self.message,
            "place": str(self.place) if self.place else None,
            "hint": self.hint or None,
        }
        if self.others:
            document["others"] = [other.as_json() for other in self.others]
        return document


def read_text(path: Path) -> str:
    """A text that a person wrote, without byte order mark. Raises LeadmartError `unreadable`, `not_utf8` with line."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LeadmartError(
            f"{path.name} cannot be read: {error.strerror}", code="unreadable", place=Place(str(path))
        ) from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LeadmartError(
            f"{path.name} is in UTF-16, not in UTF-8",
            code="not_utf8",
            place=Place(str(path), 1),
            hint="save it in UTF-8; `iconv -f UTF-16 -t UTF-8` makes it so",
        )
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise LeadmartError(
            f"{path.name} is not in UTF-8",
            code="not_utf8",
            place=Place(str(path), content[: error.start].count(b"\n") + 1),
            hint="save it in UTF-8; `iconv -f WINDOWS-1252 -t UTF-8` makes it so",
        ) from None


def first_line(error: object) -> str:
    """The first line with words in what an engine says of an error; the rest repeats the statement."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def near_names(name: str, known: Iterable[str]) -> str:
    """The known names closest to `name`, as `did you mean a or b?`; empty where nothing is close."""
    close = difflib.get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else ""


def each_of(error: LeadmartError) -> list[LeadmartError]:
    """An error and the others that it carries, each by itself."""
    alone = LeadmartError(
        error.message, code=error.code, place=error.place, hint=error.hint, exit_code=error.exit_code, path=error.path
    )
    return [alone, *(each for other in error.others for each in each_of(other))]


def all_as_one(problems: Sequence[LeadmartError]) -> LeadmartError:
    """One error that carries all problems; the first leads. Raises ValueError on an empty sequence."""
    if not problems:
        raise ValueError("no problems to raise")
    first, *rest = problems
    return LeadmartError(
        first.message,
        code=first.code,
        place=first.place,
        hint=first.hint,
        exit_code=max(p.exit_code for p in problems),
        others=[*first.others, *rest],
    )
