"""What reaches the model: the views that leadmart.toml names, or the columns that it lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import feature_columns, model_columns, told_columns
from leadmart.features.model_columns import width_words
from leadmart.features.plan import Selection, select
from leadmart.features.project import find_project
from leadmart.features.registry import Registry

BEHIND_PATTERNS = {
    "surge", "account_activity", "buying_patterns", "form_depth", "web_depth", "non_buying_patterns",
}  # fmt: skip


def selection_of(
    root: Path, views: str = '"lead_profile@v1", "web_engagement@v1"', gates: str = "", train: str = ""
) -> Selection:
    (root / "leadmart.toml").write_text(
        f"[features]\nviews = [{views}]\n[scoring]\ngates = [{gates}]\n[train]\n{train}\n", encoding="utf-8"
    )
    return select(Registry(find_project(root)), frozenset(["leads", "web_events"]))


def test_35_views_that_only_gates_read_are_computed_and_do_not_reach_the_model(tmp_path: Path) -> None:
    """#35, K9: the gate reads eight views; the two that the project names reach the model, alone."""
    plain = selection_of(tmp_path)
    gated = selection_of(tmp_path, gates='"patterns@v1"')
    assert {view.name for view in gated.views} == {"lead_profile", "web_engagement"}
    assert {view.name for view in gated.rule_views} == BEHIND_PATTERNS
    assert {view.name for view in gated.definitions} >= BEHIND_PATTERNS
    assert model_columns(gated) == model_columns(plain)
    assert feature_columns(gated, "feature") == feature_columns(plain, "feature")
    told = {column.name: column.in_model for column in told_columns(gated)}
    assert told["is_concentrated"] is False
    assert told["has_web_events"] is True
    assert "shows_buying_patterns" not in told
    assert [d.relation for d in gated.definitions].index("features.surge__v1") < [
        d.relation for d in gated.definitions
    ].index("gates.patterns__v1")


def test_35_a_view_that_is_named_reaches_the_model_whichever_gate_reads_it(tmp_path: Path) -> None:
    """#35: named under [features] views, a pattern and what it reads are features, with the gate or without."""
    named = '"lead_profile@v1", "buying_patterns@v1"'
    gated = selection_of(tmp_path, named, gates='"patterns@v1"')
    assert model_columns(gated) == model_columns(selection_of(tmp_path, named))
    assert "is_concentrated" in {column.name for column in model_columns(gated)}
    assert {view.name for view in gated.rule_views} == {
        "form_depth", "web_depth", "web_engagement", "non_buying_patterns"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("present", "sources", "expected"),
    [
        (["leads"], "", {"ext_intent"}),
        (["leads", "ext_intent"], "", set()),
        (["leads", "accounts"], 'have = ["leads", "accounts"]', {"ext_intent", "web_events"}),
        (
            ["leads"],
            'connectors = ["segment", "plain"]\nwithout = ["segment/web_events"]',
            {"ext_intent", "web_events"},
        ),
    ],
    ids=["never had", "had", "have", "without"],
)
def test_75_what_a_project_does_without_is_no_gap_in_what_is_known(
    present: list[str], sources: str, expected: set[str], tmp_path: Path
) -> None:
    """#75: optional sources that are not there, and what the project says it lacks, are not graded; others are."""
    views = '"lead_profile@v1", "web_engagement@v1", "intent@v1"'
    (tmp_path / "leadmart.toml").write_text(f"[features]\nviews = [{views}]\n[sources]\n{sources}\n", encoding="utf-8")
    selection = select(Registry(find_project(tmp_path)), frozenset(present), prove=False)
    columns = feature_columns(selection, "feature")
    assert {c.name.removeprefix("has_") for c in columns if c.is_history and c.is_done_without} == expected
    graded = {c.view for c in columns if c.is_graded and not c.is_history}
    of = {"web_engagement@v1": "web_events", "intent@v1": "ext_intent"}
    assert graded == {"lead_profile@v1", *(view for view, source in of.items() if source not in expected)}


def test_114_columns_that_are_listed_reach_the_model_alone(tmp_path: Path) -> None:
    """#114, P6: the list names them by themselves or by their view, and is a feature set of its own."""
    listed = 'columns = ["seniority", "web_engagement.pricing_views_30d"]'
    found = selection_of(tmp_path, train=listed)
    assert [c.name for c in model_columns(found) if not c.is_history] == ["seniority", "pricing_views_30d"]
    assert [c.name for c in model_columns(found) if c.is_history] == ["has_leads", "has_web_events"]
    assert len(feature_columns(found, "feature")) > 14
    versions = {
        selection_of(tmp_path, train=text).feature_set_version
        for text in ("", listed, listed.replace("web_engagement.", ""), 'columns = ["seniority"]')
    }
    assert len(versions) == 3
    only_leads = selection_of(tmp_path, train='columns = ["seniority"]')
    assert [c.name for c in model_columns(only_leads)] == ["seniority", "has_leads"]


def test_114_a_name_that_no_view_has_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """#114: also a column of a view that only a gate reads; all at once, at their lines."""
    listed = 'columns = ["seniorty", "surge.surge_ratio", "web_engagement.seniority"]'
    with pytest.raises(LeadmartError) as raised:
        selection_of(tmp_path, gates='"patterns@v1"', train=listed)
    every = [raised.value, *raised.value.others]
    assert [error.code for error in every] == ["unknown_column"] * 3
    assert "did you mean seniority" in every[0].hint
    assert every[0].place is not None
    assert every[0].place.line == 6
    with pytest.raises(LeadmartError, match="columns"):
        selection_of(tmp_path, train='columns = ["Seniority!"]')


def test_114_what_is_left_out_may_be_a_protected_trait(tmp_path: Path) -> None:
    """#114, F3: a column that does not reach the model is none of its inputs; listed, it is refused."""
    view = tmp_path / "sql" / "features" / "person_name" / "v1.sql"
    view.parent.mkdir(parents=True)
    view.write_text(
        "-- entity: lead (lead_id)\n-- owner:  growth\nSELECT\n    spine.lead_id,\n    spine.as_of,\n"
        "    MAX(l.full_name) AS full_name, -- name\n    COUNT(l.email) AS emails -- addresses\nFROM spine\n"
        "LEFT JOIN known.leads AS l\n    ON  l.lead_id = spine.lead_id\n    AND l.as_of = spine.as_of\n"
        "GROUP BY spine.lead_id, spine.as_of\n",
        encoding="utf-8",
    )
    views = '"lead_profile@v1", "person_name@v1"'
    with pytest.raises(LeadmartError) as raised:
        selection_of(tmp_path, views)
    assert raised.value.code == "protected_input"
    assert selection_of(tmp_path, views, train='columns = ["seniority", "emails"]').columns == {"seniority", "emails"}


def test_35_few_and_many_columns_are_said_and_listing_them_is_an_answer(tmp_path: Path) -> None:
    """#35: 20 to 40 columns are usual; the warning is gone once the columns are listed."""
    (few,) = width_words(selection_of(tmp_path))
    assert few.startswith("14 columns reach the model")
    assert width_words(selection_of(tmp_path, gates='"patterns@v1"')) == [few]
    assert width_words(selection_of(tmp_path, train='columns = ["seniority"]')) == []
    usual = '"lead_profile@v1", "web_engagement@v1", "web_depth@v1"'
    assert width_words(selection_of(tmp_path, usual)) == []
    (many,) = width_words(selection_of(tmp_path, f'{usual}, "buying_patterns@v1", "trial_depth@v1"'))
    assert "more are hard to explain" in many
    assert width_words(selection_of(tmp_path, "")) == []
