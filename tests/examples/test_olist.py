"""The example on Olist's funnel: a true README, features as by hand, and nothing that comes later in them."""

from __future__ import annotations

import csv
import random
import re
import shlex
import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from leadmart.features.checking import check_project
from leadmart.features.project import find_project
from leadmart.features.registry import Registry

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "olist"
LEADS = "olist_marketing_qualified_leads_dataset.csv"
DEALS = "olist_closed_deals_dataset.csv"
LAST_TRAINED = datetime(2018, 2, 1)
FIRST_TESTED, LAST_TESTED = datetime(2018, 5, 2), datetime(2018, 6, 1)

# What differs from run to run: run ids, seconds, and versions that the libraries' versions are part of.
_MOVING = [(r"\d{8}T\d{6}-[0-9a-f]{6}", "RUN"), (r"\b\d+\.\d s\b", "S s"), (r"\b([mfp])_[0-9a-f]{12}\b", r"\1_VERSION")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example, nothing loaded."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "olist", ignore=shutil.ignore_patterns("warehouse")))


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def first_midnight(lead: dict[str, str]) -> datetime:
    return datetime.fromisoformat(lead["first_contact_date"]) + timedelta(days=1)


def test_every_definition_is_proven_and_packaged_views_over_other_sources_are_left_alone(project: Path) -> None:
    findings, count = check_project(find_project(project))
    assert findings == []
    assert count == len(list((project / "sql").rglob("*.sql")))


def test_closed_deals_are_read_by_the_label_alone_and_give_it_an_id_and_a_date(project: Path) -> None:
    registry = Registry(find_project(project))
    settings = registry.project.settings
    chosen = [registry.get("spine", settings.features.spine)]
    chosen += [registry.get("feature", ref) for ref in settings.features.views]
    chosen += [registry.get("gate", ref) for ref in settings.scoring.gates]
    assert registry.sources_of(chosen) == ("leads",)
    assert registry.sources_of([registry.get("label", settings.train.label)]) == ("deals",)
    (deals,) = registry.source("deals")
    assert [column.name for column in deals.columns] == ["lead_id", "occurred_at", "ingested_at"]


def test_the_refused_columns_have_values_for_winners_only_and_are_all_named(olist_folder: Path) -> None:
    header = (EXAMPLE / "sql" / "sources" / "olist" / "deals.sql").read_text(encoding="utf-8")
    columns = set(rows_of(olist_folder / DEALS)[0]) - {"mql_id", "won_date"}
    assert [name for name in sorted(columns) if not re.search(rf"\b{name}\b", header)] == []
    assert all(deal["won_date"] for deal in rows_of(olist_folder / DEALS))


@pytest.mark.slow
def test_the_readme_is_what_the_commands_print_and_the_model_reaches_066(
    project: Path, olist_folder: Path, leadmart: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    found = re.sub(
        r"(?<=```console\n).*?(?=```)", lambda m: walked(m[0], project, olist_folder, leadmart), text, flags=re.S
    )
    if stable(found) != stable(text) and request.config.getoption("--update-golden"):
        (EXAMPLE / "README.md").write_text(found, encoding="utf-8")
    else:
        assert stable(found).splitlines() == stable(text).splitlines()

    (model,) = leadmart("models", "--json", cwd=project).document
    auc = model["metrics"]["roc_auc"]
    assert model["tier"] == "hybrid"
    assert auc["value"] >= 0.66
    assert auc["low"] < auc["value"] < auc["high"]

    won = {deal["mql_id"]: datetime.fromisoformat(deal["won_date"]) for deal in rows_of(olist_folder / DEALS)}
    at_risk = [
        (first_midnight(lead), won.get(lead["mql_id"]))
        for lead in rows_of(olist_folder / LEADS)
        if not (lead["mql_id"] in won and won[lead["mql_id"]] <= first_midnight(lead))
    ]
    blocks = {block["name"]: block for block in model["blocks"]}
    for name, low, high in (("train", datetime.min, LAST_TRAINED), ("test", FIRST_TESTED, LAST_TESTED)):
        within = [(as_of, at) for as_of, at in at_risk if low <= as_of <= high]
        assert blocks[name]["rows"] == blocks[name]["leads"] == len(within)
        assert blocks[name]["positive_leads"] == sum(
            at is not None and at <= as_of + timedelta(days=90) for as_of, at in within
        )
    assert datetime.fromisoformat(blocks["train"]["last"]) + timedelta(days=90) <= datetime.fromisoformat(
        blocks["test"]["first"]
    )

    shown = leadmart("show", "scores", "--limit", "1000", "--json", cwd=project).document
    assert len(shown) == sum(as_of == LAST_TESTED for as_of, _ in at_risk)
    assert all(row["model_version"] == model["model_version"] and row["p_cal"] is not None for row in shown)


@pytest.mark.slow
def test_features_are_a_plain_computations_and_do_not_change_with_what_comes_later(
    project: Path, tmp_path: Path, olist_folder: Path, leadmart: Callable[..., Any]
) -> None:
    leads = rows_of(olist_folder / LEADS)
    until = datetime(2018, 3, 1)
    chosen = random.Random(1).sample([lead for lead in leads if first_midnight(lead) <= until], 200)
    pairs = tmp_path / "pairs.csv"
    asked = [(lead["mql_id"], first_midnight(lead)) for lead in chosen]
    # leads not known yet, and at an age that the spine leaves out: features answer any pair
    asked += [(lead["mql_id"], first_midnight(lead) - timedelta(days=1)) for lead in chosen[:5]]
    asked += [(lead["mql_id"], min(until, first_midnight(lead) + timedelta(days=40))) for lead in chosen[5:10]]
    pairs.write_text("lead_id,as_of\n" + "".join(f"{lead},{as_of}\n" for lead, as_of in asked), encoding="utf-8")

    answers = []
    for name, kept in (("whole", leads), ("cut", [lead for lead in leads if first_midnight(lead) <= until])):
        folder = Path(shutil.copytree(project, tmp_path / name))
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(leads[0]))
            writer.writeheader()
            writer.writerows(kept)
        steps: list[tuple[object, ...]] = [
            ("load", "marketing_qualified_leads", tmp_path / f"{name}.csv"),
            ("load", "closed_deals", olist_folder / DEALS),
        ]
        steps += [("features", "--spine", pairs, "--out", tmp_path / f"{name}.parquet")]
        for words in steps:
            done = leadmart(*words, "--project", folder)
            assert done.code == 0, done.err
        answers.append(pl.read_parquet(tmp_path / f"{name}.parquet").rows(named=True))
    whole, cut = answers
    assert whole == cut

    by_id = {lead["mql_id"]: lead for lead in leads}
    for row in whole:
        assert row == expected_features(by_id[row["lead_id"]], row["as_of"], leads)


def expected_features(lead: dict[str, str], as_of: datetime, leads: list[dict[str, str]]) -> dict[str, Any]:
    """The slow plain way: a lead is known from the end of its day on."""
    if date.fromisoformat(lead["first_contact_date"]) >= as_of.date():
        lead = dict.fromkeys(lead, "") | {"mql_id": lead["mql_id"]}
    month = [other for other in leads if as_of - timedelta(days=30) < first_midnight(other) <= as_of]
    of_page = [other for other in month if other["landing_page_id"] == lead["landing_page_id"]]
    day = lead["first_contact_date"]
    # the first lead is known from the last microsecond of its day on: 30 days back from here, is there history?
    first = min(first_midnight(other) for other in leads) - timedelta(microseconds=1)
    reaches = as_of - timedelta(days=30) >= first
    return {
        "lead_id": lead["mql_id"],
        "as_of": as_of,
        "origin": lead["origin"] or None,
        "landing_page_id": lead["landing_page_id"] or None,
        "contact_weekday": f"{date.fromisoformat(day):%A}" if day else None,
        "page_lead_share_30d": len(of_page) / len(month) if day and reaches else None,
        "has_leads": reaches,
    }


def walked(block: str, project: Path, olist_folder: Path, leadmart: Callable[..., Any]) -> str:
    """A console block with each command's true output below it."""
    lines = []
    for line in block.splitlines():
        if line.startswith("$ leadmart "):
            words = shlex.split(line.removeprefix("$ leadmart ").replace("$OLIST", str(olist_folder)))
            done = leadmart(*words, cwd=project)
            assert done.code == 0, f"{line}\n{done.out}{done.err}"
            lines += [line, *done.out.rstrip().splitlines()]
    return "\n".join(lines) + "\n"


def stable(text: str) -> str:
    for pattern, words in _MOVING:
        text = re.sub(pattern, words, text)
    return text
