"""What a source's SELECT must be: row-local, over one raw table, of columns that never change or of a log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from leadmart.features.definition import CLOCKS, Definition
from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.proof.relation import availability_of
from leadmart.features.registry import Registry
from leadmart.features.tree import refusal, tables_of, words_of

if TYPE_CHECKING:
    pass

_DOUBTFUL = re.compile(
    r"^(closed?_(date|at|on)|(is_)?(won|lost|converted)|(won|lost|loss|closed?)_reason|stage(_name|_id)?|probability|amount"
    r"|forecast(_category)?|converted_.*|last_activity.*|last_?modified.*|(num|number_of|n)_?(calls|emails|meetings).*"
    r"|(calls|meetings)_(logged|made|held).*|lead_status|rating|owner(_id)?|next_step|contract_.*"
    r"|lead_score|opportunity_id|.*sync_(flag|status).*)$",
    re.IGNORECASE,
)
"""Names in the habit of CRMs for what selling or the outcome writes: a source says what they are."""


def source_rows(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Key and clocks are returned, and the header says why a row can be trusted to stay as it is."""
    names = {column.name.lower() for column in definition.columns}
    for name in (*definition.source_key, *CLOCKS):
        if name.lower() not in names:
            yield refusal(
                definition,
                definition.select,
                f"source {definition.name} does not return {name}",
                "missing_column",
                f"select it: `… AS {name}`",
            )
    for column in definition.columns:
        if column.name.lower() == "as_of":
            yield LeadmartError(
                f"source {definition.name} returns a column called as_of, which is what known.{definition.name} adds",
                code="reserved_column",
                place=definition.place_at(column.start, len(column.name)),
                hint="give it another name: `… AS exported_at`",
            )
    header = definition.header
    if header.get("rows") != "appended" and "frozen" not in header and "changes-of" not in header:
        yield LeadmartError(
            f"source {definition.name} does not say whether its rows change",
            code="rows_not_said",
            place=definition.place(line=1),
            hint=(
                "say `-- rows: appended`, or `-- frozen: created_at, …` for the columns of a table updated in place "
                "that never change"
            ),
        )


