"""What the report found, section by section: a sentence, a chart, and the figures folded below."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from leadmart.scoring.card import charts
from leadmart.scoring.card.html import Chart, bullets, chart, folded, paragraph, section, table
from leadmart.scoring.card.phrases import (
    day,
    high_of,
    interval,
    low_of,
    metric,
    null_range,
    number,
    percent,
    plain,
    value_of,
)

Report = Mapping[str, Any]

_CANDIDATES = {
    "constant": "the average for everyone", "rules": "the points alone", "single": "the best single signal",
    "logistic": "a weighted sum of signals", "lightgbm": "boosted trees",
}  # fmt: skip


_ORDERS = {"composite": "this score", "model": "this score", "rules": "the points alone"}
_TESTS = {
    "ece": "distance between said and happened",
    "spiegelhalter": "Spiegelhalter's Z",
    "ratio": "mean chance said over share that happened",
}


def ranking(report: Report) -> str:
    """Whether the leads it puts first are better."""
    deciles = _of(report, "evaluation", "deciles", "rows")
    if not deciles:
        return ""
    base = metric(report, "base_rate")
    rows = [
        {
            "decile": d["decile"], "rate": value_of(d["rate"]), "rate_low": low_of(d["rate"]),
            "rate_high": high_of(d["rate"]), "lift": value_of(d["lift"]), "base_rate": base,
        }
        for d in deciles
    ]  # fmt: skip
    told = [
        [str(d["decile"]), f"{d['rows']:,}", f"{d['positives']:,}", percent(value_of(d["rate"])),
         number(value_of(d["lift"]), 2), percent(value_of(d["capture"])), percent(value_of(d["mean_p"]))]
        for d in deciles
    ]  # fmt: skip
    first, last = rows[0], rows[-1]
    return section(
        "Does it put the right leads first?",
        paragraph(
            "All looks at test leads in ten equal groups, best score first. Of the first group "
            f"{percent(first['rate'])} reached the outcome, of the last {percent(last['rate'])}; "
            f"among all it was {percent(base)}."
        ),
        chart(
            Chart(
                "lift",
                charts.lift_chart(rows),
                "Bars: share with the outcome in each tenth, with its 95 % interval. Dashed: the share among all.",
            )
        ),
        folded(
            "The figures",
            table(
                [
                    "tenth",
                    "landmarks",
                    "with the outcome",
                    "share",
                    "times average",
                    "captured so far",
                    "mean chance said",
                ],
                told,
                numbers=range(1, 7),
            ),
        ),
    )


def belief(report: Report) -> str:
    """Whether a stated chance of 20 % means one in five."""
    calibration = _of(report, "calibration")
    if not calibration or not calibration.get("bins"):
        return ""
    tests = calibration.get("acceptance", [])
    refused = [t for t in tests if t.get("rejected")]
    verdict = (
        "Yes, as far as the test block can tell: none of its tests tells the model from one that is exactly right."
        if tests and not refused
        else f"No. {_how_off(report, tests)} Read the chances as an order rather than as numbers."
        if refused
        else "That could not be tested."
    )
    rows = [[_TESTS.get(t["name"], t["name"]), number(t.get("value"), 3), null_range(t)] for t in tests]
    return section(
        "When it says 20 %, is it one in five?",
        paragraph(verdict),
        chart(
            Chart(
                "calibration",
                charts.calibration_chart(calibration["bins"]),
                "Points: what was said, and what happened. A model that is exactly right has 95 of 100 points in "
                "the band.",
            )
        ),
        folded(
            "How the chances were set right, and the tests",
            paragraph(f"{calibration['method']}: {calibration['why']}")
            + table(["test", "found", "if it were exactly right"], rows, numbers=(1, 2))
            + bullets(calibration.get("warnings", [])),
        ),
    )


def capacity(report: Report) -> str:
    """What sales gets for the number of leads they can work."""
    curve = _of(report, "evaluation", "capacity", "curve")
    if not curve:
        return ""
    rows = [
        {"per_week": each["leads_per_week"], "who": _order(each), "precision": each["precision"]["value"]}
        for each in curve
        if each["precision"]["value"] is not None
    ]
    told = [
        [_order(each), f"{each['leads_per_week']:,}", percent(each["precision"]["value"]), interval(each["precision"]),
         percent(each["recall"]["value"]), number(each["lift"]["value"], 2)]
        for each in curve
    ]  # fmt: skip
    return section(
        "If sales can work so many leads a week",
        paragraph(
            "Each week the best of that week's leads are taken, and the share of them that reached the outcome is "
            "counted."
        ),
        chart(
            Chart(
                "capacity",
                charts.capacity_chart(rows, list(dict.fromkeys(each["who"] for each in rows))),
                "Share of worked leads that reached the outcome, by who puts them in order.",
            )
        ),
        folded(
            "The figures",
            table(
                ["order", "a week", "share", "95 % interval", "of all outcomes", "times average"],
                told,
                numbers=range(1, 6),
            ),
        ),
    )


def stability(report: Report) -> str:
    """Whether it would have worked in other periods too, and what simpler ways would have done."""
    candidates = report.get("candidates") or []
    rows = [
        {"period": day(fold["first"]), "candidate": _CANDIDATES.get(c["name"], c["name"]), "roc_auc": fold["roc_auc"]}
        for c in candidates
        for fold in c["folds"]
        if fold.get("roc_auc") is not None
    ]
    if not rows:
        return ""
    chosen = next((c for c in candidates if c.get("chosen")), None)
    names = [_CANDIDATES.get(c["name"], c["name"]) for c in candidates]
    told = [
        [_CANDIDATES.get(c["name"], c["name"]), number(c["mean"].get("log_loss"), 4),
         number(c["mean"].get("roc_auc"), 3),
         number(c["mean"].get("roc_auc_within"), 3), number(c.get("least", {}).get("roc_auc"), 3)]
        for c in candidates
    ]  # fmt: skip
    chosen_name = _CANDIDATES.get(chosen["name"], chosen["name"]) if chosen else ""
    return section(
        "Was it luck?",
        paragraph(
            f"Before the test, each way was tried on {len({r['period'] for r in rows})} earlier periods, learning only "
            "from what came before each. "
            + (f"Chosen: {chosen_name}, {_why(chosen)}" if chosen else "None was good enough.")
        ),
        chart(
            Chart(
                "folds",
                charts.folds_chart(rows, names, chosen_name),
                "How well each way ranked the leads of a period: 0.5 is chance, 1 is never wrong.",
            )
        ),
        folded(
            "The figures",
            table(["way", "log loss", "ROC-AUC", "within a month", "worst period"], told, numbers=range(1, 5)),
        ),
    )


def importance(report: Report) -> str:
    """What the model looks at."""
    groups = report.get("importance") or []
    rows = [{"group": plain(each["group"]), "share": each["share"]} for each in groups][:12]
    if not rows:
        return ""
    return section(
        "What it looks at",
        paragraph("What moves the scores, by group of signals; each score carries its own three reasons."),
        chart(Chart("importance", charts.importance_chart(rows), "Share of all that moves the scores up or down.")),
    )


def waiting(report: Report) -> str:
    """How long outcomes take."""
    horizon = report.get("horizon") or {}
    curve = [{"day": day, "share": share} for day, share in horizon.get("curve") or []]
    if not curve:
        return ""
    return section(
        "How long does it take?",
        paragraph(
            f"Half of the outcomes come within {horizon['median_days']:g} days, {percent(horizon['share_captured'])} "
            f"within the {report['horizon_days']:g} days that are predicted."
            if horizon.get("median_days") is not None and horizon.get("share_captured") is not None
            else ""
        ),
        chart(
            Chart(
                "waiting",
                charts.waiting_chart(curve, float(report["horizon_days"])),
                f"Of all leads that ever reach the outcome, the share that has so many days after it came. Dashed: "
                f"{report['horizon_days']:g} days.",
            )
        ),
    )


def weaker(report: Report) -> str:
    """Where the ranking or the chances are worse, and whether groups are treated alike."""
    segments = [s for s in _of(report, "evaluation", "segments") or [] if s["rate"]["value"] is not None]
    off = [
        f"{plain(s['column'])}: {s['level']}: {percent(s['rate']['value'])} did, {percent(s['mean_p'])} were said"
        for s in segments
        if s["observed_over_expected"]["low"] is not None
        and not s["observed_over_expected"]["low"] <= 1 <= s["observed_over_expected"]["high"]
    ]
    told = [
        [f"{plain(s['column'])}: {s['level']}", f"{s['rows']:,}", f"{s['positives']:,}", percent(s["rate"]["value"]),
         percent(s["mean_p"]), number(s["roc_auc"]["value"], 2)]
        for s in segments
    ]  # fmt: skip
    groups = [g for g in _of(report, "evaluation", "fairness") or [] if g["selection_rate"]["value"] is not None]
    alike = [
        [f"{plain(g['column'])}: {g['group']}", f"{g['rows']:,}", percent(g["selection_rate"]["value"]),
         "the reference" if g["is_reference"] else number(g["ratio"]["value"], 2), percent(g["chance"]["value"])]
        for g in groups
    ]  # fmt: skip
    if not told and not alike:
        return ""
    return section(
        "Where it is weaker",
        paragraph(
            f"In {len(off)} of {len(segments)} groups of leads the chances said and what happened differ by more than "
            "chance explains."
            if off
            else f"In none of {len(segments)} groups of leads do the chances said and what happened differ by more "
            "than chance explains."
        )
        if told
        else "",
        bullets(off),
        folded(
            "Every group",
            table(["group", "landmarks", "with the outcome", "share", "said", "ROC-AUC"], told, numbers=range(1, 6))
            if told
            else "",
        ),
        folded(
            "Are groups chosen alike?",
            table(
                ["group", "landmarks", "hot", "to the reference", "of its good leads hot"], alike, numbers=range(1, 5)
            )
            if alike
            else "",
        ),
    )


def _of(report: Report, *path: str) -> Any:
    found: Any = report
    for name in path:
        if not isinstance(found, Mapping) or found.get(name) is None:
            return None
        found = found[name]
    return found


def _order(each: Mapping[str, Any]) -> str:
    return _ORDERS.get(each["order"], plain(each["order"]))


def _why(chosen: Mapping[str, Any]) -> str:
    """Why it was chosen, with the ways called as everywhere on the page."""
    words = str(chosen.get("why") or "").removeprefix(f"{chosen['name']}: ")
    for name, called in _CANDIDATES.items():
        words = re.sub(rf"\b{name}\b", called, words)
    return words + ("" if words.endswith(".") else ".")


def _how_off(report: Report, tests: Sequence[Mapping[str, Any]]) -> str:
    """In which direction rejected chances are off: the ratio test knows."""
    ratio = next((t["value"] for t in tests if t["name"] == "ratio" and t.get("rejected")), None)
    happened = metric(report, "base_rate")
    if ratio is None or happened is None:
        return "On average they are right, but not everywhere: some points lie outside the band."
    high = "high" if ratio > 1 else "low"
    return f"They are too {high}: on average {percent(ratio * happened)} were said, and {percent(happened)} happened."
