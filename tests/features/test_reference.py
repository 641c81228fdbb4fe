"""Reference tables that people edit: all that is wrong is told by line, and a header alone is a list of nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from leadmart.features.errors import LeadmartError
from leadmart.features.plan import select
from leadmart.features.project import find_project
from leadmart.features.reference import Reference, tables_like
from leadmart.features.registry import PACKAGE, Registry

PACKAGED = sorted((PACKAGE / "sql" / "reference").glob("*.csv"))


def own(folder: Path, name: str, text: str | bytes) -> Reference:
    path = folder / f"{name}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Reference(name, path, packaged=False)


def described(select: str) -> list[tuple[str, str]]:
    return duckdb.execute(f"DESCRIBE {select}").fetchall()


def told(table: Reference) -> list[tuple[int | None, str]]:
    return [(each.place.line if each.place else None, each.message) for each in table.problems]


@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: path.stem)
def test_a_packaged_table_is_a_good_one_in_a_project_too(path: Path, tmp_path: Path) -> None:
    assert told(own(tmp_path, path.stem, path.read_bytes())) == []


@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: path.stem)
def test_a_header_alone_reads_as_no_rows_of_the_same_types(path: Path, tmp_path: Path) -> None:
    """So that SQL over an emptied list means what it meant, and an emptied table of numbers has numbers."""
    packaged = Reference(path.stem, path, packaged=True)
    emptied = own(tmp_path, path.stem, path.read_text(encoding="utf-8").splitlines()[0] + "\n")
    assert told(emptied) == []
    whole, nothing = ([row[:2] for row in described(each.select)] for each in (packaged, emptied))
    assert [name.lower() for name, _ in nothing] == [name.lower() for name, _ in whole]
    numbers = {"BIGINT", "DOUBLE"}
    assert [kind in numbers for _, kind in nothing] == [kind in numbers for _, kind in whole]
    assert duckdb.execute(emptied.select).fetchall() == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("competitor_domains", "", [(1, "competitor_domains.csv is empty")]),
        ("competitor_domains", b"domain,note\ncaf\xe9.example,x\n", [(2, "competitor_domains.csv is not in UTF-8")]),
        ("free_mail_domains", "host\nx.example\n", [(1, "free_mail_domains.csv lacks domain; its columns are domain")]),
        (
            "seniority_words",
            "word,seniority,priority\nvp,director,high\n,manager,2\n\nchef,chief\nhead,director,1_0\n",
            [
                (2, "priority 'high' is no number"),
                (3, "word is empty"),
                (5, "2 cells where the header has 3"),
                (6, "priority '1_0' is no number"),
            ],
        ),
        ("seniority_words", "Priority,WORD,seniority,mine\n3,vp,director,\n", []),
        (
            "seniority_words",
            "word,seniority,priority\nvp,Director,3\nchef,bozz,1\n",
            [(2, "seniority 'Director' is unknown in that case")],
        ),
        ("competitor_domains", "domain,note\na.example,x\nb.example,x\na.example,y\n", [(4, "a.example stands twice")]),
        (
            "competitor_domains",
            "domain;note\na.example;x\n",
            [(1, "competitor_domains.csv has semicolons between its cells")],
        ),
        (
            "competitor_domains",
            "domain,note\n".encode("utf-16"),
            [(1, "competitor_domains.csv is in UTF-16, not in UTF-8")],
        ),
        ("a_table_of_my_own", "domain\na.example\na.example\n", []),
        ("a_table_of_my_own", "", []),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    name: str, text: str | bytes, expected: list[tuple[int, str]], tmp_path: Path
) -> None:
    assert told(own(tmp_path, name, text)) == expected


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("https://www.x.example/", "write x.example"),
        ("@foo.example", "write foo.example"),
        ("Upper.Example", "write upper.example"),
        (" x.example", "write x.example"),
        ("x", "write it as acme.example: no address, no spaces, no capitals"),
        ("x .example", "write it as acme.example: no address, no spaces, no capitals"),
    ],
)
def test_a_cell_that_matches_no_address_is_no_domain(cell: str, hint: str, tmp_path: Path) -> None:
    (problem,) = own(tmp_path, "competitor_domains", f"domain,note\n{cell},x\n").problems
    assert (problem.message, problem.hint) == (f"domain {cell!r} is no bare domain", hint)
    assert str(problem.place).endswith("competitor_domains.csv:2")


def test_the_header_that_is_found_is_told_the_one_that_is_wanted(tmp_path: Path) -> None:
    (problem,) = own(tmp_path, "competitor_domains", "domian,note\nx.example,x\n").problems
    assert problem.hint == "for domian: did you mean domain?"


def test_all_tables_that_a_project_reads_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "leadmart.toml").write_text('[features]\nviews = ["person@v1"]\n[scoring]\ngates = ["icp@v1"]\n')
    folder = tmp_path / "sql" / "reference"
    folder.mkdir(parents=True)
    own(folder, "seniority_words", "word,rank\nvp,1\n")
    own(folder, "competitor_domains", "")
    own(folder, "regions", "")  # nothing here reads it
    with pytest.raises(LeadmartError) as refused:
        select(Registry(find_project(tmp_path)), frozenset(["leads"]))
    problems = [refused.value, *refused.value.others]
    assert [(each.code, Path(each.place.file).name if each.place else "") for each in problems] == [
        ("bad_reference", "competitor_domains.csv"),
        ("bad_reference", "seniority_words.csv"),
    ]


def test_tables_of_one_shape_are_those_with_its_columns(tmp_path: Path) -> None:
    """What `fit = "…"` may name: a hint lists no table of another shape."""
    (tmp_path / "leadmart.toml").write_text("")
    (tmp_path / "sql" / "reference").mkdir(parents=True)
    packaged = (PACKAGE / "sql" / "reference" / "fit_points.csv").read_bytes()
    (tmp_path / "sql" / "reference" / "points_of_mine.csv").write_bytes(packaged)
    registry = Registry(find_project(tmp_path))
    assert tables_like(registry.references(), "fit_points") == ["fit_points", "points_of_mine"]
    with pytest.raises(LeadmartError) as refused:
        registry.reference("nothing_like_it", "fit_points")
    assert refused.value.hint == "known: fit_points, points_of_mine"
