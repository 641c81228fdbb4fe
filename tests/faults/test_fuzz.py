"""Whatever a person writes gives what it says or a named error: definitions, settings, files to load.

Few examples each, always the same; `python -m tests.faults.fuzz` tries more, and says which seed to try again here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leadmart.features.registry import FOLDERS, Registry
from leadmart.features.scaffold import init
from leadmart.features.warehouse import Warehouse, open_for_writing
from tests.faults import fuzz

few = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
seeds = st.integers(0, 2**32).map(random.Random)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Registry]]:
    made = init(tmp_path_factory.mktemp("fuzz") / "project")
    with open_for_writing(made) as warehouse:
        yield warehouse, Registry(made)


@few
@given(chance=seeds)
def test_a_definition_with_changed_tokens_is_proven_or_refused(
    chance: random.Random, project: tuple[Warehouse, Registry]
) -> None:
    kind, text = fuzz.definition_text(chance)
    assert fuzz.try_definition(kind, text, project[1])


@few
@given(kind=st.sampled_from(sorted(set(FOLDERS.values()))), text=st.text())
@example(kind="feature", text="(" * 5000)
@example(kind="feature", text="SELECT '")
@example(kind="source", text="/*")
@example(kind="link", text="-- entity: lead (lead_id)\nSELECT 1; SELECT 2")
@example(kind="spine", text="\0")
def test_any_text_is_a_definition_or_refused(kind: str, text: str, project: tuple[Warehouse, Registry]) -> None:
    assert fuzz.try_definition(kind, text, project[1]) != "proven"


@few
@given(chance=seeds)
def test_settings_with_changed_lines_are_read_or_refused(chance: random.Random, tmp_path: Path) -> None:
    assert fuzz.try_settings(fuzz.settings_text(chance), tmp_path / "leadmart.toml") in ("read", "bad_settings")


@few
@given(text=st.text())
@example(text="[clock]\nevery = '10000000000 days'")
@example(text="a = " + "[" * 5000)
@example(text="\udcff")
def test_any_text_is_settings_or_refused(text: str, tmp_path: Path) -> None:
    assert fuzz.try_settings(text, tmp_path / "leadmart.toml") in ("read", "bad_settings", "not_utf8")


@few
@given(chance=seeds)
def test_a_csv_file_is_read_to_the_letter_or_refused(
    chance: random.Random, project: tuple[Warehouse, Registry], tmp_path: Path
) -> None:
    table = f"t{chance.getrandbits(60)}"
    assert fuzz.try_csv(fuzz.csv_text(chance), *project, tmp_path / "f.csv", table) in ("loaded", "unreadable_file")


@few
@given(chance=seeds)
def test_a_file_with_changed_bytes_is_loaded_or_refused(
    chance: random.Random, project: tuple[Warehouse, Registry], tmp_path: Path
) -> None:
    ending, content = fuzz.file_bytes(chance, tmp_path)
    found = fuzz.try_file(content, *project, tmp_path / f"f{ending}", f"t{chance.getrandbits(60)}")
    assert found in ("loaded", "unreadable_file")
