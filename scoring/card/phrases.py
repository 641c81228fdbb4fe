"""How the card writes figures: shares in per cent, intervals, days; what is undefined says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def value_of(figure: Any) -> float | None:
    """A figure's value, whether it stands alone or with its interval."""
    value: float | None = figure["value"] if isinstance(figure, Mapping) else figure
    return value


def low_of(figure: Any) -> float | None:
    return figure.get("low") if isinstance(figure, Mapping) else None


def high_of(figure: Any) -> float | None:
    return figure.get("high") if isinstance(figure, Mapping) else None


def interval(figure: Any) -> str:
    return f"{percent(low_of(figure))} to {percent(high_of(figure))}" if low_of(figure) is not None else ""


def null_range(test: Mapping[str, Any]) -> str:
    low, high = test.get("null_low"), test.get("null_high")
    if low is None:
        return f"up to {number(high, 3)}" if high is not None else ""
    return f"{number(low, 3)} to {number(high, 3)}"


def percent(share: float | None) -> str:
    if share is None:
        return "unknown"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def percents(figure: Mapping[str, Any]) -> str:
    return f"{percent(figure['low'])} to {percent(figure['high'])}" if figure["low"] is not None else "unknown"


def span_of(figure: Mapping[str, Any], digits: int) -> str:
    return f"{figure['low']:.{digits}f} to {figure['high']:.{digits}f}" if figure["low"] is not None else "unknown"


def number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def of_100(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.02 else f"{100 * share:.1f}"


def day(moment: object) -> str:
    return str(moment)[:10]


def span(block: Mapping[str, Any]) -> str:
    return f"{day(block['first'])} to {day(block['last'])}" if block["first"] else "given up"


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) or not words else ".")


def metric(report: Mapping[str, Any], name: str) -> float | None:
    """The value of a figure of the test block; None where it is undefined."""
    found: Mapping[str, Any] | None = report["metrics"].get(name)
    return found["value"] if found else None


def plain(name: object) -> str:
    """A name of a column or a group as words."""
    return str(name).replace("_", " ")
