"""A definition: one `.sql` file with its header, its columns and what it reads.

    -- entity: lead (lead_id)
    -- owner:  growth
    --
    -- How warm a lead is.
    SELECT spine.lead_id, …  AS emails_opened_30d,   -- opens in the last 30 days

Kind, name and version come from the path; the header holds `key: value` lines up to the first empty comment line, the
description follows. A column's comment stands on the line where its name ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from leadmart.features.errors import LeadmartError, Place

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

Node = TypeVar("Node", bound="exp.Expr")

CLOCKS = ("occurred_at", "ingested_at")
"""The two clocks of every source: when it happened, and when it was known."""

VERSIONED = ("feature", "link", "gate")
"""Kinds whose files are `v<N>.sql` and never change once published."""

_HEADER_KEYS = {
    "source": {"key", "rows", "frozen", "assumed", "pii", "availability", "joins", "changes-of", "owner", "waive"},
    "feature": {"entity", "owner", "waive"},
    "gate": {"entity", "owner", "waive"},
    "link": {"entity", "owner", "key", "waive"},
    "spine": {"entity", "owner", "subset-of", "waive"},
    "label": {"entity", "owner", "horizon"},
    "mart": {"owner", "grain"},
}
_HEADER_LINE = re.compile(r"^--\s*([a-z][a-z-]*):\s*(.*?)\s*$")
_ENTITY = re.compile(r"^([a-z][a-z0-9_]*)\s*\(([a-z][a-z0-9_]*)\)$")


@dataclass(frozen=True)
class Column:
    """An output column of a definition, its comment, and where its name stands in the text."""

    name: str
    comment: str
    start: int


@dataclass(frozen=True)
class Read:
    """A relation a definition reads: `known.web_events` is Read('known', 'web_events', …); spine has no schema."""

    schema: str
    name: str
    start: int

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True)
class Definition:
    """One parsed `.sql` file. Parsing happens at first use, so listing a registry costs no sqlglot."""

    kind: str
    name: str
    version: int | None
    connector: str
    path: Path
    text: str
    packaged: bool
    remembered: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What an earlier command found out of the text, by the name of what finds it out (`features.remembered`)."""

    @property
    def ref(self) -> str:
        """`email_engagement@v2`; unversioned kinds are known by their name alone."""
        return self.name if self.version is None else f"{self.name}@v{self.version}"

    @property
    def relation(self) -> str:
        """The name other SQL reads it by: `features.email_engagement__v2`."""
        schema = {"feature": "features", "link": "links", "gate": "gates", "source": "staging"}.get(
            self.kind, self.kind
        )
        return f"{schema}.{self.name}" if self.version is None else f"{schema}.{self.name}__v{self.version}"

    @cached_property
    def header(self) -> dict[str, str]:
        """The header's keys and values; a key given twice joins its values with `; `."""
        found: dict[str, str] = {}
        for number, line in enumerate(self.text.splitlines(), 1):
            if not line.startswith("--") or line.strip() == "--":
                break
            matched = _HEADER_LINE.match(line)
            if not matched:
                break
            key, value = matched[1], re.sub(r"\s+--\s.*$", "", matched[2])
            if key not in _HEADER_KEYS[self.kind]:
                known = ", ".join(sorted(_HEADER_KEYS[self.kind]))
                raise LeadmartError(
                    f"unknown header key {key!r} in a {self.kind}",
                    code="bad_header",
                    place=self.place(line=number),
                    hint=f"known here: {known}",
                )
            found[key] = f"{found[key]}; {value}" if key in found else value
        return found

    @cached_property
    def description(self) -> str:
        """The header's prose: the comment lines after the first empty one."""
        words: list[str] = []
        past_header = False
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            body = line[2:].strip()
            if not body:
                past_header = True
            elif past_header:
                words.append(body)
        return " ".join(words)

    @cached_property
    def entity(self) -> tuple[str, str]:
        """The entity and its key, `('lead', 'lead_id')`.

        Raises LeadmartError `bad_header` where the header lacks them.
        """
        value = self.header.get("entity")
        matched = _ENTITY.match(value) if value else None
        if not matched:
            raise LeadmartError(
                f"{self.kind} {self.ref} does not say its entity",
                code="bad_header",
                place=self.place(line=1),
                hint="begin the file with `-- entity: lead (lead_id)`",
            )
        return matched[1], matched[2]

    @property
    def key(self) -> str:
        """The entity's key column."""
        return self.entity[1]

    @cached_property
    def source_key(self) -> tuple[str, ...]:
        """The key columns of a source. Raises LeadmartError `bad_header` without `-- key:`."""
        names = tuple(part.strip() for part in self.header.get("key", "").split(",") if part.strip())
        if not names:
            raise LeadmartError(
                f"source {self.name} does not say its key",
                code="bad_header",
                place=self.place(line=1),
                hint="add `-- key: event_id` to the header",
            )
        return names

    @cached_property
    def joined(self) -> tuple[str, ...]:
        """The sources whose logs a source joins, as its header says: the engine writes both clocks then."""
        return tuple(name.strip().lower() for name in self.header.get("joins", "").split(",") if name.strip())

    @cached_property
    def tree(self) -> exp.Query:
        """The statement as sqlglot parses it. Raises LeadmartError `bad_sql` at the place where parsing stopped."""
        from sqlglot import exp
        from sqlglot.errors import ParseError, TokenError

        try:
            statements, _ = self._parsed
        except TokenError:
            _ = self.tokens  # names what cannot be parsed at all
            raise
        except ParseError as error:
            where = error.errors[0] if error.errors else {}
            highlight = str(where.get("highlight") or "")
            column = where.get("col")
            raise LeadmartError(
                f"SQL does not parse: {str(where.get('description') or error).strip()}",
                code="bad_sql",
                place=self.place(
                    line=where.get("line"),
                    column=(column - len(highlight) + 1) if column else None,
                    width=len(highlight),
                ),
            ) from None
        except RecursionError:
            raise LeadmartError(
                "SQL does not parse: its parentheses are nested too deep",
                code="bad_sql",
                place=self.place(),
                hint="name the inner steps in CTEs",
            ) from None
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise LeadmartError(f"{self.kind} {self.ref} must be one SELECT", code="bad_sql", place=self.place(line=1))
        return statements[0]

    def find_all(self, *kinds: type[Node]) -> Iterator[Node]:
        """The tree's nodes of some kinds, as its own `find_all`, of which each call walks the whole tree."""
        _ = self.tree  # names what does not parse
        _, nodes = self._parsed
        return (node for node in nodes if isinstance(node, kinds))

    @cached_property
    def _parsed(self) -> tuple[list[exp.Expr], tuple[exp.Expr, ...]]:
        return _parsed(self.text)

    @cached_property
    def tokens(self) -> list[Token]:
        """The text's tokens. Raises LeadmartError `bad_sql` for a text that has none, as `tree` does."""
        from sqlglot.errors import TokenError

        try:
            return _tokens(self.text)
        except TokenError as error:
            raise LeadmartError(
                f"SQL does not parse: {error}",
                code="bad_sql",
                place=self.place(),
                hint="is a quote or a comment left open?",
            ) from None

    @cached_property
    def statement(self) -> str:
        """The text without a closing semicolon and what follows it, so that it can stand in parentheses."""
        if ";" not in self.text:
            return self.text.rstrip()
        ends = [token.start for token in self.tokens if self.text[token.start] == ";"]
        return self.text[: ends[0] if ends else len(self.text)].rstrip()

    @property
    def select(self) -> exp.Select:
        """The final SELECT (of a set operation, its first)."""
        from sqlglot import exp

        tree = self.tree
        while not isinstance(tree, exp.Select):
            tree = tree.this
        return tree

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The output columns in order.

        Raises LeadmartError `unnamed_column` for an expression without a name, `select_star` for a star.
        """
        from sqlglot import exp

        found: list[Column] = []
        for number, item in enumerate(self.select.expressions, 1):
            name = item.args.get("alias") if isinstance(item, exp.Alias) else item.this
            if not isinstance(item, exp.Alias | exp.Column) or not isinstance(name, exp.Identifier):
                spots = sorted(positions(item)) or sorted(positions(self.select))
                place = self.place_at(spots[0]) if spots else self.place(line=1)
                if item.is_star:
                    raise LeadmartError(
                        "SELECT * changes when its source does",
                        code="select_star",
                        place=place,
                        hint="name the columns one by one",
                    )
                raise LeadmartError(
                    f"column {number} of {self.kind} {self.ref} has no name",
                    code="unnamed_column",
                    place=place,
                    hint="name every output column: `… AS emails_opened_30d`",
                )
            start, end = name.meta["start"], name.meta["end"]
            found.append(Column(name.name, _trailing_comment(self.text, end + 1), start))
        return tuple(found)

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """Every relation read, once each, in order of appearance; names of its own CTEs are left out."""
        from sqlglot import exp

        own = {cte.alias for cte in self.find_all(exp.CTE)}
        found: dict[tuple[str, str], Read] = {}
        for table in self.find_all(exp.Table):
            identifier = table.this
            name, schema = table.name, table.db
            if not schema and name in own:
                continue
            start = identifier.meta.get("start", 0) if isinstance(identifier, exp.Identifier) else 0
            found.setdefault((schema.lower(), name.lower()), Read(schema.lower(), name.lower(), start))
        return tuple(sorted(found.values(), key=lambda read: read.start))

    def place(self, line: int | None = None, column: int | None = None, width: int = 1) -> Place:
        """A place in this file, with the line's text."""
        lines = self.text.splitlines()
        text = lines[line - 1] if line and line <= len(lines) else ""
        return Place(display_path(self.path), line, column, text, width)

    def place_at(self, start: int, width: int = 1) -> Place:
        """The place of a character offset of the text."""
        before = self.text[:start]
        return self.place(before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1, width)


