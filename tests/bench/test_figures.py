"""The arithmetic of benchmarks, and the page it ends on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import record
from bench.figures import Spread, exponent, ratio, spread
from bench.page import PAGE, TEXT, met, page_text, table
from bench.record import Result, Target
from bench.timing import Command, Cost, FailedError, Side, alternate, time_command

QUIET = {"processor": "a made-up one, 2 cores", "memory": "8 GiB"}


def result(case: str = "features / by hand", size: int = 1_000_000, **named: object) -> Result:
    given = {
        "comparison": "refresh", "case": case, "size": size, "unit": "events", "subject": "leadmart run",
        "seconds": (2.0, 1.0, 4.0), "rival": "one script", "rival_seconds": (1.0, 2.0, 1.0), "at": "2026-03-02 01:00",
        "load": "quiet (load 0.1)", "code": "c0de", "commit": "abc1234", "machine": QUIET,
    }  # fmt: skip
    return Result(**{**given, **named})


def test_a_spread_is_minimum_median_and_maximum() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_a_ratio_is_of_medians_between_the_ratios_of_neighbours() -> None:
    assert ratio([2.0, 4.0, 6.0], [1.0, 4.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="no pairs"):
        ratio([1.0], [1.0, 2.0])


def test_the_exponent_is_the_slope_between_logarithms() -> None:
    assert exponent([(10, 1.0), (100, 10.0), (1000, 100.0)]) == pytest.approx(1.0)
    assert exponent([(10, 5.0), (1000, 5.0)]) == pytest.approx(0.0)
    assert exponent([(10, 1.0), (1000, 10.0)]) == pytest.approx(0.5)
    assert exponent([(10, 1.0)]) is None


def test_both_sides_are_measured_in_turn_after_a_round_that_does_not_count() -> None:
    said: list[str] = []

    def side(name: str) -> Side:
        def run() -> Cost:
            said.append(name)
            return Cost(len(said))

        return Side(name, run, lambda: said.append("reset"))

    ours, theirs = alternate([side("A"), side("B")], 2)
    assert said == ["reset", "A", "reset", "B"] * 3
    assert [cost.seconds for cost in ours] == [6, 10]
    assert [cost.seconds for cost in theirs] == [8, 12]


def test_a_process_that_fails_is_no_measurement() -> None:
    cost, told = time_command(Command(("sh", "-c", "echo 3")))
    assert told == "3\n"
    assert cost.seconds > 0
    assert cost.memory > 0
    with pytest.raises(FailedError, match="out of wax"):
        time_command(Command(("sh", "-c", "echo out of wax >&2; exit 3")))


def test_results_are_kept_and_the_newest_of_a_comparison_counts(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    assert record.read(file) == []
    first, other, second = result(), result(size=10_000_000), result(seconds=(9.0, 9.0, 9.0), code="later")
    for each in (first, other, second):
        record.append(each, file)
    found = record.read(file)
    assert found == [second, other]
    assert record.measured(found, "c0de") == {other.key}


def test_a_target_is_met_or_missed_by_the_median() -> None:
    assert met(result(target=Target(ratio=2.0))) == "≤ 2: met"
    assert met(result(target=Target(ratio=1.25, seconds=2.0))) == "≤ 1.25: missed; ≤ 2 s: met"
    assert met(result(rival_seconds=(), target=Target(ratio=1.25))) == "≤ 1.25: not measured"
    assert met(result()) == ""


def test_the_page_has_a_table_for_each_comparison(golden: Callable[[str, str], None]) -> None:
    results = [
        result(size=10_000_000, seconds=(10.0, 12.0, 11.0), rival_seconds=(10.0, 10.0, 10.0), note="9,999,999 events"),
        result(cpu=(1.5, 1.5, 1.5), rival_cpu=(1.0, 1.0, 1.0), memory=300_000_000, rival_memory=100_000_000),
        result("one view / Feast", comparison="frame", rival_seconds=(), target=Target(ratio=1.0),
               not_measured="feast==0 could not be installed (no network)"),
    ]  # fmt: skip
    text = "# Page\n\n<!-- table: refresh -->\n\n<!-- table: frame -->\n\n<!-- table: scores -->\n\n<!-- machine -->\n"
    golden(page_text(text, results), "page.md")


def test_each_result_of_a_table_has_its_row() -> None:
    lines = table([result(), result(size=2_000_000)])
    assert sum(line.startswith("| features / by hand ") for line in lines) == 2


def test_the_committed_page_says_what_its_text_says() -> None:
    """Only the tables and the machine differ from `bench/page.md`: each line of it stands there, in order."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    position = 0
    for line in TEXT.read_text(encoding="utf-8").splitlines():
        assert line in lines[position:], f"run `python -m bench --page`: {line!r} is not in docs/benchmarks.md"
        position = lines.index(line, position) + 1


def test_the_page_names_every_comparison_and_every_setting_of_make() -> None:
    from bench.__main__ import comparisons

    text = TEXT.read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- table: (\w+) -->", text)) == set(comparisons())
    makefile = (TEXT.parents[1] / "Makefile").read_text(encoding="utf-8")
    for name in set(re.findall(r"BENCH_\w+", text)):
        assert name in makefile
