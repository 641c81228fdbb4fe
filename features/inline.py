"""From the SQL a person pastes to the SQL that is executed: `known.X` becomes `staging.X` with both bounds in the join.

The text is spliced at the positions sqlglot reports and never generated from a tree: printing a tree would rewrite what
the author wrote (`x -> 'a.b'` would come back as another JSON path).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition
from leadmart.features.in_force import in_force
from leadmart.features.tree import conjuncts, tables_of

if TYPE_CHECKING:
    from sqlglot import exp


def executed_sql(definition: Definition, *, at_many_moments: bool = False) -> str:
    """The definition's text with `known.X AS e … e.as_of = spine.as_of` replaced by staging rows and both bounds.

    Same rows as the text itself, several times faster. A `known.X` whose as_of is read anywhere else stays as it is,
    as does one that begins a spine or a link: there it supplies the as_of. At many moments the newest version of each
    key is found by its span of moments (`in_force`).
    """
    from sqlglot import exp

    splices: list[tuple[int, int, str]] = []
    spliced: set[int] = set()
    for select in definition.find_all(exp.Select):
        if at_many_moments and (found := in_force(select)):
            splices.append(found)
            continue
        for alias, table in _known_tables(select):
            equality = _only_as_of_equality(select, alias)
            if equality is None:
                continue
            if id(equality) in spliced:
                continue
            spliced.add(id(equality))
            sides = (equality.left, equality.right)
            own, other = sides if sides[0].args["table"].name.lower() == alias.lower() else sides[::-1]
            as_of = definition.text[_start(other) : _end(other)]
            name = definition.text[_start(own) : own.args["table"].meta["end"] + 1]
            bounds = f"({name}.occurred_at < {as_of} AND {name}.ingested_at <= {as_of})"
            splices.append(
                (
                    min(_start(equality.left), _start(equality.right)),
                    max(_end(equality.left), _end(equality.right)),
                    bounds,
                )
            )
            schema = table.args["db"]
            splices.append((schema.meta["start"], schema.meta["end"] + 1, "staging"))
    text = definition.statement
    for start, end, words in sorted(splices, reverse=True):
        text = text[:start] + words + text[end:]
    return text


def as_of_equalities(join: exp.Join) -> Iterator[exp.EQ]:
    """The `a.as_of = b.as_of` conjuncts of a join, between two different relations."""
    from sqlglot import exp

    for part in conjuncts(join.args.get("on")):
        if not isinstance(part, exp.EQ) or not (_is_as_of(part.left) and _is_as_of(part.right)):
            continue
        if part.left.args["table"].name != part.right.args["table"].name:
            yield part


def _known_tables(select: exp.Select) -> Iterator[tuple[str, exp.Table]]:
    from sqlglot import exp

    for alias, table, _ in tables_of(select):
        if isinstance(table, exp.Table) and table.db.lower() == "known":
            yield alias, table


def _only_as_of_equality(select: exp.Select, alias: str) -> exp.EQ | None:
    """The join equality that alone reads `alias.as_of`; None where there is none, or where it is read elsewhere too."""
    from sqlglot import exp

    ctes = select.args.get("with_") or select.args.get("with")
    in_ctes = {id(c) for c in ctes.find_all(exp.Column)} if ctes else set()
    columns = [c for c in select.find_all(exp.Column) if c.table.lower() == alias.lower() and id(c) not in in_ctes]
    readings = [c for c in columns if c.name.lower() == "as_of"]
    if len(readings) != 1 or any(c.db for c in columns):  # `known.x.lead_id` would name a relation that is gone
        return None
    for owner, _, join in tables_of(select):
        if join is None or join.args.get("kind") not in (None, "", "INNER"):
            continue
        for equality in as_of_equalities(join):
            if readings[0] not in (equality.left, equality.right) or readings[0].parent is not equality:
                continue
            # a LEFT join bounds only the relation it null-supplies; an inner join bounds either side
            if (owner == alias and join.side in ("", "LEFT")) or not join.side:
                return equality
    return None


def _is_as_of(node: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Column) and node.name.lower() == "as_of" and bool(node.table)


def _start(column: exp.Expr) -> int:
    start: int = column.args["table"].meta["start"]
    return start


def _end(column: exp.Expr) -> int:
    end: int = column.this.meta["end"]
    return end + 1
