"""Whether the features give an audit group away, so that a model blind to it is blind in name only (F2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from leadmart.features.lookup import FeatureColumn
from leadmart.scoring.evaluation.figures import Floats, Ints, roc_auc
from leadmart.scoring.models.matrix import category_positions, fit_columns, to_matrix

TELLING_AUC = 0.70
LEAST_LEADS = 30
_MOST_ROWS = 12_000
_TOP = 5
_ROUNDS = 60
_SMALL_MODEL = {
    "objective": "binary", "learning_rate": 0.1, "num_leaves": 8, "min_data_in_leaf": 20, "lambda_l2": 5.0,
    "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1, "feature_pre_filter": False,
}  # fmt: skip


@dataclass(frozen=True)
class Proxy:
    """How well the features tell one group of an audit column from the rest. `auc` is of leads the small model had not
    seen; None with a `reason` where the group is too small. `columns` carry it where auc is above .70, the most telling
    first, with their share of the gain.
    """

    column: str
    group: str
    auc: float | None
    columns: tuple[tuple[str, float], ...] = ()
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """`{"column", "group", "auc", "is_proxied", "columns": [{"column", "share"}]}`."""
        document: dict[str, Any] = {
            "column": self.column,
            "group": self.group,
            "auc": self.auc,
            "is_proxied": None if self.auc is None else self.auc > TELLING_AUC,
            "columns": [{"column": name, "share": share} for name, share in self.columns],
        }
        return document | ({"reason": self.reason} if self.reason else {})


def proxies(
    rows: pl.DataFrame, columns: Sequence[FeatureColumn], groups: Mapping[str, Sequence[str]], ties: Ints, *, seed: int
) -> tuple[Proxy, ...]:
    """Each group of each audit column, told from the rest by a small LightGBM on the features alone.

    One row a lead, its first (`rows` stand by lead and then by time), so that no lead is in both halves. Half of the
    leads, by their hash `ties`, learn and the other half are judged, and then the halves change places. At most 12,000
    leads, the first by hash.
    """
    leads = rows["lead_id"]
    firsts = np.nonzero(np.append(True, (leads != leads.shift(1)).fill_null(True).to_numpy()[1:]))[0]
    drawn = np.sort(firsts[np.argsort(ties[firsts], kind="stable")[:_MOST_ROWS]])
    sample = rows[drawn]
    fitted = fit_columns(sample, columns)
    matrix = to_matrix(sample, fitted)
    halves = np.argsort(np.argsort(ties[drawn], kind="stable")) % 2
    categories = category_positions(fitted)
    found = []
    for audit, given in groups.items():
        mine = np.asarray(given)[drawn]
        for group in sorted(set(mine.tolist())):
            found.append(_told(audit, group, mine == group, matrix, halves, [c.name for c in fitted], categories, seed))
    return tuple(found)


def _told(
    audit: str,
    group: str,
    inside: np.typing.NDArray[np.bool_],
    matrix: Floats,
    halves: Ints,
    names: Sequence[str],
    categories: Sequence[int],
    seed: int,
) -> Proxy:
    import lightgbm as lgb

    if min(int(inside.sum()), int((~inside).sum())) < LEAST_LEADS:
        return Proxy(audit, group, None, reason=f"fewer than {LEAST_LEADS} leads are in it, or outside of it")
    y = inside.astype(np.int8)
    told, gain = np.zeros(len(y)), np.zeros(len(names))
    for half in (0, 1):
        learns = halves != half
        data = lgb.Dataset(
            matrix[learns], label=y[learns], categorical_feature=list(categories), free_raw_data=False,
            params=_SMALL_MODEL,
        )  # fmt: skip
        booster = lgb.train({**_SMALL_MODEL, "seed": seed}, data, num_boost_round=_ROUNDS)
        told[~learns] = np.asarray(booster.predict(matrix[~learns], num_threads=1))
        gain += booster.feature_importance("gain")
    # each half by itself: two models' scores do not stand on one scale
    aucs = [roc_auc(y[halves == half], told[halves == half]) for half in (0, 1)]
    known = [auc for auc in aucs if auc is not None]
    if not known:
        return Proxy(audit, group, None, reason="one half of the leads has only one of the two")
    auc = float(np.mean(known))
    if auc <= TELLING_AUC or gain.sum() == 0:
        return Proxy(audit, group, auc)
    top = np.argsort(-gain, kind="stable")[:_TOP]
    return Proxy(audit, group, auc, tuple((names[i], float(gain[i] / gain.sum())) for i in top if gain[i] > 0))


def proxies_text(document: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each group that the features give away, from the list of `Proxy.as_json`."""
    return [
        f"    the features give {each['column']}: {each['group']} away (AUC {each['auc']:.2f}), most by "
        f"{', '.join(c['column'] for c in each['columns'])}"
        for each in document
        if each["is_proxied"]
    ]
