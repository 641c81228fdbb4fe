"""What people read on stdout: loads, plans, runs, trainings, models, and plain tables."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leadmart.features.words import are
from leadmart.scoring.backfill.past import past_text
from leadmart.scoring.hot.words import hot_text
from leadmart.scoring.life.words import decision_text, jump_text

if TYPE_CHECKING:
    from leadmart.scoring.run import Run
    from leadmart.scoring.train import Trained

_WIDEST = 72
_FIGURES = (
    "roc_auc", "reachable_roc_auc", "rules_roc_auc", "pr_auc", "base_rate", "log_loss", "brier", "calibration_slope",
    "calibration_intercept",
    "lift_top_decile",
)  # fmt: skip


def demo_text(document: Mapping[str, Any]) -> str:
    """What `init --demo` made, and what to type next."""
    folder, until = shlex.quote(document["project"]), document["until"][:10]
    size = f"{document['leads']:,} leads over {document['days']:,} days until {until}, seed {document['seed']}"
    lines = [f"A made-up company in {folder}: {size}. No row of it is real.", ""]
    lines += [f"  {table:<22}{rows:>10,} rows" for table, rows in document["tables"].items()]
    following = "; ".join(f"leadmart {verb} --project {folder}" for verb in ("run", "train", "run"))
    return "\n".join([*lines, "", f"Next: {following}"])


def load_text(document: Mapping[str, Any]) -> str:
    """What `load` brought in, file by file."""
    before = "loaded before, the whole table from now on" if document["replaced"] else "loaded before, left alone"
    lines = [
        f"  {batch['file']}: " + (f"{batch['rows']:,} rows" if batch["loaded"] else before)
        for batch in document["batches"]
    ]
    return "\n".join([f"raw.{document['table']}", *lines])


def snapshot_text(looks: Sequence[Mapping[str, Any]], tables: Sequence[str]) -> str:
    """What each look found, in the order they were taken."""
    lines = []
    for look in looks:
        counts = [f"{look[kind]:,} {kind}" for kind in ("added", "changed", "deleted", "returned") if look[kind]]
        moment = str(look["observed_at"]).replace("T", " ")[:16]
        lines.append(f"raw.{look['table']} as of {moment}: {', '.join(counts) or 'nothing changed'}")
    if not tables:
        return "leadmart.toml names no table that is updated in place: add `[snapshot.<table>]` with its key"
    return "\n".join(lines) or "nothing was loaded since the last look"


def run_text(run: Run) -> str:
    """A run in some lines: what it computed, scored, held back, and the tiers it left."""
    document = run.as_json()
    lines = [
        f"{run.command} {document['run_id']} at {document['as_of']}: {document['status']} in "
        f"{document['seconds']:.1f} s"
    ]
    slices, scores = document["slices"], document["scores"]
    if run.hot:
        lines.append(hot_text(run.hot))
        if not run.hot.everyone and not run.hot.rows:
            return "\n".join(lines)
    if not run.hot or run.hot.everyone:
        lines.append(f"  slices   {slices['computed']} computed, {slices['skipped']} there already")
    lines.append(
        f"  scores   {scores['inserted']:,} inserted, {scores['updated']:,} updated, {scores['unchanged']:,} "
        f"unchanged ({run.model_version})"
    )
    if run.left_out:
        lines.append(f"           {run.left_out:,} leads left out: their outcome is known, there is nothing to predict")
    is_full = run.command != "restate" and (not run.hot or run.hot.everyone)
    if document["status"] == "done" and is_full and not (run.only or any(scores.values())):
        lines.append(f"           no lead stands in spine {run.selection.spine.name} at {document['as_of']}")
    lines += past_text(run.past) if run.past else []
    if run.routed:
        waiting = f", {run.routed.waiting:,} wait for one" if run.routed.waiting else ""
        lines.append(f"  routing  {run.routed.given:,} leads given to representatives{waiting}")
    if run.shadow:
        counts = run.shadow.counts
        lines.append(
            f"  shadow   {counts.inserted:,} inserted, {counts.updated:,} updated, {counts.unchanged:,} unchanged "
            f"({run.shadow.model_version}, shown to nobody)"
        )
    failed = [v for v in run.judge.given if not v.success]
    warned = sum(v.warnings for v in run.judge.given)
    gone = f"; {are(len(run.emptied), 'source', 'sources')} went empty" if run.emptied else ""
    lines.append(
        f"  quality  {len(run.judge.given)} verdicts, {len(failed)} failed, {are(warned, 'warning', 'warnings')}{gone}"
    )
    lines += [f"    {name} had rows and has none now: what reads it is held back" for name in run.emptied]
    for verdict in run.judge.given:
        if not verdict.success or verdict.warnings:
            lines.append(f"    {verdict.suite} on {verdict.subject}")
            lines += [f"      {d['severity']}: {d['message']}" for d in verdict.details if d["outcome"] == "failed"]
    if run.status == "blocked":
        lines.append(f"  held     {', '.join(sorted(run.held)) or 'scores'}; what was published before stays")
    lines += [f"  assumed  {each.words}" for each in run.assumed]
    lines += [f"  missing  {each.words}" for each in run.missing_sources]
    return "\n".join(lines + _tiers(run))


def _tiers(run: Run) -> list[str]:
    if run.status != "done" or not (run.counts.inserted or run.counts.updated or run.counts.unchanged):
        return []
    found = run.tiers
    return ["  tiers    " + ", ".join(f"{tier} {count:,}" for tier, count in found)] if found else []


def training_text(trained: Trained) -> str:
    """What was learned, from whom, and how good it is on the test block."""
    from leadmart.scoring.evaluation.calibration_report import calibration_text
    from leadmart.scoring.evaluation.words import evaluation_text
    from leadmart.scoring.learning.choice import candidates_text
    from leadmart.scoring.learning.horizon import horizon_text
    from leadmart.scoring.learning.importance import importance_text
    from leadmart.scoring.learning.population import population_text

    result = trained.result
    document = trained.as_json()
    title = f"{document['model_version']} ({result.tier}), {trained.role}" if result.model else "the rules are kept"
    lines = [f"{title}: {result.label.name} within {document['horizon_days']:g} days, {trained.seconds:.1f} s", ""]
    learned = "learned from" if result.model else "to learn from:"
    lines.append(
        f"  {learned} {result.rows:,} landmarks before the test, {result.positives:,} of them positive: "
        f"{result.positive_leads:,} leads with the outcome, {result.negative_leads:,} without"
    )
    lines += [f"  left out {e.rows:>9,} landmarks: {e.words}" for e in result.excluded if e.rows]
    lines.append("")
    for block in result.blocks:
        span = f"{block.first:%Y-%m-%d} to {block.last:%Y-%m-%d}" if block.first and block.last else "given up"
        leads = f"{block.leads:>8,} leads, {block.positive_leads:>6,} with the outcome"
        lines.append(f"  {block.name:<12}{block.rows:>9,} landmarks {leads}   {span}")
    lines += ["", *candidates_text(document), *figures_text(document["metrics"])]
    lines += evaluation_text(document["evaluation"])
    if result.suspects:
        lines += ["", "  suspects: columns that may tell the outcome better than behaviour can"]
        lines += [f"    {s.column}: {s.why}{f'; waived: {s.waived}' if s.waived else ''}" for s in result.suspects]
    lines += calibration_text(document)
    lines += ["", *population_text(document), *horizon_text(document)]
    if told := importance_text(document):
        lines += ["", *told]
    lines += ["", *(f"  {note}" for note in result.notes)]
    moved = document["jump"] if document["jump"] and document["jump"]["leads"] else None
    if told := [*decision_text(document), *jump_text(moved)]:
        lines += ["", *told]
    return "\n".join(lines)


def figures_text(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The figures with their intervals, one a line; an undefined one says why."""
    lines = ["  on the test block              value     95 % interval"]
    for name in [*(n for n in _FIGURES if n in metrics), *(n for n in metrics if n not in _FIGURES)]:
        figure = metrics[name]
        if figure["value"] is None:
            lines.append(f"    {name:<26}undefined: {figure.get('reason', '')}")
        else:
            span = f"{figure['low']:.3f} to {figure['high']:.3f}" if figure["low"] is not None else ""
            words = "  (made-up world: the best that any model could reach)" if name == "reachable_roc_auc" else ""
            lines.append(f"    {name:<26}{figure['value']:>7.3f}   {span}{words}")
    return lines


