"""What a raw table's rows say about its columns: keys, gaps, and what moves with the outcome. All of it is SQL over
all columns at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from leadmart.features.audit.availability import Availability, Habit, plain_name
from leadmart.features.audit.types import Typed
from leadmart.features.clock import sql_literal
from leadmart.features.engine import Engine

_PROBE = 20_000
# Fewer rows with the outcome, or without it, than this and no figure is given: it would be chance.
_LEAST = 10
_MOST_VALUES = 50
_TELLING_AUC = 0.90
_TELLING_MISSINGNESS = 0.70
_LONG_AFTER = timedelta(days=1)
# A stretch of days without rows is a gap where this many rows were to be expected in it.
_EXPECTED = 10
_MOST_GAPS = 20
_KEYLIKE = re.compile(r"(^|_)(id|uuid|guid|key|nr|nummer|number|no|email)$|id$")
_IN_COMPOSITE = re.compile(r"^(name|field|type_id|category|action|stage|list_id|timestamp|fivetran_start|value)$")
_WON_FLAG = re.compile(r"(^|_)(won|converted|gewonnen|gagnee?|umgewandelt|closed_won|converti)(_|$)")
_WON_WORDS = "won|customer|converted|gewonnen|kunde|gagn|client sign|umgewandelt"
_LOST_WORDS = "lost|not conv|unconv|nicht|verloren|perdu"


@dataclass(frozen=True)
class Key:
    """The likely key: its columns, rows that repeat one, rows where a part is missing."""

    columns: tuple[str, ...]
    duplicates: int
    missing: int


@dataclass(frozen=True)
class Gap:
    """Days without a row by a clock, both ends included, and how many rows such a stretch used to have."""

    clock: str
    first: str
    last: str
    days: int
    expected_rows: int


@dataclass(frozen=True)
class Fact:
    """A column's filled rows and, of moments, its ends and what is odd about it."""

    filled: int
    distinct: int
    least: object = None
    most: object = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What the rows say about a column's availability; None leaves what its name said."""

    why: str
    leak: bool = True
    availability: Availability | None = None


@dataclass(frozen=True)
class Content:
    """All that `examine` found; `facts` in the order of the columns, `findings` by their position."""

    rows: int
    duplicates: int
    key: Key | None
    gaps: tuple[Gap, ...]
    facts: tuple[Fact, ...]
    is_log: bool
    outcome: str = ""
    findings: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict)


Habits = Sequence[Habit | None]


def examine(
    engine: Engine, table: str, relation: str, columns: Sequence[Typed], habits: Habits, now: datetime
) -> Content:
    """Reads the relation once into a session table and asks that; no row comes to Python."""
    stamps = {n for n, each in enumerate(habits) if each and each.clock == "sync"}
    stamps |= {n for n, column in enumerate(columns) if column.name.startswith(("_fivetran_", "_airbyte_", "_loaded"))}
    own = [column.sql for n, column in enumerate(columns) if n not in stamps] or [column.sql for column in columns]
    items = ", ".join(f"{column.sql} AS c{n}" for n, column in enumerate(columns))
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE audit_rows AS SELECT {items}, HASH({', '.join(own)}) AS row_hash FROM {relation}"
    )
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE audit_probe AS SELECT * FROM audit_rows USING SAMPLE reservoir({_PROBE} ROWS) "
        "REPEATABLE (1)"
    )
    rows, distinct, facts = _facts(engine, columns, habits, now)
    is_log = _is_log(columns, habits)
    creation = next((n for n, each in enumerate(habits) if each and each.clock == "creation" and facts[n].filled), None)
    main = next((n for n, each in enumerate(habits) if each and each.clock == "event" and facts[n].filled), creation)
    is_moment = main is not None and columns[main].kind == "moment"
    key = _key(engine, table, columns, habits, facts, rows)
    outcome = _outcome(engine, columns, habits, facts, rows)
    findings: dict[int, list[Finding]] = {}
    if creation is not None and columns[creation].kind == "moment" and not is_log:
        _after_creation(engine, columns, habits, facts, creation, findings)
    if outcome is not None:
        at, sql, _ = outcome
        judged = [n for n in range(len(columns)) if n != at and n not in stamps and facts[n].filled]
        if key:
            judged = [n for n in judged if columns[n].name not in key.columns]
        _with_outcome(engine, columns, facts, sql, judged, columns[at].name, findings)
    content = Content(
        rows=rows,
        duplicates=rows - distinct,
        key=key,
        gaps=_gaps(engine, columns[main].name, main) if main is not None and is_moment else (),
        facts=tuple(facts),
        is_log=is_log,
        outcome=outcome[2] if outcome else "",
        findings={n: tuple(each) for n, each in findings.items()},
    )
    for name in ("audit_rows", "audit_probe", "audit_sample"):
        engine.execute(f"DROP TABLE IF EXISTS {name}")
    return content


