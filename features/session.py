"""One computing session: the relations that definitions read, made for the wanted moments and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.inline import executed_sql
from leadmart.features.literals import quoted_file
from leadmart.features.onepass import state as onepass
from leadmart.features.onepass.way import way_of
from leadmart.features.registry import Registry
from leadmart.features.relations import (
    KnownSince,
    known_select,
    known_since_select,
    linked_spine_select,
    reference_select,
    stored_select,
)
from leadmart.features.sources.reach import bounds_of
from leadmart.features.sources.stage import stage
from leadmart.features.sources.staged import WHOLE, Bounds, Kept, current, known_at
from leadmart.features.sources.staging import present_sources
from leadmart.features.warehouse import Warehouse
from leadmart.features.windows import longest_windows, windows_of

MANY_MOMENTS = 8
"""Moments from which on it pays to find each version's span of moments before them."""

Form = Literal["executed", "pasted"]
"""Which text of a definition runs: with both bounds spliced in, or as a person pastes it; the same rows."""


@dataclass
class Session:
    """Relations for definitions to read: `spine`, `known.*`, `links.*`, `features.*`, `reference.*`.

    Call `want` before anything else: it says which moments `known` runs over.
    """

    warehouse: Warehouse
    registry: Registry
    form: Form = "executed"
    moments: tuple[datetime, ...] = ()
    _staged: dict[str, Bounds] = field(default_factory=dict)
    _since: dict[str, frozenset[datetime]] = field(default_factory=dict)
    _passes: dict[str, onepass.State] = field(default_factory=dict)
    _fitting: dict[str, bool] = field(default_factory=dict)
    _narrowed: dict[str, tuple[datetime, ...]] = field(default_factory=dict)

    @cached_property
    def present(self) -> frozenset[str]:
        """The sources that have rows."""
        return present_sources(self.warehouse, self.registry)

    def want(self, moments: Sequence[datetime]) -> None:
        """Sets the moments, and forgets what was computed for others."""
        self._staged, self._since = {}, {}
        self._ask_for(moments)

    def narrow(self, moments: Sequence[datetime]) -> None:
        """Asks for some of the wanted moments alone; what is prepared for all of them stays."""
        self._ask_for(moments)

    def _ask_for(self, moments: Sequence[datetime]) -> None:
        self.moments = tuple(sorted(set(moments)))
        values = ", ".join(f"({sql_literal(m)})" for m in self.moments)
        rows = f"VALUES {values}" if values else "SELECT TIMESTAMP '2000-01-01' WHERE FALSE"
        self.warehouse.execute(f"CREATE OR REPLACE TABLE wanted AS SELECT * FROM ({rows}) AS w (as_of)")

    def prepare(self, definitions: Iterable[Definition]) -> None:
        """Stages the sources, defines `known.*` and reads the reference tables that definitions need."""
        definitions = list(definitions)
        names = self.registry.sources_of(definitions)
        every = {d.relation: d for each in definitions for d in (each, *self.registry.dependencies(each))}
        self._stage(names, bounds_of(self.warehouse, every.values(), self.moments))
        kept = current(self.warehouse, self.registry, names, self.present)
        for name in names:
            self.warehouse.execute(f"CREATE OR REPLACE VIEW known.{name} AS {known_select(name)}")
            self.warehouse.execute(
                f"CREATE OR REPLACE TABLE known_since.{name} AS {self._known_since(name, kept.get(name))}"
            )
            self._since[name] = frozenset(self.moments)
        for table in self.registry.references_of(definitions):
            self.warehouse.execute(f"CREATE TABLE IF NOT EXISTS reference.{table.name} AS {reference_select(table)}")

    def pass_over(self, definitions: Sequence[Definition], moments: Sequence[datetime]) -> None:
        """Computes views of the shape that allows it over many moments at once, whatever their spines will be.

        Until the next call their rows at any of the moments are laid from that over the spine: the same rows.
        """
        for state in self._passes.values():
            onepass.drop(self.warehouse, state)
        self._passes, self._fitting, self._narrowed = {}, {}, {}
        chosen = [d for d in definitions if way_of(d).shape is not None]
        if not chosen:
            return
        self.want(moments)
        self.prepare(chosen)
        for definition in chosen:
            found = onepass.state_of(self.warehouse, definition, moments)
            if found is not None and onepass.make(self.warehouse, found):
                self._passes[definition.relation] = found

    def _known_since(self, name: str, kept: Kept | None) -> str:
        if kept is None:
            return known_since_select(name)
        followed = known_at(self.warehouse, kept, self.moments) if self.moments else None
        if followed is None:
            return known_since_select(name, kept.select(self.warehouse))
        return f"SELECT as_of, since FROM ({followed})"

    def stage_whole(self, names: Iterable[str]) -> None:
        """Makes `staging.<name>` with all rows of each source: what is hindsight has no bounds."""
        self._stage(tuple(names), {})

    def _stage(self, names: Sequence[str], bounds: Mapping[str, Bounds]) -> None:
        """Stages sources within bounds at least, and keeps those wider that are staged already."""
        wanted = {name: bounds.get(name, WHOLE) for name in names}
        if all(name in self._staged and self._staged[name].holds(each) for name, each in wanted.items()):
            return
        wider = {name: self._staged[name].widened(b) if name in self._staged else b for name, b in wanted.items()}
        stage(self.warehouse, self.registry, names, self.present, wider)
        self._staged |= wider

    def set_spine(self, entity: str, sql: str) -> None:
        """Makes the spine of an entity: the distinct (key, as_of) rows of a query."""
        self.warehouse.execute(
            f"CREATE OR REPLACE TABLE spine_{entity} AS SELECT DISTINCT * FROM ({sql}\n) ORDER BY ALL"
        )

    def sql_of(self, definition: Definition) -> str:
        """The SELECT that gives a definition's rows in this session, in no order; no HUGEINT.

        A view's columns are NULL where a source's history does not reach, and `has_<source>` stand after them.
        """
        self._widen_for(definition)
        text = self._text_of(definition)
        state = self._state_of(definition, text)
        return self._stored(definition, state.laid(self.moments) if state else text)

    def laid(self, definition: Definition) -> dict[datetime, str] | None:
        """Per moment the SELECT of a view's rows, where it was computed in one pass; None where it was not.

        Each row of the spine is among the rows, since they are laid over it.
        """
        self._widen_for(definition)
        state = self._state_of(definition, self._text_of(definition))
        if state is None:
            return None
        since = {name: self._known_first(name) for name in longest_windows(windows_of(definition, self.registry))}
        return {
            m: self._stored(
                definition, state.laid([m]), KnownSince(sql_literal(m), {n: f[m] for n, f in since.items()})
            )
            for m in self.moments
        }

    def _known_first(self, name: str) -> dict[datetime, str]:
        rows = self.warehouse.rows(f"SELECT as_of, since FROM known_since.{name}")
        return {as_of: "CAST(NULL AS TIMESTAMP)" if since is None else sql_literal(since) for as_of, since in rows}

    def _text_of(self, definition: Definition) -> str:
        if definition.kind in ("feature", "gate"):
            self.warehouse.execute(f"CREATE OR REPLACE VIEW spine AS SELECT * FROM spine_{definition.entity[0]}")
        if self.form == "pasted":
            return definition.statement
        return executed_sql(definition, at_many_moments=len(self.moments) >= MANY_MOMENTS)

    def _stored(self, definition: Definition, text: str, at: KnownSince | None = None) -> str:
        try:
            columns = self.warehouse.columns(text)
        except duckdb.Error as error:
            raise _does_not_run(definition, error) from None
        items = [f'CAST("{c}" AS BIGINT) AS "{c}"' if kind == "HUGEINT" else f'"{c}"' for c, kind in columns]
        plain = f"SELECT {', '.join(items)} FROM ({text}\n)"
        if definition.kind == "feature":
            plain = stored_select(
                f"({plain})", [name for name, _ in columns], windows_of(definition, self.registry), at
            )
        return plain

    def _state_of(self, definition: Definition, text: str) -> onepass.State | None:
        """What a view was computed to in one pass, where that is over the session's moments and fits the spine."""
        state = self._passes.get(definition.relation)
        if state is None or self.form != "executed" or not set(self.moments) <= set(state.moments):
            return None
        if self._narrowed.get(definition.relation) != self.moments:
            onepass.narrow(self.warehouse, state, self.moments)
            self._narrowed[definition.relation] = self.moments
        if definition.relation not in self._fitting:
            try:
                self._fitting[definition.relation] = onepass.lies_over(self.warehouse, state, text)
            except duckdb.Error as error:
                raise _does_not_run(definition, error) from None
        return state if self._fitting[definition.relation] else None

    def _widen_for(self, definition: Definition) -> None:
        """Stages wider what was staged for others and lacks rows that a definition reads."""
        asked = set(self.moments)
        names = self.registry.sources_of([definition])
        if not all(name in self._staged and asked <= self._since.get(name, asked) for name in names):
            self.prepare([definition])
        for name, bounds in bounds_of(self.warehouse, [definition], self.moments).items():
            if name in self._staged and not self._staged[name].holds(bounds):
                self._stage([name], {name: bounds})

    def compute(self, definition: Definition) -> None:
        """Makes a definition's rows a relation of the session, `features.<name>__v<N>` or its like.

        Raises LeadmartError `definition_failed`.
        """
        sql = self.sql_of(definition)
        try:
            self.warehouse.execute(f"CREATE OR REPLACE TABLE {relation_of(definition)} AS {sql}")
        except duckdb.Error as error:
            raise _does_not_run(definition, error) from None

    def write_each(
        self, definition: Definition, files: Mapping[datetime, Path], laid: Mapping[datetime, str] | None = None
    ) -> dict[datetime, int]:
        """Writes what is `laid`, or what `compute` made, the rows of each moment to its file; how many each has.

        Raises LeadmartError `definition_failed`.
        """
        made = f"SELECT * FROM {relation_of(definition)} WHERE as_of ="
        selects = {
            as_of: f"SELECT * FROM ({laid[as_of]})" if laid else f"{made} {sql_literal(as_of)}" for as_of in files
        }
        order = f"ORDER BY {definition.key}, as_of"
        try:
            written = self.warehouse.write_parquets({files[as_of]: f"{selects[as_of]} {order}" for as_of in files})
        except duckdb.Error as error:
            raise _does_not_run(definition, error) from None
        return dict(zip(files, written, strict=True))

    def read_files(self, definition: Definition, files: Mapping[datetime, Path], *, is_computed: bool = False) -> None:
        """Makes filled slices the definition's rows at their moments; those that `compute` made of others stay."""
        relation = relation_of(definition)
        listed = ", ".join(quoted_file(file) for file in files.values())
        rows = f"SELECT * FROM read_parquet([{listed}], hive_partitioning = false)"
        if is_computed:
            self.warehouse.execute(f"DELETE FROM {relation} WHERE as_of IN ({', '.join(map(sql_literal, files))})")
            self.warehouse.execute(f"INSERT INTO {relation} {rows}")
        else:
            self.warehouse.execute(f"CREATE OR REPLACE TABLE {relation} AS {rows}")

    def forget(self, definition: Definition) -> None:
        """Drops what `compute` made."""
        self.warehouse.execute(f"DROP TABLE IF EXISTS {relation_of(definition)}")

    def account_spine(self, definition: Definition, link: Definition) -> None:
        """Makes the spine of a view's entity from the leads' spine through a link: its distinct keys at each as_of."""
        entity, key = definition.entity
        self.set_spine(entity, linked_spine_select(key, link))


