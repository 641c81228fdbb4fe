"""The type of an expression, as far as its casts tell: what SUM and AVG need to know to be exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from leadmart.features.proof.functions import listed

if TYPE_CHECKING:
    from sqlglot import exp


EXACT = ("integer", "decimal")

_NAMES = {
    "integer": "TINYINT SMALLINT INT BIGINT INT128 UTINYINT USMALLINT UINT UBIGINT UINT128 HUGEINT",
    "decimal": "DECIMAL",
    "double": "FLOAT DOUBLE REAL",
    "varchar": "VARCHAR TEXT CHAR",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP DATETIME TIMESTAMPNTZ TIMESTAMP_NS TIMESTAMP_MS TIMESTAMP_S",
    "date": "DATE",
    "interval": "INTERVAL",
}
_BY_TYPE = {name: kind for kind, names in _NAMES.items() for name in names.split()}

_INTEGER_CALLS = listed(
    """
    count count_star count_if countif length len strlen char_length date_diff datediff date_sub
    datesub day month year quarter week hour minute second dayofweek dayofyear isodow isoyear epoch_ms epoch_us epoch_ns
    array_length list_count json_array_length instr strpos position ascii unicode row_number rank dense_rank ntile
    levenshtein damerau_levenshtein hamming bit_count
    """
)
_SAME_AS_FIRST = listed(
    """
    min max coalesce ifnull nullif nvl greatest least abs arg_max arg_min argmax argmin max_by min_by arg_max_null
    arg_min_null lag lead first_value last_value nth_value first last
    """
)
_DOUBLE_CALLS = listed("avg mean ln log log2 log10 sqrt exp pow power median quantile_cont epoch")


def type_of(node: exp.Expr, column_type: Callable[[exp.Column], str], name: Callable[..., str] | None = None) -> str:
    """The kind of type an expression has, '' where nothing tells; `column_type` says it of a column."""
    from sqlglot import exp

    def of(inner: exp.Expr) -> str:
        return type_of(inner, column_type, name)

    if isinstance(node, exp.Paren | exp.Alias | exp.Filter | exp.Neg | exp.Distinct | exp.Order | exp.Window):
        inner = node.this if node.this is not None else (node.expressions or [None])[0]
        return of(inner) if inner is not None else ""
    if isinstance(node, exp.Cast):
        return _BY_TYPE.get(node.to.this.name, "")
    if isinstance(node, exp.Column):
        return column_type(node)
    if isinstance(node, exp.Literal):
        if node.is_string:
            return "varchar"
        text = str(node.this).lower()
        return "double" if "e" in text else "decimal" if "." in text else "integer"
    if isinstance(node, exp.Predicate | exp.Connector | exp.Not | exp.Boolean):
        return "boolean"
    if isinstance(node, exp.Interval):
        return "interval"
    if isinstance(node, exp.Case):
        branches = [case.args["true"] for case in node.args["ifs"]] + [node.args.get("default")]
        return _common([of(branch) for branch in branches if branch is not None and not _is_null(branch)])
    if isinstance(node, exp.If):
        branches = [node.args.get("true"), node.args.get("false")]
        return _common([of(branch) for branch in branches if branch is not None and not _is_null(branch)])
    if isinstance(node, exp.Sub | exp.Add | exp.Mul | exp.Mod | exp.IntDiv):
        kinds = [of(node.left), of(node.right)]
        return _common(kinds) if set(kinds) <= set(EXACT) else "double" if "double" in kinds else ""
    if isinstance(node, exp.Div):
        return "double"
    if isinstance(node, exp.Func):
        return _of_call(node, of, name)
    return ""


def _of_call(node: exp.Func, of: Callable[[exp.Expr], str], name: Callable[..., str] | None) -> str:
    from sqlglot import exp

    called = name(node) if name else node.sql_name().lower()
    arguments = [a for a in (node.this, *node.expressions) if isinstance(a, exp.Expr) and not _is_null(a)]
    if called in _INTEGER_CALLS or isinstance(node, exp.DateDiff | exp.Count | exp.RowNumber):
        return "integer"
    if called in _DOUBLE_CALLS:
        return "double"
    if called == "sum":
        kind = of(arguments[0]) if arguments else ""
        return "integer" if kind == "boolean" else kind
    if called in ("coalesce", "ifnull", "greatest", "least", "nvl"):
        return _common([of(a) for a in arguments])
    if called in _SAME_AS_FIRST and arguments:
        return of(arguments[0])
    return ""


def _common(kinds: list[str]) -> str:
    found = set(kinds)
    if len(found) == 1:
        return found.pop()
    if found == set(EXACT):
        return "decimal"
    return "double" if found and found <= {*EXACT, "double"} else ""


def _is_null(node: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Null)
