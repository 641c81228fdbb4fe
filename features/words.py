"""How numbers, sizes and lists of names are written for people."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 3


def named(files: Sequence[str]) -> str:
    """The first few of some names, and how many more there are."""
    more = f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    return ", ".join(files[:_SHOWN]) + more


def are(number: int, one: str, many: str) -> str:
    """`1 slice has`, `2,000 slices have`."""
    return f"1 {one}" if number == 1 else f"{number:,} {many}"


def size_text(count: int) -> str:
    """`512 B`, `3.1 kB`, `12.4 MB`, `1.2 GB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{count:,} B" if unit == "B" else f"{size:,.1f} {unit}"


def span_words(seconds: float) -> str:
    """A span of time as people say it: `48 s`, `4 min`, `1 h 20 min`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
