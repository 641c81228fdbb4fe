"""What people read of a model's life: decisions, comparisons, jumps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def decision_text(document: Mapping[str, Any], refused: str = "not promoted") -> list[str]:
    """The section `promotion` of a report: one line for what was decided, one for each rule."""
    found = document.get("promotion")
    if not found:
        return []
    lines = [f"  {'promoted' if found['promoted'] else refused}: {found['why']}"]
    for rule in found["rules"] if len(found["rules"]) > 1 else ():
        lines.append(f"    {'held  ' if rule['passed'] else 'failed'}  {rule['name']:<14} {rule['words']}")
    rows = (found["comparison"] or {}).get("rows")
    if rows:
        gap = found["comparison"]["differences"]["lift_top_decile"]
        lift = f"; lift of the top tenth {gap['a']:.2f} against {gap['b']:.2f}, no rule" if gap["a"] is not None else ""
        lines.append(
            f"    compared with {found['champion']} on {rows['rows']:,} landmarks that neither has seen, "
            f"{rows['first'][:10]} to {rows['last'][:10]}{lift}"
        )
    return lines


def jump_text(found: Mapping[str, Any] | None) -> list[str]:
    """The jump in some lines: correlation, tiers, and who moves most with the reasons of the new score."""
    if not found:
        return []
    if not found["leads"]:
        return [f"  the jump of scores is not known: {found['reason']}"]
    correlation = found["rank_correlation"]
    ranks = f"rank correlation {correlation:.3f}" if correlation is not None else found["reason"]
    lines = [
        f"  from {found['before']} to {found['after']}, {found['leads']:,} leads at {found['as_of'][:10]}: {ranks}, "
        f"{found['changed_tier']:.1%} change tier"
    ]
    lines += [f"    {each['leads']:>7,} {each['before']} to {each['after']}" for each in found["tiers"]]
    for each in found["movers"]:
        why = f"   {'; '.join(each['reasons'])}" if each["reasons"] else ""
        lines.append(f"    {each['lead_id']:<14} {each['before']:>5.1f} to {each['after']:>5.1f}{why}")
    return lines


def comparison_text(document: Mapping[str, Any]) -> str:
    """Two scores beside each other, figure by figure; or why they cannot be compared, and when they can."""
    a, b = document["a"], document["b"]
    if not document["comparable"]:
        return f"{a} and {b} cannot be compared: {document['why']}"
    rows = document["rows"]
    lines = [
        f"{a} and {b} on {rows['rows']:,} landmarks that neither has seen, {rows['first'][:10]} to "
        f"{rows['last'][:10]}: {document['leads']:,} leads, {document['positive_leads']:,} with the outcome",
        "",
        f"    {'':<18}{'a':>9}{'b':>9}   a minus b, 95 % interval      a is better in",
    ]
    for name, each in document["differences"].items():
        if each["difference"] is None:
            lines.append(f"    {name:<18}undefined: {each['reason']}")
            continue
        span = f"{each['low']:+.4f} to {each['high']:+.4f}" if each["low"] is not None else each["reason"]
        share = f"{each['better']:>7.1%} of the draws" if each["better"] is not None else ""
        lines.append(
            f"    {name:<18}{each['a']:>9.4f}{each['b']:>9.4f}   {each['difference']:+.4f}, {span:<22} {share}"
        )
    if document["looks"] and max(document["looks"].values()) > 1:
        times = ", ".join(f"{version} {number} times" for version, number in document["looks"].items())
        lines += ["", f"  these very rows were looked at before: {times}, this one included"]
    return "\n".join([*lines, *(f"  {note}" for note in document["notes"])])


def move_text(document: Mapping[str, Any]) -> str:
    """A promotion or a rollback: from which champion to which, by which rules, and how far scores move."""
    head = f"{document['to']} is the champion, {document['from']} was; scores follow at the next run"
    if document["from"] == document["to"]:
        return f"{document['to']} is the champion already"
    told = decision_text(document, "the rules refuse it")
    waived = [f"  waived: {document['waived']}"] if document["waived"] else []
    return "\n".join([head, *told, *waived, *jump_text(document["jump"])])
