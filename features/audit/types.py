"""What the columns of a raw table are, text columns read by a sample: numbers, moments, booleans, words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from leadmart.features.audit.availability import habit, plain_name
from leadmart.features.engine import Engine
from leadmart.features.literals import quoted_name

Kind = Literal["moment", "number", "boolean", "text"]

_SAMPLE = 20_000
# A text column is what this share of its values can be read as; the rest are slips of the pen.
_ENOUGH = 0.98
_YES = "('true', 't', 'yes', 'y', '1', 'ja', 'j', 'oui', 'o', 'x', 'wahr', 'vrai', 'won', 'closed won', 'gewonnen')"
_NO = "('false', 'f', 'no', 'n', '0', 'nein', 'non', 'falsch', 'faux', 'lost', 'closed lost', 'open', 'verloren')"
_BARE = r"REGEXP_REPLACE({t}, '[\s€$£%]|EUR|USD', '', 'g')"
_ENGLISH = rf"REGEXP_EXTRACT({_BARE}, '^-?[0-9]{{{{1,3}}}}(,[0-9]{{{{3}}}})*(\.[0-9]+)?$')"
_OTHERS = rf"REGEXP_EXTRACT({_BARE}, '^-?[0-9]{{{{1,3}}}}(\.?[0-9]{{{{3}}}})*(,[0-9]+)?$')"

# Ways to read a text, in the order they are tried: kind, DuckDB type told, expression, words for people.
_READINGS: tuple[tuple[Kind, str, str, str], ...] = (
    ("boolean", "BOOLEAN", f"CASE WHEN LOWER({{t}}) IN {_YES} THEN TRUE WHEN LOWER({{t}}) IN {_NO} THEN FALSE END", ""),
    ("number", "BIGINT", "CASE WHEN REGEXP_FULL_MATCH({t}, '[+-]?[0-9]+') THEN TRY_CAST({t} AS DOUBLE) END", ""),
    ("number", "DOUBLE", "TRY_CAST({t} AS DOUBLE)", ""),
    ("moment", "TIMESTAMP", "CAST(TRY_CAST({t} AS TIMESTAMPTZ) AS TIMESTAMP)", ""),
    *(
        ("moment", "TIMESTAMP", f"TRY_STRPTIME({{t}}, ['{form}', '{form} %H:%M', '{form} %H:%M:%S'])", words)
        for form, words in (
            ("%d.%m.%Y", "written day.month.year"),
            ("%d/%m/%Y", "written day/month/year"),
            ("%m/%d/%Y", "written month/day/year"),
            ("%d-%m-%Y", "written day-month-year"),
        )
    ),
    ("number", "DOUBLE", f"TRY_CAST(REPLACE({_ENGLISH}, ',', '') AS DOUBLE)", ""),
    ("number", "DOUBLE", f"TRY_CAST(REPLACE(REPLACE({_OTHERS}, '.', ''), ',', '.') AS DOUBLE)", ""),
)  # fmt: skip
_EPOCHS = (("epoch seconds", 1), ("epoch milliseconds", 1_000), ("epoch microseconds", 1_000_000))
_FIRST, _LAST = 946_684_800, 2_208_988_800  # 2000 and 2040, in seconds
_CLOCKLIKE = re.compile(r"(date|time|stamp|created?|updated?|_at|_on|_start|_end)(_|$)")


@dataclass(frozen=True)
class Typed:
    """A column as the audit reads it: `sql` is its value as TIMESTAMP, DOUBLE, BOOLEAN or VARCHAR, NULL where blank."""

    name: str
    type: str
    kind: Kind
    sql: str
    words: str = ""


def type_columns(engine: Engine, table: str, relation: str) -> list[Typed]:
    """The columns of a relation with their kinds; of text and of numbers that may be epochs a sample is read."""
    given = engine.columns(f"SELECT * FROM {relation}")
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE audit_sample AS SELECT * FROM {relation} USING SAMPLE reservoir({_SAMPLE} ROWS) "
        "REPEATABLE (1)"
    )
    texts = [name for name, kind in given if kind == "VARCHAR"]
    read = _as_read(engine, texts)
    found = [read.get(name) or _native(name, kind) for name, kind in given]
    return _epochs(engine, table, found)


def _native(name: str, kind: str) -> Typed:
    column = quoted_name(name)
    if kind.startswith(("TIMESTAMP", "DATE")):
        return Typed(name, kind, "moment", f"CAST({column} AS TIMESTAMP)")
    if kind == "BOOLEAN":
        return Typed(name, kind, "boolean", column)
    if kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or kind.endswith("INT") or kind == "INTEGER":
        return Typed(name, kind, "number", f"CAST({column} AS DOUBLE)")
    return Typed(name, kind, "text", f"NULLIF(TRIM(CAST({column} AS VARCHAR)), '')")


def _as_read(engine: Engine, names: Sequence[str]) -> dict[str, Typed]:
    found = {name: Typed(name, "VARCHAR", "text", _text(name)) for name in names}
    if not names:
        return found
    # one row a value and column, so that the readings stand in the query once and not once for each column
    texts = ", ".join(f"{_text(name)} AS c{n}" for n, name in enumerate(names))
    readings = ", ".join(f"COUNT({sql.format(t='value')})" for _, _, sql, _ in _READINGS)
    counts = engine.rows(
        f"SELECT name, COUNT(*), {readings} FROM (SELECT {texts} FROM audit_sample) "
        f"UNPIVOT (value FOR name IN ({', '.join(f'c{n}' for n in range(len(names)))})) GROUP BY name"
    )
    for position, filled, *read in counts:
        name = names[int(position[1:])]
        fits = [n for n, count in enumerate(read) if count >= filled * _ENOUGH]
        if fits:
            # of the readings of one kind of date, the one that reads most: 03/25 has no 25th month
            best = max((n for n in fits if _READINGS[n][0] == _READINGS[fits[0]][0]), key=lambda n: (read[n], -n))
            kind, told, sql, words = _READINGS[best]
            found[name] = Typed(name, told, kind, sql.format(t=_text(name)), words)
    return found


def _text(name: str) -> str:
    return f"NULLIF(TRIM(CAST({quoted_name(name)} AS VARCHAR)), '')"


def _epochs(engine: Engine, table: str, columns: list[Typed]) -> list[Typed]:
    """Numbers by the name of a clock and with the size of one, as moments."""
    asked = [
        (position, column)
        for position, column in enumerate(columns)
        if column.kind == "number"
        and (((told := habit(table, column.name)) and told.clock) or _CLOCKLIKE.search(plain_name(column.name)))
    ]
    if not asked:
        return columns
    items = ", ".join(f"MIN({c.sql}), MAX({c.sql})" for _, c in asked)
    (ends,) = engine.rows(f"SELECT {items} FROM audit_sample")
    for number, (position, column) in enumerate(asked):
        low, high = ends[2 * number], ends[2 * number + 1]
        for words, unit in _EPOCHS:
            if low is not None and low >= _FIRST * unit and high <= _LAST * unit:
                sql = f"MAKE_TIMESTAMP(CAST({column.sql} * {1_000_000 // unit} AS BIGINT))"
                columns[position] = Typed(column.name, column.type, "moment", sql, words)
    return columns
