"""What keeps erased people out: their keys as salted hashes, and the rows that are left out by them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from leadmart.features.definition import Definition
from leadmart.features.erasure.marks import Test, branches, entity_key, expressions_of, marks_of, root_of
from leadmart.features.fingerprint import digest
from leadmart.features.house.kinds import has_table
from leadmart.features.literals import quoted, quoted_name
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse

_CHANGES = "__changes"


def erased_digest(warehouse: Warehouse) -> str | None:
    """The identity of all that was erased; None where nothing was."""
    if not has_table(warehouse, "erased"):
        return None
    ((number, hashed),) = warehouse.rows(
        "SELECT COUNT(*), MD5(STRING_AGG(kind || hash, ',' ORDER BY kind, hash)) FROM store.meta.erased"
    )
    return digest(number, hashed) if number else None


def salt_of(warehouse: Warehouse) -> str:
    """The secret that keys are hashed with; made where there is none yet, in a session that writes."""
    found = warehouse.rows("SELECT salt FROM store.meta.salt")
    if found:
        return str(found[0][0])
    salt = secrets.token_hex(16)
    warehouse.execute("INSERT INTO store.meta.salt VALUES (?)", [salt])
    return salt


def hash_sql(salt: str, expression: str) -> str:
    """SQL of a value's hash, 64 hex digits."""
    return f"SHA256({quoted(salt + ':')} || {expression})"


def were_erased(warehouse: Warehouse, keys: Sequence[str]) -> bool:
    """Whether every one of the keys was erased before."""
    salt = salt_of(warehouse)
    ((left,),) = warehouse.rows(
        f"SELECT COUNT(*) FROM (SELECT UNNEST(?::VARCHAR[]) AS k) WHERE NOT {_is_erased(salt)('key', 'k')}",
        [list(keys)],
    )
    return int(left) == 0


def belongs_to_erased(warehouse: Warehouse, definition: Definition, key: str) -> str | None:
    """SQL that is TRUE for an erased person's rows of a source's SELECT; None where nothing can be told or was erased.

    The columns are those that the SELECT gives.
    """
    marks = marks_of(definition, key)
    if not marks.columns or erased_digest(warehouse) is None:
        return None
    return marks.belongs(_is_erased(salt_of(warehouse)))


def without_erased(warehouse: Warehouse, registry: Registry, table: str, relation: str) -> str:
    """A raw table's relation without rows of erased people, as far as a row itself tells whose it is.

    It is told by the expressions of the sources that start from the table or from its change rows. Where sources join
    logs to find out, staging leaves the rows out.
    """
    if erased_digest(warehouse) is None:
        return relation
    from sqlglot import exp

    key, salt = entity_key(registry), salt_of(warehouse)
    there = {name.lower() for name, _ in warehouse.columns(f"SELECT * FROM {relation}")}
    for definition in registry.all("source"):
        marks = marks_of(definition, key)
        for select in branches(definition.tree):
            root = root_of(select)
            if root is None or root.name.lower().removesuffix(_CHANGES) != table.lower().removesuffix(_CHANGES):
                continue
            alias = root.alias_or_name
            told = {
                name: e
                for name, e in expressions_of(select).items()
                if name in marks.columns
                and not e.find(exp.Unnest, exp.Explode, exp.AggFunc, exp.Window)
                and all(c.table in ("", alias) and c.name.lower() in there for c in e.find_all(exp.Column))
            }
            own = type(marks)(
                marks.key if marks.key in told else None,
                marks.contact if marks.contact in told else None,
                tuple(name for name in marks.addresses if name in told),
            )
            if not own.columns or (marks.key and not own.key):
                continue
            written = {name: f"({e.sql(dialect='duckdb')})" for name, e in told.items()}
            belongs = own.belongs(_is_erased(salt), written.__getitem__)
            relation = f"(SELECT * FROM {relation} AS {quoted_name(alias)} WHERE NOT {belongs})"
    return relation


def _is_erased(salt: str) -> Test:
    def test(kind: str, expression: str) -> str:
        return f"{hash_sql(salt, expression)} IN (SELECT e.hash FROM store.meta.erased AS e WHERE e.kind = '{kind}')"

    return test
