"""Edits of a text: such as may change its meaning, made on its tokens, and such as cannot, made on its parse tree."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from leadmart.features.equivalence.parsing import parsed

Edit = tuple[str, str]
"""What was done, and the text after it."""

SWAPPED = {
    "=": ("<>", "<="), "<>": ("=",), "<": ("<=", ">"), "<=": ("<", ">="), ">": (">=", "<"), ">=": (">", "<="),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("//", "*"), "AND": ("OR",), "OR": ("AND",), "MAX": ("MIN",),
    "MIN": ("MAX",), "COUNT": ("MAX",), "SUM": ("MAX",), "LEFT": ("INNER",), "DISTINCT": ("",), "NOT": ("",),
    "DESC": ("",), "ALL": ("",), "IS": ("IS NOT",), "IN": ("NOT IN",), "COALESCE": ("NULLIF",), "DAY": ("HOUR",),
    "VARCHAR": ("DATE",), "BIGINT": ("DOUBLE",), "DECIMAL": ("DOUBLE",), "ARG_MAX_NULL": ("ARG_MAX",),
    "ARG_MAX": ("ARG_MIN",), "LOWER": ("UPPER",), "TRUE": ("FALSE",), "FALSE": ("TRUE",), "DATE_DIFF": ("DATE_SUB",),
}  # fmt: skip
CLAUSES = {"SELECT", "FROM", "WHERE", "JOIN", "LEFT", "ON", "GROUP", "ORDER", "HAVING", "QUALIFY", "WITH", "UNION", ","}


@dataclass(frozen=True)
class Token:
    """A token's text, its place, and how deep in parentheses it stands."""

    text: str
    start: int
    end: int
    depth: int


def tokens_of(text: str) -> list[Token]:
    found, depth = [], 0
    for token in DuckDB().tokenize(text):
        written = text[token.start : token.end + 1]
        depth -= written == ")"
        found.append(Token(written, token.start, token.end + 1, depth))
        depth += written == "("
    return found


def meaning_edits(text: str, draw: random.Random) -> Iterator[Edit]:
    """Edits of one place that may change what the text returns, or leave it no text that runs."""
    tokens = tokens_of(text)
    columns: dict[str, list[str]] = {}
    for matched in re.finditer(r"\b(\w+)\.(\w+)\b", text):
        columns.setdefault(matched[1], []).append(matched[2])
    for n, token in enumerate(tokens):
        up = token.text.upper()
        for other in SWAPPED.get(up, ()):
            yield f"{up} becomes {other or 'nothing'}", _put(text, token, other)
        if token.text.isdigit():
            yield "a number more", _put(text, token, str(int(token.text) + 1))
        if token.text.startswith("'"):
            yield "another string", _put(text, token, token.text[:-1] + "_'")
            yield "a string in upper case", _put(text, token, token.text.upper())
        if token.text == "(":
            end = next(m for m in range(n + 1, len(tokens)) if tokens[m].text == ")" and tokens[m].depth == token.depth)
            close = tokens[end]
            yield "parentheses gone", _put(_put(text, close, " "), token, " ")
            if end == n + 2 or end <= n + 1:
                continue
            inner = text[token.end : close.start]
            parts = inner.split(",")
            if len(parts) == 2 and "(" not in inner:
                yield "arguments swapped", _put(text, token, "(" + f"{parts[1]},{parts[0]}", close.start)
        if token.text == "." and 0 < n < len(tokens) - 1 and tokens[n - 1].text in columns:
            own = tokens[n - 1].text
            others = sorted({c for c in columns[own] if c != tokens[n + 1].text})
            if others:
                yield "another column", _put(text, tokens[n + 1], draw.choice(others))
            tables = sorted({t for t in columns if t != own and tokens[n + 1].text in columns[t]})
            if tables:
                yield "another relation's column", _put(text, tokens[n - 1], draw.choice(tables))
    for _ in range(len(tokens) // 4):
        n = draw.randrange(len(tokens) - 1)
        m = min(n + draw.randrange(1, 9), len(tokens) - 1)
        span = tokens[n : m + 1]
        if span[0].depth == span[-1].depth == min(t.depth for t in span) and not CLAUSES & {
            t.text.upper() for t in span
        }:
            yield "parentheses put", _put(text, span[0], f"({text[span[0].start : span[-1].end]})", span[-1].end)
    for line in text.splitlines():
        if line.strip() and not line.startswith("--"):
            yield f"line gone: {line.strip()}", text.replace(line + "\n", "", 1)


def _put(text: str, token: Token, other: str, end: int | None = None) -> str:
    return text[: token.start] + other + text[token.end if end is None else end :]


def harmless(text: str, draw: random.Random) -> str:
    """The text in other words: nothing that is done to it can change what it returns."""
    tree = parsed(text)
    for select in list(tree.find_all(exp.Select)):
        _rename_relations(select, draw)
    _rename_ctes(tree, draw)
    for node in list(tree.find_all(exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)):
        _turn(node, draw)
    for clause in list(tree.find_all(exp.Where, exp.Having)):
        if draw.random() < 0.5:
            clause.set("this", exp.And(this=clause.this, expression=exp.EQ(this=_one(), expression=_one())))
    for join in list(tree.find_all(exp.Join)):
        if join.args.get("on") is not None and draw.random() < 0.3:
            on = join.args["on"]
            join.set("on", exp.And(this=exp.Boolean(this=True), expression=exp.Paren(this=on)))
    if draw.random() < 0.5:
        _add_unread_cte(tree)
    for group in list(tree.find_all(exp.Group)):
        if draw.random() < 0.5 and not group.args.get("all"):
            group.set("expressions", list(reversed(group.expressions)))
    written = tree.sql("duckdb", pretty=draw.random() < 0.5, comments=False)
    return f"-- in other words\n{written};\n"


def _one() -> exp.Literal:
    return exp.Literal(this="1", is_string=False)


_TURNED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LTE,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}


