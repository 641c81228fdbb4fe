"""leadmart from inside, for what no command does alone; each is run as a process: `python -m bench.inside WHAT …`.

What measures within the process prints one JSON document; its seconds are of both sides in turn.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def features(project: str) -> Any:
    """The stages of a run that fill slices: without quality, future-shuffle and scoring; recorded and published."""
    from leadmart.features.project import find_project
    from leadmart.scoring.pipeline import execute, fill_slices, observe, plan, prove
    from leadmart.scoring.run import Run

    def ask_no_suite(run: Run) -> None:
        run.judge.suites = ()

    return execute(find_project(Path(project)), "run", None, stages=(observe, prove, ask_no_suite, plan, fill_slices))


def load(project: str, *files: str) -> None:
    """Loads files into the tables that their folders name, in one process: what `leadmart load` does for each."""
    from leadmart.features import catalogue
    from leadmart.features.clock import now
    from leadmart.features.project import find_project
    from leadmart.features.raw.load import load as bring_in
    from leadmart.features.registry import Registry
    from leadmart.features.warehouse import open_for_writing

    with open_for_writing(find_project(Path(project))) as warehouse:
        registry = Registry(warehouse.project)
        for file in map(Path, files):
            bring_in(warehouse, registry, file.parent.name, [file], loaded_at=now())
        catalogue.publish(warehouse, registry, None)


def workbench() -> None:
    """Great Expectations imported and ready, and nothing asked."""
    from leadmart.expectations.dialect import workbench as make

    make()


def publishing(project: str) -> None:
    """`features`, with the seconds of the steps that publish."""
    from leadmart.features import catalogue, materialize

    spent: dict[str, float] = {}

    def timed(module: Any, name: str, step: str) -> None:
        inner = getattr(module, name)

        def outer(*given: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return inner(*given, **named)
            finally:
                spent[step] = spent.get(step, 0.0) + time.perf_counter() - started

        setattr(module, name, outer)

    timed(materialize, "keep_files", "keep")
    timed(materialize, "list_slices", "list")
    timed(catalogue, "publish", "publish")
    run = features(project)
    print(json.dumps({**spent, "slices": run.computed}))


def predict(project: str, rows: str, repetitions: str) -> None:
    """The model's probabilities as leadmart makes them, and bare `Booster.predict` on the ready array."""
    import numpy as np

    from leadmart.scoring.models.matrix import to_matrix
    from leadmart.scoring.models.model import predict as ours

    ready = _Scoring(Path(project), int(rows))
    array, booster = to_matrix(ready.frame, ready.model.columns), _booster(ready.model.estimator)
    found = in_turn(
        int(repetitions),
        lambda: ours(ready.model, ready.frame, ready.columns, ready.version),
        lambda: booster.predict(array),
    )
    same = np.array_equal(
        ours(ready.model, ready.frame, ready.columns, ready.version).rows["p_raw"], booster.predict(array)
    )
    _print(found, ready, f"equal: {ready.frame.height:,} probabilities" if same else "differs")


def score(project: str, rows: str, repetitions: str) -> None:
    """Score rows without their reasons, and bare `Booster.predict` on the ready array."""
    import polars as pl

    from leadmart.scoring import assess
    from leadmart.scoring.models.matrix import to_matrix
    from leadmart.scoring.reasons import REASON_COLUMNS

    ready = _Scoring(Path(project), int(rows))
    array, booster = to_matrix(ready.frame, ready.model.columns), _booster(ready.model.estimator)
    nothing = pl.lit(None, dtype=pl.List(pl.String))

    def no_reasons(scored: pl.DataFrame, *_: object) -> pl.DataFrame:
        return scored.with_columns(nothing.alias(name) for name in REASON_COLUMNS).select(REASON_COLUMNS)

    setattr(assess, "_reasons", no_reasons)  # noqa: B010
    found = in_turn(int(repetitions), ready.score_rows, lambda: booster.predict(array))
    by_key = ready.frame.with_columns(pl.Series("p", booster.predict(array))).sort("lead_id", "as_of")
    same = bool((by_key["p"] == ready.score_rows().rows["p_raw"]).all())
    _print(found, ready, f"equal: {ready.frame.height:,} probabilities" if same else "differs")


