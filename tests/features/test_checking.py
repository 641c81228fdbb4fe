"""`check`: the whole project, or files as if they stood in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.checking import check_files, check_project
from leadmart.features.errors import LeadmartError
from leadmart.features.project import Project

LINT = Path(__file__).parent / "lint"
BAD = (LINT / "feature" / "join_without_as_of.sql").read_text(encoding="utf-8")


def test_a_project_as_it_comes_has_nothing_to_find(project: Project) -> None:
    findings, count = check_project(project)
    assert findings == []
    assert count > 20


def test_a_finding_says_file_line_column_and_what_to_do(make_project: Callable[..., Project]) -> None:
    project = make_project({"sql/features/mails/v1.sql": BAD})
    (finding,), _ = check_project(project)
    assert finding.as_finding() == {
        "file": str(project.root / "sql" / "features" / "mails" / "v1.sql"),
        "line": 10,
        "column": 11,
        "code": "join_without_as_of",
        "message": "known.email_events is joined without as_of: rows of other moments would count",
        "path": [],
        "hint": "add `AND e.as_of = spine.as_of`",
    }


def test_a_finding_tells_the_ctes_that_lead_to_it(make_project: Callable[..., Project]) -> None:
    text = (LINT / "feature" / "lag_with_ties.sql").read_text(encoding="utf-8")
    (finding,), _ = check_project(make_project({"sql/features/gaps/v1.sql": text}))
    assert finding.as_finding()["path"] == ["c", "d"]


@pytest.mark.parametrize(
    ("path", "case", "codes"),
    [
        ("elsewhere/sql/features/mails/v3.sql", "feature/join_without_as_of", ["join_without_as_of"]),
        ("elsewhere/sql/gates/mine/v1.sql", "gate/no_severity", ["bad_gate"]),
        ("anywhere/mails.sql", "feature/moving_now", ["moving_function"]),
        ("anywhere/calls.sql", "source/aggregate", ["not_row_local", "not_row_local"]),
        ("anywhere/won.sql", "label/other_column", ["unknown_column"]),
        ("anywhere/fine.sql", "feature/good_cte", []),
    ],
)
def test_a_file_is_checked_as_what_its_folder_or_its_header_says(
    path: str, case: str, codes: list[str], project: Project, write_file: Callable[[str, Any], Path]
) -> None:
    file = write_file(path, (LINT / f"{case}.sql").read_text(encoding="utf-8"))
    findings, count = check_files(project, [file])
    assert [finding.error.code for finding in findings] == codes
    assert count == 1


def test_a_file_that_is_not_there(project: Project, tmp_path: Path) -> None:
    with pytest.raises(LeadmartError) as refused:
        check_files(project, [tmp_path / "gone.sql"])
    assert refused.value.code == "no_such_file"


def test_a_changed_published_file_is_found_too(world: Any) -> None:
    from datetime import datetime

    world.fill(datetime(2026, 5, 31))
    world.publish()
    import leadmart.features.registry as registry

    text = (registry.PACKAGE / "sql" / "features" / "lead_profile" / "v1.sql").read_text()
    world.write("sql/features/lead_profile/v1.sql", text.replace("lead_age_days", "age_in_days"))
    (finding,), _ = check_project(world.project)
    assert finding.error.code == "published_changed"


@pytest.mark.parametrize("connectors", ['"hubspot"', '"salesforce"', '"hubspot", "stripe"'])
def test_packaged_definitions_over_sources_that_the_connectors_lack_are_left_alone(
    make_project: Callable[..., Project], connectors: str
) -> None:
    """A project of connectors alone has no page views; what it names without a source is still found."""
    settings = f"[sources]\nconnectors = [{connectors}]\n"
    findings, checked = check_project(make_project({"leadmart.toml": settings}))
    assert findings == []
    assert checked > 20
    named = settings + '[features]\nviews = ["buying_patterns@v1"]\n'
    found = {finding.error.code for finding in check_project(make_project({"leadmart.toml": named}))[0]}
    assert "unknown_source" in found