@lru_cache(maxsize=4)
def _tokens(text: str) -> list[Token]:
    from sqlglot.dialects.duckdb import DuckDB

    return DuckDB().tokenize(text)


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[list[exp.Expr], tuple[exp.Expr, ...]]:
    """A text's statements, and all their nodes in the order of `walk`.

    Shared by all definitions of that text in the process: nobody may change a tree.
    """
    from sqlglot import exp
    from sqlglot.dialects.duckdb import DuckDB

    found = DuckDB().parser().parse(_tokens(text), text)
    # a comment behind the last semicolon is a statement of its own
    statements = [each for each in found if each is not None and not isinstance(each, exp.Semicolon)]
    return statements, tuple(node for each in statements for node in each.walk())


def raw_columns_read(definition: Definition) -> dict[str, set[str]]:
    """Per raw table, the columns a source's SELECT reads of it."""
    from sqlglot import exp

    tables = {t.alias_or_name: t.name for t in definition.find_all(exp.Table) if t.db.lower() != "staging"}
    found: dict[str, set[str]] = {name: set() for name in tables.values()}
    for column in definition.find_all(exp.Column):
        if column.table in tables:
            found[tables[column.table]].add(column.name)
        elif not column.table and len(found) == 1:
            next(iter(found.values())).add(column.name)
    return found


