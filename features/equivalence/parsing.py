"""The parse tree for judging meaning: nothing that a person wrote is merged with what they might have written.

sqlglot's own parser gives several of DuckDB's functions one node, reads the JSON paths '$.a.b' and 'a.b' as one, and
turns numbers of intervals into text. Here every call keeps its name, every type and interval its words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import TokenType

from leadmart.features.errors import LeadmartError
from leadmart.features.proof.functions import MOVING

WRITTEN = "written"
"""The key of a node's `meta` with its words, where the node itself does not hold them all."""

_WITH_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "OVERLAY", "POSITION", "SUBSTRING", "TRIM")
"""Functions whose arguments are not a list: the keywords between them are kept as written."""


_HELD_BY_TREE = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.DOT}


class Unprovable(Exception):
    """A text of which nothing can be proven but that it is the same to the word; `why` says what stands in the way."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _as_arrow(kind: type[exp.Expr]) -> Callable[..., exp.Expr]:
    def build(_: object, this: exp.Expr | None, expression: exp.Expr | None) -> exp.Expr:
        return kind(this=this, expression=expression)

    return build


def _with_words(name: str) -> Callable[..., exp.Expr | None]:
    parse = DuckDBParser.FUNCTION_PARSERS[name]

    def parsed(parser: FaithfulParser) -> exp.Expr | None:
        start = parser._index
        node: exp.Expr | None = parse(parser)
        if node is not None and name not in ("CAST", "TRY_CAST"):
            node.meta[WRITTEN] = f"{name} {parser.words(start, named=False)}"
        return node

    return parsed


class FaithfulParser(DuckDBParser):
    """DuckDB's grammar as sqlglot knows it, every function by its own name."""

    FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {name: _with_words(name) for name in _WITH_SYNTAX}
    JSON_OPERATORS: ClassVar[dict[Any, Callable[..., Any]]] = {
        kind: _as_arrow(node)
        for kind, node in zip(DuckDBParser.JSON_OPERATORS, (exp.JSONExtract, exp.JSONExtractScalar), strict=True)
    }
    TYPE_CONVERTERS: ClassVar[dict[Any, Any]] = {}

    def words(self, start: int, *, named: bool = True) -> str:
        """The tokens from an index on to where the parser stands, in upper case but for quoted ones.

        Not `named`: without names, numbers and strings, which the tree holds.
        """
        tokens = [t for t in self._tokens[start : self._index] if named or t.token_type not in _HELD_BY_TREE]
        found = [self.sql[t.start : t.end + 1] for t in tokens]
        return " ".join(word if word[0] in "'\"$" else word.upper() for word in found)

    def _parse_bracket(self, this: exp.Expr | None = None) -> exp.Expr | None:
        start = self._index
        node = super()._parse_bracket(this)
        if node is not None and self._index > start:
            node.meta[WRITTEN] = self.words(start)  # the index itself is counted from 0 and simplified in the tree
        return node

    def _parse_types(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        start = self._index
        node = super()._parse_types(*args, **kwargs)
        if isinstance(node, exp.DataType) and self._index > start:
            node.meta[WRITTEN] = self.words(start)
        return node

    def _parse_interval(self, *args: Any, **kwargs: Any) -> Any:
        start = self._index
        node = super()._parse_interval(*args, **kwargs)
        if isinstance(node, exp.Interval):
            node.meta[WRITTEN] = self.words(start)
        return node


def parsed(text: str) -> exp.Query:
    """The one SELECT of a text. Raises LeadmartError `bad_sql`."""
    dialect = DuckDB()
    try:
        found = [s for s in FaithfulParser(dialect=dialect).parse(dialect.tokenize(text), text) if s is not None]
    except (ParseError, TokenError) as error:
        raise LeadmartError(f"SQL does not parse: {str(error).splitlines()[0]}", code="bad_sql") from None
    except RecursionError:
        raise LeadmartError("SQL does not parse: its parentheses are nested too deep", code="bad_sql") from None
    found = [s for s in found if not isinstance(s, exp.Semicolon)]
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        raise LeadmartError("not one SELECT", code="bad_sql", hint="`diff` compares two SELECTs")
    for name in found[0].find_all(exp.Identifier):
        name.set("this", _apart(name.name))
    return found[0]


def _apart(name: str) -> str:
    """A name that stays apart in lower case: DuckDB folds the case of ASCII alone, "É" and "é" are two columns."""
    if name.isascii():
        return name
    return "".join(c if c.isascii() or c.lower() == c else f"\\u{{{ord(c):x}}}" for c in name)


def words_of(text: str) -> tuple[str, ...]:
    """The text's words: without layout, comments and the case of what is not quoted."""
    tokens = [text[t.start : t.end + 1] for t in DuckDB().tokenize(text)]
    return tuple(word if word[0] in "'\"$" else _apart(word).lower() for word in tokens if word != ";")


def refuse_unprovable(tree: exp.Query) -> None:
    """Raises Unprovable for what gives other rows each time, or reads itself."""
    for node in tree.walk():
        if isinstance(node, exp.TableSample):
            raise Unprovable("it reads a sample")
        if isinstance(node, exp.With) and node.recursive:
            raise Unprovable("it has a recursive CTE")
        name = str(node.this).lower() if isinstance(node, exp.Anonymous) else node.key
        if name.replace("_", "") in _MOVING:
            raise Unprovable(f"it calls {name}, whose value differs from call to call")


_MOVING = {name.replace("_", "") for name in MOVING} - {"user", "version"}