def relation_of(definition: Definition) -> str:
    """The session's relation of a definition; a spine's rows are `spine_<entity>`."""
    return f"spine_{definition.entity[0]}" if definition.kind == "spine" else definition.relation


def link_to(definition: Definition, spine: Definition, registry: Registry) -> Definition | None:
    """The link through which a spine reaches a view or gate; None where that has the spine's own entity, or no spine.

    Raises LeadmartError `no_link`.
    """
    if definition.kind not in ("feature", "gate") or definition.entity == spine.entity:
        return None
    return link_for(definition, registry)


def link_for(definition: Definition, registry: Registry) -> Definition:
    """The link that leads to a view's entity: the one the view reads, else the newest that has the key.

    Raises LeadmartError `no_link`.
    """
    _, key = definition.entity
    candidates = [d for d in registry.dependencies(definition) if d.kind == "link"] or list(registry.all("link"))
    fitting = [d for d in candidates if key in {column.name for column in d.columns}]
    if not fitting:
        raise LeadmartError(
            f"no link leads from leads to {key}",
            code="no_link",
            place=definition.place(line=1),
            hint=f"write sql/links/<name>/v1.sql that returns lead_id, {key} and as_of",
        )
    return max(fitting, key=lambda d: d.version or 0)


def _does_not_run(definition: Definition, error: duckdb.Error) -> LeadmartError:
    return LeadmartError(
        f"{definition.kind} {definition.ref} does not run: {first_line(error)}",
        code="definition_failed",
        place=definition.place(),
    )
