"""X3: the packaged words fit the packaged features, one template each, and say nothing a number could contradict."""

from __future__ import annotations

import re
from pathlib import Path

from leadmart.features.project import Project, Settings
from leadmart.features.protected import is_unspoken
from leadmart.features.registry import Registry
from leadmart.scoring.reason_templates import VALUE, read_templates

SQL = Path(__file__).parents[2] / "sql"
TEMPLATES = read_templates((SQL / "reference" / "reasons.csv").read_text(encoding="utf-8"))


def packaged_columns(folder: Path) -> set[str]:
    """Every column of every packaged feature view, in its newest version and all before."""
    registry = Registry(Project(folder, Settings()))
    found = set()
    for file in sorted((SQL / "features").glob("*/v*.sql")):
        view = registry.get("feature", f"{file.parent.name}@{file.stem}")
        found |= {column.name for column in view.columns if column.name not in (view.key, "as_of")}
    return found


def test_x3_every_packaged_feature_has_a_template_with_its_value_and_words_where_it_is_missing(tmp_path: Path) -> None:
    """X3: none lacks one, none is left over."""
    columns = packaged_columns(tmp_path)
    assert len(columns) > 30
    assert set(TEMPLATES.by_column) == columns
    for row in TEMPLATES.rows:
        assert VALUE in row.template, row.column
        assert row.missing_template, row.column


def test_x3_x5_the_words_name_no_protected_field_and_no_direction() -> None:
    """X3, X5: the same words are true of what lifts and of what pulls down."""
    directed = re.compile(
        r"\b(rais|increas|decreas|lift|lower|high|good|bad|strong|weak|boost|because|only|too)\w*", re.I
    )
    for row in TEMPLATES.rows:
        assert not is_unspoken(row.column)
        for words in (row.template, row.missing_template):
            assert not directed.search(words), words
            assert not re.search(r"consent|gender|ethnic|religio|nationality|postcode", words, re.I), words


def test_x2_windows_of_one_thing_share_a_group_and_a_group_stands_under_one_heading() -> None:
    """X2: a column with another window is in the group of its fellows; `explain` shows a group once."""
    by_thing: dict[str, set[str]] = {}
    by_group: dict[str, set[str]] = {}
    for row in TEMPLATES.rows:
        by_thing.setdefault(re.sub(r"_\d+d$", "", row.column), set()).add(row.group)
        by_group.setdefault(row.group, set()).add(row.section)
    assert sum(len(groups) for groups in by_thing.values()) == len(by_thing)
    assert {len(sections) for sections in by_group.values()} == {1}
    assert set().union(*by_group.values()) == {"fit", "behaviour", "intent"}
