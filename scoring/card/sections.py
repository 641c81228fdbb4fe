"""The parts of the card, each from one key of the report: words for people who sell, figures folded below them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leadmart.scoring.card import findings
from leadmart.scoring.card.html import Tile, bullets, code, folded, paragraph, section, table, text, tiles
from leadmart.scoring.card.phrases import (
    day,
    metric,
    of_100,
    percent,
    percents,
    sentence,
    span,
    span_of,
)

if TYPE_CHECKING:
    from leadmart.scoring.card.card import Source

Report = Mapping[str, Any]


def title(report: Report) -> str:
    """What the page is about, in a line."""
    return f"Which leads reach “{report['label']}” within {report['horizon_days']:g} days"


def head(report: Report, project: str) -> str:
    """The title, the verdict in one sentence, and the figures one asks for first."""
    words = (
        f"{project}, {report['model_version']}, learned from what was known until {day(report['cut_off'])}"
        if _has_model(report)
        else f"{project}, rules only, from what was known until {day(report['cut_off'])}"
    )
    return (
        f"<header><h1>{text(title(report))}</h1>{paragraph(words, kind='soft small')}"
        f"{paragraph(_verdict(report), kind='verdict')}{tiles(_tiles(report))}</header>"
    )


def for_whom(report: Report) -> str:
    """What is predicted, for whom, and who was left out."""
    rows = [[_BLOCKS[b["name"]], span(b), f"{b['leads']:,}", f"{b['positive_leads']:,}"] for b in report["blocks"]]
    out = [f"{e['words']}: {e['leads']:,} leads, {e['rows']:,} landmarks" for e in report["excluded"] if e["rows"]]
    return section(
        "What it predicts, and for whom",
        paragraph(
            f"For each open lead: the chance that “{report['label']}” happens within {report['horizon_days']:g} days "
            "from the day of the score, from what was known on that day and nothing later. Leads whose outcome is "
            "known, and leads that a gate blocks, are not asked about."
        ),
        paragraph(
            (
                f"It learned from {report['positive_leads']:,} leads with the outcome and {report['negative_leads']:,} "
                "without, and was tested on later leads that it had not seen."
                if _has_model(report)
                else f"To learn from there were {report['positive_leads']:,} leads with the outcome and "
                f"{report['negative_leads']:,} without."
            )
            + " Each lead is looked at on several days of its life; shares below are of such looks, called landmarks."
        ),
        table(["block", "from … to", "leads", "with the outcome"], rows, numbers=(2, 3)),
        folded("Who was left out, and why", bullets(out)),
    )


def limits(report: Report) -> str:
    """What one must not read into the scores."""
    always = [
        "A chance is an association in past leads. It does not say that working a lead causes the outcome.",
        "It knows what the warehouse knew. A signal that nobody records does not exist for it.",
    ]
    if _has_model(report):
        always.append(
            f"It was tested on leads until {day(_last_test(report))}. Markets, campaigns and forms change: train again."
        )
    horizon = report.get("horizon") or {}
    if horizon.get("warns") and horizon.get("advice"):
        always.append(sentence(str(horizon["advice"]).replace(" of them", " of all outcomes")))
    waived = [
        f"{s['column']}: {s['why']}. Let through because: {s['waived']}" for s in report["suspects"] if s["waived"]
    ]
    seen = [f"{s['column']}: {s['why']}" for s in report["suspects"] if not s["waived"]]
    return section(
        "What it cannot do",
        bullets(always),
        folded("Columns that may know the outcome, and why they were let through", bullets(waived)),
        folded("Columns to keep an eye on", bullets(seen)),
        folded("Notes of the training", bullets(sentence(note) for note in report["notes"])),
    )


def versions(report: Report, sources: Sequence[Source]) -> str:
    """The versions that make every number reproducible, and the SQL."""
    rows = [
        ["model", str(report["model_version"])],
        ["kind", {"rules": "rules only", "hybrid": "points and model", "ml": "model"}[report["tier"]]],
        ["features", str(report["feature_set_version"])],
        ["outcome", f"{report['label']} {report['label_version']}"],
        *([["policy then", str(report["policy_version"])]] if report.get("policy_version") else []),
        *([["made with", _libraries(report)]] if report.get("libraries") else []),
        ["known until", str(report["cut_off"]).replace("T", " ")],
    ]
    shown = "".join(folded(f"{s.kind} {s.ref}", paragraph(s.words, kind="small") + code(s.sql)) for s in sources)
    return section(
        "Versions and definitions",
        table(["", ""], rows),
        paragraph("The definitions below are all that the model knows of a lead.", kind="small soft"),
        shown,
    )


PARTS: tuple[Callable[[Report], str], ...] = (
    for_whom, findings.ranking, findings.belief, findings.capacity, findings.stability, findings.importance,
    findings.waiting, findings.weaker, limits,
)  # fmt: skip

_BLOCKS = {
    "train": "learned from",
    "validation": "to stop learning by",
    "calibration": "to set chances right",
    "test": "test",
}


def _verdict(report: Report) -> str:
    if not _has_model(report):
        return next(
            (sentence(note) for note in report["notes"] if "rules" in note),
            "There is no model: the points alone score.",
        )
    lift, base = metric(report, "lift_top_decile"), metric(report, "base_rate")
    if lift is None or base is None:
        return "The test block has too few outcomes to say how good it is."
    return (
        f"Of 100 looks at leads that it puts into its top tenth {of_100(lift * base)} were followed by the outcome "
        f"within {report['horizon_days']:g} days; of 100 looks drawn blindly {of_100(base)} were."
    )


def _tiles(report: Report) -> list[Tile]:
    found = []
    auc, rules = report["metrics"].get("roc_auc"), metric(report, "rules_roc_auc")
    if auc and auc["value"] is not None:
        against = f"; by the points {of_100(rules)}" if rules is not None else ""
        found.append(
            Tile("Right order", f"{of_100(auc['value'])} in 100", f"pairs of a good and another lead{against}")
        )
    lift = report["metrics"].get("lift_top_decile")
    if lift and lift["value"] is not None:
        found.append(Tile("Top tenth", f"{lift['value']:.1f} ×", f"the average; 95 % {span_of(lift, 1)}"))
    base = report["metrics"].get("base_rate")
    if base and base["value"] is not None:
        found.append(Tile("Average", percent(base["value"]), f"of looks at tested leads; 95 % {percents(base)}"))
    test = next((b for b in report["blocks"] if b["name"] == "test"), None)
    if test and test["rows"]:
        found.append(Tile("Tested on", f"{test['leads']:,}", f"leads, {test['positive_leads']:,} with the outcome"))
    return found


def _libraries(report: Report) -> str:
    return ", ".join(f"{name} {version}" for name, version in report["libraries"].items())


def _has_model(report: Report) -> bool:
    return str(report["model_version"]) != "rules"


def _last_test(report: Report) -> str:
    return str(next((b["last"] for b in report["blocks"] if b["name"] == "test" and b["last"]), report["cut_off"]))
