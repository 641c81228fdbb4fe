"""A dbt project that computes the features of a leadmart project at one as_of, with the suites' checks as dbt tests.

Sources are deduplicated tables; what is cheap for dbt is chosen where there is a choice: `known.*`, references and the
sources' first moments are ephemeral, the as_of is written out (a variable would make dbt parse everything every day).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.hand import Hand
from leadmart.expectations.suite import Suite, suites
from leadmart.features.definition import Definition
from leadmart.features.relations import linked_spine_select, reference_select
from leadmart.features.session import link_to
from leadmart.features.sources.staged import first_known

_RELATION = re.compile(r"\b(FROM|JOIN) (staging|known|known_since|links|features|gates|reference)\.(\w+)")
_SPINE = re.compile(r"\b(FROM|JOIN) spine\b")
_SPINE_OF = re.compile(r"\b(FROM|JOIN) (spine_\w+)\b")
_MACRO = """{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}
"""


@dataclass(frozen=True)
class DbtProject:
    """Where the project stands, and how many models and tests it has."""

    folder: Path
    models: int
    tests: int

    @property
    def database(self) -> Path:
        return self.folder / "dbt.duckdb"


def write_project(
    hand: Hand, folder: Path, as_of: datetime, files: dict[str, list[Path]], threads: int, memory: str
) -> DbtProject:
    """Writes the project; `files` has the delivered files of every source, those of the label included."""
    models = {}
    for source, delivered in files.items():
        models[f"staging_{source}"] = _config("table", "staging", source) + _staging(hand, source, delivered)
    moment = f"TIMESTAMP '{as_of}'"
    for source in files:
        rows = f"FROM staging.{source} AS s WHERE s.occurred_at < {moment} AND s.ingested_at <= {moment}"
        known = f"SELECT s.*, {moment} AS as_of {rows}"
        since = f"SELECT {moment} AS as_of, MIN(s.occurred_at) AS since {rows}"
        models[f"known_{source}"] = _config("ephemeral") + with_refs(known)
        models[f"known_since_{source}"] = _config("ephemeral") + with_refs(since)
    for table in hand.registry.references_of(hand.selection.definitions):
        models[f"reference_{table.name}"] = _config("ephemeral") + reference_select(table)
    for definition in hand.selection.definitions:
        entity, key = definition.entity
        if link := link_to(definition, hand.selection.spine, hand.registry):
            models[f"spine_{entity}"] = _config("table", "main", f"spine_{entity}") + with_refs(
                linked_spine_select(key, link)
            )
        name = f"spine_{entity}" if definition.kind == "spine" else definition.relation.replace(".", "_")
        schema = "main" if definition.kind == "spine" else definition.relation.partition(".")[0]
        alias = name if definition.kind == "spine" else definition.relation.partition(".")[2]
        models[name] = _config("table", schema, alias) + with_refs(hand.executed(definition), entity)
    for name, text in models.items():
        _write(folder / "models" / f"{name}.sql", text)
    tests = _write_tests(hand, folder, list(files))
    _write(folder / "macros" / "schema.sql", _MACRO)
    _write(folder / "dbt_project.yml", json.dumps({
        "name": "bench", "version": "1.0", "profile": "bench", "flags": {"send_anonymous_usage_stats": False},
    }))  # fmt: skip
    settings = {"TimeZone": "UTC", "memory_limit": memory, "threads": threads}
    output = {"type": "duckdb", "path": str(folder / "dbt.duckdb"), "threads": threads, "settings": settings}
    _write(folder / "profiles.yml", json.dumps({"bench": {"target": "dev", "outputs": {"dev": output}}}))
    return DbtProject(folder, len(models), tests)


def with_refs(sql: str, entity: str = "") -> str:
    """SQL with dbt's references in place of the relations' names."""
    sql = _RELATION.sub(lambda m: f"{m[1]} {{{{ ref('{m[2]}_{m[3]}') }}}}", sql)
    sql = _SPINE_OF.sub(r"\1 {{ ref('\2') }}", sql)
    return _SPINE.sub(rf"\1 {{{{ ref('spine_{entity}') }}}} AS spine", sql)


def _staging(hand: Hand, source: str, files: Sequence[Path]) -> str:
    (definition,) = (d for d in hand.registry.source(source) if d.connector == "plain")
    (table,) = {read.name for read in definition.reads}
    listed = ", ".join(f"'{file.as_posix()}'" for file in files)
    text = definition.statement.replace(f"raw.{table}", f"read_parquet([{listed}], union_by_name = true)")
    columns = ", ".join(column.name for column in definition.columns)
    return (
        f"SELECT * FROM (\n{text}\n) AS s\nQUALIFY ROW_NUMBER() OVER (PARTITION BY {', '.join(definition.source_key)} "
        f"ORDER BY {first_known('s')}, {columns}) = 1"
    )


def _config(materialized: str, schema: str = "", alias: str = "") -> str:
    place = f", schema='{schema}', alias='{alias}'" if schema else ""
    return f"{{{{ config(materialized='{materialized}'{place}) }}}}\n"


def _write_tests(hand: Hand, folder: Path, sources: Sequence[str]) -> int:
    """Every check of the suites of these sources and of the selection's views and gates; their number."""
    count = 0
    documented = []
    for suite, model in _tested(hand, sources):
        columns: dict[str, list[Any]] = {}
        for number, expectation in enumerate(suite.expectations):
            count += 1
            config = {"config": {"severity": "error" if expectation["severity"] == "critical" else "warn"}}
            kwargs = expectation["kwargs"]
            generic = _generic(expectation["type"], kwargs)
            if generic is not None:
                name, arguments = generic
                given = {"arguments": arguments, **config} if arguments else config
                columns.setdefault(kwargs["column"], []).append({name: given})
            else:
                severity = config["config"]["severity"]
                text = f"{{{{ config(severity='{severity}') }}}}\n{singular(expectation['type'], kwargs, model)}\n"
                _write(folder / "tests" / f"{model}_{number}.sql", text)
        if columns:
            listed = [{"name": name, "data_tests": tests} for name, tests in columns.items()]
            documented.append({"name": model, "columns": listed})
    _write(folder / "models" / "tests.yml", json.dumps({"version": 2, "models": documented}, indent=1))
    return count


