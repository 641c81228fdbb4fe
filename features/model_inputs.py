"""What a model may not read: traits of a person, free text, and the groups that are kept for audits (F1, F3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.protected import Protected, protected_name
from leadmart.features.registry import Registry

if TYPE_CHECKING:
    from sqlglot import exp

_HINT = "leave it out; to see how its groups fare, put it into a view of its own and name that in [report] audit"
_WRAPPERS = frozenset(["lower", "upper", "trim", "ltrim", "rtrim", "cast", "trycast", "coalesce", "paren", "nullif"])


def refuse_inputs(views: Sequence[Definition], registry: Registry, columns: frozenset[str] | None = None) -> None:
    """Raises the `input_problems` of the views that a model reads, all at once."""
    if problems := list(input_problems(views, registry, columns)):
        raise all_as_one(problems)


def input_problems(
    views: Sequence[Definition], registry: Registry, columns: frozenset[str] | None = None
) -> Iterator[LeadmartError]:
    """`protected_input` for each column that is, or copies, a protected trait; `audited_input` for each that a view of
    `[report] audit` has as well, under its name or as the view itself.

    Where only some `columns` reach the model, the others are not asked about. A copy is seen through casts, LOWER and
    the like and through CTEs, not through anything that makes another value of it: the kind of a mail address is no
    address.
    """
    audited = _audit_views(registry)
    groups = {
        column.name: view for view in audited for column in view.columns if column.name not in (view.key, "as_of")
    }
    for view in views:
        if any(view.relation == each.relation for each in audited):
            yield LeadmartError(
                f"{view.ref} is named in [report] audit and read by the model",
                code="audited_input",
                place=view.place(line=1),
                hint="take it out of [features] views, or out of [report] audit",
            )
            continue
        for column in view.columns:
            if column.name in (view.key, "as_of") or (columns is not None and column.name not in columns):
                continue
            place = view.place_at(column.start, len(column.name))
            found = protected_as(view, column.name)
            if found and found[1].action == "refuse":
                origin, rule = found
                of = "" if origin == column.name else f", a copy of {origin},"
                yield LeadmartError(
                    f"{view.ref}.{column.name}{of} may not be read by a model: {rule.why}",
                    code="protected_input",
                    place=place,
                    hint=_HINT,
                )
            copies = [name for name in origins_of(view, column.name) if name in groups]
            if copies:
                yield LeadmartError(
                    f"{view.ref}.{column.name} is what {groups[copies[0]].ref} keeps apart for audits ({copies[0]})",
                    code="audited_input",
                    place=place,
                    hint="a model that reads a group is not blind to it: take the column out of one of the two",
                )


def flagged_inputs(views: Sequence[Definition], columns: frozenset[str] | None = None) -> tuple[str, ...]:
    """Words for each column, of all or of those listed, that a model may read and somebody should think about."""
    found = []
    for view in views:
        for column in view.columns:
            if columns is not None and column.name not in columns:
                continue
            hit = protected_as(view, column.name)
            if hit and hit[1].action == "flag":
                found.append(f"{view.ref}.{column.name}: {hit[1].why}")
    return tuple(found)


def protected_as(view: Definition, column: str) -> tuple[str, Protected] | None:
    """The name by which a column is protected, its own or the one it copies, and the rule; None for an innocent one."""
    for name in origins_of(view, column):
        if rule := protected_name(name):
            return name, rule
    return None


def _audit_views(registry: Registry) -> list[Definition]:
    return [registry.get("feature", ref) for ref in registry.project.settings.report.audit]


def origins_of(view: Definition, column: str) -> list[str]:
    """The column's own name, and the names of the columns that it is a plain copy of, through the view's CTEs."""
    if (known := view.remembered.get("origins")) is not None:
        return list(known[column])
    from sqlglot import exp

    ctes = {cte.alias.lower(): cte.this for cte in view.find_all(exp.CTE)}
    found = [column]
    select: exp.Expr | None = view.select
    wanted = column
    for _ in range(len(ctes) + 1):
        if not isinstance(select, exp.Select):
            break
        item = next((e for e in select.expressions if e.alias_or_name.lower() == wanted.lower()), None)
        source = _copied(item)
        if source is None:
            break
        wanted = source.name
        if wanted not in found:
            found.append(wanted)
        tables = {table.alias_or_name.lower(): table.name.lower() for table in select.find_all(exp.Table)}
        select = ctes.get(tables.get(source.table.lower(), ""))
    return found


def _copied(item: object) -> exp.Column | None:
    from sqlglot import exp

    while isinstance(item, exp.Expr) and not isinstance(item, exp.Column):
        if not isinstance(item, exp.Alias) and item.key not in _WRAPPERS:
            return None
        item = item.this
    return item if isinstance(item, exp.Column) else None
