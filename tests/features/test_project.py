"""leadmart.toml and where a project is found: the cases are in settings.yaml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import leadmart.features.project as module
from leadmart.features.errors import LeadmartError
from leadmart.features.project import Settings, find_project, read_settings

CASES = yaml.safe_load((Path(__file__).parent / "settings.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_settings_are_read_or_refused_with_their_line(case: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "leadmart.toml"
    file.write_text(case["toml"], encoding="utf-8")
    if "error" not in case and "code" not in case:
        assert isinstance(read_settings(file), Settings)
        return
    with pytest.raises(LeadmartError) as refused:
        read_settings(file)
    assert refused.value.code == case.get("code", "bad_settings")
    if "error" in case:
        assert refused.value.render().replace(str(file), "FILE") == case["error"].rstrip()


def test_a_project_is_found_from_a_folder_below_it(tmp_path: Path) -> None:
    (tmp_path / "leadmart.toml").write_text('[project]\nname = "here"\n')
    inner = tmp_path / "sql" / "features"
    inner.mkdir(parents=True)
    assert find_project(inner).root == tmp_path.resolve()
    assert find_project(inner).settings.project.name == "here"


def test_no_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(LeadmartError) as refused:
        find_project(tmp_path)
    assert refused.value.code == "no_project"
    assert "leadmart init" in refused.value.hint


def test_the_template_of_init_is_valid_and_says_the_defaults() -> None:
    text = (Path(module.__file__).parent / "template.toml").read_text(encoding="utf-8")
    said = Settings.model_validate(tomllib.loads(text.replace("{name}", "leadmart")))
    for section in ("clock", "raw", "sources", "engine", "retention"):
        assert getattr(said, section) == getattr(Settings(), section)
    # directions are declared for the packaged columns, which count only where their views are listed too
    assert said.train.model_copy(update={"monotone": {}}) == Settings().train
    assert said.scoring.model_dump(exclude={"gates"}) == Settings().scoring.model_dump(exclude={"gates"})
