"""`backfill --scores`: scores of what is filled, by today's model and policy, and how past scores came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso, now, sql_literal
from leadmart.features.definition import Definition, horizon_days
from leadmart.features.errors import LeadmartError
from leadmart.features.fingerprint import digest
from leadmart.features.outcomes import make_outcomes
from leadmart.features.plan import newest_moment
from leadmart.features.shown import VERSIONS, last_shown
from leadmart.scoring.champion import RULES
from leadmart.scoring.life.kept import kept_model
from leadmart.scoring.scorer import label_of

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.run import Run

_MOST_TOLD = 12


@dataclass(frozen=True)
class PastReport:
    """How the scores of one as_of under one set of versions came out; `is_new` where nobody had looked before."""

    as_of: datetime
    versions: Mapping[str, str]
    was_shown: bool
    saw_outcomes: bool | None
    rows: int
    positives: int
    report: Mapping[str, Any]
    is_new: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "as_of": iso(self.as_of),
            **self.versions,
            "was_shown": self.was_shown,
            "saw_outcomes": self.saw_outcomes,
            "rows": self.rows,
            "positives": self.positives,
            **self.report,
            "is_new": self.is_new,
        }


@dataclass(frozen=True)
class Past:
    """What `backfill --scores` found beside scores: as_of it could not score, reports, and as_of still too young."""

    not_filled: tuple[datetime, ...]
    reports: tuple[PastReport, ...] = ()
    waiting: tuple[datetime, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "not_filled": [iso(m) for m in self.not_filled],
            "reports": [each.as_json() for each in self.reports],
            "waiting": [iso(m) for m in self.waiting],
        }


def keep_filled(run: Run) -> None:
    """Leaves the as_of whose slices are all there. Raises LeadmartError `nothing_filled` where none is."""
    lacking = {each.as_of for each in run.missing}
    filled = [m for m in run.moments if m not in lacking]
    if not filled:
        raise LeadmartError(
            f"no as_of from {iso(run.moments[0])} to {iso(run.moments[-1])} is filled for today's definitions",
            code="nothing_filled",
            hint="without --scores, `leadmart backfill` fills slices and scores them",
        )
    run.past = Past(tuple(sorted(lacking)))
    run.moments, run.missing = filled, []


def report_past(run: Run) -> None:
    """Sets each as_of's scores against the outcomes that followed, once these are known for certain.

    Under the versions of today and under all others that scored there: a report stands under their versions, and one
    that was made before is left as it is.
    """
    if run.past is None or run.status == "blocked":
        return
    label, settings = label_of(run.registry), run.project.settings.train
    wait = timedelta(days=horizon_days(label)) + timedelta(days=settings.ingest_lag_days)
    cut_off = newest_moment(run.warehouse)
    ripe = [m for m in run.in_order if m + wait <= cut_off]
    found: list[PastReport] = []
    if ripe:
        make_outcomes(run.session, run.registry, label)
    for number, as_of in enumerate(ripe):
        run.progress(f"how scores of {iso(as_of)} came out", number, len(ripe))
        found += _reports_at(run, label, as_of, cut_off)
    run.past = Past(run.past.not_filled, tuple(found), tuple(sorted(set(run.moments) - set(ripe))))


def past_text(past: Past) -> list[str]:
    """The lines of a run's summary for its reports."""
    lines = []
    if past.not_filled:
        lines.append(f"  left out {len(past.not_filled)} as_of whose slices are not filled for today's definitions")
    for each in past.reports[:_MOST_TOLD]:
        auc = each.report["figures"].get("roc_auc") or {}
        order = f", roc_auc {auc['value']:.3f}" if auc.get("value") is not None else ""
        flatters = ", the model learned from outcomes after it" if each.saw_outcomes else ""
        lines.append(
            f"  report   {iso(each.as_of)[:10]} {each.versions['model_version']} {each.versions['policy_version']}, "
            f"{'shown' if each.was_shown else 'not shown'}: {each.rows:,} leads, {each.positives:,} with the outcome"
            f"{order}{flatters}"
        )
    if len(past.reports) > _MOST_TOLD:
        lines.append(f"           and {len(past.reports) - _MOST_TOLD} more in meta.score_reports")
    if past.waiting:
        lines.append(f"  waiting  {len(past.waiting)} as_of whose outcomes are not known for certain yet")
    return lines


