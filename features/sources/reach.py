"""How far back a definition reads each source at most: rows before that cannot change what it returns.

Only what a join's ON or a WHERE demands of `occurred_at` counts; FILTER and CASE narrow what a column counts, but a row
outside them is still read. So this bounds rows, where `windows` says what a column tells of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.engine import Engine
from leadmart.features.sources.staged import WHOLE, Bounds
from leadmart.features.tree import conjuncts, tables_of
from leadmart.features.windows import Window, lower_bounds


def reach_of(definition: Definition) -> dict[str, list[Window | None]]:
    """The times before as_of from which a definition itself reads each source, a reading each; None without a bound.

    A join ON `e.occurred_at >= spine.as_of - INTERVAL 90 DAY` bounds e's source to 90 days. What is read through views
    and links is theirs.
    """
    if "reach" in definition.remembered:
        return dict(definition.remembered["reach"])
    from sqlglot import exp

    found: dict[str, list[Window | None]] = {}
    for select in definition.find_all(exp.Select):
        where = select.args.get("where")
        for alias, table, join in tables_of(select):
            if not isinstance(table, exp.Table) or table.db.lower() not in ("known", "staging"):
                continue
            demanded = list(conjuncts(where.this)) if where else []
            if join is not None and join.side in ("", "LEFT"):
                demanded += conjuncts(join.args.get("on"))
            own = [
                window
                for part in demanded
                for column, window in lower_bounds(part)
                if isinstance(column, exp.Column)
                and (column.table.lower(), column.name.lower()) == (alias.lower(), "occurred_at")
            ]
            window = min(own) if own and table.db.lower() == "known" else None
            found.setdefault(table.name.lower(), []).append(window)
    return found


def bounds_of(engine: Engine, definitions: Iterable[Definition], moments: Sequence[datetime]) -> dict[str, Bounds]:
    """Which rows of each source the definitions themselves can read at moments; no bounds without any.

    A label is hindsight and reads its sources whole.
    """
    if not moments:
        return {}
    longest: dict[str, list[Window | None]] = {}
    whole: dict[str, Bounds] = {}
    for definition in definitions:
        for name, windows in reach_of(definition).items():
            if definition.kind == "label":
                whole[name] = WHOLE
            else:
                longest.setdefault(name, []).extend(windows)
    return {name: _bounds(engine, windows, moments) for name, windows in longest.items()} | whole


def _bounds(engine: Engine, windows: Sequence[Window | None], moments: Sequence[datetime]) -> Bounds:
    finite = [window.sql for window in windows if window is not None]
    if len(finite) < len(windows):
        return Bounds(None, max(moments))
    first = sql_literal(min(moments))
    # a month before noon of the 30th is later than a month before the 31st: whole days keep the order
    ((since,),) = engine.rows(f"SELECT DATE_TRUNC('day', LEAST({', '.join(f'{first} - {sql}' for sql in finite)}))")
    if not isinstance(since, datetime):  # before the year 1
        return Bounds(None, max(moments))
    return Bounds(since, max(moments))
