"""What suites find in a table. Great Expectations (two seconds) is imported by the first `check`, never before."""

from __future__ import annotations

import json
import re
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from leadmart.expectations.suite import Suite, column_absent, columns_named, read_suite, suites
from leadmart.features.errors import LeadmartError, first_line, near_names
from leadmart.features.literals import quoted_file

if TYPE_CHECKING:
    from leadmart.expectations.dialect import Workbench

__all__ = ["Detail", "Suite", "Verdict", "check", "is_reusable", "read_suite", "suites"]

_CATEGORIES = 5
"""Unexpected values are shown if there are no more than these; more are no misspelt categories."""


class Detail(TypedDict):
    """One expectation that did not hold (`failed`) or could not be asked (`errored`). Plain JSON.

    `observed` holds counts: `{"unexpected", "rows", "share"}` or `{"value"}`. Values out of rows may be personal and
    would outlive an erasure here: a few are shown (`"values"`) only where the expectation says
    `"meta": {"leadmart": {"show_values": true}}`.
    """

    expectation: str
    column: str | None
    severity: str
    outcome: Literal["failed", "errored"]
    observed: dict[str, Any]
    message: str


@dataclass(frozen=True)
class Verdict:
    """What one suite found in one subject. `success` is False on any critical failure, and if anything errored.

    Errored is not failed: nothing is known about the table then, and the run has to stop. Failures of severity `info`
    are counted nowhere and stand in `details`.
    """

    suite: str
    subject: str
    suite_hash: str
    input_hash: str
    success: bool
    critical_failures: int
    warnings: int
    errored: int
    details: tuple[Detail, ...]

    def as_json(self) -> dict[str, Any]:
        """`{"suite", "subject", "success", "critical_failures", "warnings", "errored", "details"}`."""
        return {
            "suite": self.suite,
            "subject": self.subject,
            "success": self.success,
            "critical_failures": self.critical_failures,
            "warnings": self.warnings,
            "errored": self.errored,
            "details": list(self.details),
        }


def is_reusable(verdict: Verdict) -> bool:
    """Whether the verdict holds for its (suite_hash, input_hash) ever after: one that errored says nothing."""
    return verdict.errored == 0


def check(
    suite: Suite,
    subject: str,
    files: Sequence[Path],
    input_hash: str,
    *,
    where: str = "TRUE",
    without: Sequence[str] = (),
) -> Verdict:
    """The suite's verdict on the rows of all `files` together: one or more Parquet files of one shape, empty or not.

    Of them only the rows for which the SQL `where` holds count, and not the columns `without`. A column that the
    suite names and the files lack is a critical failure, whatever the expectation's own severity. Not safe to call
    from two threads at once: a process has one workbench. Raises LeadmartError `unreadable_input` if the files
    cannot be read.
    """
    from leadmart.expectations.dialect import workbench

    bench = workbench()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns = _stage(bench, suite, subject, files, where, without)
        details = _details(bench, suite, columns)
    counted: dict[str, int] = defaultdict(int)
    for detail in details:
        counted[detail["outcome"] if detail["outcome"] == "errored" else detail["severity"]] += 1
    return Verdict(
        suite=suite.name,
        subject=subject,
        suite_hash=suite.suite_hash,
        input_hash=input_hash,
        success=not counted["critical"] and not counted["errored"],
        critical_failures=counted["critical"],
        warnings=counted["warning"],
        errored=counted["errored"],
        details=tuple(details),
    )


def _stage(
    bench: Workbench, suite: Suite, subject: str, files: Sequence[Path], where: str, without: Sequence[str]
) -> list[str]:
    """Point the view `staged` at the files; their column names."""
    if not files:
        raise LeadmartError(f"{subject} has no files for suite {suite.name} to check", code="unreadable_input")
    # Brackets in a folder's name would be read as a pattern, and `as_of=…` in one would become a column.
    listed = ", ".join(quoted_file(file) for file in files)
    left_out = f" EXCLUDE ({', '.join(without)})" if without else ""
    try:
        bench.execute(
            f"CREATE OR REPLACE TEMP VIEW staged AS SELECT *{left_out} "
            f"FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = false) WHERE {where}"
        )
        return [str(row[0]) for row in bench.execute("DESCRIBE staged")]
    except Exception as error:
        raise LeadmartError(
            f"{subject} cannot be read for suite {suite.name}: {_plain_words(error)}", code="unreadable_input"
        ) from error


def _details(bench: Workbench, suite: Suite, columns: list[str]) -> list[Detail]:
    """Every expectation that does not hold, in the suite's order.

    All are asked at once and for a yes or no only, which is one query for most of them. Those that fail are asked again
    for counts; those that error again one by one, since one that raises takes down the query it shares with others.
    """
    found: dict[int, Detail] = {}
    asked: dict[int, Any] = {}
    written = suite.expectations
    folded = {name.casefold() for name in columns}
    for index, expectation in enumerate(written):
        absent = [name for name in columns_named(expectation) if name.casefold() not in folded]
        if absent and expectation["type"] != "expect_column_to_exist":
            found[index] = _absent(expectation, absent[0], columns)
            continue
        try:
            asked[index] = _built(bench, expectation, index)
        except Exception as error:
            found[index] = _errored(expectation, _plain_words(error))
    results = _results(bench, suite.name, list(asked.values()), "BOOLEAN_ONLY")
    failed = [
        index for index in asked if index in results and not results[index].success and not _complaint(results[index])
    ]
    errored = [index for index in asked if index not in results or _complaint(results[index])]
    # A second asking for a failed expectation can itself error (a message that does not serialise): the failure stands.
    again = _results(bench, suite.name, [asked[index] for index in failed], _with_counts())
    for index in failed:
        found[index] = _failed(written[index], again.get(index))
    for index in errored:
        alone: Any = _results(bench, suite.name, [asked[index]], _with_counts()).get(index)
        complaint = "Great Expectations gave no result" if alone is None else _complaint(alone)
        if complaint:
            name = column_absent(complaint)
            found[index] = _absent(written[index], name, columns) if name else _errored(written[index], complaint)
        elif not alone.success:
            found[index] = _failed(written[index], alone)
    return [found[index] for index in sorted(found)]


