"""What `check` refuses before anything runs. Every refusal names the place and the SQL to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition, positions
from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.inline import as_of_equalities, conjuncts, tables_of
from leadmart.features.registry import Registry

if TYPE_CHECKING:
    from sqlglot import exp

CLOCKS = ("occurred_at", "ingested_at")

GATE_COMMENT = re.compile(r"^(?P<severity>block|cap|flag)(?: (?P<cap>\d+(?:\.\d+)?))?: (?P<reason>\S.*)$")
"""A gate column's comment: severity, the cap's height, and the reason people read."""

_MOVING = {
    "now", "today", "current_date", "current_time", "current_timestamp", "current_localtime", "current_localtimestamp",
    "localtime", "localtimestamp", "get_current_time", "get_current_timestamp", "transaction_timestamp", "random",
    "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "nextval", "currval", "txid_current",
    "getvariable", "getenv",
}  # fmt: skip
"""Functions whose value differs from call to call: with them the same rows would not give the same features."""


def problems_of(definition: Definition, registry: Registry) -> list[LeadmartError]:
    """Everything `check` has against a definition, in the order of its text; empty when all is proven."""
    found: list[LeadmartError] = []
    try:
        _ = definition.header
        _ = definition.tree
        _ = definition.columns
    except LeadmartError as error:
        return [error]
    rules = [_moving_functions, _stars, _relations]
    if definition.kind in ("feature", "gate", "link", "spine"):
        rules += [_joins, _shape, _read_columns]
    if definition.kind in ("feature", "gate"):
        rules += [_starts_from_spine, _column_comments]
    if definition.kind == "source":
        rules += [_source_rows, _row_local]
    if definition.kind == "label":
        rules += [_label_shape]
    for rule in rules:
        try:
            found.extend(rule(definition, registry))
        except LeadmartError as error:
            found.append(error)
    found = list({(e.code, e.message, str(e.place)): e for e in reversed(found)}.values())[::-1]
    return sorted(found, key=lambda e: (e.place.line or 0, e.place.column or 0) if e.place else (0, 0))


def _moving_functions(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    from sqlglot import exp

    bare = _bare_words(definition, _MOVING)
    for node in definition.tree.walk():
        if isinstance(node, exp.Anonymous):
            name = str(node.this).lower()
        elif isinstance(node, exp.Func):
            name = node.sql_name().lower()
        elif isinstance(node, exp.Column) and not node.table and node.name.lower() in _MOVING:
            name = node.name.lower()
        else:
            continue
        if name not in _MOVING and name != "rand":
            continue
        spots = sorted(positions(node))
        start = spots[0] if spots else next(bare, 0)  # `current_date` without parentheses has no place of its own
        width = _width(definition.text, start)
        yield LeadmartError(
            f"{definition.text[start : start + width].lower()} gives another value at every run",
            code="moving_function",
            place=definition.place_at(start, width),
            hint="use `spine.as_of`: the moment is the spine's",
        )


def _bare_words(definition: Definition, words: Collection[str]) -> Iterator[int]:
    """Where words stand in a definition as neither a call nor a column of something."""
    from sqlglot.dialects.duckdb import DuckDB

    tokens = DuckDB().tokenize(definition.text)
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if token.text.lower() in words and (before and before.text) != "." and (after and after.text) != "(":
            yield token.start


def _stars(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    from sqlglot import exp

    for select in definition.tree.find_all(exp.Select):
        if any(item.is_star for item in select.expressions):
            yield _refusal(
                definition,
                select,
                "SELECT * changes when its source does",
                "select_star",
                "name the columns one by one",
            )


def _relations(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    from sqlglot import exp

    readable = {
        "source": ("raw",),
        "label": ("staging", "reference"),
        "spine": ("known", "links", "features", "reference"),
        "link": ("known", "links", "reference"),
        "mart": ("features", "scores", "meta", "links", "gates"),
    }.get(definition.kind, ("known", "links", "features", "reference", ""))
    for table in definition.tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            yield _refusal(
                definition,
                table,
                "a table function is not readable here",
                "unreadable",
                "load the rows as raw and write a source",
            )
    for read in definition.reads:
        if not read.name:
            continue  # a table function
        if read.schema == "staging" and definition.kind not in ("label", "source", "mart"):
            yield LeadmartError(
                f"{read} holds rows of every moment: they would leak into the past",
                code="staging_in_view",
                place=definition.place_at(read.start - len("staging."), len(str(read))),
                hint=f"read `known.{read.name}` and join it on `as_of`",
            )
        elif read.schema not in readable:
            yield LeadmartError(
                f"{read} is not readable from a {definition.kind}",
                code="unknown_relation",
                place=definition.place_at(read.start, len(read.name)),
                hint=f"readable here: {', '.join(f'{s}.*' if s else 'spine' for s in readable)}",
            )
        elif definition.kind not in ("source", "mart"):
            try:
                registry.resolve(read, definition)
            except LeadmartError as error:
                yield error


def _joins(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    from sqlglot import exp

    for select in definition.tree.find_all(exp.Select):
        relations = list(tables_of(select))
        if relations and _is_known(relations[0][1]) and _is_expression(select) and not _is_correlated(select):
            alias, table, _ = relations[0]
            yield _refusal(
                definition,
                table,
                f"{_words(table)} is read in a subquery without as_of: rows of other moments would count",
                "join_without_as_of",
                f"add `AND {alias}.as_of = …` with the outer relation's as_of, or LEFT JOIN it",
            )
        names = {alias: _words(table) for alias, table, _ in relations}
        for alias, table, join in relations[1:]:
            if join is None or isinstance(table, exp.Unnest) or _is_reference(table):
                continue
            using = [identifier.name.lower() for identifier in join.args.get("using") or ()]
            sides = [{e.left.args["table"].name, e.right.args["table"].name} for e in as_of_equalities(join)]
            if "as_of" in using or any(alias in pair for pair in sides):
                continue
            partner = "spine" if "spine" in names else relations[0][0]
            yield _refusal(
                definition,
                table,
                f"{names[alias]} is joined without as_of: rows of other moments would count",
                "join_without_as_of",
                f"add `AND {alias}.as_of = {partner}.as_of`",
            )


def _shape(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    names = [column.name for column in definition.columns]
    required = ["as_of"] if definition.kind == "link" else [definition.key, "as_of"]
    for name in required:
        if name not in names:
            yield _refusal(
                definition,
                definition.select,
                f"{definition.kind} {definition.ref} does not return {name}",
                "missing_column",
                f"select `spine.{name}`"
                if definition.kind in ("feature", "gate")
                else f"select `l.{name}` of `known.… AS l`",
            )
    for number, column in enumerate(definition.columns):
        if column.name in names[:number]:
            yield LeadmartError(
                f"column {column.name} is returned twice",
                code="column_twice",
                place=definition.place_at(column.start, len(column.name)),
                hint="give one another name",
            )


def _read_columns(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Qualified columns that the relation they name does not have."""
    from sqlglot import exp

    for select in definition.tree.find_all(exp.Select):
        known: dict[str, tuple[str, set[str]]] = {}
        for alias, table, _ in tables_of(select):
            try:
                columns = _columns_of(table, definition, registry)
            except LeadmartError:
                continue  # an unknown relation is refused as one
            if columns:
                known[alias] = (_words(table), columns)
        for column in select.find_all(exp.Column):
            if column.parent_select is not select or column.table not in known:
                continue
            relation, columns = known[column.table]
            if column.name.lower() not in columns:
                yield _refusal(
                    definition,
                    column,
                    f"{relation} has no column {column.name}",
                    "unknown_column",
                    near_names(column.name, columns) or f"it has {', '.join(sorted(columns))}",
                )


