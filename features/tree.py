"""The parse tree of a definition: its relations, conjuncts and places, and the building of a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition, positions
from leadmart.features.errors import LeadmartError

if TYPE_CHECKING:
    from sqlglot import exp


def tables_of(select: exp.Select) -> Iterator[tuple[str, exp.Expr, exp.Join | None]]:
    """The relations of one SELECT's FROM: (alias, relation, its join); the first has no join."""
    from sqlglot import exp

    root = select.args.get("from_") or select.args.get("from")
    if root is not None:
        yield root.this.alias_or_name, root.this, None
        for join in root.this.args.get("joins") or ():
            yield join.this.alias_or_name, join.this, join
    for join in select.args.get("joins") or ():
        assert isinstance(join, exp.Join)
        yield join.this.alias_or_name, join.this, join


def conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """The parts of a condition that must all hold."""
    from sqlglot import exp

    if condition is None:
        return
    if isinstance(condition, exp.And):
        yield from conjuncts(condition.left)
        yield from conjuncts(condition.right)
    elif isinstance(condition, exp.Paren):
        yield from conjuncts(condition.this)
    else:
        yield condition


def direct(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """The nodes of an expression, those of queries inside it left out; the inner query itself comes."""
    from sqlglot import exp

    waiting = [] if node is None else [node]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, exp.Query) or isinstance(node, exp.Subquery):
            waiting.extend(node.iter_expressions(reverse=True))


def words_of(table: exp.Expr) -> str:
    """A relation as its author names it: `known.web_events`."""
    from sqlglot import exp

    if isinstance(table, exp.Table):
        return f"{table.db}.{table.name}" if table.db else table.name
    return table.alias_or_name or "a subquery"


def text_of(definition: Definition, node: exp.Expr, longest: int = 60) -> str:
    """A node as the author wrote it, shortened to one line."""
    spots = sorted(positions(node))
    ends = [i.meta["end"] for i in node.walk() if "end" in i.meta]
    if spots and ends:
        words = " ".join(definition.text[spots[0] : max(ends) + 1].split())
        words += ")" * (words.count("(") - words.count(")"))
        if len(words) <= longest:
            return words
    words = " ".join(node.sql("duckdb").split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def function_name(definition: Definition, node: exp.Func) -> str:
    """The function's name as written, in lower case: sqlglot's class may stand for several of DuckDB's."""
    from sqlglot import exp

    if "start" in node.meta:
        return definition.text[node.meta["start"] : node.meta["end"] + 1].strip('"').lower()
    if isinstance(node, exp.Anonymous):
        return str(node.name or node.this).strip('"').lower()
    return node.sql_name().lower()


def refusal(
    definition: Definition, node: exp.Expr | None, message: str, code: str, hint: str, path: Sequence[str] = ()
) -> LeadmartError:
    """A refusal at the first place that a node has in the text."""
    spots = sorted(positions(node)) if node is not None else []
    parent = node.parent if node is not None else None
    while not spots and parent is not None:
        spots, parent = sorted(positions(parent)), parent.parent
    place = definition.place_at(spots[0], width_at(definition.text, spots[0])) if spots else definition.place(line=1)
    return LeadmartError(message, code=code, place=place, hint=hint, path=path)


def width_at(text: str, start: int) -> int:
    """The length of the dotted word that starts at an offset."""
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    return max(1, end - start)