def _built(bench: Workbench, expectation: dict[str, Any], index: int) -> Any:
    """The expectation as Great Expectations' object, numbered in its meta: results come back in another order.

    Built one by one since a suite built whole drops, silently, what it cannot understand.
    """
    keys = {key: expectation[key] for key in ("type", "severity", "description", "notes") if key in expectation}
    meta = {**expectation.get("meta", {}), "index": index}
    return bench.configuration(kwargs=dict(expectation.get("kwargs", {})), meta=meta, **keys).to_domain_obj()


def _results(bench: Workbench, name: str, expectations: list[Any], result_format: Any) -> dict[int, Any]:
    """Great Expectations' results by the expectations' numbers; empty if it fails as a whole."""
    if not expectations:
        return {}
    try:
        suite = bench.gx.ExpectationSuite(name=name, expectations=expectations)
        whole = bench.batch_definition.get_batch().validate(suite, result_format=result_format)
    except Exception:
        return {}
    return {result.expectation_config.meta["index"]: result for result in whole.results}


def _with_counts() -> dict[str, Any]:
    return {"result_format": "BASIC", "partial_unexpected_count": 50}


def _complaint(result: Any) -> str:
    """What was raised while the expectation was asked; empty where nothing was.

    `exception_info` is flat if the expectation raised, and by metric if metrics did.
    """
    told = result.exception_info or {}
    for one in [told] if "raised_exception" in told else told.values():
        if isinstance(one, dict) and one.get("raised_exception"):
            return _plain_words(one.get("exception_message") or "it raised without a message")
    return ""


def _plain_words(error: object) -> str:
    """The first line of a message without the driver's class name in front, on which a person can act."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    first = first_line(getattr(error, "orig", None) or error)
    if re.search(r"validation errors? for", first) and len(lines) > 2:  # pydantic: field and complaint stand below
        first = f"{lines[1].strip()}: {lines[2].strip()}"
    return re.sub(r"^\(_?duckdb\.\w+\)\s*", "", first)


def _severity(expectation: dict[str, Any]) -> str:
    return str(expectation.get("severity", "critical"))


def _subject_of(expectation: dict[str, Any]) -> str | None:
    named = columns_named(expectation)
    return ", ".join(named) if named else None


def _absent(expectation: dict[str, Any], column: str, columns: list[str]) -> Detail:
    near = near_names(column, columns)
    return Detail(
        expectation=expectation["type"],
        column=column,
        severity="critical",
        outcome="failed",
        observed={"columns": columns},
        message=f"column {column} is missing" + (f"; {near}" if near else ""),
    )


def _errored(expectation: dict[str, Any], complaint: str) -> Detail:
    return Detail(
        expectation=expectation["type"],
        column=_subject_of(expectation),
        severity=_severity(expectation),
        outcome="errored",
        observed={},
        message=f"could not be asked: {complaint}",
    )


def _failed(expectation: dict[str, Any], result: Any) -> Detail:
    observed = _observed(expectation, result.result if result is not None else {})
    return Detail(
        expectation=expectation["type"],
        column=_subject_of(expectation),
        severity=_severity(expectation),
        outcome="failed",
        observed=observed,
        message=_message(expectation, observed),
    )


def _observed(expectation: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The counts in Great Expectations' result, as plain JSON; never rows."""
    observed: dict[str, Any] = {}
    if result.get("unexpected_count") is not None:
        observed = {"unexpected": int(result["unexpected_count"])}
        if result.get("element_count"):
            rows = int(result["element_count"]) - int(result.get("missing_count") or 0)
            observed |= {"rows": rows, "share": round(observed["unexpected"] / rows, 6) if rows else 0.0}
    elif isinstance(result.get("observed_value"), bool | int | float | str):
        observed = {"value": result["observed_value"]}
    elif result.get("observed_value") is not None and not isinstance(result["observed_value"], list | dict):
        observed = {"value": str(result["observed_value"])}
    if expectation.get("meta", {}).get("leadmart", {}).get("show_values"):
        values = sorted({str(value) for value in result.get("partial_unexpected_list") or []})
        if 0 < len(values) <= _CATEGORIES:
            observed["values"] = values
    plain: dict[str, Any] = json.loads(json.dumps(observed, default=str))
    return plain


def _message(expectation: dict[str, Any], observed: dict[str, Any]) -> str:
    """What was expected, in the suite's words where it has some, and what was found."""
    expected = expectation.get("description")
    if not expected:
        subject = _subject_of(expectation)
        words = expectation["type"].replace("_", " ")
        expected = f"{subject}: {words}" if subject else words
    if "unexpected" in observed:
        found = f"{observed['unexpected']:,} values break it"
        if "rows" in observed:
            found = f"{observed['unexpected']:,} of {observed['rows']:,} rows break it ({observed['share']:.2%})"
        mostly = expectation.get("kwargs", {}).get("mostly")
        if mostly is not None:
            found += f", at most {1 - mostly:.2%} may"
        if observed.get("values"):
            found += f", such as {', '.join(observed['values'])}"
    elif "value" in observed:
        counted = expectation["type"] == "unexpected_rows_expectation"
        found = f"{observed['value']:,} rows break it" if counted else f"found {observed['value']}"
    else:
        found = "it does not hold"
    return f"{expected}: {found}"
