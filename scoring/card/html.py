"""Pieces of HTML: every text that comes from data passes `text`, so that none of it is markup."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any


def text(value: object) -> str:
    """A value as text of a page, with what HTML would read as markup escaped."""
    return escape(str(value), quote=True)


def paragraph(words: str, *, kind: str = "") -> str:
    """A paragraph; nothing for no words."""
    return f"<p{_class(kind)}>{text(words)}</p>" if words else ""


def bullets(items: Iterable[str]) -> str:
    """A list of sentences; nothing for none."""
    lines = "".join(f"<li>{text(item)}</li>" for item in items)
    return f"<ul>{lines}</ul>" if lines else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """A table; the columns at the positions `numbers` stand to the right. It scrolls sideways where it is too wide."""

    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{_class('number' if place in numbers else '')}>{text(cell)}</{tag}>"
            for place, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{cells(head, "th")}</tr></thead><tbody>{body}</tbody></table></div>'


def folded(summary: str, inside: str) -> str:
    """What opens when its summary is asked."""
    return f"<details><summary>{text(summary)}</summary>{inside}</details>" if inside else ""


def code(words: str) -> str:
    """Text as it stands, such as SQL."""
    return f"<pre>{text(words)}</pre>"


@dataclass(frozen=True)
class Tile:
    """One figure at the top of the page."""

    title: str
    figure: str
    words: str = ""


def tiles(given: Sequence[Tile]) -> str:
    """The figures at the top."""
    each = "".join(
        f'<div class="tile"><dt>{text(t.title)}</dt><dd><div class="figure">{text(t.figure)}</div>'
        f'<div class="small soft">{text(t.words)}</div></dd></div>'
        for t in given
    )
    return f'<dl class="tiles">{each}</dl>' if each else ""


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification with the words that stand below it, and that a screen reader says."""

    name: str
    spec: dict[str, Any]
    words: str


def chart(given: Chart) -> str:
    """The place of a chart and its specification; the page's script draws it."""
    spec = json.dumps(given.spec, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f'<div class="chart" id="{text(given.name)}" role="img" aria-label="{text(given.words)}"></div>'
        f'<script type="application/json" data-chart="{text(given.name)}">{spec}</script>'
        f'<p class="legend">{text(given.words)}</p>'
    )


def section(title: str, *parts: str) -> str:
    """A headed part of the page; nothing where it would be empty."""
    inside = "".join(parts)
    return f"<section><h2>{text(title)}</h2>{inside}</section>" if inside else ""


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
