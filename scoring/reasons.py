"""Reasons: the few things that made a lead's score, in words, with the values they speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.gate_rule import GateRule
from leadmart.scoring.gates import fired_names, fired_reasons
from leadmart.scoring.policy import Boost
from leadmart.scoring.reason_templates import VALUE, ReasonTemplate, ReasonTemplates

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]

MOST_REASONS = 3
# X5: a reason moves the score by at least this share of all that was moved.
LEAST_SHARE = 0.05


@dataclass(frozen=True)
class _Words:
    """What can be said of one column: `said` is a String expression, NULL where nothing true can be said of the
    value.
    """

    code: str
    group: str
    said: pl.Expr


def reasons_of(
    rows: pl.DataFrame,
    columns: Sequence[str],
    contributions: Floats,
    *,
    templates: ReasonTemplates,
    rules: Sequence[GateRule] = (),
    boost: Boost | None = None,
    comments: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """`reason_codes` and `reasons` (List(String), at most three) for each row, in order: what lifted the score, most
    first.

    `rows` holds the columns with their real values, the gates' booleans, and the points in `boost` where a boost is
    given. `contributions` is (rows, columns), in log odds or in points: it is summed by reason group, and a group is
    a reason if its sum is positive and at least 5 % of the sum of all groups' sizes. Its words are those of the
    column that adds most to it and has something true to say. Before these stand the rules that fire, blocks first,
    then the boost while it is at least half of its maximum. A column without a template gets its comment and its
    value.
    """
    comments = comments or {}
    words = [_words_of(column, rows.schema[column], templates, comments) for column in columns]
    # with_columns, not select: an expression without a column would make one row
    said = rows.with_columns(word.said.alias(f"said {position}") for position, word in enumerate(words)).select(
        f"said {position}" for position in range(len(words))
    )
    boost_code = boost_text = pl.lit(None, dtype=pl.String)
    quiet_group = ""
    is_boosted = np.zeros(rows.height, dtype=np.bool_)
    if boost is not None and boost.max > 0:
        word = _words_of(boost.column, rows.schema[boost.column], templates, comments)
        is_lively = (pl.col("boost") >= boost.max / 2) & word.said.is_not_null()
        boost_code, boost_text = pl.when(is_lively).then(pl.lit(word.code)), pl.when(is_lively).then(word.said)
        quiet_group = word.group  # said once is enough
        is_boosted = rows.select(is_lively.fill_null(False)).to_series().to_numpy()
    chosen = _strongest(words, contributions, said, quiet_group, is_boosted)
    slots = pl.DataFrame({f"slot {slot}": chosen[:, slot] for slot in range(chosen.shape[1])})
    picked_codes, picked_texts = [], []
    for slot in slots.columns:
        here = [pl.when(pl.col(slot) == position) for position in range(len(words))]
        picked_codes.append(_first_of([when.then(pl.lit(word.code)) for when, word in zip(here, words, strict=True)]))
        picked_texts.append(_first_of([when.then(pl.col(f"said {position}")) for position, when in enumerate(here)]))
    front = rows.with_columns(
        pl.concat_list(fired_names(rules), boost_code).list.drop_nulls().alias("front codes"),
        pl.concat_list(fired_reasons(rules), boost_text).list.drop_nulls().alias("front texts"),
    ).select("front codes", "front texts")
    parts = [part for part in (front, slots, said) if part.width]
    return pl.concat(parts, how="horizontal").select(
        _at_most(pl.concat_list("front codes", *picked_codes)).alias("reason_codes"),
        _at_most(pl.concat_list("front texts", *picked_texts)).alias("reasons"),
    )


def _strongest(
    words: Sequence[_Words], contributions: Floats, said: pl.DataFrame, quiet_group: str, is_quiet: NDArray[np.bool_]
) -> Positions:
    """(rows, 3): positions of the columns that speak for the strongest groups, -1 where there is no further reason."""
    count = len(contributions)
    if not words:
        return np.full((count, MOST_REASONS), -1, dtype=np.int64)
    first_code: dict[str, str] = {}
    for word in words:
        first_code[word.group] = min(word.code, first_code.get(word.group, word.code))
    groups = sorted(first_code, key=lambda group: (first_code[group], group))  # equal sums: the smaller code first
    sums = np.zeros((count, len(groups)))
    speaker = np.full((count, len(groups)), -1, dtype=np.int64)
    can_speak = said.select(pl.all().is_not_null()).to_numpy()
    for g, group in enumerate(groups):
        members = [position for position, word in enumerate(words) if word.group == group]
        own = contributions[:, members]
        sums[:, g] = own.sum(axis=1)
        strength = np.where(can_speak[:, members] & (own > 0), own, -np.inf)
        best = strength.argmax(axis=1)
        found = np.isfinite(strength[np.arange(count), best])
        speaker[:, g] = np.where(found, np.asarray(members)[best], -1)
    enough = LEAST_SHARE * np.abs(sums).sum(axis=1, keepdims=True)
    is_reason = (sums > 0) & (sums >= enough) & (speaker >= 0)
    if quiet_group in groups:
        is_reason[:, groups.index(quiet_group)] &= ~is_quiet
    order = np.argsort(np.where(is_reason, -sums, np.inf), axis=1, kind="stable")[:, :MOST_REASONS]
    chosen = np.where(np.take_along_axis(is_reason, order, axis=1), np.take_along_axis(speaker, order, axis=1), -1)
    return chosen.astype(np.int64)


def _words_of(column: str, dtype: pl.DataType, templates: ReasonTemplates, comments: Mapping[str, str]) -> _Words:
    template = templates.by_column.get(column)
    if template is None:
        about = comments.get(column) or column
        template = ReasonTemplate(column, column, column, f"{about}: {VALUE}", "")
    value = pl.col(column)
    before, *after = template.template.split(VALUE)
    pieces = [pl.lit(before)]
    for text in after:
        pieces += [_spoken(value, dtype), pl.lit(text)]
    words = pl.concat_str(pieces)
    if not after:
        words = pl.when(_holds(value, dtype)).then(words)
    missing = pl.lit(template.missing_template or None, dtype=pl.String)
    return _Words(template.code, template.group, pl.when(value.is_null()).then(missing).otherwise(words))


def _spoken(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The value as people write it, in no country's way: 3, 0.25, yes."""
    if dtype == pl.Boolean:
        return pl.when(value).then(pl.lit("yes")).otherwise(pl.lit("no"))
    if dtype.is_float() or dtype.is_decimal():
        number = value.cast(pl.Float64)
        short = pl.when(number.abs() >= 1).then(number.round(2)).otherwise(number.round_sig_figs(3))
        is_whole = (short == short.round(0)) & (short.abs() < 1e15)
        return (
            pl.when(is_whole).then(short.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(short.cast(pl.String))
        )
    return value.cast(pl.String)


def _holds(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether a template without a value may be said: of TRUE, of a number other than 0, of any text."""
    if dtype == pl.Boolean:
        return value
    return value != 0 if dtype.is_numeric() else value.is_not_null()


def _first_of(choices: Sequence[pl.Expr]) -> pl.Expr:
    return pl.coalesce(*choices) if choices else pl.lit(None, dtype=pl.String)


def _at_most(texts: pl.Expr) -> pl.Expr:
    return texts.list.drop_nulls().list.head(MOST_REASONS)
