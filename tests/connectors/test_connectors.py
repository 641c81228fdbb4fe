"""The packaged sources of CRM and billing connectors against made-up tables with the traps of the real ones.

`<connector>/TRAPS.csv` says what is wrong with a row and what must come of it; `cases.yaml` gives each its answer: what
`known` says at some moments, or why a source cannot have one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmart.features.checking import check_project
from leadmart.features.project import Project, read_settings
from leadmart.features.raw.load import load
from leadmart.features.raw.snapshot import snapshot
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.stage import stage
from leadmart.features.warehouse import Warehouse, open_for_writing

HERE = Path(__file__).parent
CONNECTORS = ("hubspot", "rudderstack", "salesforce", "segment", "stripe")
LOADED = datetime(2024, 6, 5)
CASES = {
    name: yaml.safe_load((HERE / name / "cases.yaml").read_text(encoding="utf-8"))
    for name in CONNECTORS
    if (HERE / name / "cases.yaml").is_file()
}


@pytest.fixture(scope="session", params=CONNECTORS)
def connector(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Session]]:
    """Per connector, a session over its tables, loaded at one moment and looked at once."""
    opened: list[Warehouse] = []
    found = {}
    for name in CONNECTORS:
        root = tmp_path_factory.mktemp(name)
        text = (HERE / name / "leadmart.toml").read_text(encoding="utf-8")
        (root / "leadmart.toml").write_text(text, encoding="utf-8")
        warehouse = open_for_writing(Project(root, read_settings(root / "leadmart.toml")))
        opened.append(warehouse)
        registry = Registry(warehouse.project)
        for file in tables(name):
            load(warehouse, registry, f"{name}_{file.stem}", [file], loaded_at=LOADED)
        for file in sorted((HERE / name / "crm").glob("*.csv")):  # the leads that events are linked to
            load(warehouse, registry, file.stem, [file], loaded_at=LOADED)
        snapshot(warehouse)
        session = Session(warehouse, registry)
        names = sorted({d.name for d in registry.all("source") if d.connector == name})
        assert set(names) <= session.present, set(names) - session.present
        stage(warehouse, registry, names, session.present)
        session.want([LOADED])
        for source in names:
            warehouse.execute(
                f"CREATE VIEW known.{source} AS SELECT s.*, w.as_of FROM staging.{source} AS s "
                "JOIN wanted AS w ON s.occurred_at < w.as_of AND s.ingested_at <= w.as_of"
            )
        found[name] = session
    yield found
    for warehouse in opened:
        warehouse.close()


def tables(name: str) -> list[Path]:
    return sorted(file for file in (HERE / name).glob("*.csv") if file.stem != "TRAPS")


def traps(name: str) -> set[str]:
    with (HERE / name / "TRAPS.csv").open(encoding="utf-8", newline="") as file:
        return {f"{row['table']} | {row['row']}" for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("name", "trap"), [(name, trap) for name, cases in CASES.items() for trap in cases], ids=lambda words: str(words)
)
def test_a_trap_has_its_answer(name: str, trap: str, sessions: dict[str, Session]) -> None:
    session = sessions[name]
    for answer in CASES[name][trap]:
        if "unmet" in answer:
            assert answer["unmet"].strip()
            continue
        for moment, expected in answer["at"].items():
            session.want([datetime.fromisoformat(str(moment))])
            rows = session.warehouse.rows(answer["sql"])
            found = [[plain(value, name) for value in row] for row in rows]
            assert found == [[plain(value) for value in row] for row in expected], moment


def plain(value: Any, prefix: str = "") -> Any:
    """A value as the cases write it: ids without the connector, numbers and moments by their text."""
    return value if value is None or isinstance(value, bool) else str(value).removeprefix(f"{prefix}:")


def test_every_trap_has_an_answer_or_a_reason(connector: str, capsys: pytest.CaptureFixture[str]) -> None:
    cases = CASES[connector]
    assert set(cases) == traps(connector)
    unmet = {trap: answer["unmet"] for trap, answers in cases.items() for answer in answers if "unmet" in answer}
    with capsys.disabled():
        print(f"\n{connector}: {len(cases) - len(unmet)} of {len(cases)} traps answered, {len(unmet)} unmet")


def test_every_source_is_proven(connector: str, sessions: dict[str, Session]) -> None:
    findings, count = check_project(sessions[connector].registry.project)
    assert [f.error.render() for f in findings] == []
    assert count > 30


def test_ids_tell_their_connector_and_clocks_are_there(connector: str, sessions: dict[str, Session]) -> None:
    session = sessions[connector]
    for definition in session.registry.all("source"):
        if definition.connector != connector:
            continue
        key = definition.source_key[0]
        ((rows, unlike),) = session.warehouse.rows(
            f"SELECT COUNT(*), COUNT(*) FILTER (WHERE {key} NOT LIKE '{connector}:%') FROM staging.{definition.name}"
        )
        assert rows, definition.name
        assert unlike == 0, definition.name
