"""What a hot run says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadmart.features.clock import iso
from leadmart.features.words import are

if TYPE_CHECKING:
    from leadmart.scoring.hot.run import Hot


def hot_text(hot: Hot) -> str:
    """The line of a run's text that tells whom it scored, and why."""
    if hot.everyone:
        return f"  hot      everyone is due: {hot.everyone}"
    assert hot.since is not None
    since = f"since {iso(hot.since)}"
    if not hot.rows:
        return f"  hot      nothing is newly known {since}: no lead is due"
    rows = ", ".join(f"{count:,} of {name}" for name, count in sorted(hot.rows.items()))
    gone = f", {hot.gone:,} out of play" if hot.gone else ""
    return f"  hot      {are(hot.touched, 'lead', 'leads')} touched {since} ({rows}): {hot.scored:,} scored{gone}"
