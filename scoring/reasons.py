"""Reasons: the few things that made a lead's score, in words, with the values they speak of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadmart.features.gate_rule import GateRule
from leadmart.features.protected import is_unspoken
from leadmart.scoring.gates import told_names, told_reasons
from leadmart.scoring.policy import Boost
from leadmart.scoring.reason_templates import VALUE, ReasonTemplate, ReasonTemplates

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]

MOST_REASONS = 3
# X5: a reason moves the score by at least this share of all that was moved.
LEAST_SHARE = 0.05

GATE_GROUP = "gate"
"""The group of a rule that fires, beside the groups of the reason templates."""

REASON_COLUMNS = ("reason_codes", "reason_groups", "reasons", "against_codes", "against_groups", "against")


@dataclass(frozen=True)
class Words:
    """What can be said of one column: `said` is a String expression, NULL where nothing true can be said of the
    value, or where the column is not to be named.
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
    unspoken: Collection[str] = (),
) -> pl.DataFrame:
    """`REASON_COLUMNS` for each row, lists of strings, at most three each: what lifted the score, most first, and what
    pulled it down, most first.

    `rows` holds the columns with their real values, the gates' booleans, and the points in `boost` where a boost is
    given. `contributions` is (rows, columns), in log odds or in points: it is summed by reason group, and a group is
    a reason if its sum is positive and at least 5 % of the sum of all groups' sizes. Its words are those of the
    column that adds most to it and has something true to say. Before these stand the rules that fire, blocks first,
    then the boost while it is at least half of its maximum. A group speaks against a lead likewise, where its sum is
    negative. A column without a template gets its comment and its value. `unspoken` columns, and those whose name
    speaks of a protected group or of consent, count and are never named.
    """
    comments = comments or {}
    words = words_of(columns, rows.schema, templates, comments, unspoken)
    # with_columns, not select: an expression without a column would make one row
    said = rows.with_columns(word.said.alias(f"said {position}") for position, word in enumerate(words)).select(
        f"said {position}" for position in range(len(words))
    )
    boost_code = boost_group = boost_text = pl.lit(None, dtype=pl.String)
    quiet_group = ""
    is_boosted = np.zeros(rows.height, dtype=np.bool_)
    if boost is not None and boost.max > 0:
        (word,) = words_of([boost.column], rows.schema, templates, comments, unspoken)
        is_lively = (pl.col("boost") >= boost.max / 2) & word.said.is_not_null()
        boost_code, boost_group, boost_text = (
            pl.when(is_lively).then(part) for part in (pl.lit(word.code), pl.lit(word.group), word.said)
        )
        quiet_group = word.group  # said once is enough
        is_boosted = rows.select(is_lively.fill_null(False)).to_series().to_numpy()
    lifted = _strongest(words, contributions, said, quiet_group, is_boosted)
    pulled = _strongest(words, -contributions, said, "", is_boosted)
    fired = told_names(rules)
    front = rows.with_columns(
        pl.concat_list(fired, boost_code).list.drop_nulls().alias("front codes"),
        pl.concat_list(fired.list.eval(pl.lit(GATE_GROUP)), boost_group).list.drop_nulls().alias("front groups"),
        pl.concat_list(told_reasons(rules), boost_text).list.drop_nulls().alias("front texts"),
    ).select("front codes", "front groups", "front texts")
    nothing = front.select(pl.all().list.head(0))
    return pl.concat(
        [
            _listed(words, lifted, said, front, REASON_COLUMNS[:3]),
            _listed(words, pulled, said, nothing, REASON_COLUMNS[3:]),
        ],
        how="horizontal",
    )