def _reports_at(run: Run, label: Definition, as_of: datetime, cut_off: datetime) -> list[PastReport]:
    warehouse, at = run.warehouse, sql_literal(as_of)
    names = ", ".join(VERSIONS)
    sets = warehouse.rows(
        f"SELECT DISTINCT {names} FROM (SELECT as_of, {names} FROM store.meta.scorings UNION ALL "
        f"SELECT as_of, {names} FROM store.meta.past_scorings) WHERE as_of = {at} ORDER BY ALL"
    )
    shown = last_shown(warehouse, as_of)
    found = []
    for versions in sets:
        rows = warehouse.frame(
            "SELECT s.lead_id, s.as_of, s.composite, s.p_cal, s.tier, o.outcome_at "
            f"FROM store.scores.lead_scores AS s LEFT JOIN outcomes AS o ON CAST(o.{label.key} AS VARCHAR) = s.lead_id "
            f"WHERE s.as_of = {at} AND (s.feature_set_version, s.model_version, s.policy_version) = (?, ?, ?) "
            "AND s.role = 'champion' ORDER BY s.lead_id",
            list(versions),
        )
        if rows.height:
            named = dict(zip(VERSIONS, versions, strict=True))
            found.append(_report(run, label, rows, named, cut_off, was_shown=named == shown))
    return found


def _report(
    run: Run, label: Definition, rows: pl.DataFrame, versions: Mapping[str, str], cut_off: datetime, *, was_shown: bool
) -> PastReport:
    import polars as pl

    from leadmart.scoring.learning.dataset import label_rows

    days = horizon_days(label)
    lag = timedelta(days=run.project.settings.train.ingest_lag_days)
    known = label_rows(rows, horizon=timedelta(days=days), ingest_lag=lag, cut_off=cut_off).rows
    by_tier = known.group_by("tier").agg(pl.len().alias("leads"), pl.col("y").sum().cast(pl.Int64).alias("positives"))
    document = {
        "horizon_days": days,
        "figures": _figures(known),
        "tiers": by_tier.sort("tier").to_dicts(),
    }
    as_of: datetime = rows["as_of"][0]
    found = PastReport(
        as_of, versions, was_shown, _saw_outcomes(run, versions["model_version"], as_of, days), known.height,
        int(known["y"].sum()), document, is_new=True,
    )  # fmt: skip
    return _keep(run, label, found, digest(known.select("lead_id", "composite", "p_cal", "tier", "y").rows()))


def _figures(known: pl.DataFrame) -> dict[str, Any]:
    """Of the order that people saw, and of the probability where every row has one."""
    import numpy as np

    from leadmart.scoring.evaluation.figures import Metric, evaluate, roc_auc

    y = known["y"].to_numpy()
    order = roc_auc(y, known["composite"].to_numpy().astype(np.float64))
    found = {"roc_auc": Metric(order, reason="" if order is not None else "every row has one outcome").as_json()}
    if known.height and not known["p_cal"].null_count():
        p = known["p_cal"].to_numpy().astype(np.float64)
        of_p = evaluate(y, p, np.arange(known.height), replicates=200)
        found |= {f"p_cal_{name}": of_p[name].as_json() for name in ("roc_auc", "log_loss", "brier", "ece")}
    return found


def _saw_outcomes(run: Run, model: str, as_of: datetime, days: int) -> bool | None:
    """Whether a model learned from outcomes that came after an as_of; None where its report does not say."""
    if model == RULES:
        return False
    until = kept_model(run.warehouse, model).learned_until
    return None if until is None else as_of < until + timedelta(days=days)


def _keep(run: Run, label: Definition, found: PastReport, rows_hash: str) -> PastReport:
    from dataclasses import replace

    key = [*(found.versions[name] for name in VERSIONS), label.name, run.registry.token_hash(label), rows_hash]
    at = sql_literal(found.as_of)
    known = run.warehouse.rows(
        "SELECT 1 FROM store.meta.score_reports WHERE (feature_set_version, model_version, policy_version, label, "
        f"label_version, rows_hash) = (?, ?, ?, ?, ?, ?) AND as_of = {at}",
        key,
    )
    if known:
        return replace(found, is_new=False)
    run.warehouse.execute(
        f"INSERT INTO store.meta.score_reports VALUES ({at}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {sql_literal(now())})",
        [
            *key, found.was_shown, found.saw_outcomes, found.rows, found.positives, json.dumps(found.report),
            run.run_id,
        ],
    )  # fmt: skip
    return found
