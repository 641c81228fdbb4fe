"""What the expressions of a SELECT read: their columns, functions, aggregates, orderings and inner queries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from leadmart.features.errors import near_names
from leadmart.features.proof import orderings
from leadmart.features.proof.functions import AGGREGATES, INEXACT, LISTS, PICKS, RANKS, listed
from leadmart.features.proof.relation import AS_OF
from leadmart.features.proof.scope import Resolved, Scope
from leadmart.features.proof.types import EXACT, type_of
from leadmart.features.tree import conjuncts, direct, function_name, text_of

if TYPE_CHECKING:
    from sqlglot import exp

    from leadmart.features.proof.select import Cte, Proof

_READ = listed(
    """
    column identifier literal boolean null alias aliases paren neg not and or xor add sub mul div intdiv mod eq
    neq gt gte lt lte is nullsafeeq nullsafeneq between in like ilike similarto regexplike regexpilike glob
    escape interval var datatype datatypeparam distinct filter where window windowspec order ordered subquery
    tuple propertyeq bracket slice lambda dpipe star collate attimezone bitwiseand bitwiseor bitwisexor
    bitwisenot bitwiseleftshift bitwiserightshift ignorenulls respectnulls intervalspan jsonpath jsonpathroot
    jsonpathkey jsonpathsubscript jsonpathwildcard columndef arraycontainsall arrayoverlaps ordered with
    """
)
"""Kinds of nodes that are read; a function is judged by its name."""


def expressions_of(select: exp.Select) -> Iterator[exp.Expr]:
    """The expressions of a SELECT, clause by clause."""
    yield from select.expressions
    for join in select.args.get("joins") or ():
        if join.args.get("on") is not None:
            yield join.args["on"]
    for name in ("where", "group", "having", "qualify", "order", "limit", "offset"):
        clause = select.args.get(name)
        if clause is not None:
            yield from clause.iter_expressions()
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        yield distinct.args["on"]


def check(proof: Proof, scope: Scope, expression: exp.Expr, ctes: dict[str, Cte]) -> None:
    """Judges an expression: every node of it is one that is understood."""
    from sqlglot import exp

    for node in direct(expression):
        if isinstance(node, exp.Query) and not isinstance(node, exp.Subquery):
            _check_query(proof, scope, node, ctes)
        elif isinstance(node, exp.Column):
            _check_column(proof, scope, node)
        elif isinstance(node, exp.Window):
            orderings.check_window(proof, scope, node)
        elif isinstance(node, exp.Star) and isinstance(node.parent, exp.Select | exp.Count):
            continue  # COUNT(*), or refused as SELECT *
        elif isinstance(node, exp.Columns | exp.Star):
            proof.refuse(node, "a star changes when its source does", "select_star", "name the columns one by one")
        elif isinstance(node, exp.Dot) and isinstance(node.parent, exp.Dot):
            continue  # refused as a whole
        elif isinstance(node, exp.Any | exp.All):
            proof.refuse(
                node, f"{node.key.upper()} is not read by the proof", "refused_construct", "write `x IN (SELECT …)`"
            )
        elif node.key in _READ or (node is expression and node.key in ("rollup", "cube", "groupingsets")):
            continue
        elif isinstance(node, exp.Func):
            _check_function(proof, scope, node)
        else:
            proof.refuse(
                node,
                f"{text_of(proof.definition, node)} is not read by the proof ({node.key})",
                "refused_construct",
                "write STRUCT_EXTRACT(x, 'field') for a field, a plain call for a method, LIST_FILTER for a "
                "comprehension",
            )


def _check_query(proof: Proof, scope: Scope, node: exp.Expr, ctes: dict[str, Cte]) -> None:
    from sqlglot import exp

    found = proof.query(node, ctes, scope, "expression")
    holder: exp.Expr | None = node.parent
    while isinstance(holder, exp.Subquery | exp.Paren):
        holder = holder.parent
    if isinstance(holder, exp.Array):
        proof.refuse(
            node,
            "ARRAY(SELECT …) keeps the rows in the order they come",
            "unordered",
            "write `(SELECT LIST(x ORDER BY x) FROM …)`",
        )
    elif isinstance(holder, exp.Exists) or (isinstance(holder, exp.In) and holder.args.get("query") is not None):
        return
    elif not isinstance(holder, exp.Any | exp.All) and found is not None and frozenset() not in found.keys:
        proof.refuse(
            node,
            "a subquery used as a value may give several rows",
            "many_rows",
            "aggregate it, or end it in ORDER BY …, <key> LIMIT 1",
        )


def _check_column(proof: Proof, scope: Scope, node: exp.Column) -> None:
    from sqlglot import exp

    if isinstance(node.this, exp.Star):
        proof.refuse(node, "a star changes when its source does", "select_star", "name the columns one by one")
        return
    found = scope.resolve(node)
    if isinstance(found, str):
        _refuse_name(proof, scope, node, found)
        return
    nulled = found.fact.role == AS_OF and found.bound.nullable and not found.bound.refused
    if nulled and not _is_own_equality(scope, node, found):
        proof.refuse(
            node,
            f"{found.bound.alias}.as_of is NULL where nothing was joined: it is read in the join's equality only",
            "null_supplied_as_of",
            f"write `{found.scope.first_as_of()}`",
        )
    if found.fact.hindsight and proof.definition.kind == "feature":
        mark = "; ".join(sorted(found.fact.hindsight))
        proof.refuse(
            node,
            f"{found.bound.alias}.{found.name} is known by hindsight: {mark}",
            "hindsight_column",
            "leave it to gates and labels: a model of leads may not read what selling or the outcome writes",
        )


def _is_own_equality(scope: Scope, node: exp.Column, found: Resolved) -> bool:
    """Whether a null-supplied as_of stands bare in an `=` of the ON that joins it, against a live as_of."""
    from sqlglot import exp

    join, equality = found.bound.join, node.parent
    if join is None or not isinstance(equality, exp.EQ) or found.scope is not scope:
        return False
    if not any(part is equality for part in conjuncts(join.args.get("on"))):
        return False
    other = equality.right if equality.left is node else equality.left
    partner = scope.resolve(other) if isinstance(other, exp.Column) else ""
    return isinstance(partner, Resolved) and partner.is_live(AS_OF)


def _refuse_name(proof: Proof, scope: Scope, node: exp.Column, complaint: str) -> None:
    if complaint in ("refused", "alias"):
        return
    name, table = node.name.lower(), node.table.lower()
    named: Scope | None = scope
    while named and table not in named.bounds:
        named = named.outer
    if complaint == "unknown" and table and named and named.bounds[table].relation:
        relation = named.bounds[table].relation
        assert relation is not None
        if not node.db or node.db.lower() == named.bounds[table].node.text("db").lower():
            proof.refuse(
                node,
                f"{relation.words} has no column {node.name}",
                "unknown_column",
                near_names(name, relation.columns) or f"it has {', '.join(sorted(relation.columns))}",
            )
            return
    if name == "all" and node.find_ancestor_named("group") if hasattr(node, "find_ancestor_named") else False:
        return
    where = [b.alias for b in scope.bounds.values() if b.relation and name in b.relation.columns]
    outer = scope.outer
    while outer and not where:
        where = [b.alias for b in outer.bounds.values() if b.relation and name in b.relation.columns]
        outer = outer.outer
    told = f"`{where[0]}.{node.name}`" if where else ""
    if complaint == "unknown":
        known = [c for b in scope.bounds.values() if b.relation for c in b.relation.columns]
        proof.refuse(
            node,
            f"{f'{node.table}.' if table else ''}{node.name} is no column of the relations in FROM",
            "unknown_column",
            near_names(name, known) or f"readable here: {', '.join(scope.bounds) or 'nothing'}",
        )
    else:
        proof.refuse(
            node,
            f"{node.name} may mean several columns",
            "unqualified_column",
            f"say whose it is: {told}" if told else "say whose it is",
        )


def _check_function(proof: Proof, scope: Scope, node: exp.Func) -> None:
    from sqlglot import exp

    name = function_name(proof.definition, node)
    if isinstance(node.parent, exp.Window | exp.IgnoreNulls | exp.RespectNulls) and name in RANKS:
        return
    if name in INEXACT:
        proof.refuse(
            node,
            f"{name.upper()} gives another value for another order of the rows or number of threads",
            "inexact_aggregate",
            f"write {INEXACT[name]}",
        )
        return
    kind = aggregate_of(proof, node)
    if not kind:
        if isinstance(node, exp.AggFunc):
            proof.refuse(
                node,
                f"{name.upper()} is not among the aggregates that are exact and blind to the rows' order",
                "inexact_aggregate",
                "use COUNT, MIN, MAX, BOOL_OR, SUM or AVG of decimals, QUANTILE_CONT, ARG_MAX, LIST(x ORDER BY …)",
            )
        return
    arguments = _arguments(node)
    if scope.outer is not None:
        _refuse_outer_aggregate(proof, scope, node, arguments)
    if kind in ("sum", "avg", "mean"):
        _check_sum(proof, scope, node, arguments)
    elif kind in PICKS and len(arguments) > 1:
        ordering = arguments[1]
        parts = ordering.expressions if isinstance(ordering, exp.Tuple) else [ordering]
        orderings.check_ties(proof, scope, node, arguments[0], parts)
    elif kind in LISTS and not isinstance(node.parent, exp.Window):
        order = next((n for n in direct(node) if isinstance(n, exp.Order)), None)
        if order is None:
            value = text_of(proof.definition, arguments[0]) if arguments else "x"
            proof.refuse(
                node,
                f"{name.upper()} takes the rows in the order they come",
                "unordered",
                f"order it inside: `{name.upper()}({value} ORDER BY …, <the source's key>)`",
            )
        else:
            orderings.check_ties(proof, scope, node, order.this, [o.this for o in order.expressions])


def aggregate_of(proof: Proof, node: exp.Expr) -> str:
    """The name of the listed aggregate that a node is, '' for anything else."""
    from sqlglot import exp

    if not isinstance(node, exp.Func):
        return ""
    name = function_name(proof.definition, node)
    names = {"percentile_cont": "quantile_cont", "percentile_disc": "quantile_disc", "group_concat": "string_agg"}
    name = names.get(name, name)
    if isinstance(node, exp.Anonymous | exp.AggFunc | exp.Quantile):
        return name if name in AGGREGATES else ""
    return ""


def _arguments(node: exp.Func) -> list[exp.Expr]:
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        return list(node.expressions)
    found = [node.this, node.args.get("expression"), *node.expressions]
    return [argument for argument in found if isinstance(argument, exp.Expr)]


def _refuse_outer_aggregate(proof: Proof, scope: Scope, node: exp.Func, arguments: list[exp.Expr]) -> None:
    from sqlglot import exp

    columns = [n for a in arguments for n in direct(a) if isinstance(n, exp.Column)]
    found = [scope.resolve(column) for column in columns]
    if found and all(isinstance(f, Resolved) and f.scope is not scope for f in found):
        proof.refuse(
            node,
            "an aggregate of outer columns only is the outer SELECT's",
            "refused_construct",
            "aggregate a column of the subquery's own relations",
        )


def _check_sum(proof: Proof, scope: Scope, node: exp.Func, arguments: list[exp.Expr]) -> None:
    if not arguments or not scope.is_whole:
        return
    kind = kind_of(proof, scope, arguments[0])
    if kind in (*EXACT, "boolean"):
        return
    called = function_name(proof.definition, node).upper()
    argument = text_of(proof.definition, arguments[0])
    proof.refuse(
        node,
        f"{called} of a double differs from run to run by its threads"
        if kind == "double"
        else f"{called} of {argument}, whose type no cast tells: of a double it would differ from run to run",
        "inexact_aggregate" if kind == "double" else "unknown_type",
        f"write `{called}(CAST({argument} AS DECIMAL(18, 2)))`, or cast it in its source",
    )


def kind_of(proof: Proof, scope: Scope, node: exp.Expr) -> str:
    """The kind of type an expression has by the casts of its sources, '' where none tells."""
    from sqlglot import exp

    def of_column(column: exp.Column) -> str:
        found = scope.resolve(column)
        if found == "alias":
            return kind_of(proof, scope, scope.aliases[column.name.lower()])
        return found.fact.type if isinstance(found, Resolved) else ""

    if isinstance(node, exp.Subquery | exp.Select):
        return ""
    return type_of(node, of_column, lambda call: function_name(proof.definition, call))
