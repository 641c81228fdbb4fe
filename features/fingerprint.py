"""Identity of a text: a hash of its tokens, so that layout and comments never count and every word does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from leadmart.features.definition import Definition

MEANT_IN_HEADER = ("entity", "key", "assumed", "joins", "changes-of", "horizon", "subset-of")
"""Header keys that change rows; the rest (owner, pii, …) is talk."""


def digest(*parts: object) -> str:
    """Sixteen hex digits over the parts' JSON: enough to name things, short enough to read."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


Stamp = tuple[int, int, int, int]
"""A file's inode, size, and when it and what is said of it were last written: what changes with the file."""


def file_stamp(path: Path) -> Stamp | None:
    """What tells cheaply that a file was written, put in another's place or taken away (then None) since."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def token_hash(definition: Definition) -> str:
    """The hash of a definition's tokens and of the header lines that change its rows.

    Case of unquoted words, white space and comments do not count; string and quoted-name tokens count to the letter.
    """
    from sqlglot.tokenizer_core import TokenType

    words: list[str] = []
    for token in definition.tokens:
        if token.token_type is TokenType.SEMICOLON:
            continue
        written = definition.text[token.start : token.end + 1]
        words.append(written.lower() if written.isidentifier() else written)
    header = {key: definition.header[key] for key in MEANT_IN_HEADER if key in definition.header}
    return digest(words, header)
