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


def reach_of(definition: Definition) -> dict[str, Window | None]:
    """The longest time before as_of from which a definition itself reads each source; None where there is no bound.

    A join ON `e.occurred_at >= spine.as_of - INTERVAL 90 DAY` bounds e's source to 90 days. What is read through views
    and links is theirs.
    """
    from sqlglot import exp

    found: dict[str, Window | None] = {}
    for select in definition.tree.find_all(exp.Select):
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
            name = table.name.lower()
            before = found.get(name, window)
            found[name] = None if window is None or before is None else max(window, before)
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
        for name, window in reach_of(definition).items():
            if definition.kind == "label":
                whole[name] = WHOLE
            else:
                longest.setdefault(name, []).append(window)
    return {name: _bounds(engine, windows, moments) for name, windows in longest.items()} | whole


def _bounds(engine: Engine, windows: Sequence[Window | None], moments: Sequence[datetime]) -> Bounds:
    finite = [window.sql for window in windows if window is not None]
    if len(finite) < len(windows):
        return Bounds(None, max(moments))
    first = sql_literal(min(moments))
    ((since,),) = engine.rows(f"SELECT LEAST({', '.join(f'{first} - {sql}' for sql in finite)})")
    return Bounds(since, max(moments))
