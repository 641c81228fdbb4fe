"""Rolling origins: what a model fitted then would have been worth on the leads that came after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.scoring.evaluation.clusters import cluster_numbers, cluster_of
from leadmart.scoring.evaluation.figures import roc_auc
from leadmart.scoring.evaluation.within import auc_within, months
from leadmart.scoring.learning.candidates import Candidate
from leadmart.scoring.learning.dataset import outcome_leads
from leadmart.scoring.models.logistic import row_losses

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 3
# The longest a fold's judged rows reach; with little history, a sixth of what there is besides the embargo.
_LONGEST = timedelta(days=45)
# A fold with fewer leads of an outcome than these to learn from, or to be judged on, says nothing.
LEAST_LEARNED, LEAST_JUDGED = 30, 10
# Of more rows a fold learns from those of a part of the leads: every candidate sees the same, and only time grows.
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Fold:
    """One origin. `learned` are rows whose label was complete at `first`; `judged` those from `first` to `last`, of
    leads that `learned` does not hold; both sorted by (as_of, lead_id).
    """

    learned: pl.DataFrame
    judged: pl.DataFrame
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Folds:
    """The origins in the order of time, and what is to be said about them."""

    folds: tuple[Fold, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FoldFigures:
    """A candidate on one fold's judged rows. The ROC-AUCs are None where only one outcome is there."""

    first: datetime
    last: datetime
    rows: int
    positives: int
    log_loss: float
    roc_auc: float | None
    roc_auc_within: float | None

    def as_json(self) -> dict[str, object]:
        return {**vars(self), "first": self.first.isoformat(), "last": self.last.isoformat()}


@dataclass(frozen=True)
class Trial:
    """A candidate over all folds. `losses` are the judged rows' log-losses, fold after fold. `pooled` holds the
    ROC-AUC over the rows of all folds together, and that of pairs within a month.
    """

    name: str
    words: str
    folds: tuple[FoldFigures, ...]
    losses: Floats
    pooled: Mapping[str, float | None]

    def mean(self, figure: str) -> float | None:
        """The mean of a figure over the folds that have it."""
        return float(np.mean(found)) if (found := self._all(figure)) else None

    def worst(self, figure: str) -> float | None:
        """The highest log-loss, the lowest ROC-AUC of a fold."""
        found = self._all(figure)
        return (max if figure == "log_loss" else min)(found) if found else None

    def _all(self, figure: str) -> list[float]:
        return [value for fold in self.folds if (value := getattr(fold, figure)) is not None]


@dataclass(frozen=True)
class Backtest:
    """Every candidate on the same rows. `fold` and `lead` number each judged row's fold and lead; `positive_leads` of
    them have the outcome.
    """

    trials: Mapping[str, Trial]
    fold: Ints
    lead: Ints
    positive_leads: int = 0
    notes: tuple[str, ...] = ()

    def difference(self, one: str, other: str) -> tuple[float, float]:
        """(mean, standard error) of the log-loss of `one` less that of `other`, on identical rows.

        The mean is that of the folds' means. The error is the larger of two: of the folds' differences among
        themselves, which knows that times differ and is a guess from three; and of leads drawn within the folds, a
        lead's rows being one draw.
        """
        apart = self.trials[one].losses - self.trials[other].losses
        rows_of = np.bincount(self.fold)
        by_fold = np.bincount(self.fold, weights=apart) / rows_of
        count = len(by_fold)
        between = float(np.std(by_fold, ddof=1) / np.sqrt(count)) if count > 1 else 0.0
        off = (apart - by_fold[self.fold]) / (count * rows_of[self.fold])
        within = float(np.sqrt(np.sum(np.bincount(self.lead, weights=off) ** 2)))
        return float(by_fold.mean()), max(between, within)


