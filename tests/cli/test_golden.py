"""What people read, letter by letter: help texts, plans, refusals, an explanation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from leadmart import cli

PACKAGE = Path(cli.__file__).parent
COMMANDS = sorted(command.callback.__name__ for command in cli.app.registered_commands if command.callback)


def test_help_lists_the_commands(here: Any, golden: Any) -> None:
    golden(here("--help").out, "help/leadmart.txt")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str, here: Any, golden: Any) -> None:
    golden(here(command, "--help").out, f"help/{command}.txt")


def test_no_help_is_cut_off(here: Any) -> None:
    assert "..." not in re.sub(
        r"\w+\.\.\. ?<|\{files\}\.\.\.|\[.*?\]\.\.\.", "", here("--help").out.partition("Commands:")[2]
    )


def test_every_command_that_a_text_names_exists() -> None:
    written = [
        *(
            path
            for room in ("features", "expectations", "scoring", "commands", "docs")
            for path in (PACKAGE / room).iterdir()
        ),
        *(PACKAGE / name for name in ("cli.py", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    ]
    named = {
        (path.name, command)
        for path in written
        if path.suffix in {".py", ".md", ".toml"}
        for command in re.findall(r"`leadmart ([a-z]+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    assert {(file, command) for file, command in named if command not in COMMANDS} == set()


def test_plan_with_everything_due(here: Any, company: Any, golden: Any) -> None:
    answer = here("plan", "--project", company("loaded"))
    golden(answer.out, "plan/everything.txt")


def test_plan_with_nothing_due(here: Any, company: Any, golden: Any) -> None:
    answer = here("plan", "--exit-code", "--project", company("scored"))
    assert answer.code == 0
    golden(answer.out, "plan/nothing.txt")
    assert here("plan", "--exit-code", "--project", company("loaded")).code == 4


def test_check_of_a_leaking_view(here: Any, company: Any, golden: Any, tmp_path: Path) -> None:
    file = tmp_path / "sql" / "features" / "late_opens" / "v1.sql"
    file.parent.mkdir(parents=True)
    file.write_text(
        "-- entity: lead (lead_id)\n--\n-- Opens, whenever they became known.\n"
        "SELECT\n    spine.lead_id,\n    spine.as_of,\n    COUNT(e.event_id) AS emails_opened  -- opens\n"
        "FROM spine\nLEFT JOIN known.email_events AS e\n    ON e.lead_id = spine.lead_id\n"
        "GROUP BY spine.lead_id, spine.as_of\n"
    )
    answer = here("check", file, "--project", company("loaded"))
    assert answer.code == 1
    golden(answer.out.replace(str(tmp_path), "PROJECT"), "check/leaking.txt")


def test_explain_by_the_rules(here: Any, company: Any, published: Any, golden: Any) -> None:
    folder = company("scored")
    order = "ORDER BY composite DESC, lead_id LIMIT 1"
    for tier in ("warm", "disqualified"):
        ((lead,),) = published(folder, f"SELECT lead_id FROM scores.latest WHERE tier = '{tier}' {order}")
        answer = here("explain", lead, "--project", folder)
        assert answer.code == 0
        golden(re.sub(r"\b(f|p)_\w{12}|run \w+-\w+", "VERSION", answer.out), f"explain/{tier}.txt")