def _columns_of(table: exp.Expr, definition: Definition, registry: Registry) -> set[str]:
    from sqlglot import exp

    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        return set()
    schema, name = table.db.lower(), table.name.lower()
    if schema == "staging":
        return set()  # refused as what it is
    if schema == "known":
        return {c.name.lower() for source in registry.source(name) for c in source.columns} | {*CLOCKS, "as_of"}
    if not schema and name == "spine":
        return {definition.key, "as_of"} if definition.kind in ("feature", "gate") else set()
    resolved = next(
        (registry.resolve(r, definition) for r in definition.reads if (r.schema, r.name) == (schema, name)), None
    )
    return {c.name.lower() for c in resolved[0].columns} if schema and isinstance(resolved, tuple) else set()


def _starts_from_spine(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    from sqlglot import exp

    if not isinstance(definition.tree, exp.Select):
        yield _refusal(
            definition,
            definition.tree,
            "a set operation may lose or double rows of the spine",
            "not_from_spine",
            "put the set operation into a CTE and LEFT JOIN it to `spine`",
        )
        return
    relations = list(tables_of(definition.select))
    if not relations or _words(relations[0][1]) != "spine":
        yield _refusal(
            definition,
            relations[0][1] if relations else definition.select,
            "the final SELECT does not start from spine: it would lose rows",
            "not_from_spine",
            "begin with `FROM spine` and LEFT JOIN the rest",
        )
    for alias, table, join in relations[1:]:
        if join is not None and join.side != "LEFT":
            yield _refusal(
                definition,
                table,
                f"{alias} is not LEFT joined to spine: entities without rows would vanish",
                "not_left_joined",
                f"write `LEFT JOIN {_words(table)} AS {alias} ON …`",
            )
    if definition.select.args.get("where") is not None and not definition.select.args.get("group"):
        yield _refusal(
            definition,
            definition.select.args["where"],
            "WHERE in the final SELECT drops rows of the spine",
            "drops_spine_rows",
            "move the condition into the join's ON",
        )


def _column_comments(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    for column in definition.columns:
        if column.name in (definition.key, "as_of"):
            continue
        if not column.comment:
            yield LeadmartError(
                f"column {column.name} has no comment",
                code="column_without_comment",
                place=definition.place_at(column.start, len(column.name)),
                hint="say behind the column what it is: `AS emails_opened_30d,  -- opens in the last 30 days`",
            )
        elif definition.kind == "gate" and not GATE_COMMENT.match(column.comment):
            yield LeadmartError(
                f"gate rule {column.name} does not name its severity",
                code="bad_gate",
                place=definition.place_at(column.start, len(column.name)),
                hint="write `-- block: Competitor`, `-- cap 40: Free mail address` or `-- flag: No phone number`",
            )


def _source_rows(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    names = {column.name.lower() for column in definition.columns}
    for name in (*definition.source_key, *CLOCKS):
        if name.lower() not in names:
            yield _refusal(
                definition,
                definition.select,
                f"source {definition.name} does not return {name}",
                "missing_column",
                f"select it: `… AS {name}`",
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


def _row_local(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    from sqlglot import exp

    for node in definition.tree.walk():
        if isinstance(node, exp.AggFunc | exp.Window | exp.Group | exp.Distinct | exp.Subquery | exp.Limit | exp.Union):
            yield _refusal(
                definition,
                node,
                f"a source is row-local: {node.key.upper()} reads other rows",
                "not_row_local",
                "one raw row gives one row; count and compare in a feature view",
            )


def _label_shape(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    names = [column.name for column in definition.columns]
    for name in (definition.key, "outcome_at"):
        if name not in names:
            yield _refusal(
                definition,
                definition.select,
                f"label {definition.ref} does not return {name}",
                "missing_column",
                f"select `… AS {name}`",
            )
    for column in definition.columns:
        if column.name not in (definition.key, "outcome_at", "ended_at"):
            yield LeadmartError(
                f"a label returns no {column.name}",
                code="unknown_column",
                place=definition.place_at(column.start, len(column.name)),
                hint="a label is the key, outcome_at and, where wanted, ended_at",
            )
    _ = horizon_days(definition)


def horizon_days(label: Definition) -> int:
    """The label's horizon in days, from its header. Raises LeadmartError `bad_header`."""
    words = label.header.get("horizon", "").split()
    if len(words) == 2 and words[0].isdigit() and int(words[0]) > 0 and words[1] in ("day", "days"):
        return int(words[0])
    raise LeadmartError(
        f"label {label.ref} does not say its horizon",
        code="bad_header",
        place=label.place(line=1),
        hint="add `-- horizon: 90 days`",
    )


def _is_known(table: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(table, exp.Table) and table.db.lower() in ("known", "links", "features")


def _is_expression(select: exp.Select) -> bool:
    """Whether a SELECT stands inside an expression (scalar, EXISTS, IN) and not in a FROM or a WITH."""
    from sqlglot import exp

    holder = select.parent
    if isinstance(holder, exp.Subquery):
        return not isinstance(holder.parent, exp.From | exp.Join | exp.Lateral | exp.SetOperation)
    return isinstance(holder, exp.Exists | exp.In | exp.Array)


def _is_correlated(select: exp.Select) -> bool:
    """Whether the first relation's as_of is equated with one from outside the SELECT."""
    from sqlglot import exp

    own = {alias.lower() for alias, _, _ in tables_of(select)}
    first = next(tables_of(select))[0].lower()
    where = select.args.get("where")
    for part in conjuncts(where.this if where else None):
        if isinstance(part, exp.EQ) and isinstance(part.left, exp.Column) and isinstance(part.right, exp.Column):
            sides = {part.left.table.lower(), part.right.table.lower()}
            names = {part.left.name.lower(), part.right.name.lower()}
            if names == {"as_of"} and first in sides and "" not in sides and sides - own:
                return True
    return False


def _is_reference(table: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(table, exp.Table) and table.db.lower() == "reference"


def _words(table: exp.Expr) -> str:
    from sqlglot import exp

    if isinstance(table, exp.Table):
        return f"{table.db}.{table.name}" if table.db else table.name
    return table.alias_or_name or "a subquery"


def _refusal(definition: Definition, node: exp.Expr, message: str, code: str, hint: str) -> LeadmartError:
    spots = sorted(positions(node))
    place = definition.place_at(spots[0], _width(definition.text, spots[0])) if spots else definition.place(line=1)
    return LeadmartError(message, code=code, place=place, hint=hint)


def _width(text: str, start: int) -> int:
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    return max(1, end - start)


def check_all(definitions: Sequence[Definition], registry: Registry) -> list[LeadmartError]:
    """The problems of many definitions, one file after the other."""
    return [problem for definition in definitions for problem in problems_of(definition, registry)]
