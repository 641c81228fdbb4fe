"""What TAB offers: asked as the shells ask, by their protocol; bash itself runs the script that it is given."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OFFERED: list[tuple[str, str, tuple[str, ...]]] = [
    ("leadmart re", "render restate", ()),
    ("leadmart run --", "--as-of --project --json --help", ("--cold",)),
    ("leadmart render web", "web_engagement web_events", ("web_engagement@v1",)),
    ("leadmart render lead_scor", "", ()),
    ("leadmart render my_", "my_view my_source", ()),
    ("leadmart eject sc", "scorecard score.lead_scores", ()),
    ("leadmart eject my_", "", ()),
    ("leadmart restate --source e", "email_events", ("email_engagement",)),
    ("leadmart backfill --view lead", "lead_account lead_profile", ("leads",)),
    ("leadmart load lea", "leads lead_feedback", ("lead_profile",)),
    ("leadmart show ", "scores features runs verdicts view", ()),
    ("leadmart show view my", "my_view", ()),
]


@pytest.fixture
def project(here: Any, tmp_path: Path) -> Path:
    """A project with a view and a source of its own, and two raw tables."""
    folder = tmp_path / "project"
    assert here("init", folder).code == 0
    for name in ("sql/features/my_view/v1.sql", "sql/sources/plain/my_source.sql", "sql/sources/other/my_other.sql"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("is not read")
    for table in ("leads", "lead_feedback"):
        (folder / "warehouse" / "raw" / table).mkdir(parents=True)
    return folder


def asked(here: Any, shell: str, line: str, cwd: Path) -> list[str]:
    """What the command answers when a shell asks about a line with the cursor at its end."""
    words = line.split(" ")
    environment = {"_LEADMART_COMPLETE": f"complete_{shell}"}
    if shell == "bash":
        environment |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    else:
        environment |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    answer = here(cwd=cwd, **environment)
    assert (answer.code, answer.err) == (0, "")
    if shell == "zsh":
        return re.findall(r'^(?:_arguments \'\*: :\(\()?"([^"]+)"', answer.out, re.MULTILINE)
    return [each.partition("\t")[0] for each in answer.out.splitlines() if each]


@pytest.mark.parametrize(("line", "expected", "absent"), OFFERED, ids=lambda value: str(value)[:40])
def test_every_shell_is_offered_the_names_there_are(
    line: str, expected: str, absent: tuple[str, ...], here: Any, project: Path
) -> None:
    for shell in ("bash", "zsh", "fish"):
        offered = asked(here, shell, line, project)
        assert set(expected.split()) <= set(offered) or not expected
        assert not set(absent) & set(offered)
        if not expected:
            assert offered == []


def test_versions_are_offered_once_an_at_is_typed(here: Any, project: Path) -> None:
    assert asked(here, "fish", "leadmart render web_engagement@", project) == ["web_engagement@v1"]


def test_another_project_is_asked_where_the_line_names_one(here: Any, project: Path, tmp_path: Path) -> None:
    assert asked(here, "bash", f"leadmart backfill --project {project} --view my", tmp_path) == ["my_view"]
    assert asked(here, "bash", "leadmart backfill --view my", tmp_path) == []


def test_broken_settings_leave_the_shell_in_peace(here: Any, project: Path) -> None:
    (project / "leadmart.toml").write_text("[sources\n")
    assert "leads" in asked(here, "bash", "leadmart restate --source l", project)


def test_bash_completes_by_the_script_it_is_given(project: Path) -> None:
    program = """
    eval "$(leadmart --show-completion)"
    complete -p leadmart
    COMP_WORDS=(leadmart render web_e); COMP_CWORD=2
    _leadmart_completion leadmart
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", program], env=os.environ | {"PATH": path}, cwd=project, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "complete -o default -F _leadmart_completion leadmart",
        "web_engagement",
        "web_events",
    ]


PROGRAM = """
import sys
from leadmart.cli import main
try:
    main()
except SystemExit:
    print(*{"duckdb", "polars", "sqlglot", "rich", "leadmart.features.registry"} & sys.modules.keys())
"""


def test_completion_imports_nothing_heavy(project: Path) -> None:
    asking = {"_LEADMART_COMPLETE": "complete_bash", "COMP_WORDS": "leadmart render web", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | asking, cwd=project, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["web_depth", "web_engagement", "web_events", ""]
