"""Waivers: a refusal that a definition's header answers with a reason, shown wherever the definition is used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.registry import Registry

WAIVABLE = frozenset(
    [
        "availability_not_said",
        "column_without_comment",
        "distinct_without_as_of",
        "distinct_without_key",
        "group_without_as_of",
        "group_without_key",
        "hindsight_column",
        "inexact_aggregate",
        "join_without_as_of",
        "join_without_key",
        "limit_without_as_of",
        "moving_function",
        "not_frozen",
        "null_supplied_as_of",
        "order_without_key",
        "set_without_as_of",
        "set_without_key",
        "two_facts",
        "unknown_function",
        "unknown_type",
        "unordered",
        "window_without_as_of",
        "window_without_key",
    ]
)
"""Codes that a reason may answer. The rest would break the engine: a row lost or doubled, a name that is not there."""

_WAIVER = re.compile(r"^(\w+)\s+because\s+(\S.*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Waiver:
    """One refusal answered: `-- waive: CODE because REASON`."""

    view: str
    code: str
    reason: str

    def words(self) -> str:
        """One line for people: `waived in mails@v1: two_facts, because …`."""
        return f"waived in {self.view}: {self.code}, because {self.reason}"

    def as_json(self) -> dict[str, str]:
        return {"view": self.view, "code": self.code, "reason": self.reason}


def waivers(definition: Definition) -> tuple[Waiver, ...]:
    """The waivers of a definition's header.

    Raises LeadmartError `bad_waiver` for one without a reason, or of a code that cannot be waived.
    """
    found = []
    for words in definition.header.get("waive", "").split("; "):
        if not words.strip():
            continue
        matched = _WAIVER.match(words.strip())
        line = next((n for n, text in enumerate(definition.text.splitlines(), 1) if re.match(r"^--\s*waive:", text)), 1)
        place = definition.place(line=line)
        if not matched:
            raise LeadmartError(
                f"a waiver gives no reason: {words.strip()}",
                code="bad_waiver",
                place=place,
                hint="write `-- waive: two_facts because …`, the reason in a few words",
            )
        code = matched[1].lower()
        if code not in WAIVABLE:
            raise LeadmartError(
                f"{code} is nothing that can be waived",
                code="bad_waiver",
                place=place,
                hint=near_names(code, WAIVABLE) or f"these can: {', '.join(sorted(WAIVABLE))}",
            )
        found.append(Waiver(definition.ref, code, matched[2]))
    return tuple(found)


def waivers_of(registry: Registry, definitions: Sequence[Definition]) -> tuple[Waiver, ...]:
    """The waivers of definitions and of the sources they read: what plans and model cards show."""
    sources = [source for name in registry.sources_of(definitions) for source in registry.source(name)]
    found = [waiver for definition in (*sources, *definitions) for waiver in waivers(definition)]
    return tuple(dict.fromkeys(found))
