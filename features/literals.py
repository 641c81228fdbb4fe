"""Texts and paths as SQL writes them."""

from __future__ import annotations

import re
from pathlib import Path


def quoted(text: object) -> str:
    """A text or a path as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """A column's or table's name as SQL writes it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def quoted_file(path: Path) -> str:
    """One file's path as an SQL literal for DuckDB's readers, which take `[`, `*` and `?` for patterns."""
    return quoted(without_wildcards(path))


def without_wildcards(path: Path) -> str:
    """The path with `[`, `*` and `?` written so that DuckDB's readers take them for themselves."""
    return re.sub(r"[\[*?]", lambda found: f"[{found[0]}]", str(path))
