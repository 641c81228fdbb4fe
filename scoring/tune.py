"""`tune`: where hot and warm should begin, from own matured conversions and what sales can work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from leadmart.features.clock import iso
from leadmart.features.definition import horizon_days
from leadmart.features.holder import AT_ONCE, Patience
from leadmart.features.lookup import told_columns
from leadmart.features.project import Project
from leadmart.scoring.champion import RULES, load_model, typed_columns
from leadmart.scoring.evaluation.clusters import CLUSTER
from leadmart.scoring.evaluation.hand_off import wilson
from leadmart.scoring.learning.dataset import label_rows
from leadmart.scoring.learning.landmarks import training_frame
from leadmart.scoring.life.kept import kept_model
from leadmart.scoring.life.verbs import sitting
from leadmart.scoring.release.valid import serving_version

if TYPE_CHECKING:
    import polars as pl

STEP = 5
LEAST_CONVERTED = 50
"""Leads with the outcome from which on thresholds are proposed: of fewer, what is best is chance."""

LEAST_ABOVE = 50
"""Leads that have to reach a threshold which is proposed for hot."""

WARM_RECALL = 0.8
"""The share that hot and warm together are to hold of the conversions that handing every lead over would hold."""

WORKDAYS = 5


@dataclass(frozen=True)
class Threshold:
    """What sales would get if leads were handed over when they first reach `score`.

    `precision` is the share of them that converts within the horizon from then on, with Wilson's 95 % interval;
    `recall` the share these are of all leads with the outcome. `longest_wait_days` is how long the last lead of the
    fullest queue waits, at the capacity.
    """

    score: float
    leads: int
    per_week: float
    per_day: float
    busiest_week: float
    longest_wait_days: float
    precision: float | None
    low: float | None
    high: float | None
    recall: float | None


@dataclass(frozen=True)
class Tuning:
    """`curve` at every fifth point. `hot` and `warm` are None where the present ones are kept, and `why` says why."""

    curve: tuple[Threshold, ...]
    leads: int
    converted: int
    weeks: int
    leads_per_week: int
    response_days: float | None
    hot: float | None
    warm: float | None
    why: str

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "curve": [asdict(each) for each in self.curve]}


def tuned(rows: pl.DataFrame, *, leads_per_week: int, response_days: float | None = None, scale: float = 1.0) -> Tuning:
    """Thresholds from labelled rows: lead_id, as_of, score (0 to 100), y (the outcome within the horizon).

    A lead is handed over once, at its first row that reaches the threshold. `scale` is how many leads stand behind each
    of the rows', where not all were drawn. Hot is the lowest score that keeps within the capacity on average and, where
    `response_days` is given, within that wait; warm the highest below it that holds 80 % of the conversions which score
    0 holds.
    """
    import polars as pl

    ordered = rows.sort("lead_id", "as_of")
    weeks = _weeks(ordered)
    converted = ordered.group_by("lead_id").agg(pl.col("y").max())["y"].sum()
    curve = tuple(
        _threshold(ordered, float(score), int(converted), weeks, leads_per_week, scale)
        for score in (range(0, 101, STEP) if weeks else ())
    )
    told = (curve, ordered["lead_id"].n_unique(), int(converted), weeks, leads_per_week, response_days)
    if converted < LEAST_CONVERTED:
        why = f"only {converted} leads with the outcome: from {LEAST_CONVERTED} on, thresholds are proposed"
        return Tuning(*told, None, None, why)
    fit = [
        each
        for each in curve
        if each.per_week <= leads_per_week
        and each.leads >= LEAST_ABOVE
        and (response_days is None or each.longest_wait_days <= response_days)
    ]
    if not fit:
        why = f"no score that {LEAST_ABOVE} leads or more reach keeps within {leads_per_week:,} leads a week"
        return Tuning(*told, None, None, why + (f" and {response_days:g} days" if response_days else ""))
    hot = fit[0].score
    wanted = WARM_RECALL * (curve[0].recall or 0)
    warm = max((each.score for each in curve if each.score < hot and (each.recall or 0) >= wanted), default=None)
    if warm is None:
        return Tuning(*told, None, None, "sales can work every lead: no threshold is wanted")
    return Tuning(*told, hot, warm, "")


def _weeks(rows: pl.DataFrame) -> int:
    first, last = rows["as_of"].min(), rows["as_of"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return 0
    return (last - first).days // 7 + 1


def _threshold(
    ordered: pl.DataFrame, score: float, converted: int, weeks: int, leads_per_week: int, scale: float
) -> Threshold:
    import polars as pl

    handed = ordered.filter(pl.col("score") >= score).unique("lead_id", keep="first", maintain_order=True)
    begin = ordered["as_of"].min()
    number = ((handed["as_of"] - begin).dt.total_days() // 7).to_numpy()
    arrivals = np.bincount(number.astype(np.int64), minlength=weeks).astype(np.float64) * scale
    hits = int(handed["y"].sum())
    low, high = wilson(hits, handed.height) if handed.height else (None, None)
    per_week = float(arrivals.mean()) if weeks else 0.0
    return Threshold(
        score=score,
        leads=handed.height,
        per_week=per_week,
        per_day=per_week / WORKDAYS,
        busiest_week=float(arrivals.max()) if weeks else 0.0,
        longest_wait_days=7.0 * _longest_queue(arrivals, leads_per_week) / leads_per_week,
        precision=hits / handed.height if handed.height else None,
        low=low,
        high=high,
        recall=hits / converted if converted else None,
    )


def _longest_queue(arrivals: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]], capacity: int) -> float:
    """The most leads that ever wait at the end of a week's arrivals, worked first come first served."""
    # the queue is the walk of (arrivals - capacity) above its lowest point so far; a week's own arrivals wait within it
    steps = np.asarray(arrivals, dtype=np.float64)
    walk = np.concatenate([[0.0], np.cumsum(steps - capacity)])
    before = walk[:-1] - np.minimum.accumulate(walk[:-1])
    return float((before + steps).max()) if len(steps) else 0.0


