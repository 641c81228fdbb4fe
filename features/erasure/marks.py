"""Whose a source's rows are: the columns that tell, and the condition made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadmart.features.definition import Definition
from leadmart.features.literals import quoted_name
from leadmart.features.registry import Registry

if TYPE_CHECKING:
    from sqlglot import exp

CONTACT = "contact_id"
"""The column by which sources that do not know the lead name the same person."""

KINDS = ("key", "contact", "address")

Test = Callable[[str, str], str]
"""`test(kind, expression)` is SQL that is TRUE where a value of that kind is the person's."""


@dataclass(frozen=True)
class Marks:
    """The columns of a source that tell whose a row is; `addresses` are those its header calls personal (`-- pii:`)."""

    key: str | None
    contact: str | None
    addresses: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in (self.key, self.contact, *self.addresses) if name)

    def belongs(self, test: Test, of: Callable[[str], str] = quoted_name) -> str:
        """SQL that is TRUE where a row is the person's, never NULL: by the key, and by the rest where that is empty.

        A row with another's key is that other's, whatever address stands in it. `of` writes a column.
        """
        rest = [test("contact", of(self.contact))] if self.contact else []
        rest += [test("address", f"LOWER(TRIM({of(name)}))") for name in self.addresses]
        others = f"({' OR '.join(rest)})" if rest else ""
        if self.key is None:
            return f"COALESCE({others}, FALSE)" if rest else "FALSE"
        key = of(self.key)
        without_key = f" OR ({key} IS NULL AND {others})" if rest else ""
        return f"COALESCE({test('key', key)}{without_key}, FALSE)"


def entity_key(registry: Registry) -> str:
    """The name of the key that people go by: the key of the project's spine, `lead_id`."""
    return registry.get("spine", registry.project.settings.features.spine).key


def marks_of(definition: Definition, key: str) -> Marks:
    """The marks of a source whose entity has that key."""
    names = {column.name for column in definition.columns}
    personal = [name.strip() for name in definition.header.get("pii", "").split(",")]
    return Marks(
        key if key in names else None,
        CONTACT if CONTACT in names else None,
        tuple(name for name in personal if name in names),
    )


def branches(query: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs of a source: itself, or those of its set operation."""
    from sqlglot import exp

    if isinstance(query, exp.Select):
        yield query
    elif isinstance(query, exp.SetOperation):
        yield from branches(query.left)
        yield from branches(query.right)


def root_of(select: exp.Select) -> exp.Table | None:
    """The raw table that a SELECT starts from; None where it starts from something else."""
    from sqlglot import exp

    found = select.args.get("from_")
    table = found.this if found else None
    return table if isinstance(table, exp.Table) and table.db.lower() == "raw" else None


def expressions_of(select: exp.Select) -> dict[str, exp.Expr]:
    """What a SELECT gives, by the column's name."""
    from sqlglot import exp

    return {item.alias_or_name: item.this if isinstance(item, exp.Alias) else item for item in select.expressions}