def _is_log(columns: Sequence[Typed], habits: Habits) -> bool:
    """Whether rows are things that happened: an event clock, and no clock of creation or update."""
    clocks = {each.clock for each in habits if each}
    return "event" in clocks and not clocks & {"creation", "update"}


def _facts(engine: Engine, columns: Sequence[Typed], habits: Habits, now: datetime) -> tuple[int, int, list[Fact]]:
    items = ["COUNT(*)", "COUNT(DISTINCT row_hash)"]
    for n, column in enumerate(columns):
        items += [f"COUNT(c{n})", f"APPROX_COUNT_DISTINCT(c{n})"]
        if column.kind == "moment":
            items += [
                f"MIN(c{n})",
                f"MAX(c{n})",
                f"COUNT(*) FILTER (WHERE c{n} = DATE_TRUNC('day', c{n}))",
                f"COUNT(*) FILTER (WHERE c{n} > {sql_literal(now)})",
            ]
    (values,) = engine.rows(f"SELECT {', '.join(items)} FROM audit_rows")
    rows, distinct, *rest = values
    facts = []
    for n, column in enumerate(columns):
        filled, different, *rest = rest
        if column.kind != "moment":
            facts.append(Fact(filled, different))
            continue
        least, most, midnights, ahead, *rest = rest
        remarks = [column.words] if column.words else []
        if filled and midnights == filled:
            remarks.append("a date without a time: it counts as that day's end")
        if ahead:
            remarks.append(f"{ahead:,} rows lie ahead of now")
        told = habits[n]
        if filled >= _LEAST and told and told.clock == "sync":
            ((share,),) = engine.rows(
                f"SELECT MAX(held) / {filled} FROM (SELECT COUNT(*) AS held FROM audit_rows WHERE c{n} IS NOT NULL "
                f"GROUP BY DATE_TRUNC('hour', c{n}))"
            )
            if share > 0.5:
                remarks.append(f"{share:.0%} of rows are stamped within one hour: a first load, no time of arrival")
        facts.append(Fact(filled, different, least, most, tuple(remarks)))
    return rows, distinct, facts


def _key(
    engine: Engine, table: str, columns: Sequence[Typed], habits: Habits, facts: Sequence[Fact], rows: int
) -> Key | None:
    """The fewest id-like columns that tell nearly every row of a sample apart; counted over all rows."""
    if not rows:
        return None
    of_table = {f"{plain_name(table).rstrip('s')}_id", "id", "uuid", "guid"}
    names = [plain_name(column.name) for column in columns]
    usable = [n for n in range(len(columns)) if facts[n].filled >= rows * 0.7]
    ids = [n for n in usable if _KEYLIKE.search(names[n])]
    ids.sort(key=lambda n: (names[n] not in of_table, n))
    moved = [n for n in usable if (told := habits[n]) and told.clock in ("update", "event")]
    parts = ids[:4] + [n for n in usable if n in moved or _IN_COMPOSITE.search(names[n])][:4]
    tries: list[tuple[int, ...]] = [(n,) for n in ids[:8]]
    tries += [tuple(some) for size in (2, 3) for some in combinations(dict.fromkeys(parts), size)]
    tries += [(n,) for n in usable if columns[n].kind == "text" and n not in ids and facts[n].distinct >= rows * 0.9]
    if not tries:
        return None
    counts = ", ".join(f"COUNT(DISTINCT HASH({', '.join(f'c{n}' for n in some)}))" for some in tries)
    ((probed, *found),) = engine.rows(f"SELECT COUNT(DISTINCT row_hash), {counts} FROM audit_probe")
    enough = [some for some, count in zip(tries, found, strict=True) if count >= probed * 0.95]
    if not enough:
        return None
    best = min(enough, key=lambda some: (len(some), tries.index(some)))
    together = ", ".join(f"c{n}" for n in best)
    missing = " OR ".join(f"c{n} IS NULL" for n in best)
    ((whole, lacking),) = engine.rows(
        f"SELECT COUNT(DISTINCT HASH({together})) FILTER (WHERE NOT ({missing})), COUNT(*) FILTER (WHERE {missing}) "
        "FROM audit_rows"
    )
    return Key(tuple(columns[n].name for n in best), rows - lacking - whole, lacking)


