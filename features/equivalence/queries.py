"""The meaning of a query: of its rows, apart from their values, and of each of its columns.

Two queries whose `rows` are equal have the same rows for any data; a column of equal form has the same values in them.
What shapes rows (FROM, joins, WHERE, GROUP BY, DISTINCT, QUALIFY, LIMIT) stands in `rows`; a relation that a LEFT JOIN
looks up by its whole key shapes none and stands in the columns that read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from leadmart.features.equivalence.forms import Forms
from leadmart.features.equivalence.parsing import Unprovable
from leadmart.features.equivalence.scopes import Meaning, Schema, Scope
from leadmart.features.equivalence.selects import OneSelect

Environment = Mapping[str, Meaning]
"""The CTEs that a query may read."""


@dataclass
class Queries:
    """Reads queries into one set of forms; `schema` is what is known of the relations outside the text.

    `proven` texts have no value that hangs on the order of rows, as `check` demands of definitions.
    """

    forms: Forms
    schema: Schema
    proven: bool = False

    def meaning(
        self,
        query: exp.Query,
        environment: Environment | None = None,
        outer: Scope | None = None,
        *,
        last: bool = False,
    ) -> Meaning:
        """What a query means. `last` where it is the whole text, whose order of rows is nobody's business."""
        environment = self._with_ctes(query, dict(environment or {}), outer)
        if isinstance(query, exp.Subquery):
            if any(value for name, value in query.args.items() if name not in ("this", "with_", "alias")):
                raise Unprovable("a query in parentheses has clauses of its own")
            return self.meaning(query.this, environment, outer, last=last)
        if isinstance(query, exp.SetOperation):
            return self._of_set(query, environment, outer)
        if isinstance(query, exp.Select):
            return OneSelect(self, query, environment, outer).meaning(last)
        raise Unprovable(f"it is a {query.key}")

    def _with_ctes(self, query: exp.Query, environment: dict[str, Meaning], outer: Scope | None) -> dict[str, Meaning]:
        clause = query.args.get("with_")
        for cte in clause.expressions if clause else ():
            if not isinstance(cte.this, exp.Query):
                raise Unprovable("a CTE is no SELECT")
            names = [name.name.lower() for name in cte.args["alias"].args.get("columns") or ()]
            found = self.meaning(cte.this, environment, outer)
            environment[cte.alias.lower()] = found.renamed(names, self.forms)
        return environment

    def _of_set(self, query: exp.SetOperation, environment: Environment, outer: Scope | None) -> Meaning:
        """UNION ALL keeps its columns apart; every other set operation compares whole rows."""
        forms = self.forms
        sides = [self.meaning(side, environment, outer) for side in (query.args["this"], query.args["expression"])]
        left, right = sides
        shape = [
            forms.of(f".{name}", forms.word(str(value)))
            for name, value in sorted(query.args.items())
            if name not in ("this", "expression", "with_", "order") and value
        ]
        kind = forms.of(query.key, *shape)
        order = query.args.get("order")
        limited = bool(query.args.get("limit") or query.args.get("offset") or order)
        whole = forms.of("set", kind, left.whole, right.whole)
        if order is not None:
            whole = forms.of("ordered", whole, forms.word(order.sql("duckdb").lower()))
        is_all = isinstance(query, exp.Union) and query.args.get("distinct") is False
        fits = len(left.columns) == len(right.columns) and not (left.open or right.open)
        if not fits or not is_all or limited or query.args.get("by_name"):
            names = () if left.open or query.args.get("by_name") else tuple(n for n, _ in left.columns)
            columns = tuple((n, forms.of("in set", forms.word(number))) for number, n in enumerate(names))
            distinct = isinstance(query, exp.Union) and not is_all and bool(names)
            return Meaning(whole, columns, whole, not names, (frozenset(names),) if distinct else ())
        rows = forms.of("rows", forms.of("union all", left.rows, right.rows))
        columns = tuple(
            (name, forms.of("of either", one, other))
            for (name, one), (_, other) in zip(left.columns, right.columns, strict=True)
        )
        kinds = zip(left.columns, right.columns, strict=True)
        types = {
            one: left.types[one]
            for (one, _), (other, _) in kinds
            if one in left.types and left.types[one] == right.types.get(other)
        }
        return Meaning(rows, columns, whole, types=types)
