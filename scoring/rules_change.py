"""What is around the model, before and now: what `plan` tells of policies, their tables and who works leads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.champion import load_policy
from leadmart.scoring.decisions.assignments import load_reps, newest_assignments
from leadmart.scoring.decisions.rules import refuse_unfit_rules
from leadmart.scoring.newest import newest_scoring
from leadmart.scoring.policy_record import Differences, differences

MOST_TOLD = 12
"""How many changes of the policy a plan tells in words."""


@dataclass(frozen=True)
class RulesChange:
    """What is around the model, before and now: the policy in force at the newest as_of, and who works leads.

    `changed` says what differs, setting by setting and row by row. `orphaned` leads are with somebody who is not in
    service at the as_of. None where nothing was scored, or nothing is routed.
    """

    policy_before: str | None
    policy: str
    changed: Differences
    reps_before: str | None
    reps: str | None
    orphaned: int

    def as_json(self) -> dict[str, Any]:
        return {
            "policy": {
                "before": self.policy_before,
                "now": self.policy,
                "changes": [each.as_json() for each in self.changed.parts],
            },
            "tables": [each.as_json() for each in self.changed.tables],
            "reps": {"before": self.reps_before, "now": self.reps, "orphaned": self.orphaned} if self.reps else None,
        }

    def words(self, *, trained_first: bool = False) -> list[str]:
        """What is to be told; with `trained_first` nobody is scored before `leadmart train`."""
        found = []
        after = " after `leadmart train`" if trained_first else ""
        if self.policy_before not in (None, self.policy):
            found.append(f"policy {self.policy_before} is now {self.policy}: every lead is scored by it anew{after}")
        found += [f"  {words}" for words in self.changed.words[:MOST_TOLD]]
        if (more := len(self.changed.words) - MOST_TOLD) > 0:
            found.append(f"  and {more} more; `--json` has them all")
        if self.reps_before not in (None, self.reps):
            found.append(f"representatives {self.reps_before} are now {self.reps}")
        if self.orphaned:
            found.append(f"{self.orphaned:,} leads are with somebody who is not in service: they are given away anew")
        return found


def rules_change(warehouse: Warehouse, registry: Registry, selection: Selection, as_of: datetime) -> RulesChange:
    """What a run at the as_of would go by that the newest scores and assignments did not."""
    policy = load_policy(registry, selection)
    refuse_unfit_rules(warehouse, selection, policy.rules)
    newest = newest_scoring(warehouse)
    before = (newest.versions["feature_set_version"], newest.versions["policy_version"]) if newest else None
    changed = differences(warehouse, registry, selection, policy, before) if before else Differences()
    versions = (before[1] if before else None, policy.policy_version)
    if not registry.project.settings.routing.enabled:
        return RulesChange(*versions, changed, None, None, 0)
    reps = load_reps(registry)
    reps_before, orphaned = newest_assignments(warehouse, reps, as_of)
    return RulesChange(*versions, changed, reps_before, reps.version, orphaned)