def _outcome(
    engine: Engine, columns: Sequence[Typed], habits: Habits, facts: Sequence[Fact], rows: int
) -> tuple[int, str, str] | None:
    """The column that says best who had the outcome: its position, a SQL claim, and words. None where no column does,
    or all rows agree.
    """
    tries: list[tuple[int, int, str, str]] = []
    for n, (column, told) in enumerate(zip(columns, habits, strict=True)):
        if not told or told.availability != "outcome" or not facts[n].filled:
            continue
        name = plain_name(column.name)
        is_won = _WON_FLAG.search(name) is not None
        if column.kind == "boolean" and is_won:
            tries.append((0, n, f"COALESCE(c{n}, FALSE)", f"{column.name} being true"))
        elif column.kind == "text" and facts[n].distinct <= _MOST_VALUES:
            low = f"LOWER(COALESCE(c{n}, ''))"
            claim = f"(REGEXP_MATCHES({low}, '{_WON_WORDS}') AND NOT REGEXP_MATCHES({low}, '{_LOST_WORDS}'))"
            tries.append((1, n, claim, f"{column.name} saying won or customer"))
        elif column.kind in ("moment", "number", "text") and facts[n].filled < rows:
            rank = 2 if is_won else 3 if column.kind == "moment" else 4
            tries.append((rank, n, f"c{n} IS NOT NULL", f"{column.name} being filled"))
    if not tries:
        return None
    counts = ", ".join(f"COUNT(*) FILTER (WHERE {claim})" for _, _, claim, _ in tries)
    (found,) = engine.rows(f"SELECT {counts} FROM audit_rows")
    fit = [t for t, count in zip(tries, found, strict=True) if _LEAST <= count <= rows - _LEAST]
    if not fit:
        return None
    _, n, claim, words = min(fit)
    return n, claim, words


def _after_creation(
    engine: Engine, columns: Sequence[Typed], habits: Habits, facts: Sequence[Fact], creation: int,
    findings: dict[int, list[Finding]],
) -> None:  # fmt: skip
    """Moments long after creation were written later; counts that grow with a row's age are of today."""
    moments = [
        n
        for n, column in enumerate(columns)
        if column.kind == "moment" and n != creation and facts[n].filled >= _LEAST
        and not ((t := habits[n]) and (t.clock in ("creation", "sync", "planned", "update") or t.leak == "yes"))
    ]  # fmt: skip
    counters = [
        n for n, column in enumerate(columns)
        if column.kind == "number" and facts[n].filled >= 5 * _LEAST and facts[n].distinct > 2
        and not _KEYLIKE.search(plain_name(column.name))
    ]  # fmt: skip
    items = [f"MEDIAN(EPOCH(c{n}) - EPOCH(c{creation}))" for n in moments]
    items += [
        f"CASE WHEN MIN(c{n}) >= 0 AND COUNT(*) FILTER (WHERE c{n} <> FLOOR(c{n})) = 0 "
        f"THEN CORR(LN(1 + GREATEST(c{n}, 0)), EPOCH(c{creation})) END"
        for n in counters
    ]
    if not items:
        return
    (values,) = engine.rows(f"SELECT {', '.join(items)} FROM audit_probe")
    for n, seconds in zip(moments, values, strict=False):
        if seconds is not None and seconds > _LONG_AFTER.total_seconds():
            why = (
                f"in the middle {seconds / 86_400:.0f} days after {columns[creation].name}: written into the row later"
            )
            findings.setdefault(n, []).append(Finding(why, True, "event"))
    for n, with_time in zip(counters, values[len(moments) :], strict=True):
        if with_time is not None and with_time < -0.4:
            why = f"the older the row, the more (correlation {-with_time:.2f} with age): counted up to today"
            findings.setdefault(n, []).append(Finding(why, True, "event"))


def _with_outcome(
    engine: Engine, columns: Sequence[Typed], facts: Sequence[Fact], claim: str, judged: Sequence[int], name: str,
    findings: dict[int, list[Finding]],
) -> None:  # fmt: skip
    """What is filled, or has a value, or ranks, with the outcome."""
    if not judged:
        return
    counts = ", ".join(f"COUNT(c{n}) FILTER (WHERE {claim}), COUNT(c{n}) FILTER (WHERE NOT {claim})" for n in judged)
    ((won, others, *filled),) = engine.rows(
        f"SELECT COUNT(*) FILTER (WHERE {claim}), COUNT(*) FILTER (WHERE NOT {claim}), {counts} FROM audit_rows"
    )
    for position, n in enumerate(judged):
        with_it, without = filled[2 * position] / won, filled[2 * position + 1] / others
        auc = 0.5 + (with_it - without) / 2
        if without <= 0.005 and with_it >= 0.05 and filled[2 * position] >= _LEAST:
            why = f"filled in {with_it:.0%} of rows with {name} and in {without:.1%} of the others: outcome only"
            findings.setdefault(n, []).append(Finding(why, True, "outcome"))
        elif max(auc, 1 - auc) > _TELLING_MISSINGNESS:
            why = f"filled in {with_it:.0%} of rows with {name}, in {without:.0%} of the others"
            findings.setdefault(n, []).append(Finding(why))
    _values(engine, columns, facts, claim, judged, name, findings)
    _ranks(engine, columns, claim, judged, name, findings)


