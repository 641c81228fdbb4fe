"""The card says what the report says, draws it, and reaches for nothing outside itself."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest

from leadmart.features.errors import LeadmartError
from leadmart.scoring.card import sections
from leadmart.scoring.card.card import Source, card
from leadmart.scoring.card.write import refuse_unwritable

REPORT = json.loads((Path(__file__).parent / "report.json").read_text())
SOURCES = [Source("web_engagement@v1", "feature", "How a lead browses.", "SELECT 1 < 2 AS x -- </script><b>&")]
TITLES = [
    "What it predicts, and for whom", "Does it put the right leads first?", "When it says 20 %, is it one in five?",
    "If sales can work so many leads a week", "Was it luck?", "What it looks at", "How long does it take?",
    "Where it is weaker", "What it cannot do", "Versions and definitions",
]  # fmt: skip


@pytest.fixture(scope="module")
def page() -> str:
    return card(REPORT, SOURCES, "a company")


def _body(page: str) -> str:
    """The page without the drawing library, which is its first plain script."""
    return re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def _specs(page: str) -> dict[str, dict[str, object]]:
    found = re.findall(r'<script type="application/json" data-chart="(\w+)">(.*?)</script>', page, flags=re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def test_every_part_of_the_report_has_its_section(page):
    assert re.findall(r"<h2>(.*?)</h2>", _body(page)) == TITLES


def test_the_page_names_every_version_behind_its_figures(page):
    versions = _body(page).rpartition("<h2>Versions and definitions</h2>")[2]
    for name in ("model_version", "feature_set_version", "label_version", "policy_version"):
        assert REPORT[name] in versions
    assert "lightgbm 4.7.0" in versions


def test_the_page_reaches_for_nothing(page):
    assert not re.findall(r"(?:src|href|action)\s*=|@import|url\(", _body(page))
    assert "https://vega.github.io" not in json.dumps(_specs(page))


def test_what_comes_from_data_is_no_markup():
    report = copy.deepcopy(REPORT)
    report["notes"] = ["<img src=x onerror=alert(1)>"]
    report["importance"][0]["group"] = "</script><script>alert(1)</script>"
    page = card(report, SOURCES, '"><script>alert(2)</script>')
    assert "alert(1)</script>" not in page
    assert "alert(2)</script>" not in page
    assert "<img" not in _body(page)
    assert "&lt;/script&gt;&lt;b&gt;&amp;" in page
    assert _specs(page)["importance"]


def test_vega_draws_every_chart(page):
    import vl_convert

    specs = _specs(page)
    assert set(specs) == {"lift", "calibration", "capacity", "folds", "importance", "waiting"}
    for name, spec in specs.items():
        drawn = vl_convert.vegalite_to_svg({**spec, "width": 600})
        assert drawn.count("<path") > 5, name
        assert "NaN" not in drawn, name


def test_a_figure_that_does_not_exist_is_not_shown():
    report = copy.deepcopy(REPORT)
    report["metrics"]["lift_top_decile"] = {"value": None, "low": None, "high": None, "reason": "no outcome"}
    report["evaluation"] = {}
    report["horizon"] = None
    page = card(report, SOURCES, "a company")
    assert "too few outcomes to say how good it is" in page
    assert "None" not in _body(page)
    assert "nan" not in _body(page).lower().replace("nance", "")


def test_without_a_model_the_card_says_why():
    report = copy.deepcopy(REPORT) | {"model_version": "rules", "tier": "rules"}
    report["notes"] = ["the rules alone score: 12 positive and 900 negative matured leads; a model wants 100 of each"]
    report["metrics"] = {"base_rate": REPORT["metrics"]["base_rate"]}
    for key in ("candidates", "calibration", "evaluation", "importance"):
        report[key] = None
    page = card(report, SOURCES, "a company")
    assert "The rules alone score: 12 positive" in page
    assert "It learned from" not in page
    assert "the chance" in page


def test_the_verdict_is_the_lift_in_heads():
    lift, base = REPORT["metrics"]["lift_top_decile"]["value"], REPORT["metrics"]["base_rate"]["value"]
    assert f"into its top tenth {100 * lift * base:.0f} were followed" in sections.head(REPORT, "x")


def test_chances_that_were_rejected_are_said_to_be_too_high_or_too_low():
    report = copy.deepcopy(REPORT)
    base = report["metrics"]["base_rate"]["value"]
    for ratio, word in ((1.5, "high"), (0.5, "low")):
        for each in report["calibration"]["acceptance"]:
            each.update({"rejected": each["name"] == "ratio"} | ({"value": ratio} if each["name"] == "ratio" else {}))
        said = f"They are too {word}: on average {100 * ratio * base:.{1 if ratio * base < 0.1 else 0}f} % were said"
        assert said in card(report, SOURCES, "a company")


def test_a_card_that_cannot_be_written_is_refused_before_anything_is_learned(tmp_path):
    for file in (tmp_path, tmp_path / "nowhere" / "card.html"):
        with pytest.raises(LeadmartError) as caught:
            refuse_unwritable(file)
        assert caught.value.code == "no_such_folder"
    refuse_unwritable(tmp_path / "card.html")
    assert list(tmp_path.iterdir()) == []
