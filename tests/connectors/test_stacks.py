"""Stacks: what `init --crm --events --billing` writes is true of the packaged sources, for every combination."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

import pytest

from leadmart.features.project import find_project, read_settings
from leadmart.features.registry import Registry
from leadmart.features.scaffold import SOURCES, init
from leadmart.features.stacks import FEEDS, GATES, NEEDED, PLAIN, VIEWS, Stack

HERE = Path(__file__).parent
STACKS = [
    Stack(*parts)
    for parts in itertools.product(FEEDS["crm"], [None, *FEEDS["events"]], [None, *FEEDS["billing"]])
]  # fmt: skip


def test_every_part_feeds_what_is_said_and_opportunities_come_with_the_crm() -> None:
    for part, connectors in FEEDS.items():
        for connector, names in connectors.items():
            there = {file.stem for file in (SOURCES / connector).glob("*.sql")}
            assert names <= there, (part, connector)
            if part == "crm":
                assert "opportunities" in there


@pytest.mark.parametrize("ref", [*NEEDED, *VIEWS, *GATES])
def test_a_view_or_gate_reads_what_is_said(ref: str, tmp_path: Path) -> None:
    registry = Registry(init(tmp_path / "p"))
    definition = registry.get("gate" if ref in GATES else "feature", ref)
    read = {name for name in registry.sources_of([definition]) if "/" not in name}
    said = {**VIEWS, **GATES}.get(ref)
    if said is not None:
        # leads and accounts stand in every CRM; a link to them is nothing to choose by
        assert read - {"leads", "accounts"} == said - {"leads", "accounts"}
        assert said <= read


@pytest.mark.parametrize("stack", STACKS, ids=lambda s: "-".join(str(part) for part in (s.crm, s.events, s.billing)))
def test_the_settings_are_readable_and_name_what_there_is(stack: Stack, tmp_path: Path) -> None:
    project = init(tmp_path / "p", stack)
    settings = project.settings
    assert settings.sources.connectors[-1] == PLAIN
    assert set(settings.sources.connectors) == {*stack.parts.values(), PLAIN}
    assert set(NEEDED) <= set(settings.features.views)
    assert ("product_usage@v1" in settings.features.views) == (stack.events is not None)
    assert ("billing@v1" in settings.scoring.gates) == (stack.billing == "stripe")
    # each table whose changes a source reads is looked at, and no other
    text = (SOURCES, stack.connectors)
    changed = {
        name.removesuffix("__changes")
        for connector in text[1]
        for file in (text[0] / connector).glob("*.sql")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("FROM raw.") and (name := line.split()[1].removeprefix("raw.")).endswith("__changes")
    }
    assert set(settings.snapshot) == changed
    registry = Registry(project)
    for source in settings.sources.without:
        assert "form_submissions" in {d.name for d in registry.all("source")}
        assert source not in {f"{d.connector}/{d.name}" for d in registry.all("source")}


@pytest.mark.parametrize("connector", ["hubspot", "salesforce", "stripe"])
def test_the_packaged_snapshots_are_those_that_the_traps_were_answered_with(connector: str) -> None:
    packaged = tomllib.loads((SOURCES / connector / "snapshot.toml").read_text(encoding="utf-8"))
    tested = tomllib.loads((HERE / connector / "leadmart.toml").read_text(encoding="utf-8"))
    assert packaged["snapshot"] == tested["snapshot"]


def test_rudderstack_reads_as_segment_does() -> None:
    theirs = {file.name: file.read_text(encoding="utf-8") for file in (SOURCES / "rudderstack").glob("*.sql")}
    ours = {file.name: file.read_text(encoding="utf-8") for file in (SOURCES / "segment").glob("*.sql")}
    del ours["demo_requests.sql"]
    assert {n: t.lower().replace("rudderstack", "segment") for n, t in theirs.items()} == {
        n: t.lower() for n, t in ours.items()
    }


def test_without_init_options_the_template_is_written_as_it_was(tmp_path: Path) -> None:
    init(tmp_path / "p")
    assert read_settings(tmp_path / "p" / "leadmart.toml").sources.connectors == ("plain",)


def test_the_options_are_refused_where_they_make_no_sense(here: Any, tmp_path: Path) -> None:
    assert here("init", tmp_path / "a", "--crm", "hupspot").code == 2
    demo = here("init", tmp_path / "b", "--demo", "--crm", "hubspot")
    assert demo.code == 2
    assert "--crm does not go with --demo" in demo.err
    assert not (tmp_path / "b").exists()
    made = here("init", tmp_path / "c", "--events", "rudderstack", "--json")
    assert made.document["reads"] == ["rudderstack_identifies", "rudderstack_pages", "rudderstack_tracks"]
    assert find_project(tmp_path / "c").settings.sources.connectors == ("rudderstack", "plain")


def test_a_source_left_out_that_is_none_is_named(here: Any, tmp_path: Path) -> None:
    assert here("init", tmp_path / "p", "--crm", "hubspot", "--events", "segment").code == 0
    settings = tmp_path / "p" / "leadmart.toml"
    settings.write_text(settings.read_text().replace("segment/form_submissions", "segment/form_submission"))
    answer = here("check", "--json", "--project", tmp_path / "p")
    assert answer.code == 1
    error = answer.document["error"]
    assert error["code"] == "unknown_source"
    assert "segment/form_submissions" in error["hint"]
    assert "leadmart.toml" in str(error["place"])
