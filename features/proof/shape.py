"""The shape of what a definition returns: its columns, one row per spine row, and what each kind may return."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition, horizon_days
from leadmart.features.errors import LeadmartError
from leadmart.features.gate_rule import parse_rule
from leadmart.features.proof.orderings import group_columns
from leadmart.features.proof.relation import AS_OF
from leadmart.features.registry import Registry
from leadmart.features.tree import direct, refusal, tables_of, words_of

if TYPE_CHECKING:
    from leadmart.features.proof.select import Proof


def returned_columns(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """The key and as_of are returned, and nothing twice; a spine returns nothing else."""
    names = [column.name for column in definition.columns]
    for name in [AS_OF] if definition.kind == "link" else [definition.key, AS_OF]:
        if name not in names:
            yield refusal(
                definition,
                definition.select,
                f"{definition.kind} {definition.ref} does not return {name}",
                "missing_column",
                f"select `spine.{name}`"
                if definition.kind in ("feature", "gate")
                else f"select `l.{name}` of `known.… AS l`",
            )
    yield from _columns_twice(definition)
    for column in definition.columns if definition.kind == "spine" else ():
        if column.name not in (definition.key, AS_OF):
            yield LeadmartError(
                f"a spine returns no {column.name}",
                code="unknown_column",
                place=definition.place_at(column.start, len(column.name)),
                hint=f"a spine is {definition.key} and as_of; what is known of them is a feature",
            )


def _columns_twice(definition: Definition) -> Iterator[LeadmartError]:
    names = [column.name for column in definition.columns]
    for number, column in enumerate(definition.columns):
        if column.name in names[:number]:
            yield LeadmartError(
                f"column {column.name} is returned twice",
                code="column_twice",
                place=definition.place_at(column.start, len(column.name)),
                hint="give one another name",
            )


def starts_from_spine(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """The final SELECT begins with spine, LEFT JOINs the rest and drops no row."""
    from sqlglot import exp

    if not isinstance(definition.tree, exp.Select):
        yield refusal(
            definition,
            definition.tree,
            "a set operation may lose or double rows of the spine",
            "not_from_spine",
            "put the set operation into a CTE and LEFT JOIN it to `spine`",
        )
        return
    relations = list(tables_of(definition.select))
    if not relations or words_of(relations[0][1]) != "spine":
        yield refusal(
            definition,
            relations[0][1] if relations else definition.select,
            "the final SELECT does not start from spine: it would lose rows",
            "not_from_spine",
            "begin with `FROM spine` and LEFT JOIN the rest",
        )
    for alias, table, join in relations[1:]:
        if join is not None and join.side != "LEFT":
            yield refusal(
                definition,
                table,
                f"{alias} is not LEFT joined to spine: entities without rows would vanish",
                "not_left_joined",
                f"write `LEFT JOIN {words_of(table)} AS {alias} ON …`",
            )
    for name in ("where", "having", "qualify", "limit", "offset"):
        if definition.select.args.get(name) is not None:
            yield refusal(
                definition,
                definition.select.args[name],
                f"{name.upper()} in the final SELECT drops rows of the spine",
                "drops_spine_rows",
                "move the condition into the join's ON" if name == "where" else "move it into a CTE",
            )


def column_comments(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Every column says what it is; a gate's says its severity and reason."""
    for column in definition.columns:
        if column.name in (definition.key, AS_OF):
            continue
        place = definition.place_at(column.start, len(column.name))
        if not column.comment:
            yield LeadmartError(
                f"column {column.name} has no comment",
                code="column_without_comment",
                place=place,
                hint="say behind the column what it is: `AS emails_opened_30d,  -- opens in the last 30 days`",
            )
        elif definition.kind == "gate":
            try:
                parse_rule(column.name, column.comment, definition.ref, place)
            except LeadmartError as error:
                yield error


