"""Which functions a definition calls, by its tokens: none can hide from the parser's own names for them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.proof.functions import AGGREGATES, INEXACT, MOVING, RANKS, SCALARS, listed

if TYPE_CHECKING:
    from leadmart.features.registry import Registry

_SYNTAX = listed(
    """
    all and any array as between both by case cast columns cube distinct else except exclude exists extract
    filter for from grouping having in intersect interval is join lateral leading like limit materialized not
    offset on or order over partition pivot qualify recursive replace rollup select set sets some then trailing
    try_cast union unpivot using values when where with within group ilike similar to end then desc asc nulls
    preceding following array struct map row decimal numeric varchar char dec bit blob timestamp time float
    double integer int bigint smallint tinyint hugeint cross left inner right full outer natural asof positional
    semi anti sample tablesample fetch window
    """
)
"""Words that stand before a parenthesis without being called."""


def moving_calls(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Refuses the clock, chance and the session, called or as bare words."""
    for name, start, is_call, is_member in _words(definition):
        if name in MOVING and not (is_member and not is_call) and (is_call or name not in _ONLY_CALLED):
            yield LeadmartError(
                f"{definition.text[start : start + len(name)].lower()} gives another value at every run",
                code="moving_function",
                place=definition.place_at(start, len(name)),
                hint="use `spine.as_of`: the moment is the spine's",
            )


_ONLY_CALLED = listed(
    """
    now today random rand uuid version user ago nextval currval setval getenv getvariable setseed
    """
)
"""Words that are columns' names where no parenthesis follows."""


def unknown_calls(definition: Definition, registry: Registry) -> Iterator[LeadmartError]:
    """Refuses every function that is not on the list."""
    for name, start, is_call, is_member in _words(definition):
        if not is_call or name in MOVING or name in SCALARS | AGGREGATES | RANKS or name in INEXACT:
            continue
        if name in _SYNTAX and not is_member:
            continue
        close = near_names(name, SCALARS | AGGREGATES | RANKS)
        yield LeadmartError(
            f"{name} is not among the functions a definition may call",
            code="unknown_function",
            place=definition.place_at(start, len(name)),
            hint=close or "write it with a listed one: docs/point-in-time.md says which are and why",
        )


@lru_cache(maxsize=1)  # two rules ask, one after the other
def _words(definition: Definition) -> list[tuple[str, int, bool, bool]]:
    """Every word: lower-cased, its offset, whether it is called, whether it follows a dot."""
    from sqlglot import exp

    found = []
    named = {
        alias.this.meta.get("start")
        for alias in definition.find_all(exp.TableAlias)
        if isinstance(alias.this, exp.Identifier) and alias.args.get("columns")
    }
    named |= {
        table.this.meta.get("start")  # a table function, refused as one
        for table in definition.find_all(exp.Table)
        if not isinstance(table.this, exp.Identifier)
    }
    names = {identifier.meta.get("start") for identifier in definition.find_all(exp.Identifier)}
    tokens = definition.tokens
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        written = definition.text[token.start : token.end + 1]
        bare = written.strip('"')
        if not bare.replace("_", "a").isalnum() or bare[0].isdigit() or written.startswith("'"):
            continue
        is_member = before is not None and before.text == "."
        is_call = after is not None and after.text == "(" and token.start not in named
        is_quoted = written.startswith('"')
        is_alias = before is not None and before.text.lower() == "as" and token.start in names
        if is_call or not (is_quoted or is_alias):
            found.append((bare.lower(), token.start + is_quoted, is_call, is_member))
    return found