def models_text(models: Sequence[Mapping[str, Any]]) -> str:
    """The models one after the other, newest first."""
    if not models:
        return "no model yet: the rules score (`leadmart train`)"
    parts = []
    for model in models:
        head = (
            f"{model['model_version']} ({model['tier']}), {model['role']}: {model['label']}, learned from "
            f"{model['rows']:,} landmarks, {model['positives']:,} positive"
        )
        parts.append("\n".join([head, *figures_text(model["metrics"])]))
    return "\n\n".join(parts)


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a plain table; long cells are cut, but for the last column. Rows with line breaks come field by field."""
    if not rows:
        return "no rows"
    if any(isinstance(value, str) and "\n" in value for row in rows for value in row.values()):
        return "\n\n".join("\n".join(f"{name}: {value}" for name, value in row.items()) for row in rows)
    names = list(rows[0])
    cells = [[cell(row[name]) for name in names] for row in rows]
    widths = [min(_WIDEST, max(len(name), *(len(line[i]) for line in cells))) for i, name in enumerate(names)]
    numeric = [all(isinstance(row[name], int | float) or row[name] is None for row in rows) for name in names]

    def line(values: Sequence[str]) -> str:
        cut = [v if len(v) <= w else v[: w - 1] + "…" for v, w in zip(values, widths, strict=True)]
        fitted = [*cut[:-1], values[-1]]
        return "  ".join(
            v.rjust(w) if right else v.ljust(w) for v, w, right in zip(fitted, widths, numeric, strict=True)
        ).rstrip()

    return "\n".join([line(names), "  ".join("-" * w for w in widths), *map(line, cells)])


def cell(value: object) -> str:
    """A value as a table shows it: NULL empty, a list by semicolons."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
