"""The training set: labels with horizon and maturity, and the split with one embargo."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

from leadmart.features.errors import LeadmartError
from leadmart.scoring.evaluation.clusters import cluster_of

# The train block keeps at least this many leads of each outcome, else a later block is given up to it: fewer make no
# model (G1).
MIN_TRAIN_LEADS = 100

_MOMENT = pl.Datetime("us")


@dataclass(frozen=True)
class Exclusion:
    """Rows that were left out, and why. `code` is stable; `leads` counts the distinct leads among the rows."""

    code: str
    words: str
    rows: int
    leads: int


@dataclass(frozen=True)
class Labelled:
    """Rows at risk whose label is known for certain: `y` (Int8, 0 or 1) beside the given columns, sorted by (as_of,
    lead_id).
    """

    rows: pl.DataFrame
    excluded: tuple[Exclusion, ...]
    horizon: timedelta
    ingest_lag: timedelta
    cut_off: datetime


@dataclass(frozen=True)
class SplitSettings:
    """Lengths of the blocks; or dates, all inclusive: training landmarks until `train_until`, test from `test_start`
    to `test_end`.

    0 days of calibration or validation means: no such block.
    """

    test_days: int = 60
    calibration_days: int = 45
    validation_days: int = 45
    train_until: datetime | None = None
    test_start: datetime | None = None
    test_end: datetime | None = None


@dataclass(frozen=True)
class Split:
    """Four blocks, disjoint by person, the first three before the embargo; a block given up is an empty frame.

    `reference` are all rows before the embargo, lead by lead complete: the mix of lead ages that scoring meets, for
    ranks.
    """

    train: pl.DataFrame
    validation: pl.DataFrame
    calibration: pl.DataFrame
    test: pl.DataFrame
    reference: pl.DataFrame
    left_out: tuple[Exclusion, ...]
    notes: tuple[str, ...]

    def blocks(self) -> dict[str, pl.DataFrame]:
        """The four blocks by name, in the order of time."""
        return {"train": self.train, "validation": self.validation, "calibration": self.calibration, "test": self.test}

    def outside_test(self) -> pl.DataFrame:
        """Train, validation and calibration as one frame."""
        return pl.concat([self.train, self.validation, self.calibration])


def label_rows(
    frame: pl.DataFrame,
    *,
    horizon: timedelta,
    ingest_lag: timedelta,
    cut_off: datetime,
    not_before: datetime | None = None,
) -> Labelled:
    """The rows that may be learned from: at risk at as_of, and with the whole window closed by `cut_off`.

    `frame` holds lead_id, as_of, outcome_at (NULL where none is known) and any other columns. y = 1 where as_of <
    outcome_at <= as_of + horizon. A row is out where outcome_at <= as_of (converted already), where as_of + horizon +
    ingest_lag > cut_off (immature, whether or not it has converted since: keeping early positives without their open
    neighbours would inflate the base rate), and where as_of < `not_before`. `cut_off` is the newest completed load,
    not the wall clock.
    Raises LeadmartError `bad_training_rows` for NULL or repeated keys and for clocks that are no naive timestamps.
    """
    _refuse_unfit(frame)
    rows = frame.with_columns(pl.col("as_of").cast(_MOMENT), pl.col("outcome_at").cast(_MOMENT)).sort(
        "as_of", "lead_id"
    )
    closes_at = pl.col("as_of") + pl.lit(horizon) + pl.lit(ingest_lag)
    reasons = [
        ("converted_already", "the outcome was there at as_of already", pl.col("outcome_at") <= pl.col("as_of")),
        (
            "immature",
            f"the label is complete only after as_of + {_days(horizon)} + {_days(ingest_lag)} for late arrivals, "
            f"and the data ends at {cut_off.isoformat()}",
            closes_at > pl.lit(cut_off, dtype=_MOMENT),
        ),
    ]
    if not_before is not None:
        before = pl.col("as_of") < pl.lit(not_before, dtype=_MOMENT)
        reasons.insert(
            0, ("before_window", f"as_of is before the training window, which begins {not_before.isoformat()}", before)
        )
    excluded = []
    for code, words, condition in reasons:
        is_out = condition.fill_null(False)
        excluded.append(_exclusion(code, words, rows.filter(is_out)))
        rows = rows.filter(~is_out)
    is_positive = (pl.col("outcome_at") > pl.col("as_of")) & (pl.col("outcome_at") <= pl.col("as_of") + pl.lit(horizon))
    labelled = rows.with_columns(is_positive.fill_null(False).cast(pl.Int8).alias("y"))
    return Labelled(labelled, tuple(excluded), horizon, ingest_lag, cut_off)


def outcome_leads(rows: pl.DataFrame) -> tuple[int, int]:
    """(positive, negative) leads: those with a row of y = 1, and those with rows of y = 0 only."""
    by_lead = rows.group_by("lead_id").agg(pl.col("y").max())
    positive = int((by_lead["y"] == 1).sum())
    return positive, by_lead.height - positive


def split(labelled: Labelled, settings: SplitSettings) -> Split:
    """Train, validation, calibration, embargo, test: one after the other by landmark time, disjoint by lead.

    The test block is the latest matured one. A row before it stays only if its label was complete by the first test
    landmark: as_of + horizon + ingest_lag <= that moment, the bound included. A lead belongs to the block of its
    *first* labelled landmark and its rows in later blocks are left out: any later fact about it (that it reached a
    later block, say) depends on whether it converted, and choosing by that would bend the base rate. Leads that first
    appear in the embargo may be in the test. Leads of one `cluster`, where rows have it, count as one here. Where train
    would keep fewer than `MIN_TRAIN_LEADS` of an outcome, calibration is given up, then validation; `notes` say so.
    Raises LeadmartError `embargo_broken` where given dates leave open labels in training, `bad_split` for dates out
    of order.
    """
    rows = labelled.rows
    if rows.is_empty():
        return Split(rows, rows, rows, rows, rows, (), ("no row has a complete label",))
    is_test = _test_rows(rows, settings)
    test = rows.filter(is_test)
    if test.is_empty():
        raise LeadmartError(
            "no labelled landmark lies between test_start and test_end",
            code="bad_split",
            hint=f"labelled landmarks run from {_span(rows)}; see [train] in leadmart.toml",
        )
    first_test = _first(test)
    wait = labelled.horizon + labelled.ingest_lag
    pool = rows.filter(pl.col("as_of") + pl.lit(wait) <= pl.lit(first_test, dtype=_MOMENT))
    if settings.train_until is not None:
        pool = _until(rows, pool, settings.train_until, first_test, wait)
    after = rows.filter(pl.col("as_of") > pl.lit(_last(test), dtype=_MOMENT))
    embargoed = rows.height - pool.height - test.height - after.height
    notes: list[str] = []
    if pool.is_empty():
        notes.append(
            f"no landmark's label is complete before the test block begins at {first_test.isoformat()}: "
            f"there is nothing to learn from before {(first_test - wait).isoformat()}"
        )
    attempts = [
        (settings.validation_days, settings.calibration_days),
        (settings.validation_days, 0),
        (0, 0),
    ]
    for number, (validation_days, calibration_days) in enumerate(attempts):
        blocks = _cut(rows, pool, test, validation_days, calibration_days)
        if min(outcome_leads(blocks[0])) >= MIN_TRAIN_LEADS or number == len(attempts) - 1:
            break
    notes += _given_up(attempts[0], (validation_days, calibration_days))
    kept = sum(block.height for block in blocks)
    between = _rows_between(rows, pool, test, after)
    left_out = (
        Exclusion("embargo", "the label was open when the test block began", embargoed, between.n_unique("lead_id")),
        _exclusion("after_test", "the landmark is after the test block", after),
        _other_block(pool, test, blocks, pool.height + test.height - kept),
    )
    train, validation, calibration, test = blocks
    return Split(train, validation, calibration, test, pool, left_out, tuple(notes))


def spine_hash(rows: pl.DataFrame) -> str:
    """Hex digest of the (lead_id, as_of, y) rows in their order of (as_of, lead_id): the training spine's identity."""
    text = rows.sort("as_of", "lead_id").select("lead_id", "as_of", "y").write_csv()
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_unfit(frame: pl.DataFrame) -> None:
    problem = ""
    missing = [name for name in ("lead_id", "as_of", "outcome_at") if name not in frame.columns]
    if missing:
        problem = f"{' and '.join(missing)} is missing"
    else:
        clocks = [name for name in ("as_of", "outcome_at") if not _is_naive(frame.schema[name])]
        nulls = [name for name in ("lead_id", "as_of") if frame[name].null_count()]
        if clocks:
            problem = f"{' and '.join(clocks)} is {frame.schema[clocks[0]]}, not a TIMESTAMP in UTC"
        elif nulls:
            problem = f"{' and '.join(nulls)} is NULL in some rows"
        elif repeated := frame.height - frame.select("lead_id", "as_of").n_unique():
            problem = f"{repeated} rows repeat a (lead_id, as_of)"
    if problem:
        raise LeadmartError(
            f"the training rows cannot be used: {problem}",
            code="bad_training_rows",
            hint="the spine and the label must have one row per key",
        )


