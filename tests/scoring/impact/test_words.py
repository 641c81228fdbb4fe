"""The plan and the impact letter by letter, on stdout and in a pull request."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from leadmart.scoring.plan_words import plan_markdown, plan_text

VERSIONS = {"feature_set_version": "f_1", "model_version": "m_1", "policy_version": "p_1"}
IMPACT: dict[str, Any] = {
    "as_of": "2026-03-01T00:00:00",
    "before": VERSIONS,
    "after": {**VERSIONS, "policy_version": "p_2"},
    "standing_in": [{"view": "web_engagement@draft", "for": "web_engagement@v1"}],
    "unread": [],
    "leads": 1200,
    "changed_tier": 3,
    "tiers": [
        {"before": "cold", "after": "warm", "leads": 2},
        {"before": None, "after": "hot", "leads": 1},
    ],
    "moved": 400,
    "mean": {"before": 28.04, "after": 31.4},
    "psi": 0.0812,
    "rank_correlation": 0.9331,
    "limits": {"warm_from": [50.0, 40.0]},
    "columns": [
        {"view": "web_engagement@draft", "column": "sessions_30d", "class": "changed", "differing": 300, "rows": 1200,
         "psi": 0.4},
        {"view": "web_engagement@draft", "column": "paths_90d", "class": "added", "differing": None, "rows": None,
         "psi": None},
    ],
    "movers": [
        {"lead_id": "L1", "before": 32.51, "after": 52.49, "tier_before": "cold", "tier_after": "warm",
         "parts": {"rules_score": [32.0, 52.0], "rank": [None, 0.25]}, "values": {"sessions_30d": [0, 14]},
         "reasons_before": ["Role: other"], "reasons_after": ["Visits: 14", "Stated a | budget"]},
        {"lead_id": "L2", "before": 10.0, "after": 20.0, "tier_before": "cold", "tier_after": "cold", "parts": {},
         "values": {}, "reasons_before": None, "reasons_after": ["Visits: 3"]},
    ],
    "notes": ["paths_90d: new to the model, which learns of it by the next `train`"],
    "reason": "",
}  # fmt: skip
SLICE = {"as_of": "2026-03-02T00:00:00", "way": "as written"}
PLAN: dict[str, Any] = {
    "as_of": ["2026-03-02T00:00:00"],
    "slices": [
        {**SLICE, "view": "features.web_engagement__v1", "rows": 200_000, "bytes": 12_000_000, "seconds": 8.0},
        {**SLICE, "view": "features.surge__v1", "rows": None, "bytes": None, "seconds": None},
    ],
    "costs": {"slices": 2, "known": 1, "rows": 200_000, "bytes": 12_000_000, "seconds": 8.0},
    "backfills": [
        {"view": "web_engagement@draft", "slices": 90, "known": 90, "rows": 9_000_000, "bytes": 240_000_000,
         "seconds": 600.0}
    ],
    "scores": ["2026-03-02T00:00:00"],
    "changes": [
        {"view": "web_engagement@draft", "column": "sessions_30d", "class": "changed",
         "why": "its expression\nchanged: a | b", "breaks": ["m_1", "patterns@v1"]},
        {"view": "web_engagement@draft", "column": "paths_90d", "class": "added", "why": "it was not returned before",
         "breaks": []},
    ],
    "missing": [{"words": "nothing is loaded for trials"}],
    "waived": [{"view": "tech@v1", "code": "late", "reason": "known"}],
}  # fmt: skip
TOLD = ["policy p_1 is now p_2: every lead is scored by it anew", "  [scoring.tiers] warm = 50, now 40"]


def test_a_plan_with_impact_as_text(golden: Any) -> None:
    golden(plan_text({**PLAN, "impact": IMPACT}, TOLD), "impact.txt")


def test_a_plan_with_impact_as_a_comment(golden: Any) -> None:
    """8.2: GitHub's Markdown; a bar or a line break in a cell does not end it."""
    golden(plan_markdown({**PLAN, "impact": IMPACT}, TOLD), "impact.md")


def test_a_plan_without_work_as_a_comment(golden: Any) -> None:
    nothing = {"slices": 0, "known": 0, "rows": 0, "bytes": 0, "seconds": 0.0}
    empty: dict[str, Any] = {key: [] for key in ("slices", "backfills", "scores", "changes", "missing", "waived")}
    golden(plan_markdown({**PLAN, **empty, "costs": nothing}, []), "nothing.md")


@pytest.mark.parametrize("words", [plan_text, plan_markdown])
def test_what_cannot_be_compared_says_why(words: Any) -> None:
    reason = {**IMPACT, "reason": "nothing is scored by 2026-03-02: `leadmart run` comes first"}
    assert "othing is scored by 2026-03-02" in words({**PLAN, "impact": reason}, [])
    quiet = copy.deepcopy(IMPACT)
    quiet["rank_correlation"], quiet["psi"] = None, None
    assert "rank correlation unknown" in words({**PLAN, "impact": quiet}, [])


def test_what_waits_for_training_is_told_first() -> None:
    """The line after the as_of; and no score is promised before."""
    text = plan_text(PLAN, TOLD, "the champion m_1 cannot score these features: x").splitlines()
    assert text[1] == "  the champion m_1 cannot score these features: x"
    assert "  score   2026-03-02 00:00 after `leadmart train`" in text
    comment = plan_markdown(PLAN, TOLD, "the champion m_1 cannot score these features: x")
    assert comment.splitlines()[2] == "The champion m_1 cannot score these features: x."
    assert "Scores are due at 2026-03-02 00:00 after `leadmart train`." in comment
