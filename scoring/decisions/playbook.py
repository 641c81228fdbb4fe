"""Playbooks and talking points: which approach a lead's row asks for, how soon, and what to speak of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast, get_args

from leadmart.features.errors import LeadmartError, Place, near_names
from leadmart.scoring.csv_rows import CsvRow
from leadmart.scoring.decisions.conditions import Condition, all_of, first_of
from leadmart.scoring.decisions.tables import read_table

if TYPE_CHECKING:
    import polars as pl

Urgency = Literal["now", "today", "week", "none"]

COLUMNS = ("rule", "condition", "playbook", "urgency", "words")
POINT_COLUMNS = ("point", "condition", "words")
CODE = "bad_playbook"
POINT_CODE = "bad_talking_points"


@dataclass(frozen=True)
class PlaybookRule:
    """One rule: where its condition holds, `playbook` is the approach and `words` say why."""

    rule: str
    condition: str
    playbook: str
    urgency: Urgency
    words: str
    place: Place = field(default=Place("playbook.csv"), compare=False)

    @property
    def asks(self) -> Condition:
        return Condition(self.condition, self.place, CODE)


@dataclass(frozen=True)
class TalkingPoint:
    """One thing to speak of, where its condition holds."""

    point: str
    condition: str
    words: str
    place: Place = field(default=Place("talking_points.csv"), compare=False)

    @property
    def asks(self) -> Condition:
        return Condition(self.condition, self.place, POINT_CODE)


def read_playbook(text: str, file: str = "playbook.csv") -> tuple[PlaybookRule, ...]:
    """The rules of a CSV text with the columns `COLUMNS`, in the order of the file.

    Raises LeadmartError `bad_playbook` with file and line for every bad row at once.
    """

    def rule_of(row: CsvRow) -> PlaybookRule:
        cells = row.cells
        urgency = cells["urgency"]
        if urgency not in get_args(Urgency):
            raise LeadmartError(
                f"unknown urgency {urgency!r}",
                code=CODE,
                place=row.place,
                hint=near_names(urgency, get_args(Urgency)) or f"one of {', '.join(get_args(Urgency))}",
            )
        rule = PlaybookRule(
            cells["rule"], cells["condition"], cells["playbook"], cast(Urgency, urgency), cells["words"], row.place
        )
        rule.asks.columns()
        return rule

    return read_table(text, file, COLUMNS, CODE, rule_of)


def read_talking_points(text: str, file: str = "talking_points.csv") -> tuple[TalkingPoint, ...]:
    """The points of a CSV text with the columns `POINT_COLUMNS`, the one to begin with first.

    Raises LeadmartError `bad_talking_points` with file and line for every bad row at once.
    """

    def point_of(row: CsvRow) -> TalkingPoint:
        point = TalkingPoint(row.cells["point"], row.cells["condition"], row.cells["words"], row.place)
        point.asks.columns()
        return point

    return read_table(text, file, POINT_COLUMNS, POINT_CODE, point_of)


def playbook_of(scored: pl.DataFrame, rules: Sequence[PlaybookRule] | None) -> list[pl.Expr]:
    """`playbook`, `urgency`, `playbook_rules` and `playbook_words` of each row; NULL without a table of rules.

    The first rule of the file that holds gives playbook and urgency; the lists name all that hold, in its order. Who is
    disqualified has none.
    """
    import polars as pl

    if rules is None:
        return [
            *(pl.lit(None, dtype=pl.String).alias(name) for name in ("playbook", "urgency")),
            *(pl.lit(None, dtype=pl.List(pl.String)).alias(name) for name in ("playbook_rules", "playbook_words")),
        ]
    is_open = pl.col("tier") != "disqualified"
    held = [(rule, is_open & rule.asks.holds(scored.schema)) for rule in rules]
    return [
        first_of([(holds, rule.playbook) for rule, holds in held]).alias("playbook"),
        first_of([(holds, rule.urgency) for rule, holds in held]).alias("urgency"),
        all_of([(holds, rule.rule) for rule, holds in held]).alias("playbook_rules"),
        all_of([(holds, rule.words) for rule, holds in held]).alias("playbook_words"),
    ]


def talking_points_of(scored: pl.DataFrame, points: Sequence[TalkingPoint] | None) -> pl.Expr:
    """`talking_points` of each row that is not disqualified, in the order of the file; NULL without a table of them."""
    import polars as pl

    if points is None:
        return pl.lit(None, dtype=pl.List(pl.String)).alias("talking_points")
    is_open = pl.col("tier") != "disqualified"
    held = [(is_open & point.asks.holds(scored.schema), point.words) for point in points]
    return all_of(held).alias("talking_points")
