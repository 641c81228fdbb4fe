"""The verdict as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping

from leadmart.features.equivalence.sample import Sample
from leadmart.features.equivalence.verdict import Change


def diff_text(verdict: Mapping[str, Change], sample: Sample | None) -> str:
    """One line a column, and what the sample showed."""
    width = max((len(name) for name in verdict), default=0)
    differing = (sample.differing if sample else None) or {}
    lines = []
    for name, change in verdict.items():
        seen = f"; {differing[name]:,} of {sample.rows:,} rows differ" if sample and differing.get(name) else ""
        lines.append(f"{change.kind:<8} {name:<{width}}  {change.why}{seen}")
    kinds = [change.kind for change in verdict.values()]
    counts = ", ".join(f"{kinds.count(k)} {k}" for k in ("same", "changed", "added", "removed") if kinds.count(k))
    lines += ["", counts or "no columns"]
    if sample is None:
        return "\n".join(lines)
    if sample.differing is None:
        return "\n".join([*lines, f"not run on the project's rows: {sample.why_not}"])
    lines.append(f"both were run at {sample.as_of:%Y-%m-%d %H:%M}: {sample.rows:,} rows")
    lines += [
        f"the rows disagree: {name} was said to be the same and differs in {differing[name]:,} rows; take it as changed"
        for name in sample.disagreements(verdict)
    ]
    return "\n".join(lines)
