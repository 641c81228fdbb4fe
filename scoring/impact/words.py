"""The impact of pending changes as people read it, on stdout and in a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadmart.features.words import are
from leadmart.scoring.impact.shift import shift_words

Document = Mapping[str, Any]

_PART_WORDS = {
    "rank": "rank", "rules_score": "points", "boost": "recency", "cap": "cap", "w": "weight of the model",
    "hot_from": "hot from", "warm_from": "warm from",
}  # fmt: skip
_MOST_VALUES = 4


def impact_text(found: Document | None) -> list[str]:
    """The impact in some lines; none where it was not asked for."""
    if found is None:
        return []
    if found["reason"]:
        return [f"impact: {found['reason']}"]
    lines = [_head(found)]
    lines += [f"  {words}" for words in _figures(found)]
    lines += [f"    {each['leads']:>7,} {_tier(each['before'])} to {_tier(each['after'])}" for each in found["tiers"]]
    lines += [f"  {words}" for words in map(_column, found["columns"])]
    for each in found["movers"]:
        why = f": {'; '.join(_moved(each))}" if _moved(each) else ""
        lines.append(f"  {each['lead_id']:<14} {_scores(each)}{why}")
        lines += [f"    {words}" for words in _reasons(each)]
    return lines + [f"  {note}" for note in found["notes"]]


def impact_markdown(found: Document | None) -> list[str]:
    """The impact as a section of a comment; none where it was not asked for."""
    if found is None:
        return []
    lines = ["", "**Impact**", ""]
    if found["reason"]:
        return [*lines, f"{found['reason'][:1].upper()}{found['reason'][1:]}."]
    head = _head(found)
    lines += [f"{head[:1].upper()}{head[1:]}.", "", *(f"- {words}" for words in _figures(found))]
    tiers = [(_tier(each["before"]), _tier(each["after"]), f"{each['leads']:,}") for each in found["tiers"]]
    columns = [
        (each["view"], each["column"], each["class"], _differing(each), _shift(each)) for each in found["columns"]
    ]
    movers = [
        (each["lead_id"], _scores(each), "; ".join(_moved(each)), "; ".join(_reasons(each))) for each in found["movers"]
    ]
    for part in (
        table(("from", "to", "leads"), tiers),
        table(("view", "column", "values", "rows that differ", "shift"), columns),
        table(("lead", "score", "moved by", "reasons"), movers),
    ):
        lines += ["", *part] if part else []
    return lines + (["", *(f"- {note}" for note in found["notes"])] if found["notes"] else [])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table of GitHub's Markdown; nothing where there are no rows."""
    listed = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *listed] if listed else []


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _head(found: Document) -> str:
    drafts = ", ".join(f"{each['view']} for {each['for']}" for each in found["standing_in"])
    at = found["as_of"].replace("T", " ")[:16]
    return f"impact on {are(found['leads'], 'lead', 'leads')} at {at}{f' with {drafts}' if drafts else ''}"


def _figures(found: Document) -> list[str]:
    share = found["changed_tier"] / found["leads"] if found["leads"] else 0.0
    changed = f"{are(found['changed_tier'], 'lead changes', 'leads change')} tier ({share:.1%})"
    correlation, mean = found["rank_correlation"], found["mean"]
    lines = [f"{changed}, {are(found['moved'], 'score moves', 'scores move')}"]
    if mean["before"] is not None:
        ranks = f"rank correlation {correlation:.3f}" if correlation is not None else "rank correlation unknown"
        lines.append(
            f"score {mean['before']:.1f} to {mean['after']:.1f} on average, {shift_words(found['psi'])}, {ranks}"
        )
    limits = [f"{_PART_WORDS[name]} {_value(a)}, now {_value(b)}" for name, (a, b) in found["limits"].items()]
    return [*lines, *limits]


def _column(each: Document) -> str:
    figures = f": {_differing(each)}, {_shift(each)}" if each["class"] == "changed" else ""
    return f"{each['view']}.{each['column']} {each['class']}{figures}"


def _shift(each: Document) -> str:
    return shift_words(each["psi"]) if each["psi"] is not None else ""


def _differing(each: Document) -> str:
    return f"{each['differing']:,} of {each['rows']:,} differ" if each["rows"] is not None else ""


def _tier(name: str | None) -> str:
    return name or "not scored"


def _scores(each: Document) -> str:
    old, new = _tier(each["tier_before"]), _tier(each["tier_after"])
    tiers = f"{new} as before" if old == new else f"{old} to {new}"
    score = (
        f"{each['after']:.1f}" if each["before"] == each["after"] else f"{each['before']:.1f} to {each['after']:.1f}"
    )
    return f"{score}, {tiers}"


def _moved(each: Document) -> list[str]:
    """What of the score moved, then which values of the lead did."""
    parts = [f"{_PART_WORDS[name]} {_value(a)} to {_value(b)}" for name, (a, b) in each["parts"].items()]
    values = [f"{name} {_value(a)} to {_value(b)}" for name, (a, b) in each["values"].items()]
    more = len(values) - _MOST_VALUES
    return [*parts, *values[:_MOST_VALUES], *([f"{are(more, 'more value', 'more values')}"] if more > 0 else [])]


def _reasons(each: Document) -> list[str]:
    """What is said of the lead now and was not, and what is no longer said; all that is said where the old reasons
    were not stored.
    """
    before, after = each["reasons_before"], each["reasons_after"] or []
    if before is None:
        return [f"reasons: {'; '.join(after)}"] if after else []
    now = [words for words in after if words not in before]
    gone = [words for words in before if words not in after]
    return [*([f"now: {'; '.join(now)}"] if now else []), *([f"no longer: {'; '.join(gone)}"] if gone else [])]


def _value(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
