"""Suites as files: Great Expectations' own JSON, read and checked without Great Expectations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from string import Formatter
from typing import Any, Literal, get_args

from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names
from leadmart.features.fingerprint import digest

Stage = Literal["source", "feature", "score"]
STAGES: tuple[str, ...] = get_args(Stage)
SEVERITIES = ("critical", "warning", "info")
SQL_EXPECTATION = "unexpected_rows_expectation"

_PACKAGED = Path(__file__).parent / "suites"
_SUITE_KEYS = {"name", "expectations", "meta", "notes", "suite_parameters", "id"}
_EXPECTATION_KEYS = {"type", "kwargs", "severity", "description", "meta", "notes", "id", "rendered_content"}


@dataclass(frozen=True)
class Suite:
    """Expectations about one table.

    `table` is a source (`leads`), a view or gate with its version (`web_engagement@v1`), or `lead_scores`, as `stage`
    says. `suite_hash` is blind to layout and key order.
    """

    name: str
    table: str
    stage: Stage
    text: str
    suite_hash: str
    path: Path

    @property
    def expectations(self) -> list[dict[str, Any]]:
        """The expectations as written in the file, in their order."""
        written: list[dict[str, Any]] = json.loads(self.text)["expectations"]
        return written


_OF_ROWS = (
    "expect_column_values_", "expect_column_pair_values_", "expect_multicolumn_", "expect_compound_columns_",
    "expect_select_column_values_", "expect_column_to_exist", SQL_EXPECTATION,
)  # fmt: skip
_AGGREGATE = re.compile(r"\b(AVG|SUM|COUNT|MIN|MAX|MEDIAN|QUANTILE\w*|STDDEV\w*)\s*\(|\bHAVING\b", re.IGNORECASE)


def of_rows(suite: Suite) -> Suite:
    """The suite with those expectations only that hold of some of a table's rows where they hold of all.

    Left out are counts, means, shares (`mostly` below 1) and SQL with an aggregate. The hash stays the suite's own.
    """
    document = json.loads(suite.text)
    document["expectations"] = [each for each in suite.expectations if _is_of_rows(each)]
    return replace(suite, text=json.dumps(document))


def _is_of_rows(expectation: dict[str, Any]) -> bool:
    kwargs = expectation.get("kwargs", {})
    mostly = kwargs.get("mostly")
    is_whole = (mostly is not None and mostly < 1) or _AGGREGATE.search(kwargs.get("unexpected_rows_query", ""))
    return expectation["type"].startswith(_OF_ROWS) and not is_whole


def suites(project_folder: Path | None) -> tuple[Suite, ...]:
    """Every suite by name: the packaged ones, and in their place or beside them `<project>/suites/*.json`.

    Raises one LeadmartError with all problems of all files: broken JSON with its line, an unknown stage, a missing
    table, …
    """
    found: dict[str, Suite] = {}
    problems: list[LeadmartError] = []
    folders = [_PACKAGED] + ([project_folder / "suites"] if project_folder else [])
    for folder in folders:
        here: dict[str, Suite] = {}
        for path in sorted(folder.glob("*.json")):
            try:
                suite = read_suite(path)
            except LeadmartError as problem:
                problems.append(problem)
                continue
            if suite.name in here:
                problems.append(
                    LeadmartError(
                        f"two files hold the suite {suite.name}: {here[suite.name].path.name} and {path.name}",
                        code="duplicate_suite",
                        place=_place(path, suite.text, f'"{suite.name}"'),
                        hint="rename or remove one; a project's suite takes the place of the packaged one by its name",
                    )
                )
                continue
            here[suite.name] = suite
        found.update(here)
    if problems:
        raise all_as_one(problems)
    return tuple(found[name] for name in sorted(found))


def read_suite(path: Path) -> Suite:
    """One suite file. Raises LeadmartError `broken_suite` or `bad_suite`: file and line, all its problems at once."""
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
    except UnicodeDecodeError as error:
        raise LeadmartError(
            f"{path.name} is not UTF-8: byte {error.start}",
            code="broken_suite",
            place=Place(str(path)),
            hint="save it as UTF-8",
        ) from None
    except json.JSONDecodeError as error:
        lines = text.splitlines()
        line = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
        raise LeadmartError(
            f"{path.name} is not JSON: {error.msg}",
            code="broken_suite",
            place=Place(str(path), error.lineno, error.colno, line),
            hint="JSON wants double quotes, a comma between two items, none after the last, and no comments",
        ) from None
    problems = list(_problems(path, text, document))
    if problems:
        raise all_as_one(problems)
    about = document["meta"]["leadmart"]
    return Suite(document["name"], about["table"], about["stage"], text, digest("suite", document), path)


def _place(path: Path, text: str, needle: str, start: int = 0) -> Place:
    """Where `needle` first stands in the text from `start` on; the file alone if it does not."""
    at = text.find(needle, start)
    if at < 0:
        return Place(str(path))
    line_start = text.rfind("\n", 0, at) + 1
    line = text[line_start:].splitlines()[0]
    return Place(str(path), text.count("\n", 0, at) + 1, at - line_start + 1, line, len(needle))


def _problems(path: Path, text: str, document: Any) -> Iterator[LeadmartError]:
    def problem(message: str, needle: str = "", hint: str = "", start: int = 0) -> LeadmartError:
        place = _place(path, text, needle, start) if needle else Place(str(path))
        return LeadmartError(message, code="bad_suite", place=place, hint=hint)

    if not isinstance(document, dict):
        yield problem(f"a suite is a JSON object, {path.name} is a {type(document).__name__}")
        return
    for key in document.keys() - _SUITE_KEYS:
        yield problem(f"unknown key {key} in suite {path.name}", f'"{key}"', near_names(key, _SUITE_KEYS))
    if not isinstance(document.get("name"), str) or not document["name"]:
        yield problem(f"{path.name} has no name", '"name"', f'add "name": "{path.stem}"')
    meta = document.get("meta")
    about = meta.get("leadmart") if isinstance(meta, dict) else None
    sample = 'add "meta": {"leadmart": {"stage": "source", "table": "leads"}}'
    if not isinstance(about, dict):
        yield problem(f"{path.name} does not say what it checks: meta.leadmart is missing", '"meta"', sample)
    else:
        stage, table = about.get("stage"), about.get("table")
        if stage not in STAGES:
            hint = near_names(str(stage), STAGES) or f"one of {', '.join(STAGES)}"
            yield problem(f"{path.name} has the stage {stage!r}, which is none", '"stage"', hint)
        if not isinstance(table, str) or not table:
            yield problem(f"{path.name} names no table", '"leadmart"', sample)
    expectations = document.get("expectations")
    if not isinstance(expectations, list) or not expectations:
        yield problem(
            f"{path.name} has no expectations", '"expectations"', "a suite without expectations would pass on anything"
        )
        return
    # Items are found by their type's place in the text: good enough to point at, and wrong at worst by a like-named
    # item.
    start = max(text.find('"expectations"'), 0)
    for number, expectation in enumerate(expectations, 1):
        kind = expectation.get("type") if isinstance(expectation, dict) else None
        if not isinstance(kind, str):
            yield problem(
                f"expectation {number} of {path.name} has no type",
                '"expectations"',
                'each is {"type": …, "kwargs": {…}}',
            )
            continue
        start = max(text.find(f'"{kind}"', start), start)
        where = f'"{kind}"'
        for key in expectation.keys() - _EXPECTATION_KEYS:
            hint = near_names(key, _EXPECTATION_KEYS) or f"one of {', '.join(sorted(_EXPECTATION_KEYS))}"
            yield problem(f"unknown key {key} in expectation {number} of {path.name}", where, hint, start)
        severity = expectation.get("severity", "critical")
        if severity not in SEVERITIES:
            hint = near_names(str(severity), SEVERITIES) or f"one of {', '.join(SEVERITIES)}"
            yield problem(f"expectation {number} of {path.name} has the severity {severity!r}", where, hint, start)
        kwargs = expectation.get("kwargs", {})
        if not isinstance(kwargs, dict):
            yield problem(f"expectation {number} of {path.name} has kwargs that are no object", where, start=start)
        elif kind == SQL_EXPECTATION and (complaint := _sql_complaint(kwargs.get("unexpected_rows_query"))):
            hint = "SELECT the rows that should not be, FROM {batch}; write {{ and }} for braces that are meant"
            yield problem(f"expectation {number} of {path.name}: {complaint}", where, hint, start)
        start += 1


def _sql_complaint(query: object) -> str:
    """What is wrong with an unexpected_rows_query as far as its braces tell; empty where nothing is."""
    if not isinstance(query, str):
        return "it has no unexpected_rows_query"
    try:
        fields = {field for _, field, _, _ in Formatter().parse(query) if field is not None}
    except ValueError as error:
        return f"its query has a brace without its pair ({error})"
    if "batch" not in fields:
        return "its query does not read {batch}, so it would look at another table"
    strange = sorted(fields - {"batch"})
    return f"its query has {{{strange[0]}}}, which nothing fills" if strange else ""


def columns_named(expectation: dict[str, Any]) -> list[str]:
    """The columns an expectation's kwargs name, in order, each once; SQL is not read."""
    kwargs = expectation.get("kwargs", {})
    named: list[str] = []
    for key in ("column", "column_A", "column_B"):
        if isinstance(kwargs.get(key), str):
            named.append(kwargs[key])
    if isinstance(kwargs.get("column_list"), list):
        named += [name for name in kwargs["column_list"] if isinstance(name, str)]
    return list(dict.fromkeys(named))


_ABSENT = re.compile(r'(?:Referenced column|does not have a column named) "([^"]+)"')


def column_absent(message: str) -> str | None:
    """The column that DuckDB's binder did not find, out of its message; None for any other error."""
    match = _ABSENT.search(message)
    return match.group(1) if match else None