def _is_naive(dtype: pl.DataType) -> bool:
    return dtype == pl.Null or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None)


def _test_rows(rows: pl.DataFrame, settings: SplitSettings) -> pl.Expr:
    as_of = pl.col("as_of")
    end = settings.test_end or _last(rows)
    start = settings.test_start
    if start is not None and start > end:
        raise LeadmartError("test_start is after test_end", code="bad_split", hint="see [train] in leadmart.toml")
    upper = as_of <= pl.lit(end, dtype=_MOMENT)
    if start is not None:
        return upper & (as_of >= pl.lit(start, dtype=_MOMENT))
    return upper & (as_of > pl.lit(end - timedelta(days=settings.test_days), dtype=_MOMENT))


def _until(
    rows: pl.DataFrame, pool: pl.DataFrame, train_until: datetime, first_test: datetime, wait: timedelta
) -> pl.DataFrame:
    wanted = rows.filter(pl.col("as_of") <= pl.lit(train_until, dtype=_MOMENT))
    if wanted.height > 0 and _last(wanted) + wait > first_test:
        raise LeadmartError(
            f"labels of landmarks until {train_until.isoformat()} are complete only at "
            f"{(_last(wanted) + wait).isoformat()}, after the first test landmark {first_test.isoformat()}",
            code="embargo_broken",
            hint=f"set train_until to {(first_test - wait).isoformat()} or earlier, or a later test_start",
        )
    return pool.filter(pl.col("as_of") <= pl.lit(train_until, dtype=_MOMENT))


