"""docs/benchmarks.md from its text, `page.md`, and the results: a table for each comparison, growth, the machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.figures import Spread, exponent, ratio, spread
from bench.machine import REPOSITORY
from bench.record import Result, Target

PAGE = REPOSITORY / "docs" / "benchmarks.md"
TEXT = Path(__file__).with_name("page.md")
_HEAD = ("what", "size", "runs", "leadmart, s", "rival, s", "ratio", "target", "cpu, s", "memory, MB", "rows of both")
_NOTHING = "Nothing is measured yet."


def write_page(results: Sequence[Result], page: Path = PAGE) -> None:
    """Writes the page; a comparison without results says so."""
    page.write_text(page_text(TEXT.read_text(encoding="utf-8"), results), encoding="utf-8")


def page_text(text: str, results: Sequence[Result]) -> str:
    """The page's text with each line `<!-- table: NAME -->` and `<!-- machine -->` followed by what belongs there."""
    lines = []
    for line in text.splitlines():
        lines.append(line)
        words = line.removeprefix("<!-- ").removesuffix(" -->")
        if line.startswith("<!-- table: "):
            name = words.removeprefix("table: ")
            lines += ["", *table([r for r in results if r.comparison == name])]
        elif line == "<!-- machine -->":
            lines += ["", *_machines(results)]
    return "\n".join(lines) + "\n"


def table(results: Sequence[Result]) -> list[str]:
    """Markdown lines: one row a result, then growth over sizes, and what was said of single rows."""
    if not results:
        return [_NOTHING]
    order: dict[str, None] = dict.fromkeys(r.case for r in results)
    ordered = sorted(results, key=lambda r: (list(order).index(r.case), r.size))
    lines = [_row(_HEAD), _row(["---"] * len(_HEAD))]
    lines += [_row(_cells(each)) for each in ordered]
    lines += _growth(ordered)
    notes = [f"- {r.case}, {size_words(r)}: {r.note}." for r in ordered if r.note]
    return [*lines, *(["", *notes] if notes else [])]


def line_of(result: Result) -> str:
    """A result in one line, for who waits before the screen."""
    return "; ".join(f"{head} {cell}" for head, cell in zip(_HEAD[2:], _cells(result)[2:], strict=True) if cell)


def size_words(result: Result) -> str:
    return f"{result.size:,} {result.unit}"


def met(result: Result) -> str:
    """The target and whether it is met; empty where none was set."""
    return "; ".join(_met(result.target, result))


def _met(target: Target, result: Result) -> list[str]:
    found = []
    if target.ratio is not None:
        if result.rival_seconds:
            reached = ratio(result.seconds, result.rival_seconds).middle <= target.ratio
            found.append(f"≤ {target.ratio:g}: {'met' if reached else 'missed'}")
        else:
            found.append(f"≤ {target.ratio:g}: not measured")
    if target.seconds is not None:
        reached = spread(result.seconds).middle <= target.seconds
        found.append(f"≤ {target.seconds:g} s: {'met' if reached else 'missed'}")
    return found


def _cells(result: Result) -> list[str]:
    rival, compared = result.not_measured and f"not measured: {result.not_measured}", ""
    if result.rival_seconds:
        rival = _spread(spread(result.rival_seconds))
        compared = _spread(ratio(result.seconds, result.rival_seconds))
    memory = " / ".join(f"{m / 1e6:,.0f}" for m in (result.memory, result.rival_memory) if m)
    cpu = " / ".join(_number(spread(side).middle) for side in (result.cpu, result.rival_cpu) if side and any(side))
    return [
        result.case, size_words(result), str(len(result.seconds)), _spread(spread(result.seconds)), rival, compared,
        met(result), cpu, memory, result.equal,
    ]  # fmt: skip


def _spread(found: Spread) -> str:
    return f"**{_number(found.middle)}** ({_number(found.low)} to {_number(found.high)})"


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _growth(results: Sequence[Result]) -> list[str]:
    """The exponent of each case that has several sizes, for both sides."""
    found = []
    for case in dict.fromkeys(r.case for r in results):
        same = [r for r in results if r.case == case]
        ours = exponent([(r.size, spread(r.seconds).middle) for r in same])
        theirs = exponent([(r.size, spread(r.rival_seconds).middle) for r in same if r.rival_seconds])
        if ours is not None:
            rival = "" if theirs is None else f", the rival's with size^{theirs:.2f}"
            sizes = " and ".join(filter(None, (", ".join(f"{r.size:,}" for r in same[:-1]), f"{same[-1].size:,}")))
            found.append(f"- {case}: leadmart's seconds grow with size^{ours:.2f}{rival}, over {sizes}.")
    return ["", "Growth (1 is proportional):", "", *found] if found else []


def _machines(results: Sequence[Result]) -> list[str]:
    """What was measured when and on what, each machine once."""
    lines = []
    for machine in {tuple(r.machine.items()): None for r in results}:
        here = [r for r in results if tuple(r.machine.items()) == machine]
        lines += [f"- {name}: {words}" for name, words in machine]
        loads = dict.fromkeys(r.load.partition(" (")[0] for r in here)
        days = sorted({r.at[:10] for r in here})
        commits = ", ".join(dict.fromkeys(r.commit for r in here if r.commit))
        lines += [
            f"- measured: {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else ""),
            f"- load while measuring: {' and '.join(loads)}",
            *([f"- commit: {commits}"] if commits else []),
            "",
        ]
    return lines[:-1] if lines else [_NOTHING]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
