"""What the machine refuses (room, rights, memory) or has broken, named, whichever library was told of it."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from leadmart.features.errors import LeadmartError, first_line

_SAID = (
    ("disk_full", (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), r"no space left|disk quota|file too large"),
    ("not_writable", (errno.EROFS, errno.EACCES, errno.EPERM), r"read-only file system|permission denied"),
    ("out_of_memory", (errno.ENOMEM,), r"^out of memory error|cannot allocate memory"),
    ("catalogue_unreadable", (), r"could not read enough bytes from file \"[^\"]*/published/leadmart\.duckdb\""),
    ("warehouse_unreadable", (), r"could not read enough bytes from file \"[^\"]*\.duckdb\"|^corrupt database file"),
)
_WORDS = {
    "disk_full": (
        "there is no room left on the disk",
        "make room and do it again: what was published stays, nothing of this is listed",
    ),
    "not_writable": ("the folder may not be written to", "nothing was changed; whose folder is it?"),
    "out_of_memory": (
        "there is not enough memory",
        "raise `memory_limit` below [engine] in leadmart.toml; what was published stays",
    ),
    "catalogue_unreadable": (
        "the catalogue cannot be read to its end",
        "`leadmart doctor --fix` makes it anew, and so does the next `leadmart run`",
    ),
    "warehouse_unreadable": (
        "a DuckDB file of the warehouse cannot be read to its end",
        "`leadmart doctor` says what is wrong; the store warehouse/leadmart.duckdb comes back from a backup",
    ),
}


def failure(error: BaseException) -> LeadmartError | None:
    """The named error for what the machine refused: `disk_full`, `not_writable`, `out_of_memory`; None for others.

    A DuckDB file that cannot be read to its end is `warehouse_unreadable`, or `catalogue_unreadable`.
    """
    if isinstance(error, LeadmartError):
        return None
    number = error.errno if isinstance(error, OSError) else None
    of_engine = type(error).__module__.endswith("duckdb")
    for code, numbers, pattern in _SAID:
        if number in numbers or (of_engine and re.search(pattern, str(error), re.IGNORECASE)):
            words, hint = _WORDS[code]
            said = _said(error)
            told = re.search(r'"([^"]+)"', said)
            place = error.filename if isinstance(error, OSError) else told[1] if told else None
            return LeadmartError(f"{words}: {place or first_line(said)}", code=code, hint=hint)
    if isinstance(error, MemoryError):
        words, hint = _WORDS["out_of_memory"]
        return LeadmartError(words, code="out_of_memory", hint=hint)
    return None


def _said(error: BaseException) -> str:
    """What a library says of an error; DuckDB says it in JSON where it fails while it ends another one."""
    text = str(error)
    with suppress(ValueError, AttributeError):
        return str(json.loads(text).get("exception_message", text))
    return text


@contextmanager
def failures_named() -> Iterator[None]:
    """Raises the named error in place of what a library says where the machine refused."""
    try:
        yield
    except Exception as error:
        if named := failure(error):
            raise named from error
        raise