def label_columns(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """A label is its key, outcome_at and, where wanted, ended_at; its header says the horizon."""
    names = [column.name for column in definition.columns]
    for name in (definition.key, "outcome_at"):
        if name not in names:
            yield refusal(
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


def output_problems(proof: Proof) -> Iterator[LeadmartError]:
    """What the final SELECT returns, by lineage: as_of and key bare, and one row for each of them."""
    definition, scope, result = proof.definition, proof.final, proof.result
    if definition.kind == "label" or result is None:
        return
    view = definition.kind in ("feature", "gate")
    if view and (scope is None or scope.root_words != "spine"):
        return  # refused as not starting from spine
    for name, role in ((definition.key, "key"), (AS_OF, AS_OF)):
        fact = result.columns.get(name)
        if fact is None or fact.role == role or (role == "key" and not view):
            continue
        item = next(e for e in definition.select.expressions if e.alias_or_name.lower() == name)
        told = "spine" if view else "the first relation"
        yield refusal(
            definition,
            item,
            f"{name} is not the {name} of {told}: it is computed, or NULL where nothing was joined",
            "as_of_lost" if role == AS_OF else "key_lost",
            f"select `spine.{name}`" if view else f"select `{scope.first_as_of() if scope else 'l.as_of'}`",
        )
    if view and scope is not None and scope.is_whole:
        yield from _one_row(proof)
    elif definition.kind in ("link", "spine"):
        yield from _unique_rows(proof)


def _one_row(proof: Proof) -> Iterator[LeadmartError]:
    from sqlglot import exp

    definition, scope = proof.definition, proof.final
    assert scope is not None
    select = scope.select
    spread = next(
        (n for e in select.expressions for n in direct(e) if isinstance(n, exp.Explode | exp.Unnest)),
        None,
    )
    if spread is not None:
        yield refusal(
            definition,
            spread,
            "UNNEST in the final SELECT makes several rows of one of the spine",
            "many_rows",
            "unnest in a CTE, and GROUP BY the key there",
        )
    if select.args.get("group") is None:
        for bound in scope.bounds.values():
            if bound.fans_out and bound.nullable and not bound.refused:
                keys = bound.relation.keys if bound.relation else ()
                told = ", ".join(sorted(sorted(keys, key=len)[0])) if keys else ""
                yield refusal(
                    definition,
                    bound.node,
                    f"several rows of {words_of(bound.node)} may meet one of spine: nothing says it is unique by what "
                    "it is joined on",
                    "many_rows",
                    f"GROUP BY spine.{definition.key}, spine.as_of, in the SELECT or in a CTE"
                    + (f"; its key is {told}" if told else ""),
                )
        return
    group = group_columns(scope)
    first = next(iter(scope.bounds))
    root = {(first, definition.key), (first, AS_OF)}
    extra = [column for column in group - root if column not in scope.closure(root) and not _is_lookup(scope, column)]
    if extra:
        yield refusal(
            definition,
            select.args["group"],
            f"GROUP BY {extra[0][0]}.{extra[0][1]} makes several rows of one of spine",
            "many_rows",
            f"GROUP BY spine.{definition.key}, spine.as_of, and aggregate the rest",
        )


def _is_lookup(scope: object, column: tuple[str, str]) -> bool:
    """Whether a column belongs to a relation of which one row at most meets a row of spine."""
    from leadmart.features.proof.scope import Scope

    assert isinstance(scope, Scope)
    before = []
    for alias, bound in scope.bounds.items():
        before.append(bound)
        if alias == column[0]:
            return not any(b.fans_out for b in before)
    return False


def _unique_rows(proof: Proof) -> Iterator[LeadmartError]:
    from leadmart.features.proof.select import key_of

    definition, result = proof.definition, proof.result
    wanted = set(key_of(definition)) if definition.kind == "link" else {definition.key, AS_OF}
    if result is None or AS_OF not in result.columns or any(key <= wanted for key in result.keys):
        return
    if result.columns[AS_OF].role != AS_OF:
        return  # refused as a moment that is lost
    hint = f"GROUP BY l.{definition.key}, l.as_of"
    if definition.kind == "link":
        hint += " and take one: `MIN(a.account_id) AS account_id`; or say what is unique: "
        hint += f"`-- key: {definition.key}, …`"
    yield refusal(
        definition,
        definition.select,
        f"{definition.kind} {definition.ref} may return several rows for one {', '.join(sorted(wanted))}",
        "many_rows",
        hint,
    )
