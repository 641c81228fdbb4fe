"""How long a backfill will still take: from what it has done so far, each sort of step by itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from leadmart.features.costs import expected_costs
from leadmart.features.words import span_words
from leadmart.scoring.backfill.scoring_costs import seconds_beside

if TYPE_CHECKING:
    from leadmart.scoring.run import Run

SCORES = "scores"
"""The step that scores one as_of; the others are slices, called by their view."""


class Pace:
    """Is told each step as it begins, and says what the steps that are left will take.

    A sort of step takes what it took in this run so far, quality and writing included; one that has not been done yet
    what it took in past runs (`before`, seconds a step). `clock` gives seconds.
    """

    def __init__(
        self, steps: Iterable[str], before: Mapping[str, float], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._left, self._before, self._clock = Counter(steps), dict(before), clock
        self._seconds: dict[str, float] = {}
        self._done: Counter[str] = Counter()
        self._now: tuple[str, int, float] | None = None

    def begin(self, step: str, times: int = 1) -> None:
        """Ends the step before, if there is one, and begins this, or several of its sort that are done together."""
        self.end()
        self._now = step, times, self._clock()

    def end(self) -> None:
        """Ends the step that is on."""
        if self._now is None:
            return
        step, times, since = self._now
        self._seconds[step] = self._seconds.get(step, 0.0) + self._clock() - since
        self._done[step] += times
        self.leave_out(step, times)
        self._now = None

    def leave_out(self, step: str, times: int = 1) -> None:
        """A step that need not be done, or is done."""
        self._left[step] = max(self._left[step] - times, 0)

    def only(self, step: str) -> None:
        """From here on nothing but this sort of step is left."""
        self.end()
        self._left = Counter({step: self._left[step]})

    def seconds_left(self) -> tuple[float, bool]:
        """What is left takes so long, the step that is on included, and whether every sort of step could be judged."""
        total, is_whole = 0.0, True
        for step, count in self._left.items():
            if count and (each := self._of(step)) is not None:
                total += count * each
            elif count:
                is_whole = False
        return total, is_whole

    def words(self) -> str:
        """`, about 4 min left`; `at least` where a sort of step was never done before, nothing where none was."""
        seconds, is_whole = self.seconds_left()
        if not seconds:
            return ""
        return f", {'about' if is_whole else 'at least'} {span_words(seconds)} left"

    def _of(self, step: str) -> float | None:
        if self._done[step]:
            return self._seconds[step] / self._done[step]
        return self._before.get(step)


def keep_pace(run: Run) -> None:
    """Has a run say how long it will still take."""
    costs, beside = expected_costs(run.warehouse, run.missing), seconds_beside(run.warehouse)
    before = {s.definition.ref: cost.seconds for s, cost in zip(run.missing, costs, strict=True) if cost}
    steps = [s.definition.ref for s in run.missing]
    if run.only is None:
        steps += [SCORES] * len(run.moments)
    run.pace = Pace(steps, before | ({} if beside is None else {SCORES: beside}))
