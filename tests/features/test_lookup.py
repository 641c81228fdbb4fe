"""Features at given pairs, and the frame that scoring reads."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmart.features.errors import LeadmartError
from leadmart.features.lookup import scoring_frame
from leadmart.features.pairs import features_for_pairs
from leadmart.features.project import find_project
from leadmart.features.registry import Registry
from leadmart.features.scaffold import init_demo
from leadmart.features.session import Session
from leadmart.features.warehouse import open_for_writing
from tests.features import oracle

HERE = Path(__file__).parent
WriteFile = Callable[[str, Any], Path]
PAIRS = """\
lead_id,as_of
L2,2026-05-31
007,2026-05-20 00:00:00
nobody,2026-05-31
007,2026-05-31T00:00:00Z
L2,2026-05-31
007,2026-05-19 12:00:00
007,2026-05-19 12:00:00.000001
007,2026-05-31 02:00:00+02:00
"""


def looked_up(world: Any, pairs: Path) -> list[dict[str, Any]]:
    session, _ = world.again()
    out = pairs.with_suffix(".out.parquet")
    rows = features_for_pairs(session, pairs, out)
    relation = f"SELECT * FROM read_parquet('{out}')"
    names = [name for name, _ in world.warehouse.columns(relation)]
    found = [dict(zip(names, row, strict=True)) for row in world.warehouse.rows(relation)]
    assert len(found) == rows
    return found


def test_pairs_keep_their_order_and_their_duplicates(world: Any, write_file: WriteFile) -> None:
    found = looked_up(world, write_file("pairs.csv", PAIRS))
    noon = datetime(2026, 5, 19, 12)
    assert [(row["lead_id"], row["as_of"]) for row in found] == [
        ("L2", datetime(2026, 5, 31)),
        ("007", datetime(2026, 5, 20)),
        ("nobody", datetime(2026, 5, 31)),
        ("007", datetime(2026, 5, 31)),
        ("L2", datetime(2026, 5, 31)),
        ("007", noon),
        ("007", noon.replace(microsecond=1)),
        ("007", datetime(2026, 5, 31)),
    ]
    # the page at noon is known one microsecond later
    assert [row["pricing_views_7d"] for row in found] == [1, 1, 0, 0, 1, 0, 1, 0]
    assert [row["industry"] for row in found] == [
        "Software",
        "Retail",
        None,
        "Software",
        "Software",
        "Retail",
        "Retail",
        "Software",
    ]
    assert [row["active_people_30d"] for row in found] == [2, 1, None, 2, 2, 0, 1, 2]


def test_a_lead_nobody_knows_has_counts_of_zero_and_no_ages(world: Any, write_file: WriteFile) -> None:
    (row,) = looked_up(world, write_file("pairs.csv", "lead_id,as_of\nnobody,2026-05-31\n"))
    assert {
        row[name]
        for name in row
        if name.endswith(("7d", "30d", "90d")) and "people" not in name and "account" not in name
    } == {0}
    assert {row[name] for name in ("days_since_last_visit", "lead_age_days", "seniority", "employees")} == {None}


def test_gates_are_no_features(world: Any, write_file: WriteFile) -> None:
    (row,) = looked_up(world, write_file("pairs.csv", "lead_id,as_of\n007,2026-05-31\n"))
    assert not {"is_student", "is_competitor", "account_id"} & row.keys()


def test_pairs_may_be_parquet(world: Any, tmp_path: Path) -> None:
    file = tmp_path / "pairs.parquet"
    world.warehouse.execute(f"COPY (SELECT DATE '2026-05-31' AS as_of, '007' AS lead_id) TO '{file}' (FORMAT parquet)")
    (row,) = looked_up(world, file)
    assert (row["lead_id"], row["as_of"], row["sessions_30d"]) == ("007", datetime(2026, 5, 31), 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lead_id,as_of,converted\n007,2026-05-31,1\n", "has the columns lead_id, as_of, converted"),
        ("lead_id\n007\n", "has the columns lead_id"),
        ("lead,as_of\n007,2026-05-31\n", "has the columns lead, as_of"),
        ("lead_id,as_of\n007,soon\n", "cannot be read as pairs"),
    ],
)
def test_pairs_carry_the_key_and_as_of_and_nothing_else(
    text: str, words: str, world: Any, write_file: WriteFile
) -> None:
    with pytest.raises(LeadmartError) as refused:
        looked_up(world, write_file("pairs.csv", text))
    assert refused.value.code == "bad_pairs"
    assert words in refused.value.message


def test_pairs_that_are_not_there(world: Any, tmp_path: Path) -> None:
    with pytest.raises(LeadmartError) as refused:
        looked_up(world, tmp_path / "gone.csv")
    assert refused.value.code == "no_such_file"


def test_pairs_equal_the_slices(world: Any, write_file: WriteFile) -> None:
    """K9: what is looked up for given pairs is what a run stored for scoring."""
    as_of = datetime(2026, 5, 31)
    world.fill(as_of)
    session, selection = world.again()
    frame = scoring_frame(world.warehouse, session.registry, selection, as_of)
    assert frame.columns[:2] == ["lead_id", "as_of"]
    assert {str(kind) for kind in frame.dtypes} <= {
        "String",
        "Int64",
        "Float64",
        "Boolean",
        "Datetime(time_unit='us', time_zone=None)",
    }
    pairs = "lead_id,as_of\n" + "".join(f"{lead},{as_of}\n" for lead in frame["lead_id"])
    for row, expected in zip(looked_up(world, write_file("pairs.csv", pairs)), frame.to_dicts(), strict=True):
        assert row == {name: expected[name] for name in row}


def test_the_frame_is_not_there_before_the_slices(world: Any) -> None:
    session, selection = world.again()
    with pytest.raises(LeadmartError) as refused:
        scoring_frame(world.warehouse, session.registry, selection, datetime(2026, 5, 31))
    assert refused.value.code == "slice_missing"
    assert "leadmart run --as-of 2026-05-31T00:00:00" in refused.value.hint


# --- ten random pairs of a made-up company, against plain Python ---


def test_ten_random_pairs_equal_plain_python(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    init_demo(root, 120, 200, 7, datetime(2026, 1, 1))
    project = find_project(root)
    lists = oracle.read_lists(Path(oracle.__file__).parent.parent.parent / "sql" / "reference")
    tables = yaml.safe_load((HERE / "staging.yaml").read_text(encoding="utf-8"))
    draw = random.Random(11)
    with open_for_writing(project) as warehouse:
        session = Session(warehouse, Registry(project))
        session.want([datetime(2026, 1, 1)])
        session.prepare(session.registry.all("feature") + session.registry.all("gate") + session.registry.all("label"))
        session.stage_whole(tables)
        sources = {}
        for table in tables:
            relation = f"SELECT * FROM staging.{table}"
            names = [name for name, _ in warehouse.columns(relation)]
            sources[table] = [dict(zip(names, row, strict=True)) for row in warehouse.rows(relation)]
        leads = sorted(sources["leads"], key=lambda row: row["lead_id"])
        file = tmp_path / "pairs.csv"
        with file.open("w", newline="") as lines:
            pairs = csv.writer(lines)
            pairs.writerow(["lead_id", "as_of"])
            for lead in draw.sample(leads, 10):
                days = (datetime(2026, 1, 1) - lead["occurred_at"]).days
                as_of = (
                    datetime(2026, 1, 1)
                    if days < 2
                    else lead["occurred_at"].replace(hour=0, minute=0, second=0, microsecond=0)
                )
                pairs.writerow([lead["lead_id"], as_of + (datetime(2026, 1, 1) - as_of) * draw.random()])
        out = tmp_path / "features.parquet"
        assert features_for_pairs(session, file, out) == 10
        unknown = 0
        names = [name for name, _ in warehouse.columns(f"SELECT * FROM '{out}'")]
        for row in warehouse.rows(f"SELECT * FROM '{out}'"):
            found = dict(zip(names, row, strict=True))
            expected = oracle.stored_row(found["lead_id"], found["as_of"], sources, lists)
            assert found == {**expected, "lead_id": found["lead_id"], "as_of": found["as_of"]}
            unknown += sum(found[name] is None and name.endswith("0d") for name in names)
        assert unknown > 10  # the company is young: some histories do not reach