def _turn(node: exp.Expr, draw: random.Random) -> None:
    """Swaps the sides of a connector or comparison, or puts parentheses that say nothing."""
    left, right = node.args["this"], node.args["expression"]
    if isinstance(node, exp.Connector):
        if draw.random() < 0.5:
            left, right = right, left
        node.set("this", exp.Paren(this=left) if draw.random() < 0.3 or isinstance(left, exp.Connector) else left)
        node.set(
            "expression", exp.Paren(this=right) if draw.random() < 0.3 or isinstance(right, exp.Connector) else right
        )
        return
    sides = (exp.Column, exp.Literal, exp.Add, exp.Sub, exp.Anonymous, exp.Cast, exp.Paren)
    if not (isinstance(left, sides) and isinstance(right, sides)) or draw.random() < 0.4:
        return
    if draw.random() < 0.3:
        right = exp.Paren(this=right)
    node.replace(_TURNED[type(node)](this=right, expression=left))


def _rename_relations(select: exp.Select, draw: random.Random) -> None:
    """Gives each relation of a FROM another alias, in all that stands in the SELECT but in its CTEs."""
    root = select.args.get("from_")
    if root is None:
        return
    relations = [root.this, *(join.this for join in select.args.get("joins") or ())]
    clause = select.args.get("with_")
    hidden = {id(column) for column in clause.find_all(exp.Column)} if clause else set()
    for relation in relations:
        old = relation.alias_or_name
        if not old or draw.random() < 0.3 or sum(r.alias_or_name == old for r in relations) > 1:
            continue
        new = f"r{draw.randrange(10**6)}"
        # the name may stand for another relation in a query inside: then it is left alone
        inside = [s for s in select.find_all(exp.Select) if s is not select]
        if any(old in _aliases(s) for s in inside if not _below(s, clause)):
            continue
        relation.set("alias", exp.TableAlias(this=exp.to_identifier(new), columns=_columns(relation)))
        for column in select.find_all(exp.Column):
            if column.table == old and id(column) not in hidden:
                column.set("table", exp.to_identifier(new))


def _columns(relation: exp.Expr) -> list[exp.Expr]:
    alias = relation.args.get("alias")
    return list(alias.args.get("columns") or []) if alias is not None else []


def _aliases(select: exp.Select) -> set[str]:
    root = select.args.get("from_")
    relations = [root.this] if root is not None else []
    return {r.alias_or_name for r in [*relations, *(j.this for j in select.args.get("joins") or ())]}


def _below(node: exp.Expr, clause: exp.Expr | None) -> bool:
    parent = node.parent
    while parent is not None and clause is not None:
        if parent is clause:
            return True
        parent = parent.parent
    return False


def _rename_ctes(tree: exp.Query, draw: random.Random) -> None:
    clause = tree.args.get("with_")
    for cte in clause.expressions if clause else ():
        old, new = cte.alias, f"c{draw.randrange(10**6)}"
        cte.args["alias"].set("this", exp.to_identifier(new))
        for table in tree.find_all(exp.Table):
            if table.name == old and not table.db:
                if not table.args.get("alias"):
                    table.set("alias", exp.TableAlias(this=exp.to_identifier(old)))
                table.set("this", exp.to_identifier(new))


def _add_unread_cte(tree: exp.Query) -> None:
    unread = exp.CTE(this=parsed("SELECT 1 AS one"), alias=exp.TableAlias(this=exp.to_identifier("unread")))
    clause = tree.args.get("with_")
    if clause is None:
        tree.set("with_", exp.With(expressions=[unread]))
    else:
        clause.set("expressions", [unread, *clause.expressions])