def rolling_folds(pool: pl.DataFrame, wait: timedelta, seed: int) -> Folds:
    """Up to three origins in `pool`, the labelled rows before the test block (T6).

    The judged rows are the pool's last days, in equal stretches, each with its embargo: a row is learned from only if
    as_of + `wait` (horizon and lag) is no later than the stretch's first moment, and a lead that was learned from is
    not judged. Stretches with too few leads of an outcome are dropped, and `notes` say so.
    """
    if pool.is_empty():
        return Folds((), ())
    begin, end = pool["as_of"].min(), pool["as_of"].max()
    assert isinstance(begin, datetime)
    assert isinstance(end, datetime)
    width = min(_LONGEST, (end - begin - wait) / (2 * FOLDS))
    if width < timedelta(days=1):
        days = (end - begin) / timedelta(days=1)
        why = f"{days:.0f} days of landmarks before the test block are too short for an embargo of {wait.days}"
        return Folds((), (f"no backtest: {why}",))
    found: list[Fold] = []
    drawn = False
    for number in range(FOLDS):
        low, high = end - (FOLDS - number) * width, end - (FOLDS - number - 1) * width
        learned = pool.filter(pl.col("as_of") + pl.lit(wait) <= pl.lit(low, dtype=pl.Datetime("us")))
        judged = pool.filter(
            pl.col("as_of").is_between(
                pl.lit(low, dtype=pl.Datetime("us")), pl.lit(high, dtype=pl.Datetime("us")), closed="right"
            )
        ).join(learned.select(cluster_of(pool)).unique(), on=cluster_of(pool), how="anti")
        if min(outcome_leads(learned)) < LEAST_LEARNED or min(outcome_leads(judged)) < LEAST_JUDGED:
            continue
        drawn = drawn or learned.height > MOST_ROWS
        first, last = judged["as_of"].min(), judged["as_of"].max()
        assert isinstance(first, datetime)
        assert isinstance(last, datetime)
        found.append(Fold(_drawn(learned, seed), judged.sort("as_of", "lead_id"), first, last))
    notes = []
    if len(found) < FOLDS:
        count = f"{len(found)} of {FOLDS} origins" if found else f"none of {FOLDS} origins"
        notes.append(
            f"backtest: {count} could be used; the others have fewer than {LEAST_LEARNED} leads of an outcome to learn "
            f"from, or {LEAST_JUDGED} to be judged on"
        )
    if drawn:
        notes.append(f"backtest: at most {MOST_ROWS:,} landmarks of whole leads are drawn to learn from at each origin")
    return Folds(tuple(found), tuple(notes))


def backtest(folds: Folds, candidates: Sequence[Candidate]) -> Backtest:
    """Every candidate fitted at every origin, and judged on what came after. No candidate sees a judged row."""
    used = folds.folds
    if not used:
        return Backtest({}, np.empty(0, np.int64), np.empty(0, np.int64), notes=folds.notes)
    together = pl.concat([fold.judged.select(cluster_of(fold.judged), "as_of", "y") for fold in used])
    y, month = together["y"].to_numpy(), months(together)
    fold = np.repeat(np.arange(len(used)), [each.judged.height for each in used])
    lead = cluster_numbers(together)
    trials = {}
    for candidate in candidates:
        p = np.concatenate([candidate.fit(each.learned)(each.judged) for each in used])
        losses = row_losses(y, p)
        figures = []
        for number, each in enumerate(used):
            rows = fold == number
            figures.append(
                FoldFigures(
                    each.first, each.last, int(rows.sum()), int(y[rows].sum()), float(losses[rows].mean()),
                    roc_auc(y[rows], p[rows]), auc_within(month[rows], y[rows], p[rows]),
                )
            )  # fmt: skip
        pooled = {"roc_auc": roc_auc(y, p), "roc_auc_within": auc_within(month, y, p)}
        trials[candidate.name] = Trial(candidate.name, candidate.words, tuple(figures), losses, pooled)
    return Backtest(trials, fold, lead, len(np.unique(lead[y == 1])), folds.notes)


def _drawn(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """At most `MOST_ROWS` of them, of whole leads, drawn by the seed from the sorted ids; sorted."""
    if rows.height > MOST_ROWS:
        leads = rows.group_by(cluster_of(rows)).len().sort(cluster_of(rows))
        turn = leads[np.random.default_rng(seed).permutation(leads.height)]
        rows = rows.join(turn.filter(pl.col("len").cum_sum() <= MOST_ROWS), on=cluster_of(rows), how="semi")
    return rows.sort("as_of", "lead_id")
