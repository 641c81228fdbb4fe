"""The policy: gates, points, blend, boost, tiers and reason templates, under one version."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal

from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.gate_rule import BLOCK_CAP, GateRule
from leadmart.scoring.decisions.rules import NO_RULES, DecisionRules
from leadmart.scoring.fit.table import FitTable
from leadmart.scoring.reason_templates import ReasonTemplates
from leadmart.scoring.scorecard import Scorecard

TierBy = Literal["composite", "rank"]


@dataclass(frozen=True)
class Tiers:
    """The lowest composite of each tier; below `warm` is cold.

    By `rank`, hot is the `hot_share` of the model's stored reference that ranks highest, and warm the `warm_share`
    below it; who is scored beside a lead changes nothing. `hot` and `warm` then still say what a cap leaves open.
    """

    hot: float = 80.0
    warm: float = 50.0
    by: TierBy = "composite"
    hot_share: float = 0.1
    warm_share: float = 0.2


@dataclass(frozen=True)
class Boost:
    """Points for recent activity: `max` on the day, half of it `half_life_days` later. `column` is an age in days,
    NULL without activity.
    """

    column: str
    max: float = 10.0
    half_life_days: float = 7.0


@dataclass(frozen=True)
class Policy:
    """All around the model. `gate_fingerprints` are (ref, fingerprint of the gate's SQL): comment edits leave them as
    they are. `unspoken` are columns that no reason names, `binding` rules that no override lifts. `fit` says what fit,
    intent and timing are made of, where a project has them; `rules` what is to be done with whom.

    Raises LeadmartError `bad_policy` on construction for numbers that make no sense.
    """

    gates: tuple[GateRule, ...]
    gate_fingerprints: tuple[tuple[str, str], ...]
    scorecard: Scorecard
    templates: ReasonTemplates
    tiers: Tiers = Tiers()
    boost: Boost | None = None
    max_weight: float = 1.0
    unspoken: tuple[str, ...] = ()
    binding: tuple[str, ...] = ()
    fit: FitTable | None = None
    rules: DecisionRules = NO_RULES

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.tiers.warm <= self.tiers.hot <= 100:
            problems.append(_bad(f"tiers must hold 0 <= warm {self.tiers.warm:g} <= hot {self.tiers.hot:g} <= 100"))
        hot, warm = self.tiers.hot_share, self.tiers.warm_share
        if hot <= 0 or warm < 0 or hot + warm > 1:
            problems.append(_bad("tiers want hot_share above 0, warm_share from 0, and no more than 1 of both"))
        if self.boost and not (0 <= self.boost.max <= 100 and self.boost.half_life_days > 0):
            problems.append(_bad("boost wants max within 0 to 100 and half_life_days above 0"))
        if not 0 <= self.max_weight <= 1:
            problems.append(_bad(f"blend max_weight {self.max_weight:g} is outside 0 to 1"))
        names = [rule.name for rule in self.gates]
        problems += [_bad(f"two gates have a rule {name!r}") for name in sorted(set(names)) if names.count(name) > 1]
        if problems:
            raise all_as_one(problems)

    @cached_property
    def policy_version(self) -> str:
        """`p_` and 12 hex digits of the content: equal for equal meaning, in every process."""
        return "p_" + hashlib.sha256(self.content_text.encode()).hexdigest()[:12]

    @cached_property
    def content_text(self) -> str:
        """All that decides a score row around the model, as JSON: numbers as floats, names in order."""
        content: dict[str, object] = {
            "gates": [asdict(rule) for rule in self.gates],
            "gate_fingerprints": sorted(self.gate_fingerprints),
            "block_cap": BLOCK_CAP,
            "scorecard": [_without_place(asdict(row)) for row in self.scorecard.rows],
            "templates": [_without_place(asdict(row)) for row in self.templates.rows],
            "tiers": self._tiers(),
            "boost": asdict(self.boost) if self.boost else None,
            "max_weight": float(self.max_weight),
        }
        if self.unspoken:
            content["unspoken"] = sorted(self.unspoken)
        if self.binding:
            content["binding"] = sorted(self.binding)
        if self.fit:
            content["fit"] = self.fit.content
        content |= self.rules.content()
        return json.dumps(_numbers_as_floats(content), sort_keys=True, ensure_ascii=True, separators=(",", ":"))

    def _tiers(self) -> dict[str, object]:
        """What the tiers mean: shares that nothing goes by are no part of it."""
        by_composite: dict[str, object] = {"hot": self.tiers.hot, "warm": self.tiers.warm}
        return by_composite if self.tiers.by == "composite" else asdict(self.tiers)


def _without_place(row: dict[str, object]) -> dict[str, object]:
    """What decides a score row: not where a row of a file stands, nor under which heading `explain` shows it."""
    return {name: value for name, value in row.items() if name not in ("place", "section")}


def _numbers_as_floats(value: object) -> object:
    """80 and 80.0 mean the same threshold."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, dict):
        return {name: _numbers_as_floats(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers_as_floats(part) for part in value]
    return value


def _bad(message: str) -> LeadmartError:
    return LeadmartError(message, code="bad_policy", hint="see [scoring] in leadmart.toml")