def _cut(
    rows: pl.DataFrame, pool: pl.DataFrame, test: pl.DataFrame, validation_days: int, calibration_days: int
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The four blocks. Each lead counts only in the block of its first landmark among all labelled rows."""
    cluster = cluster_of(rows)
    firsts = rows.group_by(cluster).agg(pl.col("as_of").min().alias("_first"))
    if pool.is_empty():
        return pool, pool, pool, test
    end = _last(pool)
    edges = [
        datetime.min,
        end - timedelta(days=validation_days + calibration_days),
        end - timedelta(days=calibration_days),
        end,
    ]
    with_first = pool.join(firsts, on=cluster, how="left")
    blocks = []
    for low, high in pairwise(edges):
        in_block = [
            pl.col(name).is_between(pl.lit(low, dtype=_MOMENT), pl.lit(high, dtype=_MOMENT), closed="right")
            for name in ("as_of", "_first")
        ]
        blocks.append(with_first.filter(*in_block).drop("_first").sort("as_of", "lead_id"))
    in_pool = pool.select(cluster).unique()
    train, validation, calibration = blocks
    return train, validation, calibration, test.join(in_pool, on=cluster, how="anti").sort("as_of", "lead_id")


def _given_up(asked: tuple[int, int], got: tuple[int, int]) -> list[str]:
    names = [
        name for name, before, now in zip(("validation", "calibration"), asked, got, strict=True) if before and not now
    ]
    why = f"train would keep fewer than {MIN_TRAIN_LEADS} leads of one outcome"
    return (
        [f"too short for four blocks, so there is no {' and no '.join(reversed(names))} block: {why}"] if names else []
    )


def _rows_between(rows: pl.DataFrame, pool: pl.DataFrame, test: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    key = ["lead_id", "as_of"]
    return rows.select(key).join(pl.concat([pool, test, after]).select(key), on=key, how="anti")


def _other_block(pool: pl.DataFrame, test: pl.DataFrame, blocks: Sequence[pl.DataFrame], rows_out: int) -> Exclusion:
    key = ["lead_id", "as_of"]
    kept = pl.concat([block.select(key) for block in blocks])
    out = pl.concat([pool.select(key), test.select(key)]).join(kept, on=key, how="anti")
    words = "the lead, or another of the same person, is in an earlier block, where the first landmark stands"
    return Exclusion("other_block", words, rows_out, out.n_unique("lead_id"))


def _exclusion(code: str, words: str, rows: pl.DataFrame) -> Exclusion:
    return Exclusion(code, words, rows.height, rows.n_unique("lead_id") if rows.height else 0)


def _first(rows: pl.DataFrame) -> datetime:
    moment = rows["as_of"].min()
    assert isinstance(moment, datetime)
    return moment


def _last(rows: pl.DataFrame) -> datetime:
    moment = rows["as_of"].max()
    assert isinstance(moment, datetime)
    return moment


def _span(rows: pl.DataFrame) -> str:
    return f"{_first(rows).isoformat()} to {_last(rows).isoformat()}"


def _days(length: timedelta) -> str:
    days = length / timedelta(days=1)
    return f"{days:g} day{'' if days == 1 else 's'}"
