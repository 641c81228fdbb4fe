"""What people read of one lead: its assessment, gates first, down to the values behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadmart.features.gate_rule import says_the_same
from leadmart.scoring.assessment import SECTIONS
from leadmart.scoring.fit.told import fit_text
from leadmart.scoring.report import cell

Document = Mapping[str, Any]

_DISQUALIFIER = "disqualifier"
"""The reason group of what blocks speak of: where one fires, it counts more than all that is counted."""

_MOST_WORDS = 3  # of a group that counts, and one of a group that does not; all stand among the values


def assessment_text(found: Document) -> str:
    """One lead's score: gates first, then the parts that make the composite, the reasons for and against, the
    assessment by headings, what would change the tier, and the values behind it all.
    """
    lines = [
        f"lead {found['lead_id']} at {found['as_of']}: {found['qualification_status']}, tier {found['tier']}, score "
        f"{found['composite']:.1f}",
        *_shown_on(found["shown_on"]),
        "",
        *_parts(found),
        "",
        f"  reasons ({found['reasons_from']})",
        *(_numbered(found["reasons"]) or ["    none"]),
    ]
    if found["against"]:
        lines += ["", "  against", *_numbered(found["against"])]
    for section in SECTIONS:
        if told := _section([entry for entry in found["sections"][section] if not _is_told(entry, found["gates"])]):
            lines += ["", f"  {section}", *told]
    lines += fit_text(found["fit"])
    if found["tier_changes"]:
        lines += ["", "  what would change the tier"]
        lines += [f"    {change['words']}" for change in found["tier_changes"]]
    for note in found["notes"]:
        lines += ["", f"  {note}"]
    if found["values"]:
        lines += ["", "  values"]
        lines += [f"    {name:<32}{cell(v['value']):>14}   {v['means']}" for name, v in found["values"].items()]
    versions = ", ".join(f"{name.removesuffix('_version')} {version}" for name, version in found["versions"].items())
    return "\n".join([*lines, "", f"  {versions}; run {found['run_id']}"])


def _shown_on(told: Document | None) -> list[str]:
    if told is None:
        return []
    since = f", since {told['shown_at'][:16].replace('T', ' ')}" if told["shown_at"] else ""
    return [f"  as shown on {told['day']}{since}; the champion was then {told['champion']}"]


def _parts(found: Document) -> list[str]:
    parts = found["parts"]
    lines: list[str] = []
    fired: list[str] = []
    for gate in found["gates"]:
        if not any(says_the_same(gate["reason"], reason) for reason in fired):
            fired.append(gate["reason"])
            lines.append(f"  gate     {gate['reason']} ({gate['severity']})")
    if said := found["override"]:
        until = f" until {said['until']}" if said["until"] else ""
        why = f": {said['reason']}" if said["reason"] else ""
        lines.append(
            f"  override {said['tier']}{until}, by {said['by'] or 'somebody'} on {said['at'][:10]}{why}; without it "
            f"the tier were {said['machine_tier']}"
        )
    if parts["p_cal"] is not None:
        span = f" ({parts['p_low']:.3f} to {parts['p_high']:.3f})" if parts["p_low"] is not None else ""
        above = f"above {_floored(100 * parts['rank'])} % of the leads it was learned on"
        lines.append(f"  chance   {parts['p_cal']:.3f}{span}, {above}")
    lines.append(f"  points   {parts['rules_score']:.0f} of 100 by the scorecard")
    rank = f"100 x {parts['w']:.2f} x {parts['rank']:.3f} + " if parts["rank"] is not None else ""
    capped = f", capped at {parts['cap']:.0f} ({found['cap_reason']})" if found["cap_reason"] else ""
    lines.append(
        f"  score    {rank}{1 - parts['w']:.2f} x {parts['rules_score']:.0f} + {parts['boost']:.1f} for "
        f"recency{capped} = {parts['composite']:.1f}"
    )
    data = found["data"]
    if data["grade"] is not None:
        lines.append(f"  data     grade {data['grade']}{_known(data)}")
    if found["sections"]["action"]:
        lines.append(f"  action   {found['sections']['action']}")
    return lines


def _known(data: Document) -> str:
    """What the grade was given for, where the input row is still there to tell."""
    if data["known"] is None:
        return ""
    lacks = [f"the history of {', '.join(data['unreached'])} does not reach"] if data["unreached"] else []
    lacks += [] if data["model"] else ["no model took part"]
    return f": {data['known']} of {data['of']} features known{''.join(f'; {each}' for each in lacks)}"


def _is_told(entry: Document, gates: Sequence[Document]) -> bool:
    """Whether a group that does not count was the word of a block, which stands above."""
    return (
        entry["group"] == _DISQUALIFIER
        and not entry["contribution"]
        and any(gate["severity"] == "block" for gate in gates)
    )


def _section(entries: Sequence[Document]) -> list[str]:
    """The groups that moved the score, in words; where none did, those that are known."""
    moved = [entry for entry in entries if entry["contribution"]]
    lines = []
    for entry in moved:
        worth = f"{entry['contribution']:+.2f}" if entry["unit"] == "log odds" else f"{entry['contribution']:+.0f}"
        lines.append(f"    {worth:>6} {entry['unit']}   {'; '.join(entry['words'][:_MOST_WORDS]) or entry['group']}")
    # several groups of one source that says nothing say so in the same words
    quiet = dict.fromkeys(entry["words"][0] for entry in entries if not entry["contribution"] and entry["words"])
    return lines + ([f"    not counted: {'; '.join(quiet)}"] if quiet else [])


def _numbered(reasons: Sequence[Document]) -> list[str]:
    return [f"    {number}. {reason['words']}" for number, reason in enumerate(reasons, 1)]


def _floored(percent: float) -> str:
    """Without decimals, or with one where all of them would be said: `99.9` for .9994."""
    return f"{percent:.0f}" if percent < 99.5 else f"{int(percent * 10) / 10:g}"