def _listed(
    words: Sequence[Words], chosen: Positions, said: pl.DataFrame, front: pl.DataFrame, names: Sequence[str]
) -> pl.DataFrame:
    """Codes, groups and words of the chosen columns behind what stands in front, three at most."""
    last = len(words)  # where nothing is chosen
    index = np.where(chosen < 0, last, chosen)
    codes = pl.Series([*(word.code for word in words), None], dtype=pl.String)
    groups = pl.Series([*(word.group for word in words), None], dtype=pl.String)
    slots = range(chosen.shape[1])
    picked = pl.DataFrame(
        [codes.gather(index[:, slot]).alias(f"code {slot}") for slot in slots]
        + [groups.gather(index[:, slot]).alias(f"group {slot}") for slot in slots]
        + [pl.Series(f"slot {slot}", chosen[:, slot]) for slot in slots]
    )
    texts = [
        _first_of([pl.when(pl.col(f"slot {slot}") == at).then(pl.col(f"said {at}")) for at in range(last)])
        for slot in slots
    ]
    frames = [frame for frame in (front, picked, said) if frame.width]
    return pl.concat(frames, how="horizontal").select(
        _at_most(pl.concat_list(front.columns[0], *(f"code {slot}" for slot in slots))).alias(names[0]),
        _at_most(pl.concat_list(front.columns[1], *(f"group {slot}" for slot in slots))).alias(names[1]),
        _at_most(pl.concat_list(front.columns[2], *texts)).alias(names[2]),
    )


def group_sums(words: Sequence[Words], contributions: Floats) -> tuple[list[str], Floats]:
    """The reason groups of some columns, and (rows, groups) sums of their contributions; of groups that are equal the
    one with the smaller code comes first.
    """
    first_code: dict[str, str] = {}
    for word in words:
        first_code[word.group] = min(word.code, first_code.get(word.group, word.code))
    groups = sorted(first_code, key=lambda group: (first_code[group], group))
    sums = np.zeros((len(contributions), len(groups)))
    for position, word in enumerate(words):
        sums[:, groups.index(word.group)] += contributions[:, position]
    return groups, sums


def _strongest(
    words: Sequence[Words], contributions: Floats, said: pl.DataFrame, quiet_group: str, is_quiet: NDArray[np.bool_]
) -> Positions:
    """(rows, 3): positions of the columns that speak for the strongest groups, -1 where there is no further reason."""
    count = len(contributions)
    if not words:
        return np.full((count, MOST_REASONS), -1, dtype=np.int64)
    groups, sums = group_sums(words, contributions)
    speaker = np.full((count, len(groups)), -1, dtype=np.int64)
    can_speak = said.select(pl.all().is_not_null()).to_numpy()
    for g, group in enumerate(groups):
        members = [position for position, word in enumerate(words) if word.group == group]
        own = contributions[:, members]
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


def words_of(
    columns: Sequence[str],
    schema: Mapping[str, pl.DataType],
    templates: ReasonTemplates,
    comments: Mapping[str, str],
    unspoken: Collection[str] = (),
) -> list[Words]:
    """What can be said of each column, by its template or else by its comment."""
    return [_words_of(column, schema[column], templates, comments, unspoken) for column in columns]


def _words_of(
    column: str,
    dtype: pl.DataType,
    templates: ReasonTemplates,
    comments: Mapping[str, str],
    unspoken: Collection[str],
) -> Words:
    template = templates.by_column.get(column)
    if template is None:
        about = comments.get(column) or column
        template = ReasonTemplate(column, column, column, f"{about}: {VALUE}", "")
    if column in unspoken or is_unspoken(column):
        return Words(template.code, template.group, pl.lit(None, dtype=pl.String))
    value = pl.col(column)
    words = filled(template.template, column, dtype)
    if VALUE not in template.template:
        words = pl.when(_holds(value, dtype)).then(words)
    missing = pl.lit(template.missing_template or None, dtype=pl.String)
    return Words(template.code, template.group, pl.when(value.is_null()).then(missing).otherwise(words))


def filled(template: str, column: str, dtype: pl.DataType) -> pl.Expr:
    """A text with the column's value wherever `{value}` stands."""
    before, *after = template.split(VALUE)
    pieces = [pl.lit(before)]
    for text in after:
        pieces += [_spoken(pl.col(column), dtype), pl.lit(text)]
    return pl.concat_str(pieces)


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
