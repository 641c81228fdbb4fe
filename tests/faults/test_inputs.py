"""Files as others write them: their rows to the letter, or a named error and nothing loaded."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from leadmart.features.errors import LeadmartError
from leadmart.features.raw.load import load
from leadmart.features.raw.tables import raw_tables
from leadmart.features.registry import Registry
from leadmart.features.scaffold import init
from leadmart.features.warehouse import Warehouse, open_for_writing

CASES = yaml.safe_load((Path(__file__).parent / "inputs.yaml").read_text(encoding="utf-8"))


def write(file: Path, case: dict[str, Any]) -> None:
    """Writes the file that a case describes."""
    if "parquet" in case:
        duckdb.sql(f"COPY ({case['parquet']}) TO '{str(file).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
    elif "arrow" in case:
        from pyarrow import Table, array, parquet

        names, values = zip(*case["arrow"], strict=True)
        parquet.write_table(Table.from_arrays([array([value]) for value in values], names=names), file)
    else:
        text = str(case.get("text", case.get("bytes"))).replace("REPEAT", long(case))
        file.write_bytes(text.encode("latin-1" if "bytes" in case else case.get("encoding", "utf-8")))
    content = file.read_bytes()
    if case.get("gzip"):
        content = gzip.compress(content, mtime=0)
    if case.get("gzip") == "damaged":
        content = content[:-8] + b"\0" * 8
    file.write_bytes(content[: int(len(content) * case.get("cut", 1))])


def long(case: dict[str, Any]) -> str:
    text, times = case.get("repeat", ["", 0])
    return str(text) * int(times)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Registry]]:
    """One project, in a folder named as people name folders, open for all cases."""
    made = init(tmp_path_factory.mktemp("inputs") / "it's [mine] * ü😀; DROP TABLE")
    with open_for_writing(made) as warehouse:
        yield warehouse, Registry(made)


@pytest.mark.parametrize("name", CASES)
def test_a_file_gives_its_rows_or_a_named_error(name: str, project: tuple[Warehouse, Registry], tmp_path: Path) -> None:
    warehouse, registry = project
    case, file, table = CASES[name], tmp_path / name, f"t_{list(CASES).index(name)}"
    write(file, case)
    if "says" not in case:
        load(warehouse, registry, table, [file], loaded_at=datetime(2026, 3, 1))
        relation = f"(SELECT * EXCLUDE (_loaded_at) FROM {raw_tables(warehouse)[table]})"
        types = {c: kind for c, kind in warehouse.columns(f"FROM {relation}") if kind != "VARCHAR"}
        assert types == case.get("types", {})
        wanted = [{c: long(case) if v == "REPEAT" else v for c, v in row.items()} for row in case["rows"]]
        # as text, so that NaN equals itself
        assert list(map(repr, rows_of(warehouse, relation))) == list(map(repr, wanted))
        return
    before = files_of(warehouse)
    with pytest.raises(LeadmartError) as refused:
        load(warehouse, registry, table, [file], loaded_at=datetime(2026, 3, 1))
    assert refused.value.code == "unreadable_file"
    assert case["says"] in refused.value.message
    assert str(refused.value.place).startswith(str(file))
    assert refused.value.hint.endswith("nothing was loaded")
    assert (files_of(warehouse), table in raw_tables(warehouse)) == (before, False)


def test_the_command_loads_beside_what_it_refuses(here: Any, tmp_path: Path) -> None:
    folder = tmp_path / "it's [mine] * ü😀; DROP TABLE"
    assert here("init", folder).code == 0
    for name in ("sql.csv", "cut.csv.gz", "long-integer.jsonl"):
        write(tmp_path / name, CASES[name])
    found = here("load", "odd", tmp_path / "sql.csv", tmp_path / "cut.csv.gz", "--project", folder, "--json")
    assert (found.code, found.document["error"]["code"]) == (1, "unreadable_file")
    found = here("load", "odd", tmp_path / "sql.csv", tmp_path / "long-integer.jsonl", "--project", folder, "--json")
    assert (found.code, found.document["rows"]) == (0, 3)
    audited = here("audit", "odd", "--project", folder, "--json").document[0]
    assert (audited["rows"], [c["name"] for c in audited["columns"]][1:3]) == (3, ["'; DROP TABLE x; --", 'a"b'])


def test_a_folder_that_duckdb_cannot_write_in_is_refused(here: Any, tmp_path: Path) -> None:
    found = here("init", tmp_path / "why?", "--json")
    assert (found.code, found.document["error"]["code"]) == (1, "bad_folder")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_may_have_quotes_and_brackets_in_its_name(here: Any, tmp_path: Path) -> None:
    folder = tmp_path / "o'b [g]*"
    small = ("--demo", "--leads", "20", "--days", "60", "--until", "2026-03-02")
    assert here("init", folder, *small).code == 0
    assert here("run", "--project", folder).code == 0
    for words in (("show", "scores"), ("show", "features"), ("sql", "SELECT COUNT(*) AS n FROM scores.latest")):
        answer = here(*words, "--project", folder, "--json")
        assert (answer.code, len(answer.document) > 0) == (0, True), words


def rows_of(warehouse: Warehouse, relation: str) -> list[dict[str, Any]]:
    names = [c for c, _ in warehouse.columns(f"FROM {relation}")]
    rows = warehouse.rows(f"FROM {relation}")
    return [
        {c: float(v) if type(v).__name__ == "Decimal" else v for c, v in zip(names, row, strict=True)} for row in rows
    ]


def files_of(warehouse: Warehouse) -> set[Path]:
    return {path for part in ("raw", "tmp") for path in (warehouse.project.warehouse / part).rglob("*.parquet")}
