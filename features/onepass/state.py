"""What the aggregates of a view are for each key from one moment to the next, over many moments, in one computation.

Each row of the source counts from the first moment at which it is known up to the first at which it has left a window,
on both clocks: one that comes late counts from where it is known, and never if its window is over by then. COUNT and
SUM are running sums of what rows add when they come and take away when they leave (a difference array; for different
values, of what lies outside the spans before), the newest row is a running maximum, since it leaves after all before
it, and MIN and MAX are computed anew wherever a row of the key comes or leaves. So the cost follows the rows, not keys
times moments.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.engine import Engine
from leadmart.features.errors import LeadmartError
from leadmart.features.literals import quoted_name
from leadmart.features.onepass.shape import CLOCK, DIFFERENCES, EXTREMES, NEWEST, Aggregate, Shape, Span
from leadmart.features.onepass.way import way_of

_EPOCH = datetime(1970, 1, 1)
_EVER = "9223372036854775807"
_PLACE = re.compile("\0(\\d+)\0")
_SHORT = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER")
_KEYS = ("VARCHAR", "INTEGER", "BIGINT", "UUID")
"""Types of keys of which two are equal only where they are the same."""
_DECIMAL = re.compile(r"^DECIMAL\(\d+,(\d+)\)$")


def summed_as(kind: str) -> str | None:
    """The type in which values of a type are added without loss; None for those that are not added one by one."""
    if kind in _SHORT:
        return "BIGINT"
    if kind == "BIGINT":
        return "HUGEINT"
    matched = _DECIMAL.match(kind)
    return f"DECIMAL(38,{matched[1]})" if matched else None


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class State:
    """The SQL of a view's state over moments: the tables to make, in order, and the view's rows laid over its spine.

    `types` are the aggregates' types, `sums` per summed aggregate the type in which it is added. `name` names its
    tables in the schema `onepass`.
    """

    name: str
    shape: Shape
    moments: tuple[datetime, ...]
    types: tuple[str, ...]
    sums: Mapping[int, str]

    @cached_property
    def tables(self) -> dict[str, str]:
        """The SELECT of each table of the state, by the table's name; all have k, since and until."""
        found = {}
        if any(a.kind not in EXTREMES for a in self.shape.aggregates):
            found[f"onepass.{self.name}"] = self._running()
        if any(a.kind in EXTREMES for a in self.shape.aggregates):
            found[f"onepass.{self.name}_extremes"] = self._anew()
        return found

    def now(self, moments: Sequence[datetime]) -> dict[str, str]:
        """The SELECT of the rows of each table that are in force at some of these moments: few, where these are few."""
        first, last = _microseconds(min(moments)), _microseconds(max(moments))
        return {f"{table}_now": f"FROM {table} WHERE since <= {last} AND until > {first}" for table in self.tables}

    def laid(self, moments: Sequence[datetime]) -> str:
        """The SELECT of the view's columns for the rows of `spine` at some of the moments that `now` was asked for."""
        return " UNION ALL ".join(self._laid_at(moment) for moment in moments)

    def _laid_at(self, moment: datetime) -> str:
        key, at = quoted_name(self.shape.key), _microseconds(moment)
        items = [f"spine.{key}", "spine.as_of"]
        for name, text in self.shape.items:
            items.append(f"{_PLACE.sub(lambda found: self._value(int(found[1])), text)} AS {quoted_name(name)}")
        joins = [
            f"LEFT JOIN (FROM {table}_now WHERE since <= {at} AND until > {at}) AS {alias} ON {alias}.k = spine.{key}"
            for table, alias in ((table, "x" if table.endswith("_extremes") else "c") for table in self.tables)
        ]
        spine = f"(FROM spine WHERE as_of = {sql_literal(moment)}) AS spine"
        return f"SELECT {', '.join(items)} FROM {spine} {' '.join(joins)}"

    def _value(self, number: int) -> str:
        """An aggregate's value at a row of the spine, of the type it has as written."""
        a, kind = self.shape.aggregates[number], self.types[number]
        if a.kind in ("count", "distinct"):
            value = f"COALESCE(c.d{number}, 0)"
        elif a.kind == "sum":
            value = f"CASE WHEN c.n{number} > 0 THEN c.d{number} END"
        elif a.kind == "any":
            value = f"CASE WHEN c.d{number} > 0 THEN TRUE WHEN c.n{number} > 0 THEN FALSE END"
        elif a.kind == "every":
            value = f"CASE WHEN c.d{number} < c.n{number} THEN FALSE WHEN c.n{number} > 0 THEN TRUE END"
        elif a.kind in EXTREMES:
            value = f"x.m{number}"
        else:
            own = f"c.w{number}" if a.kind == "newest" else f"c.v{number}"
            live = f"EPOCH_US(c.w{number}) + {a.span.leaves} > EPOCH_US(spine.as_of)"
            value = own if a.span.leaves is None else f"CASE WHEN {live} THEN {own} END"
        return f"CAST({value} AS {kind})"

    # --- rows, and when they count ---

    @cached_property
    def _first(self) -> int:
        return _microseconds(self.moments[0])

    @cached_property
    def _last(self) -> int:
        return _microseconds(self.moments[-1])

    @cached_property
    def _step(self) -> int:
        """A length of which all the moments are multiples apart: what happens in between shows at its end."""
        at = [_microseconds(moment) for moment in self.moments]
        return math.gcd(*(b - a for a, b in pairwise(at))) if len(at) > 1 else 1

    def _shown_at(self, moment: str) -> str:
        """The first possible moment not before a time in microseconds; the first of all for those before it."""
        if self._step == 1:
            return f"GREATEST({moment}, {self._first})"
        ahead = f"({moment} - {self._first} + {self._step - 1}) // {self._step}"
        return f"CASE WHEN {moment} <= {self._first} THEN {self._first} ELSE {self._first} + {ahead} * {self._step} END"

    @cached_property
    def _enters(self) -> list[int]:
        return sorted({a.span.enters for a in self.shape.aggregates} or {1})

    @cached_property
    def _leaves(self) -> list[int]:
        return sorted({a.span.leaves for a in self.shape.aggregates if a.span.leaves is not None})

    def _span(self, span: Span) -> tuple[str, str]:
        """The columns of `r` that say from when and up to when a row counts."""
        until = _EVER if span.leaves is None else f"r.until_{self._leaves.index(span.leaves)}"
        return f"r.since_{self._enters.index(span.enters)}", until

    def _live(self, a: Aggregate) -> str:
        since, until = self._span(a.span)
        return f"r.counts_{self._numbered(a)} AND {since} < {until}"

    def _numbered(self, a: Aggregate) -> int:
        return self.shape.aggregates.index(a)

    @cached_property
    def _orders(self) -> list[str]:
        """What last values are ordered by; rows are numbered by each, since numbers are compared faster than text."""
        return list(dict.fromkeys(a.order for a in self.shape.aggregates if a.order))

    def _rows(self, kinds: Sequence[str]) -> str:
        """The rows `r` that aggregates of these kinds count at some moment, each with when, and what it gives."""
        items = [f"{self.shape.joined} AS k"]
        known = 'GREATEST(EPOCH_US(e."occurred_at") + 1, EPOCH_US(e."ingested_at"))'
        for number, enters in enumerate(self._enters):
            at = known if enters == 1 else f"GREATEST({known}, EPOCH_US({CLOCK}) + {enters})"
            items.append(f"{self._shown_at(at)} AS since_{number}")
        for number, leaves in enumerate(self._leaves):
            items.append(f"{self._shown_at(f'EPOCH_US({CLOCK}) + {leaves}')} AS until_{number}")
        if set(NEWEST) <= set(kinds):
            items += [f"{CLOCK} AS moment"]
            items += [f"ROW_NUMBER() OVER (ORDER BY {order}) AS o_{n}" for n, order in enumerate(self._orders)]
        for number, a in enumerate(self.shape.aggregates):
            if a.kind in kinds:
                # ARG_MAX_NULL takes a row without the value; nothing else does
                valued = [] if a.kind == "last or null" else [f"{a.value} IS NOT NULL"]
                valued += [f"{a.order} IS NOT NULL"] if a.order else []
                items.append(f"COALESCE({' AND '.join((*a.rows, *valued)) or 'TRUE'}, FALSE) AS counts_{number}")
                items += self._given(number, a)
        wanted = [f"{each} IS NOT NULL" for each in (self.shape.joined, CLOCK, 'e."ingested_at"')]
        wanted += [f"{known} <= {self._last}", *self.shape.rows]
        if all(a.span.leaves is not None for a in self.shape.aggregates) and self._leaves:
            wanted.append(f"EPOCH_US({CLOCK}) + {self._leaves[-1]} > {self._first}")
        return f"SELECT {', '.join(items)} FROM staging.{self.shape.source} AS e WHERE {' AND '.join(wanted)}"

    def _given(self, number: int, a: Aggregate) -> list[str]:
        if a.kind == "count":
            return []
        return [f"{f'CAST({a.value} AS {self.sums[number]})' if a.kind == 'sum' else a.value} AS v_{number}"]

    # --- running sums and maxima ---

    def _running(self) -> str:
        columns = {}
        for number, a in enumerate(self.shape.aggregates):
            if a.kind in DIFFERENCES:
                columns[f"d{number}"] = "{}" if a.kind == "sum" else "CAST({} AS INTEGER)", f"SUM(s.d{number})"
                if a.kind in ("sum", "any", "every"):
                    columns[f"n{number}"] = "CAST({} AS INTEGER)", f"SUM(s.n{number})"
            elif a.kind in NEWEST:
                columns[f"w{number}"] = "{}", f"MAX(s.w{number})"
        parts = []
        for k, at, own, rows, wanted in self._changes():
            listed = ", ".join(f"{own.get(name, 'NULL')} AS {name}" for name in columns)
            where = " AND ".join([f"{at} <= {self._last}", *wanted])
            parts.append(f"SELECT {k} AS k, {at} AS since, {listed} FROM {rows} WHERE {where}")
        changes = " UNION ALL ".join(parts)
        each = ", ".join(f"{kind.format(value)} AS {name}" for name, (kind, value) in columns.items())
        running = ", ".join(
            f"{kind.format(f'{value} OVER so_far')} AS {name}" for name, (kind, value) in columns.items()
        )
        last = {f"w{n}": n for n, a in enumerate(self.shape.aggregates) if a.order}
        kept = ", ".join(
            f"l{last[name]}.moment AS {name}, l{last[name]}.v_{last[name]} AS v{last[name]}" if name in last else name
            for name in columns
        )
        looked_up = " ".join(
            f"LEFT JOIN r AS l{n} ON l{n}.o_{self._orders.index(self.shape.aggregates[n].order)} = {name}"
            for name, n in last.items()
        )
        numbers = [(n, a) for n, a in enumerate(self.shape.aggregates) if a.kind == "distinct"]
        different = "".join(
            f", {self._different_name(value, enters)} AS ({self._different(value, enters)})"
            for value, enters in dict.fromkeys((a.value, a.span.enters) for _, a in numbers)
        )
        return (
            f"WITH r AS MATERIALIZED ({self._rows((*DIFFERENCES, *NEWEST))}){different}, "
            f"changes AS ({changes}), "
            f"s AS (SELECT s.k, s.since, {each} FROM changes AS s GROUP BY s.k, s.since) "
            f"SELECT s.k, s.since, s.until, {kept} FROM (SELECT s.k, s.since, "
            f"COALESCE(LEAD(s.since) OVER (PARTITION BY s.k ORDER BY s.since), {_EVER}) AS until, "
            f"{running} FROM s WINDOW so_far AS (PARTITION BY s.k ORDER BY s.since "
            f"ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS s {looked_up}"
        )

    def _changes(self) -> Iterator[tuple[str, str, dict[str, str], str, list[str]]]:
        """What rows add as they come, and take away as they leave: key, moment, columns, relation, and which rows."""
        plain = [(n, a) for n, a in enumerate(self.shape.aggregates) if a.kind in (*DIFFERENCES, *NEWEST)]
        plain = [(n, a) for n, a in plain if a.kind != "distinct"]
        own: dict[str, str]
        for enters in dict.fromkeys(a.span.enters for _, a in plain):
            own = {}
            group = [(n, a) for n, a in plain if a.span.enters == enters]
            for number, a in group:
                own |= {c: f"CASE WHEN {self._live(a)} THEN {v} END" for c, v in self._adds(number, a, "").items()}
            some = " OR ".join(f"({self._live(a)})" for _, a in group)
            yield "r.k", self._span(Span(enters))[0], own, "r", [f"({some})"]
        leaving = [(n, a) for n, a in plain if a.kind in DIFFERENCES and a.span.leaves is not None]
        for span in dict.fromkeys(a.span for _, a in leaving):
            own = {}
            group = [(n, a) for n, a in leaving if a.span == span]
            for number, a in group:
                own |= {c: f"CASE WHEN r.counts_{number} THEN {v} END" for c, v in self._adds(number, a, "-").items()}
            since, until = self._span(span)
            some = " OR ".join(f"r.counts_{number}" for number, _ in group)
            yield "r.k", until, own, "r", [f"{since} < {until}", f"({some})"]
        for number, a in enumerate(self.shape.aggregates):
            if a.kind == "distinct":
                relation = f"{self._different_name(a.value, a.span.enters)} AS y"
                since = f"GREATEST(y.since, COALESCE(y.before_{number}, y.since))"
                wanted = [f"y.until_{number} > {since}"]
                yield "y.k", since, {f"d{number}": "1"}, relation, wanted
                if a.span.leaves is not None:
                    yield "y.k", f"y.until_{number}", {f"d{number}": "-1"}, relation, wanted

    def _adds(self, number: int, a: Aggregate, sign: str) -> dict[str, str]:
        if a.kind == "count":
            return {f"d{number}": f"{sign}1"}
        if a.kind == "sum":
            return {f"d{number}": f"{sign}r.v_{number}", f"n{number}": f"{sign}1"}
        if a.kind in ("any", "every"):
            return {f"d{number}": f"{sign}CAST(r.v_{number} AS INTEGER)", f"n{number}": f"{sign}1"}
        return {f"w{number}": f"r.o_{self._orders.index(a.order)}" if a.order else f"r.v_{number}"}

    def _different_name(self, value: str, enters: int) -> str:
        values = list(dict.fromkeys(a.value for a in self.shape.aggregates if a.kind == "distinct"))
        return f"y{values.index(value)}_{self._enters.index(enters)}"

    def _different(self, value: str, enters: int) -> str:
        """Per key and value the spans in which it is there, one a moment it comes at, and how far those before go.

        Of a span only what lies after all before it counts: so each value counts once, however many rows have it.
        """
        own = [
            (n, a)
            for n, a in enumerate(self.shape.aggregates)
            if (a.kind, a.value, a.span.enters) == ("distinct", value, enters)
        ]
        since, one = self._span(Span(enters))[0], own[0][0]
        ends = ", ".join(
            f"MAX({self._span(a.span)[1]}) FILTER (WHERE {self._live(a)}) AS until_{number}" for number, a in own
        )
        before = ", ".join(f"MAX(y.until_{number}) OVER earlier AS before_{number}" for number, _ in own)
        some = " OR ".join(f"({self._live(a)})" for _, a in own)
        return (
            f"SELECT y.*, {before} FROM (SELECT r.k, r.v_{one} AS v, {since} AS since, {ends} FROM r WHERE {some} "
            f"GROUP BY r.k, r.v_{one}, {since}) AS y WINDOW earlier AS (PARTITION BY y.k, y.v ORDER BY y.since "
            "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        )

    # --- minima and maxima ---

    def _anew(self) -> str:
        """MIN and MAX at every moment at which a row of the key comes or leaves."""
        own = [(n, a) for n, a in enumerate(self.shape.aggregates) if a.kind in EXTREMES]
        spans = list(dict.fromkeys(a.span for _, a in own))
        ends = {}
        for span in spans:
            some = " OR ".join(f"r.counts_{n}" for n, a in own if a.span == span)
            since, until = self._span(span)
            for at in (since, until):
                ends[
                    f"SELECT r.k, {at} AS moment FROM r WHERE ({some}) AND {since} < {until} AND {at} <= {self._last}"
                ] = 1
        wanted = ", ".join(f"({_microseconds(moment)})" for moment in self.moments)
        starts = [self._span(span)[0] for span in spans]
        lasts = [self._span(span)[1] for span in spans]
        values = ", ".join(
            f"{a.kind.upper()}(r.v_{n}) FILTER (WHERE r.counts_{n} AND {self._span(a.span)[0]} <= p.since "
            f"AND {self._span(a.span)[1]} > p.since) AS m{n}"
            for n, a in own
        )
        some = " OR ".join(f"({self._live(a)})" for _, a in own)
        return (
            f"WITH r AS MATERIALIZED (SELECT * FROM ({self._rows(EXTREMES)}) AS r WHERE {some}), "
            f"moments AS (SELECT CAST(m.moment AS BIGINT) AS moment FROM (VALUES {wanted}) AS m (moment)), "
            f"ends AS (SELECT DISTINCT k, moment FROM ({' UNION ALL '.join(ends)})), "
            "points AS (SELECT DISTINCT n.k, m.moment AS since FROM ends AS n "
            "ASOF JOIN moments AS m ON n.moment <= m.moment) "
            "SELECT p.k, p.since, COALESCE(LEAD(p.since) OVER (PARTITION BY p.k ORDER BY p.since), "
            f"{_EVER}) AS until, {values} FROM points AS p LEFT JOIN r ON r.k = p.k "
            f"AND LEAST({', '.join(starts)}) <= p.since AND GREATEST({', '.join(lasts)}) > p.since "
            "GROUP BY p.k, p.since"
        )


def state_of(engine: Engine, definition: Definition, moments: Sequence[datetime]) -> State | None:
    """The state of a view over moments, from the types of what is staged; None where it has to be computed as written.

    `staging.<source>` must be there. Values that are not exact when added one by one are not.
    """
    shape = way_of(definition).shape
    if shape is None:
        return None
    each = shape.aggregates
    try:
        kinds = engine.columns(f"SELECT {', '.join(a.sql for a in each)} FROM staging.{shape.source} AS e")
        values = engine.columns(f"SELECT {', '.join(a.value for a in each)} FROM staging.{shape.source} AS e")
    except duckdb.Error:
        return None
    sums = {n: summed_as(kind) for n, (_, kind) in enumerate(values) if each[n].kind == "sum"}
    is_true = all(kind == "BOOLEAN" for n, (_, kind) in enumerate(values) if each[n].kind in ("any", "every"))
    if None in sums.values() or not is_true:
        return None
    name = definition.relation.partition(".")[2]
    exact = {n: kind for n, kind in sums.items() if kind is not None}
    return State(name, shape, tuple(sorted(set(moments))), tuple(kind for _, kind in kinds), exact)


def make(engine: Engine, state: State) -> bool:
    """Makes the state's tables; False where they do not fit the memory, or a value does not convert.

    As written a day at a time fits sooner, and may never look at that value.
    """
    try:
        for table, select in state.tables.items():
            engine.execute(f"CREATE OR REPLACE TABLE {table} AS {select}")
    except (duckdb.Error, LeadmartError) as error:
        drop(engine, state)
        if isinstance(error, LeadmartError) and error.code != "out_of_memory":
            raise
        return False
    return True


def narrow(engine: Engine, state: State, moments: Sequence[datetime]) -> None:
    """Makes the tables that `laid` reads, for some of the state's moments."""
    for table, select in state.now(moments).items():
        engine.execute(f"CREATE OR REPLACE TABLE {table} AS {select}")


def drop(engine: Engine, state: State) -> None:
    """Forgets the state's tables."""
    for table in state.tables:
        engine.execute(f"DROP TABLE IF EXISTS {table}")
        engine.execute(f"DROP TABLE IF EXISTS {table}_now")


def lies_over(engine: Engine, state: State, as_written: str) -> bool:
    """Whether the state's rows over `spine` have the columns and types of the view as written, and keys of one type."""
    key = quoted_name(state.shape.key)
    table = next(iter(state.tables))
    ((_, own), (_, asked)) = engine.columns(f"SELECT c.k, spine.{key} AS asked FROM {table} AS c, spine")
    laid = state.laid(state.moments[:1])
    return own == asked and own in _KEYS and engine.columns(laid) == engine.columns(as_written)