def raw_names(source: Definition) -> set[str]:
    """The raw tables a source reads."""
    return {read.name for read in source.reads if read.schema != "staging"}


def horizon_days(label: Definition) -> int:
    """The label's horizon in days, from its header. Raises LeadmartError `bad_header`."""
    words = label.header.get("horizon", "").split()
    if len(words) == 2 and words[0].isdigit() and int(words[0]) > 0 and words[1] in ("day", "days"):
        return int(words[0])
    raise LeadmartError(
        f"label {label.ref} does not say its horizon",
        code="bad_header",
        place=label.place(line=1),
        hint="add `-- horizon: 90 days`",
    )


def display_path(path: Path) -> str:
    """A path as a person types it: relative where it lies below the current folder; packaged files as `leadmart/…`."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        package = Path(__file__).resolve().parent.parent
        return f"leadmart/{path.relative_to(package)}" if path.is_relative_to(package) else str(path)


def positions(node: exp.Expr) -> Iterator[int]:
    """Start offsets of a node, where it has one, and of the identifiers below it, in tree order."""
    from sqlglot import exp

    if node.meta.get("start"):
        yield node.meta["start"]
    for identifier in node.find_all(exp.Identifier):
        if "start" in identifier.meta:
            yield identifier.meta["start"]


def _trailing_comment(text: str, after: int) -> str:
    """The comment behind a column on its line, with its continuation on following comment-only lines."""
    line, _, rest = text[after:].partition("\n")
    matched = re.match(r"^\s*,?\s*--\s*(.*?)\s*$", line)
    if not matched:
        return ""
    words = [matched[1]]
    for following in rest.splitlines():
        continued = re.match(r"^\s+--\s*(.*?)\s*$", following)
        if not continued:
            break
        words.append(continued[1])
    return " ".join(words)
