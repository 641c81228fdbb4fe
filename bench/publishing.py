"""What publishing costs by itself: files named by content, slices listed, the catalogue written and swapped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

from bench.company import company, evening, restore
from bench.record import Result
from bench.setting import Case, Setting
from bench.timing import Cost, time_command

STEPS = {
    "keep": "slices named by their content and flushed to disk",
    "list": "slices listed in one transaction",
    "publish": "the catalogue written anew and swapped",
}


def cases(setting: Setting) -> Iterator[Case]:
    for step, words in STEPS.items():
        yield Case("publishing", words, setting.leads, partial(_measure, setting, step, words))


def _measure(setting: Setting, step: str, words: str) -> Result:
    of = company(setting, 0, leads=setting.leads)
    saved = evening(setting, of)
    costs = []
    slices = 0
    for _ in range(setting.repetitions):
        restore(saved, of.work)
        cost, told = time_command(setting.module("inside", "publishing", of.work))
        document = json.loads(told.splitlines()[-1])
        costs.append(Cost(document[step], 0.0, cost.memory))
        slices = document["slices"]
    note = f"within a run that fills {slices} slices"
    return Result("publishing", words, setting.leads, "leads", "leadmart", note=note).with_costs(costs)