def row_local(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """One raw row gives one row: no other row is read."""
    from sqlglot import exp

    apart: Any = exp.AggFunc | exp.Window | exp.Group | exp.Distinct | exp.Subquery | exp.Limit | exp.SetOperation
    apart = apart | exp.Having | exp.Qualify | exp.With | exp.Exists | exp.Offset | exp.Pivot | exp.TableSample
    for node in definition.tree.walk():
        # as in ARRAY(SELECT …), which nothing else here would see
        inner = isinstance(node, exp.Select) and not isinstance(node.parent, apart | exp.In | None)
        if inner or isinstance(node, apart) or (isinstance(node, exp.In) and node.args.get("query") is not None):
            yield refusal(
                definition,
                node,
                f"a source is row-local: {node.key.upper()} reads other rows",
                "not_row_local",
                "one raw row gives one row; count and compare in a feature view",
            )


def joined_logs(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Another log is joined INNER, as `staging.X`, and named in the header: the engine writes both clocks then."""
    from sqlglot import exp

    said, found = set(definition.joined), set[str]()
    for alias, table, join in tables_of(definition.select):
        words = words_of(table)
        if join is None or not isinstance(table, exp.Table):
            continue
        if table.db.lower() != "staging" or table.name.lower() not in said:
            yield refusal(
                definition,
                table,
                f"{words} is joined, and the engine does not know when its rows became known",
                "join_not_said",
                f"make a source of it, say `-- joins: {table.name}`, write `JOIN staging.{table.name} AS {alias} ON …`",
            )
            continue
        found.add(table.name.lower())
        equal = any(isinstance(part, exp.EQ) for part in (join.args.get("on") or exp.true()).walk())
        if join.side or join.kind not in ("", "INNER") or join.args.get("method") or not equal:
            yield refusal(
                definition,
                table,
                f"{words} is not joined INNER by an equality",
                "join_not_said",
                f"write `JOIN {words} AS {alias} ON {alias}.… = …`: a row counts once both logs have it",
            )
    for name in sorted(said - found):
        yield LeadmartError(
            f"the header says `joins: {name}`, and staging.{name} is not joined",
            code="join_not_said",
            place=definition.place(line=1),
            hint=f"write `JOIN staging.{name} AS x ON …`, or take the line out",
        )


def frozen_columns(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Of a table updated in place only the columns said to be frozen are read."""
    from sqlglot import exp

    if "frozen" not in definition.header:
        return
    said = {name.strip().lower() for name in definition.header["frozen"].replace(";", ",").split(",")} | {"_loaded_at"}
    staged = {alias.lower() for alias, t, _ in tables_of(definition.select) if t.text("db").lower() == "staging"}
    seen: set[str] = set()
    for column in definition.find_all(exp.Column):
        name = column.name.lower()
        if name in said or name in seen or column.table.lower() in staged:
            continue
        seen.add(name)
        yield refusal(
            definition,
            column,
            f"{column.name} is not among the frozen columns: it may have been overwritten since",
            "not_frozen",
            (near_names(name, said) + " " if near_names(name, said) else "")
            + "add it to `-- frozen:` if it never changes; else read its changes: `leadmart snapshot`",
        )


def honest_clocks(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """A clock is not moved back, and the arrival is its own column, or said to be assumed."""
    from sqlglot import exp

    items = {item.alias_or_name.lower(): item for item in definition.select.expressions}
    if not items.keys() >= set(CLOCKS):
        return  # refused as missing
    back: Any = exp.Sub | exp.Least | exp.TimestampTrunc | exp.DateTrunc | exp.DateSub | exp.TimestampSub
    for clock in CLOCKS:
        for node in items[clock].walk():
            if isinstance(node, back):
                yield refusal(
                    definition,
                    next(iter(node.find_all(exp.Column)), node),
                    f"{clock} is moved back: the row would count before its time",
                    "clock_moved_back",
                    "take the clock as it is; of two the later: `GREATEST(…)`",
                )
                break
    is_assumed = "ingested_at" in definition.header.get("assumed", "")
    for clock in CLOCKS:
        # of an assumed arrival its own column says nothing, and what happened is all there is
        is_relied_on = is_assumed if clock == "occurred_at" else not is_assumed
        fixed = _fixed_moment(items[clock], is_whole=clock == "occurred_at") if is_relied_on else None
        if fixed is not None:
            yield refusal(
                definition,
                fixed,
                f"{clock} may be a fixed moment: the row would count before its time",
                "clock_moved_back",
                "take the clock as it is: a row whose clock is NULL is left out until it has one",
            )
    read = {clock: {c.name.lower() for c in items[clock].find_all(exp.Column)} for clock in CLOCKS}
    told = read["ingested_at"] - (read["occurred_at"] - {"_loaded_at"})
    if not told and not is_assumed:
        yield refusal(
            definition,
            next(iter(items["ingested_at"].find_all(exp.Column)), definition.select),
            f"ingested_at of source {definition.name} tells nothing that occurred_at does not: when a row arrived is "
            "not known",
            "arrival_not_said",
            "select the arrival column, or `_loaded_at`; or say the guess: "
            "`-- assumed: ingested_at is occurred_at + INTERVAL 1 DAY`",
        )


def _fixed_moment(item: Any, *, is_whole: bool) -> Any:
    """Where a clock, or (not `is_whole`) only what it is for want of a column, reads no column; None where it does."""
    from sqlglot import exp

    node = item.unalias()
    parts = [node] if is_whole else []
    while isinstance(node, exp.Cast | exp.Paren):
        node = node.this
    if isinstance(node, exp.Coalesce):
        parts += [node.this, *node.expressions]
    return next((part for part in parts if not isinstance(part, exp.Null) and not part.find(exp.Column)), None)


def availability(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """The availability line is readable and names columns there are; names that smell of the outcome need one."""
    from sqlglot import exp

    said = availability_of(definition)
    names = {column.name.lower(): column for column in definition.columns}
    for name in said:
        if name not in names:
            yield LeadmartError(
                f"availability names {name}, which source {definition.name} does not return",
                code="bad_header",
                place=definition.place(line=1),
                hint=near_names(name, names) or f"it returns {', '.join(sorted(names))}",
            )
    for item in definition.select.expressions:
        name = item.alias_or_name.lower()
        if name in said or name in CLOCKS:
            continue
        read = [name, *(column.name.lower() for column in item.find_all(exp.Column))]
        doubtful = next((each for each in read if _DOUBTFUL.match(each)), None)
        if doubtful and name in names:
            yield LeadmartError(
                f"{doubtful} is a name for what selling or the outcome writes, and the header does not say what it is",
                code="availability_not_said",
                place=definition.place_at(names[name].start, len(name)),
                hint=f"say `-- availability: {name} = outcome`, or event, creation, enrichment, sales_touch",
            )