def reasons(project: str, rows: str, repetitions: str) -> None:
    """Score rows with reasons for all of them, of one row in fifty."""
    ready = _Scoring(Path(project), int(rows) // 50)
    found = in_turn(int(repetitions), lambda: ready.score_rows("all"))
    _print(found, ready, "")


def checks(file: str, repetitions: str) -> None:
    """A suite's verdict, and the same asked in one SELECT."""
    suite, select = _suite(Path(file)), _select(Path(file))
    found = in_turn(int(repetitions), suite, select)
    failing = {each["message"] for each in suite().details}
    held = select()
    same = len(failing) == sum(not value for value in held)
    words = f"equal: {len(held)} answers, {sum(not v for v in held)} of them no"
    print(json.dumps({"subject": found[0], "rival": found[1], "equal": words if same else "differs"}))


def check_once(file: str, side: str) -> None:
    """One asking, by the suite or by the SELECT."""
    (_suite(Path(file)) if side == "suite" else _select(Path(file)))()


def _suite(file: Path) -> Callable[[], Any]:
    from leadmart.expectations.quality import check, suites
    from leadmart.features.registry import PACKAGE

    (suite,) = (s for s in suites(PACKAGE) if s.name == "source.web_events")
    return lambda: check(suite, "staging.web_events", [file], "benchmark")


def _select(file: Path) -> Callable[[], Any]:
    import duckdb

    con = duckdb.connect(config={"threads": 2})
    con.read_parquet(str(file)).create_view("rows")
    text = Path(__file__).with_name("sql").joinpath("web_events_checks.sql").read_text()
    return lambda: con.execute(text).fetchall()[0]


class _Scoring:
    """A million rows to score: those of a trained project's newest as_of, repeated under other ids."""

    def __init__(self, folder: Path, rows: int) -> None:
        import polars as pl

        from leadmart.features.lookup import feature_columns, scoring_frame
        from leadmart.features.plan import default_as_of, select
        from leadmart.features.project import find_project
        from leadmart.features.registry import Registry
        from leadmart.features.session import Session
        from leadmart.features.sources.staging import present_sources
        from leadmart.features.warehouse import open_for_writing
        from leadmart.scoring.champion import typed_columns
        from leadmart.scoring.scorer import Scorer

        with open_for_writing(find_project(folder)) as warehouse:
            registry = Registry(warehouse.project)
            selection = select(registry, present_sources(warehouse, registry))
            scorer = Scorer.of(Session(warehouse, registry), selection)
            if scorer.model is None:
                raise ValueError("the company has too few outcomes for a model: take more leads")
            frame = scoring_frame(warehouse, registry, selection, default_as_of(warehouse))
            self.model, self.policy, self.version = scorer.model, scorer.policy, selection.feature_set_version
            self.columns = typed_columns(feature_columns(selection, "feature"), frame)
        times = rows // frame.height + 1
        copies = pl.DataFrame({"copy": range(times)}).select(pl.col("copy").cast(pl.String))
        self.frame = (
            frame.join(copies, how="cross")
            .with_columns(pl.concat_str("lead_id", "copy", separator="-").alias("lead_id"))
            .drop("copy")
            .head(rows)
            .sort("lead_id", "as_of")  # as `scoring_frame` gives them
        )

    def score_rows(self, reasons_for: Any = "notable") -> Any:
        from leadmart.scoring.assess import score_rows

        return score_rows(
            self.frame, self.columns, self.policy, self.model, feature_set_version=self.version, reasons_for=reasons_for
        )


def _booster(estimator: Any) -> Any:
    import lightgbm

    if not hasattr(estimator, "text"):
        raise ValueError(f"the company's model is a {estimator.name}: there are no trees to compare with")
    return lightgbm.Booster(model_str=estimator.text)


def in_turn(repetitions: int, *sides: Callable[[], object]) -> list[list[tuple[float, float]]]:
    """The seconds of each side by the clock and of all cores, A B A B …, after one round that does not count."""
    found: list[list[tuple[float, float]]] = [[] for _ in sides]
    for number in range(-1, repetitions):
        for side, costs in zip(sides, found, strict=True):
            started, cpu = time.perf_counter(), time.process_time()
            side()
            if number >= 0:
                costs.append((time.perf_counter() - started, time.process_time() - cpu))
    return found


def _print(found: list[list[tuple[float, float]]], ready: _Scoring, equal: str) -> None:
    trees = ready.model.rounds
    note = f"{len(ready.model.columns)} columns, {trees} trees"
    told = {"subject": found[0], "rival": found[1] if len(found) > 1 else [], "rows": ready.frame.height}
    print(json.dumps({**told, "equal": equal, "note": note}))


WHAT: dict[str, Callable[..., object]] = {
    "features": features, "load": load, "workbench": workbench, "publishing": publishing, "predict": predict,
    "score": score, "reasons": reasons, "checks": checks, "check_once": check_once,
}  # fmt: skip

if __name__ == "__main__":
    WHAT[sys.argv[1]](*sys.argv[2:])