def _values(
    engine: Engine, columns: Sequence[Typed], facts: Sequence[Fact], claim: str, judged: Sequence[int], name: str,
    findings: dict[int, list[Finding]],
) -> None:  # fmt: skip
    """Values that occur with the outcome only, of columns with few values."""
    few = [n for n in judged if columns[n].kind in ("text", "boolean", "number") and facts[n].distinct <= _MOST_VALUES]
    if not few:
        return
    casts = ", ".join(f"CAST(c{n} AS VARCHAR) AS c{n}" for n in few)
    listed = ", ".join(f"c{n}" for n in few)
    found = engine.rows(
        f"SELECT name, value, won, held FROM (SELECT name, value, COUNT(*) FILTER (WHERE is_won) AS won, COUNT(*) AS "
        f"held FROM (SELECT {claim} AS is_won, {casts} FROM audit_rows) UNPIVOT (value FOR name IN ({listed})) "
        f"GROUP BY name, value), (SELECT AVG(CAST({claim} AS INTEGER)) AS base FROM audit_rows) "
        f"WHERE held >= 2 * {_LEAST} AND won >= 0.98 * held AND base < 0.7 ORDER BY name, held DESC, value"
    )
    for column, value, won, held in found:
        n = int(column[1:])
        if not any(each.why.startswith("the value") for each in findings.get(n, ())):
            why = f"the value {value} occurs with {name} only ({won:,} of {held:,} rows)"
            findings.setdefault(n, []).append(Finding(why, True, "outcome"))


def _ranks(
    engine: Engine, columns: Sequence[Typed], claim: str, judged: Sequence[int], name: str,
    findings: dict[int, list[Finding]],
) -> None:  # fmt: skip
    """Numbers that rank rows by the outcome, over a sample."""
    numbers = [n for n in judged if columns[n].kind in ("number", "boolean")]
    if not numbers:
        return
    ranks = ", ".join(
        f"RANK() OVER (PARTITION BY c{n} IS NULL ORDER BY c{n}) + (COUNT(*) OVER (PARTITION BY c{n}) - 1) / 2 AS r{n}"
        for n in numbers
    )
    items = ", ".join(
        f"COUNT(c{n}) FILTER (WHERE is_won), COUNT(c{n}) FILTER (WHERE NOT is_won), "
        f"SUM(r{n}) FILTER (WHERE c{n} IS NOT NULL AND is_won)"
        for n in numbers
    )
    (values,) = engine.rows(f"SELECT {items} FROM (SELECT *, {claim} AS is_won, {ranks} FROM audit_probe)")
    for position, n in enumerate(numbers):
        won, others, total = values[3 * position : 3 * position + 3]
        if min(won, others) < 2 * _LEAST:
            continue
        auc = (float(total) - won * (won + 1) / 2) / (won * others)
        if not 1 - _TELLING_AUC <= auc <= _TELLING_AUC:
            findings.setdefault(n, []).append(Finding(f"alone it has a ROC-AUC of {auc:.2f} against {name}"))


def _gaps(engine: Engine, name: str, clock: int) -> tuple[Gap, ...]:
    """Stretches of days without rows where many were to be expected by the four weeks either side, longer than the
    table's usual ones (weekends); the longest.
    """
    found = engine.rows(
        f"WITH days AS (SELECT CAST(c{clock} AS DATE) AS day, COUNT(*) AS held FROM audit_rows WHERE c{clock} IS NOT "
        "NULL GROUP BY ALL), "
        "empty AS (SELECT * FROM (SELECT day + 1 AS first, LEAD(day) OVER (ORDER BY day) - 1 AS last, "
        "LEAD(day) OVER (ORDER BY day) - day - 1 AS length FROM days) WHERE length > 0), "
        "usual AS (SELECT COUNT(*) AS times, QUANTILE_DISC(length, 0.9) AS length FROM empty), "
        "rated AS (SELECT e.first, e.last, e.length, SUM(d.held) / 56 * e.length AS expected FROM empty AS e "
        "JOIN days AS d ON d.day BETWEEN e.first - 28 AND e.last + 28 GROUP BY e.first, e.last, e.length) "
        "SELECT r.first, r.last, r.length, CAST(FLOOR(r.expected) AS BIGINT) FROM rated AS r, usual AS u "
        f"WHERE r.expected >= {_EXPECTED} AND (u.times < 10 OR r.length > 1.5 * u.length) "
        f"ORDER BY r.length DESC, r.first LIMIT {_MOST_GAPS}"
    )
    ordered = sorted(found, key=lambda row: row[0])
    return tuple(Gap(name, first.isoformat(), last.isoformat(), int(days), rows) for first, last, days, rows in ordered)
