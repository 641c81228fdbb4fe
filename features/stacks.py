"""The settings of a project whose leads, events and bills come from systems that leadmart knows: `init --crm …`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leadmart.features.raw.tables import CHANGES

PLAIN = "plain"

_RAW = re.compile(r"^FROM raw\.(\w+)", re.MULTILINE)

FEEDS: dict[str, dict[str, frozenset[str]]] = {
    "crm": {
        "hubspot": frozenset({"leads", "accounts", "form_submissions", "email_events", "lead_feedback"}),
        "salesforce": frozenset({"leads", "accounts", "lead_feedback", "sales_activities"}),
        PLAIN: frozenset(
            {
                "leads", "accounts", "form_submissions", "email_events", "lead_feedback", "sales_activities",
                "consents",
            }
        ),
    },
    "events": {
        "segment": frozenset({"web_events", "form_submissions", "product_events"}),
        "rudderstack": frozenset({"web_events", "form_submissions", "product_events"}),
        PLAIN: frozenset({"web_events", "product_events"}),
    },
    "billing": {
        "stripe": frozenset({"customers", "invoice_payments", "subscriptions"}),
        PLAIN: frozenset({"invoice_payments", "subscriptions"}),
    },
}  # fmt: skip
"""Per part of a stack its connectors, and those of the sources each feeds that packaged views and gates read.

Every one of them feeds opportunities too, as the CRM's: so the label is `opportunity` whatever the stack.
"""

NEEDED = ("lead_profile@v1", "form_activity@v1", "web_engagement@v1", "email_engagement@v1", "account_engagement@v1")
"""Views whose columns the packaged scorecard, boost and directions name: read whatever the stack, NULL where nothing
feeds them."""

VIEWS: dict[str, frozenset[str]] = {
    "product_usage@v1": frozenset({"product_events"}),
    "web_depth@v1": frozenset({"web_events"}),
    "content_stage@v1": frozenset({"web_events"}),
    "acquisition@v1": frozenset({"leads", "web_events"}),
    "form_depth@v1": frozenset({"form_submissions"}),
    "mail_depth@v1": frozenset({"email_events"}),
    "trial_depth@v1": frozenset({"product_events"}),
    "surge@v1": frozenset({"web_events", "form_submissions", "email_events"}),
    "account_activity@v1": frozenset({"leads", "accounts", "web_events", "form_submissions", "email_events"}),
    "firmographics@v1": frozenset({"accounts"}),
}
"""Further views, and the sources without which they say nothing."""

READ_BY_DEFAULT = ("product_usage@v1",)
"""Those of the further views that are read where they are fed; the rest is written as a comment to choose from."""

GATES: dict[str, frozenset[str]] = {
    "billing@v1": frozenset({"customers", "invoice_payments", "subscriptions"}),
    "customers@v1": frozenset({"subscriptions"}),
    "rep_feedback@v1": frozenset({"lead_feedback"}),
    "sales_touches@v1": frozenset({"sales_activities", "email_events"}),
    "consent@v1": frozenset({"consents"}),
}
"""Gates beside `icp@v1`, and what they read."""


@dataclass(frozen=True)
class Stack:
    """Which connector each part of a stack comes from; None where there is none."""

    crm: str = PLAIN
    events: str | None = None
    billing: str | None = None

    @property
    def parts(self) -> dict[str, str]:
        """The connector of each part that there is."""
        every = {"crm": self.crm, "events": self.events, "billing": self.billing}
        return {part: name for part, name in every.items() if name}

    @property
    def connectors(self) -> tuple[str, ...]:
        """Those of the parts, and `plain` for what no other feeds."""
        return tuple(dict.fromkeys([*(name for name in self.parts.values() if name != PLAIN), PLAIN]))

    @property
    def fed(self) -> frozenset[str]:
        """The sources that the stack feeds."""
        return frozenset().union(*(FEEDS[part][name] for part, name in self.parts.items()))

    @property
    def without(self) -> tuple[str, ...]:
        """Sources left to the CRM where the events tell them again: each form would count twice."""
        if self.events in (None, PLAIN) or "form_submissions" not in FEEDS["crm"][self.crm]:
            return ()
        return (f"{self.events}/form_submissions",)

    @property
    def views(self) -> tuple[str, ...]:
        """The views that a project on it reads."""
        return (*NEEDED, *(ref for ref in READ_BY_DEFAULT if VIEWS[ref] <= self.fed))

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates that a project on it has: by its own customers, or by the CRM's accounts that bills name."""
        return ("icp@v1", *(["billing@v1"] if "customers" in self.fed else []))

    def settings(self, template: str, sources: Path) -> str:
        """leadmart.toml's text: the template with the stack's connectors, views, gates and snapshots.

        `sources` is the folder `sql/sources`, where a connector's `snapshot.toml` names its tables that are updated in
        place.
        """
        text = _replaced(template, 'connectors = ["plain"]', f"connectors = {_listed(self.connectors)}")
        if self.without:
            words = f"without = {_listed(self.without)}   # the CRM has the same forms: each would count twice"
            text = text.replace("\n# have = [", f"\n{words}\n# have = [", 1)
        start = text.index("\n", text.index("views = [")) + 1
        end = text.index("]\n", start) + 2
        text = text[:start] + "\n".join(self._view_lines()) + text[end:]
        text = _replaced(text, 'gates = ["icp@v1"]', f"gates = {_listed(self.gates)}")
        if more := [ref for ref, needs in GATES.items() if needs <= self.fed and not self._misses(ref)]:
            text = text.replace("\nscorecard = ", f"\n# these sources feed {', '.join(more)} too\nscorecard = ", 1)
        sections = [(sources / name / "snapshot.toml") for name in self.connectors]
        kept = [file.read_text(encoding="utf-8") for file in sections if file.is_file()]
        return text.replace("\n[sources]\n", "\n" + "\n".join([*kept, "[sources]\n"]), 1)

    def tables(self, sources: Path) -> tuple[str, ...]:
        """The raw tables that the connectors' sources read, `plain` left out: what there is to load."""
        found = {
            table.removesuffix(CHANGES)
            for name in self.connectors
            for file in sorted((sources / name).glob("*.sql"))
            if name != PLAIN and f"{name}/{file.stem}" not in self.without
            for table in _RAW.findall(file.read_text(encoding="utf-8"))
        }
        return tuple(sorted(found))

    def _misses(self, gate: str) -> bool:
        """Whether a gate is in already, or reads bills by the CRM's accounts where they have customers of their own."""
        return gate in self.gates or (gate == "customers@v1" and "customers" in self.fed)

    def _view_lines(self) -> Iterator[str]:
        yield from (f'    "{ref}",' for ref in self.views)
        more = [ref for ref, needs in VIEWS.items() if needs <= self.fed and ref not in self.views]
        yield from (f'    # "{ref}",' for ref in more)
        yield "]\n"


def _listed(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _replaced(text: str, line: str, by: str) -> str:
    """The text with the setting of a line changed; the line's comment stays where it is."""
    start = text.index(line)
    following = text[start + len(line) :]
    blanks = len(following) - len(following.lstrip(" "))
    kept = " " * max(blanks - (len(by) - len(line)), 3)
    return text[:start] + by + (kept + following.lstrip(" ") if blanks else following)
