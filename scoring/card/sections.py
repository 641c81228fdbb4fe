"""The parts of the card, each from one key of the report: words for people who sell, figures folded below them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leadmart.scoring.card import charts
from leadmart.scoring.card.html import Chart, Tile, bullets, chart, code, folded, paragraph, section, table, text, tiles
from leadmart.scoring.card.phrases import (
    day,
    high_of,
    interval,
    low_of,
    null_range,
    number,
    of_100,
    percent,
    percents,
    sentence,
    span,
    span_of,
    value_of,
)

if TYPE_CHECKING:
    from leadmart.scoring.card.card import Source

Report = Mapping[str, Any]

_CANDIDATES = {
    "constant": "the average for everyone", "rules": "the points alone", "single": "the best single signal",
    "logistic": "a weighted sum of signals", "lightgbm": "boosted trees",
}  # fmt: skip


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
            f"It learned from {report['positive_leads']:,} leads with the outcome and {report['negative_leads']:,} "
            "without, each looked at on several days of its life, and was tested on later leads that it had not seen."
        ),
        table(["block", "from … to", "leads", "with the outcome"], rows, numbers=(2, 3)),
        folded("Who was left out, and why", bullets(out)),
    )


def ranking(report: Report) -> str:
    """Whether the leads it puts first are better."""
    deciles = _of(report, "evaluation", "deciles", "rows")
    if not deciles:
        return ""
    base = _value(report, "base_rate")
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
            f"Test leads in ten equal groups, best score first. Of the first group {percent(first['rate'])} reached "
            f"the outcome, of the last {percent(last['rate'])}; among all it was {percent(base)}."
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
        else f"Not quite: {' and '.join(_TESTS.get(t['name'], t['name']) for t in refused)}. Read the chances as an "
        "order rather than as numbers."
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
        {"per_week": each["leads_per_week"], "who": each["order"], "precision": each["precision"]["value"]}
        for each in curve
        if each["precision"]["value"] is not None
    ]
    told = [
        [each["order"], f"{each['leads_per_week']:,}", percent(each["precision"]["value"]), interval(each["precision"]),
         percent(each["recall"]["value"]), number(each["lift"]["value"], 2)]
        for each in curve
    ]  # fmt: skip
    return section(
        "If sales can work so many leads a week",
        paragraph(
            "Each week the best of that week's leads are taken, and the share of them that reached the outcome is counted."
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
            + (f"Chosen: {chosen_name}. {sentence(chosen.get('why', ''))}" if chosen else "None was good enough.")
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
    rows = [{"group": each["group"], "share": each["share"]} for each in groups][:12]
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
        paragraph(sentence(str(horizon.get("advice") or ""))),
        chart(
            Chart(
                "waiting",
                charts.waiting_chart(curve, float(report["horizon_days"])),
                f"Share of leads that have reached the outcome so many days after they came. Dashed: "
                f"{report['horizon_days']:g} days.",
            )
        ),
    )


def weaker(report: Report) -> str:
    """Where the ranking or the chances are worse, and whether groups are treated alike."""
    segments = [s for s in _of(report, "evaluation", "segments") or [] if s["rate"]["value"] is not None]
    off = [
        f"{s['column']} {s['level']}: {percent(s['rate']['value'])} reached the outcome, {percent(s['mean_p'])} were said"
        for s in segments
        if s["observed_over_expected"]["low"] is not None
        and not s["observed_over_expected"]["low"] <= 1 <= s["observed_over_expected"]["high"]
    ]
    told = [
        [f"{s['column']}: {s['level']}", f"{s['rows']:,}", f"{s['positives']:,}", percent(s["rate"]["value"]),
         percent(s["mean_p"]), number(s["roc_auc"]["value"], 2)]
        for s in segments
    ]  # fmt: skip
    groups = [g for g in _of(report, "evaluation", "fairness") or [] if g["selection_rate"]["value"] is not None]
    alike = [
        [f"{g['column']}: {g['group']}", f"{g['rows']:,}", percent(g["selection_rate"]["value"]),
         "the reference" if g["is_reference"] else number(g["ratio"]["value"], 2), percent(g["chance"]["value"])]
        for g in groups
    ]  # fmt: skip
    if not told and not alike:
        return ""
    return section(
        "Where it is weaker",
        paragraph(
            f"In {len(off)} of {len(segments)} groups of leads the chances said and what happened differ by more than chance "
            "explains."
            if off
            else f"In none of {len(segments)} groups of leads do the chances said and what happened differ by more than "
            "chance explains."
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
    for_whom, ranking, belief, capacity, stability, importance, waiting, weaker,
    limits,
)  # fmt: skip

_BLOCKS = {
    "train": "learned from",
    "validation": "to stop learning by",
    "calibration": "to set chances right",
    "test": "test",
}
_TESTS = {
    "ece": "distance between said and happened",
    "spiegelhalter": "Spiegelhalter's Z",
    "ratio": "mean chance said over share that happened",
}


def _verdict(report: Report) -> str:
    if not _has_model(report):
        return next(
            (sentence(note) for note in report["notes"] if "rules" in note),
            "There is no model: the points alone score.",
        )
    lift, base = _value(report, "lift_top_decile"), _value(report, "base_rate")
    if lift is None or base is None:
        return "The test block has too few outcomes to say how good it is."
    return (
        f"Of 100 leads in its top tenth {of_100(lift * base)} reached the outcome within {report['horizon_days']:g} "
        f"days; of 100 leads drawn blindly {of_100(base)} did."
    )


def _tiles(report: Report) -> list[Tile]:
    found = []
    auc, rules = report["metrics"].get("roc_auc"), _value(report, "rules_roc_auc")
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
        found.append(Tile("Average", percent(base["value"]), f"of tested leads; 95 % {percents(base)}"))
    test = next((b for b in report["blocks"] if b["name"] == "test"), None)
    if test and test["rows"]:
        found.append(Tile("Tested on", f"{test['leads']:,} leads", f"{test['positive_leads']:,} with the outcome"))
    return found


def _has_model(report: Report) -> bool:
    return str(report["model_version"]) != "rules"


def _last_test(report: Report) -> str:
    return str(next((b["last"] for b in report["blocks"] if b["name"] == "test" and b["last"]), report["cut_off"]))


def _of(report: Report, *path: str) -> Any:
    found: Any = report
    for name in path:
        if not isinstance(found, Mapping) or found.get(name) is None:
            return None
        found = found[name]
    return found


def _value(report: Report, name: str) -> float | None:
    found = report["metrics"].get(name)
    return found["value"] if found else None