def _tested(hand: Hand, sources: Sequence[str]) -> Iterator[tuple[Suite, str]]:
    read: dict[str, Definition] = {d.ref: d for d in hand.selection.read}
    for suite in suites(hand.registry.project.root):
        if suite.stage == "source" and suite.table in sources:
            yield suite, f"staging_{suite.table}"
        elif suite.stage == "feature" and suite.table in read:
            yield suite, read[suite.table].relation.replace(".", "_")


def _generic(kind: str, kwargs: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """dbt's own test that asks the same; None where there is none."""
    if "mostly" in kwargs:
        return None
    if kind == "expect_column_values_to_not_be_null":
        return "not_null", {}
    if kind == "expect_column_values_to_be_in_set" and all(isinstance(v, str) for v in kwargs["value_set"]):
        return "accepted_values", {"values": kwargs["value_set"]}
    return None


def singular(kind: str, kwargs: dict[str, Any], model: str) -> str:
    """A SELECT that gives rows where the expectation does not hold. Raises ValueError for one that is not known."""
    table = f"{{{{ ref('{model}') }}}}"
    column = kwargs.get("column", "")
    match kind:
        case "unexpected_rows_expectation":
            return str(kwargs["unexpected_rows_query"]).replace("{batch}", table)
        case "expect_compound_columns_to_be_unique":
            columns = ", ".join(kwargs["column_list"])
            return f"SELECT {columns} FROM {table} GROUP BY {columns} HAVING COUNT(*) > 1"
        case "expect_table_row_count_to_be_between":
            return f"SELECT rows FROM (SELECT COUNT(*) AS rows FROM {table}) WHERE NOT ({_between('rows', kwargs)})"
        case "expect_column_values_to_be_between":
            bad, there = f"NOT ({_between(column, kwargs)})", f"{column} IS NOT NULL"
        case "expect_column_values_to_not_be_null":
            bad, there = f"{column} IS NULL", "TRUE"
        case "expect_column_values_to_be_in_set":
            values = ", ".join(f"'{v}'" if isinstance(v, str) else str(v) for v in kwargs["value_set"])
            bad, there = f"{column} NOT IN ({values})", f"{column} IS NOT NULL"
        case _:
            raise ValueError(f"{kind} is not yet a dbt test")
    if "mostly" not in kwargs:
        return f"SELECT {column} FROM {table} WHERE {there} AND {bad}"
    share = f"AVG(CASE WHEN {bad} THEN 0.0 ELSE 1.0 END) FILTER (WHERE {there})"
    return f"SELECT share FROM (SELECT {share} AS share FROM {table}) WHERE share < {kwargs['mostly']}"


def _between(column: str, kwargs: dict[str, Any]) -> str:
    parts = []
    if kwargs.get("min_value") is not None:
        parts.append(f"{column} >{'' if kwargs.get('strict_min') else '='} {_literal(kwargs['min_value'])}")
    if kwargs.get("max_value") is not None:
        parts.append(f"{column} <{'' if kwargs.get('strict_max') else '='} {_literal(kwargs['max_value'])}")
    return " AND ".join(parts)


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