def tune(
    project: Project,
    leads_per_week: int | None = None,
    response_days: float | None = None,
    say: Callable[[str], None] = lambda _: None,
    *,
    run_id: str | None = None,
    patience: Patience = AT_ONCE,
) -> dict[str, Any]:
    """The document of `tune --json`: the curve on matured landmarks of leads that the champion did not learn from.

    Scored by today's policy and champion (without one, by the points alone, on all matured landmarks), gated leads left
    out. Writes nothing. Raises LeadmartError `nothing_loaded`, `nothing_to_learn`, `feature_mismatch`.
    """
    import polars as pl

    from leadmart.scoring.assess import score_rows

    settings = project.settings
    capacity = leads_per_week or settings.scoring.capacity.leads_per_week
    with sitting(project, "tune", (), run_id, patience) as court:
        trial = court.trial
        registry, warehouse = trial.session.registry, court.warehouse
        version = serving_version(trial.session, trial.selection)
        learned = None if version == RULES else kept_model(warehouse, version).learned_until

        def unlearned(pairs: pl.DataFrame) -> pl.DataFrame:
            if learned is None:
                return pairs
            moment = pl.lit(learned, dtype=pl.Datetime("us"))
            return pairs.filter(pl.col("as_of").min().over(CLUSTER) > moment)

        label = registry.get("label", settings.train.label)
        spine = registry.get("spine", settings.train.spine)
        say("features at past landmarks")
        frame = training_frame(
            trial.session, trial.selection, label, spine, trial.policy.gates, court.cut_off, only=unlearned
        )
        labelled = label_rows(
            frame.rows,
            horizon=timedelta(days=horizon_days(label)),
            ingest_lag=timedelta(days=settings.train.ingest_lag_days),
            cut_off=court.cut_off,
        ).rows.sort("lead_id", "as_of")
        say("scoring them")
        scored = score_rows(
            labelled,
            typed_columns(told_columns(trial.selection), labelled),
            replace(trial.policy, fit=None),  # fit is beside the score
            load_model(warehouse, version, trial.selection.feature_set_version),
            feature_set_version=trial.selection.feature_set_version,
            reasons_for="none",
        ).rows
    drawn = sum(each.leads for each in frame.left_out if each.code == "sampled out")
    kept_leads = max(labelled["lead_id"].n_unique(), 1)
    rows = scored.select("lead_id", "as_of", score="composite").with_columns(labelled["y"])
    found = tuned(rows, leads_per_week=capacity, response_days=response_days, scale=1 + drawn / kept_leads)
    tiers = settings.scoring.tiers
    return {
        **found.as_json(),
        "model_version": version,
        "first": iso(rows["as_of"].min()) if rows.height else None,  # type: ignore[arg-type]
        "last": iso(rows["as_of"].max()) if rows.height else None,  # type: ignore[arg-type]
        "present": {"hot": tiers.hot, "warm": tiers.warm, "by": tiers.by},
    }


def tune_text(document: Mapping[str, Any]) -> str:
    """The curve as a table with bars, and what to write into leadmart.toml."""
    span = f" from {document['first'][:10]} to {document['last'][:10]}" if document["first"] else ""
    lines = [
        f"{document['leads']:,} leads{_unlearned(document['model_version'])}, {document['converted']:,} with the "
        f"outcome,{span}; each is handed over when it first reaches a score",
        "",
        "  score   leads   a day   busiest week   longest wait   precision   95 % interval    of all conversions",
    ]
    for each in document["curve"]:
        precision = (
            f"{each['precision']:>9.3f}   {each['low']:.3f} to {each['high']:.3f}" if each["leads"] else " " * 27
        )
        recall = f"{each['recall']:>6.1%} {'#' * round(20 * each['recall'])}" if each["recall"] is not None else ""
        lines.append(
            f"  {each['score']:>5.0f}{each['leads']:>8,}{each['per_day']:>8.1f}{each['busiest_week']:>15,.0f}"
            f"{each['longest_wait_days']:>10,.1f} days   {precision}   {recall}".rstrip()
        )
    present = document["present"]
    lines.append("")
    if document["hot"] is None:
        return "\n".join(
            [
                *lines,
                f"Kept: hot from {present['hot']:g}, warm from {present['warm']:g}. {document['why'].capitalize()}.",
            ]
        )
    if present["by"] == "rank":
        lines.append('The tiers go by rank here: these scores count where [scoring.tiers] says by = "composite".')
    lines += [
        f"For {document['leads_per_week']:,} leads a week, in leadmart.toml (now {present['hot']:g} and "
        f"{present['warm']:g}):",
        "",
        "  [scoring.tiers]",
        f"  hot = {document['hot']:g}",
        f"  warm = {document['warm']:g}",
    ]
    return "\n".join(lines)


def _unlearned(version: str) -> str:
    return "" if version == RULES else f" that {version} did not learn from"
