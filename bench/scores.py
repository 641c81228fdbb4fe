"""Scoring a million rows against bare `Booster.predict` on a ready array; reasons apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.company import company, evening, restore, saved_state
from bench.record import Result, Target
from bench.setting import Case, Setting
from bench.timing import Cost, run, time_command

PREDICT = "predict: matrix, probability, calibration, rank, warnings"
SCORE = "score rows: predict, gates, points, boost, composite, tier, input hash; no reasons"
REASONS = "reasons, for one row in fifty"
ROUNDS_NOTE = "one process, both sides in turn in it"


def cases(setting: Setting) -> Iterator[Case]:
    for name in (PREDICT, SCORE, REASONS):
        yield Case("scores", name, setting.rows, partial(_measure, setting, name))


def _measure(setting: Setting, name: str) -> Result:
    of = company(setting, 0, leads=setting.leads)

    def train(work: Path) -> None:
        run(*setting.leadmart("run", project=work).words)
        run(*setting.leadmart("train", project=work).words)

    restore(saved_state(setting, of, "trained", train, before=evening(setting, of)), of.work)
    what = {PREDICT: "predict", SCORE: "score", REASONS: "reasons"}[name]
    cost, told = time_command(setting.module("inside", what, of.work, setting.rows, setting.repetitions))
    found = json.loads(told.splitlines()[-1])
    ours = [Cost(seconds, cpu, cost.memory) for seconds, cpu in found["subject"]]
    theirs = [Cost(seconds, cpu) for seconds, cpu in found["rival"]]
    return Result(
        "scores", name, found["rows"], "rows", "leadmart", rival="Booster.predict" if theirs else "",
        target=Target(ratio=1.25) if theirs else Target(), equal=found["equal"], note=f"{ROUNDS_NOTE}; {found['note']}",
    ).with_costs(ours, theirs)  # fmt: skip
