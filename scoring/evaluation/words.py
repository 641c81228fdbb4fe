"""The section `evaluation` as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadmart.scoring.evaluation.capacity import capacity_text
from leadmart.scoring.evaluation.deciles import deciles_text
from leadmart.scoring.evaluation.fairness import fairness_text
from leadmart.scoring.evaluation.hand_off import hand_off_text
from leadmart.scoring.evaluation.pipeline_value import pipeline_value_text
from leadmart.scoring.evaluation.proxies import proxies_text
from leadmart.scoring.evaluation.segments import segments_text
from leadmart.scoring.evaluation.thresholds import thresholds_text
from leadmart.scoring.evaluation.tiers import tiers_text


def evaluation_text(document: Mapping[str, Any]) -> list[str]:
    """The tables one below the other, each after an empty line; nothing where the report has no such section."""
    if not document or "reason" in document:
        return []
    tiers = document["tiers"]
    parts = [
        deciles_text(document["deciles"]),
        [*capacity_text(document["capacity"]), *thresholds_text(document["thresholds"])],
        tiers_text(tiers) if tiers["tiers"] else [],
        segments_text(document["segments"]),
        [*fairness_text(document["fairness"]), *proxies_text(document["proxies"])],
        [f"  among the inputs: {words}" for words in document["flagged_inputs"]],
        [
            *pipeline_value_text(document["pipeline_value"]),
            *hand_off_text(document["hand_off"]),
            *_against_rules_text(document["against_rules"]),
        ],
    ]
    return [line for part in parts if part for line in ("", *part)]


def _against_rules_text(document: Mapping[str, Any]) -> list[str]:
    if "reason" in document:
        return []
    told = []
    for name, words in (("log_loss", "log loss"), ("roc_auc", "ROC-AUC"), ("lift_top_decile", "lift of the top tenth")):
        each = document[name]
        if each["difference"] is not None:
            better = f", better in {each['better']:.0%} of the draws" if each["better"] is not None else ""
            told.append(f"{words} {each['difference']:+.4f}{better}")
    return [f"  model minus rules on the same rows: {'; '.join(told)}"] if told else []
